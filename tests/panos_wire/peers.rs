//! Golden replies about what the firewall speaks with: tunnels, the other member, BGP peers, users, Panorama.

use fwmetrics::collectors::panos::wire::*;

use super::{fine, read, wrapped};

fn tunnel(
    name: &str,
    id: u64,
    interface: &str,
    state: Option<TunnelState>,
    monitor: Option<bool>,
) -> Tunnel {
    Tunnel {
        name: name.to_owned(),
        id: Some(id),
        interface: Some(interface.to_owned()),
        state,
        monitor,
    }
}

#[test]
fn a_list_of_tunnels_has_the_down_ones_and_no_other_kinds() {
    use TunnelState::{Active, Inactive, Init};
    let (found, odd) = read("tunnels-vm-11.1", tunnels);
    let found = found.unwrap();
    assert_eq!(found.configured, Some(5));
    assert_eq!(
        found.list,
        [
            tunnel("to-aws-1", 1, "tunnel.1", Some(Active), Some(true)),
            tunnel("to-aws-2", 2, "tunnel.2", Some(Init), Some(false)),
            tunnel("branch:proxy-a", 3, "tunnel.3", Some(Inactive), None),
            tunnel("branch:proxy-b", 4, "tunnel.3", Some(Active), None),
            tunnel("lab", 5, "tunnel.4", None, None),
        ]
    );
    assert_eq!(
        odd,
        [
            "state: \"mature\" is not a word that is known",
            "mon: \"maybe\" is not a word that is known"
        ]
    );
}

#[test]
fn the_full_record_is_the_same_list() {
    let found = fine("tunnels-full-vm-10.1", tunnels);
    assert_eq!(found.configured, None);
    assert_eq!(
        found.list,
        [
            tunnel(
                "to-aws-1",
                1,
                "tunnel.1",
                Some(TunnelState::Active),
                Some(true)
            ),
            tunnel("to-aws-2", 2, "tunnel.2", Some(TunnelState::Init), None),
        ]
    );
}

#[test]
fn no_tunnels_are_an_empty_list_and_another_answer_is_an_error() {
    let none = fine("tunnels-none-vm-11.1", tunnels);
    assert_eq!((none.configured, none.list.len()), (Some(0), 0));
    assert_eq!(fine("empty", tunnels), Tunnels::default());
    assert!(read("ha-vm-11.1", tunnels).0.is_err());
    assert!(tunnels(&wrapped("no such tunnel"), &mut Oddities::new()).is_err());
}

#[test]
fn errors_of_a_tunnel_are_a_sum_only_if_all_are_known() {
    let (one, odd) = read("tunnel-vm-11.1", tunnel_errors);
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].name.as_deref(), Some("to-aws-1"));
    assert_eq!(one[0].total(), Some(60));
    assert!(odd.is_empty());
    let (two, odd) = read("tunnels-full-vm-10.1", tunnel_errors);
    let totals: Vec<Option<u64>> = two.iter().map(TunnelErrors::total).collect();
    assert_eq!(totals, [Some(12), None]);
    assert_eq!(two[1].decryption, Some(0));
    assert_eq!(odd, ["pkt-replay: \"?\" is not a whole number"]);
    assert_eq!(read("empty", tunnel_errors), (vec![], vec![]));
    let bare = wrapped(
        "<name>t</name><dec-err>1</dec-err><auth-err>2</auth-err><pkt-replay>3</pkt-replay>",
    );
    let bare = tunnel_errors(&bare, &mut Oddities::new());
    assert_eq!(bare[0].total(), Some(6));
}

fn links(links: &[(&str, bool)]) -> Vec<(String, bool)> {
    let links = links.iter();
    links.map(|(name, up)| ((*name).to_owned(), *up)).collect()
}

#[test]
fn a_pair_is_read_with_the_links_that_it_has() {
    assert_eq!(
        fine("ha-vm-11.1", high_availability),
        Ha {
            enabled: true,
            state: Some(HaState::Active),
            peer_up: Some(true),
            config_in_sync: Some(true),
            links: links(&[("HA1", true), ("HA1-backup", false)]),
            flaps: Some(3),
        }
    );
    let (chassis, odd) = read("ha-chassis-12.1", high_availability);
    assert_eq!(
        chassis,
        Ok(Ha {
            enabled: true,
            state: Some(HaState::Active),
            peer_up: Some(false),
            config_in_sync: Some(false),
            links: links(&[("HA1", true), ("HA2", true)]),
            flaps: None,
        })
    );
    assert_eq!(
        odd,
        [
            "conn-status: \"halting\" is not a word that is known",
            "nonfunc-flap-cnt: \"few\" is not a whole number"
        ]
    );
}

#[test]
fn a_pair_that_is_not_kept_in_step_is_not_out_of_step() {
    let found = fine("ha-unsynced-vm-10.1", high_availability);
    assert_eq!(found.state, Some(HaState::Suspended));
    assert_eq!(found.config_in_sync, None);
    assert_eq!(found.flaps, None);
    assert!(found.links.is_empty());
    assert_eq!(
        fine("ha-disabled-vm-10.1", high_availability),
        Ha::default()
    );
    assert!(read("empty", high_availability).0.is_err());
}

#[test]
fn every_state_of_a_member_has_its_word() {
    for (word, state) in [
        ("active-primary", Some(HaState::Active)),
        ("passive", Some(HaState::Passive)),
        ("Non-Functional", Some(HaState::NonFunctional)),
        ("initial", Some(HaState::Initial)),
        ("tentative", Some(HaState::Tentative)),
        ("unknown", None),
    ] {
        let result = wrapped(&format!(
            "<enabled>yes</enabled><local-info><state>{word}</state></local-info>"
        ));
        let mut odd = Oddities::new();
        let found = high_availability(&result, &mut odd).unwrap();
        assert_eq!(found.state, state, "{word}");
        assert!(odd.is_empty(), "{word}");
    }
}

