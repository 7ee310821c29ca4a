//! What an answer means for the batch: decided on the error code, in one match.

use std::time::Duration;

/// What happens to a batch after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted.
    Sent,
    /// Over the account's rate: kept, sent again later.
    Throttled,
    /// No usable answer: kept, sent again unchanged.
    Unreachable {
        /// It may have been accepted all the same.
        maybe_accepted: bool,
    },
    /// Over the size limit: halved.
    TooLarge,
    /// Not allowed, or not as this caller: kept, tried seldom.
    Denied,
    /// A datum breaks a rule: halved until it stands alone.
    Invalid,
}

/// An answer, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What to do.
    pub outcome: Outcome,
    /// CloudWatch's error code, or our word for what happened; empty when sent.
    pub code: String,
    /// The whole chain of reasons, for the log.
    pub reason: String,
    /// The server's `Date`, Unix seconds.
    pub server_time: Option<i64>,
    /// How long the server asks to be left alone, unbounded.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// An answer that says nothing of time.
    #[must_use]
    pub fn new(outcome: Outcome, code: impl Into<String>, reason: impl Into<String>) -> Self {
        Answer {
            outcome,
            code: code.into(),
            reason: reason.into(),
            server_time: None,
            retry_after: None,
        }
    }
}

/// How far an attempt that brought no modelled answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The request was never sent: no credentials, no region, no connection.
    NotSent,
    /// It was sent, wholly or in part; no answer came in time, or none at all.
    NoAnswer,
    /// An answer came that is none of CloudWatch's.
    StrangeAnswer,
}

/// Codes by which AWS throttles (smithy's list, and `LimitExceeded`, which is not in it).
const THROTTLING: [&str; 15] = [
    "TransactionInProgressException",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// Codes that blame a datum (API reference, PutMetricData, Errors).
const INVALID: [&str; 8] = [
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "InvalidParameterCombination",
    "InvalidParameterCombinationException",
    "MissingParameter",
    "MissingRequiredParameterException",
    "InvalidFormat",
    "ValidationError",
];

/// The outcome of an answer with this error code and HTTP status.
///
/// A code nobody knows keeps the batch: data is only ever given up for a reason we understand.
#[must_use]
pub fn of_error(code: Option<&str>, status: u16) -> Outcome {
    match (code.unwrap_or_default(), status) {
        (_, 413) | ("RequestEntityTooLarge", _) => Outcome::TooLarge,
        (code, _) if THROTTLING.contains(&code) => Outcome::Throttled,
        (_, 429) => Outcome::Throttled,
        (code, _) if INVALID.contains(&code) => Outcome::Invalid,
        ("RequestTimeout" | "RequestTimeoutException", _) | (_, 408) => Outcome::Unreachable {
            maybe_accepted: false,
        },
        (_, 500..) => Outcome::Unreachable {
            maybe_accepted: true,
        },
        (_, 401 | 403) => Outcome::Denied,
        // A 4xx without a code is some proxy or portal, not CloudWatch.
        ("", _) => Outcome::Unreachable {
            maybe_accepted: false,
        },
        _ => Outcome::Denied,
    }
}

/// The credentials ran out, or their time did: newer ones may be there already.
#[must_use]
pub fn is_expired(code: &str) -> bool {
    matches!(
        code,
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired"
    )
}

/// The outcome of an attempt that ended at this stage.
#[must_use]
pub fn of_stage(stage: Stage) -> Outcome {
    Outcome::Unreachable {
        maybe_accepted: stage != Stage::NotSent,
    }
}

/// What an operator should do about a denial.
#[must_use]
pub fn remedy(code: &str) -> &'static str {
    match code {
        "AccessDenied" | "AccessDeniedException" => {
            "allow cloudwatch:PutMetricData for this namespace in the instance role's policy"
        }
        code if is_expired(code) => {
            "renew the credentials; on EC2 check the instance role and the clock"
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" => {
            "the access key is unknown in this partition: check the role or the keys"
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            "check the secret key, the clock, the region and any proxy that rewrites requests"
        }
        "NoCredentials" => {
            "attach an instance role, or give credentials in the environment or a profile"
        }
        "BadRequest" => "check [cloudwatch] endpoint_url and region",
        "NoRegion" => "set [cloudwatch] region or AWS_REGION",
        _ => "check role, region and endpoint",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides() {
        for (code, status, outcome) in [
            (Some("Throttling"), 400, Outcome::Throttled),
            (Some("LimitExceeded"), 400, Outcome::Throttled),
            (None, 429, Outcome::Throttled),
            (
                Some("InternalServiceError"),
                500,
                Outcome::Unreachable {
                    maybe_accepted: true,
                },
            ),
            (
                None,
                503,
                Outcome::Unreachable {
                    maybe_accepted: true,
                },
            ),
            (
                Some("RequestTimeout"),
                408,
                Outcome::Unreachable {
                    maybe_accepted: false,
                },
            ),
            (Some("RequestEntityTooLarge"), 413, Outcome::TooLarge),
            (None, 413, Outcome::TooLarge),
            (Some("InvalidParameterValue"), 400, Outcome::Invalid),
            (Some("AccessDenied"), 403, Outcome::Denied),
            (Some("ExpiredToken"), 400, Outcome::Denied),
            (None, 403, Outcome::Denied),
            (Some("SomethingNew"), 400, Outcome::Denied),
            (
                None,
                404,
                Outcome::Unreachable {
                    maybe_accepted: false,
                },
            ),
        ] {
            assert_eq!(of_error(code, status), outcome, "{code:?} {status}");
        }
    }
}
