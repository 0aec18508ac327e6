//! Points in time in DingTalk's spellings.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

/// A point in time, kept as the text that DingTalk sent.
///
/// [`unix_seconds`](Self::unix_seconds) parses every spelling that DingTalk uses: ISO 8601 with and without seconds
/// (`2022-07-29T14:55Z`, `2022-01-01T10:00:00+08:00`), Java's (`Thu May 28 09:37:16 CST 2026`, where CST is China's
/// time), and milliseconds since 1970, as a number or a text. Any other text is still available from
/// [`as_str`](Self::as_str).
///
/// ```
/// use dingtalk_files::Timestamp;
///
/// let short = Timestamp::new("2022-07-29T14:55Z");
/// assert_eq!(short.unix_seconds(), Some(1_659_106_500));
/// assert_eq!(short.as_str(), "2022-07-29T14:55Z");
/// assert_eq!(Timestamp::new("Fri Jul 29 22:55:00 CST 2022").unix_seconds(), Some(1_659_106_500));
/// assert_eq!(Timestamp::new("1659106500000").unix_seconds(), Some(1_659_106_500));
/// assert_eq!(Timestamp::new("yesterday").unix_seconds(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);

impl Timestamp {
    /// Creates a timestamp from a text, which is kept as it is.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::Timestamp::new("2022-07-29T14:55Z").to_string(), "2022-07-29T14:55Z");
    /// ```
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text as it was sent.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::Timestamp::new("2022-07-29T14:55Z").as_str(), "2022-07-29T14:55Z");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the whole seconds since 1970-01-01T00:00:00Z; fractions are cut off.
    ///
    /// The result is `None` if the text has none of the spellings [above](Self). A date without an offset is not a
    /// point in time, so it returns `None` too.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::Timestamp::new("1970-01-01T08:01+08:00").unix_seconds(), Some(60));
    /// ```
    #[inline]
    pub fn unix_seconds(&self) -> Option<i64> {
        let text = self.0.trim();
        milliseconds(text).or_else(|| parse_iso8601(text)).or_else(|| parse_java(text))
    }

    /// Returns the point in time as a [`SystemTime`], or `None` where [`unix_seconds`](Self::unix_seconds) does.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// let minute = dingtalk_files::Timestamp::new("1970-01-01T00:01Z").system_time();
    /// assert_eq!(minute, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(60)));
    /// ```
    #[inline]
    pub fn system_time(&self) -> Option<SystemTime> {
        let seconds = self.unix_seconds()?;
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses milliseconds since 1970; returns seconds.
#[inline]
fn milliseconds(text: &str) -> Option<i64> {
    let is_number = text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit());
    let number: i64 = if is_number { text.parse().ok()? } else { return None };
    Some(number.div_euclid(1000))
}

/// Parses `YYYY-MM-DDTHH:MM[:SS[.fraction]](Z|±HH:MM|±HHMM|±HH)`.
#[inline]
fn parse_iso8601(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let (time, zone) = rest.split_at_checked(rest.find(['Z', 'z', '+', '-'])?)?;
    let mut date = date.splitn(3, '-');
    let date = [digits(date.next()?, 4)?, digits(date.next()?, 2)?, digits(date.next()?, 2)?];
    Some(seconds_of_date(date)? + seconds_of_time(time)? - offset_seconds(zone)?)
}

/// Parses `Thu May 28 09:37:16 CST 2026`, the text of Java's `Date`.
#[inline]
fn parse_java(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_ascii_whitespace();
    let (_weekday, month, day) = (words.next()?, words.next()?, words.next()?);
    let (time, zone, year) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)?;
    let date = [digits(year, 4)?, i64::try_from(month + 1).ok()?, digits(day, day.len().clamp(1, 2))?];
    // CST is short for other time zones as well; DingTalk's servers mean China's.
    let offset = match zone {
        "CST" => 8 * 3600,
        "GMT" | "UTC" | "UT" | "Z" => 0,
        _ => offset_seconds(zone.strip_prefix("GMT").unwrap_or(zone))?,
    };
    Some(seconds_of_date(date)? + seconds_of_time(time)? - offset)
}

