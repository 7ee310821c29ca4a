//! `fwmetrics drain`: waits by hand, for this machine or a firewall that is read from here, as `run` does by itself.

mod watch;

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, print, runtime, say};
use crate::agent::drain::gauge::Gauges;
use crate::agent::drain::hook::Hook;
use crate::agent::drain::wait::{Rule, Wait, Why};
use crate::agent::drain::{Drain, End, Order};
use crate::agent::tasks;
use crate::cli;
use crate::clock;
use crate::config::{Config, Wanted};
use crate::identity::{self, Metadata};
use crate::model::dimension::INSTANCE_ID;
use crate::model::identity::{Group, Identity, Who};
use crate::publish::lifecycle::{Call, Lifecycle, Reply, Settings, Waiting};

use watch::{Watch, watched};

/// How long the metadata service may take to say who we are.
const IDENTITY_WITHIN: Duration = Duration::from_secs(5);
/// A hook that no instance waits at is asked for so long after the end of the wait: somebody is looking.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing is looked at more often than this.
const GRAIN: Duration = Duration::from_millis(10);

/// Waits, says, and completes.
pub(super) fn call(args: &cli::Drain, config: &Config) -> Result<(), Failure> {
    let wanted = watched(args.target.as_deref(), config)?;
    let runtime = runtime()?;
    let ended = runtime.block_on(drain(args, config, wanted));
    runtime.shutdown_background();
    match ended? {
        End {
            why: Some(Why::Gone | Why::Quiet),
            completed: true,
        } => Ok(()),
        // It was said.
        _ => Err(Failure::Shown),
    }
}

async fn drain(args: &cli::Drain, config: &Config, wanted: Vec<Wanted>) -> Result<End, Failure> {
    let catch =
        |kind| signal(kind).map_err(|e| Failure::Failed(format!("cannot catch signals: {e}")));
    let (mut interrupt, mut terminate) = (
        catch(SignalKind::interrupt())?,
        catch(SignalKind::terminate())?,
    );
    let who = wanted.first().and_then(|wanted| wanted.who.clone());
    let waiting = match &args.hook {
        Some(hook) => Some(waiting(args, config, hook, who).await?),
        None => None,
    };
    let mut caller = Caller::new(args, config, waiting);
    let mut gauges = Gauges::default();
    let mut watch = Watch::start(config, wanted, &mut gauges)?;
    let mut drain = begin(args, config, caller.waiting.is_some(), gauges);
    loop {
        let now = clock::now().boot;
        carry_out(&mut drain, &mut caller, now)?;
        if let Some(end) = drain.end() {
            // What the answer that ended it left to be said.
            carry_out(&mut drain, &mut caller, now)?;
            return Ok(end);
        }
        let wake = drain.wake(now).unwrap_or(now);
        let wake = wake.saturating_sub(now).max(GRAIN);
        tokio::select! {
            brought = watch.next() => {
                let gauges = drain.gauges();
                gauges.passed(brought.collector, brought.failed, brought.at);
                for (gauge, reading) in brought.readings {
                    drain.take(gauge, reading);
                }
            }
            (call, reply) = caller.answer() => drain.answered(call, reply, clock::now().boot),
            () = tokio::time::sleep(wake) => {}
            _ = interrupt.recv() => return Err(stopped(&drain, caller.waiting.as_ref())),
            _ = terminate.recv() => return Err(stopped(&drain, caller.waiting.as_ref())),
        }
    }
}

/// A drain that begins now, with a hook to be completed or none.
fn begin(args: &cli::Drain, config: &Config, hooked: bool, gauges: Gauges) -> Drain {
    let mut rule = Rule::of(&config.drain);
    rule.wait_max = args.max.unwrap_or(rule.wait_max);
    let timeout = Duration::from_secs(config.drain.heartbeat_timeout_secs);
    let hook = hooked.then(|| Hook::new(timeout, PATIENCE, false));
    let now = clock::now().boot;
    Drain::new(Wait::new(rule, now, None, gauges), hook, now)
}

/// Does what is to be done now.
fn carry_out(drain: &mut Drain, caller: &mut Caller, now: Duration) -> Result<(), Failure> {
    for order in drain.step(now) {
        match order {
            Order::Say(line) => print(&format!("{line}\n"))?,
            Order::Warn(line) => say(&line),
            Order::Call(call) => {
                if let Some(reply) = caller.start(call) {
                    drain.answered(call, reply, now);
                }
            }
        }
    }
    Ok(())
}

