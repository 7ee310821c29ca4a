//! Drives a simulator by hand: a line, a deed.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use super::sim::server::COMMANDS;
use super::sim::{Fault, Firewall, HaState, Simulator, TunnelState, clock};

const HELP: &str = "at N …                         the rest is for the Nth firewall (from 1)
tunnel NAME up|init|down       its state, and what its monitor sees
peer NAME up|down|shut         a BGP peer
ha STATE                       active, passive, suspended, non-functional, initial, tentative …
partner up|down                the HA partner
interface NAME up|down
pbf NAME up|down               a monitored next hop
panorama up|down
reboot                         counters and uptime start anew
key dead|alive|new             new: into the key file too
role without COMMAND           it lacks the right to a command; `role with COMMAND` gives it back
fault FAULT [COMMAND]          something goes wrong, with all commands or one; `fault none` ends it
spike                          all packet cores read 100 in the next whole second
load PERCENT                   the level of all packet cores
off, silent, on                refuses connections; takes them and says nothing; is back
cut                            the open connections
status                         what was asked so far";

const DONE: &str = "done";

/// Reads lines until the end of the input.
pub(super) fn run(simulator: &Simulator, dir: &Path) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else {
            return;
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        match deed(simulator, dir, &words) {
            Some(said) => println!("{said}"),
            None => println!("not understood: {line} (`help` lists what is)"),
        }
    }
}

/// Where the key of a firewall is.
pub(super) fn key_file(dir: &Path, firewalls: usize, firewall: &Firewall) -> PathBuf {
    let name = if firewalls == 1 {
        "api"
    } else {
        &firewall.name
    };
    dir.join(format!("{name}.key"))
}

fn deed(simulator: &Simulator, dir: &Path, words: &[&str]) -> Option<String> {
    let (nth, words) = match words {
        ["at", number, rest @ ..] => (number.parse::<usize>().ok()?.checked_sub(1)?, rest),
        all => (0, all),
    };
    if nth >= simulator.firewalls() {
        return None;
    }
    let said = match words {
        ["help"] => {
            let (faults, commands) = (Fault::NAMES, command_names().join(" "));
            format!("{HELP}\n\nfaults: {faults}\ncommands: {commands}")
        }
        ["status"] => summary(simulator),
        ["key", "new"] => {
            simulator.change_nth(nth, |fw| {
                fw.new_key();
            });
            let firewall = simulator.firewall_nth(nth);
            let path = key_file(dir, simulator.firewalls(), &firewall);
            super::write_key(&path, &firewall.api_key);
            DONE.to_owned()
        }
        [word] if reach(simulator, word) => DONE.to_owned(),
        words => {
            let mut said = None;
            simulator.change_nth(nth, |fw| said = change(fw, words));
            said?
        }
    };
    Some(said)
}

/// Whether it can be reached; false when the word says something else.
fn reach(simulator: &Simulator, word: &str) -> bool {
    match word {
        "off" => simulator.set_off(true),
        "silent" => simulator.set_silent(true),
        "cut" => simulator.cut_connections(),
        "on" => {
            simulator.set_silent(false);
            simulator.set_off(false);
        }
        _ => return false,
    }
    true
}

/// What is done to a firewall itself.
fn change(fw: &mut Firewall, words: &[&str]) -> Option<String> {
    match words {
        ["tunnel", name, state] => {
            let state = match *state {
                "up" | "active" => TunnelState::Active,
                "init" => TunnelState::Init,
                "down" | "inactive" => TunnelState::Inactive,
                _ => return None,
            };
            fw.tunnels.iter().find(|tunnel| tunnel.name == *name)?;
            fw.set_tunnel(name, state);
        }
        ["peer", name, state] => {
            let peer = fw.bgp.iter_mut().find(|peer| peer.name == *name)?;
            let established = *state != "shut" && up(state)?;
            peer.shut = *state == "shut";
            peer.established = established;
        }
        ["ha", state] => {
            fw.ha.as_ref()?;
            fw.set_ha(HaState::parse(state)?);
        }
        ["partner", state] => {
            fw.ha.as_ref()?;
            fw.set_partner(up(state)?);
        }
        ["interface", name, state] => {
            fw.interfaces.iter_mut().find(|own| own.name == *name)?.up = up(state)?;
        }
        ["pbf", name, state] => fw.pbf.iter_mut().find(|own| own.name == *name)?.up = up(state)?,
        ["panorama", state] => {
            let connected = up(state)?;
            fw.panorama
                .iter_mut()
                .for_each(|server| *server = connected);
        }
        ["reboot"] => fw.reboot(),
        ["key", "dead"] => fw.keys_dead = true,
        ["key", "alive"] => fw.keys_dead = false,
        ["role", "without", name] => {
            fw.role_without.insert(known(name)?.to_owned());
        }
        ["role", "with", name] => fw.role_without.remove(*name).then_some(())?,
        ["fault", "none"] => fw.no_faults(),
        ["fault", fault] => fw.fault = Some(Fault::parse(fault)?),
        ["fault", fault, name] => fw.fault_for(known(name)?, Fault::parse(fault)?),
        ["spike"] => {
            let second = clock::unix() + 1;
            fw.spike(second);
            return Some(format!("all cores read 100 at {second}"));
        }
        ["load", percent] => {
            fw.load.base_percent = percent.parse().ok().filter(|n| (0.0..=100.0).contains(n))?
        }
        _ => return None,
    }
    Some(DONE.to_owned())
}

fn up(word: &str) -> Option<bool> {
    match word {
        "up" => Some(true),
        "down" => Some(false),
        _ => None,
    }
}

fn command_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
    names.dedup();
    names
}

fn known(name: &str) -> Option<&'static str> {
    let of_others = ["keygen", "version"];
    let mut names = command_names().into_iter().chain(of_others);
    names.find(|own| *own == name)
}

/// What was asked.
pub(super) fn summary(simulator: &Simulator) -> String {
    let requests = simulator.requests();
    let count =
        |fits: fn(&super::sim::Seen) -> bool| requests.iter().filter(|seen| fits(seen)).count();
    format!(
        "{} requests on {} connections ({} open); refused keys {}, unknown {}, forbidden {}; at most {} in flight to one firewall; {} reply bytes",
        requests.len(),
        simulator.connections_made(),
        simulator.connections(),
        count(|seen| seen.code == Some(403)),
        count(|seen| matches!(seen.name, "unknown" | "malformed")),
        count(|seen| seen.forbidden),
        simulator.max_in_flight(),
        requests.iter().map(|seen| seen.reply_bytes).sum::<usize>(),
    )
}
