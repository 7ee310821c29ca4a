//! The real binary through every fault that needs no root: nothing sealed is lost, the account balances, and each change
//! of state is said once. `cargo test --test faults -- --nocapture` prints the tables.
//!
//! Windows are of one second. Each row starts the program, brings the fault about, heals it, lets what waited drain and
//! stops the program; then what arrived at the endpoint is held against the account. Rows run side by side.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod disk;
mod ends;
mod front;
mod lab;
mod log;
mod network;
mod process;
mod row;
mod spooled;
mod table;
mod tally;
mod tls;

#[test]
fn the_endpoint_answers_wrongly() {
    row::run(&answers::rows());
}

#[test]
fn the_endpoint_is_not_there_or_is_another() {
    row::run(&network::rows());
}

#[test]
fn the_spool_is_spoilt() {
    row::run(&disk::rows());
}

#[test]
fn the_process_is_stopped_or_starved() {
    row::run(&process::rows());
}

#[test]
fn the_end_comes_while_it_lasts() {
    row::run(&ends::rows());
}
