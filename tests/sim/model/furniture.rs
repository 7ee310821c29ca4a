//! What a new firewall is furnished with: dataplanes, interfaces, tunnels, peers, licences.

use std::collections::BTreeSet;

use super::firewall::{Licence, Vsys};
use super::load::{Dataplane, Load};
use super::meter::Meter;
use super::parts::{Interface, Monitor, PbfRule, Tunnel, TunnelState};
use super::peers::{BgpPeer, Ha, HaState};

pub(super) fn dataplane(name: &str, cores: u32, absent_cores: u32) -> Dataplane {
    Dataplane {
        name: name.to_owned(),
        cores,
        absent_cores,
    }
}

pub(super) fn load(base_percent: f64) -> Load {
    Load {
        base_percent,
        swing_percent: base_percent / 4.0,
        noise_percent: 4,
        core_skew: 1.5,
        spikes: BTreeSet::new(),
    }
}

pub(super) fn vsys(name: &str, share_percent: u64, maximum: u64) -> Vsys {
    Vsys {
        name: name.to_owned(),
        share_percent,
        maximum,
    }
}

pub(super) fn licences() -> Vec<Licence> {
    let licence = |feature: &str, expires: &str| Licence {
        feature: feature.to_owned(),
        expires: expires.to_owned(),
        expired: false,
    };
    vec![
        licence("PA-VM", "Never"),
        licence("Threat Prevention", "December 31, 2027"),
        licence("GlobalProtect Gateway", "March 05, 2028"),
    ]
}

pub(super) fn interfaces(names: &[&str], bytes: u64, boot: i64) -> Vec<Interface> {
    let zones = ["untrust", "trust", "dmz"];
    let interface = |(place, name): (usize, &&str)| {
        let meter = |per_second: u64| Meter::new(per_second / (1 + place as u64), boot);
        Interface {
            name: (*name).to_owned(),
            up: true,
            speed: 10_000,
            zone: zones[place % zones.len()].to_owned(),
            ip: format!("10.77.{place}.4/24"),
            bytes_in: meter(bytes),
            bytes_out: meter(bytes * 2 / 3),
            packets_in: meter(bytes / 900),
            packets_out: meter(bytes / 1200),
            errors_in: Meter::new(0, boot),
            drops_in: meter(6),
            errors_out: Meter::new(0, boot),
        }
    };
    names.iter().enumerate().map(interface).collect()
}

pub(super) fn tunnels(boot: i64) -> Vec<Tunnel> {
    let tunnel = |id: u32, name: &str, monitor| Tunnel {
        name: name.to_owned(),
        id,
        inner_if: format!("tunnel.{id}"),
        gateway: format!("gw-{}", name.split(':').next().unwrap()),
        peer_ip: format!("203.0.113.{}", 10 + id),
        state: TunnelState::Active,
        monitor,
        bytes_in: Meter::new(2_500_000 / u64::from(id), boot),
        bytes_out: Meter::new(1_700_000 / u64::from(id), boot),
        decryption_errors: 0,
        authentication_errors: 0,
        replayed: u64::from(id),
    };
    vec![
        tunnel(1, "to-aws-1", Monitor::Up),
        tunnel(2, "to-aws-2", Monitor::Up),
        tunnel(3, "branch:proxy-a", Monitor::Off),
    ]
}

pub(super) fn peers(boot: i64) -> Vec<BgpPeer> {
    let peer = |place: u8, name: &str, prefixes| BgpPeer {
        name: name.to_owned(),
        remote_as: 64_512,
        peer_ip: format!("169.254.{place}.1"),
        local_ip: format!("169.254.{place}.2"),
        established: true,
        shut: false,
        prefixes,
        established_count: 2,
        lost_count: 1,
        since: boot + 3600,
    };
    vec![peer(21, "aws-a", 14), peer(22, "aws-b", 9)]
}

pub(super) fn rules() -> Vec<PbfRule> {
    let rule = |id: u32| PbfRule {
        name: format!("via-aws-{id}"),
        egress_if: format!("tunnel.{id}"),
        next_hop: format!("169.254.{}.1", 20 + id),
        up: true,
    };
    vec![rule(1), rule(2)]
}

pub(super) fn pair(state: HaState, peer_state: HaState, boot: i64) -> Ha {
    Ha {
        state,
        since: boot + 120,
        peer_state,
        peer_up: true,
        ha1: Some(true),
        ha1_backup: None,
        ha2: Some(true),
        ha2_backup: None,
        in_sync: true,
        sync_enabled: true,
        preempt_flaps: 0,
        nonfunctional_flaps: 1,
    }
}
