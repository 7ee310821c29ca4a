//! The kernel's own interfaces, over generic netlink, in the network namespace of the process.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::wire::{self, Peer};
use crate::collector::links::Link;
use crate::host::genl::Family;

/// `ENODEV`: the interface went away after it was listed.
const NO_DEVICE: i32 = 19;

/// The socket to the kernel's WireGuard.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    family: Option<Family>,
}

impl Kernel {
    /// The peers of one interface; `None` where it has gone.
    ///
    /// # Errors
    /// For a log, with the drop-in where a right is missing.
    pub(super) async fn peers(
        &mut self,
        link: &Link,
        deadline: Duration,
    ) -> Result<Option<Vec<Peer>>, String> {
        match self.ask(&link.name, deadline).await {
            Ok(peers) => Ok(Some(peers)),
            Err(error) if error.raw_os_error() == Some(NO_DEVICE) => Ok(None),
            Err(error) => Err(refused(&link.name, &error)),
        }
    }

    async fn ask(&mut self, name: &str, deadline: Duration) -> io::Result<Vec<Peer>> {
        let mut family = match self.family.take() {
            Some(family) => family,
            None => Family::find(wire::FAMILY, deadline).await?,
        };
        let (command, attribute) = (wire::COMMAND_GET_DEVICE, wire::ATTRIBUTE_NAME);
        let answer = family.dump(command, attribute, name, deadline).await?;
        let peers = wire::kernel_peers(&answer, family.id);
        // After any error the module may have been loaded anew, and the family have another number.
        self.family = Some(family);
        peers.map_err(|why| io::Error::new(ErrorKind::InvalidData, why))
    }
}

fn refused(name: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "the kernel tells the peers of {name} to CAP_NET_ADMIN alone: enable the drop-in wireguard.conf"
        ),
        _ => format!("cannot read the peers of {name} from the kernel: {error}"),
    }
}
