//! Firewalls as they come: a VM-Series, a chassis, the two members of an HA pair.

use std::collections::{BTreeMap, BTreeSet};

use super::super::clock;
use super::counters;
use super::firewall::{Firewall, SessionTable};
use super::furniture::{dataplane, interfaces, licences, load, pair, peers, rules, tunnels, vsys};
use super::parts::{Monitor, TunnelState};
use super::peers::{HaState, Routing};
use super::release::{Platform, Release};

/// Seconds that a new firewall has been up: 41 days and some hours.
const UPTIME: i64 = 41 * 86_400 + 3 * 3600 + 1907;

impl Firewall {
    /// A busy VM-Series with four cores, three tunnels, two BGP peers on the legacy engine, no HA, release 11.1.
    pub fn vm() -> Self {
        let boot = clock::unix() - UPTIME;
        let mut firewall = Self {
            name: "fw-sim".to_owned(),
            serial: "007900000777".to_owned(),
            model: "PA-VM".to_owned(),
            platform: Platform::Vm,
            release: Release::V11_1,
            seed: 1,
            frozen_unix: None,
            boot_unix: boot,
            api_key: key(1),
            keys_dead: false,
            users: BTreeMap::from([("monitor".to_owned(), "correct horse".to_owned())]),
            role_without: BTreeSet::new(),
            fault: None,
            faults: BTreeMap::new(),
            dataplanes: vec![dataplane("dp0", 4, 0)],
            load: load(42.0),
            packet_buffer_percent: 7,
            packet_descriptor_percent: 3,
            on_chip_descriptor_percent: 11,
            buffer_protection: (6.0, 17_203),
            ssl_sessions: vec![318],
            sessions: SessionTable {
                max: 819_200,
                active: 128_540,
                cps: 1_830,
                pps: 212_400,
                kbps: 1_463_000,
            },
            vsys: vec![vsys("vsys1", 100, 0)],
            management_cpu: vec![17],
            management_idle: 81.4,
            management_memory: (14_336_000, 9_748_480),
            panorama: vec![true, true],
            licences: licences(),
            interfaces: interfaces(
                &["ethernet1/1", "ethernet1/2", "ethernet1/3"],
                60_000_000,
                boot,
            ),
            tunnels: tunnels(boot),
            gateways: vec![
                ("gp-east".to_owned(), 214, 5_120),
                ("gp-west".to_owned(), 61, 903),
            ],
            routing: Some(Routing::Legacy),
            bgp: peers(boot),
            pbf: rules(),
            ha: None,
            counters: counters::counters(boot),
        };
        firewall.stop_meters();
        firewall
    }

    /// A chassis with three dataplanes on two slots, cores that do not exist, two virtual systems, advanced routing.
    pub fn chassis() -> Self {
        let vm = Self::vm();
        Self {
            name: "core-sim".to_owned(),
            serial: "010701009999".to_owned(),
            model: "PA-7080".to_owned(),
            platform: Platform::Chassis,
            dataplanes: vec![
                dataplane("s1dp0", 12, 0),
                dataplane("s1dp1", 12, 2),
                dataplane("s2dp0", 8, 4),
            ],
            load: load(31.0),
            buffer_protection: (4.0, 18_660),
            ssl_sessions: vec![702, 951, 233],
            sessions: SessionTable {
                max: 80_000_000,
                active: 4_128_540,
                cps: 61_000,
                pps: 9_800_000,
                kbps: 61_400_000,
            },
            vsys: vec![vsys("vsys1", 70, 0), vsys("vsys2", 30, 20_000_000)],
            management_cpu: vec![12, 27],
            management_memory: (1_055_956_992, 262_144_000),
            interfaces: interfaces(
                &[
                    "ethernet1/1",
                    "ethernet1/2",
                    "ethernet2/1",
                    "ethernet2/2",
                    "ae1",
                ],
                900_000_000,
                vm.boot_unix,
            ),
            routing: Some(Routing::Advanced),
            ..vm
        }
    }

    /// A VM-Series that is the active member of a pair, on AWS: HA1 on management, HA2 on an interface of its own.
    pub fn ha_active() -> Self {
        let vm = Self::vm();
        Self {
            name: "fw-sim-a".to_owned(),
            ha: Some(pair(HaState::Active, HaState::Passive, vm.boot_unix)),
            ..vm
        }
    }

    /// Its partner: idle, its tunnels without keys, its peers not established.
    pub fn ha_passive() -> Self {
        let vm = Self::vm();
        let mut passive = Self {
            name: "fw-sim-b".to_owned(),
            serial: "007900000778".to_owned(),
            seed: 2,
            api_key: key(2),
            load: load(2.0),
            ha: Some(pair(HaState::Passive, HaState::Active, vm.boot_unix)),
            ..vm
        };
        for tunnel in &mut passive.tunnels {
            tunnel.state = TunnelState::Init;
            tunnel.monitor = Monitor::Off;
        }
        for peer in &mut passive.bgp {
            peer.established = false;
        }
        passive.stop_meters();
        passive
    }

    /// The same with another name, serial, seed and key, all from `number`: for many behind one port.
    pub fn numbered(mut self, number: usize) -> Self {
        self.name = format!("fw-{number:03}");
        self.serial = format!("0079{number:08}");
        self.seed = self
            .seed
            .wrapping_mul(1_000_003)
            .wrapping_add(number as u64);
        self.api_key = key(self.seed);
        self.users = BTreeMap::from([(format!("monitor-{number}"), "correct horse".to_owned())]);
        self
    }

    /// The same on another release.
    pub fn on(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    /// The same with another routing engine.
    pub fn routed(mut self, routing: Routing) -> Self {
        self.routing = Some(routing);
        self
    }

    /// The same with its randomness and its key from another seed.
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.api_key = key(seed);
        self
    }
}

/// A key in the look of a device's, always the same for a seed.
pub(super) fn key(seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
    let body: String = (0..51).map(|_| random.alphanumeric()).collect();
    format!("LUFR{body}=")
}
