//! "show session": the session table, virtual systems, decrypted sessions.

use super::super::model::{Firewall, Platform};
use super::{tag, tags};

/// Configuration values and zeros that stand among the numbers.
const OTHERS: [(&str, &str); 24] = [
    ("tmo-5gcdelete", "15"),
    ("tmo-sctpshutdown", "60"),
    ("tmo-tcp", "3600"),
    ("tmo-udp", "30"),
    ("tmo-icmp", "6"),
    ("tmo-def", "30"),
    ("tmo-tcphandshake", "10"),
    ("tmo-tcp-unverif-rst", "30"),
    ("oor-action", "drop"),
    ("age-scan-thresh", "80"),
    ("age-scan-tmo", "10"),
    ("age-scan-ssf", "8"),
    ("age-accel-en", "True"),
    ("age-accel-thresh", "80"),
    ("age-accel-tsf", "2"),
    ("num-mcast", "0"),
    ("num-bcast", "0"),
    ("num-predict", "112"),
    ("num-gtpc", "0"),
    ("num-gtpu-active", "0"),
    ("num-sctp-sess", "0"),
    ("num-http2-5gc", "0"),
    ("num-imsi", "0"),
    ("vardata-rate", "10485760"),
];
const NUMBERS: [&str; 9] = [
    "num-max",
    "num-active",
    "num-tcp",
    "num-udp",
    "num-icmp",
    "num-installed",
    "pps",
    "cps",
    "kbps",
];

/// Slots that "show session meter" lists on a VM, and on a chassis.
const SLOTS: (usize, usize) = (1, 6);

/// "show session info".
pub(super) fn info(fw: &Firewall, second: i64) -> String {
    let mut fields: Vec<String> = OTHERS
        .iter()
        .map(|(name, value)| tag(name, value))
        .collect();
    // The numbers stand among the rest, not together.
    for (place, name) in NUMBERS.iter().enumerate() {
        let number = fw.session_number(name, second).unwrap();
        fields.insert(place * 3 + 1, tag(name, fw.release.number(number)));
    }
    let dp = match fw.platform {
        Platform::Vm => "*.dp0",
        Platform::Chassis => "s1.dp0",
    };
    fields.push(tag("dp", dp));
    format!("\n{}\n", fields.join("\n"))
}

/// "show session meter": a slot for every virtual system that could be.
pub(super) fn meter(fw: &Firewall, second: i64) -> String {
    let (vm, chassis) = SLOTS;
    let slots = match fw.platform {
        Platform::Vm => vm.max(fw.vsys.len()),
        Platform::Chassis => chassis.max(fw.vsys.len()),
    };
    let mut entries = String::new();
    for (place, dp) in fw.dataplanes.iter().enumerate() {
        for slot in 1..=slots {
            let name = format!("vsys{slot}");
            let current = fw.vsys_sessions_on(&name, place, second);
            let vsys = fw.vsys.iter().find(|vsys| vsys.name == name);
            let maximum = vsys.map_or(0, |vsys| vsys.maximum);
            let fields = tags([
                ("vsys", &name),
                ("dp", &dp.name),
                ("current", &current),
                ("throttled", &0),
                ("maximum", &maximum),
            ]);
            entries.push_str(&format!("<entry>{fields}</entry>\n"));
        }
    }
    entries
}

/// "show session all filter ssl-decrypt yes count yes": each dataplane says its own.
pub(super) fn decrypted(fw: &Firewall) -> String {
    fw.ssl_sessions
        .iter()
        .map(|count| tag("member", count))
        .collect()
}
