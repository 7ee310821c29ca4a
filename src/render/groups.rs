//! The command groups of remote collectors, for the README.

use std::fmt::Write;

use crate::collector::{Command, Group};
use crate::collectors;

/// A table of every command that a remote firewall may be sent.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "| Group | Default | Command | At most every | Bytes, about | Metrics |\n|---|---|---|---|---|---|\n",
    );
    let remotes = collectors::ALL.iter().filter_map(|spec| spec.remote);
    for group in remotes.flat_map(|remote| remote.groups) {
        for command in group.commands {
            row(&mut out, group, command);
        }
    }
    out
}

fn row(out: &mut String, group: &Group, command: &Command) {
    let default = if group.on { "on" } else { "opt-in" };
    let every = match command.period_secs {
        0 => "pass".to_owned(),
        secs => format!("{secs} s"),
    };
    let metrics: Vec<String> = command
        .metrics
        .iter()
        .map(|metric| match metric.on {
            true => format!("`{}`", metric.name),
            false => format!("*`{}`*", metric.name),
        })
        .collect();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "| `{}` | {default} | `{}` | {every} | {} | {} |",
        group.name,
        command.words,
        command.usual_bytes,
        metrics.join(", ")
    );
}
