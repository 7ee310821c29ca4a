//! The strict endpoint itself: each documented rule refuses its violation, with the right code and nothing stored,
//! and takes the nearest legal request; each fault does what it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use ciborium::Value;
use flate2::{Compression, write::GzEncoder};
use support::client::REGION;
use support::{Answer, Client, Endpoint, Fault, Imds, Key, Mode, Proxy, sigv4, time};

const INVALID: &str = "InvalidParameterValue";
const COMBINATION: &str = "InvalidParameterCombination";
const MISSING: &str = "MissingParameter";
const SERIALIZATION: &str = "SerializationException";
const TOO_LARGE: &str = "RequestEntityTooLarge";
/// Keeps timestamps at the edge of a rule away from the time the test itself takes.
const MARGIN_SECS: f64 = 60.0;
const DAY_SECS: f64 = 86_400.0;
const SOON: Duration = Duration::from_secs(5);
/// Long enough to be surely in the way of a client with [`BRIEF`] patience.
const LONG: Duration = Duration::from_secs(30);
const BRIEF: Duration = Duration::from_millis(100);

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn map(members: &[(&str, Value)]) -> Value {
    let pairs = members.iter();
    Value::Map(
        pairs
            .map(|(name, value)| (text(name), value.clone()))
            .collect(),
    )
}

fn floats(numbers: impl IntoIterator<Item = f64>) -> Value {
    Value::Array(numbers.into_iter().map(Value::Float).collect())
}

fn timestamp(secs: f64) -> Value {
    Value::Tag(1, Box::new(Value::Float(secs)))
}

fn dimension(name: &str, value: &str) -> Value {
    map(&[("Name", text(name)), ("Value", text(value))])
}

fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// A legal datum with these members set, replaced or (Null) left out.
fn datum(members: &[(&str, Value)]) -> Value {
    let mut all = BTreeMap::from([("MetricName", text("m")), ("Value", Value::Float(1.0))]);
    all.extend(members.iter().cloned());
    let pairs = all.into_iter().filter(|(_, value)| *value != Value::Null);
    Value::Map(pairs.map(|(name, value)| (text(name), value)).collect())
}

/// A legal datum that has `Values` in place of `Value`.
fn distribution(values: Value, counts: Value) -> Value {
    datum(&[
        ("Value", Value::Null),
        ("Values", values),
        ("Counts", counts),
    ])
}

fn request(namespace: &str, datums: Vec<Value>) -> Vec<u8> {
    encode(&map(&[
        ("Namespace", text(namespace)),
        ("MetricData", Value::Array(datums)),
    ]))
}

fn with(members: &[(&str, Value)]) -> Vec<u8> {
    request("Test", vec![datum(members)])
}

fn with_dimensions(dimensions: Vec<Value>) -> Vec<u8> {
    with(&[("Dimensions", Value::Array(dimensions))])
}

fn with_set(members: &[(&str, f64)]) -> Vec<u8> {
    let members: Vec<_> = members
        .iter()
        .map(|(name, number)| (*name, Value::Float(*number)))
        .collect();
    with(&[("Value", Value::Null), ("StatisticValues", map(&members))])
}

fn start() -> (Endpoint, Client) {
    let endpoint = Endpoint::start();
    let client = Client::connect(endpoint.address()).unwrap();
    (endpoint, client)
}

fn put(client: &mut Client, body: &[u8]) -> Answer {
    client.put_metric_data(body, &Key::example()).unwrap()
}

/// Asserts that `illegal` is refused with `code` and that `legal`, its nearest neighbour, is taken.
#[track_caller]
fn rule(code: &str, illegal: &[u8], legal: &[u8]) {
    let (endpoint, mut client) = start();
    let answer = put(&mut client, illegal);
    assert_eq!(answer.code(), Some(code), "{}", answer.text());
    let status = if code == TOO_LARGE { 413 } else { 400 };
    assert_eq!(answer.status, status);
    assert_eq!(
        endpoint.accepted(),
        [],
        "a refused request stored something"
    );
    let answer = put(&mut client, legal);
    assert_eq!(answer.status, 200, "the legal one: {}", answer.text());
    assert!(!endpoint.accepted().is_empty(), "200 and nothing stored");
}

