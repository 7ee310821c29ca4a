//! The process itself: stopped, or short of files and memory.

use std::fs;
use std::process::Command;

use crate::front::Way;
use crate::lab::Lab;
use crate::row::Row;
use crate::support::Fault;

const NO_PRLIMIT: &str = "no prlimit (util-linux)";

pub(crate) fn rows() -> Vec<Row> {
    let no_files = &["CloudWatch accepts again", "takes unsent batches again"];
    let no_memory = &["cannot reach CloudWatch: ", "CloudWatch accepts again"];
    let small = &[
        "File too large (os error 27): unsent batches wait in memory alone",
        "the spool takes unsent batches again",
    ];
    vec![
        Row::new("SIGSTOP, then SIGCONT", &[], stopped).stops(),
        Row::new(
            "no file may be opened (RLIMIT_NOFILE)",
            no_files,
            no_more_files,
        )
        .gaps()
        .doubles(),
        Row::new("files may not grow (RLIMIT_FSIZE)", small, small_files),
        Row::new(
            "a MiB and a half more address space than it has (RLIMIT_AS)",
            no_memory,
            no_more_memory,
        ),
    ]
}

fn stopped(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(3);
    // Another that runs on tells when some windows have passed.
    let mut other = Lab::new("runs on");
    other.start();
    other.windows(1);
    lab.program().signal("-STOP");
    other.windows(4);
    lab.program().signal("-CONT");
    lab.windows(3);
    other.stop();
    Ok(())
}

/// Sets a limit of the running program, `--nofile=64:`; the colon leaves the hard limit as it is.
fn limit(lab: &Lab, setting: &str) -> Result<(), String> {
    let pid = lab.program().id().to_string();
    let done = Command::new("prlimit")
        .args(["--pid", &pid, setting])
        .status();
    match done {
        Err(_) => Err(NO_PRLIMIT.to_owned()),
        Ok(status) => {
            assert!(status.success(), "prlimit {setting}");
            Ok(())
        }
    }
}

fn no_more_files(lab: &mut Lab) -> Result<(), String> {
    lab.front.set(Way::Plain);
    let url = lab.front.url("http");
    lab.send_to(url);
    lab.start();
    lab.windows(2);
    limit(lab, "--nofile=3:")?;
    // A connection that is there would go on.
    lab.front.set(Way::Closed);
    lab.front.set(Way::Plain);
    lab.says("Too many open files", 2);
    lab.fails(2);
    limit(lab, "--nofile=1024:")?;
    lab.says("the spool takes unsent batches again", 1);
    lab.windows(3);
    Ok(())
}

fn small_files(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(2);
    limit(lab, "--fsize=1000:")?;
    lab.says("wait in memory alone", 1);
    lab.endpoint.always(Some(Fault::ServiceUnavailable));
    lab.fails(2);
    limit(lab, "--fsize=unlimited:")?;
    lab.says("the spool takes unsent batches again", 1);
    lab.waits(3);
    let waiting = lab.spooled();
    lab.endpoint.heal();
    lab.arrive(&waiting);
    Ok(())
}

fn no_more_memory(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(2);
    let status = format!("/proc/{}/status", lab.program().id());
    let status = fs::read_to_string(status).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib: u64 = size
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    // An allocation that fails ends a Rust program, so a new connection's buffers must find room; a thread's stack of
    // 2 MiB does not.
    limit(lab, &format!("--as={}:", (kib + 1536) << 10))?;
    lab.endpoint.always(Some(Fault::ServiceUnavailable));
    lab.fails(2);
    lab.waits(5);
    let waiting = lab.spooled();
    lab.endpoint.heal();
    lab.arrive(&waiting);
    Ok(())
}
