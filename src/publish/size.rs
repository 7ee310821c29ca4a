//! The exact size of a request body, without making it: Smithy RPCv2 CBOR as the SDK writes it (RFC 8949).
//!
//! A property test holds it against the bytes that the SDK really sends.

use crate::model::datum::{Datum, Dimension, Resolution};

/// An indefinite map or its members' end marks.
const MAP: usize = 2;
/// Head and eight bytes.
const DOUBLE: usize = 9;
/// Tag 1 and a double.
const TIMESTAMP: usize = 1 + DOUBLE;

/// Bytes of a call without its datums.
#[must_use]
pub fn envelope(namespace: &str, datums: usize) -> usize {
    MAP + text("Namespace") + text(namespace) + text("MetricData") + head(datums)
}

/// Bytes of one datum.
#[must_use]
pub fn datum(datum: &Datum) -> usize {
    let dimensions: usize = datum.dimensions.iter().map(dimension).sum();
    MAP + text("MetricName")
        + text(&datum.metric)
        + text("Dimensions")
        + head(datum.dimensions.len())
        + dimensions
        + text("Timestamp")
        + TIMESTAMP
        + values(datum)
        + text("Unit")
        + text(datum.unit.as_str())
        + text("StorageResolution")
        + match datum.resolution {
            Resolution::Second => 1,
            Resolution::Minute => 2,
        }
}

fn dimension(dimension: &Dimension) -> usize {
    MAP + text("Name") + text(&dimension.name) + text("Value") + text(&dimension.value)
}

fn values(datum: &Datum) -> usize {
    let array = |name: &str| text(name) + head(datum.values.len()) + datum.values.len() * DOUBLE;
    match Form::of(&datum.values) {
        Form::Value => text("Value") + DOUBLE,
        Form::Values => array("Values"),
        Form::ValuesAndCounts => array("Values") + array("Counts"),
    }
}

/// How values go on the wire: counts of 1 are CloudWatch's default, and are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value, read once.
    Value,
    /// Several, each read once.
    Values,
    /// Several, some read more than once.
    ValuesAndCounts,
}

impl Form {
    /// The shortest form for these values.
    #[must_use]
    pub fn of(values: &[(f64, u32)]) -> Self {
        match values {
            [(_, 1)] => Form::Value,
            many if many.iter().all(|(_, count)| *count == 1) => Form::Values,
            _ => Form::ValuesAndCounts,
        }
    }
}

fn text(text: &str) -> usize {
    head(text.len()) + text.len()
}

/// A head with its argument in the fewest bytes.
fn head(argument: usize) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
