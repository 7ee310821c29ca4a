//! "show system info": which firewall this is.

use super::fields;
use super::oddities::Oddities;
use super::words::{self, quoted};
use super::xml::Element;

/// Identity of a firewall ("show system info").
#[derive(Debug, Clone, Default, PartialEq)]
pub struct System {
    /// Its name.
    pub hostname: Option<String>,
    /// Serial number; `None` where it has none yet.
    pub serial: Option<String>,
    /// Such as `PA-VM`.
    pub model: Option<String>,
    /// Release of PAN-OS (`sw-version`), such as `11.1.4-h7`.
    pub release: Option<String>,
    /// Seconds since the start.
    pub uptime_secs: Option<f64>,
    /// Whether the advanced routing engine runs; `None` on releases without it.
    pub advanced_routing: Option<bool>,
    /// State of the device certificate, as the device words it.
    pub device_certificate: Option<String>,
}

/// Identity of a firewall.
///
/// # Errors
/// Nothing in the answer says which it is.
pub fn system(result: &Element, odd: &mut Oddities) -> Result<System, String> {
    let info = result.child("system").unwrap_or(result);
    let system = System {
        hostname: fields::text(info, "hostname"),
        serial: fields::text(info, "serial"),
        model: fields::text(info, "model"),
        release: fields::text(info, "sw-version"),
        uptime_secs: uptime(info, odd),
        advanced_routing: fields::word(info, "advanced-routing", odd, fields::yes_no),
        device_certificate: fields::text(info, "device-certificate-status"),
    };
    let known = [
        &system.hostname,
        &system.serial,
        &system.model,
        &system.release,
    ];
    if known.into_iter().all(Option::is_none) {
        return Err("neither hostname, serial, model nor sw-version in the answer".to_owned());
    }
    Ok(system)
}

fn uptime(info: &Element, odd: &mut Oddities) -> Option<f64> {
    let text = fields::text(info, "uptime")?;
    let secs = uptime_secs(&text);
    if secs.is_none() {
        odd.push(format!("uptime: {} is no time", quoted(&text)));
    }
    secs
}

/// `98 days, 23:42:29`, `1 day, 0:00:05` or `0:10:00`.
fn uptime_secs(text: &str) -> Option<f64> {
    let (days, time) = match text.split_once(',') {
        Some((days, time)) => {
            let (number, unit) = days.trim().split_once(' ')?;
            let known = matches!(unit.trim(), "day" | "days");
            (words::number(number).filter(|_| known)?, time)
        }
        None => (0.0, text),
    };
    let parts: Option<Vec<f64>> = time.trim().split(':').map(words::number).collect();
    match *parts? {
        [h, m, s] if h < 24.0 && m < 60.0 && s < 60.0 => {
            Some(((days * 24.0 + h) * 60.0 + m) * 60.0 + s)
        }
        _ => None,
    }
}
