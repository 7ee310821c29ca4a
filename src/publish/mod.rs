//! Floor 2: from datums to CloudWatch's answer: limits and sizes, batches and their files, the client, and what an answer means; and the two calls to Auto Scaling.

pub mod batch;
pub mod cloudwatch;
pub mod journal;
pub mod lifecycle;
pub mod outcome;
pub mod retry_after;
pub mod sdk;
pub mod settings;
pub mod size;
pub mod spool;
pub mod validate;
