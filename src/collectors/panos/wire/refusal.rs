//! Why a firewall did not answer a command, and what an operator does about it.

/// An answer that is no result. The text is what the device said, one line of 200 characters at most.
///
/// Codes: "PAN-OS XML API Error Codes" in the API guide of PAN-OS 11.1 (docs.paloaltonetworks.com, page of 2025-08).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 403, or HTTP 401 or 403: the key is wrong or out of date, or the role has no XML API.
    #[error("forbidden (403){}", said(.0))]
    Forbidden(String),
    /// 16: the key is right, the role lacks the right.
    #[error("unauthorized (16){}", said(.0))]
    Unauthorized(String),
    /// 1 and 17: this release or model does not have the command.
    #[error("unknown or invalid command (1, 17){}", said(.0))]
    UnknownCommand(String),
    /// 15: not allowed now, as on the passive member of a pair.
    #[error("operation denied (15){}", said(.0))]
    Passive(String),
    /// The daemon behind the command did not answer in time.
    #[error("busy{}", said(.0))]
    Busy(String),
    /// 2-5, 11, 21, or an HTTP status of 500 and above: the device failed.
    #[error("internal error ({code}){}", said(.1), code = .0)]
    Internal(u32, String),
    /// 400, 6-8, 10, 12-14, 18: the request was not what the device takes.
    #[error("bad request ({code}){}", said(.1), code = .0)]
    BadRequest(u32, String),
    /// 22: log in again.
    #[error("session timed out (22){}", said(.0))]
    SessionTimedOut(String),
    /// A code that is not documented, or none; then the text.
    #[error("refused (code {code}){}", said(.1), code = .0)]
    Other(String, String),
    /// No XML, or XML that is no answer of the XML API.
    #[error("unreadable answer{}", said(.0))]
    Unreadable(String),
}

impl Refusal {
    /// What the operator should do, in one sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => {
                "make a new API key, and see that its user's admin role has XML API, Operational Requests"
            }
            Self::Unauthorized(_) => {
                "give the user's admin role XML API, Operational Requests (or a dynamic role such as superuser, read-only)"
            }
            Self::UnknownCommand(_) => {
                "nothing: this release or model does not have the command; disable its group to be rid of the message"
            }
            Self::Passive(_) => "nothing, if this is the passive member of a pair",
            Self::Busy(_) => {
                "nothing at first: it is asked again; if it stays so, look at the management plane's load and daemons"
            }
            Self::Internal(..) => {
                "look at the management plane: show system resources, show system software status"
            }
            Self::BadRequest(..) => {
                "check that address is the firewall itself, without a proxy that changes requests, and report this"
            }
            Self::SessionTimedOut(_) => {
                "nothing at first: it is asked again, with a new key where user is set"
            }
            Self::Other(..) => "report this with the model and the release",
            Self::Unreadable(_) => {
                "check that address is the firewall's management interface and that no proxy answers in its place"
            }
        }
    }
}

fn said(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(": {text}")
}
