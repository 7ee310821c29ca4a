//! The kernel's policies and associations, over netlink.

use std::io::{self, ErrorKind};
use std::time::Duration;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::protocols::NETLINK_XFRM;

use super::wire::{self, Association, Event, Policy};
use crate::collector::links::{self, Link};
use crate::host::netlink::Netlink;
use crate::host::rtnetlink::Links;

/// Everything of one pass.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) policies: Vec<Policy>,
    pub(super) associations: Vec<Association>,
    pub(super) links: Vec<Link>,
    /// What became of associations since the last pass; `None` where not all of it was heard.
    pub(super) events: Option<Vec<Event>>,
}

/// The sockets.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    socket: Option<Netlink>,
    /// Hears of associations; those that came before it was opened are in the first dump.
    ears: Option<Netlink>,
    links: Links,
}

impl Kernel {
    /// Reads all; each question has so long.
    ///
    /// # Errors
    /// For a log, with the drop-in where a right is missing.
    pub(super) async fn read(&mut self, deadline: Duration) -> Result<Read, String> {
        if self.ears.is_none() {
            let ears = Netlink::listen(NETLINK_XFRM, &wire::GROUPS);
            self.ears = Some(ears.map_err(|error| refused("security associations", &error))?);
        }
        let opened = self.socket.take();
        let opened = opened.map_or_else(|| Netlink::open(NETLINK_XFRM), Ok);
        let mut socket = opened.map_err(|error| refused("IPsec", &error))?;
        let flags = NLM_F_REQUEST | NLM_F_DUMP;
        let told = socket.ask(wire::GET_POLICY, flags, &[], deadline).await;
        let told = told.map_err(|error| refused("policies", &error))?;
        let policies = wire::policies(&told).map_err(|why| odd("policies", &why))?;
        let told = socket.ask_secret(wire::GET_ASSOCIATION, flags, &[], deadline);
        let told = told.await;
        let told = told.map_err(|error| refused("security associations", &error))?;
        let associations = wire::associations(&told);
        let associations = associations.map_err(|why| odd("security associations", &why))?;
        // After an error an answer may still be on its way: only now it is kept.
        self.socket = Some(socket);
        let links = self.named_links(&policies, deadline).await?;
        let events = self.heard()?;
        Ok(Read {
            policies,
            associations,
            links,
            events,
        })
    }

    fn heard(&mut self) -> Result<Option<Vec<Event>>, String> {
        let Some(ears) = &mut self.ears else {
            return Ok(None);
        };
        let heard = ears.heard_secret();
        let (heard, is_whole) = heard.map_err(|error| refused("events", &error))?;
        let events = wire::events(&heard).map_err(|why| odd("events", &why))?;
        Ok(is_whole.then_some(events))
    }

    /// Interfaces give policies their names, where these have an interface.
    async fn named_links(
        &mut self,
        policies: &[Policy],
        deadline: Duration,
    ) -> Result<Vec<Link>, String> {
        if policies.iter().all(|policy| policy.if_id == 0) {
            return Ok(Vec::new());
        }
        let dump = self.links.dump(deadline).await;
        let dump = dump.map_err(|e| format!("cannot read interfaces over rtnetlink: {e}"))?;
        links::links(&dump).map_err(|e| format!("cannot parse rtnetlink's answer: {e}"))
    }
}

fn refused(what: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "the kernel tells its {what} to CAP_NET_ADMIN alone: enable the drop-in xfrm.conf"
        ),
        _ => format!("cannot read {what} from the kernel: {error}"),
    }
}

fn odd(what: &str, why: &str) -> String {
    format!("cannot parse the kernel's {what}: {why}")
}
