//! The form of a spooled batch: its file's name and bytes. Pure; the door to the disk is `host::spool`.
//!
//! A file is one line (`fwmetrics batch`, version, CRC-32 and length of what follows) and a batch in JSON. A number is
//! written in the fewest digits that give the same 64 bits again, so a batch that was read back makes the same request.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::datum::{Datum, Dimension, Resolution};
use crate::model::limits::DATUMS_PER_CALL;
use crate::model::unit::Unit;
use crate::publish::batch::{self, Batch};
use crate::publish::validate;

/// The first words of each file.
const MAGIC: &str = "fwmetrics batch";
/// This form. A file of another is not read.
const VERSION: u32 = 1;
/// The first line is not longer: magic, version, checksum, length.
const HEAD_BYTES_MAX: usize = 64;
/// Ends each name.
const ENDING: &str = ".batch";

/// The name of a batch's file: names sort by newest timestamp, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    /// The newest timestamp in it, Unix seconds, never below 0.
    pub newest: i64,
    /// Its number; none is given twice.
    pub id: u64,
    /// How many datums it holds: the account needs it before the file is read.
    pub datums: usize,
}

impl FileName {
    /// The name of this batch's file.
    #[must_use]
    pub fn of(batch: &Batch, id: u64) -> Self {
        FileName {
            newest: batch.newest().max(0),
            id,
            datums: batch.datums().len(),
        }
    }

    /// What this name means; `None` where it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_suffix(ENDING)?.splitn(3, '-');
        let (newest, id, datums) = (parts.next()?, parts.next()?, parts.next()?);
        let name = FileName {
            newest: newest.parse().ok()?,
            id: u64::from_str_radix(id, 16).ok()?,
            datums: datums.parse().ok()?,
        };
        // One spelling only: `+1` and `01` are numbers too.
        let legal = (1..=DATUMS_PER_CALL).contains(&name.datums);
        (legal && name.to_string() == text).then_some(name)
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let FileName { newest, id, datums } = self;
        write!(f, "{newest:012}-{id:016x}-{datums}{ENDING}")
    }
}

/// Why a file's bytes are no batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The first line is none of ours.
    #[error("it does not begin as a batch of ours")]
    Foreign,
    /// Written by another version.
    #[error("it has form {0}, this version reads form 1")]
    Version(u32),
    /// Half-written, or longer than it says.
    #[error("it has {found} bytes where its head says {said}")]
    Length {
        /// Bytes after the head.
        found: usize,
        /// Bytes that the head announces.
        said: usize,
    },
    /// Bits were changed.
    #[error("its checksum is wrong")]
    Checksum,
    /// What it holds is no batch that could be sent.
    #[error("it holds no legal batch: {0}")]
    Content(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchForm<'a> {
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    datums: Vec<DatumForm<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DatumForm<'a> {
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    unit: Cow<'a, str>,
    dimensions: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    timestamp: i64,
    resolution: i32,
    values: Vec<(f64, u32)>,
}

/// A batch as the bytes of its file.
#[must_use]
pub fn encode(batch: &Batch) -> Vec<u8> {
    let form = BatchForm {
        namespace: batch.namespace().into(),
        datums: batch.datums().iter().map(DatumForm::of).collect(),
    };
    // Strings, numbers and lists always have a JSON form; were it not so, the empty body would be refused when read.
    let body = serde_json::to_vec(&form).unwrap_or_default();
    let head = format!(
        "{MAGIC} {VERSION} {:08x} {}\n",
        crc32fast::hash(&body),
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// The batch in a file's bytes.
///
/// # Errors
/// Why there is none in them.
pub fn decode(bytes: &[u8]) -> Result<Batch, Unreadable> {
    let body = checked_body(bytes)?;
    let content = |why: &dyn std::fmt::Display| Unreadable::Content(why.to_string());
    let form: BatchForm<'_> = serde_json::from_slice(body).map_err(|error| content(&error))?;
    validate::namespace(&form.namespace).map_err(|why| content(&why))?;
    let datums = form.datums.into_iter().map(DatumForm::read);
    let datums = datums
        .collect::<Result<Vec<Datum>, _>>()
        .map_err(|why| content(&why))?;
    batch::whole(&form.namespace, datums).ok_or_else(|| content(&"not one call's worth"))
}

fn checked_body(bytes: &[u8]) -> Result<&[u8], Unreadable> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES_MAX)];
    let end = head.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or(Unreadable::Foreign)?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Unreadable::Foreign)?;
    let rest = head.strip_prefix(MAGIC).ok_or(Unreadable::Foreign)?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let version = words.first().and_then(|word| word.parse().ok());
    match version.ok_or(Unreadable::Foreign)? {
        VERSION => {}
        other => return Err(Unreadable::Version(other)),
    }
    let [_, checksum, said] = words.as_slice() else {
        return Err(Unreadable::Foreign);
    };
    let said: usize = said.parse().map_err(|_| Unreadable::Foreign)?;
    let body = &bytes[end + 1..];
    if body.len() != said {
        let found = body.len();
        return Err(Unreadable::Length { found, said });
    }
    if format!("{:08x}", crc32fast::hash(body)) != *checksum {
        return Err(Unreadable::Checksum);
    }
    Ok(body)
}

impl<'a> DatumForm<'a> {
    fn of(datum: &'a Datum) -> Self {
        let dimensions = datum.dimensions.iter();
        DatumForm {
            metric: datum.metric.as_ref().into(),
            unit: datum.unit.as_str().into(),
            dimensions: dimensions
                .map(|d| (d.name.as_ref().into(), d.value.as_str().into()))
                .collect(),
            timestamp: datum.timestamp,
            resolution: datum.resolution.secs(),
            values: datum.values.clone(),
        }
    }

    fn read(self) -> Result<Datum, &'static str> {
        let unit = Unit::ALL
            .into_iter()
            .find(|unit| unit.as_str() == self.unit);
        let resolution = [Resolution::Second, Resolution::Minute]
            .into_iter()
            .find(|resolution| resolution.secs() == self.resolution);
        let dimensions = self.dimensions.into_iter();
        let datum = Datum {
            metric: self.metric.into_owned().into(),
            unit: unit.ok_or("an unknown unit")?,
            dimensions: dimensions
                .map(|(name, value)| Dimension {
                    name: name.into_owned().into(),
                    value: value.into_owned(),
                })
                .collect(),
            timestamp: self.timestamp,
            resolution: resolution.ok_or("an unknown resolution")?,
            values: self.values,
        };
        validate::form(&datum).map(|()| datum)
    }
}
