//! Reads a command: which of those in the table it is, or what is wrong with it.

use quick_xml::escape::unescape;

use super::canonical::{canonical, path};
use super::table::{COMMANDS, FORBIDDEN};

/// A command that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name in [`COMMANDS`].
    pub name: &'static str,
    /// The text where its form has a `*`.
    pub argument: String,
}

impl Asked {
    /// Whether a poller must not use it.
    pub fn is_forbidden(&self) -> bool {
        FORBIDDEN.contains(&self.name)
    }
}

/// What the text of a `cmd` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// A command.
    Known(Asked),
    /// Well-formed, and none; with what the device says of it.
    Unknown(String),
    /// No XML.
    Malformed,
}

/// Reads a command; also its canonical text, or what there was instead.
pub(super) fn read(cmd: &str) -> (Read, String) {
    let Some(text) = canonical(cmd) else {
        return (Read::Malformed, cmd.to_owned());
    };
    for (name, form) in COMMANDS {
        if let Some(argument) = argument(&text, name, form) {
            return (Read::Known(Asked { name, argument }), text);
        }
    }
    (Read::Unknown(unexpected(&text)), text)
}

/// The text at the `*` of a form that fits.
fn argument(text: &str, name: &str, form: &str) -> Option<String> {
    // The state filter's star is a star.
    let wild = if name == "management-cpu" {
        None
    } else {
        form.split_once('*')
    };
    let Some((before, after)) = wild else {
        return (text == form).then(String::new);
    };
    let between = text.strip_prefix(before)?.strip_suffix(after)?;
    let fits = !between.is_empty() && !between.contains('<');
    fits.then(|| unescape(between).ok().map(std::borrow::Cow::into_owned))?
}

/// The device names the first word that no command has there.
fn unexpected(text: &str) -> String {
    let words = path(text);
    if words.first() == Some(&"debug") {
        return "debug not available to xmlapi client".to_owned();
    }
    let known = |form: &str| {
        let form = path(form);
        words
            .iter()
            .zip(&form)
            .take_while(|(word, own)| word == own)
            .count()
    };
    let fitting = COMMANDS
        .iter()
        .map(|(_, form)| known(form))
        .max()
        .unwrap_or(0);
    match words.get(..=fitting) {
        Some(upto) => format!("{}  is unexpected", upto.join(" -> ")),
        None => format!("{} is missing something", words.join(" -> ")),
    }
}
