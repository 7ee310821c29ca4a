//! What the endpoint can be told to do wrong.

use std::time::Duration;

use super::refusal::Refusal;

/// How long a hang or delay named on a command line lasts, when no number is given.
const NAMED_SECS: u64 = 30;

/// One scripted misbehaviour, for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing wrong: a place in a script where the request is served as usual.
    Normal,
    /// 400 Throttling.
    Throttle,
    /// 500 InternalServiceError.
    InternalServiceError,
    /// 503 ServiceUnavailable.
    ServiceUnavailable,
    /// 503 ServiceUnavailable with this `Retry-After`.
    RetryAfter(&'static str),
    /// 400 Throttling with this `x-amz-retry-after`.
    AmzRetryAfter(&'static str),
    /// 413 RequestEntityTooLarge.
    TooLarge,
    /// 403 AccessDenied.
    AccessDenied,
    /// 403 ExpiredToken.
    ExpiredToken,
    /// 400 InvalidParameterValue.
    InvalidParameter,
    /// Reads the request, says nothing for so long, then closes. Stores nothing.
    Hang(Duration),
    /// Closes before reading; the unread bytes make the kernel send a reset. Stores nothing.
    RefuseRead,
    /// Checks and **stores** the data, then closes without an answer.
    ResetAfterAccept,
    /// Answers with bytes that are no HTTP, then closes. Stores nothing.
    Garbage,
    /// Checks and **stores** the data; the answer announces more bytes than come, then closes.
    TruncatedAnswer,
    /// 200 with an HTML page, as from a captive portal. Stores nothing.
    NotCbor,
    /// 200 in another protocol of AWS's, without the header that names ours. Stores nothing.
    WrongProtocol,
    /// A redirect of this status to a place where nothing listens. Stores nothing.
    Redirect(u16),
    /// Served as usual, with a `Date` header so many seconds off.
    WrongDate(i64),
    /// Served as usual, but so much later.
    Delay(Duration),
}

impl Fault {
    /// The answer, for the faults that are nothing but an error answer.
    pub fn refusal(self) -> Option<Refusal> {
        let coral =
            |status, code, shape, message: &str| Some(Refusal::new(status, code, shape, message));
        match self {
            Self::Throttle | Self::AmzRetryAfter(_) => coral(
                400,
                "Throttling",
                "com.amazon.coral.service#ThrottlingException",
                "Rate exceeded",
            ),
            Self::InternalServiceError => coral(
                500,
                "InternalServiceError",
                "com.amazonaws.cloudwatch#InternalServiceFault",
                "Request processing has failed because of an unknown error.",
            ),
            Self::ServiceUnavailable | Self::RetryAfter(_) => coral(
                503,
                "ServiceUnavailable",
                "com.amazon.coral.service#ServiceUnavailableException",
                "Service is unable to handle request.",
            ),
            Self::TooLarge => Some(Refusal::too_large(
                super::limits::REQUEST_BYTES_MAX + 1,
                super::limits::REQUEST_BYTES_MAX,
            )),
            Self::AccessDenied => coral(
                403,
                "AccessDenied",
                "com.amazon.coral.service#AccessDeniedException",
                "User is not authorized to perform: cloudwatch:PutMetricData",
            ),
            Self::ExpiredToken => Some(expired_token()),
            Self::InvalidParameter => {
                Some(Refusal::invalid("The parameter MetricData is invalid."))
            }
            _ => None,
        }
    }

    /// `throttle`, `hang`, `hang=5` (seconds), `wrong-date=-3600`, ...
    pub fn parse(text: &str) -> Option<Self> {
        let (name, number) = match text.split_once('=') {
            Some((name, number)) => (name, Some(number)),
            None => (text, None),
        };
        let secs = || match number {
            Some(number) => number.parse().ok(),
            None => Some(NAMED_SECS),
        };
        Some(match name {
            "normal" => Self::Normal,
            "throttle" => Self::Throttle,
            "internal-service-error" => Self::InternalServiceError,
            "service-unavailable" => Self::ServiceUnavailable,
            "too-large" => Self::TooLarge,
            "access-denied" => Self::AccessDenied,
            "expired-token" => Self::ExpiredToken,
            "invalid-parameter" => Self::InvalidParameter,
            "hang" => Self::Hang(Duration::from_secs(secs()?)),
            "refuse-read" => Self::RefuseRead,
            "reset-after-accept" => Self::ResetAfterAccept,
            "garbage" => Self::Garbage,
            "truncated-answer" => Self::TruncatedAnswer,
            "not-cbor" => Self::NotCbor,
            "wrong-protocol" => Self::WrongProtocol,
            "redirect" => Self::Redirect(number?.parse().ok()?),
            "wrong-date" => Self::WrongDate(number?.parse().ok()?),
            "delay" => Self::Delay(Duration::from_secs(secs()?)),
            _ => return None,
        })
    }
}

/// The answer to a key whose session ran out, scripted or real.
pub fn expired_token() -> Refusal {
    Refusal::denied(
        "ExpiredToken",
        "com.amazon.coral.service#ExpiredTokenException",
        "The security token included in the request is expired",
    )
}
