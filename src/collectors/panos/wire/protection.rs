//! "show session packet-buffer-protection": how near a dataplane is to dropping for want of buffers.

use super::fields;
use super::oddities::Oddities;
use super::xml::Element;

/// What follows the name of the dataplane in the element's name.
const SUFFIX: &str = ".packet-buffer-protection";
/// What precedes it.
const PREFIX: &str = "sw.comm.";

/// Congestion of each dataplane, such as `s1.dp0`, in percent of what it takes. A dataplane whose limit is 0 is left
/// out.
///
/// # Errors
/// No dataplane is in the answer.
pub fn buffer_protection(
    result: &Element,
    odd: &mut Oddities,
) -> Result<Vec<(String, f64)>, String> {
    let dataplanes: Vec<(String, &Element)> = result
        .children()
        .filter_map(|child| Some((dataplane(child.name())?, child)))
        .collect();
    if dataplanes.is_empty() {
        return Err("no packet-buffer-protection in the answer".to_owned());
    }
    let percents = dataplanes
        .into_iter()
        .filter_map(|(name, state)| Some((name, percent(state, odd)?)));
    Ok(percents.collect())
}

fn dataplane(element: &str) -> Option<String> {
    let name = element.strip_suffix(SUFFIX)?;
    Some(name.strip_prefix(PREFIX).unwrap_or(name).to_owned())
}

fn percent(state: &Element, odd: &mut Oddities) -> Option<f64> {
    let congestion = fields::number(state, "congestion", odd)?;
    let max = fields::number(state, "congestion-max", odd)?;
    let percent = 100.0 * congestion / max;
    (max > 0.0 && percent.is_finite()).then_some(percent)
}
