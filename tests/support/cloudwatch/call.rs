//! The record of one request, served or not.

use std::time::Instant;

use super::fault::Fault;

/// One request the endpoint saw.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it had been read.
    pub received: Instant,
    /// The same on the endpoint's wall clock.
    pub unix_secs: f64,
    /// The connection it came on, from 0: equal numbers prove keep-alive.
    pub connection: u64,
    /// HTTP status of the answer; 0 when there was none.
    pub status: u16,
    /// Error code of the answer.
    pub code: Option<String>,
    /// Text of the error.
    pub message: Option<String>,
    /// Bytes of the body on the wire.
    pub wire_bytes: usize,
    /// Bytes of the body after gunzip.
    pub uncompressed_bytes: usize,
    /// SHA-256 of the body after gunzip: equal for a retry that changed nothing.
    pub digest: String,
    /// Datums in the body, as far as it could be decoded.
    pub datums: usize,
    /// Access key id it was signed with, valid or not.
    pub access_key: Option<String>,
    /// Whether its data was stored.
    pub accepted: bool,
    /// The scripted fault it met.
    pub fault: Fault,
    /// Request headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Call {
    /// The first header of this (lower case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}
