//! AWS_CA_BUNDLE: a certificate authority of one's own is trusted when it is named, and not otherwise. Needs openssl's
//! command line for the certificates and the server; says so where there is none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use support::Authority;
use support::certificates::Certificate;
use support::program::{output, publishing, stderr};

/// A TLS server on a port of its own that gives each line back reversed; ends with this value.
struct Tls {
    child: Child,
    url: String,
}

impl Tls {
    fn start(leaf: &Certificate) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-rev", "-accept", "127.0.0.1:0", "-cert"])
            .arg(&leaf.certificate)
            .arg("-key")
            .arg(&leaf.key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It says `ACCEPT 127.0.0.1:PORT` once it listens.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("ACCEPT ").map(ToOwned::to_owned));
        let url = format!("https://{}", address.expect("s_server listens"));
        Tls { child, url }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `once --publish` says of this server when it is to trust this file.
fn said(server: &Tls, bundle: Option<&Path>) -> String {
    let args = ["once", "--publish", "--only", "exporter", "--over", "100ms"];
    let mut command = publishing(&args, &server.url);
    command.env("FWMETRICS_IDENTITY__INSTANCE_ID", "i-1");
    if let Some(bundle) = bundle {
        command.env("AWS_CA_BUNDLE", bundle);
    }
    stderr(&output(&mut command))
}

#[test]
fn an_own_authority_is_trusted_when_it_is_named() {
    let Some(authority) = Authority::new("ca-bundle") else {
        support::skip("no openssl that makes certificates (3.0 or newer)");
        return;
    };
    let leaf = authority.certificate("leaf", "IP:127.0.0.1");
    let server = Tls::start(&leaf);
    let unknown = said(&server, None);
    for word in ["NoConnection: ", "certificate", "AWS_CA_BUNDLE"] {
        assert!(unknown.contains(word), "{word} in {unknown}");
    }
    // The handshake is done, and what comes back through it is no HTTP.
    let known = said(&server, Some(&authority.bundle()));
    assert!(known.contains("ConnectionLost: "), "{known}");
    assert!(!known.contains("certificate"), "{known}");
    // The bundle is beside the system's: another's certificate is still refused.
    let other = said(&server, Some(&leaf.certificate));
    assert!(other.contains("certificate"), "{other}");
}

#[test]
fn a_bundle_without_a_certificate_is_a_configuration_fault() {
    for path in ["/nonexistent.pem", "/proc/self/status"] {
        let mut command = publishing(&["once", "--publish"], "https://127.0.0.1:9");
        let ended = output(command.env("AWS_CA_BUNDLE", path));
        assert_eq!(ended.status.code(), Some(78));
        let said = stderr(&ended);
        assert!(said.contains("environment AWS_CA_BUNDLE"), "{said}");
    }
}
