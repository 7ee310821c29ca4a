//! `[drain]`: how a firewall leaves its Auto Scaling group.

use serde::Deserialize;

use crate::model::schema::{Key, KeyKind, Section};
use crate::publish::settings::{URL, url};

/// The longest that a hook can keep an instance waiting, seconds: 48 hours, or 100 times its heartbeat timeout
/// (EC2 Auto Scaling user guide, "Considerations and limitations for lifecycle hooks").
const WAIT_MAX_SECS: i64 = 172_800;

/// `[drain]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drain {
    /// The terminating lifecycle hook that is completed once the sessions are gone; `run` does nothing without it.
    pub hook_name: Option<String>,
    /// The hook's HeartbeatTimeout, seconds.
    pub heartbeat_timeout_secs: u64,
    /// The cap: then it is completed, sessions or not.
    pub wait_max_secs: u64,
    /// Fewer sessions than this share of those at the start count as none, percent.
    pub sessions_percent: u32,
    /// So many sessions and fewer count as none.
    pub own_sessions: u32,
    /// No new session for so long counts as none, seconds. The machine's own new connections (fwmetrics', AWS's agents',
    /// DNS) count too, unlike in `own_sessions`: where they come more often than this, the cap decides.
    pub quiet_secs: u64,
    /// Tunnels must be gone too.
    pub wait_for_tunnels: bool,
    /// Auto Scaling's endpoint; else that of the instance's Region.
    pub endpoint_url: Option<String>,
}

impl Default for Drain {
    fn default() -> Self {
        Drain {
            hook_name: None,
            heartbeat_timeout_secs: 900,
            wait_max_secs: 900,
            sessions_percent: 1,
            own_sessions: 10,
            quiet_secs: 350,
            wait_for_tunnels: true,
            endpoint_url: None,
        }
    }
}

/// What Auto Scaling takes for a hook's name (its API reference, LifecycleHook).
const HOOK_NAME: &str = "^[A-Za-z0-9_/-]{1,255}$";

/// The name of a lifecycle hook.
///
/// # Errors
/// When Auto Scaling would not take it.
pub fn hook_name(text: &str) -> Result<(), String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
    if (1..=255).contains(&text.len()) && text.bytes().all(legal) {
        return Ok(());
    }
    Err("a hook's name: 1 to 255 letters, digits, -, _ and /".to_owned())
}

/// The keys of `[drain]`.
pub(super) static SECTION: Section = Section {
    name: "drain",
    about: "How a firewall leaves its Auto Scaling group: with hook_name, once its target lifecycle state is Terminated, run waits until its sessions are gone, and completes the hook. fwmetrics drain does the same by hand.",
    keys: &[
        Key::new(
            "hook_name",
            KeyKind::Text(hook_name),
            "",
            "Name of the group's lifecycle hook on autoscaling:EC2_INSTANCE_TERMINATING. Default: none, and run waits for nothing.",
        )
        .example("\"fwmetrics-drain\"")
        .pattern(HOOK_NAME),
        Key::new(
            "heartbeat_timeout_secs",
            KeyKind::Int { min: 30, max: 7200 },
            "900",
            "The hook's HeartbeatTimeout. A heartbeat is sent every minute, or every third of it where that is shorter.",
        ),
        Key::new(
            "wait_max_secs",
            KeyKind::Int {
                min: 1,
                max: WAIT_MAX_SECS,
            },
            "900",
            "The cap: so long after the start the hook is completed, whatever sessions are left. At most 100 times heartbeat_timeout_secs, as Auto Scaling has it.",
        ),
        Key::new(
            "sessions_percent",
            KeyKind::Int { min: 0, max: 50 },
            "1",
            "Sessions are gone when fewer than this share of those at the start are left.",
        ),
        Key::new(
            "own_sessions",
            KeyKind::Int {
                min: 0,
                max: 100_000,
            },
            "10",
            "So many sessions and fewer count as none: the machine's own (fwmetrics', AWS's agents', NTP's), which never end.",
        ),
        Key::new(
            "quiet_secs",
            KeyKind::Int {
                min: 1,
                max: WAIT_MAX_SECS,
            },
            "350",
            "Sessions are gone as well when none began for so long, where NewSessionsPerSecond is read. 350 s is the TCP idle timeout of a Gateway Load Balancer. On PAN-OS: when the rate (cps) was 0 at each poll; what begins in between does not show. The machine's own new connections (fwmetrics', AWS's agents', DNS) count too: where they come more often, the cap decides.",
        ),
        Key::new(
            "wait_for_tunnels",
            KeyKind::Bool,
            "true",
            "Tunnels and remote-access users must be gone too, where TunnelsUp or RemoteAccessTunnels is read: move them first.",
        ),
        Key::new(
            "endpoint_url",
            KeyKind::Text(url),
            "",
            "Endpoint of Auto Scaling. Default: AWS_ENDPOINT_URL_AUTO_SCALING, AWS_ENDPOINT_URL, else that of the Region that the instance runs in.",
        )
        .example("\"https://vpce-0123456789abcdef0.autoscaling.eu-west-1.vpce.amazonaws.com\"")
        .pattern(URL),
    ],
};
