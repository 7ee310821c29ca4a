//! Calendar arithmetic for the two date formats on the wire: HTTP's and SigV4's.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_SECS: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // 1970-01-01 was a Thursday
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The wall clock as seconds since 1970.
pub fn unix_now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is after 1970")
        .as_secs_f64()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(unix_secs: i64) -> String {
    let (year, month, day) = civil(unix_secs.div_euclid(DAY_SECS));
    let (hour, minute, second) = clock(unix_secs);
    let weekday = WEEKDAYS[unix_secs.div_euclid(DAY_SECS).rem_euclid(7) as usize];
    let month = MONTHS[(month - 1) as usize];
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// `19941106T084937Z`, as in `x-amz-date`.
pub fn amz_date(unix_secs: i64) -> String {
    let (year, month, day) = civil(unix_secs.div_euclid(DAY_SECS));
    let (hour, minute, second) = clock(unix_secs);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// `1994-11-06T08:49:37Z`, as in the role's credentials.
pub fn rfc3339(unix_secs: i64) -> String {
    let (year, month, day) = civil(unix_secs.div_euclid(DAY_SECS));
    let (hour, minute, second) = clock(unix_secs);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The reverse of [`amz_date`]; `None` when the text has another shape.
pub fn parse_amz_date(text: &str) -> Option<i64> {
    let shape = text.len() == 16 && text.is_ascii() && &text[8..9] == "T" && text.ends_with('Z');
    if !shape {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let days = days(number(0, 4)?, number(4, 6)?, number(6, 8)?);
    Some(days * DAY_SECS + number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?)
}

fn clock(unix_secs: i64) -> (i64, i64, i64) {
    let second = unix_secs.rem_euclid(DAY_SECS);
    (second / 3600, second / 60 % 60, second % 60)
}

/// Day number since 1970 to (year, month, day); Howard Hinnant's civil_from_days.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// (year, month, day) to day number since 1970; the reverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
