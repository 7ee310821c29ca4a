//! Every documented rule of PutMetricData, checked before sending: one bad datum would fail its whole call.

use std::collections::BTreeSet;

use crate::model::datum::{Datum, Dimension};
use crate::model::limits::{
    DIMENSION_VALUE_BYTES, DIMENSIONS_PER_DATUM, NAME_BYTES, NEWEST_SECS, OLDEST_SECS, VALUE_MAX,
    VALUES_PER_DATUM,
};

/// A rule that a datum would break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Too far back.
    #[error("its timestamp is older than CloudWatch takes (two weeks)")]
    TooOld,
    /// Too far ahead.
    #[error("its timestamp is more than two hours ahead")]
    TooNew,
    /// Any rule of form.
    #[error("{0}")]
    Form(&'static str),
}

/// Checks a datum as it would be sent at `now` (Unix seconds).
///
/// # Errors
/// The first rule that it breaks.
pub fn datum(datum: &Datum, now: i64) -> Result<(), Violation> {
    if datum.timestamp <= now - OLDEST_SECS {
        return Err(Violation::TooOld);
    }
    if datum.timestamp >= now + NEWEST_SECS {
        return Err(Violation::TooNew);
    }
    form(datum).map_err(Violation::Form)
}

/// Checks all but the time.
///
/// # Errors
/// The first rule that it breaks.
pub fn form(datum: &Datum) -> Result<(), &'static str> {
    name(&datum.metric)
        .map_err(|()| "its metric name is not 1 to 255 printable ASCII characters")?;
    dimensions(&datum.dimensions)?;
    values(&datum.values)
}

fn dimensions(dimensions: &[Dimension]) -> Result<(), &'static str> {
    if dimensions.len() > DIMENSIONS_PER_DATUM {
        return Err("it has more than 30 dimensions");
    }
    let names: BTreeSet<&str> = dimensions.iter().map(|d| d.name.as_ref()).collect();
    if names.len() != dimensions.len() {
        return Err("it has one dimension twice");
    }
    for dimension in dimensions {
        if name(&dimension.name).is_err() || dimension.name.starts_with(':') {
            return Err(
                "a dimension name is not 1 to 255 printable ASCII characters, or begins with a colon",
            );
        }
        if !visible_ascii(&dimension.value) || dimension.value.len() > DIMENSION_VALUE_BYTES {
            return Err("a dimension value is not 1 to 1024 printable ASCII characters");
        }
    }
    Ok(())
}

fn values(values: &[(f64, u32)]) -> Result<(), &'static str> {
    if values.is_empty() {
        return Err("it has no value");
    }
    if values.len() > VALUES_PER_DATUM {
        return Err("it has more than 150 distinct values");
    }
    if values
        .iter()
        .any(|(value, _)| !value.is_finite() || value.abs() > VALUE_MAX)
    {
        return Err("a value is not a number within 2^360");
    }
    if values.iter().any(|(_, count)| *count == 0) {
        return Err("a count is zero");
    }
    Ok(())
}

/// A namespace: 1 to 255 visible ASCII characters, no colon in front, not AWS's own.
///
/// # Errors
/// What would be right.
pub fn namespace(text: &str) -> Result<(), String> {
    let legal = visible_ascii(text) && text.len() <= NAME_BYTES;
    if !legal || text.starts_with(':') || text.starts_with("AWS/") {
        return Err(
            "1 to 255 printable ASCII characters, not beginning with a colon or \"AWS/\""
                .to_owned(),
        );
    }
    Ok(())
}

fn name(text: &str) -> Result<(), ()> {
    if visible_ascii(text) && text.len() <= NAME_BYTES {
        Ok(())
    } else {
        Err(())
    }
}

