//! The VRRP instances of keepalived, from the state that it writes as JSON when it is asked by a signal.
//!
//! Why the JSON dump and not the notify FIFO: a dump is the whole state at any time, and its counters (`become_master`,
//! `release_master`) miss no transition however seldom it is read. The FIFO tells events alone: nothing of the state when
//! one starts to read, nothing again until it changes, one reader for all, and keepalived drops what finds no reader. It
//! has to be configured, too; a dump needs a keepalived that was built with JSON (1.4.5 or newer).
//!
//! `HaActive` is the worst since the pass before: an instance that left MASTER and is MASTER again is 0 once. An address
//! on an interface is never looked at: it stays where keepalived was killed. A member that is MASTER and hears another
//! one says so in a note; where the wire between both is cut, neither can know: then each says 1, and only who sees
//! both members can tell (README.md, VRRP).
//!
//! Before 2.3.0 keepalived logs a line for each dump, hence a period of five seconds and not of one.

pub mod metrics;
pub mod wire;

mod ask;
mod dump;
mod memory;
mod process;

use async_trait::async_trait;
use glob::Pattern;
use serde::Deserialize;

use crate::collector::tunnels;
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::files::Root;
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::model::schema::{ABSOLUTE, Key, KeyKind, absolute_path};

use ask::{Asker, Places};
use memory::{Memory, Told};
use wire::{Instance, State};

/// The `vrrp` collector.
pub static SPEC: Spec = Spec {
    name: "vrrp",
    about: "VRRP instances of keepalived: who is MASTER, and how often that changed",
    readings: &[&metrics::ACTIVE, &metrics::PEER, &metrics::CHANGES],
    fine_series: "none",
    sample_secs: Some(5),
    timeout_secs: 2,
    on_demand: false,
    keys: &[
        Key::new(
            "pid_file",
            KeyKind::Text(absolute_path),
            "\"/run/keepalived.pid\"",
            "PID file of keepalived's parent process. Where it is not set, /run/keepalived/keepalived.pid counts too (`use_pid_dir`). The process is sent one signal, SIGRTMIN+2 (`keepalived --signum=JSON`), and only when its /proc/PID/status shows that it takes it; that needs the drop-in vrrp.conf.",
        )
        .pattern(ABSOLUTE),
        Key::new(
            "dump",
            KeyKind::Text(absolute_path),
            "\"/tmp/keepalived.json\"",
            "Where keepalived writes its state then: keepalived.json in the TMPDIR of its environment (2.2.5 or newer), else in /tmp, or where its packager said (--with-tmp-dir). Its json_dump_file does not move it (up to 2.4.3).",
        )
        .pattern(ABSOLUTE),
        Key::new(
            "instances",
            KeyKind::Patterns,
            "[\"*\"]",
            "VRRP instances that count, by their names in keepalived's configuration. An entry that matches none is noted in the log; when no instance matches any, the collector is failed.",
        ),
    ],
    remote: None,
    build,
};

const PID_FILES: [&str; 2] = ["/run/keepalived.pid", "/run/keepalived/keepalived.pid"];
const DUMP: &str = "/tmp/keepalived.json";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    pid_file: Option<String>,
    dump: Option<String>,
    instances: Option<Vec<String>>,
}

struct Vrrp {
    asker: Asker,
    memory: Memory,
    instances: Vec<Pattern>,
    /// The user says that there is a keepalived.
    is_named: bool,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let is_named = settings.pid_file.is_some() || settings.instances.is_some();
    let patterns = settings.instances.unwrap_or_else(|| vec!["*".to_owned()]);
    Ok(Box::new(Vrrp {
        asker: asker(
            context.root,
            settings.pid_file,
            settings.dump,
            context.timeout,
        ),
        memory: Memory::default(),
        instances: collector::patterns(&patterns)?,
        is_named,
    }))
}

