//! Rules between the keys of `[drain]`, and between it and what is read.

use toml::de::DeTable;

use super::drain::{Drain, SECTION};
use super::entries::{collector, entry, reads_elsewhere, table, texts};
use super::tree::Tree;
use super::words::integer;
use crate::collectors;
use crate::model::faults::Fault;
use crate::model::names::ACTIVE_SESSIONS;

/// The longest that a hook can keep an instance waiting, in heartbeat timeouts (EC2 Auto Scaling user guide,
/// "Considerations and limitations for lifecycle hooks").
const TIMEOUTS_MAX: i64 = 100;

/// Faults between keys.
pub(super) fn check(tree: &Tree<'_>, top: &DeTable<'_>) -> Vec<Fault> {
    let Some(drain) = table(top, SECTION.name) else {
        return Vec::new();
    };
    let faults = [
        over_the_limit(tree, drain),
        never_quiet(tree, drain),
        unread(tree, top, drain),
    ];
    faults.into_iter().flatten().collect()
}

/// A whole number and where it stands; `None` where it is not written, or is a fault of its own.
fn written(drain: &DeTable<'_>, name: &str) -> Option<(usize, i64)> {
    let (start, value) = entry(drain, name)?;
    Some((start, integer(value)?))
}

/// A wait that Auto Scaling does not grant.
fn over_the_limit(tree: &Tree<'_>, drain: &DeTable<'_>) -> Option<Fault> {
    let defaults = Drain::default();
    let timeout = written(drain, "heartbeat_timeout_secs");
    let wait = written(drain, "wait_max_secs");
    let (start, _) = wait.or(timeout)?;
    let or = |written: Option<(usize, i64)>, default: u64| {
        written.map_or(i64::try_from(default).unwrap_or(i64::MAX), |(_, secs)| secs)
    };
    let most = or(timeout, defaults.heartbeat_timeout_secs).saturating_mul(TIMEOUTS_MAX);
    let wait = or(wait, defaults.wait_max_secs);
    (wait > most).then(|| Fault {
        place: tree.place(start),
        key: "drain.wait_max_secs".to_owned(),
        wrong: format!("{wait} is more than {TIMEOUTS_MAX} times heartbeat_timeout_secs: Auto Scaling ends the wait after {most} s"),
        remedy: format!("write {most} or less, or raise the HeartbeatTimeout of the hook and heartbeat_timeout_secs with it"),
    })
}

/// It is written, and the cap comes first. A cap that is written below the default of the other is meant so.
fn never_quiet(tree: &Tree<'_>, drain: &DeTable<'_>) -> Option<Fault> {
    let (start, quiet) = written(drain, "quiet_secs")?;
    let wait = match entry(drain, "wait_max_secs") {
        Some((_, value)) => integer(value)?,
        None => i64::try_from(Drain::default().wait_max_secs).ok()?,
    };
    (quiet >= wait).then(|| Fault {
        place: tree.place(start),
        key: "drain.quiet_secs".to_owned(),
        wrong: format!("{quiet} is not below wait_max_secs = {wait}: the cap always comes first"),
        remedy: "write less, or raise wait_max_secs".to_owned(),
    })
}

