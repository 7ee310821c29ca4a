//! All tables and keys there are, gathered from the parts that own them.

use std::sync::LazyLock;

use crate::collector::Spec;
use crate::collectors;
use crate::identity;
use crate::model::schema::{Key, KeyKind, Section, absolute_path, any_text};
use crate::model::selection;
use crate::publish::settings;

static TOP: Section = Section {
    name: "",
    keys: &[Key::new(
        "root",
        KeyKind::Text(absolute_path),
        "\"/\"",
        "Where /proc and /sys are looked for.",
    )],
};

static LOG: Section = Section {
    name: "log",
    keys: &[
        Key::new(
            "level",
            KeyKind::Text(log_level),
            "\"info\"",
            "In RUST_LOG syntax: a level, or target=level pairs.",
        ),
        Key::new(
            "format",
            KeyKind::OneOf(&["text", "json"]),
            "\"text\"",
            "Form of log lines.",
        ),
    ],
};

static COLLECTORS: Section = Section {
    name: "collectors",
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

/// Keys that every collector has, each with that collector's defaults, in the order of the list.
static COMMON: LazyLock<Vec<[Key; 2]>> = LazyLock::new(|| {
    let common = |spec: &&Spec| {
        [
            Key::new(
                "sample_secs",
                KeyKind::Int { min: 1, max: 1200 },
                spec.sample_secs.to_string().leak(), // once a process
                "Seconds between passes; divides [cloudwatch] period_secs or is a multiple of it.",
            ),
            Key::new(
                "timeout_secs",
                KeyKind::Int { min: 1, max: 300 },
                spec.timeout_secs.to_string().leak(),
                "Deadline of a pass.",
            ),
        ]
    };
    collectors::ALL.iter().map(common).collect()
});

/// RUST_LOG syntax takes any word for a target, so a misspelt level would silence everything.
fn log_level(text: &str) -> Result<(), String> {
    let right = || {
        "a level (off, error, warn, info, debug, trace), or pairs such as \"warn,fwmetrics=debug\""
            .to_owned()
    };
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |part: &str| levels.contains(&part.trim().to_ascii_lowercase().as_str());
    let is_pair = |part: &str| part.contains(['=', '[', '{']);
    if text
        .split(',')
        .any(|part| !is_level(part) && !is_pair(part))
    {
        return Err(right());
    }
    let parsed = tracing_subscriber::EnvFilter::builder().parse(text);
    parsed.map(|_| ()).map_err(|_| right())
}

/// Every table with its dotted path and its keys.
pub(super) fn all() -> Vec<(String, Vec<&'static Key>)> {
    let fixed = [
        &TOP,
        &LOG,
        &settings::CLOUDWATCH,
        &selection::SECTION,
        &identity::SECTION,
        &settings::SPOOL,
        &COLLECTORS,
    ];
    let fixed = fixed
        .into_iter()
        .map(|section| (section.name.to_owned(), section.keys.iter().collect()));
    let collectors = collectors::ALL.iter().zip(&*COMMON).map(|(spec, common)| {
        let keys = common.iter().chain(spec.keys).collect();
        (format!("collectors.{}", spec.name), keys)
    });
    fixed.chain(collectors).collect()
}
