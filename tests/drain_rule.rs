//! When a firewall is drained, in virtual time: the rule at its edges, and as properties over thousands of random courses,
//! with readings that come late, fail, or jump, and an Auto Scaling that answers anything.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use fwmetrics::agent::drain::gauge::{Gauge, Gauges, Reading};
use fwmetrics::agent::drain::hook::Hook;
use fwmetrics::agent::drain::wait::{Rule, Wait, Why};
use fwmetrics::agent::drain::{Drain, End, Order};
use fwmetrics::publish::lifecycle::{Call, Reply};
use proptest::prelude::*;

const BOOT: u64 = 1000;
const RULE: Rule = Rule {
    wait_max: Duration::from_secs(900),
    sessions_percent: 1,
    own_sessions: 10,
    quiet: Duration::from_secs(350),
    waits_for_tunnels: true,
};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A reading at this second after the start.
fn at(second: u64, value: f64) -> Reading {
    Reading {
        value,
        at: secs(BOOT + second),
        period: secs(1),
    }
}

fn wait(rule: Rule) -> Wait {
    Wait::new(rule, secs(BOOT), None, Gauges::default())
}

/// What is said of a course of sessions, a reading a second, at its end.
fn after(rule: Rule, sessions: &[f64]) -> Option<Why> {
    let mut wait = wait(rule);
    for (second, value) in (0..).zip(sessions) {
        wait.take(Gauge::Sessions, at(second, *value));
    }
    wait.over(secs(BOOT + sessions.len() as u64 - 1))
}

#[test]
fn sessions_are_gone_below_their_share_twice_in_a_row() {
    assert_eq!(after(RULE, &[5000.0, 50.0, 50.0]), None);
    assert_eq!(after(RULE, &[5000.0, 49.0]), None);
    assert_eq!(after(RULE, &[5000.0, 49.0, 50.0, 49.0]), None);
    assert_eq!(after(RULE, &[5000.0, 49.0, 49.0]), Some(Why::Gone));
    // 1 % of 30 is none; the machine's own are.
    assert_eq!(after(RULE, &[30.0, 11.0, 11.0]), None);
    assert_eq!(after(RULE, &[30.0, 10.0, 10.0]), Some(Why::Gone));
    let strict = Rule {
        own_sessions: 0,
        ..RULE
    };
    assert_eq!(after(strict, &[30.0, 1.0, 1.0]), None);
    assert_eq!(after(strict, &[30.0, 0.0, 0.0]), Some(Why::Gone));
    assert_eq!(after(strict, &[0.0, 0.0]), Some(Why::Gone));
}

#[test]
fn unknown_is_not_gone() {
    let mut wait = wait(RULE);
    assert_eq!(wait.over(secs(BOOT + 899)), None);
    assert_eq!(wait.over(secs(BOOT + 900)), Some(Why::Cap));
    for second in 0..3 {
        wait.take(Gauge::Sessions, at(second, 5.0));
    }
    assert_eq!(wait.over(secs(BOOT + 12)), Some(Why::Gone));
    // Ten seconds later nobody knows.
    assert_eq!(wait.over(secs(BOOT + 13)), None);
    // What comes after a gap begins anew.
    wait.take(Gauge::Sessions, at(30, 5.0));
    assert_eq!(wait.over(secs(BOOT + 30)), None);
    wait.take(Gauge::Sessions, at(31, 5.0));
    assert_eq!(wait.over(secs(BOOT + 31)), Some(Why::Gone));
    // No number is no reading.
    wait.take(Gauge::Sessions, at(60, f64::NAN));
    assert_eq!(wait.over(secs(BOOT + 60)), None);
}

