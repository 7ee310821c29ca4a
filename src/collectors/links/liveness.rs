//! Whether the other end of a stateless tunnel lives, judged by what was received from it. Pure: the time is given.

use std::collections::HashMap;
use std::time::Duration;

/// What was last heard over each link, by its index: a link made anew is another.
#[derive(Debug)]
pub struct Liveness {
    /// Silence longer than this is death.
    within: Duration,
    ears: HashMap<i32, Ear>,
}

#[derive(Debug, Clone, Copy)]
struct Ear {
    packets: u64,
    /// When something was last received; before that, when we began to listen.
    since: Duration,
    has_heard: bool,
}

impl Liveness {
    /// Silence is death after `within`.
    #[must_use]
    pub fn new(within: Duration) -> Self {
        Liveness {
            within,
            ears: HashMap::new(),
        }
    }

    /// The link has received so many packets by `now` (boot time): whether it lives. `None` until it is heard, or was
    /// silent for as long as it may be.
    pub fn judge(&mut self, index: i32, packets: u64, now: Duration) -> Option<bool> {
        let ear = self.ears.entry(index).or_insert(Ear {
            packets,
            since: now,
            has_heard: false,
        });
        if packets != ear.packets {
            *ear = Ear {
                packets,
                since: now,
                has_heard: true,
            };
        }
        let is_silent = now.saturating_sub(ear.since) > self.within;
        match (is_silent, ear.has_heard) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    /// Forgets the links that are gone or set down: what they were silent about meanwhile says nothing.
    pub fn keep(&mut self, is_there: impl Fn(i32) -> bool) {
        self.ears.retain(|index, _| is_there(*index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is judged of one link at these seconds with these totals.
    fn judged(of: &[(u64, u64)]) -> Vec<Option<bool>> {
        let mut liveness = Liveness::new(Duration::from_secs(10));
        of.iter()
            .map(|(at, packets)| liveness.judge(7, *packets, Duration::from_secs(*at)))
            .collect()
    }

    #[test]
    fn nothing_is_known_until_something_was_heard_or_the_time_is_over() {
        let silent = judged(&[(100, 5), (110, 5), (111, 5), (112, 6)]);
        assert_eq!(silent, [None, None, Some(false), Some(true)]);
    }

    #[test]
    fn it_lives_as_long_after_the_last_packet_as_silence_may_last() {
        let cut = judged(&[(0, 0), (1, 1), (11, 1), (12, 1), (13, 2)]);
        assert_eq!(cut, [None, Some(true), Some(true), Some(false), Some(true)]);
    }

    #[test]
    fn a_link_that_was_gone_is_listened_to_anew() {
        let mut liveness = Liveness::new(Duration::from_secs(10));
        let second = Duration::from_secs(1);
        liveness.judge(7, 5, second);
        liveness.keep(|index| index != 7);
        assert_eq!(liveness.judge(7, 5, second * 60), None);
    }
}
