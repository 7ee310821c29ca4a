//! Properties of the arithmetic, the packer, the checks and the parsers, over random input; and the size function held
//! against the bytes that the SDK really sends.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fwmetrics::aggregate::counter::{Counters, Dropped, Fine};
use fwmetrics::aggregate::distribution::Distribution;
use fwmetrics::aggregate::fold::{Folding, newest};
use fwmetrics::collector::links;
use fwmetrics::collectors::{conntrack, cpu};
use fwmetrics::model::datum::{Datum, Dimension, Resolution};
use fwmetrics::model::limits::{
    CALL_BYTES, DATUMS_PER_CALL, DIMENSION_VALUE_BYTES, DIMENSIONS_PER_DATUM, NAME_BYTES,
    VALUE_MAX, VALUES_PER_DATUM,
};
use fwmetrics::model::reading::{Fold, Kind, Raw, Reading, Record, Width};
use fwmetrics::model::unit::Unit;
use fwmetrics::publish::batch::{Batch, split};
use fwmetrics::publish::cloudwatch::CloudWatch;
use fwmetrics::publish::outcome::Outcome;
use fwmetrics::publish::settings::CloudWatchSettings;
use fwmetrics::publish::{size, validate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use support::{Endpoint, Key};

/// Cases per property; PROPTEST_CASES=2560 makes it ten times as many. The seed of a failure is printed, and no file
/// is written.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: (cases * default.cases).div_ceil(256),
        failure_persistence: None,
        ..default
    }
}

/// Rounding of a few thousand additions.
const ROUNDING: f64 = 1e-9;

// ---------------------------------------------------------------- distribution

/// Finite values as a hostile source may send them: small and huge, both signs, zeros, many alike.
fn value() -> impl Strategy<Value = f64> {
    let edges = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        VALUE_MAX,
        -VALUE_MAX,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
    ];
    prop_oneof![
        4 => (-200i32..200).prop_map(f64::from),
        4 => 0.0..100.0f64,
        4 => 1e6..2e9f64,
        4 => magnitude(-1074.0, 360.0),
        2 => magnitude(-40.0, 40.0),
        1 => select(edges.to_vec()),
    ]
}

/// Both signs, evenly over the powers of two.
fn magnitude(lowest: f64, highest: f64) -> impl Strategy<Value = f64> {
    (lowest..highest, any::<bool>()).prop_map(|(exponent, negative)| {
        let value = exponent.exp2();
        if negative { -value } else { value }
    })
}

/// Lists on both sides of 150 distinct values, of one range or of all.
fn values() -> impl Strategy<Value = Vec<f64>> {
    let narrow = (magnitude(-60.0, 300.0), vec(1.0..1.5f64, 1..900))
        .prop_map(|(scale, list)| list.into_iter().map(|value| value * scale).collect());
    prop_oneof![
        vec(value(), 1..150),
        vec(value(), 140..170),
        vec(value(), 150..1500),
        narrow,
    ]
}

/// The distinct values and their counts, by another way: zeros of both signs are one.
fn counted(values: &[f64]) -> Vec<(f64, u32)> {
    let mut out: Vec<(f64, u32)> = Vec::new();
    for value in sorted(values) {
        match out.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => out.push((value, 1)),
        }
    }
    out
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut list: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    list.sort_by(f64::total_cmp);
    list
}

/// One element per reading, rising.
fn expand(values: &[(f64, u32)]) -> Vec<f64> {
    let each = values.iter();
    each.flat_map(|(value, count)| std::iter::repeat_n(*value, *count as usize))
        .collect()
}

fn sum_of(values: &[(f64, u32)]) -> f64 {
    values
        .iter()
        .map(|(value, count)| value * f64::from(*count))
        .sum()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_distribution_keeps_count_sum_and_extremes(list in values()) {
        let out = Distribution::of(&list).values();
        let total: u64 = out.iter().map(|(_, count)| u64::from(*count)).sum();
        prop_assert!(out.len() <= VALUES_PER_DATUM, "{} distinct values", out.len());
        prop_assert_eq!(total, list.len() as u64);
        let (input, output) = (sorted(&list), expand(&out));
        prop_assert_eq!(input.first(), output.first());
        prop_assert_eq!(input.last(), output.last());
        // Against the magnitudes: a sum of both signs may be anything near zero.
        let scale: f64 = list.iter().map(|value| value.abs()).sum();
        let sum: f64 = input.iter().sum();
        prop_assert!((sum - sum_of(&out)).abs() <= ROUNDING * scale, "{sum} and {}", sum_of(&out));
    }

    #[test]
    fn values_on_the_wire_are_legal_distinct_and_rising(list in values()) {
        let out = Distribution::of(&list).values();
        prop_assert!(out.windows(2).all(|pair| pair[0].0 < pair[1].0), "{out:?}");
        let legal = |(value, count): &(f64, u32)| value.abs() <= VALUE_MAX && *count > 0;
        prop_assert!(out.iter().all(legal));
    }

    #[test]
    fn up_to_150_distinct_values_go_out_as_they_came(list in values()) {
        let distinct = counted(&list);
        let distribution = Distribution::of(&list);
        if distinct.len() <= VALUES_PER_DATUM {
            prop_assert_eq!(distribution.values(), distinct);
            prop_assert_eq!(distribution.relative_error(), 0.0);
        } else {
            prop_assert!(distribution.relative_error() > 0.0);
        }
    }

    #[test]
    fn every_reading_lies_within_the_stated_error(list in values()) {
        let distribution = Distribution::of(&list);
        let error = distribution.relative_error() + ROUNDING;
        let pairs = sorted(&list).into_iter().zip(expand(&distribution.values()));
        for (read, sent) in pairs {
            prop_assert!((read - sent).abs() <= error * read.abs(), "{read} went out as {sent}, stated {error}");
        }
    }

    #[test]
    fn the_order_of_readings_does_not_matter(
        (list, shuffled) in values().prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle()))
    ) {
        let (one, other) = (Distribution::of(&list), Distribution::of(&shuffled));
        prop_assert_eq!(one.relative_error(), other.relative_error());
        if one.relative_error() == 0.0 {
            prop_assert_eq!(one.values(), other.values());
        } else {
            assert_alike(&one.values(), &other.values())?;
        }
    }
}

