//! Traffic, drops and errors of network interfaces, over rtnetlink: the counters also see what a flowtable or XDP
//! keeps from the rules.

pub mod metrics;

use std::time::Duration;

use async_trait::async_trait;
use glob::Pattern;
use serde::Deserialize;

use crate::collector::links::{self, Class, Link};
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::rtnetlink::Links;
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::model::schema::{Key, KeyKind};

/// The `interfaces` collector.
pub static SPEC: Spec = Spec {
    name: "interfaces",
    about: "Traffic, drops and errors of network interfaces, over rtnetlink",
    readings: &[
        &metrics::RX_BITS,
        &metrics::RX_PACKETS,
        &metrics::DROPS,
        &metrics::ERRORS,
        &metrics::STATE,
    ],
    fine_series: "5 per interface, opt-in",
    sample_secs: Some(1),
    timeout_secs: 1,
    on_demand: false,
    keys: &[
        Key::new(
            "include",
            KeyKind::Patterns,
            "[]",
            "Interfaces to count, such as [\"eth*\"]. Default: hardware and virtio interfaces, veth when there are none.",
        ),
        Key::new(
            "exclude",
            KeyKind::Patterns,
            "[]",
            "Interfaces never to count.",
        ),
    ],
    remote: None,
    build,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    include: Vec<String>,
    exclude: Vec<String>,
}

struct Interfaces {
    links: Links,
    /// Below the pass's own deadline, so that the error names rtnetlink.
    timeout: Duration,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    Ok(Box::new(Interfaces {
        links: Links::default(),
        timeout: context.timeout * 9 / 10,
        include: collector::patterns(&settings.include)?,
        exclude: collector::patterns(&settings.exclude)?,
    }))
}

#[async_trait]
impl Collector for Interfaces {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let dump = self.links.dump(self.timeout).await.map_err(|e| {
            CollectError::Failed(format!("cannot read interfaces over rtnetlink: {e}"))
        })?;
        let links = links::links(&dump)
            .map_err(|e| CollectError::Failed(format!("cannot parse rtnetlink's answer: {e}")))?;
        let counted = select(&links, &self.include, &self.exclude);
        if counted.is_empty() {
            let why = if self.include.is_empty() {
                "no hardware, virtio or veth interface in this network namespace; name others in [collectors.interfaces] include"
            } else {
                "no interface in this network namespace matches [collectors.interfaces] include"
            };
            return Err(CollectError::Absent(why.to_owned()));
        }
        for link in counted {
            record(out, link);
        }
        Ok(())
    }
}

/// The interfaces that count: those the user named, else hardware, else veth.
fn select<'a>(links: &'a [Link], include: &[Pattern], exclude: &[Pattern]) -> Vec<&'a Link> {
    let matches =
        |patterns: &[Pattern], link: &Link| patterns.iter().any(|p| p.matches(&link.name));
    let candidates: Vec<&Link> = links
        .iter()
        .filter(|link| !matches(exclude, link))
        .collect();
    let of = |keep: &dyn Fn(&Link) -> bool| -> Vec<&'a Link> {
        candidates
            .iter()
            .copied()
            .filter(|link| keep(link))
            .collect()
    };
    if !include.is_empty() {
        return of(&|link| matches(include, link));
    }
    let hardware = of(&|link| link.class == Class::Hardware);
    if hardware.is_empty() {
        return of(&|link| link.class == Class::Veth);
    }
    hardware
}

fn record(out: &mut Readings, link: &Link) {
    let index = link.index.to_string();
    let mut push = |reading: &'static Reading, part: &str, raw: Raw| {
        // A link made anew under an old name starts its counters anew: its index is part of the member.
        let member = [&index, " ", part].concat();
        out.push(
            Record::new(reading, raw)
                .member(member)
                .own(OwnDimension::Interface, link.name.clone()),
        );
    };
    if let Some(up) = link.up {
        push(&metrics::STATE, "", Raw::Level(f64::from(u8::from(up))));
    }
    if let Some(counters) = link.counters {
        push(&metrics::RX_BITS, "", Raw::Total(counters.rx_bytes));
        push(&metrics::RX_PACKETS, "", Raw::Total(counters.rx_packets));
        push(&metrics::DROPS, "dropped", Raw::Total(counters.rx_dropped));
        push(&metrics::DROPS, "missed", Raw::Total(counters.rx_missed));
        push(&metrics::ERRORS, "rx", Raw::Total(counters.rx_errors));
        push(&metrics::ERRORS, "tx", Raw::Total(counters.tx_errors));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(name: &str, class: Class) -> Link {
        Link {
            name: name.to_owned(),
            index: 1,
            class,
            ..Link::default()
        }
    }

    fn names(links: &[Link], include: &[&str], exclude: &[&str]) -> Vec<String> {
        let patterns = |texts: &[&str]| {
            texts
                .iter()
                .filter_map(|t| Pattern::new(t).ok())
                .collect::<Vec<_>>()
        };
        select(links, &patterns(include), &patterns(exclude))
            .iter()
            .map(|link| link.name.clone())
            .collect()
    }

    #[test]
    fn veth_counts_only_without_hardware() {
        let links = [
            link("lo", Class::Other),
            link("eth0", Class::Hardware),
            link("veth1", Class::Veth),
        ];
        assert_eq!(names(&links, &[], &[]), ["eth0"]);
        assert_eq!(names(&links, &[], &["eth*"]), ["veth1"]);
        assert_eq!(names(&links[..1], &[], &[]), Vec::<String>::new());
    }

    #[test]
    fn include_names_any_interface() {
        let links = [link("tun0", Class::Other), link("eth0", Class::Hardware)];
        assert_eq!(names(&links, &["tun*", "eth*"], &["eth0"]), ["tun0"]);
    }
}
