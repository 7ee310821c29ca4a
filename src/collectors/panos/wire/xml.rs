//! A reply's XML as a small tree, built in one pass of quick-xml's reader, with bounds.
//!
//! What a management plane sends is believed as little as what a stranger sends: no DOCTYPE, no entity but the five of
//! XML, UTF-8 only, one root, and a bound on everything that a short text can make long.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use super::words;

pub use element::Element;

mod element;

/// Levels. Replies have about ten; dropping a tree takes stack for each.
pub const DEPTH_MAX: usize = 32;
/// Elements. A chassis with thousands of sub-interfaces sends some ten thousand; each takes about 150 bytes here.
pub const ELEMENTS_MAX: usize = 200_000;
/// Attributes of one element. Replies have at most three; looking for one twice takes the square of their number.
pub const ATTRIBUTES_MAX: usize = 32;

/// Why a body is no XML that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// It breaks a rule of XML.
    #[error("the answer is not XML: {0}")]
    NotXml(String),
    /// The root or another element has no end.
    #[error("the answer ends in the middle")]
    Truncated,
    /// More levels than [`DEPTH_MAX`].
    #[error("the answer is nested deeper than {DEPTH_MAX}")]
    Deep,
    /// More elements than [`ELEMENTS_MAX`].
    #[error("the answer has more than {ELEMENTS_MAX} elements")]
    Many,
    /// More attributes in an element than [`ATTRIBUTES_MAX`].
    #[error("an element of the answer has more than {ATTRIBUTES_MAX} attributes")]
    Attributes,
    /// Entities are made there.
    #[error("a DOCTYPE is not taken")]
    Doctype,
    /// Bytes that are no UTF-8.
    #[error("the answer is not UTF-8")]
    NotUtf8,
    /// Another encoding is declared, and the bytes depend on it.
    #[error("the answer is in {0}, not in UTF-8")]
    Encoding(String),
}

/// Reads a whole document.
///
/// # Errors
/// The first thing that is wrong; nothing of a torn document is taken.
pub fn parse(body: &[u8]) -> Result<Element, XmlError> {
    let mut reader = Reader::from_str(utf8(body)?);
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(fault)? {
            Event::Start(tag) => tree.open(&tag)?,
            Event::Empty(tag) => {
                tree.open(&tag)?;
                tree.close();
            }
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.text(&resolved(&reference)?)?,
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

/// The elements that are open, the root first, and the root when it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, tag: &BytesStart) -> Result<(), XmlError> {
        if self.root.is_some() {
            return Err(not_xml("an element after the end"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(XmlError::Deep);
        }
        if self.elements >= ELEMENTS_MAX {
            return Err(XmlError::Many);
        }
        self.elements += 1;
        self.open
            .push(Element::new(name(tag.name().as_ref())?, attributes(tag)?));
        Ok(())
    }

    /// The reader has seen to it that one is open, and of this name.
    fn close(&mut self) {
        let Some(mut element) = self.open.pop() else {
            return;
        };
        element.trim();
        match self.open.last_mut() {
            Some(parent) => parent.add(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(element) => element.append(text),
            None if text.trim().is_empty() => {}
            None if self.root.is_some() => return Err(not_xml("text after the end")),
            None => return Err(not_xml("text in place of an element")),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        match self.root {
            Some(root) => Ok(root),
            None if self.open.is_empty() => Err(not_xml("it is empty")),
            None => Err(XmlError::Truncated),
        }
    }
}

/// The body as text: a byte order mark is fine, and so is another declared encoding where ASCII means the same.
fn utf8(body: &[u8]) -> Result<&str, XmlError> {
    let valid = body.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let declared = declared_encoding(valid)
        .filter(|name| !matches!(&*name.to_ascii_lowercase(), "utf-8" | "utf8"));
    match declared {
        Some(name) if !body.is_ascii() => Err(XmlError::Encoding(words::plain(&name, 40))),
        _ if valid.len() == body.len() => Ok(valid),
        _ if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") => {
            Err(XmlError::Encoding("UTF-16".to_owned()))
        }
        _ => Err(XmlError::NotUtf8),
    }
}

fn declared_encoding(text: &str) -> Option<String> {
    let Ok(Event::Decl(declaration)) = Reader::from_str(text).read_event() else {
        return None;
    };
    let encoding = declaration.encoding()?.ok()?;
    Some(encoding.into_owned())
}

/// Names are not held to the letter of XML, as devices make them of the names of tasks and slots; but what would tear a
/// tag is refused.
fn name(name: &str) -> Result<Box<str>, XmlError> {
    let tears = |c: char| c.is_control() || "<>&\"'=/".contains(c);
    if name.is_empty() || name.contains(tears) {
        return Err(not_xml("a name that is no name"));
    }
    Ok(name.into())
}

type Attributes = Vec<(Box<str>, Box<str>)>;

fn attributes(tag: &BytesStart) -> Result<Attributes, XmlError> {
    let mut read = Vec::new();
    for attribute in tag.attributes() {
        if read.len() >= ATTRIBUTES_MAX {
            return Err(XmlError::Attributes);
        }
        let attribute = attribute.map_err(|error| fault(error.into()))?;
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(fault)?;
        read.push((name(attribute.key.as_ref())?, value.trim().into()));
    }
    Ok(read)
}

fn resolved(reference: &BytesRef) -> Result<String, XmlError> {
    if let Some(character) = reference.resolve_char_ref().map_err(fault)? {
        return Ok(character.to_string());
    }
    resolve_predefined_entity(reference)
        .map(str::to_owned)
        .ok_or_else(|| not_xml(&format!("the entity {}", words::quoted(reference))))
}

fn not_xml(why: &str) -> XmlError {
    XmlError::NotXml(words::plain(why, 120))
}

/// The reader's error in ours: all but one of its errors of syntax say that something is not closed.
fn fault(error: Error) -> XmlError {
    use quick_xml::errors::SyntaxError;
    match error {
        Error::Syntax(SyntaxError::UnclosedDoctype) => XmlError::Doctype,
        Error::Syntax(SyntaxError::InvalidBangMarkup) => not_xml("an unknown mark after <!"),
        Error::Syntax(_) => XmlError::Truncated,
        Error::IllFormed(quick_xml::errors::IllFormedError::MissingDoctypeName) => {
            XmlError::Doctype
        }
        other => not_xml(&other.to_string()),
    }
}
