//! What generated policies do to a simulated fleet, beside those of the vendors' templates: what holds for every seed, and
//! where ours lose.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::LazyLock;
use std::time::Duration;

use fwmetrics::agent::drain::gauge::Gauges;
use fwmetrics::agent::drain::wait::{Rule, Wait};
use fwmetrics::config;
use fwmetrics::generate::scaling;
use fwmetrics::simulate::contestant::{Contestant, Drain, others, ours};
use fwmetrics::simulate::run::{Outcome, run};
use fwmetrics::simulate::setting::{CoolsFrom, Setting};
use fwmetrics::simulate::trace::TRACES;

/// As the ready fleet stack has it: conntrack is not told which counter counts new sessions.
const DRAIN: Drain = Drain {
    deregistration: 350,
    percent: 1,
    own: 10,
    quiet: None,
    most: 900,
};
/// Where new sessions are counted.
const DRAIN_QUIET: Drain = Drain {
    quiet: Some(350),
    ..DRAIN
};
const LINUX: Setting = Setting {
    min: 2,
    max: 10,
    boot_secs: 180,
    polls: false,
    fleet_warm_up_secs: 0,
    terminating_counts: false,
    cools_from: CoolsFrom::Start,
    readings: 300,
    seed: 1,
};
const VM_SERIES: Setting = Setting {
    boot_secs: 900,
    polls: true,
    ..LINUX
};
const WARM_UP: &str = "[scaling]\nwarm_up_secs = 900\n";
const SEEDS: [u64; 3] = [1, 2, 3];

fn shipped(text: &str, drain: Drain) -> Contestant {
    let config = config::parse(text, None, &[]).unwrap();
    ours(&scaling::of(&config).policies, drain)
}

fn all_traces(contestant: &Contestant, setting: &Setting) -> Vec<Outcome> {
    let one = |trace| run(contestant, trace, setting);
    TRACES.iter().map(one).collect()
}

fn seeds(contestant: &Contestant, setting: &Setting) -> Vec<Outcome> {
    let one = |seed| all_traces(contestant, &Setting { seed, ..*setting });
    SEEDS.into_iter().flat_map(one).collect()
}

/// Ours on Linux.
static OURS: LazyLock<Vec<Outcome>> = LazyLock::new(|| seeds(&shipped("", DRAIN), &LINUX));
/// The same where the cooldown begins later.
static OURS_LATER: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
    let later = [CoolsFrom::Deregistered, CoolsFrom::Gone];
    let of = |cools_from| {
        let setting = Setting {
            cools_from,
            ..LINUX
        };
        seeds(&shipped("", DRAIN), &setting)
    };
    later.into_iter().flat_map(of).collect()
});
/// The same with a drain that ends when none began for long.
static OURS_QUIET: LazyLock<Vec<Outcome>> =
    LazyLock::new(|| seeds(&shipped("", DRAIN_QUIET), &LINUX));
/// The others on Linux, one seed.
static OTHERS: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
    let all = others(180);
    all.iter().flat_map(|one| all_traces(one, &LINUX)).collect()
});
/// Ours and the others on twice as large a Linux fleet, one seed.
static LARGE: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
    let mut all = vec![shipped("", DRAIN)];
    all.extend(others(180));
    let setting = Setting { max: 20, ..LINUX };
    let of = |one| all_traces(one, &setting);
    all.iter().flat_map(of).collect()
});
/// Ours on VM-Series.
static OURS_POLLING: LazyLock<Vec<Outcome>> =
    LazyLock::new(|| seeds(&shipped(WARM_UP, DRAIN_QUIET), &VM_SERIES));
/// All on VM-Series, one seed.
static POLLING: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
    let mut all = vec![shipped(WARM_UP, DRAIN_QUIET)];
    all.extend(others(900));
    all.iter()
        .flat_map(|one| all_traces(one, &VM_SERIES))
        .collect()
});

fn find<'a>(outcomes: &'a [Outcome], contestant: &str, trace: &str) -> &'a Outcome {
    let mut found = outcomes.iter();
    found
        .find(|one| one.contestant == contestant && one.trace == trace)
        .unwrap()
}

fn hours(outcomes: &[Outcome], contestant: &str) -> f64 {
    let of = outcomes.iter().filter(|one| one.contestant == contestant);
    of.map(|one| one.firewall_hours).sum()
}

#[test]
fn every_flow_is_accounted_for() {
    for one in OURS.iter().chain(&*OTHERS).chain(&*POLLING) {
        let flows = one.flows;
        let out = flows.ended + flows.cut + flows.lost + one.active;
        assert_eq!(flows.arrived, out, "{} {}", one.contestant, one.trace);
        assert!(flows.arrived > 100_000);
        let died = one.trace == "dead-firewall";
        assert_eq!(flows.lost > 0, died, "{} {}", one.contestant, one.trace);
    }
}

