//! The seam at which templates fail: whatever a generated alarm or policy looks at is really sent, with exactly its
//! name, dimensions and one unit, for thousands of random configurations run through the agent's core in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod generated;
mod simulated;

use std::collections::{BTreeMap, BTreeSet};

use fwmetrics::config::{Config, parse};
use generated::judge::Judge;
use generated::{passes, random};

/// Random configurations that are tried.
const CONFIGURATIONS: u64 = 2000;

fn config(text: &str) -> Config {
    parse(text, None, &[]).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

fn judge(text: &str) -> Judge {
    let config = config(text);
    let sent = passes::sent(&config);
    Judge::new(config, sent)
}

/// Tries some seeds; counts what was seen.
fn try_seeds(seeds: impl Iterator<Item = u64>) -> BTreeMap<&'static str, usize> {
    let mut seen = BTreeMap::new();
    for seed in seeds {
        let text = random::configuration(&mut fastrand::Rng::with_seed(seed));
        let judge = judge(&text);
        for holds in [
            Judge::looked_at_is_sent,
            Judge::sent_is_published,
            Judge::published_is_sent,
            Judge::sent_is_looked_at,
            Judge::periods_have_readings,
            Judge::names_differ,
        ] {
            if let Err(why) = holds(&judge) {
                panic!("seed {seed}: {why}\n{text}");
            }
        }
        let alarms = judge.alarms.iter().map(|alarm| alarm.number);
        let policies = judge.policies.iter().map(|policy| policy.number);
        let numbers: BTreeSet<&str> = alarms.chain(policies).collect();
        for number in numbers {
            *seen.entry(number).or_default() += 1;
        }
    }
    seen
}

#[test]
fn whatever_alarms_and_policies_look_at_is_sent_and_what_is_sent_is_looked_at() {
    const THREADS: u64 = 2;
    let workers = (0..THREADS).map(|worker| {
        std::thread::spawn(move || try_seeds((worker..CONFIGURATIONS).step_by(THREADS as usize)))
    });
    let workers: Vec<_> = workers.collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for worker in workers {
        for (number, count) in worker.join().unwrap() {
            *seen.entry(number).or_default() += count;
        }
    }
    // Each of the table was there often enough to be tried.
    let all = fwmetrics::generate::alarms::ALL_NUMBERS.into_iter();
    for number in all.chain(fwmetrics::generate::scaling::ALL_NUMBERS) {
        let count = seen.get(number).copied().unwrap_or(0);
        assert!(count * 50 > CONFIGURATIONS as usize, "{number}: {count}");
    }
}
