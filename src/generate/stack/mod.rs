//! Ready stacks: frames written by hand around the alarms, policies and dashboard of the configuration that the
//! stack's machines run.
//!
//! In a frame, a line `@@part@@` stands for lines, indented as it is; `@Name@` in a configuration for a parameter of
//! the stack.

use crate::config;
use crate::config::Config;
use crate::generate::bundle::{Bundle, Part};
use crate::generate::form::blank::{Blank, snake};
use crate::generate::form::{Filling, cloudformation, terraform};
use crate::generate::resource::alarm_needs;
use crate::model::faults::Faults;

/// How a stack is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A template, YAML.
    Cloudformation,
    /// HCL.
    Terraform,
}

/// What is written by hand of one stack.
pub struct Frame {
    /// Its configuration file.
    config: &'static str,
    /// What its machines do at boot.
    script: &'static str,
    cloudformation: &'static str,
    terraform: &'static str,
    /// Of the default AMI, and an instance type of it.
    machine: (&'static str, &'static str),
    /// What the stack knows, as CloudFormation and as Terraform refer to it.
    known: &'static [(Blank, &'static str, &'static str)],
    /// Likewise for texts of its configuration.
    tokens: &'static [(&'static str, &'static str, &'static str)],
    /// And for those that may stay empty.
    optional: &'static [(&'static str, Blank)],
    /// What its dashboard is called, where not by its group.
    dashboard: Option<&'static str>,
}

/// A Gateway Load Balancer's fleet of Linux firewalls.
pub static FLEET: Frame = Frame {
    config: include_str!("fleet.toml"),
    script: include_str!("fleet.sh"),
    cloudformation: include_str!("fleet.yaml"),
    terraform: include_str!("fleet.tf"),
    machine: ("x86_64", "c6in.large"),
    known: &[
        (
            Blank::AutoScalingGroup,
            "Firewalls",
            "aws_autoscaling_group.firewalls.name",
        ),
        (
            Blank::LoadBalancer,
            "LoadBalancer.LoadBalancerFullName",
            "aws_lb.firewalls.arn_suffix",
        ),
        (
            Blank::TargetGroup,
            "TargetGroup.TargetGroupFullName",
            "aws_lb_target_group.firewalls.arn_suffix",
        ),
        TOPICS[0],
        TOPICS[1],
    ],
    dashboard: None,
    tokens: &[],
    optional: &[],
};

/// A PAN-OS HA pair's poller.
pub static PAIR: Frame = Frame {
    config: include_str!("pair.toml"),
    script: include_str!("pair.sh"),
    cloudformation: include_str!("pair.yaml"),
    terraform: include_str!("pair.tf"),
    machine: ("arm64", "t4g.micro"),
    known: &TOPICS,
    dashboard: Some("fwmetrics-@HaGroup@"),
    tokens: &[
        ("@InstanceIdA@", "InstanceIdA", "var.instance_id_a"),
        ("@InstanceIdB@", "InstanceIdB", "var.instance_id_b"),
        ("@HaGroup@", "HaGroup", "var.ha_group"),
    ],
    optional: &[("@Tunnel1@", Blank::Tunnel1), ("@Tunnel2@", Blank::Tunnel2)],
};

const TOPICS: [(Blank, &str, &str); 2] = [
    (Blank::Topic, "AlarmTopic", "aws_sns_topic.alarms.arn"),
    (Blank::PageTopic, "PageTopic", "aws_sns_topic.pages.arn"),
];

