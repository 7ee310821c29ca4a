//! Generic netlink: families that are found by name, such as WireGuard's.
//! Numbers from include/uapi/linux/genetlink.h.

use std::io;
use std::time::Duration;

use netlink_packet_core::{
    DefaultNla, Emitable, NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NlasIterator,
};
use netlink_sys::protocols::NETLINK_GENERIC;

use crate::host::netlink::Netlink;
use crate::host::wiped::Wiped;

/// `GENL_ID_CTRL`: the family of families.
const CONTROL: u16 = 16;
/// `CTRL_CMD_GETFAMILY`.
const GET_FAMILY: u8 = 3;
/// `CTRL_ATTR_FAMILY_ID`.
const FAMILY_ID: u16 = 1;
/// `CTRL_ATTR_FAMILY_NAME`.
const FAMILY_NAME: u16 = 2;
/// `struct genlmsghdr`: command u8, version u8, reserved u16.
const HEADER_BYTES: usize = 4;
/// Tries at a list that changes while it is read.
const TRIES: u32 = 3;

/// A family of the kernel's, and the socket to it.
#[derive(Debug)]
pub struct Family {
    socket: Netlink,
    /// The number it has since its module was loaded.
    pub id: u16,
}

impl Family {
    /// Finds it by name; no right is needed for that.
    ///
    /// # Errors
    /// `NotFound` where the kernel has none, or its module is not loaded; `TimedOut`; what else the kernel says.
    pub async fn find(name: &str, deadline: Duration) -> io::Result<Self> {
        let mut socket = Netlink::open(NETLINK_GENERIC)?;
        let question = request(GET_FAMILY, FAMILY_NAME, name);
        let answer = socket
            .ask(CONTROL, NLM_F_REQUEST, &question, deadline)
            .await?;
        let id = family_id(&answer);
        let id = id.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no family id"))?;
        Ok(Family { socket, id })
    }

    /// All that a command tells of one named thing, as raw datagrams in a buffer that leaves no keys behind. A list that
    /// changed while it was read is asked for again. After any error but the kernel's own throw the family away.
    ///
    /// # Errors
    /// `TimedOut`, `Interrupted` where it changes all the time, or what the kernel says.
    pub async fn dump(
        &mut self,
        command: u8,
        attribute: u16,
        name: &str,
        deadline: Duration,
    ) -> io::Result<Wiped> {
        let question = request(command, attribute, name);
        let flags = NLM_F_REQUEST | NLM_F_DUMP;
        let mut last = None;
        for _ in 0..TRIES {
            let asked = self.socket.ask_secret(self.id, flags, &question, deadline);
            match asked.await {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    // What is left of the answer belongs to the old socket.
                    self.socket = Netlink::open(NETLINK_GENERIC)?;
                    last = Some(error);
                }
                answer => return answer,
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::Interrupted.into()))
    }
}

/// What follows the netlink header: the command, version 1, and one attribute with a text.
fn request(command: u8, attribute: u16, text: &str) -> Vec<u8> {
    let attribute = DefaultNla::new(attribute, [text.as_bytes(), b"\0"].concat());
    let mut body = vec![command, 1, 0, 0];
    body.resize(HEADER_BYTES + attribute.buffer_len(), 0);
    attribute.emit(&mut body[HEADER_BYTES..]);
    body
}

fn family_id(answer: &[u8]) -> Option<u16> {
    let message = NetlinkBuffer::new_checked(answer).ok()?;
    let attributes = message.payload().get(HEADER_BYTES..)?;
    NlasIterator::new(attributes)
        .filter_map(Result::ok)
        .find(|attribute| attribute.kind() == FAMILY_ID)
        .and_then(|attribute| attribute.value().first_chunk().copied())
        .map(u16::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn the_family_of_families_finds_itself() {
        let control = Family::find("nlctrl", SOON).await.unwrap();
        assert_eq!(control.id, CONTROL);
    }

    #[tokio::test]
    async fn a_family_that_is_not_there_is_not_found() {
        let error = Family::find("fwmetrics-none", SOON).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
