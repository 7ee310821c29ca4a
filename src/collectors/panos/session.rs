//! The conversation with one firewall: its key, and one command at a time.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::escape::{escape, minimal_escape, partial_escape};

use super::settings::Settings;
use super::wire::{self, Element, Refusal};
use crate::clock::Now;
use crate::host::https::{Answer, Https, HttpsError, Post, Trust};
use crate::host::secrets;
use crate::model::secret::Secret;

/// Of the XML API (PAN-OS and Panorama API guide).
const PATH: &str = "/api/";
/// Carries the key, which so stands in no URL and in no log (same place, "Authenticate").
const KEY_HEADER: &str = "x-pan-key";
/// The largest firewalls' counters have some hundred kilobytes.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// A management plane that takes longer is not asked on in this pass.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// The first rest after a key was refused, seconds; it doubles, up to the second.
const KEY_REST_SECS: (u64, u64) = (60, 600);
/// The same after a password was refused: a few of these lock the account.
const PASSWORD_REST_SECS: (u64, u64) = (300, 3600);

/// Why a command has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is about the firewall as a whole: nothing more is asked in this pass.
    Firewall(String),
    /// The answer to this command did not come in time.
    Late(String),
    /// The firewall refuses this command, or what it answers cannot be read.
    Refused(Refusal),
}

/// A result, and when it was there.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) result: Element,
    pub(super) at: Now,
    pub(super) took: Duration,
}

#[derive(Debug)]
enum Login {
    File(String),
    Password { user: String, file: String },
}

/// The conversation.
#[derive(Debug)]
pub(super) struct Session {
    https: Https,
    login: Login,
    period_secs: u64,
    key: Option<Secret>,
    /// The password that the key was made with, or was refused with.
    password: Option<Secret>,
    /// The key was made, or read, and not accepted yet.
    is_new: bool,
    /// The firewall took the key in this pass.
    accepted: bool,
    /// Another key was looked for in this pass.
    replaced: bool,
    /// Refusals of commands in this pass that may be the key's.
    forbidden: u32,
    /// A new key was taken, and nobody was told.
    renewed: bool,
    /// Refusals of the login in a row, and passes until the next try.
    refusals: u32,
    rests: u64,
    why: String,
    /// What is left of the pass.
    left: Duration,
}

impl Session {
    /// Nothing is opened yet.
    pub(super) fn new(settings: &Settings, period: Duration) -> Result<Self, String> {
        let (host, port) = super::settings::endpoint(&settings.address)?;
        let name = settings.tls_name.as_ref().unwrap_or(&host);
        let login = match (
            &settings.api_key_file,
            &settings.user,
            &settings.password_file,
        ) {
            (Some(file), ..) => Login::File(file.clone()),
            (None, Some(user), Some(file)) => Login::Password {
                user: user.clone(),
                file: file.clone(),
            },
            _ => return Err("neither api_key_file, nor user and password_file".to_owned()),
        };
        Ok(Session {
            https: Https::new(&host, port, name, trust(settings)?)?,
            login,
            period_secs: period.as_secs().max(1),
            key: None,
            password: None,
            is_new: false,
            accepted: false,
            replaced: false,
            forbidden: 0,
            renewed: false,
            refusals: 0,
            rests: 0,
            why: String::new(),
            left: Duration::ZERO,
        })
    }

    /// A pass begins, and has so long. Sees to a key.
    ///
    /// # Errors
    /// There is none, and why.
    pub(super) async fn begin(&mut self, pass: Duration) -> Result<(), String> {
        self.left = pass;
        (self.accepted, self.replaced, self.forbidden) = (false, false, 0);
        self.look_at_file().await?;
        if self.rests > 0 {
            self.rests -= 1;
            return Err(self.why.clone());
        }
        if self.key.is_none() {
            self.make_key().await?;
        }
        Ok(())
    }

    /// The firewall answered in this pass.
    pub(super) fn has_answered(&self) -> bool {
        self.accepted
    }

