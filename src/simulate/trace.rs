//! What happens to a fleet: load over time, and what breaks.

/// A trap for scaling policies. Load is a share of what the largest fleet could carry.
#[derive(Debug, Clone, Copy)]
pub struct Trace {
    /// Its name on the command line.
    pub name: &'static str,
    /// What happens.
    pub about: &'static str,
    /// How long it lasts, minutes.
    pub minutes: u64,
    /// The moment that reactions are measured from, minutes.
    pub mark: u64,
    /// Load at a minute.
    pub load: fn(f64) -> f64,
    /// What breaks.
    pub event: Event,
}

/// What breaks, minutes from the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// Nothing.
    None,
    /// A bulk flow of half a firewall's capacity comes and goes.
    Bulk(u64, u64),
    /// No exporter gets anything to CloudWatch.
    SilentAll(u64, u64),
    /// The exporters of every other firewall then in service do not.
    SilentHalf(u64, u64),
    /// One firewall dies.
    Death(u64),
}

/// A bulk flow: one flow for the load balancer (all streams between two hosts, with 2-tuple or 3-tuple stickiness).
pub const BULK_LOAD: f64 = 0.5;

/// Every trace.
pub const TRACES: [Trace; 7] = [
    Trace {
        name: "daily",
        about: "a day: night at 10 %, noon at 55 % of the largest fleet's capacity",
        minutes: 1440,
        mark: 300,
        load: |m| 0.10 + 0.45 * (0.5 - 0.5 * (m / 1440.0 * std::f64::consts::TAU).cos()).powi(2),
        event: Event::None,
    },
    Trace {
        name: "flash-crowd",
        about: "four times the load within five minutes, for 40 minutes, then down within 30",
        minutes: 360,
        mark: 120,
        load: |m| 0.12 + 0.36 * ramp(m, 120.0, 125.0) - 0.36 * ramp(m, 165.0, 195.0),
        event: Event::None,
    },
    Trace {
        name: "elephant",
        about: "one bulk flow of half a firewall on one firewall, for four hours",
        minutes: 480,
        mark: 60,
        load: |_| 0.27,
        event: Event::Bulk(60, 300),
    },
    Trace {
        name: "silent-rise",
        about: "no exporter reaches CloudWatch for 90 minutes while the load triples",
        minutes: 360,
        mark: 60,
        load: |m| 0.14 + 0.34 * ramp(m, 60.0, 150.0) - 0.20 * ramp(m, 240.0, 330.0),
        event: Event::SilentAll(80, 170),
    },
    Trace {
        name: "silent-fall",
        about: "every other exporter falls silent while the load falls; the load comes back before they do",
        minutes: 600,
        mark: 300,
        load: |m| 0.45 - 0.33 * ramp(m, 60.0, 180.0) + 0.33 * ramp(m, 300.0, 360.0),
        event: Event::SilentHalf(75, 420),
    },
    Trace {
        name: "dead-firewall",
        about: "one firewall dies at its plateau, its exporter with it",
        minutes: 240,
        mark: 60,
        load: |_| 0.27,
        event: Event::Death(60),
    },
    Trace {
        name: "plateau",
        about: "the load hovers so that five firewalls of ten are 50 to 60 % full",
        minutes: 720,
        mark: 0,
        load: |m| 0.275 + 0.025 * (m / 90.0 * std::f64::consts::TAU).sin(),
        event: Event::None,
    },
];

/// 0 before, 1 after, straight between.
fn ramp(minute: f64, from: f64, to: f64) -> f64 {
    ((minute - from) / (to - from)).clamp(0.0, 1.0)
}