fn asker(
    root: Root,
    pid_file: Option<String>,
    dump: Option<String>,
    timeout: std::time::Duration,
) -> Asker {
    let usual = || PID_FILES.map(str::to_owned).to_vec();
    let places = Places {
        root,
        pid_files: pid_file.map_or_else(usual, |file| vec![file]),
        dump: dump.unwrap_or_else(|| DUMP.to_owned()),
    };
    // Below the pass's own deadline, so that the error names keepalived.
    Asker::new(places, timeout * 9 / 10)
}

#[async_trait]
impl Collector for Vrrp {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let answer = self.asker.ask().await.map_err(|error| match error {
            CollectError::Absent(why) if self.is_named || self.asker.has_answered() => {
                CollectError::Failed(why)
            }
            error => error,
        })?;
        let counts = |instance: &Instance| {
            let mut patterns = self.instances.iter();
            patterns.any(|pattern| pattern.matches(&instance.name))
        };
        let (counted, others): (Vec<_>, Vec<_>) =
            answer.instances.into_iter().partition(|one| counts(one));
        if counted.is_empty() {
            return Err(CollectError::Failed(format!(
                "none of keepalived's VRRP instances ({}) matches [collectors.vrrp] instances: name one of them",
                tunnels::shown(&names(&others))
            )));
        }
        self.note_unmatched(&counted, out);
        let told = self.memory.take(&counted, answer.written, answer.anew);
        // MASTER of one now, and of none in between: the reading says 0, and nobody is to take this member for passive.
        let is_master = counted.iter().any(|one| one.state == State::Master);
        let is_back = is_master && told.iter().all(|told| told.active != Some(true));
        for (instance, told) in counted.iter().zip(&told) {
            record(out, instance, told, is_back);
            note(out, instance, told);
        }
        note_differing(out, &counted);
        Ok(())
    }
}

impl Vrrp {
    fn note_unmatched(&self, counted: &[Instance], out: &mut Readings) {
        for pattern in &self.instances {
            if !counted.iter().any(|one| pattern.matches(&one.name)) {
                let pattern = pattern.as_str();
                out.note(format!("keepalived has no VRRP instance {pattern}"));
            }
        }
    }
}

fn record(out: &mut Readings, instance: &Instance, told: &Told, is_back: bool) {
    let member = match instance.router {
        Some(router) => format!("{} {router}", instance.name),
        None => instance.name.clone(),
    };
    let mut push = |reading: &'static Reading, raw: Raw| {
        let record = Record::new(reading, raw).member(member.clone());
        out.push(record.provisional(is_back && std::ptr::eq(reading, &metrics::ACTIVE)));
    };
    for (reading, state) in [
        (&metrics::ACTIVE, told.active),
        (&metrics::PEER, told.peer_up),
    ] {
        if let Some(state) = state {
            push(reading, Raw::Level(f64::from(u8::from(state))));
        }
    }
    push(&metrics::CHANGES, Raw::Total(told.changes));
}

fn note(out: &mut Readings, instance: &Instance, told: &Told) {
    let name = shown(instance);
    if told.rival {
        out.note(format!(
            "{name} is MASTER and hears another master: split brain, or another pair with the same number"
        ));
    }
    match instance.state {
        State::Fault => out.note(format!("{name} is in state FAULT")),
        State::Init => out.note(format!("{name} is in state INIT: no HaActive")),
        State::Other => out.note(format!("{name} is in no state that is known: no HaActive")),
        State::Backup | State::Master => {}
    }
}

fn names(instances: &[Instance]) -> Vec<String> {
    instances.iter().map(|one| one.name.clone()).collect()
}

/// Instances that share the work: this member is active all the same.
fn note_differing(out: &mut Readings, instances: &[Instance]) {
    let is_master = |one: &&Instance| one.state == State::Master;
    let masters = instances.iter().filter(is_master).count();
    if masters != 0 && masters != instances.len() {
        out.note(format!(
            "MASTER of {masters} of {} VRRP instances: HaActive is 1 while it is MASTER of any; [collectors.vrrp] instances names those that count",
            instances.len()
        ));
    }
}

fn shown(instance: &Instance) -> String {
    match instance.router {
        Some(router) => format!("VRRP instance {} (virtual router {router})", instance.name),
        None => format!("VRRP instance {}", instance.name),
    }
}
