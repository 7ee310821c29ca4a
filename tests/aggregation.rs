//! The aggregator as a whole: what collectors record, and what comes out, for every rule that more than one collector
//! or a remote firewall brings.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use fwmetrics::aggregate::aggregator::{Aggregator, Emitted, End, Pass, Source};
use fwmetrics::aggregate::counter::Fine;
use fwmetrics::model::dimension::OwnDimension;
use fwmetrics::model::metric::{Detail, Metric, Sets};
use fwmetrics::model::names::{
    DATAPLANE_CPU_UTILIZATION, PACKETS_PER_SECOND, SESSION_TABLE_UTILIZATION,
};
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record, Width};
use fwmetrics::model::selection::Selection;
use fwmetrics::model::unit::Unit;

static HA_ACTIVE: Metric = Metric::new("HaActive", Unit::None, Sets::Instance, "active");
static TUNNEL_STATE: Metric = Metric::new("TunnelState", Unit::None, Sets::DetailOnly, "up")
    .detail(Detail::On(OwnDimension::Tunnel))
    .active_only();
static TUNNELS_UP: Metric =
    Metric::new("TunnelsUp", Unit::Count, Sets::Instance, "up").active_only();
static TUNNEL_BYTES: Metric = Metric::new("TunnelBytesIn", Unit::Bytes, Sets::DetailOnly, "bytes")
    .detail(Detail::On(OwnDimension::Tunnel));

macro_rules! reading {
    ($name:ident, $kind:expr, $($metric:expr => $fold:expr),+) => {
        static $name: Reading = Reading {
            name: stringify!($name),
            kind: $kind,
            feeds: &[$(Feed { metric: &$metric, fold: $fold }),+],
        };
    };
}

reading!(CPU, Kind::Gauge, DATAPLANE_CPU_UTILIZATION => Fold::Mean);
reading!(TABLE, Kind::Gauge, SESSION_TABLE_UTILIZATION => Fold::Max);
reading!(PACKETS, Kind::Gauge, PACKETS_PER_SECOND => Fold::Sum);
reading!(HA, Kind::State, HA_ACTIVE => Fold::Max);
reading!(TUNNEL, Kind::State, TUNNEL_STATE => Fold::Min);
reading!(UP, Kind::Gauge, TUNNELS_UP => Fold::Sum);
reading!(BYTES, Kind::Counter(Width::Bits64), TUNNEL_BYTES => Fold::Sum);

struct Bench {
    aggregator: Aggregator,
    names: Vec<&'static str>,
}

impl Bench {
    fn new(sources: &[(&'static str, Option<&str>, u64)]) -> Self {
        let list = sources
            .iter()
            .map(|(collector, target, secs)| Source {
                collector,
                target: target.map(Arc::from),
                period: Duration::from_secs(*secs),
            })
            .collect();
        Bench {
            aggregator: Aggregator::new(list, Selection::default()),
            names: sources.iter().map(|(name, ..)| *name).collect(),
        }
    }

    fn pass(&mut self, collector: &str, at: u64, records: Vec<Record>) -> Vec<Emitted> {
        self.end(collector, at, records, End::Ok)
    }

    fn end(&mut self, collector: &str, at: u64, records: Vec<Record>, end: End) -> Vec<Emitted> {
        let mut readings = Readings::default();
        records.into_iter().for_each(|record| readings.push(record));
        let source = self
            .names
            .iter()
            .position(|name| *name == collector)
            .unwrap();
        let at = Duration::from_secs(at);
        self.aggregator.pass(&Pass {
            source,
            due: at,
            at,
            readings: &readings,
            end,
        })
    }
}

fn level(reading: &'static Reading, value: f64) -> Record {
    Record::new(reading, Raw::Level(value))
}

fn of<'a>(emitted: &'a [Emitted], metric: &str) -> Vec<&'a Emitted> {
    emitted
        .iter()
        .filter(|value| value.key.metric.name == metric)
        .collect()
}

