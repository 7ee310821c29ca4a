//! What fleet is simulated.

/// The fleet that is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Fewest firewalls.
    pub min: u32,
    /// Most firewalls.
    pub max: u32,
    /// From launch to in service, seconds.
    pub boot_secs: u64,
    /// The dataplane polls: the hypervisor sees its cores busy without a packet.
    pub polls: bool,
    /// `[identity] warm_up_secs`.
    pub fleet_warm_up_secs: u64,
    /// As [`Group::terminating_counts`](super::scaling::Group::terminating_counts).
    pub terminating_counts: bool,
    /// Of chance.
    pub seed: u64,
}
