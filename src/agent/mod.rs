//! Floor 6: the agent. `core` decides, everything around it only carries: a task per collector, one for sending,
//! one for the metadata service, one for the state directory, one for the spool, one for `[http]`,
//! one that reads the configuration again, and the loop that turns what they bring into events.

pub mod core;
pub mod drain;
mod http;
mod keeper;
mod lifeline;
pub mod phase;
mod port;
pub mod reload;
pub mod run;
mod setup;
mod spooler;
pub(crate) mod tasks;
mod warnings;
