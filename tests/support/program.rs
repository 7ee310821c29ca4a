//! The real binary, in an environment of its own: nothing of the machine's AWS settings reaches it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Imds, Key};

/// Where Cargo built the binary, and where tests may write; the example that shares this tree has neither.
const BINARY: &str = match option_env!("CARGO_BIN_EXE_fwmetrics") {
    Some(path) => path,
    None => "fwmetrics",
};
const FOLDER: &str = match option_env!("CARGO_TARGET_TMPDIR") {
    Some(path) => path,
    None => "/tmp",
};

/// No program of ours takes longer to do anything that a test waits for: a disk or an endpoint that failed is tried again
/// after 30 s, and a busy machine has its own pace.
const PATIENCE: Duration = Duration::from_secs(100);
/// Nor to end: its unit gives it 30 s.
const END_PATIENCE: Duration = Duration::from_secs(40);

/// A command line of the program; ends with it if it still runs.
pub struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

/// A path that no other test uses; nothing is there yet.
pub fn fresh_path(name: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(FOLDER).join(format!("{name}-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// Waits until it is so; false when it does not become so.
pub fn eventually(is_so: impl Fn() -> bool) -> bool {
    within(PATIENCE, is_so)
}

/// The same with a patience of its own.
pub fn within(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// The program with an empty environment but for what is harmless.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(args)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("FWMETRICS_SPOOL__DIR", fresh_path("state"));
    command
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    command
}

/// The same, sending to this endpoint with the example key.
pub fn publishing(args: &[&str], endpoint: &str) -> Command {
    let mut command = command(args);
    let key = Key::example();
    command
        .env("AWS_ACCESS_KEY_ID", &key.id)
        .env("AWS_SECRET_ACCESS_KEY", &key.secret);
    command
        .env("AWS_REGION", super::client::REGION)
        .env("AWS_ENDPOINT_URL_CLOUDWATCH", endpoint);
    command
}

/// The same on an instance: key, region and identity come from this metadata service alone.
pub fn on_instance(args: &[&str], endpoint: &str, imds: &Imds) -> Command {
    let mut command = publishing(args, endpoint);
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url());
    command
}

/// Runs it to its end.
pub fn output(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// Standard error of a run, as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output of a run, as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Ticks that this machine slept through, by the newest account in this log: each is a reading less.
pub fn missed_ticks(log: &str) -> u64 {
    let account = log.lines().rev().find(|line| line.contains("account: "));
    let rest = account.and_then(|line| line.split_once("missed ticks "));
    let digits = rest.map(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next());
    digits.flatten().map_or(0, |digits| digits.parse().unwrap())
}

/// A configuration file that lasts as long as this value.
pub struct ConfigFile(PathBuf);

impl ConfigFile {
    /// Writes it.
    pub fn new(name: &str, text: &str) -> Self {
        let mut path = fresh_path(name);
        path.as_mut_os_string().push(".toml");
        std::fs::write(&path, text).expect("the target folder can be written");
        ConfigFile(path)
    }

    /// Other text in its place, whole at once.
    pub fn replace(&self, text: &str) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, text).expect("the target folder can be written");
        std::fs::rename(new, &self.0).expect("it can be renamed");
    }

    /// Its path.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("the path is text")
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Program {
    /// Starts it in the background; standard error is read as it comes.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (kept, stderr) = (
            Arc::clone(&lines),
            child.stderr.take().expect("stderr is piped"),
        );
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr.take(16 << 20))
                .lines()
                .map_while(Result::ok)
            {
                kept.lock().unwrap().push(line);
            }
        });
        Program {
            child,
            lines,
            reader: Some(reader),
        }
    }

    /// All log lines so far.
    pub fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Waits until a log line holds this text.
    pub fn wait_for_line(&self, text: &str) -> bool {
        self.wait_for_lines(text, 1)
    }

    /// Waits until so many log lines hold this text.
    pub fn wait_for_lines(&self, text: &str, count: usize) -> bool {
        eventually(|| self.log().matches(text).count() >= count)
    }

    /// SIGTERM, then its exit code; `None` when it did not end in time or ended by a signal.
    pub fn terminate(&mut self) -> Option<i32> {
        self.end_by("-TERM")
    }

    /// A signal, as kill(1) names it, then its exit code.
    pub fn end_by(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.wait()
    }

    /// A signal, as kill(1) names it.
    pub fn signal(&self, signal: &str) {
        self.signal_often(signal, 1);
    }

    /// The same so often in a row.
    pub fn signal_often(&self, signal: &str, count: usize) {
        let pids = vec![self.child.id().to_string(); count];
        let sent = Command::new("kill").arg(signal).args(pids).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill works");
    }

    /// It has closed its standard error: it ended, or was killed.
    pub fn has_ended(&self) -> bool {
        self.reader.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: it ends as it stands.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        let _ = self.wait();
    }

    /// Its exit code once it has ended by itself.
    pub fn wait(&mut self) -> Option<i32> {
        let end = Instant::now() + END_PATIENCE;
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                if let Some(reader) = self.reader.take() {
                    let _ = reader.join();
                }
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
