//! Remote firewalls in the configuration: what is wrong in their tables and lists, and what one task for each is made of.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use fwmetrics::config::{self, Config, Text, Wanted};
use fwmetrics::model::identity::Group;

/// A firewall without fault, and what else stands in its table.
fn firewall(name: &str, more: &str) -> String {
    format!(
        "[[collectors.panos.firewall]]\nname = \"{name}\"\naddress = \"10.0.0.4\"\napi_key_file = \"/key\"\nca_file = \"/ca.pem\"\n{more}\n"
    )
}

fn faults(text: &str) -> String {
    let parsed = config::parse(text, None, &[]);
    parsed.err().map_or_else(String::new, |e| e.to_string())
}

#[track_caller]
fn read(text: &str) -> Config {
    config::parse(text, None, &[]).unwrap_or_else(|faults| panic!("{faults}\nin\n{text}"))
}

/// One fault, with these words in it.
#[track_caller]
fn refuses(text: &str, words: &[&str]) {
    one(&faults(text), words);
}

#[track_caller]
fn one(said: &str, words: &[&str]) {
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "{word} in {said}");
    }
}

/// The remote collectors, by firewall.
fn remote(config: &Config) -> Vec<Wanted> {
    let wanted = config.collectors().into_iter();
    wanted.filter(|wanted| wanted.target.is_some()).collect()
}

/// A file that lasts as long as this value.
struct ListFile(PathBuf);

