//! The table, in Markdown: run with `-- --nocapture` to see it.

use std::fmt;

use crate::log::Account;
use crate::tally::Tally;

const HEAD: &str = "\
| fault | windows | datums sealed | lost | duplicated | late: datums (windows) | spoilt, dropped and counted | log lines |
|---|---|---|---|---|---|---|---|";

/// One row, done.
pub(crate) struct Line {
    cells: Vec<String>,
}

impl Line {
    pub(crate) fn new(fault: &str, account: Account, tally: &Tally, said: usize) -> Self {
        let lost = account.sealed - account.dropped;
        Line {
            cells: vec![
                fault.to_owned(),
                tally.windows.len().to_string(),
                account.sealed.to_string(),
                (i128::from(lost) - i128::from(tally.arrived)).to_string(),
                tally.doubled.to_string(),
                format!("{} ({})", tally.late, tally.late_windows.len()),
                account.dropped.to_string(),
                said.to_string(),
            ],
        }
    }

    pub(crate) fn skipped(fault: &str, lacks: &str) -> Self {
        crate::support::skip(&format!("{fault}: {lacks}"));
        Line {
            cells: vec![fault.to_owned(), format!("skipped: {lacks}")],
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} |", self.cells.join(" | "))
    }
}

/// Prints them in one piece, so that tables of other threads stand beside it and not within.
pub(crate) fn print<'l>(lines: impl Iterator<Item = &'l Line>) {
    let rows: Vec<String> = lines.map(ToString::to_string).collect();
    println!("\n{HEAD}\n{}\n", rows.join("\n"));
}
