//! XML that no firewall should send: deep, huge, torn, with entities, in other encodings.

use fwmetrics::collectors::panos::wire::*;

use super::{BODIES, body, everything};

fn error(body: impl AsRef<[u8]>) -> XmlError {
    parse(body.as_ref()).unwrap_err()
}

fn text(body: impl AsRef<[u8]>) -> String {
    parse(body.as_ref()).unwrap().text().to_owned()
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(error(nested(DEPTH_MAX + 1)), XmlError::Deep);
    let empty = |depth: usize| "<a>".repeat(depth - 1) + "<a/>" + &"</a>".repeat(depth - 1);
    assert!(parse(empty(DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(error(empty(DEPTH_MAX + 1)), XmlError::Deep);
    assert_eq!(error("<a>".repeat(1_000_000)), XmlError::Deep);
}

#[test]
fn elements_and_attributes_have_limits() {
    let flat = |elements: usize| format!("<r>{}</r>", "<a/>".repeat(elements - 1));
    assert_eq!(
        parse(flat(ELEMENTS_MAX).as_bytes())
            .unwrap()
            .children()
            .count(),
        ELEMENTS_MAX - 1
    );
    assert_eq!(error(flat(ELEMENTS_MAX + 1)), XmlError::Many);
    let wide = |count: usize| {
        let attributes: String = (0..count).map(|n| format!(" a{n}=''")).collect();
        format!("<r{attributes}/>")
    };
    assert!(parse(wide(ATTRIBUTES_MAX).as_bytes()).is_ok());
    assert_eq!(error(wide(ATTRIBUTES_MAX + 1)), XmlError::Attributes);
    assert_eq!(error(wide(200_000)), XmlError::Attributes);
}

#[test]
fn no_entity_is_made_or_fetched() {
    let bomb = "<!DOCTYPE r [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><r>&b;</r>";
    assert_eq!(error(bomb), XmlError::Doctype);
    assert_eq!(
        error("<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>"),
        XmlError::Doctype
    );
    assert_eq!(error("<r><!DOCTYPE x></r>"), XmlError::Doctype);
    for unknown in [
        "<r>&b;</r>",
        "<r a='&b;'/>",
        "<r>&;</r>",
        "<r>a & b</r>",
        "<r>&",
    ] {
        assert!(matches!(error(unknown), XmlError::NotXml(_)), "{unknown}");
    }
    assert_eq!(
        text("<r>&lt;&gt;&amp;&apos;&quot;&#65;&#x42;</r>"),
        "<>&'\"AB"
    );
    for character in [
        "&#0;",
        "&#xD800;",
        "&#x110000;",
        "&#;",
        "&#-1;",
        "&#99999999999;",
    ] {
        let body = format!("<r>{character}</r>");
        assert!(matches!(error(body), XmlError::NotXml(_)), "{character}");
    }
}

#[test]
fn only_utf_8_is_read() {
    assert_eq!(text("\u{feff}<r>ü</r>"), "ü");
    assert_eq!(
        text("<?xml version='1.0' encoding = \"utf-8\"?><r>ü</r>"),
        "ü"
    );
    assert_eq!(
        text("<?xml version='1.0' encoding='ISO-8859-1'?><r>u</r>"),
        "u"
    );
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><r>\xfc</r>";
    assert_eq!(error(latin), XmlError::Encoding("ISO-8859-1".to_owned()));
    let wrongly = "<?xml version='1.0' encoding='latin1'?><r>ü</r>";
    assert_eq!(error(wrongly), XmlError::Encoding("latin1".to_owned()));
    let sixteen: Vec<u8> = "\u{feff}<r/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(error(sixteen), XmlError::Encoding("UTF-16".to_owned()));
    assert_eq!(error(b"<r>\xff</r>"), XmlError::NotUtf8);
}

#[test]
fn a_document_is_one_whole_element() {
    for torn in [
        "<r>",
        "<r><a></a>",
        "<r a='",
        "<r",
        "<r><![CDATA[x",
        "<r><!-- x",
        "<?xml",
    ] {
        assert_eq!(error(torn), XmlError::Truncated, "{torn}");
    }
    for wrong in [
        "",
        "  \n",
        "\0",
        "text",
        "text<r/>",
        "<r/>text",
        "<r/><r/>",
        "<r/><![CDATA[x]]>",
        "<r/>&amp;",
        "</r>",
        "<r></s>",
        "<r></R>",
        "<a><b></a></b>",
        "<>",
        "< r/>",
        "<r a/>",
        "<r a=1/>",
        "<r a='1' a='2'/>",
        "<a<b/>",
        "<r ='1'/>",
        "<!ELEMENT r ANY><r/>",
    ] {
        assert!(
            matches!(error(wrong), XmlError::NotXml(_)),
            "{wrong}: {}",
            error(wrong)
        );
    }
    for fine in [
        "<r/>",
        " <r />\n",
        "<!-- a --><r></r ><!-- b -->",
        "<?pi?><r/>",
    ] {
        assert!(parse(fine.as_bytes()).unwrap().is_empty(), "{fine}");
    }
}

#[test]
fn attributes_are_read_with_either_quote_and_blanks_around_the_sign() {
    let root = parse(b"<r a = 'x \"y\"' b=\"it's\" \n c\t=\n' &lt;1&gt; '/>").unwrap();
    assert_eq!(root.attribute("a"), Some("x \"y\""));
    assert_eq!(root.attribute("b"), Some("it's"));
    assert_eq!(root.attribute("c"), Some("<1>"));
    assert_eq!(root.attribute("d"), None);
}

#[test]
fn an_element_is_looked_into_by_paths() {
    let root = parse(
        b"<r>one <a><b>1</b></a><![CDATA[ & two]]><a k='v'><b>2</b><c/><n> 1,234.5 </n></a> three</r>",
    )
    .unwrap();
    assert_eq!(root.text(), "one  & two three");
    assert_eq!(root.whole_text(), "one  & two three\n1\n2\n1,234.5");
    let all: Vec<&str> = root.all("a/b").map(Element::text).collect();
    assert_eq!(all, ["1", "2"]);
    // The first a has none: a path is looked for everywhere.
    let n = root.find("a/n").unwrap();
    assert_eq!((n.name(), n.text()), ("n", "1,234.5"));
    let second = root.children().nth(1).unwrap();
    assert_eq!(second.number("n"), Some(1234.5));
    assert_eq!(second.whole("n"), None);
    assert_eq!(second.whole("b"), Some(2));
    assert_eq!(second.value("c"), None);
    assert_eq!(second.either("k"), Some("v"));
    assert!(root.find("a/x").is_none() && root.child("b").is_none());
}

#[test]
fn a_torn_reply_is_no_reply() {
    for (name, whole) in BODIES.iter() {
        let result = reply(200, whole);
        let end = whole.trim_ascii_end().len();
        for cut in 0..whole.len() {
            let torn = reply(200, &whole[..cut]);
            if cut >= end {
                assert_eq!(torn, result, "{name} to {cut}");
            } else {
                assert!(
                    matches!(torn, Err(Refusal::Unreadable(_))),
                    "{name} to {cut}"
                );
            }
        }
    }
}

#[test]
fn a_reply_of_one_command_is_understood_by_no_other_as_numbers() {
    // Every parser is run over every reply: those that are not its own give errors or nothing at all.
    for (name, whole) in BODIES.iter() {
        let Ok(result) = reply(200, whole) else {
            continue;
        };
        let read = everything(&result);
        let values = read.iter().filter(|text| {
            let nothing = [
                "None",
                "[]",
                "Ok([])",
                "Ok(Tunnels { configured: None, list: [] })",
            ];
            !text.starts_with("Err(") && !nothing.contains(&text.as_str())
        });
        // A tunnel's record holds its errors too, and what has a state has a name, though no counters.
        let twofold = ["tunnel", "states"]
            .iter()
            .any(|start| name.starts_with(start));
        let most = if twofold { 2 } else { 1 };
        assert!(values.count() <= most, "{name}: {read:#?}");
    }
}

#[test]
fn oddities_are_few_short_and_different() {
    let mut odd = Oddities::new();
    assert!(odd.is_empty());
    for n in 0..100 {
        odd.push(format!("odd\n{}", n / 2));
    }
    assert_eq!(odd.len(), 20);
    assert_eq!(odd.iter().next().unwrap(), "odd 0");
    let mut odd = Oddities::new();
    odd.push("x".repeat(1000));
    assert_eq!(odd.iter().map(String::len).collect::<Vec<_>>(), [200]);
    assert_eq!((&odd).into_iter().count(), 1);
    let many = format!(
        "<response status='success'><result><hw>{}</hw></result></response>",
        (0..1000)
            .map(|n| format!("<entry name='e{n}'><state>s{n}</state></entry>"))
            .collect::<String>()
    );
    let mut odd = Oddities::new();
    let states = interface_states(&reply(200, many.as_bytes()).unwrap(), &mut odd);
    assert_eq!(states, Ok(vec![]));
    assert_eq!(odd.into_iter().count(), 20);
}

#[test]
fn a_huge_reply_is_read_in_bounds() {
    let entry = "<entry><name>tunnel.1</name><ibytes>1</ibytes></entry>";
    let many = ELEMENTS_MAX / 3 - 10;
    let body = format!(
        "<response status='success'><result><ifnet>{}</ifnet></result></response>",
        entry.repeat(many)
    );
    let result = reply(200, body.as_bytes()).unwrap();
    let found = interface_counters(&result, &mut Oddities::new()).unwrap();
    assert_eq!(found.logical.len(), 1);
}

#[test]
fn crlf_is_a_line_end() {
    let body = String::from_utf8(body("panorama-vm-11.1")).unwrap();
    let body = body.replace('\n', "\r\n");
    let result = reply(200, body.as_bytes()).unwrap();
    assert_eq!(panorama(&result, &mut Oddities::new()), [false, true]);
}