impl ListFile {
    fn new(text: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("firewalls-{}-{number}.toml", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).unwrap();
        ListFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// The line of the main file that names it.
    fn named(&self) -> String {
        format!("[collectors.panos]\nfirewalls_file = \"{}\"\n", self.path())
    }
}

impl Drop for ListFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// As `run` and `check` read it, from a file of its own.
fn load(text: &str) -> Result<Config, String> {
    let main = ListFile::new(text);
    config::load(Some(main.path()), &[]).map_err(|faults| faults.to_string())
}

#[test]
fn keys_of_a_firewall_are_checked_with_line_and_number() {
    let text = firewall("fw-a", "") + &firewall("fw-b", "adress = \"x\"");
    let words = [
        "line 12: collectors.panos.firewall[1].adress: no such key",
        "did you mean address?",
    ];
    refuses(&text, &words);
    for (more, words) in [
        ("in_service = 1", "firewall[0].in_service: is the number 1"),
        (
            "remote_access_max = 0",
            "remote_access_max: 0 is out of range",
        ),
        ("tls_name = \"a b\"", "tls_name: \"a b\" is not right"),
        (
            "drop_counters = [\"a b\"]",
            "drop_counters[0]: \"a b\" is not right",
        ),
        (
            "instance_id = \" \"",
            "firewall[0].instance_id: \" \" is not right",
        ),
    ] {
        refuses(&firewall("fw-a", more), &["line 6: ", words]);
    }
    let near = firewall("fw-a", "enable = [\"ssl\", \"pbf\"]").replace("\"ssl\"", "\"ssl_prox\"");
    refuses(
        &near,
        &[
            "line 6: ",
            "enable[0]: \"ssl_prox\" is not known",
            "did you mean ssl_proxy?",
        ],
    );
}

#[test]
fn all_faults_of_all_firewalls_come_at_once() {
    let text = "[[collectors.panos.firewall]]\nnope = 1\n\n[[collectors.panos.firewall]]\nname = \"fw-b\"\naddress = \"http://x\"\nuser = \"u\"\ntls_insecure = true\n";
    let said = faults(text);
    for words in [
        "line 1: collectors.panos.firewall[0].name: is missing",
        "line 1: collectors.panos.firewall[0].address: is missing",
        "line 1: collectors.panos.firewall[0].api_key_file: is missing",
        "line 1: collectors.panos.firewall[0].tls_sha256: nothing says",
        "line 2: collectors.panos.firewall[0].nope: no such key",
        "line 6: collectors.panos.firewall[1].address: ",
        "line 7: collectors.panos.firewall[1].user: has no password",
    ] {
        assert!(said.contains(words), "{words} in\n{said}");
    }
    assert_eq!(said.lines().count(), 7, "{said}");
}

#[test]
fn firewalls_are_a_list_of_tables() {
    refuses(
        "[collectors.panos.firewall]\nname = \"fw\"\n",
        &[
            "is a table, not a list of tables",
            "[[collectors.panos.firewall]]",
        ],
    );
    refuses(
        "[collectors.panos]\nfirewall = [\"fw\"]\n",
        &["line 2: collectors.panos.firewall[0]: is a text, not a table"],
    );
    let inline = "[collectors.panos]\nfirewall = [{name = \"fw\", address = \"a\", api_key_file = \"/k\", ca_file = \"/c\"}]\n";
    assert_eq!(remote(&read(inline)).len(), 1);
    for name in ["FIREWALL", "FIREWALL__NAME"] {
        let variable = (
            format!("FWMETRICS_COLLECTORS__PANOS__{name}"),
            "x".to_owned(),
        );
        let said = config::parse("", None, &[variable])
            .unwrap_err()
            .to_string();
        one(
            &said,
            &[
                "cannot be set from the environment",
                "[[collectors.panos.firewall]]",
            ],
        );
    }
    let file = (
        "FWMETRICS_COLLECTORS__PANOS__FIREWALLS_FILE".to_owned(),
        "/x".to_owned(),
    );
    assert_eq!(config::parse("", None, &[file]).unwrap().lists()[0].1, "/x");
}

#[test]
fn a_name_is_a_legal_dimension_value_of_at_most_255() {
    read(&firewall(&"x".repeat(255), ""));
    for name in ["", " ", "zürich", &"x".repeat(256)] {
        refuses(
            &firewall(name, ""),
            &["line 2: collectors.panos.firewall[0].name"],
        );
    }
}

#[test]
fn no_two_firewalls_are_one() {
    let text = firewall("fw-a", "") + &firewall("fw-a", "");
    refuses(
        &text,
        &["line 8: collectors.panos.firewall[1].name: is that of another firewall too"],
    );
    let id = "instance_id = \"i-1\"";
    let text = firewall("fw-a", id) + &firewall("fw-b", id);
    refuses(
        &text,
        &[
            "line 12: ",
            "firewall[1].instance_id: is that of firewall \"fw-a\" too",
        ],
    );
    let text = "[identity]\ninstance_id = \"i-1\"\n".to_owned() + &firewall("fw-a", id);
    refuses(
        &text,
        &[
            "line 8: ",
            "firewall[0].instance_id: is that of [identity] too",
        ],
    );
    read(&(firewall("fw-a", id) + &firewall("fw-b", "instance_id = \"i-2\"")));
}

#[test]
fn a_group_is_not_enabled_and_disabled() {
    let more = "enable = [\"pbf\"]\ndisable = [\"ha\", \"pbf\"]";
    refuses(
        &firewall("fw-a", more),
        &["line 7: ", "firewall[0].disable: disables \"pbf\""],
    );
    read(&firewall("fw-a", "enable = [\"pbf\"]\ndisable = [\"ha\"]"));
}

#[test]
fn windows_are_no_shorter_than_ten_seconds() {
    let list = "[collectors.panos]\nfirewalls_file = \"/x\"\n".to_owned();
    for table in [firewall("fw-a", ""), list] {
        for (period, is_right) in [(5, false), (10, true), (30, true)] {
            let text = format!("[cloudwatch]\nperiod_secs = {period}\n{table}");
            match is_right {
                true => drop(read(&text)),
                false => refuses(
                    &text,
                    &[
                        "line 2: cloudwatch.period_secs: 5 is too short",
                        "one of 10, 30, 60",
                    ],
                ),
            }
        }
    }
    read("[cloudwatch]\nperiod_secs = 1\n");
}

#[test]
fn firewalls_are_read_once_a_window_or_more_seldom() {
    for (sample, is_right) in [
        (30, false),
        (60, true),
        (90, false),
        (120, true),
        (1200, true),
    ] {
        let text = format!(
            "[collectors.panos]\nsample_secs = {sample}\n{}",
            firewall("fw-a", "")
        );
        match is_right {
            true => {
                let wanted = remote(&read(&text)).remove(0);
                assert_eq!(wanted.period.as_secs(), sample);
            }
            false => refuses(
                &text,
                &[
                    "line 2: collectors.panos.sample_secs",
                    "no multiple of period_secs = 60",
                ],
            ),
        }
    }
    let text = format!("[cloudwatch]\nperiod_secs = 10\n{}", firewall("fw-a", ""));
    assert_eq!(remote(&read(&text))[0].period.as_secs(), 10);
    let text = "[collectors.panos]\ntimeout_secs = 20\n".to_owned() + &firewall("fw-a", "");
    assert_eq!(remote(&read(&text))[0].timeout.as_secs(), 20);
}

#[test]
fn a_poller_is_no_firewall_unless_auto_says_so() {
    let local = |text: &str| {
        let wanted = read(text).collectors().into_iter();
        wanted.filter(|wanted| wanted.target.is_none()).count()
    };
    assert!(local("") > 4);
    assert!(local("[collectors.panos]\n") > 4);
    assert_eq!(local(&firewall("fw-a", "")), 0);
    assert_eq!(local("[collectors.panos]\nfirewalls_file = \"/x\"\n"), 0);
    assert_eq!(local(&(firewall("fw-a", "") + "[collectors.cpu]\n")), 1);
    assert!(local(&("[collectors]\nauto = true\n".to_owned() + &firewall("fw-a", ""))) > 4);
    // To say so and have nothing else is right; to have nothing at all is not.
    read(&("[collectors]\nauto = false\n".to_owned() + &firewall("fw-a", "")));
    read("[collectors]\nauto = false\n[collectors.panos]\nfirewalls_file = \"/x\"\n");
    refuses(
        "[collectors]\nauto = false\n[collectors.panos]\n",
        &["line 2: collectors.auto"],
    );
}

#[test]
fn each_firewall_has_a_task_under_its_own_name() {
    let more = "instance_id = \"i-1\"\nauto_scaling_group = \"edge\"\nin_service = true\nha_group = \"pair\"";
    let config = read(&(firewall("fw-a", more) + &firewall("fw-b", "")));
    let wanted = remote(&config);
    let targets: Vec<_> = wanted
        .iter()
        .map(|wanted| wanted.target.as_deref().unwrap())
        .collect();
    assert_eq!(targets, ["fw-a", "fw-b"]);
    let who = |index: usize| wanted[index].who.clone().unwrap();
    let instance = |index: usize| {
        let instance = who(index).instance.unwrap();
        format!("{}={}", instance.name, instance.value)
    };
    assert_eq!(
        (instance(0), instance(1)),
        ("InstanceId=i-1".to_owned(), "Firewall=fw-b".to_owned())
    );
    assert_eq!(
        (who(0).group, who(0).in_service),
        (Group::Known("edge".to_owned()), true)
    );
    assert_eq!((who(1).group, who(1).in_service), (Group::None, false));
    assert_eq!(
        (who(0).ha_group.as_deref(), who(1).ha_group),
        (Some("pair"), None)
    );
    assert_eq!(
        wanted[0].table.get("address").unwrap().as_str(),
        Some("10.0.0.4")
    );
    for wanted in wanted {
        wanted.build().unwrap();
    }
}

#[test]
fn another_identity_is_the_same_collector_and_another_setting_is_not() {
    let one = |text: &str| remote(&read(text)).remove(0);
    let plain = one(&firewall("fw-a", ""));
    for identity in [
        "instance_id = \"i-1\"",
        "in_service = true",
        "auto_scaling_group = \"g\"",
        "ha_group = \"p\"",
    ] {
        assert!(plain.is_as(&one(&firewall("fw-a", identity))), "{identity}");
    }
    let written = "[collectors.panos]\nsample_secs = 60\n".to_owned() + &firewall("fw-a", "");
    assert!(plain.is_as(&one(&written)));
    let published = "[metrics]\ndisable = [\"CpuSteal\"]\n".to_owned() + &firewall("fw-a", "");
    assert!(plain.is_as(&one(&published)));
    for other in [
        firewall("fw-b", ""),
        firewall("fw-a", "expect_tunnels = [\"t\"]"),
        firewall("fw-a", "disable = [\"bgp\"]"),
        "[collectors.panos]\ntimeout_secs = 44\n".to_owned() + &firewall("fw-a", ""),
        "[collectors.panos]\nsample_secs = 120\n".to_owned() + &firewall("fw-a", ""),
        "[metrics]\ntunnels_max = 3\n".to_owned() + &firewall("fw-a", ""),
        "[metrics]\ndisable = [\"HaActive\"]\n".to_owned() + &firewall("fw-a", ""),
    ] {
        assert!(!plain.is_as(&one(&other)), "{other}");
    }
    // Tunnels are nothing to the CPU.
    let cpu = |text: &str| {
        let mut wanted = read(text).collectors().into_iter();
        wanted.find(|wanted| wanted.spec.name == "cpu").unwrap()
    };
    assert!(cpu("").is_as(&cpu("[metrics]\ntunnels_max = 3\n")));
}

fn wanted_of(config: &Config, name: &str) -> BTreeSet<&'static str> {
    let mut remote = remote(config).into_iter();
    let found = remote.find(|wanted| wanted.target.as_deref() == Some(name));
    found.unwrap().wanted
}

