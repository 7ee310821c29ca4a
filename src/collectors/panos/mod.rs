//! PAN-OS firewalls, from beside: one kept HTTPS connection to each, and the XML API.
//!
//! A pass asks one command after the other, never two at once, and only those that serve a metric that somebody wants.
//! What fails costs its own metrics; what is about the firewall as a whole ends the pass.

pub mod commands;
mod manners;
pub mod metrics;
mod odd;
mod reasons;
mod session;
pub mod settings;
mod take;
pub mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

use crate::collector::{self, CollectError, Collector, Command, Context, Remote, Spec};
use crate::model::reading::Readings;

use commands::GROUPS;
use manners::{SLOW, Standing};
use odd::Odd;
use reasons::Reasons;
use session::{Failure, Session, Told};
use settings::Settings;
use take::{Memory, Taker};
use wire::{Oddities, Refusal};

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
    groups: GROUPS,
    period_secs_least: 10,
};

/// On these decisions hang: they are asked as often as ever where answers are slow.
static ESSENTIAL: [&Command; 3] = [&commands::RESOURCES, &commands::SESSIONS, &commands::HA];
/// Commands whose answers are totals: a look asks them twice, and the others once.
static COUNTING: [&Command; 7] = [
    &commands::HA,
    &commands::BGP_ADVANCED,
    &commands::BGP_LEGACY,
    &commands::INTERFACES,
    &commands::DROPS,
    &commands::DROPS_DOS,
    &commands::TUNNEL,
];
/// Tunnels whose own counters are asked for in a round, and rounds in which each had its turn: within the hour after
/// which a total that was not read again is forgotten.
const TUNNELS_A_ROUND: usize = 5;
const ROUNDS_MOST: usize = 10;
/// Answers of odd fields that are told apart.
const ODD_MAX: usize = 100;
/// The longest block that a firewall gives (show running resource-monitor second last 1-60).
const BLOCK_SECS_MOST: u64 = 60;
/// Where the routing engine is not told, the other one is tried so often, seconds.
const ENGINE_AGAIN_SECS: u64 = 600;

/// A command and how it fares.
struct Asked {
    command: &'static Command,
    standing: Standing,
}

struct Panos {
    settings: Settings,
    wanted: BTreeSet<&'static str>,
    tunnels_max: usize,
    period: Duration,
    /// For all commands of a pass: less than its deadline, so that what is known is never lost to it.
    pass_within: Duration,
    is_look: bool,
    session: Session,
    asked: Vec<Asked>,
    memory: Memory,
    odd: Odd,
    /// Passes so far, this one included.
    passes: u64,
    /// The tunnel whose counters are asked for next.
    turn: usize,
    /// The advanced routing engine is unknown, or has no peers.
    is_legacy: bool,
    /// No answer came in the pass before.
    was_silent: bool,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let period = context.period;
    let asked = |command: &&'static Command| Asked {
        command,
        standing: Standing::new(command.period_secs, period),
    };
    let groups = GROUPS.iter();
    let groups = groups.filter(|group| !settings.disable.iter().any(|name| name == group.name));
    let asked = groups.flat_map(|group| group.commands).map(asked).collect();
    Ok(Box::new(Panos {
        session: Session::new(&settings, period)?,
        settings,
        wanted: context.wanted,
        tunnels_max: context.tunnels_max,
        period,
        pass_within: context.timeout * 3 / 4,
        is_look: context.is_look,
        asked,
        memory: Memory::default(),
        odd: Odd::new(ODD_MAX),
        passes: 0,
        turn: 0,
        is_legacy: false,
        was_silent: false,
    }))
}

