//! WireGuard peers as tunnels: of the kernel's interfaces in the process's own network namespace, and of userspace
//! implementations, whose sockets are in one folder whatever their namespace. Both kinds may be there at once.
//!
//! The kernel's interfaces are one source; each socket is another, so that an implementation that hangs or died leaves the
//! others' states as they are. A socket that nobody listens behind is a failure: a clean end removes it.

pub mod metrics;
pub mod wire;

mod kernel;
mod names;
mod userspace;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::clock::{self, Now};
use crate::collector::links::{self, Link};
use crate::collector::tunnels::{self, Direction, Tunnels};
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::blocking::Blocking;
use crate::host::files::Root;
use crate::host::rtnetlink::Links;
use crate::host::unix::Refusal;
use crate::model::reading::{Raw, Readings};
use crate::model::schema::{Key, KeyKind};

use kernel::Kernel;
use names::Names;
use userspace::Socket;
use watch::{Id, Watch};
use wire::Peer;

/// The `wireguard` collector.
pub static SPEC: Spec = Spec {
    name: "wireguard",
    about: "WireGuard peers of the kernel's interfaces and of userspace implementations, as tunnels",
    readings: &[
        &tunnels::STATE,
        &tunnels::CONFIGURED,
        &tunnels::UP,
        &tunnels::DOWN,
        &tunnels::BYTES_IN,
        &tunnels::BYTES_OUT,
        &tunnels::SHARE,
        &metrics::HANDSHAKE_AGE,
    ],
    fine_series: "1 per peer up to tunnels_max, 4 more opt-in",
    sample_secs: Some(5),
    timeout_secs: 3,
    on_demand: false,
    keys: &[
        Key::new(
            "peers",
            KeyKind::TextList(names::check),
            "[]",
            "Names of peers by their public keys, such as [\"site-a=XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU=\"], or [\"site-a=wg0/XcG…\"] for one interface's alone. A named peer is expected: one that is not configured, or never had a handshake, is down. Others are called by interface and the first 8 characters of the key, such as wg0/XcGBP10d; before their first handshake they are down where they have keepalive or something was sent in vain, and else have no state.",
        ),
        tunnels::EXPECT,
        tunnels::CEILING,
    ],
    remote: None,
    build,
};

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Settings {
    peers: Vec<String>,
    expect: Vec<String>,
    tunnel_bits_per_second_max: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            peers: Vec::new(),
            expect: Vec::new(),
            tunnel_bits_per_second_max: tunnels::BITS_PER_SECOND,
        }
    }
}

struct WireGuard {
    root: Root,
    timeout: Duration,
    /// The clocks; a test has its own.
    now: fn() -> Now,
    links: Links,
    kernel: Kernel,
    door: Blocking,
    names: Names,
    tunnels: Tunnels,
    watch: Watch,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let names = Names::parse(&settings.peers)?;
    let expect: BTreeSet<String> = settings.expect.into_iter().chain(names.all()).collect();
    Ok(Box::new(WireGuard {
        root: context.root,
        timeout: context.timeout * 9 / 10,
        now: clock::now,
        links: Links::default(),
        kernel: Kernel::default(),
        door: Blocking::default(),
        tunnels: Tunnels::new(expect, settings.tunnel_bits_per_second_max),
        names,
        watch: Watch::default(),
    }))
}

/// One interface as it was read.
struct Interface {
    name: String,
    /// Tells it from one made later under its name: the index, or the socket's inode.
    number: u64,
    /// The administrator set it down: what its peers are is nobody's fault.
    is_off: bool,
    peers: Vec<Peer>,
}

/// What was read by one door: the kernel's interfaces, or one socket.
struct Source {
    origin: Option<String>,
    interfaces: Vec<Interface>,
}

#[async_trait]
impl Collector for WireGuard {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        self.tunnels.begin();
        let mut faults = Vec::new();
        let links = self.list_links().await.unwrap_or_else(|why| {
            faults.push(why);
            Vec::new()
        });
        let mut sources = Vec::new();
        sources.extend(self.read_kernel(&links, &mut faults).await);
        sources.extend(self.read_sockets(&links, &mut faults).await);
        let mut seen = BTreeSet::new();
        for source in &sources {
            let states = self.record(source, out, &mut seen);
            let origin = source.origin.as_deref();
            self.tunnels.source(out, origin, &states);
        }
        self.watch
            .keep(|id| seen.contains(id), !faults.is_empty(), (self.now)());
        if !faults.is_empty() {
            return Err(CollectError::Failed(faults.join("; ")));
        }
        if sources.is_empty() && !self.tunnels.expects_any() {
            let nothing = "no interface of kind wireguard in this network namespace, and no socket in /run/wireguard";
            return Err(CollectError::Absent(nothing.to_owned()));
        }
        self.tunnels.end(out);
        Ok(())
    }
}

