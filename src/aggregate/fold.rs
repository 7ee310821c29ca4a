//! Folding: many members of a pass become one value (or one block) of a series.

use crate::aggregate::counter::Fine;
use crate::model::reading::Fold;

/// What is needed to fold later, whatever the fold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Partial {
    count: f64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Partial {
    /// Of one value.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Partial {
            count: 1.0,
            sum: value,
            min: value,
            max: value,
        }
    }

    /// Of both.
    #[must_use]
    pub fn and(self, other: Partial) -> Self {
        Partial {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// The folded value.
    #[must_use]
    pub fn finish(self, fold: Fold) -> f64 {
        match fold {
            Fold::Sum => self.sum,
            Fold::Max => self.max,
            Fold::Min => self.min,
            Fold::Mean => self.sum / self.count,
        }
    }
}

/// A single moment, or one partial a second, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub enum Folding {
    /// One moment.
    Moment(Partial),
    /// A block.
    Block(Vec<Partial>),
}

impl Folding {
    /// Of one member.
    #[must_use]
    pub fn of(fine: &Fine) -> Self {
        match fine {
            Fine::Value(value) => Folding::Moment(Partial::of(*value)),
            Fine::Block(values) => {
                Folding::Block(values.iter().copied().map(Partial::of).collect())
            }
        }
    }

    /// Of both: second by second, aligned at the newest; a moment counts for each second of the block that it meets.
    /// (The members of one series come in one form, and blocks of one pass in one length, as a rule.)
    #[must_use]
    pub fn and(self, other: Folding) -> Self {
        match (self, other) {
            (Folding::Moment(a), Folding::Moment(b)) => Folding::Moment(a.and(b)),
            (Folding::Block(block), Folding::Moment(moment))
            | (Folding::Moment(moment), Folding::Block(block)) => {
                Folding::Block(block.into_iter().map(|second| second.and(moment)).collect())
            }
            (Folding::Block(a), Folding::Block(b)) => {
                let (mut long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
                let offset = long.len() - short.len();
                for (second, other) in long.iter_mut().skip(offset).zip(short) {
                    *second = second.and(other);
                }
                Folding::Block(long)
            }
        }
    }

    /// The folded value or values.
    #[must_use]
    pub fn finish(&self, fold: Fold) -> Fine {
        match self {
            Folding::Moment(partial) => Fine::Value(partial.finish(fold)),
            Folding::Block(block) => {
                Fine::Block(block.iter().map(|second| second.finish(fold)).collect())
            }
        }
    }
}

/// The newest value: the last one of a block.
#[must_use]
pub fn newest(fine: &Fine) -> Option<f64> {
    match fine {
        Fine::Value(value) => Some(*value),
        Fine::Block(values) => values.last().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_fold_four_ways() {
        let partial = [1.0, 5.0, 3.0]
            .map(Partial::of)
            .into_iter()
            .reduce(Partial::and);
        let folded = |fold| partial.map(|p| p.finish(fold));
        assert_eq!(folded(Fold::Sum), Some(9.0));
        assert_eq!(folded(Fold::Mean), Some(3.0));
        assert_eq!(folded(Fold::Min), Some(1.0));
        assert_eq!(folded(Fold::Max), Some(5.0));
    }

    #[test]
    fn blocks_fold_second_by_second_aligned_at_the_newest() {
        let long = Folding::of(&Fine::Block(vec![9.0, 1.0, 2.0]));
        let short = Folding::of(&Fine::Block(vec![10.0, 20.0]));
        assert_eq!(
            short.and(long).finish(Fold::Max),
            Fine::Block(vec![9.0, 10.0, 20.0])
        );
    }
}
