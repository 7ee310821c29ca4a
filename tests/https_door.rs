//! The door to an appliance: who is believed, what is sent again, and what an answer may cost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fwmetrics::host::https::{Answer, Https, HttpsError, Post, Trust};
use fwmetrics::model::secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest, Sha256};
use support::program::fresh_path;
use support::server::{Accepted, Server};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// A certificate with its key, and the authority's PEM.
struct Made {
    chain: CertificateDer<'static>,
    key: KeyPair,
    authority: String,
}

/// Signed by an authority, for this name, and valid this year or not.
fn made(name: &str, is_old: bool) -> Made {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if is_old {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let signed = params.signed_by(&key, &authority).unwrap();
    Made {
        chain: signed.der().clone(),
        key,
        authority: authority.pem(),
    }
}

impl Made {
    fn pin(&self) -> [u8; 32] {
        Sha256::digest(&self.chain).into()
    }

    /// The authority's file.
    fn file(&self) -> String {
        let path = fresh_path("authority");
        std::fs::write(&path, &self.authority).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn server(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.chain.clone()], key);
        Arc::new(config.unwrap())
    }
}

/// Serves each connection with `serve`, which gets its number; keeps what was asked.
fn start(
    made: &Made,
    serve: impl Fn(usize, &mut Stream, &Mutex<Vec<String>>) + Send + Sync + 'static,
) -> (Server, Arc<Mutex<Vec<String>>>) {
    let (config, asked) = (made.server(), Arc::new(Mutex::new(Vec::new())));
    let (kept, connections) = (Arc::clone(&asked), AtomicUsize::new(0));
    let server = Server::start(0, move |accepted: Accepted| {
        let number = connections.fetch_add(1, Ordering::Relaxed);
        let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        serve(number, &mut StreamOwned::new(tls, accepted.stream), &kept);
    });
    (server.unwrap(), asked)
}

/// One request: its head and body.
fn request(stream: &mut Stream) -> Option<String> {
    let mut text = String::new();
    let mut byte = [0];
    loop {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        text.push(char::from(byte[0]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.to_ascii_lowercase();
        let length = length.split("content-length: ").nth(1)?;
        let length: usize = length.lines().next()?.parse().ok()?;
        if body.len() == length {
            return Some(text);
        }
    }
}

fn answer(stream: &mut Stream, body: &str) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + body).as_bytes());
    let _ = stream.flush();
}

/// Answers `n` requests of a connection.
fn answers(n: usize, stream: &mut Stream, asked: &Mutex<Vec<String>>) {
    for _ in 0..n {
        let Some(request) = request(stream) else {
            return;
        };
        asked.lock().unwrap().push(request);
        answer(stream, "yes");
    }
}

fn door(server: &Server, name: &str, trust: Trust) -> Https {
    Https::new("127.0.0.1", server.address().port(), name, trust).unwrap()
}

async fn post(door: &mut Https, within_ms: u64) -> Result<Answer, HttpsError> {
    let key = Secret::new("the-key");
    let post = Post {
        path: "/api/",
        key: Some(("x-pan-key", &key)),
        form: "type=op&cmd=%3Cshow%2F%3E".to_owned(),
        within: Duration::from_millis(within_ms),
        most: 1000,
    };
    door.post(&post).await
}

const ENOUGH: u64 = 30_000;

