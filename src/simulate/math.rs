//! Metric math, point by point. CloudWatch user guide, "Using metric math" (2023): "Missing values in a time series are
//! treated as 0. If the value of a data point causes a function to attempt to divide by zero, the data point is
//! dropped."

use crate::model::math::Math;

/// What an expression is at one timestamp.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    /// A number that has no timestamp; it makes no point by itself.
    Scalar(f64),
    /// A point of a series.
    Point(f64),
    /// A series without a point here.
    Missing,
}

impl Value {
    fn point(self) -> Option<f64> {
        match self {
            Value::Scalar(number) | Value::Point(number) => Some(number),
            Value::Missing => None,
        }
    }

    fn or_zero(self) -> f64 {
        self.point().unwrap_or(0.0)
    }
}

/// The result's point, if it has one, where `input` knows those of the inputs.
#[must_use]
pub fn point(math: &Math, input: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
    value(math, input).point()
}

fn value(math: &Math, input: &dyn Fn(&str) -> Option<f64>) -> Value {
    let of = |math: &Math| value(math, input);
    match math {
        Math::Input(id) => input(id).map_or(Value::Missing, Value::Point),
        Math::Number(number) => Value::Scalar(*number),
        // "Fills the missing values of a time series."
        Math::Fill(inner, filler) => Value::Point(of(inner).point().unwrap_or(*filler)),
        Math::Sum(a, b) => two(of(a), of(b), |a, b| a + b),
        Math::Difference(a, b) => two(of(a), of(b), |a, b| a - b),
        Math::Product(a, b) => two(of(a), of(b), |a, b| a * b),
        Math::Quotient(a, b) => two(of(a), of(b), |a, b| a / b),
        Math::IfAbove(condition, limit, then, other) => {
            choose(of(condition), *limit, of(then), of(other))
        }
    }
}

/// A point is there where one of the series has one; a scalar alone brings none.
fn two(a: Value, b: Value, op: fn(f64, f64) -> f64) -> Value {
    let result = op(a.or_zero(), b.or_zero());
    match (a, b) {
        (Value::Scalar(_), Value::Scalar(_)) => Value::Scalar(result),
        (Value::Missing, Value::Missing | Value::Scalar(_))
        | (Value::Scalar(_), Value::Missing) => Value::Missing,
        // The quotient by zero: dropped.
        _ if !result.is_finite() => Value::Missing,
        _ => Value::Point(result),
    }
}

/// "IF(metric1, metric2, scalar3)" in the same page: the value of metric2 or scalar3; "0, if the data point of metric1
/// is TRUE and the corresponding data point does not exist in metric2"; "dropped if the corresponding data point in
/// metric1 does not exist", and where it is FALSE and metric3 has none.
fn choose(condition: Value, limit: f64, then: Value, other: Value) -> Value {
    match condition.point() {
        None => Value::Missing,
        Some(number) if number > limit => Value::Point(then.or_zero()),
        Some(_) => other.point().map_or(Value::Missing, Value::Point),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(math: &Math, a: Option<f64>, b: Option<f64>) -> Option<f64> {
        point(math, &|id| if id == "a" { a } else { b })
    }

    #[test]
    fn a_missing_value_is_zero_beside_a_point_and_nothing_alone() {
        let sum = Math::input("a").plus(Math::input("b"));
        assert_eq!(of(&sum, Some(3.0), Some(4.0)), Some(7.0));
        assert_eq!(of(&sum, Some(3.0), None), Some(3.0));
        assert_eq!(of(&sum, None, None), None);
        let scaled = Math::Number(2.0).times(Math::input("a"));
        assert_eq!(of(&scaled, None, None), None);
        assert_eq!(of(&Math::input("a").fill(9.0), None, None), Some(9.0));
    }

    #[test]
    fn a_division_by_zero_is_no_point() {
        let quotient = Math::input("a").over(Math::input("b"));
        assert_eq!(of(&quotient, Some(1.0), Some(0.0)), None);
        assert_eq!(of(&quotient, Some(1.0), None), None);
        assert_eq!(of(&quotient, Some(0.0), Some(0.0)), None);
        assert_eq!(of(&quotient, Some(1.0), Some(2.0)), Some(0.5));
    }

    /// The guide's own table, `metric1 [1, 1, 0, 0, -]`, `metric2 [30, -, 0, 0, 30]`, scalar3 5.
    #[test]
    fn if_is_as_the_guides_table_has_it() {
        let expression = Math::input("a").if_above(0.0, Math::input("b"), Math::Number(5.0));
        let rows = [
            (Some(1.0), Some(30.0), Some(30.0)),
            (Some(1.0), None, Some(0.0)),
            (Some(0.0), Some(0.0), Some(5.0)),
            (Some(0.0), Some(0.0), Some(5.0)),
            (None, Some(30.0), None),
        ];
        for (condition, then, want) in rows {
            assert_eq!(of(&expression, condition, then), want);
        }
    }

    /// The same with metric3 `[0, 0, 20, -, 20]`.
    #[test]
    fn if_without_the_other_value_is_dropped() {
        let expression = Math::input("a").if_above(0.0, Math::Number(5.0), Math::input("b"));
        assert_eq!(of(&expression, Some(0.0), Some(20.0)), Some(20.0));
        assert_eq!(of(&expression, Some(0.0), None), None);
        assert_eq!(of(&expression, None, Some(20.0)), None);
    }
}
