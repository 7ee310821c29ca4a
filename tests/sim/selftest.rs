//! The simulator's own tests: each command answers, keys and rights count, and values are what the model says.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

use super::sim::server::COMMANDS;
use super::sim::{Fault, Firewall, Platform, Release, Simulator, TunnelState};

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(simulator: &Simulator) -> Tls {
    let mut roots = RootCertStore::empty();
    let pem = simulator.ca_pem();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("fw-a.test").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, TcpStream::connect(simulator.address()).unwrap())
}

/// Asks on a connection of its own; the whole answer with its head.
fn ask(simulator: &Simulator, key: &str, form: &str) -> String {
    let mut tls = connect(simulator);
    let length = form.len();
    write!(tls, "POST /api/ HTTP/1.1\r\nHost: fw\r\nX-PAN-KEY: {key}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}").unwrap();
    let mut answer = Vec::new();
    // A fault may end the connection without ceremony.
    let _ = tls.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn form(command: &str) -> String {
    let (_, form) = COMMANDS.iter().find(|(name, _)| *name == command).unwrap();
    let argument = if command == "management-cpu" {
        "*"
    } else {
        "1"
    };
    format!("type=op&cmd={}", form.replace('*', argument))
}

fn op(simulator: &Simulator, command: &str) -> String {
    let key = simulator.firewall().api_key;
    ask(simulator, &key, &form(command))
}

#[test]
fn every_command_answers_with_xml_on_every_release_and_platform() {
    for firewall in [
        Firewall::vm(),
        Firewall::chassis(),
        Firewall::ha_active(),
        Firewall::ha_passive(),
    ] {
        for release in [Release::V10_1, Release::V11_1, Release::V12_1] {
            let simulator = Simulator::start(firewall.clone().on(release));
            for (command, _) in COMMANDS {
                let answer = op(&simulator, command);
                let body = answer.split_once("\r\n\r\n").unwrap().1;
                let mut reader = quick_xml::Reader::from_str(body);
                while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
                let wrong_engine = command.starts_with("bgp") && body.contains("code=\"17\"");
                assert!(
                    body.contains("status=\"success\"") || wrong_engine,
                    "{command}: {answer}"
                );
            }
            let seen = simulator.requests();
            assert_eq!(seen.len(), COMMANDS.len());
            assert!(
                seen.iter()
                    .all(|seen| seen.status == 200 && seen.firewall == Some(0))
            );
            assert_eq!(simulator.max_in_flight(), 1);
        }
    }
}

#[test]
fn keys_roles_and_users_count() {
    let simulator =
        Simulator::start_many(vec![Firewall::vm().numbered(1), Firewall::vm().numbered(2)]);
    let second = simulator.firewall_nth(1).api_key;
    assert!(ask(&simulator, &second, &form("system")).contains("<hostname>fw-002</hostname>"));
    assert!(ask(&simulator, "wrong", &form("system")).contains("<msg>Invalid Credential</msg>"));
    let keygen = "type=keygen&user=monitor-2&password=correct+horse";
    assert!(ask(&simulator, "", keygen).contains(&second));
    assert!(
        ask(&simulator, "", "type=keygen&user=monitor-2&password=wrong")
            .starts_with("HTTP/1.1 403")
    );
    simulator.change_nth(1, |fw| {
        fw.role_without.insert("system".to_owned());
    });
    assert!(ask(&simulator, &second, &form("system")).contains("code=\"16\""));
    simulator.change_nth(1, |fw| fw.keys_dead = true);
    assert!(ask(&simulator, &second, &form("system")).contains("'403'"));
    let unknown = "type=op&cmd=<show><bogus/></show>";
    let first = simulator.firewall().api_key;
    assert!(ask(&simulator, &first, unknown).contains("show -&gt; bogus  is unexpected"));
    assert!(ask(&simulator, &first, "type=op&cmd=<show>").contains("code=\"18\""));
}

#[test]
fn counters_go_on_over_changes_and_start_anew_at_a_reboot() {
    let mut firewall = Firewall::vm().steady();
    firewall.frozen_unix = Some(firewall.boot_unix + 100);
    let simulator = Simulator::start(firewall);
    let bytes = || {
        simulator
            .firewall()
            .interface_counter("tunnel.1", "ibytes", simulator.firewall().now())
    };
    assert_eq!(bytes(), Some(250_000_000));
    simulator.change(|fw| fw.set_tunnel("to-aws-1", TunnelState::Inactive));
    simulator.change(|fw| fw.frozen_unix = fw.frozen_unix.map(|unix| unix + 50));
    assert_eq!(bytes(), Some(250_000_000));
    simulator.change(|fw| fw.set_tunnel("to-aws-1", TunnelState::Active));
    simulator.change(|fw| fw.frozen_unix = fw.frozen_unix.map(|unix| unix + 10));
    assert_eq!(bytes(), Some(275_000_000));
    simulator.change(|fw| fw.peer_mut("aws-a").established = false);
    assert_eq!(simulator.firewall().bgp[0].lost_count, 2);
    simulator.change(Firewall::reboot);
    assert_eq!(bytes(), Some(0));
    assert_eq!(
        simulator
            .firewall()
            .counter("flow_policy_deny", simulator.firewall().now()),
        Some(0)
    );
}

#[test]
fn a_spike_shows_in_its_second_only() {
    let mut firewall = Firewall::chassis();
    let now = firewall.boot_unix + 1000;
    firewall.frozen_unix = Some(now);
    firewall.spike(now - 1);
    assert_eq!(firewall.platform, Platform::Chassis);
    assert_eq!(firewall.mean_core_percent(now - 1), 100.0);
    assert!(firewall.max_core_percent(now - 2) < 100);
    let simulator = Simulator::start(firewall);
    assert!(op(&simulator, "resources").contains("<coreid>1</coreid><value>100</value>"));
}

#[test]
fn faults_and_absence_end_with_the_simulator() {
    let simulator = Simulator::start(Firewall::vm());
    let all = "cut truncated nesting=50 text=5000 bomb external latin1 utf16 html http=500 code=17 code=403:result busy empty noxml extra \
               echokey length garbage slow=20";
    for word in all.split_whitespace() {
        simulator.change(|fw| fw.fault = Fault::parse(word));
        let answer = op(&simulator, "system");
        let whole = answer.contains("<hostname>fw-sim</hostname>");
        assert_eq!(
            whole,
            matches!(
                word,
                "latin1" | "extra" | "length" | "slow=20" | "truncated" | "cut"
            ),
            "{word}: {answer}"
        );
    }
    simulator.change(Firewall::no_faults);
    simulator.set_off(true);
    assert!(TcpStream::connect(simulator.address()).is_err());
    simulator.set_off(false);
    assert!(op(&simulator, "system").contains("fw-sim"));
    for word in ["hang", "trickle", "endless"] {
        simulator.change(|fw| fw.fault = Fault::parse(word));
        let mut tls = connect(&simulator);
        let (key, form) = (simulator.firewall().api_key, form("system"));
        write!(tls, "POST /api HTTP/1.1\r\nHost: fw\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}&key={key}", form.len() + 5 + key.len()).unwrap();
        std::mem::forget(tls);
    }
    let start = std::time::Instant::now();
    drop(simulator);
    assert!(start.elapsed() < std::time::Duration::from_secs(15));
}
