//! One program, its spool and its endpoint, and what can be waited for: never time, always what time brings.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::front::{Front, Way};
use crate::spooled::{Spooled, spooled};
use crate::support::program::{ConfigFile, Program, fresh_path, publishing, within};
use crate::support::{Endpoint, Fault};
use crate::tally::window;

/// Longer than the probe after a denial and the pause after a failed disk, 30 s each, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);
/// Said at each failed attempt, to the curious.
const FAILED: &str = "an attempt to send failed: ";
/// Said of each batch that was accepted, to the curious.
const SENT: &str = " DEBUG sent ";
const CONFIG: &str =
    "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n[identity]\ninstance_id = \"i-1\"\n";

pub(crate) struct Lab {
    name: String,
    pub(crate) endpoint: Endpoint,
    /// Stands before it, for those who send there.
    pub(crate) front: Front,
    /// `[spool] dir`.
    pub(crate) state: PathBuf,
    /// Datums in files that were spoilt on purpose.
    pub(crate) spoilt: u64,
    file: ConfigFile,
    url: String,
    environment: Vec<(String, OsString)>,
    /// The newest last.
    lives: Vec<Program>,
}

impl Lab {
    /// An endpoint that is well, and a program that is not started.
    pub(crate) fn new(name: &str) -> Self {
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let endpoint = Endpoint::start();
        Lab {
            url: endpoint.url(),
            front: Front::new(endpoint.address()),
            endpoint,
            state: fresh_path(&format!("fault-{name}")),
            spoilt: 0,
            file: ConfigFile::new(&format!("fault-{name}"), CONFIG),
            environment: Vec::new(),
            lives: Vec::new(),
            name,
        }
    }

    /// The next program sends here.
    pub(crate) fn send_to(&mut self, url: impl Into<String>) {
        self.url = url.into();
    }

    /// The next program has this in its environment.
    pub(crate) fn environment(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let value = value.as_ref().to_owned();
        self.environment.push((name.to_owned(), value));
    }

    /// The command line of the next program.
    pub(crate) fn command(&self) -> Command {
        let mut command = publishing(&["run", "--config", self.file.path()], &self.url);
        command
            .env("FWMETRICS_SPOOL__DIR", &self.state)
            .env("FWMETRICS_LOG__LEVEL", "info,fwmetrics=debug")
            // Files that are there, and empty: the SDK has nothing to say of them.
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }

    pub(crate) fn start(&mut self) {
        let program = Program::start(&mut self.command());
        self.lives.push(program);
    }

    /// The program that was started last.
    pub(crate) fn program(&self) -> &Program {
        self.lives.last().expect("it was started")
    }

    pub(crate) fn lives(&self) -> usize {
        self.lives.len()
    }

    /// What all lives said.
    pub(crate) fn log(&self) -> String {
        let logs = self.lives.iter().map(Program::log);
        logs.collect::<Vec<_>>().join("\n")
    }

    /// SIGTERM; it must end well.
    pub(crate) fn stop(&mut self) {
        let program = self.lives.last_mut().expect("it was started");
        let code = program.terminate();
        assert_eq!(code, Some(0), "exit code\n{}", self.log());
    }

    /// Waits until it is so.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        // One that died brings nothing any more.
        within(PATIENCE, || is_so() || self.program().has_ended());
        let (name, log) = (&self.name, self.log());
        assert!(!self.program().has_ended(), "{name}: it died\n{log}");
        assert!(is_so(), "{name}: waited for {what} in vain\n{log}");
    }

    /// Waits until so many windows more have arrived, and the program has heard of it: until the next one nothing is
    /// under way.
    pub(crate) fn windows(&self, more: usize) {
        let wanted = self.arrived().len() + more;
        let what = format!("{more} windows more");
        self.until(&what, || self.arrived().len() >= wanted);
        let calls = self.endpoint.calls();
        let accepted = calls.iter().filter(|call| call.accepted);
        let bodies = accepted.map(|call| &call.digest).collect::<BTreeSet<_>>();
        self.says(SENT, bodies.len());
    }

    /// Waits until so many attempts more have failed.
    pub(crate) fn fails(&self, more: usize) {
        let count = || self.log().matches(FAILED).count();
        let wanted = count() + more;
        self.until(&format!("{more} failed attempts"), || count() >= wanted);
    }

    /// Waits until so many batches wait in the spool.
    pub(crate) fn waits(&self, batches: usize) {
        let what = format!("{batches} batches in the spool");
        self.until(&what, || self.spooled().len() >= batches);
    }

    /// Waits until it has said this so often, all its lives together.
    pub(crate) fn says(&self, text: &str, times: usize) {
        let what = format!("{text:?}, {times} times");
        self.until(&what, || self.log().matches(text).count() >= times);
    }

    /// Waits until all these batches, and two windows more, have arrived.
    pub(crate) fn arrive(&self, waiting: &[Spooled]) {
        self.until("all that waited", || self.missing(waiting).is_empty());
        self.windows(2);
    }

    /// Those of these batches that have not arrived.
    pub(crate) fn missing<'b>(&self, batches: &'b [Spooled]) -> Vec<&'b Spooled> {
        let accepted = self.endpoint.accepted();
        #[allow(clippy::cast_possible_truncation)] // whole seconds
        let arrived: BTreeSet<i64> = accepted.iter().map(|d| d.timestamp as i64).collect();
        let batches = batches.iter();
        batches
            .filter(|batch| !arrived.contains(&batch.newest))
            .collect()
    }

    pub(crate) fn spooled(&self) -> Vec<Spooled> {
        spooled(&self.state)
    }

    /// Windows with a datum that was accepted.
    fn arrived(&self) -> BTreeSet<i64> {
        self.endpoint.accepted().iter().filter_map(window).collect()
    }

    /// Two windows arrive; then the endpoint answers so until attempts failed and batches wait; then all arrives.
    pub(crate) fn through(&mut self, fault: Fault) {
        self.start();
        self.windows(2);
        self.endpoint.always(Some(fault));
        self.fails(1);
        self.waits(3);
        let waiting = self.spooled();
        self.endpoint.heal();
        self.arrive(&waiting);
    }

    /// What stands before the endpoint is broken from the start, until attempts failed and batches wait; then all arrives.
    pub(crate) fn behind(&mut self, broken: Way, well: Way) {
        self.front.set(broken);
        self.start();
        self.fails(2);
        self.waits(3);
        let waiting = self.spooled();
        self.front.heal(well);
        self.arrive(&waiting);
    }
}
