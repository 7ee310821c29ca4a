//! What holds for any tree, any list and any bytes.

use fwmetrics::collectors::panos::wire::*;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{BODIES, everything, wrapped};

/// A piece of an element's content.
#[derive(Debug, Clone)]
enum Piece {
    /// Text, and how each character is written.
    Text(String, Vec<u8>),
    Data(String),
    Comment,
    Child(Tree),
}

#[derive(Debug, Clone)]
struct Tree {
    name: String,
    /// Name, value, whether in double quotes, blanks around the sign.
    attributes: Vec<(String, String, bool, String)>,
    pieces: Vec<Piece>,
    /// Blanks before the end of each tag.
    blanks: String,
}

const BLANKS: &str = "[ \n\t]{0,2}";

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = piece(Just(Piece::Comment).boxed());
    let leaf = element(leaf);
    leaf.prop_recursive(4, 40, 5, |inner| {
        element(piece(inner.prop_map(Piece::Child).boxed()))
    })
}

fn piece(child: BoxedStrategy<Piece>) -> BoxedStrategy<Piece> {
    let any_text = "[a-zé<>&'\" \n\\]0-9]{0,8}";
    prop_oneof![
        3 => child,
        2 => (any_text, vec(0..4_u8, 8)).prop_map(|(text, how)| Piece::Text(text, how)),
        1 => any_text
            .prop_filter("the end of CDATA", |text| !text.contains("]]>"))
            .prop_map(Piece::Data),
        1 => Just(Piece::Comment),
    ]
    .boxed()
}

fn element(piece: BoxedStrategy<Piece>) -> BoxedStrategy<Tree> {
    let attribute = (
        "[a-z_][a-z0-9.-]{0,3}",
        "[a-zé<>&'\" 0-9]{0,6}",
        any::<bool>(),
        BLANKS,
    );
    let attributes = vec(attribute, 0..3).prop_map(|mut attributes| {
        attributes.sort();
        attributes.dedup_by(|a, b| a.0 == b.0);
        attributes
    });
    (
        "[a-z_][a-z0-9.-]{0,6}",
        attributes,
        vec(piece, 0..5),
        BLANKS,
    )
        .prop_map(|(name, attributes, pieces, blanks)| Tree {
            name,
            attributes,
            pieces,
            blanks,
        })
        .boxed()
}

fn escaped(text: &str, how: &[u8]) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        let code = u32::from(c);
        match (how.get(at % how.len().max(1)), c) {
            (Some(1), _) => out.push_str(&format!("&#{code};")),
            (Some(2), _) => out.push_str(&format!("&#x{code:X};")),
            (_, '<') => out.push_str("&lt;"),
            (_, '>') => out.push_str("&gt;"),
            (_, '&') => out.push_str("&amp;"),
            (Some(3), '\'') => out.push_str("&apos;"),
            (Some(3), '"') => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

impl Tree {
    fn render(&self, out: &mut String) {
        out.push_str(&format!("<{}", self.name));
        for (name, value, double, blanks) in &self.attributes {
            let quote = if *double { '"' } else { '\'' };
            let value = escaped(value, &[])
                .replace('"', "&quot;")
                .replace('\'', "&#39;");
            out.push_str(&format!(
                " {blanks}{name}{blanks}={blanks}{quote}{value}{quote}"
            ));
        }
        out.push_str(&self.blanks);
        if self.pieces.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for piece in &self.pieces {
            match piece {
                Piece::Text(text, how) => out.push_str(&escaped(text, how)),
                Piece::Data(text) => out.push_str(&format!("<![CDATA[{text}]]>")),
                Piece::Comment => out.push_str("<!-- <no/> & -->"),
                Piece::Child(child) => child.render(out),
            }
        }
        out.push_str(&format!("</{}{}>", self.name, self.blanks));
    }

    fn is(&self, element: &Element) -> Result<(), TestCaseError> {
        prop_assert_eq!(element.name(), &self.name);
        for (name, value, ..) in &self.attributes {
            prop_assert_eq!(element.attribute(name), Some(value.trim()));
        }
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text, _) | Piece::Data(text) => text.as_str(),
            _ => "",
        });
        let text: String = texts.collect();
        prop_assert_eq!(element.text(), text.trim());
        let children: Vec<&Tree> = self
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Child(child) => Some(child),
                _ => None,
            })
            .collect();
        prop_assert_eq!(element.children().count(), children.len());
        for (child, element) in children.into_iter().zip(element.children()) {
            child.is(element)?;
        }
        Ok(())
    }
}

/// Reads it as a reply, and by every parser if it is one.
fn read_all(body: &[u8]) {
    for status in [200, 403, 500] {
        if let Err(refusal) = reply(status, body) {
            assert!(!refusal.to_string().contains(char::is_control));
        }
    }
    if let Ok(root) = parse(body) {
        everything(&root);
        root.children().for_each(|child| drop(everything(child)));
    }
}

#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Cut(usize, usize),
    Copy(usize, usize, usize),
    Insert(usize, &'static str),
}

