//! The settings of one firewall: where it is, how it is believed, what is asked of it.

use serde::Deserialize;

use super::commands::GROUPS;
use crate::collector::Wrong;
use crate::collector::tunnels::BITS_PER_SECOND;
use crate::model::schema::{Key, KeyKind, VISIBLE, visible_text};

/// The keys of `[[collectors.panos.firewall]]`, beside those of its identity.
pub static KEYS: &[Key] = &[
    Key::new(
        "address",
        KeyKind::Text(address),
        "",
        "The management interface: a name or an address, or https://host:port.",
    )
    .example("\"10.0.0.4\"")
    .private(),
    Key::new(
        "api_key_file",
        KeyKind::Text(file),
        "",
        "File with the API key; read again in each pass. ${CREDENTIALS_DIRECTORY}/ may stand before it.",
    )
    .example("\"/etc/fwmetrics/keys/fw-a.key\"")
    .private(),
    Key::new(
        "user",
        KeyKind::Text(visible_text),
        "",
        "In place of api_key_file: the user for whom a key is made (keygen); it is held in memory only.",
    )
    .example("\"fwmetrics\"")
    .pattern(VISIBLE),
    Key::new(
        "password_file",
        KeyKind::Text(file),
        "",
        "File with that user's password.",
    )
    .example("\"${CREDENTIALS_DIRECTORY}/fw-a.password\"")
    .private(),
    Key::new(
        "ca_file",
        KeyKind::Text(file),
        "",
        "Certificates (PEM) of the authority that signed the firewall's. One of ca_file, tls_sha256 and tls_insecure is needed.",
    )
    .example("\"/etc/fwmetrics/firewalls-ca.pem\""),
    Key::new(
        "tls_name",
        KeyKind::Text(tls_name),
        "",
        "With ca_file: the name in the certificate. Default: the host in address.",
    )
    .example("\"fw-a.example.net\""),
    Key::new(
        "tls_sha256",
        KeyKind::TextList(fingerprint),
        "[]",
        "SHA-256 of the firewall's certificate in hex; of several, one suffices (openssl x509 -noout -fingerprint -sha256).",
    ),
    Key::new(
        "tls_insecure",
        KeyKind::Bool,
        "false",
        "Believe whoever answers: the key goes to anyone who can stand in between.",
    ),
    Key::new(
        "expect_tunnels",
        KeyKind::TextList(visible_text),
        "[]",
        "Tunnels that should be there: one that is not counts as down.",
    ),
    Key::new(
        "enable",
        KeyKind::TextList(group),
        "[]",
        "Command groups beside those that are on: pbf, vsys, tunnel_errors, buffer_protection, ssl_proxy, license; the metrics that they bring are published then.",
    ),
    Key::new(
        "disable",
        KeyKind::TextList(group),
        "[]",
        "Command groups that are not asked.",
    ),
    Key::new(
        "remote_access_max",
        KeyKind::Int {
            min: 1,
            max: 10_000_000,
        },
        "",
        "GlobalProtect tunnels that the model takes; for RemoteAccessUtilization.",
    )
    .example("500"),
    Key::new(
        "ssl_proxy_max",
        KeyKind::Int {
            min: 1,
            max: 100_000_000,
        },
        "",
        "Decrypted sessions that the model takes; for SslProxyUtilization.",
    )
    .example("6400"),
    Key::new(
        "tunnel_bits_per_second_max",
        KeyKind::Int {
            min: 1000,
            max: 1_000_000_000_000,
        },
        "1250000000",
        "Ceiling of one tunnel, for TunnelBandwidthUtilization, which is published when this key is written.",
    ),
    Key::new(
        "drop_counters",
        KeyKind::TextList(counter),
        "[]",
        "Global counters that get series of their own, DroppedPackets by Counter, such as [\"flow_policy_deny\"].",
    ),
];