/// A hook to be completed by a `run` that does not read this machine's sessions would always wait for the cap.
fn unread(tree: &Tree<'_>, top: &DeTable<'_>, drain: &DeTable<'_>) -> Option<Fault> {
    const SOURCE: &str = "conntrack";
    let (start, _) = entry(drain, "hook_name")?;
    let listed = |parent: &str, name: &str| {
        table(top, parent).is_some_and(|parent| texts(parent, "disable").contains(&name))
    };
    let remote = collectors::ALL
        .iter()
        .any(|spec| reads_elsewhere(top, spec));
    let auto = table(top, "collectors").and_then(|all| entry(all, "auto"));
    let auto = auto.map_or(Some(!remote), |(_, value)| value.as_bool());
    let (wrong, remedy) = if listed("metrics", ACTIVE_SESSIONS.name) {
        let remedy = "take ActiveSessions out of [metrics] disable, or hook_name away";
        ("ActiveSessions is disabled", remedy)
    } else if listed("collectors", SOURCE) {
        let remedy = "take conntrack out of [collectors] disable, or hook_name away";
        ("the collector conntrack is disabled", remedy)
    } else if auto == Some(false) && collector(top, SOURCE).is_none() {
        let remedy = "add [collectors.conntrack], or take hook_name away; firewalls that are read from here are drained by fwmetrics drain --target";
        ("no collector reads this machine's sessions", remedy)
    } else {
        return None;
    };
    Some(Fault {
        place: tree.place(start),
        key: "drain.hook_name".to_owned(),
        wrong: format!("there is nothing to tell when the sessions are gone: {wrong}"),
        remedy: remedy.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    /// What is wrong with `[drain]` of this text.
    fn faults(text: &str) -> Vec<String> {
        let faults = parse(text, None, &[]).err();
        let list = faults.into_iter().flat_map(|faults| faults.list);
        list.map(|fault| format!("{}: {}", fault.key, fault.wrong))
            .collect()
    }

    #[test]
    fn a_wait_longer_than_auto_scaling_grants_is_a_fault_of_the_key_that_is_written() {
        let drain = |keys: &str| faults(&format!("[drain]\n{keys}"));
        assert!(drain("heartbeat_timeout_secs = 30\nwait_max_secs = 3000").is_empty());
        let over = drain("heartbeat_timeout_secs = 30\nwait_max_secs = 3001");
        assert!(over[0].starts_with("drain.wait_max_secs: 3001 is more than 100 times"));
        assert!(drain("wait_max_secs = 90000").is_empty());
        assert_eq!(drain("wait_max_secs = 90001").len(), 1);
        assert_eq!(drain("heartbeat_timeout_secs = 29").len(), 1);
        assert_eq!(
            drain("heartbeat_timeout_secs = 7200\nwait_max_secs = 172801").len(),
            1
        );
        assert!(drain("quiet_secs = 59\nwait_max_secs = 60").is_empty());
        assert_eq!(drain("quiet_secs = 60\nwait_max_secs = 60").len(), 1);
        assert!(drain("wait_max_secs = 60").is_empty());
        // The default cap.
        assert!(drain("quiet_secs = 899").is_empty());
        assert!(drain("quiet_secs = 900")[0].starts_with("drain.quiet_secs: 900 is not below"));
        // One fault, of the cap itself.
        assert_eq!(drain("quiet_secs = 1000\nwait_max_secs = \"x\"").len(), 1);
    }

    #[test]
    fn a_hook_has_a_name_that_auto_scaling_takes() {
        let hook = |name: &str| faults(&format!("[drain]\nhook_name = \"{name}\""));
        for legal in ["fwmetrics-drain", "a/B_9", &"x".repeat(255)] {
            assert!(hook(legal).is_empty(), "{legal}");
        }
        for illegal in ["", "my hook", "ende.gut", "ä", &"x".repeat(256)] {
            assert_eq!(hook(illegal).len(), 1, "{illegal}");
        }
    }

    #[test]
    fn a_hook_needs_sessions_that_are_read() {
        let hook = "[drain]\nhook_name = \"h\"\n";
        let firewall = "[[collectors.panos.firewall]]\nname = \"a\"\naddress = \"10.0.0.4\"\napi_key_file = \"/k\"\ntls_insecure = true\n";
        for (text, wrong) in [
            ("", false),
            ("[collectors]\ndisable = [\"conntrack\"]\n", true),
            ("[metrics]\ndisable = [\"ActiveSessions\"]\n", true),
            ("[collectors]\nauto = false\n[collectors.cpu]\n", true),
            (
                "[collectors]\nauto = false\n[collectors.conntrack]\n",
                false,
            ),
            (firewall, true),
            (&format!("[collectors]\nauto = true\n{firewall}"), false),
        ] {
            let found = faults(&format!("{text}{hook}"));
            assert_eq!(!found.is_empty(), wrong, "{text}: {found:?}");
            assert!(faults(text).is_empty(), "{text}");
        }
    }
}