#[test]
fn opt_in_metrics_hang_on_their_group_or_their_name() {
    let both = |metrics: &str, a: &str, b: &str| {
        read(&(metrics.to_owned() + &firewall("fw-a", a) + &firewall("fw-b", b)))
    };
    let any = |config: &Config, name: &str| {
        let metric = fwmetrics::catalogue::find(name).unwrap();
        config.selection().any(metric)
    };
    // By default neither is asked nor published what has to be asked for.
    let config = both("", "", "");
    assert_eq!(config.selection(), config.metrics);
    let wanted = wanted_of(&config, "fw-a");
    for name in [
        "DataplaneCpuUtilization",
        "ActiveSessions",
        "HaActive",
        "TunnelState",
        "CapacityUtilization",
    ] {
        assert!(wanted.contains(name), "{name}");
    }
    for name in [
        "SslProxyUtilization",
        "SessionsTcp",
        "UptimeSeconds",
        "NextHopState",
        "LicenseDaysLeft",
        "TunnelErrors",
    ] {
        assert!(!wanted.contains(name) && !any(&config, name), "{name}");
    }
    // A group brings its metrics, for the firewall that asks.
    let config = both("", "enable = [\"ssl_proxy\"]\nssl_proxy_max = 1", "");
    assert!(any(&config, "SslProxyUtilization"));
    assert!(wanted_of(&config, "fw-a").contains("SslProxyUtilization"));
    assert!(!wanted_of(&config, "fw-b").contains("SslProxyUtilization"));
    // A metric brings its group, for all that do not refuse it.
    let config = both(
        "[metrics]\nenable = [\"SslProxyUtilization\"]\n",
        "",
        "disable = [\"ssl_proxy\"]",
    );
    assert!(wanted_of(&config, "fw-a").contains("SslProxyUtilization"));
    assert!(!wanted_of(&config, "fw-b").contains("SslProxyUtilization"));
    // The last word is the user's.
    let config = both(
        "[metrics]\ndisable = [\"SslProxyUtilization\"]\n",
        "enable = [\"ssl_proxy\"]\nssl_proxy_max = 1",
        "",
    );
    assert!(!any(&config, "SslProxyUtilization"));
    assert!(!wanted_of(&config, "fw-a").contains("SslProxyUtilization"));
    // A key asks by being there.
    let config = both(
        "",
        "drop_counters = [\"flow_policy_deny\"]\ntunnel_bits_per_second_max = 1000",
        "",
    );
    let dropped = fwmetrics::catalogue::find("DroppedPackets").unwrap();
    assert!(config.selection().fine(dropped) && any(&config, "TunnelBandwidthUtilization"));
    // One that is on runs anyway, and takes what some firewall asks for.
    assert!(wanted_of(&config, "fw-b").contains("TunnelBandwidthUtilization"));
    assert!(!config.metrics.fine(dropped));
}

