//! A body of the XML API: the result in it, or the refusal, in all the shapes that releases give it.

use super::refusal::Refusal;
use super::words;
use super::xml::{self, Element};

/// In characters; the device's words go to logs.
const SAID_MAX: usize = 200;

/// The `<result>` of an answer, an empty one where there is none.
///
/// # Errors
/// What the device refused and why, by the code in the body, else by its words and the HTTP status.
pub fn reply(http_status: u16, body: &[u8]) -> Result<Element, Refusal> {
    let mut response = match xml::parse(body) {
        Ok(root) if root.name() == "response" => root,
        Ok(root) => return Err(no_answer(http_status, &no_response(&root))),
        Err(_) if is_html(body) => return Err(no_answer(http_status, HTML)),
        Err(error) => return Err(no_answer(http_status, &error.to_string())),
    };
    let code = response.attribute("code").unwrap_or_default();
    let success = match response.attribute("status") {
        Some(status) => status.eq_ignore_ascii_case("success"),
        None => return Err(no_answer(http_status, "a <response> without a status")),
    };
    let said = said(&response);
    let fine = success && matches!(code, "" | "19" | "20") && http_status < 400;
    // A daemon that does not answer has been seen to be told of as a success.
    if !fine || is_busy(&said) {
        return Err(refused(http_status, code, said));
    }
    Ok(response
        .take("result")
        .unwrap_or_else(|| response.renamed("result")))
}

/// The key in the result of `type=keygen`.
pub fn key(result: &Element) -> Option<String> {
    result.value("key").map(str::to_owned)
}

const HTML: &str = "an HTML page, not the XML API";

fn is_html(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let body = body.trim_ascii_start();
    let begins = |with: &[u8]| {
        body.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    begins(b"<!doctype html") || begins(b"<html")
}

fn no_response(root: &Element) -> String {
    if root.name().eq_ignore_ascii_case("html") {
        return HTML.to_owned();
    }
    format!("<{}> in place of <response>", words::plain(root.name(), 40))
}

/// Where the body says nothing, the status of HTTP is what there is.
fn no_answer(http_status: u16, why: &str) -> Refusal {
    match http_status {
        401 | 403 => Refusal::Forbidden(format!("HTTP status {http_status}")),
        500.. => Refusal::Internal(http_status.into(), format!("HTTP status; {why}")),
        200 => Refusal::Unreadable(why.to_owned()),
        _ => Refusal::Unreadable(format!("HTTP status {http_status}; {why}")),
    }
}

/// What the device says: `<msg>` with lines or without, in `<result>` or beside it, or bare text.
fn said(response: &Element) -> String {
    let places = ["msg", "result/msg"];
    let messages = places.iter().filter_map(|path| response.find(path));
    let text = messages.map(Element::whole_text).find(|t| !t.is_empty());
    let bare = || {
        let result = response.child("result").map(Element::text);
        [response.text(), result.unwrap_or_default()].join(" ")
    };
    words::plain(&text.unwrap_or_else(bare), SAID_MAX)
}

fn is_busy(said: &str) -> bool {
    said.contains("client is not available")
        || said.starts_with("op command for client") && said.contains("timed out")
}

fn is_about(said: &str, words: &str) -> bool {
    said.to_ascii_lowercase().contains(words)
}

fn refused(http_status: u16, code: &str, said: String) -> Refusal {
    let number: Option<u32> = code.parse().ok();
    match number {
        Some(403) => Refusal::Forbidden(said),
        Some(16) => Refusal::Unauthorized(said),
        Some(1 | 17) => Refusal::UnknownCommand(said),
        Some(15) => Refusal::Passive(said),
        Some(22) => Refusal::SessionTimedOut(said),
        None if is_about(&said, "session timed out") => Refusal::SessionTimedOut(said),
        _ if is_busy(&said) || is_about(&said, "timed out") => Refusal::Busy(said),
        Some(code @ (2..=5 | 11 | 21)) => Refusal::Internal(code, said),
        Some(code @ (400 | 6..=8 | 10 | 12..=14 | 18)) => Refusal::BadRequest(code, said),
        _ => uncoded(http_status, code, said),
    }
}

fn uncoded(http_status: u16, code: &str, said: String) -> Refusal {
    match http_status {
        401 | 403 => Refusal::Forbidden(said),
        500.. => Refusal::Internal(http_status.into(), said),
        _ if is_about(&said, "invalid credential") => Refusal::Forbidden(said),
        _ if is_about(&said, "is unexpected") => Refusal::UnknownCommand(said),
        _ if code.is_empty() => Refusal::Other("none".to_owned(), said),
        _ => Refusal::Other(words::plain(code, 20), said),
    }
}
