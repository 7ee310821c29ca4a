//! What the kill campaign and the soak share: a root whose counters move, and what the spool and the log tell from
//! outside.

// Each of the two compiles this for itself and uses a part of it.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

pub mod account;
pub mod lives;
pub mod moving;
pub mod spooled;
pub mod usage;
pub mod verdict;

/// A number from the environment; these names are the tests' own, the program never sees them.
pub fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => otherwise,
    }
}
