//! Floor 1, pure: from what collectors read to what each series was in each window. No clock, no I/O.

pub mod admission;
pub mod aggregator;
pub mod counter;
pub mod derived;
pub mod distribution;
pub mod fold;
pub mod heartbeat;
pub mod label;
pub mod members;
pub mod register;
pub mod sources;
pub mod tunnel_names;
pub mod tunnel_room;
pub mod window;
