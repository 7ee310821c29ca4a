//! Floor 5: text to [`Config`]. Puts together the settings that each part owns, and owns those of the log and of `[http]`.

mod check;
mod cross;
mod sections;
mod tree;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use serde::Deserialize;

use crate::collector::{Collector, Context, Spec};
use crate::collectors;
use crate::host::files::Root;
use crate::host::state::StateDir;
use crate::identity;
use crate::model::faults::{Fault, Faults, Place};
use crate::model::schema::Table;
use crate::model::selection::Selection;
use crate::publish::settings::{CloudWatchSettings, SpoolSettings};

/// Where the configuration is looked for when none is named.
pub const DEFAULT_FILE: &str = "/etc/fwmetrics/fwmetrics.toml";

/// A configuration without faults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where /proc and /sys are looked for.
    pub root: PathBuf,
    /// `[log]`.
    pub log: Log,
    /// `[cloudwatch]`.
    pub cloudwatch: CloudWatchSettings,
    /// `[metrics]`.
    pub metrics: Selection,
    /// `[identity]`.
    pub identity: identity::Settings,
    /// `[spool]`.
    pub spool: SpoolSettings,
    /// `[http]`.
    pub http: Http,
    /// `[collectors]`.
    pub collectors: Collectors,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            root: PathBuf::from("/"),
            log: Log::default(),
            cloudwatch: CloudWatchSettings::default(),
            metrics: Selection::default(),
            identity: identity::Settings::default(),
            spool: SpoolSettings::default(),
            http: Http::default(),
            collectors: Collectors::default(),
        }
    }
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// In RUST_LOG syntax.
    pub level: String,
    /// Text or JSON.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where `/metrics`, `/healthz` and `/readyz` are served; no port is opened without it.
    pub listen: Option<SocketAddr>,
}

/// `[collectors]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Collectors {
    /// Every collector whose source exists runs.
    pub auto: bool,
    /// But these.
    pub disable: BTreeSet<String>,
    /// `[collectors.NAME]`, as each collector reads it itself.
    #[serde(flatten)]
    pub tables: BTreeMap<String, toml::Table>,
}

impl Default for Collectors {
    fn default() -> Self {
        Collectors {
            auto: true,
            disable: BTreeSet::new(),
            tables: BTreeMap::new(),
        }
    }
}

/// A collector that this configuration runs.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is.
    pub spec: &'static Spec,
    /// Its table.
    pub table: toml::Table,
    /// Time between passes.
    pub period: Duration,
    /// Deadline of a pass.
    pub timeout: Duration,
    /// Something of it is published; else it runs for `/metrics` alone.
    pub published: bool,
    root: Root,
    state: StateDir,
}

impl Wanted {
    /// The other would read the same in the same way: then there is no need for another collector. Whether it is
    /// published is none of the collector's business.
    #[must_use]
    pub fn is_as(&self, other: &Wanted) -> bool {
        let own = |wanted: &Wanted| {
            let mut table = wanted.table.clone();
            // In force with their defaults, and compared so.
            table.remove("sample_secs");
            table.remove("timeout_secs");
            table
        };
        self.spec.name == other.spec.name
            && (self.period, self.timeout) == (other.period, other.timeout)
            && self.root.path("/") == other.root.path("/")
            && self.state.path() == other.state.path()
            && own(self) == own(other)
    }

    /// The same for one who only looks: it keeps nothing over restarts.
    #[must_use]
    pub fn looking(mut self) -> Self {
        self.state = self.state.read_only();
        self
    }

    /// Makes the collector.
    ///
    /// # Errors
    /// Names the collector and what it cannot work with.
    pub fn build(&self) -> Result<Box<dyn Collector>, String> {
        let context = Context {
            period: self.period,
            ..Context::local(self.root.clone(), self.timeout, self.state.clone())
        };
        (self.spec.build)(&self.table, context)
            .map_err(|why| format!("[collectors.{}]: {why}", self.spec.name))
    }
}

