//! Floor 6: the agent. `core` decides, everything around it only carries: a task per collector, one for sending,
//! one for the metadata service, one for `[http]`, and the loop that turns what they bring into events.

pub mod core;
mod http;
pub mod phase;
pub mod run;
pub(crate) mod tasks;
