//! "show system info" and `type=version`: which firewall this is.

use quick_xml::escape::escape;

use super::super::clock;
use super::super::model::{Firewall, Platform, Release, Routing};
use super::{tag, tags};

/// `type=version`.
pub fn version(fw: &Firewall) -> String {
    tags([
        ("sw-version", &fw.release.version()),
        ("multi-vsys", &multi_vsys(fw)),
        ("model", &fw.model),
        ("serial", &fw.serial),
    ])
}

/// "show system info".
pub(super) fn info(fw: &Firewall, second: i64) -> String {
    let uptime = clock::uptime_text(fw.uptime(second));
    let mut fields = tags([
        ("hostname", &fw.name),
        ("ip-address", &"10.77.255.4"),
        ("public-ip-address", &"unknown"),
        ("netmask", &"255.255.255.0"),
        ("default-gateway", &"10.77.255.1"),
        ("is-dhcp", &"no"),
        ("mac-address", &"02:fe:77:00:00:01"),
        // The newline at its end is the device's.
        ("time", &format!("{}\n", clock::date_text(second))),
        ("uptime", &uptime),
        ("devicename", &fw.name),
        ("family", &family(fw)),
        ("model", &fw.model),
        ("serial", &fw.serial),
    ]);
    if fw.platform == Platform::Vm {
        fields.push_str(&tags([
            ("vm-mac-base", &"02:FE:77:01:00:00"),
            ("vm-mac-count", &"256"),
            (
                "vm-uuid",
                &format!("EC2{:05X}-5A5A-77FE-0000-00000000FEED", fw.seed % 0x10_0000),
            ),
            ("vm-cpuid", &format!("AWSMP:57060500FFFB8B1F:{}", fw.seed)),
            ("vm-license", &"VM-SERIES-4"),
            ("vm-cap-tier", &"T2-16GB"),
            ("vm-cpu-count", &"4"),
            ("vm-memory", &"16211168"),
            ("vm-mode", &"Amazon AWS"),
            ("cloud-mode", &"cloud"),
        ]));
    }
    fields.push_str(&tags([
        ("sw-version", &fw.release.version()),
        ("app-version", &"8931-9210"),
        ("threat-version", &"8931-9210"),
        ("platform-family", &family(fw)),
        ("vpn-disable-mode", &"off"),
        ("multi-vsys", &multi_vsys(fw)),
        ("operational-mode", &"normal"),
    ]));
    if fw.release > Release::V10_1 {
        let advanced = fw.routing == Some(Routing::Advanced);
        fields.push_str(&tag(
            "advanced-routing",
            if advanced { "on" } else { "off" },
        ));
        fields.push_str(&tag("device-certificate-status", "Valid"));
    }
    fields.push_str(&plugins(fw));
    format!("<system>{fields}</system>")
}

fn plugins(fw: &Firewall) -> String {
    let version = match fw.release {
        Release::V10_1 => "2.1.14",
        Release::V11_1 => "5.1.6",
        Release::V12_1 => "6.1.4",
    };
    let package = escape(format!("vm_series-{version}")).into_owned();
    format!(
        "<plugin_versions><entry name=\"vm_series\" version=\"{version}\"><pkginfo>{package}</pkginfo></entry></plugin_versions>"
    )
}

fn family(fw: &Firewall) -> &'static str {
    match fw.platform {
        Platform::Vm => "vm",
        Platform::Chassis => "7000b",
    }
}

fn multi_vsys(fw: &Firewall) -> &'static str {
    if fw.vsys.len() > 1 { "on" } else { "off" }
}
