//! The tables `[cloudwatch]`, `[cloudwatch.vmseries]` and `[spool]`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use crate::aggregate::label::{WantedAliases, WantedSets};
use crate::model::dimension::{AUTO_SCALING_GROUP, INSTANCE_ID};
use crate::model::limits::{CALLS_PER_SECOND_ACCOUNT, OLDEST_SECS};
use crate::model::schema::{ABSOLUTE, Key, KeyKind, Section, VISIBLE, absolute_path, visible_text};
use crate::publish::validate;

/// `[cloudwatch]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudWatchSettings {
    /// Namespace of all metrics.
    pub namespace: String,
    /// Region; else the SDK's chain.
    pub region: Option<String>,
    /// Endpoint; else the region's.
    pub endpoint_url: Option<String>,
    /// A role to take on first.
    pub role_arn: Option<String>,
    /// What that role's trust policy asks for.
    pub external_id: Option<String>,
    /// Length of a window.
    pub period_secs: i64,
    /// Windows close up to this long after their end.
    pub phase_secs: i64,
    /// Ceiling for all sends.
    pub requests_per_second: NonZeroU32,
    /// `["AutoScalingGroupName"]`, `["InstanceId"]` or both.
    pub dimension_sets: Vec<Vec<String>>,
    /// Series per target.
    pub series_max: usize,
    /// Windows are labelled by CloudWatch's clock where this machine's is wrong.
    pub correct_clock: bool,
    /// `[cloudwatch.vmseries]`, where it is there.
    pub vmseries: Option<Box<VmSeriesSettings>>,
}

impl Default for CloudWatchSettings {
    fn default() -> Self {
        CloudWatchSettings {
            namespace: "Firewall/fwmetrics".to_owned(),
            region: None,
            endpoint_url: None,
            role_arn: None,
            external_id: None,
            period_secs: 60,
            phase_secs: 5,
            requests_per_second: NonZeroU32::MIN.saturating_add(9),
            dimension_sets: vec![
                vec!["AutoScalingGroupName".to_owned()],
                vec!["InstanceId".to_owned()],
            ],
            series_max: 300,
            correct_clock: false,
            vmseries: None,
        }
    }
}

impl CloudWatchSettings {
    /// The sets that are asked for.
    #[must_use]
    pub fn sets(&self) -> WantedSets {
        let has = |sets: &[Vec<String>], wanted: &[&str]| sets.iter().any(|set| set == wanted);
        let aliases = self.vmseries.as_ref();
        WantedSets {
            fleet: has(&self.dimension_sets, &[AUTO_SCALING_GROUP]),
            instance: has(&self.dimension_sets, &[INSTANCE_ID]),
            vmseries: aliases.map_or_else(WantedAliases::default, |aliases| WantedAliases {
                all: has(&aliases.dimension_sets, &[]),
                fleet: has(&aliases.dimension_sets, &[AUTO_SCALING_GROUP]),
                only: aliases.only,
            }),
        }
    }

    /// The namespace of the VM-Series plugin's names, in use or not.
    #[must_use]
    pub fn vmseries_namespace(&self) -> &str {
        let aliases = self.vmseries.as_ref();
        aliases.map_or(VMSERIES_NAMESPACE, |aliases| &aliases.namespace)
    }

    /// A client made from the other would be no other client.
    #[must_use]
    pub fn same_client(&self, other: &Self) -> bool {
        self.region == other.region
            && self.endpoint_url == other.endpoint_url
            && self.role_arn == other.role_arn
            && self.external_id == other.external_id
    }
}

/// What people call the plugin's namespace.
const VMSERIES_NAMESPACE: &str = "VMseries";

/// `[cloudwatch.vmseries]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VmSeriesSettings {
    /// Namespace of the VM-Series plugin's names.
    pub namespace: String,
    /// `[]`, `["AutoScalingGroupName"]` or both.
    pub dimension_sets: Vec<Vec<String>>,
    /// Nothing else of the firewalls goes out.
    pub only: bool,
}

