//! One program after the other on the same spool, each killed at a moment of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fwmetrics::publish::batch::Batch;
use fwmetrics::publish::spool::FileName;

use super::moving::MovingRoot;
use super::spooled::{self, Spooled};
use crate::support::program::{fresh_path, publishing};
use crate::support::time::unix_now;
use crate::support::{ConfigFile, Endpoint, Fault, Program};

/// Between two checkpoints: the shortest there is.
pub const CHECKPOINT_SECS: u64 = 1;
/// No moment is waited for longer; then the kill comes where it comes.
const HUNT: Duration = Duration::from_secs(3);
/// How long the endpoint keeps an answer to itself, while its client is killed.
const ANSWER_AFTER: Duration = Duration::from_millis(400);
/// Lives under one mood of the endpoint.
const LIVES_A_MOOD: u64 = 4;

/// When in its life a program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At any time.
    Any,
    /// While it starts, looks at the spool and goes on where the one before ended.
    Start,
    /// After the endpoint accepted a batch and before it answers.
    Accepted,
    /// Right after an answer, when the account is written and the file removed.
    Answered,
    /// While a file is being written to the spool.
    Writing,
    /// When a window closes: it is sealed, written and sent then.
    Closing,
}

const MOMENTS: [Moment; 8] = [
    Moment::Any,
    Moment::Any,
    Moment::Start,
    Moment::Accepted,
    Moment::Accepted,
    Moment::Answered,
    Moment::Writing,
    Moment::Closing,
];

/// How the endpoint is while a few programs live and die; well every other time.
const BAD_MOODS: [Fault; 5] = [
    Fault::RefuseRead,
    Fault::ServiceUnavailable,
    Fault::Throttle,
    Fault::Hang(Duration::from_secs(1)),
    Fault::AccessDenied,
];

/// A life that ended by SIGKILL. Times are Unix seconds.
#[derive(Debug, Clone)]
pub struct Life {
    pub started: f64,
    pub killed: f64,
    pub moment: Moment,
    /// What lay in the spool afterwards.
    pub left: Spooled,
}

/// All that a campaign needs.
pub struct Campaign {
    pub root: MovingRoot,
    pub endpoint: Endpoint,
    pub state: PathBuf,
    pub period_secs: u64,
    pub lives: Vec<Life>,
    /// Every batch that was ever seen on disk.
    pub batches: BTreeMap<FileName, Batch>,
    /// Lines of all logs that tell of trouble of our own making.
    pub complaints: Vec<String>,
    config: ConfigFile,
    rng: fastrand::Rng,
}

