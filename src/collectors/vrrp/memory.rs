//! Two dumps of an instance compared: what happened between them, as far as its counters tell.

use std::collections::BTreeMap;
use std::time::Duration;

use super::wire::{Instance, State};

/// Adverts of a master that may be missing before it is taken for gone (RFC 5798, 6.1; keepalived's
/// `vrrp_down_timer_adverts`).
const ADVERTS_MISSED: f64 = 3.0;
/// One advert may come from a master that is just giving way.
const RIVAL_ADVERTS: u64 = 2;
/// Passes without one until a rival is forgotten: keepalived itself is late with adverts while it refuses others.
const ALONE_PASSES: u32 = 3;

/// What is said of an instance after a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// MASTER now and without a break since the pass before; `None` while it has not decided.
    pub(super) active: Option<bool>,
    /// As BACKUP: its master's adverts arrive.
    pub(super) peer_up: Option<bool>,
    /// Changes of its state that were seen since it was seen first: a running total.
    pub(super) changes: u64,
    /// It is MASTER, and another master of its router is heard.
    pub(super) rival: bool,
}

/// The dump before.
#[derive(Debug, Default)]
pub(super) struct Memory {
    seen: BTreeMap<(String, Option<u64>), Seen>,
    written: Option<Duration>,
}

#[derive(Debug)]
struct Seen {
    instance: Instance,
    changes: u64,
    /// Time without a new advert, seconds.
    silent_secs: f64,
    /// One came since it was seen first.
    heard: bool,
    /// Packets of another master, while this one was master all the time, and none of them long ago.
    rival_adverts: u64,
    /// Passes and time without one, seconds.
    alone: (u32, f64),
}

impl Memory {
    /// Takes a dump that was written then (Unix time): one answer for each instance, in their order. `anew` when it is
    /// of another process than the one before.
    pub(super) fn take(
        &mut self,
        instances: &[Instance],
        written: Duration,
        anew: bool,
    ) -> Vec<Told> {
        let before = self.written.replace(written).unwrap_or(written);
        let secs = written.saturating_sub(before).as_secs_f64();
        let mut known = std::mem::take(&mut self.seen);
        let tell = |now: &Instance| {
            let key = (now.name.clone(), now.router);
            let (seen, told) = match known.remove(&key) {
                None => first(now),
                Some(before) => next(before, now, secs, anew),
            };
            self.seen.insert(key, seen);
            told
        };
        instances.iter().map(tell).collect()
    }
}

fn first(now: &Instance) -> (Seen, Told) {
    let seen = Seen {
        instance: now.clone(),
        changes: 0,
        silent_secs: 0.0,
        heard: false,
        rival_adverts: 0,
        alone: (0, 0.0),
    };
    let told = Told {
        active: is_active(now.state),
        peer_up: None,
        changes: 0,
        rival: false,
    };
    (seen, told)
}

fn next(mut seen: Seen, now: &Instance, secs: f64, anew: bool) -> (Seen, Told) {
    let before = std::mem::replace(&mut seen.instance, now.clone());
    let restarted = anew || is_restart(&before, now);
    // A restart counts from 0, and so does a command that clears the statistics.
    let since = |before: u64, now: u64| match restarted {
        true => now,
        false => now.checked_sub(before).unwrap_or(now),
    };
    let became = since(before.become_master, now.become_master);
    let released = since(before.release_master, now.release_master);
    let received = since(before.adverts_received, now.adverts_received);
    let refused = since(before.adverts_refused, now.adverts_refused);
    let was_master = before.state == State::Master;

    let counted = became.saturating_add(released);
    let counted = counted.saturating_add(u64::from(restarted && was_master));
    // BACKUP to FAULT and back is in no counter.
    let uncounted = u64::from(counted == 0 && before.state != now.state);
    seen.changes = seen
        .changes
        .saturating_add(counted)
        .saturating_add(uncounted);

    let broken = restarted || released > 0 || (was_master && became > 0);
    let is_steady = was_master && now.state == State::Master && !broken;

    if received > 0 {
        (seen.silent_secs, seen.heard) = (0.0, true);
    } else {
        seen.silent_secs += secs;
    }
    let down_secs = ADVERTS_MISSED * now.advert_secs;
    let peer_up = match seen.silent_secs >= down_secs {
        true => Some(false),
        false => seen.heard.then_some(true),
    };

    let rivals = received.saturating_add(refused);
    let (passes, alone_secs) = match rivals {
        0 => (seen.alone.0.saturating_add(1), seen.alone.1 + secs),
        _ => (0, 0.0),
    };
    seen.alone = (passes, alone_secs);
    if !is_steady || (passes >= ALONE_PASSES && alone_secs >= down_secs) {
        seen.rival_adverts = 0;
    } else {
        seen.rival_adverts = seen.rival_adverts.saturating_add(rivals);
    }
    let told = Told {
        active: is_active(now.state).map(|active| active && !broken),
        peer_up: peer_up.filter(|_| now.state == State::Backup),
        changes: seen.changes,
        rival: seen.rival_adverts >= RIVAL_ADVERTS,
    };
    (seen, told)
}

