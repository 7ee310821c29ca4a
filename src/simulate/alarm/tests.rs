//! The user guide's own tables, and limits at N - 1, N, N + 1.

use super::super::points::Point;
use super::*;
use crate::model::alarm::{Comparison, MetricId, Statistic};

fn rule(datapoints: u32, periods: u32, missing: MissingData, period_secs: u32) -> Rule {
    let metric = MetricId {
        namespace: "N".to_owned(),
        name: "m".into(),
        dimensions: Vec::new(),
    };
    Rule {
        measure: Measure::One(Stat {
            metric,
            statistic: Statistic::Average,
            period_secs,
        }),
        comparison: Comparison::AtLeast,
        threshold: 1.0,
        periods,
        datapoints,
        missing,
    }
}

fn points(text: &str) -> Vec<Option<f64>> {
    let one = |letter: char| match letter {
        '0' => Some(0.0),
        'X' => Some(1.0),
        _ => None,
    };
    text.chars().map(one).collect()
}

const TREATMENTS: [MissingData; 4] = [
    MissingData::Missing,
    MissingData::Ignore,
    MissingData::Breaching,
    MissingData::NotBreaching,
];

/// A row's states: Ok, Alarm, Insufficient, Retain.
fn holds(datapoints: u32, text: &str, want: &str) {
    for before in [State::Ok, State::Alarm, State::InsufficientData] {
        for (missing, want) in TREATMENTS.into_iter().zip(want.chars()) {
            let want = match want {
                'O' => State::Ok,
                'A' => State::Alarm,
                'I' => State::InsufficientData,
                _ => before,
            };
            let rule = rule(datapoints, 3, missing, 60);
            let got = judge(&rule, &points(text), before);
            assert_eq!(
                got, want,
                "{text} {datapoints} of 3, {missing:?}, {before:?}"
            );
        }
    }
}

#[test]
fn the_guides_table_of_3_of_3() {
    holds(3, "0-X-X", "OOOO");
    holds(3, "0----", "OOOO");
    holds(3, "-----", "IRAO");
    holds(3, "0XX-X", "AAAA");
    holds(3, "--X--", "ARAO");
}

#[test]
fn the_guides_table_of_2_of_3() {
    holds(2, "0-X-X", "AAAA");
    holds(2, "00X0X", "AAAA");
    holds(2, "0-X--", "OOAO");
    holds(2, "----0", "OOAO");
    holds(2, "---X-", "ARAO");
}

/// "The alarm does not go immediately into ALARM state when the data is either `- - - - X` or `- - - X -`"; the guide's
/// table of 2020 has both as "Insufficient data" and "Retain current state".
#[test]
fn a_young_bad_point_alone_is_no_alarm() {
    holds(3, "----X", "IRAO");
    holds(3, "---X-", "IRAO");
    holds(3, "---X0", "OOOO");
    holds(3, "--X-0", "OOOO");
}

#[test]
fn m_of_n_at_its_limit() {
    for (bad, want) in [(2, State::Ok), (3, State::Alarm), (4, State::Alarm)] {
        let text: String = (0..7)
            .map(|at| if at >= 7 - bad { 'X' } else { '0' })
            .collect();
        let rule = rule(3, 5, MissingData::Missing, 60);
        assert_eq!(judge(&rule, &points(&text), State::Ok), want);
    }
}

#[test]
fn older_points_than_the_range_are_not_seen() {
    let rule = rule(3, 3, MissingData::Breaching, 60);
    let mut store = Points::default();
    store.put("m", 0, Point::of(0.0, 1.0));
    let state = |end| judge(&rule, &range(&rule, &store, end), State::Ok);
    // The good point is the oldest of five, then gone.
    assert_eq!(state(4), State::Ok);
    assert_eq!(state(5), State::Ok);
    assert_eq!(state(6), State::Alarm);
}

#[test]
fn a_statistic_is_over_the_samples_of_all_firewalls() {
    let mut store = Points::default();
    store.put("m", 0, Point::of(10.0, 60.0));
    store.put("m", 0, Point::of(40.0, 20.0));
    store.put("m", 2, Point::of(2.0, 1.0));
    let of = |statistic, end, minutes| {
        let point = store.window("m", end, minutes);
        point.map(|point| point.statistic(statistic))
    };
    assert_eq!(of(Statistic::Average, 1, 1), Some(17.5));
    assert_eq!(of(Statistic::SampleCount, 1, 1), Some(80.0));
    assert_eq!(of(Statistic::Maximum, 3, 3), Some(40.0));
    assert_eq!(of(Statistic::Minimum, 3, 3), Some(2.0));
    assert_eq!(of(Statistic::Sum, 3, 1), Some(2.0));
    assert_eq!(of(Statistic::Sum, 2, 1), None);
    assert_eq!(of(Statistic::Sum, 9, 2), None);
}

#[test]
fn long_periods_end_with_the_minute_of_the_evaluation() {
    let rule = rule(1, 1, MissingData::Missing, 300);
    let mut store = Points::default();
    for minute in 0..12 {
        let value = if minute < 6 { 0.0 } else { 5.0 };
        store.put("m", minute, Point::of(value, 1.0));
    }
    // Minutes 7-11, 2-6, and what there is before.
    let five = Some(5.0);
    assert_eq!(range(&rule, &store, 12), [Some(0.0), Some(1.0), five]);
    assert_eq!(range(&rule, &store, 11), [Some(0.0), Some(0.0), five]);
    assert_eq!(range(&rule, &store, 10), [None, Some(0.0), Some(4.0)]);
}
