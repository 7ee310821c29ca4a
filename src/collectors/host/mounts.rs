//! /proc/self/mountinfo: what is seen at a mount point, and whether its file system itself is read-only.
//!
//! A mount may be read-only where its file system is not: systemd's `ProtectSystem=strict` makes all mounts of a
//! service so, and statvfs(2) shows the stricter of the two. The last column is the file system's own
//! (proc_pid_mountinfo(5); fs/proc_namespace.c, show_mountinfo).

use std::collections::HashMap;

/// The topmost mount at a mount point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Type of the file system, such as `ext4`.
    pub(super) kind: String,
    /// The file system is read-only, whatever the mount.
    pub(super) read_only: bool,
}

/// By mount point; lines that are none are left out. Of several mounts on one point the last one is seen.
pub(super) fn mounts(text: &str) -> HashMap<String, Mount> {
    text.lines().filter_map(mount).collect()
}

/// ID, parent, device, root, mount point, options, tags …, `-`, type, source, the file system's options.
fn mount(line: &str) -> Option<(String, Mount)> {
    let (mount, file_system) = line.split_once(" - ")?;
    let point = mount.split(' ').nth(4)?;
    let mut columns = file_system.split(' ');
    let kind = columns.next()?.to_owned();
    let options = columns.nth(1)?;
    let read_only = options.split(',').any(|option| option == "ro");
    Some((unescaped(point), Mount { kind, read_only }))
}

/// As mangle() of fs/seq_file.c escapes; the backslash comes last, for it begins the others.
fn unescaped(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_systems_own_option_decides_and_the_topmost_mount() {
        let text = "36 35 98:0 / /var/log ro,noatime shared:1 master:2 - ext4 /dev/root rw,errors=continue\n\
                    37 35 98:1 / /a\\040b ro - ext4 /dev/b ro\n\
                    38 35 98:2 / /home ro - xfs /dev/c rw\n\
                    39 38 0:9 /x /home ro - tmpfs tmpfs rw,mode=755\n\
                    no such line\n\
                    40 35 98:3 / /torn rw - ext4\n";
        let mount = |kind: &str, read_only| {
            let kind = kind.to_owned();
            Mount { kind, read_only }
        };
        let wanted = [
            ("/var/log", mount("ext4", false)),
            ("/a b", mount("ext4", true)),
            ("/home", mount("tmpfs", false)),
        ];
        let wanted = wanted.map(|(point, mount)| (point.to_owned(), mount));
        assert_eq!(mounts(text), HashMap::from(wanted));
    }
}