/// keepalived's VRRP process was restarted: by its parent, which stays. Clearing the statistics leaves the time of the last
/// transition alone, and loading the configuration again leaves the counters.
fn is_restart(before: &Instance, now: &Instance) -> bool {
    let fell = now.become_master < before.become_master
        || now.release_master < before.release_master
        || now.adverts_sent < before.adverts_sent
        || now.adverts_received < before.adverts_received;
    fell && (now.last_transition.is_none() || now.last_transition != before.last_transition)
}

fn is_active(state: State) -> Option<bool> {
    match state {
        State::Master => Some(true),
        State::Backup | State::Fault => Some(false),
        State::Init | State::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(state: State, become_master: u64, release_master: u64, received: u64) -> Instance {
        Instance {
            name: "VI_1".to_owned(),
            router: Some(51),
            state,
            advert_secs: 1.0,
            last_transition: Some(100.0),
            become_master,
            release_master,
            adverts_sent: 0,
            adverts_received: received,
            adverts_refused: 0,
        }
    }

    /// Dumps five seconds apart; what is told after the last.
    fn last(dumps: &[Instance]) -> Told {
        let mut memory = Memory::default();
        let mut told = None;
        for (pass, dump) in dumps.iter().enumerate() {
            let written = Duration::from_secs(1000 + 5 * pass as u64);
            told = memory
                .take(std::slice::from_ref(dump), written, false)
                .pop();
        }
        told.unwrap()
    }

    fn active(dumps: &[Instance]) -> (Option<bool>, u64) {
        let told = last(dumps);
        (told.active, told.changes)
    }

    use State::{Backup, Fault, Init, Master};

    #[test]
    fn each_state_alone() {
        for (state, wanted) in [
            (Init, None),
            (Backup, Some(false)),
            (Master, Some(true)),
            (Fault, Some(false)),
            (State::Other, None),
        ] {
            assert_eq!(active(&[at(state, 9, 8, 0)]), (wanted, 0), "{state:?}");
        }
    }

    #[test]
    fn a_flap_between_two_passes_shows_once() {
        let flap = [at(Master, 1, 0, 0), at(Master, 2, 1, 0)];
        assert_eq!(active(&flap), (Some(false), 2));
        let after = [flap.as_slice(), &[at(Master, 2, 1, 0)]].concat();
        assert_eq!(active(&after), (Some(true), 2));
        // A release that no counter has: MASTER twice without leaving.
        assert_eq!(
            active(&[at(Master, 1, 0, 0), at(Master, 2, 0, 0)]),
            (Some(false), 1)
        );
    }

    #[test]
    fn a_takeover_is_one_change_and_active() {
        assert_eq!(
            active(&[at(Backup, 0, 0, 9), at(Master, 1, 0, 9)]),
            (Some(true), 1)
        );
        assert_eq!(
            active(&[at(Master, 1, 0, 0), at(Backup, 1, 1, 3)]),
            (Some(false), 1)
        );
    }

    #[test]
    fn a_fault_that_no_counter_has_is_a_change_too() {
        let fault = [at(Backup, 0, 0, 9), at(Fault, 0, 0, 9)];
        assert_eq!(active(&fault), (Some(false), 1));
        assert_eq!(active(&[at(Init, 0, 0, 0), at(Backup, 0, 0, 0)]).1, 1);
        assert_eq!(active(&[at(Master, 1, 0, 0), at(Fault, 1, 1, 0)]).1, 1);
    }

    #[test]
    fn a_restart_is_a_break_and_what_it_counted_since_is_added() {
        let mut again = at(Master, 1, 0, 0);
        again.last_transition = Some(200.0);
        let mut was = at(Master, 3, 2, 7);
        was.adverts_sent = 40;
        // MASTER to nothing, and MASTER again.
        assert_eq!(active(&[was.clone(), again.clone()]), (Some(false), 2));
        let mut memory = Memory::default();
        memory.take(&[was], Duration::ZERO, false);
        let told = memory.take(&[again], Duration::from_secs(5), true);
        assert_eq!((told[0].active, told[0].changes), (Some(false), 2));
    }

    #[test]
    fn clearing_the_statistics_and_loading_again_are_no_break() {
        let mut was = at(Master, 3, 2, 7);
        was.adverts_sent = 40;
        let cleared = at(Master, 0, 0, 0);
        assert_eq!(active(&[was.clone(), cleared]), (Some(true), 0));
        let mut loaded = was.clone();
        (loaded.last_transition, loaded.adverts_sent) = (Some(300.0), 45);
        assert_eq!(active(&[was, loaded]), (Some(true), 0));
    }

    #[test]
    fn a_backup_hears_its_master_or_not() {
        let dumps = |counts: &[u64]| {
            let dumps: Vec<Instance> = counts.iter().map(|n| at(Backup, 0, 0, *n)).collect();
            last(&dumps).peer_up
        };
        assert_eq!(dumps(&[5]), None);
        assert_eq!(dumps(&[5, 10]), Some(true));
        assert_eq!(dumps(&[5, 10, 10]), Some(false));
        assert_eq!(dumps(&[0, 0]), Some(false));
        let slow = |counts: &[u64]| {
            let slow = |n: &u64| Instance {
                advert_secs: 4.0,
                ..at(Backup, 0, 0, *n)
            };
            last(&counts.iter().map(slow).collect::<Vec<_>>()).peer_up
        };
        assert_eq!(slow(&[5, 5]), None);
        assert_eq!(slow(&[5, 6, 6, 6]), Some(true));
        assert_eq!(slow(&[5, 6, 6, 6, 6]), Some(false));
    }

    #[test]
    fn a_master_says_nothing_of_its_peer_and_a_rival_is_heard_twice() {
        let rival = |counts: &[u64]| {
            let dumps: Vec<Instance> = counts.iter().map(|n| at(Master, 1, 0, *n)).collect();
            let told = last(&dumps);
            assert_eq!(told.peer_up, None);
            told.rival
        };
        assert!(!rival(&[5]) && !rival(&[5, 5]) && !rival(&[5, 6]));
        assert!(rival(&[5, 10]) && rival(&[5, 6, 7]));
        assert!(rival(&[5, 10, 10, 10]) && !rival(&[5, 10, 10, 10, 10]));
        // What a takeover leaves is none.
        let taken = [at(Backup, 0, 0, 3), at(Master, 1, 0, 9)];
        assert!(!last(&taken).rival);
        let mut refused = at(Master, 1, 0, 5);
        refused.adverts_refused = 5;
        assert!(last(&[at(Master, 1, 0, 5), refused]).rival);
    }

    #[test]
    fn a_clock_set_back_makes_no_silence() {
        let mut memory = Memory::default();
        for (secs, count) in [(1000, 1), (1005, 2), (3, 2)] {
            let told = memory.take(&[at(Backup, 0, 0, count)], Duration::from_secs(secs), false);
            assert_ne!(told[0].peer_up, Some(false));
        }
    }
}
