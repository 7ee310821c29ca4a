//! An authority and certificates signed by it, made with openssl's command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::program::fresh_path;

/// A certificate authority in a folder of its own.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
}

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// A new one of this name; `None` without an openssl that can (3.0 or newer).
    pub fn new(name: &str) -> Option<Self> {
        let folder = fresh_path(name);
        std::fs::create_dir_all(&folder).unwrap();
        let new = format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
             -subj /CN=fwm-{name} -keyout ca.key -out ca.pem"
        );
        openssl(&folder, &new).then_some(Self { folder })
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its own certificate, for `AWS_CA_BUNDLE`.
    pub fn bundle(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A certificate for this subject (`IP:127.0.0.1`, `DNS:name`), good for two days.
    pub fn certificate(&self, name: &str, subject: &str) -> Certificate {
        self.certificate_for_days(name, subject, 2)
    }

    /// The same, ended yesterday.
    pub fn expired(&self, name: &str, subject: &str) -> Certificate {
        self.certificate_for_days(name, subject, -1)
    }

    fn certificate_for_days(&self, name: &str, subject: &str, days: i32) -> Certificate {
        let extensions = format!("subjectAltName={subject}\nbasicConstraints=critical,CA:FALSE\n");
        std::fs::write(self.folder.join(format!("{name}.ext")), extensions).unwrap();
        for arguments in [
            format!(
                "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=fwm-test \
                 -keyout {name}.key -out {name}.csr"
            ),
            format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAserial {name}.srl \
                 -CAcreateserial -days {days} -extfile {name}.ext -out {name}.pem"
            ),
        ] {
            assert!(openssl(&self.folder, &arguments), "openssl {arguments}");
        }
        Certificate {
            certificate: self.folder.join(format!("{name}.pem")),
            key: self.folder.join(format!("{name}.key")),
        }
    }
}

/// Runs `openssl` in this folder; false when there is none, or it could not.
fn openssl(folder: &Path, arguments: &str) -> bool {
    let mut command = Command::new("openssl");
    command
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
