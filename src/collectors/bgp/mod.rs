//! BGP peers and BFD sessions of FRR and BIRD, from the daemons' own sockets.
//!
//! FRR is asked over the sockets that vtysh uses, BIRD over that of birdc, in a restricted session; no program is
//! started. Each socket is an origin. A peer is configured and down until its session is Established; one that the
//! administrator shut counts nowhere. BGP is polled: a session that was lost and came back between two readings is known
//! by the daemon's counter, or by the time its state holds, and is down in the reading that finds it out.

pub mod metrics;
pub mod wire;

mod doors;
mod lost;
mod peers;
mod settings;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use crate::collector::tunnels::shown;
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::unix::{Refusal, Stream};
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::model::schema::{Key, KeyKind, absolute_path, visible_text};

use doors::{Daemon, Fault, Said};
use peers::{Memory, Pass};
use settings::{Settings, Socket};

/// The `bgp` collector.
pub static SPEC: Spec = Spec {
    name: "bgp",
    about: "BGP peers and BFD sessions, from the sockets of FRR's bgpd and bfdd and of BIRD",
    readings: metrics::ALL,
    fine_series: "three per BGP peer, opt-in",
    sample_secs: Some(10),
    timeout_secs: 5,
    on_demand: false,
    keys: &[
        Key::new(
            "frr",
            KeyKind::OneOrMore(absolute_path),
            "[\"/var/run/frr\"]",
            "Directories of FRR that hold bgpd.vty and bfdd.vty (needs the drop-in frr.conf); an instance that was started with -N NAME has its own below, /var/run/frr/NAME. Peers of the first have plain names, those of another begin with its last part, such as \"NAME/198.51.100.1\".",
        ),
        Key::new(
            "bird",
            KeyKind::OneOrMore(absolute_path),
            "[\"/run/bird/bird.ctl\"]",
            "Control sockets of BIRD 2 or 3 (needs the drop-in bird.conf). Names of peers likewise.",
        ),
        Key::new(
            "expect",
            KeyKind::TextList(visible_text),
            "[]",
            "Peers that should be there, by the names of their series: FRR's address or interface, with the VRF in front where it is not the default, such as \"red/198.51.100.1\"; BIRD's protocol. One that is not configured counts as down, and it is a failure when neither daemon can be found.",
        ),
    ],
    remote: None,
    build,
};

/// One socket and what is known of its daemon.
#[derive(Debug)]
struct Source {
    socket: Socket,
    /// Below the root.
    path: PathBuf,
    /// It was read since the start: it should be there.
    was_read: bool,
    memory: Memory,
}

#[derive(Debug)]
struct Bgp {
    sources: Vec<Source>,
    expect: BTreeSet<String>,
    timeout: Duration,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let sockets = settings.sockets(table).into_iter();
    let sources = sockets.map(|socket| Source {
        path: context.root.path(&socket.path),
        socket,
        was_read: false,
        memory: Memory::default(),
    });
    Ok(Box::new(Bgp {
        sources: sources.collect(),
        expect: settings.expect,
        timeout: context.timeout,
    }))
}

#[async_trait]
impl Collector for Bgp {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let (mut absent, mut faults) = (Vec::new(), Vec::new());
        let mut listed = BTreeSet::new();
        let open = self.open(&mut absent, &mut faults).await;
        let open_any = !open.is_empty();
        let lists_peers = |at: usize| self.sources[at].socket.daemon.lists_peers();
        let any = open.iter().any(|(at, _)| lists_peers(*at));
        let mut peers_known = faults.iter().all(|(daemon, _)| !daemon.lists_peers());
        let wait = self.budget() / u32::try_from(open.len().max(1)).unwrap_or(u32::MAX);
        for (at, mut stream) in open {
            let source = &mut self.sources[at];
            match doors::ask(source.socket.daemon, &mut stream, wait).await {
                Ok(said) => {
                    source.was_read = true;
                    source.record(said, &self.expect, &mut listed, out);
                }
                Err(fault) => {
                    let daemon = source.socket.daemon;
                    peers_known &= !daemon.lists_peers();
                    faults.push((daemon, fault.told(daemon, &source.path)));
                }
            }
        }
        let mut faults: Vec<String> = faults.into_iter().map(|(_, why)| why).collect();
        if any && peers_known {
            self.missing(&listed, out);
        } else if peers_known && !self.expect.is_empty() {
            faults.push(format!("peers are expected, and {}", absent.join("; ")));
        }
        match (faults.is_empty(), open_any) {
            (false, _) => Err(CollectError::Failed(faults.join("; "))),
            (true, true) => Ok(()),
            (true, false) => Err(CollectError::Absent(absent.join("; "))),
        }
    }
}

