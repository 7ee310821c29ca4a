//! Whatever a text holds, each form says that text: tunnels and firewalls are called as their users like.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::super::bundle::{Bundle, Part};
use super::*;
use crate::config::parse;
use crate::generate::resource::Kind;

/// Printable ASCII, the signs that mean something more often.
fn name() -> impl Strategy<Value = String> {
    let signs: Vec<char> = "$${{%%{{}}\"\\'!#:,[]&*|>@` -".chars().collect();
    vec(
        prop_oneof![select(signs), (b' '..=b'~').prop_map(char::from)],
        1..12,
    )
    .prop_map(|all| all.into_iter().collect())
}

/// The text of a quoted template without expressions, read as the HCL specification has it.
fn hcl_read(quoted: &str) -> String {
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap();
    let mut rest = inner;
    let mut out = String::new();
    while let Some(c) = rest.chars().next() {
        let hex = |from: usize, to: usize| {
            u32::from_str_radix(&rest[from..to], 16)
                .ok()
                .and_then(char::from_u32)
                .unwrap()
        };
        let (read, length) = match rest.as_bytes() {
            [b'\\', b'u', ..] => (hex(2, 6), 6),
            [b'\\', b'U', ..] => (hex(2, 10), 10),
            [b'\\', b'n', ..] => ('\n', 2),
            [b'\\', sign, ..] if b"\"\\".contains(sign) => (char::from(*sign), 2),
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => (c, 2),
            [b'$' | b'%', b'{', ..] => panic!("a template begins in {quoted}"),
            [b'"' | b'\\', ..] => panic!("not escaped in {quoted}"),
            _ => (c, c.len_utf8()),
        };
        out.push(read);
        rest = &rest[length..];
    }
    out
}

/// What CloudFormation makes of a text or an Fn::Sub, with every reference as `<Name>` and every condition true.
fn resolved(value: &Value) -> String {
    if let Value::Array(choice) = &value["Fn::If"] {
        return resolved(&choice[1]);
    }
    let (template, variables) = match (value.as_str(), &value["Fn::Sub"]) {
        (Some(text), _) => return text.to_owned(),
        (None, Value::String(template)) => (template.as_str(), &Value::Null),
        (None, parts) => (parts[0].as_str().unwrap(), &parts[1]),
    };
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap();
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".:".contains(&b)),
            "{name:?} in {template:?}"
        );
        out.push_str(before);
        match &variables[name] {
            Value::Null => out.push_str(&format!("<{name}>")),
            variable => out.push_str(&resolved(variable)),
        }
        rest = after;
    }
    out + rest
}

