//! Status files: those that a pattern names, each read as one whole writing.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use glob::Pattern;
use rustix::fs::OFlags;

use crate::host::regular;

/// Ten thousand clients, and as many routes, of 150 bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// More servers than a machine has.
const FILES_MAX: usize = 64;
/// More names than such a directory has.
const NAMES_MAX: usize = 10_000;
/// OpenVPN writes over the file line by line (status.c, status_printf): it takes well below a millisecond.
const TRIES: usize = 5;
const WRITTEN_WITHIN: Duration = Duration::from_millis(5);

/// A file's bytes.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// When it was last written, Unix seconds.
    pub(super) modified: i64,
}

/// A file that a pattern names, and what is in it.
pub(super) type Found = (PathBuf, io::Result<Content>);

/// The files of a path whose last part may be a pattern; none is no error. Blocks.
///
/// # Errors
/// The directory cannot be read.
pub(super) fn matching(path: &Path) -> io::Result<Vec<Found>> {
    let paths = named(path)?;
    let read = paths.into_iter().map(|path| {
        let content = whole(&path);
        (path, content)
    });
    // A file may go between the list and the look.
    let is_gone = |read: &io::Result<Content>| matches!(read, Err(error) if error.kind() == ErrorKind::NotFound);
    Ok(read.filter(|(_, content)| !is_gone(content)).collect())
}

fn named(path: &Path) -> io::Result<Vec<PathBuf>> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let (Some(directory), Some(name)) = (path.parent(), name) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    if !name.contains(['*', '?', '[']) {
        return Ok(vec![path.to_owned()]);
    }
    let wrong = |text: String| io::Error::new(ErrorKind::InvalidData, text);
    let pattern = Pattern::new(&name).map_err(|error| wrong(error.to_string()))?;
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for (number, entry) in entries.enumerate() {
        let name = entry?.file_name();
        if pattern.matches(&name.to_string_lossy()) {
            paths.push(directory.join(name));
        }
        if number >= NAMES_MAX || paths.len() > FILES_MAX {
            return Err(wrong(format!(
                "more than {FILES_MAX} files match, or more than {NAMES_MAX} are there"
            )));
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// Reads until two readings are alike: a file that is being written over is of two minds.
fn whole(path: &Path) -> io::Result<Content> {
    let mut before = once(path)?;
    for _ in 0..TRIES {
        let again = once(path)?;
        if again.bytes == before.bytes {
            return Ok(again);
        }
        before = again;
        std::thread::sleep(WRITTEN_WITHIN);
    }
    Err(io::Error::new(
        ErrorKind::InvalidData,
        "it changes all the time",
    ))
}

fn once(path: &Path) -> io::Result<Content> {
    let (file, meta) = regular::open(path, OFlags::empty())?;
    Ok(Content {
        bytes: regular::read(file, FILE_BYTES_MAX)?,
        modified: meta.mtime(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_files_in_order_and_nothing_is_no_error() {
        let folder = std::env::temp_dir().join(format!("fwmetrics-openvpn-{}", std::process::id()));
        let names = |path: &Path| -> Vec<String> {
            let found = matching(path).unwrap().into_iter();
            found
                .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names(&folder.join("*.log")), [""; 0]);
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["b.log", "a.log", "c.txt"] {
            std::fs::write(folder.join(name), name).unwrap();
        }
        assert_eq!(names(&folder.join("*.log")), ["a.log", "b.log"]);
        assert_eq!(names(&folder.join("c.txt")), ["c.txt"]);
        assert_eq!(names(&folder.join("d.txt")), [""; 0]);
        let (_, content) = &matching(&folder.join("c.txt")).unwrap()[0];
        assert_eq!(content.as_ref().unwrap().bytes, b"c.txt");
        assert!(matching(&folder.join("c.txt/x*")).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