#[async_trait]
impl Collector for Panos {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        self.passes += 1;
        let begun = self.session.begin(self.pass_within).await;
        begun.map_err(CollectError::Failed)?;
        let mut failed = Reasons::default();
        for index in self.order() {
            if !self.is_needed(self.asked[index].command) {
                continue;
            }
            if self.is_due(index)
                && let Err(why) = self.ask(index, out).await
            {
                if !self.session.has_answered() {
                    failed = Reasons::default();
                }
                failed.add("", &why);
                break;
            }
            let Asked { command, standing } = &self.asked[index];
            if let Some(why) = standing.failing() {
                failed.add(command.words, why);
            }
            self.note_unknown(index, out);
        }
        self.was_silent = !self.session.has_answered();
        match failed.said() {
            None => Ok(()),
            Some(why) => Err(CollectError::Failed(why)),
        }
    }
}

impl Panos {
    /// Commands that met trouble come last: what hangs holds up no other.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.asked.len()).collect();
        order.sort_by_key(|index| self.asked[*index].standing.trouble());
        order
    }

    /// Says what this release does not have. Of the two routing engines one is enough.
    fn note_unknown(&self, index: usize, out: &mut Readings) {
        let Asked { command, standing } = &self.asked[index];
        let is = |other: &'static Command| std::ptr::eq(*command, other);
        let stands_in = is(&commands::BGP_ADVANCED)
            || (is(&commands::BGP_LEGACY) && self.is_known(&commands::BGP_ADVANCED));
        if let Some(note) = standing.unknown().filter(|_| !stands_in) {
            out.note(note);
        }
    }

    fn is_known(&self, command: &'static Command) -> bool {
        let mut asked = self.asked.iter();
        let asked = asked.find(|asked| std::ptr::eq(asked.command, command));
        asked.is_some_and(|asked| asked.standing.unknown().is_none())
    }

    /// Something of it is wanted, or needed to understand the rest.
    fn is_needed(&self, command: &'static Command) -> bool {
        let is = |other: &'static Command| std::ptr::eq(command, other);
        if is(&commands::HA) {
            // Who is passive decides about other metrics.
            return true;
        }
        if is(&commands::SYSTEM) && !self.is_look {
            return true;
        }
        if is(&commands::TUNNELS) && self.joins_tunnels() {
            return true;
        }
        if is(&commands::DROPS_DOS) {
            // What protections count is of severity drop but for some of these.
            let named = self.settings.drop_counters.iter();
            return named.into_iter().any(|name| name.starts_with("flow_dos"));
        }
        let wanted = command
            .metrics
            .iter()
            .any(|metric| self.wanted.contains(metric.name));
        match () {
            () if is(&commands::BGP_ADVANCED) => wanted && !self.is_off_engine(true),
            () if is(&commands::BGP_LEGACY) => wanted && !self.is_off_engine(false),
            () => wanted,
        }
    }

    /// Metrics of tunnels that come from elsewhere, and need the list of tunnels.
    fn joins_tunnels(&self) -> bool {
        let [bytes_in, bytes_out, share, errors] = [
            "TunnelBytesIn",
            "TunnelBytesOut",
            "TunnelBandwidthUtilization",
            "TunnelErrors",
        ]
        .map(|name| self.wanted.contains(name));
        bytes_in || bytes_out || share || errors
    }

    /// The routing engine that this command is of is known not to run.
    fn is_off_engine(&self, advanced: bool) -> bool {
        match self.memory.advanced_routing {
            Some(on) => on != advanced,
            None if advanced => self.is_legacy && !self.passes_again(ENGINE_AGAIN_SECS),
            None => !self.is_legacy,
        }
    }

    /// Once in so many seconds.
    fn passes_again(&self, secs: u64) -> bool {
        self.passes
            .is_multiple_of((secs / self.period.as_secs().max(1)).max(1))
    }

    fn is_due(&self, index: usize) -> bool {
        let Asked { command, standing } = &self.asked[index];
        match self.is_look {
            false => standing.is_due(self.passes),
            true => self.passes == 1 || COUNTING.iter().any(|other| std::ptr::eq(*command, *other)),
        }
    }

    /// Asks one command and records what it brings.
    ///
    /// # Errors
    /// It is about the firewall as a whole, and the pass is over.
    async fn ask(&mut self, index: usize, out: &mut Readings) -> Result<(), String> {
        let command = self.asked[index].command;
        let texts = self.texts(command);
        for text in texts {
            let told = self.session.ask(&text).await;
            let heard = self.session.has_answered() && std::mem::take(&mut self.was_silent);
            if self.session.take_renewed() || heard {
                self.asked
                    .iter_mut()
                    .for_each(|asked| asked.standing.forgive());
            }
            match told {
                Ok(told) => self.told(index, &told, out),
                Err(Failure::Firewall(why)) => return Err(why),
                Err(Failure::Late(why)) => {
                    self.asked[index].standing.fail(self.passes, why.clone());
                    // Where nothing is answered it is not about the command.
                    let named = format!("{}: {why}", command.words);
                    return Err(if self.session.has_answered() {
                        named
                    } else {
                        why
                    });
                }
                Err(Failure::Refused(refusal)) => self.refused(index, &refusal),
            }
        }
        Ok(())
    }

    /// What is sent for a command.
    fn texts(&mut self, command: &'static Command) -> Vec<String> {
        if std::ptr::eq(command, &commands::RESOURCES) {
            let secs = self.period.as_secs().min(BLOCK_SECS_MOST);
            return vec![command.wire.replace(commands::SECONDS, &secs.to_string())];
        }
        if !std::ptr::eq(command, &commands::TUNNEL) {
            return vec![command.wire.to_owned()];
        }
        let ids: Vec<u64> = self.memory.tunnel_ids().collect();
        let from = self.turn.checked_rem(ids.len()).unwrap_or(0);
        let a_round = TUNNELS_A_ROUND.max(ids.len().div_ceil(ROUNDS_MOST));
        let round = ids.iter().cycle().skip(from).take(a_round.min(ids.len()));
        self.turn = if self.is_look { from } else { from + a_round };
        round
            .map(|id| command.wire.replace(commands::TUNNEL_ID, &id.to_string()))
            .collect()
    }

    fn told(&mut self, index: usize, told: &Told, out: &mut Readings) {
        let Asked { command, standing } = &mut self.asked[index];
        let release = self.memory.release.clone();
        let every = u32::try_from(standing.every()).unwrap_or(u32::MAX);
        let mut taker = Taker {
            settings: &self.settings,
            tunnels_max: self.tunnels_max,
            memory: &mut self.memory,
            out,
            at: told.at,
            every: self.period * every,
            odd: Oddities::default(),
        };
        let taken = taker.take(command, &told.result);
        let odd = std::mem::take(&mut taker.odd);
        match taken {
            Ok(()) => {
                let is_slow = told.took >= SLOW;
                let is_essential = ESSENTIAL.iter().any(|other| std::ptr::eq(*command, *other));
                standing.answered(self.passes, is_slow && !is_essential);
                if is_slow {
                    out.note(
                        "the management plane takes seconds to answer: it is asked less often",
                    );
                }
            }
            Err(why) => standing.fail(self.passes, format!("unreadable answer: {why}")),
        }
        for odd in odd {
            let note = self.session.discreet(&format!("{}: {odd}", command.words));
            out.note(self.odd.settled(note));
        }
        if std::ptr::eq(*command, &commands::BGP_ADVANCED) {
            self.is_legacy = self.memory.peers == 0;
        }
        if self.memory.release != release {
            self.asked
                .iter_mut()
                .for_each(|asked| asked.standing.forget_unknown());
        }
    }

    fn refused(&mut self, index: usize, refusal: &Refusal) {
        let Asked { command, standing } = &mut self.asked[index];
        if std::ptr::eq(*command, &commands::BGP_ADVANCED)
            && matches!(refusal, Refusal::UnknownCommand(_))
        {
            // Not a word: the legacy engine is asked instead.
            self.is_legacy = true;
        }
        let release = self.memory.release.as_deref();
        let words = command.words;
        let why = match refusal {
            Refusal::UnknownCommand(_) => format!(
                "{words}: not on this release ({}), asked again on another",
                release.unwrap_or("unknown")
            ),
            _ => format!("{refusal}; {}", refusal.remedy()),
        };
        standing.refused(self.passes, refusal, why);
    }
}