/// Values that stand for parameters whose form is checked; alarms do not have them.
const STAND_INS: [(&str, &str); 4] = [
    ("@AddressA@", "192.0.2.1"),
    ("@AddressB@", "192.0.2.2"),
    ("@CertificateA@", PIN),
    ("@CertificateB@", PIN),
];
const PIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Frame {
    /// The configuration with its parameters' names as values.
    fn config(&self) -> Result<Config, Faults> {
        let mut text = self.config.to_owned();
        for (name, value) in STAND_INS {
            text = text.replace(name, value);
        }
        config::parse(&text, None, &[])
    }

    /// The stack.
    ///
    /// # Errors
    ///
    /// When the frame's own configuration is not right, which a test rules out.
    pub fn text(&self, form: Form) -> Result<String, Faults> {
        let (frame, common, topics) = match form {
            Form::Cloudformation => (
                self.cloudformation,
                include_str!("common.yaml"),
                include_str!("topics.yaml"),
            ),
            Form::Terraform => (
                self.terraform,
                include_str!("common.tf"),
                include_str!("topics.tf"),
            ),
        };
        let script = fill(self.script, &[("@@config@@", self.config)]);
        let resources = self.resources(form)?;
        let parts = [
            ("@@common@@", common),
            ("@@script@@", &script),
            ("@@topics@@", topics),
        ];
        let text = fill(frame, &parts)
            .replace("@architecture@", self.machine.0)
            .replace("@instance_type@", self.machine.1);
        Ok(fill(&named(&text, form), &[("@@resources@@", &resources)]))
    }

    /// What is generated, of which all parameters are known here.
    fn resources(&self, form: Form) -> Result<String, Faults> {
        let config = self.config()?;
        let mut bundle = Bundle::of(&config, &[Part::Alarms, Part::Scaling, Part::Dashboard]);
        let is_known = |blank: &Blank| self.known.iter().any(|(known, ..)| known == blank);
        let prefix = bundle.prefix.clone();
        bundle
            .alarms
            .retain(|alarm| alarm_needs(&prefix, alarm).iter().all(is_known));
        bundle
            .dashboards
            .retain(|dashboard| dashboard.needs.iter().all(is_known));
        for (dashboard, name) in bundle.dashboards.iter_mut().zip(self.dashboard) {
            name.clone_into(&mut dashboard.name);
        }
        bundle.left_out.clear();
        let pick = |cloudformation: &'static str, terraform: &'static str| match form {
            Form::Cloudformation => cloudformation,
            Form::Terraform => terraform,
        };
        let blanks: Vec<_> = self
            .known
            .iter()
            .map(|(b, c, t)| (*b, pick(c, t)))
            .collect();
        let tokens: Vec<_> = self
            .tokens
            .iter()
            .map(|(b, c, t)| (*b, pick(c, t)))
            .collect();
        let filling = Filling {
            blanks: &blanks,
            tokens: &tokens,
            optional: self.optional,
        };
        Ok(match form {
            Form::Cloudformation => cloudformation::parts(&bundle, &filling).resources,
            Form::Terraform => terraform::parts(&bundle, &filling).resources,
        })
    }
}

/// Puts the parts into their places.
fn fill(frame: &str, parts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for line in frame.lines() {
        let bare = line.trim_start();
        let indent = &line[..line.len() - bare.len()];
        let part = parts.iter().find(|(name, _)| *name == bare);
        for inner in part.map_or(bare, |(_, part)| part.trim_end()).lines() {
            if !inner.is_empty() {
                text.push_str(indent);
                text.push_str(inner);
            }
            text.push('\n');
        }
        if bare.is_empty() {
            text.push('\n');
        }
    }
    text
}

