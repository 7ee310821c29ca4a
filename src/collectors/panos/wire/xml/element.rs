//! One element of a reply, and the ways to look into it.

use super::super::words;

/// An element with its attributes, its own text and its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    name: Box<str>,
    attributes: Vec<(Box<str>, Box<str>)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn new(name: Box<str>, attributes: Vec<(Box<str>, Box<str>)>) -> Self {
        Self {
            name,
            attributes,
            ..Self::default()
        }
    }

    pub(super) fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn add(&mut self, child: Self) {
        self.children.push(child);
    }

    /// Once the element is whole: parts of a text keep the blanks between them.
    pub(super) fn trim(&mut self) {
        let trimmed = self.text.trim();
        if trimmed.len() < self.text.len() {
            self.text = trimmed.to_owned();
        }
    }

    /// The same element under another name.
    pub(in super::super) fn renamed(self, name: &str) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// Takes the first child of this name out.
    pub(in super::super) fn take(&mut self, name: &str) -> Option<Self> {
        let place = self.children.iter().position(|child| child.name() == name);
        place.map(|place| self.children.swap_remove(place))
    }

    /// Its name, with a prefix if it has one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An attribute, without blanks around it.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| **known == *name);
        found.map(|(_, value)| &**value)
    }

    /// Its own text and CDATA one after the other, without blanks around them; not its children's.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its own text, then that of all its descendants, a line each: for answers that are text, however wrapped.
    pub fn whole_text(&self) -> String {
        let mut lines = vec![self.text.clone()];
        lines.extend(self.children.iter().map(Self::whole_text));
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    /// Whether it has neither text nor children.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.children.is_empty()
    }

    /// Its children, in order.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.children.iter()
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name() == name)
    }

    /// The first descendant on a path such as `group/local-info/state`.
    pub fn find(&self, path: &str) -> Option<&Self> {
        self.all(path).next()
    }

    /// All descendants on a path such as `entries/entry`, in order.
    pub fn all<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a Self> + use<'a> {
        let mut found = vec![self];
        for step in path.split('/') {
            let next = found.into_iter().flat_map(Self::children);
            found = next.filter(|child| child.name() == step).collect();
        }
        found.into_iter()
    }

    /// The text of a child that has some.
    pub fn value(&self, name: &str) -> Option<&str> {
        let texts = self.children.iter().filter(|child| child.name() == name);
        texts.map(Self::text).find(|text| !text.is_empty())
    }

    /// The text of a child, or else of an attribute: devices use both for names.
    pub fn either(&self, name: &str) -> Option<&str> {
        let attribute = || self.attribute(name).filter(|text| !text.is_empty());
        self.value(name).or_else(attribute)
    }

    /// A child's number: digits, perhaps a point, perhaps commas between thousands; finite and not negative.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.value(name).and_then(words::number)
    }

    /// A child's whole number, perhaps with commas between thousands.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.value(name).and_then(words::whole)
    }
}
