//! Trees as YAML in block style, so that a person can read it; every text that could be taken for something else is quoted.
//!
//! Of YAML 1.1 and 1.2 only what both take alike: CloudFormation reads 1.1, most linters too.

use std::fmt::Write;

use serde_json::{Map, Value};

/// `key: value`, with what lies below on lines of their own, two columns further in.
pub fn entry(out: &mut String, indent: usize, key: &str, value: &Value) {
    let _ = write!(out, "{:indent$}{}:", "", scalar(key));
    after(out, indent, value, "\n");
}

/// The entries of a table.
pub fn entries(out: &mut String, indent: usize, table: &Map<String, Value>) {
    for (key, value) in super::ordered(table) {
        entry(out, indent, key, value);
    }
}

/// A comment, each line of the text on its own.
pub fn comment(out: &mut String, indent: usize, text: &str) {
    for line in text.lines() {
        let line: String = line.chars().filter(|c| is_printable(*c)).collect();
        let _ = writeln!(out, "{:indent$}# {line}", "");
    }
}

/// What stands behind a colon or a dash; a table begins with `first` where it is not empty.
fn after(out: &mut String, indent: usize, value: &Value, first: &str) {
    match value {
        Value::Object(table) if table.is_empty() => out.push_str(" {}\n"),
        Value::Array(list) if list.is_empty() => out.push_str(" []\n"),
        Value::Object(table) => {
            out.push_str(first);
            let mut rest = String::new();
            entries(&mut rest, indent + 2, table);
            // Behind a dash the first entry stands on its line.
            let skip = if first == "\n" { 0 } else { indent + 2 };
            out.push_str(&rest[skip..]);
        }
        Value::Array(list) => {
            out.push('\n');
            for item in list {
                let _ = write!(out, "{:indent$}  -", "");
                after(out, indent + 2, item, " ");
            }
        }
        Value::String(text) if is_block(text) => block(out, indent + 2, text),
        Value::String(text) => {
            let _ = writeln!(out, " {}", scalar(text));
        }
        Value::Number(number) => {
            let _ = writeln!(out, " {}", super::number(number));
        }
        Value::Bool(_) | Value::Null => {
            let _ = writeln!(out, " {value}");
        }
    }
}

/// Several lines of printable ASCII go as they are: the first has to show the indentation, and no space may be lost.
fn is_block(text: &str) -> bool {
    let as_it_is = |c: char| c == '\n' || (' '..='~').contains(&c);
    text.contains('\n')
        && text.chars().all(as_it_is)
        && !text.starts_with([' ', '\n'])
        && !text.ends_with('\n')
}

fn block(out: &mut String, indent: usize, text: &str) {
    out.push_str(" |-\n");
    for line in text.split('\n') {
        let indent = if line.is_empty() { 0 } else { indent };
        let _ = writeln!(out, "{:indent$}{line}", "");
    }
}

/// A text, quoted where it has to be.
#[must_use]
pub fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            ' '..='~' => out.push(c),
            c if u32::from(c) <= 0xFFFF => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// Words that YAML 1.1 takes for truth or nothing, in any case.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// Begins with a letter, holds nothing that means something; no colon but inside a word.
fn is_plain(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(inside)
        && !text.ends_with(':')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// No control character and no line end of Unicode's.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> String {
        let mut out = String::new();
        entries(&mut out, 0, value.as_object().unwrap());
        out
    }

    #[test]
    fn a_tree_is_written_in_blocks() {
        let tree = json!({
            "A": {"B": [1, {"C": "x y", "D": []}, ["e"]], "F": {}},
            "G": 80.0, "H": true, "I": null, "J": 0.5, "K": "{\n  \"a\": 1\n}",
        });
        let wanted = "\
A:
  B:
    - 1
    - C: \"x y\"
      D: []
    -
      - e
  F: {}
G: 80
H: true
I: null
J: 0.5
K: |-
  {
    \"a\": 1
  }
";
        assert_eq!(written(&tree), wanted);
    }

    #[test]
    fn a_text_stays_a_text() {
        for text in [
            "",
            "yes",
            "No",
            "null",
            "~",
            "1",
            "1e3",
            "0x10",
            "a: b",
            "a #b",
            "a:",
            "- a",
            "!x",
            "&a",
            "*a",
            "%a",
            "a\"b",
            "a\\b",
            "2026-01-01",
            "=",
            "<<",
            "1:30",
            "'",
            "{",
            "[",
            "${a}",
            " a",
            "a ",
            ",",
            "?",
            "|",
            ">",
            "@",
            "`",
        ] {
            let quoted = serde_json::to_string(text).unwrap();
            assert_eq!(scalar(text), quoted);
        }
        for text in [
            "a",
            "AWS::Region",
            "arn:aws:iam::1:role/x",
            "sts:AssumeRole",
            "a-b.c_d",
        ] {
            assert_eq!(scalar(text), text);
        }
        assert_eq!(
            scalar("\u{7f}\u{85}\u{2028}\u{1F525}"),
            "\"\\u007F\\u0085\\u2028\\U0001F525\""
        );
    }

    #[test]
    fn a_comment_is_never_left() {
        let mut out = String::new();
        comment(&mut out, 2, "a\rb: c\nd\u{85}e\u{2028}f");
        assert_eq!(out, "  # ab: c\n  # def\n");
    }
}
