//! The daemons' sockets: what is asked of each, in which order, and how much it may answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::wire::{Bfd, Listed, bird, frr};
use crate::host::unix::{self, Refusal, Stream};

/// The most that is read of an answer: 10,000 peers in three address families, and no more.
const ANSWER_BYTES: usize = 16 << 20;

/// Whose socket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Daemon {
    /// FRR's, for peers.
    Bgpd,
    /// FRR's, for BFD sessions.
    Bfdd,
    /// For both.
    Bird,
}

impl Daemon {
    /// What a person calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Daemon::Bgpd => "FRR's bgpd",
            Daemon::Bfdd => "FRR's bfdd",
            Daemon::Bird => "BIRD",
        }
    }

    /// It lists peers; bfdd knows BFD sessions alone.
    pub(super) fn lists_peers(self) -> bool {
        self != Daemon::Bfdd
    }

    /// What would give the right that is missing.
    fn dropin(self) -> &'static str {
        match self {
            Daemon::Bgpd | Daemon::Bfdd => "frr.conf",
            Daemon::Bird => "bird.conf",
        }
    }
}

/// Why a daemon gave nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its socket did not.
    Refused(Refusal),
    /// It said what is not understood.
    Odd(String),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Fault::Refused(refusal)
    }
}

impl Fault {
    /// For a log.
    pub(super) fn told(&self, daemon: Daemon, path: &Path) -> String {
        match self {
            Fault::Refused(refusal) => refusal.told(daemon.name(), path, daemon.dropin()),
            Fault::Odd(why) => format!("{} at {}: {why}", daemon.name(), path.display()),
        }
    }
}

/// What a daemon said; `None` where it is not the one to ask, or has no such protocol.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) listed: Option<Listed>,
    pub(super) bfd: Option<Bfd>,
}

/// Connects, which waits for nobody: the kernel does it, or refuses.
pub(super) async fn open(path: &Path, wait: Duration) -> Result<Stream, Fault> {
    Ok(unix::within(wait, Stream::connect(path)).await?)
}

/// Asks and reads within `wait`.
pub(super) async fn ask(
    daemon: Daemon,
    stream: &mut Stream,
    wait: Duration,
) -> Result<Said, Fault> {
    // A parser's complaint passes through the deadline as what was said.
    let work = async {
        match exchange(daemon, stream).await {
            Err(Fault::Refused(refusal)) => Err(refusal),
            other => Ok(other),
        }
    };
    unix::within(wait, work).await?
}

async fn exchange(daemon: Daemon, stream: &mut Stream) -> Result<Said, Fault> {
    match daemon {
        Daemon::Bgpd => bgpd(stream).await,
        Daemon::Bfdd => bfdd(stream).await,
        Daemon::Bird => bird_(stream).await,
    }
}

async fn bgpd(stream: &mut Stream) -> Result<Said, Fault> {
    let bytes = vty(stream, frr::SUMMARY).await?;
    let listed = match frr::answer(&bytes).map_err(Fault::Odd)? {
        Some(text) => frr::summary(text),
        None => {
            let bytes = vty(stream, frr::SUMMARY_DEFAULT).await?;
            let text = frr::answer(&bytes).map_err(Fault::Odd)?;
            frr::summary_default(text.ok_or_else(|| unknown(frr::SUMMARY_DEFAULT))?)
        }
    };
    Ok(Said {
        listed: Some(listed.map_err(Fault::Odd)?),
        bfd: None,
    })
}

async fn bfdd(stream: &mut Stream) -> Result<Said, Fault> {
    // Its answer does not matter: without what it gives, the next one is refused.
    vty(stream, frr::ENABLE).await?;
    let bytes = vty(stream, frr::BFD).await?;
    let text = frr::answer(&bytes).map_err(Fault::Odd)?;
    let bfd = frr::bfd(text.ok_or_else(|| unknown(frr::BFD))?);
    Ok(Said {
        listed: None,
        bfd: Some(bfd.map_err(Fault::Odd)?),
    })
}

fn unknown(command: &str) -> Fault {
    Fault::Odd(format!("it does not know {command:?}"))
}

async fn vty(stream: &mut Stream, command: &str) -> Result<Vec<u8>, Refusal> {
    stream.send(&frr::request(command)).await?;
    stream.until(ANSWER_BYTES, frr::is_whole).await
}

async fn bird_(stream: &mut Stream) -> Result<Said, Fault> {
    let bytes = stream.until(ANSWER_BYTES, bird::is_whole).await?;
    bird::answer(&bytes).map_err(Fault::Odd)?;
    let bytes = line(stream, bird::RESTRICT).await?;
    if bird::answer(&bytes).map_err(Fault::Odd)?.code != bird::RESTRICTED {
        return Err(Fault::Odd("it grants no restricted session".to_owned()));
    }
    let bytes = line(stream, bird::STATUS).await?;
    let clock = bird::clock(&bird::answer(&bytes).map_err(Fault::Odd)?);
    let bytes = line(stream, bird::PROTOCOLS).await?;
    let answer = bird::answer(&bytes).map_err(Fault::Odd)?;
    let protocols = bird::protocols(&answer, clock).map_err(Fault::Odd)?;
    let mut bfd = None;
    if protocols.has_bfd {
        let bytes = line(stream, bird::BFD).await?;
        bfd = Some(bird::bfd(&bird::answer(&bytes).map_err(Fault::Odd)?));
    }
    Ok(Said {
        listed: Some(protocols.listed),
        bfd,
    })
}

async fn line(stream: &mut Stream, command: &str) -> Result<Vec<u8>, Refusal> {
    stream.send(&bird::request(command)).await?;
    stream.until(ANSWER_BYTES, bird::is_whole).await
}

/// Where a daemon's socket is in a directory of FRR's.
pub(super) fn in_directory(directory: &str, daemon: Daemon) -> PathBuf {
    let socket = match daemon {
        Daemon::Bfdd => "bfdd.vty",
        Daemon::Bgpd | Daemon::Bird => "bgpd.vty",
    };
    Path::new(directory).join(socket)
}
