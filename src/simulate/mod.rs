//! Floor 1: a fleet of firewalls in virtual time, CloudWatch's alarms and Auto Scaling's policies over it. Pure.
//!
//! Time is a number of seconds since the run's start, chance comes from a seed: the same setting gives the same result.
//! Where AWS's documentation leaves something open, the comment says what is assumed and why.

pub mod alarm;
pub mod chance;
pub mod contestant;
pub mod firewall;
pub mod fleet;
pub mod math;
pub mod points;
pub mod run;
pub mod scaling;
pub mod setting;
pub mod telemetry;
pub mod trace;
