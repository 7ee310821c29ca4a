//! Reads the files of the configuration: regular ones of a bounded length, and text.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};

use rustix::fs::{Mode, OFlags};

/// No configuration comes near (the one with all keys has 7 kB), and a running daemon that reads one again, whatever is in
/// it, stays below the memory that its unit allows.
pub(super) const CONFIG_BYTES_MAX: u64 = 256 << 10;

/// A regular file of text; a pipe that nobody writes to would hold us for ever.
pub(super) fn read(name: &str, bytes_max: u64) -> io::Result<String> {
    // Before it is opened, for opening alone may do something to a device; and after, for it may be another by then.
    is_ours(&std::fs::metadata(name)?, bytes_max)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(name, flags, Mode::empty())?);
    is_ours(&file.metadata()?, bytes_max)?;
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        io::Error::new(ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

fn is_ours(data: &Metadata, bytes_max: u64) -> io::Result<()> {
    if data.is_file() && data.len() <= bytes_max {
        return Ok(());
    }
    let text = format!("not a regular file of at most {} KiB", bytes_max >> 10);
    Err(io::Error::new(ErrorKind::InvalidInput, text))
}
