//! Steps at their bounds, proportions, warm-up, cooldown, and several policies at once.

use super::*;
use crate::model::alarm::{MetricId, Statistic};
use crate::simulate::points::Point;

fn stat(name: &'static str) -> Stat {
    Stat {
        metric: MetricId {
            namespace: String::new(),
            name: name.into(),
            dimensions: Vec::new(),
        },
        statistic: Statistic::Average,
        period_secs: 60,
    }
}

fn alarm(name: &'static str, comparison: Comparison, threshold: f64) -> Rule {
    Rule {
        measure: Measure::One(stat(name)),
        comparison,
        threshold,
        periods: 1,
        datapoints: 1,
        missing: MissingData::Missing,
    }
}

fn group(warmed: u32, warming: u32) -> Group {
    Group {
        warmed,
        warming,
        desired: warmed + warming,
        min: 1,
        max: 20,
        ..Group::default()
    }
}

fn step_of(from: Option<f64>, to: Option<f64>, change: i32) -> Step {
    Step { from, to, change }
}

/// The guide's example: +1 from 60, +3 from 70, threshold 50.
fn guide() -> Act {
    Act::Steps(vec![
        step_of(Some(0.0), Some(10.0), 0),
        step_of(Some(10.0), Some(20.0), 1),
        step_of(Some(20.0), None, 3),
    ])
}

fn once(triggers: Vec<Trigger>, values: &[(&str, f64)], group: &Group) -> Option<u32> {
    let mut points = Points::default();
    for (name, value) in values {
        for minute in 0..20 {
            points.put(name, minute, Point::of(*value, 60.0));
        }
    }
    Policies::new(triggers).evaluate(&points, 20, 1230, group)
}

#[test]
fn steps_are_as_the_guide_has_them() {
    let of = |value, group: Group| {
        let trigger = Trigger::new(alarm("m", Comparison::AtLeast, 50.0), guide());
        once(vec![trigger], &[("m", value)], &group)
    };
    assert_eq!(of(49.9, group(10, 0)), None);
    assert_eq!(of(59.9, group(10, 0)), None);
    assert_eq!(of(60.0, group(10, 0)), Some(11));
    assert_eq!(of(69.9, group(10, 0)), Some(11));
    assert_eq!(of(70.0, group(10, 0)), Some(13));
    // "The current capacity is still 10 … the desired capacity is already 11, so the policy does not increase it
    // further"; at 70 it adds the difference.
    assert_eq!(of(62.0, group(10, 1)), None);
    assert_eq!(of(70.0, group(10, 1)), Some(13));
}

#[test]
fn below_the_threshold_the_upper_bound_belongs_to_the_step() {
    let steps = [
        step_of(Some(-10.0), Some(0.0), 0),
        step_of(Some(-20.0), Some(-10.0), -1),
        step_of(None, Some(-20.0), -3),
    ];
    let of = |value| step(&steps, value, 50.0);
    assert_eq!(of(50.0), Some(0));
    assert_eq!(of(40.1), Some(0));
    assert_eq!(of(40.0), Some(-1));
    assert_eq!(of(30.1), Some(-1));
    assert_eq!(of(30.0), Some(-3));
    assert_eq!(of(0.0), Some(-3));
}

#[test]
fn a_target_is_proportional_and_rounds_up() {
    let of = |value, group: Group| once(track(&stat("m"), 50.0, false), &[("m", value)], &group);
    assert_eq!(of(50.0, group(3, 0)), None);
    assert_eq!(of(51.0, group(3, 0)), Some(4));
    assert_eq!(of(75.0, group(3, 0)), Some(5));
    // What is on its way counts for what is wanted.
    assert_eq!(of(75.0, group(3, 2)), None);
    assert_eq!(of(100.0, group(3, 2)), Some(6));
    // Low is below 45.
    assert_eq!(of(45.0, group(10, 0)), None);
    assert_eq!(of(44.0, group(10, 0)), Some(9));
    assert_eq!(of(44.0, group(9, 1)), None, "scale-out is in progress");
    assert_eq!(of(1.0, group(10, 0)), Some(1));
}

#[test]
fn a_target_without_data_does_nothing() {
    let group = group(4, 0);
    assert_eq!(once(track(&stat("m"), 50.0, false), &[], &group), None);
    let one_way = once(track(&stat("m"), 50.0, true), &[("m", 1.0)], &group);
    assert_eq!(one_way, None, "scale-in is disabled");
}

#[test]
fn a_target_needs_three_minutes_and_fifteen() {
    for (value, minutes, want) in [
        (90.0, 2, None),
        (90.0, 3, Some(8)),
        (10.0, 14, None),
        (10.0, 15, Some(1)),
    ] {
        let mut points = Points::default();
        for minute in 0..20 {
            let value = if minute >= 20 - minutes { value } else { 48.0 };
            points.put("m", minute, Point::of(value, 60.0));
        }
        let mut policies = Policies::new(track(&stat("m"), 50.0, false));
        assert_eq!(policies.evaluate(&points, 20, 1230, &group(4, 0)), want);
    }
}

#[test]
fn the_largest_capacity_wins_and_targets_must_agree_to_shrink() {
    let group = group(10, 0);
    let two = |a, b| {
        let mut triggers = track(&stat("a"), 50.0, false);
        triggers.extend(track(&stat("b"), 50.0, false));
        once(triggers, &[("a", a), ("b", b)], &group)
    };
    assert_eq!(two(60.0, 90.0), Some(18));
    assert_eq!(two(60.0, 10.0), Some(12));
    assert_eq!(two(48.0, 10.0), None);
    assert_eq!(two(30.0, 10.0), Some(6));
}

