//! BIRD's control socket: lines with reply codes (nest/cli.c, doc/reply_codes), `show protocols all` (nest/proto.c,
//! proto/bgp/bgp.c), `show bfd sessions` (proto/bfd/bfd.c) and `show status` (nest/cmds.c), of BIRD 2.0 to 3.3.

use super::{Bfd, Listed, PEERS_MAX, Peer, Session, Since, State, shown};

/// Makes the session a reading one: from then on BIRD refuses whatever changes something.
pub const RESTRICT: &str = "restrict";
/// Its answer.
pub const RESTRICTED: u16 = 16;
/// The daemon's own time and start.
pub const STATUS: &str = "show status";
/// All protocols, those of BGP among them.
pub const PROTOCOLS: &str = "show protocols all";
/// BFD sessions of all BFD protocols.
pub const BFD: &str = "show bfd sessions";

const PROTOCOL_LINE: u16 = 1002;
const DETAIL_LINE: u16 = 1006;
const STATUS_LINE: u16 = 1011;
const BFD_LINE: u16 = 1020;
/// Codes from here on are failures.
const FAILURE: u16 = 8000;
const DAY_MS: u32 = 86_400_000;

/// A request, which is a line.
#[must_use]
pub fn request(command: &str) -> Vec<u8> {
    format!("{command}\n").into_bytes()
}

/// The answer has come wholly: its last line has a space after the code, where all others have a minus.
#[must_use]
pub fn is_whole(bytes: &[u8]) -> bool {
    let Some(lines) = bytes.strip_suffix(b"\n") else {
        return false;
    };
    let last = lines.iter().rposition(|byte| *byte == b'\n');
    let last = last.map_or(lines, |at| &lines[at + 1..]);
    last.len() > 4 && last[..4].iter().all(u8::is_ascii_digit) && last[4] == b' '
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The last line's code.
    pub code: u16,
    /// All lines, each with its code.
    pub lines: Vec<(u16, &'a str)>,
}

/// Splits a whole answer into lines; what BIRD prints on its own in between is left out.
///
/// # Errors
/// BIRD refuses, or says what is no answer.
pub fn answer(bytes: &[u8]) -> Result<Answer<'_>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "an answer that is no text".to_owned())?;
    let mut lines = Vec::new();
    let mut code = None;
    for line in text.lines() {
        match (line.as_bytes().first(), code) {
            (Some(b'+'), _) => {}
            (Some(b' '), Some(code)) => lines.push((code, &line[1..])),
            _ => {
                let (new, rest) = coded(line)
                    .ok_or_else(|| format!("a line without a code: {:?}", shown(line)))?;
                code = Some(new);
                lines.push((new, rest));
            }
        }
    }
    match lines.last() {
        Some((code, why)) if *code >= FAILURE => Err(format!("it says {:?}", shown(why))),
        Some((code, _)) => Ok(Answer { code: *code, lines }),
        None => Err("an empty answer".to_owned()),
    }
}

fn coded(line: &str) -> Option<(u16, &str)> {
    let (code, rest) = line.split_at_checked(4)?;
    let rest = rest.strip_prefix(['-', ' '])?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| code.parse().ok()).flatten().zip(Some(rest))
}

/// The daemon's clock: its own start, and how long ago that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Time of day of the start.
    start: TimeOfDay,
    /// Milliseconds; `None` where the wall clock was set back past the start.
    pub uptime_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeOfDay {
    ms: u32,
    /// With a fraction of the second.
    fine: bool,
}

/// Reads the answer to [`STATUS`]; `None` where the times are in a form that is not known (`timeformat base`).
#[must_use]
pub fn clock(answer: &Answer<'_>) -> Option<Clock> {
    let after = |words: &str| {
        let lines = answer.lines.iter();
        let mut lines = lines.filter(|(code, _)| *code == STATUS_LINE);
        lines.find_map(|(_, line)| line.trim_start().strip_prefix(words)?.split_once(' '))
    };
    let (now_day, now) = after("Current server time is ")?;
    let (start_day, start) = after("Last reboot on ")?;
    let start = time_of_day(start)?;
    let at = |day: &str, time: TimeOfDay| Some(days(day)? * i64::from(DAY_MS) + i64::from(time.ms));
    let uptime = at(now_day, time_of_day(now)?)? - at(start_day, start)?;
    Some(Clock {
        start,
        uptime_ms: u64::try_from(uptime).ok(),
    })
}

/// Hours, minutes and seconds, with a fraction or without.
fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let (whole, fraction) = match text.trim().split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text.trim(), None),
    };
    let mut parts = whole.split(':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let fraction = match fraction {
        Some(digits) => {
            let ms = digits.get(..3)?.parse::<u32>().ok()?;
            digits.bytes().all(|b| b.is_ascii_digit()).then_some(ms)?
        }
        None => 0,
    };
    let seconds = (hours * 60 + minutes) * 60 + seconds;
    Some(TimeOfDay {
        ms: (seconds * 1000 + fraction) % DAY_MS,
        fine: text.contains('.'),
    })
}

/// Days since a day long ago, of YYYY-MM-DD in the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let sane = (0..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if parts.next().is_some() || !sane {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    Some(
        year * 365 + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (month * 153 + 2) / 5
            + day,
    )
}

/// What [`PROTOCOLS`] lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protocols {
    /// The peers.
    pub listed: Listed,
    /// There is a BFD protocol.
    pub has_bfd: bool,
}

