//! /proc/net/xfrm_stat: a name and a number on each line, more of them with each newer kernel (net/xfrm/xfrm_proc.c).
//! All of them count packets that were refused.

/// More than any kernel has.
const LINES_MAX: usize = 200;

/// The counters, in the kernel's order.
///
/// # Errors
/// Shows the line that is none.
pub fn counters(text: &str) -> Result<Vec<(&str, u64)>, String> {
    let lines = text.lines().take(LINES_MAX);
    lines
        .map(|line| {
            let (name, number) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let number = number.trim().parse();
            let number = number.map_err(|_| format!("{line:.80?} is no name and number"))?;
            Ok((name, number))
        })
        .collect()
}