impl Default for VmSeriesSettings {
    fn default() -> Self {
        VmSeriesSettings {
            namespace: VMSERIES_NAMESPACE.to_owned(),
            dimension_sets: vec![vec![], vec![AUTO_SCALING_GROUP.to_owned()]],
            only: false,
        }
    }
}

/// Every right endpoint matches this.
pub const URL: &str = "^https?://[^/?#@][^@]*$";

/// Every right namespace matches this.
const NAMESPACE: &str = r"^(?!:)(?!AWS/)(?=.*[!-~])[ -~]{1,255}$";

/// The keys of `[cloudwatch.vmseries]`.
pub static VMSERIES: Section = Section {
    name: "cloudwatch.vmseries",
    about: "Palo Alto's own ten metric names and units, of PAN-OS firewalls only, for alarms and scaling plans that were made for the VM-Series plugin. This table, even an empty one, switches them on; they take one more call a window, for all firewalls together.",
    keys: &[
        Key::new(
            "namespace",
            KeyKind::Text(validate::namespace),
            "\"VMseries\"",
            "Namespace of these names, another than [cloudwatch] namespace; the role's policy has to name both.",
        )
        .pattern(NAMESPACE),
        Key::new(
            "dimension_sets",
            KeyKind::DimensionSets(&[&[], &[AUTO_SCALING_GROUP]]),
            "[[], [\"AutoScalingGroupName\"]]",
            "Each or both; [] is without dimensions, all firewalls in one series. Only firewalls that are in service and whose CPU is read take part.",
        ),
        Key::new(
            "only",
            KeyKind::Bool,
            "false",
            "Nothing under the names of the catalogue for these firewalls: no series by instance, no tunnels, HA or BGP, and neither ExporterHeartbeat nor CollectorUp: in a series that firewalls share, one that fell silent does not show. Local collectors are untouched.",
        ),
    ],
};

/// The keys of `[cloudwatch]`.
pub static CLOUDWATCH: Section = Section {
    name: "cloudwatch",
    about: "Where metrics go, and how.",
    keys: &[
        Key::new(
            "namespace",
            KeyKind::Text(validate::namespace),
            "\"Firewall/fwmetrics\"",
            "Namespace of all metrics; the instance role's policy names it too.",
        )
        .pattern(NAMESPACE),
        Key::new(
            "region",
            KeyKind::Text(region),
            "",
            "Default: environment, profile, then the instance's own region.",
        )
        .example("\"eu-west-1\"")
        .pattern("^[a-z0-9-]{1,63}$"),
        Key::new(
            "endpoint_url",
            KeyKind::Text(url),
            "",
            "Default: the region's endpoint.",
        )
        .example(
            "\"https://vpce-0123456789abcdef0-abcdefgh.monitoring.eu-west-1.vpce.amazonaws.com\"",
        )
        .pattern(URL),
        Key::new(
            "role_arn",
            KeyKind::Text(role_arn),
            "",
            "A role to assume first, for a central account.",
        )
        .example("\"arn:aws:iam::123456789012:role/central-metrics\"")
        .pattern("^arn:aws[^:]*:iam::[0-9]{12}:role/"),
        Key::new(
            "external_id",
            KeyKind::Text(visible_text),
            "",
            "External id that the role's trust policy asks for.",
        )
        .example("\"firewalls\"")
        .pattern(VISIBLE),
        Key::new(
            "period_secs",
            KeyKind::OneOfInts(&[1, 5, 10, 30, 60]),
            "60",
            "Length of a window. Below 60 the points have 1-second storage resolution.",
        ),
        Key::new(
            "phase_secs",
            KeyKind::Int { min: 0, max: 30 },
            "5",
            "Windows are sent up to this long after their end, at an offset that stays the same for a host.",
        ),
        Key::new(
            "requests_per_second",
            KeyKind::Int {
                min: 1,
                max: CALLS_PER_SECOND_ACCOUNT as i64,
            },
            "10",
            "Ceiling for all sends, backlog included.",
        ),
        Key::new(
            "dimension_sets",
            KeyKind::DimensionSets(&[&[AUTO_SCALING_GROUP], &[INSTANCE_ID]]),
            "[[\"AutoScalingGroupName\"], [\"InstanceId\"]]",
            "Each or both: a metric goes out in those that the catalogue gives it.",
        ),
        Key::new(
            "series_max",
            KeyKind::Int {
                min: 1,
                max: 100_000,
            },
            "300",
            "Series per firewall; over it fleet, instance and expected series go first, the rest by name.",
        ),
        Key::new(
            "correct_clock",
            KeyKind::Bool,
            "false",
            "Where this clock is 2 s to a day off CloudWatch's, by two answers in a row, label windows by CloudWatch's.",
        ),
    ],
};

