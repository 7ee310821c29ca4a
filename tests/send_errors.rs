//! What becomes of an attempt to send, by the kind of its failure: the real binary's `once --publish`, and what it says.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

use fwmetrics::model::datum::{Datum, Dimension, Resolution};
use fwmetrics::model::unit::Unit;
use fwmetrics::publish::batch::split;
use fwmetrics::publish::spool::{FileName, encode};
use support::http::{Connection, Response};
use support::program::{
    ConfigFile, Program, eventually, fresh_path, on_instance, output, publishing, stderr,
};
use support::server::Server;
use support::{Endpoint, Fault, Imds, Key, Proxy};

const LONG: Duration = Duration::from_secs(100);

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
fn a_proxy_with_a_limit_gets_halves_and_no_datum_is_given_up_for_it() {
    let server = answering(Response::new(413, "<html>").with("content-type", "text/html"));
    let url = server.url();
    let (_file, mut program) = daemon("proxy-limit", |args| publishing(args, &url));
    assert!(
        program.wait_for_line("HTTP 413 to a single datum"),
        "{}",
        program.log()
    );
    assert!(
        program.log().contains("halved to find the bad datum"),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert!(program.log().contains(" + dropped 0;"), "{}", program.log());
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

/// Starts the daemon with windows of a second; the file is to be kept while it runs.
fn daemon(name: &str, command: impl FnOnce(&[&str]) -> Command) -> (ConfigFile, Program) {
    let text = "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n[identity]\ninstance_id = \"i-1\"\n";
    let file = ConfigFile::new(name, text);
    let mut command = command(&["run", "--config", file.path()]);
    let program = Program::start(command.env("FWMETRICS_LOG__LEVEL", "info,fwmetrics=debug"));
    (file, program)
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept() {
    let date = |after_secs: i64| -> &'static str {
        let now = support::time::unix_now().floor();
        #[allow(clippy::cast_possible_truncation)] // whole seconds
        Box::leak(support::time::http_date(now as i64 + after_secs).into_boxed_str())
    };
    for (name, fault, offset, least_secs, said) in [
        (
            "secs",
            Fault::RetryAfter("3"),
            0,
            3.0,
            "of which 3 s are kept",
        ),
        (
            "millis",
            Fault::AmzRetryAfter("2500"),
            0,
            2.5,
            "of which 2 s are kept",
        ),
        (
            "date",
            Fault::RetryAfter(date(900)),
            0,
            0.0,
            "of which 300 s are kept",
        ),
        // A date is meant on the clock of the server, which is an hour behind here.
        (
            "behind",
            Fault::RetryAfter(date(900 - 3600)),
            -3600,
            0.0,
            "of which 300 s are kept",
        ),
        (
            "past",
            Fault::RetryAfter(date(-900)),
            0,
            0.0,
            "batches are kept
",
        ),
        (
            "endless",
            Fault::RetryAfter("1000000000000"),
            0,
            0.0,
            "of which 300 s are kept",
        ),
        (
            "negative",
            Fault::RetryAfter("-5"),
            0,
            0.0,
            "batches are kept\n",
        ),
        (
            "garbage",
            Fault::RetryAfter("soon"),
            0,
            0.0,
            "batches are kept\n",
        ),
        (
            "fraction",
            Fault::AmzRetryAfter("2.5"),
            0,
            0.0,
            "batches are kept\n",
        ),
    ] {
        let endpoint = Endpoint::start();
        endpoint.set_date_offset(offset);
        endpoint.script([Fault::Normal, fault]);
        let url = endpoint.url();
        let (_file, program) = daemon(name, |args| publishing(args, &url));
        let wanted = if least_secs > 0.0 { 3 } else { 2 };
        assert!(
            endpoint.wait_for_calls(wanted, LONG),
            "{name}: {}",
            program.log()
        );
        assert!(program.wait_for_line("an attempt to send failed"), "{name}");
        let log = program.log() + "\n";
        assert!(log.contains(said), "{name}: {log}");
        if let [_, asked, after, ..] = endpoint.calls().as_slice() {
            let pause = after.unix_secs - asked.unix_secs;
            // The daemon's clock is another than the endpoint's, which time servers may slew.
            assert!(pause >= least_secs * 0.99, "{name}: {pause} s");
        }
    }
}

#[test]
fn credentials_that_expire_are_renewed_once_at_once_and_cost_nothing() {
    let (endpoint, imds) = (Endpoint::start(), Imds::start());
    let (first, second) = (
        Key::role_example(),
        Key {
            id: "ASIASECOND".to_owned(),
            ..Key::role_example()
        },
    );
    endpoint.add_key(second.clone());
    imds.set_credentials(Some(&first));
    let url = endpoint.url();
    let (_file, mut program) = daemon("renewed", |args| on_instance(args, &url, &imds));
    assert!(endpoint.wait_for_calls(2, LONG), "{}", program.log());
    // The metadata service has the next credentials, and the daemon those that it had before.
    imds.set_credentials(Some(&second));
    endpoint.expire_key(&first.id);
    let expired = |code: &Option<String>| code.as_deref() == Some("ExpiredToken");
    let renewed = endpoint.wait_until(LONG, |calls| {
        calls
            .iter()
            .filter(|call| call.accepted && call.access_key.as_ref() == Some(&second.id))
            .count()
            >= 2
    });
    assert!(renewed, "{}", program.log());
    let calls = endpoint.calls();
    let refused: Vec<usize> = (0..calls.len())
        .filter(|at| expired(&calls[*at].code))
        .collect();
    assert_eq!(refused.len(), 1, "one call found out");
    let (old, new) = (&calls[refused[0]], &calls[refused[0] + 1]);
    assert!(
        new.accepted && new.digest == old.digest,
        "the same batch, at once"
    );
    // Now there are no others: one more attempt, and then a probe each half minute.
    endpoint.expire_key(&second.id);
    assert!(
        program.wait_for_line("CloudWatch denies: ExpiredToken"),
        "{}",
        program.log()
    );
    let before = endpoint.calls();
    let refused = before.iter().filter(|call| expired(&call.code)).count();
    assert_eq!(refused, 3, "the one at first, and two now");
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let denials = program.log().matches("CloudWatch denies").count();
    assert_eq!(denials, 1, "{}", program.log());
}

#[test]
fn a_region_that_is_wrong_is_denied_and_says_what_to_check() {
    let endpoint = Endpoint::builder().region("eu-west-1").start();
    let ended = publish(&endpoint.url(), &[("AWS_REGION", "us-east-1")]);
    assert_said(&ended, &[DENIED, "SignatureDoesNotMatch", "the region"]);
}

/// A file of the spool with a thousand datums of which one is bad: our own checks see nothing wrong with it.
fn spool_a_thousand(state: &std::path::Path) -> i64 {
    #[allow(clippy::cast_possible_truncation)] // whole seconds
    let stamp = support::time::unix_now() as i64 - 3600;
    let datums = (0..1000).map(|number| Datum {
        metric: format!("Metric{number}").into(),
        unit: Unit::Count,
        dimensions: vec![Dimension {
            name: "Tunnel".into(),
            value: "site-a".to_owned(),
        }],
        timestamp: stamp,
        resolution: Resolution::Minute,
        values: vec![(1.0, 1)],
    });
    let batch = split(&"Firewall/fwmetrics".into(), datums.collect()).remove(0);
    let spool = state.join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    let name = FileName::of(&batch, 1).to_string();
    std::fs::write(spool.join(name), encode(&batch)).unwrap();
    stamp
}

#[test]
fn of_a_thousand_datums_the_bad_one_alone_is_lost_and_named() {
    let (endpoint, state) = (Endpoint::start(), fresh_path("state"));
    spool_a_thousand(&state);
    endpoint.poison("Metric617");
    let url = endpoint.url();
    let (_file, mut program) = daemon("thousand", |args| {
        let mut command = publishing(args, &url);
        command.env("FWMETRICS_SPOOL__DIR", &state);
        command
    });
    let ours = |name: &str| name.starts_with("Metric") && name != "Metric617";
    assert!(
        program.wait_for_line("gave up Metric617"),
        "{}",
        program.log()
    );
    let arrived = || {
        endpoint
            .accepted()
            .iter()
            .filter(|datum| ours(&datum.name))
            .count()
    };
    assert!(eventually(|| arrived() >= 999), "{} arrived", arrived());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert_eq!(arrived(), 999);
    let log = program.log();
    let letter = log.lines().find(|line| line.contains("gave up")).unwrap();
    for word in ["Metric617{Tunnel=site-a}", "The metric is poisoned"] {
        assert!(letter.contains(word), "{letter}");
    }
    let refused = endpoint
        .calls()
        .iter()
        .filter(|call| !call.accepted)
        .count();
    assert!(refused <= 11, "{refused} calls were refused");
    assert!(log.contains("dropped 1, invalid 1;"), "{log}");
}

#[test]
fn what_was_accepted_and_not_answered_is_sent_again_byte_for_byte() {
    for fault in [
        Fault::ResetAfterAccept,
        Fault::TruncatedAnswer,
        Fault::RefuseRead,
        Fault::Garbage,
        Fault::NotCbor,
        Fault::InternalServiceError,
        Fault::ExpiredToken,
    ] {
        let endpoint = Endpoint::start();
        endpoint.script([Fault::Normal, fault, Fault::Normal, Fault::Normal]);
        let url = endpoint.url();
        let (_file, mut program) = daemon(&format!("{fault:?}"), |args| publishing(args, &url));
        assert!(
            endpoint.wait_for_calls(5, LONG),
            "{fault:?}: {}",
            program.log()
        );
        assert_eq!(program.terminate(), Some(0), "{fault:?}: {}", program.log());
        let calls = endpoint.calls();
        let failed = &calls[1];
        let again: Vec<_> = calls[2..]
            .iter()
            .filter(|call| call.digest == failed.digest)
            .collect();
        if fault == Fault::RefuseRead {
            // Its body was never read; what counts is the account.
            assert!(again.is_empty());
        } else {
            assert!(again.len() == 1 && again[0].accepted, "{fault:?}");
        }
        let log = program.log();
        assert!(
            log.contains(" + waiting 0 + dropped 0;"),
            "{fault:?}: {log}"
        );
    }
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
