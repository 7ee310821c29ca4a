//! Auto Scaling's Query protocol, as far as two calls need it: what they carry, what an answer means.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Call, Reply, Waiting};
use crate::model::chain;
use crate::publish::outcome::{Outcome, of_error, remedy};

/// The version of the API (its reference, "Query requests").
const VERSION: &str = "2011-01-01";
/// Bytes of a form that stand for themselves (RFC 3986, 2.3).
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// An answer of whoever answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) date: Option<i64>,
    pub(super) body: Vec<u8>,
}

/// The body of the request.
pub(super) fn form(call: Call, of: &Waiting) -> String {
    let mut form = format!("Action={}&Version={VERSION}", call.action());
    let result = (call == Call::Complete).then_some(("LifecycleActionResult", "CONTINUE"));
    let parameters = [
        ("AutoScalingGroupName", of.group.as_str()),
        ("LifecycleHookName", of.hook.as_str()),
        ("InstanceId", of.instance.as_str()),
    ];
    for (name, value) in parameters.into_iter().chain(result) {
        form.push('&');
        form.push_str(name);
        form.push('=');
        form.extend(utf8_percent_encode(value, FORM));
    }
    form
}

/// What an answer means.
pub(super) fn judge(call: Call, answer: &Answer) -> Reply {
    let told = Told::read(&answer.body);
    if answer.status == 200 {
        let done = told.root.strip_suffix("Response") == Some(call.action());
        let stranger =
            "HTTP 200 from something that is not Auto Scaling: a proxy or portal in between?";
        return match done {
            true => Reply::Done,
            false => Reply::Failed(stranger.to_owned()),
        };
    }
    let (code, message) = (chain::line(&told.code), chain::line(&told.message));
    // The one word of it that API and SDKs know is ValidationError, as of any wrong parameter.
    if code == "ValidationError" && message.contains("No active Lifecycle Action") {
        return Reply::NoAction;
    }
    let status = answer.status;
    let named = Some(code.as_str()).filter(|code| !code.is_empty());
    let shown = named.map_or_else(|| format!("HTTP {status}"), ToOwned::to_owned);
    match of_error(named, status) {
        Outcome::Denied => Reply::Denied(format!("{shown}: {message}; {}", to_do(&code))),
        Outcome::Invalid => Reply::Denied(format!(
            "{shown}: {message}; check the names of hook, group and instance, and the Region"
        )),
        _ => Reply::Failed(format!("{shown}: {message}")),
    }
}

fn to_do(code: &str) -> &'static str {
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            "allow autoscaling:RecordLifecycleActionHeartbeat and autoscaling:CompleteLifecycleAction on this group in the instance role's policy"
        }
        code => remedy(code),
    }
}

/// What an answer's XML tells: of `<ErrorResponse><Error><Code>…</Code><Message>…</Message>`, or `<…Response>`.
#[derive(Debug, Default)]
struct Told {
    root: String,
    code: String,
    message: String,
}

impl Told {
    /// Reads as far as it is XML; the rest stays empty.
    fn read(body: &[u8]) -> Self {
        let mut told = Told::default();
        let mut reader = Reader::from_str(std::str::from_utf8(body).unwrap_or_default());
        let mut open = String::new();
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    open = tag.name().as_ref().to_owned();
                    if told.root.is_empty() {
                        told.root.clone_from(&open);
                    }
                }
                Ok(Event::Text(text)) => {
                    let text = text.xml10_content();
                    match open.as_str() {
                        "Code" => told.code.push_str(&text),
                        "Message" => told.message.push_str(&text),
                        _ => {}
                    }
                }
                Ok(Event::End(_)) => open.clear(),
                Ok(Event::Eof) | Err(_) => return told,
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            date: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn error(code: &str, message: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n  <RequestId>1</RequestId>\n</ErrorResponse>"
        )
    }

    #[test]
    fn an_answer_is_judged_by_its_root_its_code_and_its_status() {
        let done = "<CompleteLifecycleActionResponse xmlns=\"x\"><CompleteLifecycleActionResult/></CompleteLifecycleActionResponse>";
        assert_eq!(judge(Call::Complete, &answer(200, done)), Reply::Done);
        for stranger in ["", "<html><body>Log in</body></html>", "{}"] {
            let reply = judge(Call::Complete, &answer(200, stranger));
            assert!(matches!(reply, Reply::Failed(_)), "{stranger}");
        }
        // The other call's answer is none of ours.
        let reply = judge(Call::Heartbeat, &answer(200, done));
        assert!(matches!(reply, Reply::Failed(_)));
        let gone = error(
            "ValidationError",
            "No active Lifecycle Action found with instance ID i-1",
        );
        assert_eq!(judge(Call::Heartbeat, &answer(400, &gone)), Reply::NoAction);
        let group = error("ValidationError", "AutoScalingGroup name not found");
        let denied = error("AccessDenied", "User is not authorized");
        for (text, says) in [(group, "check the names"), (denied, "allow autoscaling:")] {
            let Reply::Denied(why) = judge(Call::Complete, &answer(403, &text)) else {
                panic!("{text}");
            };
            assert!(why.contains(says), "{why}");
        }
        for (status, text) in [
            (400, error("Throttling", "Rate exceeded")),
            (500, error("ResourceContention", "busy")),
            (503, String::new()),
            (502, "<html>".to_owned()),
        ] {
            let reply = judge(Call::Complete, &answer(status, &text));
            assert!(matches!(reply, Reply::Failed(_)), "{status} {reply:?}");
        }
    }

    #[test]
    fn the_form_is_encoded_byte_for_byte() {
        let of = Waiting {
            group: "edge fleet/ü".to_owned(),
            hook: "a-b_c.d~e".to_owned(),
            instance: "i-1".to_owned(),
            region: None,
        };
        assert_eq!(
            form(Call::Complete, &of),
            "Action=CompleteLifecycleAction&Version=2011-01-01&AutoScalingGroupName=edge%20fleet%2F%C3%BC&LifecycleHookName=a-b_c.d~e&InstanceId=i-1&LifecycleActionResult=CONTINUE"
        );
        assert!(!form(Call::Heartbeat, &of).contains("Result"));
    }
}