#[test]
fn a_step_policy_shrinks_whatever_a_target_thinks() {
    let mut triggers = track(&stat("a"), 50.0, true);
    let act = Act::Steps(vec![step_of(None, Some(0.0), -1)]);
    triggers.push(Trigger::new(alarm("b", Comparison::Below, 45.0), act));
    let of = |b| once(triggers.clone(), &[("a", 48.0), ("b", b)], &group(4, 0));
    assert_eq!(of(45.0), None);
    assert_eq!(of(44.0), Some(3));
}

#[test]
fn leaving_firewalls_hold_back_the_next_one_where_they_count() {
    let act = Act::Steps(vec![step_of(None, Some(0.0), -1)]);
    let trigger = Trigger::new(alarm("m", Comparison::Below, 45.0), act);
    for (counts, want) in [(true, None), (false, Some(3))] {
        let group = Group {
            terminating: 1,
            terminating_counts: counts,
            ..group(4, 0)
        };
        assert_eq!(once(vec![trigger.clone()], &[("m", 10.0)], &group), want);
    }
}

#[test]
fn bounds_of_the_group_hold() {
    let mut small = group(3, 0);
    small.max = 4;
    let out = |group: &Group| once(track(&stat("m"), 50.0, false), &[("m", 100.0)], group);
    assert_eq!(out(&small), Some(4));
    small.desired = 4;
    small.warmed = 4;
    assert_eq!(out(&small), None);
}

#[test]
fn simple_scaling_waits_for_activity_and_cooldown() {
    let mut points = Points::default();
    for minute in 0..60 {
        points.put("m", minute, Point::of(90.0, 60.0));
    }
    let trigger = Trigger::new(alarm("m", Comparison::Above, 60.0), Act::Simple(1, 600));
    let mut policies = Policies::new(vec![trigger]);
    let mut at = |now: u64, group: &Group| {
        let end = usize::try_from(now / 60).unwrap();
        policies.evaluate(&points, end, now, group)
    };
    assert_eq!(at(90, &group(2, 0)), Some(3));
    // Launching: no matter how long.
    let launching = Group {
        pending: 1,
        ..group(2, 1)
    };
    assert_eq!(at(1500, &launching), None);
    // In service at 1560, warm or not: the cooldown begins.
    assert_eq!(at(1560, &group(2, 1)), None);
    assert_eq!(at(2150, &group(2, 1)), None);
    assert_eq!(at(2160, &group(2, 1)), Some(4));
}

/// Whoever leaves is waited for, or not, as the guide is read; then comes the cooldown.
#[test]
fn the_cooldown_of_a_scale_in_begins_when_nobody_is_awaited() {
    let mut points = Points::default();
    for minute in 0..80 {
        points.put("m", minute, Point::of(10.0, 60.0));
    }
    // In no reading less than the cooldown; minutes that somebody is awaited.
    for (awaited, next) in [(0, 5), (1, 7), (10, 16)] {
        let simple = Trigger::new(alarm("m", Comparison::Below, 45.0), Act::Simple(-1, 300));
        let mut policies = Policies::new(vec![simple]);
        let mut at = |minute: u64| {
            let leaving = u32::from((1..=awaited).contains(&minute));
            let group = Group {
                awaited: leaving,
                terminating: 1,
                ..group(6, 0)
            };
            let end = usize::try_from(20 + minute).unwrap();
            policies.evaluate(&points, end, 1230 + 60 * minute, &group)
        };
        assert_eq!(at(0), Some(5));
        let acted = (1..60).find(|minute| at(*minute).is_some());
        assert_eq!(acted, Some(next), "{awaited}");
    }
}

#[test]
fn others_scale_out_while_a_simple_policy_cools_down() {
    let mut points = Points::default();
    for minute in 0..20 {
        points.put("m", minute, Point::of(10.0, 60.0));
    }
    points.put("m", 20, Point::of(90.0, 60.0));
    let simple = Trigger::new(alarm("m", Comparison::Below, 45.0), Act::Simple(-1, 300));
    let steps = Act::Steps(vec![step_of(Some(0.0), None, 2)]);
    let steps = Trigger::new(alarm("m", Comparison::AtLeast, 80.0), steps);
    let mut policies = Policies::new(vec![simple, steps]);
    assert_eq!(policies.evaluate(&points, 20, 1230, &group(6, 0)), Some(5));
    let leaving = Group {
        awaited: 1,
        terminating: 1,
        ..group(5, 0)
    };
    assert_eq!(policies.evaluate(&points, 21, 1290, &leaving), Some(7));
}

#[test]
fn simple_scaling_shrinks_while_others_wait_for_warm_up() {
    let low = || alarm("m", Comparison::Below, 45.0);
    let simple = Trigger::new(low(), Act::Simple(-1, 600));
    let steps = Trigger::new(low(), Act::Steps(vec![step_of(None, Some(0.0), -1)]));
    let of = |trigger: &Trigger, group: &Group| once(vec![trigger.clone()], &[("m", 10.0)], group);
    assert_eq!(of(&simple, &group(3, 1)), Some(3));
    assert_eq!(of(&steps, &group(3, 1)), None);
    let launching = Group {
        pending: 1,
        ..group(3, 1)
    };
    assert_eq!(of(&simple, &launching), None);
}