/// `[spool]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpoolSettings {
    /// The state directory.
    pub dir: PathBuf,
    /// Bytes of unsent batches held in memory.
    pub memory_bytes: usize,
    /// Bytes of files of unsent batches.
    pub disk_bytes: u64,
    /// Seconds after which what was read of an open window is on disk.
    pub checkpoint_secs: u64,
    /// Age at which an unsent datum is given up.
    pub oldest_secs: i64,
}

impl Default for SpoolSettings {
    fn default() -> Self {
        SpoolSettings {
            dir: PathBuf::from("/var/lib/fwmetrics"),
            memory_bytes: 4 << 20,
            disk_bytes: 16 << 20,
            checkpoint_secs: 5,
            oldest_secs: 13 * 24 * 3600,
        }
    }
}

/// The keys of `[spool]`.
pub static SPOOL: Section = Section {
    name: "spool",
    about: "What waits to be sent, and what outlives a restart.",
    keys: &[
        Key::new(
            "dir",
            KeyKind::Text(absolute_path),
            "\"/var/lib/fwmetrics\"",
            "The state directory: unsent batches, and what else outlives a restart. Not writable: kept in memory only, said once.",
        )
        .pattern(ABSOLUTE),
        Key::new(
            "memory_bytes",
            KeyKind::Int {
                min: 65_536,
                max: 1 << 30,
            },
            "4194304",
            "Bytes of unsent batches held in memory, and 64 KiB more for each remote firewall; over it the oldest go: to disk, or dropped and counted.",
        ),
        Key::new(
            "disk_bytes",
            KeyKind::Int {
                min: 4 << 20,
                max: 1 << 30,
            },
            "16777216",
            "Bytes of unsent batches in files below `dir`, and 256 KiB more for each remote firewall; over it the oldest are dropped and counted.",
        ),
        Key::new(
            "checkpoint_secs",
            KeyKind::Int { min: 1, max: 60 },
            "5",
            "What was read of the open window is on disk after so long: all that a killed process or a power cut costs. Shorter windows have no journal.",
        ),
        Key::new(
            "oldest_secs",
            KeyKind::Int {
                min: 60,
                max: OLDEST_SECS - 3600,
            },
            "1123200",
            "Unsent datums older than this are dropped and counted; CloudWatch takes two weeks.",
        ),
    ],
};

/// A URL that requests can be sent to.
/// An endpoint: http or https, a host, no query, no credentials.
///
/// # Errors
/// When it is none.
pub fn url(text: &str) -> Result<(), String> {
    let parsed = text.parse::<http::Uri>().ok();
    let legal = parsed.as_ref().is_some_and(|uri| {
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().is_some_and(|host| !host.is_empty());
        scheme && host && uri.query().is_none() && !text.contains('@')
    });
    if legal {
        return Ok(());
    }
    Err("a URL such as \"https://monitoring.eu-west-1.amazonaws.com\"".to_owned())
}

/// A region is part of a host name.
fn region(text: &str) -> Result<(), String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(legal) {
        return Ok(());
    }
    Err("a region such as \"eu-west-1\"".to_owned())
}

fn role_arn(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        ["arn", partition, "iam", "", id, role]
            if partition.starts_with("aws") && account(id) && role.starts_with("role/") =>
        {
            Ok(())
        }
        _ => Err("a role such as \"arn:aws:iam::123456789012:role/name\"".to_owned()),
    }
}
