//! What a simulated firewall is: plain fields to drive it by, and the values that follow from them.

mod builds;
mod counters;
mod drive;
mod firewall;
mod furniture;
mod load;
mod meter;
mod parts;
mod peers;
mod release;
mod values;

pub use firewall::{Firewall, Licence, SessionTable, Vsys};
pub use load::{Dataplane, Load, Resource};
pub use meter::Meter;
pub use parts::{GlobalCounter, Interface, Monitor, PbfRule, Tunnel, TunnelState};
pub use peers::{BgpPeer, Ha, HaState, Routing};
pub use release::{Platform, Release};
