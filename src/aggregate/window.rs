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
}

/// An open window.
#[derive(Debug, Clone)]
pub struct Window {
    /// Its start on the wall clock, Unix seconds: the timestamp of all its datums.
    pub label: i64,
    series: HashMap<SeriesKey, Content>,
}

impl Window {
    /// An empty window.
    #[must_use]
    pub fn new(label: i64) -> Self {
        Window {
            label,
            series: HashMap::new(),
        }
    }

    /// Adds a value; a block takes the place of one that came before.
    pub fn add(&mut self, key: SeriesKey, expected: bool, fine: &Fine) {
        let content = self.series.entry(key).or_default();
        content.expected = expected;
        match fine {
            Fine::Value(value) => content.distribution.add(*value),
            Fine::Block(values) => {
                content.is_block = true;
                content.distribution = Distribution::of(values);
            }
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
