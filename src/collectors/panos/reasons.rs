//! Why a pass failed: each reason once, with the commands that met it.

/// Commands that a reason names.
const COMMANDS_SHOWN: usize = 3;

/// Reasons in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Reasons(Vec<(String, Vec<&'static str>)>);

impl Reasons {
    /// A command met this; an empty one where it is about the firewall, or named in the reason.
    pub(super) fn add(&mut self, command: &'static str, why: &str) {
        let command = Some(command).filter(|command| !command.is_empty());
        match self.0.iter_mut().find(|(known, _)| known == why) {
            Some((_, commands)) => commands.extend(command),
            None => self.0.push((why.to_owned(), command.into_iter().collect())),
        }
    }

    /// All of them on one line; `None` where nothing failed.
    pub(super) fn said(&self) -> Option<String> {
        let said = self.0.iter().map(|(why, commands)| {
            let shown = &commands[..commands.len().min(COMMANDS_SHOWN)];
            match (shown, commands.len() - shown.len()) {
                ([], _) => why.clone(),
                (shown, 0) => format!("{}: {why}", shown.join(", ")),
                (shown, more) => format!("{} and {more} more: {why}", shown.join(", ")),
            }
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stands_once_with_its_commands() {
        let mut reasons = Reasons::default();
        assert_eq!(reasons.said(), None);
        for command in ["a", "b", "c", "d", "e"] {
            reasons.add(command, "busy; wait");
        }
        reasons.add("f", "no right");
        reasons.add("", "it is off");
        let said = "a, b, c and 2 more: busy; wait; f: no right; it is off";
        assert_eq!(reasons.said().as_deref(), Some(said));
    }
}
