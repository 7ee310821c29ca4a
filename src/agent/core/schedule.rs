//! Windows and ticks: what is due when. Windows lie on the wall clock, elapsed time on the boot clock.
//!
//! An open window keeps its label and length whatever the wall clock does; the next one is cut at the wall boundary
//! that follows.

mod change;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::clock::Now;

/// How far the wall clock may be from a boundary at a window's end and still be taken for it: NTP slews by less.
const BOUNDARY_TOLERANCE_MS: i64 = 500;

/// At least this long after the seeding pass.
const FIRST_TICK_AFTER: Duration = Duration::from_millis(500);

/// See [`Schedule::local_tick`].
const TICK_SLACK: Duration = Duration::from_millis(500);

/// A window's place on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Which window, counted from start; labels may repeat after the wall clock went back.
    pub number: u64,
    /// Start on the wall clock, Unix seconds.
    pub label: i64,
    start: Duration,
    end: Duration,
}

/// A pass that is due, and the window its readings belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The window.
    pub window: u64,
    /// The window's label, should it be closed when the pass comes home.
    pub label: i64,
    /// When it was due, boot time.
    pub due: Duration,
    /// The pass at start only gives counters their first reading: it lies on no grid.
    pub seeds: bool,
}

/// When a collector runs.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// Time between passes.
    pub period: Duration,
    /// For remote firewalls: due so long after the window's end, and the readings are that window's.
    pub after_end: Option<Duration>,
}

/// What is due now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Start a pass.
    Pass(usize, Tick),
    /// Ticks that passed without one.
    Missed(usize, u64),
    /// Seal this window.
    Close(Span),
}

#[derive(Debug)]
struct Task {
    rhythm: Rhythm,
    /// The last tick that was run or lost.
    last: Duration,
    running: Option<Tick>,
    held_until: Duration,
}

impl Task {
    fn new(rhythm: Rhythm, now: Now) -> Self {
        Task {
            rhythm,
            last: now.boot,
            running: None,
            held_until: Duration::ZERO,
        }
    }
}

/// A window past its end.
#[derive(Debug, Clone, Copy)]
struct Ended {
    span: Span,
    /// It was handed out to be sealed; it stays while a remote pass for it may still run late.
    sealed: bool,
}

/// The timetable.
#[derive(Debug)]
pub struct Schedule {
    period: Duration,
    close_after: Duration,
    open: Span,
    ended: VecDeque<Ended>,
    /// By the number of the collector.
    tasks: BTreeMap<usize, Task>,
    /// See [`lateness`].
    lateness: Duration,
}

impl Schedule {
    /// A timetable from now on: windows of `period`, sealed `close_after` their end.
    #[must_use]
    pub fn new(
        now: Now,
        period: Duration,
        close_after: Duration,
        rhythms: &BTreeMap<usize, Rhythm>,
    ) -> Self {
        let task = |(number, rhythm): (&usize, &Rhythm)| (*number, Task::new(*rhythm, now));
        Schedule {
            period,
            close_after,
            open: span_at(0, now, period),
            ended: VecDeque::new(),
            tasks: rhythms.iter().map(task).collect(),
            lateness: lateness(rhythms),
        }
    }

    /// The first pass of every local collector, at once.
    pub fn seed(&mut self, now: Now) -> Vec<Due> {
        self.seed_those(now, |_| true)
    }

    /// The first pass of those of these collectors that are local.
    fn seed_those(&mut self, now: Now, those: impl Fn(usize) -> bool) -> Vec<Due> {
        let tick = Tick {
            window: self.open.number,
            label: self.open.label,
            due: now.boot,
            seeds: true,
        };
        let mut due = Vec::new();
        for (&number, task) in &mut self.tasks {
            if task.rhythm.after_end.is_some() || !those(number) {
                continue;
            }
            task.running = Some(tick);
            // A first share or rate over a few milliseconds would be noise: the first tick keeps its distance.
            task.last = now.boot + (task.rhythm.period / 2).min(FIRST_TICK_AFTER);
            due.push(Due::Pass(number, tick));
        }
        due
    }

