//! Fakes that stand at the wire: a strict CloudWatch, an IMDS, a proxy recorder, and a raw client to poke them.
//!
//! Everything listens on 127.0.0.1 only, on std threads, and no wait is without a bound.
//! The fakes share no code with the program or the AWS SDK: they read HTTP, CBOR, gzip and SigV4 with their own eyes.

// Each integration test compiles this tree for itself and uses a part of it.
#![allow(dead_code, unreachable_pub, unused_imports)]
// A broken fake must fail its test loudly; and fakes live in real time, unlike the program's core.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

pub mod autoscaling;
pub mod certificates;
pub mod client;
pub mod cloudwatch;
pub mod http;
pub mod imds;
pub mod program;
pub mod proxy;
pub mod server;
pub mod sigv4;
pub mod time;

pub use autoscaling::{AutoScaling, Trouble};
pub use certificates::Authority;
pub use client::{Answer, Client};
pub use cloudwatch::{Call, Endpoint, Fault, Series, Stats, Stored};
pub use imds::{Imds, Mode};
pub use program::{ConfigFile, Program};
pub use proxy::Proxy;
pub use sigv4::Key;

/// Says that a test, or a part of it, is left out here; where nothing may be, that is a failure.
pub fn skip(lacks: &str) {
    let strict = std::env::var_os("TESTS_NO_SKIP").is_some();
    assert!(!strict, "may not be skipped: {lacks}");
    eprintln!("skip: {lacks}");
}
