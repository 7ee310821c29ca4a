//! Who may ask, what was asked, and the answer to it.

use super::super::clock;
use super::super::model::Firewall;
use super::super::replies::{self, Refusal};
use super::command::{self, Read};
use super::deliver::{Answer, Delivery, Handled};
use super::fault::{ErrorShape, Fault};
use super::form;
use super::http::Request;
use super::seen::{KeyPlace, Kind, Seen};
use super::spoil::spoil;
use super::threads::Shared;

/// What the device's web server bears at once.
const CONCURRENT_MAX: usize = 5;

/// What a request says.
struct Said {
    kind: Kind,
    /// `op`, `keygen`, `version` or another word.
    word: Option<String>,
    pairs: Vec<(String, String)>,
    key_place: Option<KeyPlace>,
    key: String,
    basic: Option<(String, String)>,
}

/// Answers a request and notes it.
pub(super) fn handle<'a>(shared: &'a Shared, request: &Request, connection: u64) -> Handled<'a> {
    let unix_ms = clock::unix_ms();
    let said = Said::of(request);
    let firewalls = shared.firewalls.read().unwrap();
    let owner = said.owner(&firewalls);
    let mut seen = Seen {
        unix_ms,
        second: i64::try_from(unix_ms / 1000).unwrap(),
        firewall: owner,
        firewall_name: owner.map_or_else(|| "-".to_owned(), |n| firewalls[n].name.clone()),
        kind: said.kind,
        name: "other",
        command: String::new(),
        method: request.method.clone(),
        target: request.target.clone(),
        key_place: said.key_place,
        status: 0,
        code: None,
        reply_bytes: 0,
        connection,
        in_flight: 0,
        forbidden: false,
        spoilt: false,
    };
    let counted = owner.map(|n| shared.busy[n].one_more());
    let (now, in_flight) = counted.map_or((1, None), |(now, guard)| (now, Some(guard)));
    seen.in_flight = now;
    let firewall = owner.map(|n| &firewalls[n]);
    let answer = said.answer(request, firewall, &mut seen);
    // Without a key nobody knows whose faults are meant, unless there is one firewall only.
    let of_faults = firewall.or_else(|| firewalls.first().filter(|_| firewalls.len() == 1));
    let fault = of_faults
        .and_then(|firewall| fault(firewall, seen.name))
        .cloned();
    drop(firewalls);
    let (answer, delivery) = match &fault {
        _ if now > CONCURRENT_MAX => (Answer::page(503), Delivery::Whole),
        Some(fault) => spoil(answer, fault, &said.key),
        None => (answer, Delivery::Whole),
    };
    seen.spoilt = fault.is_some();
    seen.reply_bytes = answer.body.len();
    seen.code = answer.code;
    let says_nothing = matches!(delivery, Delivery::Never | Delivery::Raw);
    seen.status = if says_nothing { 0 } else { answer.status };
    shared.note(seen);
    Handled {
        answer,
        delivery,
        in_flight,
    }
}

fn fault<'a>(firewall: &'a Firewall, command: &str) -> Option<&'a Fault> {
    firewall.faults.get(command).or(firewall.fault.as_ref())
}

impl Said {
    fn of(request: &Request) -> Self {
        let query = request
            .target
            .split_once('?')
            .map_or("", |(_, query)| query);
        let query = form::pairs(query);
        let body = form::pairs(&String::from_utf8_lossy(&request.body));
        let key = |pairs, place| form::value(pairs, "key").map(|key| (key.to_owned(), place));
        let header = request.header("x-pan-key");
        let found = header
            .map(|key| (key.to_owned(), KeyPlace::Header))
            .or_else(|| key(&body, KeyPlace::Body))
            .or_else(|| key(&query, KeyPlace::Query));
        let basic = request.header("authorization").and_then(form::basic);
        let (key, place) = match (found, &basic) {
            (Some((key, place)), _) => (key, Some(place)),
            (None, Some((_, password))) => (password.clone(), Some(KeyPlace::Basic)),
            (None, None) => (String::new(), None),
        };
        let pairs = [body, query].concat();
        let word = form::value(&pairs, "type").map(str::to_owned);
        let kind = match word.as_deref() {
            Some("op") => Kind::Op,
            Some("keygen") => Kind::Keygen,
            Some("version") => Kind::Version,
            _ => Kind::Other,
        };
        Self {
            kind,
            word,
            pairs,
            key_place: place,
            key,
            basic: basic.filter(|_| place == Some(KeyPlace::Basic)),
        }
    }

