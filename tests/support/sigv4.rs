//! AWS Signature Version 4, written from its description: to check what the SDK signed, and to sign by hand.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::http::Request;
use super::time;

/// The service name CloudWatch metrics are signed for.
pub const SERVICE: &str = "monitoring";
/// AWS refuses a signature this much older or newer than its own clock.
pub const SKEW_MAX_SECS: i64 = 15 * 60;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Headers that a request must sign; the SDK signs more.
const MUST_SIGN: [&str; 2] = ["host", "x-amz-date"];

/// An access key as the endpoint knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token that must come with it; `None` for a long-term key.
    pub token: Option<String>,
    /// An expired key is answered with `ExpiredToken`.
    pub expired: bool,
}

impl Key {
    /// A long-term key.
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
            expired: false,
        }
    }

    /// The same with a session token.
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// AWS's documentation key, which the endpoint takes by default.
    pub fn example() -> Self {
        Self::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    }

    /// What the fake IMDS hands out by default, and the endpoint takes by default.
    pub fn role_example() -> Self {
        Self::new("ASIAROLEEXAMPLE", "roleSecretKey/EXAMPLE").with_token("role-session-token")
    }
}

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No usable `authorization` header.
    Missing(&'static str),
    /// The key is unknown, or its session token is wrong.
    UnknownKey,
    /// The key's credentials ran out.
    Expired,
    /// The signature, its date or its scope is wrong.
    Mismatch(String),
}

/// The parts of an `authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Access key id.
    pub key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Parses the header's value.
    pub fn parse(value: &'a str) -> Option<Self> {
        let rest = value.strip_prefix(ALGORITHM)?.trim_start();
        let part = |name: &str| {
            rest.split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let scope: Vec<&str> = part("Credential")?.split('/').collect();
        let [key_id, date, region, service, "aws4_request"] = scope[..] else {
            return None;
        };
        Some(Self {
            key_id,
            date,
            region,
            service,
            signed: part("SignedHeaders")?.split(';').collect(),
            signature: part("Signature")?,
        })
    }
}

/// Checks `request` at `now`; `find` looks a key up by its id. `Ok` is the access key id.
pub fn verify(
    request: &Request,
    now_secs: i64,
    region: Option<&str>,
    find: impl Fn(&str) -> Option<Key>,
) -> Result<String, Refused> {
    verify_for(SERVICE, request, now_secs, region, find)
}

/// The same for another service.
pub fn verify_for(
    service: &str,
    request: &Request,
    now_secs: i64,
    region: Option<&str>,
    find: impl Fn(&str) -> Option<Key>,
) -> Result<String, Refused> {
    let header = request.header("authorization");
    let header = header.ok_or(Refused::Missing("Request is missing Authentication Token"))?;
    let authorization = Authorization::parse(header);
    let authorization =
        authorization.ok_or(Refused::Missing("Authorization header is malformed"))?;
    let key = find(authorization.key_id).ok_or(Refused::UnknownKey)?;
    if key.token.as_deref() != request.header("x-amz-security-token") {
        return Err(Refused::UnknownKey);
    }
    check_scope(service, request, &authorization, now_secs, region).map_err(Refused::Mismatch)?;
    let expected = signature(request, &authorization, &key.secret).map_err(Refused::Mismatch)?;
    if expected != authorization.signature {
        let text = "The request signature we calculated does not match the signature you provided.";
        return Err(Refused::Mismatch(text.to_owned()));
    }
    // Only the true owner of a key learns that it expired.
    if key.expired {
        return Err(Refused::Expired);
    }
    Ok(key.id)
}

