//! Small files that the user names: keys, passwords, authorities. Read on blocking threads, two at a time: a disk that
//! hangs holds two of them at the most, however many firewalls wait for it.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::host::state;
use crate::model::secret::Secret;

/// No key or bundle of certificates comes near.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// For a file, those that wait before it included.
const WITHIN: Duration = Duration::from_secs(5);
/// What systemd names in the environment (systemd.exec(5), LoadCredential=).
const CREDENTIALS: &str = "${CREDENTIALS_DIRECTORY}";

static TWO_AT_A_TIME: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));

/// A secret, without the line's end that editors put behind it.
///
/// # Errors
/// Names the file, what is wrong with it and what to do.
pub async fn read(name: &str) -> Result<Secret, String> {
    let bytes = file(name).await?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is no text"))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(format!(
            "{name} must hold the secret on one line, and nothing else"
        ));
    }
    Ok(Secret::new(text))
}

/// The bytes of a file.
///
/// # Errors
/// Names the file, what is wrong with it and what to do.
pub async fn file(name: &str) -> Result<Vec<u8>, String> {
    let directory = std::env::var("CREDENTIALS_DIRECTORY").ok();
    let path = placed(name, directory.as_deref())?;
    let late = || format!("cannot read {name}: its disk does not answer");
    let reading = async {
        // Never closed.
        let permit = Arc::clone(&TWO_AT_A_TIME).acquire_owned().await.ok();
        tokio::task::spawn_blocking(move || {
            let _held = permit;
            state::read(Path::new(&path), FILE_BYTES_MAX)
        })
        .await
    };
    match timeout(WITHIN, reading).await {
        Err(_) => Err(late()),
        Ok(Err(panic)) => Err(format!("reading {name} panicked: {panic}")),
        Ok(Ok(Err(error))) => Err(format!(
            "cannot read {name}: {error}; it must be a file that the user of fwmetrics may read"
        )),
        Ok(Ok(Ok(bytes))) => Ok(bytes),
    }
}

/// The path with the credentials' directory in place of its name.
fn placed(name: &str, directory: Option<&str>) -> Result<String, String> {
    let Some(rest) = name.strip_prefix(CREDENTIALS) else {
        return Ok(name.to_owned());
    };
    let directory = directory.ok_or_else(|| {
        format!(
            "cannot read {name}: no CREDENTIALS_DIRECTORY in the environment; the unit needs LoadCredential="
        )
    })?;
    Ok(format!("{directory}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_directory_stands_for_itself() {
        let name = "${CREDENTIALS_DIRECTORY}/fw.key";
        let placed_in = |directory| placed(name, directory);
        assert_eq!(
            placed_in(Some("/run/credentials/x")).as_deref(),
            Ok("/run/credentials/x/fw.key")
        );
        assert!(placed_in(None).unwrap_err().contains("LoadCredential="));
        assert_eq!(placed("/etc/a", None).as_deref(), Ok("/etc/a"));
    }

    #[tokio::test]
    async fn a_secret_is_one_line_and_its_error_names_the_file_alone() {
        let dir = std::env::temp_dir().join(format!("fwmetrics-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("key").to_str().unwrap().to_owned();
        for (text, right) in [
            ("LUFRPT\n", true),
            ("LUFRPT", true),
            ("", false),
            ("a\nb\n", false),
        ] {
            std::fs::write(&path, text).unwrap();
            let read = read(&path).await;
            assert_eq!(read.is_ok(), right, "{text:?}");
            assert!(read.err().is_none_or(|why| why.contains(&path)));
        }
        let none = read("/nonexistent/key").await.unwrap_err();
        assert!(
            none.contains("/nonexistent/key: ") && none.contains("may read"),
            "{none}"
        );
        std::fs::remove_dir_all(dir).unwrap();
    }
}