impl Bgp {
    /// The exchanges of a pass; the rest is for what is made of them.
    fn budget(&self) -> Duration {
        self.timeout * 9 / 10
    }

    /// Connects to all there are, by their place in the list.
    async fn open(
        &self,
        absent: &mut Vec<String>,
        faults: &mut Vec<(Daemon, String)>,
    ) -> Vec<(usize, Stream)> {
        let mut open = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            match doors::open(&source.path, self.budget()).await {
                Ok(stream) => open.push((at, stream)),
                Err(fault) => {
                    let is_absent = matches!(fault, Fault::Refused(Refusal::Absent));
                    let should_be = source.socket.is_named || source.was_read;
                    let why = fault.told(source.socket.daemon, &source.path);
                    match is_absent && !should_be {
                        true => absent.push(why),
                        false => faults.push((source.socket.daemon, why)),
                    }
                }
            }
        }
        open
    }

    /// Every daemon that lists peers was read: who is expected and was not listed is configured and down.
    fn missing(&self, listed: &BTreeSet<String>, out: &mut Readings) {
        if self.expect.is_empty() {
            return;
        }
        let missing: Vec<String> = self.expect.difference(listed).cloned().collect();
        for name in &missing {
            let record = peer(&metrics::STATE, Raw::Level(0.0), name);
            out.push(record.expected(true));
        }
        count(out, None, 0, missing.len());
        if !missing.is_empty() {
            let there: Vec<String> = listed.iter().cloned().collect();
            out.note(format!(
                "expected and not there: {}; the peers that are there: {}",
                shown(&missing),
                shown(&there)
            ));
        }
    }
}

impl Source {
    fn record(
        &mut self,
        said: Said,
        expect: &BTreeSet<String>,
        listed: &mut BTreeSet<String>,
        out: &mut Readings,
    ) {
        let origin = self.socket.path.as_str();
        if let Some(pass) = said.listed.map(|listed| self.memory.take(listed)) {
            record(out, &pass, origin, &self.socket.prefix, expect);
            let told = pass.told.iter().map(|told| &told.name);
            let names = told.chain(&pass.shut);
            listed.extend(names.map(|name| [&self.socket.prefix, name.as_str()].concat()));
        }
        if let Some(down) = said.bfd.and_then(|bfd| self.memory.take_bfd(bfd)) {
            let record = Record::new(&metrics::BFD_DOWN, level(down));
            out.push(record.origin(origin));
        }
    }
}

fn record(out: &mut Readings, pass: &Pass, origin: &str, prefix: &str, expect: &BTreeSet<String>) {
    for told in &pass.told {
        let name = [prefix, &told.name].concat();
        let state = told
            .is_up
            .map(|is_up| Raw::Level(f64::from(u8::from(is_up))));
        #[allow(clippy::cast_precision_loss)] // prefixes of a table
        let prefixes = told.prefixes.map(|n| Raw::Level(n as f64));
        for (reading, raw) in [
            (&metrics::STATE, state),
            (&metrics::PREFIXES, prefixes),
            (&metrics::FLAPS, Some(Raw::Total(told.lost))),
        ] {
            let Some(raw) = raw else { continue };
            let expected = expect.contains(&name);
            let record = peer(reading, raw, &name).expected(expected);
            // The state of an expected one has one place whether it is listed or not: no old 0 lingers beside a new 1.
            out.push(match expected && std::ptr::eq(reading, &metrics::STATE) {
                true => record,
                false => record.origin(origin),
            });
        }
    }
    if let Some((up, down)) = pass.count {
        count(out, Some(origin), up, down);
    }
}

fn peer(reading: &'static Reading, raw: Raw, name: &str) -> Record {
    Record::new(reading, raw)
        .member(name)
        .own(OwnDimension::Peer, name)
}

fn count(out: &mut Readings, origin: Option<&str>, up: usize, down: usize) {
    for (reading, number) in [
        (&metrics::CONFIGURED, up + down),
        (&metrics::UP, up),
        (&metrics::DOWN, down),
    ] {
        let record = Record::new(reading, level(number));
        out.push(match origin {
            Some(origin) => record.origin(origin),
            None => record,
        });
    }
}

#[allow(clippy::cast_precision_loss)] // thousands at the most
fn level(number: usize) -> Raw {
    Raw::Level(number as f64)
}
