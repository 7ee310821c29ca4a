//! What is configured (`list-conn`), which traps are set (`list-policy`), and the daemon's own numbers (`stats`).

use core::net::IpAddr;

use super::message::Section;

/// A configured connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// Its peer may have any address, or any of many: it serves road warriors.
    pub is_open: bool,
    /// Its children's names, and what they are.
    pub children: Vec<(String, Mode)>,
}

/// What a configured child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A tunnel: IPsec in whatever mode.
    Tunnel,
    /// A policy that lets pass or drops, and never has SAs.
    Shunt,
}

impl Connection {
    /// Reads the section of this name.
    pub(super) fn read(name: String, section: &Section<'_>) -> Self {
        let children = section.section("children");
        let children = children.into_iter().flat_map(Section::sections);
        Connection {
            name,
            is_open: section
                .list("remote_addrs")
                .all(|address| is_open(&address)),
            children: children
                .map(|(name, child)| {
                    let is_shunt = matches!(child.value("mode"), Some(b"PASS" | b"DROP"));
                    let mode = if is_shunt { Mode::Shunt } else { Mode::Tunnel };
                    (name, mode)
                })
                .collect(),
        }
    }
}

/// An address of a peer that stands for many: any, a subnet or a range (swanctl.conf(5), `remote_addrs`).
#[must_use]
pub fn is_open(address: &str) -> bool {
    let address = address.trim();
    let is_ip = |text: &str| text.trim().parse::<IpAddr>().is_ok();
    let range = address.split_once('-');
    let is_any = address
        .parse::<IpAddr>()
        .is_ok_and(|ip| ip.is_unspecified());
    is_any
        || address.starts_with("%any")
        || address.contains('/')
        || range.is_some_and(|(from, to)| is_ip(from) && is_ip(to))
}

/// Connection and child of a policy that `list-policies` told, in the section of this name. Releases before 5.6 tell
/// the child alone.
pub(super) fn policy(name: &str, section: &Section<'_>) -> (Option<String>, String) {
    let child = section.text("child").unwrap_or_else(|| name.to_owned());
    (section.text("ike"), child)
}

/// IKE SAs altogether and those half open, of the answer to `stats`.
///
/// # Errors
/// Says what is wrong with it.
pub fn statistics(message: &[u8]) -> Result<(Option<u64>, Option<u64>), String> {
    let root = Section::parse(message)?;
    let ikesas = root.section("ikesas");
    let number = |key| ikesas.and_then(|ikesas| ikesas.number(key));
    Ok((number("total"), number("half-open")))
}
