//! What goes on and what is built anew, plan by plan.

use super::*;
use crate::config::parse;

fn running(text: &str) -> Running {
    Running::new(parse(text, None, &[]).unwrap(), true)
}

fn names(running: &Running) -> Vec<(usize, &'static str)> {
    let wanted = running.wanted.iter();
    wanted
        .map(|(number, wanted)| (*number, wanted.spec.name))
        .collect()
}

const FIRST: &str =
    "[collectors]\nauto = false\n[collectors.cpu]\n[collectors.softnet]\nsample_secs = 5\n";

/// Numbers and names after this text, those that are built, and the words.
fn plan(text: &str) -> (Vec<(usize, &'static str)>, Vec<usize>, String) {
    let plan = running(FIRST)
        .plan(parse(text, None, &[]).unwrap())
        .unwrap();
    let built = plan.built.iter().map(|(number, _)| *number).collect();
    let planned: Vec<usize> = plan.setup.collectors.keys().copied().collect();
    let wanted: Vec<usize> = plan.running.wanted.keys().copied().collect();
    assert_eq!(planned, wanted);
    (names(&plan.running), built, plan.news.changes)
}

#[test]
fn a_collector_with_the_settings_it_had_keeps_its_number() {
    let same = vec![(0, "cpu"), (1, "softnet")];
    assert_eq!(names(&running(FIRST)), same);
    let nothing = (same.clone(), vec![], "nothing changed".to_owned());
    assert_eq!(plan(FIRST), nothing);
    // A default that is written out is the same setting.
    let written = FIRST.replace("cpu]", "cpu]\nsample_secs = 1\ntimeout_secs = 1");
    assert_eq!(plan(&written), nothing);
    let cloudwatch =
        format!("[cloudwatch]\nperiod_secs = 10\n[metrics]\ndisable = [\"CpuSteal\"]\n{FIRST}");
    assert_eq!(
        plan(&cloudwatch),
        (same, vec![], "[cloudwatch], [metrics]".to_owned())
    );
}

#[test]
fn a_changed_one_has_a_new_number_and_one_that_is_gone_has_none() {
    for change in ["sample_secs = 10", "timeout_secs = 2"] {
        let text = FIRST.replace("sample_secs = 5", change);
        let (names, built, words) = plan(&text);
        assert_eq!(names, [(0, "cpu"), (2, "softnet")]);
        assert_eq!(
            (built, words.as_str()),
            (vec![2], "collector softnet built anew")
        );
    }
    let text = FIRST
        .replace("softnet", "interfaces")
        .replace("cpu]", "cpu]\ncpus = \"0\"");
    let (names, built, words) = plan(&text);
    assert_eq!(names, [(2, "cpu"), (3, "interfaces")]);
    assert_eq!(built, [2, 3]);
    let wanted = "collector cpu built anew, collector interfaces new, collector softnet gone";
    assert_eq!(words, wanted);
}

#[test]
fn numbers_go_on_where_the_last_reload_ended() {
    let one = parse(&FIRST.replace("= 5", "= 10"), None, &[]).unwrap();
    let two = parse(&FIRST.replace("= 5", "= 30"), None, &[]).unwrap();
    let after = running(FIRST).plan(one).unwrap().running;
    let after = after.plan(two).unwrap().running;
    assert_eq!(names(&after), [(0, "cpu"), (3, "softnet")]);
}

#[test]
fn what_cannot_change_stays_and_another_root_builds_all_anew() {
    let fixed = format!("[log]\nformat = \"json\"\n[spool]\ndir = \"/other\"\n{FIRST}");
    let plan = running(FIRST)
        .plan(parse(&fixed, None, &[]).unwrap())
        .unwrap();
    assert_eq!(plan.news.needs_restart, ["[log] format", "[spool] dir"]);
    assert_eq!(plan.news.changes, "nothing changed");
    assert!(plan.built.is_empty());
    let rooted = format!("root = \"/other\"\n{FIRST}");
    let plan = running(FIRST)
        .plan(parse(&rooted, None, &[]).unwrap())
        .unwrap();
    assert_eq!(plan.built.len(), 2);
}

fn firewall(name: &str, more: &str) -> String {
    format!(
        "[[collectors.panos.firewall]]\nname = \"{name}\"\naddress = \"10.0.0.4\"\napi_key_file = \"/k\"\ntls_insecure = true\n{more}\n"
    )
}

const LIST: &str = "[collectors.panos]\nfirewalls_file = \"/list\"\n";

/// Firewalls of the list by their numbers.
fn targets(running: &Running) -> Vec<(usize, &str)> {
    let wanted = running.wanted.iter();
    wanted
        .map(|(number, wanted)| (*number, wanted.target.as_deref().unwrap_or("-")))
        .collect()
}

/// The list is this from now on.
fn relist(running: &Running, texts: &[String]) -> Option<Plan> {
    let spec = running.config.lists()[0].0;
    running
        .plan_list(spec, &Text::Whole(texts.concat()))
        .unwrap()
}

fn built(plan: &Plan) -> Vec<usize> {
    plan.built.iter().map(|(number, _)| *number).collect()
}

#[test]
fn of_a_list_only_what_changed_is_built() {
    let start = running(LIST);
    let (a, b) = (firewall("fw-a", ""), firewall("fw-b", ""));
    let plan = relist(&start, &[a.clone(), b.clone()]).unwrap();
    assert_eq!(built(&plan), [0, 1]);
    assert_eq!(plan.news.changes, "2 new, 0 gone, 0 changed");
    assert!(
        plan.news.warnings[0].ends_with(": fw-a, fw-b"),
        "{:?}",
        plan.news.warnings
    );
    assert_eq!(plan.setup.remote.len(), 2);
    let both = plan.running;
    assert!(relist(&both, &[a.clone(), b.clone()]).is_none());
    // Another order is another list, of the same firewalls.
    let plan = relist(&both, &[b.clone(), a.clone()]).unwrap();
    assert!(plan.built.is_empty() && plan.news.warnings.is_empty());
    assert_eq!(targets(&plan.running), [(0, "fw-a"), (1, "fw-b")]);
    // One changes, one goes, one comes.
    let changed = firewall("fw-b", "disable = [\"bgp\"]");
    let plan = relist(&both, &[changed, firewall("fw-c", "")]).unwrap();
    assert_eq!(plan.news.changes, "1 new, 1 gone, 1 changed");
    assert_eq!(targets(&plan.running), [(2, "fw-b"), (3, "fw-c")]);
    assert_eq!(built(&plan), [2, 3]);
}

#[test]
fn another_identity_builds_nothing() {
    let start = running(LIST);
    let both = relist(&start, &[firewall("fw-a", ""), firewall("fw-b", "")]).unwrap();
    let more =
        "instance_id = \"i-1\"\nin_service = true\nauto_scaling_group = \"g\"\nha_group = \"p\"";
    let plan = relist(
        &both.running,
        &[firewall("fw-a", ""), firewall("fw-b", more)],
    )
    .unwrap();
    assert_eq!(plan.news.changes, "0 new, 0 gone, 1 changed");
    assert!(plan.built.is_empty());
    let who = &plan.setup.remote[&Some("fw-b".into())];
    assert!(who.in_service && who.ha_group.is_some());
}

#[test]
fn a_faulty_list_is_refused_with_file_and_line() {
    let start = running(&(LIST.to_owned() + &firewall("fw-a", "")));
    let spec = start.config.lists()[0].0;
    let plan = |text: String| start.plan_list(spec, &Text::Whole(text));
    let why = plan(firewall("fw-b", "nope = 1")).err().unwrap();
    assert!(
        why[0].starts_with("/list:6: collectors.panos.firewall[0].nope: "),
        "{why:?}"
    );
    // The main file's firewalls are known, and those of the old list are forgotten.
    assert!(plan(firewall("fw-a", "")).is_err());
    let with = plan(firewall("fw-b", "")).unwrap().unwrap().running;
    assert_eq!(targets(&with), [(0, "fw-a"), (1, "fw-b")]);
    assert!(relist(&with, &[firewall("fw-b", "in_service = true")]).is_some());
    let unreadable = start.plan_list(spec, &Text::Unreadable("on purpose".to_owned()));
    let why = unreadable.err().unwrap();
    assert!(
        why[0].starts_with("/list: cannot read it: on purpose"),
        "{why:?}"
    );
}

#[test]
fn a_list_whose_file_is_away_at_a_reload_stays() {
    let start = running(LIST);
    let one = relist(&start, &[firewall("fw-a", "")]).unwrap().running;
    let mut away = parse(LIST, None, &[]).unwrap();
    let missing = Listed {
        file: "/list".to_owned(),
        is_missing: true,
        ..Listed::default()
    };
    away.collectors.listed.insert("panos".to_owned(), missing);
    let plan = one.plan(away).unwrap();
    assert_eq!(targets(&plan.running), [(0, "fw-a")]);
    assert_eq!(plan.news.changes, "nothing changed");
    assert!(
        plan.news.warnings[0].contains("/list is gone"),
        "{:?}",
        plan.news.warnings
    );
}

#[test]
fn words_name_the_firewall_and_are_bounded() {
    let one = running(&firewall("fw-a", ""));
    let words = |text: &str| {
        one.plan(parse(text, None, &[]).unwrap())
            .unwrap()
            .news
            .changes
    };
    let two = firewall("fw-a", "in_service = true") + &firewall("fw-b", "");
    assert_eq!(
        words(&two),
        "identity for panos of fw-a, collector panos of fw-b new"
    );
    let other = firewall("fw-a", "expect_tunnels = [\"t\"]");
    assert_eq!(words(&other), "collector panos of fw-a built anew");
    let many: String = (0..50).map(|n| firewall(&format!("fw-{n}"), "")).collect();
    assert!(words(&many).ends_with(" and 31 more"), "{}", words(&many));
}

#[test]
fn limits_grow_with_each_remote_firewall() {
    let limits = |text: &str| {
        running(text)
            .plan(parse(text, None, &[]).unwrap())
            .unwrap()
            .setup
            .limits
    };
    assert_eq!(limits("").memory_bytes, 4 << 20);
    let two = firewall("fw-a", "") + &firewall("fw-b", "");
    assert_eq!(limits(&two).memory_bytes, (4 << 20) + 2 * (64 << 10));
    let running = running(&two);
    assert_eq!(
        setup::disk_bytes(&running.config, &running.wanted),
        (16 << 20) + 2 * (256 << 10)
    );
}
