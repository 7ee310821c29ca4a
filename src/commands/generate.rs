//! `fwmetrics generate`: files for packages, shells and editors, for which nothing is read; and what fits a
//! configuration in AWS, for which only that is read.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Failure, load, man, print, say};
use crate::cli::{Cli, Form, FormName, Generated, StackForm, StackFormName};
use crate::generate::bundle::{Bundle, Part};
use crate::generate::form::{cloudformation, json, terraform};
use crate::generate::stack::{FLEET, Frame, PAIR};
use crate::generate::{config, schema, stack};

/// Prints one.
pub(super) fn call(what: Generated, file: Option<&str>) -> Result<(), Failure> {
    let (form, parts) = match what {
        Generated::Completions { shell } => return print(&completions(shell)),
        Generated::Man => return print(&man::page()),
        Generated::Schema => return print(&schema::text()),
        Generated::Config => return print(&config::text()),
        Generated::Fleet(form) => return print(&stack(&FLEET, form, file)?),
        Generated::Pair(form) => return print(&stack(&PAIR, form, file)?),
        Generated::Alarms(form) => (form, &[Part::Alarms][..]),
        Generated::Scaling(form) => (form, &[Part::Scaling][..]),
        Generated::Dashboard(form) => (form, &[Part::Dashboard][..]),
        Generated::Iam(form) => (form, &[Part::Iam][..]),
        Generated::All(form) => (form, Part::ALL),
    };
    for_aws(form, &Bundle::of(&load(file)?, parts))
}

fn stack(frame: &Frame, form: StackForm, file: Option<&str>) -> Result<String, Failure> {
    if file.is_some() {
        return Err(Failure::Usage(
            "this stack has a configuration of its own, and --config is not read: change it in what is printed, take out \
             all below \"what fwmetrics made of its configuration\" but the outputs, and deploy what generate alarms, scaling \
             and dashboard make of the changed one beside the stack"
                .to_owned(),
        ));
    }
    let form = match form.format {
        StackFormName::Cloudformation => stack::Form::Cloudformation,
        StackFormName::Terraform => stack::Form::Terraform,
    };
    frame
        .text(form)
        .map_err(|faults| Failure::Failed(faults.to_string()))
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "fwmetrics", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The output holds all that is left out, with reasons; beside it one line says that there is something.
fn for_aws(form: Form, bundle: &Bundle) -> Result<(), Failure> {
    let text = match form.format {
        FormName::Cloudformation => cloudformation::text(bundle),
        FormName::Terraform => terraform::text(bundle),
        FormName::Json => json::text(bundle),
    };
    if !bundle.left_out.is_empty() {
        let mut numbers: Vec<&str> = bundle.left_out.iter().map(|out| out.number).collect();
        numbers.dedup();
        say(&format!(
            "left out: {}; the output says why of each",
            numbers.join(", ")
        ));
    }
    print(&text)
}
