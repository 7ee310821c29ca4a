//! Who this firewall is, from the instance metadata service (IMDSv2): instance, region, group, lifecycle state.
//!
//! What was once read is kept when the service falls silent; nobody waits for it.

mod firewall;

use std::borrow::Cow;

use aws_config::imds;
use aws_config::imds::client::error::ImdsError;
use aws_config::provider_config::ProviderConfig;
use serde::Deserialize;

use crate::host::http;
use crate::model::chain;
use crate::model::datum::Dimension;
use crate::model::dimension::{INSTANCE_ID, legal_value};
use crate::model::identity::{Group, Identity, Lifecycle, Who};
use crate::model::schema::{Key, KeyKind, Section, VISIBLE, visible_text};
pub use firewall::{FIREWALL, Firewall, who_of};

/// `[identity]`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// In place of IMDS's.
    pub instance_id: Option<String>,
    /// In place of the instance tag.
    pub auto_scaling_group: Option<String>,
    /// In place of the lifecycle state.
    pub in_service: Option<bool>,
    /// Name of an active/passive pair.
    pub ha_group: Option<String>,
    /// How long after boot fleet series wait.
    pub warm_up_secs: u64,
}

/// The keys of `[identity]`.
pub static SECTION: Section = Section {
    name: "identity",
    about: "Who this firewall is; on EC2 the instance metadata service knows most of it.",
    keys: &[
        Key::new(
            "instance_id",
            KeyKind::Text(visible_text),
            "",
            "Default: the instance metadata service.",
        )
        .example("\"i-0123456789abcdef0\"")
        .pattern(VISIBLE),
        Key::new(
            "auto_scaling_group",
            KeyKind::Text(visible_text),
            "",
            "Default: the instance tag aws:autoscaling:groupName, where instance tags in metadata are switched on.",
        )
        .example("\"edge-firewalls\"")
        .pattern(VISIBLE),
        Key::new(
            "in_service",
            KeyKind::Bool,
            "",
            "Default: whether the target lifecycle state is InService.",
        )
        .example("true"),
        Key::new(
            "ha_group",
            KeyKind::Text(visible_text),
            "",
            "Name of an active/passive pair: tunnels then go out as {HaGroup, Tunnel}.",
        )
        .example("\"edge-pair\"")
        .pattern(VISIBLE),
        Key::new(
            "warm_up_secs",
            KeyKind::Int {
                min: 0,
                max: 86_400,
            },
            "0",
            "Fleet series of this machine (but for the heartbeat) wait this long after boot.",
        ),
    ],
};

/// How the machine's datums are named: the configuration first, then what IMDS said.
#[must_use]
pub fn who(settings: &Settings, identity: &Identity) -> Who {
    let instance = settings
        .instance_id
        .as_ref()
        .or(identity.instance_id.as_ref());
    let group = settings
        .auto_scaling_group
        .as_ref()
        .or(identity.auto_scaling_group.as_ref());
    let in_service = settings
        .in_service
        .unwrap_or_else(|| identity.lifecycle.in_service());
    Who {
        instance: instance
            .and_then(|id| legal_value(id))
            .map(|value| Dimension {
                name: Cow::Borrowed(INSTANCE_ID),
                value,
            }),
        group: match (
            group.and_then(|name| legal_value(name)),
            &identity.lifecycle,
        ) {
            (Some(name), _) => Group::Known(name),
            (None, Lifecycle::State(_)) => Group::Unread,
            (None, Lifecycle::NoGroup | Lifecycle::Unknown) => Group::None,
        },
        in_service,
        ha_group: settings
            .ha_group
            .as_ref()
            .and_then(|name| legal_value(name)),
    }
}

/// The metadata service.
#[derive(Debug)]
pub struct Metadata(imds::Client);

const INSTANCE: &str = "/latest/meta-data/instance-id";
const REGION: &str = "/latest/meta-data/placement/region";
const GROUP: &str = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";
const LIFECYCLE: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";

