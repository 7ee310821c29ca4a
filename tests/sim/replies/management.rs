//! The management plane: CPU, Panorama, licences, and what is asked once an hour.

use super::super::model::{Firewall, Platform, Release};
use super::tags;

/// "show system state filter sys.monitor.*.mp.exports": text that looks like Python.
pub(super) fn cpu(fw: &Firewall, second: i64) -> String {
    if fw.management_cpu.is_empty() {
        return "NO_MATCHES".to_owned();
    }
    let mut lines = String::new();
    for slot in 0..fw.management_cpu.len() {
        let percent = fw.management_cpu_percent(slot, second).unwrap();
        lines.push_str(&match fw.release {
            Release::V12_1 => format!("sys.monitor.s{slot}.mp.exports: {{ cpu: {{ 1minavg: {percent}, }}, mem: {{ used: 61, }}, state: ok, }}\n"),
            _ => format!("sys.monitor.s{slot}.mp.exports: {{ 'cpu': {{ '1minavg': {percent}, }}, 'mem': {{ 'used': 61, }}, 'env': {{ 'power': ok, }}, }}\n"),
        });
    }
    format!("<![CDATA[{lines}]]>")
}

/// "show panorama-status": text, and nothing on a firewall that no Panorama manages.
pub(super) fn panorama(fw: &Firewall) -> String {
    let mut text = String::new();
    for (place, connected) in fw.panorama.iter().enumerate() {
        let (number, yes) = (place + 1, if *connected { "yes" } else { "no" });
        let ha = match (connected, place) {
            (false, _) => "disconnected",
            (true, 0) => "primary-active",
            (true, _) => "secondary-passive",
        };
        text.push_str(&format!("\nPanorama Server {number} : 10.77.250.{number}\n    Connected     : {yes}\n    HA state      : {ha}\n"));
    }
    text
}

/// "request license info".
pub(super) fn licences(fw: &Firewall) -> String {
    let licence = |licence: &super::super::model::Licence| {
        let fields = tags([
            ("feature", &licence.feature),
            ("description", &format!("{} licence", licence.feature)),
            ("serial", &fw.serial),
            ("issued", &"January 05, 2026"),
            ("expires", &licence.expires),
            ("expired", &if licence.expired { "yes" } else { "no" }),
        ]);
        format!("<entry>{fields}<authcode/></entry>\n")
    };
    let entries: String = fw.licences.iter().map(licence).collect();
    format!("<licenses>{entries}</licenses>")
}

/// "show system disk-space".
pub(super) fn disk() -> String {
    "<![CDATA[Filesystem      Size  Used Avail Use% Mounted on\n/dev/root       7.0G  4.4G  2.3G  67% /\n\
     /dev/nvme0n1p5   16G  9.1G  6.1G  60% /opt/pancfg\n/dev/nvme0n1p8   21G  3.3G   17G  17% /opt/panlogs\n]]>"
        .to_owned()
}

/// "show system environmentals": a VM has none.
pub(super) fn environmentals(fw: &Firewall) -> String {
    if fw.platform == Platform::Vm {
        return String::new();
    }
    let fields = tags([
        ("slot", &1),
        ("description", &"Temperature: inlet"),
        ("min", &"0.0"),
        ("max", &"60.0"),
        ("alarm", &"False"),
        ("DegreesC", &"27.5"),
    ]);
    format!("<thermal><Slot1><entry>{fields}</entry></Slot1></thermal>")
}

/// "show jobs all".
pub(super) fn jobs(_: &Firewall) -> String {
    let job = tags([
        ("id", &31),
        ("type", &"Downld"),
        ("status", &"FIN"),
        ("result", &"OK"),
        ("progress", &100),
    ]);
    format!("<job>{job}</job>")
}