fn config_of(tunnel: &str) -> Bundle {
    let text = format!(
        "[collectors.strongswan]\nexpect = [{}]\n[identity]\ninstance_id = \"i-1\"\nha_group = \"p\"\n",
        json!(tunnel)
    );
    let config = parse(&text, None, &[]).unwrap_or_else(|faults| panic!("{text}: {faults}"));
    Bundle::of(&config, Part::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hcl_says_the_text(text in name(), before in name()) {
        let none = |_| None;
        prop_assert_eq!(hcl_read(&hcl::expression(&json!(text), 0, &none)), &*text);
        // A reference between two texts begins and ends none of their signs.
        let mark = Blank::InstanceId.mark();
        let fill = |c| (c == mark).then(|| "REF".to_owned());
        let mixed = hcl::expression(&json!(format!("{before}{mark}{text}")), 0, &fill);
        let (left, right) = mixed.split_once("${REF}").unwrap();
        prop_assert_eq!(hcl_read(&format!("{left}\"")), &*before);
        prop_assert_eq!(hcl_read(&format!("\"{right}")), &*text);
    }

    #[test]
    fn yaml_says_the_text(text in name()) {
        let written = yaml::scalar(&text);
        // Quoted, it is JSON, which YAML reads as JSON does; plain, it is only what no parser can take for anything else.
        let read = match written.starts_with('"') {
            true => serde_json::from_str(&written).unwrap(),
            false => written.clone(),
        };
        prop_assert_eq!(&read, &text);
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
        prop_assert!(written.starts_with('"') || written.chars().all(is_safe));
    }

    #[test]
    fn cloudformation_says_the_text(text in name(), before in name()) {
        let mark = Blank::AutoScalingGroup.mark();
        let whole = cloudformation::value(&json!(format!("{before}{mark}{text}")), &Filling::default());
        prop_assert_eq!(resolved(&whole), format!("{before}<AutoScalingGroupName>{text}"));
        let bare = cloudformation::value(&json!(text), &Filling::default());
        prop_assert_eq!(resolved(&bare), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tunnel_of_any_name_is_watched_in_every_form(text in name()) {
        prop_assume!(!text.trim().is_empty());
        let bundle = config_of(&text);
        let is_watched = |value: &Value| value["Name"] == "Tunnel" && value["Value"] == text.as_str();
        let made: Value = serde_json::from_str(&json::text(&bundle)).unwrap();
        let calls = made["calls"].as_array().unwrap();
        let inputs = calls.iter().filter_map(|call| call["input"]["Dimensions"].as_array());
        prop_assert!(inputs.flatten().any(is_watched));
        for call in calls.iter().filter(|call| call["call"] == "cloudwatch put-dashboard") {
            let body = call["input"]["DashboardBody"].as_str().unwrap();
            prop_assert!(serde_json::from_str::<Value>(body).is_ok());
        }
        // A body is JSON once CloudFormation has put its parameters in.
        for resource in Filling::default().resources(&bundle) {
            if let Some(body) = resource.input.get("DashboardBody") {
                let body = cloudformation::dashboard::body(body, &Filling::default());
                prop_assert!(serde_json::from_str::<Value>(&resolved(&body)).is_ok(), "{body}");
            }
        }
        let assigned = format!("= {}\n", hcl::expression(&json!(text), 0, &|_| None));
        prop_assert!(terraform::text(&bundle).contains(&assigned));
        let yaml = cloudformation::text(&bundle);
        let [bare, quoted] = [yaml::scalar(&text), json!(text).to_string()].map(|text| format!("Value: {text}"));
        prop_assert!(yaml.contains(&bare) || yaml.contains(&quoted));
    }
}

#[test]
fn what_a_stack_knows_is_no_parameter() {
    let filling = Filling {
        blanks: &[
            (Blank::AutoScalingGroup, "Firewalls"),
            (Blank::LoadBalancer, "Balancer.LoadBalancerFullName"),
        ],
        tokens: &[("@Id@", "InstanceIdA")],
        optional: &[],
    };
    let mut tree = json!({"a": "x-@Id@", "b": Blank::LoadBalancer.mark().to_string(), "c": "@Id@"});
    filling.mark(&mut tree);
    let wanted = json!({
        "a": {"Fn::Sub": "x-${InstanceIdA}"},
        "b": {"Fn::GetAtt": ["Balancer", "LoadBalancerFullName"]},
        "c": {"Ref": "InstanceIdA"},
    });
    assert_eq!(cloudformation::value(&tree, &filling), wanted);
    let config = parse("", None, &[]).unwrap();
    let parts = cloudformation::parts(&Bundle::of(&config, Part::ALL), &filling);
    assert!(!parts.parameters.contains("AutoScalingGroupName"));
    assert!(
        parts
            .resources
            .contains("AutoScalingGroupName: {Ref: Firewalls}")
    );
}

#[test]
fn every_form_names_what_is_left_out() {
    let bundle = Bundle::of(&parse("", None, &[]).unwrap(), Part::ALL);
    assert!(bundle.left_out.len() > 4);
    let forms = [
        cloudformation::text(&bundle),
        terraform::text(&bundle),
        json::text(&bundle),
    ];
    for out in &bundle.left_out {
        assert!(
            forms
                .iter()
                .all(|text| text.contains(out.number) && text.contains(&out.name)),
            "{out:?}"
        );
    }
}

/// AWS refuses a warm-up on a simple policy, and an adjustment of its own on a step policy.
#[test]
fn scale_in_is_a_simple_policy_in_every_form() {
    let bundle = Bundle::of(&parse("", None, &[]).unwrap(), Part::ALL);
    let own = |text: &str, from: &str| -> String {
        let at = text.find(from).unwrap();
        // Up to the next resource.
        let rest = text[at..].split("\n\n").next().unwrap();
        rest.split("Type: AWS::CloudWatch")
            .next()
            .unwrap()
            .to_owned()
    };
    let yaml = own(&cloudformation::text(&bundle), "  P4ScaleIn");
    for line in [
        "PolicyType: SimpleScaling\n",
        "AdjustmentType: ChangeInCapacity\n",
        "ScalingAdjustment: -1\n",
        "Cooldown: 300\n",
    ] {
        assert!(yaml.contains(line), "{yaml}");
    }
    let hcl = own(&terraform::text(&bundle), "\"p4_scale_in_");
    for line in [
        "policy_type            = \"SimpleScaling\"\n",
        "scaling_adjustment     = -1\n",
        "cooldown               = 300\n",
    ] {
        assert!(hcl.contains(line), "{hcl}");
    }
    let calls: Value = serde_json::from_str(&json::text(&bundle)).unwrap();
    let input = with_name(&calls, "fwmetrics-P4-scale-in").unwrap();
    assert_eq!(input["Cooldown"], 300);
    assert_eq!(input["ScalingAdjustment"], -1);
    assert_eq!(input["PolicyType"], "SimpleScaling");
    let input = input.to_string();
    for text in [yaml, hcl, input] {
        assert!(
            !text.to_lowercase().replace('_', "").contains("warmup"),
            "{text}"
        );
        assert!(!text.to_lowercase().contains("aggregation"), "{text}");
    }
}

/// The input of PutScalingPolicy in a tree.
fn with_name<'a>(tree: &'a Value, name: &str) -> Option<&'a Value> {
    match tree {
        Value::Object(table) if table.get("PolicyName").is_some_and(|own| own == name) => {
            Some(tree)
        }
        Value::Object(table) => table.values().find_map(|one| with_name(one, name)),
        Value::Array(list) => list.iter().find_map(|one| with_name(one, name)),
        _ => None,
    }
}

#[test]
fn in_the_firewalls_own_account_nothing_looks_at_metrics_that_are_in_another() {
    let role = "[cloudwatch]\nrole_arn = \"arn:aws:iam::123456789012:role/r\"";
    let config = parse(&format!("{role}\n[drain]\nhook_name = \"h\""), None, &[]).unwrap();
    let is_for_the_other = |parts: &[Part]| {
        let looks = |one: &Resource| matches!(one.kind, Kind::Alarm | Kind::Dashboard);
        let all = Bundle::of(&config, parts).resources().into_iter();
        let needs = all
            .filter(looks)
            .map(|one| one.needs.contains(&Blank::FirewallRole));
        needs.collect::<Vec<bool>>()
    };
    let both = is_for_the_other(Part::ALL);
    assert!(both.len() > 10 && both.iter().all(|other| *other));
    // What holds no role is deployed where the metrics are.
    let alone = is_for_the_other(&[Part::Alarms, Part::Dashboard]);
    assert_eq!(alone, vec![false; both.len()]);
}