fn check_scope(
    service: &str,
    request: &Request,
    authorization: &Authorization<'_>,
    now_secs: i64,
    region: Option<&str>,
) -> Result<(), String> {
    if authorization.service != service {
        return Err(format!(
            "Credential should be scoped to correct service: '{service}'."
        ));
    }
    if region.is_some_and(|region| region != authorization.region) {
        return Err("Credential should be scoped to a valid region.".to_owned());
    }
    let date = request.header("x-amz-date").unwrap_or_default();
    let signed_at = time::parse_amz_date(date).ok_or("x-amz-date is malformed")?;
    if !date.starts_with(authorization.date) {
        return Err("Date in Credential scope does not match YYYYMMDD from x-amz-date.".to_owned());
    }
    match signed_at - now_secs {
        ahead if ahead > SKEW_MAX_SECS => Err(format!("Signature not yet current: {date}")),
        ahead if ahead < -SKEW_MAX_SECS => Err(format!("Signature expired: {date}")),
        _ => Ok(()),
    }
}

/// Signs `request` for `region` at `now`: adds `x-amz-date`, `x-amz-security-token` and `authorization`.
pub fn sign(request: &mut Request, key: &Key, region: &str, now_secs: i64) {
    let date = time::amz_date(now_secs);
    request
        .headers
        .push(("x-amz-date".to_owned(), date.clone()));
    if let Some(token) = &key.token {
        let header = ("x-amz-security-token".to_owned(), token.clone());
        request.headers.push(header);
    }
    let mut names: Vec<String> = request
        .headers
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    names.dedup();
    let authorization = Authorization {
        key_id: &key.id,
        date: &date[..8],
        region,
        service: SERVICE,
        signed: names.iter().map(String::as_str).collect(),
        signature: "",
    };
    let signature = signature(request, &authorization, &key.secret).expect("all headers are there");
    let value = format!(
        "{ALGORITHM} Credential={}/{}/{region}/{SERVICE}/aws4_request, SignedHeaders={}, Signature={signature}",
        key.id,
        &date[..8],
        names.join(";"),
    );
    request.headers.push(("authorization".to_owned(), value));
}

fn signature(
    request: &Request,
    authorization: &Authorization<'_>,
    secret: &str,
) -> Result<String, String> {
    let canonical = canonical_request(request, &authorization.signed)?;
    let date = request.header("x-amz-date").unwrap_or_default();
    let Authorization {
        date: day,
        region,
        service,
        ..
    } = authorization;
    let text = format!(
        "{ALGORITHM}\n{date}\n{day}/{region}/{service}/aws4_request\n{}",
        sha256_hex(canonical.as_bytes())
    );
    let seed = format!("AWS4{secret}").into_bytes();
    let key = [*day, *region, *service, "aws4_request"]
        .iter()
        .fold(seed, |key, part| hmac(&key, part));
    Ok(hex(&hmac(&key, &text)))
}

fn canonical_request(request: &Request, signed: &[&str]) -> Result<String, String> {
    if !signed.is_sorted() {
        return Err("SignedHeaders must be sorted.".to_owned());
    }
    if let Some(name) = MUST_SIGN.iter().find(|name| !signed.contains(name)) {
        return Err(format!("'{name}' must be a signed header."));
    }
    let payload = sha256_hex(&request.body);
    if let Some(stated) = request.header("x-amz-content-sha256")
        && stated != payload
    {
        return Err("x-amz-content-sha256 does not match what was computed.".to_owned());
    }
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    let mut text = format!("{}\n{path}\n{}\n", request.method, pairs.join("&"));
    for name in signed {
        text.push_str(&format!("{name}:{}\n", canonical_value(request, name)?));
    }
    text.push_str(&format!("\n{}\n{payload}", signed.join(";")));
    Ok(text)
}

fn canonical_value(request: &Request, name: &str) -> Result<String, String> {
    let same_name = request.headers.iter().filter(|(key, _)| key == name);
    let values: Vec<String> = same_name.map(|(_, value)| single_spaced(value)).collect();
    if values.is_empty() {
        return Err(format!("Signed header '{name}' is not in the request."));
    }
    Ok(values.join(","))
}

fn single_spaced(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
