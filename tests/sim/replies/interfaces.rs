//! "show counter interface all" and "show interface all".

use super::super::model::{Firewall, Interface, Platform, Release, Tunnel};
use super::{tag, tags};

/// Counters: of the hardware, and of what is logical on it, in a section within a section of the same name.
pub(super) fn counters(fw: &Firewall, second: i64) -> String {
    let mut hardware: Vec<String> = fw
        .interfaces
        .iter()
        .map(|own| hardware(fw, own, second))
        .collect();
    if fw.platform == Platform::Chassis {
        // Links between the cards have no name, and the first interface stands twice.
        hardware.insert(
            1,
            "<entry><name></name><ibytes>7</ibytes><obytes>7</obytes></entry>\n".to_owned(),
        );
        hardware.push("<entry><ibytes>8</ibytes><obytes>8</obytes></entry>\n".to_owned());
        hardware.push(hardware[0].clone());
    }
    let mut logical: Vec<String> = fw
        .interfaces
        .iter()
        .map(|own| own_traffic(fw, &own.name, second))
        .collect();
    logical.extend(
        fw.tunnels
            .iter()
            .map(|tunnel: &Tunnel| own_traffic(fw, &tunnel.inner_if, second)),
    );
    if fw.platform == Platform::Chassis {
        logical.push(logical[0].clone());
        logical.push("<entry><name/><ibytes>9</ibytes></entry>\n".to_owned());
    }
    let logical = match fw.release {
        Release::V10_1 => logical.concat(),
        _ => format!("<ifnet>\n{}</ifnet>\n", logical.concat()),
    };
    format!(
        "\n<hw>\n{}</hw>\n<ifnet>\n{logical}</ifnet>\n",
        hardware.concat()
    )
}

fn hardware(fw: &Firewall, own: &Interface, second: i64) -> String {
    let counter = |name| fw.interface_counter(&own.name, name, second).unwrap();
    let fields = tags([
        ("name", &own.name),
        ("ibytes", &counter("ibytes")),
        ("obytes", &counter("obytes")),
        ("ipackets", &counter("ipackets")),
        ("opackets", &counter("opackets")),
        ("ierrors", &counter("ierrors")),
        ("idrops", &counter("idrops")),
    ]);
    let port = tags([
        ("rx-bytes", &counter("ibytes")),
        ("tx-bytes", &counter("obytes")),
        ("rx-error", &counter("ierrors")),
        ("tx-error", &counter("tx-error")),
        ("link-down", &0),
    ]);
    format!("<entry>{fields}<port>{port}</port></entry>\n")
}

fn own_traffic(fw: &Firewall, name: &str, second: i64) -> String {
    let counter = |field| fw.interface_counter(name, field, second).unwrap();
    let (bytes_in, bytes_out) = (counter("ibytes"), counter("obytes"));
    let fields = tags([
        ("name", &name),
        ("ibytes", &bytes_in),
        ("obytes", &bytes_out),
        ("ipackets", &(bytes_in / 800)),
        ("opackets", &(bytes_out / 800)),
        ("ierrors", &0),
        ("idrops", &0),
        ("flowstate", &0),
        ("ifwderrors", &0),
        ("noroute", &0),
        ("noarp", &0),
        ("nomac", &0),
        ("zonechange", &0),
        ("land", &0),
        ("pod", &0),
        ("ipspoof", &0),
        ("macspoof", &0),
        ("icmp_frag", &0),
    ]);
    format!("<entry>{fields}</entry>\n")
}

/// States: which interfaces have a link.
pub(super) fn states(fw: &Firewall) -> String {
    let hardware = |(place, own): (usize, &Interface)| {
        let (state, st) = match own.up {
            true => ("up", format!("{}/full/up", own.speed)),
            false => ("down", "ukn/ukn/down(autoneg)".to_owned()),
        };
        let speed = if own.up {
            own.speed.to_string()
        } else {
            "ukn".to_owned()
        };
        let fields = tags([
            ("name", &own.name),
            ("duplex", &if own.up { "full" } else { "ukn" }),
            ("type", &0),
            ("state", &state),
            ("st", &st),
            ("mac", &format!("02:fe:77:00:01:{place:02x}")),
            ("mode", &"(autoneg)"),
            ("speed", &speed),
            ("id", &(16 + place)),
        ]);
        format!("<entry>{fields}</entry>\n")
    };
    let hardware: String = fw.interfaces.iter().enumerate().map(hardware).collect();
    let logical = |name: &str, zone: &str, ip: &str| {
        let fields = tags([
            ("name", &name),
            ("zone", &zone),
            ("fwd", &"vr:default"),
            ("vsys", &1),
            ("ip", &ip),
            ("tag", &0),
        ]);
        format!("<entry>{fields}<addr6/></entry>\n")
    };
    let mut names: String = fw
        .interfaces
        .iter()
        .map(|own| logical(&own.name, &own.zone, &own.ip))
        .collect();
    for tunnel in &fw.tunnels {
        names.push_str(&logical(&tunnel.inner_if, "vpn", "N/A"));
    }
    let tunnel = "<entry><name>tunnel</name><type>9</type><state>up</state><st>[n/a]/[n/a]/up</st><mac>02:fe:77:00:01:ff</mac></entry>\n";
    let dp = tag("dp", &fw.dataplanes[0].name);
    format!("\n<ifnet>\n{names}</ifnet>\n<hw>\n{hardware}{tunnel}</hw>\n{dp}\n")
}
