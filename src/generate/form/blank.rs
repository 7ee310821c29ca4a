//! What a template does not know and the account does: gaps in texts, until a form says how each is filled.
//!
//! A blank stands in a text as one character of Unicode's private use area, so that a text with blanks is a text, at any
//! depth of a tree. Nothing that is configured or read brings such a character in: [`plain`] takes them out.

use crate::model::alarm::{Parameter, Text};

/// One of [`ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blank {
    /// Name of the Auto Scaling group.
    AutoScalingGroup,
    /// The instance that fwmetrics runs on.
    InstanceId,
    /// The other member of its pair.
    PeerInstanceId,
    /// Value of the dimension `LoadBalancer`.
    LoadBalancer,
    /// Value of the dimension `TargetGroup`.
    TargetGroup,
    /// Topic of all alarms.
    Topic,
    /// Topic of those that should wake somebody.
    PageTopic,
    /// The firewalls' role, in the account that they publish into.
    FirewallRole,
    /// The VPC that endpoints are made in.
    Vpc,
    /// Their subnets.
    Subnets,
    /// Their security group.
    SecurityGroup,
    /// A tunnel that the pair's stack may have to expect.
    Tunnel1,
    /// Another.
    Tunnel2,
    /// Region of the account that this is deployed in.
    Region,
    /// Its account id.
    Account,
    /// Its partition, `aws`.
    Partition,
}

/// What there is to know of a blank.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name: of CloudFormation's parameter, and of the placeholder in JSON; Terraform's variable has it in snake case.
    pub name: &'static str,
    /// What it is, for whoever has to give it; empty where the deployment knows it itself.
    pub about: &'static str,
    /// Expression that a given value matches, the empty one besides; free of backslashes, and right for both forms.
    pub pattern: &'static str,
    /// Terraform's expression where it is no variable.
    pub terraform: &'static str,
}

impl Blank {
    /// All, in the order of their characters.
    pub const ALL: [Blank; 16] = [
        Blank::AutoScalingGroup,
        Blank::InstanceId,
        Blank::PeerInstanceId,
        Blank::LoadBalancer,
        Blank::TargetGroup,
        Blank::Topic,
        Blank::PageTopic,
        Blank::FirewallRole,
        Blank::Vpc,
        Blank::Subnets,
        Blank::SecurityGroup,
        Blank::Tunnel1,
        Blank::Tunnel2,
        Blank::Region,
        Blank::Account,
        Blank::Partition,
    ];

    /// What there is to know of it.
    #[must_use]
    pub fn about(self) -> &'static About {
        &ABOUT[self as usize]
    }

    /// A parameter has to be given for it.
    #[must_use]
    pub fn is_parameter(self) -> bool {
        !self.about().about.is_empty()
    }

    /// Its character.
    #[must_use]
    pub fn mark(self) -> char {
        // The sum lies in the private use area, whose 6400 characters are all valid.
        char::from_u32(FIRST + self as u32).unwrap_or('?')
    }

    /// The blank of this character.
    #[must_use]
    pub fn of(mark: char) -> Option<Blank> {
        let index = u32::from(mark).checked_sub(FIRST)?;
        Blank::ALL.get(index as usize).copied()
    }

    /// Name of Terraform's variable.
    #[must_use]
    pub fn snake(self) -> String {
        snake(self.about().name)
    }
}

impl From<Parameter> for Blank {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::AutoScalingGroup => Blank::AutoScalingGroup,
            Parameter::InstanceId => Blank::InstanceId,
            Parameter::PeerInstanceId => Blank::PeerInstanceId,
            Parameter::LoadBalancer => Blank::LoadBalancer,
            Parameter::TargetGroup => Blank::TargetGroup,
            Parameter::Topic => Blank::Topic,
            Parameter::PageTopic => Blank::PageTopic,
        }
    }
}

const FIRST: u32 = 0xE000;

const fn given(name: &'static str, about: &'static str, pattern: &'static str) -> About {
    About {
        name,
        about,
        pattern,
        terraform: "",
    }
}

const fn known(name: &'static str, terraform: &'static str) -> About {
    About {
        name,
        about: "",
        pattern: "",
        terraform,
    }
}

/// A topic's ARN in any partition.
const TOPIC: &str = "arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+";
/// A role's ARN in any partition, with its path.
const ROLE: &str = "arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+";
const TUNNEL: &str = "Name of an IPsec tunnel that has to be up. Empty: none is expected.";
const INSTANCE: &str = "i-[0-9a-f]{8,17}";

