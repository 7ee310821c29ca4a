//! `[alarms]` and `[scaling]`: their forms, their names and their order.

use super::*;
use crate::config::{Config, parse};

fn faults(text: &str) -> String {
    parse(text, None, &[])
        .err()
        .map_or_else(String::new, |e| e.to_string())
}

#[test]
fn defaults_are_those_that_are_shown() {
    let written = SECTION
        .keys
        .iter()
        .filter_map(|key| Some((key, key.default.toml()?)));
    let written: String = written
        .map(|(key, value)| format!("{} = {value}\n", key.name))
        .collect();
    let config = parse(&format!("[alarms]\n{written}"), None, &[]).unwrap();
    assert_eq!(config.alarms, Config::default().alarms);
}

#[test]
fn numbers_are_known_and_the_nearest_is_offered() {
    assert_eq!(faults("[alarms]\ndisable = [\"A10b\", \"G2\"]"), "");
    let said = faults("[alarms]\ndisable = [\"a10b\"]");
    assert!(said.contains("did you mean A10b?"), "{said}");
    let said = faults("[scaling]\ndisable = [\"A1\"]");
    assert!(said.contains("known: P1, P2, P3, P4"), "{said}");
}

#[test]
fn zones_and_prefixes_have_their_form() {
    for good in ["eu-west-1a", "us-east-1-atl-1a", "us-gov-west-1b"] {
        assert_eq!(zone(good), Ok(()), "{good}");
    }
    for bad in ["", "eu-west-1", "EU-WEST-1a", "a"] {
        assert!(zone(bad).is_err(), "{bad}");
    }
    assert_eq!(prefix(&"x".repeat(64)), Ok(()));
    for bad in ["", "  ", "z\u{fc}rich", &"x".repeat(65)] {
        assert!(prefix(bad).is_err(), "{bad}");
    }
}

#[test]
fn thresholds_rise_and_the_key_that_came_later_is_named() {
    for (text, words) in [
        (
            "[scaling]\nscale_in_percent = 60",
            "line 2: scaling.scale_in_percent: scale_in_percent = 60 is not below target_percent = 60",
        ),
        (
            "[scaling]\nstep_percent = 55",
            "target_percent = 60 is not below step_percent = 55",
        ),
        (
            "[scaling]\nsecond_step_percent = 70\nstep_percent = 75",
            "line 3: scaling.step_percent",
        ),
        (
            "[alarms]\nsession_table_page_percent = 80",
            "session_table_warn_percent = 80 is not below",
        ),
    ] {
        let said = faults(text);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(
        faults("[scaling]\ntarget_percent = 50\nscale_in_percent = 49"),
        ""
    );
}

#[test]
fn a_threshold_of_what_is_disabled_stands_in_no_order() {
    for good in [
        "[scaling]\ndisable = [\"P1\"]\nstep_percent = 50",
        "[scaling]\ndisable = [\"P2\"]\nstep_percent = 50",
        "[scaling]\ndisable = [\"P2\"]\nsecond_step_percent = 70",
        "[scaling]\ndisable = [\"P4\"]\nscale_in_percent = 70",
        "[alarms]\ndisable = [\"A3\"]\nsession_table_page_percent = 80",
    ] {
        assert_eq!(faults(good), "", "{good}");
    }
    // Without the one between them, those on both sides.
    let said = faults("[scaling]\ndisable = [\"P1\"]\nstep_percent = 45");
    assert!(
        said.contains("scale_in_percent = 45 is not below step_percent = 45"),
        "{said}"
    );
    // Another one's being disabled is nothing to it.
    assert_ne!(
        faults("[scaling]\ndisable = [\"P3\"]\nstep_percent = 50"),
        ""
    );
}