fn single(emitted: &[Emitted], metric: &str) -> Option<f64> {
    match of(emitted, metric).as_slice() {
        [] => None,
        [only] => match only.fine {
            Fine::Value(value) => Some(value),
            Fine::Block(_) => panic!("a block"),
        },
        _ => panic!("more than one"),
    }
}

#[test]
fn capacity_is_the_highest_input_and_says_which() {
    let mut bench = Bench::new(&[("cpu", None, 1), ("conntrack", None, 1)]);
    let emitted = bench.pass("cpu", 0, vec![level(&CPU, 30.0)]);
    assert_eq!(
        single(&emitted, "CapacityUtilization"),
        Some(30.0),
        "an input never read does not count"
    );
    bench.pass("conntrack", 0, vec![level(&TABLE, 70.0)]);
    let emitted = bench.pass("cpu", 1, vec![level(&CPU, 30.0)]);
    let capacity = of(&emitted, "CapacityUtilization");
    assert_eq!(capacity[0].fine, Fine::Value(70.0));
    assert_eq!(capacity[0].bound_by, Some("SessionTableUtilization"));
}

#[test]
fn capacity_is_withheld_while_an_input_that_was_read_is_failed_or_old() {
    let mut bench = Bench::new(&[("cpu", None, 1), ("conntrack", None, 1)]);
    bench.pass("conntrack", 0, vec![level(&TABLE, 70.0)]);
    bench.end("conntrack", 1, vec![], End::Failed);
    let emitted = bench.pass("cpu", 1, vec![level(&CPU, 30.0)]);
    assert_eq!(single(&emitted, "CapacityUtilization"), None);
    assert_eq!(single(&emitted, "DataplaneCpuUtilization"), Some(30.0));
    bench.pass("conntrack", 2, vec![level(&TABLE, 60.0)]);
    for (at, shown) in [(2, true), (4, true), (5, false)] {
        let emitted = bench.pass("cpu", at, vec![level(&CPU, 30.0)]);
        assert_eq!(
            single(&emitted, "CapacityUtilization").is_some(),
            shown,
            "{at}"
        );
    }
}

#[test]
fn without_the_cpu_there_is_no_capacity() {
    let mut bench = Bench::new(&[("cpu", None, 1), ("conntrack", None, 1)]);
    bench.pass("cpu", 0, vec![level(&CPU, 30.0)]);
    bench.end("cpu", 1, vec![], End::Failed);
    let emitted = bench.pass("conntrack", 1, vec![level(&TABLE, 70.0)]);
    assert_eq!(single(&emitted, "CapacityUtilization"), None);
}

#[test]
fn a_block_of_cpu_makes_a_block_of_capacity() {
    let mut bench = Bench::new(&[("panos", Some("fw-a"), 60)]);
    let dp0 = Record::new(&CPU, Raw::Block(vec![10.0, 20.0, 90.0])).member("dp0/1");
    let dp1 = Record::new(&CPU, Raw::Block(vec![30.0, 40.0, 50.0])).member("dp0/2");
    let emitted = bench.pass("panos", 60, vec![dp0, dp1, level(&TABLE, 35.0)]);
    assert_eq!(
        of(&emitted, "DataplaneCpuUtilization")[0].fine,
        Fine::Block(vec![20.0, 30.0, 70.0])
    );
    assert_eq!(
        of(&emitted, "CapacityUtilization")[0].fine,
        Fine::Block(vec![35.0, 35.0, 70.0])
    );
    assert_eq!(emitted[0].key.target.as_deref(), Some("fw-a"));
}

#[test]
fn targets_are_never_folded_together() {
    let mut bench = Bench::new(&[("a", Some("fw-a"), 60), ("b", Some("fw-b"), 60)]);
    bench.pass("a", 60, vec![level(&CPU, 10.0), level(&TABLE, 99.0)]);
    let emitted = bench.pass("b", 60, vec![level(&CPU, 30.0)]);
    assert_eq!(single(&emitted, "DataplaneCpuUtilization"), Some(30.0));
    assert_eq!(single(&emitted, "CapacityUtilization"), Some(30.0));
}

