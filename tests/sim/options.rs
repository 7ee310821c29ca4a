//! The options of `panos-simulator`.

use std::path::PathBuf;
use std::time::Duration;

use super::sim::{Firewall, Release, Routing};

/// What `panos-simulator` takes.
pub(super) const USAGE: &str = "usage: panos-simulator [options]

--port N               the port on 127.0.0.1; default: a free one
--dir DIR              where keys and fwmetrics.toml go; default: a new folder among the temporary ones
--model MODEL          vm (the default: a VM-Series whose HA partner is off), chassis, ha-active, ha-passive
--release RELEASE      10.1, 11.1 (the default), 12.1
--routing ENGINE       legacy or advanced; default: the model's
--firewalls N          N firewalls behind one port, told apart by their keys
--seed N               where all randomness and the keys come from; default: 1
--for SECS             it ends by itself; default: 3600
--requests FILE        append a line for each request: unix time, firewall, command, bytes of the reply";

/// The options.
pub(super) struct Options {
    pub(super) port: u16,
    pub(super) dir: PathBuf,
    pub(super) time: Duration,
    pub(super) requests: Option<PathBuf>,
    model: String,
    release: Release,
    routing: Option<Routing>,
    count: usize,
    seed: u64,
}

impl Options {
    /// From the command line.
    pub(super) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let folder = format!("panos-simulator-{}", std::process::id());
        let mut options = Self {
            port: 0,
            dir: std::env::temp_dir().join(folder),
            time: Duration::from_secs(3600),
            requests: None,
            model: "vm".to_owned(),
            release: Release::V11_1,
            routing: None,
            count: 1,
            seed: 1,
        };
        while let Some(name) = arguments.next() {
            if matches!(&*name, "--help" | "-h") {
                return Err("a simulator of PAN-OS".to_owned());
            }
            let value = arguments.next().ok_or(format!("{name} needs a value"))?;
            let taken = options.set(&name, &value);
            taken.ok_or(format!("{name} {value} is not an option"))?;
        }
        options.dir = std::path::absolute(&options.dir).map_err(|error| error.to_string())?;
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "--port" => self.port = value.parse().ok()?,
            "--dir" => self.dir = value.into(),
            "--for" => self.time = Duration::from_secs(value.parse().ok()?),
            "--requests" => self.requests = Some(value.into()),
            "--seed" => self.seed = value.parse().ok()?,
            "--firewalls" => {
                self.count = value.parse().ok().filter(|n| (1..=10_000).contains(n))?
            }
            "--release" => self.release = Release::parse(value)?,
            "--routing" => {
                self.routing = Some(match value {
                    "legacy" => Routing::Legacy,
                    "advanced" => Routing::Advanced,
                    _ => return None,
                });
            }
            "--model" => {
                let known = matches!(value, "vm" | "chassis" | "ha-active" | "ha-passive");
                self.model = known.then(|| value.to_owned())?;
            }
            _ => return None,
        }
        Some(())
    }

    /// The firewalls to simulate.
    pub(super) fn firewalls(&self) -> Vec<Firewall> {
        match self.count {
            1 => vec![self.firewall()],
            count => (1..=count).map(|n| self.firewall().numbered(n)).collect(),
        }
    }

    fn firewall(&self) -> Firewall {
        let mut firewall = match &*self.model {
            "chassis" => Firewall::chassis(),
            "ha-active" => Firewall::ha_active(),
            "ha-passive" => Firewall::ha_passive(),
            _ => {
                let mut alone = Firewall::ha_active();
                alone.set_partner(false);
                alone
            }
        };
        if let Some(routing) = self.routing {
            firewall = firewall.routed(routing);
        }
        // Two that started with the same seed have the same key, and a pair has not.
        let seed = self.seed + u64::from(self.model == "ha-passive");
        firewall.seeded(seed).on(self.release)
    }
}
