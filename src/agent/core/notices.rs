//! What is worth a log line: a repeated failure once, and then on change, and never more than a ceiling a minute.
//!
//! Names and reasons come from devices and proxies. What was said is remembered by its hash, so that a long text costs
//! no memory; a line is one line, and of a bounded length.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::ceiling::{Ceiling, LINES_MOST, OF_ONE_MOST};

/// How loud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// For the curious.
    Debug,
    /// A normal event.
    Info,
    /// Something a person should know.
    Warn,
    /// Something is lost, or will be.
    Error,
}

/// A log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How loud.
    pub level: Level,
    /// What.
    pub text: String,
}

/// The last thing said about a subject.
#[derive(Debug, Clone, Copy)]
struct Said {
    state: u64,
    /// Which line it was.
    order: u64,
}

/// What was said about each subject.
#[derive(Debug, Default)]
pub struct Notices {
    said: HashMap<u64, Said>,
    order: u64,
    lines: Vec<Line>,
    ceiling: Ceiling,
}

/// Subjects remembered, some dozen bytes each: a thousand firewalls with some notes each, codes and a handful of fixed
/// ones. Where devices invent more, those said longest ago are forgotten, and may be said again.
const SUBJECTS_MAX: usize = 4096;
/// Bytes of a line; a datum with all its dimensions stays below.
const LINE_BYTES_MAX: usize = 4096;

impl Notices {
    /// Time passed, boot clock.
    pub fn at(&mut self, now: Duration) {
        let left_out = self.ceiling.at(now);
        self.tell(left_out);
    }

    /// Says it, whatever was said before, where the ceiling leaves room.
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        // Lines without a subject share the room of one, by how loud they are.
        if level == Level::Debug || self.ceiling.admits(hash(level)) {
            self.insist(level, text);
        }
    }

    /// Says it, ceiling or not: for the last words.
    pub fn insist(&mut self, level: Level, text: impl Into<String>) {
        let text = one_line(text.into());
        self.lines.push(Line { level, text });
    }

    /// Says it unless the same was the last thing said about the subject.
    pub fn change(&mut self, level: Level, subject: &str, text: impl Into<String>) {
        let text = text.into();
        self.change_of(level, subject, &text.clone(), text);
    }

    /// The same where the text has parts that change by themselves: only a new state is said.
    pub fn change_of(&mut self, level: Level, subject: &str, state: &str, text: impl Into<String>) {
        let (subject, state) = (hash(subject), hash(state));
        let known = self.said.get(&subject);
        if known.is_some_and(|said| said.state == state) || !self.ceiling.admits_state(subject) {
            return;
        }
        self.remember(subject, state);
        self.insist(level, text);
    }

    /// The trouble with the subject is over: says so if it was ever said.
    pub fn over(&mut self, subject: &str, text: impl Into<String>) {
        let subject = hash(subject);
        // Without room it stays said, and is over when there is.
        if self.said.contains_key(&subject) && self.ceiling.admits_state(subject) {
            self.said.remove(&subject);
            self.insist(Level::Info, text);
        }
    }

    /// The subject is gone: what is said of it later is new.
    pub fn forget(&mut self, subject: &str) {
        self.said.remove(&hash(subject));
    }

    /// All lines since the last time.
    pub fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// The end: says how many lines were left out, where any were.
    pub fn close(&mut self) {
        let left_out = self.ceiling.told();
        self.tell(left_out);
    }

    /// Lines left out since start.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.ceiling.total()
    }

    fn tell(&mut self, left_out: u64) {
        if left_out > 0 {
            let text = format!(
                "{left_out} log lines were left out: at most {LINES_MOST} a minute are written, {OF_ONE_MOST} of one subject"
            );
            self.insist(Level::Warn, text);
        }
    }

    fn remember(&mut self, subject: u64, state: u64) {
        if self.said.len() >= SUBJECTS_MAX && !self.said.contains_key(&subject) {
            let oldest = self.said.iter().min_by_key(|(_, said)| said.order);
            if let Some(oldest) = oldest.map(|(subject, _)| *subject) {
                self.said.remove(&oldest);
            }
        }
        self.order += 1;
        let order = self.order;
        self.said.insert(subject, Said { state, order });
    }
}

