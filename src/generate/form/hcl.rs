//! HCL as Terraform reads it and as `terraform fmt` would leave it. HCL native syntax specification, "Templates".

use std::fmt::Write;

use serde_json::{Map, Value};

use super::optional;

/// Begins a text that is an expression and no text.
const CODE: char = '\u{F8FF}';

/// An expression, written as it is.
#[must_use]
pub fn code(expression: &str) -> Value {
    Value::String(format!("{CODE}{expression}"))
}

/// A function of one value.
#[must_use]
pub fn call(function: &str, value: Value) -> Value {
    let key = format!("{CODE}{function}");
    Value::Object([(key, value)].into_iter().collect())
}

/// What stands in a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `name = value`.
    Set(String, Value),
    /// A block in it.
    Block(Block),
}

/// `type "label" "label" { … }`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    /// All before the brace, such as `resource "aws_iam_role" "firewall"`: identifiers and plain labels only.
    pub head: String,
    /// What stands in it, in this order.
    pub body: Vec<Item>,
}

impl Block {
    /// One with nothing in it.
    #[must_use]
    pub fn new(head: impl Into<String>) -> Self {
        Block {
            head: head.into(),
            body: Vec::new(),
        }
    }

    /// With an attribute.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.push(Item::Set(name.to_owned(), value.into()));
        self
    }

    /// With a block in it.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.body.push(Item::Block(block));
        self
    }
}

/// The expression for a character that stands for something.
pub type Fill<'a> = &'a dyn Fn(char) -> Option<String>;

/// A block, and all in it.
pub fn write(out: &mut String, indent: usize, block: &Block, fill: Fill<'_>) {
    let _ = write!(out, "{:indent$}{} {{", "", block.head);
    if block.body.is_empty() {
        out.push_str("}\n");
        return;
    }
    out.push('\n');
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut is_first = true;
    for item in &block.body {
        match item {
            Item::Set(name, value) => {
                lines.push((name.clone(), expression(value, indent + 2, fill)));
            }
            Item::Block(inner) => {
                is_first &= lines.is_empty();
                aligned(out, indent + 2, std::mem::take(&mut lines));
                if !is_first {
                    out.push('\n');
                }
                write(out, indent + 2, inner, fill);
            }
        }
        is_first = false;
    }
    aligned(out, indent + 2, lines);
    let _ = writeln!(out, "{:indent$}}}", "");
}

/// A comment, each line of the text on its own.
pub fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(out, "# {line}");
    }
}

/// Assignments, their signs in one column as far as lines of one line follow each other.
fn aligned(out: &mut String, indent: usize, lines: Vec<(String, String)>) {
    let is_long = |(_, value): &(String, String)| value.contains('\n');
    for run in lines.chunk_by(|a, b| !is_long(a) && !is_long(b)) {
        let width = run.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in run {
            let _ = writeln!(out, "{:indent$}{name:width$} = {value}", "");
        }
    }
}

/// A value as an expression.
#[must_use]
pub fn expression(value: &Value, indent: usize, fill: Fill<'_>) -> String {
    match value {
        Value::String(text) => match text.strip_prefix(CODE) {
            Some(code) => code.to_owned(),
            None => template(text, fill),
        },
        Value::Array(list) => self::list(list, indent, fill),
        Value::Object(table) if table.is_empty() => "{}".to_owned(),
        Value::Object(table) => match table
            .iter()
            .find_map(|(key, of)| Some((key.strip_prefix(CODE)?, of)))
        {
            Some((function, of)) => format!("{function}({})", expression(of, indent, fill)),
            None => object(table, indent, fill),
        },
        Value::Number(number) => super::number(number),
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}

fn object(table: &Map<String, Value>, indent: usize, fill: Fill<'_>) -> String {
    let mut out = String::from("{\n");
    let of = |(key, value): (&String, &Value)| (name(key), expression(value, indent + 2, fill));
    aligned(
        &mut out,
        indent + 2,
        super::ordered(table).into_iter().map(of).collect(),
    );
    let _ = write!(out, "{:indent$}}}", "");
    out
}

/// On one line where it is short and flat. An item that may not be there is a list of one or of none, and then all is
/// made flat.
fn list(list: &[Value], indent: usize, fill: Fill<'_>) -> String {
    if list.iter().any(|item| optional(item).is_some()) {
        let item = |item: &Value| match optional(item) {
            Some((needs, item)) => {
                let given = needs.into_iter().filter_map(|blank| fill(blank.mark()));
                let given: Vec<String> = given.map(|one| format!("{one} != \"\"")).collect();
                let item = expression(item, indent + 2, fill);
                code(&format!("{} ? [{item}] : []", given.join(" && ")))
            }
            None => item.clone(),
        };
        let items: Vec<Value> = list.iter().map(item).collect();
        return format!("flatten({})", self::list(&items, indent, fill));
    }
    let items: Vec<String> = list
        .iter()
        .map(|item| expression(item, indent + 2, fill))
        .collect();
    let short: usize = items.iter().map(|item| item.len() + 2).sum();
    if short <= 100 && !items.iter().any(|item| item.contains('\n')) {
        return format!("[{}]", items.join(", "));
    }
    let mut out = String::from("[\n");
    for item in items {
        let _ = writeln!(out, "{:indent$}  {item},", "");
    }
    let _ = write!(out, "{:indent$}]", "");
    out
}

/// A key of an object: an identifier, or a text.
fn name(key: &str) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(inside);
    match is_name {
        true => key.to_owned(),
        false => template(key, &|_| None),
    }
}