#[test]
fn it_is_quiet_when_no_session_began_for_long_enough() {
    let course = |news: &dyn Fn(u64) -> Option<f64>| {
        let mut wait = wait(RULE);
        (0..900).find(|second| {
            wait.take(Gauge::Sessions, at(*second, 5000.0));
            if let Some(new) = news(*second) {
                wait.take(Gauge::NewSessions, at(*second, new));
            }
            wait.over(secs(BOOT + second)) == Some(Why::Quiet)
        })
    };
    assert_eq!(course(&|_| Some(0.0)), Some(350));
    assert_eq!(
        course(&|second| Some(f64::from(u8::from(second == 100)))),
        Some(451)
    );
    assert_eq!(
        course(&|second| Some(f64::from(u8::from(second % 300 == 0)))),
        None
    );
    // Not read is not quiet: a gap of more than ten seconds begins anew.
    assert_eq!(course(&|_| None), None);
    assert_eq!(
        course(&|second| (!(100..120).contains(&second)).then_some(0.0)),
        Some(470)
    );
    assert_eq!(
        course(&|second| (!(100..109).contains(&second)).then_some(0.0)),
        Some(350)
    );
}

#[test]
fn tunnels_that_were_ever_read_must_be_read_as_gone() {
    let mut wait = wait(RULE);
    wait.gauges_mut().wait_for([0]);
    wait.gauges_mut().passed(0, false, secs(BOOT));
    for second in 0..2 {
        wait.take(Gauge::Sessions, at(second, 1.0));
    }
    assert_eq!(wait.over(secs(BOOT + 2)), Some(Why::Gone));
    for gauge in [Gauge::Tunnels, Gauge::Users] {
        wait.take(gauge, at(2, 3.0));
        assert_eq!(wait.over(secs(BOOT + 2)), None, "{gauge:?}");
        wait.take(gauge, at(3, 0.0));
        wait.take(Gauge::Sessions, at(3, 1.0));
        assert_eq!(wait.over(secs(BOOT + 3)), Some(Why::Gone), "{gauge:?}");
    }
    for second in 4..20 {
        wait.take(Gauge::Sessions, at(second, 1.0));
    }
    assert_eq!(
        wait.over(secs(BOOT + 19)),
        None,
        "the tunnels are unknown by now"
    );
    let mut other = Wait::new(
        Rule {
            waits_for_tunnels: false,
            ..RULE
        },
        secs(BOOT),
        None,
        wait.gauges().clone(),
    );
    for second in 20..22 {
        other.take(Gauge::Sessions, at(second, 1.0));
    }
    assert_eq!(other.over(secs(BOOT + 21)), Some(Why::Gone));
}

#[test]
fn tunnels_are_unknown_until_all_who_read_them_were_heard() {
    let mut gauges = Gauges::default();
    gauges.wait_for([3, 7]);
    let mut wait = Wait::new(RULE, secs(BOOT), None, gauges.clone());
    for second in 0..3 {
        wait.take(Gauge::Sessions, at(second, 1.0));
        wait.take(Gauge::Tunnels, at(second, 0.0));
    }
    let now = secs(BOOT + 2);
    assert_eq!(wait.over(now), None);
    wait.gauges_mut().passed(7, false, now);
    wait.gauges_mut().passed(3, true, now);
    assert_eq!(wait.over(now), None, "the other one may have some");
    wait.gauges_mut().passed(3, false, now);
    assert_eq!(wait.over(now), Some(Why::Gone));
    // Nor is it quiet before, and the cap comes all the same.
    let mut silent = Wait::new(RULE, secs(BOOT), None, gauges.clone());
    for second in 0..900 {
        silent.take(Gauge::Sessions, at(second, 5000.0));
        silent.take(Gauge::NewSessions, at(second, 0.0));
        assert_eq!(silent.over(secs(BOOT + second)), None);
    }
    assert_eq!(silent.over(secs(BOOT + 900)), Some(Why::Cap));
    // Who does not wait for tunnels need not hear of them.
    let rule = Rule {
        waits_for_tunnels: false,
        ..RULE
    };
    let mut other = Wait::new(rule, secs(BOOT), None, gauges);
    for second in 0..2 {
        other.take(Gauge::Sessions, at(second, 1.0));
    }
    assert_eq!(other.over(secs(BOOT + 1)), Some(Why::Gone));
}

