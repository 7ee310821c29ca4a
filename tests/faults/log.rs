//! What the program says: the account, and one line for each change of state.

use std::collections::BTreeMap;

/// The final account, in datums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) sealed: u64,
    pub(crate) sent: u64,
    pub(crate) waiting: u64,
    pub(crate) dropped: u64,
    /// Local ticks without a pass, 0 where it names none.
    pub(crate) missed_ticks: u64,
}

impl Account {
    /// The last one in the log.
    pub(crate) fn last(log: &str) -> Option<Self> {
        let line = log.lines().rfind(|line| line.contains("account: "))?;
        Some(Account {
            sealed: number(line, "sealed ")?,
            sent: number(line, "sent ")?,
            waiting: number(line, "waiting ")?,
            dropped: number(line, "dropped ")?,
            missed_ticks: number(line, "missed ticks ").unwrap_or(0),
        })
    }

    /// sealed = sent + waiting + dropped.
    pub(crate) fn balances(&self) -> bool {
        self.sealed == self.sent + self.waiting + self.dropped
    }
}

fn number(line: &str, after: &str) -> Option<u64> {
    let rest = &line[line.find(after)? + after.len()..];
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// The lines for people, without their time; those for the curious are left out.
pub(crate) fn lines(log: &str) -> impl Iterator<Item = &str> {
    let lines = log.lines().filter(|line| !line.contains(" DEBUG "));
    lines.map(|line| line.split_once(' ').map_or(line, |(_, said)| said.trim()))
}

/// The line that was said most often, whatever its numbers, and how often.
pub(crate) fn most_said(log: &str) -> (usize, String) {
    let mut said = BTreeMap::<String, usize>::new();
    for line in lines(log) {
        let shape = line.replace(|c: char| c.is_ascii_digit(), "");
        *said.entry(shape).or_default() += 1;
    }
    let counted = said.into_iter().map(|(line, count)| (count, line));
    counted.max().unwrap_or_default()
}
