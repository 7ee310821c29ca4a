//! What a firewall answers, in the shapes of its release and platform.

mod bgp;
mod counters;
mod interfaces;
mod management;
mod memory;
mod pair;
mod resources;
mod services;
mod sessions;
mod system;
mod tunnels;

use quick_xml::escape::escape;

use super::model::{Firewall, Release};
use super::server::{Asked, ErrorShape};

pub use system::version;

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: u16,
    /// Its lines.
    pub lines: Vec<String>,
}

impl Refusal {
    /// One of one line.
    pub fn new(code: u16, line: &str) -> Self {
        Self {
            code,
            lines: vec![line.to_owned()],
        }
    }
}

/// What stands in `result` when a firewall is asked a command in a second.
pub fn answer(fw: &Firewall, asked: &Asked, second: i64) -> Result<String, Refusal> {
    let argument = asked.argument.as_str();
    Ok(match asked.name {
        "resources" => resources::recent(fw, argument, second)?,
        "resources-minute" => resources::older(fw, &resources::MINUTE, argument, second)?,
        "resources-hour" => resources::older(fw, &resources::HOUR, argument, second)?,
        "resources-day" => resources::older(fw, &resources::DAY, argument, second)?,
        "resources-week" => resources::older(fw, &resources::WEEK, argument, second)?,
        "resources-all" => resources::all(fw, second),
        "ingress-backlogs" => {
            "\n-- SLOT: s1, DP: dp0 --\nUSAGE - ATOMIC: 0% TOTAL: 0%\n".to_owned()
        }
        "sessions" => sessions::info(fw, second),
        "vsys" => sessions::meter(fw, second),
        "ssl-proxy" => sessions::decrypted(fw),
        "buffer-protection" => resources::buffer_protection(fw),
        "management-cpu" => management::cpu(fw, second),
        "management-memory" => memory::top(fw, second),
        "system" => system::info(fw, second),
        "disk" => management::disk(),
        "environmentals" => management::environmentals(fw),
        "license" => management::licences(fw),
        "panorama" => management::panorama(fw),
        "jobs" => management::jobs(fw),
        "tunnels" => tunnels::states(fw, second),
        "tunnel" => tunnels::one(fw, argument, second),
        "ipsec-sa" => tunnels::ipsec_sa(fw, second),
        "ike-sa" => tunnels::ike_sa(fw, second),
        "tunnel-config" => tunnels::configured(fw),
        "ha" => pair::state(fw, second),
        "bgp-legacy" => bgp::legacy(fw, second)?,
        "bgp-advanced" => bgp::advanced(fw, second, false)?,
        "bgp-advanced-detail" => bgp::advanced(fw, second, true)?,
        "bgp-advanced-summary" => bgp::summary(fw)?,
        "drops" => counters::global(fw, second, |counter| counter.severity == "drop"),
        "drops-dos" => counters::global(fw, second, |counter| counter.aspect == "dos"),
        "counters" | "counters-delta" => counters::global(fw, second, |_| true),
        "interfaces" => interfaces::counters(fw, second),
        "interface-states" => interfaces::states(fw),
        "remote-access" => services::remote_access(fw),
        "current-users" => services::current_users(fw),
        "pbf" => services::pbf(fw),
        "gwlb" => services::gwlb(),
        other => unreachable!("{other} is a command without an answer"),
    })
}

/// A success with what stands in `result`, and its code.
pub fn success_xml(release: Release, inner: &str) -> (Option<u16>, String) {
    let result = match inner {
        "" => "<result/>".to_owned(),
        _ => format!("<result>{inner}</result>"),
    };
    match release {
        Release::V12_1 => {
            let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
            let response = format!(
                "{declaration}<response status=\"success\" code=\"19\">{result}</response>\n"
            );
            (Some(19), response)
        }
        _ => (
            None,
            format!("<response status=\"success\">{result}</response>"),
        ),
    }
}

/// An error.
pub fn error_xml(code: u16, lines: &[String], shape: ErrorShape) -> String {
    let status = if code == 16 { "unauth" } else { "error" };
    match shape {
        ErrorShape::Line => {
            let lines: String = lines.iter().map(|line| tag("line", line)).collect();
            format!("<response status=\"{status}\" code=\"{code}\"><msg>{lines}</msg></response>")
        }
        ErrorShape::Result => {
            let text = escape(lines.join(" ")).into_owned();
            format!(
                "<response status = '{status}' code = '{code}'><result><msg>{text}</msg></result></response>"
            )
        }
        ErrorShape::Bare => {
            let text = escape(lines.join(" ")).into_owned();
            format!("<response status=\"{status}\" code=\"{code}\">{text}</response>")
        }
    }
}

/// An element with a text.
fn tag(name: &str, text: impl ToString) -> String {
    format!("<{name}>{}</{name}>", escape(text.to_string()))
}

/// Elements with texts, in this order.
fn tags<const N: usize>(fields: [(&str, &dyn ToString); N]) -> String {
    fields
        .map(|(name, text)| tag(name, text.to_string()))
        .concat()
}

/// An entry whose name is an element, as most are, or an attribute, as some are on some releases.
fn entry(name: &str, as_attribute: bool, fields: &str) -> String {
    match as_attribute {
        true => format!("<entry name=\"{}\">{fields}</entry>\n", escape(name)),
        false => format!("<entry>{}{fields}</entry>\n", tag("name", name)),
    }
}
