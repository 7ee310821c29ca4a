//! Other collectors or another selection, without a break for those that stay.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Aggregator, Source};
use crate::aggregate::members::Members;
use crate::model::selection::Selection;

impl Aggregator {
    /// From now (boot time) on these sources and this selection. A source of a known number goes on: its counters keep
    /// their last totals, its series their values. One that is gone no longer counts in any series.
    pub fn change(&mut self, sources: BTreeMap<usize, Source>, selection: Selection, at: Duration) {
        let gone = |number: usize| !sources.contains_key(&number);
        self.counters.forget(gone);
        self.routes.forget(gone);
        for (number, old) in &self.sources {
            // A contribution has the period of its source: under another it would be a second one beside the first.
            let stays = sources.get(number).is_some_and(|new| new == old);
            if !stays {
                self.register.leave(*number, at);
            }
        }
        if selection != self.selection {
            self.routes = Members::default();
            self.register.select(&selection);
        }
        self.sources = sources;
        self.selection = selection;
    }
}
