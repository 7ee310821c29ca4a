//! The tunnels of strongSwan, asked of its daemon over VICI.
//!
//! A tunnel is a configured child (`list-conns`), and up while one of its child SAs is installed (`list-sas`): an
//! established IKE SA without one carries nothing. Its name is `CONNECTION/CHILD`, or the one name when both are equal.
//!
//! - A child that comes up when there is traffic for it (`start_action = trap`) has no state while it has no SA: it waits,
//!   and nothing tells whether it would come up. Expected by the user it is down then, like any other.
//! - Connections whose peer may have any address serve road warriors, and have no tunnels of their own; their IKE SAs
//!   with an installed child SA are counted. One whose name the user expects is a tunnel all the same.
//! - Children that let pass or drop are no tunnels, nor are IKE SAs that nobody has a name for yet.
//! - Packets are counted by the daemon too, and no metric is made of them.
//!
//! What VICI does not tell: the last bytes that were sent through an SA that is rekeyed. charon takes it out of the
//! kernel before the event tells its counters, and asks for them no more (child_rekey.c, `remove_outbound`): up to
//! release 5.9 on the side that begins the rekey, since 6.0 on both. What was sent since the last pass is then missing in
//! TunnelBytesOut, with a rekey an hour and a pass each five seconds about a thousandth. TunnelBytesIn is exact.

pub mod live;
pub mod metrics;
pub mod wire;

mod session;
mod source;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::collector::remote_access::{self, RemoteAccess};
use crate::collector::tunnels::{self, BITS_PER_SECOND, Tunnels};
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::model::schema::{Key, KeyKind, absolute_path, one_or_more};

use source::{Read, Source, Unread};

/// Where charon has its socket, unless strongswan.conf says otherwise (configure.ac, `piddir`).
const SOCKET: &str = "/var/run/charon.vici";

/// The `strongswan` collector.
pub static SPEC: Spec = Spec {
    name: "strongswan",
    about: "IPsec tunnels of strongSwan, from its daemon's VICI socket",
    readings: &[
        &tunnels::STATE,
        &tunnels::CONFIGURED,
        &tunnels::UP,
        &tunnels::DOWN,
        &tunnels::BYTES_IN,
        &tunnels::BYTES_OUT,
        &tunnels::SHARE,
        &metrics::HALF_OPEN,
        &remote_access::USERS,
        &remote_access::USERS_SHARE,
    ],
    fine_series: "1 per configured child up to tunnels_max, 3 more opt-in",
    sample_secs: Some(5),
    timeout_secs: 3,
    on_demand: false,
    keys: &[
        Key::new(
            "socket",
            KeyKind::OneOrMore(absolute_path),
            "\"/var/run/charon.vici\"",
            "VICI socket of strongSwan's charon, or a list of sockets of several (root's alone; the drop-in strongswan.conf names three ways to it).",
        ),
        Key {
            doc: "Tunnels that should be there, by the names of their series: one that is not configured counts as down, and a socket that cannot be found is a failure.",
            ..tunnels::EXPECT
        },
        tunnels::CEILING,
        remote_access::MAX,
    ],
    remote: None,
    build,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    #[serde(deserialize_with = "one_or_more")]
    socket: Vec<String>,
    expect: Vec<String>,
    tunnel_bits_per_second_max: Option<u64>,
    remote_access_max: Option<u32>,
}

struct Strongswan {
    sources: Vec<Source>,
    /// Sockets named by the user, or tunnels expected: then none may be absent.
    wanted: bool,
    tunnels: Tunnels,
    remote_access: RemoteAccess,
    /// What one daemon may take.
    deadline: Duration,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let wanted = !settings.socket.is_empty() || !settings.expect.is_empty();
    let mut sockets = settings.socket;
    if sockets.is_empty() {
        sockets.push(SOCKET.to_owned());
    }
    sockets.sort();
    sockets.dedup();
    let several = sockets.len() > 1;
    let share = u32::try_from(sockets.len()).unwrap_or(u32::MAX);
    #[allow(clippy::cast_precision_loss)] // a ceiling above 2^53 bit/s is not built
    let ceiling = settings
        .tunnel_bits_per_second_max
        .map_or(BITS_PER_SECOND, |bits| bits as f64);
    let sources = sockets.into_iter().map(|socket| {
        let path = context.root.path(&socket);
        Source::new(path, several.then_some(socket))
    });
    Ok(Box::new(Strongswan {
        sources: sources.collect(),
        wanted,
        tunnels: Tunnels::new(settings.expect, ceiling),
        remote_access: RemoteAccess::new(settings.remote_access_max),
        // So that the error names the daemon, and not the pass.
        deadline: context.timeout * 9 / 10 / share,
    }))
}

#[async_trait]
impl Collector for Strongswan {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let (mut absent, mut failed) = (Vec::new(), Vec::new());
        let mut read_any = false;
        self.tunnels.begin();
        self.remote_access.begin();
        for source in &mut self.sources {
            let read = source.read(self.deadline, self.wanted, &self.tunnels);
            match read.await {
                Ok(read) => {
                    read_any = true;
                    let (tunnels, access) = (&mut self.tunnels, &mut self.remote_access);
                    record(out, source, tunnels, access, read);
                }
                Err(Unread::Absent(why)) => absent.push(why),
                Err(Unread::Failed(why)) => failed.push(why),
            }
        }
        if !failed.is_empty() {
            return Err(CollectError::Failed(failed.join("; ")));
        }
        if !read_any {
            return Err(CollectError::Absent(absent.join("; ")));
        }
        self.tunnels.end(out);
        self.remote_access.end(out);
        Ok(())
    }
}

fn record(
    out: &mut Readings,
    source: &mut Source,
    tunnels: &mut Tunnels,
    remote_access: &mut RemoteAccess,
    read: Read,
) {
    let picture = &read.picture;
    let states = picture.tunnels.iter();
    let states: BTreeMap<String, Option<bool>> = states
        .map(|(name, tunnel)| (name.clone(), tunnel.state))
        .collect();
    tunnels.source(out, source.origin(), &states);
    source.bytes(out, picture, tunnels);
    let origin = source.origin();
    if let Some(number) = read.half_open {
        push(out, &metrics::HALF_OPEN, origin, count(number));
    }
    if let Some(number) = picture.road_warriors {
        remote_access.source(out, origin, number);
    }
    let place = origin.map(|origin| format!("{origin}: "));
    let place = place.unwrap_or_default();
    for note in read.notes {
        out.note(format!("{place}{note}"));
    }
}

#[allow(clippy::cast_precision_loss)] // SAs of one daemon
fn count(number: u64) -> f64 {
    number as f64
}

fn push(out: &mut Readings, reading: &'static Reading, origin: Option<&str>, level: f64) {
    let record = Record::new(reading, Raw::Level(level));
    out.push(match origin {
        Some(origin) => record.origin(origin),
        None => record,
    });
}
