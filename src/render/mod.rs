//! Floor 5: what people and programs are shown: a report as table or JSON, datums as the AWS CLI takes them, the catalogue,
//! what Prometheus reads, and simulations.

pub mod datums;
pub mod family;
pub mod groups;
pub mod json;
pub mod metrics;
pub mod prometheus;
pub mod report;
pub mod simulation;
pub mod table;
