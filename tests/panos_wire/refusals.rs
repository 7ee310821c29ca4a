//! Answers that are no results, in the shapes that devices give them.

use fwmetrics::collectors::panos::wire::*;

use super::body;

#[test]
fn every_shape_of_error_keeps_its_code_and_its_words() {
    let text = str::to_owned;
    for (name, refusal) in [
        ("error-403", Refusal::Forbidden(text("Invalid Credential"))),
        (
            "error-16",
            Refusal::Unauthorized(text("Unauthorized request needs <show>")),
        ),
        (
            "error-17",
            Refusal::UnknownCommand(text("show -> advanced-routing is unexpected")),
        ),
        ("error-17-empty", Refusal::UnknownCommand(text(""))),
        (
            "error-15",
            Refusal::Passive(text("Operation not allowed on a passive device")),
        ),
        (
            "error-busy",
            Refusal::Busy(text(
                "op command for client routed timed out as client is not available",
            )),
        ),
        (
            "error-bare",
            Refusal::BadRequest(13, text("Object not found")),
        ),
        (
            "error-22",
            Refusal::SessionTimedOut(text("Session timed out")),
        ),
    ] {
        assert_eq!(reply(200, &body(name)), Err(refusal), "{name}");
    }
}

fn coded(code: &str) -> Refusal {
    let body =
        format!("<response status='error' code='{code}'><msg><line>no</line></msg></response>");
    reply(200, body.as_bytes()).unwrap_err()
}

#[test]
fn every_documented_code_has_its_kind() {
    let no = || "no".to_owned();
    for code in [2, 3, 4, 5, 11, 21] {
        assert_eq!(coded(&code.to_string()), Refusal::Internal(code, no()));
    }
    for code in [400, 6, 7, 8, 10, 12, 13, 14, 18] {
        assert_eq!(coded(&code.to_string()), Refusal::BadRequest(code, no()));
    }
    assert_eq!(coded("1"), Refusal::UnknownCommand(no()));
    assert_eq!(coded("403"), Refusal::Forbidden(no()));
    for code in ["9", "19", "99999999999", "abc"] {
        assert_eq!(coded(code), Refusal::Other(code.to_owned(), no()));
    }
    assert_eq!(coded(""), Refusal::Other("none".to_owned(), no()));
}

#[test]
fn success_comes_with_19_with_20_or_without_a_code() {
    for code in ["", " code='19'", " code = \"20\""] {
        let body = format!("<response status='success'{code}><result><a>1</a></result></response>");
        let result = reply(200, body.as_bytes()).unwrap();
        assert_eq!(result.value("a"), Some("1"), "{code}");
    }
    let absent = "<response status='success' code='7'><result/></response>";
    assert_eq!(
        reply(200, absent.as_bytes()),
        Err(Refusal::BadRequest(7, String::new()))
    );
    let none = reply(200, b"<response status='success'/>").unwrap();
    assert!(none.is_empty() && none.name() == "result");
    let bare = reply(
        200,
        b"<response status='success'>Connected : yes</response>",
    )
    .unwrap();
    assert_eq!(bare.text(), "Connected : yes");
}

#[test]
fn a_daemon_that_does_not_answer_is_busy_whatever_the_status() {
    let words = "op command for client ha_agent timed out as client is not available";
    for body in [
        format!("<response status='success'><result>{words}</result></response>"),
        format!("<response status='error' code='21'><msg><line>{words}</line></msg></response>"),
        format!(
            "<response status='error' code='13'><result><msg>{words}</msg></result></response>"
        ),
    ] {
        assert_eq!(
            reply(200, body.as_bytes()),
            Err(Refusal::Busy(words.to_owned()))
        );
    }
}

