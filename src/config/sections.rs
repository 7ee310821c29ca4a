//! All tables and keys there are, gathered from the parts that own them.

use std::net::SocketAddr;

use tracing_subscriber::filter::Targets;

use crate::collector::Spec;
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
            "true",
            "Run every collector whose source exists; else only those with a table here.",
        ),
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
        &COLLECTORS,
    ];
    let fixed = fixed.into_iter().map(|section| Table {
        path: section.name.to_owned(),
        about: section.about,
        is_request: section.name == settings::VMSERIES.name,
        keys: section.keys.to_vec(),
    });
    fixed
        .chain(collectors::ALL.iter().map(|spec| collector(spec)))
        .collect()
}

/// The table of a collector: what all of them have, with its own defaults, and its own keys.
fn collector(spec: &Spec) -> Table {
    let [sample, timeout] = COMMON;
    let common = [
        spec.sample_secs
            .map_or(sample.example("60"), |secs| sample.preset(secs)),
        timeout.preset(spec.timeout_secs),
    ];
    Table {
        path: format!("collectors.{}", spec.name),
        about: spec.about,
        is_request: true,
        keys: common
            .into_iter()
            .chain(spec.keys.iter().copied())
            .collect(),
    }
}
