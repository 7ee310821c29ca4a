//! What a simulator notes of each request.

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `type=op`.
    Op,
    /// `type=keygen`.
    Keygen,
    /// `type=version`.
    Version,
    /// Anything else.
    Other,
}

/// Where the key stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// `X-PAN-KEY`.
    Header,
    /// The form in the body.
    Body,
    /// The URL.
    Query,
    /// User and password in `Authorization`.
    Basic,
}

/// A request, noted just before its answer is sent: who has read the answer finds it in the list.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When the request had arrived.
    pub unix_ms: u64,
    /// The second for which the answer was made.
    pub second: i64,
    /// Whose key it was; `None`: no firewall's.
    pub firewall: Option<usize>,
    /// That firewall's name, or `-`.
    pub firewall_name: String,
    /// What was asked for.
    pub kind: Kind,
    /// Name of the command in `COMMANDS`, `keygen`, `version`, `unknown`, `malformed` or `other`.
    pub name: &'static str,
    /// The command in its canonical form.
    pub command: String,
    /// HTTP method.
    pub method: String,
    /// The target, as it was sent.
    pub target: String,
    /// Where the key stood; `None` without one.
    pub key_place: Option<KeyPlace>,
    /// HTTP status of the answer; 0 when a fault answers nothing or no HTTP.
    pub status: u16,
    /// `code` of the answer, where it has one.
    pub code: Option<u16>,
    /// Bytes of its body, as they would be without a fault on the wire.
    pub reply_bytes: usize,
    /// Number of its connection, from 1.
    pub connection: u64,
    /// Requests in flight to this firewall, this one included.
    pub in_flight: usize,
    /// A command that a poller must not use.
    pub forbidden: bool,
    /// Whether a fault spoilt the answer.
    pub spoilt: bool,
}
