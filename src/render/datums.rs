//! Batches as the PutMetricData inputs that `aws cloudwatch put-metric-data --cli-input-json` takes.

use serde_json::{Map, Value, json};

use crate::clock::rfc3339;
use crate::model::datum::Datum;
use crate::publish::batch::Batch;
use crate::publish::size::Form;

/// An array of inputs, indented.
#[must_use]
pub fn array(batches: &[Batch]) -> String {
    let inputs: Vec<Value> = batches.iter().map(input).collect();
    serde_json::to_string_pretty(&inputs).unwrap_or_default() + "\n"
}

/// One input on one line.
#[must_use]
pub fn line(batch: &Batch) -> String {
    input(batch).to_string()
}

fn input(batch: &Batch) -> Value {
    let datums: Vec<Value> = batch.datums().iter().map(datum).collect();
    json!({ "Namespace": batch.namespace(), "MetricData": datums })
}

fn datum(datum: &Datum) -> Value {
    let dimensions: Vec<Value> = datum
        .dimensions
        .iter()
        .map(|d| json!({ "Name": d.name, "Value": d.value }))
        .collect();
    let values: Vec<f64> = datum.values.iter().map(|(value, _)| *value).collect();
    let counts: Vec<u32> = datum.values.iter().map(|(_, count)| *count).collect();
    let mut object = Map::new();
    object.insert("MetricName".to_owned(), json!(datum.metric));
    object.insert("Dimensions".to_owned(), json!(dimensions));
    object.insert("Timestamp".to_owned(), json!(rfc3339(datum.timestamp)));
    match Form::of(&datum.values) {
        Form::Value => drop(object.insert("Value".to_owned(), json!(values.first()))),
        Form::Values => drop(object.insert("Values".to_owned(), json!(values))),
        Form::ValuesAndCounts => {
            object.insert("Values".to_owned(), json!(values));
            object.insert("Counts".to_owned(), json!(counts));
        }
    }
    object.insert("Unit".to_owned(), json!(datum.unit.as_str()));
    object.insert(
        "StorageResolution".to_owned(),
        json!(datum.resolution.secs()),
    );
    Value::Object(object)
}