/// One firewall's table.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// Where it is.
    pub address: String,
    /// File of its key.
    pub api_key_file: Option<String>,
    /// For keygen.
    pub user: Option<String>,
    /// For keygen.
    pub password_file: Option<String>,
    /// Trusted authority.
    pub ca_file: Option<String>,
    /// Name in the certificate.
    pub tls_name: Option<String>,
    /// Certificates that are believed.
    #[serde(default)]
    pub tls_sha256: Vec<String>,
    /// Everybody is believed.
    #[serde(default)]
    pub tls_insecure: bool,
    /// Tunnels that should be there.
    #[serde(default)]
    pub expect_tunnels: Vec<String>,
    /// Groups that are not asked.
    #[serde(default)]
    pub disable: Vec<String>,
    /// GlobalProtect tunnels, at most.
    pub remote_access_max: Option<f64>,
    /// Decrypted sessions, at most.
    pub ssl_proxy_max: Option<f64>,
    /// Bits per second of a tunnel, at most.
    pub tunnel_bits_per_second_max: Option<f64>,
    /// Counters with series of their own.
    #[serde(default)]
    pub drop_counters: Vec<String>,
}

impl Settings {
    /// Bits per second of a tunnel, at most.
    #[must_use]
    pub fn tunnel_ceiling(&self) -> f64 {
        let configured = self.tunnel_bits_per_second_max;
        configured.unwrap_or(BITS_PER_SECOND)
    }
}

