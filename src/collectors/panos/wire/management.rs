//! "show system state filter sys.monitor.*.mp.exports" and "show system resources": load of the management plane.

use super::oddities::Oddities;
use super::words::{self, quoted};
use super::xml::Element;

/// Busy share of the management plane over the last minute, percent; of the busiest where a chassis has several.
/// `None` where the device has no such state.
pub fn management_cpu(result: &Element, odd: &mut Oddities) -> Option<f64> {
    let text = result.whole_text();
    let states: Vec<&str> = text.split("mp.exports").skip(1).collect();
    if states.is_empty() && !text.is_empty() && !text.contains("NO_MATCHES") {
        odd.push(format!("mp.exports: not in {}", quoted(&text)));
    }
    let loads = states
        .into_iter()
        .filter_map(|state| one_minute(state, odd));
    loads.reduce(f64::max)
}

/// `'1minavg'` of `'cpu'`, in a text that is nearly a Python dictionary: some words have quotes and others none.
fn one_minute(state: &str, odd: &mut Oddities) -> Option<f64> {
    let (_, cpu) = state.split_once("cpu")?;
    let cpu = cpu.split('}').next().unwrap_or_default();
    let (_, value) = cpu.split_once("1minavg")?;
    let value = value.trim_start_matches(['\'', '"', ':', ' ', '\t']);
    let end = value.find([',', '\n', ' ']).unwrap_or(value.len());
    let load = words::number(&value[..end]).filter(|load| *load <= 100.0);
    if load.is_none() {
        odd.push(format!("1minavg: {} is no percentage", quoted(value)));
    }
    load
}

/// Used share of the management plane's memory, percent, from the text of `top`. `None` where `top` cut the digits of a
/// number that was too wide for its column.
pub fn management_memory(result: &Element, odd: &mut Oddities) -> Option<f64> {
    let text = result.whole_text();
    let Some(memory) = text.lines().find_map(memory_line) else {
        if !text.is_empty() {
            odd.push("show system resources has no line of memory");
        }
        return None;
    };
    let (used, total) = (field(memory, "used"), field(memory, "total"));
    let percent = used.zip(total).map(|(used, total)| 100.0 * used / total);
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    if percent.is_none() {
        odd.push(format!("used and total are not in {}", quoted(memory)));
    }
    percent
}

/// What follows `Mem:`, `KiB Mem :` or `MiB Mem :`.
fn memory_line(line: &str) -> Option<&str> {
    let (label, rest) = line.split_once(':')?;
    let mut label = label.split_whitespace();
    (label.next_back()? == "Mem" && label.count() <= 1).then_some(rest)
}

/// The number before a label: `1000k total`, `1000 total`, or, from a `top` that ran out of room, `1031206.+total`,
/// which lost decimals only. `13184950+total` lost digits of unknown number.
fn field(memory: &str, label: &str) -> Option<f64> {
    let field = memory
        .split(',')
        .find_map(|field| field.trim().strip_suffix(label))?;
    let field = field.trim_end();
    let number = match field.strip_suffix('+') {
        Some(cut) => cut.ends_with('.').then_some(cut)?,
        None => field.trim_end_matches(['k', 'K']),
    };
    words::number(number)
}
