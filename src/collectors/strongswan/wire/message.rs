//! Messages: sections of values, lists and further sections.

/// Sections in sections; the messages that we ask for have five.
pub const DEPTH_MAX: usize = 16;
/// Elements of one message: an IKE SA with a thousand child SAs has half as many.
pub const ELEMENTS_MAX: usize = 65_536;

const SECTION_START: u8 = 1;
const SECTION_END: u8 = 2;
pub(super) const KEY_VALUE: u8 = 3;
const LIST_START: u8 = 4;
const LIST_ITEM: u8 = 5;
const LIST_END: u8 = 6;

/// A section, or a whole message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Section<'a> {
    values: Vec<(&'a [u8], &'a [u8])>,
    lists: Vec<(&'a [u8], Vec<&'a [u8]>)>,
    sections: Vec<(&'a [u8], Section<'a>)>,
}

impl<'a> Section<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let mut reader = Reader {
            rest: bytes,
            elements: 0,
        };
        reader.section(0)
    }

    /// The text of a key, if it is there; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.value(key).map(text)
    }

    /// The bytes of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a [u8]> {
        let mut values = self.values.iter();
        let found = values.find(|(name, _)| *name == key.as_bytes())?;
        Some(found.1)
    }

    /// The decimal number of a key, if it is one.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        let digits = self.value(key)?;
        if !digits.first()?.is_ascii_digit() {
            return None; // a sign
        }
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// The texts of a list; none where there is no such list.
    pub fn list(&self, key: &str) -> impl Iterator<Item = String> {
        let lists = self.lists.iter();
        let found = lists.filter(move |(name, _)| *name == key.as_bytes());
        found.flat_map(|(_, items)| items.iter().map(|item| text(item)))
    }

    /// The section of this name.
    #[must_use]
    pub fn section(&self, key: &str) -> Option<&Section<'a>> {
        let mut sections = self.sections.iter();
        let found = sections.find(|(name, _)| *name == key.as_bytes())?;
        Some(&found.1)
    }

    /// All sections in it, with their names.
    pub fn sections(&self) -> impl Iterator<Item = (String, &Section<'a>)> {
        let sections = self.sections.iter();
        sections.map(|(name, section)| (text(name), section))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Reader<'a> {
    rest: &'a [u8],
    elements: usize,
}

impl<'a> Reader<'a> {
    /// Reads up to the end of the section, which for the outermost one is that of the message.
    fn section(&mut self, depth: usize) -> Result<Section<'a>, String> {
        let mut section = Section::default();
        loop {
            match self.kind()? {
                Some(KEY_VALUE) => section.values.push((self.name()?, self.blob()?)),
                Some(LIST_START) => section.lists.push((self.name()?, self.list()?)),
                Some(SECTION_START) if depth == DEPTH_MAX => {
                    return Err(format!("sections deeper than {DEPTH_MAX}"));
                }
                Some(SECTION_START) => {
                    let name = self.name()?;
                    section.sections.push((name, self.section(depth + 1)?));
                }
                Some(SECTION_END) if depth > 0 => return Ok(section),
                None if depth == 0 => return Ok(section),
                None => return Err("a section that does not end".to_owned()),
                Some(other) => return Err(format!("an element of type {other} in a section")),
            }
        }
    }

    fn list(&mut self) -> Result<Vec<&'a [u8]>, String> {
        let mut items = Vec::new();
        loop {
            match self.kind()? {
                Some(LIST_ITEM) => items.push(self.blob()?),
                Some(LIST_END) => return Ok(items),
                Some(other) => return Err(format!("an element of type {other} in a list")),
                None => return Err("a list that does not end".to_owned()),
            }
        }
    }

    /// The type of the next element; `None` at the end of the message.
    fn kind(&mut self) -> Result<Option<u8>, String> {
        let Some((kind, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(format!("a message of more than {ELEMENTS_MAX} elements"));
        }
        self.rest = rest;
        Ok(Some(*kind))
    }

    fn name(&mut self) -> Result<&'a [u8], String> {
        let [length] = self.array()?;
        self.take(usize::from(length))
    }

    fn blob(&mut self) -> Result<&'a [u8], String> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(usize::from(length))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(cut)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn cut() -> String {
    "a message that is cut short".to_owned()
}
