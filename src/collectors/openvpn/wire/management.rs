//! The management interface: lines, of which those that begin with `>` come unasked at any time
//! (doc/management-notes.txt).

/// The question for the clients or the counters.
pub const STATUS: &[u8] = b"status 3\n";
/// The question for the state of the connection.
pub const STATE: &[u8] = b"state\n";
/// What asks for a password, without a line's end.
const PASSWORD: &[u8] = b"ENTER PASSWORD:";
/// What a session begins with.
const GREETING: &[u8] = b">INFO:OpenVPN Management Interface";

/// What a session begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    /// Ask.
    Open,
    /// It wants a password.
    Password,
    /// It is something else.
    Foreign,
}

/// How the session begins; `None` until enough has come.
#[must_use]
pub fn greeting(bytes: &[u8]) -> Option<Greeting> {
    if bytes.starts_with(PASSWORD) {
        return Some(Greeting::Password);
    }
    let line = bytes.iter().position(|byte| *byte == b'\n');
    if line.is_some() && bytes.starts_with(GREETING) {
        return Some(Greeting::Open);
    }
    let begins = |with: &[u8]| with.starts_with(bytes) || bytes.starts_with(with);
    (!begins(GREETING) && !begins(PASSWORD)).then_some(Greeting::Foreign)
}

/// Follows an answer while it comes: looks at each byte once.
#[derive(Debug, Default)]
pub struct Answer {
    /// Where the line begins that is not whole yet.
    line: usize,
    /// Bytes of it that were looked at.
    seen: usize,
}

impl Answer {
    /// The last line of the answer has come; `bytes` is all that came so far.
    pub fn is_whole(&mut self, bytes: &[u8]) -> bool {
        let from = self.line + self.seen;
        let mut begin = self.line;
        for (at, _) in bytes
            .iter()
            .enumerate()
            .skip(from)
            .filter(|(_, b)| **b == b'\n')
        {
            let line = bytes[begin..at].trim_ascii_end();
            begin = at + 1;
            if line == b"END" || line.starts_with(b"ERROR:") || line.starts_with(b"SUCCESS:") {
                return true;
            }
        }
        self.line = begin;
        self.seen = bytes.len() - begin;
        false
    }
}

/// A status among what came: without what came unasked, before or between.
///
/// # Errors
/// What OpenVPN says instead.
pub fn status(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = String::from_utf8_lossy(bytes);
    let begins = |line: &&str| line.starts_with("TITLE") || line.starts_with("OpenVPN ");
    let asked = text.lines().filter(|line| !line.starts_with('>'));
    if let Some(error) = text.lines().find(|line| line.starts_with("ERROR:")) {
        return Err(format!(
            "it says {:?}",
            error.chars().take(100).collect::<String>()
        ));
    }
    let mut lines: Vec<&str> = asked.skip_while(|line| !begins(line)).collect();
    lines.push("");
    Ok(lines.join("\n").into_bytes())
}

/// The state of a client's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Unix seconds when it came into this state.
    pub since: String,
    /// `None` for a word that this program does not know.
    pub is_connected: Option<bool>,
    /// The word.
    pub word: String,
}

/// Reads the answer to [`STATE`].
///
/// # Errors
/// It holds no state.
pub fn state(bytes: &[u8]) -> Result<State, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().filter(|line| !line.starts_with('>'));
    lines
        .find_map(|line| {
            let (since, rest) = line.split_once(',')?;
            let word = rest.split(',').next()?;
            let is_time = !since.is_empty() && since.bytes().all(|byte| byte.is_ascii_digit());
            is_time.then(|| State {
                since: since.to_owned(),
                is_connected: is_connected(word),
                word: word.chars().filter(|c| !c.is_control()).take(40).collect(),
            })
        })
        .ok_or_else(|| "no state in its answer".to_owned())
}

/// manage.c, man_state_name: CONNECTED is after the keys are agreed and the routes are set; everything else is on the
/// way there or away from it.
fn is_connected(word: &str) -> Option<bool> {
    match word {
        "CONNECTED" => Some(true),
        "INITIAL" | "CONNECTING" | "WAIT" | "AUTH" | "AUTH_PENDING" | "GET_CONFIG"
        | "ASSIGN_IP" | "ADD_ROUTES" | "RECONNECTING" | "EXITING" | "RESOLVE" | "TCP_CONNECT" => {
            Some(false)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] =
        b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

    #[test]
    fn a_session_begins_with_a_greeting_or_a_password() {
        assert_eq!(greeting(HELLO), Some(Greeting::Open));
        assert_eq!(greeting(b"ENTER PASSWORD:"), Some(Greeting::Password));
        for torn in [&b""[..], b">INFO:Open", &HELLO[..50], b"ENTER"] {
            assert_eq!(greeting(torn), None);
        }
        for other in [&b"220 smtp\r\n"[..], b">HOLD:x\r\n", b"\n"] {
            assert_eq!(greeting(other), Some(Greeting::Foreign));
        }
    }

    #[test]
    fn an_answer_is_whole_with_its_last_line_however_it_is_torn() {
        let text = b">BYTECOUNT:1,2\r\nTITLE\tx\r\nEND\r\n>LOG:END\r\n";
        let mut answer = Answer::default();
        let whole: Vec<bool> = (0..=text.len())
            .map(|end| answer.is_whole(&text[..end]))
            .collect();
        let first = whole.iter().position(|is_whole| *is_whole);
        assert_eq!(first, Some(text.len() - b">LOG:END\r\n".len()));
        assert!(Answer::default().is_whole(text));
        assert!(!Answer::default().is_whole(b">LOG:1,I,END\r\nENDING\r\nEND"));
    }

    #[test]
    fn what_comes_unasked_is_left_out() {
        let text = b"lf a line\r\n>STATE:1,WAIT\r\nTITLE\tx\r\n>LOG:y\r\nTIME\tz\t1\r\nEND\r\n";
        assert_eq!(status(text).unwrap(), b"TITLE\tx\nTIME\tz\t1\nEND\n");
        assert!(status(b"ERROR: unknown command\r\n").is_err());
    }

    #[test]
    fn only_connected_is_up_and_a_new_word_is_unknown() {
        let of = |text: &str| state(text.as_bytes()).map(|state| state.is_connected);
        assert_eq!(
            of("1795637741,CONNECTED,SUCCESS,198.19.70.10,198.18.71.1,1194,,\r\nEND\r\n"),
            Ok(Some(true))
        );
        assert_eq!(
            of("1795637741,CONNECTED,ROUTE_ERROR,,,,,\r\nEND\r\n"),
            Ok(Some(true))
        );
        assert_eq!(
            of(">STATE:1,CONNECTED,,\r\n1795637750,WAIT,,,,,,\r\nEND\r\n"),
            Ok(Some(false))
        );
        assert_eq!(of("1795637750,DREAMING,,,,,,\r\nEND\r\n"), Ok(None));
        assert!(of("END\r\n").is_err());
    }
}
