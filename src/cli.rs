//! Floor 6: the command line, as types only.

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config;

/// A firewall's dataplane, sampled each second, its whole distribution in CloudWatch.
#[derive(Debug, Parser)]
#[command(name = "fwmetrics", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Configuration file [default: /etc/fwmetrics/fwmetrics.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sample now and print: needs no AWS, no configuration, no root
    #[command(
        after_help = "Example:\n  fwmetrics once --only cpu,conntrack --over 5s\n\nExit codes: 0 all well, 1 a collector or a send failed, 2 usage, 78 bad or missing configuration"
    )]
    Once(Once),
    /// Sample each second and publish each minute, until SIGTERM
    #[command(
        after_help = "Example:\n  fwmetrics run --config /etc/fwmetrics/fwmetrics.toml\n  FWMETRICS_IDENTITY__INSTANCE_ID=i-test fwmetrics run --dry-run"
    )]
    Run(Run),
    /// Read the configuration and print every fault with file and line; opens no connection
    #[command(after_help = "Example:\n  fwmetrics check --config fwmetrics.toml")]
    Check,
    /// The catalogue: every metric, its unit, dimension sets, source, default and cost
    #[command(after_help = "Example:\n  fwmetrics metrics --format markdown")]
    Metrics(Metrics),
    /// Make a file: alarms, scaling policies, dashboard and permissions that fit this configuration; or completions, manual page, the configuration or its schema
    #[command(
        after_help = "Example:\n  fwmetrics generate all --format terraform > fwmetrics.tf\n  fwmetrics generate config > fwmetrics.toml"
    )]
    Generate(Generate),
    /// The monthly bill of this configuration: metrics, calls, alarms
    #[command(after_help = "Example:\n  fwmetrics cost --firewalls 6")]
    Cost(Cost),
    /// Wait until a firewall's sessions are gone, then complete its lifecycle hook where one is named
    #[command(
        after_help = "Example:\n  fwmetrics drain --max 30m\n  fwmetrics drain --target fw-a --hook fwmetrics-drain\n\nExit codes: 0 drained, 1 not drained within the longest wait or the hook not completed, 2 usage, 78 bad or missing configuration"
    )]
    Drain(Drain),
    /// Try policies on a simulated fleet before a real one has them
    #[command(
        after_help = "Example:\n  fwmetrics simulate scaling --trace flash-crowd --plot scaling.svg"
    )]
    Simulate(Simulate),
}

/// `once`.
#[derive(Debug, Args)]
pub struct Once {
    /// Form of the output
    #[arg(long, value_enum, default_value_t = OnceFormat::Table)]
    pub format: OnceFormat,
    /// Time between the two passes
    #[arg(long, default_value = "1s", value_parser = over, value_name = "TIME")]
    pub over: Duration,
    /// Only these collectors, or NAME:GROUP, a command group of a remote one (panos:ssl_proxy)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub only: Vec<String>,
    /// Opt-in metrics and fine series too
    #[arg(long)]
    pub all: bool,
    /// With `datums` and `--publish`: the group's series too
    #[arg(long)]
    pub fleet: bool,
    /// Send it for real and print CloudWatch's answer
    #[arg(long)]
    pub publish: bool,
}

/// Form of `once`'s output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnceFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
    /// PutMetricData inputs for the AWS CLI
    Datums,
    /// Prometheus text exposition; counters are totals since the first pass
    Prometheus,
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The whole pipeline, but print each batch (one line of JSON) instead of sending it
    #[arg(long)]
    pub dry_run: bool,
}

/// `metrics`.
#[derive(Debug, Args)]
pub struct Metrics {
    /// Form of the output
    #[arg(long, value_enum, default_value_t = MetricsFormat::Table)]
    pub format: MetricsFormat,
}

/// Form of `metrics`' output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricsFormat {
    /// For people
    Table,
    /// An array of objects
    Json,
    /// The README's table
    Markdown,
}

/// `generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// Which file.
    #[command(subcommand)]
    pub what: Generated,
}

/// What `generate` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Generated {
    /// Completions for a shell
    #[command(
        after_help = "Example:\n  fwmetrics generate completions bash > /usr/share/bash-completion/completions/fwmetrics"
    )]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// The manual page, all commands on it
    #[command(after_help = "Example:\n  fwmetrics generate man > /usr/share/man/man1/fwmetrics.1")]
    Man,
    /// JSON Schema (2020-12) of the configuration, for editors that complete and check TOML
    #[command(after_help = "Example:\n  fwmetrics generate schema > fwmetrics.schema.json")]
    Schema,
    /// CloudWatch alarms, each on a series that this configuration publishes
    #[command(after_help = "Example:\n  fwmetrics generate alarms --format json")]
    Alarms(Form),
    /// Policies of the Auto Scaling group
    #[command(after_help = "Example:\n  fwmetrics generate scaling")]
    Scaling(Form),
    /// CloudWatch dashboards: of each group, of a firewall alone, of those that are named
    #[command(after_help = "Example:\n  fwmetrics generate dashboard --format json")]
    Dashboard(Form),
    /// Permissions and roles
    #[command(after_help = "Example:\n  fwmetrics generate iam --format terraform")]
    Iam(Form),
    /// Alarms, policies, dashboard and permissions in one template
    #[command(after_help = "Example:\n  fwmetrics generate all > fwmetrics.yaml")]
    All(Form),
    /// A stack with its own configuration: a Gateway Load Balancer's fleet of Linux firewalls, and all of this for it
    #[command(after_help = "Example:\n  fwmetrics generate fleet > fleet.yaml")]
    Fleet(StackForm),
    /// A stack with its own configuration: the poller of a PAN-OS HA pair, and all of this for it
    #[command(after_help = "Example:\n  fwmetrics generate pair --format terraform > pair.tf")]
    Pair(StackForm),
    /// The whole configuration: every key with its default, commented out
    #[command(after_help = "Example:\n  fwmetrics generate config > /etc/fwmetrics/fwmetrics.toml")]
    Config,
}