/// What numbers, tags and texts are torn with.
const MARKS: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "&",
    ";",
    "]]>",
    "<![CDATA[",
    "*",
    ",",
    "-1",
    "1e999",
    "\"",
    "'",
    "{",
    "}",
    ":",
    "entry",
    "<entry>",
    "</entry>",
    "name",
    "18446744073709551616",
    "\u{0}",
    "ü",
    "never",
];

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..9999_usize, any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (0..9999_usize, 0..60_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        (0..9999_usize, 0..200_usize, 0..9999_usize).prop_map(|(a, l, b)| Change::Copy(a, l, b)),
        (0..9999_usize, proptest::sample::select(MARKS))
            .prop_map(|(at, mark)| Change::Insert(at, mark)),
    ]
}

fn changed(mut body: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let place = |at: usize| at % body.len().max(1);
        let end = |at: usize, length: usize| (place(at) + length).min(body.len());
        match *change {
            Change::Set(at, byte) => {
                let at = place(at);
                body.splice(at..(at + 1).min(body.len()), [byte]);
            }
            Change::Cut(at, length) => drop(body.drain(place(at).min(body.len())..end(at, length))),
            Change::Copy(from, length, to) => {
                let part = body[place(from).min(body.len())..end(from, length)].to_vec();
                let to = place(to);
                body.splice(to..to, part);
            }
            Change::Insert(at, mark) => {
                let at = place(at);
                body.splice(at..at, mark.bytes());
            }
        }
    }
    body
}

fn csv(values: &[u8]) -> String {
    let words: Vec<String> = values.iter().map(u8::to_string).collect();
    words.join(",")
}

proptest! {
    #[test]
    fn any_tree_is_read_as_it_was_written(tree in tree()) {
        let mut text = String::new();
        tree.render(&mut text);
        let root = parse(text.as_bytes()).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        tree.is(&root)?;
    }

    #[test]
    fn no_bytes_panic(body in vec(any::<u8>(), 0..300)) {
        read_all(&body);
    }

    #[test]
    fn no_text_of_marks_panics(words in vec(proptest::sample::select(&[
        "<", ">", "/", "a", " ", "=", "'", "\"", "&", "#", "x", ";", "!", "-", "[", "]", "CDATA", "DOCTYPE", "?", "xml", "é", "\n",
        "<result>", "</result>", "<response status='success'>", "</response>",
    ][..]), 0..60)) {
        read_all(words.concat().as_bytes());
    }

    #[test]
    fn a_golden_reply_that_was_tampered_with_does_not_panic(
        which in any::<proptest::sample::Index>(),
        changes in vec(change(), 1..6),
    ) {
        let (_, body) = which.get(&BODIES);
        read_all(&changed(body.clone(), &changes));
    }

    #[test]
    fn a_list_of_seconds_keeps_its_count_and_turns_around(
        cores in vec(vec(0..=100_u8, 1..61), 1..9),
        stars in 0..5_usize,
    ) {
        let entries: String = cores.iter().enumerate().map(|(id, values)| {
            let list = csv(values) + &",*".repeat(stars);
            format!("<entry><coreid>{}</coreid><value>{list}</value></entry>", id + 1)
        }).collect();
        let result = wrapped(&format!(
            "<resource-monitor><data-processors><dp7><second><cpu-load-average>{entries}</cpu-load-average></second></dp7>\
             </data-processors></resource-monitor>"
        ));
        let mut odd = Oddities::new();
        let found = resources(&result, &mut odd).unwrap();
        prop_assert!(odd.is_empty());
        prop_assert_eq!(found.cores.len(), cores.len());
        for (core, values) in found.cores.iter().zip(&cores) {
            let turned: Vec<f64> = values.iter().rev().map(|value| f64::from(*value)).collect();
            prop_assert_eq!(&core.percent, &turned);
        }
    }

    #[test]
    fn sums_are_sums(parts in vec((1..4_u8, 0..3_u8, 0..1_000_000_u32), 1..30)) {
        let members: String = parts.iter().map(|(_, _, n)| format!("<member>{n}</member>")).collect();
        let total: u64 = parts.iter().map(|(_, _, n)| u64::from(*n)).sum();
        prop_assert_eq!(ssl_sessions(&wrapped(&members), &mut Oddities::new()), Some(total));
        let entries: String = parts.iter().map(|(vsys, dp, n)| {
            format!("<entry><vsys>{vsys}</vsys><dp>dp{dp}</dp><current>{n}</current><maximum>9</maximum></entry>")
        }).collect();
        let meter = vsys_meter(&wrapped(&entries), &mut Oddities::new()).unwrap();
        let names: std::collections::BTreeSet<u8> = parts.iter().map(|(vsys, ..)| *vsys).collect();
        prop_assert_eq!(meter.len(), names.len());
        for one in meter {
            let own = parts.iter().filter(|(vsys, ..)| one.vsys == format!("vsys{vsys}"));
            let wanted: u32 = own.map(|(_, _, n)| *n).sum();
            prop_assert_eq!(one.current, f64::from(wanted));
        }
    }

    #[test]
    fn a_number_is_read_with_commas_or_without(number in any::<u64>()) {
        let digits = number.to_string();
        let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
        for text in [&digits, &groups.join(",")] {
            let result = wrapped(&format!("<n> {text}\n</n>"));
            prop_assert_eq!(result.whole("n"), Some(number));
            prop_assert_eq!(result.number("n"), Some(number as f64));
        }
    }
}
