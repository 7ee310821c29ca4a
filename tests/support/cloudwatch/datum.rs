//! PutMetricData as it was sent, in types of our own; nothing here is checked yet.

use std::collections::BTreeMap;

/// The input of PutMetricData.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutMetricData {
    /// `Namespace`.
    pub namespace: Option<String>,
    /// `MetricData`.
    pub metric_data: Vec<Datum>,
    /// `EntityMetricData`.
    pub entity_metric_data: Vec<EntityMetricData>,
    /// `StrictEntityValidation`.
    pub strict_entity_validation: Option<bool>,
}

impl PutMetricData {
    /// All datums, those of entities last.
    pub fn datums(&self) -> impl Iterator<Item = &Datum> {
        let of_entities = self.entity_metric_data.iter();
        let of_entities = of_entities.flat_map(|entity| entity.metric_data.iter());
        self.metric_data.iter().chain(of_entities)
    }
}

/// `MetricDatum`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Datum {
    /// `MetricName`.
    pub metric_name: Option<String>,
    /// `Dimensions`.
    pub dimensions: Vec<Dimension>,
    /// `Timestamp`, in seconds since 1970.
    pub timestamp: Option<f64>,
    /// `Value`.
    pub value: Option<f64>,
    /// `StatisticValues`.
    pub statistic_values: Option<StatisticValues>,
    /// `Values`.
    pub values: Option<Vec<f64>>,
    /// `Counts`.
    pub counts: Option<Vec<f64>>,
    /// `Unit`.
    pub unit: Option<String>,
    /// `StorageResolution`.
    pub storage_resolution: Option<i64>,
}

/// `Dimension`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimension {
    /// `Name`.
    pub name: Option<String>,
    /// `Value`.
    pub value: Option<String>,
}

/// `StatisticSet`, possibly incomplete.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StatisticValues {
    /// `SampleCount`.
    pub sample_count: Option<f64>,
    /// `Sum`.
    pub sum: Option<f64>,
    /// `Minimum`.
    pub minimum: Option<f64>,
    /// `Maximum`.
    pub maximum: Option<f64>,
}

/// `EntityMetricData`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntityMetricData {
    /// `Entity`.
    pub entity: Option<Entity>,
    /// `MetricData`.
    pub metric_data: Vec<Datum>,
}

/// `Entity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// `KeyAttributes`.
    pub key_attributes: BTreeMap<String, String>,
    /// `Attributes`.
    pub attributes: BTreeMap<String, String>,
}
