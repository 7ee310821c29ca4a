//! Floor 6: files made of what the parts state of themselves, and of a configuration. Pure: no file, environment or clock is read.

pub mod alarms;
pub mod bundle;
pub mod config;
pub mod cost;
pub mod dashboard;
pub mod form;
pub mod iam;
pub mod published;
pub mod resource;
pub mod scaling;
pub mod schema;
pub mod stack;
