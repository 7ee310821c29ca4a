//! The spool's directory and files.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::lab::Lab;
use crate::row::Row;
use crate::spooled::{Spooled, set_aside, spooled};
use crate::support::Fault;
use crate::support::program::Program;

const FOUND: &str = "they are sent behind each fresh window";
const SET_ASIDE: &str = "files in the spool are no batches: moved to rejected/";
/// Said of each batch that is given up.
const GAVE_UP: &str = "datums of the spooled batch";
/// Bytes of a spooled batch that are flipped, each in a copy of its own: all of the head, and so many after it.
const HEAD_BYTES: usize = 64;
const FLIPS: usize = 192;

/// Numbers so far on are given to no batch of the first life.
const UNUSED: u64 = 1 << 16;

pub(crate) fn rows() -> Vec<Row> {
    let mended = &[
        "unsent batches wait in memory alone",
        "the spool takes unsent batches again",
    ];
    vec![
        Row::new(
            "a file where [spool] dir should be, then away",
            mended,
            a_file,
        ),
        Row::new("a bit flipped, at each of 256 places", &[FOUND], flipped)
            .repeats(HEAD_BYTES + FLIPS),
        Row::new(
            "foreign, halved and empty batch files",
            &[FOUND, SET_ASIDE],
            foreign,
        )
        .repeats(2),
        Row::new(
            "pipe and directory for batch files, at start",
            &[FOUND, SET_ASIDE],
            strange_at_start,
        )
        .repeats(2),
        Row::new(
            "pipe, directory, nothing for them, running",
            &[GONE],
            strange,
        )
        .repeats(3),
        Row::new("the directory moved away, running", &[], moved).repeats(20),
        Row::new(
            "account.json overwritten",
            &[FOUND, "starting without"],
            no_account,
        )
        .repeats(2),
        Row::new("a second instance on the directory", &[], second),
    ]
}

/// Of those three two are spoilt, and one is gone.
const GONE: &str = "the file is gone";

fn a_file(lab: &mut Lab) -> Result<(), String> {
    fs::write(&lab.state, "no directory").unwrap();
    lab.start();
    lab.says("wait in memory alone", 1);
    lab.windows(2);
    lab.endpoint.always(Some(Fault::ServiceUnavailable));
    lab.fails(2);
    fs::remove_file(&lab.state).unwrap();
    // What waited in memory goes to the disk.
    lab.says("the spool takes unsent batches again", 1);
    lab.waits(3);
    let waiting = lab.spooled();
    lab.endpoint.heal();
    lab.arrive(&waiting);
    Ok(())
}

/// A life that leaves so many batches in the spool; the endpoint is well after it.
fn left(lab: &mut Lab, batches: usize) -> Vec<Spooled> {
    lab.endpoint.always(Some(Fault::ServiceUnavailable));
    lab.start();
    lab.waits(batches);
    lab.stop();
    lab.endpoint.heal();
    lab.spooled()
}

fn flipped(lab: &mut Lab) -> Result<(), String> {
    // An eighth of it is for what is set aside: all of these.
    lab.environment("FWMETRICS_SPOOL__DISK_BYTES", (256 << 20).to_string());
    let waiting = left(lab, 3);
    let whole = &waiting[0];
    let bytes = fs::read(&whole.path).unwrap();
    let number = u64::from_str_radix(&whole.id, 16).unwrap();
    let rest = bytes.len() - HEAD_BYTES;
    let places = (0..HEAD_BYTES).chain((0..FLIPS).map(|n| HEAD_BYTES + n * rest / FLIPS));
    for (copy, place) in places.enumerate() {
        let mut spoilt = bytes.clone();
        // Not the bit that makes a capital of a checksum's letter: that is the same number.
        let bits = if place < HEAD_BYTES { 5 } else { 8 };
        spoilt[place] ^= 1 << (copy % bits);
        fs::write(whole.numbered(number + UNUSED + copy as u64), spoilt).unwrap();
        lab.spoilt += whole.datums;
    }
    lab.start();
    // Not a line for each: there are only so many a minute.
    lab.says(GAVE_UP, 10);
    let state = lab.state.clone();
    lab.until("each is set aside", || {
        set_aside(&state) == HEAD_BYTES + FLIPS
    });
    lab.arrive(&waiting);
    Ok(())
}

