//! Manners towards a management plane that has other work to do: how often a command may be asked, and what a refusal
//! or a slow answer costs it. Pure; time is counted in passes.

use std::time::Duration;

use super::wire::Refusal;
use crate::collector::passes;

/// An answer that takes longer says that the management plane is busy.
pub(super) const SLOW: Duration = Duration::from_secs(4);
/// The longest rest after failures, seconds.
const REST_SECS: u64 = 600;

/// How a command fares on this firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// It is answered.
    Well,
    /// This release does not have it: not asked until there is another release.
    Unknown(String),
    /// It was refused, or met an error, and rests; what to tell meanwhile.
    Failing(String),
}

/// One command's standing.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// Passes from one asking to the next.
    every: u64,
    /// The pass in which it is due.
    due: u64,
    /// Passes of the longest rest.
    rest_most: u64,
    /// Failures or slow answers in a row.
    trouble: u32,
    state: State,
}

impl Standing {
    /// Of a command with this minimum period where a pass comes each `period`; due in the first pass.
    pub(super) fn new(period_secs: u64, period: Duration) -> Self {
        let pass = period.as_secs().max(1);
        Standing {
            every: passes(period_secs, period),
            due: 0,
            rest_most: REST_SECS.div_ceil(pass).max(1),
            trouble: 0,
            state: State::Well,
        }
    }

    /// Passes from one asking to the next, while all is well.
    pub(super) fn every(&self) -> u64 {
        self.every
    }

    /// It is to be asked in this pass.
    pub(super) fn is_due(&self, pass: u64) -> bool {
        !matches!(self.state, State::Unknown(_)) && pass >= self.due
    }

    /// What keeps it from being asked; none where it is well.
    pub(super) fn failing(&self) -> Option<&str> {
        match &self.state {
            State::Failing(why) => Some(why),
            State::Well | State::Unknown(_) => None,
        }
    }

    /// This release does not have it.
    pub(super) fn unknown(&self) -> Option<&str> {
        match &self.state {
            State::Unknown(note) => Some(note),
            State::Well | State::Failing(_) => None,
        }
    }

    /// It was answered in this pass. One that took its time has twice as long to rest, no longer: what hangs on its
    /// reading would take it for lost.
    pub(super) fn answered(&mut self, pass: u64, is_slow: bool) {
        self.state = State::Well;
        self.trouble = 0;
        let rests = if is_slow { 2 } else { 1 };
        self.due = pass + self.every * rests;
    }

    /// It was refused in this pass; `why` is told until it is answered again.
    pub(super) fn refused(&mut self, pass: u64, refusal: &Refusal, why: String) {
        match refusal {
            Refusal::UnknownCommand(_) => self.state = State::Unknown(why),
            // Nothing is wrong: it is asked again when its time comes.
            Refusal::Passive(_) => self.answered(pass, false),
            // Only a person can mend a missing right: to ask each minute would fill the firewall's log.
            Refusal::Unauthorized(_) => {
                self.trouble = self.trouble.saturating_add(1).max(3);
                self.fail(pass, why);
            }
            _ => self.fail(pass, why),
        }
    }

    /// It met an error in this pass.
    pub(super) fn fail(&mut self, pass: u64, why: String) {
        self.due = pass + self.rest();
        self.state = State::Failing(why);
    }

    /// How often it met trouble in a row; those without are asked first.
    pub(super) fn trouble(&self) -> u32 {
        self.trouble
    }

    /// The firewall as a whole was silent, or took no key, and is well again: what failed meanwhile is no fault of the
    /// command's.
    pub(super) fn forgive(&mut self) {
        if matches!(self.state, State::Failing(_)) {
            self.due = 0;
        }
    }

    /// There is another release: what was unknown may be known.
    pub(super) fn forget_unknown(&mut self) {
        if matches!(self.state, State::Unknown(_)) {
            self.state = State::Well;
            self.due = 0;
        }
    }

    /// Passes until the next try: its period, and twice as long after each trouble in a row.
    fn rest(&mut self) -> u64 {
        let longer = self.every.saturating_mul(1 << self.trouble.min(10));
        self.trouble = self.trouble.saturating_add(1);
        longer.min(self.rest_most).max(self.every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn asked_in(
        standing: &mut Standing,
        passes: u64,
        mut then: impl FnMut(&mut Standing, u64),
    ) -> Vec<u64> {
        let mut asked = Vec::new();
        for pass in 1..=passes {
            if standing.is_due(pass) {
                asked.push(pass);
                then(standing, pass);
            }
        }
        asked
    }

    #[test]
    fn a_period_is_kept_in_passes() {
        for (period_secs, pass_secs, asked) in [
            (0, 60, vec![1, 2, 3]),
            (60, 60, vec![1, 2, 3]),
            (30, 10, vec![1, 4, 7]),
            (300, 60, vec![1, 6, 11]),
            (100, 60, vec![1, 3, 5]),
        ] {
            let mut standing = Standing::new(period_secs, Duration::from_secs(pass_secs));
            let passes = asked[2];
            let seen = asked_in(&mut standing, passes, |s, pass| s.answered(pass, false));
            assert_eq!(seen, asked, "{period_secs} s at {pass_secs} s");
        }
    }

    #[test]
    fn errors_double_the_rest_up_to_ten_minutes_and_slow_answers_once() {
        let fails = |s: &mut Standing, pass| s.fail(pass, "busy".to_owned());
        let mut standing = Standing::new(60, MINUTE);
        let asked = asked_in(&mut standing, 40, fails);
        assert_eq!(asked, [1, 2, 4, 8, 16, 26, 36]);
        standing.answered(36, false);
        assert!(standing.is_due(37) && standing.failing().is_none());
        let mut slow = Standing::new(60, MINUTE);
        let asked = asked_in(&mut slow, 8, |s, pass| s.answered(pass, true));
        assert_eq!(asked, [1, 3, 5, 7]);
        // One that is asked each hour is not asked more often because it fails.
        let mut hourly = Standing::new(3600, MINUTE);
        assert_eq!(asked_in(&mut hourly, 130, fails), [1, 61, 121]);
    }

    #[test]
    fn an_unknown_command_is_off_until_there_is_another_release() {
        let mut standing = Standing::new(60, MINUTE);
        let unknown = Refusal::UnknownCommand(String::new());
        standing.refused(1, &unknown, "not on this release".to_owned());
        assert_eq!(asked_in(&mut standing, 2000, |_, _| ()), [0; 0]);
        assert_eq!(standing.unknown(), Some("not on this release"));
        assert_eq!(standing.failing(), None);
        standing.forget_unknown();
        assert!(standing.is_due(2001));
    }

    #[test]
    fn a_missing_right_is_told_in_each_pass_and_asked_for_seldom() {
        let mut standing = Standing::new(60, MINUTE);
        let asked = asked_in(&mut standing, 60, |s, pass| {
            s.refused(
                pass,
                &Refusal::Unauthorized(String::new()),
                "no right".to_owned(),
            );
        });
        assert_eq!(asked, [1, 9, 19, 29, 39, 49, 59]);
        assert_eq!(standing.failing(), Some("no right"));
    }

    #[test]
    fn a_passive_member_is_no_trouble() {
        let mut standing = Standing::new(60, MINUTE);
        standing.refused(1, &Refusal::Passive(String::new()), String::new());
        assert!(standing.is_due(2) && standing.failing().is_none());
    }
}
