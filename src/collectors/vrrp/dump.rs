//! The file that keepalived writes when it is asked.
//!
//! Up to 2.4.3 it is put in place empty and written then (`fopen_safe` in lib/utils.c; before 2.0.9 it is written over), so
//! a new file is not yet a whole one: it is read again until it parses.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::wire::{self, Fault, Instance};
use crate::host::regular;

/// 255 instances with some dozens of addresses each.
const BYTES_MAX: u64 = 2 << 20;

/// Tells one dump from the next: a new file has another number, one that is written over another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    secs: i64,
    nanos: i64,
}

/// What lies there.
#[derive(Debug, PartialEq)]
pub(super) enum Look {
    /// Nothing, or the dump from before.
    Old,
    /// A new one that is not whole yet.
    Torn,
    /// A new one, and when it was written: Unix time.
    New(Vec<Instance>, Duration),
}

impl Stamp {
    /// `None` where there is no dump yet.
    pub(super) fn of(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::symlink_metadata(path) {
            Ok(meta) => Ok(Some(Stamp::from(&meta))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn from(meta: &std::fs::Metadata) -> Self {
        Stamp {
            inode: meta.ino(),
            secs: meta.mtime(),
            nanos: meta.mtime_nsec(),
        }
    }

    /// Unix time.
    fn time(self) -> Duration {
        let secs = u64::try_from(self.secs).unwrap_or(0);
        Duration::new(secs, u32::try_from(self.nanos).unwrap_or(0))
    }
}

/// Reads the dump if it is another than `before`, and keepalived's own: it lies in /tmp, where anyone may put a file.
pub(super) fn look(path: &Path, uid: u32, before: Option<Stamp>) -> Result<Look, String> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::PermissionDenied => denied(path),
        _ => format!("cannot read {}: {error}", path.display()),
    };
    let (file, meta) = match regular::open(path, OFlags::NOFOLLOW) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Look::Old),
        opened => opened.map_err(failed)?,
    };
    let stamp = Stamp::from(&meta);
    if Some(stamp) == before {
        return Ok(Look::Old);
    }
    if meta.uid() != uid {
        let owner = meta.uid();
        return Err(format!(
            "{} belongs to user {owner}, keepalived is user {uid}: it is not read",
            path.display()
        ));
    }
    let text = regular::read(file, BYTES_MAX).map_err(failed)?;
    match wire::dump(&text) {
        Ok(instances) => Ok(Look::New(instances, stamp.time())),
        Err(Fault::Torn) => Ok(Look::Torn),
        Err(Fault::Wrong(why)) => Err(format!("cannot parse {}: {why}", path.display())),
    }
}

fn denied(path: &Path) -> String {
    format!(
        "{} may not be read by this user: enable the drop-in vrrp.conf",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const DUMP: &str = "[{\"data\":{\"iname\":\"VI_1\",\"state\":2},\"stats\":{}}]";

    #[test]
    fn a_dump_is_new_whole_and_keepaliveds_own() {
        let folder = std::env::temp_dir().join(format!("fwmetrics-dump-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (path, other) = (folder.join("keepalived.json"), folder.join("other"));
        let own = fs::metadata(&folder).unwrap().uid();
        assert_eq!(Stamp::of(&path).unwrap(), None);
        assert_eq!(look(&path, own, None), Ok(Look::Old));

        // As keepalived does: an empty file is put in place, and then written.
        fs::write(&other, "").unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(look(&path, own, None), Ok(Look::Torn));
        fs::write(&path, &DUMP[..30]).unwrap();
        assert_eq!(look(&path, own, None), Ok(Look::Torn));
        fs::write(&path, DUMP).unwrap();
        let Ok(Look::New(instances, written)) = look(&path, own, None) else {
            panic!("no new dump");
        };
        assert_eq!(instances[0].name, "VI_1");
        assert!(written > Duration::from_secs(1_000_000_000));

        let before = Stamp::of(&path).unwrap();
        assert_eq!(look(&path, own, before), Ok(Look::Old));
        fs::write(&other, DUMP).unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(matches!(look(&path, own, before), Ok(Look::New(..))));
        let theirs = look(&path, own + 1, before).unwrap_err();
        assert!(theirs.contains("belongs to user"), "{theirs}");
        fs::write(&path, "{\"vrrp\": [1]}").unwrap();
        assert!(look(&path, own, before).unwrap_err().contains("parse"));
        fs::rename(&path, &other).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(look(&path, own, before).unwrap_err().contains("a link"));
        fs::remove_dir_all(folder).unwrap();
    }
}
