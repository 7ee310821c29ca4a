//! Values that follow from a firewall's fields, its seed and the time: the answers and the tests use the same ones.

use super::super::clock;
use super::firewall::Firewall;
use super::meter::Meter;
use super::parts::TunnelState;

impl Firewall {
    /// The unix second in which the firewall lives.
    pub fn now(&self) -> i64 {
        self.frozen_unix.unwrap_or_else(clock::unix)
    }

    /// How long it has run by then.
    pub fn uptime(&self, second: i64) -> i64 {
        (second - self.boot_unix).max(0)
    }

    /// A random number that is always the same for a seed, a thing and a second (FNV-1a, then fastrand).
    pub fn random(&self, what: &str, second: i64) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let bytes = self.seed.to_le_bytes().into_iter();
        let bytes = bytes.chain(second.to_le_bytes()).chain(what.bytes());
        for byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        fastrand::Rng::with_seed(hash).u64(..)
    }

    /// A level that goes up and down by up to the load's noise.
    pub(in super::super) fn wobble(&self, level: u64, what: &str, second: i64) -> u64 {
        let noise = u64::from(self.load.noise_percent);
        if noise == 0 {
            return level;
        }
        let percent = 100 + self.random(what, second) % (2 * noise + 1);
        level * percent.saturating_sub(noise) / 100
    }

    /// Sessions in the table.
    pub fn sessions_active(&self, second: i64) -> u64 {
        if second < self.boot_unix {
            return 0;
        }
        let active = self.wobble(self.sessions.active, "num-active", second);
        active.min(self.sessions.max)
    }

    /// A number of "show session info", by its element's name.
    pub fn session_number(&self, name: &str, second: i64) -> Option<u64> {
        let active = self.sessions_active(second);
        let (tcp, udp) = (active * 60 / 100, active * 35 / 100);
        Some(match name {
            "num-max" => self.sessions.max,
            "num-active" => active,
            "num-tcp" => tcp,
            "num-udp" => udp,
            "num-icmp" => active - tcp - udp,
            "cps" => self.wobble(self.sessions.cps, name, second),
            "pps" => self.wobble(self.sessions.pps, name, second),
            "kbps" => self.wobble(self.sessions.kbps, name, second),
            // The device's own counter has 32 bits.
            "num-installed" => {
                let since = u64::try_from(self.uptime(second)).unwrap();
                self.sessions.cps * since % (1 << 32)
            }
            _ => return None,
        })
    }

    /// Sessions of a virtual system on a dataplane (its place in the list); the first has what cannot be shared evenly.
    pub fn vsys_sessions_on(&self, vsys: &str, dataplane: usize, second: i64) -> u64 {
        let Some(vsys) = self.vsys.iter().find(|other| other.name == vsys) else {
            return 0;
        };
        let all = self.sessions_active(second) * vsys.share_percent / 100;
        let dataplanes = self.dataplanes.len() as u64;
        let rest = if dataplane == 0 { all % dataplanes } else { 0 };
        all / dataplanes + rest
    }

    /// Sessions of a virtual system.
    pub fn vsys_sessions(&self, vsys: &str, second: i64) -> u64 {
        let dataplanes = 0..self.dataplanes.len();
        dataplanes
            .map(|place| self.vsys_sessions_on(vsys, place, second))
            .sum()
    }

    /// CPU of a management plane in percent.
    pub fn management_cpu_percent(&self, slot: usize, second: i64) -> Option<u32> {
        let level = u64::from(*self.management_cpu.get(slot)?);
        let percent = self.wobble(level, &format!("mp {slot}"), second);
        Some(u32::try_from(percent).unwrap().min(100))
    }

    /// Congestion of packet-buffer protection, and its maximum.
    pub fn congestion(&self) -> (u64, u64) {
        let (percent, max) = self.buffer_protection;
        ((percent * max as f64 / 100.0).round() as u64, max)
    }

    /// A global counter.
    pub fn counter(&self, name: &str, second: i64) -> Option<u64> {
        let counter = self.counters.iter().find(|counter| counter.name == name)?;
        Some(self.read(&counter.meter, name, second))
    }

    /// A counter of an interface by its element's name (`ibytes`, `tx-error` …), or `ibytes` and `obytes` of a tunnel's.
    pub fn interface_counter(&self, interface: &str, name: &str, second: i64) -> Option<u64> {
        let what = format!("{interface} {name}");
        if let Some(tunnel) = self.tunnels.iter().find(|t| t.inner_if == interface) {
            let meter = match name {
                "ibytes" => &tunnel.bytes_in,
                "obytes" => &tunnel.bytes_out,
                _ => return None,
            };
            return Some(self.read(meter, &what, second));
        }
        let interface = self.interfaces.iter().find(|i| i.name == interface)?;
        let (_, meter) = interface
            .meters()
            .into_iter()
            .find(|(own, _)| *own == name)?;
        Some(self.read(meter, &what, second))
    }

    fn read(&self, meter: &Meter, what: &str, second: i64) -> u64 {
        meter.at(second, self.jitter(what, second))
    }

    pub(super) fn jitter(&self, what: &str, second: i64) -> u64 {
        match self.load.noise_percent {
            0 => 0,
            _ => self.random(what, second),
        }
    }

    /// Tunnels that pass packets.
    pub fn tunnels_active(&self) -> usize {
        let active = |tunnel: &&_| {
            matches!(
                tunnel,
                super::Tunnel {
                    state: TunnelState::Active,
                    ..
                }
            )
        };
        self.tunnels.iter().filter(active).count()
    }
}
