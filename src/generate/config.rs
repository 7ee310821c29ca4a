//! The whole configuration as a file, `deploy/fwmetrics.toml`: every key commented out, so that the file says the
//! same as no file at all, and goes on saying so when a later release has other defaults.

use crate::config;
use crate::model::schema::{Key, KeyKind, Table};

/// Columns of prose; a key with a long value may be longer.
const WIDTH: usize = 100;

const HEAD: &str = "Configuration of fwmetrics, looked for in /etc/fwmetrics/fwmetrics.toml. Every key is here with \
its default, commented out: take the # away where you want another value, and the rest follows the defaults of the \
installed release. `fwmetrics check` says what is wrong, with line and remedy.";

const ENVIRONMENT: &str = "A variable in the environment comes before this file: FWMETRICS_CLOUDWATCH__NAMESPACE for \
namespace in [cloudwatch].";

const REQUESTS: &str = "From here on take the # away before the table's header too. A collector that has a table runs \
even where auto = false.";

const REQUEST: &str = "Take the # away before this header too.";

/// The file.
#[must_use]
pub fn text() -> String {
    let mut out = String::new();
    prose(&mut out, HEAD);
    out.push_str("#\n");
    prose(&mut out, ENVIRONMENT);
    let mut requests = false;
    for table in config::keys() {
        if table.is_request && table.path.starts_with("collectors.") && !requests {
            requests = true;
            out.push('\n');
            prose(&mut out, REQUESTS);
        }
        header(&mut out, &table);
        for entry in &table.keys {
            key(&mut out, entry);
        }
    }
    out
}

fn header(out: &mut String, table: &Table) {
    if table.path.is_empty() {
        return;
    }
    out.push('\n');
    prose(out, &sentence(table.about));
    if table.is_request && !table.path.starts_with("collectors.") {
        prose(out, REQUEST);
    }
    let comment = if table.is_request { "#" } else { "" };
    out.push_str(&format!("{comment}{}\n", table.header()));
}

fn key(out: &mut String, key: &Key) {
    out.push('\n');
    prose(out, &sentence(key.doc));
    if let Some(range) = range(key.kind) {
        prose(out, &range);
    }
    let value = key.default.toml().unwrap_or_else(|| {
        prose(out, "Not set unless you do; for instance:");
        key.example.to_owned()
    });
    out.push_str(&format!("#{} = {value}\n", key.name));
}

/// What may be written, where the default does not show it.
fn range(kind: KeyKind) -> Option<String> {
    match kind {
        KeyKind::Int { min, max } => Some(format!("{min} to {max}.")),
        KeyKind::Number { min, max } => Some(format!("{min} to {max}.")),
        KeyKind::OneOf(words) => Some(format!("One of {}.", words.join(", "))),
        KeyKind::OneOfInts(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            Some(format!("One of {}.", numbers.join(", ")))
        }
        KeyKind::Bool
        | KeyKind::Text(_)
        | KeyKind::Patterns
        | KeyKind::TextList(_)
        | KeyKind::OneOrMore(_)
        | KeyKind::DimensionSets(_) => None,
    }
}

/// A text that ends as a sentence does.
fn sentence(text: &str) -> String {
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{text}{end}")
}