/// A VPN that was taken down, a collector that a reload took out, a member that is passive by now.
#[test]
fn tunnels_that_nobody_reads_any_more_are_gone_where_all_readers_got_through_since() {
    let mut wait = wait(RULE);
    wait.gauges_mut().wait_for([3, 7]);
    for second in 0..40 {
        wait.take(Gauge::Sessions, at(second, 1.0));
    }
    let now = secs(BOOT + 39);
    let pass = |wait: &mut Wait, collector, failed, second| {
        wait.gauges_mut()
            .passed(collector, failed, secs(BOOT + second));
    };
    for collector in [3, 7] {
        pass(&mut wait, collector, false, 0);
    }
    wait.take(Gauge::Tunnels, at(0, 3.0));
    assert_eq!(wait.over(now), None);
    pass(&mut wait, 3, false, 30);
    assert_eq!(wait.over(now), None, "the other one may hang");
    pass(&mut wait, 7, false, 10);
    assert_eq!(wait.over(now), None, "at that time the reading stood");
    pass(&mut wait, 7, true, 30);
    assert_eq!(wait.over(now), None, "it could not read them");
    pass(&mut wait, 7, false, 31);
    assert_eq!(wait.over(now), Some(Why::Gone));
    pass(&mut wait, 3, true, 32);
    assert_eq!(wait.over(now), None, "what could not be read is unknown");
    wait.gauges_mut().forget(3);
    assert_eq!(wait.over(now), Some(Why::Gone));
    wait.take(Gauge::Tunnels, at(39, 1.0));
    assert_eq!(wait.over(now), None, "there is one again");
}

#[test]
fn tunnels_that_are_not_read_yet_are_told() {
    let now = secs(BOOT);
    let mut gauges = Gauges::default();
    gauges.wait_for([0]);
    let mut drain = Drain::new(Wait::new(RULE, now, None, gauges), None, now);
    drain.take(Gauge::Sessions, at(0, 5.0));
    let line = said(&mut drain, now);
    assert!(line.contains("; tunnels: not read yet; cap in"), "{line}");
    let line = said(&mut drain, now + RULE.wait_max);
    assert!(line.ends_with("; tunnels: not read yet"), "{line}");
    assert!(line.starts_with("not drained: the cap"), "{line}");
}

#[test]
fn another_rule_counts_anew_and_keeps_the_start() {
    let now = secs(BOOT);
    let mut drain = Drain::new(wait(RULE), None, now);
    for (second, sessions) in [5000.0, 60.0, 60.0, 60.0].into_iter().enumerate() {
        drain.take(Gauge::Sessions, at(second as u64, sessions));
    }
    drain.step(secs(BOOT + 3));
    assert_eq!(drain.end(), None);
    let rule = Rule {
        sessions_percent: 2,
        ..RULE
    };
    drain.change(rule, secs(900), secs(BOOT + 3));
    drain.take(Gauge::Sessions, at(4, 60.0));
    drain.step(secs(BOOT + 4));
    assert_eq!(drain.end(), None, "one reading by the new rule");
    drain.take(Gauge::Sessions, at(5, 60.0));
    drain.step(secs(BOOT + 5));
    assert_eq!(drain.end().unwrap().why, Some(Why::Gone));
    let mut other = Drain::new(wait(RULE), None, now);
    let sooner = Rule {
        wait_max: secs(100),
        ..RULE
    };
    other.change(sooner, secs(900), now);
    assert_eq!(other.wake(now + secs(50)), Some(now + secs(5)));
    other.step(now + secs(100));
    assert_eq!(other.end().unwrap().why, Some(Why::Cap), "of the start");
}

#[test]
fn another_timeout_of_the_hook_brings_the_next_heartbeat_forward() {
    let mut hook = Hook::new(secs(900), secs(3600), false);
    let now = secs(BOOT);
    hook.due(now);
    hook.answered(Call::Heartbeat, Reply::Done, now);
    hook.change(secs(30), now + secs(1));
    assert_eq!(hook.wake(), Some(now + secs(11)));
    hook.change(secs(7200), now + secs(1));
    assert_eq!(hook.wake(), Some(now + secs(11)), "never later");
}