    /// Sends a command and waits for its result. A key that is refused is replaced once, where there is another.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Told, Failure> {
        match self.ask_once(command).await {
            Err(Failure::Refused(Refusal::Forbidden(said))) => {
                let other = !self.replaced && self.replace_key(&said).await?;
                self.replaced = true;
                if !other {
                    return Err(self.forbid(said));
                }
                match self.ask_once(command).await {
                    Err(Failure::Refused(Refusal::Forbidden(said))) => Err(self.forbid(said)),
                    other => other,
                }
            }
            Err(Failure::Refused(Refusal::SessionTimedOut(_))) if self.makes_keys() => {
                self.key = None;
                self.make_key().await.map_err(Failure::Firewall)?;
                self.ask_once(command).await
            }
            other => other,
        }
    }

    /// The key is refused, or this command to a key that is taken: a second one in a pass says that it is the key.
    fn forbid(&mut self, said: String) -> Failure {
        self.forbidden += 1;
        if self.accepted && self.forbidden == 1 {
            return Failure::Refused(Refusal::Forbidden(said));
        }
        self.rest(&said)
    }

    /// A new key was taken since this was asked last.
    pub(super) fn take_renewed(&mut self) -> bool {
        std::mem::take(&mut self.renewed)
    }

    fn makes_keys(&self) -> bool {
        matches!(self.login, Login::Password { .. })
    }

    async fn ask_once(&mut self, command: &str) -> Result<Told, Failure> {
        let key = self.key.clone();
        let form = format!("type=op&cmd={}", encoded(command));
        let answer = self.post(form, key.as_ref()).await?;
        let result = self.read(&answer).map_err(|refusal| {
            self.accepted |= shows_the_key_is_right(&refusal);
            Failure::Refused(refusal)
        })?;
        self.renewed |= self.is_new;
        (self.accepted, self.is_new, self.refusals) = (true, false, 0);
        Ok(Told {
            result,
            at: answer.at,
            took: self.https.took(),
        })
    }

    async fn post(&mut self, form: String, key: Option<&Secret>) -> Result<Answer, Failure> {
        let within = self.left.min(REQUEST_WITHIN);
        if within.is_zero() {
            let why = "the pass has taken its whole time (timeout_secs)";
            return Err(Failure::Firewall(why.to_owned()));
        }
        let post = Post {
            path: PATH,
            key: key.map(|key| (KEY_HEADER, key)),
            form,
            within,
            most: ANSWER_BYTES_MAX,
        };
        let answer = self.https.post(&post).await;
        self.left = self.left.saturating_sub(self.https.took());
        answer.map_err(|error| match error {
            HttpsError::Late(_) => Failure::Late(error.to_string()),
            HttpsError::TooLong(_) | HttpsError::Broken(_) => {
                Failure::Refused(Refusal::Unreadable(error.to_string()))
            }
            HttpsError::Away(why) | HttpsError::Untrusted(why) => Failure::Firewall(why),
        })
    }

    /// The key's or password's file, each pass: one that changed ends the rest.
    async fn look_at_file(&mut self) -> Result<(), String> {
        match &self.login {
            Login::File(file) => match secrets::read(file).await {
                Ok(key) if self.key.as_ref() != Some(&key) => {
                    self.key = Some(key);
                    self.renewed();
                }
                Ok(_) => {}
                // The disk is away: the key that is known may do.
                Err(_) if self.key.is_some() => {}
                Err(why) => return Err(why),
            },
            Login::Password { file, .. } if self.rests > 0 => {
                let password = secrets::read(file).await?;
                if self.password.as_ref() != Some(&password) {
                    self.renewed();
                }
            }
            Login::Password { .. } => {}
        }
        Ok(())
    }

    fn renewed(&mut self) {
        (self.is_new, self.refusals, self.rests) = (true, 0, 0);
    }

    /// Another key than the one that was refused; false where there is none.
    async fn replace_key(&mut self, said: &str) -> Result<bool, Failure> {
        match &self.login {
            Login::File(file) => match secrets::read(file).await {
                Ok(key) if self.key.as_ref() == Some(&key) => Ok(false),
                Ok(key) => {
                    self.key = Some(key);
                    self.is_new = true;
                    Ok(true)
                }
                Err(why) => {
                    self.rest(said);
                    Err(Failure::Firewall(why))
                }
            },
            Login::Password { .. } if self.is_new => Ok(false),
            Login::Password { .. } => {
                self.key = None;
                self.make_key().await.map_err(Failure::Firewall)?;
                Ok(true)
            }
        }
    }

    /// Keygen, where there is a user for it.
    async fn make_key(&mut self) -> Result<(), String> {
        let Login::Password { user, file } = &self.login else {
            return Ok(());
        };
        let password = secrets::read(file).await?;
        let form = format!(
            "type=keygen&user={}&password={}",
            encoded(user),
            encoded(password.expose())
        );
        self.password = Some(password);
        let answer = match self.post(form, None).await {
            Ok(answer) => answer,
            Err(Failure::Firewall(why) | Failure::Late(why)) => return Err(why),
            Err(Failure::Refused(refusal)) => return Err(refusal.to_string()),
        };
        match self.read(&answer) {
            Ok(result) => {
                let key = wire::key(&result).ok_or("keygen was answered without a key")?;
                self.key = Some(Secret::new(key));
                self.is_new = true;
                Ok(())
            }
            Err(Refusal::Forbidden(said)) => Err(match self.rest(&said) {
                Failure::Firewall(why) | Failure::Late(why) => why,
                Failure::Refused(refusal) => refusal.to_string(),
            }),
            Err(refusal) => Err(format!("keygen: {refusal}; {}", refusal.remedy())),
        }
    }

    /// The login was refused: nothing more is asked until some passes are over, or its file changes.
    fn rest(&mut self, said: &str) -> Failure {
        let (first, most) = match &self.login {
            Login::File(_) => KEY_REST_SECS,
            Login::Password { .. } => PASSWORD_REST_SECS,
        };
        let secs = first.saturating_mul(1 << self.refusals.min(10)).min(most);
        self.refusals = self.refusals.saturating_add(1);
        self.rests = (secs / self.period_secs).saturating_sub(1);
        if self.makes_keys() {
            self.key = None;
        }
        let what = match &self.login {
            Login::File(file) => format!("the key in {file} is refused"),
            Login::Password { user, .. } => format!("the login of {user} is refused"),
        };
        let refusal = Refusal::Forbidden(said.to_owned());
        let remedy = match &self.login {
            Login::File(_) => refusal.remedy(),
            Login::Password { .. } => {
                "check user and password_file, that the account is not locked, and that its admin role has XML API, Operational Requests"
            }
        };
        self.why = format!(
            "{what}: {refusal}; {remedy}; tried again after {secs} s, or when the file changes"
        );
        Failure::Firewall(self.why.clone())
    }

    /// The result in an answer. What a firewall says of a refusal may hold what it was sent, the key too: that is taken
    /// out before it is read.
    fn read(&self, answer: &Answer) -> Result<Element, Refusal> {
        let read = wire::reply(answer.status, &answer.body);
        if read.is_ok() {
            return read;
        }
        wire::reply(answer.status, &self.hidden_in(answer.body.clone()))
    }

    /// A text of the firewall's without what it was sent.
    pub(super) fn discreet(&self, text: &str) -> String {
        let hidden = self.hidden_in(text.as_bytes().to_vec());
        String::from_utf8_lossy(&hidden).into_owned()
    }

    /// Without secrets: as they are, as XML has them, and as they went out.
    fn hidden_in(&self, bytes: Vec<u8>) -> Vec<u8> {
        let secrets = self.key.iter().chain(&self.password);
        secrets.fold(bytes, |bytes, secret| {
            let text = secret.expose();
            let forms = [
                text.to_owned(),
                escape(text).into_owned(),
                partial_escape(text).into_owned(),
                minimal_escape(text).into_owned(),
                encoded(text),
            ];
            let hide = |bytes, form: String| Secret::new(form).hidden_in(bytes);
            forms.into_iter().fold(bytes, hide)
        })
    }
}

/// The firewall knows who asks, and refuses this command alone.
fn shows_the_key_is_right(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Unauthorized(_)
            | Refusal::UnknownCommand(_)
            | Refusal::Passive(_)
            | Refusal::Busy(_)
            | Refusal::BadRequest(..)
    )
}

fn trust(settings: &Settings) -> Result<Trust, String> {
    if let Some(file) = &settings.ca_file {
        return Ok(Trust::Authority(file.clone()));
    }
    if settings.tls_insecure {
        return Ok(Trust::Anyone);
    }
    let pins = settings.tls_sha256.iter();
    let pins = pins.map(|text| super::settings::pin(text));
    Ok(Trust::Pins(pins.collect::<Result<_, _>>()?))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
