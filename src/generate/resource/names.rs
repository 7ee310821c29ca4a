//! What things are called: stable, so that a second deployment is an update, and unique.

use std::collections::BTreeSet;

use super::super::form::blank::{self, Blank};
use crate::model::alarm::{Alarm, Parameter, Text};

/// Characters of an alarm's name. API reference, PutMetricAlarm, `AlarmName`, read on 2026-11-21.
const ALARM_NAME_CHARS: usize = 255;

/// Longest value that a group's parameter takes; [`blank`] holds it there.
const GROUP_CHARS: usize = 160;

/// Characters of the part of an id that a configured text may fill.
const ID_PART_CHARS: usize = 64;

/// The full name of an alarm, with blanks.
#[must_use]
pub fn alarm_name(prefix: &str, alarm: &Alarm) -> String {
    let scope = blank::text(&alarm.scope);
    let name = format!(
        "{prefix}-{scope}-{}-{}",
        alarm.number,
        blank::plain(&alarm.slug)
    );
    let room = match alarm.scope {
        Text::Fixed(_) => ALARM_NAME_CHARS,
        Text::Given(_) => ALARM_NAME_CHARS - GROUP_CHARS + 1,
    };
    cut(name, room)
}

/// Not more characters than these; what is cut ends in a hash of the whole, so that two long names stay two.
fn cut(name: String, room: usize) -> String {
    if name.chars().count() <= room {
        return name;
    }
    let kept: String = name.chars().take(room - 9).collect();
    format!("{kept}-{:08x}", crc32fast::hash(name.as_bytes()))
}

/// Ids in a template, as they are given out.
#[derive(Debug, Default)]
pub struct Ids(BTreeSet<String>);

impl Ids {
    /// The id of this one: `A2HotFirewallGroup`. Where letters and single dashes do not say it all, a hash is part of it.
    pub fn of(&mut self, number: &str, slug: &str, scope: &Text) -> String {
        let tail = match scope {
            Text::Given(parameter) => short(*parameter),
            Text::Fixed(scope) => scope,
        };
        let said = format!("{number}-{slug}-{tail}");
        let is_plain = matches!(scope, Text::Given(_)) && is_kebab(slug);
        let mut id = camel(&said);
        id.truncate(ID_PART_CHARS);
        if !is_plain {
            id.push_str(&format!("X{:08x}", crc32fast::hash(said.as_bytes())));
        }
        // Two texts of one hash: as good as never, and then the second is told apart by its place.
        while !self.0.insert(id.clone()) {
            id.push('x');
        }
        id
    }
}

fn short(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::AutoScalingGroup => "group",
        Parameter::InstanceId => "instance",
        Parameter::PeerInstanceId => "peer",
        Parameter::LoadBalancer => "balancer",
        _ => Blank::from(parameter).about().name,
    }
}

/// Words of small letters and digits, a letter first, with single dashes between: nothing is lost when they are set
/// together.
fn is_kebab(slug: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_word =
        |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(inside);
    slug.split('-').all(is_word)
}

/// `hot-firewall` as `HotFirewall`; what is no letter and no digit only parts words.
#[must_use]
pub fn camel(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let word = |word: &str| {
        let (first, rest) = word.split_at(usize::from(!word.is_empty()));
        first.to_ascii_uppercase() + rest
    };
    words.map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Text {
        Text::Given(Parameter::AutoScalingGroup)
    }

    #[test]
    fn ids_are_letters_and_digits_and_differ() {
        let mut ids = Ids::default();
        assert_eq!(ids.of("A2", "hot-firewall", &group()), "A2HotFirewallGroup");
        let fixed = |scope: &str| Text::Fixed(scope.to_owned());
        let scopes = [
            group(),
            fixed("a-b"),
            fixed("a b"),
            fixed("aB"),
            fixed(""),
            fixed("${a}\"\\"),
        ];
        let slugs = [
            "tunnel-1-a",
            "tunnel-1a",
            "tunnel1-a",
            "tunnel-a",
            "Tunnel-a",
            "tunnel--a",
            "",
        ];
        let mut made = BTreeSet::new();
        for scope in &scopes {
            for slug in slugs {
                let id = ids.of("A10", slug, scope);
                assert!(id.bytes().all(|b| b.is_ascii_alphanumeric()) && id.len() < 255);
                made.insert(blank::snake(&id));
            }
        }
        assert_eq!(made.len(), scopes.len() * slugs.len());
        let long = "x".repeat(400);
        assert_ne!(
            ids.of("A10", &long, &group()),
            ids.of("A10", &format!("{long}y"), &group())
        );
    }

    #[test]
    fn an_id_does_not_hang_on_what_else_is_made() {
        let mut ids = Ids::default();
        ids.of("A1", "gap", &group());
        let after = ids.of("A10", "tunnel a", &group());
        assert_eq!(Ids::default().of("A10", "tunnel a", &group()), after);
    }

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let names = ["a", "b"].map(|end| {
            cut(
                format!("{}{end}", "x".repeat(ALARM_NAME_CHARS)),
                ALARM_NAME_CHARS,
            )
        });
        assert_ne!(names[0], names[1]);
        for (length, wanted) in [(254, 254), (255, 255), (256, 255)] {
            assert_eq!(
                cut("x".repeat(length), ALARM_NAME_CHARS).chars().count(),
                wanted
            );
        }
    }
}