/// How something for AWS is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Form {
    /// Form of the output
    #[arg(long, value_enum, default_value_t = FormName::Cloudformation)]
    pub format: FormName,
}

/// Forms of what `generate` makes for AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormName {
    /// A template, YAML
    Cloudformation,
    /// HCL
    Terraform,
    /// Inputs for the AWS CLI, one object a call
    Json,
}

/// How a stack is written. It is made of the configuration that its machines run, not of the one that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct StackForm {
    /// Form of the output
    #[arg(long, value_enum, default_value_t = StackFormName::Cloudformation)]
    pub format: StackFormName,
}

/// Forms of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StackFormName {
    /// A template, YAML
    Cloudformation,
    /// HCL
    Terraform,
}

/// `cost`.
#[derive(Debug, Args)]
pub struct Cost {
    /// How many machines with this configuration; what they share is counted once
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub firewalls: u32,
    /// They are in no Auto Scaling group
    #[arg(long)]
    pub alone: bool,
    /// Of this machine only these collectors, such as those that `once` shows; all that may run otherwise
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub only: Vec<String>,
    /// Tunnels of each firewall, or as many as the configuration names
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub tunnels: u32,
    /// Routing peers of each, or as many as the configuration names
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub peers: u32,
    /// Interfaces of each
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub interfaces: u32,
    /// Cores of each
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub cores: u32,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = CostFormat::Table)]
    pub format: CostFormat,
}

/// Form of `cost`'s output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CostFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
}

/// `drain`.
#[derive(Debug, Args)]
pub struct Drain {
    /// A remote firewall of the configuration [default: this machine]
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// Lifecycle hook to complete at the end [default: none, only wait]
    #[arg(long, value_parser = hook_name, value_name = "NAME")]
    pub hook: Option<String>,
    /// Its Auto Scaling group [default: the firewall's]
    #[arg(long, value_name = "NAME", requires = "hook")]
    pub group: Option<String>,
    /// The instance that waits at it [default: the firewall's]
    #[arg(long, value_name = "ID", requires = "hook")]
    pub instance_id: Option<String>,
    /// Longest wait [default: [drain] wait_max_secs]
    #[arg(long, value_parser = longest, value_name = "TIME")]
    pub max: Option<Duration>,
    /// Wait and say, but call nobody
    #[arg(long)]
    pub dry_run: bool,
}

/// `simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Which simulation.
    #[command(subcommand)]
    pub what: Simulated,
}

/// What is simulated.
#[derive(Debug, Subcommand)]
pub enum Simulated {
    /// A fleet behind a Gateway Load Balancer, its alarms and its policies
    #[command(after_help = "Example:\n  fwmetrics simulate scaling --trace flash-crowd")]
    Scaling(SimulateScaling),
}

/// `simulate scaling`.
#[derive(Debug, Args)]
pub struct SimulateScaling {
    /// One trace only: daily, flash-crowd, elephant, silent-rise, silent-fall, dead-firewall, plateau; with a text plot
    #[arg(long, value_name = "NAME")]
    pub trace: Option<String>,
    /// One set of policies only: fwmetrics, paloalto-cpu, paloalto-sessions, juniper, ec2-cpu, paloalto-example
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// Kind of firewall: how long it boots, and whether the hypervisor sees its load [default: that of the group's members]
    #[arg(long, value_enum)]
    pub platform: Option<SimulatedPlatform>,
    /// Fewest firewalls
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "N")]
    pub min: u32,
    /// Most firewalls; traces are shares of what so many can carry
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "N")]
    pub max: u32,
    /// Of chance; the same one gives the same result
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Leaving firewalls hold back the next scale-in of steps and targets, as Auto Scaling's guide said until May 2022
    #[arg(long)]
    pub terminating_counts: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = SimulationFormat::Table)]
    pub format: SimulationFormat,
    /// Draw all runs into this file
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<String>,
}

/// Kind of firewall that is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimulatedPlatform {
    /// In service after 3 minutes; the hypervisor's CPU is the dataplane's
    Linux,
    /// In service after 15 minutes; its dataplane polls, so that the hypervisor's CPU is near 100 % always
    VmSeries,
}

/// Form of a simulation's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimulationFormat {
    /// For people
    Table,
    /// An array of objects, one a run
    Json,
}

fn hook_name(text: &str) -> Result<String, String> {
    config::hook_name(text).map(|()| text.to_owned())
}

/// A time such as `15m`; no hook waits longer than two days.
fn longest(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|e| e.to_string())?;
    let bounds = Duration::from_secs(1)..=Duration::from_secs(48 * 3600);
    if bounds.contains(&time) {
        Ok(time)
    } else {
        Err("1s to 48h".to_owned())
    }
}

/// A time such as `1s` or `500ms`; the passes must lie apart, and an hour is no look at the moment.
fn over(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|e| e.to_string())?;
    let bounds = Duration::from_millis(100)..=Duration::from_secs(3600);
    if bounds.contains(&time) {
        Ok(time)
    } else {
        Err("100ms to 1h".to_owned())
    }
}