/// ASCII without control characters, at least one of them no blank.
fn visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::model::datum::Resolution;
    use crate::model::unit::Unit;

    fn legal() -> Datum {
        Datum {
            metric: Cow::Borrowed("M"),
            unit: Unit::Count,
            dimensions: vec![],
            timestamp: 0,
            resolution: Resolution::Minute,
            values: vec![(1.0, 1)],
        }
    }

    fn with_dimensions(list: Vec<(String, String)>) -> Datum {
        let dimensions = list
            .into_iter()
            .map(|(name, value)| Dimension {
                name: Cow::Owned(name),
                value,
            })
            .collect();
        Datum {
            dimensions,
            ..legal()
        }
    }

    #[test]
    fn limits_hold_at_their_edges() {
        let metric = |n: usize| Datum {
            metric: Cow::Owned("m".repeat(n)),
            ..legal()
        };
        let many =
            |n: usize| with_dimensions((0..n).map(|i| (format!("d{i}"), "v".into())).collect());
        let value = |n: usize| with_dimensions(vec![("d".into(), "v".repeat(n))]);
        #[allow(clippy::cast_precision_loss)]
        let values = |n: usize| Datum {
            values: (0..n).map(|i| (i as f64, 1)).collect(),
            ..legal()
        };
        for (made, limit) in [
            (&metric as &dyn Fn(usize) -> Datum, NAME_BYTES),
            (&many, DIMENSIONS_PER_DATUM),
            (&value, DIMENSION_VALUE_BYTES),
            (&values, VALUES_PER_DATUM),
        ] {
            assert!(datum(&made(limit - 1), 0).is_ok());
            assert!(datum(&made(limit), 0).is_ok());
            assert!(datum(&made(limit + 1), 0).is_err());
        }
    }

    #[test]
    fn timestamps_outside_the_accepted_span_are_told_apart() {
        for (timestamp, wanted) in [
            (-OLDEST_SECS, Err(Violation::TooOld)),
            (-OLDEST_SECS + 1, Ok(())),
            (NEWEST_SECS - 1, Ok(())),
            (NEWEST_SECS, Err(Violation::TooNew)),
        ] {
            assert_eq!(
                datum(
                    &Datum {
                        timestamp,
                        ..legal()
                    },
                    0
                ),
                wanted
            );
        }
    }

    #[test]
    fn what_cloudwatch_refuses_is_refused() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for wrong in [
            with_dimensions(vec![pair("d", "a"), pair("d", "b")]),
            with_dimensions(vec![pair(":d", "a")]),
            with_dimensions(vec![pair("d", " ")]),
            with_dimensions(vec![pair("d", "ü")]),
            with_dimensions(vec![pair("", "a")]),
            Datum {
                values: vec![],
                ..legal()
            },
            Datum {
                values: vec![(f64::NAN, 1)],
                ..legal()
            },
            Datum {
                values: vec![(f64::INFINITY, 1)],
                ..legal()
            },
            Datum {
                values: vec![(VALUE_MAX * 1.000_001, 1)],
                ..legal()
            },
            Datum {
                values: vec![(1.0, 0)],
                ..legal()
            },
            Datum {
                metric: Cow::Borrowed(""),
                ..legal()
            },
            Datum {
                metric: Cow::Borrowed("a\u{7}"),
                ..legal()
            },
        ] {
            assert!(datum(&wrong, 0).is_err(), "{wrong:?}");
        }
        assert!(datum(&with_dimensions(vec![pair("d", ":a")]), 0).is_ok());
        assert!(
            datum(
                &Datum {
                    values: vec![(-VALUE_MAX, 1)],
                    ..legal()
                },
                0
            )
            .is_ok()
        );
    }

    #[test]
    fn namespaces() {
        assert!(namespace("Firewall/fwmetrics").is_ok());
        assert!(namespace(&"n".repeat(255)).is_ok());
        for wrong in ["", " ", ":a", "AWS/EC2", "ü"] {
            assert!(namespace(wrong).is_err(), "{wrong}");
        }
        assert!(namespace(&"n".repeat(256)).is_err());
    }
}
