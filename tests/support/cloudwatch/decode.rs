//! CBOR to [`PutMetricData`]. An unknown or repeated member, a wrong type and trailing bytes are faults:
//! AWS may let some of them pass, and then a misspelt member would be lost without a word.

use std::collections::BTreeMap;

use ciborium::Value;

use super::datum::{Datum, Dimension, Entity, EntityMetricData, PutMetricData, StatisticValues};

/// CBOR's tag for seconds since 1970.
const EPOCH_TAG: u64 = 1;

/// What is wrong, and where.
pub type Fault = String;

/// Decodes one request body.
pub fn put_metric_data(bytes: &[u8]) -> Result<PutMetricData, Fault> {
    let mut rest = bytes;
    let value: Value = ciborium::from_reader(&mut rest).map_err(|error| format!("{error}"))?;
    if !rest.is_empty() {
        return Err(format!("{} bytes after the document", rest.len()));
    }
    let mut members = Members::open(value, "input")?;
    let input = PutMetricData {
        namespace: members.take("Namespace", text)?,
        metric_data: members.take("MetricData", list(datum))?.unwrap_or_default(),
        entity_metric_data: members
            .take("EntityMetricData", list(entity_metric_data))?
            .unwrap_or_default(),
        strict_entity_validation: members.take("StrictEntityValidation", boolean)?,
    };
    members.close()?;
    Ok(input)
}

fn datum(value: Value) -> Result<Datum, Fault> {
    let mut members = Members::open(value, "MetricDatum")?;
    let datum = Datum {
        metric_name: members.take("MetricName", text)?,
        dimensions: members
            .take("Dimensions", list(dimension))?
            .unwrap_or_default(),
        timestamp: members.take("Timestamp", timestamp)?,
        value: members.take("Value", double)?,
        statistic_values: members.take("StatisticValues", statistic_values)?,
        values: members.take("Values", list(double))?,
        counts: members.take("Counts", list(double))?,
        unit: members.take("Unit", text)?,
        storage_resolution: members.take("StorageResolution", integer)?,
    };
    members.close()?;
    Ok(datum)
}

fn dimension(value: Value) -> Result<Dimension, Fault> {
    let mut members = Members::open(value, "Dimension")?;
    let dimension = Dimension {
        name: members.take("Name", text)?,
        value: members.take("Value", text)?,
    };
    members.close()?;
    Ok(dimension)
}

fn statistic_values(value: Value) -> Result<StatisticValues, Fault> {
    let mut members = Members::open(value, "StatisticValues")?;
    let set = StatisticValues {
        sample_count: members.take("SampleCount", double)?,
        sum: members.take("Sum", double)?,
        minimum: members.take("Minimum", double)?,
        maximum: members.take("Maximum", double)?,
    };
    members.close()?;
    Ok(set)
}

fn entity_metric_data(value: Value) -> Result<EntityMetricData, Fault> {
    let mut members = Members::open(value, "EntityMetricData")?;
    let data = EntityMetricData {
        entity: members.take("Entity", entity)?,
        metric_data: members.take("MetricData", list(datum))?.unwrap_or_default(),
    };
    members.close()?;
    Ok(data)
}

fn entity(value: Value) -> Result<Entity, Fault> {
    let mut members = Members::open(value, "Entity")?;
    let entity = Entity {
        key_attributes: members.take("KeyAttributes", texts)?.unwrap_or_default(),
        attributes: members.take("Attributes", texts)?.unwrap_or_default(),
    };
    members.close()?;
    Ok(entity)
}

/// The members of one structure, taken out one by one; what is left at the end is unknown.
struct Members {
    of: &'static str,
    left: BTreeMap<String, Value>,
}

impl Members {
    fn open(value: Value, of: &'static str) -> Result<Self, Fault> {
        let pairs = value.into_map().map_err(|_| format!("{of} is no map"))?;
        let mut left = BTreeMap::new();
        for (key, value) in pairs {
            let key = text(key).map_err(|fault| format!("a key of {of} {fault}"))?;
            if left.insert(key.clone(), value).is_some() {
                return Err(format!("{of}.{key} comes twice"));
            }
        }
        Ok(Self { of, left })
    }

    fn take<T>(
        &mut self,
        name: &str,
        decode: impl Fn(Value) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => decode(value)
                .map(Some)
                .map_err(|fault| format!("{}.{name}: {fault}", self.of)),
        }
    }

    fn close(self) -> Result<(), Fault> {
        match self.left.keys().next() {
            Some(name) => Err(format!("{}.{name} is unknown", self.of)),
            None => Ok(()),
        }
    }
}

fn list<T>(decode: impl Fn(Value) -> Result<T, Fault>) -> impl Fn(Value) -> Result<Vec<T>, Fault> {
    move |value| {
        let items = value.into_array().map_err(|_| "is no list")?;
        items.into_iter().map(&decode).collect()
    }
}

fn texts(value: Value) -> Result<BTreeMap<String, String>, Fault> {
    let pairs = value.into_map().map_err(|_| "is no map")?;
    let pairs = pairs.into_iter();
    pairs
        .map(|(key, value)| Ok((text(key)?, text(value)?)))
        .collect()
}

fn text(value: Value) -> Result<String, Fault> {
    value.into_text().map_err(|_| "is no text".to_owned())
}

fn boolean(value: Value) -> Result<bool, Fault> {
    value.into_bool().map_err(|_| "is no boolean".to_owned())
}

fn integer(value: Value) -> Result<i64, Fault> {
    let integer = value.into_integer().map_err(|_| "is no integer")?;
    i64::try_from(integer).map_err(|_| "does not fit".to_owned())
}

/// CBOR encoders may write a whole number as an integer.
fn double(value: Value) -> Result<f64, Fault> {
    match value {
        Value::Float(number) => Ok(number),
        Value::Integer(number) => Ok(i128::from(number) as f64),
        _ => Err("is no number".to_owned()),
    }
}

fn timestamp(value: Value) -> Result<f64, Fault> {
    let Value::Tag(EPOCH_TAG, inner) = value else {
        return Err("is no timestamp (tag 1)".to_owned());
    };
    let seconds = double(*inner)?;
    if !seconds.is_finite() {
        return Err("is no time".to_owned());
    }
    Ok(seconds)
}