#[test]
fn a_group_that_is_off_brings_only_what_has_to_be_asked_for() {
    for spec in fwmetrics::collectors::ALL {
        let groups = spec.remote.map_or(&[][..], |remote| remote.groups);
        for group in groups.iter().filter(|group| !group.on) {
            for metric in group.metrics() {
                assert!(!metric.on, "{} of {}", metric.name, group.name);
            }
        }
    }
}

#[test]
fn a_list_holds_the_same_tables() {
    let list = ListFile::new(&(firewall("fw-b", "") + &firewall("fw-c", "in_service = true")));
    let config = load(&(list.named() + &firewall("fw-a", ""))).unwrap();
    let names: Vec<String> = remote(&config).iter().map(Wanted::subject).collect();
    assert_eq!(names, ["panos of fw-a", "panos of fw-b", "panos of fw-c"]);
    assert!(remote(&config)[2].who.as_ref().unwrap().in_service);
    // The same from the text alone.
    let relisted = config.relisted(config.lists()[0].0, &Text::Whole(firewall("fw-d", "")));
    assert_eq!(remote(&relisted.unwrap()).len(), 2);
    // None is a list too.
    let empty = ListFile::new("# none yet\n");
    assert_eq!(remote(&load(&empty.named()).unwrap()).len(), 0);
}

