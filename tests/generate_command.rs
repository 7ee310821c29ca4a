//! `fwmetrics generate`, the real binary: what it prints, that nothing is read for it, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use clap::{Command as Cli, CommandFactory};
use serde_json::Value;
use support::program::{ConfigFile, command, output, stderr, stdout};

const ALL: [&[&str]; 8] = [
    &["completions", "bash"],
    &["completions", "elvish"],
    &["completions", "fish"],
    &["completions", "powershell"],
    &["completions", "zsh"],
    &["man"],
    &["schema"],
    &["config"],
];

/// What is made of a configuration for AWS, and how it is written.
const FOR_AWS: [&str; 5] = ["alarms", "scaling", "dashboard", "iam", "all"];
const FORMATS: [&str; 3] = ["cloudformation", "terraform", "json"];

fn generate(what: &[&str]) -> std::process::Command {
    let mut command = command(&["generate"]);
    command.args(what);
    command
}

fn printed(what: &[&str]) -> String {
    let ended = output(&mut generate(what));
    assert_eq!(ended.status.code(), Some(0), "{what:?}: {}", stderr(&ended));
    assert_eq!(stderr(&ended), "", "{what:?}");
    let text = stdout(&ended);
    assert!(text.ends_with('\n'), "{what:?}");
    text
}

/// All commands below this one, with the words that call them.
fn commands(cli: &Cli, before: &[String]) -> Vec<(Vec<String>, Cli)> {
    let mut found = Vec::new();
    for sub in cli.get_subcommands() {
        let path = [before, &[sub.get_name().to_owned()]].concat();
        found.extend(commands(sub, &path));
        found.push((path, sub.clone()));
    }
    found
}

fn ours() -> Vec<(Vec<String>, Cli)> {
    let found = commands(&fwmetrics::cli::Cli::command(), &[]);
    assert!(found.len() > 8, "commands and what generate makes");
    found
}

#[test]
fn neither_a_bad_configuration_nor_the_environment_is_read() {
    let file = ConfigFile::new("generate", "nope = 1\n");
    for what in ALL {
        let mut command = generate(what);
        command.args(["--config", file.path()]);
        command
            .env("FWMETRICS_NOPE", "1")
            .env("FWMETRICS_CLOUDWATCH__NAMESPACE", "Other/place")
            .env("AWS_MAX_ATTEMPTS", "many");
        let ended = output(&mut command);
        assert_eq!(ended.status.code(), Some(0), "{what:?}");
        assert_eq!(stdout(&ended), printed(what), "{what:?}");
    }
}

#[test]
fn wrong_use_is_2() {
    for what in [
        &[][..],
        &["nope"],
        &["completions"],
        &["completions", "csh"],
    ] {
        assert_eq!(
            output(&mut generate(what)).status.code(),
            Some(2),
            "{what:?}"
        );
    }
}

#[test]
fn a_stack_reads_no_configuration_and_says_so() {
    let file = ConfigFile::new("of-a-stack", "[alarms]\nprefix = \"mine\"\n");
    for stack in ["fleet", "pair"] {
        let ended = output(&mut generate(&[stack, "--config", file.path()]));
        let told = (ended.status.code(), stdout(&ended));
        assert_eq!(told, (Some(2), String::new()), "{stack}");
        assert!(stderr(&ended).contains("--config is not read"), "{stack}");
    }
}

#[test]
fn an_output_that_nobody_reads_ends_quietly() {
    for what in ALL {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = generate(what);
        let child = command.stdout(writer).stderr(std::process::Stdio::piped());
        let ended = child.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{what:?}");
        assert_eq!(stderr(&ended), "", "{what:?}");
    }
}

#[test]
fn each_help_shows_an_example() {
    for (path, _) in ours() {
        let mut command = command(&[]);
        let ended = output(command.args(&path).arg("--help"));
        assert!(stdout(&ended).contains("Example:\n"), "{path:?}");
    }
}

#[test]
fn the_manual_page_knows_every_command_option_and_word() {
    let page = printed(&["man"]).replace("\\-", "-");
    for (path, cli) in ours() {
        let heading = format!(".SS \"fwmetrics {}\"\n", path.join(" "));
        assert_eq!(page.contains(&heading), !cli.has_subcommands(), "{heading}");
        for arg in cli.get_arguments() {
            let name = arg.get_long().map(|long| format!("\\fB--{long}\\fR"));
            assert!(name.is_none_or(|name| page.contains(&name)), "{arg}");
            let takes = arg.get_action().takes_values();
            for value in arg.get_possible_values().iter().filter(|_| takes) {
                assert!(page.contains(value.get_name()), "{}", value.get_name());
            }
        }
    }
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "COMMANDS",
        "OPTIONS",
        "COLLECTORS",
        "FILES",
        "ENVIRONMENT",
        "EXIT STATUS",
        "SIGNALS",
        "EXAMPLES",
    ] {
        let plain = page.contains(&format!("\n.SH {section}\n"));
        assert!(
            plain || page.contains(&format!("\n.SH \"{section}\"\n")),
            "{section}"
        );
    }
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH FWMETRICS 1 \"\" \"fwmetrics {version}\" \"User Commands\"\n");
    assert!(page.starts_with(&title));
}

#[test]
fn completions_know_every_command() {
    for what in &ALL[..5] {
        let script = printed(what);
        for (path, _) in ours() {
            let name = path.last().unwrap();
            assert!(script.contains(name), "{what:?}: {name}");
        }
    }
}

