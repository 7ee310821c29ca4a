//! The spool's files: what is written is read back the same, and nothing else is read at all.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use fwmetrics::model::datum::{Datum, Dimension, Resolution};
use fwmetrics::model::limits::VALUE_MAX;
use fwmetrics::model::unit::Unit;
use fwmetrics::publish::batch::{Batch, split};
use fwmetrics::publish::spool::{FileName, Unreadable, decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Any number that CloudWatch takes, by its bits.
fn value() -> impl Strategy<Value = f64> {
    let bits = any::<u64>().prop_map(f64::from_bits);
    let legal = bits.prop_filter("legal", |value| {
        value.is_finite() && value.abs() <= VALUE_MAX
    });
    const EDGES: [f64; 7] = [0.0, -0.0, VALUE_MAX, -VALUE_MAX, 5e-324, 0.1 + 0.2, 1e16];
    prop_oneof![legal, select(&EDGES), (0u32..1000).prop_map(f64::from)]
}

fn datum() -> impl Strategy<Value = Datum> {
    let parts = (
        "[ -~]{0,40}[!-~]",
        vec("[ -~]{0,20}[!-~\"\\\\]", 0..5),
        0i64..4_000_000_000,
        vec((value(), 1u32..), 1..20),
        select(&Unit::ALL),
        select(&[Resolution::Second, Resolution::Minute]),
    );
    parts.prop_map(
        |(metric, texts, timestamp, values, unit, resolution)| Datum {
            metric: metric.into(),
            unit,
            dimensions: texts
                .into_iter()
                .enumerate()
                .map(|(number, value)| Dimension {
                    name: format!("Name{number}").into(),
                    value,
                })
                .collect(),
            timestamp,
            resolution,
            values,
        },
    )
}

fn batch() -> impl Strategy<Value = Batch> {
    vec(datum(), 1..30).prop_map(|datums| split(&Arc::from("Firewall/fwmetrics"), datums).remove(0))
}

/// Every number bit for bit: -0.0 is another request than 0.0.
fn bits(batch: &Batch) -> Vec<u64> {
    let values = batch.datums().iter().flat_map(|datum| &datum.values);
    values.map(|(value, _)| value.to_bits()).collect()
}

fn some() -> Batch {
    let datum = Datum {
        metric: "M".into(),
        unit: Unit::Percent,
        dimensions: Vec::new(),
        timestamp: 1_795_219_200,
        resolution: Resolution::Minute,
        values: vec![(0.5, 60)],
    };
    split(&Arc::from("N"), vec![datum]).remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back_the_same(batch in batch(), id in any::<u64>()) {
        let read = decode(&encode(&batch)).unwrap();
        prop_assert_eq!(&read, &batch);
        prop_assert_eq!(bits(&read), bits(&batch));
        prop_assert_eq!(read.bytes(), batch.bytes());
        let name = FileName::of(&batch, id);
        prop_assert_eq!(FileName::parse(&name.to_string()), Some(name));
    }

    #[test]
    fn a_flipped_bit_is_seen(batch in batch(), place in any::<Index>(), bit in 0u8..8) {
        let mut bytes = encode(&batch);
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // White space within the head may change its kind; then the batch is still whole.
        prop_assert!(decode(&bytes).is_err() || decode(&bytes).unwrap() == batch);
    }

    #[test]
    fn a_half_written_file_is_seen(batch in batch(), place in any::<Index>()) {
        let bytes = encode(&batch);
        prop_assert!(decode(&bytes[..place.index(bytes.len())]).is_err());
        prop_assert!(decode(&[&bytes[..], b" "].concat()).is_err());
    }

    #[test]
    fn random_bytes_are_no_batch(bytes in vec(any::<u8>(), 0..2000)) {
        prop_assert!(decode(&bytes).is_err());
        let with_head = [b"fwmetrics batch 1 ", &bytes[..]].concat();
        prop_assert!(decode(&with_head).is_err());
    }

    /// Bytes with a true head and checksum around them: what they hold is judged too.
    #[test]
    fn a_true_checksum_around_nonsense_is_no_batch(body in "\\PC{0,200}") {
        prop_assert!(matches!(decode(&framed(&body)), Err(Unreadable::Content(_))));
    }

    #[test]
    fn names_sort_by_time_then_number(a in (0i64..1 << 39, any::<u64>()), b in (0i64..1 << 39, any::<u64>())) {
        let name = |(newest, id): (i64, u64)| FileName { newest, id, datums: 3 };
        prop_assert_eq!(name(a).to_string().cmp(&name(b).to_string()), a.cmp(&b));
    }

    #[test]
    fn any_text_is_a_name_or_none(text in "\\PC{0,60}") {
        prop_assert_eq!(FileName::parse(&text).map(|name| name.to_string()).unwrap_or(text.clone()), text);
    }
}

fn framed(body: &str) -> Vec<u8> {
    let checksum = crc32fast::hash(body.as_bytes());
    format!("fwmetrics batch 1 {checksum:08x} {}\n{body}", body.len()).into_bytes()
}

#[test]
fn each_fault_has_its_name() {
    let good = encode(&some());
    let text = String::from_utf8(good.clone()).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    assert_eq!(decode(b""), Err(Unreadable::Foreign));
    assert_eq!(decode(b"PK\x03\x04\n"), Err(Unreadable::Foreign));
    let newer = text.replacen("batch 1", "batch 2", 1);
    assert_eq!(decode(newer.as_bytes()), Err(Unreadable::Version(2)));
    let (found, said) = (body.len() - 1, body.len());
    let short = &good[..good.len() - 1];
    assert_eq!(decode(short), Err(Unreadable::Length { found, said }));
    let flipped = format!("{head}\n{}", body.replacen("60", "61", 1));
    assert_eq!(decode(flipped.as_bytes()), Err(Unreadable::Checksum));
}

#[test]
fn what_could_not_be_sent_is_no_batch() {
    let text = String::from_utf8(encode(&some())).unwrap();
    let body = text.split_once('\n').unwrap().1;
    assert_eq!(decode(&framed(body)), Ok(some()));
    for (from, to) in [
        ("\"N\"", "\":N\""),
        ("\"M\"", "\"\""),
        ("Percent", "Furlongs"),
        ("\"resolution\":60", "\"resolution\":61"),
        ("[[0.5,60]]", "[]"),
        ("[[0.5,60]]", "[[0.5,0]]"),
        ("0.5", "1e300"),
        ("0.5", "null"),
        ("{\"namespace\"", "{\"more\":1,\"namespace\""),
    ] {
        let spoilt = body.replacen(from, to, 1);
        assert_ne!(spoilt, body, "{from}");
        let read = decode(&framed(&spoilt));
        assert!(
            matches!(read, Err(Unreadable::Content(_))),
            "{to}: {read:?}"
        );
    }
    let none = "{\"namespace\":\"N\",\"datums\":[]}";
    assert!(matches!(decode(&framed(none)), Err(Unreadable::Content(_))));
    let datum = some().datums()[0].clone();
    let two = split(&Arc::from("N"), vec![datum; 1001]);
    assert_eq!(two.len(), 2);
    let one = String::from_utf8(encode(&some())).unwrap();
    let one = one.split_once('\n').unwrap().1;
    let inner = one
        .strip_prefix("{\"namespace\":\"N\",\"datums\":[")
        .unwrap();
    let inner = inner.strip_suffix("]}").unwrap();
    let many = format!(
        "{{\"namespace\":\"N\",\"datums\":[{}]}}",
        vec![inner; 1001].join(",")
    );
    assert!(
        matches!(decode(&framed(&many)), Err(Unreadable::Content(_))),
        "over a call's worth"
    );
}
