//! Batches: what goes out in one call. Only [`split`] makes them (and [`whole`] by it), so that none is ever
//! over a limit.

use std::sync::Arc;

use crate::model::datum::Datum;
use crate::model::limits::{CALL_BYTES, DATUMS_PER_CALL};
use crate::publish::size;

/// The datums of one call: at most 1000, at most 900 kB.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    namespace: Arc<str>,
    datums: Vec<Datum>,
    bytes: usize,
    newest: i64,
}

impl Batch {
    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The namespace, to be kept beside the batch.
    #[must_use]
    pub fn shared_namespace(&self) -> Arc<str> {
        Arc::clone(&self.namespace)
    }

    /// The datums, never none.
    #[must_use]
    pub fn datums(&self) -> &[Datum] {
        &self.datums
    }

    /// Size of the request body, uncompressed.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The newest timestamp in it, Unix seconds.
    #[must_use]
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// Two halves, or the datum that stands alone.
    ///
    /// # Errors
    /// The one datum.
    pub fn halve(self) -> Result<[Batch; 2], Datum> {
        let Batch {
            namespace,
            mut datums,
            ..
        } = self;
        let second = datums.split_off(datums.len().div_ceil(2));
        match (second.is_empty(), datums.pop()) {
            (true, Some(only)) => Err(only),
            (_, last) => {
                datums.extend(last);
                Ok([of(&namespace, datums), of(&namespace, second)])
            }
        }
    }
}

/// Packs datums, in their order, into as few calls as the two limits allow.
#[must_use]
pub fn split(namespace: &Arc<str>, datums: Vec<Datum>) -> Vec<Batch> {
    let envelope = size::envelope(namespace, DATUMS_PER_CALL);
    let mut batches = Vec::new();
    let mut open = Vec::new();
    let mut bytes = envelope;
    for datum in datums {
        let more = size::datum(&datum);
        if !open.is_empty() && (open.len() == DATUMS_PER_CALL || bytes + more > CALL_BYTES) {
            batches.push(of(namespace, std::mem::take(&mut open)));
            bytes = envelope;
        }
        bytes += more;
        open.push(datum);
    }
    if !open.is_empty() {
        batches.push(of(namespace, open));
    }
    batches
}

/// Datums that are one batch already, as they come back from the disk; `None` where they are not one call's worth.
#[must_use]
pub fn whole(namespace: &str, datums: Vec<Datum>) -> Option<Batch> {
    let mut batches = split(&Arc::from(namespace), datums).into_iter();
    let only = batches.next();
    only.filter(|_| batches.next().is_none())
}

fn of(namespace: &Arc<str>, datums: Vec<Datum>) -> Batch {
    let bytes =
        size::envelope(namespace, datums.len()) + datums.iter().map(size::datum).sum::<usize>();
    let newest = datums.iter().map(|datum| datum.timestamp).max();
    Batch {
        namespace: Arc::clone(namespace),
        datums,
        bytes,
        newest: newest.unwrap_or(i64::MIN),
    }
}