impl WireGuard {
    async fn list_links(&mut self) -> Result<Vec<Link>, String> {
        let dump = self.links.dump(self.timeout / 6).await;
        let dump = dump.map_err(|e| format!("cannot read interfaces over rtnetlink: {e}"))?;
        links::links(&dump).map_err(|e| format!("cannot parse rtnetlink's answer: {e}"))
    }

    async fn read_kernel(&mut self, links: &[Link], faults: &mut Vec<String>) -> Option<Source> {
        let links: Vec<&Link> = links.iter().filter(|l| l.is_of_kind("wireguard")).collect();
        if links.is_empty() {
            return None;
        }
        let share = u32::try_from(links.len()).unwrap_or(u32::MAX);
        let mut interfaces = Vec::new();
        for link in links {
            match self.kernel.peers(link, self.timeout / 6 / share).await {
                Ok(peers) => interfaces.extend(peers.map(|peers| Interface {
                    name: link.name.clone(),
                    number: u64::from(link.index.unsigned_abs()),
                    is_off: !link.is_on,
                    peers,
                })),
                Err(why) => {
                    // The others would say the same.
                    faults.push(why);
                    return None;
                }
            }
        }
        Some(Source {
            origin: None,
            interfaces,
        })
    }

    async fn read_sockets(&mut self, links: &[Link], faults: &mut Vec<String>) -> Vec<Source> {
        let listed = userspace::sockets(&self.root, &self.door, self.timeout / 6).await;
        let sockets = listed.unwrap_or_else(|why| {
            faults.push(why);
            Vec::new()
        });
        let mut sources = Vec::new();
        for (socket, answer) in userspace::ask_all(sockets, self.timeout / 2).await {
            match answer {
                Ok(peers) => sources.push(Source {
                    origin: Some(socket.interface.clone()),
                    interfaces: vec![Interface {
                        is_off: is_off(links, &socket),
                        number: socket.inode,
                        name: socket.interface,
                        peers,
                    }],
                }),
                // Listed, and gone when it was asked: an interface was removed.
                Err(Refusal::Absent) => {}
                Err(refusal) => faults.push(refusal.told(
                    "a userspace WireGuard",
                    &socket.path,
                    "wireguard.conf with CAP_DAC_OVERRIDE added, as it says",
                )),
            }
        }
        sources
    }

    /// Records what one source said of each peer, and tells their states.
    fn record(
        &mut self,
        source: &Source,
        out: &mut Readings,
        seen: &mut BTreeSet<Id>,
    ) -> BTreeMap<String, Option<bool>> {
        let now = (self.now)();
        let origin = source.origin.as_deref();
        let mut states: BTreeMap<String, Option<bool>> = BTreeMap::new();
        for interface in &source.interfaces {
            let names = self.names.of(&interface.name, &interface.peers);
            for (name, peer) in names.into_iter().zip(&interface.peers) {
                let wanted = self.tunnels.is_expected(&name);
                let id = (format!("{} {}", interface.number, interface.name), peer.key);
                seen.insert(id.clone());
                let member = format!("{} {}", interface.number, peer.key);
                let verdict = self.watch.judge(id, peer, now, wanted);
                let state = match interface.is_off {
                    true => wanted.then_some(false),
                    false => verdict.state,
                };
                self.traffic(out, origin, &name, &member, peer);
                if let Some(age) = verdict.age {
                    let age = Raw::Level(age.as_secs_f64());
                    self.tunnels
                        .push(out, &metrics::HANDSHAKE_AGE, origin, &name, &member, age);
                }
                // A name may stand for one key on several interfaces: the worst of them counts.
                let worst = states.entry(name).or_insert(state);
                *worst = match (*worst, state) {
                    (Some(one), Some(other)) => Some(one && other),
                    (one, other) => one.or(other),
                };
            }
        }
        states
    }

    fn traffic(
        &self,
        out: &mut Readings,
        origin: Option<&str>,
        name: &str,
        member: &str,
        peer: &Peer,
    ) {
        for (direction, total) in [
            (Direction::In, peer.rx_bytes),
            (Direction::Out, peer.tx_bytes),
        ] {
            self.tunnels
                .bytes(out, origin, name, member, direction, total);
        }
    }
}

/// A socket says nothing of its interface's administrative state; a link of its name in this network namespace does.
fn is_off(links: &[Link], socket: &Socket) -> bool {
    let mut tuns = links.iter().filter(|link| link.is_of_kind("tun"));
    tuns.any(|link| link.name == socket.interface && !link.is_on)
}
