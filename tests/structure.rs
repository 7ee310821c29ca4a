//! Holds the house together: floors, file headers, the map in `src/lib.rs`, and the README's generated parts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fwmetrics::model::prices::Prices;
use fwmetrics::render::{groups, metrics};

/// The floor of every room in `src`.
const FLOORS: [(&str, u8); 18] = [
    ("main", 8),
    ("commands", 7),
    ("cli", 6),
    ("agent", 6),
    ("generate", 6),
    ("config", 5),
    ("render", 5),
    ("catalogue", 4),
    ("collectors", 3),
    ("collector", 2),
    ("publish", 2),
    ("identity", 2),
    ("aggregate", 1),
    ("host", 1),
    ("self_metrics", 1),
    ("simulate", 1),
    ("model", 0),
    ("clock", 0),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn room(file: &str) -> String {
    let inner = file.strip_prefix("src/").unwrap();
    inner
        .split('/')
        .next()
        .unwrap()
        .trim_end_matches(".rs")
        .to_owned()
}

/// Rooms that a file names by `crate::room` (or `fwmetrics::room` in main), code and paths alike.
fn named_rooms(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = BTreeSet::new();
    for line in code {
        for prefix in ["crate::", "fwmetrics::"] {
            for (at, _) in line.match_indices(prefix) {
                let rest = &line[at + prefix.len()..];
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                rooms.insert(rest[..end].to_owned());
            }
        }
    }
    rooms
}

#[test]
fn a_room_uses_lower_floors_only() {
    let floors: BTreeMap<&str, u8> = FLOORS.into_iter().collect();
    let mut seen = BTreeSet::new();
    for (file, text) in sources(&root().join("src")) {
        let own = room(&file);
        if own == "lib" {
            continue;
        }
        let floor = *floors
            .get(own.as_str())
            .unwrap_or_else(|| panic!("{file} is in no room of the plan"));
        seen.insert(own.clone());
        for other in named_rooms(&text) {
            assert!(
                !other.is_empty(),
                "{file} imports several rooms in one line"
            );
            let theirs = *floors
                .get(other.as_str())
                .unwrap_or_else(|| panic!("{file} names an unknown room {other}"));
            assert!(
                other == own || theirs < floor,
                "{file} on floor {floor} uses {other} on floor {theirs}"
            );
        }
    }
    assert_eq!(seen.len(), FLOORS.len(), "a room of the plan is empty");
}

#[test]
fn collectors_do_not_know_each_other() {
    for (file, text) in sources(&root().join("src/collectors")) {
        let Some((own, _)) = file
            .strip_prefix("src/collectors/")
            .unwrap()
            .split_once('/')
        else {
            continue;
        };
        for (at, _) in text.match_indices("crate::collectors::") {
            let other = &text[at + "crate::collectors::".len()..];
            assert!(other.starts_with(own), "{file} uses another collector");
        }
    }
}

#[test]
fn time_and_the_sdk_have_one_door_each() {
    for (file, text) in sources(&root().join("src")) {
        assert!(
            file == "src/publish/cloudwatch.rs" || !text.contains("aws_sdk_cloudwatch"),
            "{file} names the SDK"
        );
        assert!(
            file == "src/publish/lifecycle.rs"
                || !(text.contains("aws_sigv4") || text.contains("aws_sdk_autoscaling")),
            "{file} calls Auto Scaling"
        );
        let pure = file.starts_with("src/aggregate")
            || file.starts_with("src/agent/core")
            || file.starts_with("src/agent/drain")
            || file == "src/collector/links.rs"
            || file.ends_with("/wire.rs")
            || file.contains("/wire/");
        for door in [
            "std::fs",
            "std::net",
            "tokio::",
            "clock::now",
            "crate::host",
        ] {
            assert!(
                !(pure && text.contains(door)),
                "{file} is pure but names {door}"
            );
        }
    }
}

#[test]
fn unsafe_code_has_one_door() {
    for (file, text) in sources(&root().join("src")) {
        assert!(
            file == "src/host/ethtool/raw.rs" || !text.contains("unsafe_code"),
            "{file} allows unsafe code"
        );
    }
}

#[test]
fn every_file_says_what_it_is() {
    let both = ["src", "tests"]
        .map(|folder| sources(&root().join(folder)))
        .concat();
    for (file, text) in both {
        assert!(text.starts_with("//! "), "{file} has no //! line");
    }
}

#[test]
fn the_map_names_every_room() {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for (room, floor) in FLOORS {
        let row = map
            .lines()
            .find(|line| line.starts_with(&format!("//! | {floor} |")));
        assert!(
            row.is_some_and(
                |row| row.contains(&format!("`{room}`")) || row.contains(&format!("`{room}.rs`"))
            ),
            "{room}"
        );
    }
}

/// Holds a generated part of the README; with BLESS=1 in the environment it is written instead.
fn hold_in_readme(name: &str, generated: &str) {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = readme.split_once(&begin).expect("begin mark");
    let (table, after) = rest.split_once("<!-- end -->").expect("end mark");
    if table != generated && std::env::var_os("BLESS").is_some() {
        let new = format!("{before}{begin}{generated}<!-- end -->{after}");
        return std::fs::write(path, new).unwrap();
    }
    assert_eq!(table, generated, "{name}: BLESS=1 writes it");
}

// One test for all parts: they are written into one file.
#[test]
fn the_readme_is_in_step() {
    hold_in_readme(
        "fwmetrics metrics --format markdown",
        &metrics::markdown(&Prices::default()),
    );
    hold_in_readme("keys", &key_table());
    hold_in_readme("groups", &groups::markdown());
}

#[test]
fn the_example_configuration_is_in_step() {
    let path = root().join("deploy/fwmetrics.toml");
    let generated = fwmetrics::generate::config::text();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let file = std::fs::read_to_string(path).unwrap();
    assert_eq!(file, generated, "BLESS=1 writes it");
}

/// The reference of all keys, from the schemas that check them.
fn key_table() -> String {
    let mut out = String::from("| Table | Key | Default | |\n|---|---|---|---|\n");
    for part in fwmetrics::config::keys() {
        for key in &part.keys {
            let table = if part.path.is_empty() {
                String::new()
            } else {
                format!("`{}`", part.header())
            };
            let default = key.default.toml().map(|default| format!("`{default}`"));
            let default = default.unwrap_or_default();
            out.push_str(&format!(
                "| {table} | `{}` | {default} | {} |\n",
                key.name, key.doc
            ));
        }
    }
    out
}

#[test]
fn nothing_of_ours_names_a_working_place() {
    for name in ["README.md", "CHANGELOG.md", "Cargo.toml"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        assert!(
            !text.contains("/root/") && !text.contains("/home/"),
            "{name}"
        );
    }
}
