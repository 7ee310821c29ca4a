//! Floor 6: files made of what the parts state of themselves, and of a configuration. Pure: no file, environment or clock is read.

pub mod alarms;
pub mod config;
pub mod cost;
pub mod published;
pub mod scaling;
pub mod schema;
