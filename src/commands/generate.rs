//! `fwmetrics generate`: files for packages, shells and editors. Nothing is read for them.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Failure, man, print};
use crate::cli::{Cli, Generated, StackForm, StackFormName};
use crate::generate::stack::{FLEET, Frame, PAIR};
use crate::generate::{config, schema, stack};

/// Prints one.
pub(super) fn call(what: Generated, _file: Option<&str>) -> Result<(), Failure> {
    print(&match what {
        Generated::Completions { shell } => completions(shell),
        Generated::Man => man::page(),
        Generated::Schema => schema::text(),
        Generated::Config => config::text(),
        Generated::Fleet(form) => stack(&FLEET, form)?,
        Generated::Pair(form) => stack(&PAIR, form)?,
        Generated::Alarms(_)
        | Generated::Scaling(_)
        | Generated::Dashboard(_)
        | Generated::Iam(_)
        | Generated::All(_) => return Err(Failure::Failed("not built yet".to_owned())),
    })
}

fn stack(frame: &Frame, form: StackForm) -> Result<String, Failure> {
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