/// Reads the answer to [`PROTOCOLS`]; `clock` is that of the same session.
///
/// # Errors
/// More peers than [`PEERS_MAX`].
pub fn protocols(answer: &Answer<'_>, clock: Option<Clock>) -> Result<Protocols, String> {
    let mut all = Protocols::default();
    all.listed.uptime_ms = clock.and_then(|clock| clock.uptime_ms);
    let mut open: Option<Protocol> = None;
    let mut lines = answer.lines.iter();
    loop {
        let line = lines.next();
        match (line, &mut open) {
            (Some((DETAIL_LINE, line)), Some(protocol)) => protocol.detail(line),
            (Some((PROTOCOL_LINE, line)), _) => {
                all.close(open.take())?;
                let fields = Fields::of(line);
                all.has_bfd |= fields.as_ref().is_some_and(|fields| fields.kind == "BFD");
                let bgp = fields.filter(|fields| fields.kind == "BGP");
                open = bgp.map(|fields| Protocol::new(&fields, clock));
            }
            (Some(_), _) => {}
            (None, _) => {
                all.close(open.take())?;
                return Ok(all);
            }
        }
    }
}

impl Protocols {
    fn close(&mut self, protocol: Option<Protocol>) -> Result<(), String> {
        // A range waits for whoever comes: each who does is a protocol of its own.
        let Some(protocol) = protocol.filter(|protocol| !protocol.is_range) else {
            return Ok(());
        };
        if self.listed.peers.len() >= PEERS_MAX {
            return Err(format!("more than {PEERS_MAX} peers"));
        }
        let peer = protocol.peer();
        self.listed.peers.insert(protocol.name, peer);
        Ok(())
    }
}

/// The columns of a protocol's line; a name has no spaces in it (conf/cf-lex.l).
struct Fields<'a> {
    name: &'a str,
    kind: &'a str,
    state: &'a str,
    /// One word or two, and what else BIRD has to say.
    rest: std::str::SplitAsciiWhitespace<'a>,
}

impl<'a> Fields<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (name, kind) = (words.next()?, words.next()?);
        let _table = words.next()?;
        Some(Fields {
            name,
            kind,
            state: words.next()?,
            rest: words,
        })
    }

    fn since(&self, clock: Option<Clock>) -> Since {
        let Some(clock) = clock else {
            return Since::Unknown;
        };
        let mut words = self.rest.clone().take(2);
        let Some(first) = words.next() else {
            return Since::Unknown;
        };
        let second = words.next().and_then(time_of_day);
        match time_of_day(first).or(second.filter(|_| days(first).is_some())) {
            Some(time) => Since::AfterStart {
                ms: (time.ms + DAY_MS - clock.start.ms) % DAY_MS,
                fine: time.fine && clock.start.fine,
            },
            None if days(first).is_some() => Since::LongAgo,
            None => Since::Unknown,
        }
    }
}

/// A BGP protocol while its lines are read.
#[derive(Debug)]
struct Protocol {
    name: String,
    /// The state of the protocol, as against that of BGP: it has come to rest, and is not to come up. On its way there
    /// ("stop", "flush") it may as well be a restart.
    is_down: bool,
    is_established: Option<bool>,
    /// It failed: an administrator's doing leaves no error.
    has_failed: bool,
    is_range: bool,
    prefixes: u64,
    since: Since,
}

impl Protocol {
    fn new(fields: &Fields<'_>, clock: Option<Clock>) -> Self {
        Protocol {
            name: fields.name.to_owned(),
            is_down: fields.state == "down",
            is_established: None,
            has_failed: false,
            is_range: false,
            prefixes: 0,
            since: fields.since(clock),
        }
    }

    fn detail(&mut self, line: &str) {
        let Some((key, value)) = line.trim().split_once(':') else {
            return;
        };
        let value = value.trim();
        match key {
            "BGP state" => self.is_established = Some(value == "Established"),
            "Last error" => self.has_failed = true,
            "Neighbor range" => self.is_range = true,
            "Routes" => self.prefixes = self.prefixes.saturating_add(imported(value)),
            _ => {}
        }
    }

    fn peer(&self) -> Peer {
        let state = match self.is_established {
            Some(true) => State::Up,
            // Disabled by command or by configuration (`bgp_shutdown` stores BE_MAN_DOWN, which is not shown); one that
            // BIRD itself gave up, over a limit or after an error, has that error.
            _ if self.is_down && !self.has_failed => State::Shut,
            Some(false) => State::Down,
            None => State::Unknown,
        };
        Peer {
            state,
            prefixes: Some(self.prefixes),
            is_dynamic: is_spawned(&self.name),
            session: Session::Since(self.since),
        }
    }
}

/// "3 imported, 1 filtered, 2 exported, 3 preferred".
fn imported(value: &str) -> u64 {
    let mut parts = value.split(',').map(str::trim);
    let imported = parts.find_map(|part| part.strip_suffix(" imported"));
    imported.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// BIRD's own names for whom a range let in (`dynamic name`, by default "dynbgp" and a number).
fn is_spawned(name: &str) -> bool {
    let number = name.strip_prefix("dynbgp");
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Reads the answer to [`BFD`]: address, interface, state, and times that may be of two words.
#[must_use]
pub fn bfd(answer: &Answer<'_>) -> Bfd {
    let mut count = Bfd::default();
    for (_, line) in answer.lines.iter().filter(|(code, _)| *code == BFD_LINE) {
        match line.split_ascii_whitespace().nth(2) {
            Some("Up") => count.count(true),
            Some("Down" | "Init") => count.count(false),
            // AdminDown, a heading, or "bfd1: is not up".
            _ => {}
        }
    }
    count
}
