//! All tables and keys there are, gathered from the parts that own them.

use std::net::SocketAddr;

use tracing_subscriber::filter::Targets;

use crate::collector::{Group, Spec};
use crate::collectors;
use crate::identity;
use crate::model::schema::{ABSOLUTE, Key, KeyKind, Section, Table, absolute_path, any_text};
use crate::model::selection;
use crate::publish::settings;

static TOP: Section = Section {
    name: "",
    about: "The program as a whole.",
    keys: &[Key::new(
        "root",
        KeyKind::Text(absolute_path),
        "\"/\"",
        "Where /proc and /sys are looked for.",
    )
    .pattern(ABSOLUTE)],
};

static LOG: Section = Section {
    name: "log",
    about: "Log lines of `fwmetrics run`, on standard error.",
    keys: &[
        Key::new(
            "level",
            KeyKind::Text(log_level),
            "\"info\"",
            "In RUST_LOG syntax, without spans: a level, or target=level pairs.",
        ),
        Key::new(
            "format",
            KeyKind::OneOf(&["text", "json"]),
            "\"text\"",
            "Form of log lines.",
        ),
    ],
};

static HTTP: Section = Section {
    name: "http",
    about: "What Prometheus and probes may ask; without it no port is opened.",
    keys: &[Key::new(
        "listen",
        KeyKind::Text(socket_address),
        "",
        "Serve /metrics, /healthz and /readyz here, such as \"127.0.0.1:9273\". Default: no port is opened.",
    )
    .pattern(r"^(\[[0-9A-Fa-f:.%]+\]|[0-9.]+):[0-9]+$")
    .example("\"127.0.0.1:9273\"")],
};

/// An address and a port; a name would have to be looked up, and may be several addresses.
fn socket_address(text: &str) -> Result<(), String> {
    let parsed: Result<SocketAddr, _> = text.parse();
    parsed.map(|_| ()).map_err(|_| {
        "an IP address and a port, such as \"127.0.0.1:9273\" or \"[::1]:9273\"".to_owned()
    })
}

static COLLECTORS: Section = Section {
    name: "collectors",
    about: "Which sources are read.",
    keys: &[
        Key::new(
            "auto",
            KeyKind::Bool,
            "",
            "Run every collector of this machine whose source exists; else only those with a table here. Default: true, but false where a remote firewall or a firewalls_file is configured, for a poller is no firewall.",
        )
        .example("true"),
        Key::new(
            "disable",
            KeyKind::TextList(any_text),
            "[]",
            "Collectors that never run.",
        ),
    ],
};

/// Keys that every collector has; their defaults are its Spec's.
static COMMON: [Key; 2] = [
    Key::new(
        "sample_secs",
        KeyKind::Int { min: 1, max: 1200 },
        "",
        "Seconds between passes; divides [cloudwatch] period_secs or is a multiple of it.",
    ),
    Key::new(
        "timeout_secs",
        KeyKind::Int { min: 1, max: 300 },
        "",
        "Deadline of a pass.",
    ),
];

/// Keys of a collector that reads firewalls from elsewhere.
static REMOTE: [Key; 2] = [
    Key::new(
        "sample_secs",
        KeyKind::Int { min: 1, max: 1200 },
        "",
        "Seconds between passes, a multiple of [cloudwatch] period_secs. Default: once a window.",
    )
    .example("60"),
    Key::new(
        FIREWALLS_FILE,
        KeyKind::Text(absolute_path),
        "",
        "A file with more firewalls, the same tables and nothing else. It is watched: what other tools write there is in force within seconds. Replace it whole (write another, rename it), or a reader may find half of it.",
    )
    .example("\"/etc/fwmetrics/firewalls.toml\"")
    .pattern(ABSOLUTE),
];

/// The key of a remote collector's table that names a list of firewalls.
pub(super) const FIREWALLS_FILE: &str = "firewalls_file";
/// The list of tables below a remote collector's.
pub(super) const FIREWALL: &str = "firewall";

