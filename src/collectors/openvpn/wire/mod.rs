//! What OpenVPN writes, read: its status in all three versions, and its management interface's answers.
//!
//! Formats: src/openvpn/{multi,sig,status,manage}.c of 2.3 to 2.6, doc/management-notes.txt.

pub mod management;
pub mod status;
