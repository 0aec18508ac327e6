//! Times as text, in the formats of HTTP and of the API.
//!
//! The fake does not use the client's functions, because an error in them would go unnoticed.

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Begins with Thursday, the first day of 1970.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
/// Numbers from this one on are milliseconds. As seconds, this number is in the year 5138.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// Parses an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT`. Returns seconds since 1970.
pub(crate) fn from_http(text: &str) -> Option<i64> {
    let (_, rest) = text.trim().split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    if zone != "GMT" || words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)?;
    let days = days(year.parse().ok()?, i64::try_from(month).ok()? + 1, day.parse().ok()?)?;
    Some(days * DAY + seconds_of_day(time)?)
}

/// Parses a time as APIs write it, and returns seconds since 1970.
///
/// Accepts `2024-01-01T10:00Z` with or without seconds, fraction and offset, an HTTP date, or a number of seconds or
/// milliseconds.
pub(crate) fn from_any(text: &str) -> Option<i64> {
    if let Ok(number) = text.trim().parse::<i64>() {
        return Some(if number < FIRST_MILLIS { number } else { number / 1000 });
    }
    from_http(text).or_else(|| from_iso(text.trim()))
}

fn from_iso(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let mut numbers = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    if numbers.next().is_some() {
        return None;
    }
    let (time, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
    Some(days(year, month, day)? * DAY + seconds_of_day(time.trim_end())? - offset(zone)?)
}

/// Returns the seconds of `Z`, `+08:00`, `+0800` or `+08`. An empty zone means `Z`.
fn offset(zone: &str) -> Option<i64> {
    let Some(digits) = zone.strip_prefix(['+', '-']) else {
        return matches!(zone, "" | "Z" | "z").then_some(0);
    };
    let digits = digits.replace(':', "");
    let number: i64 = digits.parse().ok()?;
    let minutes = if digits.len() == 2 { number * 60 } else { number / 100 * 60 + number % 100 };
    Some(if zone.starts_with('-') { -minutes * 60 } else { minutes * 60 })
}

/// Returns the seconds of `10:00`, `10:00:00` or `10:00:00.000`.
fn seconds_of_day(time: &str) -> Option<i64> {
    let whole = time.split('.').next().unwrap_or_default();
    let mut numbers = whole.split(':').map(str::parse::<i64>);
    let (hours, minutes) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let seconds = numbers.next().map_or(Some(0), Result::ok)?;
    let is_right = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    (is_right && numbers.next().is_none()).then_some((hours * 60 + minutes) * 60 + seconds)
}

/// Returns the days from 1970 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !((1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)) {
        return None;
    }
    // Years that begin in March end with the leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some(days - 719_468)
}

/// Returns year, month and day of a number of days since 1970.
fn date(days: i64) -> (i64, i64, i64) {
    // Cycles of 400 years that begin in March, as in `days`.
    let days = days + 719_468;
    let (cycle, days) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (days - days / 1460 + days / 36_524 - days / 146_096) / 365;
    let days = days - (year * 365 + year / 4 - year / 100);
    let month = (days * 5 + 2) / 153;
    let day = days - (month * 153 + 2) / 5 + 1;
    let year = cycle * 400 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

/// Formats an HTTP date.
pub(crate) fn to_http(seconds: i64) -> String {
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let name = |names: &[&'static str], place: i64| {
        usize::try_from(place).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
    };
    let weekday = name(&WEEKDAYS, seconds.div_euclid(DAY).rem_euclid(7));
    let month = name(&MONTHS, month - 1);
    format!("{weekday}, {day:02} {month} {year:04} {} GMT", clock(seconds))
}

/// Formats a time such as `2024-01-01T10:00:00.000Z`.
pub(crate) fn to_iso(seconds: i64) -> String {
    let (year, month, day) = date(seconds.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}T{}.000Z", clock(seconds))
}

fn clock(seconds: i64) -> String {
    let second = seconds.rem_euclid(DAY);
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::{from_any, from_http, to_http, to_iso};

    #[test]
    fn http_dates_round_trip() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sat, 01 Jan 2022 10:00:00 GMT", 1_641_031_200),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Sun, 01 Feb 2026 00:00:00 GMT", 1_769_904_000),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ] {
            assert_eq!((from_http(text), to_http(seconds).as_str()), (Some(seconds), text));
            assert_eq!((from_any(text), from_any(&to_iso(seconds))), (Some(seconds), Some(seconds)));
        }
        for days in -200_000..200_000 {
            assert_eq!(from_http(&to_http(days * 86_400)), Some(days * 86_400));
        }
    }

    #[test]
    fn every_format_of_a_time_is_parsed() {
        for text in [
            "2024-01-01T10:00Z",
            "2024-01-01T10:00:00Z",
            "2024-01-01T10:00:00.123Z",
            "2024-01-01 10:00:00",
            "2024-01-01T10:00:00z",
            "2024-01-01T18:00+0800",
            "2024-01-01T18:00:00+08:00",
            "2024-01-01T07:00:00-03",
            "1704103200",
            "1704103200999",
            "Mon, 01 Jan 2024 10:00:00 GMT",
        ] {
            assert_eq!(from_any(text), Some(1_704_103_200), "{text}");
        }
        for text in ["", "yesterday", "2024-13-01T10:00Z", "2024-01-01T25:00Z", "2024-01-01T10Z", "2024-01"] {
            assert_eq!(from_any(text), None, "{text}");
        }
        for text in ["", "2024-01-01T10:00Z", "Mon, 01 Jan 2024 10:00:00 CST", "Mon, 1 Foo 2024 10:00:00 GMT"]
        {
            assert_eq!(from_http(text), None, "{text}");
        }
    }
}