#[test]
fn namespace_is_1_to_255_characters() {
    let named = |name: &str| request(name, vec![datum(&[])]);
    rule(INVALID, &named(""), &named("n"));
    rule(INVALID, &named(&"n".repeat(256)), &named(&"n".repeat(255)));
    rule(INVALID, &named(" "), &named(" n"));
    let absent = encode(&map(&[("MetricData", Value::Array(vec![datum(&[])]))]));
    rule(MISSING, &absent, &named("n"));
}

#[test]
fn namespace_is_neither_aws_nor_starts_with_a_colon() {
    let named = |name: &str| request(name, vec![datum(&[])]);
    rule(INVALID, &named("AWS/EC2"), &named("AWSome/EC2"));
    rule(INVALID, &named(":n"), &named("n:"));
    rule(INVALID, &named("n\u{e9}"), &named("Firewall/fw_m-e.t#r"));
    rule(INVALID, &named("n\t"), &named("n n"));
}

#[test]
fn request_has_1_to_1000_datums() {
    let many = |count: usize| request("Test", vec![datum(&[]); count]);
    rule(MISSING, &many(0), &many(1));
    rule(INVALID, &many(1001), &many(1000));
    rule(INVALID, &many(1001), &many(999));
}

#[test]
fn datums_of_entities_count_too() {
    let both = |count: usize| {
        let entities = Value::Array(vec![map(&[
            ("Entity", entity(&[("Type", "Service"), ("Name", "n")])),
            ("MetricData", Value::Array(vec![datum(&[])])),
        ])]);
        encode(&map(&[
            ("Namespace", text("Test")),
            ("MetricData", Value::Array(vec![datum(&[]); count])),
            ("EntityMetricData", entities),
            ("StrictEntityValidation", Value::Bool(true)),
        ]))
    };
    rule(INVALID, &both(1000), &both(999));
}

