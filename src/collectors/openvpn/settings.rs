//! The settings of the `openvpn` collector, and what their texts may be.

use std::path::Path;

use glob::Pattern;
use serde::Deserialize;

use crate::collector::tunnels;
use crate::model::schema::one_or_more;

/// Where openvpn-server@.service of upstream and Debian has its status files.
pub(super) const STATUS_FILES: &str = "/run/openvpn-server/status-*.log";

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    #[serde(deserialize_with = "one_or_more")]
    pub(super) socket: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    pub(super) status_file: Vec<String>,
    pub(super) remote_access_max: Option<u32>,
    pub(super) expect: Vec<String>,
    pub(super) tunnel_bits_per_second_max: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            socket: Vec::new(),
            status_file: Vec::new(),
            remote_access_max: None,
            expect: Vec::new(),
            tunnel_bits_per_second_max: tunnels::BITS_PER_SECOND,
        }
    }
}

pub(super) fn check_socket(text: &str) -> Result<(), String> {
    if is_file(text) {
        return Ok(());
    }
    Err("the absolute path of a management socket, such as \"/run/openvpn/server.sock\"".to_owned())
}

/// Wildcards may stand in the file's name alone, so that one directory is looked into.
pub(super) fn check_status_file(text: &str) -> Result<(), String> {
    let directory = text.rsplit_once('/').map_or("", |(directory, _)| directory);
    if is_file(text) && !directory.contains(['*', '?', '[']) && Pattern::new(text).is_ok() {
        return Ok(());
    }
    Err(format!(
        "the absolute path of a status file, with *, ? and [...] in its last part alone, such as {STATUS_FILES:?}"
    ))
}

fn is_file(text: &str) -> bool {
    text.starts_with('/')
        && !text.contains('\0')
        && Path::new(text).file_name().is_some()
        && !text.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_in_the_last_part_alone() {
        for text in [STATUS_FILES, "/a", "/run/openvpn/[ab]?.status"] {
            assert_eq!(check_status_file(text), Ok(()), "{text}");
        }
        for text in ["", "a", "/", "/a/", "/run/*/a", "/a\0", "/run/[a", "/.."] {
            assert!(check_status_file(text).is_err(), "{text:?}");
        }
        assert_eq!(check_socket("/run/openvpn/server.sock"), Ok(()));
        assert!(check_socket("127.0.0.1:7505").is_err());
    }
}