#[tokio::test]
async fn a_pin_believes_its_certificate_alone_whatever_name_and_age_it_has() {
    let made = made("elsewhere.test", true);
    let (server, asked) = start(&made, |_, stream, asked| answers(9, stream, asked));
    let mut right = door(&server, "127.0.0.1", Trust::Pins(vec![[0; 32], made.pin()]));
    assert_eq!(post(&mut right, ENOUGH).await.unwrap().body, b"yes");
    let mut wrong = door(&server, "127.0.0.1", Trust::Pins(vec![[0; 32]]));
    let said = post(&mut wrong, ENOUGH).await.unwrap_err().to_string();
    let hex: String = made.pin().iter().map(|b| format!("{b:02x}")).collect();
    assert!(said.contains(&hex) && said.contains("tls_sha256"), "{said}");
    // Who is not believed is sent nothing.
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_authority_believes_what_it_signed_for_this_name_and_this_day() {
    let (good, old, other) = (
        made("fw.test", false),
        made("fw.test", true),
        made("x.test", false),
    );
    let file = good.file();
    let (server, _) = start(&good, |_, stream, asked| answers(9, stream, asked));
    let mut right = door(&server, "fw.test", Trust::Authority(file.clone()));
    assert_eq!(post(&mut right, ENOUGH).await.unwrap().status, 200);
    let (old_server, _) = start(&old, |_, stream, asked| answers(9, stream, asked));
    for (server, name, file, words) in [
        (&server, "127.0.0.1", file.as_str(), "set tls_name"),
        (&server, "fw.test", &other.file(), "signed by none"),
        (&old_server, "fw.test", &old.file(), "expired"),
        (
            &server,
            "fw.test",
            "/nonexistent/ca.pem",
            "/nonexistent/ca.pem",
        ),
        (&server, "fw.test", "/proc/version", "holds no certificate"),
    ] {
        let mut door = door(server, name, Trust::Authority(file.to_owned()));
        let error = post(&mut door, ENOUGH).await.unwrap_err();
        assert!(matches!(error, HttpsError::Untrusted(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn anyone_is_believed_only_where_that_is_asked_for() {
    let made = made("x.test", true);
    let (server, _) = start(&made, |_, stream, asked| answers(9, stream, asked));
    let mut door = door(&server, "127.0.0.1", Trust::Anyone);
    assert_eq!(post(&mut door, ENOUGH).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_connection_is_kept_and_replaced_once_where_it_was_closed_meanwhile() {
    let made = made("x.test", false);
    let connections = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&connections);
    let (server, asked) = start(&made, move |number, stream, asked| {
        seen.fetch_max(number + 1, Ordering::Relaxed);
        // The first two end after two requests.
        answers(if number < 2 { 2 } else { 9 }, stream, asked);
    });
    let mut door = door(&server, "127.0.0.1", Trust::Pins(vec![made.pin()]));
    for _ in 0..6 {
        assert_eq!(post(&mut door, ENOUGH).await.unwrap().body, b"yes");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 3);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 6);
    for request in &*asked {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /api/ HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("x-pan-key: the-key"), "{head}");
        assert_eq!(body, "type=op&cmd=%3Cshow%2F%3E");
    }
}

#[tokio::test]
async fn a_late_answer_is_never_taken_for_the_next_ones() {
    let made = made("x.test", false);
    let (server, _) = start(&made, |number, stream, _| {
        let Some(_) = request(stream) else {
            return;
        };
        if number == 0 {
            std::thread::sleep(Duration::from_secs(3));
        }
        answer(stream, &format!("from {number}"));
        let _ = request(stream);
    });
    let mut door = door(&server, "127.0.0.1", Trust::Pins(vec![made.pin()]));
    let late = post(&mut door, 1000).await.unwrap_err();
    assert!(matches!(late, HttpsError::Late(_)), "{late:?}");
    assert_eq!(post(&mut door, ENOUGH).await.unwrap().body, b"from 1");
}

#[tokio::test]
async fn what_an_answer_costs_is_bounded() {
    let made = made("x.test", false);
    let (server, _) = start(&made, |number, stream, _| {
        let Some(_) = request(stream) else {
            return;
        };
        let _ = match number {
            0 => stream.write_all(
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n{}",
                    "x".repeat(1001)
                )
                .as_bytes(),
            ),
            1 => stream.write_all(
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}",
                    "x".repeat(1000)
                )
                .as_bytes(),
            ),
            2 => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"),
            3 => stream.write_all(b"this is no HTTP\r\n\r\n"),
            _ => (0..1_000_000)
                .try_for_each(|n| stream.write_all(format!("x-{n}: y\r\n").as_bytes())),
        };
        let _ = stream.flush();
    });
    let mut door = door(&server, "127.0.0.1", Trust::Pins(vec![made.pin()]));
    let long = post(&mut door, ENOUGH).await.unwrap_err();
    assert_eq!(long, HttpsError::TooLong(1000));
    assert_eq!(post(&mut door, ENOUGH).await.unwrap().body.len(), 1000);
    for _ in 2..5 {
        let broken = post(&mut door, ENOUGH).await.unwrap_err();
        assert!(matches!(broken, HttpsError::Broken(_)), "{broken:?}");
    }
}

#[tokio::test]
async fn nobody_there_and_somebody_without_tls_are_told_apart() {
    let plain = Server::start(0, |mut accepted: Accepted| {
        let _ = accepted
            .stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let plain = plain.unwrap();
    let mut door_ = door(&plain, "127.0.0.1", Trust::Anyone);
    let said = post(&mut door_, ENOUGH).await.unwrap_err().to_string();
    assert!(said.contains("cannot speak TLS"), "{said}");
    let port = plain.address().port();
    drop(plain);
    let mut door = Https::new("127.0.0.1", port, "127.0.0.1", Trust::Anyone).unwrap();
    let gone = post(&mut door, ENOUGH).await.unwrap_err();
    assert!(matches!(gone, HttpsError::Away(_)), "{gone:?}");
    assert!(
        gone.to_string().contains(&format!("127.0.0.1:{port}")),
        "{gone}"
    );
}
