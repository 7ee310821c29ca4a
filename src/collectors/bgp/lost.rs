//! How many sessions with a peer were lost between two readings of it.

use super::wire::{Counted, Peer, Session, Since, State};

/// Two times are one when they differ by less, milliseconds: a wall clock that is slewed moves both by a hair. No session
/// comes back so soon: BIRD waits a second at the least before it connects again.
const FINE_MS: u32 = 200;
/// The same where only whole seconds are told: each of four times may be cut by one.
const COARSE_MS: u32 = 2_500;
const DAY_MS: u32 = 86_400_000;

/// Sessions lost since `before`. A daemon that `restarted` has lost those that were up.
pub(super) fn lost(before: &Peer, now: &Peer, restarted: bool) -> u64 {
    let was_up = before.state == State::Up;
    let went_down = was_up && now.state == State::Down;
    match (&before.session, &now.session) {
        (Session::Counted(before), Session::Counted(after)) => {
            let is_up = now.state == State::Up;
            counted(before, after, was_up, is_up, went_down)
        }
        (Session::Since(before), Session::Since(after)) => {
            let is_new = now.state == State::Up && (restarted || is_later(*before, *after));
            u64::from(was_up && (went_down || is_new))
        }
        _ => u64::from(went_down),
    }
}

fn counted(before: &Counted, now: &Counted, was_up: bool, is_up: bool, went_down: bool) -> u64 {
    let (dropped, established) = (
        change(before.dropped, now.dropped),
        change(before.established, now.established),
    );
    if dropped == Change::Anew || established == Change::Anew {
        // The daemon, or the peer's configuration, was made anew, and the session with it.
        return now.dropped.unwrap_or(0).saturating_add(u64::from(was_up));
    }
    if let Change::By(more) = dropped {
        return more;
    }
    let younger = change(before.uptime_ms, now.uptime_ms) == Change::Anew;
    let another = matches!(established, Change::By(_)) || younger;
    u64::from(was_up && (went_down || (is_up && another)))
}

#[derive(PartialEq, Eq)]
enum Change {
    None,
    By(u64),
    Anew,
}

fn change(before: Option<u64>, now: Option<u64>) -> Change {
    match before.zip(now) {
        Some((before, now)) if now > before => Change::By(now - before),
        Some((before, now)) if now < before => Change::Anew,
        _ => Change::None,
    }
}

/// Another session began: its time is another one, round the clock.
fn is_later(before: Since, now: Since) -> bool {
    match (before, now) {
        (Since::AfterStart { ms: a, fine: x }, Since::AfterStart { ms: b, fine: y }) => {
            let apart = a.abs_diff(b);
            let apart = apart.min(DAY_MS.saturating_sub(apart));
            apart > if x && y { FINE_MS } else { COARSE_MS }
        }
        // Told by the day it was old already; now it is told by the time.
        (Since::LongAgo, Since::AfterStart { .. }) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(state: State, session: Session) -> Peer {
        Peer {
            state,
            prefixes: None,
            is_dynamic: false,
            session,
        }
    }

    fn frr(state: State, established: u64, dropped: u64, uptime_ms: u64) -> Peer {
        let session = Session::Counted(Counted {
            established: Some(established),
            dropped: Some(dropped),
            uptime_ms: Some(uptime_ms),
        });
        peer(state, session)
    }

    fn bird(state: State, ms: u32) -> Peer {
        peer(state, Session::Since(Since::AfterStart { ms, fine: true }))
    }

    use State::{Down, Shut, Unknown, Up};

    #[test]
    fn frr_counts_and_a_count_that_fell_is_a_daemon_made_anew() {
        let before = frr(Up, 2, 1, 60_000);
        for (now, wanted) in [
            (frr(Up, 2, 1, 70_000), 0),
            (frr(Down, 2, 2, 3_000), 1),
            (frr(Up, 3, 2, 3_000), 1),
            (frr(Up, 5, 4, 3_000), 3),
            (frr(Down, 0, 0, 0), 1),
            (frr(Up, 1, 0, 2_000), 1),
            (frr(Down, 1, 1, 2_000), 2),
            (frr(Unknown, 2, 1, 0), 0),
        ] {
            assert_eq!(lost(&before, &now, false), wanted, "{now:?}");
        }
        // Restarted with equal counters.
        let before = frr(Up, 1, 0, 60_000);
        assert_eq!(lost(&before, &frr(Up, 1, 0, 2_000), false), 1);
        assert_eq!(lost(&before, &frr(Up, 1, 0, 70_000), false), 0);
        assert_eq!(lost(&frr(Down, 1, 1, 0), &frr(Up, 2, 1, 0), false), 0);
        assert_eq!(lost(&frr(Down, 1, 1, 0), &frr(Down, 2, 2, 0), false), 1);
    }

    #[test]
    fn without_counters_the_age_of_the_session_tells() {
        let old = |state, uptime_ms| {
            let uptime_ms = Some(uptime_ms);
            let counted = Counted {
                uptime_ms,
                ..Counted::default()
            };
            peer(state, Session::Counted(counted))
        };
        assert_eq!(lost(&old(Up, 9_000), &old(Up, 4_000), false), 1);
        assert_eq!(lost(&old(Up, 9_000), &old(Up, 19_000), false), 0);
        assert_eq!(lost(&old(Up, 9_000), &old(Down, 10_000), false), 1);
        assert_eq!(lost(&old(Down, 9_000), &old(Up, 1_000), false), 0);
    }

    #[test]
    fn bird_tells_a_session_by_its_beginning() {
        for (before, now, wanted) in [
            (bird(Up, 1_000), bird(Up, 1_003), 0),
            (bird(Up, 1_000), bird(Up, 9_000), 1),
            (bird(Up, DAY_MS - 1), bird(Up, 1), 0),
            (bird(Up, 1_000), bird(Down, 9_000), 1),
            (bird(Down, 1_000), bird(Up, 9_000), 0),
            (bird(Up, 1_000), bird(Shut, 9_000), 0),
        ] {
            assert_eq!(lost(&before, &now, false), wanted, "{before:?} {now:?}");
        }
        assert_eq!(lost(&bird(Up, 1_000), &bird(Up, 1_000), true), 1);
        assert_eq!(lost(&bird(Down, 1_000), &bird(Up, 1_000), true), 0);
    }

    #[test]
    fn a_session_that_ages_past_its_time_of_day_is_no_new_one() {
        let aged = peer(Up, Session::Since(Since::LongAgo));
        assert_eq!(lost(&bird(Up, 1_000), &aged, false), 0);
        assert_eq!(lost(&aged, &aged, false), 0);
        assert_eq!(lost(&aged, &bird(Up, 1_000), false), 1);
        let unknown = peer(Up, Session::Since(Since::Unknown));
        assert_eq!(lost(&unknown, &bird(Up, 1_000), false), 0);
    }
}
