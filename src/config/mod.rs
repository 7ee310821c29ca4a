//! Floor 5: text to [`Config`]. Puts together the settings that each part owns, and owns those of the log and of `[http]`.

mod alarms;
mod check;
mod cross;
mod drain;
mod drain_rules;
mod entries;
mod file;
mod firewalls;
mod list;
mod prices;
mod published;
mod scaling;
mod sections;
mod tree;
mod wanted;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::identity;
use crate::model::faults::{Fault, Faults, Place};
use crate::model::prices::Prices;
use crate::model::schema::Table;
use crate::model::selection::Selection;
use crate::publish::settings::{CloudWatchSettings, SpoolSettings};
pub use alarms::{ALARM_NUMBERS, Alarms};
pub use drain::{Drain, hook_name};
pub use list::{Listed, Print, Text, look};
pub use scaling::{POLICY_NUMBERS, Scaling};
pub use wanted::{Wanted, names};

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
    /// `[drain]`.
    pub drain: Drain,
    /// `[alarms]`.
    pub alarms: Alarms,
    /// `[scaling]`.
    pub scaling: Scaling,
    /// `[prices]`.
    pub prices: Prices,
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
            drain: Drain::default(),
            alarms: Alarms::default(),
            scaling: Scaling::default(),
            prices: Prices::default(),
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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Collectors {
    /// Every collector of this machine whose source exists runs; by default where no firewall is read from elsewhere.
    pub auto: Option<bool>,
    /// But these.
    pub disable: BTreeSet<String>,
    /// `[collectors.NAME]`, as each collector reads it itself.
    pub tables: BTreeMap<String, toml::Table>,
    /// What each collector's `firewalls_file` held when it was read.
    pub listed: BTreeMap<String, Listed>,
}

/// By hand, since serde's `flatten` brings code for every type that a format may have: with that of `untagged`, in
/// `one_or_more`, 7 kB of the released program.
impl<'de> Deserialize<'de> for Collectors {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut tables = BTreeMap::new();
        let mut all = toml::Table::deserialize(from)?;
        let [auto, disable] = ["auto", "disable"].map(|key| all.remove(key));
        for (name, table) in all {
            tables.insert(name, table.try_into().map_err(D::Error::custom)?);
        }
        let auto = auto.map(toml::Value::try_into).transpose();
        let disable = disable.map(toml::Value::try_into).transpose();
        Ok(Collectors {
            auto: auto.map_err(D::Error::custom)?,
            disable: disable.map_err(D::Error::custom)?.unwrap_or_default(),
            tables,
            listed: BTreeMap::new(),
        })
    }
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
    let text = match file::read(name, file::CONFIG_BYTES_MAX) {
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
    let text = text.as_deref().unwrap_or_default();
    assemble(text, file, environment, &|file| Some(list::read(file)))
}

/// Faults that are gathered: nobody reads more.
const FAULTS_MAX: usize = 1000;

/// Reads a configuration from text and environment. Files that it names are not read.
///
/// # Errors
/// All faults at once.
pub fn parse(
    text: &str,
    file: Option<String>,
    environment: &[(String, String)],
) -> Result<Config, Faults> {
    assemble(text, file, environment, &|_| None)
}

/// The main file and the environment, and the lists of firewalls that they name.
fn assemble(
    text: &str,
    file: Option<String>,
    environment: &[(String, String)],
    read: &dyn Fn(&str) -> Option<Text>,
) -> Result<Config, Faults> {
    let (tree, mut list) = tree::Tree::read(text, environment);
    list.extend(check::check(&tree));
    let (listed, faults) = list::of_tree(&tree, read);
    list.extend(faults);
    list.sort();
    list.dedup();
    if !list.is_empty() {
        return Err(Faults { file, list });
    }
    let config = tree.deserialize().map_err(|wrong| {
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
    });
    let mut config = config?;
    config.collectors.listed = listed;
    Ok(config)
}
