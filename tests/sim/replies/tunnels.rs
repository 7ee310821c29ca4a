//! IPsec tunnels: their states, one of them in full, phases 1 and 2, and what is configured.

use super::super::clock;
use super::super::model::{Firewall, Monitor, Release, Tunnel, TunnelState};
use super::tags;

/// "show running tunnel flow all": all of them, whatever their state; a full record each on an older release.
pub(super) fn states(fw: &Firewall, second: i64) -> String {
    let full = fw.release == Release::V10_1;
    let entry = |tunnel: &Tunnel| {
        let short = short(tunnel);
        let more = if full {
            record(fw, tunnel, second)
        } else {
            String::new()
        };
        format!("<entry>{short}{more}</entry>\n")
    };
    let entries: String = fw.tunnels.iter().map(entry).collect();
    let gateways = fw.gateways.len();
    let head = tags([
        ("dp", &fw.dataplanes[0].name),
        ("total", &(fw.tunnels.len() + gateways)),
        ("num_ipsec", &fw.tunnels.len()),
        ("num_sslvpn", &gateways),
    ]);
    let names = fw.gateways.iter().enumerate();
    let remote: String = names
        .map(|(place, (name, ..))| remote_access(place, name))
        .collect();
    format!(
        "\n{head}\n<IPSec>{entries}</IPSec>\n<SSL-VPN/>\n<GlobalProtect-Gateway>{remote}</GlobalProtect-Gateway>\n\
             <GlobalProtect-site-to-site/>\n<hop/>\n"
    )
}

fn remote_access(place: usize, name: &str) -> String {
    let (id, inner) = (900 + place, format!("tunnel.{}", 900 + place));
    let fields = tags([
        ("name", &format!("{name}-N")),
        ("id", &id),
        ("inner-if", &inner),
        ("state", &"active"),
    ]);
    format!("<entry>{fields}</entry>")
}

fn short(tunnel: &Tunnel) -> String {
    tags([
        ("name", &tunnel.name),
        ("id", &tunnel.id),
        ("gwid", &tunnel.id),
        ("inner-if", &tunnel.inner_if),
        ("outer-if", &"ethernet1/1"),
        ("localip", &"10.77.0.4"),
        ("peerip", &tunnel.peer_ip),
        ("state", &tunnel.state.word()),
        ("mon", &tunnel.monitor.word()),
        ("owner", &1),
    ])
}

/// "show vpn flow tunnel-id N" or by name; an unknown one is an empty answer.
pub(super) fn one(fw: &Firewall, which: &str, second: i64) -> String {
    let fits = |tunnel: &&Tunnel| tunnel.name == which || tunnel.id.to_string() == which;
    let Some(tunnel) = fw.tunnels.iter().find(fits) else {
        return String::new();
    };
    let head = tags([("dp", &fw.dataplanes[0].name), ("total", &1)]);
    let (short, more) = (short(tunnel), record(fw, tunnel, second));
    format!("\n{head}\n<IPSec><entry>{short}{more}</entry></IPSec>\n")
}

fn record(fw: &Firewall, tunnel: &Tunnel, second: i64) -> String {
    let up = tunnel.state == TunnelState::Active;
    let counter = |name| {
        fw.interface_counter(&tunnel.inner_if, name, second)
            .unwrap_or(0)
    };
    let (decap, encap) = (counter("ibytes"), counter("obytes"));
    let spi = |what: &str| match up {
        true => format!(
            "{:08X}",
            fw.random(&format!("{what} {}", tunnel.name), second / 3600) as u32
        ),
        false => "00000000".to_owned(),
    };
    let algorithm = |name: &'static str| if up { name } else { "not established" };
    let fields = tags([
        ("natt", &"False"),
        ("mtu", &1427),
        ("enc", &algorithm("AES256")),
        ("auth", &algorithm("SHA256")),
        ("local-spi", &spi("local")),
        ("remote-spi", &spi("remote")),
        ("remaintime", &if up { 3600 - second % 3600 } else { 0 }),
        ("last-rekey", &if up { second % 3600 } else { 0 }),
        ("byte-encap", &encap),
        ("byte-decap", &decap),
        ("pkt-encap", &(encap / 800)),
        ("pkt-decap", &(decap / 800)),
        ("dec-err", &tunnel.decryption_errors),
        ("auth-err", &tunnel.authentication_errors),
        ("inner-warn", &0),
        ("pkt-replay", &tunnel.replayed),
    ]);
    format!("{fields}<monitor>{}</monitor>", monitor(tunnel))
}

