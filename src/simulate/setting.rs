//! What fleet is simulated.

/// When the cooldown after a scale-in begins. The guide says three things of a group behind a load balancer; the first is
/// the most explicit and the one that lets a policy act soonest, and is what runs assume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CoolsFrom {
    /// "The cooldown period starts when the instance that's selected for termination starts connection draining … The
    /// cooldown period doesn't wait for connection draining to finish or the lifecycle hook to complete its action" ("Scaling
    /// cooldowns", section "Lifecycle hooks can cause additional delays"; in 2023 it was "finishes connection draining").
    #[default]
    Start,
    /// "If the group is behind an Elastic Load Balancing load balancer, it will wait for the terminating instances to
    /// deregister before starting the cooldown period" (the same page, "Considerations").
    Deregistered,
    /// "In most cases when lifecycle hooks are invoked, scaling activities due to simple scaling policies are paused until
    /// the lifecycle actions have completed and the cooldown period has expired" ("Amazon EC2 Auto Scaling lifecycle hooks").
    Gone,
}

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
    /// What a simple policy waits for before its cooldown begins.
    pub cools_from: CoolsFrom,
    /// Readings that a firewall of fwmetrics sends into the group in 300 s.
    pub readings: u32,
    /// Of chance.
    pub seed: u64,
}