/// Equal but for the rounding of sums in another order.
fn assert_alike(one: &[(f64, u32)], other: &[(f64, u32)]) -> Result<(), TestCaseError> {
    for (a, b) in expand(one).into_iter().zip(expand(other)) {
        // A mean beside an extreme of a wide bucket carries the rounding of that extreme.
        prop_assert!((a - b).abs() <= 1e-6 * a.abs(), "{a} and {b}");
    }
    Ok(())
}

// ---------------------------------------------------------------- counters

static COUNTER64: Reading = reading(Kind::Counter(Width::Bits64));
static COUNTER32: Reading = reading(Kind::Counter(Width::Bits32));
static RATE64: Reading = reading(Kind::Rate(Width::Bits64, 8.0));
static RATE32: Reading = reading(Kind::Rate(Width::Bits32, 8.0));
static SHARE: Reading = reading(Kind::Share);

const fn reading(kind: Kind) -> Reading {
    Reading {
        name: "r",
        kind,
        feeds: &[],
    }
}

/// A reading every so many milliseconds, none at all included.
fn steps<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(u64, T)>> {
    vec((prop_oneof![Just(0u64), 1u64..10_000], of), 1..60)
}

/// Growth of a total between two readings, as both widths can carry it.
fn growth() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0u64), 0u64..1000, Just(1u64 << 31), 0..=1u64 << 31]
}

/// What each reading became; the first one only seeds.
fn advance(reading: &'static Reading, raws: &[(u64, Raw)]) -> Vec<Result<f64, Dropped>> {
    let mut counters = Counters::default();
    let mut at = Duration::ZERO;
    raws.iter()
        .map(|(ms, raw)| {
            at += Duration::from_millis(*ms);
            let record = Record::new(reading, raw.clone());
            match counters.advance(0, &record, at)? {
                Fine::Value(value) => Ok(value),
                Fine::Block(_) => panic!("a total made a block"),
            }
        })
        .collect()
}

/// Totals from a start, as a counter of this width shows them; never reset.
fn totals(start: u64, steps: &[(u64, u64)], mask: u64) -> Vec<(u64, Raw)> {
    let mut total = start;
    let mut raws = vec![(0, Raw::Total(total & mask))];
    for (ms, growth) in steps {
        total += growth;
        raws.push((*ms, Raw::Total(total & mask)));
    }
    raws
}

const BITS32: u64 = u32::MAX as u64;

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn increases_sum_to_the_true_total(start in 0u64..1 << 50, steps in steps(growth())) {
        let grown: u64 = steps.iter().map(|(_, growth)| growth).sum();
        for (reading, mask) in [(&COUNTER64, u64::MAX), (&COUNTER32, BITS32)] {
            let out = advance(reading, &totals(start, &steps, mask));
            prop_assert_eq!(out[0], Err(Dropped::Seed));
            let increases: Result<Vec<f64>, _> = out[1..].iter().copied().collect();
            prop_assert!(increases.is_ok(), "{:?} of {:?}", out, reading.kind);
            prop_assert_eq!(increases.unwrap().iter().sum::<f64>(), grown as f64);
        }
    }

    #[test]
    fn a_64_bit_total_that_falls_is_a_reset_and_everything_else_an_increase(
        list in vec(prop_oneof![0u64..100, 0u64..1 << 53], 2..60)
    ) {
        let raws: Vec<_> = list.iter().map(|total| (1000, Raw::Total(*total))).collect();
        let out = advance(&COUNTER64, &raws);
        for (pair, made) in list.windows(2).zip(&out[1..]) {
            let wanted = pair[1].checked_sub(pair[0]).map(|grown| grown as f64);
            prop_assert_eq!(*made, wanted.ok_or(Dropped::Reset));
        }
    }

    #[test]
    fn a_32_bit_total_wraps_below_half_its_range_and_resets_above(list in vec(any::<u32>(), 2..60)) {
        let raws: Vec<_> = list.iter().map(|total| (1000, Raw::Total(u64::from(*total)))).collect();
        let out = advance(&COUNTER32, &raws);
        for (pair, made) in list.windows(2).zip(&out[1..]) {
            let grown = (i64::from(pair[1]) - i64::from(pair[0])).rem_euclid(1 << 32);
            let wanted = if grown > 1 << 31 { Err(Dropped::Reset) } else { Ok(grown as f64) };
            prop_assert_eq!(*made, wanted);
        }
    }

    #[test]
    fn rates_times_their_seconds_are_the_growth(start in 0u64..1 << 50, steps in steps(growth())) {
        for (reading, mask) in [(&RATE64, u64::MAX), (&RATE32, BITS32)] {
            let out = advance(reading, &totals(start, &steps, mask));
            for ((ms, growth), made) in steps.iter().zip(&out[1..]) {
                if *ms == 0 {
                    prop_assert_eq!(*made, Err(Dropped::NoGrowth));
                    continue;
                }
                let bits = made.unwrap() * *ms as f64 / 1000.0;
                let wanted = *growth as f64 * 8.0;
                // Half a millionth: a rate is rounded to 21 binary digits.
                prop_assert!((bits - wanted).abs() <= 0.5e-6 * wanted, "{bits} and {wanted}");
            }
        }
    }

    #[test]
    fn shares_are_percent_whatever_part_and_whole_do(
        list in vec((prop_oneof![0u64..200, any::<u64>()], prop_oneof![0u64..200, any::<u64>()]), 2..60)
    ) {
        let raws: Vec<_> = list.iter().map(|(part, whole)| (1000, Raw::Part { part: *part, whole: *whole })).collect();
        let out = advance(&SHARE, &raws);
        for (pair, made) in list.windows(2).zip(&out[1..]) {
            prop_assert_eq!(*made, share(pair[0], pair[1]));
            prop_assert!(made.is_err() || (0.0..=100.0).contains(&made.unwrap()));
        }
    }

    #[test]
    fn totals_of_any_width_never_make_a_negative_value(list in vec((0u64..5000, any::<u64>()), 2..60)) {
        let raws: Vec<_> = list.iter().map(|(ms, total)| (*ms, Raw::Total(*total))).collect();
        for reading in [&COUNTER64, &COUNTER32, &RATE64, &RATE32] {
            for made in advance(reading, &raws).into_iter().flatten() {
                prop_assert!(made >= 0.0 && made.is_finite(), "{made}");
            }
        }
    }

    #[test]
    fn members_do_not_disturb_each_other(list in vec((0..3usize, 0u64..1000), 1..60)) {
        let mut counters = Counters::default();
        let mut last: BTreeMap<usize, u64> = BTreeMap::new();
        for (second, (member, total)) in list.into_iter().enumerate() {
            let record = Record::new(&COUNTER64, Raw::Total(total)).member(member.to_string());
            let made = counters.advance(0, &record, Duration::from_secs(second as u64));
            let wanted = match last.insert(member, total) {
                None => Err(Dropped::Seed),
                Some(before) => total.checked_sub(before).map(|grown| Fine::Value(grown as f64)).ok_or(Dropped::Reset),
            };
            prop_assert_eq!(made, wanted);
        }
    }
}