// Descriptions hold no quote and no backslash: they stand in each form as they are.
static ABOUT: [About; 16] = [
    given(
        "AutoScalingGroupName",
        "Name of the Auto Scaling group of the firewalls. Empty: nothing that needs a group is made.",
        // A name may hold nearly anything but a colon; what a dashboard's JSON would have to escape is refused. So long that
        // the names of alarms with it stay inside CloudWatch's 255 characters.
        "[A-Za-z0-9 ._/+=@#()-]{1,160}",
    ),
    given(
        "InstanceId",
        "Id of the firewall that is watched alone, outside a group. Empty: nothing that needs it is made.",
        INSTANCE,
    ),
    given(
        "PeerInstanceId",
        "Id of the other member of its pair. Empty: no alarm compares the two.",
        INSTANCE,
    ),
    given(
        "LoadBalancerFullName",
        "Gateway Load Balancer, as its metrics name it: the end of its ARN from gwy/ on. Empty: none is watched.",
        "gwy/[A-Za-z0-9-]+/[0-9a-f]+",
    ),
    given(
        "TargetGroupFullName",
        "Its target group, as its metrics name it: the end of its ARN from targetgroup/ on. Empty: its health is not watched.",
        "targetgroup/[A-Za-z0-9-]+/[0-9a-f]+",
    ),
    given(
        "AlarmTopicArn",
        "Topic that alarms are sent to. Empty: alarms change their state and tell nobody.",
        TOPIC,
    ),
    given(
        "PageTopicArn",
        "Topic of alarms that should wake somebody. Empty: they go to the other topic.",
        TOPIC,
    ),
    given(
        "FirewallRoleArn",
        "For the account that is published into: the firewalls' role in theirs. Empty: this is the firewalls' account.",
        ROLE,
    ),
    given(
        "VpcId",
        "VPC that gets interface endpoints for the calls that fwmetrics makes. Empty: none are made.",
        "vpc-[0-9a-f]{8,17}",
    ),
    given(
        "SubnetIds",
        "Subnets of the endpoints, separated by commas.",
        "subnet-[0-9a-f]{8,17}(,subnet-[0-9a-f]{8,17})*",
    ),
    given(
        "EndpointSecurityGroupId",
        "Security group of the endpoints: lets TCP 443 in from the firewalls.",
        "sg-[0-9a-f]{8,17}",
    ),
    given("Tunnel1", TUNNEL, "[A-Za-z0-9._:-]{1,63}"),
    given("Tunnel2", TUNNEL, "[A-Za-z0-9._:-]{1,63}"),
    known("Region", "data.aws_region.current.id"),
    known("AccountId", "data.aws_caller_identity.current.account_id"),
    known("Partition", "data.aws_partition.current.partition"),
];

/// A text of which some may be blank.
#[must_use]
pub fn text(text: &Text) -> String {
    match text {
        Text::Fixed(text) => plain(text),
        Text::Given(parameter) => Blank::from(*parameter).mark().to_string(),
    }
}

/// A text as it is, with no character that would be taken for a blank.
#[must_use]
pub fn plain(text: &str) -> String {
    text.replace(|c| ('\u{E000}'..='\u{F8FF}').contains(&c), "?")
}

/// The blanks of a text, as they come.
pub fn blanks(text: &str) -> impl Iterator<Item = Blank> {
    text.chars().filter_map(Blank::of)
}

/// `AutoScalingGroupName` as `auto_scaling_group_name`.
#[must_use]
pub fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_blank_has_a_character_of_its_own() {
        for (index, blank) in Blank::ALL.into_iter().enumerate() {
            assert_eq!(blank as usize, index);
            assert_eq!(Blank::of(blank.mark()), Some(blank));
            assert_eq!(blank.is_parameter(), blank.about().terraform.is_empty());
            assert!(!blank.about().about.contains(['"', '\\', '$']));
            assert!(!blank.about().pattern.contains(['"', '\\', '$']));
        }
        assert_eq!(Blank::of('a'), None);
        assert_eq!(Blank::of('\u{E010}'), None);
    }

    #[test]
    fn a_configured_text_brings_no_blank() {
        let forged = Blank::Account.mark().to_string();
        assert_eq!(text(&Text::Fixed(forged)), "?");
        assert_eq!(plain("z\u{fc}rich ${x}"), "z\u{fc}rich ${x}");
    }
}
