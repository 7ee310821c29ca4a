//! What becomes of an attempt to send, by the kind of its failure: the real binary's `once --publish`, and what it says.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::process::Output;
use std::time::Duration;

use support::http::{Connection, Response};
use support::program::{output, publishing, stderr};
use support::server::Server;
use support::{Endpoint, Fault, Proxy};

const CBOR: &str = "application/cbor";
/// The cap on an answer's body, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;

const ARGS: [&str; 6] = ["once", "--publish", "--only", "exporter", "--over", "100ms"];

/// Publishes to this URL, with these variables too; an empty one is taken out.
fn publish(url: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = publishing(&ARGS, url);
    command.env("FWMETRICS_IDENTITY__INSTANCE_ID", "i-1");
    for (name, value) in variables {
        if value.is_empty() {
            command.env_remove(name);
        } else {
            command.env(name, value);
        }
    }
    output(&mut command)
}

/// It failed, kept (not sent) or denied, with this code.
#[track_caller]
fn assert_said(ended: &Output, words: &[&str]) {
    let said = stderr(ended);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word} in {said}");
    }
}

const KEPT: &str = "datums were not sent: ";
const DENIED: &str = "CloudWatch denies ";

/// A server that answers every request so.
fn answering(response: Response) -> Server {
    let bytes = response.encode(0);
    let server = Server::start(0, move |accepted| {
        let mut connection = Connection::new(accepted.stream);
        while connection.read().is_ok() && connection.write(&bytes).is_ok() {}
    });
    server.unwrap()
}

/// An error in CloudWatch's own protocol, its message so many bytes long; and how long the body is.
fn refusal(message_bytes: usize) -> (Response, usize) {
    let message = "x".repeat(message_bytes);
    let mut body = Vec::new();
    let members = BTreeMap::from([
        (
            "__type",
            "com.amazonaws.cloudwatch#InvalidParameterValueException",
        ),
        ("message", message.as_str()),
    ]);
    ciborium::into_writer(&members, &mut body).unwrap();
    let length = body.len();
    let response = Response::new(400, body)
        .with("content-type", CBOR)
        .with("smithy-protocol", "rpc-v2-cbor")
        .with("x-amzn-query-error", "InvalidParameterValue;Sender");
    (response, length)
}

#[test]
fn each_failure_has_its_code_and_its_class() {
    for (fault, class, code) in [
        (Fault::Throttle, KEPT, "Throttling"),
        (Fault::InternalServiceError, KEPT, "InternalServiceError"),
        (Fault::ServiceUnavailable, KEPT, "ServiceUnavailable"),
        (Fault::TooLarge, KEPT, "RequestEntityTooLarge"),
        (Fault::InvalidParameter, KEPT, "InvalidParameterValue"),
        (Fault::AccessDenied, DENIED, "AccessDenied"),
        (Fault::ExpiredToken, DENIED, "ExpiredToken"),
        (Fault::RefuseRead, KEPT, "ConnectionLost"),
        (Fault::ResetAfterAccept, KEPT, "ConnectionLost"),
        (Fault::NotCbor, KEPT, "NotCloudWatch"),
    ] {
        let endpoint = Endpoint::start();
        endpoint.always(Some(fault));
        let ended = publish(&endpoint.url(), &[]);
        assert_said(&ended, &[class, &format!("{code}: ")]);
    }
}

#[test]
fn a_portal_with_an_error_page_is_not_cloudwatch() {
    for status in [302, 401, 403, 404, 407] {
        let server = answering(Response::new(status, "<html>").with("content-type", "text/html"));
        let ended = publish(&server.url(), &[]);
        assert_said(
            &ended,
            &[KEPT, "NotCloudWatch: ", &format!("HTTP {status}")],
        );
    }
}

#[test]
fn a_port_that_nobody_listens_on_is_no_connection() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    assert_said(&publish(&url, &[]), &[KEPT, "NoConnection: "]);
}

#[test]
fn a_server_that_says_nothing_is_a_timeout() {
    let endpoint = Endpoint::start();
    endpoint.always(Some(Fault::Hang(Duration::from_secs(60))));
    assert_said(&publish(&endpoint.url(), &[]), &[KEPT, "Timeout: "]);
}

#[test]
fn what_never_left_says_why() {
    let endpoint = Endpoint::start();
    let keyless = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let ended = publish(&endpoint.url(), &keyless);
    assert_said(
        &ended,
        &[DENIED, "NoCredentials: ", "attach an instance role"],
    );
    let ended = publish(&endpoint.url(), &[("AWS_REGION", "")]);
    assert_said(&ended, &[DENIED, "NoRegion: ", "[cloudwatch] region"]);
    // A source of credentials that is there and answers with nonsense may be well again soon.
    let source = answering(Response::new(500, "no"));
    let container = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &source.url()),
    ];
    let ended = publish(&endpoint.url(), &container);
    assert_said(&ended, &[KEPT, "CredentialsFailed: "]);
    assert!(endpoint.calls().is_empty());
}

#[test]
fn an_answer_is_read_to_256_kib_and_no_further() {
    let overhead = refusal(ANSWER_BYTES_MAX).1 - ANSWER_BYTES_MAX;
    let (longest, length) = refusal(ANSWER_BYTES_MAX - overhead);
    assert_eq!(length, ANSWER_BYTES_MAX);
    let server = answering(longest);
    let ended = publish(&server.url(), &[]);
    assert_said(&ended, &[KEPT, "InvalidParameterValue: "]);
    let (too_long, length) = refusal(ANSWER_BYTES_MAX - overhead + 1);
    assert_eq!(length, ANSWER_BYTES_MAX + 1);
    let server = answering(too_long);
    let ended = publish(&server.url(), &[]);
    assert_said(&ended, &[KEPT, "BrokenAnswer: "]);
}

#[test]
fn this_machine_is_never_asked_through_a_proxy() {
    let (endpoint, proxy) = (Endpoint::start(), Proxy::start());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let ended = publish(&endpoint.url(), &[(name, &proxy.url())]);
        assert_eq!(ended.status.code(), Some(0), "{name}: {}", stderr(&ended));
    }
    assert_eq!(endpoint.calls().len(), 3);
    assert_eq!(proxy.requests(), Vec::<String>::new());
    // And another host is, so the proxy would have been found.
    let elsewhere = publish("http://192.0.2.1:9", &[("HTTP_PROXY", &proxy.url())]);
    assert_said(&elsewhere, &[KEPT]);
    assert!(!proxy.requests().is_empty());
}
