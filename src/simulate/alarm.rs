//! How CloudWatch judges an alarm. User guide, "Using Amazon CloudWatch alarms", section "Configuring how CloudWatch
//! alarms treat missing data" (2023).

use super::math;
use super::points::Points;
use crate::model::alarm::{Measure, MissingData, Rule, Stat};

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Within the threshold.
    Ok,
    /// Outside.
    Alarm,
    /// Just made, or nothing to judge by.
    #[default]
    InsufficientData,
}

/// Points that are fetched beyond N. "CloudWatch attempts to retrieve a higher number of data points than the number
/// specified as Evaluation Periods. The exact number depends …": the guide's example has 5 for N = 3; two more are taken
/// for every N.
const RANGE_EXTRA: u32 = 2;

/// The points of the evaluation range before minute `end`, oldest first.
///
/// Periods longer than a minute slide: they end with the minute of the evaluation, not on a multiple of themselves. "If you
/// omit this parameter, the alarm uses a sliding window. A sliding window advances each time the alarm is evaluated" (API
/// reference, PutMetricAlarm, `EvaluationWindow`; user guide, "Alarm evaluation window").
#[must_use]
pub fn range(rule: &Rule, points: &Points, end: usize) -> Vec<Option<f64>> {
    let minutes = (rule.measure.period_secs() / 60).max(1) as usize;
    let count = (rule.periods + RANGE_EXTRA) as usize;
    let one = |back: usize| {
        let end = end.checked_sub(back * minutes)?;
        measure(&rule.measure, points, end, minutes)
    };
    (0..count).rev().map(one).collect()
}

fn measure(measure: &Measure, points: &Points, end: usize, minutes: usize) -> Option<f64> {
    let value = |stat: &Stat| {
        let point = points.window(&stat.metric.name, end, minutes)?;
        Some(point.statistic(stat.statistic))
    };
    match measure {
        Measure::One(stat) => value(stat),
        Measure::Math { inputs, result } => math::point(result, &|id| {
            let (_, stat) = inputs.iter().find(|(known, _)| *known == id)?;
            value(stat)
        }),
    }
}

/// The next state, from the points of the evaluation range, oldest first.
#[must_use]
pub fn judge(rule: &Rule, range: &[Option<f64>], before: State) -> State {
    let bad = |value: &f64| rule.comparison.holds(*value, rule.threshold);
    let flags: Vec<Option<bool>> = range.iter().map(|point| point.as_ref().map(bad)).collect();
    let newest = flags.iter().rev().flatten().take(rule.periods as usize);
    let (mut real, mut breaching) = (0, 0);
    for bad in newest {
        real += 1;
        breaching += u32::from(*bad);
    }
    // "CloudWatch uses missing data points only as few times as possible": real ones from farther back come first.
    let fill = rule.periods - real;
    match rule.missing {
        MissingData::Breaching => by_count(rule, breaching + fill),
        MissingData::NotBreaching => by_count(rule, breaching),
        MissingData::Missing | MissingData::Ignore if breaching >= rule.datapoints => State::Alarm,
        MissingData::Missing | MissingData::Ignore if fill == 0 || breaching < real => State::Ok,
        // "Retain current state", where all real points are bad, and where there is none.
        MissingData::Ignore => before,
        MissingData::Missing if is_premature(rule, &flags) => State::Alarm,
        MissingData::Missing => State::InsufficientData,
    }
}

fn by_count(rule: &Rule, breaching: u32) -> State {
    match breaching >= rule.datapoints {
        true => State::Alarm,
        false => State::Ok,
    }
}

/// "If the oldest breaching data point during the evaluation range is at least as old as the value of Datapoints to Alarm,
/// and all of the more recent data points are either breaching or missing, the alarm goes into ALARM state no matter the
/// value of M." By the guide's own tables (`0 - X - -` with 2 of 3 is OK) older good points stand against it too.
fn is_premature(rule: &Rule, flags: &[Option<bool>]) -> bool {
    let oldest = flags.iter().position(|flag| *flag == Some(true));
    let age = oldest.map_or(0, |at| flags.len() - at);
    age >= rule.datapoints as usize && !flags.contains(&Some(false))
}

#[cfg(test)]
mod tests;
