//! How long a server asks to be left alone: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), and AWS's
//! `x-amz-retry-after` in milliseconds (smithy's retry specification 2.1). Pure; who obeys it sets the bound.

use std::time::Duration;

/// What the headers of an answer say.
#[derive(Debug, Default, Clone, Copy)]
pub struct Headers<'a> {
    /// `Retry-After`.
    pub retry_after: Option<&'a str>,
    /// `x-amz-retry-after`.
    pub amz: Option<&'a str>,
}

/// The longer of the two waits, where there is one that is more than nothing. `date` reads an HTTP date into Unix
/// seconds, `server_time` is what the server takes for now. What is no number of digits and no date is no wait.
#[must_use]
pub fn of(
    headers: Headers<'_>,
    date: impl Fn(&str) -> Option<i64>,
    server_time: i64,
) -> Option<Duration> {
    let plain = headers.retry_after.map(str::trim).and_then(|text| {
        let until = || {
            let wait = date(text)?.saturating_sub(server_time);
            u64::try_from(wait).ok()
        };
        digits(text).or_else(until).map(Duration::from_secs)
    });
    let amz = headers.amz.map(str::trim).and_then(digits);
    let wait = plain.max(amz.map(Duration::from_millis))?;
    (wait > Duration::ZERO).then_some(wait)
}

/// `1*DIGIT`; more of them than fit are the most that fits.
fn digits(text: &str) -> Option<u64> {
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str, amz: &str) -> Option<Duration> {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        let headers = Headers {
            retry_after: some(Box::leak(retry_after.into())),
            amz: some(Box::leak(amz.into())),
        };
        let date = |text: &str| {
            text.strip_prefix("Fri, ")
                .and_then(|secs| secs.parse().ok())
        };
        of(headers, date, 1000)
    }

    #[test]
    fn seconds_dates_and_milliseconds_are_read_and_the_longer_wins() {
        for (retry_after, amz, millis) in [
            ("7", "", 7000),
            (" 7 ", "", 7000),
            ("", "250", 250),
            ("1", "250", 1000),
            ("1", "2500", 2500),
            ("Fri, 1030", "", 30_000),
        ] {
            let expected = Some(Duration::from_millis(millis));
            assert_eq!(wait(retry_after, amz), expected, "{retry_after} {amz}");
        }
    }

    #[test]
    fn what_is_past_negative_or_no_number_is_no_wait_and_what_is_endless_does_not_overflow() {
        for text in [
            "", "0", "-5", "+5", "1.5", "soon", "Fri, 900", "5 s", "0x10",
        ] {
            assert_eq!(wait(text, ""), None, "{text}");
            assert_eq!(
                wait("", text.strip_prefix("Fri, ").map_or(text, |_| "")),
                None
            );
        }
        let endless = "9".repeat(40);
        assert_eq!(wait(&endless, ""), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(
            wait("Fri, 9223372036854775807", "").unwrap().as_secs(),
            i64::MAX as u64 - 1000
        );
    }
}
