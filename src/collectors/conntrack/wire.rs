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

/// The columns `drop` and `early_drop`, one line per possible CPU. Columns are found by the header: their number
/// and some names changed over the years, two spaces stand before some (net/netfilter/nf_conntrack_standalone.c).
///
/// # Errors
/// Names the column or the line that is not as it should be.
pub fn stat(text: &str) -> Result<Vec<Failures>, String> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .collect();
    let column = |name: &str| {
        header
            .iter()
            .position(|word| *word == name)
            .ok_or_else(|| format!("the header has no column {name}"))
    };
    let (drop, early_drop) = (column("drop")?, column("early_drop")?);
    lines
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
            Ok(Failures {
                drop: hex(drop)?,
                early_drop: hex(early_drop)?,
            })
        })
        .collect()
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
            Ok(vec![Failures {
                drop: 10,
                early_drop: 0xffff_ffff
            }])
        );
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