/// Returns the seconds from 1970 to the beginning of a date.
#[inline]
fn seconds_of_date([year, month, day]: [i64; 3]) -> Option<i64> {
    let in_range = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    in_range.then(|| days_before(year, month, day) * 86_400)
}

/// Parses `HH:MM[:SS[.fraction]]`; returns seconds since midnight.
#[inline]
fn seconds_of_time(time: &str) -> Option<i64> {
    let (whole, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let mut parts = whole.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |s| digits(s, 2))?;
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    // 60 is a leap second; it counts as the first second of the next minute.
    let in_range = hour < 24 && minute < 60 && second <= 60 && is_fraction;
    in_range.then_some(hour * 3600 + minute * 60 + second)
}

/// Parses `Z`, `±HH:MM`, `±HHMM` or `±HH`.
#[inline]
fn offset_seconds(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None => rest.split_at_checked(2)?,
    };
    let minutes = if minutes.is_empty() && rest.len() == 2 { 0 } else { digits(minutes, 2)? };
    let hours = digits(hours, 2)?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let right = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if right { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days from 1970-01-01 to the given day of the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    // Leap days before the first of January of a year, counted from year 0.
    let leap_days = |y: i64| (y + 3).div_euclid(4) - (y + 99).div_euclid(100) + (y + 399).div_euclid(400);
    let years = (year - 1970) * 365 + leap_days(year) - leap_days(1970);
    let months: i64 = (1..month).map(|m| days_in(year, m)).sum();
    years + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_parsed_and_nonsense_is_refused() {
        let table = [
            ("1970-01-01T00:00Z", Some(0)),
            ("2022-01-01T10:00:00Z", Some(1_641_031_200)),
            ("2022-07-29T14:55Z", Some(1_659_106_500)),
            ("2022-07-29T22:55+08:00", Some(1_659_106_500)),
            ("2022-07-29T22:55:00.999+0800", Some(1_659_106_500)),
            ("2000-02-29T00:00:00Z", Some(951_782_400)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("1900-03-01T00:00Z", Some(-2_203_891_200)),
            ("2100-03-01T00:00Z", Some(4_107_542_400)),
            ("2021-02-29T00:00:00Z", None),
            ("2022-13-01T00:00Z", None),
            ("2022-01-01T24:00Z", None),
            ("2022-01-01T10:00:00", None),
            ("2022-01-01", None),
            ("２０２２-01-01T10:00Z", None),
            ("2022-01-01T10:00+8", None),
            ("2022-01-01T18:00+08", Some(1_641_031_200)),
            ("2022-01-01T10:00:00.123456789Z", Some(1_641_031_200)),
            ("2022-01-01T10:00:00.Z", None),
            ("2022-01-01T10:00+99:00", None),
            ("Thu May 28 09:37:16 CST 2026", Some(1_779_932_236)),
            ("Thu May 28 01:37:16 GMT 2026", Some(1_779_932_236)),
            ("Thu May 28 01:37:16 UTC 2026", Some(1_779_932_236)),
            ("Thu May 28 10:37:16 GMT+09:00 2026", Some(1_779_932_236)),
            ("Fri Feb 30 09:37:16 CST 2026", None),
            ("Thu May 28 09:37:16 PDT 2026", None),
            ("Thu May 28 09:37:16 CST", None),
            ("1779932236000", Some(1_779_932_236)),
            ("1779932236999", Some(1_779_932_236)),
            (" 0 ", Some(0)),
            ("-1", Some(-1)),
            ("99999999999999999999", None),
            ("-", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(Timestamp::new(text).unix_seconds(), expected, "{text}");
        }
    }

    #[test]
    fn days_before_agrees_with_counting_days() {
        let mut count = 0;
        for year in 1970..2110 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days_before(year, month, day), count, "{year}-{month}-{day}");
                    count += 1;
                }
            }
        }
    }

    #[test]
    fn times_before_1970_become_system_times() {
        let early = Timestamp::new("1969-12-31T23:59:59Z").system_time().unwrap();
        assert_eq!(SystemTime::UNIX_EPOCH.duration_since(early).unwrap(), Duration::from_secs(1));
    }
}