/// The model of a share: growth against growth, a falling part is 0.
fn share(before: (u64, u64), now: (u64, u64)) -> Result<f64, Dropped> {
    match now.1.cmp(&before.1) {
        std::cmp::Ordering::Less => Err(Dropped::Reset),
        std::cmp::Ordering::Equal => Err(Dropped::NoGrowth),
        std::cmp::Ordering::Greater => {
            let part = now.0.saturating_sub(before.0);
            Ok((part as f64 / (now.1 - before.1) as f64 * 100.0).min(100.0))
        }
    }
}

// ---------------------------------------------------------------- fold

const FOLDS: [Fold; 4] = [Fold::Sum, Fold::Max, Fold::Min, Fold::Mean];

/// Whole numbers: their sums are exact in any order.
fn whole() -> impl Strategy<Value = f64> {
    (-1_000_000i32..1_000_000).prop_map(f64::from)
}

/// Folds a list in some grouping: neighbours are joined at random until one is left.
fn fold_grouped(mut foldings: Vec<Folding>, joins: &[Index]) -> Folding {
    let mut joins = joins.iter().cycle();
    while foldings.len() > 1 {
        let at = joins.next().unwrap().index(foldings.len() - 1);
        let right = foldings.remove(at + 1);
        let left = foldings.remove(at);
        foldings.insert(at, left.and(right));
    }
    foldings.remove(0)
}

/// The fold of one second's values, straight from its meaning.
fn direct(values: &[f64], fold: Fold) -> f64 {
    let sum: f64 = values.iter().sum();
    match fold {
        Fold::Sum => sum,
        Fold::Mean => sum / values.len() as f64,
        Fold::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Fold::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
    }
}

/// The fold of blocks: second by second, counted back from the newest.
fn direct_blocks(blocks: &[Vec<f64>], fold: Fold) -> Vec<f64> {
    let longest = blocks.iter().map(Vec::len).max().unwrap();
    let second = |back: usize| -> Vec<f64> {
        let has = blocks.iter().filter(|block| block.len() > back);
        has.map(|block| block[block.len() - 1 - back]).collect()
    };
    (0..longest)
        .rev()
        .map(|back| direct(&second(back), fold))
        .collect()
}

