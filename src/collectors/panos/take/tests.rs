//! What answers become, command by command.

use super::*;
use crate::collectors::panos::commands;
use crate::collectors::panos::wire;

/// A firewall that answers, and what was made of it.
struct Firewall {
    settings: Settings,
    memory: Memory,
    tunnels_max: usize,
    at_secs: u64,
}

impl Firewall {
    fn new(more: &str) -> Self {
        let text = format!("address = \"fw\"\n{more}");
        Firewall {
            settings: toml::from_str(&text).unwrap(),
            memory: Memory::default(),
            tunnels_max: 50,
            at_secs: 60,
        }
    }

    /// Readings of an answer, as `reading member=value`, and notes.
    fn answers(&mut self, command: &'static Command, result: &str) -> (Vec<String>, Vec<String>) {
        let body = format!("<response status=\"success\"><result>{result}</result></response>");
        let mut out = Readings::default();
        let at = Now {
            boot: Duration::from_secs(self.at_secs),
            wall_ms: 1_795_219_200_000, // 2026-11-21T00:00:00Z
        };
        self.at_secs += 60;
        let mut taker = Taker {
            settings: &self.settings,
            tunnels_max: self.tunnels_max,
            memory: &mut self.memory,
            out: &mut out,
            at,
            every: Duration::from_secs(60),
            odd: Oddities::default(),
        };
        taker
            .take(command, &wire::reply(200, body.as_bytes()).unwrap())
            .unwrap();
        let mut notes: Vec<String> = taker.odd.into_iter().collect();
        notes.extend(out.notes().iter().cloned());
        (out.records().iter().map(shown).collect(), notes)
    }
}

fn shown(record: &Record) -> String {
    let value = match &record.raw {
        Raw::Level(value) => value.to_string(),
        Raw::Total(total) => format!("{total} in all"),
        Raw::Block(values) => format!("{values:?}"),
        Raw::Part { .. } => String::new(),
    };
    let own = record.own.as_ref().map(|(_, own)| format!(" {own}"));
    let expected = if record.expected { "!" } else { "" };
    format!(
        "{}{}{expected}={value}",
        record.reading.name,
        own.unwrap_or_default()
    )
}

fn flow(tunnels: &[(&str, &str, &str)]) -> String {
    let entries: Vec<String> = tunnels
        .iter()
        .enumerate()
        .map(|(id, (name, interface, state))| {
            format!(
                "<entry><name>{name}</name><id>{id}</id><inner-if>{interface}</inner-if><state>{state}</state><mon>off</mon></entry>"
            )
        })
        .collect();
    format!(
        "<dp>dp0</dp><num_ipsec>{}</num_ipsec><IPSec>{}</IPSec>",
        tunnels.len(),
        entries.join("")
    )
}

#[test]
fn an_expected_tunnel_that_is_not_there_is_down_and_an_unknown_state_is_nothing() {
    let mut firewall = Firewall::new("expect_tunnels = [\"gone\", \"up\"]");
    let list = flow(&[
        ("up", "tunnel.1", "active"),
        ("init", "tunnel.2", "init"),
        ("odd", "tunnel.3", "pondering"),
    ]);
    let (readings, notes) = firewall.answers(&commands::TUNNELS, &list);
    assert_eq!(
        readings,
        [
            "tunnel gone!=0",
            "tunnel init=0",
            "tunnel up!=1",
            "tunnels_configured=3",
            "tunnels_up=1",
            "tunnels_down=2"
        ]
    );
    assert!(
        notes.iter().any(|note| note.contains("pondering")),
        "{notes:?}"
    );
}

#[test]
fn a_tunnel_with_proxy_ids_is_expected_by_its_name() {
    let mut firewall = Firewall::new("expect_tunnels = [\"branch\", \"bran\"]");
    let list = flow(&[
        ("branch:a", "tunnel.1", "active"),
        ("branch:b", "tunnel.1", "init"),
    ]);
    let (readings, _) = firewall.answers(&commands::TUNNELS, &list);
    assert_eq!(
        readings,
        [
            "tunnel bran!=0",
            "tunnel branch:a!=1",
            "tunnel branch:b!=0",
            "tunnels_configured=3",
            "tunnels_up=1",
            "tunnels_down=2"
        ]
    );
}

#[test]
fn without_tunnels_nothing_is_said_and_when_the_last_one_goes_zeros_are() {
    let mut firewall = Firewall::new("");
    assert_eq!(firewall.answers(&commands::TUNNELS, &flow(&[])).0, [""; 0]);
    firewall.answers(&commands::TUNNELS, &flow(&[("a", "tunnel.1", "active")]));
    let zeros = ["tunnels_configured=0", "tunnels_up=0", "tunnels_down=0"];
    assert_eq!(firewall.answers(&commands::TUNNELS, &flow(&[])).0, zeros);
}

