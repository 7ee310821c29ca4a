//! The files in `iam/` are what is generated; BLESS=1 writes them.

use std::path::Path;

use super::*;
use crate::config::parse;
use crate::generate::form::json::pretty;

/// What each file is made of.
fn files() -> Vec<(&'static str, Value)> {
    let read = |text| parse(text, None, &[]).unwrap();
    let plain = read("");
    let drain = read("[drain]\nhook_name = \"fwmetrics-drain\"\n");
    let away = read(
        "[cloudwatch]\nrole_arn = \"arn:aws:iam::111122223333:role/fwmetrics-central\"\nexternal_id = \"EXTERNAL-ID\"\n",
    );
    vec![
        ("policy.json", permissions(&plain)),
        ("trust.json", trust()),
        ("policy-drain.json", permissions(&drain)),
        ("policy-central.json", permissions(&away)),
        ("central-policy.json", document(vec![publish(&away)])),
        ("central-trust.json", central_trust(&away)),
        (
            "endpoint-monitoring.json",
            endpoint_policy(&plain, "monitoring"),
        ),
        (
            "endpoint-monitoring-central.json",
            endpoint_policy(&away, "monitoring"),
        ),
        ("endpoint-sts.json", endpoint_policy(&away, "sts")),
        (
            "endpoint-autoscaling.json",
            endpoint_policy(&drain, "autoscaling"),
        ),
    ]
}

/// The words of `iam/README.md` for what only the account knows.
fn filled(document: &Value) -> String {
    let words = [
        (Blank::Region, "eu-west-1"),
        (Blank::Account, "444455556666"),
        (Blank::Partition, "aws"),
        (Blank::AutoScalingGroup, "edge-firewalls"),
        (
            Blank::FirewallRole,
            "arn:aws:iam::444455556666:role/fwmetrics",
        ),
    ];
    let mut text = pretty(document) + "\n";
    for (blank, word) in words {
        text = text.replace(blank.mark(), word);
    }
    assert!(blank::blanks(&text).next().is_none(), "{text}");
    text
}

#[test]
fn the_kept_files_are_what_is_generated() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("iam");
    for (name, document) in files() {
        let (path, text) = (folder.join(name), filled(&document));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(kept, text, "{name}: BLESS=1 writes it");
    }
    let kept = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let kept = kept.filter(|file| file.path().extension().is_some_and(|end| end == "json"));
    assert_eq!(kept.count(), files().len());
}

#[test]
fn a_name_is_no_pattern() {
    let text = "[identity]\nauto_scaling_group = \"e*d?g$\"\n[drain]\nhook_name = \"h\"\n";
    let config = parse(text, None, &[]).unwrap();
    let arns = groups(&config);
    assert!(arns[0].ends_with("/e${*}d${?}g${$}"), "{arns:?}");
}

/// A poller that drains nothing by itself may do so by hand, for the groups of its firewalls and for no other.
#[test]
fn firewalls_that_are_read_from_here_are_drained_by_hand() {
    let panos = |more: &str| {
        format!(
            "[identity]\nauto_scaling_group = \"pollers\"\n[[collectors.panos.firewall]]\nname = \"a\"\naddress = \"10.0.0.4\"\napi_key_file = \"/k\"\ntls_insecure = true\n{more}"
        )
    };
    let grouped = parse(&panos("auto_scaling_group = \"pan-fleet\"\n"), None, &[]).unwrap();
    let arns = groups(&grouped);
    assert!(
        arns[0].ends_with(":autoScalingGroupName/pan-fleet"),
        "{arns:?}"
    );
    assert_eq!(arns.len(), 1, "{arns:?}");
    let statement = &permissions(&grouped)["Statement"][1];
    assert_eq!(statement["Resource"], json!(arns[0]));
    assert_eq!(statement["Action"], json!(HOOK_ACTIONS));
    let alone = parse(&panos(""), None, &[]).unwrap();
    assert_eq!(
        permissions(&alone)["Statement"].as_array().unwrap().len(),
        1
    );
    assert_eq!(of(&alone).len(), 4);
}
