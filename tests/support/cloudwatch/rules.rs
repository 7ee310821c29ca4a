//! Every documented rule for PutMetricData, and some that are stricter than AWS's (marked so).
//!
//! One bad datum fails the whole request, as AWS says; messages follow AWS's wording where it is known.

use std::collections::BTreeSet;

use super::datum::{Datum, Dimension, PutMetricData, StatisticValues};
use super::entity;
use super::limits::{
    DATUMS_MAX, DIMENSION_VALUE_MAX, DIMENSIONS_MAX, FUTURE_SECS_MAX, NAME_MAX, PAST_SECS_MAX,
    RESOLUTIONS, UNITS, VALUE_EXPONENT_MAX, VALUES_MAX,
};
use super::refusal::Refusal;

/// The outcome of one rule.
pub type Checked = Result<(), Refusal>;

/// Checks a whole request at the time `now`; the text is the entity failure that a request without strict validation gets away with.
pub fn check(input: &PutMetricData, now_secs: f64) -> Result<Option<String>, Refusal> {
    namespace(input.namespace.as_deref())?;
    let count = input.datums().count();
    if count == 0 {
        return Err(Refusal::missing("The parameter MetricData is required."));
    }
    if count > DATUMS_MAX {
        return Err(too_many("MetricData", DATUMS_MAX));
    }
    for (number, data) in (1..).zip(input.datums()) {
        datum(data, &format!("MetricData.member.{number}"), now_secs)?;
    }
    entity::check(input)
}

fn namespace(namespace: Option<&str>) -> Checked {
    let what = "Namespace";
    let text = namespace.ok_or_else(|| required(what))?;
    characters(text, NAME_MAX, what)?;
    not_colon_first(text, what)?;
    if text.starts_with("AWS/") {
        return Err(Refusal::invalid(
            "The value AWS/ for parameter Namespace is invalid.",
        ));
    }
    Ok(())
}

fn datum(datum: &Datum, at: &str, now_secs: f64) -> Checked {
    let what = format!("{at}.MetricName");
    let name = datum
        .metric_name
        .as_deref()
        .ok_or_else(|| required(&what))?;
    // Stricter: the model limits only the length of a metric's name, not its characters.
    characters(name, NAME_MAX, &what)?;
    dimensions(&datum.dimensions, &format!("{at}.Dimensions"))?;
    timestamp(datum.timestamp, &format!("{at}.Timestamp"), now_secs)?;
    one_of(datum.unit.as_deref(), &UNITS, &format!("{at}.Unit"))?;
    let resolution = datum.storage_resolution;
    one_of(resolution, &RESOLUTIONS, &format!("{at}.StorageResolution"))?;
    which_values(datum, at)?;
    if let Some(value) = datum.value {
        in_range(value, &format!("{at}.Value"))?;
    }
    distribution(datum, at)?;
    match &datum.statistic_values {
        Some(set) => statistic_values(set, &format!("{at}.StatisticValues")),
        None => Ok(()),
    }
}

fn dimensions(dimensions: &[Dimension], at: &str) -> Checked {
    if dimensions.len() > DIMENSIONS_MAX {
        return Err(too_many(at, DIMENSIONS_MAX));
    }
    let mut names = BTreeSet::new();
    for (number, dimension) in (1..).zip(dimensions) {
        let name = dimension_text(
            &dimension.name,
            NAME_MAX,
            &format!("{at}.member.{number}.Name"),
        )?;
        not_colon_first(name, &format!("{at}.member.{number}.Name"))?;
        let what = format!("{at}.member.{number}.Value");
        dimension_text(&dimension.value, DIMENSION_VALUE_MAX, &what)?;
        if !names.insert(name) {
            let message = "No metric may specify the same dimension name twice.";
            return Err(Refusal::invalid(message));
        }
    }
    Ok(())
}

fn dimension_text<'a>(
    text: &'a Option<String>,
    most: usize,
    what: &str,
) -> Result<&'a str, Refusal> {
    let text = text.as_deref().ok_or_else(|| required(what))?;
    characters(text, most, what)?;
    Ok(text)
}

fn timestamp(timestamp: Option<f64>, what: &str, now_secs: f64) -> Checked {
    let ahead = timestamp.map_or(0.0, |timestamp| timestamp - now_secs);
    if ahead < -PAST_SECS_MAX {
        let message =
            format!("The parameter {what} must specify a time within the past two weeks.");
        return Err(Refusal::invalid(message));
    }
    if ahead > FUTURE_SECS_MAX {
        let message = format!(
            "The parameter {what} must specify a time no more than two hours in the future."
        );
        return Err(Refusal::invalid(message));
    }
    Ok(())
}