fn foreign(lab: &mut Lab) -> Result<(), String> {
    let mut waiting = left(lab, 5);
    let spoilt: Vec<Spooled> = waiting.drain(..3).collect();
    let bytes = fs::read(&spoilt[0].path).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let newer = text.replacen("fwmetrics batch 1 ", "fwmetrics batch 2 ", 1);
    assert_ne!(newer, text, "the head has its version");
    fs::write(&spoilt[0].path, newer).unwrap();
    let bytes = fs::read(&spoilt[1].path).unwrap();
    fs::write(&spoilt[1].path, &bytes[..bytes.len() / 2]).unwrap();
    fs::write(&spoilt[2].path, "").unwrap();
    lab.spoilt += spoilt.iter().map(|batch| batch.datums).sum::<u64>();
    let spool = lab.state.join("spool");
    fs::write(spool.join("core.1234"), "what is this").unwrap();
    let half = spool.join(".000000000001-0000000000000001-1.batch.new");
    fs::write(half, "half").unwrap();
    lab.start();
    lab.says(GAVE_UP, 3);
    lab.arrive(&waiting);
    assert_eq!(set_aside(&lab.state), 5);
    Ok(())
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo works");
}

/// With the names of batches that nobody expects.
fn strange_at_start(lab: &mut Lab) -> Result<(), String> {
    let waiting = left(lab, 3);
    let number = u64::from_str_radix(&waiting[0].id, 16).unwrap();
    pipe(&waiting[0].numbered(number + UNUSED));
    fs::create_dir(waiting[0].numbered(number + UNUSED + 1)).unwrap();
    lab.start();
    lab.arrive(&waiting);
    assert_eq!(set_aside(&lab.state), 2);
    Ok(())
}

/// In the place of batches that wait.
fn strange(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(1);
    lab.endpoint.always(Some(Fault::ServiceUnavailable));
    lab.fails(1);
    lab.waits(6);
    let mut waiting = lab.spooled();
    let strange: Vec<Spooled> = waiting.drain(..3).collect();
    for batch in &strange {
        fs::remove_file(&batch.path).unwrap();
        lab.spoilt += batch.datums;
    }
    pipe(&strange[0].path);
    fs::create_dir(&strange[1].path).unwrap();
    lab.endpoint.heal();
    lab.says(GAVE_UP, 3);
    lab.arrive(&waiting);
    assert_eq!(set_aside(&lab.state), 2);
    Ok(())
}

fn moved(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(1);
    lab.endpoint.always(Some(Fault::ServiceUnavailable));
    lab.fails(1);
    lab.waits(3);
    let away = lab.state.with_extension("away");
    fs::rename(&lab.state, &away).unwrap();
    // It makes another.
    lab.waits(2);
    let waiting = lab.spooled();
    let gone = spooled(&away);
    lab.endpoint.heal();
    // One that was in memory for its turn is sent all the same.
    let given_up = || lab.log().matches("the file is gone").count();
    lab.until("the end of all that were moved", || {
        given_up() == lab.missing(&gone).len()
    });
    lab.arrive(&waiting);
    let lost = lab.missing(&gone);
    lab.spoilt = lost.iter().map(|batch| batch.datums).sum();
    Ok(())
}

fn no_account(lab: &mut Lab) -> Result<(), String> {
    let waiting = left(lab, 3);
    fs::write(lab.state.join("account.json"), "{\"sealed\":-1}").unwrap();
    lab.start();
    lab.arrive(&waiting);
    Ok(())
}

fn second(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(2);
    let mut second = Program::start(&mut lab.command());
    assert_eq!(second.wait(), Some(1), "{}", second.log());
    let pid = format!("process {};", lab.program().id());
    assert!(second.log().contains(&pid), "{}", second.log());
    lab.windows(2);
    Ok(())
}
