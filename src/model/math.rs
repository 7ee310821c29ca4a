//! Metric math: the expressions that alarms are made of.

use std::fmt;

/// Metric math over the inputs of a [`Measure`](super::alarm::Measure). Its `Display` is CloudWatch's syntax (user guide,
/// "Using math expressions with CloudWatch metrics").
#[derive(Debug, Clone, PartialEq)]
pub enum Math {
    /// An input, by its id.
    Input(&'static str),
    /// A number.
    Number(f64),
    /// `FILL(x, n)`: n where x has no point.
    Fill(Box<Math>, f64),
    /// `a + b`.
    Sum(Box<Math>, Box<Math>),
    /// `a - b`.
    Difference(Box<Math>, Box<Math>),
    /// `a * b`.
    Product(Box<Math>, Box<Math>),
    /// `a / b`.
    Quotient(Box<Math>, Box<Math>),
    /// `IF(a > n, b, c)`.
    IfAbove(Box<Math>, f64, Box<Math>, Box<Math>),
}

impl Math {
    /// An input.
    #[must_use]
    pub const fn input(id: &'static str) -> Self {
        Math::Input(id)
    }

    /// `FILL(self, value)`.
    #[must_use]
    pub fn fill(self, value: f64) -> Self {
        Math::Fill(Box::new(self), value)
    }

    /// `self + other`.
    #[must_use]
    pub fn plus(self, other: Math) -> Self {
        Math::Sum(Box::new(self), Box::new(other))
    }

    /// `self - other`.
    #[must_use]
    pub fn minus(self, other: Math) -> Self {
        Math::Difference(Box::new(self), Box::new(other))
    }

    /// `self * other`.
    #[must_use]
    pub fn times(self, other: Math) -> Self {
        Math::Product(Box::new(self), Box::new(other))
    }

    /// `self / other`.
    #[must_use]
    pub fn over(self, other: Math) -> Self {
        Math::Quotient(Box::new(self), Box::new(other))
    }

    /// `IF(self > limit, then, other)`.
    #[must_use]
    pub fn if_above(self, limit: f64, then: Math, other: Math) -> Self {
        Math::IfAbove(Box::new(self), limit, Box::new(then), Box::new(other))
    }
}

impl fmt::Display for Math {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Math::Input(id) => f.write_str(id),
            Math::Number(number) => write!(f, "{number}"),
            Math::Fill(inner, value) => write!(f, "FILL({inner}, {value})"),
            Math::Sum(a, b) => write!(f, "({a} + {b})"),
            Math::Difference(a, b) => write!(f, "({a} - {b})"),
            Math::Product(a, b) => write!(f, "({a} * {b})"),
            Math::Quotient(a, b) => write!(f, "({a} / {b})"),
            Math::IfAbove(a, limit, b, c) => write!(f, "IF({a} > {limit}, {b}, {c})"),
        }
    }
}