/// A text with its blanks; one that is a blank and nothing else is the expression itself.
fn template(text: &str, fill: Fill<'_>) -> String {
    let mut chars = text.chars();
    if let (Some(whole), None) = (chars.next().and_then(fill), chars.next()) {
        return whole;
    }
    let mut out = String::from("\"");
    let chars: Vec<char> = text.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        match fill(c) {
            Some(filled) => {
                let _ = write!(out, "${{{filled}}}");
            }
            None => escaped(&mut out, c, &chars[at + 1..], fill),
        }
    }
    out.push('"');
    out
}

/// One character of a quoted text, before these.
fn escaped(out: &mut String, c: char, rest: &[char], fill: Fill<'_>) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        '\n' => out.push_str("\\n"),
        '$' | '%' => match rest.iter().find(|next| **next != c) {
            Some('{') if rest[0] == '{' => out.extend([c, c]),
            // Before another of its kind that begins an escape: `$$${` would be read from the left.
            Some('{') => unicode(out, c),
            // A blank becomes a template: the sign before it must not become part of it.
            Some(next) if c == '$' && fill(*next).is_some() => unicode(out, c),
            _ => out.push(c),
        },
        ' '..='~' => out.push(c),
        c => unicode(out, c),
    }
}

fn unicode(out: &mut String, c: char) {
    let _ = match u32::from(c) {
        code @ 0..=0xFFFF => write!(out, "\\u{code:04x}"),
        code => write!(out, "\\U{code:08x}"),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::blank::Blank;
    use super::*;

    fn fill(c: char) -> Option<String> {
        Blank::of(c).map(|blank| format!("var.{}", blank.snake()))
    }

    fn shown(value: &Value) -> String {
        expression(value, 0, &fill)
    }

    #[test]
    fn a_block_is_written_as_fmt_leaves_it() {
        let inner = Block::new("metric").set("stat", "Sum");
        let block = Block::new("resource \"a\" \"b\"")
            .set("count", code("var.x == \"\" ? 0 : 1"))
            .set("description", "d")
            .set("dimensions", json!({"Core": "dp0/3", "a b": 1}))
            .set("list", json!(["x", 2]))
            .block(inner)
            .block(Block::new("empty"));
        let mut out = String::new();
        write(&mut out, 0, &block, &fill);
        let wanted = "\
resource \"a\" \"b\" {
  count       = var.x == \"\" ? 0 : 1
  description = \"d\"
  dimensions = {
    Core  = \"dp0/3\"
    \"a b\" = 1
  }
  list = [\"x\", 2]

  metric {
    stat = \"Sum\"
  }

  empty {}
}
";
        assert_eq!(out, wanted);
    }

    #[test]
    fn blanks_become_expressions() {
        let mark = Blank::InstanceId.mark();
        assert_eq!(shown(&json!(mark.to_string())), "var.instance_id");
        let between = json!(format!("a-{mark}-b"));
        assert_eq!(shown(&between), "\"a-${var.instance_id}-b\"");
        let after_sign = json!(format!("$${mark}{{"));
        assert_eq!(shown(&after_sign), "\"\\u0024\\u0024${var.instance_id}{\"");
    }

    #[test]
    fn templates_in_texts_stay_texts() {
        for (text, wanted) in [
            ("${a}", "$${a}"),
            ("%{a}", "%%{a}"),
            ("$${a}", "\\u0024$${a}"),
            ("%%%{", "\\u0025\\u0025%%{"),
            ("$%{", "$%%{"),
            ("%${", "%$${"),
            ("$ {%", "$ {%"),
            ("a\"\\\n\u{7f}\u{1F525}", "a\\\"\\\\\\n\\u007f\\U0001f525"),
        ] {
            assert_eq!(shown(&json!(text)), format!("\"{wanted}\""));
        }
    }
}
