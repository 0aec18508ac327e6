//! Ids that must not be mixed up, and values that stay as the vendor sent them.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

/// The unionId of a person: one id per person across all apps of an organisation.
///
/// It has its own type because it always stands beside other ids that are plain strings too. Whether the person
/// acts or receives is said by each function. Not to be confused with a userid, which is another string.
///
/// ```
/// use dingtalk_files::UnionId;
///
/// let operator = UnionId("union-1");
/// assert_eq!(operator.0, "union-1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnionId<'a>(pub &'a str);

/// For options that name a person.
impl From<UnionId<'_>> for String {
    fn from(person: UnionId<'_>) -> Self {
        person.0.to_owned()
    }
}

/// A point in time, kept as the text DingTalk sent.
///
/// Two spellings are in use: `2022-07-29T14:55Z` and `2022-01-01T10:00:00Z`. [`unix_seconds`](Self::unix_seconds)
/// reads both.
///
/// ```
/// use dingtalk_files::Timestamp;
///
/// let short = Timestamp::new("2022-07-29T14:55Z");
/// assert_eq!(short.unix_seconds(), Some(1_659_106_500));
/// assert_eq!(short.as_str(), "2022-07-29T14:55Z");
/// assert_eq!(Timestamp::new("yesterday").unix_seconds(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);

impl Timestamp {
    /// Keeps the text as it is.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::Timestamp::new("2022-07-29T14:55Z").to_string(), "2022-07-29T14:55Z");
    /// ```
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it was sent.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::Timestamp::new("2022-07-29T14:55Z").as_str(), "2022-07-29T14:55Z");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z (fractions are cut off), or `None` when the text is no ISO 8601
    /// date and time with an offset.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::Timestamp::new("1970-01-01T08:01+08:00").unix_seconds(), Some(60));
    /// ```
    #[inline]
    pub fn unix_seconds(&self) -> Option<i64> {
        parse_iso8601(&self.0)
    }

    /// The same as a [`SystemTime`].
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

/// `YYYY-MM-DDTHH:MM[:SS[.fraction]](Z|±HH:MM|±HHMM)`.
#[inline]
fn parse_iso8601(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at_checked(zone_at)?;

    let mut date = date.splitn(3, '-');
    let year = digits(date.next()?, 4)?;
    let month = digits(date.next()?, 2)?;
    let day = digits(date.next()?, 2)?;

    let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
    let mut time = whole.splitn(3, ':');
    let hour = digits(time.next()?, 2)?;
    let minute = digits(time.next()?, 2)?;
    let second = time.next().map_or(Some(0), |s| digits(s, 2))?;

    // 60 is a leap second; it counts as the first second of the next minute.
    let in_range = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }
    let seconds = days_before(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds - offset_seconds(zone)?)
}

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
    let rest = rest.replacen(':', "", 1);
    let (hours, minutes) = rest.split_at_checked(2)?;
    Some(sign * (digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60))
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

/// Days from 1970-01-01 to the given day of the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    // Leap days before the first of January of a year, counted from year 0.
    let leap_days = |y: i64| (y + 3).div_euclid(4) - (y + 99).div_euclid(100) + (y + 399).div_euclid(400);
    let years = (year - 1970) * 365 + leap_days(year) - leap_days(1970);
    let months: i64 = (1..month).map(|m| days_in(year, m)).sum();
    years + months + day - 1
}

/// A closed set of words of the vendor that may still grow: unknown words are kept in `Other`. Words are received;
/// those that are `sent`, or `sent_and_received`, say so before their name.
macro_rules! string_enum {
    ($(#[$meta:meta])* $name:ident $words:tt) => {
        string_enum! { @enum $(#[$meta])* $name $words }
        string_enum! { @received $name }
    };
    ($(#[$meta:meta])* sent $name:ident $words:tt) => {
        string_enum! { @enum $(#[$meta])* $name $words }
        string_enum! { @sent $name }
    };
    ($(#[$meta:meta])* sent_and_received $name:ident $words:tt) => {
        string_enum! { @enum $(#[$meta])* $name $words }
        string_enum! { @sent $name }
        string_enum! { @received $name }
    };
    (@enum $(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        ///
        /// ```
        #[doc = concat!("use dingtalk_files::", stringify!($name), ";")]
        ///
        #[doc = concat!("let word = ", stringify!($name), "::from(\"A_NEW_WORD\".to_owned());")]
        #[doc = concat!("assert_eq!(word, ", stringify!($name), "::Other(\"A_NEW_WORD\".to_owned()));")]
        /// assert_eq!(word.as_str(), "A_NEW_WORD");
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word this version of the crate does not know.
            Other(String),
        }

        impl $name {
            /// The word on the wire.
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            #[inline]
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
    (@sent $name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
    (@received $name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}
pub(crate) use string_enum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_offsets_and_nonsense() {
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
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(Timestamp::new(text).unix_seconds(), expected, "{text}");
        }
    }

    #[test]
    fn days_agree_with_counting_them() {
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
    fn before_1970_is_a_system_time_too() {
        let early = Timestamp::new("1969-12-31T23:59:59Z").system_time().unwrap();
        assert_eq!(SystemTime::UNIX_EPOCH.duration_since(early).unwrap(), Duration::from_secs(1));
    }
}
