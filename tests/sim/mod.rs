//! A simulator of PAN-OS: an HTTPS server that speaks the XML API for whole firewalls, in the shapes of several releases.
//!
//! It listens on 127.0.0.1 only, on std threads. What a firewall answers follows from its fields, its seed and the time;
//! the functions that make the values are public, so that a test can say what must arrive. It shares no code with the
//! program. Names and numbers are made up: none was recorded on a device.

// Each integration test compiles this tree for itself and uses a part of it.
#![allow(dead_code, unreachable_pub, unused_imports)]
// A broken fake must fail its test loudly; and fakes live in real time, unlike the program's core.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

pub mod clock;
pub mod model;
pub mod replies;
pub mod server;

pub use model::{
    BgpPeer, Dataplane, Firewall, GlobalCounter, Ha, HaState, Interface, Licence, Load, Meter,
    Monitor, PbfRule, Platform, Release, Resource, Routing, SessionTable, Tunnel, TunnelState,
    Vsys,
};
pub use server::{ErrorShape, Fault, KeyPlace, Kind, Listener, Seen, Setup, Simulator};
