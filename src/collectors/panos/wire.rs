//! What a PAN-OS firewall answers over its XML API: bytes in, values out; no socket, no clock.
//!
//! [`reply`] turns a body into its `<result>` or into a [`Refusal`]; one parser a command turns that into values. All of
//! them keep three rules. A field that is missing is `None` or left out, never 0. One that is there and cannot be read
//! is so too, and noted in [`Oddities`]. `Err` means that nothing in the answer is what the command gives.

mod bgp;
mod counters;
mod fields;
mod ha;
mod interfaces;
mod licenses;
mod management;
mod oddities;
mod protection;
mod refusal;
mod reply;
mod resources;
mod services;
mod sessions;
mod system;
mod tunnels;
mod words;
mod xml;

pub use bgp::{Peer, bgp_advanced, bgp_legacy};
pub use counters::{Counter, global_counters};
pub use ha::{Ha, HaState, high_availability};
pub use interfaces::{Hardware, Interfaces, Logical, interface_counters, interface_states};
pub use licenses::{License, licenses};
pub use management::{management_cpu, management_memory};
pub use oddities::Oddities;
pub use protection::buffer_protection;
pub use refusal::Refusal;
pub use reply::{key, reply};
pub use resources::{Core, Pool, PoolKind, Resources, resources};
pub use services::{panorama, policy_forwarding, remote_access_users, ssl_sessions};
pub use sessions::{Sessions, VsysSessions, sessions, vsys_meter};
pub use system::{System, system};
pub use tunnels::{Tunnel, TunnelErrors, TunnelState, Tunnels, tunnel_errors, tunnels};
pub use xml::{ATTRIBUTES_MAX, DEPTH_MAX, ELEMENTS_MAX, Element, XmlError, parse};
