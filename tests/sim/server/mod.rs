//! The server: TLS, HTTP, keys, commands, and what goes wrong.

mod access;
mod canonical;
mod command;
mod connection;
mod deliver;
mod fault;
mod form;
mod http;
mod seen;
mod simulator;
mod spoil;
mod table;
mod threads;
mod tls;

pub use command::Asked;
pub use fault::{ErrorShape, Fault};
pub use seen::{KeyPlace, Kind, Seen};
pub use simulator::{Listener, Setup, Simulator};
pub use table::COMMANDS;