/// A legal request of exactly `bytes` bytes of CBOR.
fn request_of(bytes: usize) -> Vec<u8> {
    let wide = |length: usize| {
        let value = "v".repeat(length);
        datum(&[("Dimensions", Value::Array(vec![dimension("d", &value)]))])
    };
    let mut datums = vec![wide(1024); bytes / 1100 - 2];
    let base = request("Test", datums.clone()).len();
    let single = request("Test", vec![wide(1024), wide(1024)]).len()
        - request("Test", vec![wide(1024)]).len();
    let mut left = bytes - base;
    while left > single + 400 {
        datums.push(wide(1024));
        left -= single;
    }
    // Two datums make up the rest: each between 256 and 1024 characters, so that their length prefix has one width.
    let first = (left / 2).min(1000);
    datums.push(wide(first - (single - 1024)));
    datums.push(wide(left - first - (single - 1024)));
    let body = request("Test", datums);
    assert_eq!(body.len(), bytes, "the test's own arithmetic");
    body
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn request_is_at_most_a_million_bytes() {
    rule(TOO_LARGE, &request_of(1_000_001), &request_of(1_000_000));
    rule(TOO_LARGE, &request_of(1_000_001), &request_of(999_999));
}

#[test]
fn request_size_is_counted_before_gzip() {
    let (endpoint, mut client) = start();
    for (bytes, status) in [(1_000_001, 413), (1_000_000, 200)] {
        let packed = gzip(&request_of(bytes));
        let request = client.signed_put(&packed, &[("content-encoding", "gzip")], &Key::example());
        assert_eq!(client.exchange(&request).unwrap().status, status);
        let call = endpoint.calls().pop().unwrap();
        assert_eq!(
            (call.wire_bytes, call.uncompressed_bytes),
            (packed.len(), bytes)
        );
    }
}

#[test]
fn metric_name_is_1_to_255_characters_of_printable_ascii() {
    let named = |name: &str| with(&[("MetricName", text(name))]);
    rule(INVALID, &named(""), &named("m"));
    rule(INVALID, &named(&"m".repeat(256)), &named(&"m".repeat(255)));
    rule(INVALID, &named("m\u{7f}"), &named("m~"));
    rule(MISSING, &with(&[("MetricName", Value::Null)]), &named("m"));
}

#[test]
fn dimensions_are_at_most_30_with_distinct_names() {
    let many = |count: usize| {
        with_dimensions(
            (0..count)
                .map(|number| dimension(&format!("d{number}"), "v"))
                .collect(),
        )
    };
    rule(INVALID, &many(31), &many(30));
    rule(INVALID, &many(31), &many(29));
    let two = |first: &str, second: &str| {
        with_dimensions(vec![dimension(first, "a"), dimension(second, "b")])
    };
    rule(INVALID, &two("d", "d"), &two("d", "D"));
}

#[test]
fn dimension_name_is_1_to_255_characters_and_no_colon_first() {
    let named = |name: &str| with_dimensions(vec![dimension(name, "v")]);
    rule(INVALID, &named(""), &named("d"));
    rule(INVALID, &named(&"d".repeat(256)), &named(&"d".repeat(255)));
    rule(INVALID, &named(":d"), &named("d:"));
    rule(INVALID, &named("   "), &named(" d "));
    rule(INVALID, &named("d\n"), &named("d d"));
    rule(INVALID, &named("\u{fc}"), &named("u"));
    let nameless = with_dimensions(vec![map(&[("Value", text("v"))])]);
    rule(MISSING, &nameless, &named("d"));
}

#[test]
fn dimension_value_is_1_to_1024_characters_and_may_start_with_a_colon() {
    let valued = |value: &str| with_dimensions(vec![dimension("d", value)]);
    rule(INVALID, &valued(""), &valued("v"));
    rule(
        INVALID,
        &valued(&"v".repeat(1025)),
        &valued(&"v".repeat(1024)),
    );
    rule(INVALID, &valued("  "), &valued(":"));
    rule(INVALID, &valued("v\u{1}"), &valued(" v"));
    rule(INVALID, &valued("\u{20ac}"), &valued("EUR"));
    let valueless = with_dimensions(vec![map(&[("Name", text("d"))])]);
    rule(MISSING, &valueless, &valued("v"));
}

#[test]
fn timestamp_is_from_two_weeks_back_to_two_hours_ahead() {
    let ago = |secs: f64| with(&[("Timestamp", timestamp(time::unix_now() - secs))]);
    rule(
        INVALID,
        &ago(14.0 * DAY_SECS + MARGIN_SECS),
        &ago(14.0 * DAY_SECS - MARGIN_SECS),
    );
    rule(
        INVALID,
        &ago(-7200.0 - MARGIN_SECS),
        &ago(-7200.0 + MARGIN_SECS),
    );
    let whole = Value::Tag(
        1,
        Box::new(Value::Integer((time::unix_now() as i64).into())),
    );
    rule(
        SERIALIZATION,
        &with(&[("Timestamp", Value::Float(1.0))]),
        &with(&[("Timestamp", whole)]),
    );
}

#[test]
fn values_lie_within_2_to_the_360_and_are_numbers() {
    let edge = 2.0_f64.powi(360);
    let over = edge * (1.0 + f64::EPSILON);
    let valued = |value: f64| with(&[("Value", Value::Float(value))]);
    for illegal in [over, -over, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        rule(INVALID, &valued(illegal), &valued(edge));
        rule(INVALID, &valued(illegal), &valued(-edge));
        let listed = |value: f64| {
            request(
                "Test",
                vec![distribution(floats([0.0, value]), Value::Null)],
            )
        };
        rule(INVALID, &listed(illegal), &listed(edge));
        let sum = |value: f64| {
            with_set(&[
                ("SampleCount", 1.0),
                ("Sum", value),
                ("Minimum", 0.0),
                ("Maximum", 0.0),
            ])
        };
        rule(INVALID, &sum(illegal), &sum(edge));
    }
}

#[test]
fn values_are_1_to_150_and_distinct() {
    let listed = |values: Value| request("Test", vec![distribution(values, Value::Null)]);
    let many = |count: u32| listed(floats((0..count).map(f64::from)));
    rule(INVALID, &many(151), &many(150));
    rule(INVALID, &many(151), &many(149));
    rule(MISSING, &many(0), &many(1));
    rule(
        INVALID,
        &listed(floats([1.0, 1.0])),
        &listed(floats([1.0, 1.5])),
    );
    rule(
        INVALID,
        &listed(floats([0.0, -0.0])),
        &listed(floats([0.0, -1.0])),
    );
}

#[test]
fn counts_match_values_and_are_whole_and_positive() {
    let counted = |counts: &[f64]| {
        request(
            "Test",
            vec![distribution(
                floats([1.0, 2.0]),
                floats(counts.iter().copied()),
            )],
        )
    };
    for illegal in [
        &[1.0][..],
        &[1.0, 1.0, 1.0],
        &[1.0, 0.0],
        &[1.0, -1.0],
        &[1.0, 1.5],
        &[1.0, f64::NAN],
    ] {
        rule(INVALID, &counted(illegal), &counted(&[1.0, 60.0]));
    }
    rule(COMBINATION, &with(&[("Counts", floats([1.0]))]), &with(&[]));
}

#[test]
fn value_stands_alone_and_something_must_be_there() {
    let set = [
        ("SampleCount", 1.0),
        ("Sum", 1.0),
        ("Minimum", 1.0),
        ("Maximum", 1.0),
    ];
    let set = map(&set.map(|(name, number)| (name, Value::Float(number))));
    rule(COMBINATION, &with(&[("Values", floats([1.0]))]), &with(&[]));
    rule(
        COMBINATION,
        &with(&[("StatisticValues", set.clone())]),
        &with(&[]),
    );
    rule(MISSING, &with(&[("Value", Value::Null)]), &with(&[]));
    let both = [
        ("Value", Value::Null),
        ("Values", floats([1.0])),
        ("StatisticValues", set),
    ];
    rule(MISSING, &with(&[("Value", Value::Null)]), &with(&both));
}

#[test]
fn statistic_set_is_complete_and_possible() {
    let all = [
        ("SampleCount", 2.0),
        ("Sum", 3.0),
        ("Minimum", 1.0),
        ("Maximum", 2.0),
    ];
    for left_out in 0..all.len() {
        let mut some = all.to_vec();
        some.remove(left_out);
        rule(MISSING, &with_set(&some), &with_set(&all));
    }
    let changed = |at: usize, number: f64| {
        let mut set = all;
        set[at].1 = number;
        with_set(&set)
    };
    rule(INVALID, &changed(0, 0.0), &changed(0, 1.0));
    rule(INVALID, &changed(2, 2.5), &changed(2, 2.0));
}

#[test]
fn unit_is_one_of_the_list_in_its_letter_case() {
    let unit = |name: &str| with(&[("Unit", text(name))]);
    for illegal in [
        "percent",
        "bytes/second",
        "Seconds/Count",
        "",
        "Bytes/second",
    ] {
        rule(INVALID, &unit(illegal), &unit("Percent"));
    }
    let (endpoint, mut client) = start();
    for legal in support::cloudwatch::limits::UNITS {
        assert_eq!(put(&mut client, &unit(legal)).status, 200, "{legal}");
    }
    assert_eq!(endpoint.accepted().len(), 27);
}

#[test]
fn storage_resolution_is_1_or_60() {
    let resolution = |secs: i64| with(&[("StorageResolution", Value::Integer(secs.into()))]);
    for illegal in [0, 2, 30, 59, 61, -1] {
        rule(INVALID, &resolution(illegal), &resolution(1));
        rule(INVALID, &resolution(illegal), &resolution(60));
    }
}

fn entity(keys: &[(&str, &str)]) -> Value {
    let keys: Vec<_> = keys
        .iter()
        .map(|(name, value)| (*name, text(value)))
        .collect();
    map(&[("KeyAttributes", map(&keys))])
}

fn with_entities(keys: &[(&str, &str)], count: usize, strict: Option<bool>) -> Vec<u8> {
    let one = map(&[
        ("Entity", entity(keys)),
        ("MetricData", Value::Array(vec![datum(&[])])),
    ]);
    let strict = strict.map_or(Value::Null, Value::Bool);
    encode(&map(&[
        ("Namespace", text("Test")),
        ("EntityMetricData", Value::Array(vec![one; count])),
        ("StrictEntityValidation", strict),
    ]))
}

#[test]
fn entities_are_at_most_two_and_need_the_strictness_stated() {
    let keys = [("Type", "Service"), ("Name", "n")];
    rule(
        MISSING,
        &with_entities(&keys, 1, None),
        &with_entities(&keys, 1, Some(true)),
    );
    rule(
        INVALID,
        &with_entities(&keys, 3, Some(true)),
        &with_entities(&keys, 2, Some(true)),
    );
}

#[test]
fn a_bad_entity_fails_only_a_strict_request() {
    let one_key = [("Type", "Service")];
    let long = "v".repeat(2049);
    for bad in [
        &one_key[..],
        &[("Type", "Service"), ("Colour", "red")],
        &[("Type", "Service"), ("Name", &long)],
    ] {
        rule(
            INVALID,
            &with_entities(bad, 1, Some(true)),
            &with_entities(bad, 1, Some(false)),
        );
    }
    let (_endpoint, mut client) = start();
    let answer = put(&mut client, &with_entities(&one_key, 1, Some(false)));
    assert_eq!(
        answer.header("x-amzn-failure-message"),
        Some("InvalidKeyAttributes")
    );
}

#[test]
fn unknown_repeated_and_mistyped_members_are_refused() {
    let legal = with(&[]);
    rule(
        SERIALIZATION,
        &with(&[("Vaule", Value::Float(1.0))]),
        &legal,
    );
    rule(SERIALIZATION, &with(&[("Value", text("1"))]), &legal);
    let twice = map(&[("Namespace", text("a")), ("Namespace", text("a"))]);
    rule(SERIALIZATION, &encode(&twice), &legal);
    rule(SERIALIZATION, &[&legal[..], &[0]].concat(), &legal);
    rule(SERIALIZATION, b"Action=PutMetricData", &legal);
}

#[test]
fn one_bad_datum_fails_the_whole_request() {
    let bad = datum(&[("Value", Value::Float(f64::NAN))]);
    let mixed = request("Test", vec![datum(&[]), bad, datum(&[])]);
    rule(
        INVALID,
        &mixed,
        &request("Test", vec![datum(&[]), datum(&[])]),
    );
}

#[test]
fn signature_is_checked() {
    let (endpoint, mut client) = start();
    let body = with(&[]);
    let key = Key::example();
    let mut send = |request| client.exchange(&request).unwrap();
    let maker = Client::connect(endpoint.address()).unwrap();
    let code = |answer: Answer| (answer.status, answer.code().unwrap_or_default().to_owned());

    assert_eq!(
        code(send(maker.unsigned_put(&body))),
        (403, "MissingAuthenticationToken".to_owned())
    );
    let stranger = Key::new("AKIDSTRANGER", &key.secret);
    assert_eq!(
        code(send(maker.signed_put(&body, &[], &stranger))),
        (403, "InvalidClientTokenId".to_owned())
    );
    let tokenless = Key {
        token: None,
        ..Key::role_example()
    };
    assert_eq!(
        code(send(maker.signed_put(&body, &[], &tokenless))),
        (403, "InvalidClientTokenId".to_owned())
    );
    let mismatch = (403, "SignatureDoesNotMatch".to_owned());
    let wrong = Key::new(&key.id, "wrong");
    assert_eq!(code(send(maker.signed_put(&body, &[], &wrong))), mismatch);
    let mut tampered = maker.signed_put(&body, &[], &key);
    *tampered.body.last_mut().unwrap() ^= 1;
    assert_eq!(code(send(tampered)), mismatch);
    let mut late = maker.unsigned_put(&body);
    sigv4::sign(&mut late, &key, REGION, time::unix_now() as i64 - 20 * 60);
    assert_eq!(code(send(late)), mismatch);
    assert_eq!(endpoint.accepted(), []);

    assert_eq!(
        send(maker.signed_put(&body, &[], &Key::role_example())).status,
        200
    );
    endpoint.expire_key(&key.id);
    assert_eq!(
        code(send(maker.signed_put(&body, &[], &key))),
        (403, "ExpiredToken".to_owned())
    );
    endpoint.add_key(stranger.clone());
    assert_eq!(send(maker.signed_put(&body, &[], &stranger)).status, 200);
    assert_eq!(
        endpoint.calls().last().unwrap().access_key.as_deref(),
        Some("AKIDSTRANGER")
    );
}

#[test]
fn dates_on_the_wire_are_right() {
    assert_eq!(
        time::http_date(784_111_777),
        "Sun, 06 Nov 1994 08:49:37 GMT"
    );
    assert_eq!(time::amz_date(784_111_777), "19941106T084937Z");
    assert_eq!(time::rfc3339(951_782_400), "2000-02-29T00:00:00Z");
    for secs in [0, 951_782_399, 951_868_800, 4_107_542_399] {
        assert_eq!(time::parse_amz_date(&time::amz_date(secs)), Some(secs));
    }
}

#[test]
fn error_faults_answer_with_their_code_and_store_nothing() {
    let cases = [
        (Fault::Throttle, 400, "Throttling;Sender"),
        (
            Fault::InternalServiceError,
            500,
            "InternalServiceError;Receiver",
        ),
        (
            Fault::ServiceUnavailable,
            503,
            "ServiceUnavailable;Receiver",
        ),
        (Fault::TooLarge, 413, "RequestEntityTooLarge;Sender"),
        (Fault::AccessDenied, 403, "AccessDenied;Sender"),
        (Fault::ExpiredToken, 403, "ExpiredToken;Sender"),
        (Fault::InvalidParameter, 400, "InvalidParameterValue;Sender"),
    ];
    let (endpoint, mut client) = start();
    endpoint.script(cases.map(|(fault, _, _)| fault));
    for (fault, status, code) in cases {
        let answer = put(&mut client, &with(&[]));
        assert_eq!(
            (answer.status, answer.header("x-amzn-query-error")),
            (status, Some(code)),
            "{fault:?}"
        );
        assert_eq!(answer.header("smithy-protocol"), Some("rpc-v2-cbor"));
    }
    assert_eq!(endpoint.accepted(), []);
    let answer = put(&mut client, &with(&[]));
    assert_eq!((answer.status, answer.body), (200, vec![0xbf, 0xff]));
    assert!(
        endpoint.calls().iter().all(|call| call.connection == 0),
        "keep-alive was lost"
    );
}

#[test]
fn broken_connections_break_and_only_two_of_them_store() {
    let cases = [
        (Fault::RefuseRead, 0),
        (Fault::Garbage, 0),
        (Fault::Hang(BRIEF), 0),
        (Fault::ResetAfterAccept, 1),
        (Fault::TruncatedAnswer, 1),
    ];
    for (fault, stored) in cases {
        let (endpoint, mut client) = start();
        endpoint.script([fault]);
        let answer = client.put_metric_data(&with(&[]), &Key::example());
        assert!(answer.is_err(), "{fault:?}: {answer:?}");
        assert!(endpoint.wait_for_calls(1, SOON), "{fault:?}");
        assert_eq!(endpoint.accepted().len(), stored, "{fault:?}");
        let mut next = Client::connect(endpoint.address()).unwrap();
        assert_eq!(put(&mut next, &with(&[])).status, 200, "after {fault:?}");
    }
}

#[test]
fn refuse_read_is_seen_as_a_reset() {
    let (endpoint, mut client) = start();
    endpoint.script([Fault::RefuseRead]);
    let error = client
        .put_metric_data(&with(&[]), &Key::example())
        .unwrap_err();
    let kinds = [
        std::io::ErrorKind::ConnectionReset,
        std::io::ErrorKind::BrokenPipe,
    ];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}

#[test]
fn a_hang_lasts_beyond_the_client_and_ends_with_the_endpoint() {
    let (endpoint, mut client) = start();
    endpoint.always(Some(Fault::Hang(LONG)));
    client.patience(BRIEF).unwrap();
    let error = client
        .put_metric_data(&with(&[]), &Key::example())
        .unwrap_err();
    let kinds = [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut];
    assert!(kinds.contains(&error.kind()), "{error:?}");
    assert!(endpoint.wait_for_calls(1, SOON));
    assert_eq!(
        (endpoint.calls()[0].status, endpoint.accepted().len()),
        (0, 0)
    );
    let address = endpoint.address();
    drop(endpoint);
    assert!(Client::connect(address).is_err(), "the port is still open");
}

#[test]
fn captive_portal_wrong_date_and_delay_answer_200() {
    let (endpoint, mut client) = start();
    endpoint.script([
        Fault::NotCbor,
        Fault::WrongDate(86_400),
        Fault::Delay(BRIEF),
        Fault::Normal,
    ]);
    let page = put(&mut client, &with(&[]));
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html"))
    );
    assert_eq!(endpoint.accepted(), []);
    let before = time::unix_now() as i64 + 86_400;
    let dates: Vec<String> = (before..before + 10).map(time::http_date).collect();
    let date = put(&mut client, &with(&[]))
        .header("date")
        .unwrap()
        .to_owned();
    assert!(dates.contains(&date), "{date}");
    assert_eq!(put(&mut client, &with(&[])).status, 200);
    assert_eq!(endpoint.accepted().len(), 2);
}