    /// Everything that is due at `now`.
    pub fn poll(&mut self, now: Now) -> Vec<Due> {
        let mut due = self.roll(now);
        let mut tasks = std::mem::take(&mut self.tasks);
        for (number, task) in &mut tasks {
            self.run_newest(*number, task, now, &mut due);
        }
        self.tasks = tasks;
        for ended in self.ended.iter_mut().filter(|ended| !ended.sealed) {
            if ended.span.end + self.close_after <= now.boot {
                ended.sealed = true;
                due.push(Due::Close(ended.span));
            }
        }
        let lateness = self.lateness;
        self.ended
            .retain(|ended| !ended.sealed || now.boot < ended.span.end + lateness);
        due
    }

    /// The next moment at which something is due.
    #[must_use]
    pub fn wake(&self) -> Duration {
        let ticks = self.tasks.values().filter_map(|task| {
            let tick = self.tick_after(task.rhythm, task.last)?;
            // A remote pass that waits for the one before is woken by its end.
            let waits = task.rhythm.after_end.is_some() && task.running.is_some();
            (!waits).then_some(tick.due)
        });
        let closes = self
            .ended
            .iter()
            .find(|ended| !ended.sealed)
            .map(|ended| ended.span.end + self.close_after);
        ticks.chain(closes).fold(self.open.end, Duration::min)
    }

    /// A pass came home: which tick it was for.
    pub fn finished(&mut self, task: usize) -> Option<Tick> {
        self.tasks.get_mut(&task)?.running.take()
    }

    /// When the pass that is under way was due.
    #[must_use]
    pub fn running(&self, task: usize) -> Option<Duration> {
        let running = self.tasks.get(&task)?.running.as_ref();
        running.map(|tick| tick.due)
    }

    /// Starts no pass of this collector before then (back-off).
    pub fn hold(&mut self, task: usize, until: Duration) {
        if let Some(task) = self.tasks.get_mut(&task) {
            task.held_until = until;
        }
    }

    /// All windows that are not sealed yet, oldest first: for shutdown.
    pub fn drain(&mut self) -> Vec<Span> {
        let unsealed = self.ended.drain(..).filter(|ended| !ended.sealed);
        unsealed
            .map(|ended| ended.span)
            .chain(std::iter::once(self.open))
            .collect()
    }

    /// The window that is open.
    #[must_use]
    pub fn open(&self) -> Span {
        self.open
    }

    /// Moves on to the window that holds `now`.
    fn roll(&mut self, now: Now) -> Vec<Due> {
        let mut due = Vec::new();
        while now.boot >= self.open.end {
            let ended = self.open;
            self.ended.push_back(Ended {
                span: ended,
                sealed: false,
            });
            let next = self.after(ended, now);
            if now.boot < next.end {
                self.open = next;
                continue;
            }
            // Asleep, or stopped, for more than a window: no empty windows, on with the one that holds now.
            self.open = span_at(ended.number + 1, now, self.period);
            due.extend(self.slept(ended.end, self.open.start));
        }
        due
    }

    /// The window after `ended`, cut at the wall boundary that follows.
    fn after(&self, ended: Span, now: Now) -> Span {
        let since_end = millis(now.boot.saturating_sub(ended.end));
        let wall_at_end = now.wall_ms - since_end;
        let period_ms = millis(self.period);
        let tolerance = BOUNDARY_TOLERANCE_MS.min(period_ms / 2);
        let label_ms = (wall_at_end + tolerance).div_euclid(period_ms) * period_ms;
        let length_ms = (label_ms + period_ms - wall_at_end).max(1);
        // A slew of some milliseconds is not worth a crooked grid: the window keeps its full length then.
        let slewed = (label_ms - wall_at_end).abs() < BOUNDARY_TOLERANCE_MS / 10;
        let length = if slewed {
            self.period
        } else {
            from_millis(length_ms)
        };
        Span {
            number: ended.number + 1,
            label: label_ms.div_euclid(1000),
            start: ended.end,
            end: ended.end + length,
        }
    }

    fn slept(&mut self, from: Duration, to: Duration) -> Vec<Due> {
        let asleep = to.saturating_sub(from);
        let missed = |period: Duration| asleep.as_secs() / period.as_secs().max(1);
        let list = self.tasks.iter();
        list.map(|(number, task)| (*number, missed(task.rhythm.period)))
            .filter(|(_, missed)| *missed > 0)
            .map(|(number, missed)| Due::Missed(number, missed))
            .collect()
    }

