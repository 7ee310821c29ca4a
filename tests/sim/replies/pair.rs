//! "show high-availability state".

use super::super::model::{Firewall, Ha, HaState, Release};
use super::{tag, tags};

/// The pair as this member sees it.
pub(super) fn state(fw: &Firewall, second: i64) -> String {
    let Some(ha) = &fw.ha else {
        return off(fw.release);
    };
    let mode = match ha.state {
        HaState::ActivePrimary | HaState::ActiveSecondary => "Active-Active",
        _ => "Active-Passive",
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let sync = if ha.in_sync {
        "synchronized"
    } else {
        "not synchronized"
    };
    format!(
        "\n<enabled>yes</enabled>\n<group>\n{}<local-info>{}</local-info>\n<peer-info>{}</peer-info>\n{}{}</group>\n",
        tag("mode", mode),
        local(fw, ha, second),
        peer(fw, ha),
        monitoring(fw),
        tags([
            ("running-sync", &sync),
            ("running-sync-enabled", &yes(ha.sync_enabled))
        ]),
    )
}

/// Switched off: what is said of this member stands at one place or at the other.
fn off(release: Release) -> String {
    let local = "<local-info><state>disabled</state></local-info>";
    match release {
        Release::V10_1 => format!("<enabled>no</enabled>{local}"),
        _ => format!("<enabled>no</enabled><group>{local}</group>"),
    }
}

fn local(fw: &Firewall, ha: &Ha, second: i64) -> String {
    let synced = match (ha.peer_up, ha.sync_enabled) {
        (true, true) => "Complete",
        (true, false) => "User-disabled",
        (false, _) => "HA1-peer-disconnected",
    };
    tags([
        ("version", &1),
        ("state", &ha.state.word()),
        ("state-duration", &(second - ha.since).max(0)),
        ("state-sync", &synced),
        ("state-sync-type", &"ip"),
        ("priority", &if fw.seed % 2 == 1 { 100 } else { 110 }),
        ("preemptive", &"no"),
        ("preempt-flap-cnt", &ha.preempt_flaps),
        ("nonfunc-flap-cnt", &ha.nonfunctional_flaps),
        ("max-flaps", &3),
        ("platform-model", &fw.model),
        ("build-rel", &fw.release.version()),
        ("build-compat", &"Match"),
        ("app-compat", &"Match"),
        ("ha1-ipaddr", &"10.77.255.4/24"),
    ])
}

fn peer(fw: &Firewall, ha: &Ha) -> String {
    let mut fields = tags([
        ("state", &ha.peer_state.word()),
        ("priority", &if fw.seed % 2 == 1 { 110 } else { 100 }),
        ("platform-model", &fw.model),
        ("build-rel", &fw.release.version()),
        ("conn-status", &up_down(ha.peer_up)),
    ]);
    let links = [
        ("conn-ha1", ha.ha1, "heartbeat status"),
        ("conn-ha1-backup", ha.ha1_backup, "heartbeat status"),
        ("conn-ha2", ha.ha2, "link status"),
        ("conn-ha2-backup", ha.ha2_backup, "link status"),
    ];
    for (name, up, description) in links {
        let Some(up) = up else {
            continue;
        };
        let mut link = tags([
            ("conn-status", &up_down(up)),
            (
                "conn-primary",
                &if name.ends_with("backup") {
                    "no"
                } else {
                    "yes"
                },
            ),
            ("conn-desc", &description),
        ]);
        if !up {
            link.push_str(&tag("conn-down-reason", "Never able to connect to peer"));
        }
        fields.push_str(&format!("<{name}>{link}</{name}>"));
    }
    fields
}

fn up_down(up: bool) -> &'static str {
    if up { "up" } else { "down" }
}

fn monitoring(fw: &Firewall) -> String {
    let interface = |interface: &super::super::model::Interface| {
        let fields = tags([
            ("name", &interface.name),
            ("status", &up_down(interface.up)),
        ]);
        format!("<entry>{fields}</entry>")
    };
    let interfaces: String = fw.interfaces.iter().map(interface).collect();
    format!(
        "<link-monitoring><enabled>yes</enabled><groups><entry><name>wires</name><enabled>yes</enabled>\
         <interface>{interfaces}</interface></entry></groups></link-monitoring>\n\
         <path-monitoring><enabled>no</enabled><virtual-wire/><vlan/><virtual-router/></path-monitoring>\n"
    )
}
