//! Tunnels over `[metrics] tunnels_max`: what `run` would not publish under names of their own is not shown either.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::look::Looked;
use crate::aggregate::tunnel_room::{Names, TunnelRoom, tunnel_of};
use crate::aggregate::window::Target;
use crate::collector::tunnels::shown;

/// Takes their series out, and says so beside a collector that told of them.
pub(super) fn keep(looked: &mut Looked, most: usize) {
    let over = over(looked, most);
    let is_over = |target: &Target, name: Option<&str>| {
        let names = over.get(target);
        names.is_some_and(|names| name.is_some_and(|name| names.contains(name)))
    };
    let mut told: BTreeMap<Target, usize> = BTreeMap::new();
    looked.emitted.retain(|(source, value)| {
        let target = &value.key.target;
        let is_over = is_over(target, tunnel_of(&value.key));
        if is_over {
            told.entry(target.clone()).or_insert(*source);
        }
        !is_over
    });
    for (target, source) in told {
        let names: Vec<String> = over[&target].iter().cloned().collect();
        looked.reports[source].notes.push(format!(
            "{} tunnels over [metrics] tunnels_max = {most} have no series of their own: {}; --all shows them",
            names.len(),
            shown(&names)
        ));
    }
}

fn over(looked: &Looked, most: usize) -> BTreeMap<Target, BTreeSet<String>> {
    let mut tunnels: BTreeMap<Target, Names<'_>> = BTreeMap::new();
    for (_, value) in &looked.emitted {
        if let Some(name) = tunnel_of(&value.key) {
            let names = tunnels.entry(value.key.target.clone()).or_default();
            *names.entry(name).or_default() |= value.expected;
        }
    }
    tunnels
        .into_iter()
        .map(|(target, names)| {
            let over = TunnelRoom::new(most).left_out(&names, most, Duration::ZERO);
            (target, over)
        })
        .collect()
}
