//! nf_conntrack's sysctls and /proc/net/stat/nf_conntrack: bytes to numbers.

/// A sysctl that holds one number.
///
/// # Errors
/// Shows what is no number.
pub fn number(text: &str) -> Result<u64, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("{text:.40?} is not a number"))
}

/// Sessions that found no place, per CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// Packets dropped for want of an entry.
    pub drop: u64,
    /// Entries evicted to make room.
    pub early_drop: u64,
}

/// What /proc/net/stat/nf_conntrack says of one network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Entries in the table: the same number stands on every line. `None` without the column or a line.
    pub entries: Option<u64>,
    /// Failures per possible CPU.
    pub failures: Vec<Failures>,
}

/// The columns `entries`, `drop` and `early_drop`, one line per possible CPU. Columns are found by the header: their
/// number and some names changed over the years, two spaces stand before some
/// (net/netfilter/nf_conntrack_standalone.c).
///
/// # Errors
/// Names the column or the line that is not as it should be.
pub fn stat(text: &str) -> Result<Stat, String> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .collect();
    let place = |name: &str| header.iter().position(|word| *word == name);
    let column = |name: &str| place(name).ok_or_else(|| format!("the header has no column {name}"));
    let (drop, early_drop) = (column("drop")?, column("early_drop")?);
    let column_of_entries = place("entries");
    let mut entries = None;
    let failures = lines
        .map(|line| {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let hex = |column: usize| {
                words
                    .get(column)
                    .and_then(|word| u32::from_str_radix(word, 16).ok())
                    .map(u64::from)
                    .ok_or_else(|| {
                        format!(
                            "column {} of line {line:.80?} is not a hexadecimal number",
                            column + 1
                        )
                    })
            };
            entries = column_of_entries.map(hex).transpose()?;
            Ok(Failures {
                drop: hex(drop)?,
                early_drop: hex(early_drop)?,
            })
        })
        .collect::<Result<_, String>>()?;
    Ok(Stat { entries, failures })
}

/// Above what Linux gives to a process (PID_MAX_LIMIT, include/linux/threads.h).
const PID_MAX: u32 = 1 << 22;

/// The number in a PID file.
///
/// # Errors
/// Shows what is no number of a process.
pub fn pid(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number
        .filter(|number| (1..=PID_MAX).contains(number))
        .ok_or_else(|| format!("{text:.40?} is not the number of a process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let text = "entries  clashres found drop early_drop icmp_error  expect_new\n\
                    00000001  00000000 00000000 0000000a ffffffff 00000000  00000000\n";
        assert_eq!(
            stat(text),
            Ok(Stat {
                entries: Some(1),
                failures: vec![Failures {
                    drop: 10,
                    early_drop: 0xffff_ffff
                }]
            })
        );
        let entries = stat("drop early_drop\n00 00\n").map(|stat| stat.entries);
        assert_eq!(entries, Ok(None));
    }

    #[test]
    fn a_pid_file_has_one_number_of_a_process() {
        assert_eq!(pid("1234\n"), Ok(1234));
        assert_eq!(pid("4194304"), Ok(4_194_304));
        for text in [
            "",
            "\n",
            "0",
            "-1",
            "+1",
            "1 2",
            "12a",
            "4194305",
            "99999999999999999999",
        ] {
            assert!(pid(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_missing_column_or_a_torn_line_is_an_error() {
        assert!(stat("entries drop\n").is_err_and(|e| e.contains("early_drop")));
        assert!(stat("drop early_drop\n00\n").is_err());
        assert!(stat("drop early_drop\n00 zz\n").is_err());
        assert!(stat("").is_err());
        assert!(number("12x").is_err());
    }
}