/// Value stands alone; Values may come with StatisticValues, as AWS's own agent sends them.
fn which_values(datum: &Datum, at: &str) -> Checked {
    let both = |other: &str| {
        let message = format!(
            "The parameters {at}.Value and {at}.{other} are mutually exclusive and you have specified both."
        );
        Err(Refusal::combination(message))
    };
    match (&datum.value, &datum.values, &datum.statistic_values) {
        (None, None, None) => {
            let message = format!(
                "At least one of the parameters {at}.Value, {at}.Values and {at}.StatisticValues must be specified."
            );
            Err(Refusal::missing(message))
        }
        (Some(_), Some(_), _) => both("Values"),
        (Some(_), _, Some(_)) => both("StatisticValues"),
        _ => Ok(()),
    }
}

fn distribution(datum: &Datum, at: &str) -> Checked {
    let Some(values) = &datum.values else {
        let lonely = datum.counts.is_some();
        let message = format!("{at}.Counts was specified without {at}.Values.");
        return if lonely {
            Err(Refusal::combination(message))
        } else {
            Ok(())
        };
    };
    if values.is_empty() {
        return Err(required(&format!("{at}.Values")));
    }
    if values.len() > VALUES_MAX {
        return Err(too_many(&format!("{at}.Values"), VALUES_MAX));
    }
    for value in values {
        in_range(*value, &format!("{at}.Values"))?;
    }
    distinct(values, &format!("{at}.Values"))?;
    match &datum.counts {
        Some(counts) => check_counts(counts, values.len(), at),
        None => Ok(()),
    }
}

/// Stricter: AWS says "unique values" of the limit; a repeated one is a defect of the sender.
fn distinct(values: &[f64], what: &str) -> Checked {
    // 0.0 and -0.0 are one value: adding 0.0 makes them one bit pattern.
    let bits: BTreeSet<u64> = values.iter().map(|value| (value + 0.0).to_bits()).collect();
    if bits.len() < values.len() {
        return Err(Refusal::invalid(format!(
            "The values in {what} must be unique."
        )));
    }
    Ok(())
}

fn check_counts(counts: &[f64], values: usize, at: &str) -> Checked {
    if counts.len() != values {
        let message =
            format!("The parameters {at}.Values and {at}.Counts must be of the same size.");
        return Err(Refusal::invalid(message));
    }
    for count in counts {
        in_range(*count, &format!("{at}.Counts"))?;
        // Stricter: the type is double, but a sample is there or not.
        if *count <= 0.0 || count.fract() != 0.0 {
            let message = format!("The value {count} for parameter {at}.Counts is invalid.");
            return Err(Refusal::invalid(message));
        }
    }
    Ok(())
}

fn statistic_values(set: &StatisticValues, at: &str) -> Checked {
    let member = |value: Option<f64>, name: &str| {
        let what = format!("{at}.{name}");
        let value = value.ok_or_else(|| required(&what))?;
        in_range(value, &what).map(|()| value)
    };
    let samples = member(set.sample_count, "SampleCount")?;
    member(set.sum, "Sum")?;
    let minimum = member(set.minimum, "Minimum")?;
    let maximum = member(set.maximum, "Maximum")?;
    // Stricter: a set that no samples could have made.
    if samples <= 0.0 || minimum > maximum {
        return Err(Refusal::invalid(format!(
            "The value for parameter {at} is invalid."
        )));
    }
    Ok(())
}

fn in_range(value: f64, what: &str) -> Checked {
    // NaN fails the comparison, infinities are too large.
    if value.abs() <= 2.0_f64.powi(VALUE_EXPONENT_MAX) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "The value {value} for parameter {what} is invalid."
    )))
}

/// 1 to `most` characters of ASCII without control characters, one of them not a space.
fn characters(text: &str, most: usize, what: &str) -> Checked {
    let length = text.chars().count();
    if length == 0 || length > most {
        let message = format!("The parameter {what} must be between 1 and {most} characters long.");
        return Err(Refusal::invalid(message));
    }
    if !text.chars().all(|letter| matches!(letter, ' '..='~')) {
        return Err(Refusal::invalid(format!(
            "The parameter {what} must contain only ASCII characters."
        )));
    }
    if text.chars().all(|letter| letter == ' ') {
        let message =
            format!("The parameter {what} must contain at least one non-whitespace character.");
        return Err(Refusal::invalid(message));
    }
    Ok(())
}

fn not_colon_first(text: &str, what: &str) -> Checked {
    if text.starts_with(':') {
        return Err(Refusal::invalid(format!(
            "The parameter {what} must not start with ':'."
        )));
    }
    Ok(())
}

fn one_of<T, U>(given: Option<T>, allowed: &[U], what: &str) -> Checked
where
    T: PartialEq<U> + std::fmt::Display,
{
    match given {
        Some(value) if !allowed.iter().any(|allowed| value == *allowed) => Err(Refusal::invalid(
            format!("The value {value} for parameter {what} is invalid."),
        )),
        _ => Ok(()),
    }
}

fn too_many(what: &str, most: usize) -> Refusal {
    Refusal::invalid(format!(
        "The collection {what} must not have a size greater than {most}."
    ))
}

fn required(what: &str) -> Refusal {
    Refusal::missing(format!("The parameter {what} is required."))
}
