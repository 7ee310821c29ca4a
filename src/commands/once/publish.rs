//! Publishing: the samples as datums, shown or sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::look::Looked;
use crate::aggregate::fold::newest;
use crate::aggregate::label::{Speaks, Unnamed, WantedSets, sets};
use crate::aggregate::window::Target;
use crate::cli::Once;
use crate::commands::{Failure, say};
use crate::config::Config;
use crate::model::datum::{Dimension, Resolution};
use crate::model::dimension::INSTANCE_ID;
use crate::model::identity::{Group, Who};
use crate::publish::batch::{Batch, split};
use crate::publish::cloudwatch::CloudWatch;
use crate::publish::outcome::{Outcome, remedy};

/// The samples as datums, stamped with the start of the window that is running.
pub(super) fn batches(args: &Once, config: &Config, looked: &Looked) -> Vec<Batch> {
    let period_secs = config.cloudwatch.period_secs;
    let wanted = config.cloudwatch.sets();
    let mut everyone: BTreeMap<&Target, (Who, WantedSets)> = BTreeMap::new();
    for (_, value) in &looked.emitted {
        let target = &value.key.target;
        everyone.entry(target).or_insert_with(|| {
            let mut who = looked.who_is(target);
            who.instance.get_or_insert(Dimension {
                name: INSTANCE_ID.into(),
                value: "unknown".to_owned(),
            });
            // Sent for real, what firewalls share comes only from those in service.
            let may = args.fleet && (who.in_service || !args.publish);
            let speaks = match (may, &who.group) {
                (false, _) => Speaks::ForItself,
                (true, Group::None) => Speaks::ForAll,
                (true, _) => Speaks::ForGroup,
            };
            let sets = wanted.spoken(speaks);
            (who, sets)
        });
    }
    let timestamp = looked.started.wall_secs().div_euclid(period_secs) * period_secs;
    let resolution = if period_secs < 60 {
        Resolution::Second
    } else {
        Resolution::Minute
    };
    let (mut ours, mut aliases) = (Vec::new(), Vec::new());
    for (_, value) in &looked.emitted {
        let Some((who, wanted)) = everyone.get(&value.key.target) else {
            continue;
        };
        for set in sets(&value.key, *wanted, who.ha_group.is_some()) {
            let unnamed = Unnamed {
                set,
                key: value.key.clone(),
                expected: value.expected,
                timestamp,
                resolution,
                // What is now: of a block the newest.
                values: newest(&value.fine)
                    .map(|newest| (newest, 1))
                    .into_iter()
                    .collect(),
            };
            // Without a group's name there are no fleet datums.
            let named = match set.is_vmseries() {
                true => &mut aliases,
                false => &mut ours,
            };
            named.extend(unnamed.name(who).ok());
        }
    }
    let mut batches = split(&Arc::from(config.cloudwatch.namespace.as_str()), ours);
    let namespace = Arc::from(config.cloudwatch.vmseries_namespace());
    batches.extend(split(&namespace, aliases));
    batches
}

/// Sends the samples for real and says what CloudWatch answered.
pub(super) async fn publish(args: &Once, config: &Config, looked: &Looked) -> Result<(), Failure> {
    if looked.has_own() && looked.who().instance.is_none() {
        return Err(Failure::Failed(
            "nothing was published: the instance id is unknown; set [identity] instance_id"
                .to_owned(),
        ));
    }
    let batches = batches(args, config, looked);
    if batches.is_empty() {
        let text = "nothing was read, so nothing was published";
        return Err(Failure::Failed(text.to_owned()));
    }
    let mut cloudwatch = CloudWatch::new(config.cloudwatch.clone());
    for batch in batches {
        let answer = cloudwatch.send(&batch).await;
        let (count, namespace) = (batch.datums().len(), batch.namespace());
        match answer.outcome {
            Outcome::Sent => say(&format!(
                "CloudWatch accepted {count} datums in namespace {namespace}"
            )),
            Outcome::Denied => {
                let text = format!(
                    "CloudWatch denies {count} datums: {}: {}; {}",
                    answer.code,
                    answer.reason,
                    remedy(&answer.code)
                );
                return Err(Failure::Failed(text));
            }
            _ => {
                return Err(Failure::Failed(format!(
                    "{count} datums were not sent: {}: {}",
                    answer.code, answer.reason
                )));
            }
        }
    }
    Ok(())
}