#[test]
fn a_passive_member_withholds_what_is_active_only() {
    let mut bench = Bench::new(&[("vrrp", None, 1), ("interfaces", None, 1)]);
    for (at, state, shown) in [(0, 1.0, true), (1, 0.0, false), (2, 1.0, true)] {
        let emitted = bench.pass("vrrp", at, vec![level(&HA, state)]);
        assert_eq!(single(&emitted, "HaActive"), Some(state));
        let emitted = bench.pass("interfaces", at, vec![level(&PACKETS, 5.0)]);
        assert_eq!(
            single(&emitted, "PacketsPerSecond").is_some(),
            shown,
            "{at}"
        );
    }
}

#[test]
fn a_member_that_is_active_again_withholds_nothing() {
    let mut bench = Bench::new(&[("vrrp", None, 1), ("interfaces", None, 1)]);
    for (at, is_back, shown) in [(0, true, true), (1, false, false)] {
        let record = level(&HA, 0.0).provisional(is_back);
        let emitted = bench.pass("vrrp", at, vec![record]);
        assert_eq!(single(&emitted, "HaActive"), Some(0.0));
        let emitted = bench.pass("interfaces", at, vec![level(&PACKETS, 5.0)]);
        let is_there = single(&emitted, "PacketsPerSecond").is_some();
        assert_eq!(is_there, shown, "{at}");
    }
}

#[test]
fn the_pass_that_says_passive_obeys_it_already() {
    let mut bench = Bench::new(&[("panos", Some("fw"), 60)]);
    let emitted = bench.pass("panos", 60, vec![level(&PACKETS, 5.0), level(&HA, 0.0)]);
    assert_eq!(emitted.len(), 1);
}

#[test]
fn a_tunnel_name_of_two_collectors_carries_both_their_names() {
    let mut bench = Bench::new(&[("strongswan", None, 1), ("wireguard", None, 1)]);
    let tunnel = |name: &str| {
        level(&TUNNEL, 1.0)
            .own(OwnDimension::Tunnel, name)
            .member(name)
    };
    let names = |emitted: &[Emitted]| -> Vec<String> {
        emitted
            .iter()
            .filter_map(|value| value.key.own.clone())
            .map(|(_, name)| name)
            .collect()
    };
    let emitted = bench.pass("strongswan", 0, vec![tunnel("site"), tunnel("own")]);
    assert_eq!(names(&emitted), ["own", "site"]);
    let emitted = bench.pass("wireguard", 0, vec![tunnel("site")]);
    assert_eq!(names(&emitted), ["wireguard/site"]);
    let emitted = bench.pass("strongswan", 1, vec![tunnel("site"), tunnel("own")]);
    assert_eq!(names(&emitted), ["own", "strongswan/site"]);
}

#[test]
fn a_sum_over_two_collectors_is_made_once_on_the_grid_of_the_fastest() {
    let mut bench = Bench::new(&[("strongswan", None, 10), ("wireguard", None, 1)]);
    bench.pass("strongswan", 0, vec![level(&UP, 20.0)]);
    let mut made = Vec::new();
    for at in 0..12 {
        if at == 10 {
            assert!(
                bench
                    .pass("strongswan", at, vec![level(&UP, 21.0)])
                    .is_empty()
            );
        }
        made.extend(single(
            &bench.pass("wireguard", at, vec![level(&UP, 3.0)]),
            "TunnelsUp",
        ));
    }
    assert_eq!(made, [[23.0; 10].as_slice(), &[24.0; 2]].concat());
    bench.end("strongswan", 20, vec![], End::Failed);
    assert!(
        bench
            .pass("wireguard", 20, vec![level(&UP, 3.0)])
            .is_empty(),
        "half a sum is a wrong sum"
    );
}

