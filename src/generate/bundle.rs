//! All that is made of a configuration, before it is written in one of the forms.

use serde_json::json;

use super::alarms::{self, LeftOut};
use super::dashboard::{self, Dashboard};
use super::form::blank::{Blank, plain};
use super::iam;
use super::resource::{self, Ids, Kind, Resource, camel};
use super::scaling;
use crate::config::Config;
use crate::model::alarm::{Alarm, Policy};

/// What goes into one output.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bundle {
    /// How names begin.
    pub prefix: String,
    /// Alarms.
    pub alarms: Vec<Alarm>,
    /// Policies of the Auto Scaling group, with alarms of their own.
    pub policies: Vec<Policy>,
    /// Dashboards.
    pub dashboards: Vec<Dashboard>,
    /// Permissions, and who has them.
    pub grants: Vec<Resource>,
    /// What this configuration has no metric for, and what it disables.
    pub left_out: Vec<LeftOut>,
    /// One template is for two accounts, and the metrics are in that which is given the firewalls' role.
    pub is_for_two: bool,
}

/// Which of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The alarms.
    Alarms,
    /// The policies.
    Scaling,
    /// The dashboards.
    Dashboard,
    /// The permissions.
    Iam,
}

impl Part {
    /// All of them.
    pub const ALL: &[Part] = &[Part::Alarms, Part::Scaling, Part::Dashboard, Part::Iam];
}

impl Bundle {
    /// These parts of what fits the configuration.
    #[must_use]
    pub fn of(config: &Config, parts: &[Part]) -> Self {
        let wants = |part| parts.contains(&part);
        let prefix = plain(&config.alarms.prefix);
        let mut bundle = Bundle::default();
        let alarms = alarms::of(config);
        if wants(Part::Dashboard) {
            bundle.dashboards = dashboard::of(config, &prefix, &alarms.alarms);
        }
        if wants(Part::Alarms) {
            bundle.alarms = alarms.alarms;
            bundle.left_out = alarms.left_out;
        }
        if wants(Part::Scaling) {
            let scaling = scaling::of(config);
            bundle.policies = scaling.policies;
            bundle.left_out.extend(scaling.left_out);
        }
        if wants(Part::Iam) {
            bundle.grants = iam::of(config);
            bundle.is_for_two = config.cloudwatch.role_arn.is_some();
        }
        bundle.prefix = prefix;
        bundle
    }

    /// What the API takes for all of it, in its order; a policy stands before the alarm that drives it.
    #[must_use]
    pub fn resources(&self) -> Vec<Resource> {
        let mut ids = Ids::default();
        let mut made = Vec::new();
        for one in &self.alarms {
            made.push(resource::alarm(&self.prefix, one, &mut ids));
        }
        for one in &self.policies {
            resource::policy(&mut made, &self.prefix, one, &mut ids);
        }
        made.extend(self.dashboards.iter().map(board));
        if self.is_for_two {
            // In the firewalls' own account they would look at nothing, and some would page for that.
            for one in &mut made {
                one.needs.push(Blank::FirewallRole);
            }
        }
        made.extend(self.grants.iter().cloned());
        made
    }
}

fn board(dashboard: &Dashboard) -> Resource {
    let input = json!({"DashboardName": dashboard.name, "DashboardBody": dashboard.body});
    let id = camel(&format!("{}-dashboard", dashboard.slug));
    let mut made = Resource::new(id, Kind::Dashboard, input);
    made.needs.clone_from(&dashboard.needs);
    made
}