#[test]
fn the_configuration_that_it_prints_is_without_fault() {
    let file = ConfigFile::new("generated", &printed(&["config"]));
    let with = output(&mut command(&["check", "--config", file.path()]));
    assert_eq!(with.status.code(), Some(0), "{}", stderr(&with));
    let without = output(&mut command(&["check"]));
    let runs = |text: String| text.split_once("collectors: ").unwrap().1.to_owned();
    assert_eq!(runs(stdout(&with)), runs(stdout(&without)));
}

#[test]
fn the_schema_is_json_and_closed() {
    let schema: Value = serde_json::from_str(&printed(&["schema"])).unwrap();
    let draft = "https://json-schema.org/draft/2020-12/schema";
    assert_eq!(schema["$schema"], draft);
    assert_eq!(schema["additionalProperties"], false);
}

/// Standard output and standard error of a part in a form, of this configuration.
fn made(part: &str, format: &str, config: &ConfigFile) -> (String, String) {
    let mut command = generate(&[part, "--format", format, "--config", config.path()]);
    let ended = output(&mut command);
    assert_eq!(ended.status.code(), Some(0), "{part}: {}", stderr(&ended));
    (stdout(&ended), stderr(&ended))
}

fn json_of(part: &str, config: &ConfigFile) -> Value {
    serde_json::from_str(&made(part, "json", config).0).unwrap()
}

#[test]
fn what_is_made_for_aws_follows_the_configuration() {
    let default = ConfigFile::new("default", "");
    let other = ConfigFile::new("other", "[cloudwatch]\nnamespace = \"Other/place\"\n");
    for part in ["alarms", "dashboard", "iam", "all"] {
        for format in FORMATS {
            let text = made(part, format, &other).0;
            assert!(
                text.contains("Other/place") && !text.contains("Firewall/fwmetrics"),
                "{part} {format}"
            );
            assert!(
                made(part, format, &default)
                    .0
                    .contains("Firewall/fwmetrics"),
                "{part} {format}"
            );
        }
    }
    let mut command = generate(&["alarms"]);
    command.env("FWMETRICS_CLOUDWATCH__NAMESPACE", "Other/place");
    assert!(stdout(&output(&mut command)).contains("Other/place"));
}

#[test]
fn a_bad_configuration_makes_nothing_for_aws() {
    let file = ConfigFile::new("bad", "nope = 1\n");
    for part in FOR_AWS {
        let ended = output(&mut generate(&[part, "--config", file.path()]));
        assert_eq!(
            (ended.status.code(), stdout(&ended).as_str()),
            (Some(78), ""),
            "{part}"
        );
        assert!(stderr(&ended).contains("nope"), "{part}");
    }
}

#[test]
fn the_output_is_the_same_each_time() {
    let file = ConfigFile::new("same", "[drain]\nhook_name = \"h\"\n");
    for part in FOR_AWS {
        for format in FORMATS {
            assert_eq!(
                made(part, format, &file),
                made(part, format, &file),
                "{part} {format}"
            );
        }
    }
}

#[test]
fn all_is_its_parts() {
    let file = ConfigFile::new("parts", "");
    let calls = |part: &str| json_of(part, &file)["calls"].as_array().unwrap().clone();
    let parts: Vec<Value> = FOR_AWS[..4].iter().flat_map(|part| calls(part)).collect();
    assert_eq!(calls("all"), parts);
    let of = |service: &str| {
        parts
            .iter()
            .filter(|call| call["call"].as_str().unwrap().starts_with(service))
            .count()
    };
    assert!(of("cloudwatch") > 20 && of("autoscaling") > 2 && of("iam") > 3);
}

#[test]
fn what_is_left_out_is_told_in_one_line_and_explained_in_the_output() {
    let file = ConfigFile::new("left", "[alarms]\ndisable = [\"A7\"]\n");
    let (text, said) = made("alarms", "json", &file);
    assert_eq!(said.lines().count(), 1, "{said}");
    let output: Value = serde_json::from_str(&text).unwrap();
    let left_out = output["left_out"].as_array().unwrap();
    let why = |number: &str| {
        left_out.iter().find(|out| out["number"] == number).unwrap()["why"].to_string()
    };
    assert!(why("A7").contains("disable"), "{}", why("A7"));
    assert!(
        why("A4").contains("PacketBufferUtilization"),
        "{}",
        why("A4")
    );
    assert!(said.contains("A7") && said.contains("A4"), "{said}");
    assert_eq!(made("iam", "json", &file).1, "");
}

#[test]
fn each_placeholder_is_told() {
    let central = "[cloudwatch]\nrole_arn = \"arn:aws:iam::123456789012:role/r\"\n";
    let file = ConfigFile::new("placeholders-central", central);
    let calls = json_of("iam", &file)["calls"].clone();
    let of = |key: &str| {
        let mut calls = calls.as_array().unwrap().iter();
        calls.any(|call| call[key] == serde_json::json!(["FirewallRoleArn"]))
    };
    assert!(of("only_with") && of("not_with"), "{calls}");
    let file = ConfigFile::new("placeholders", "");
    let output = json_of("all", &file);
    let told = output["placeholders"].as_object().unwrap();
    let text = output["calls"].to_string();
    let used = text
        .split("${")
        .skip(1)
        .map(|rest| rest.split_once('}').unwrap().0);
    for name in used {
        let answered = output["calls"].as_array().unwrap().iter();
        let mut answered = answered.filter_map(|call| call["answers"]["PolicyARN"].as_str());
        assert!(
            told.contains_key(name) || answered.any(|text| text == format!("${{{name}}}")),
            "{name}"
        );
    }
}