impl Metadata {
    /// The service that the environment names; `None` where `AWS_EC2_METADATA_DISABLED` is true.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let disabled = std::env::var("AWS_EC2_METADATA_DISABLED")
            .is_ok_and(|v| v.eq_ignore_ascii_case("true"));
        if disabled {
            return None;
        }
        let config = ProviderConfig::without_region().with_http_client(http::metadata());
        // One attempt, 1 s to connect and to read (the client's defaults): a refresh comes round again soon.
        Some(Metadata(
            imds::Client::builder()
                .configure(&config)
                .max_attempts(1)
                .build(),
        ))
    }

    /// Asks for what is unknown and for what changes; keeps what is known already where no answer comes.
    ///
    /// # Errors
    /// The first thing that went wrong. Every path is asked all the same, unless the service itself is away.
    pub async fn refresh(&self, identity: &mut Identity) -> Result<(), String> {
        let mut first = Ok(());
        if identity.instance_id.is_none() {
            identity.instance_id = self.get(INSTANCE).await?;
        }
        if identity.region.is_none() {
            match self.get(REGION).await {
                Ok(region) => identity.region = region,
                Err(error) => first = first.and(Err(error)),
            }
        }
        match self.get(LIFECYCLE).await {
            Ok(Some(state)) => identity.lifecycle = Lifecycle::State(state),
            Ok(None) => identity.lifecycle = Lifecycle::NoGroup,
            Err(error) => first = first.and(Err(error)),
        }
        // A group never renames itself, so the tag is asked for until it is there.
        if identity.auto_scaling_group.is_none() && identity.lifecycle != Lifecycle::NoGroup {
            match self.get(GROUP).await {
                Ok(group) => identity.auto_scaling_group = group,
                Err(error) => first = first.and(Err(error)),
            }
        }
        first
    }

    /// The text at a path; `None` where the service says 404.
    async fn get(&self, path: &str) -> Result<Option<String>, String> {
        match self.0.get(path).await {
            Ok(text) => {
                Ok(Some(String::from(text).trim().to_owned()).filter(|text| !text.is_empty()))
            }
            Err(ImdsError::ErrorResponse(answer)) if answer.response().status().as_u16() == 404 => {
                Ok(None)
            }
            Err(error) => Err(explain(path, &error)),
        }
    }
}

fn explain(path: &str, error: &ImdsError) -> String {
    let chain = chain::of(error);
    let remedy = match error {
        ImdsError::FailedToLoadToken(_) | ImdsError::IoError(_) => {
            "switch it on for this instance; in a container raise the hop limit to 2 or use host networking; off EC2 set [identity] instance_id and AWS_EC2_METADATA_DISABLED=true"
        }
        _ => "it may recover by itself",
    };
    format!("cannot read {path} from the instance metadata service: {chain}; {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(lifecycle: Lifecycle, group: Option<&str>) -> Identity {
        Identity {
            instance_id: Some("i-1".to_owned()),
            auto_scaling_group: group.map(ToOwned::to_owned),
            region: None,
            lifecycle,
        }
    }

    #[test]
    fn the_configuration_stands_before_metadata() {
        let settings = Settings {
            instance_id: Some("i-2".to_owned()),
            in_service: Some(false),
            ..Settings::default()
        };
        let who = who(
            &settings,
            &identity(Lifecycle::State("InService".to_owned()), Some("g")),
        );
        assert_eq!(who.instance.map(|d| d.value).as_deref(), Some("i-2"));
        assert!(!who.in_service);
        assert_eq!(who.group, Group::Known("g".to_owned()));
    }

    #[test]
    fn a_group_without_a_readable_name_is_unread_and_no_group_is_none() {
        let settings = Settings::default();
        let state = |word: &str| Lifecycle::State(word.to_owned());
        for (lifecycle, group, in_service) in [
            (state("InService"), Group::Unread, true),
            (state("Terminated"), Group::Unread, false),
            (Lifecycle::NoGroup, Group::None, false),
            (Lifecycle::Unknown, Group::None, false),
        ] {
            let who = who(&settings, &identity(lifecycle, None));
            assert_eq!((who.group, who.in_service), (group, in_service));
        }
    }
}