/// A list, the same in another order, and a grouping.
fn regrouped<T: Clone + std::fmt::Debug>(
    list: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = (Vec<T>, Vec<T>, Vec<Index>)> {
    list.prop_flat_map(|list| {
        let shuffled = Just(list.clone()).prop_shuffle();
        (Just(list), shuffled, vec(any::<Index>(), 1..20))
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn moments_fold_alike_in_any_order_and_grouping(
        (list, shuffled, joins) in regrouped(vec(whole(), 1..40))
    ) {
        let foldings = shuffled.iter().map(|value| Folding::of(&Fine::Value(*value))).collect();
        let folded = fold_grouped(foldings, &joins);
        for fold in FOLDS {
            prop_assert_eq!(folded.finish(fold), Fine::Value(direct(&list, fold)));
        }
    }

    #[test]
    fn blocks_fold_alike_in_any_order_and_grouping_aligned_at_the_newest(
        (list, shuffled, joins) in regrouped(vec(vec(whole(), 1..12), 1..12))
    ) {
        let foldings = shuffled.into_iter().map(|block| Folding::of(&Fine::Block(block))).collect();
        let folded = fold_grouped(foldings, &joins);
        for fold in FOLDS {
            let wanted = direct_blocks(&list, fold);
            let fine = folded.finish(fold);
            prop_assert_eq!(newest(&fine), wanted.last().copied());
            prop_assert_eq!(fine, Fine::Block(wanted));
        }
    }

    /// Blocks of one length, as the members of one device have them.
    #[test]
    fn a_moment_counts_for_each_second_of_a_block_wherever_it_is_folded_in(
        (list, shuffled, joins) in regrouped((1..8usize).prop_flat_map(|length| {
            vec(prop_oneof![whole().prop_map(|value| vec![value]), vec(whole(), length)], 1..12)
        }))
    ) {
        let length = list.iter().map(Vec::len).max().unwrap();
        let fine = |values: Vec<f64>| match values[..] {
            [only] => Fine::Value(only),
            _ => Fine::Block(values),
        };
        let foldings = shuffled.into_iter().map(|values| Folding::of(&fine(values))).collect();
        let folded = fold_grouped(foldings, &joins);
        let stretched: Vec<Vec<f64>> = list
            .into_iter()
            .map(|values| if values.len() == 1 { vec![values[0]; length] } else { values })
            .collect();
        for fold in FOLDS {
            prop_assert_eq!(folded.finish(fold), fine(direct_blocks(&stretched, fold)));
        }
    }
}

// ---------------------------------------------------------------- datums

/// The form of a datum, from which it is made; small, so that thousands are cheap.
#[derive(Debug, Clone)]
struct Shape {
    metric: String,
    dimensions: usize,
    name_bytes: usize,
    value_bytes: usize,
    values: usize,
    counts: Counts,
    first: f64,
    unit: Unit,
    resolution: Resolution,
    age_secs: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Counts {
    Ones,
    One(u32),
    Rising,
}

/// Lengths on both sides of each head's size.
fn length(most: usize) -> impl Strategy<Value = usize> {
    let edges = [1, 2, 23, 24, 25, 254, 255, 256, 257, most];
    let edges: Vec<usize> = edges.into_iter().filter(|edge| *edge <= most).collect();
    prop_oneof![select(edges), 1..=most, 1..=most.min(40)]
}

fn shape() -> impl Strategy<Value = Shape> {
    let metric = prop_oneof![
        4 => "[!-~][ -~]{0,40}",
        1 => length(NAME_BYTES).prop_map(|length| "m".repeat(length)),
    ];
    let dimensions = prop_oneof![3 => 0..=3usize, 1 => 0..=DIMENSIONS_PER_DATUM];
    let counts = prop_oneof![
        Just(Counts::Ones),
        any::<u32>().prop_map(|count| Counts::One(count.max(1))),
        Just(Counts::Rising)
    ];
    let resolution = select(vec![Resolution::Second, Resolution::Minute]);
    let sizes = (
        dimensions,
        length(NAME_BYTES),
        length(DIMENSION_VALUE_BYTES),
        length(VALUES_PER_DATUM),
    );
    let rest = (
        counts,
        value(),
        select(Unit::ALL.to_vec()),
        resolution,
        -7000..1_200_000i64,
    );
    (metric, sizes, rest).prop_map(|(metric, sizes, rest)| Shape {
        metric,
        dimensions: sizes.0,
        name_bytes: sizes.1,
        value_bytes: sizes.2,
        values: sizes.3,
        counts: rest.0,
        first: rest.1,
        unit: rest.2,
        resolution: rest.3,
        age_secs: rest.4,
    })
}

impl Shape {
    fn datum(&self, now: i64) -> Datum {
        let dimensions = (0..self.dimensions).map(|number| self.dimension(number));
        let counts = (1..).zip(self.distinct());
        let counts = counts.map(|(rank, value)| match self.counts {
            Counts::Ones => (value, 1),
            Counts::One(count) => (value, if rank == 1 { count } else { 1 }),
            Counts::Rising => (value, rank),
        });
        Datum {
            metric: Cow::Owned(self.metric.clone()),
            unit: self.unit,
            dimensions: dimensions.collect(),
            timestamp: now - self.age_secs,
            resolution: self.resolution,
            values: counts.collect(),
        }
    }

    /// Names differ in their first two bytes.
    fn dimension(&self, number: usize) -> Dimension {
        let name = format!("{number:02}{}", "d".repeat(self.name_bytes));
        let bytes = name.len().min(NAME_BYTES);
        Dimension {
            name: Cow::Owned(name[..bytes].to_owned()),
            value: "v".repeat(self.value_bytes),
        }
    }

    fn distinct(&self) -> Vec<f64> {
        let mut values = vec![self.first + 0.0];
        values.extend((0..self.values as u64 - 1).map(|number| number as f64 + 0.25));
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.to_bits()));
        values
    }
}

/// Shapes, each some times over: a few, or more than one call takes.
fn shapes(most_copies: usize) -> impl Strategy<Value = Vec<(Shape, usize)>> {
    vec((shape(), 1..=most_copies), 1..12)
}

fn datums(shapes: &[(Shape, usize)], now: i64) -> Vec<Datum> {
    let each = shapes.iter();
    each.flat_map(|(shape, copies)| std::iter::repeat_n(shape.datum(now), *copies))
        .collect()
}

fn namespace() -> Arc<str> {
    Arc::from("Firewall/fwmetrics")
}

// ---------------------------------------------------------------- packer

fn bytes_of(datums: &[Datum]) -> usize {
    size::envelope(&namespace(), datums.len()) + datums.iter().map(size::datum).sum::<usize>()
}

/// Below 256 datums the list's head is up to two bytes shorter than the packer reckons with.
const HEAD_SLACK: usize = 2;

/// In order, nothing lost, within both limits, and none could have taken the next one's first datum.
fn assert_packed(datums: &[Datum], batches: &[Batch]) -> Result<(), TestCaseError> {
    let unpacked: Vec<Datum> = batches
        .iter()
        .flat_map(|batch| batch.datums().to_vec())
        .collect();
    prop_assert!(unpacked == datums, "datums were lost, added or moved");
    for batch in batches {
        prop_assert!((1..=DATUMS_PER_CALL).contains(&batch.datums().len()));
        prop_assert!(batch.bytes() <= CALL_BYTES, "{} bytes", batch.bytes());
        prop_assert_eq!(batch.bytes(), bytes_of(batch.datums()));
    }
    for pair in batches.windows(2) {
        let full = pair[0].datums().len() == DATUMS_PER_CALL;
        let more = pair[0].bytes() + size::datum(&pair[1].datums()[0]);
        prop_assert!(
            full || more > CALL_BYTES - HEAD_SLACK,
            "{more} bytes would fit"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn batches_keep_every_datum_in_order_within_the_limits_and_as_full_as_can_be(list in shapes(300)) {
        let datums = datums(&list, 0);
        assert_packed(&datums, &split(&namespace(), datums.clone()))?;
    }

    #[test]
    fn halves_keep_every_datum_in_order(list in shapes(20)) {
        let datums = datums(&list, 0);
        for batch in split(&namespace(), datums) {
            let whole = batch.clone();
            match batch.halve() {
                Err(only) => prop_assert_eq!(whole.datums(), &[only]),
                Ok(halves) => {
                    let [first, second] = &halves;
                    prop_assert!(!second.datums().is_empty());
                    prop_assert_eq!([first.datums(), second.datums()].concat(), whole.datums());
                    prop_assert!(halves.iter().all(|half| half.bytes() == bytes_of(half.datums())));
                }
            }
        }
    }
}

fn lengths(datums: Vec<Datum>) -> Vec<usize> {
    let batches = split(&namespace(), datums);
    batches.iter().map(|batch| batch.datums().len()).collect()
}

/// A datum with one dimension value of so many bytes.
fn plain(value_bytes: usize) -> Datum {
    Datum {
        metric: Cow::Borrowed("m"),
        unit: Unit::Count,
        dimensions: vec![Dimension {
            name: Cow::Borrowed("d"),
            value: "v".repeat(value_bytes),
        }],
        timestamp: 0,
        resolution: Resolution::Minute,
        values: vec![(1.0, 1)],
    }
}

#[test]
fn a_call_takes_1000_datums_and_no_more() {
    for (count, wanted) in [
        (0, vec![]),
        (1, vec![1]),
        (999, vec![999]),
        (1000, vec![1000]),
        (1001, vec![1000, 1]),
        (2000, vec![1000, 1000]),
        (2001, vec![1000, 1000, 1]),
    ] {
        assert_eq!(lengths(vec![plain(1); count]), wanted, "{count} datums");
    }
}

/// Datums whose one call would be exactly so long: what is left over is spread, each value stays legal.
fn exactly(bytes: usize) -> Vec<Datum> {
    let room = bytes - size::envelope(&namespace(), DATUMS_PER_CALL);
    let mut datums = vec![plain(900); room / size::datum(&plain(900))];
    let mut rest = bytes - bytes_of(&datums);
    for datum in &mut datums {
        let more = rest.min(DIMENSION_VALUE_BYTES - 900);
        datum.dimensions[0].value.push_str(&"v".repeat(more));
        rest -= more;
    }
    assert_eq!(bytes_of(&datums), bytes);
    datums
}

#[test]
fn a_call_takes_900_000_bytes_and_not_one_more() {
    for (bytes, calls) in [(CALL_BYTES - 1, 1), (CALL_BYTES, 1), (CALL_BYTES + 1, 2)] {
        let datums = exactly(bytes);
        assert!((256..DATUMS_PER_CALL).contains(&datums.len()));
        let batches = split(&namespace(), datums.clone());
        assert_eq!(batches.len(), calls, "{bytes} bytes");
        assert_packed(&datums, &batches).unwrap();
        if calls == 1 {
            assert_eq!(batches[0].bytes(), bytes);
        }
    }
}

// ---------------------------------------------------------------- validate, and the wire

/// One way to break a rule.
#[derive(Debug, Clone, Copy)]
enum Mutation {
    TooOld,
    TooNew,
    MetricEmpty,
    MetricBlank,
    MetricLong,
    MetricForeign,
    MetricControl,
    DimensionsMany,
    DimensionTwice,
    NameEmpty,
    NameColon,
    NameLong,
    NameForeign,
    ValueEmpty,
    ValueBlank,
    ValueLong,
    ValueForeign,
    NoValues,
    ManyValues,
    NotANumber,
    Infinite,
    TooLarge,
    CountZero,
}

const MUTATIONS: [Mutation; 23] = [
    Mutation::TooOld,
    Mutation::TooNew,
    Mutation::MetricEmpty,
    Mutation::MetricBlank,
    Mutation::MetricLong,
    Mutation::MetricForeign,
    Mutation::MetricControl,
    Mutation::DimensionsMany,
    Mutation::DimensionTwice,
    Mutation::NameEmpty,
    Mutation::NameColon,
    Mutation::NameLong,
    Mutation::NameForeign,
    Mutation::ValueEmpty,
    Mutation::ValueBlank,
    Mutation::ValueLong,
    Mutation::ValueForeign,
    Mutation::NoValues,
    Mutation::ManyValues,
    Mutation::NotANumber,
    Mutation::Infinite,
    Mutation::TooLarge,
    Mutation::CountZero,
];

const DAY_SECS: i64 = 86_400;

/// Breaks one rule of a legal datum, somewhere in it.
fn mutate(datum: &mut Datum, mutation: Mutation, place: Index) {
    match mutation {
        Mutation::TooOld => datum.timestamp -= 30 * DAY_SECS,
        Mutation::TooNew => datum.timestamp += 30 * DAY_SECS,
        Mutation::MetricEmpty => datum.metric = Cow::Borrowed(""),
        Mutation::MetricBlank => datum.metric = Cow::Borrowed("  "),
        Mutation::MetricLong => datum.metric = Cow::Owned("m".repeat(NAME_BYTES + 1)),
        Mutation::MetricForeign => datum.metric.to_mut().push('ü'),
        Mutation::MetricControl => datum.metric.to_mut().push('\u{7f}'),
        Mutation::NoValues
        | Mutation::ManyValues
        | Mutation::NotANumber
        | Mutation::Infinite
        | Mutation::TooLarge
        | Mutation::CountZero => mutate_values(&mut datum.values, mutation, place),
        _ => mutate_dimensions(&mut datum.dimensions, mutation, place),
    }
}

fn mutate_values(values: &mut Vec<(f64, u32)>, mutation: Mutation, place: Index) {
    let at = place.index(values.len());
    match mutation {
        Mutation::NoValues => values.clear(),
        Mutation::ManyValues => {
            *values = (0..=VALUES_PER_DATUM)
                .map(|value| (value as f64, 1))
                .collect();
        }
        Mutation::NotANumber => values[at].0 = f64::NAN,
        Mutation::Infinite => values[at].0 = f64::NEG_INFINITY,
        Mutation::TooLarge => values[at].0 = VALUE_MAX.next_up(),
        _ => values[at].1 = 0,
    }
}

fn mutate_dimensions(dimensions: &mut Vec<Dimension>, mutation: Mutation, place: Index) {
    if dimensions.is_empty() {
        dimensions.push(dimension("00"));
    }
    let at = place.index(dimensions.len());
    let one = &mut dimensions[at];
    match mutation {
        Mutation::NameEmpty => one.name = Cow::Borrowed(""),
        Mutation::NameColon => one.name = Cow::Borrowed(":name"),
        Mutation::NameLong => one.name = Cow::Owned("n".repeat(NAME_BYTES + 1)),
        Mutation::NameForeign => one.name = Cow::Borrowed("na\nme"),
        Mutation::ValueEmpty => one.value.clear(),
        Mutation::ValueBlank => one.value = "   ".to_owned(),
        Mutation::ValueLong => one.value = "v".repeat(DIMENSION_VALUE_BYTES + 1),
        Mutation::ValueForeign => one.value.push('é'),
        Mutation::DimensionTwice => {
            let name = one.name.clone();
            dimensions.truncate(DIMENSIONS_PER_DATUM - 1);
            dimensions.truncate(dimensions.len().max(1));
            dimensions[0].name = name.clone();
            dimensions.push(dimension(&name));
        }
        _ => {
            *dimensions = (0..=DIMENSIONS_PER_DATUM)
                .map(|number| dimension(&format!("{number}")))
                .collect();
        }
    }
}

fn dimension(name: &str) -> Dimension {
    Dimension {
        name: Cow::Owned(name.to_owned()),
        value: "v".to_owned(),
    }
}

/// A recent and a fixed time: the check is given the time.
const NOW: i64 = 1_795_219_200;

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_legal_datum_passes_the_check(shape in shape()) {
        prop_assert_eq!(validate::datum(&shape.datum(NOW), NOW), Ok(()));
    }

    #[test]
    fn a_datum_that_breaks_a_rule_is_refused(shape in shape(), mutation in select(MUTATIONS.to_vec()), place in any::<Index>()) {
        let mut datum = shape.datum(NOW);
        mutate(&mut datum, mutation, place);
        prop_assert!(validate::datum(&datum, NOW).is_err(), "{datum:?}");
    }
}

/// Set in the child in which credentials are in the environment.
const CHILD: &str = "PROPERTIES_CHILD";

/// Runs `body` in a process of its own that has the endpoint's key in its environment, and nothing else of AWS's:
/// setting a variable of one's own process is unsafe.
#[allow(clippy::disallowed_methods)] // a test may start itself
fn with_credentials(test: &str, body: fn()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let key = Key::example();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let meant_for_us = |name: &str| {
        let name = name.to_ascii_uppercase();
        !name.starts_with("AWS_") && !name.ends_with("_PROXY")
    };
    for (name, _) in std::env::vars_os() {
        if !name.to_str().is_some_and(meant_for_us) {
            child.env_remove(name);
        }
    }
    let output = child
        .args(["--exact", test])
        .env(CHILD, "1")
        .env("AWS_ACCESS_KEY_ID", key.id)
        .env("AWS_SECRET_ACCESS_KEY", key.secret)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // A name that no test has would run nothing, and end well.
    let ran = told.contains("1 passed");
    assert!(output.status.success() && ran, "{told}{errors}");
}

/// An endpoint and the program's own client for it.
struct Wire {
    endpoint: Endpoint,
    runtime: tokio::runtime::Runtime,
    client: RefCell<CloudWatch>,
}

impl Wire {
    fn new() -> Self {
        let endpoint = Endpoint::start();
        let settings = CloudWatchSettings {
            region: Some("eu-west-1".to_owned()),
            endpoint_url: Some(endpoint.url()),
            ..CloudWatchSettings::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread();
        Wire {
            endpoint,
            runtime: { runtime }.enable_all().build().unwrap(),
            client: RefCell::new(CloudWatch::new(settings)),
        }
    }

    /// One attempt; what the program makes of the answer, and what the endpoint saw.
    fn send(&self, batch: &Batch) -> (Outcome, support::Call) {
        let before = self.endpoint.calls().len();
        let mut client = self.client.borrow_mut();
        let answer = self.runtime.block_on(client.send(batch));
        let mut calls = self.endpoint.calls_since(before);
        assert_eq!(calls.len(), 1, "{}", answer.reason);
        (answer.outcome, calls.remove(0))
    }
}

fn runner(count: u32) -> TestRunner {
    TestRunner::new(cases(count))
}

#[test]
fn the_counted_size_is_what_the_sdk_sends_and_cloudwatch_takes_it() {
    with_credentials(
        "the_counted_size_is_what_the_sdk_sends_and_cloudwatch_takes_it",
        || {
            let wire = Wire::new();
            let small = runner(80).run(&shapes(3), |list| send_all(&wire, &list));
            small.unwrap_or_else(|error| panic!("{error}"));
            let large = runner(8).run(&shapes(250), |list| send_all(&wire, &list));
            large.unwrap_or_else(|error| panic!("{error}"));
            let calls = wire.endpoint.calls();
            let packed = |call: &support::Call| call.wire_bytes < call.uncompressed_bytes;
            assert!(calls.iter().any(packed) && !calls.iter().all(packed));
        },
    );
}

fn send_all(wire: &Wire, list: &[(Shape, usize)]) -> Result<(), TestCaseError> {
    let now = fwmetrics::clock::now().wall_secs();
    let datums = datums(list, now);
    for datum in &datums {
        prop_assert_eq!(validate::datum(datum, now), Ok(()));
    }
    for batch in split(&namespace(), datums) {
        let (outcome, call) = wire.send(&batch);
        prop_assert!(call.accepted, "{:?}: {:?}", call.code, call.message);
        prop_assert_eq!(outcome, Outcome::Sent);
        prop_assert_eq!(call.uncompressed_bytes, batch.bytes());
        prop_assert_eq!(call.datums, batch.datums().len());
    }
    Ok(())
}

#[test]
fn calls_at_both_limits_are_taken() {
    with_credentials("calls_at_both_limits_are_taken", || {
        let wire = Wire::new();
        let now = fwmetrics::clock::now().wall_secs();
        let recent = |mut datum: Datum| {
            datum.timestamp = now;
            datum
        };
        for datums in [exactly(CALL_BYTES), vec![plain(1); DATUMS_PER_CALL]] {
            let datums = datums.into_iter().map(recent).collect();
            let batches = split(&namespace(), datums);
            assert_eq!(batches.len(), 1);
            let (outcome, call) = wire.send(&batches[0]);
            assert_eq!(outcome, Outcome::Sent, "{:?}", call.message);
            assert_eq!(call.uncompressed_bytes, batches[0].bytes());
        }
    });
}

#[test]
fn cloudwatch_refuses_what_the_check_refuses() {
    with_credentials("cloudwatch_refuses_what_the_check_refuses", || {
        let wire = Wire::new();
        let mutations = (shape(), any::<Index>());
        for mutation in MUTATIONS {
            let refused = runner(4).run(&mutations, |(shape, place)| {
                send_broken(&wire, &shape, mutation, place)
            });
            refused.unwrap_or_else(|error| panic!("{mutation:?}: {error}"));
        }
    });
}

fn send_broken(
    wire: &Wire,
    shape: &Shape,
    mutation: Mutation,
    place: Index,
) -> Result<(), TestCaseError> {
    let now = fwmetrics::clock::now().wall_secs();
    let mut datum = shape.datum(now);
    mutate(&mut datum, mutation, place);
    prop_assert!(validate::datum(&datum, now).is_err());
    let batch = split(&namespace(), vec![datum]).remove(0);
    let (outcome, call) = wire.send(&batch);
    prop_assert!(!call.accepted);
    prop_assert_eq!(outcome, Outcome::Invalid, "{:?}", call.code);
    prop_assert_eq!(call.uncompressed_bytes, batch.bytes());
    Ok(())
}

// ---------------------------------------------------------------- configuration

/// Every table and key there is, and some there are not.
const TABLES: [&str; 12] = [
    "",
    "log",
    "cloudwatch",
    "metrics",
    "identity",
    "spool",
    "collectors",
    "collectors.cpu",
    "collectors.conntrack",
    "collectors.interfaces",
    "collectors.exporter",
    "nonsense.deep",
];
const KEYS: [&str; 32] = [
    "root",
    "level",
    "format",
    "namespace",
    "region",
    "endpoint_url",
    "role_arn",
    "external_id",
    "period_secs",
    "phase_secs",
    "requests_per_second",
    "dimension_sets",
    "series_max",
    "enable",
    "disable",
    "auto_scaling_group",
    "instance_id",
    "ha_group",
    "in_service",
    "warm_up_secs",
    "memory_bytes",
    "disk_bytes",
    "oldest_secs",
    "auto",
    "sample_secs",
    "timeout_secs",
    "cpus",
    "include",
    "exclude",
    "nonsense",
    "cpu",
    "a.b.c",
];

/// TOML values, right and wrong, and what is none.
fn toml_value() -> impl Strategy<Value = String> {
    // Not beyond: a huge period_secs takes for ever to list its divisors (config/check.rs, `divisors`).
    let number = prop_oneof![
        (-100i64..100_000).prop_map(|n| n.to_string()),
        select(vec![
            "0x1f",
            "1_000",
            "1e9",
            "-0.0",
            "nan",
            "99999999999999999999"
        ])
        .prop_map(str::to_owned),
    ];
    let words = vec![
        "true",
        "false",
        "\"\"",
        "\"/\"",
        "\"info\"",
        "\"warn,fwmetrics=debug\"",
        "\"text\"",
        "\"2-7\"",
        "\"0-99999999999\"",
        "\"http://h\"",
        "[]",
        "{}",
        "{ a = 1 }",
        "[[]]",
        "[[\"InstanceId\"]]",
        "[[\"InstanceId\"], [\"InstanceId\"]]",
        "[\"eth*\", \"[\", \"***\"]",
        "[\"cpu\"]",
        "[1, \"a\"]",
        "2026-01-01",
        "\"\\u0000\"",
        "'''\n'''",
        "",
        "=",
        "[",
    ];
    prop_oneof![
        number,
        select(words).prop_map(str::to_owned),
        "\"[ -~&&[^\"\\\\]]{0,20}\"",
        "\\PC{0,10}",
    ]
}

/// Text that is nearly a configuration.
fn toml_text() -> impl Strategy<Value = String> {
    let line =
        (select(KEYS.to_vec()), toml_value()).prop_map(|(key, value)| format!("{key} = {value}\n"));
    let table = (select(TABLES.to_vec()), vec(line, 0..6)).prop_map(|(table, lines)| match table {
        "" => lines.concat(),
        name => format!("[{name}]\n{}", lines.concat()),
    });
    vec(table, 0..6).prop_map(|tables| tables.concat())
}

fn environment() -> impl Strategy<Value = Vec<(String, String)>> {
    let known = (select(TABLES.to_vec()), select(KEYS.to_vec())).prop_map(|(table, key)| {
        let path = if table.is_empty() {
            key.to_owned()
        } else {
            format!("{table}.{key}")
        };
        format!("FWMETRICS_{}", path.replace('.', "__").to_ascii_uppercase())
    });
    let name = prop_oneof![4 => known, 1 => "FWMETRICS_\\PC{0,20}", 1 => "\\PC{0,12}"];
    vec((name, prop_oneof![toml_value(), any::<String>()]), 0..4)
}

/// No panic; and each fault says something. Also the display of them, and the collectors of what is right.
fn assert_parses_or_explains(
    text: &str,
    environment: &[(String, String)],
) -> Result<(), TestCaseError> {
    match fwmetrics::config::parse(text, Some("f.toml".to_owned()), environment) {
        Ok(config) => {
            for wanted in config.collectors() {
                prop_assert!(wanted.build().is_ok(), "{text}");
                prop_assert!(!wanted.period.is_zero() && !wanted.timeout.is_zero());
            }
        }
        Err(faults) => {
            prop_assert!(!faults.list.is_empty() && !faults.to_string().is_empty());
            for fault in &faults.list {
                prop_assert!(
                    !fault.wrong.is_empty() || !fault.remedy.is_empty(),
                    "{fault:?}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn any_text_is_a_configuration_or_has_faults(text in any::<String>(), environment in environment()) {
        assert_parses_or_explains(&text, &environment)?;
    }

    #[test]
    fn near_configurations_are_right_or_have_faults(text in toml_text(), environment in environment()) {
        assert_parses_or_explains(&text, &environment)?;
    }

    #[test]
    fn the_environment_alone_is_right_or_has_faults(environment in environment()) {
        assert_parses_or_explains("", &environment)?;
    }

    #[test]
    fn a_fault_in_a_line_names_that_line(blank in 0..20usize, table in select(TABLES[1..11].to_vec())) {
        let text = format!("{}[{table}]\nno_such_key = 1\n", "\n".repeat(blank));
        let faults = fwmetrics::config::parse(&text, None, &[]).unwrap_err();
        let place = fwmetrics::model::faults::Place::Line(blank + 2);
        prop_assert!(faults.list.iter().any(|fault| fault.place == place), "{faults:?}");
    }
}

// ---------------------------------------------------------------- parsers

fn fixture(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(file)).unwrap()
}

/// A real file with some bytes changed, cut or put in.
fn damaged(file: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let whole = fixture(file);
    let edits = vec((any::<Index>(), any::<u8>(), 0..3u8), 0..8);
    (edits, any::<Index>(), any::<bool>()).prop_map(move |(edits, end, cut)| {
        let mut bytes = whole.clone();
        for (place, byte, how) in edits {
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes
    })
}

fn damaged_text(file: &str) -> impl Strategy<Value = String> + use<> {
    damaged(file).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn parse_texts(text: &str) {
    cpu::wire::proc_stat(text).ok();
    cpu::wire::cpu_list(text).ok();
    conntrack::wire::stat(text).ok();
    conntrack::wire::number(text).ok();
    conntrack::wire::pid(text).ok();
    conntrack::nft::CounterName::parse(text).ok();
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>(), list in "[0-9,\\- ]{0,30}", lines in "(cpu[0-9 -]{0,30}\n){0,4}") {
        parse_texts(&text);
        parse_texts(&list);
        parse_texts(&lines);
    }

    #[test]
    fn no_damage_to_a_real_file_makes_a_parser_panic(
        stat in damaged_text("linux-6.18/t0/proc/stat"),
        conntrack in damaged_text("linux-6.1/t0/proc/net/stat/nf_conntrack"),
        cpus in damaged_text("linux-5.10/t0/sys/devices/system/cpu/online"),
    ) {
        parse_texts(&stat);
        parse_texts(&conntrack);
        parse_texts(&cpus);
    }

    #[test]
    fn a_cpu_list_as_the_kernel_writes_it_reads_back(cores in proptest::collection::btree_set(0u32..400, 1..60)) {
        let list: Vec<String> = cores.iter().map(u32::to_string).collect();
        prop_assert_eq!(cpu::wire::cpu_list(&format!("{}\n", list.join(","))), Ok(cores));
    }

    #[test]
    fn times_of_a_core_are_parts_of_its_total(times in vec(any::<u64>(), 4..11)) {
        let words: Vec<String> = times.iter().map(u64::to_string).collect();
        let cores = cpu::wire::proc_stat(&format!("cpu7 {}\n", words.join(" "))).unwrap();
        prop_assert!(cores[0].busy() <= cores[0].total());
        prop_assert!(cores[0].softirq() <= cores[0].total() && cores[0].steal() <= cores[0].total());
    }

    #[test]
    fn no_bytes_make_the_parser_of_links_panic(
        noise in vec(any::<u8>(), 0..600),
        veths in damaged("linux-6.18/links-t0.bin"),
        kinds in damaged("linux-6.1/links-t0.bin"),
    ) {
        for bytes in [noise, veths, kinds] {
            links::links(&bytes).ok();
        }
    }

    /// A header that is right, so that what is behind it is read at all.
    #[test]
    fn no_attributes_make_the_parser_of_links_panic(noise in vec(any::<u8>(), 0..300)) {
        let mut bytes = vec![0; 16];
        bytes[..4].copy_from_slice(&(16 + noise.len() as u32).to_ne_bytes());
        bytes[4..6].copy_from_slice(&16u16.to_ne_bytes());
        bytes.extend(noise);
        links::links(&bytes).ok();
    }

    #[test]
    fn no_bytes_make_the_parser_of_counters_panic(
        noise in vec(any::<u8>(), 0..200),
        counter in damaged("linux-6.18/nft-counter.bin"),
    ) {
        for bytes in [noise, counter] {
            conntrack::nft::counter(&bytes).ok();
        }
    }

    /// Headers that are right, so that the attributes behind them are read at all.
    #[test]
    fn no_attributes_make_the_parser_of_counters_panic(noise in vec(any::<u8>(), 0..200)) {
        let mut bytes = fixture("linux-6.18/nft-counter.bin")[..20].to_vec();
        bytes[..4].copy_from_slice(&(20 + noise.len() as u32).to_ne_bytes());
        bytes.extend(noise);
        conntrack::nft::counter(&bytes).ok();
    }

    #[test]
    fn a_counter_as_nft_writes_it_reads_back_and_its_question_holds_whole_attributes(
        family in select(vec!["ip", "ip6", "inet", "arp", "bridge", "netdev"]),
        table in "[a-zA-Z][a-zA-Z0-9_./-]{0,60}",
        name in "[a-zA-Z][a-zA-Z0-9_./-]{0,60}",
    ) {
        let text = format!("{family} {table} {name}");
        let counter = conntrack::nft::CounterName::parse(&text).unwrap();
        prop_assert_eq!(counter.text(), &text);
        let question = counter.question();
        prop_assert_eq!(question.len() % 4, 0);
        for part in [table, name] {
            let zero_ended = [part.as_bytes(), b"\0"].concat();
            prop_assert!(question.windows(zero_ended.len()).any(|bytes| bytes == zero_ended));
        }
    }
}