fn monitor(tunnel: &Tunnel) -> String {
    if tunnel.monitor == Monitor::Off {
        return tags([("on", &"False")]);
    }
    let up = tunnel.monitor == Monitor::Up;
    tags([
        ("on", &"True"),
        ("status", &if up { "True" } else { "False" }),
        ("src", &"169.254.77.2"),
        ("dst", &"169.254.77.1"),
        ("interval", &3),
        ("threshold", &5),
        ("pkt-sent", &4100),
        ("pkt-recv", &4088),
        ("bitmap", &if up { "11111" } else { "00000" }),
        ("rtt", &11),
    ])
}

/// "show vpn ipsec-sa": no entry for a tunnel that is down, but `ntun` counts it.
pub(super) fn ipsec_sa(fw: &Firewall, second: i64) -> String {
    let entry = |tunnel: &Tunnel| {
        let spi = |what: &str| {
            format!(
                "{:08X}",
                fw.random(&format!("{what} {}", tunnel.name), second / 3600) as u32
            )
        };
        let mut fields = tags([
            ("name", &tunnel.name),
            ("gateway", &tunnel.gateway),
            ("gwid", &tunnel.id),
            ("tid", &tunnel.id),
            // Padded with blanks, as the device pads it.
            ("remote", &format!("{:<24}", tunnel.peer_ip)),
            ("proto", &"ESP"),
            ("enc", &"A256"),
            ("hash", &"SHA256"),
            ("i_spi", &spi("local")),
            ("o_spi", &spi("remote")),
            ("life", &3600),
            ("kb", &"Unlimited"),
        ]);
        if fw.release > Release::V10_1 {
            fields.push_str(&tags([("remain", &(3600 - second % 3600))]));
        }
        format!("<entry>{fields}</entry>\n")
    };
    let entries: String = active(fw).map(entry).collect();
    let entries = match &*entries {
        "" => "<entries/>".to_owned(),
        _ => format!("<entries>{entries}</entries>"),
    };
    tags([("ntun", &fw.tunnels.len())]) + &entries
}

/// "show vpn ike-sa" (IKEv1); nothing without any.
pub(super) fn ike_sa(fw: &Firewall, second: i64) -> String {
    let entry = |tunnel: &Tunnel| {
        let created = second - second % 28_800;
        let fields = tags([
            ("name", &tunnel.gateway),
            ("gwid", &tunnel.id),
            ("role", &"Init"),
            ("mode", &"Main"),
            ("algo", &"PSK/DH14/A256/SHA256"),
            ("created", &clock::short_date_text(created)),
            ("expires", &clock::short_date_text(created + 28_800)),
        ]);
        format!("<entry>{fields}</entry>\n")
    };
    active(fw).map(entry).collect()
}

fn active(fw: &Firewall) -> impl Iterator<Item = &Tunnel> {
    fw.tunnels
        .iter()
        .filter(|tunnel| tunnel.state == TunnelState::Active)
}

/// "show vpn tunnel": the inventory, without states.
pub(super) fn configured(fw: &Firewall) -> String {
    let entry = |tunnel: &Tunnel| {
        let fields = tags([
            ("id", &tunnel.id),
            ("name", &tunnel.name),
            ("gw", &tunnel.gateway),
            ("TSi_ip", &"0.0.0.0"),
            ("TSr_ip", &"0.0.0.0"),
            ("proto", &"ESP"),
            ("mode", &"tunl"),
        ]);
        format!("<entry>{fields}</entry>\n")
    };
    let entries: String = fw.tunnels.iter().map(entry).collect();
    format!(
        "{}<entries>{entries}</entries>",
        tags([("ntun", &fw.tunnels.len())])
    )
}
