//! A command in one form: whatever its blanks and self-closing tags, the same structure gives the same text.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

/// The command written with start and end tags and trimmed texts only; `None` when it is no well-formed XML of one root.
pub(super) fn canonical(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut written = String::new();
    let mut text = String::new();
    let mut depth = 0_u32;
    let mut roots = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                end_text(&mut written, &mut text, depth)?;
                roots += u32::from(depth == 0);
                depth += 1;
                // Attributes stay: no command has any, so such a one is unknown.
                written.push_str(&format!("<{}>", &*tag));
            }
            Event::Empty(tag) => {
                end_text(&mut written, &mut text, depth)?;
                roots += u32::from(depth == 0);
                let (whole, name) = (
                    tag.trim_end().to_owned(),
                    tag.name().into_inner().to_owned(),
                );
                written.push_str(&format!("<{whole}></{name}>"));
            }
            Event::End(tag) => {
                end_text(&mut written, &mut text, depth)?;
                depth = depth.checked_sub(1)?;
                written.push_str(&format!("</{}>", tag.name().into_inner()));
            }
            Event::Text(more) => text.push_str(&more.xml10_content()),
            Event::CData(more) => text.push_str(&more),
            Event::GeneralRef(name) => match name.resolve_char_ref().ok()? {
                Some(character) => text.push(character),
                None => text.push_str(resolve_predefined_entity(&name)?),
            },
            Event::Eof => break,
            // A declaration, a comment and the like change nothing; a DOCTYPE has no business in a command.
            Event::DocType(_) => return None,
            _ => {}
        }
    }
    end_text(&mut written, &mut text, depth)?;
    (depth == 0 && roots == 1).then_some(written)
}

/// Writes what stood between two tags; outside of the root there must be nothing.
fn end_text(written: &mut String, text: &mut String, depth: u32) -> Option<()> {
    let trimmed = text.trim();
    if !trimmed.is_empty() {
        if depth == 0 {
            return None;
        }
        written.push_str(&escape(trimmed));
    }
    text.clear();
    Some(())
}

/// The tags that a canonical command opens, in order.
pub(super) fn path(canonical: &str) -> Vec<&str> {
    canonical
        .split('<')
        .filter(|tag| !tag.is_empty() && !tag.starts_with('/'))
        .filter_map(|tag| tag.split_once('>').map(|(name, _)| name))
        .collect()
}