fn stopped(drain: &Drain, waiting: Option<&Waiting>) -> Failure {
    let (when, state) = drain.broken_off();
    let hook = waiting.map_or_else(String::new, |waiting| {
        format!("; the lifecycle hook {} is {state}", waiting.hook)
    });
    Failure::Failed(format!("{when}{hook}"))
}

/// The lifecycle action to complete: what the command line says, else what is known of the firewall.
async fn waiting(
    args: &cli::Drain,
    config: &Config,
    hook: &str,
    who: Option<Who>,
) -> Result<Waiting, Failure> {
    let named = args.group.is_some() && args.instance_id.is_some();
    let (who, region) = match who {
        Some(who) => (Some(who), None),
        None if named => (None, None),
        None => {
            let identity = identify().await;
            let who = identity::who(&config.identity, &identity);
            (Some(who), identity.region)
        }
    };
    let group = args.group.clone().or_else(|| match &who.as_ref()?.group {
        Group::Known(group) => Some(group.clone()),
        Group::Unread | Group::None => None,
    });
    let instance = who.and_then(|who| who.instance);
    let instance = instance.filter(|dimension| dimension.name == INSTANCE_ID);
    let instance = args.instance_id.clone().or(instance.map(|id| id.value));
    let lacks = |what: &str, flag: &str, key: &str| {
        let of = match &args.target {
            Some(name) => {
                format!("of {name} is unknown; name it by {flag}, or set {key} in its table")
            }
            None => {
                format!("of this machine is unknown; name it by {flag}, or set [identity] {key}")
            }
        };
        Failure::Usage(format!("the {what} {of}"))
    };
    Ok(Waiting {
        hook: hook.to_owned(),
        group: group.ok_or_else(|| lacks("Auto Scaling group", "--group", "auto_scaling_group"))?,
        instance: instance.ok_or_else(|| lacks("instance id", "--instance-id", "instance_id"))?,
        region,
    })
}

/// What the metadata service says.
async fn identify() -> Identity {
    let mut identity = Identity::default();
    if let Some(metadata) = Metadata::from_environment() {
        // Whatever was learnt before the deadline stays in `identity`.
        let _ = tokio::time::timeout(IDENTITY_WITHIN, metadata.refresh(&mut identity)).await;
    }
    identity
}

/// A call in a task of its own; its caller comes back with the answer.
type UnderWay = tokio::task::JoinHandle<(Option<Lifecycle>, Reply)>;

/// Calls Auto Scaling beside the loop, one call at a time.
struct Caller {
    waiting: Option<Waiting>,
    settings: Settings,
    dry_run: bool,
    /// It knows their clock, where ours is too far off.
    kept: Option<Lifecycle>,
    under_way: Option<(Call, UnderWay)>,
}

impl Caller {
    fn new(args: &cli::Drain, config: &Config, waiting: Option<Waiting>) -> Self {
        Caller {
            waiting,
            settings: Settings {
                region: config.cloudwatch.region.clone(),
                endpoint_url: config.drain.endpoint_url.clone(),
            },
            dry_run: args.dry_run,
            kept: None,
            under_way: None,
        }
    }

    /// Begins a call; a dry run has its answer at once.
    fn start(&mut self, call: Call) -> Option<Reply> {
        let waiting = self.waiting.clone()?;
        if self.dry_run {
            if call == Call::Complete {
                say(&format!(
                    "dry run: {} is not called (hook {}, group {}, instance {})",
                    call.action(),
                    waiting.hook,
                    waiting.group,
                    waiting.instance
                ));
            }
            return Some(Reply::DryRun);
        }
        let mut kept = self.kept.take();
        let settings = self.settings.clone();
        let task = tokio::spawn(async move {
            let reply = tasks::attempt(&settings, &mut kept, call, waiting).await;
            (kept, reply)
        });
        self.under_way = Some((call, task));
        None
    }

    /// The answer of the call that is under way; never, where none is.
    async fn answer(&mut self) -> (Call, Reply) {
        let Some((call, task)) = &mut self.under_way else {
            return std::future::pending().await;
        };
        let call = *call;
        let ended = task.await;
        self.under_way = None;
        // It does not panic: what it calls is a task of its own.
        let (kept, reply) = ended.unwrap_or_else(|e| (None, Reply::Failed(e.to_string())));
        self.kept = kept;
        (call, reply)
    }
}
