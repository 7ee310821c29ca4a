//! A row of the table: a fault, what it may cost, and the account that it has to leave.

use std::any::Any;

use crate::lab::Lab;
use crate::log::{Account, lines, most_said};
use crate::table::{Line, print};
use crate::tally::Tally;

/// Brings a fault about and heals it; what is left is to stop the program. An error is a part that this machine lacks.
type Play = Box<dyn Fn(&mut Lab) -> Result<(), String> + Send + Sync>;

/// A fault, and what is to be seen of it.
pub(crate) struct Row {
    /// As in the table.
    fault: &'static str,
    play: Play,
    /// Said once in each round.
    says: &'static [&'static str],
    rounds: usize,
    /// How often one line may be said, whatever its numbers.
    repeats: usize,
    doubles: bool,
    splits: bool,
    gaps: bool,
    stops: bool,
}

impl Row {
    pub(crate) fn new<P>(fault: &'static str, says: &'static [&'static str], play: P) -> Self
    where
        P: Fn(&mut Lab) -> Result<(), String> + Send + Sync + 'static,
    {
        Row {
            fault,
            play: Box::new(play),
            says,
            rounds: 1,
            repeats: 1,
            doubles: false,
            splits: false,
            gaps: false,
            stops: false,
        }
    }

    /// The fault comes so often.
    pub(crate) fn rounds(mut self, rounds: usize) -> Self {
        (self.rounds, self.repeats) = (rounds, rounds);
        self
    }

    /// A line may be said so often: one for each file, or one for each start.
    pub(crate) fn repeats(mut self, repeats: usize) -> Self {
        self.repeats = repeats;
        self
    }

    /// An answer is lost, so that what it accepted is sent again.
    pub(crate) fn doubles(mut self) -> Self {
        self.doubles = true;
        self
    }

    /// Batches are halved: not each body that was tried arrives.
    pub(crate) fn splits(mut self) -> Self {
        self.splits = true;
        self
    }

    /// The program is stopped for some windows: they are missing, and their ticks are counted.
    pub(crate) fn stops(mut self) -> Self {
        (self.gaps, self.stops) = (true, true);
        self
    }

    /// The program cannot read: seconds without a window are right.
    pub(crate) fn gaps(mut self) -> Self {
        self.gaps = true;
        self
    }

    fn run(&self) -> Line {
        let mut lab = Lab::new(self.fault);
        if let Err(lacks) = (self.play)(&mut lab) {
            return Line::skipped(self.fault, &lacks);
        }
        lab.stop();
        let log = lab.log();
        let account = Account::last(&log).unwrap_or_else(|| panic!("no account\n{log}"));
        let tally = Tally::of(&lab.endpoint);
        let line = Line::new(self.fault, account, &tally, lines(&log).count());
        let faults = self.wrong(&lab, account, &tally, &log);
        assert!(
            faults.is_empty(),
            "{}\n{line}\n{}\n{log}",
            self.fault,
            faults.join("\n")
        );
        line
    }

    /// What is not as it has to be.
    fn wrong(&self, lab: &Lab, account: Account, tally: &Tally, log: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut must = |is_so: bool, why: String| {
            if !is_so {
                wrong.push(why);
            }
        };
        must(account.balances(), format!("no balance: {account:?}"));
        must(account.waiting == 0, "something still waits".into());
        must(
            account.dropped == lab.spoilt,
            format!("dropped {}, spoilt {}", account.dropped, lab.spoilt),
        );
        must(
            account.sent == tally.arrived,
            format!("sent {}, arrived {}", account.sent, tally.arrived),
        );
        must(
            self.doubles || tally.doubled == 0,
            format!("{} datums twice, and no answer was lost", tally.doubled),
        );
        // After a restart the second that was cut in two has its rest.
        must(
            lab.lives() > 1 || tally.torn.is_empty(),
            format!("in two different bodies: {:?}", tally.torn),
        );
        must(
            self.splits || tally.never <= lab.spoilt,
            format!(
                "{} datums were tried and never accepted as they were",
                tally.never
            ),
        );
        let stood_still = self.gaps || lab.lives() > 1 || lab.spoilt > 0;
        let explained = stood_still || account.missed_ticks > 0;
        must(
            explained || tally.gaps() == 0,
            format!("{} seconds without a window", tally.gaps()),
        );
        must(
            !self.stops || account.missed_ticks > 0 && tally.gaps() > 0,
            "it was stopped, and counts no missed tick".into(),
        );
        for text in self.says {
            let said = lines(log).filter(|line| line.contains(text)).count();
            let rounds = self.rounds;
            must(
                said == rounds,
                format!("{text:?}: said {said} times, not {rounds}"),
            );
        }
        let (times, line) = most_said(log);
        must(times <= self.repeats, format!("said {times} times: {line}"));
        must(!log.contains("panicked"), "it panicked".into());
        wrong
    }
}

/// Runs all rows side by side, prints the table, and fails with those that failed.
pub(crate) fn run(rows: &[Row]) {
    let ran: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = rows.iter().map(|row| scope.spawn(|| row.run())).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let failures = ran.iter().filter_map(|row| row.as_ref().err());
    let failures: Vec<&str> = failures.map(|panic| words(panic.as_ref())).collect();
    print(ran.iter().filter_map(|row| row.as_ref().ok()));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied())
        .unwrap_or("a panic without words")
}