    /// Runs the newest tick that is due; older ones are lost, as is one whose pass before still runs. A remote pass
    /// waits instead, until the next one is due.
    fn run_newest(&self, number: usize, task: &mut Task, now: Now, due: &mut Vec<Due>) {
        let mut missed = 0;
        let rhythm = task.rhythm;
        while let Some(tick) = self.tick_after(rhythm, task.last) {
            if tick.due > now.boot {
                break;
            }
            let next = self.tick_after(rhythm, tick.due);
            // Also where the next one is not known: the machine slept over it.
            let superseded = next.is_some_and(|next| next.due <= now.boot)
                || tick.due + rhythm.period <= now.boot;
            if superseded {
                task.last = tick.due;
                missed += u64::from(task.held_until <= tick.due);
                continue;
            }
            if task.running.is_some() && rhythm.after_end.is_some() {
                break;
            }
            task.last = tick.due;
            if task.held_until > tick.due {
                continue;
            }
            if task.running.is_some() {
                missed += 1;
            } else {
                task.running = Some(tick);
                due.push(Due::Pass(number, tick));
            }
        }
        if missed > 0 {
            due.push(Due::Missed(number, missed));
        }
    }

    /// The first tick after a moment, in the windows that are known.
    fn tick_after(&self, rhythm: Rhythm, after: Duration) -> Option<Tick> {
        self.ended
            .iter()
            .map(|ended| &ended.span)
            .chain(std::iter::once(&self.open))
            .find_map(|span| match rhythm.after_end {
                Some(offset) => self.remote_tick(span, rhythm.period, offset, after),
                None => self.local_tick(span, rhythm.period, after),
            })
    }

    /// Ticks of a window lie at the multiples of the sampling period on its own grid, counted back from its end.
    fn local_tick(&self, span: &Span, period: Duration, after: Duration) -> Option<Tick> {
        // A window that a small correction cut short keeps its first tick, at its start.
        let slack = if span.number == 0 {
            Duration::ZERO
        } else {
            TICK_SLACK
        };
        let earliest = span.start.saturating_sub(slack + Duration::from_nanos(1));
        let left = span.end.checked_sub(after.max(earliest))?;
        let step = i128::try_from(period.as_nanos()).ok()?;
        let wall_end =
            i128::from(span.label) * 1_000_000_000 + i128::try_from(self.period.as_nanos()).ok()?;
        let after_wall = wall_end - i128::try_from(left.as_nanos()).ok()?;
        let at = (after_wall.div_euclid(step) + 1) * step;
        let before_end = u64::try_from(wall_end - at).ok().filter(|left| *left > 0)?;
        let due = span
            .end
            .checked_sub(Duration::from_nanos(before_end))?
            .max(span.start);
        Some(self.tick(span, due))
    }

    fn remote_tick(
        &self,
        span: &Span,
        period: Duration,
        offset: Duration,
        after: Duration,
    ) -> Option<Tick> {
        let due = span.end + offset;
        let period_secs = i64::try_from(period.as_secs()).unwrap_or(i64::MAX).max(1);
        (due > after && span.label.rem_euclid(period_secs) == 0).then_some(self.tick(span, due))
    }

    fn tick(&self, span: &Span, due: Duration) -> Tick {
        Tick {
            window: span.number,
            label: span.label,
            due,
            seeds: false,
        }
    }
}

/// The longest time after a window's end at which a remote pass for it may start.
fn lateness(rhythms: &BTreeMap<usize, Rhythm>) -> Duration {
    let offsets = rhythms
        .values()
        .filter_map(|rhythm| rhythm.after_end.map(|offset| offset + rhythm.period));
    offsets.max().unwrap_or_default()
}

/// The window of the wall clock that holds `now`; it starts now.
fn span_at(number: u64, now: Now, period: Duration) -> Span {
    let period_ms = millis(period);
    let label_ms = now.wall_ms.div_euclid(period_ms) * period_ms;
    let rest = from_millis(label_ms + period_ms - now.wall_ms);
    Span {
        number,
        label: label_ms.div_euclid(1000),
        start: now.boot,
        end: now.boot + rest,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn from_millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}
