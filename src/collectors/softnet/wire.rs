//! /proc/net/softnet_stat: bytes to numbers (net/core/net-procfs.c, softnet_seq_show).
//!
//! One line per online CPU, hexadecimal columns of 32 bits, more of them with each generation of kernels: 9 in 2.6.32,
//! 10 with received_rps, 11 with flow_limit_count, 13 with the backlog's length and the CPU's number (5.10 has them),
//! 15 with the lengths of the backlog's two queues. Twelve are of no kernel of kernel.org; a vendor's 4.19 has a
//! counter of its own in the twelfth, so a backlog is believed only with a CPU's number behind it.

/// Columns, from 0.
const DROPPED: usize = 1;
const SQUEEZED: usize = 2;
const BACKLOG: usize = 11;
const CPU: usize = 12;
/// Fewer columns no kernel has that we know of.
const COLUMNS_MIN: usize = 3;

/// One CPU's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Core {
    /// The CPU's own number; older kernels do not say it, and skip CPUs that are offline.
    pub cpu: Option<u32>,
    /// Packets dropped because the backlog was full, since boot; wraps.
    pub dropped: u32,
    /// Times that a poll used up its budget or its time with packets left, since boot; wraps.
    pub squeezed: u32,
    /// Packets waiting in the backlog now, where the kernel says it.
    pub backlog: Option<u32>,
}

/// The lines of the file.
///
/// # Errors
/// Names the line that is no such line, or says that there is none.
pub fn softnet_stat(text: &str) -> Result<Vec<Core>, String> {
    let cores = text.lines().map(core).collect::<Result<Vec<_>, _>>()?;
    if cores.is_empty() {
        return Err("no line".to_owned());
    }
    Ok(cores)
}

fn core(line: &str) -> Result<Core, String> {
    let wrong = || format!("line {line:.80?} is not {COLUMNS_MIN} or more hexadecimal numbers");
    let mut read = [None; CPU + 1];
    for (column, word) in line.split_ascii_whitespace().enumerate() {
        let number = u32::from_str_radix(word, 16).map_err(|_| wrong())?;
        // What later kernels append is not used.
        if let Some(place) = read.get_mut(column) {
            *place = Some(number);
        }
    }
    Ok(Core {
        cpu: read[CPU],
        dropped: read[DROPPED].ok_or_else(wrong)?,
        squeezed: read[SQUEEZED].ok_or_else(wrong)?,
        backlog: read[CPU].and(read[BACKLOG]),
    })
}

/// A sysctl's number.
///
/// # Errors
/// Says what is no number.
pub fn number(text: &str) -> Result<u32, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("{text:.40?} is not a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line whose columns are 0x10, 0x11, 0x12 …
    fn line(columns: u32) -> String {
        let words = (0x10..0x10 + columns).map(|number| format!("{number:08x}"));
        words.collect::<Vec<_>>().join(" ") + "\n"
    }

    #[test]
    fn every_column_count_from_three_on_is_read() {
        for columns in 3..=17 {
            let wanted = Core {
                cpu: (columns >= 13).then_some(0x1c),
                dropped: 0x11,
                squeezed: 0x12,
                backlog: (columns >= 13).then_some(0x1b),
            };
            assert_eq!(softnet_stat(&line(columns)), Ok(vec![wanted]), "{columns}");
        }
    }

    #[test]
    fn too_few_columns_no_hexadecimal_and_no_line_are_errors() {
        for text in ["", "\n", "01 02\n", "01 02 0g\n", "01 02 1ffffffff\n"] {
            assert!(softnet_stat(text).is_err(), "{text:?}");
        }
        assert!(softnet_stat(&(line(13) + "01\n")).is_err());
        assert!(number("-1").is_err() && number("").is_err());
    }
}