fn hash(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// No control characters, which would make two lines of one, and no more than the ceiling of a line.
fn one_line(mut text: String) -> String {
    if text.len() > LINE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(LINE_BYTES_MAX));
        text.push('…');
    }
    match text.contains(char::is_control) {
        true => text.replace(char::is_control, " "),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn texts(notices: &mut Notices) -> Vec<String> {
        let lines = notices.take();
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_state_is_said_once_and_its_end_once() {
        let mut notices = Notices::default();
        notices.change_of(Level::Warn, "a", "failed", "failed: 1");
        notices.change_of(Level::Warn, "a", "failed", "failed: 2");
        notices.over("b", "never said");
        notices.over("a", "well");
        notices.over("a", "well");
        assert_eq!(texts(&mut notices), ["failed: 1", "well"]);
    }

    #[test]
    fn a_storm_is_cut_and_counted_and_leaves_room_for_others() {
        for storm in [29, 30, 31, 1000] {
            let mut notices = Notices::default();
            notices.at(secs(100));
            for number in 0..storm {
                notices.say(Level::Error, format!("gave up {number}"));
                notices.say(Level::Debug, "not counted");
            }
            notices.change(Level::Warn, "send", "CloudWatch denies");
            let lines = texts(&mut notices);
            let written = lines.iter().filter(|line| line.starts_with("gave up"));
            assert_eq!(written.count(), storm.min(30));
            assert!(lines.contains(&"CloudWatch denies".to_owned()));
            let left_out = storm.saturating_sub(30);
            assert_eq!(notices.suppressed(), left_out as u64);
            notices.at(secs(159));
            assert!(notices.take().is_empty());
            notices.at(secs(160));
            let said = texts(&mut notices);
            assert_eq!(said.len(), usize::from(left_out > 0), "{said:?}");
            assert!(
                said.iter()
                    .all(|line| line.starts_with(&left_out.to_string()))
            );
        }
    }

    #[test]
    fn no_minute_has_more_lines_than_the_ceiling_and_one() {
        let mut notices = Notices::default();
        for second in 0..600 {
            notices.at(secs(second));
            for number in 0..50 {
                let subject = format!("collector {number}");
                notices.change(Level::Warn, &subject, "failed");
                notices.over(&subject, "reads again");
            }
            let lines = notices.take().len();
            let first = second % 60 == 0;
            assert!(lines <= if first { 61 } else { 0 }, "{second}: {lines}");
        }
        assert!(notices.suppressed() > 0);
    }

    #[test]
    fn a_state_that_found_no_room_is_said_when_there_is() {
        let mut notices = Notices::default();
        notices.at(secs(100));
        notices.change(Level::Warn, "known", "failed");
        for number in 0..60 {
            notices.change(Level::Info, &format!("other {number}"), "x");
        }
        notices.take();
        for _ in 0..20 {
            notices.over("known", "well");
            notices.change(Level::Warn, "late", "failed");
        }
        assert!(notices.take().is_empty());
        notices.at(secs(160));
        notices.over("known", "well");
        notices.change(Level::Warn, "late", "failed");
        let said = texts(&mut notices);
        assert_eq!(said[1..], ["well", "failed"]);
        // The one that was over the ceiling, and these two, each once.
        assert!(said[0].starts_with("3 log lines"), "{said:?}");
    }

    #[test]
    fn the_last_words_are_said_whatever_came_before() {
        let mut notices = Notices::default();
        for _ in 0..100 {
            notices.say(Level::Error, "gave up");
        }
        notices.close();
        notices.insist(Level::Info, "account");
        let said = texts(&mut notices);
        assert_eq!(said.len(), 32);
        assert!(said[30].starts_with("70 log lines"));
        assert_eq!(said[31], "account");
    }

    #[test]
    fn what_devices_invent_takes_no_memory_and_makes_no_lines() {
        let mut notices = Notices::default();
        for minute in 0..100 {
            notices.at(secs(minute * 60));
            for number in 0..100 {
                let name = format!("tunnel {minute} {number} {}", "x".repeat(5000));
                notices.change(Level::Info, &name, name.clone());
            }
            for line in notices.take() {
                assert!(line.text.len() <= LINE_BYTES_MAX + '…'.len_utf8());
            }
        }
        assert_eq!(notices.said.len(), SUBJECTS_MAX);
        notices.at(secs(6000));
        notices.take();
        notices.say(
            Level::Info,
            "forged\n2026-11-21T00:00:00Z ERROR\u{1b}[31m x",
        );
        let said = texts(&mut notices);
        assert_eq!(said, ["forged 2026-11-21T00:00:00Z ERROR [31m x"]);
    }
}