#[test]
fn members_that_come_and_go_lose_and_invent_nothing() {
    let mut bench = Bench::new(&[("strongswan", None, 1)]);
    let sa = |member: &str, total: u64| {
        Record::new(&BYTES, Raw::Total(total))
            .own(OwnDimension::Tunnel, "site")
            .member(member)
    };
    let pass = |bench: &mut Bench, at, records| {
        single(&bench.pass("strongswan", at, records), "TunnelBytesIn")
    };
    assert_eq!(
        pass(&mut bench, 0, vec![sa("1", 100)]),
        None,
        "the first reading seeds"
    );
    assert_eq!(pass(&mut bench, 1, vec![sa("1", 150)]), Some(50.0));
    // A rekey: the new SA starts, the old one is listed a last time.
    assert_eq!(
        pass(&mut bench, 2, vec![sa("1", 160), sa("2", 5)]),
        Some(10.0)
    );
    assert_eq!(pass(&mut bench, 3, vec![sa("2", 45)]), Some(40.0));
}

#[test]
fn dimension_values_of_devices_are_made_legal_or_refused() {
    let mut bench = Bench::new(&[("strongswan", None, 1)]);
    let tunnel = |name: &str| {
        level(&TUNNEL, 1.0)
            .own(OwnDimension::Tunnel, name)
            .member(name)
    };
    let emitted = bench.pass("strongswan", 0, vec![tunnel("zürich"), tunnel(" ")]);
    let names: Vec<_> = emitted
        .iter()
        .filter_map(|value| value.key.own.clone())
        .collect();
    assert_eq!(names, [(OwnDimension::Tunnel, "z%C3%BCrich".to_owned())]);
    assert_eq!(bench.aggregator.refused().nameless, 1);
}

#[test]
fn illegal_numbers_are_refused_and_counted() {
    let mut bench = Bench::new(&[("cpu", None, 1)]);
    for value in [f64::NAN, f64::INFINITY, 1e300] {
        assert!(bench.pass("cpu", 0, vec![level(&CPU, value)]).is_empty());
    }
    assert_eq!(bench.aggregator.refused().invalid, 3);
}

#[test]
fn an_input_that_became_absent_no_longer_counts() {
    let mut bench = Bench::new(&[("cpu", None, 1), ("conntrack", None, 1)]);
    bench.pass("conntrack", 0, vec![level(&TABLE, 70.0)]);
    bench.end("conntrack", 1, vec![], End::Absent);
    let emitted = bench.pass("cpu", 1, vec![level(&CPU, 30.0)]);
    assert_eq!(single(&emitted, "CapacityUtilization"), Some(30.0));
}

#[test]
fn an_input_that_its_collector_no_longer_has_is_forgotten() {
    let mut bench = Bench::new(&[("cpu", None, 1), ("conntrack", None, 1)]);
    bench.pass("conntrack", 0, vec![level(&TABLE, 70.0)]);
    for at in 1..6 {
        bench.pass("conntrack", at, vec![]);
    }
    let emitted = bench.pass("cpu", 5, vec![level(&CPU, 30.0)]);
    assert_eq!(single(&emitted, "CapacityUtilization"), Some(30.0));
}

#[test]
fn a_passive_state_ends_with_the_source_that_told_it() {
    let mut bench = Bench::new(&[("vrrp", None, 1), ("interfaces", None, 1)]);
    bench.pass("vrrp", 0, vec![level(&HA, 0.0)]);
    assert!(
        bench
            .pass("interfaces", 0, vec![level(&PACKETS, 5.0)])
            .is_empty()
    );
    bench.end("vrrp", 1, vec![], End::Absent);
    assert_eq!(
        bench
            .pass("interfaces", 1, vec![level(&PACKETS, 5.0)])
            .len(),
        1
    );
}
