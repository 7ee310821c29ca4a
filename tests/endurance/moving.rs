//! A root of 96 cores whose CPU counters rise all the time, and whose session table holds a number that is never the
//! same twice: it is the time. So each reading that arrives tells when it was read, and a reading that arrives twice
//! is seen.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::program::fresh_path;
use crate::support::time::unix_now;

const TREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/linux-5.10/t0");
/// The session table is written anew so often.
const STEP: Duration = Duration::from_millis(10);
const STEPS_PER_SECOND: f64 = 100.0;
/// The CPU counters once in so many steps.
const CPU_EVERY: u64 = 10;
/// Who was held up for so long cannot blame the program for a missed second.
const STALL_SECS: f64 = 0.15;
/// More sessions than will ever be.
const SESSIONS_MAX: &str = "4000000000\n";

/// A stretch of time on the wall clock, Unix seconds.
pub type Stretch = (f64, f64);

/// The root; it stands still once this is dropped.
pub struct MovingRoot {
    path: PathBuf,
    epoch: f64,
    stop: Arc<AtomicBool>,
    stalls: Arc<Mutex<Vec<Stretch>>>,
    thread: Option<JoinHandle<()>>,
}

impl MovingRoot {
    /// Makes it, and sets it in motion.
    pub fn start() -> Self {
        let path = fresh_path("root");
        copy(Path::new(TREE), &path);
        let (stop, stalls) = (Arc::<AtomicBool>::default(), Arc::default());
        let mover = Mover {
            netfilter: path.join("proc/sys/net/netfilter"),
            cpu: path.join("proc/stat"),
            at_first: fs::read_to_string(path.join("proc/stat")).unwrap(),
            epoch: unix_now().floor(),
        };
        fs::write(mover.netfilter.join("nf_conntrack_max"), SESSIONS_MAX).unwrap();
        let (epoch, theirs, noted) = (mover.epoch, Arc::clone(&stop), Arc::clone(&stalls));
        mover.step(0);
        let thread = std::thread::spawn(move || mover.run(&theirs, &noted));
        MovingRoot {
            path,
            epoch,
            stop,
            stalls,
            thread: Some(thread),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        self.path.to_str().expect("the path is text")
    }

    /// When a reading of the session table was taken, Unix seconds, up to 10 ms late unless we were held up.
    pub fn read_at(&self, sessions: f64) -> f64 {
        self.epoch + sessions / STEPS_PER_SECOND
    }

    /// When this machine held us up.
    pub fn stalls(&self) -> Vec<Stretch> {
        self.stalls.lock().unwrap().clone()
    }
}

impl Drop for MovingRoot {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
        fs::remove_dir_all(&self.path).ok();
    }
}

struct Mover {
    netfilter: PathBuf,
    cpu: PathBuf,
    at_first: String,
    epoch: f64,
}

impl Mover {
    fn run(&self, stop: &AtomicBool, stalls: &Mutex<Vec<Stretch>>) {
        let mut before = unix_now();
        for step in 1.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(STEP);
            self.step(step);
            let now = unix_now();
            if now - before > STALL_SECS {
                stalls.lock().unwrap().push((before, now));
            }
            before = now;
        }
    }

    fn step(&self, step: u64) {
        let sessions = ((unix_now() - self.epoch) * STEPS_PER_SECOND) as u64 + 1;
        replace(
            &self.netfilter.join("nf_conntrack_count"),
            &format!("{sessions}\n"),
        );
        if step.is_multiple_of(CPU_EVERY) {
            replace(&self.cpu, &busier(&self.at_first, sessions));
        }
    }
}

/// `/proc/stat` after so much time: core n is busy for n + 1 parts of a hundred.
fn busier(at_first: &str, time: u64) -> String {
    let mut text = String::new();
    for (number, line) in (0u64..).zip(at_first.lines()) {
        let Some(fields) = line.strip_prefix("cpu") else {
            writeln!(text, "{line}").unwrap();
            continue;
        };
        let (name, fields) = fields.split_once(' ').expect("a name and counters");
        write!(text, "cpu{name}").unwrap();
        for (column, field) in fields.split_whitespace().enumerate() {
            let more = match column {
                0 => number % 100 + 1,
                3 => 99 - number % 100,
                _ => 0,
            };
            let count = field.parse::<u64>().unwrap() + more * time / 100;
            write!(text, " {count}").unwrap();
        }
        text.push('\n');
    }
    text
}

/// Never seen half.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("beside");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::write(to, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}
