//! The kernel's IPsec: /proc/net/xfrm_stat, security associations and policies as numbers. Pure.
//!
//! A dump of associations holds their keys. The parser looks at which attributes there are and never into one that holds
//! a key.

mod address;
mod association;
mod policy;
mod stat;

use netlink_packet_core::{NLMSG_DONE, NetlinkBuffer};

pub use address::Address;
pub use association::{Association, Event, GET_ASSOCIATION, GROUPS, associations, events};
pub use policy::{Direction, GET_POLICY, Policy, Template, policies};
pub use stat::counters;

/// Calls `each` with the kind and payload of every message in a dump, or of what was heard.
fn messages(
    answer: &[u8],
    mut each: impl FnMut(u16, &[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let mut rest = answer;
    while !rest.is_empty() {
        let message =
            NetlinkBuffer::new_checked(rest).map_err(|e| format!("netlink header: {e}"))?;
        if message.message_type() == NLMSG_DONE {
            break;
        }
        each(message.message_type(), message.payload())?;
        let step = (message.length() as usize).next_multiple_of(4);
        rest = rest.get(step..).unwrap_or_default();
    }
    Ok(())
}

/// So many bytes at this place of a structure.
fn bytes<const N: usize>(structure: &[u8], at: usize) -> Result<[u8; N], String> {
    let found = structure.get(at..).and_then(|rest| rest.first_chunk());
    let found = found.copied();
    found.ok_or_else(|| {
        format!(
            "a message of {} bytes ends before byte {at}",
            structure.len()
        )
    })
}
