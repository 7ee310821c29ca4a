//! What is worth a log line: a repeated failure once, and then on change.

use std::collections::HashMap;

/// How loud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What was said about each subject.
#[derive(Debug, Default)]
pub struct Notices {
    said: HashMap<String, String>,
    lines: Vec<Line>,
}

/// Subjects remembered: collectors, codes and a handful of fixed ones; more than this is not ours.
const SUBJECTS_MAX: usize = 1000;

impl Notices {
    /// Says it, whatever was said before.
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        self.lines.push(Line {
            level,
            text: text.into(),
        });
    }

    /// Says it unless the same was the last thing said about the subject.
    pub fn change(&mut self, level: Level, subject: &str, text: impl Into<String>) {
        let text = text.into();
        self.change_of(level, subject, &text.clone(), text);
    }

    /// The same where the text has parts that change by themselves: only a new state is said.
    pub fn change_of(&mut self, level: Level, subject: &str, state: &str, text: impl Into<String>) {
        let known = self.said.get(subject).map(String::as_str);
        if known == Some(state) || (known.is_none() && self.said.len() >= SUBJECTS_MAX) {
            return;
        }
        self.said.insert(subject.to_owned(), state.to_owned());
        self.say(level, text);
    }

    /// The trouble with the subject is over: says so if it was ever said.
    pub fn over(&mut self, subject: &str, text: impl Into<String>) {
        if self.said.remove(subject).is_some() {
            self.say(Level::Info, text);
        }
    }

    /// The subjects that begin so are gone: what is said of them later is new.
    pub fn forget(&mut self, beginning: &str) {
        self.said
            .retain(|subject, _| !subject.starts_with(beginning));
    }

    /// All lines since the last time.
    pub fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }
}
