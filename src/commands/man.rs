//! The manual page, made from the command line's own types, so that neither lacks what the other has.

use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory};
use roff::{Inline, Roff, bold, italic, roman};

use super::man_words::{DESCRIPTION, PARTS, Part};
use crate::cli::Cli;
use crate::collectors;

/// fwmetrics(1), as roff.
pub(super) fn page() -> String {
    let mut cmd = Cli::command();
    cmd.build();
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    let about = cmd.get_about().map(ToString::to_string);
    roff.text([roman(format!("fwmetrics - {}", about.unwrap_or_default()))]);
    roff.control("SH", ["SYNOPSIS"]);
    synopsis(&mut roff, &cmd, &[]);
    roff.control("SH", ["DESCRIPTION"]);
    prose(&mut roff, DESCRIPTION);
    roff.control("SH", ["COMMANDS"]);
    commands(&mut roff, &cmd, &[]);
    roff.control("SH", ["OPTIONS"]);
    for arg in cmd.get_arguments() {
        argument(&mut roff, arg);
    }
    roff.control("SH", ["COLLECTORS"]);
    for spec in collectors::ALL {
        item(&mut roff, spec.name, &format!("{}.", spec.about));
    }
    for part in PARTS {
        extra(&mut roff, part);
    }
    // Not by `control`, which leaves out an empty argument. There is no date: the version says how old the page is.
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH FWMETRICS 1 \"\" \"fwmetrics {version}\" \"User Commands\"\n");
    title + &roff.render()
}

/// All commands below this one that do something, each with the words before its name.
fn commands(roff: &mut Roff, cmd: &Command, before: &[&str]) {
    for sub in cmd.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let mut path = before.to_vec();
        path.push(sub.get_name());
        if sub.has_subcommands() {
            commands(roff, sub, &path);
        } else {
            command(roff, sub, &path);
        }
    }
}

fn command(roff: &mut Roff, cmd: &Command, path: &[&str]) {
    roff.control("SS", [format!("fwmetrics {}", path.join(" ")).as_str()]);
    synopsis(roff, cmd, path);
    if let Some(about) = cmd.get_about() {
        roff.control("PP", []);
        roff.text([roman(format!("{about}."))]);
    }
    let own = |arg: &&Arg| !arg.is_global_set() && arg.get_id() != "help";
    for arg in cmd.get_arguments().filter(own) {
        argument(roff, arg);
    }
    if let Some(text) = cmd.get_after_help() {
        roff.control("PP", []);
        prose(roff, &text.to_string());
    }
}

fn synopsis(roff: &mut Roff, cmd: &Command, path: &[&str]) {
    let mut line = vec![bold(
        ["fwmetrics"]
            .iter()
            .chain(path)
            .copied()
            .collect::<Vec<_>>()
            .join(" "),
    )];
    let own = |arg: &&Arg| path.is_empty() || !arg.is_global_set();
    for arg in cmd.get_arguments().filter(own) {
        let Some(long) = arg.get_long() else {
            line.extend([roman(" "), italic(value_name(arg))]);
            continue;
        };
        if matches!(long, "help" | "version") {
            continue;
        }
        line.extend([roman(" ["), bold(format!("--{long}"))]);
        if takes_value(arg) {
            line.extend([roman(" "), italic(value_name(arg))]);
        }
        line.push(roman("]"));
    }
    if cmd.has_subcommands() {
        line.extend([roman(" "), italic("COMMAND")]);
    }
    roff.text(line);
}

/// An option or a value, its help, and each of the words that it takes.
fn argument(roff: &mut Roff, arg: &Arg) {
    let mut head: Vec<Inline> = Vec::new();
    if let Some(short) = arg.get_short() {
        head.extend([bold(format!("-{short}")), roman(", ")]);
    }
    match arg.get_long() {
        Some(long) => head.push(bold(format!("--{long}"))),
        None => head.push(italic(value_name(arg))),
    }
    if arg.get_long().is_some() && takes_value(arg) {
        head.extend([roman(" "), italic(value_name(arg))]);
    }
    roff.control("TP", []);
    roff.text(head);
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|text| text.to_string_lossy())
        .collect();
    let default = match defaults.as_slice() {
        [default] if takes_value(arg) => format!(" [default: {default}]"),
        _ => String::new(),
    };
    roff.text([roman(format!("{help}{default}"))]);
    if takes_value(arg) {
        words(roff, arg);
    }
}

/// The words that a value may be; those that explain themselves on one line.
fn words(roff: &mut Roff, arg: &Arg) {
    let values = arg.get_possible_values();
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    if names.is_empty() {
        return;
    }
    if values.iter().all(|value| value.get_help().is_none()) {
        roff.control("br", []);
        roff.text([roman(names.join(", "))]);
        return;
    }
    roff.control("RS", []);
    for value in &values {
        let help = value.get_help().map(ToString::to_string);
        item(roff, value.get_name(), &help.unwrap_or_default());
    }
    roff.control("RE", []);
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

fn value_name(arg: &Arg) -> String {
    let name = arg.get_value_names().and_then(|names| names.first());
    name.map_or_else(
        || arg.get_id().to_string().to_uppercase(),
        ToString::to_string,
    )
}

fn extra(roff: &mut Roff, part: &Part) {
    roff.control("SH", [part.title]);
    prose(roff, part.text);
    for (name, meaning) in part.list {
        item(roff, name, meaning);
    }
}

fn item(roff: &mut Roff, name: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(meaning)]);
}

/// Paragraphs parted by blank lines; lines that begin with two blanks stand as they are.
fn prose(roff: &mut Roff, text: &str) {
    let paragraphs = text.split("\n\n").filter(|text| !text.is_empty());
    for (number, paragraph) in paragraphs.enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        let (verbatim, flowing): (Vec<&str>, Vec<&str>) =
            paragraph.lines().partition(|line| line.starts_with("  "));
        for line in flowing {
            roff.text([roman(line)]);
        }
        if !verbatim.is_empty() {
            roff.control("RS", ["4"]);
            roff.control("nf", []);
            for line in verbatim {
                roff.text([roman(line.trim_start())]);
            }
            roff.control("fi", []);
            roff.control("RE", []);
        }
    }
}