#[test]
fn clock_offset_moves_the_timestamp_rule_and_the_signature_rule() {
    let (endpoint, mut client) = start();
    endpoint.set_clock_offset(600);
    let ahead = with(&[("Timestamp", timestamp(time::unix_now() + 7200.0 + 300.0))]);
    assert_eq!(put(&mut client, &ahead).status, 200);
    endpoint.set_clock_offset(3600);
    assert_eq!(
        put(&mut client, &ahead).code(),
        Some("SignatureDoesNotMatch")
    );
}

#[test]
fn statistics_merge_duplicates_and_align_periods() {
    let (endpoint, mut client) = start();
    let start = (time::unix_now() as i64 / 60 - 5) * 60;
    let at = |secs: i64| ("Timestamp", timestamp((start + secs) as f64));
    let no_value = ("Value", Value::Null);
    let first = datum(&[
        at(0),
        no_value.clone(),
        ("Values", floats([1.0, 2.0, 10.0])),
        ("Counts", floats([5.0, 3.0, 2.0])),
    ]);
    let second = datum(&[at(59), ("Value", Value::Float(-4.0))]);
    let next = datum(&[at(60), ("Value", Value::Float(7.0))]);
    let body = request("Test", vec![first, second, next]);
    for _ in 0..2 {
        assert_eq!(put(&mut client, &body).status, 200);
    }
    let stats = endpoint.statistics("Test", "m", &BTreeMap::new(), 60);
    let figures: Vec<_> = stats
        .iter()
        .map(|(at, s)| (*at, s.sample_count, s.sum, s.min, s.max))
        .collect();
    assert_eq!(
        figures,
        [
            (start, 22.0, 54.0, -4.0, 10.0),
            (start + 60, 2.0, 14.0, 7.0, 7.0)
        ]
    );
    let calls = endpoint.calls();
    assert_eq!(calls[0].digest, calls[1].digest);
    assert_eq!(
        endpoint.accepted()[0].values,
        [(1.0, 5.0), (2.0, 3.0), (10.0, 2.0)]
    );
}