#[test]
fn tunnels_over_the_limit_count_and_are_named() {
    let mut firewall = Firewall::new("expect_tunnels = [\"z\"]");
    let list = ["a", "b", "c", "z"].map(|name| (name, "tunnel.1", "active"));
    for (most, own) in [
        (1, vec!["z"]),
        (2, vec!["a", "z"]),
        (3, vec!["a", "b", "z"]),
        (4, vec!["a", "b", "c", "z"]),
    ] {
        firewall.tunnels_max = most;
        let (readings, notes) = firewall.answers(&commands::TUNNELS, &flow(&list));
        let states = readings
            .iter()
            .filter(|reading| reading.starts_with("tunnel "))
            .count();
        assert_eq!(states, own.len(), "{readings:?}");
        assert!(readings.contains(&"tunnels_up=4".to_owned()));
        let over = 4 - own.len();
        let said = format!("{over} tunnels over [metrics] tunnels_max = {most}");
        assert_eq!(
            notes.iter().any(|note| note.starts_with(&said)),
            over > 0,
            "{notes:?}"
        );
    }
}

#[test]
fn bytes_are_a_tunnels_where_its_interface_is_its_own() {
    let mut firewall = Firewall::new("tunnel_bits_per_second_max = 8000");
    let list = flow(&[
        ("single", "tunnel.1", "active"),
        ("split:one", "tunnel.2", "active"),
        ("split:two", "tunnel.2", "active"),
        ("a", "tunnel.3", "active"),
        ("b", "tunnel.3", "active"),
    ]);
    firewall.answers(&commands::TUNNELS, &list);
    let counters = "<ifnet><ifnet>\
        <entry><name>tunnel.1</name><ibytes>1000</ibytes><obytes>20</obytes></entry>\
        <entry><name>tunnel.2</name><ibytes>30</ibytes></entry>\
        <entry><name>tunnel.3</name><ibytes>40</ibytes><obytes>5</obytes></entry>\
        </ifnet></ifnet>";
    let (readings, _) = firewall.answers(&commands::INTERFACES, counters);
    assert_eq!(
        readings,
        [
            "tunnel_bytes_in single=1000 in all",
            // 1000 bytes of 1000 a second: 100 percent for a second, in millionths.
            "tunnel_share single=100000000 in all",
            "tunnel_bytes_out single=20 in all",
            "tunnel_share single=2000000 in all",
            "tunnel_bytes_in split=30 in all",
            "tunnel_share split=3000000 in all",
        ]
    );
}

#[test]
fn a_counter_that_comes_new_has_grown_from_zero() {
    let mut firewall = Firewall::new("drop_counters = [\"flow_policy_deny\"]");
    let list = |counters: &[(&str, u64)]| {
        let entries = counters.iter().map(|(name, value)| {
            format!("<entry><name>{name}</name><value>{value}</value><severity>drop</severity><aspect>x</aspect></entry>")
        });
        format!(
            "<global><counters>{}</counters></global>",
            entries.collect::<String>()
        )
    };
    let drops = &commands::DROPS;
    let first = firewall.answers(drops, &list(&[("flow_policy_deny", 7)])).0;
    assert_eq!(first, ["dropped flow_policy_deny=7 in all"]);
    let more = list(&[("flow_policy_deny", 9), ("flow_tcp_non_syn", 4)]);
    assert_eq!(
        firewall.answers(drops, &more).0,
        [
            "dropped flow_policy_deny=9 in all",
            "dropped=0 in all",
            "dropped=4 in all"
        ]
    );
}

#[test]
fn after_an_odd_list_nothing_has_grown_from_zero() {
    let mut firewall = Firewall::new("");
    let entry = |name: &str, value: &str| {
        format!(
            "<entry><name>{name}</name><value>{value}</value><severity>drop</severity><aspect>x</aspect></entry>"
        )
    };
    let list =
        |entries: &[String]| format!("<global><counters>{}</counters></global>", entries.concat());
    let drops = &commands::DROPS;
    firewall.answers(drops, &list(&[entry("a", "7"), entry("b", "many")]));
    let (readings, _) = firewall.answers(drops, &list(&[entry("a", "7"), entry("b", "9000")]));
    assert_eq!(readings, ["dropped=7 in all", "dropped=9000 in all"]);
}

