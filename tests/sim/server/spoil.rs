//! Spoils an answer: what each fault makes of it.

use std::time::Duration;

use super::deliver::{Answer, Delivery};
use super::fault::{ErrorShape, Fault};

use super::super::replies::error_xml;

/// What a fault makes of an answer; `key` is the one that was sent.
pub(super) fn spoil(mut answer: Answer, fault: &Fault, key: &str) -> (Answer, Delivery) {
    let mut delivery = Delivery::Whole;
    match fault {
        Fault::Slow(ms) => delivery = Delivery::Late(Duration::from_millis(*ms)),
        Fault::Hang => delivery = Delivery::Never,
        Fault::Cut => delivery = Delivery::Cut,
        Fault::WrongLength => delivery = Delivery::ShortLength,
        Fault::Trickle => delivery = Delivery::Trickle,
        Fault::Endless => delivery = Delivery::Endless,
        Fault::Garbage => {
            answer.body = b"\x00\x01\x02 not today \xff\xfe\r\n\r\n".repeat(4);
            delivery = Delivery::Raw;
        }
        Fault::Html => answer = login_page(),
        Fault::Http(status) => answer = Answer::page(*status),
        Fault::Code(code, text, shape) => answer = api_error(*code, text, *shape),
        Fault::ClientNotAvailable => answer = busy(),
        Fault::EchoKey => {
            let text = format!("Illegal value for parameter key: {key}");
            answer = api_error(13, &text, ErrorShape::Line);
        }
        Fault::Empty => answer.body.clear(),
        Fault::NotXml => {
            answer.body = b"Server is busy, please try again & again < later >\n".to_vec()
        }
        Fault::Truncated => answer.body.truncate(answer.body.len() * 2 / 3),
        Fault::ExtraFields => answer.body = with_extra_fields(&answer.body),
        Fault::DeepNesting(depth) => {
            let inner = format!("{}{}", "<a>".repeat(*depth), "</a>".repeat(*depth));
            answer.body = within(&inner).into_bytes();
        }
        Fault::HugeText(bytes) => {
            answer.body = within(&format!("<name>{}</name>", "x".repeat(*bytes))).into_bytes();
        }
        Fault::EntityBomb => answer.body = bomb().into_bytes(),
        Fault::ExternalEntity => {
            let doctype = "<?xml version=\"1.0\"?>\n<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>\n";
            answer.body = format!("{doctype}{}", within("<name>&x;</name>")).into_bytes();
        }
        Fault::Latin1 => answer.body = latin1(&answer.body),
        Fault::Utf16 => answer.body = utf16(&answer.body),
    }
    (answer, delivery)
}

fn within(inner: &str) -> String {
    format!("<response status=\"success\"><result>{inner}</result></response>")
}

fn login_page() -> Answer {
    let page = "<!DOCTYPE html>\n<html><head><title>Login</title></head>\n<body><form method=\"post\" action=\"/php/login.php\">\
                <input name=\"user\"><input name=\"passwd\" type=\"password\"><br></form></body></html>\n";
    Answer {
        status: 200,
        code: None,
        content_type: "text/html; charset=UTF-8",
        body: page.as_bytes().to_vec(),
    }
}

fn api_error(code: u16, text: &str, shape: ErrorShape) -> Answer {
    let status = if code == 403 { 403 } else { 200 };
    Answer::xml(
        status,
        Some(code),
        error_xml(code, &[text.to_owned()], shape),
    )
}

fn busy() -> Answer {
    let text = "op command for client dagger timed out as client is not available";
    let body = format!("<response status=\"error\"><msg><line>{text}</line></msg></response>");
    Answer::xml(200, None, body)
}

/// New elements at the start of the result and of every entry, and new attributes on the response.
fn with_extra_fields(body: &[u8]) -> Vec<u8> {
    let new = "<x-future kind=\"later\"><x-deep>1</x-deep>text</x-future>";
    let mut text = String::from_utf8_lossy(body).into_owned();
    text = text.replacen(
        "<response ",
        "<response x-trace=\"7f\" xmlns:x=\"urn:x\" ",
        1,
    );
    text = text.replacen("<result>", &format!("<result>{new}"), 1);
    let mut wider = String::new();
    let mut parts = text.split("<entry");
    wider.push_str(parts.next().unwrap_or_default());
    for part in parts {
        wider.push_str("<entry");
        match part.split_once('>') {
            Some((tag, rest)) if !tag.ends_with('/') => {
                wider.push_str(&format!("{tag}>{new}{rest}"));
            }
            _ => wider.push_str(part),
        }
    }
    wider.into_bytes()
}

fn bomb() -> String {
    let mut doctype = "<?xml version=\"1.0\"?>\n<!DOCTYPE r [\n<!ENTITY e0 \"lol\">\n".to_owned();
    for level in 1..10 {
        let more = format!("&e{};", level - 1).repeat(10);
        doctype.push_str(&format!("<!ENTITY e{level} \"{more}\">\n"));
    }
    format!("{doctype}]>\n{}", within("<name>&e9;</name>"))
}

/// Without its XML declaration.
fn undeclared(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.split_once("?>") {
        Some((start, rest)) if start.starts_with("<?xml") => rest.trim_start().to_owned(),
        _ => text.into_owned(),
    }
}

fn latin1(body: &[u8]) -> Vec<u8> {
    let text = undeclared(body);
    let mut bytes = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n".to_vec();
    let (start, rest) = text.split_once("<result>").unwrap_or(("", &text));
    bytes.extend(start.bytes());
    bytes.extend(b"<result><note>caf\xe9 na\xefve</note>");
    bytes.extend(rest.bytes());
    bytes
}

fn utf16(body: &[u8]) -> Vec<u8> {
    let text = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n{}",
        undeclared(body)
    );
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