#[test]
fn another_path_method_or_content_type_is_not_taken() {
    let (endpoint, mut client) = start();
    let mut request = client.signed_put(&with(&[]), &[], &Key::example());
    "/".clone_into(&mut request.target);
    assert_eq!(client.exchange(&request).unwrap().status, 404);
    let mut request = client.signed_put(&with(&[]), &[], &Key::example());
    request
        .headers
        .retain(|(name, _)| name != "smithy-protocol");
    assert_eq!(client.exchange(&request).unwrap().status, 415);
    assert_eq!(endpoint.accepted(), []);
}

fn token(client: &mut Client) -> Answer {
    let ttl = [("x-aws-ec2-metadata-token-ttl-seconds", "60")];
    client.request("PUT", "/latest/api/token", &ttl).unwrap()
}

#[test]
fn imds_gives_nothing_without_a_token() {
    let imds = Imds::start();
    let mut client = Client::connect(imds.address()).unwrap();
    let path = "/latest/meta-data/instance-id";
    assert_eq!(client.request("GET", path, &[]).unwrap().status, 401);
    assert_eq!(
        client
            .request("PUT", "/latest/api/token", &[])
            .unwrap()
            .status,
        400
    );
    let answer = token(&mut client);
    assert_eq!(
        answer.header("x-aws-ec2-metadata-token-ttl-seconds"),
        Some("60")
    );
    let token = answer.text();
    let mut get = |path: &str| {
        client
            .request("GET", path, &[("x-aws-ec2-metadata-token", &token)])
            .unwrap()
    };
    assert_eq!(get(path).text(), "i-0123456789abcdef0");
    let tag = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";
    assert_eq!(get(tag).text(), "edge-fleet");
    imds.set_tag(None);
    assert_eq!(get(tag).status, 404);
    let role = get("/latest/meta-data/iam/security-credentials/").text();
    let credentials = get(&format!(
        "/latest/meta-data/iam/security-credentials/{role}"
    ))
    .text();
    let credentials: serde_json::Value = serde_json::from_str(&credentials).unwrap();
    assert_eq!(credentials["Code"], "Success");
    imds.expire_tokens();
    assert_eq!(get(path).status, 401);
    assert_eq!(imds.requests()[0], ("GET".to_owned(), path.to_owned()));
}

#[test]
fn imds_modes() {
    let imds = Imds::start();
    let ask = |mode: Mode| {
        imds.set_mode(mode);
        let mut client = Client::connect(imds.address()).unwrap();
        if mode == Mode::Hang {
            client.patience(BRIEF).unwrap();
        }
        let answer = client.request("GET", "/latest/meta-data/instance-id", &[]);
        answer.map(|answer| answer.status).ok()
    };
    assert_eq!(ask(Mode::Forbidden), Some(403));
    for mode in [Mode::Hang, Mode::Garbage, Mode::Refuse] {
        assert_eq!(ask(mode), None, "{mode:?}");
    }
    assert_eq!(ask(Mode::Normal), Some(401));
}

#[test]
fn proxy_writes_down_what_it_is_asked() {
    let proxy = Proxy::start();
    let mut client = Client::connect(proxy.address()).unwrap();
    let answer = client
        .request("PUT", "http://127.0.0.1:1/latest/api/token", &[])
        .unwrap();
    assert_eq!(answer.status, 502);
    assert_eq!(
        proxy.requests(),
        ["PUT http://127.0.0.1:1/latest/api/token"]
    );
}