impl Campaign {
    pub fn new(period_secs: u64, seed: u64) -> Self {
        let root = MovingRoot::start();
        let text = config(&root, period_secs);
        Campaign {
            config: ConfigFile::new(&format!("endurance-{period_secs}"), &text),
            root,
            endpoint: Endpoint::start(),
            state: fresh_path("state"),
            period_secs,
            lives: Vec::new(),
            batches: BTreeMap::new(),
            complaints: Vec::new(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Starts and kills so many programs.
    pub fn kill(&mut self, kills: u64) {
        for number in 0..kills {
            // The last ones are well: what waits gets smaller.
            let bad = number / LIVES_A_MOOD % 2 == 1 && number + LIVES_A_MOOD < kills;
            let mood = match bad {
                true => BAD_MOODS[self.rng.usize(..BAD_MOODS.len())],
                false => Fault::Normal,
            };
            let moment = MOMENTS[self.rng.usize(..MOMENTS.len())];
            self.live(mood, moment);
            if number % 100 == 99 {
                eprintln!("{} killed, {} files", number + 1, self.batches.len());
            }
        }
    }

    /// The last program lives until nothing old is left, and ends by SIGTERM; its log.
    pub fn drain(&mut self) -> String {
        self.endpoint.heal();
        let started = unix_now() as i64;
        let mut program = self.start();
        let waiting = self.lives.last().map_or(0, |life| life.left.batches.len());
        // Twice what the trickle and an answer take of each, and some windows of its own.
        let patience = 30 + 2 * self.period_secs + waiting as u64;
        let end = Instant::now() + Duration::from_secs(patience);
        let at_rest = |left: Spooled| left.batches.first().is_none_or(|b| b.newest > started);
        let mut rested = false;
        while !rested && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
            let own = unix_now() as i64 > started + 2 * self.period_secs as i64 + 2;
            rested = own && at_rest(spooled::look(&self.state));
        }
        let left = spooled::look(&self.state).batches.len();
        assert!(rested, "{left} files after {patience} s\n{}", program.log());
        assert_eq!(program.terminate(), Some(0), "{}", program.log());
        self.complain(&program);
        program.log()
    }

    fn live(&mut self, mood: Fault, moment: Moment) {
        self.endpoint.heal();
        self.endpoint.always(Some(mood));
        let started = unix_now();
        let mut program = self.start();
        self.wait_for(moment);
        let killed = unix_now();
        program.kill();
        self.complain(&program);
        let left = spooled::look(&self.state);
        spooled::learn(&self.state, &left, &mut self.batches);
        self.lives.push(Life {
            started,
            killed,
            moment,
            left,
        });
    }

    fn wait_for(&mut self, moment: Moment) {
        let rng = &mut self.rng;
        // Some end before their first window is sealed, which takes three seconds at the shortest period.
        let longest = 2500 + self.period_secs * 1500;
        let nap = |ms: u64| std::thread::sleep(Duration::from_millis(ms));
        if moment == Moment::Start {
            return nap(rng.u64(0..200));
        }
        nap(rng.u64(0..longest));
        let calls = calls(&self.endpoint);
        let hunt = HUNT + Duration::from_secs(self.period_secs);
        match moment {
            Moment::Any | Moment::Start => {}
            Moment::Accepted => {
                self.endpoint.script([Fault::Delay(ANSWER_AFTER)]);
                self.endpoint.wait_for_calls(calls + 1, hunt);
                nap(rng.u64(0..5));
            }
            Moment::Answered => {
                self.endpoint.wait_for_calls(calls + 1, hunt);
                nap(rng.u64(0..40));
            }
            Moment::Writing => {
                let end = Instant::now() + hunt;
                while Instant::now() < end && spooled::look(&self.state).halves.is_empty() {
                    std::thread::sleep(Duration::from_micros(200));
                }
            }
            Moment::Closing => {
                // 250 ms after a window's end, and a little.
                let period_ms = self.period_secs * 1000;
                let into = (unix_now() * 1000.0) as u64 % period_ms;
                nap((period_ms + 245 - into) % period_ms + rng.u64(0..60));
            }
        }
    }

    fn start(&self) -> Program {
        let args = ["run", "--config", self.config.path()];
        let mut command = publishing(&args, &self.endpoint.url());
        Program::start(command.env("FWMETRICS_SPOOL__DIR", &self.state))
    }

    fn complain(&mut self, program: &Program) {
        let log = program.log();
        assert!(!log.contains("panicked"), "{log}");
        let lines = log.lines().filter(|line| line.contains("gave up"));
        self.complaints.extend(lines.map(str::to_owned));
    }
}

/// How many requests the endpoint has seen.
fn calls(endpoint: &Endpoint) -> usize {
    let mut seen = 0;
    endpoint.wait_until(Duration::ZERO, |calls| {
        seen = calls.len();
        true
    });
    seen
}

fn config(root: &MovingRoot, period_secs: u64) -> String {
    format!(
        "root = \"{}\"\n\
         [cloudwatch]\nperiod_secs = {period_secs}\nphase_secs = 0\n\
         [identity]\ninstance_id = \"i-1\"\nauto_scaling_group = \"edge\"\nin_service = true\n\
         [metrics]\nenable = [\"DataplaneCpuUtilization:Core\", \"DatumsSent\", \"DatumsWaiting\"]\n\
         [spool]\ncheckpoint_secs = {CHECKPOINT_SECS}\n",
        root.path()
    )
}

/// What a directory holds beside what it should.
pub fn strangers(dir: &Path, known: &[&str]) -> Vec<String> {
    let mut names = spooled::names(dir);
    names.retain(|name| !known.contains(&name.as_str()));
    names
}
