//! Events: those that a command streams, and those that come by themselves.

use super::connection::{Connection, policy};
use super::message::Section;
use super::sa::{Child, Ike};

/// What a daemon told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `list-sa`: an IKE SA that is there.
    Listed(Ike),
    /// `list-conn`: a connection that is configured.
    Configured(Connection),
    /// `list-policy`: a trap, by the connection's name where the release tells it, and the child's.
    Trap(Option<String>, String),
    /// `ike-updown`: an IKE SA was established, or is down, and its child SAs with it.
    Ike {
        /// It was established.
        up: bool,
        /// The IKE SA.
        ike: Ike,
    },
    /// `ike-rekey`: an IKE SA goes on under another number, its child SAs with it.
    IkeRekeyed {
        /// Its number before.
        old: u64,
        /// Its number from now on.
        new: u64,
    },
    /// `child-updown`: the child SAs in it were installed, or are down.
    Child {
        /// They were installed.
        up: bool,
        /// The IKE SA, with these child SAs alone.
        ike: Ike,
    },
    /// `child-rekey`: a child SA was replaced.
    ChildRekeyed {
        /// The IKE SA.
        ike: Ike,
        /// The one before, with its last counters.
        old: Child,
        /// The one from now on.
        new: Child,
    },
    /// Anything else, or one that lacks what it should have.
    Other,
}

/// Reads the message of the event of this name.
///
/// # Errors
/// Says what is wrong with it.
pub fn event(name: &[u8], message: &[u8]) -> Result<Event, String> {
    let root = Section::parse(message)?;
    let up = root.value("up") == Some(b"yes");
    let Some((connection, section)) = root.sections().next() else {
        return Ok(Event::Other);
    };
    let read = match name {
        b"list-conn" => Some(Event::Configured(Connection::read(connection, section))),
        b"list-policy" => {
            let (ike, child) = policy(&connection, section);
            Some(Event::Trap(ike, child))
        }
        b"list-sa" => Ike::read(connection, section).map(Event::Listed),
        b"ike-updown" => Ike::read(connection, section).map(|ike| Event::Ike { up, ike }),
        b"child-updown" => Ike::read(connection, section).map(|ike| Event::Child { up, ike }),
        b"ike-rekey" => ike_rekeyed(section),
        b"child-rekey" => child_rekeyed(connection, section),
        _ => None,
    };
    Ok(read.unwrap_or(Event::Other))
}

fn ike_rekeyed(section: &Section<'_>) -> Option<Event> {
    let id = |key| section.section(key)?.number("uniqueid");
    Some(Event::IkeRekeyed {
        old: id("old")?,
        new: id("new")?,
    })
}

/// `CONNECTION { … child-sas { NAME { old { … } new { … } } } }`
fn child_rekeyed(connection: String, section: &Section<'_>) -> Option<Event> {
    let ike = Ike::read(connection, section)?;
    let (name, pair) = section.section("child-sas")?.sections().next()?;
    let child = |key| Child::read(&name, pair.section(key)?);
    Some(Event::ChildRekeyed {
        ike,
        old: child("old")?,
        new: child("new")?,
    })
}