/// Rules between the keys.
#[must_use]
pub fn check(table: &toml::Table) -> Vec<Wrong> {
    let has = |key: &str| table.contains_key(key);
    let mut faults = Vec::new();
    let mut fault = |key, wrong: &str, remedy: &str| {
        faults.push(Wrong {
            key,
            wrong: wrong.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    if !has("address") {
        let remedy = "write address = \"10.0.0.4\" or \"https://host:port\"";
        fault("address", "is missing", remedy);
    }
    match (has("api_key_file"), has("user"), has("password_file")) {
        (true, false, false) | (false, true, true) => {}
        (false, false, false) => fault(
            "api_key_file",
            "is missing",
            "write api_key_file, or user and password_file",
        ),
        (false, true, false) => fault(
            "user",
            "has no password to go with",
            "write password_file, or api_key_file instead",
        ),
        (false, false, true) => fault(
            "password_file",
            "has no user to go with",
            "write user, or api_key_file instead",
        ),
        (true, ..) => fault(
            "api_key_file",
            "stands beside user or password_file",
            "keep the key's file, or the other two",
        ),
    }
    let pins = table.get("tls_sha256").and_then(toml::Value::as_array);
    let pinned = pins.is_some_and(|pins| !pins.is_empty());
    let insecure = table.get("tls_insecure").and_then(toml::Value::as_bool) == Some(true);
    let ways = [has("ca_file"), pinned, insecure];
    match ways.into_iter().filter(|way| *way).count() {
        0 => fault(
            "tls_sha256",
            "nothing says which certificate is to be believed",
            "write ca_file or tls_sha256; tls_insecure = true believes whoever answers",
        ),
        1 => {}
        _ => fault(
            "tls_sha256",
            "more than one of ca_file, tls_sha256 and tls_insecure",
            "keep one",
        ),
    }
    let enabled = table.get("enable").and_then(toml::Value::as_array);
    let enables = |name| enabled.is_some_and(|all| all.iter().any(|v| v.as_str() == Some(name)));
    if enables("ssl_proxy") && !has("ssl_proxy_max") {
        fault(
            "enable",
            "ssl_proxy has no limit to compare with: nothing would be published",
            "write ssl_proxy_max, or take ssl_proxy out",
        );
    }
    if has("tls_name") && !has("ca_file") {
        fault("tls_name", "has no ca_file to go with", "take it out");
    }
    faults
}

/// What a table asks for by being there.
#[must_use]
pub fn asks(table: &toml::Table) -> Vec<&'static str> {
    let mut asked = Vec::new();
    let counters = table.get("drop_counters").and_then(toml::Value::as_array);
    if counters.is_some_and(|counters| !counters.is_empty()) {
        asked.push("DroppedPackets:Counter");
    }
    if table.contains_key("tunnel_bits_per_second_max") {
        asked.push("TunnelBandwidthUtilization");
    }
    asked
}

/// What is said of a table at each start.
pub fn warn(table: &toml::Table) -> Option<&'static str> {
    let insecure = table.get("tls_insecure").and_then(toml::Value::as_bool);
    (insecure == Some(true)).then_some(
        "tls_insecure = true: whoever answers at its address is believed, and is given its key",
    )
}

/// Host and port of an address.
///
/// # Errors
/// What would be right.
pub fn endpoint(text: &str) -> Result<(String, u16), String> {
    let right = || {
        "a name or an address such as \"10.0.0.4\", or \"https://10.0.0.4:4443\"; TLS always, and no path, user or query"
            .to_owned()
    };
    let bare = match text.split_once("://") {
        Some(("https", rest)) => rest,
        Some(_) => return Err(right()),
        None => text,
    };
    // An IPv6 address may stand without brackets where there is no port.
    if let Ok(address) = bare.parse::<std::net::Ipv6Addr>() {
        return Ok((address.to_string(), 443));
    }
    let authority: http::uri::Authority = bare.parse().map_err(|_| right())?;
    let host = authority.host().trim_matches(['[', ']']);
    if host.is_empty() || bare.contains('@') {
        return Err(right());
    }
    match (authority.port(), authority.port_u16()) {
        // What stands behind the host is no port.
        (None, _) if bare.len() > authority.host().len() => Err(right()),
        (None, _) => Ok((host.to_owned(), 443)),
        (Some(_), Some(port)) if port > 0 => Ok((host.to_owned(), port)),
        _ => Err(right()),
    }
}

/// The 32 bytes of a fingerprint.
///
/// # Errors
/// What would be right.
pub fn pin(text: &str) -> Result<[u8; 32], String> {
    let right = || "64 hex digits, with or without colons".to_owned();
    // As openssl prints it: sha256 Fingerprint=…
    let text = text.rsplit('=').next().unwrap_or(text);
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| *byte != b':' && !byte.is_ascii_whitespace())
        .map(|byte| char::from(byte).to_digit(16))
        .map(|digit| digit.and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or_else(right)?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    match digits.len() {
        64 => bytes.try_into().map_err(|_| right()),
        _ => Err(right()),
    }
}

fn address(text: &str) -> Result<(), String> {
    endpoint(text).map(drop)
}

fn fingerprint(text: &str) -> Result<(), String> {
    pin(text).map(drop)
}

fn file(text: &str) -> Result<(), String> {
    if text.starts_with('/') || text.starts_with("${CREDENTIALS_DIRECTORY}/") {
        return Ok(());
    }
    Err("an absolute path, or one that begins with \"${CREDENTIALS_DIRECTORY}/\"".to_owned())
}

fn tls_name(text: &str) -> Result<(), String> {
    let name = tokio_rustls::rustls::pki_types::ServerName::try_from(text);
    name.map(drop)
        .map_err(|_| "a host name or an address, as in the certificate".to_owned())
}

fn group(text: &str) -> Result<(), String> {
    if GROUPS.iter().any(|group| group.name == text) {
        return Ok(());
    }
    let names: Vec<&str> = GROUPS.iter().map(|group| group.name).collect();
    Err(format!("one of {}", names.join(", ")))
}

fn counter(text: &str) -> Result<(), String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !text.is_empty() && text.bytes().all(legal) {
        return Ok(());
    }
    Err("a counter's name, such as \"flow_policy_deny\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port_and_nothing_else() {
        for (text, host, port) in [
            ("10.0.0.4", "10.0.0.4", 443),
            ("fw-a.example.net", "fw-a.example.net", 443),
            ("10.0.0.4:4443", "10.0.0.4", 4443),
            ("https://127.0.0.1:4443", "127.0.0.1", 4443),
            ("https://[::1]:4443", "::1", 4443),
            ("fd00::4", "fd00::4", 443),
        ] {
            assert_eq!(endpoint(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in [
            "",
            "http://10.0.0.4",
            "https://",
            "https://user@fw",
            "fw/api",
            "https://fw/api?key=x",
            "fw:0",
            "fw:70000",
            "fw:",
        ] {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pins_ignore_case_and_colons() {
        let plain = "ab".repeat(32);
        let colons = ["AB"; 32].join(":");
        assert_eq!(pin(&plain), Ok([0xab; 32]));
        assert_eq!(pin(&colons), Ok([0xab; 32]));
        let printed = format!("sha256 Fingerprint={colons}");
        assert_eq!(pin(&printed), Ok([0xab; 32]));
        for wrong in [
            "",
            "ab",
            &"ab".repeat(31),
            &"ab".repeat(33),
            &"gg".repeat(32),
        ] {
            assert!(pin(wrong).is_err(), "{wrong}");
        }
    }
}
