//! Regular files of other programs: never a pipe that waits for a writer, a device, or a link that leads elsewhere.
//!
//! They lie on a disk that may hang, so the caller is off the runtime's thread (`blocking`).

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Opens a regular file to read: without waiting for a pipe's writer (fifo(7)), and with `NOFOLLOW` in `more` not
/// through a link in its last part.
///
/// # Errors
/// What the kernel says; anything but a regular file, or a link that may not be followed, is `InvalidData`.
pub fn open(path: &Path, more: OFlags) -> io::Result<(File, Metadata)> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | more;
    let wrong = |text| io::Error::new(ErrorKind::InvalidData, text);
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => wrong("a link, which is not followed"),
        _ => error.into(),
    })?;
    let file = File::from(file);
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(wrong("no regular file"));
    }
    Ok((file, meta))
}

/// An open file's bytes from where it stands, `most` at the most.
///
/// # Errors
/// What the disk says; a longer file is `InvalidData`.
pub fn read(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let text = format!("longer than {most} bytes");
        return Err(io::Error::new(ErrorKind::InvalidData, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, mknodat, symlinkat};

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_refused_and_nothing_waits() {
        let folder = std::env::temp_dir().join(format!("fwmetrics-regular-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name);
        std::fs::write(path("file"), "12345").unwrap();
        mknodat(CWD, path("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
        symlinkat("file", CWD, path("link")).unwrap();
        let (file, meta) = open(&path("link"), OFlags::empty()).unwrap();
        assert_eq!((meta.len(), read(file, 5).unwrap()), (5, b"12345".to_vec()));
        let (file, _) = open(&path("file"), OFlags::NOFOLLOW).unwrap();
        assert_eq!(read(file, 4).unwrap_err().kind(), ErrorKind::InvalidData);
        let kind = |name: &str| open(&path(name), OFlags::NOFOLLOW).unwrap_err().kind();
        assert_eq!(kind("pipe"), ErrorKind::InvalidData);
        assert_eq!(kind("link"), ErrorKind::InvalidData);
        assert_eq!(kind("none"), ErrorKind::NotFound);
        assert_eq!(kind("."), ErrorKind::InvalidData);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
