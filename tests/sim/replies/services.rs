//! GlobalProtect users, policy-based forwarding, the gateway load balancer.

use super::super::model::{Firewall, PbfRule, Release};
use super::{entry, tags};

/// "show global-protect-gateway statistics".
pub(super) fn remote_access(fw: &Firewall) -> String {
    let gateway = |(name, now, before): &(String, u64, u64)| {
        let fields = tags([("CurrentUsers", now), ("PreviousUsers", before)]);
        entry(name, fw.release == Release::V10_1, &fields)
    };
    let gateways: String = fw.gateways.iter().map(gateway).collect();
    let now: u64 = fw.gateways.iter().map(|(_, now, _)| now).sum();
    let before: u64 = fw.gateways.iter().map(|(.., before)| before).sum();
    let totals = tags([("TotalCurrentUsers", &now), ("TotalPreviousUsers", &before)]);
    format!("\n<Gateway>\n{gateways}</Gateway>\n{totals}\n")
}

/// "show global-protect-gateway current-user": an entry for each user, which a poller must not read.
pub(super) fn current_users(fw: &Firewall) -> String {
    let mut users = String::new();
    for (gateway, now, _) in &fw.gateways {
        for number in 0..*now {
            let fields = tags([
                ("username", &format!("user{number}@{gateway}")),
                ("virtual-ip", &"10.78.0.1"),
            ]);
            users.push_str(&format!("<entry>{fields}</entry>\n"));
        }
    }
    users
}

/// "show pbf rule all".
pub(super) fn pbf(fw: &Firewall) -> String {
    let rule = |(place, rule): (usize, &PbfRule)| {
        let fields = tags([
            ("id", &(place + 1)),
            ("state", &"Active"),
            ("action", &"Forward"),
            ("egress-if", &rule.egress_if),
            ("nexthop", &rule.next_hop),
            ("nh_state", &if rule.up { "UP" } else { "DOWN" }),
        ]);
        entry(&rule.name, fw.release == Release::V12_1, &fields)
    };
    let rules: String = fw.pbf.iter().enumerate().map(rule).collect();
    match &*rules {
        "" => String::new(),
        _ => format!("<entries>\n{rules}</entries>"),
    }
}

/// "show plugins vm_series aws gwlb": text.
pub(super) fn gwlb() -> String {
    "<![CDATA[\nGWLB enabled: True\nOverlay Routing: False\n=====================================================\nVPC endpoint                      Interface\nvpce-0123456789abcdef0            ethernet1/1.1\n]]>".to_owned()
}