/// `@Name@` as the form refers to a parameter within a text.
fn named(text: &str, form: Form) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_name(rest) {
        out.push_str(before);
        match form {
            Form::Terraform => {
                out.push_str("${var.");
                out.push_str(&snake(name));
            }
            _ => {
                out.push_str("${");
                out.push_str(name);
            }
        }
        out.push('}');
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What is before the first `@Name@`, the name, and what is after.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    for (at, _) in text.match_indices('@') {
        let inner = &text[at + 1..];
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric())?;
        let is_name = inner.starts_with(|c: char| c.is_ascii_uppercase());
        if is_name && inner[end..].starts_with('@') {
            return Some((&text[..at], &inner[..end], &inner[end + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configurations_of_the_stacks_are_right() {
        for frame in [&FLEET, &PAIR] {
            frame.config().unwrap_or_else(|faults| panic!("{faults}"));
        }
        let fleet = FLEET.config().unwrap();
        assert!(FLEET.terraform.contains(&format!(
            "\"{}\"",
            fleet.drain.hook_name.as_deref().unwrap()
        )));
    }

    #[test]
    fn every_place_is_filled() {
        for frame in [&FLEET, &PAIR] {
            for form in [Form::Cloudformation, Form::Terraform] {
                let text = frame.text(form).unwrap();
                assert!(!text.contains("@@"));
                assert_eq!(next_name(&text), None);
                assert!(text.lines().all(|line| line.trim_end() == line));
            }
        }
    }

    #[test]
    fn the_kept_files_are_what_is_generated() {
        let all = [
            (&FLEET, Form::Cloudformation, "fleet.yaml"),
            (&FLEET, Form::Terraform, "fleet.tf"),
            (&PAIR, Form::Cloudformation, "pair.yaml"),
            (&PAIR, Form::Terraform, "pair.tf"),
        ];
        for (frame, form, name) in all {
            let path = format!("{}/deploy/{name}", env!("CARGO_MANIFEST_DIR"));
            let made = frame.text(form).unwrap();
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &made).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == made,
                "deploy/{name} is not what is generated; BLESS=1 writes it"
            );
            // A larger template has to come from a bucket.
            let bytes = made.len();
            assert!(form == Form::Terraform || bytes < 51_200, "{name}: {bytes}");
        }
    }

    #[test]
    fn what_hangs_on_a_tunnel_is_there_only_with_it() {
        let text = PAIR.text(Form::Cloudformation).unwrap();
        assert!(text.contains("    Condition: HasTunnel1\n"));
        assert!(text.contains("- HasTunnel1\n                - Fn::Sub: \",\\\"arn:"));
        let text = PAIR.text(Form::Terraform).unwrap();
        assert!(text.contains("= var.tunnel1 != \"\" ? 1 : 0\n"));
        assert!(text.contains("var.tunnel1 != \"\" ? ["));
    }

    #[test]
    fn terraform_checks_what_cloudformation_checks() {
        let common = include_str!("common.yaml");
        for (frame, least) in [(&FLEET, 7), (&PAIR, 13)] {
            let terraform = frame.text(Form::Terraform).unwrap();
            let (mut name, mut seen) = ("", 0);
            for line in frame.cloudformation.lines().chain(common.lines()) {
                let bare = line.trim_start();
                if let Some(pattern) = bare.strip_prefix("AllowedPattern: ") {
                    let variable = format!("var.{}))", snake(name));
                    let check = format!(
                        "can(regex(\"{}\", {variable}",
                        pattern.replace('\\', "\\\\")
                    );
                    assert!(terraform.contains(&check), "{check}");
                    seen += 1;
                } else if let Some(parameter) = bare.strip_suffix(':') {
                    name = parameter;
                }
            }
            assert!(seen >= least, "{seen}");
        }
    }

    #[test]
    fn terraform_never_replaces_a_fleet_for_its_hooks() {
        let kept = "ignore_changes = [initial_lifecycle_hook]";
        assert!(FLEET.text(Form::Terraform).unwrap().contains(kept));
    }

    #[test]
    fn names_are_told_from_other_signs() {
        let text = "a@b.c, [^@\\s]+@[^@\\s]+, @InstanceIdA@ and @@x@@";
        assert_eq!(
            named(text, Form::Cloudformation),
            text.replace("@InstanceIdA@", "${InstanceIdA}")
        );
        assert_eq!(named("@Tunnel1@", Form::Terraform), "${var.tunnel1}");
    }
}
