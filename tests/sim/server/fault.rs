//! What can go wrong with an answer.

/// The three shapes of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorShape {
    /// `<msg><line>text</line></msg>`.
    Line,
    /// `<result><msg>text</msg></result>`, with odd quoting.
    Result,
    /// The text alone.
    Bare,
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It comes so many milliseconds late.
    Slow(u64),
    /// It never comes (for ten minutes at most; then the connection closes).
    Hang,
    /// The connection closes in the middle of the body.
    Cut,
    /// Whole for HTTP, and the XML ends in its middle.
    Truncated,
    /// So many elements in each other.
    DeepNesting(usize),
    /// A text of so many bytes.
    HugeText(usize),
    /// Entities that grow to a billion words.
    EntityBomb,
    /// An entity that names a file.
    ExternalEntity,
    /// ISO-8859-1, and declared so.
    Latin1,
    /// UTF-16, and declared so.
    Utf16,
    /// A login page with HTTP 200.
    Html,
    /// An HTTP status with a page.
    Http(u16),
    /// An error of the API.
    Code(u16, String, ErrorShape),
    /// The daemon behind the command is busy.
    ClientNotAvailable,
    /// No body.
    Empty,
    /// Text that is no XML.
    NotXml,
    /// Elements and attributes that nobody knows yet, everywhere.
    ExtraFields,
    /// A body without an end (a minute or 256 MiB at most).
    Endless,
    /// An error that says the key that was sent.
    EchoKey,
    /// `Content-Length` is ten bytes short: the rest stands in the way of the next answer.
    WrongLength,
    /// A byte of the body each 200 ms (for ten minutes at most).
    Trickle,
    /// No HTTP.
    Garbage,
}

impl Fault {
    /// An error of the API with a text of its code's, as `<msg><line>`.
    pub fn code(code: u16) -> Self {
        let text = match code {
            15 => "Operation not allowed on a passive device",
            16 => "Unauthorized request",
            17 => "show -> something  is unexpected",
            22 => "Session timed out",
            403 => "Invalid Credential",
            _ => "Something is wrong",
        };
        Self::Code(code, text.to_owned(), ErrorShape::Line)
    }

    /// Names for [`Fault::parse`], `help` and nothing else.
    pub const NAMES: &str = "slow=MS hang cut truncated nesting=N text=BYTES bomb external latin1 utf16 html http=STATUS \
                             code=N code=N:result code=N:bare busy empty noxml extra endless echokey length trickle garbage";

    /// From a word of [`Fault::NAMES`].
    pub fn parse(word: &str) -> Option<Self> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        Some(match name {
            "slow" => Self::Slow(value.parse().ok()?),
            "hang" => Self::Hang,
            "cut" => Self::Cut,
            "truncated" => Self::Truncated,
            "nesting" => Self::DeepNesting(value.parse().ok()?),
            "text" => Self::HugeText(value.parse().ok()?),
            "bomb" => Self::EntityBomb,
            "external" => Self::ExternalEntity,
            "latin1" => Self::Latin1,
            "utf16" => Self::Utf16,
            "html" => Self::Html,
            "http" => Self::Http(value.parse().ok()?),
            "code" => Self::parse_code(value)?,
            "busy" => Self::ClientNotAvailable,
            "empty" => Self::Empty,
            "noxml" => Self::NotXml,
            "extra" => Self::ExtraFields,
            "endless" => Self::Endless,
            "echokey" => Self::EchoKey,
            "length" => Self::WrongLength,
            "trickle" => Self::Trickle,
            "garbage" => Self::Garbage,
            _ => return None,
        })
    }

    fn parse_code(value: &str) -> Option<Self> {
        let (code, shape) = value.split_once(':').unwrap_or((value, "line"));
        let shape = match shape {
            "line" => ErrorShape::Line,
            "result" => ErrorShape::Result,
            "bare" => ErrorShape::Bare,
            _ => return None,
        };
        match Self::code(code.parse().ok()?) {
            Self::Code(code, text, _) => Some(Self::Code(code, text, shape)),
            other => Some(other),
        }
    }
}
