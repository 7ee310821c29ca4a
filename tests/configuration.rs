//! What is wrong in a configuration, said by its rules: texts that name something, keys against each other, variables.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use fwmetrics::aggregate::label::WantedAliases;
use fwmetrics::collectors;
use fwmetrics::config::{self, Config};

/// A configuration's faults, one a line; empty when there are none.
fn faults(text: &str) -> String {
    with_environment(text, &[])
}

fn with_environment(text: &str, environment: &[(&str, &str)]) -> String {
    let environment: Vec<(String, String)> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let parsed = config::parse(text, None, &environment);
    parsed.err().map_or_else(String::new, |e| e.to_string())
}

#[track_caller]
fn takes(text: &str) {
    assert_eq!(faults(text), "", "{text}");
}

/// One fault, with these words in it.
#[track_caller]
fn refuses(text: &str, words: &[&str]) {
    let said = faults(text);
    assert_eq!(said.lines().count(), 1, "{text}\n{said}");
    for word in words {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[test]
fn a_log_level_is_a_level_or_pairs() {
    for level in ["off", "WARN", "warn,fwmetrics=debug", "fwmetrics=trace"] {
        takes(&format!("[log]\nlevel = {level:?}"));
    }
    for level in ["", "verbose", "inof", "warn,debgu", "fwmetrics=loud"] {
        let words = ["line 2: log.level", level, "off, error, warn"];
        refuses(&format!("[log]\nlevel = {level:?}"), &words);
    }
}

#[test]
fn an_endpoint_is_a_url_of_a_host() {
    for url in [
        "https://monitoring.eu-west-1.amazonaws.com",
        "http://127.0.0.1:8080",
        "https://[::1]:8443/",
    ] {
        takes(&format!("[cloudwatch]\nendpoint_url = {url:?}"));
    }
    for url in [
        "",
        "monitoring.eu-west-1.amazonaws.com",
        "ftp://host",
        "https://",
        "https://host/?a=b",
        "unix:/run/x",
    ] {
        let words = ["line 2: cloudwatch.endpoint_url", "a URL such as"];
        refuses(&format!("[cloudwatch]\nendpoint_url = {url:?}"), &words);
    }
}

#[test]
fn a_password_in_an_endpoint_is_refused_and_not_shown() {
    let text = "[cloudwatch]\nendpoint_url = \"https://user:secret@host\"";
    refuses(text, &["cloudwatch.endpoint_url", "not shown"]);
    assert!(!faults(text).contains("secret"));
}

#[test]
fn a_region_is_part_of_a_host_name() {
    let longest = "a".repeat(63);
    for region in ["eu-west-1", "us-gov-east-1", "eusc-de-east-1", &longest] {
        takes(&format!("[cloudwatch]\nregion = {region:?}"));
    }
    let too_long = "a".repeat(64);
    for region in ["", "EU-WEST-1", "eu west 1", "eu.west", "eu/", &too_long] {
        let words = ["cloudwatch.region", "a region such as"];
        refuses(&format!("[cloudwatch]\nregion = {region:?}"), &words);
    }
}

#[test]
fn sample_periods_are_held_against_the_period_that_is_set() {
    let text = |period, sample| {
        format!("[cloudwatch]\nperiod_secs = {period}\n[collectors.cpu]\nsample_secs = {sample}\n")
    };
    for (period, sample) in [(10, 5), (10, 10), (10, 20), (1, 1200), (30, 15)] {
        takes(&text(period, sample));
    }
    for (period, sample) in [(10, 4), (10, 15), (30, 20)] {
        let words = ["line 4: collectors.cpu.sample_secs", "neither divides"];
        refuses(&text(period, sample), &words);
    }
    // A period that is wrong is one fault, not two.
    refuses(&text(7, 5), &["cloudwatch.period_secs"]);
    // A variable takes part, and is named.
    let period = [("FWMETRICS_CLOUDWATCH__PERIOD_SECS", "10")];
    let said = with_environment("[collectors.cpu]\nsample_secs = 15\n", &period);
    assert!(
        said.contains("line 2: collectors.cpu.sample_secs"),
        "{said}"
    );
    let sample = [("FWMETRICS_COLLECTORS__CPU__SAMPLE_SECS", "7")];
    let said = with_environment("", &sample);
    let words = "environment FWMETRICS_COLLECTORS__CPU__SAMPLE_SECS: collectors.cpu.sample_secs";
    assert!(said.contains(words), "{said}");
}

#[test]
fn every_default_sample_period_fits_every_window() {
    for spec in collectors::ALL {
        for period in [1, 5, 10, 30, 60] {
            let Some(sample) = spec.sample_secs else {
                continue;
            };
            assert!(
                period % sample == 0 || sample % period == 0,
                "{} in {period}",
                spec.name
            );
        }
    }
}

#[test]
fn each_collectors_own_defaults_are_the_ones_that_are_shown() {
    let tables = config::keys();
    for spec in collectors::ALL {
        let path = format!("collectors.{}", spec.name);
        let table = tables.iter().find(|table| table.path == path).unwrap();
        let shown = |name: &str| {
            let key = table.keys.iter().find(|key| key.name == name).unwrap();
            key.default.toml().unwrap()
        };
        if let Some(sample_secs) = spec.sample_secs {
            assert_eq!(shown("sample_secs"), sample_secs.to_string());
        }
        assert_eq!(shown("timeout_secs"), spec.timeout_secs.to_string());
    }
}

#[test]
fn an_external_id_needs_a_role() {
    let id = "[cloudwatch]\nexternal_id = \"x\"\n";
    refuses(id, &["line 2: cloudwatch.external_id", "set role_arn"]);
    takes(&format!(
        "{id}role_arn = \"arn:aws:iam::123456789012:role/r\"\n"
    ));
}

#[test]
fn a_metric_is_not_enabled_and_disabled() {
    for enabled in ["CpuSteal", "DataplaneCpuUtilization:Core"] {
        let name = enabled.split(':').next().unwrap();
        let text = format!("[metrics]\nenable = [{enabled:?}]\ndisable = [{name:?}]\n");
        refuses(&text, &["line 3: metrics.disable", enabled]);
    }
    takes("[metrics]\nenable = [\"ExporterCpu\"]\ndisable = [\"CpuSteal\"]\n");
}

#[test]
fn a_disabled_collector_has_no_table() {
    let text = "[collectors]\ndisable = [\"cpu\"]\n[collectors.cpu]\ncpus = \"0\"\n";
    refuses(text, &["line 3: collectors", "take it out of disable"]);
    takes("[collectors]\ndisable = [\"cpu\"]\n[collectors.conntrack]\n");
}

#[test]
fn something_runs() {
    refuses(
        "[collectors]\nauto = false\n",
        &["line 2: collectors.auto", "no collector would run"],
    );
    takes("[collectors]\nauto = false\n[collectors.cpu]\n");
}

#[test]
fn a_variable_that_is_not_known_names_the_nearest() {
    for (name, nearest) in [
        (
            "FWMETRICS_CLOUDWATCH__NAMESPCE",
            "FWMETRICS_CLOUDWATCH__NAMESPACE",
        ),
        (
            "FWMETRICS_CLOUDWATCH_NAMESPACE",
            "FWMETRICS_CLOUDWATCH__NAMESPACE",
        ),
        ("FWMETRICS_LOG__LEVLE", "FWMETRICS_LOG__LEVEL"),
        ("FWMETRICS_ROOOT", "FWMETRICS_ROOT"),
        (
            "FWMETRICS_COLLECTORS__CPU__CPUSS",
            "FWMETRICS_COLLECTORS__CPU__CPUS",
        ),
    ] {
        let said = with_environment("", &[(name, "1")]);
        assert!(said.starts_with(&format!("environment {name}: ")), "{said}");
        assert!(said.contains(&format!("did you mean {nearest}?")), "{said}");
    }
    let said = with_environment("", &[("FWMETRICS_QZX", "1")]);
    assert!(!said.contains("did you mean"), "{said}");
    // Other programs' variables are not ours.
    assert_eq!(with_environment("", &[("FWMETRIC_ROOT", "1")]), "");
}

#[test]
fn a_variable_wins_over_the_file() {
    let environment = [("FWMETRICS_LOG__LEVEL".to_owned(), "warn".to_owned())];
    let config: Config = config::parse("[log]\nlevel = \"debug\"\n", None, &environment).unwrap();
    assert_eq!(config.log.level, "warn");
}

#[test]
fn the_vmseries_table_switches_on_by_being_there() {
    let read = |text: &str| config::parse(text, None, &[]).unwrap().cloudwatch;
    assert_eq!(read("").sets().vmseries, WantedAliases::default());
    let there = read("[cloudwatch.vmseries]\n");
    let both = WantedAliases {
        all: true,
        fleet: true,
        only: false,
    };
    assert_eq!(there.sets().vmseries, both);
    assert_eq!(there.vmseries_namespace(), "VMseries");
    let text = "[cloudwatch.vmseries]\nnamespace = \"edge\"\ndimension_sets = [[]]\nonly = true\n";
    let written = read(text);
    let one = WantedAliases {
        all: true,
        fleet: false,
        only: true,
    };
    assert_eq!(written.sets().vmseries, one);
    assert_eq!(written.vmseries_namespace(), "edge");
    takes("[cloudwatch.vmseries]\ndimension_sets = [[\"AutoScalingGroupName\"], []]\n");
    let variable = [("FWMETRICS_CLOUDWATCH__VMSERIES__ONLY", "true")];
    assert_eq!(with_environment("", &variable), "");
}

#[test]
fn faults_of_the_vmseries_table_have_line_and_remedy() {
    let sets = "[[], [\"AutoScalingGroupName\"]] or one of the two";
    for (wrong, what) in [
        ("[]", "is empty"),
        ("[[], []]", "[] stands twice"),
        ("[[\"InstanceId\"]]", "not known"),
        ("[[\"AutoScalingGroupName\", \"InstanceId\"]]", "not known"),
        ("[\"AutoScalingGroupName\"]", "not known"),
        ("\"all\"", "is the text"),
    ] {
        let text = format!("[cloudwatch.vmseries]\nonly = true\ndimension_sets = {wrong}\n");
        refuses(
            &text,
            &["line 3: cloudwatch.vmseries.dimension_sets", what, sets],
        );
    }
    // Without dimensions nothing of ours goes out.
    let sets = "[[\"AutoScalingGroupName\"], [\"InstanceId\"]] or one of the two";
    refuses("[cloudwatch]\ndimension_sets = [[]]\n", &["line 2", sets]);
    refuses(
        "[cloudwatch.vmseries]\nnamespce = \"x\"\n",
        &[
            "line 2: cloudwatch.vmseries.namespce",
            "did you mean namespace?",
        ],
    );
    refuses(
        "[cloudwatch]\nonly = true\n",
        &[
            "line 2: cloudwatch.only",
            "it belongs in [cloudwatch.vmseries]",
        ],
    );
    refuses(
        "[cloudwatch]\nvmseries = true\n",
        &["line 2: cloudwatch.vmseries", "write [cloudwatch.vmseries]"],
    );
    let aws = "[cloudwatch.vmseries]\nnamespace = \"AWS/EC2\"\n";
    refuses(aws, &["line 2: cloudwatch.vmseries.namespace"]);
}

#[test]
fn the_vmseries_names_have_a_namespace_of_their_own() {
    let words = [
        "cloudwatch.vmseries.namespace",
        "the same namespace",
        "write another one",
    ];
    for (text, line) in [
        (
            "[cloudwatch.vmseries]\nnamespace = \"Firewall/fwmetrics\"\n",
            "line 2",
        ),
        (
            "[cloudwatch]\nnamespace = \"VMseries\"\n[cloudwatch.vmseries]\n",
            "line 2",
        ),
        (
            "[cloudwatch]\nnamespace = \"x\"\n[cloudwatch.vmseries]\nnamespace = \"x\"\n",
            "line 4",
        ),
    ] {
        refuses(text, &[&words[..], &[line]].concat());
    }
    takes("[cloudwatch]\nnamespace = \"VMseries\"\n");
    let variable = [("FWMETRICS_CLOUDWATCH__NAMESPACE", "VMseries")];
    let said = with_environment("[cloudwatch.vmseries]\n", &variable);
    assert!(
        said.starts_with("environment FWMETRICS_CLOUDWATCH__NAMESPACE: "),
        "{said}"
    );
}
