//! /proc/stat and the kernel's CPU lists: bytes to numbers.

use std::collections::{BTreeMap, BTreeSet};

/// Columns that make up a core's time: user, nice, system, idle, iowait, irq, softirq, steal. Guest time, behind
/// them, is inside user already.
pub const COLUMNS: usize = 8;

/// Times of one core since boot, in ticks of USER_HZ (Documentation/filesystems/proc.rst, 1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreTimes {
    /// The core's number.
    pub core: u32,
    /// The columns.
    pub times: [u64; COLUMNS],
}

/// What the shares of a core are made of.
impl CoreTimes {
    /// All of its time.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.times
            .iter()
            .fold(0, |sum, time| sum.saturating_add(*time))
    }

    /// Without idle and iowait.
    #[must_use]
    pub fn busy(&self) -> u64 {
        let idle = self.times[3].saturating_add(self.times[4]);
        self.total().saturating_sub(idle)
    }

    /// In softirq.
    #[must_use]
    pub fn softirq(&self) -> u64 {
        self.times[6]
    }

    /// Taken by the hypervisor.
    #[must_use]
    pub fn steal(&self) -> u64 {
        self.times[7]
    }
}

/// The lines `cpuN` of /proc/stat; offline cores are missing.
///
/// # Errors
/// Names the line that is no such line, or says that there is none.
pub fn proc_stat(text: &str) -> Result<Vec<CoreTimes>, String> {
    let lines = text.lines().filter(|line| {
        line.strip_prefix("cpu")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    let cores = lines.map(core_line).collect::<Result<Vec<_>, _>>()?;
    if cores.is_empty() {
        return Err("no line cpuN".to_owned());
    }
    Ok(cores)
}

fn core_line(line: &str) -> Result<CoreTimes, String> {
    let wrong = || format!("line {line:.80?} is not cpuN with at least 4 times");
    let mut words = line.split_ascii_whitespace();
    let core = words
        .next()
        .and_then(|word| word.strip_prefix("cpu"))
        .and_then(|number| number.parse().ok())
        .ok_or_else(wrong)?;
    let times = words
        .map(|word| word.parse::<u64>().map_err(|_| wrong()))
        .collect::<Result<Vec<_>, _>>()?;
    if times.len() < 4 {
        return Err(wrong());
    }
    // Kernels before 2.6.33 have fewer columns: what is not there took no time.
    let column = |column: usize| times.get(column).copied().unwrap_or(0);
    Ok(CoreTimes {
        core,
        times: std::array::from_fn(column),
    })
}

/// Times that never go back. The kernel's idle and iowait do at times (fs/proc/stat.c, get_iowait_time); taken as they
/// are they would shrink the whole that every share is made of. What falls counts as no time.
#[derive(Debug, Default)]
pub struct Steady {
    cores: BTreeMap<u32, (CoreTimes, [u64; COLUMNS])>,
}

impl Steady {
    /// The core's times, grown by what each column grew since it was seen last.
    pub fn of(&mut self, read: CoreTimes) -> CoreTimes {
        let (last, grown) = self.cores.entry(read.core).or_insert((read, read.times));
        for (column, total) in grown.iter_mut().enumerate() {
            let more = read.times[column].saturating_sub(last.times[column]);
            *total = total.saturating_add(more);
        }
        *last = read;
        CoreTimes {
            times: *grown,
            ..read
        }
    }
}

/// A CPU list such as `2-7,12` (lib/bitmap.c, bitmap_parselist without strides). What the kernel writes for an
/// empty list, and `(null)` as nohz_full has it, is no core.
///
/// # Errors
/// Says what is no number or range.
pub fn cpu_list(text: &str) -> Result<BTreeSet<u32>, String> {
    let text = text.trim();
    let mut cores = BTreeSet::new();
    if text.is_empty() || text == "(null)" {
        return Ok(cores);
    }
    for part in text.split(',') {
        let wrong = || format!("{part:?} is not a CPU or a range such as 2-7");
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first: u32 = first.trim().parse().map_err(|_| wrong())?;
        let last: u32 = last.trim().parse().map_err(|_| wrong())?;
        if first > last || last > CORES_MAX {
            return Err(wrong());
        }
        cores.extend(first..=last);
    }
    Ok(cores)
}

/// Twice what x86 can be built for (CONFIG_NR_CPUS, 8192 with MAXSMP).
const CORES_MAX: u32 = 16384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_time_is_not_counted_twice() {
        let cores = proc_stat("cpu  9 9\ncpu3 10 1 2 70 7 3 4 3 10 1\nintr 5\n").unwrap();
        assert_eq!(cores.len(), 1);
        assert_eq!(
            (cores[0].core, cores[0].total(), cores[0].busy()),
            (3, 100, 23)
        );
        assert_eq!((cores[0].softirq(), cores[0].steal()), (4, 3));
    }

    #[test]
    fn a_time_that_goes_back_counts_as_none() {
        let mut steady = Steady::default();
        let times = |idle, iowait| CoreTimes {
            core: 0,
            times: [10, 0, 0, idle, iowait, 0, 0, 0],
        };
        steady.of(times(100, 50));
        assert_eq!(
            steady.of(times(110, 43)).times,
            [10, 0, 0, 110, 50, 0, 0, 0]
        );
        assert_eq!(
            steady.of(times(111, 45)).times,
            [10, 0, 0, 111, 52, 0, 0, 0]
        );
    }

    #[test]
    fn lines_that_are_none_are_named() {
        assert!(proc_stat("cpu0 1 2 x 4\n").is_err_and(|e| e.contains("cpu0 1 2 x 4")));
        assert!(proc_stat("cpu0 1 2 3\n").is_err());
        assert!(proc_stat("").is_err());
    }

    #[test]
    fn cpu_lists_as_the_kernel_writes_them() {
        let list = |text| cpu_list(text).map(|set| set.into_iter().collect::<Vec<_>>());
        assert_eq!(list("\n"), Ok(vec![]));
        assert_eq!(list(" (null)\n"), Ok(vec![]));
        assert_eq!(list("1,4-6\n"), Ok(vec![1, 4, 5, 6]));
        for wrong in ["a", "3-1", "1-", "0-4000000000"] {
            assert!(cpu_list(wrong).is_err(), "{wrong}");
        }
    }
}
