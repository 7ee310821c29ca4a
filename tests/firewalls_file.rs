//! `firewalls_file` with the real binary: taken over without a signal, and kept where what is there now is no list.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::path::Path;

use support::program::{ConfigFile, Program, command, fresh_path, output, stderr, stdout};

/// Nobody answers there.
fn firewall(name: &str, more: &str) -> String {
    format!(
        "[[collectors.panos.firewall]]\nname = \"{name}\"\naddress = \"127.0.0.1:1\"\napi_key_file = \"/nonexistent\"\n{more}\n"
    )
}

const INSECURE: &str = "tls_insecure = true";

fn config(list: &Path) -> String {
    format!(
        "[collectors.panos]\nfirewalls_file = \"{}\"\n",
        list.display()
    )
}

/// Another list in the place of the one before, whole at once.
fn put(list: &Path, text: &str) {
    let new = list.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, list).unwrap();
}

fn start(file: &ConfigFile) -> Program {
    Program::start(&mut command(&["run", "--dry-run", "--config", file.path()]))
}

#[track_caller]
fn says(program: &Program, words: &str) {
    assert!(
        program.wait_for_line(words),
        "{words} in\n{}",
        program.log()
    );
}

#[test]
fn a_list_comes_goes_and_changes_while_the_program_runs() {
    let list = fresh_path("list.toml");
    let file = ConfigFile::new("watched", &config(&list));
    let mut program = start(&file);
    says(
        &program,
        "is not there: no firewall is read from it until it is",
    );
    says(&program, "runs: none so far");
    // Its first half: not TOML, then TOML without its end.
    let whole = firewall("fw-a", INSECURE);
    std::fs::write(&list, &whole[..40]).unwrap();
    let line = format!(
        "the old list stays: {}:2: invalid basic string",
        list.display()
    );
    says(&program, &line);
    std::fs::write(&list, &whole).unwrap();
    says(&program, "firewalls_file: 1 new, 0 gone, 0 changed");
    says(
        &program,
        "whoever answers at its address is believed, and is given its key: fw-a",
    );
    put(
        &list,
        &(firewall("fw-b", INSECURE) + &firewall("fw-c", INSECURE)),
    );
    says(&program, "firewalls_file: 2 new, 1 gone, 0 changed");
    // Not a file any more, then none.
    std::fs::remove_file(&list).unwrap();
    std::fs::create_dir(&list).unwrap();
    says(&program, "cannot read it: not a regular file");
    std::fs::remove_dir(&list).unwrap();
    says(
        &program,
        "is gone; the firewalls that it held stay until it is back",
    );
    // A reload finds no list either, and the old one stays.
    program.signal("-HUP");
    says(&program, "configuration reloaded: nothing changed");
    put(
        &list,
        &(firewall("fw-b", "tls_insecure = true\nin_service = true") + &firewall("fw-c", INSECURE)),
    );
    says(&program, "firewalls_file: 0 new, 0 gone, 1 changed");
    // So does one that a reload reads.
    put(&list, &firewall("fw-b", ""));
    program.signal("-HUP");
    says(
        &program,
        "configuration not reloaded: the old one stays in force",
    );
    let log = program.log();
    assert_eq!(log.matches("is not there: no firewall").count(), 1, "{log}");
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
}

#[test]
fn a_faulty_list_at_start_is_78_and_check_says_the_same() {
    let list = fresh_path("faulty.toml");
    std::fs::write(&list, firewall("fw-a", "nope = 1")).unwrap();
    let file = ConfigFile::new("faulty-list", &config(&list));
    for args in [&["check"][..], &["run"], &["once"]] {
        let ended = output(command(args).args(["--config", file.path()]));
        assert_eq!(ended.status.code(), Some(78), "{args:?}");
        let words = format!("{}:5: collectors.panos.firewall[0].nope", list.display());
        assert!(stderr(&ended).contains(&words), "{}", stderr(&ended));
    }
    put(
        &list,
        &(firewall("fw-a", INSECURE) + &firewall("fw-b", INSECURE)),
    );
    let ended = output(command(&["check"]).args(["--config", file.path()]));
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    let said = stdout(&ended);
    assert!(
        said.ends_with("collectors: panos of 2 firewalls\n"),
        "{said}"
    );
}
