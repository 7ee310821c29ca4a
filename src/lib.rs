//! fwmetrics samples a firewall's dataplane each second and puts the whole distribution of each minute into CloudWatch.
//!
//! # The map
//!
//! A reading goes up through the floors, a decision comes down. A room uses lower floors only, and rooms of one floor
//! do not know each other (`agent`, `generate` and `config` are built of what lies below them); a test scans the
//! imports.
//!
//! | floor | room | what happens there |
//! |---|---|---|
//! | 8 | `main.rs` | parse, call, print why it failed, exit |
//! | 7 | [`commands`] | one file a command |
//! | 6 | [`cli`], [`agent`], [`generate`] | the command line as types; `agent::core` decides, the tasks around it carry; files made of the schemas |
//! | 5 | [`config`], [`render`] | text to settings; reports to text |
//! | 4 | [`catalogue`] | every metric, from each collector's Spec; the bill |
//! | 3 | [`collectors`] | a folder per source: settings, what it emits, pure parsing |
//! | 2 | [`collector`], [`publish`], [`identity`] | the contract of a source; batches, their files, sizes, the client; who we are |
//! | 1 | [`aggregate`], [`host`], [`self_metrics`], [`simulate`] | pure arithmetic from passes to windows; the doors to the machine; a fleet in virtual time |
//! | 0 | [`model`], [`clock`] | the words; the only file that reads a clock |
//!
//! # A reading's way
//!
//! A collector records `Readings` at the finest grain. `aggregate::aggregator` makes increases, rates and shares of
//! them member by member, folds members into series, and derives what hangs on several. `agent::core` puts the values
//! into the window of the tick they were due at; when the window closes, `aggregate::label` names its series by
//! dimension set, `publish::batch` packs them, `agent::core::queue` says when they go to disk (`publish::spool` is their
//! form there, `host::spool` the door) and when to CloudWatch, and `publish::cloudwatch` carries them.
//!
//! # What is never done
//!
//! - No collector knows a clock, a window or a publisher.
//! - No file but `clock.rs` reads a clock; no file but `publish/cloudwatch.rs` names the AWS SDK for sending.
//! - Nothing in `aggregate` or `agent::core` does I/O.
//! - No program is started; no port is opened unless `[http] listen` asks for it.
//! - Nothing unread is ever 0.

pub mod agent;
pub mod aggregate;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod collector;
pub mod collectors;
pub mod commands;
pub mod config;
pub mod generate;
pub mod host;
pub mod identity;
pub mod model;
pub mod publish;
pub mod render;
pub mod self_metrics;
pub mod simulate;