#[test]
fn a_restart_keeps_the_start_and_the_cap() {
    let mut wait = Wait::new(RULE, secs(BOOT), Some(5000.0), Gauges::default());
    for second in 600..602 {
        wait.take(Gauge::Sessions, at(second, 49.0));
    }
    assert_eq!(wait.over(secs(BOOT + 601)), Some(Why::Gone));
    assert_eq!(wait.left(secs(BOOT + 601)), secs(299));
}

#[test]
fn a_call_is_under_way_once_and_an_answer_says_when_the_next_is_due() {
    let mut hook = Hook::new(secs(900), secs(3600), false);
    let now = secs(BOOT);
    assert_eq!(hook.due(now), Some(Call::Heartbeat));
    assert_eq!(hook.due(now + secs(500)), None, "one at a time");
    hook.answered(Call::Heartbeat, Reply::Done, now);
    assert_eq!(hook.due(now + secs(59)), None);
    assert_eq!(hook.due(now + secs(60)), Some(Call::Heartbeat));
    // The rule is met while it is under way.
    hook.complete(now + secs(61));
    assert_eq!(hook.due(now + secs(61)), None);
    hook.answered(
        Call::Heartbeat,
        Reply::Failed("x".to_owned()),
        now + secs(62),
    );
    assert_eq!(hook.due(now + secs(62)), Some(Call::Complete));
    let mut next = now + secs(62);
    for wait in [2, 4, 8, 16, 32, 60, 60] {
        hook.answered(Call::Complete, Reply::Failed("x".to_owned()), next);
        assert_eq!(hook.wake(), Some(next + secs(wait)));
        next += secs(wait);
        assert_eq!(hook.due(next), Some(Call::Complete));
    }
}

/// The end of a drain whose completion had this answer, and was then told that nobody waits; and the last line.
fn retried(first: Reply) -> (End, String) {
    let now = secs(BOOT);
    let rule = Rule {
        wait_max: secs(0),
        ..RULE
    };
    let wait = Wait::new(rule, now, None, Gauges::default());
    let mut drain = Drain::new(wait, Some(Hook::new(secs(900), secs(3600), true)), now);
    assert!(drain.step(now).contains(&Order::Call(Call::Complete)));
    drain.answered(Call::Complete, first, now);
    let now = now + secs(60);
    assert!(drain.step(now).contains(&Order::Call(Call::Complete)));
    drain.answered(Call::Complete, Reply::NoAction, now);
    // The end is said by the next look.
    let end = drain.end().unwrap();
    (end, said(&mut drain, now))
}

