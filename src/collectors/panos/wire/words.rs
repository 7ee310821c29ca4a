//! The words in a reply: numbers as devices write them, and text that may be shown.

/// A number that is finite and not negative, with commas between thousands or without.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = without_commas(text.trim())?;
    // Rust reads "inf", "1e5" and "-0" too; a device that writes those says something else.
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    digits.parse().ok().filter(|n: &f64| plain && n.is_finite())
}

/// A whole number, with commas between thousands or without.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = without_commas(text.trim())?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// "1,234" without its comma; `None` where a comma does not part thousands, as in a list.
fn without_commas(text: &str) -> Option<String> {
    let (thousands, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut groups = thousands.split(',');
    let first = groups.next().unwrap_or_default();
    let mut joined = first.to_owned();
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        joined.push_str(group);
    }
    joined.push_str(fraction);
    Some(joined)
}

/// What devices write where they have nothing to say.
pub(super) fn placeholder(text: &str) -> bool {
    ["", "-", "--", "n/a", "na", "none", "unknown"]
        .iter()
        .any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Text of a device for a log line: one line, no control characters, at most so many characters.
pub(super) fn plain(text: &str, characters_max: usize) -> String {
    let mut shown = String::new();
    let mut left = characters_max;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if left == 0 {
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
            left -= 1;
        }
        shown.extend(word.chars().take(left));
        left -= word.chars().count().min(left);
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// A field's text between quotes, for an oddity.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text, 40))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_with_commas_between_thousands() {
        assert_eq!(number(" 128,540 "), Some(128_540.0));
        assert_eq!(number("1,234,567.25"), Some(1_234_567.25));
        assert_eq!(whole("4142667796"), Some(4_142_667_796));
        for text in [
            "", "-1", "+1", "1e5", "inf", "NaN", "1,2", "1234,567", ",123", "1.2.3", "0x10", "12%",
        ] {
            assert_eq!(number(text), None, "{text}");
            assert_eq!(whole(text), None, "{text}");
        }
        assert_eq!(whole("18446744073709551616"), None);
        assert_eq!(whole("1.0"), None);
        assert_eq!(number(&"9".repeat(400)), None);
    }

    #[test]
    fn shown_text_is_one_line_and_bounded() {
        assert_eq!(plain(" a\tb\u{1b}[31m\r\n c ", 100), "a b [31m c");
        assert_eq!(plain("abcdef gh", 4), "abcd");
        assert_eq!(plain("ab cd", 3), "ab");
        assert_eq!(plain("äöü", 2), "äö");
        assert_eq!(plain("", 2), "");
    }
}