    /// The firewall whose key, or user and password, these are.
    fn owner(&self, firewalls: &[Firewall]) -> Option<usize> {
        let value = |name| form::value(&self.pairs, name).unwrap_or_default();
        let of_user = |user: &str, password: &str| {
            let fits = |fw: &Firewall| fw.users.get(user).is_some_and(|own| own == password);
            firewalls.iter().position(fits)
        };
        match (self.kind, &self.basic) {
            (Kind::Keygen, _) => of_user(value("user"), value("password")),
            (_, Some((user, password))) => of_user(user, password),
            _ => {
                let fits = |fw: &Firewall| !fw.keys_dead && fw.api_key == self.key;
                firewalls.iter().position(fits)
            }
        }
    }

    fn answer(&self, request: &Request, own: Option<&Firewall>, seen: &mut Seen) -> Answer {
        let path = request.target.split('?').next().unwrap_or_default();
        if !matches!(path, "/api" | "/api/") {
            return Answer::page(404);
        }
        if !matches!(&*request.method, "GET" | "POST") {
            return Answer::page(405);
        }
        let form = request.header("content-type").unwrap_or_default();
        if !request.body.is_empty() && !form.starts_with("application/x-www-form-urlencoded") {
            return Answer::page(415);
        }
        // Also without a right to it, the list says what was asked.
        let cmd = form::value(&self.pairs, "cmd").unwrap_or_default();
        let read = (self.kind == Kind::Op).then(|| command::read(cmd));
        (seen.name, seen.command) = self.named(read.as_ref());
        let Some(own) = own else {
            return refused();
        };
        seen.second = if own.frozen_unix.is_some() {
            own.now()
        } else {
            seen.second
        };
        match (self.kind, read) {
            (Kind::Keygen, _) => {
                let body = format!(
                    "<response status = 'success'><result><key>{}</key></result></response>",
                    own.api_key
                );
                Answer::xml(200, None, body)
            }
            (Kind::Version, _) => replied(own, Ok(replies::version(own))),
            (_, Some((read, _))) => op(own, &read, seen),
            (Kind::Op | Kind::Other, _) if self.word.is_none() => error(400, "No method specified"),
            // An operational role has no other right.
            _ => refused(),
        }
    }

    fn named(&self, read: Option<&(Read, String)>) -> (&'static str, String) {
        match (self.kind, read) {
            (Kind::Keygen, _) => ("keygen", String::new()),
            (Kind::Version, _) => ("version", String::new()),
            (_, Some((Read::Known(asked), text))) => (asked.name, text.clone()),
            (_, Some((Read::Unknown(_), text))) => ("unknown", text.clone()),
            (_, Some((Read::Malformed, text))) => ("malformed", text.clone()),
            (_, None) => ("other", String::new()),
        }
    }
}

fn op(own: &Firewall, read: &Read, seen: &mut Seen) -> Answer {
    let refusal = match read {
        Read::Malformed => Refusal::new(18, "Malformed Request"),
        Read::Unknown(text) => Refusal::new(17, text),
        Read::Known(asked) if own.role_without.contains(asked.name) => Refusal {
            code: 16,
            lines: vec![
                "Unauthorized request".to_owned(),
                "The role of this administrator lacks the right".to_owned(),
            ],
        },
        Read::Known(asked) => {
            seen.forbidden = asked.is_forbidden();
            return replied(own, replies::answer(own, asked, seen.second));
        }
    };
    replied(own, Err(refusal))
}

fn replied(own: &Firewall, result: Result<String, Refusal>) -> Answer {
    match result {
        Ok(inner) => {
            let (code, body) = replies::success_xml(own.release, &inner);
            Answer::xml(200, code, body)
        }
        Err(refusal) => {
            let body = replies::error_xml(refusal.code, &refusal.lines, ErrorShape::Line);
            Answer::xml(200, Some(refusal.code), body)
        }
    }
}

fn refused() -> Answer {
    error(403, "Invalid Credential")
}

fn error(code: u16, text: &str) -> Answer {
    let body = replies::error_xml(code, &[text.to_owned()], ErrorShape::Result);
    Answer::xml(code, Some(code), body)
}