fn said(drain: &mut Drain, now: Duration) -> String {
    match drain.step(now).pop() {
        Some(Order::Say(line) | Order::Warn(line)) => line,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_completion_whose_answer_was_lost_may_have_been_ours() {
    let (end, line) = retried(Reply::Lost("reset".to_owned()));
    assert!(end.completed);
    assert!(
        line.contains("or our own earlier call completed it"),
        "{line}"
    );
    // An answer that says no was no completion.
    let (end, line) = retried(Reply::Failed("Throttling".to_owned()));
    assert!(!end.completed);
    assert!(!line.contains("our own"), "{line}");
}

/// A drain that was met at once, or not at all.
fn begun(sessions: f64) -> Drain {
    let now = secs(BOOT);
    let mut drain = Drain::new(wait(RULE), Some(Hook::new(secs(900), secs(60), true)), now);
    drain.take(Gauge::Sessions, at(0, sessions));
    drain.take(Gauge::Sessions, at(1, sessions));
    drain
}

#[test]
fn a_drain_that_is_broken_off_says_what_is_known_of_it() {
    let before = "stopped before the sessions were gone";
    let now = secs(BOOT + 1);
    let mut drain = begun(5000.0);
    assert!(drain.step(now).contains(&Order::Call(Call::Heartbeat)));
    assert_eq!(drain.broken_off(), (before, "not completed"));
    let mut drain = begun(5.0);
    assert!(drain.step(now).contains(&Order::Call(Call::Complete)));
    assert_eq!(drain.broken_off(), ("stopped", "perhaps not completed"));
    // Refused it was not, without an answer perhaps.
    for (reply, state) in [
        (Reply::Denied("no".to_owned()), "not completed"),
        (Reply::Failed("throttled".to_owned()), "not completed"),
        (Reply::Lost("reset".to_owned()), "perhaps not completed"),
    ] {
        let mut drain = begun(5.0);
        drain.step(now);
        drain.answered(Call::Complete, reply, now);
        assert_eq!(drain.broken_off(), ("stopped", state));
    }
}

#[test]
fn what_nobody_was_asked_is_not_said_to_be_denied() {
    let now = secs(BOOT + 1);
    let mut drain = begun(5.0);
    drain.step(now);
    let why = "the name of the group is unknown".to_owned();
    drain.answered(Call::Complete, Reply::Unable(why), now);
    assert_eq!(
        said(&mut drain, now),
        "CompleteLifecycleAction cannot be made: the name of the group is unknown; trying again"
    );
    assert_eq!(
        drain.wake(now),
        Some(now + secs(60)),
        "as one that is denied"
    );
}

/// What a random course does at a moment.
#[derive(Debug, Clone)]
struct Moment {
    /// Time since the one before, milliseconds; now and then a jump.
    later_ms: u64,
    readings: [Option<u32>; 4],
    /// Whose pass ended, of two collectors: well below two, failed below four, nobody's beyond.
    pass: u8,
    reply: u8,
    /// Moments until the answer comes.
    slow: u8,
}

fn moment() -> impl Strategy<Value = Moment> {
    let later = prop_oneof![20 => 0_u64..3000, 3 => 3000_u64..40_000, 1 => 40_000_u64..4_000_000];
    let value = || {
        prop_oneof![
            3 => Just(None),
            3 => Just(Some(0)),
            2 => (0_u32..60).prop_map(Some),
            1 => (0_u32..100_000).prop_map(Some)
        ]
    };
    (
        later,
        [value(), value(), value(), value()],
        0_u8..6,
        0_u8..10,
        0_u8..4,
    )
        .prop_map(|(later_ms, readings, pass, reply, slow)| Moment {
            later_ms,
            readings,
            pass,
            reply,
            slow,
        })
}

fn reply(word: u8, denials: bool) -> Reply {
    match word {
        0 => Reply::Failed("throttled".to_owned()),
        1 if denials => Reply::Denied("no".to_owned()),
        2 if denials => Reply::NoAction,
        _ => Reply::Done,
    }
}

/// The rule told once more, in the plainest way: everything that was read, and a look at all of it.
#[derive(Default)]
struct Plain {
    began: Duration,
    /// Passes of the two that may know of tunnels: when, and whether they failed.
    passes: [Vec<(Duration, bool)>; 2],
    read: [Vec<(Duration, f64)>; 4],
}

impl Plain {
    /// Newer than ten seconds, or two and a half periods of five.
    const FRESH: Duration = Duration::from_millis(12_500);

    fn fresh(&self, gauge: Gauge, now: Duration) -> bool {
        let last = self.read[gauge as usize].last();
        last.is_some_and(|(at, _)| now - *at <= Self::FRESH)
    }

    fn may_end(&self, rule: &Rule, now: Duration) -> bool {
        if now >= self.began + rule.wait_max {
            return true;
        }
        let sessions = &self.read[Gauge::Sessions as usize];
        let first = sessions.first().map_or(0.0, |(_, value)| *value);
        let is_low = |value: f64| {
            value < first * f64::from(rule.sessions_percent) / 100.0
                || value <= f64::from(rule.own_sessions)
        };
        let low = sessions.len() >= 2 && sessions.iter().rev().take(2).all(|(_, v)| is_low(*v));
        let quiet = {
            let news = &self.read[Gauge::NewSessions as usize];
            let since = now
                .checked_sub(rule.quiet)
                .filter(|since| *since >= self.began);
            since.is_some_and(|since| {
                let within = news.iter().filter(|(at, _)| *at > since);
                let known = news.iter().any(|(at, _)| *at <= since);
                known && within.clone().all(|(_, value)| *value <= 0.0)
            })
        };
        let gone = |gauge: Gauge| {
            let last = self.read[gauge as usize].last();
            last.is_none_or(|(at, value)| match self.fresh(gauge, now) {
                true => *value <= 0.0,
                // Each had a good pass, its newest, when nobody had read a tunnel for long.
                false => self.passes.iter().all(|passes| {
                    let newest = passes.last();
                    newest.is_some_and(|(then, failed)| !failed && *then > *at + Self::FRESH)
                }),
            })
        };
        let heard = |passes: &Vec<(Duration, bool)>| passes.iter().any(|(_, failed)| !failed);
        let heard = self.passes.iter().all(heard);
        let gone = heard && gone(Gauge::Tunnels) && gone(Gauge::Users);
        let tunnels = !rule.waits_for_tunnels || gone;
        self.fresh(Gauge::Sessions, now) && tunnels && (low || quiet)
    }
}

/// Runs a course; every call with its time, and the end.
fn run(
    rule: Rule,
    patience: Duration,
    course: &[Moment],
    denials: bool,
) -> (Vec<(Duration, Call)>, Option<End>) {
    let mut now = secs(BOOT);
    let mut plain = Plain {
        began: now,
        ..Plain::default()
    };
    let mut gauges = Gauges::default();
    gauges.wait_for([0, 1]);
    let wait = Wait::new(rule, now, None, gauges);
    let mut drain = Drain::new(wait, Some(Hook::new(secs(900), patience, false)), now);
    let mut calls: Vec<(Duration, Call)> = Vec::new();
    let mut under_way: Option<(Call, u8)> = None;
    let mut decided = false;
    for moment in course {
        now += Duration::from_millis(moment.later_ms);
        let (reader, failed) = (usize::from(moment.pass % 2), moment.pass >= 2);
        if moment.pass < 4 {
            plain.passes[reader].push((now, failed));
            drain.gauges().passed(reader, failed, now);
        }
        for (gauge, value) in Gauge::ALL.into_iter().zip(moment.readings) {
            let Some(value) = value.map(f64::from) else {
                continue;
            };
            plain.read[gauge as usize].push((now, value));
            let period = secs(5);
            drain.take(
                gauge,
                Reading {
                    value,
                    at: now,
                    period,
                },
            );
        }
        if let Some((call, left)) = under_way.take() {
            match left {
                0 => drain.answered(call, reply(moment.reply, denials), now),
                _ => under_way = Some((call, left - 1)),
            }
        }
        for order in drain.step(now) {
            match order {
                Order::Say(line) | Order::Warn(line) if line.contains("drained") => {
                    let may = plain.may_end(&rule, now);
                    assert!(
                        may,
                        "before the rule and before the cap, at {now:?}: {line}"
                    );
                    decided = true;
                }
                Order::Say(_) | Order::Warn(_) => {}
                Order::Call(call) => {
                    assert!(under_way.is_none(), "two calls at a time");
                    assert_eq!(call == Call::Complete, decided, "{call:?} at {now:?}");
                    under_way = Some((call, moment.slow));
                    calls.push((now, call));
                }
            }
        }
        if let Some(end) = drain.end() {
            assert!(drain.wake(now).is_none() && drain.step(now + secs(9999)).is_empty());
            return (calls, Some(end));
        }
        // Whoever sleeps until then misses nothing, and does not spin.
        assert!(under_way.is_some() || drain.wake(now).is_some_and(|wake| wake > now));
    }
    (calls, None)
}

fn rules() -> impl Strategy<Value = Rule> {
    (1_u64..2000, 0_u32..50, 0_u32..40, 1_u64..400, any::<bool>()).prop_map(
        |(wait_max, sessions_percent, own_sessions, quiet, waits_for_tunnels)| Rule {
            wait_max: secs(wait_max),
            sessions_percent,
            own_sessions,
            quiet: secs(quiet),
            waits_for_tunnels,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_never_completes_before_the_rule_or_the_cap(
        rule in rules(),
        course in prop::collection::vec(moment(), 1..200),
    ) {
        run(rule, secs(60), &course, true);
    }

    #[test]
    fn the_cap_always_comes(
        rule in rules(),
        course in prop::collection::vec(moment(), 1..100),
    ) {
        // Whatever came before: a minute's look after the cap the hook is being completed, and where Auto Scaling
        // takes it, it is.
        let mut all = course;
        for _ in 0..200 {
            all.push(Moment { later_ms: 30_000, readings: [None; 4], pass: 9, reply: 9, slow: 0 });
        }
        let (calls, end) = run(rule, secs(1_000_000), &all, false);
        prop_assert!(end.is_some_and(|end| end.completed), "{end:?}");
        let completed = calls.iter().position(|(_, call)| *call == Call::Complete);
        prop_assert!(completed.is_some());
    }

    #[test]
    fn heartbeats_come_often_enough(
        timeout in 30_u64..7200,
        slow in 0_u64..12,
    ) {
        // Sessions that never end, looked at whenever the drain asks for it; answers take as long as they may.
        let rule = Rule { wait_max: secs(20_000), ..RULE };
        let mut now = secs(BOOT);
        let wait = Wait::new(rule, now, Some(5000.0), Gauges::default());
        let mut drain = Drain::new(wait, Some(Hook::new(secs(timeout), secs(60), false)), now);
        let mut last = now;
        let mut beats = 0;
        let mut looks = 0;
        while now < secs(BOOT + 10_000) {
            looks += 1;
            prop_assert!(looks < 5000, "it spins");
            for order in drain.step(now) {
                if order == Order::Call(Call::Heartbeat) {
                    prop_assert!(now - last <= secs(timeout) / 2 + secs(slow), "{:?}", now - last);
                    last = now;
                    beats += 1;
                    now += secs(slow);
                    drain.answered(Call::Heartbeat, Reply::Done, now);
                }
            }
            // What fell due while an answer was waited for is due now.
            now = drain.wake(now).unwrap().max(now);
        }
        prop_assert!(beats >= 100, "at least each minute or so, whatever the timeout: {beats}");
    }
}

#[test]
fn what_is_said_is_what_it_waits_for_at_start_at_changes_and_each_minute() {
    let now = secs(BOOT);
    let mut drain = Drain::new(Wait::new(RULE, now, None, Gauges::default()), None, now);
    let mut lines = Vec::new();
    for second in 0..300 {
        let sessions = match second {
            0..100 => 5000.0,
            100..200 => 1234.0,
            _ => 600.0,
        };
        // Not read for a while.
        if !(220..250).contains(&second) {
            drain.take(Gauge::Sessions, at(second, sessions));
        }
        drain.take(
            Gauge::Tunnels,
            at(second, f64::from(u8::from(second < 150) * 2)),
        );
        for order in drain.step(secs(BOOT + second)) {
            if let Order::Say(line) = order {
                lines.push((second, line));
            }
        }
    }
    let lines: Vec<(u64, &str)> = lines
        .iter()
        .map(|(at, line)| (*at, line.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (
                0,
                "draining: 5000 of 5000 sessions left, waiting for fewer than 50; 2 tunnels up; cap in 15 min"
            ),
            (
                60,
                "draining: 5000 of 5000 sessions left, waiting for fewer than 50; 2 tunnels up; cap in 14 min"
            ),
            (
                100,
                "draining: 1234 of 5000 sessions left, waiting for fewer than 50; 2 tunnels up; cap in 14 min"
            ),
            (
                150,
                "draining: 1234 of 5000 sessions left, waiting for fewer than 50; cap in 13 min"
            ),
            (
                200,
                "draining: 600 of 5000 sessions left, waiting for fewer than 50; cap in 12 min"
            ),
            (
                230,
                "draining: the sessions are not read any more (the last count, 11 s ago, was 600 of 5000), and unknown is not gone: waiting for fewer than 50; cap in 12 min"
            ),
            (
                250,
                "draining: 600 of 5000 sessions left, waiting for fewer than 50; cap in 11 min"
            ),
        ]
    );
}
