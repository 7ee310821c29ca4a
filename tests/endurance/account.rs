//! The account line at the end of a run.

/// Its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub sealed: u64,
    pub sent: u64,
    pub waiting: u64,
    pub dropped: u64,
    pub lost: u64,
}

impl Account {
    /// The one in this log.
    pub fn read(log: &str) -> Self {
        let line = log.lines().rev().find(|line| line.contains("account: "));
        let line = line.unwrap_or_else(|| panic!("no account in the log:\n{log}"));
        let of = |word: &str| number_after(line, word);
        Account {
            sealed: of("sealed ").expect("sealed"),
            sent: of("sent ").expect("sent"),
            waiting: of("waiting ").expect("waiting"),
            dropped: of("dropped ").expect("dropped"),
            lost: of(", lost ").unwrap_or(0),
        }
    }

    /// All that was sealed is somewhere.
    pub fn balances(&self) -> bool {
        self.sealed == self.sent + self.waiting + self.dropped
    }
}

fn number_after(line: &str, word: &str) -> Option<u64> {
    let rest = &line[line.find(word)? + word.len()..];
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    rest[..digits.unwrap_or(rest.len())].parse().ok()
}
