//! What hangs on several series of a target: `CapacityUtilization`, and who is the active member of a pair.

use crate::aggregate::counter::Fine;
use crate::aggregate::fold::newest;
use crate::aggregate::sources::Newest;
use crate::model::names::DATAPLANE_CPU_UTILIZATION;

/// An input beside the dataplane's CPU: its name, and its state where it was ever read.
pub type Input = (&'static str, Option<Newest>);

/// The capacity for this value of the CPU, and the input that decided; `None` while an input that was read is
/// withheld: a maximum of the rest would look like an idle firewall.
#[must_use]
pub fn capacity(cpu: &Fine, inputs: &[Input]) -> Option<(Fine, &'static str)> {
    let mut highest: Option<(f64, &'static str)> = None;
    for (input, state) in inputs {
        match state {
            Some(Newest::Withheld) => return None,
            Some(Newest::Value(value)) if highest.is_none_or(|(most, _)| *value > most) => {
                highest = Some((*value, input));
            }
            _ => {}
        }
    }
    let raised = |cpu: f64| highest.map_or(cpu, |(most, _)| cpu.max(most));
    let fine = match cpu {
        Fine::Value(value) => Fine::Value(raised(*value)),
        Fine::Block(values) => Fine::Block(values.iter().copied().map(raised).collect()),
    };
    let newest_cpu = newest(cpu)?;
    let bound_by = match highest {
        Some((most, input)) if most > newest_cpu => input,
        _ => DATAPLANE_CPU_UTILIZATION.name,
    };
    Some((fine, bound_by))
}
