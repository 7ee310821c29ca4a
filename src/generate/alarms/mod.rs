//! The alarms that fit a configuration: each only where its metric is published under exactly its dimensions.
//!
//! What an alarm looks at, how and why is in the README's table. Rules of CloudWatch that they hang on are in the user
//! guide, "Using Amazon CloudWatch alarms" and "Using metric math": missing data, M of N, and that arithmetic takes a
//! missing value for 0.

mod firewall;
mod fleet;
mod gwlb;
mod pair;
mod table;
mod tunnels;

use std::collections::BTreeMap;

use crate::collector::tunnels::shown;
pub use crate::config::ALARM_NUMBERS as ALL_NUMBERS;
use crate::config::{Alarms, Config};
use crate::generate::published::Published;
use crate::model::alarm::{Alarm, MetricId, Rule, Stat, Statistic, Text, Urgency};
pub(in crate::generate) use fleet::in_service;

/// An alarm or a policy that is not made, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its number, such as `A4`.
    pub number: &'static str,
    /// What it looks at, and whose it would have been: `packet-buffers of edge`.
    pub name: String,
    /// Why, in a clause: the metric that is not published, and what would publish it.
    pub why: String,
}

/// What was made, in the order of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Made {
    /// The alarms.
    pub alarms: Vec<Alarm>,
    /// Those that this configuration has no metric for, and those that it disables.
    pub left_out: Vec<LeftOut>,
}

/// The alarms of a configuration.
#[must_use]
pub fn of(config: &Config) -> Made {
    made(config, &Published::of(config))
}

/// The alarms of a configuration that publishes this.
#[must_use]
pub fn made(config: &Config, published: &Published) -> Made {
    let mut maker = Maker {
        published,
        settings: &config.alarms,
        is_elsewhere: config.cloudwatch.role_arn.is_some(),
        alarms: Vec::new(),
        missing: Missing::default(),
    };
    fleet::make(&mut maker);
    firewall::make(&mut maker);
    tunnels::make(&mut maker);
    pair::make(&mut maker);
    gwlb::make(&mut maker);
    maker.made()
}

/// Why nothing is made that looks at AWS's metrics too, or acts on a group.
pub(in crate::generate) const ELSEWHERE: &str = "[cloudwatch] role_arn: the metrics are in another account than the group and the load balancer";

/// What an alarm is beside its rule.
struct About {
    number: &'static str,
    slug: String,
    scope: Text,
    urgency: Urgency,
    /// `{threshold}` stands for the rule's.
    text: &'static str,
    /// The period that the text has in mind, seconds.
    usual_secs: u32,
}

struct Maker<'a> {
    published: &'a Published,
    settings: &'a Alarms,
    /// Our metrics are in another account than the firewalls, and AWS's own about them.
    is_elsewhere: bool,
    alarms: Vec<Alarm>,
    missing: Missing,
}

impl Maker<'_> {
    fn put(&mut self, about: About, rule: Result<Rule, String>) {
        let of_aws = |rule: &Rule| {
            let mut stats = rule.measure.stats().into_iter();
            stats.any(|stat| stat.metric.namespace.starts_with("AWS/"))
        };
        match rule {
            Ok(rule) if self.is_elsewhere && of_aws(&rule) => {
                let why = ELSEWHERE.to_owned();
                self.missing
                    .add(about.number, about.slug, why, Some(about.scope));
            }
            Ok(rule) => {
                let threshold = rule.threshold.to_string();
                let text = about.text.replace("{threshold}", &threshold);
                self.alarms.push(Alarm {
                    number: about.number,
                    slug: about.slug,
                    scope: about.scope,
                    description: stretched(text, &rule, about.usual_secs),
                    rule,
                    urgency: about.urgency,
                });
            }
            Err(why) => self
                .missing
                .add(about.number, about.slug, why, Some(about.scope)),
        }
    }

    /// In the order of the table; of every number there is an alarm, or why there is none.
    fn made(mut self) -> Made {
        let disabled = |number: &str| self.settings.disable.contains(number);
        let place = |number: &str| ALL_NUMBERS.iter().position(|known| *known == number);
        self.alarms.retain(|alarm| !disabled(alarm.number));
        self.alarms.sort_by_key(|alarm| place(alarm.number));
        for number in ALL_NUMBERS {
            if disabled(number) {
                self.missing.forget(number);
                let why = "[alarms] disable names it".to_owned();
                self.missing
                    .add(number, table::slug(number).to_owned(), why, None);
            } else if !self.missing.has(number)
                && !self.alarms.iter().any(|alarm| alarm.number == number)
            {
                let why = table::nobody(number).to_owned();
                self.missing
                    .add(number, table::slug(number).to_owned(), why, None);
            }
        }
        let mut left_out = self.missing.list();
        left_out.sort_by_key(|one| place(one.number));
        Made {
            alarms: self.alarms,
            left_out,
        }
    }
}

/// What is not made, by number, slug and reason; and whose it would have been.
#[derive(Debug, Default)]
pub(in crate::generate) struct Missing(BTreeMap<(&'static str, String, String), Vec<String>>);

impl Missing {
    pub(in crate::generate) fn add(
        &mut self,
        number: &'static str,
        slug: String,
        why: String,
        of: Option<Text>,
    ) {
        let scopes = self.0.entry((number, slug, why)).or_default();
        if let Some(Text::Fixed(scope)) = of {
            scopes.push(scope);
        }
    }

    fn has(&self, number: &str) -> bool {
        self.0.keys().any(|(known, ..)| *known == number)
    }

    fn forget(&mut self, number: &str) {
        self.0.retain(|(known, ..), _| *known != number);
    }

    pub(in crate::generate) fn list(self) -> Vec<LeftOut> {
        let all = self.0.into_iter();
        all.map(|((number, slug, why), scopes)| LeftOut {
            number,
            name: match scopes.is_empty() {
                true => slug,
                false => format!("{slug} of {}", shown(&scopes)),
            },
            why,
        })
        .collect()
    }
}

/// A statistic over a minute.
fn minute(metric: MetricId, statistic: Statistic) -> Stat {
    Stat {
        metric,
        statistic,
        period_secs: 60,
    }
}

/// A description, where readings come so seldom that the rule's period is longer than the one it has in mind.
pub(in crate::generate) fn stretched(text: String, rule: &Rule, usual_secs: u32) -> String {
    let period = rule.measure.period_secs();
    if period <= usual_secs {
        return text;
    }
    format!(
        "{text} It is read so seldom here that it is judged in periods of {period} s, not {usual_secs} s: times and counts above are for periods as long."
    )
}

/// A threshold of the configuration, exact in any number that a key takes.
#[allow(clippy::cast_precision_loss)]
pub(in crate::generate) fn exact(number: i64) -> f64 {
    number as f64
}

/// A device's name as a part of an alarm's: whole where it is short, else cut, and told apart by a hash.
fn part(name: &str) -> String {
    const MOST: usize = 80;
    if name.len() <= MOST {
        return name.to_owned();
    }
    let cut = &name[..name.floor_char_boundary(MOST - 9)];
    format!("{cut}-{:08x}", crc32fast::hash(name.as_bytes()))
}

#[cfg(test)]
mod judged;
#[cfg(test)]
mod tests;