impl Config {
    /// The collectors that run, in the order of the list.
    #[must_use]
    pub fn collectors(&self) -> Vec<Wanted> {
        let state = StateDir::new(&self.spool.dir);
        let shown = self.shown();
        let shown = shown.as_ref().unwrap_or(&self.metrics);
        collectors::ALL
            .iter()
            .filter(|spec| spec.remote.is_none() && self.runs(spec, shown))
            .map(|spec| {
                let table = self
                    .collectors
                    .tables
                    .get(spec.name)
                    .cloned()
                    .unwrap_or_default();
                let secs = |key: &str, default: i64| {
                    let configured = table.get(key).and_then(toml::Value::as_integer);
                    Duration::from_secs(u64::try_from(configured.unwrap_or(default)).unwrap_or(1))
                };
                Wanted {
                    spec,
                    period: secs(
                        "sample_secs",
                        spec.sample_secs.unwrap_or(self.cloudwatch.period_secs),
                    ),
                    timeout: secs("timeout_secs", spec.timeout_secs),
                    published: needs(spec, &self.metrics),
                    root: Root::new(&self.root),
                    state: state.clone(),
                    table,
                }
            })
            .collect()
    }

    /// With `[http]`: what `/metrics` shows, published or not. What fwmetrics costs is always among it.
    #[must_use]
    pub fn shown(&self) -> Option<Selection> {
        self.http.listen?;
        let mut shown = self.metrics.clone();
        for metric in collectors::exporter::SPEC.metrics() {
            shown.disable.remove(metric.name);
            shown.enable.insert(metric.name.to_owned());
        }
        Some(shown)
    }

    fn runs(&self, spec: &Spec, shown: &Selection) -> bool {
        let asked = self.collectors.auto || self.collectors.tables.contains_key(spec.name);
        asked && needs(spec, shown) && !self.collectors.disable.contains(spec.name)
    }
}

fn needs(spec: &Spec, selection: &Selection) -> bool {
    !spec.on_demand || spec.metrics().any(|metric| selection.any(metric))
}

/// Every table with its keys: what there is to set.
#[must_use]
pub fn keys() -> Vec<Table> {
    sections::all()
}

/// What the items of the list at this dotted path may be; empty where anything may.
#[must_use]
pub fn known_names(path: &str) -> Vec<String> {
    check::known_names(path)
}

/// Reads the configuration: this file, else the default one if it is there, else defaults; and the environment.
///
/// # Errors
/// All faults at once.
pub fn load(file: Option<&str>, environment: &[(String, String)]) -> Result<Config, Faults> {
    let name = file.unwrap_or(DEFAULT_FILE);
    let text = match read(name) {
        Ok(text) => Some(text),
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            // What the environment has wrong is said beside it.
            let mut faults = parse("", Some(name.to_owned()), environment)
                .err()
                .unwrap_or(Faults {
                    file: Some(name.to_owned()),
                    list: Vec::new(),
                });
            let wrong = format!("cannot read it: {error}");
            let remedy = "name a readable file of UTF-8 text with --config".to_owned();
            let fault = Fault {
                place: Place::File,
                key: String::new(),
                wrong,
                remedy,
            };
            faults.list.push(fault);
            return Err(faults);
        }
    };
    let file = text.is_some().then(|| name.to_owned());
    parse(text.as_deref().unwrap_or_default(), file, environment)
}

/// No configuration comes near (the one with all keys has 7 kB), and a running daemon that reads one again, whatever is in
/// it, stays below the memory that its unit allows.
const FILE_BYTES_MAX: u64 = 256 << 10;
/// Faults that are gathered: nobody reads more.
const FAULTS_MAX: usize = 1000;

/// A regular file of text; a pipe that nobody writes to would hold us for ever.
fn read(name: &str) -> std::io::Result<String> {
    let is_ours = |data: Metadata| {
        if data.is_file() && data.len() <= FILE_BYTES_MAX {
            return Ok(());
        }
        let text = "not a regular file of at most 256 KiB";
        Err(std::io::Error::new(ErrorKind::InvalidInput, text))
    };
    // Before it is opened, for opening alone may do something to a device; and after, for it may be another by then.
    is_ours(std::fs::metadata(name)?)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(name, flags, Mode::empty())?);
    is_ours(file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        std::io::Error::new(ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

/// Reads a configuration from text and environment.
///
/// # Errors
/// All faults at once.
pub fn parse(
    text: &str,
    file: Option<String>,
    environment: &[(String, String)],
) -> Result<Config, Faults> {
    let (tree, mut list) = tree::Tree::read(text, environment);
    list.extend(check::check(&tree));
    list.sort();
    list.dedup();
    if !list.is_empty() {
        return Err(Faults { file, list });
    }
    tree.deserialize().map_err(|wrong| {
        let fault = Fault {
            place: Place::File,
            key: String::new(),
            wrong,
            remedy: String::new(),
        };
        Faults {
            file,
            list: vec![fault],
        }
    })
}