#[test]
fn a_list_that_is_not_there_yet_is_no_fault() {
    let config = load("[collectors.panos]\nfirewalls_file = \"/nonexistent/x.toml\"\n").unwrap();
    assert!(config.collectors.listed["panos"].is_missing);
    assert!(config.collectors().is_empty());
}

#[test]
fn faults_of_a_list_name_it_and_its_line() {
    let said = |list: &str, more: &str| {
        let list = ListFile::new(list);
        let said = load(&(list.named() + more)).unwrap_err();
        said.replace(list.path(), "LIST")
    };
    let near = firewall("fw-b", "adress = \"x\"");
    one(
        &said(&near, ""),
        &["LIST:6: collectors.panos.firewall[0].adress: no such key; did you mean address?"],
    );
    let twice = said(&firewall("fw-a", ""), &firewall("fw-a", ""));
    one(
        &twice,
        &["LIST:2: collectors.panos.firewall[0].name: is that of another firewall too"],
    );
    let cut = said(&firewall("fw-b", "")[..40], "");
    one(&cut, &["LIST:2: invalid basic string"]);
    for (list, words) in [
        (
            "[collectors.cpu]\n",
            "LIST:1: collectors.cpu: does not belong here",
        ),
        ("root = \"/\"\n", "LIST:1: root: does not belong here"),
        (
            "[collectors.panos]\ntimeout_secs = 3\n",
            "LIST:2: collectors.panos.timeout_secs: does not belong here",
        ),
    ] {
        one(
            &said(list, ""),
            &[words, "takes [[collectors.panos.firewall]]"],
        );
    }
    // Beside those of the main file.
    let both = said(&near, "[log]\nlevel = \"loud\"\n");
    assert!(
        both.contains(":4: log.level") && both.contains("LIST:6: "),
        "{both}"
    );
}

#[test]
fn a_list_is_a_regular_file_of_at_most_4_mib() {
    let line = "# 32 bytes of comment, ended here\n";
    let most = (4 << 20) / line.len();
    let list = ListFile::new(&line.repeat(most));
    load(&list.named()).unwrap();
    let list = ListFile::new(&(line.repeat(most + 1)));
    one(
        &load(&list.named()).unwrap_err(),
        &[list.path(), "not a regular file of at most 4096 KiB"],
    );
    let folder = format!(
        "[collectors.panos]\nfirewalls_file = \"{}\"\n",
        env!("CARGO_TARGET_TMPDIR")
    );
    one(&load(&folder).unwrap_err(), &["cannot read it"]);
    refuses(
        "[collectors.panos]\nfirewalls_file = \"x.toml\"\n",
        &["line 2: collectors.panos.firewalls_file"],
    );
}

#[test]
fn a_thousand_firewalls_are_read_and_named_once_each() {
    let text: String = (0..1000)
        .map(|n| firewall(&format!("fw-{n}"), ""))
        .collect();
    let list = ListFile::new(&text);
    assert_eq!(remote(&load(&list.named()).unwrap()).len(), 1000);
}
