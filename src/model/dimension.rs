//! Dimensions: the closed list of own dimensions, and how a device's text becomes a legal value.

use crate::model::limits::OWN_VALUE_BYTES;

/// The group that owns an instance.
pub const AUTO_SCALING_GROUP: &str = "AutoScalingGroupName";
/// The instance.
pub const INSTANCE_ID: &str = "InstanceId";
/// Stands in for `InstanceId` where a remote firewall has none.
pub const FIREWALL: &str = "Firewall";
/// The pair an active/passive member belongs to.
pub const HA_GROUP: &str = "HaGroup";

/// What a fine series may be told apart by. No version, host name, zone or address: they grow without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwnDimension {
    /// A CPU core.
    Core,
    /// A network interface.
    Interface,
    /// A tunnel.
    Tunnel,
    /// A routing peer.
    Peer,
    /// A high-availability link.
    Link,
    /// A policy rule.
    Rule,
    /// A named counter.
    Counter,
    /// A virtual system.
    Vsys,
    /// One of our collectors.
    Collector,
    /// Why datums were dropped.
    Reason,
    /// An error code of CloudWatch's.
    Code,
}

impl OwnDimension {
    /// The whole list.
    pub const ALL: [OwnDimension; 11] = [
        OwnDimension::Core,
        OwnDimension::Interface,
        OwnDimension::Tunnel,
        OwnDimension::Peer,
        OwnDimension::Link,
        OwnDimension::Rule,
        OwnDimension::Counter,
        OwnDimension::Vsys,
        OwnDimension::Collector,
        OwnDimension::Reason,
        OwnDimension::Code,
    ];

    /// The dimension's name in CloudWatch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OwnDimension::Core => "Core",
            OwnDimension::Interface => "Interface",
            OwnDimension::Tunnel => "Tunnel",
            OwnDimension::Peer => "Peer",
            OwnDimension::Link => "Link",
            OwnDimension::Rule => "Rule",
            OwnDimension::Counter => "Counter",
            OwnDimension::Vsys => "Vsys",
            OwnDimension::Collector => "Collector",
            OwnDimension::Reason => "Reason",
            OwnDimension::Code => "Code",
        }
    }
}

/// Makes a device's text a legal dimension value: bytes outside printable ASCII are percent-encoded, more than
/// [`OWN_VALUE_BYTES`] are cut and end in 8 hex digits of a hash of the whole, so that two long names stay two.
/// `None` for text without a visible character.
#[must_use]
pub fn legal_value(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' => value.push(char::from(byte)),
            _ => value.push_str(&format!("%{byte:02X}")),
        }
    }
    if value.len() > OWN_VALUE_BYTES {
        let hash = crc32fast::hash(text.as_bytes());
        value.truncate(OWN_VALUE_BYTES - 8);
        value.push_str(&format!("{hash:08x}"));
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_ascii_passes_untouched() {
        assert_eq!(legal_value("to-aws 1:%").as_deref(), Some("to-aws 1:%"));
    }

    #[test]
    fn other_bytes_are_percent_encoded() {
        assert_eq!(legal_value("zürich\n").as_deref(), Some("z%C3%BCrich%0A"));
    }

    #[test]
    fn nothing_visible_is_refused() {
        assert_eq!(legal_value(""), None);
        assert_eq!(legal_value(" \t"), None);
    }

    #[test]
    fn long_values_are_cut_and_stay_distinct() {
        for length in [254, 255] {
            assert_eq!(
                legal_value(&"x".repeat(length)).map(|v| v.len()),
                Some(length)
            );
        }
        let one = legal_value(&format!("{}a", "x".repeat(255)));
        let two = legal_value(&format!("{}b", "x".repeat(255)));
        assert_eq!(one.as_ref().map(String::len), Some(255));
        assert_ne!(one, two);
    }
}
