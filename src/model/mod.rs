//! Floor 0: the words every other room speaks; plain data without clock, socket or file.

pub mod alarm;
pub mod chain;
pub mod datum;
pub mod dimension;
pub mod faults;
pub mod identity;
pub mod limits;
pub mod math;
pub mod metric;
pub mod names;
pub mod prices;
pub mod reading;
pub mod schema;
pub mod secret;
pub mod selection;
pub mod unit;
