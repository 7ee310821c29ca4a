//! Packets and the lengths before them: cut from a stream, and laid out.

/// The longest packet taken. charon's own limit is 512 KiB (vici_message.c, vici_socket.c: `VICI_MESSAGE_SIZE_MAX`).
pub const PACKET_BYTES_MAX: usize = 1 << 20;

const COMMAND: u8 = 0;
const ANSWER: u8 = 1;
const COMMAND_UNKNOWN: u8 = 2;
const REGISTER: u8 = 3;
const CONFIRM: u8 = 5;
const EVENT_UNKNOWN: u8 = 6;
const EVENT: u8 = 7;

/// What a daemon sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The end of a command, with its message.
    Answer(&'a [u8]),
    /// There is no such command.
    CommandUnknown,
    /// An event was registered.
    Registered,
    /// There is no such event.
    EventUnknown,
    /// An event, with its name and message.
    Event(&'a [u8], &'a [u8]),
}

/// Reads one packet.
///
/// # Errors
/// Says what is wrong with it.
pub fn packet(bytes: &[u8]) -> Result<Packet<'_>, String> {
    let (kind, rest) = bytes.split_first().ok_or("an empty packet")?;
    match *kind {
        ANSWER => Ok(Packet::Answer(rest)),
        COMMAND_UNKNOWN => Ok(Packet::CommandUnknown),
        CONFIRM => Ok(Packet::Registered),
        EVENT_UNKNOWN => Ok(Packet::EventUnknown),
        EVENT => {
            let (length, rest) = rest.split_first().ok_or("an event without a name")?;
            let named = rest.split_at_checked(usize::from(*length));
            let (name, message) = named.ok_or("an event's name that is cut short")?;
            Ok(Packet::Event(name, message))
        }
        other => Err(format!("a packet of the unknown type {other}")),
    }
}

/// A command with its arguments, ready to send. Names longer than 255 bytes and values longer than 65535 are cut: ours
/// are constants, and connections' names that the daemon told in the same form.
#[must_use]
pub fn command(name: &str, arguments: &[(&str, &str)]) -> Vec<u8> {
    let mut body = named(COMMAND, name);
    for (key, value) in arguments {
        body.extend(named(super::message::KEY_VALUE, key));
        let value = &value.as_bytes()[..value.len().min(usize::from(u16::MAX))];
        #[allow(clippy::cast_possible_truncation)] // cut to fit
        body.extend((value.len() as u16).to_be_bytes());
        body.extend_from_slice(value);
    }
    framed(&body)
}

/// The request to be told of an event, ready to send.
#[must_use]
pub fn register(event: &str) -> Vec<u8> {
    framed(&named(REGISTER, event))
}

fn named(kind: u8, name: &str) -> Vec<u8> {
    let name = &name.as_bytes()[..name.len().min(usize::from(u8::MAX))];
    #[allow(clippy::cast_possible_truncation)] // cut to fit
    let mut bytes = vec![kind, name.len() as u8];
    bytes.extend_from_slice(name);
    bytes
}

fn framed(body: &[u8]) -> Vec<u8> {
    #[allow(clippy::cast_possible_truncation)] // a few names and values
    let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// A stream's bytes, from which whole packets are taken.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Taken so far.
    at: usize,
}

impl Frames {
    /// Adds what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next packet, once all of it is there.
    ///
    /// # Errors
    /// Its length is none that a packet has.
    pub fn take(&mut self) -> Result<Option<&[u8]>, String> {
        let Some((length, _)) = self.bytes[self.at..].split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length == 0 || length > PACKET_BYTES_MAX {
            return Err(format!("a packet of {length} bytes"));
        }
        let start = self.at + 4;
        if self.bytes.len() - start < length {
            return Ok(None);
        }
        self.at = start + length;
        Ok(Some(&self.bytes[start..self.at]))
    }
}
