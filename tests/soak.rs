//! The program for a while, at windows of a second, before an endpoint that is well, down, slow, throttling and denying
//! in turn: what it holds at the start, in the middle and at the end.
//!
//! By hand, an hour: `SOAK_SECS=3600 cargo test --release --test soak -- --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod endurance;
mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use endurance::account::Account;
use endurance::moving::MovingRoot;
use endurance::usage::Usage;
use endurance::{number, spooled};
use support::program::{eventually, fresh_path, publishing};
use support::{ConfigFile, Endpoint, Fault, Program};

/// Without a word in the environment: each mood of the endpoint once, and no longer.
const SECS: u64 = 30;
/// A round of all moods; a short soak is one round.
const ROUND: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two reloads.
const RELOAD_EVERY: Duration = Duration::from_secs(10);
/// Memory that it allocated may grow by so much after the warm-up, which is the first round, or the first half of a
/// short soak: in it the largest backlog has been there once.
const GROWTH_MOST: u64 = 2 << 20;
/// Threads that wait for a disk come and go.
const MORE_THREADS: u64 = 2;
/// The first windows are through by then.
const FIRST_CALLS: Duration = Duration::from_secs(100);

/// Each for an equal part of a round.
const MOODS: [Fault; 10] = [
    Fault::Normal,
    Fault::RefuseRead,
    Fault::Normal,
    Fault::Throttle,
    Fault::Normal,
    Fault::Delay(Duration::from_millis(1500)),
    Fault::AccessDenied,
    Fault::Normal,
    Fault::ServiceUnavailable,
    Fault::Normal,
];

/// Many series, and a port, so that there is something to be leaked.
const CONFIG: &str = "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n\
    [identity]\ninstance_id = \"i-1\"\nauto_scaling_group = \"edge\"\nin_service = true\n\
    [metrics]\nenable = [\"DataplaneCpuUtilization:Core\", \"DatumsSent\", \"DatumsWaiting\"]\n\
    [http]\nlisten = \"127.0.0.1:0\"\n";

#[test]
fn memory_and_files_stay_what_they_are() {
    let span = Duration::from_secs(number("SOAK_SECS", SECS));
    let (root, endpoint, state) = (MovingRoot::start(), Endpoint::start(), fresh_path("state"));
    let text = format!("root = \"{}\"\n{CONFIG}", root.path());
    let file = ConfigFile::new("soak", &text);
    let mut run = publishing(&["run", "--config", file.path()], &endpoint.url());
    let mut program = Program::start(run.env("FWMETRICS_SPOOL__DIR", &state));
    let begun = endpoint.wait_for_calls(5, FIRST_CALLS);
    assert!(begun, "{}", program.log());

    let start = Usage::of(program.id(), &state);
    let looks = soak(&program, &endpoint, (&file, &text), &state, span);
    let reloaded = program.log().matches("configuration reloaded: ").count();
    let wanted = span.as_secs() / RELOAD_EVERY.as_secs() / 2;
    assert!(
        reloaded as u64 >= wanted,
        "{reloaded} reloads, at least {wanted} wanted"
    );
    endpoint.heal();
    let drained = eventually(|| spooled::look(&state).batches.len() <= 1);
    assert!(drained, "{:?}\n{}", spooled::look(&state), program.log());
    let as_begun = |now: Usage| now.fds <= start.fds && now.threads <= start.threads + MORE_THREADS;
    let closed = eventually(|| as_begun(Usage::of(program.id(), &state)));
    let end = Usage::of(program.id(), &state);
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let account = Account::read(&program.log());
    let (first, second) = looks.split_at(warm(looks.len(), span));
    let (before, after) = (most_anonymous(first), most_anonymous(second));
    println!("start:  {start}");
    println!("middle: {}", looks[looks.len() / 2]);
    println!("end:    {end}");
    let calls = endpoint.calls().len();
    println!(
        "{span:?}, {calls} calls; anonymous at most {} KiB in the warm-up, {} KiB after it",
        before >> 10,
        after >> 10
    );
    println!("{account:?}");

    assert_eq!((account.waiting, account.dropped), (0, 0), "{account:?}");
    assert!(account.balances(), "{account:?}");
    assert_eq!(endpoint.accepted().len() as u64, account.sent, "each once");
    assert!(!program.log().contains("panicked"), "{}", program.log());
    assert!(closed, "start: {start}; end: {end}");
    assert!(after <= before + GROWTH_MOST, "{before} and {after} bytes");
}

/// Looks every few seconds, while the endpoint changes its mood.
fn soak(
    program: &Program,
    endpoint: &Endpoint,
    (file, text): (&ConfigFile, &str),
    state: &Path,
    span: Duration,
) -> Vec<Usage> {
    let part = span.min(ROUND) / u32::try_from(MOODS.len()).unwrap();
    let (begin, mut looks, mut reloads) = (Instant::now(), Vec::new(), 0);
    while begin.elapsed() < span {
        let mood = begin.elapsed().as_millis() / part.as_millis();
        endpoint.always(Some(MOODS[mood as usize % MOODS.len()]));
        if begin.elapsed() > RELOAD_EVERY * (reloads + 1) {
            reloads += 1;
            // One collector changes each time, and goes every other time.
            let more = [
                "",
                "[collectors.softnet]\ntimeout_secs = 2\n",
                "[collectors]\ndisable = [\"softnet\"]\n",
            ];
            file.replace(&format!("{text}{}", more[reloads as usize % more.len()]));
            let pid = program.id().to_string();
            let sent = Command::new("kill").args(["-HUP", &pid]).status();
            assert!(sent.is_ok_and(|status| status.success()));
        }
        std::thread::sleep(LOOK_EVERY.min(part));
        looks.push(Usage::of(program.id(), state));
    }
    looks
}

/// How many of these looks are the warm-up.
fn warm(looks: usize, span: Duration) -> usize {
    let share = ROUND.as_secs_f64() / span.as_secs_f64();
    ((looks as f64 * share.min(0.5)) as usize).clamp(1, looks - 1)
}

fn most_anonymous(looks: &[Usage]) -> u64 {
    let bytes = looks.iter().map(|look| look.anonymous);
    bytes.max().expect("a look at least")
}