#[test]
fn the_status_of_http_speaks_where_the_body_does_not() {
    let html = b"<!DOCTYPE html>\n<html><head><title>Login</title></head></html>";
    let nothing = b"";
    let other = b"<html xmlns='x'/>";
    for body in [html as &[u8], nothing, other, b"{}", b"<response/>"] {
        for status in [401, 403] {
            let found = reply(status, body).unwrap_err();
            assert_eq!(found, Refusal::Forbidden(format!("HTTP status {status}")));
        }
        for status in [500, 503, 599, u16::MAX] {
            let found = reply(status, body).unwrap_err();
            assert!(
                matches!(found, Refusal::Internal(code, _) if code == u32::from(status)),
                "{found}"
            );
        }
        for status in [200, 302, 404] {
            let found = reply(status, body).unwrap_err();
            assert!(matches!(found, Refusal::Unreadable(_)), "{found}");
        }
    }
    let page = Refusal::Unreadable("an HTML page, not the XML API".to_owned());
    assert_eq!(reply(200, html), Err(page.clone()));
    assert_eq!(reply(200, other), Err(page));
    assert_eq!(
        reply(200, b"<config/>"),
        Err(Refusal::Unreadable(
            "<config> in place of <response>".to_owned()
        ))
    );
}

#[test]
fn a_readable_body_is_believed_before_the_status_of_http() {
    assert_eq!(reply(403, &body("error-16")), reply(200, &body("error-16")));
    assert_eq!(
        reply(403, b"<response status='error'><msg>no</msg></response>"),
        Err(Refusal::Forbidden("no".to_owned()))
    );
    // But no failure of HTTP is a result.
    assert_eq!(
        reply(500, &body("sessions-vm-10.1")),
        Err(Refusal::Internal(500, String::new()))
    );
    assert!(reply(403, &body("sessions-vm-10.1")).is_err());
}

#[test]
fn words_without_a_code_are_understood() {
    let said = |words: &str| {
        let body = format!("<response status='error'><msg><line>{words}</line></msg></response>");
        reply(200, body.as_bytes()).unwrap_err()
    };
    assert!(matches!(
        said("Invalid credentials."),
        Refusal::Forbidden(_)
    ));
    assert!(matches!(
        said("show -&gt; pbf is unexpected"),
        Refusal::UnknownCommand(_)
    ));
    assert!(matches!(
        said("Session timed out"),
        Refusal::SessionTimedOut(_)
    ));
    assert!(matches!(
        said("Timed out while getting config lock"),
        Refusal::Busy(_)
    ));
    assert!(matches!(
        said("debug not available to xmlapi client"),
        Refusal::Other(..)
    ));
}

#[test]
fn what_a_device_says_is_one_short_line_in_the_message() {
    let long = format!("\u{202e}x\n\ty{}", "z".repeat(10_000));
    let body =
        format!("<response status='error' code='4'><msg>{long}&#27;[31m&#7;</msg></response>");
    let found = reply(200, body.as_bytes()).unwrap_err().to_string();
    assert!(found.starts_with("internal error (4): "), "{found}");
    assert!(!found.contains(char::is_control));
    assert!(found.chars().count() <= 230);
}

#[test]
fn every_refusal_has_words_and_a_remedy() {
    let no = || "no".to_owned();
    for (refusal, words) in [
        (Refusal::Forbidden(no()), "forbidden (403): no"),
        (Refusal::Unauthorized(no()), "unauthorized (16): no"),
        (
            Refusal::UnknownCommand(no()),
            "unknown or invalid command (1, 17): no",
        ),
        (Refusal::Passive(no()), "operation denied (15): no"),
        (Refusal::Busy(no()), "busy: no"),
        (Refusal::Internal(11, no()), "internal error (11): no"),
        (Refusal::BadRequest(6, no()), "bad request (6): no"),
        (Refusal::SessionTimedOut(no()), "session timed out (22): no"),
        (Refusal::Other("9".to_owned(), no()), "refused (code 9): no"),
        (Refusal::Unreadable(no()), "unreadable answer: no"),
        (Refusal::Busy(String::new()), "busy"),
    ] {
        assert_eq!(refusal.to_string(), words);
        assert!(!refusal.remedy().is_empty() && !refusal.remedy().ends_with('.'));
    }
}

#[test]
fn a_key_is_taken_at_any_length() {
    let result = reply(200, &body("keygen")).unwrap();
    assert_eq!(
        key(&result).as_deref(),
        Some("LUFRPT1TeTEyMzQ1Njc4OWFiY2RlZg==")
    );
    let long = "k".repeat(100_000);
    let body = format!("<response status='success'><result><key>{long}</key></result></response>");
    assert_eq!(key(&reply(200, body.as_bytes()).unwrap()), Some(long));
    assert_eq!(key(&reply(200, &super::body("empty")).unwrap()), None);
}
