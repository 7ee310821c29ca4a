//! Random configurations, what they send, and what their alarms look at.

#![allow(unreachable_pub, missing_docs)]

pub mod judge;
pub mod passes;
pub mod random;