/// The simulated drain ends at as many sessions as the real one.
#[test]
fn the_drain_is_the_agents() {
    for (percent, own) in [(0, 0), (1, 10), (7, 3), (50, 10)] {
        let drain = Drain {
            percent: percent.into(),
            own: own.into(),
            ..DRAIN
        };
        let rule = Rule::of(&config::Drain {
            sessions_percent: percent,
            own_sessions: own,
            ..config::Drain::default()
        });
        for (before, first) in [
            (0, 0.0),
            (10, 10.0),
            (500, 500.0),
            (1101, 1101.0),
            (6900, 6900.0),
        ] {
            let real = Wait::new(rule, Duration::ZERO, Some(first), Gauges::default());
            let simulated = f64::from(u32::try_from(drain.below(before)).unwrap());
            assert!(
                (real.below() - simulated).abs() < 1e-9,
                "{percent} {own} {before}"
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_one_another() {
    let contestant = shipped("", DRAIN);
    let of = |seed| run(&contestant, &TRACES[1], &Setting { seed, ..LINUX });
    assert_eq!(of(1), of(1));
    assert_ne!(of(1).flows, of(2).flows);
}

#[test]
fn nothing_is_taken_away_while_telemetry_is_dead() {
    let mine = OURS.iter().chain(&*OURS_LATER).chain(&*OURS_QUIET);
    for one in mine.chain(&*OURS_POLLING) {
        assert_eq!(one.blind_scale_ins, 0, "{}", one.trace);
    }
    // The trap is one: the vendors' do it.
    for rival in ["paloalto-cpu", "paloalto-sessions", "juniper"] {
        assert!(find(&OTHERS, rival, "silent-fall").blind_scale_ins > 0);
    }
}

#[test]
fn a_plateau_between_50_and_60_percent_makes_no_flaps() {
    for one in OURS.iter().filter(|one| one.trace == "plateau") {
        assert_eq!((one.flaps, one.scale_outs, one.scale_ins), (0, 0, 0));
    }
    assert!(find(&OTHERS, "juniper", "plateau").flaps > 10);
    assert!(find(&OTHERS, "paloalto-cpu", "plateau").flaps > 3);
}

/// P4 asks for as many readings as the configuration sends, and the fleet sends as many.
#[test]
fn nor_is_it_where_readings_are_rarer() {
    for (secs, readings) in [(10, 30), (60, 5)] {
        let text = format!("[collectors.cpu]\nsample_secs = {secs}\n");
        let setting = Setting { readings, ..LINUX };
        let slow = all_traces(&shipped(&text, DRAIN), &setting);
        assert!(slow.iter().all(|one| one.blind_scale_ins == 0), "{secs}");
        // It is not that nothing ever goes.
        assert_eq!(find(&slow, "fwmetrics", "flash-crowd").scale_ins, 5);
        // Nor that they do not count: with more readings than P4 asks for, half the fleet passes for the whole.
        let many = all_traces(&shipped(&text, DRAIN), &LINUX);
        assert!(find(&many, "fwmetrics", "silent-fall").blind_scale_ins > 0);
    }
}

/// Whenever the cooldown begins, and on twice as large a fleet.
#[test]
fn no_flap_on_linux() {
    let large = LARGE.iter().filter(|one| one.contestant == "fwmetrics");
    for one in OURS
        .iter()
        .chain(&*OURS_LATER)
        .chain(&*OURS_QUIET)
        .chain(large)
    {
        assert_eq!(one.flaps, 0, "{}", one.trace);
    }
}

/// Its firewalls boot for a quarter of an hour: those that the flash crowd asked for last come when it is over, and the first
/// goes within the hour. The load went, and no more are taken away than there were.
#[test]
fn one_flap_on_vm_series_in_the_flash_crowd() {
    for one in &*OURS_POLLING {
        let flash = one.trace == "flash-crowd";
        assert_eq!(one.flaps, u32::from(flash), "{}", one.trace);
        if flash {
            let (first, last) = (one.timeline[0], one.timeline.last().unwrap());
            assert_eq!(first.in_service, last.in_service);
        }
    }
}

/// The measure leaves dead firewalls out: what one costs is the connections that are lost, whoever scales.
#[test]
fn a_dead_firewall_is_no_overload_but_lost_connections() {
    let dead = OURS.iter().chain(&*OTHERS);
    for one in dead.filter(|one| one.trace == "dead-firewall") {
        assert!(one.overload_minutes < 1.0, "{}", one.contestant);
        assert!(one.flows.lost > 0, "{}", one.contestant);
    }
}

/// Traces on which a template has less overload than ours.
fn worse_than(rival: &str, mine: &[Outcome], theirs: &[Outcome]) -> Vec<&'static str> {
    let theirs = |name| find(theirs, rival, name).overload_minutes;
    let worse = |one: &&Outcome| one.overload_minutes > theirs(one.trace);
    let mine = mine.iter().filter(|one| one.contestant == "fwmetrics");
    let mut names: Vec<&str> = mine.filter(worse).map(|one| one.trace).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Against vendors' templates that do not keep their largest fleet for good.
#[test]
fn overload_is_least_but_when_all_telemetry_dies_or_an_elephant_hides_in_a_large_fleet() {
    let small = [
        (&*OURS, &*OTHERS),
        (&*OURS_QUIET, &*OTHERS),
        (&*OURS_POLLING, &*POLLING),
    ];
    for rival in ["paloalto-cpu", "paloalto-sessions", "juniper"] {
        for (mine, theirs) in small {
            let worse = worse_than(rival, mine, theirs);
            assert!(
                worse.iter().all(|name| *name == "silent-rise"),
                "{rival} {worse:?}"
            );
        }
        let worse = worse_than(rival, &LARGE, &LARGE);
        let known = |name: &&str| ["elephant", "silent-rise"].contains(name);
        assert!(worse.iter().all(known), "{rival} {worse:?}");
    }
    // Policies with long periods go on acting on old points, and here that helps; the hypervisor never falls silent.
    for rival in ["paloalto-sessions", "juniper", "ec2-cpu"] {
        assert!(
            worse_than(rival, &OURS, &OTHERS).contains(&"silent-rise"),
            "{rival}"
        );
    }
    // P1 and P2 go by the average: one full firewall of ten does not move it.
    assert!(find(&LARGE, "fwmetrics", "elephant").overload_minutes > 230.0);
    assert!(find(&LARGE, "ec2-cpu", "elephant").overload_minutes < 1.0);
}

#[test]
fn the_price_is_more_firewall_hours_than_palo_altos() {
    let mine = OURS.iter().take(TRACES.len()).cloned().collect::<Vec<_>>();
    let mine = hours(&mine, "fwmetrics");
    let of = |rival| mine / hours(&OTHERS, rival);
    assert!((1.0..1.5).contains(&of("paloalto-cpu")));
    assert!((1.0..1.3).contains(&of("paloalto-sessions")));
    assert!((1.0..1.2).contains(&of("juniper")));
    assert!(of("ec2-cpu") < 1.0);
    assert!(of("paloalto-example") < 0.7);
}

#[test]
fn the_hypervisor_is_a_good_witness_for_a_kernel_and_none_for_a_dataplane_that_polls() {
    // On a kernel it is about as good as ours, now a little better and now a little worse.
    for trace in ["flash-crowd", "elephant"] {
        let linux = find(&OTHERS, "ec2-cpu", trace).overload_minutes;
        let mine = find(&OURS, "fwmetrics", trace).overload_minutes;
        assert!((linux - mine).abs() < 10.0, "{trace} {linux} {mine}");
    }
    for trace in &TRACES {
        let polling = find(&POLLING, "ec2-cpu", trace.name);
        assert_eq!(polling.scale_ins, 0);
        let last = polling.timeline.last().unwrap();
        assert_eq!(last.in_service, VM_SERIES.max, "{}", trace.name);
    }
}

#[test]
fn fewer_connections_are_cut_than_by_any_template_that_scales_in() {
    let cut = |outcomes: &[Outcome], name: &str| -> u64 {
        let of = outcomes.iter().filter(|one| one.contestant == name);
        of.map(|one| one.flows.cut).sum()
    };
    let of = |mine| cut(mine, "fwmetrics") / SEEDS.len() as u64;
    let (mine, quiet) = (of(&OURS), of(&OURS_QUIET));
    // The quiet time ends a drain while long sessions are still there.
    assert!(mine < quiet);
    for rival in ["paloalto-cpu", "paloalto-sessions", "juniper", "ec2-cpu"] {
        assert!(2 * quiet < cut(&OTHERS, rival), "{rival}");
    }
}

#[test]
fn the_group_never_leaves_its_bounds() {
    for one in OURS.iter().chain(&*OTHERS).chain(&*POLLING) {
        let sizes = one.timeline.iter().map(|moment| moment.in_service);
        assert!(sizes.clone().all(|size| size <= LINUX.max));
        // A firewall that dies leaves a gap until another is there.
        let least = LINUX.min - u32::from(one.trace == "dead-firewall");
        assert!(
            sizes.min() >= Some(least),
            "{} {}",
            one.contestant,
            one.trace
        );
    }
}
