//! What drives a firewall: what an operator or an accident does to it.

use super::super::server::Fault;
use super::firewall::Firewall;
use super::meter::Meter;
use super::parts::{Monitor, Tunnel, TunnelState};
use super::peers::{BgpPeer, HaState};

impl Firewall {
    /// Starts anew: a short uptime, all that is cumulative from 0, sessions of peers come up once.
    pub fn reboot(&mut self) {
        self.reboot_at(self.now());
    }

    /// The same, as if it had been at a unix second.
    pub fn reboot_at(&mut self, unix: i64) {
        self.boot_unix = unix;
        for meter in self.meters_mut() {
            meter.reset(unix);
        }
        for tunnel in &mut self.tunnels {
            tunnel.decryption_errors = 0;
            tunnel.authentication_errors = 0;
            tunnel.replayed = 0;
        }
        for peer in &mut self.bgp {
            peer.established_count = u64::from(peer.is_up());
            peer.lost_count = 0;
            peer.since = unix;
        }
        if let Some(ha) = &mut self.ha {
            ha.preempt_flaps = 0;
            ha.nonfunctional_flaps = 0;
            ha.since = unix;
        }
    }

    /// What a test can foresee to the digit: no noise and no swing.
    pub fn steady(mut self) -> Self {
        self.load.noise_percent = 0;
        self.load.swing_percent = 0.0;
        self
    }

    /// Sets what goes wrong with a command.
    pub fn fault_for(&mut self, command: &str, fault: Fault) {
        self.faults.insert(command.to_owned(), fault);
    }

    /// Nothing goes wrong any more.
    pub fn no_faults(&mut self) {
        self.fault = None;
        self.faults.clear();
    }

    /// Another key, as after a changed password: the old one is dead, keygen gives the new one.
    pub fn new_key(&mut self) -> String {
        let salt = fastrand::u64(..);
        self.api_key = super::builds::key(self.random(&self.api_key, salt as i64));
        self.api_key.clone()
    }

    /// The tunnel of this name.
    pub fn tunnel_mut(&mut self, name: &str) -> &mut Tunnel {
        let mut tunnels = self.tunnels.iter_mut();
        tunnels.find(|t| t.name == name).expect("no such tunnel")
    }

    /// Sets a tunnel's state, and what its monitor (where there is one) sees of it.
    pub fn set_tunnel(&mut self, name: &str, state: TunnelState) {
        let tunnel = self.tunnel_mut(name);
        tunnel.state = state;
        if tunnel.monitor != Monitor::Off {
            let up = state == TunnelState::Active;
            tunnel.monitor = if up { Monitor::Up } else { Monitor::Down };
        }
    }

    /// The BGP peer of this name.
    pub fn peer_mut(&mut self, name: &str) -> &mut BgpPeer {
        let mut peers = self.bgp.iter_mut();
        peers.find(|peer| peer.name == name).expect("no such peer")
    }

    /// Sets the state of an HA member, and the partner's that goes with it.
    pub fn set_ha(&mut self, state: HaState) {
        let ha = self.ha.as_mut().expect("HA is off");
        ha.state = state;
        if ha.peer_up {
            ha.peer_state = match state {
                HaState::Active => HaState::Passive,
                HaState::ActivePrimary => HaState::ActiveSecondary,
                HaState::ActiveSecondary => HaState::ActivePrimary,
                _ => HaState::Active,
            };
        }
    }

    /// The partner goes off (or comes back as what it can be).
    pub fn set_partner(&mut self, up: bool) {
        let ha = self.ha.as_mut().expect("HA is off");
        ha.peer_up = up;
        for link in [
            &mut ha.ha1,
            &mut ha.ha1_backup,
            &mut ha.ha2,
            &mut ha.ha2_backup,
        ] {
            *link = link.map(|_| up);
        }
        ha.peer_state = match (up, ha.state) {
            (false, _) => HaState::Unknown,
            (true, HaState::Active) => HaState::Passive,
            (true, _) => HaState::Active,
        };
    }

    /// All packet cores read 100 in this unix second.
    pub fn spike(&mut self, second: i64) {
        self.load.spikes.insert(second);
    }

    /// Draws the consequences of a change: `before` is what the firewall was.
    pub(in super::super) fn settle(&mut self, before: &Self) {
        let now = self.now();
        self.stop_meters();
        let names: Vec<String> = self.meter_names();
        let jitters: Vec<u64> = names.iter().map(|name| before.jitter(name, now)).collect();
        let old = before.clone().into_meters();
        if names == before.meter_names() {
            for ((meter, old), jitter) in self.meters_mut().into_iter().zip(&old).zip(jitters) {
                meter.go_on(old, now, jitter);
            }
        }
        for peer in &mut self.bgp {
            if let Some(was) = before.bgp.iter().find(|was| was.name == peer.name) {
                settle_peer(peer, was, now);
            }
        }
        if let (Some(ha), Some(was)) = (&mut self.ha, &before.ha)
            && ha.state != was.state
            && ha.since == was.since
        {
            ha.since = now;
        }
    }

    /// A tunnel that is not active passes nothing.
    pub(super) fn stop_meters(&mut self) {
        for tunnel in &mut self.tunnels {
            let stopped = tunnel.state != TunnelState::Active;
            tunnel.bytes_in.stopped = stopped;
            tunnel.bytes_out.stopped = stopped;
        }
    }

    /// All meters: of the interfaces, the tunnels, the global counters.
    fn meters_mut(&mut self) -> Vec<&mut Meter> {
        let mut meters: Vec<&mut Meter> = Vec::new();
        meters.extend(
            self.interfaces
                .iter_mut()
                .flat_map(super::Interface::meters_mut),
        );
        for tunnel in &mut self.tunnels {
            meters.extend([&mut tunnel.bytes_in, &mut tunnel.bytes_out]);
        }
        meters.extend(self.counters.iter_mut().map(|counter| &mut counter.meter));
        meters
    }

    fn into_meters(mut self) -> Vec<Meter> {
        self.meters_mut().into_iter().map(|meter| *meter).collect()
    }

    /// The names of all meters, in the same order: their jitter hangs on them.
    fn meter_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for interface in &self.interfaces {
            let meters = interface.meters();
            names.extend(meters.map(|(name, _)| format!("{} {name}", interface.name)));
        }
        for tunnel in &self.tunnels {
            names.extend(["ibytes", "obytes"].map(|name| format!("{} {name}", tunnel.inner_if)));
        }
        names.extend(self.counters.iter().map(|counter| counter.name.to_owned()));
        names
    }
}

/// Counts a session that came up or was lost, unless the change counted it itself.
fn settle_peer(peer: &mut BgpPeer, was: &BgpPeer, now: i64) {
    let counts = |peer: &BgpPeer| (peer.established_count, peer.lost_count, peer.since);
    if peer.is_up() == was.is_up() || counts(peer) != counts(was) {
        return;
    }
    peer.since = now;
    if peer.is_up() {
        peer.established_count += 1;
    } else {
        peer.lost_count += 1;
    }
}
