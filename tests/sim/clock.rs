//! The simulator's one clock, and times in the words of PAN-OS.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// The first of January 1970 was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// Milliseconds since 1970.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Seconds since 1970.
pub fn unix() -> i64 {
    i64::try_from(unix_ms() / 1000).unwrap()
}

/// As "show system info" writes it: `Tue Nov 25 15:53:01 2026`.
pub fn date_text(unix: i64) -> String {
    let (year, month, day) = date(unix.div_euclid(DAY));
    let weekday = WEEKDAYS[usize::try_from(unix.div_euclid(DAY).rem_euclid(7)).unwrap()];
    let time = time_text(unix.rem_euclid(DAY));
    format!("{weekday} {} {day:2} {time} {year}", MONTHS[month - 1])
}

/// As "show vpn ike-sa" writes it, without a year: `Nov.25 15:53:01`.
pub fn short_date_text(unix: i64) -> String {
    let (_, month, day) = date(unix.div_euclid(DAY));
    let time = time_text(unix.rem_euclid(DAY));
    format!("{}.{day:02} {time}", MONTHS[month - 1])
}

/// `15:53:01`; the hours go on beyond a day.
pub fn time_text(seconds: i64) -> String {
    let (hours, rest) = (seconds / 3600, seconds % 3600);
    format!("{hours:02}:{:02}:{:02}", rest / 60, rest % 60)
}

/// As an uptime is written: `98 days, 23:42:29`, `0 days, 0:07:05`.
pub fn uptime_text(seconds: i64) -> String {
    let (days, rest) = (seconds / DAY, seconds % DAY);
    let (hours, rest) = (rest / 3600, rest % 3600);
    format!("{days} days, {hours}:{:02}:{:02}", rest / 60, rest % 60)
}

/// Year, month and day of a day since 1970, counted year by year: the fake's years are few.
fn date(mut day: i64) -> (i64, usize, i64) {
    let mut year = 1970;
    while day >= year_days(year) {
        day -= year_days(year);
        year += 1;
    }
    let february = year_days(year) - 337;
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    (year, month + 1, day + 1)
}

fn year_days(year: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    365 + i64::from(leap)
}
