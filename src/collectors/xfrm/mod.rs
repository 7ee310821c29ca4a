//! The kernel's IPsec in the process's own network namespace: its errors, and where it is asked for the tunnels that
//! libreswan or a person by hand configured, which no VICI socket tells of.

pub mod metrics;
pub mod wire;

mod between;
mod group;
mod kernel;
mod ledger;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::collector::tunnels::{self, Direction, Tunnels};
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::files::Root;
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Readings, Record};
use crate::model::schema::{Key, KeyKind};

use between::{Between, with_ended};
use kernel::Kernel;
use ledger::Ledger;

/// The `xfrm` collector.
pub static SPEC: Spec = Spec {
    name: "xfrm",
    about: "The kernel's IPsec: errors, and tunnels that no VICI socket tells of (libreswan, by hand)",
    readings: &[
        &metrics::ERRORS,
        &tunnels::STATE,
        &tunnels::CONFIGURED,
        &tunnels::UP,
        &tunnels::DOWN,
        &tunnels::BYTES_IN,
        &tunnels::BYTES_OUT,
        &tunnels::SHARE,
        &tunnels::ERRORS,
    ],
    fine_series: "1 per tunnel up to tunnels_max, 4 more and 1 per error counter (some 30) opt-in",
    sample_secs: Some(5),
    timeout_secs: 3,
    on_demand: false,
    keys: &[
        Key::new(
            "tunnels",
            KeyKind::Bool,
            "false",
            "Reads the kernel's policies and security associations as tunnels (needs the drop-in xfrm.conf); expect turns it on too. Tunnels are called by their interface of kind xfrm, else by their reqid, such as \"reqid 1\". Not beside the collector strongswan: both would count the same tunnels.",
        ),
        tunnels::EXPECT,
        tunnels::CEILING,
    ],
    remote: None,
    build,
};

const STAT: &str = "/proc/net/xfrm_stat";

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Settings {
    tunnels: bool,
    expect: Vec<String>,
    tunnel_bits_per_second_max: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            tunnels: false,
            expect: Vec::new(),
            tunnel_bits_per_second_max: tunnels::BITS_PER_SECOND,
        }
    }
}

struct Xfrm {
    root: Root,
    timeout: Duration,
    is_look: bool,
    /// Where tunnels are asked for.
    kernel: Option<Kernel>,
    tunnels: Tunnels,
    ledger: Ledger,
    between: Between,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let with_tunnels = settings.tunnels || !settings.expect.is_empty();
    Ok(Box::new(Xfrm {
        root: context.root,
        timeout: context.timeout * 9 / 10,
        is_look: context.is_look,
        kernel: with_tunnels.then(Kernel::default),
        tunnels: Tunnels::new(settings.expect, settings.tunnel_bits_per_second_max),
        ledger: Ledger::default(),
        between: Between::default(),
    }))
}

#[async_trait]
impl Collector for Xfrm {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        self.tunnels.begin();
        let errors = self.errors(out);
        let tunnels = self.read_tunnels(out).await;
        let mut faults: Vec<String> = Vec::new();
        faults.extend(tunnels.err());
        match errors {
            Err(why) => faults.push(why),
            Ok(true) => {}
            Ok(false) => {
                let nothing = format!(
                    "no {}: this kernel keeps no statistics of IPsec (CONFIG_XFRM_STATISTICS)",
                    self.root.path(STAT).display()
                );
                if self.kernel.is_none() {
                    return Err(CollectError::Absent(nothing));
                }
                out.note(nothing);
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(CollectError::Failed(faults.join("; ")))
    }
}

impl Xfrm {
    /// Records the error counters; false where there are none.
    fn errors(&self, out: &mut Readings) -> Result<bool, String> {
        let shown = self.root.path(STAT);
        let text = match self.root.read(STAT) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            text => text.map_err(|e| format!("cannot read {}: {e}", shown.display()))?,
        };
        let counters = wire::counters(&text);
        let counters = counters.map_err(|e| format!("cannot parse {}: {e}", shown.display()))?;
        for (name, total) in counters {
            let record = Record::new(&metrics::ERRORS, Raw::Total(total)).member(name);
            out.push(record.own(OwnDimension::Counter, name));
        }
        Ok(true)
    }

    async fn read_tunnels(&mut self, out: &mut Readings) -> Result<(), String> {
        let Some(kernel) = &mut self.kernel else {
            return Ok(());
        };
        let read = kernel.read(self.timeout / 3).await?;
        let tunnels = group::tunnels(&read.policies, &read.links);
        let events = read.events.as_deref();
        let dips = self.between.dips(&tunnels, events, &read.associations);
        let counted = with_ended(&read.associations, events.unwrap_or_default());
        let states: BTreeMap<String, Option<bool>> = tunnels
            .iter()
            .map(|(name, tunnel)| {
                let state = tunnel.state(&read.associations);
                // The worst since the last pass.
                let state = state.map(|is_up| is_up && !dips.contains(name));
                // Switched off, and somebody waits for it.
                let expected = self.tunnels.is_expected(name).then_some(false);
                (name.clone(), state.or(expected))
            })
            .collect();
        self.tunnels.source(out, None, &states);
        for (name, tunnel) in &tunnels {
            let totals = self.ledger.book(name, &tunnel.members(&counted));
            for (direction, total) in [
                (Direction::In, totals.bytes_in),
                (Direction::Out, totals.bytes_out),
            ] {
                self.tunnels.bytes(out, None, name, name, direction, total);
            }
            self.tunnels.errors(out, None, name, name, totals.errors);
        }
        self.ledger.keep(|name| tunnels.contains_key(name));
        self.tunnels.end(out);
        if self.is_look {
            let all = read.associations.len();
            let ready = read.associations.iter().filter(|a| a.is_ready).count();
            out.note(format!(
                "{all} security associations, {ready} of them ready"
            ));
        }
        Ok(())
    }
}