/// Comment lines.
fn prose(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};
    use crate::model::schema::Preset;

    fn read(text: &str) -> Config {
        parse(text, None, &[]).unwrap_or_else(|faults| panic!("{faults}\nin\n{text}"))
    }

    /// The file with the comment signs of some keys, and all headers but those of lists, taken away.
    fn live(wanted: impl Fn(&Key) -> bool) -> String {
        let mut lines = Vec::new();
        let mut path = String::new();
        for line in text().lines() {
            let bare = line.strip_prefix('#').unwrap_or(line);
            if let Some(name) = bare.strip_prefix('[') {
                // Firewalls are looked at for themselves, for there is none without some keys.
                let is_list = name.starts_with('[');
                path = if is_list {
                    ""
                } else {
                    name.trim_end_matches(']')
                }
                .to_owned();
                lines.push(if is_list { line } else { bare }.to_owned());
                continue;
            }
            let name = bare.split_once(" = ").map_or("", |(name, _)| name);
            let tables = config::keys();
            let keys = tables.iter().find(|table| table.path == path);
            let key = keys.and_then(|table| table.keys.iter().find(|key| key.name == name));
            let take = key.is_some_and(&wanted);
            lines.push(if take { bare } else { line }.to_owned());
        }
        lines.join("\n")
    }

    #[test]
    fn the_file_says_what_no_file_says() {
        assert_eq!(read(&text()), Config::default());
    }

    #[test]
    fn the_defaults_it_shows_are_those_that_hold() {
        let text = live(|key| key.default != Preset::None);
        assert!(text.contains("\nperiod_secs = 60\n") && text.contains("\n[collectors.cpu]\n"));
        let written = read(&text);
        let defaults = Config::default();
        let all = |config: &Config| {
            let mut config = config.clone();
            config.metrics.enable.insert("ExporterMemory".to_owned());
            let wanted = config.collectors();
            wanted
                .iter()
                .map(|wanted| {
                    wanted.build().unwrap();
                    (wanted.spec.name, wanted.period, wanted.timeout)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(all(&written), all(&defaults));
        let mut rest = written;
        rest.collectors.tables.clear();
        assert_eq!(rest.cloudwatch.vmseries.take(), Some(Box::default()));
        assert_eq!(rest, defaults);
    }

    #[test]
    fn what_has_no_default_has_an_example_that_is_right() {
        for table in config::keys() {
            for key in &table.keys {
                let one = (key.default == Preset::None) != key.example.is_empty();
                assert!(
                    one,
                    "[{}] {}: a default or an example",
                    table.path, key.name
                );
            }
        }
        let all = live(|key| key.default == Preset::None);
        assert_ne!(read(&all), Config::default());
    }

    /// Keys of a firewall, with those of another way to name its key and its certificate; one of these needs another.
    const WAYS: [&[&str]; 3] = [
        &["name", "address", "api_key_file", "ca_file"],
        &["name", "address", "user", "password_file", "ca_file"],
        &["name", "address", "api_key_file", "tls_sha256"],
    ];

    /// A firewall with these keys: their examples, or defaults.
    fn firewall(table: &Table, keys: &[&str]) -> String {
        let mut text = format!("{}\n", table.header());
        for key in table.keys.iter().filter(|key| keys.contains(&key.name)) {
            let value = key.default.toml().unwrap_or_else(|| key.example.to_owned());
            let pin = format!("[\"{}\"]", "ab".repeat(32));
            let value = if key.name == "tls_sha256" {
                &pin
            } else {
                &value
            };
            text.push_str(&format!("{} = {value}\n", key.name));
        }
        text
    }

    #[test]
    fn a_firewalls_examples_are_right_each_with_those_it_needs() {
        let tables = config::keys().into_iter();
        for table in tables.filter(|table| table.is_list) {
            for key in &table.keys {
                let with = |way: &&[&str]| {
                    let text = firewall(&table, &[way, &[key.name][..]].concat());
                    parse(&text, None, &[]).is_ok()
                };
                assert!(WAYS.iter().any(with), "{}", key.name);
            }
        }
    }

    #[test]
    fn a_firewalls_defaults_are_those_that_hold() {
        let tables = config::keys().into_iter();
        for table in tables.filter(|table| table.is_list) {
            let defaults = table.keys.iter().filter(|key| key.default != Preset::None);
            // Written, these two say more than their defaults.
            let spoken = ["tls_sha256", "tunnel_bits_per_second_max"];
            let defaults = defaults
                .map(|key| key.name)
                .filter(|key| !spoken.contains(key));
            let written: Vec<&str> = WAYS[0].iter().copied().chain(defaults).collect();
            let of = |keys: &[&str]| {
                let mut wanted = read(&firewall(&table, keys)).collectors();
                assert_eq!(wanted.len(), 1);
                wanted.remove(0)
            };
            let (bare, written) = (of(WAYS[0]), of(&written));
            bare.build().unwrap();
            assert_eq!((&bare.who, &bare.wanted), (&written.who, &written.wanted));
            assert_eq!(bare.target, written.target);
        }
    }

    #[test]
    fn each_key_stands_there_once_and_lines_are_short() {
        let text = text();
        let lines = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        let (mut keys, mut tables) = (0, 0);
        for table in config::keys() {
            keys += table.keys.len();
            tables += usize::from(!table.path.is_empty());
            for key in table.keys {
                assert!(lines(&format!("#{} = ", key.name)) >= 1, "{}", key.name);
            }
        }
        let is_key = |line: &&str| {
            line.starts_with('#') && line.chars().nth(1).is_some_and(|c| c.is_ascii_lowercase())
        };
        assert_eq!(text.lines().filter(is_key).count(), keys);
        assert_eq!(lines("[") + lines("#["), tables);
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}