fn peer(
    name: &str,
    established: Option<bool>,
    shut: bool,
    prefixes_accepted: Option<u64>,
    sessions_lost: Option<u64>,
) -> Peer {
    Peer {
        name: name.to_owned(),
        established,
        shut,
        prefixes_accepted,
        sessions_lost,
    }
}

#[test]
fn peers_of_the_legacy_engine() {
    let (found, odd) = read("bgp-legacy-vm-10.1", bgp_legacy);
    assert_eq!(
        found.unwrap(),
        [
            peer("aws-a", Some(true), false, Some(15), Some(4)),
            peer("aws-b", Some(false), false, None, Some(9)),
            peer("default/core", Some(false), false, None, None),
            peer("edge/core", Some(false), true, None, Some(0)),
            peer("branch", None, false, None, None),
        ]
    );
    assert_eq!(
        odd,
        [
            "status of a BGP peer: \"Dreaming\" is not a word that is known",
            "incoming-accepted: \"lots\" is not a whole number"
        ]
    );
    assert_eq!(fine("empty", bgp_legacy), []);
    assert!(bgp_legacy(&wrapped("BGP is not running"), &mut Oddities::new()).is_err());
}

#[test]
fn peers_of_the_advanced_engine() {
    let (found, odd) = read("bgp-advanced-vm-11.1", bgp_advanced);
    assert_eq!(
        found.unwrap(),
        [
            peer("aws-a", Some(true), false, Some(17), Some(2)),
            peer("aws-b", Some(false), false, None, None),
            peer("closed", Some(false), true, None, Some(1)),
            peer("strange", None, false, None, None),
        ]
    );
    assert_eq!(
        odd,
        [
            "status of a BGP peer: \"Warp\" is not a word that is known",
            "acceptedPrefixCounter: \"1.5\" is not a whole number",
            "connectionsDropped: \"-1\" is not a whole number",
            "\"torn\" is no BGP peer"
        ]
    );
}

#[test]
fn json_may_be_bare_or_missing_but_not_something_else() {
    let read = |text: &str| bgp_advanced(&wrapped(text), &mut Oddities::new());
    let idle = vec![peer("a", Some(false), true, None, None)];
    assert_eq!(
        read("{\"a\": {\"state\": \"Idle (Admin)\"}}"),
        Ok(idle.clone())
    );
    assert_eq!(
        read(
            "<json><![CDATA[{\"a\": {\"detail\": {\"bgpState\": \"Idle(administrative)\"}}}]]></json>"
        ),
        Ok(idle)
    );
    for none in ["", "<json/>", "<json>{}</json>"] {
        assert_eq!(read(none), Ok(vec![]), "{none}");
    }
    let deep = format!("<json>{}</json>", "[".repeat(100_000));
    let long = format!("<json>{{\"a\":\"{}\"}}</json>", "a".repeat(5 << 20));
    for wrong in [
        "BGP is off",
        "<json>[]</json>",
        "<json>{\"a\":</json>",
        "<json>7</json>",
        "<entry/>",
        &deep,
        &long,
    ] {
        let error = read(wrong).unwrap_err();
        assert!(error.len() < 250, "{error}");
    }
}

#[test]
fn users_are_the_devices_total_or_the_sum_of_its_gateways() {
    assert_eq!(
        read("remote-access-vm-11.1", remote_access_users),
        (Some(41), vec![])
    );
    assert_eq!(
        read("remote-access-vm-10.1", remote_access_users),
        (Some(42), vec![])
    );
    assert_eq!(read("empty", remote_access_users), (None, vec![]));
}

#[test]
fn rules_without_a_monitor_have_no_state() {
    let (found, odd) = read("pbf-vm-11.1", policy_forwarding);
    assert_eq!(
        found.unwrap(),
        links(&[("via-aws-1", true), ("via-aws-2", false)])
    );
    assert_eq!(odd, ["nh_state: \"SIDEWAYS\" is not a word that is known"]);
    assert_eq!(fine("empty", policy_forwarding), []);
    let text = wrapped("Rule  ID  State");
    assert!(policy_forwarding(&text, &mut Oddities::new()).is_err());
}

#[test]
fn decrypted_sessions_are_summed_over_dataplanes() {
    assert_eq!(read("ssl-chassis-11.1", ssl_sessions), (Some(1185), vec![]));
    assert_eq!(read("empty", ssl_sessions), (None, vec![]));
    let mut odd = Oddities::new();
    let torn = wrapped("<member>7</member><member>x</member>");
    assert_eq!(ssl_sessions(&torn, &mut odd), None);
    assert_eq!(odd.len(), 1);
    let huge = format!("<member>{0}</member><member>{0}</member>", u64::MAX);
    assert_eq!(ssl_sessions(&wrapped(&huge), &mut odd), None);
}

#[test]
fn each_panorama_is_connected_or_not() {
    assert_eq!(
        read("panorama-vm-11.1", panorama),
        (vec![false, true], vec![])
    );
    assert_eq!(read("panorama-none-10.1", panorama), (vec![], vec![]));
    let mut odd = Oddities::new();
    let text = "<![CDATA[ Connected:Yes\nConnected : perhaps]]>";
    assert_eq!(panorama(&wrapped(text), &mut odd), [true]);
    assert_eq!(odd.len(), 1);
}