#[test]
fn without_the_engines_name_no_peers_may_be_the_other_ones() {
    let mut firewall = Firewall::new("");
    let legacy = "<entry peer=\"p\" vr=\"v\"><status>Established</status></entry>";
    let (readings, _) = firewall.answers(&commands::BGP_LEGACY, legacy);
    assert!(readings.contains(&"bgp_up=1".to_owned()), "{readings:?}");
    let nobody = "<json>{}</json>";
    assert_eq!(firewall.answers(&commands::BGP_ADVANCED, nobody).0, [""; 0]);
    firewall.memory.advanced_routing = Some(true);
    let zeros = ["bgp_configured=0", "bgp_up=0", "bgp_down=0"];
    assert_eq!(firewall.answers(&commands::BGP_ADVANCED, nobody).0, zeros);
}

#[test]
fn changes_of_the_role_are_counted_and_no_role_is_neither() {
    let mut firewall = Firewall::new("");
    let state = |word: &str| {
        format!(
            "<enabled>yes</enabled><group><local-info><state>{word}</state></local-info></group>"
        )
    };
    for (word, wanted) in [
        ("active", vec!["ha=1", "ha_changes=0 in all"]),
        ("active-primary", vec!["ha=1", "ha_changes=0 in all"]),
        ("suspended", vec!["ha=0", "ha_changes=1 in all"]),
        ("tentative", vec!["ha_changes=2 in all"]),
        ("passive", vec!["ha=0", "ha_changes=3 in all"]),
        ("somewhere", vec![]),
        ("passive", vec!["ha=0", "ha_changes=3 in all"]),
    ] {
        let (readings, _) = firewall.answers(&commands::HA, &state(word));
        assert_eq!(readings, wanted, "{word}");
    }
    let off = "<enabled>no</enabled>";
    assert_eq!(firewall.answers(&commands::HA, off).0, [""; 0]);
}

#[test]
fn the_licence_that_ends_first_decides_and_perpetual_ones_do_not() {
    let mut firewall = Firewall::new("");
    let entry = |feature: &str, expires: &str, expired: &str| {
        format!(
            "<entry><feature>{feature}</feature><expires>{expires}</expires><expired>{expired}</expired></entry>"
        )
    };
    let list = |entries: &[String]| format!("<licenses>{}</licenses>", entries.concat());
    let perpetual = entry("PA-VM", "Never", "no");
    let later = entry("Threat", "December 31, 2026", "no");
    let ended = entry("URL", "November 1, 2026", "yes");
    for (entries, readings) in [
        (vec![perpetual.clone()], vec![]),
        (vec![perpetual, later.clone()], vec!["license=40"]),
        (vec![later, ended], vec!["license=0"]),
    ] {
        assert_eq!(
            firewall.answers(&commands::LICENSE, &list(&entries)).0,
            readings
        );
    }
}

#[test]
fn a_restart_is_noted() {
    let mut firewall = Firewall::new("");
    let up = |time: &str| {
        format!(
            "<system><hostname>fw</hostname><sw-version>11.1.4</sw-version><uptime>{time}</uptime></system>"
        )
    };
    let system = &commands::SYSTEM;
    assert!(
        firewall
            .answers(system, &up("98 days, 23:42:29"))
            .1
            .is_empty()
    );
    assert!(
        firewall
            .answers(system, &up("98 days, 23:47:29"))
            .1
            .is_empty()
    );
    let (readings, notes) = firewall.answers(system, &up("0 days, 0:02:05"));
    assert_eq!(readings, ["uptime=125"]);
    assert_eq!(
        notes,
        ["the firewall restarted 2m 5s ago: its counters begin anew"]
    );
    assert_eq!(firewall.memory.release.as_deref(), Some("PAN-OS 11.1.4"));
}

#[test]
fn every_command_that_may_be_asked_has_its_reader_and_its_metrics_a_reading() {
    let mut firewall = Firewall::new("");
    for group in commands::GROUPS {
        for command in group.commands {
            let mut out = Readings::default();
            let mut taker = Taker {
                settings: &firewall.settings,
                tunnels_max: 1,
                memory: &mut firewall.memory,
                out: &mut out,
                at: Now::default(),
                every: Duration::from_secs(60),
                odd: Oddities::default(),
            };
            let body = b"<response status=\"success\"><result/></response>";
            let taken = taker.take(command, &wire::reply(200, body).unwrap());
            assert!(
                taken.err().is_none_or(|why| !why.contains("no reader")),
                "{}",
                command.words
            );
            assert!(
                out.records().is_empty(),
                "{}: something out of nothing",
                command.words
            );
            let feeds = |name: &str| {
                let mut all = crate::collectors::panos::metrics::ALL.iter();
                name == "CapacityUtilization"
                    || all.any(|reading| reading.feeds.iter().any(|feed| feed.metric.name == name))
            };
            assert!(
                command.metrics.iter().all(|metric| feeds(metric.name)),
                "{}",
                command.words
            );
            let name = command.wire.to_ascii_lowercase();
            assert!(name.starts_with("<show>") || name.starts_with("<request><license><info>"));
        }
    }
}
