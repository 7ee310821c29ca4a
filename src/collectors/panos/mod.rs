//! PAN-OS firewalls, from beside: one kept HTTPS connection to each, and the XML API.

pub mod commands;
pub mod metrics;
pub mod settings;

use async_trait::async_trait;

use crate::collector::{CollectError, Collector, Context, Remote, Spec};
use crate::model::reading::Readings;

/// The `panos` collector.
pub static SPEC: Spec = Spec {
    name: "panos",
    about: "PAN-OS firewalls, VM-Series and others, over their XML API",
    readings: metrics::ALL,
    fine_series: "tunnels, BGP peers, HA links, interfaces, cores",
    sample_secs: None,
    timeout_secs: 45,
    on_demand: false,
    keys: &[],
    remote: Some(&REMOTE),
    build,
};

static REMOTE: Remote = Remote {
    keys: settings::KEYS,
    check: settings::check,
    asks: settings::asks,
    warn: settings::warn,
    groups: commands::GROUPS,
    period_secs_least: 10,
};

fn build(_: &toml::Table, _: Context) -> Result<Box<dyn Collector>, String> {
    Ok(Box::new(Panos))
}

struct Panos;

#[async_trait]
impl Collector for Panos {
    async fn collect(&mut self, _: &mut Readings) -> Result<(), CollectError> {
        Err(CollectError::Failed("not built yet".to_owned()))
    }
}
