//! A window: every series' distribution between two boundaries of the wall clock.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::aggregate::counter::Fine;
use crate::aggregate::distribution::Distribution;
use crate::model::dimension::OwnDimension;
use crate::model::metric::Metric;

/// The firewall a series belongs to: `None` is the machine itself, else the configured name.
pub type Target = Option<Arc<str>>;

/// A series before identity dimensions are put on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The firewall.
    pub target: Target,
    /// The metric.
    pub metric: &'static Metric,
    /// The fine series' dimension; `None` for the coarse series.
    pub own: Option<(OwnDimension, String)>,
}

/// One series of a sealed window.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The series.
    pub key: SeriesKey,
    /// The user named its tunnel or peer.
    pub expected: bool,
    /// It is a block: one datum, never a second one for this window.
    pub is_block: bool,
    /// All its values.
    pub distribution: Distribution,
}

#[derive(Debug, Clone, Default)]
struct Content {
    expected: bool,
    is_block: bool,
    distribution: Distribution,
    /// By which the window's journal knows the series.
    number: Option<u32>,
    journal_lacks: Lacks,
}

/// What of a series the window's journal lacks.
#[derive(Debug, Clone, Default)]
enum Lacks {
    /// All, or it holds what is no longer so.
    #[default]
    All,
    /// These values.
    Values(Vec<f64>),
}

/// What the journal of a window has to take in.
#[derive(Debug, PartialEq)]
pub enum Change<'a> {
    /// A series with all its values; it takes the place of what the journal held of it.
    Series {
        /// Its number from now on.
        number: u32,
        /// The series.
        key: &'a SeriesKey,
        /// The user named its tunnel or peer.
        expected: bool,
        /// It is a block.
        is_block: bool,
        /// Distinct values with their counts.
        values: Vec<(f64, u32)>,
    },
    /// Values that came since.
    Values(u32, Vec<f64>),
}

/// An open window.
#[derive(Debug, Clone)]
pub struct Window {
    /// Its start on the wall clock, Unix seconds: the timestamp of all its datums.
    pub label: i64,
    series: HashMap<SeriesKey, Content>,
    /// Somebody asks for [`Window::changes`]; else they are not kept.
    journaled: bool,
    numbers: u32,
}

impl Window {
    /// An empty window, of which a journal is kept or not.
    #[must_use]
    pub fn new(label: i64, journaled: bool) -> Self {
        Window {
            label,
            series: HashMap::new(),
            journaled,
            numbers: 0,
        }
    }

    /// Adds a value; a block takes the place of one that came before.
    pub fn add(&mut self, key: SeriesKey, expected: bool, fine: &Fine) {
        let content = self.series.entry(key).or_default();
        if content.expected != expected {
            content.journal_lacks = Lacks::All;
        }
        content.expected = expected;
        match fine {
            Fine::Value(value) => {
                content.distribution.add(*value);
                if let (true, Lacks::Values(more)) = (self.journaled, &mut content.journal_lacks) {
                    more.push(*value);
                }
            }
            Fine::Block(values) => {
                content.is_block = true;
                content.distribution = Distribution::of(values);
                content.journal_lacks = Lacks::All;
            }
        }
    }

    /// Takes back what a journal kept of a series; what is there already stays beside it.
    pub fn resume(
        &mut self,
        key: SeriesKey,
        expected: bool,
        is_block: bool,
        values: &[(f64, u32)],
    ) {
        let content = self.series.entry(key).or_default();
        content.journal_lacks = Lacks::All;
        content.expected |= expected;
        // A block that came since is the newer one.
        if is_block && content.is_block {
            return;
        }
        content.is_block |= is_block;
        for (value, count) in values {
            content.distribution.add_many(*value, *count);
        }
    }

    /// The journal lacks something.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let whole = |content: &Content| matches!(&content.journal_lacks, Lacks::Values(more) if more.is_empty());
        self.journaled && !self.series.values().all(whole)
    }

    /// What the journal lacks; from now on it is taken to be there.
    pub fn changes(&mut self) -> Vec<Change<'_>> {
        let Window {
            series, numbers, ..
        } = self;
        let changed = series.iter_mut().filter_map(|(key, content)| {
            let number = *content.number.get_or_insert_with(|| {
                *numbers += 1;
                *numbers
            });
            match std::mem::replace(&mut content.journal_lacks, Lacks::Values(Vec::new())) {
                Lacks::Values(more) => (!more.is_empty()).then_some(Change::Values(number, more)),
                Lacks::All => Some(Change::Series {
                    number,
                    key,
                    expected: content.expected,
                    is_block: content.is_block,
                    values: content.distribution.values(),
                }),
            }
        });
        changed.collect()
    }

    /// The journal is gone: it lacks everything.
    pub fn forget_journal(&mut self) {
        for content in self.series.values_mut() {
            content.journal_lacks = Lacks::All;
        }
    }

    /// Keeps only these series.
    pub fn retain(&mut self, mut keep: impl FnMut(&SeriesKey) -> bool) {
        self.series.retain(|key, _| keep(key));
    }

    /// This metric has a coarse value of this target in the window.
    #[must_use]
    pub fn holds(&self, target: &Target, metric: &'static Metric) -> bool {
        let key = SeriesKey {
            target: target.clone(),
            metric,
            own: None,
        };
        self.series.contains_key(&key)
    }

    /// Something of this target is in the window.
    #[must_use]
    pub fn has(&self, target: &Target) -> bool {
        self.series.keys().any(|key| key.target == *target)
    }

    /// The window's series, in order.
    #[must_use]
    pub fn seal(self) -> Vec<Sealed> {
        let series = self.series.into_iter();
        let mut sealed: Vec<Sealed> = series
            .map(|(key, content)| Sealed {
                key,
                expected: content.expected,
                is_block: content.is_block,
                distribution: content.distribution,
            })
            .collect();
        sealed.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        sealed
    }
}
