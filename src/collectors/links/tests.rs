//! What is made of links: which count, what state they have, and when nothing is there.

use super::*;
use crate::collector::links::{Class, Counters};
use crate::host::files::Root;
use crate::host::state::StateDir;

fn link(name: &str, kind: &str, up: Option<bool>) -> Link {
    Link {
        name: name.to_owned(),
        index: 7,
        class: Class::Other,
        kind: Some(kind.to_owned()),
        is_on: true,
        has_carrier: true,
        carrier_downs: Some(1),
        up,
        counters: Some(Counters::default()),
        ..Link::default()
    }
}

fn collector(settings: &str) -> TunnelLinks {
    let settings: Settings = toml::from_str(settings).unwrap();
    let patterns = |texts: &[String]| texts.iter().map(|t| Pattern::new(t).unwrap()).collect();
    TunnelLinks {
        links: Links::default(),
        timeout: Duration::from_secs(1),
        include: patterns(&settings.include),
        exclude: patterns(&settings.exclude),
        liveness: settings
            .liveness_secs
            .map(|secs| Liveness::new(Duration::from_secs(secs))),
        tunnels: Tunnels::new(settings.expect, settings.tunnel_bits_per_second_max),
        downs: BTreeMap::new(),
        ever: false,
    }
}

#[test]
fn a_stateless_tunnel_has_no_state_of_its_own() {
    let mut links = collector("");
    let mut state = |link: &Link| links.state(link, Duration::ZERO);
    for kind in ["gre", "vti", "xfrm", "geneve", "ipip", "sit", "wireguard"] {
        assert_eq!(state(&link("a", kind, None)), None, "{kind}");
        assert_eq!(state(&link("a", kind, Some(false))), Some(false), "{kind}");
    }
    assert_eq!(state(&link("a", "gretap", Some(true))), Some(true));
}

#[test]
fn a_tun_is_up_while_a_process_holds_it() {
    let mut links = collector("");
    let mut tun = link("tun0", "tun", None);
    assert_eq!(links.state(&tun, Duration::ZERO), Some(true));
    tun.has_carrier = false;
    assert_eq!(links.state(&tun, Duration::ZERO), Some(false));
    tun.has_carrier = true;
    assert_eq!(links.state(&tun, Duration::ZERO), Some(true));
}

#[test]
fn a_carrier_that_went_and_came_between_two_passes_shows() {
    let mut links = collector("");
    let mut tun = link("tun0", "tun", None);
    let mut state = |downs| {
        tun.carrier_downs = Some(downs);
        links.state(&tun, Duration::ZERO)
    };
    let states = [1, 1, 2, 2].map(&mut state);
    assert_eq!(states, [Some(true), Some(true), Some(false), Some(true)]);
}

#[test]
fn what_is_received_keeps_a_stateless_tunnel_up() {
    let mut links = collector("liveness_secs = 10");
    let mut gre = link("gre1", "gre", None);
    let mut at = |link: &Link, secs| links.state(link, Duration::from_secs(secs));
    assert_eq!(at(&gre, 0), None);
    gre.counters = Some(Counters {
        rx_packets: 1,
        ..Counters::default()
    });
    assert_eq!(at(&gre, 1), Some(true));
    assert_eq!(at(&gre, 12), Some(false));
}

#[test]
fn what_is_set_down_counts_only_when_it_is_expected() {
    let mut links = collector("expect = [\"gre1\"]\nexclude = [\"tun*\"]");
    let mut gre = link("gre1", "gre", None);
    gre.is_on = false;
    assert!(links.counts(&gre));
    assert_eq!(links.state(&gre, Duration::ZERO), Some(false));
    gre.name = "gre2".to_owned();
    assert!(!links.counts(&gre));
    gre.is_on = true;
    assert!(links.counts(&gre));
    assert!(!links.counts(&link("tun0", "tun", None)));
    assert!(!links.counts(&link("wg0", "wireguard", None)));
    let named = collector("include = [\"wg*\"]");
    assert!(named.counts(&link("wg0", "wireguard", None)));
    assert!(!named.counts(&gre));
}

#[test]
fn an_expected_interface_that_is_not_there_is_down() {
    let mut links = collector("expect = [\"gre1\", \"gre2\"]");
    let mut out = Readings::default();
    links.record(&mut out, &[&link("gre1", "gre", None)], Duration::ZERO);
    let states = out.records().iter().filter(|r| r.reading.name == "tunnel");
    let states: Vec<_> = states.map(|record| record.member.as_str()).collect();
    assert_eq!(states, ["gre2"]);
    assert!(
        out.notes()
            .iter()
            .any(|note| note.contains("liveness_secs"))
    );
}

#[test]
fn the_keys_build_it() {
    let table = "include = [\"gre*\"]\nexpect = [\"gre1\"]\nliveness_secs = 30\ntunnel_bits_per_second_max = 1000000";
    let state = StateDir::new("/nowhere");
    let context = Context::local(Root::new("/"), Duration::from_secs(1), state);
    assert!((SPEC.build)(&toml::from_str(table).unwrap(), context).is_ok());
}
