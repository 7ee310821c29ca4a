//! VICI, the protocol of strongSwan's daemon: packets, messages, and what those that we ask for say.
//!
//! The format is that of strongSwan's src/libcharon/plugins/vici/README.md; the fields are those that vici_query.c of
//! releases 5.3 to 6.0 writes. Numbers are texts, decimal but for SPIs.

mod connection;
mod event;
mod message;
mod packet;
mod sa;

pub use connection::{Connection, Mode, is_open, statistics};
pub use event::{Event, event};
pub use message::{DEPTH_MAX, ELEMENTS_MAX, Section};
pub use packet::{Frames, PACKET_BYTES_MAX, Packet, command, packet, register};
pub use sa::{Bytes, Child, Ike, Standing};
