//! A namespace that the role may not write into, while it may into another: its batches wait, and hold up no others.
//!
//! A policy names its namespaces one by one, so one that was forgotten is denied by itself. Whose a batch is stands in the
//! batch: of a file it is known once it was read, and forgotten at a restart.

use std::sync::Arc;
use std::time::Duration;

use super::Queue;
use super::entry::{Entry, Place};
use super::settle::PROBE_EVERY;

/// The namespace that is denied alone.
#[derive(Debug)]
pub(super) struct Barred {
    namespace: Arc<str>,
    /// Nothing of it is sent before, boot time.
    pub(super) until: Duration,
}

impl Queue {
    /// Some namespace is denied alone.
    #[must_use]
    pub fn bars_a_namespace(&self) -> bool {
        self.barred.is_some()
    }

    /// Until when this batch is barred, boot time.
    pub(super) fn barred_until(&self, entry: &Entry) -> Option<Duration> {
        let barred = self.barred.as_ref()?;
        (entry.namespace.as_ref() == Some(&barred.namespace)).then_some(barred.until)
    }

    /// The way is good, and this batch's namespace is not: the last that was accepted went into another. One at a time is
    /// barred; where there are more, nothing is sent for a while, as if all were denied.
    pub(super) fn is_denied_alone(&self, index: usize) -> bool {
        let namespace = self.entries[index].namespace.as_ref();
        let other = self
            .accepted
            .as_ref()
            .is_some_and(|accepted| Some(accepted) != namespace);
        let barred = self.barred.as_ref();
        let free = barred.is_none_or(|barred| {
            let waits = |entry: &Entry| entry.namespace.as_ref() == Some(&barred.namespace);
            let gone = self.idle.newest_barred().is_none() && !self.entries.iter().any(waits);
            Some(&barred.namespace) == namespace || gone
        });
        other && free
    }

    /// Bars this batch's namespace, and says which that is.
    pub(super) fn bar(&mut self, index: usize, now: Duration) -> Option<Arc<str>> {
        let namespace = self.entries[index].namespace.clone()?;
        self.barred = Some(Barred {
            namespace: Arc::clone(&namespace),
            until: now + PROBE_EVERY,
        });
        Some(namespace)
    }

    /// A batch of this namespace was accepted.
    pub(super) fn accept(&mut self, namespace: Option<Arc<str>>) {
        self.barred
            .take_if(|barred| Some(&barred.namespace) == namespace.as_ref());
        if self.barred.is_none() {
            self.idle.unbar();
        }
        self.accepted = namespace.or(self.accepted.take());
    }

    /// Barred batches that are on disk leave memory.
    pub(super) fn release_barred(&mut self, now: Duration) {
        let Some(barred) = self.barred.as_ref().filter(|barred| barred.until > now) else {
            return;
        };
        let in_flight = self.in_flight;
        for entry in &mut self.entries {
            let waits = !entry.fresh && in_flight != Some(entry.id());
            let is_of_it = entry.namespace.as_ref() == Some(&barred.namespace);
            if waits && is_of_it && matches!(entry.place, Place::Disk(_)) {
                entry.held = None;
            }
        }
    }
}
