//! "request license info": what expires when.

use super::fields;
use super::oddities::Oddities;
use super::words::{self, quoted};
use super::xml::Element;

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    /// What it is for, such as `Threat Prevention`.
    pub feature: String,
    /// The day on which it expires, in days since 1970-01-01; `None` when it never does.
    pub expires: Option<i64>,
    /// Whether the device holds it for expired.
    pub expired: Option<bool>,
}

/// The licences of a firewall. One whose day cannot be read is left out.
///
/// # Errors
/// The answer has no list of licences.
pub fn licenses(result: &Element, odd: &mut Oddities) -> Result<Vec<License>, String> {
    let list = result
        .child("licenses")
        .ok_or("no licenses in the answer")?;
    let licenses = list.all("entry");
    Ok(licenses.filter_map(|entry| license(entry, odd)).collect())
}

fn license(entry: &Element, odd: &mut Oddities) -> Option<License> {
    let Some(feature) = entry.either("feature") else {
        odd.push("license without a feature");
        return None;
    };
    let text = entry.either("expires").unwrap_or_default();
    let Some(expires) = expiry(text) else {
        odd.push(format!("expires: {} is no day", quoted(text)));
        return None;
    };
    Some(License {
        feature: feature.to_owned(),
        expires,
        expired: fields::word(entry, "expired", odd, fields::yes_no),
    })
}

/// `December 31, 2027` or `Never`.
fn expiry(text: &str) -> Option<Option<i64>> {
    if text.eq_ignore_ascii_case("never") {
        return Some(None);
    }
    let (month_and_day, year) = text.split_once(',')?;
    let (month, day) = month_and_day.trim().split_once(' ')?;
    let year = words::whole(year).filter(|year| (1970..=9999).contains(year))?;
    let day = words::whole(day)?;
    days(i64::try_from(year).ok()?, month, i64::try_from(day).ok()?).map(Some)
}

const MONTHS: [(&str, i64); 12] = [
    ("january", 31),
    ("february", 28),
    ("march", 31),
    ("april", 30),
    ("may", 31),
    ("june", 30),
    ("july", 31),
    ("august", 31),
    ("september", 30),
    ("october", 31),
    ("november", 30),
    ("december", 31),
];

/// Days since 1970-01-01; the month may be cut to three letters.
fn days(year: i64, month: &str, day: i64) -> Option<i64> {
    let month = month.trim_end_matches('.').to_ascii_lowercase();
    let is = |name: &str| *name == *month || name.get(..3) == Some(&*month);
    let place = MONTHS.iter().position(|(name, _)| is(name))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |place: usize| MONTHS[place].1 + i64::from(leap && place == 1);
    if !(1..=length(place)).contains(&day) {
        return None;
    }
    let before = year - 1;
    let leaps = before / 4 - before / 100 + before / 400;
    // The leap years before 1970.
    let of_years = (year - 1970) * 365 + leaps - 477;
    Some(of_years + (0..place).map(length).sum::<i64>() + day - 1)
}
