//! Who a remote firewall is: all of it from its table, for the machine that reads it sees neither its metadata service
//! nor its lifecycle.

use std::borrow::Cow;

use serde::Deserialize;

use crate::model::datum::Dimension;
use crate::model::dimension::{FIREWALL as BY_NAME, INSTANCE_ID, legal_value};
use crate::model::identity::{Group, Who};
use crate::model::limits::OWN_VALUE_BYTES;
use crate::model::schema::{Key, KeyKind, VISIBLE, visible_text};

/// The identity in a firewall's table.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// What it is called here.
    pub name: String,
    /// `i-…`
    pub instance_id: Option<String>,
    /// Its group.
    pub auto_scaling_group: Option<String>,
    /// It may speak for its group.
    pub in_service: bool,
    /// Name of an active/passive pair.
    pub ha_group: Option<String>,
}

/// The keys of a remote firewall's identity.
pub static FIREWALL: &[Key] = &[
    Key::new(
        "name",
        KeyKind::Text(name),
        "",
        "Needed. What the firewall is called in log lines and `target`, and in its series where it has no instance_id: {Firewall = name}.",
    )
    .example("\"fw-a\"")
    .pattern("^(?=.*[!-~])[ -~]{1,255}$"),
    Key::new(
        "instance_id",
        KeyKind::Text(visible_text),
        "",
        "The firewall's own; its series carry it.",
    )
    .example("\"i-0fedcba9876543210\"")
    .pattern(VISIBLE),
    Key::new(
        "auto_scaling_group",
        KeyKind::Text(visible_text),
        "",
        "The group that it belongs to.",
    )
    .example("\"edge-firewalls\"")
    .pattern(VISIBLE),
    Key::new(
        "in_service",
        KeyKind::Bool,
        "false",
        "It speaks for its group in fleet series. Its lifecycle state is not to be seen from here: whoever writes the table says it.",
    ),
    Key::new(
        "ha_group",
        KeyKind::Text(visible_text),
        "",
        "Name of an active/passive pair: tunnels then go out as {HaGroup, Tunnel}.",
    )
    .example("\"edge-pair\"")
    .pattern(VISIBLE),
];

/// A name is a dimension value as it stands, or two names could become one.
fn name(text: &str) -> Result<(), String> {
    if legal_value(text).as_deref() == Some(text) {
        return Ok(());
    }
    Err(format!(
        "1 to {OWN_VALUE_BYTES} printable ASCII characters, not all of them blanks"
    ))
}

/// How the datums of a remote firewall are named. Nothing of it is found out later, so nothing waits for it.
#[must_use]
pub fn who_of(firewall: &Firewall) -> Who {
    let legal = |text: &Option<String>| text.as_deref().and_then(legal_value);
    let dimension = |name, value| Dimension {
        name: Cow::Borrowed(name),
        value,
    };
    let by_name = || legal_value(&firewall.name).map(|name| dimension(BY_NAME, name));
    let by_id = legal(&firewall.instance_id).map(|id| dimension(INSTANCE_ID, id));
    Who {
        instance: by_id.or_else(by_name),
        group: legal(&firewall.auto_scaling_group).map_or(Group::None, Group::Known),
        in_service: firewall.in_service,
        ha_group: legal(&firewall.ha_group),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dimension_value_as_it_stands() {
        for good in ["fw-a", "a b", "x:%/", &"x".repeat(255)] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["", " ", "zürich", "a\nb", &"x".repeat(256)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn series_carry_the_instance_id_else_the_name_and_nothing_is_unread() {
        let mut firewall = Firewall {
            name: "fw-a".to_owned(),
            ..Firewall::default()
        };
        let shown = |firewall: &Firewall| {
            let who = who_of(firewall);
            let instance = who.instance.unwrap();
            (format!("{}={}", instance.name, instance.value), who.group)
        };
        assert_eq!(shown(&firewall), ("Firewall=fw-a".to_owned(), Group::None));
        assert!(!who_of(&firewall).in_service);
        firewall.instance_id = Some("i-1".to_owned());
        firewall.auto_scaling_group = Some("edge".to_owned());
        assert_eq!(
            shown(&firewall),
            ("InstanceId=i-1".to_owned(), Group::Known("edge".to_owned()))
        );
    }
}
