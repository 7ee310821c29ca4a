//! Floor 6: files made of what the parts state of themselves. Pure: no configuration, environment or clock is read.

pub mod alarms;
pub mod config;
pub mod form;
pub mod published;
pub mod scaling;
pub mod schema;
pub mod stack;