/// RUST_LOG syntax takes any word for a target, so a misspelt level would silence everything.
fn log_level(text: &str) -> Result<(), String> {
    let right = || {
        "a level (off, error, warn, info, debug, trace), or pairs such as \"warn,fwmetrics=debug\""
            .to_owned()
    };
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |part: &str| levels.contains(&part.trim().to_ascii_lowercase().as_str());
    let is_pair = |part: &str| part.contains('=') && !part.contains(['[', '{']);
    if text
        .split(',')
        .any(|part| !is_level(part) && !is_pair(part))
    {
        return Err(right());
    }
    let parsed = text.parse::<Targets>();
    parsed.map(|_| ()).map_err(|_| right())
}

/// Every table with its keys, in the order in which people read them.
pub(super) fn all() -> Vec<Table> {
    let fixed = [
        &TOP,
        &LOG,
        &settings::CLOUDWATCH,
        &selection::SECTION,
        // Not right behind [cloudwatch], which has keys of the same names: taken without its header, one is a fault.
        &settings::VMSERIES,
        &identity::SECTION,
        &settings::SPOOL,
        &HTTP,
        &super::drain::SECTION,
        &super::alarms::SECTION,
        &super::scaling::SECTION,
        &super::prices::SECTION,
        &COLLECTORS,
    ];
    let fixed = fixed.into_iter().map(|section| Table {
        path: section.name.to_owned(),
        about: section.about,
        is_request: section.name == settings::VMSERIES.name,
        is_list: false,
        keys: section.keys.to_vec(),
    });
    fixed
        .chain(collectors::ALL.iter().flat_map(|spec| {
            let firewalls = spec.remote.map(|_| firewalls(spec));
            std::iter::once(collector(spec)).chain(firewalls)
        }))
        .collect()
}

/// The tables of a file that holds firewalls of this collector and nothing else.
pub(super) fn of_list(spec: &Spec) -> Vec<Table> {
    let own = format!("collectors.{}", spec.name);
    let bare = ["", "collectors", &own].map(|path| Table {
        path: path.to_owned(),
        about: "",
        is_request: false,
        is_list: false,
        keys: Vec::new(),
    });
    bare.into_iter()
        .chain(std::iter::once(firewalls(spec)))
        .collect()
}

/// The path of a remote collector's list of firewalls.
pub(super) fn firewalls_of(spec: &Spec) -> String {
    format!("collectors.{}.{FIREWALL}", spec.name)
}

/// The groups that the list at this path may name.
pub(super) fn groups(path: &str) -> &'static [Group] {
    let of = |spec: &&&Spec| {
        let rest = path.strip_prefix(&firewalls_of(spec));
        matches!(rest, Some(".enable" | ".disable"))
    };
    let remote = collectors::ALL.iter().find(of).and_then(|spec| spec.remote);
    remote.map_or(&[], |remote| remote.groups)
}

/// The list of a remote collector's firewalls.
fn firewalls(spec: &Spec) -> Table {
    let own = spec.remote.map_or(&[][..], |remote| remote.keys);
    Table {
        path: firewalls_of(spec),
        about: "A firewall to read; one such table each.",
        is_request: true,
        is_list: true,
        keys: identity::FIREWALL.iter().chain(own).copied().collect(),
    }
}

/// The table of a collector: what all of them have, with its own defaults, and its own keys.
fn collector(spec: &Spec) -> Table {
    let [sample, timeout] = COMMON;
    let timeout = timeout.preset(spec.timeout_secs);
    let [once_a_window, file] = REMOTE;
    let common = match (spec.remote, spec.sample_secs) {
        (Some(_), _) => vec![file, once_a_window, timeout],
        (None, None) => vec![sample.example("60"), timeout],
        (None, Some(secs)) => vec![sample.preset(secs), timeout],
    };
    Table {
        path: format!("collectors.{}", spec.name),
        about: spec.about,
        is_request: true,
        is_list: false,
        keys: common
            .into_iter()
            .chain(spec.keys.iter().copied())
            .collect(),
    }
}
