//! The requested bytes, and whether an answer contains them. Pure.

use std::ops::{Bound, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::base::error::{Error, Result};

/// A range of bytes of an object.
///
/// Rust's ranges convert to it and count bytes from 0: `..` is everything, `0..500` and `0..=499` are the first 500
/// bytes, `500..` is the rest. [`ByteRange::last`] is a range of the last bytes, even if the size of the object is
/// unknown.
///
/// An end beyond the end of the object is cut, as in HTTP. A range that is empty or backwards is an error before
/// anything is sent. A range that begins at or after the end of the object is [`Error::RangeNotSatisfiable`]. On an empty object, only `..`, `0..` and
/// the last `n` bytes succeed.
///
/// ```
/// use dingtalk_files::ByteRange;
///
/// assert_eq!(ByteRange::from(0..500), ByteRange::from(0..=499));
/// assert_eq!(ByteRange::from(..), ByteRange::from(0..));
/// let tail = ByteRange::last(500);
/// # let _ = tail;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange(RequestedRange);

impl ByteRange {
    /// Creates a range of the last `count` bytes, or of everything if the object is shorter.
    ///
    /// ```
    /// use dingtalk_files::ByteRange;
    ///
    /// let tail = ByteRange::last(1024);
    /// # let _ = tail;
    /// ```
    pub fn last(count: u64) -> Self {
        Self(RequestedRange::Last(count))
    }

    /// Returns the bytes of this range in an object of `size` bytes, half-open; `None` if the object has none of them.
    ///
    /// ```
    /// use dingtalk_files::ByteRange;
    ///
    /// assert_eq!(ByteRange::from(3..500).resolve(10), Some(3..10));
    /// assert_eq!(ByteRange::last(4).resolve(10), Some(6..10));
    /// assert_eq!(ByteRange::from(10..).resolve(10), None);
    /// ```
    #[must_use]
    pub fn resolve(self, size: u64) -> Option<Range<u64>> {
        self.check().ok()?.resolve(size)
    }

    /// Returns the range to request, or an error if the range is empty or backwards.
    pub(crate) fn check(self) -> Result<RequestedRange> {
        let problem = match self.0 {
            RequestedRange::Last(0) => "the last 0 bytes are not a range".to_owned(),
            RequestedRange::Span { start, end: Some(end) } if start >= end => {
                format!("the range {start}..{end} is empty or backwards")
            }
            range => return Ok(range),
        };
        Err(Error::InvalidArgument(problem))
    }

    fn from_bounds(start: Bound<u64>, end: Bound<u64>) -> Self {
        let start = match start {
            Bound::Included(n) => Some(n),
            Bound::Excluded(n) => n.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        // No object has 2⁶⁴ bytes, so `..=u64::MAX` is an open end; a start there is an empty range.
        let end = match end {
            Bound::Included(n) => n.checked_add(1),
            Bound::Excluded(n) => Some(n),
            Bound::Unbounded => None,
        };
        let start = start.map_or(RequestedRange::Span { start: u64::MAX, end: Some(u64::MAX) }, |start| {
            RequestedRange::Span { start, end }
        });
        Self(start)
    }
}

/// Implements one conversion for each of Rust's ranges. An `impl` for all `RangeBounds<u64>` would leave no room for
/// others.
macro_rules! from_range {
    ($($range:ty),+) => {
        $(impl From<$range> for ByteRange {
            fn from(range: $range) -> Self {
                use std::ops::RangeBounds;
                Self::from_bounds(
                    RangeBounds::<u64>::start_bound(&range).cloned(),
                    RangeBounds::<u64>::end_bound(&range).cloned(),
                )
            }
        })+
    };
}
from_range!(
    RangeFull,
    Range<u64>,
    RangeInclusive<u64>,
    RangeFrom<u64>,
    RangeTo<u64>,
    RangeToInclusive<u64>,
    (Bound<u64>, Bound<u64>)
);

/// A range that can be requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RequestedRange {
    /// The bytes from `start` up to, but not including, `end`; up to the end of the object if `end` is `None`.
    Span { start: u64, end: Option<u64> },
    /// The last bytes, by their number.
    Last(u64),
}

impl RequestedRange {
    pub(crate) const WHOLE: Self = Self::Span { start: 0, end: None };

    /// Returns the value of the `Range` header; `None` for the whole object.
    pub(crate) fn header(self) -> Option<String> {
        match self {
            Self::WHOLE => None,
            Self::Span { start, end: None } => Some(format!("bytes={start}-")),
            Self::Span { start, end: Some(end) } => Some(format!("bytes={start}-{}", end.saturating_sub(1))),
            Self::Last(count) => Some(format!("bytes=-{count}")),
        }
    }

    /// Returns the bytes of the range in an object of `total` bytes; `None` if the range begins at or after the end.
    pub(crate) fn resolve(self, total: u64) -> Option<Range<u64>> {
        match self {
            Self::WHOLE => Some(0..total),
            Self::Span { start, .. } if start >= total => None,
            Self::Span { start, end } => Some(start..end.map_or(total, |e| e.min(total))),
            Self::Last(count) => Some(total.saturating_sub(count)..total),
        }
    }
}

/// The head of an object's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) content_range: Option<String>,
    /// `Content-Length`.
    pub(crate) length: Option<u64>,
    /// The body marks its end, so that ureq notices a cut even without a length.
    pub(crate) chunked: bool,
    pub(crate) etag: Option<String>,
    /// CRC-64/XZ of the *whole* object.
    pub(crate) crc64: Option<u64>,
    /// A `Content-Encoding` other than identity.
    pub(crate) encoding: Option<String>,
    /// The body is an HTML page.
    pub(crate) html: bool,
    pub(crate) request_id: Option<String>,
}

impl ResponseHead {
    /// Returns the size of the whole object, if this answer states it.
    pub(crate) fn total(&self) -> Option<u64> {
        match self.status {
            206 => parse_content_range(self.content_range.as_deref()?)?.1,
            _ => self.length,
        }
    }
}

/// The action to take on an answer with status 200 or 206.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Drop `skip` bytes of the body. The rest is the object from `start` on, up to `end` or the end of the body.
    /// `total` is the size of the object, if this answer states it.
    Take { skip: u64, start: u64, end: Option<u64>, total: Option<u64> },
    /// The size is known now: request a range inside the object.
    AskInside { total: u64 },
    /// The range begins at or after the end of the object.
    NotSatisfiable { size: u64 },
    /// The answer belongs to another object than the one known so far.
    Changed,
    /// The answer does not match the request; nothing of it may be used.
    Wrong(String),
}

/// Longest prefix outside the requested range that is read and dropped. A longer one costs more than a new request.
const SKIP_AT_MOST: u64 = 1024 * 1024;

/// Compares an answer (200 or 206) with the request and with what is known about the object.
pub(crate) fn verdict(asked: RequestedRange, head: &ResponseHead, known_total: Option<u64>) -> Verdict {
    match head.status {
        206 => partial(asked, head, known_total),
        _ => whole(asked, head, known_total),
    }
}

fn partial(asked: RequestedRange, head: &ResponseHead, known_total: Option<u64>) -> Verdict {
    let Some(text) = head.content_range.as_deref() else {
        return Verdict::Wrong("a part without Content-Range".to_owned());
    };
    let Some((served, said_total)) = parse_content_range(text) else {
        return Verdict::Wrong(format!("Content-Range {text:?} is invalid"));
    };
    if matches!((said_total, known_total), (Some(said), Some(known)) if said != known) {
        return Verdict::Changed;
    }
    let total = said_total.or(known_total);
    let expected = match (asked, total) {
        (_, Some(total)) => asked.resolve(total),
        // Only the size distinguishes a short part from the end of the object.
        (RequestedRange::Span { start, end: Some(end) }, None) if served.end == end => Some(start..end),
        (_, None) => return Verdict::Wrong(format!("{text:?} does not state the size")),
    };
    let fits = expected.is_some_and(|e| served.start == e.start && served.end <= e.end);
    let length_fits = head.length.is_none_or(|n| n == served.end - served.start);
    if !fits || !length_fits {
        let asked = asked.header().unwrap_or_else(|| "everything".to_owned());
        return Verdict::Wrong(format!("requested {asked}, received {text:?} in {:?} bytes", head.length));
    }
    Verdict::Take { skip: 0, start: served.start, end: Some(served.end), total: said_total }
}

/// Decides about an answer with the whole object. OSS sends the whole object if the range exceeds it by one byte; other
/// servers do so for any range.
fn whole(asked: RequestedRange, head: &ResponseHead, known_total: Option<u64>) -> Verdict {
    if matches!((head.length, known_total), (Some(said), Some(known)) if said != known) {
        return Verdict::Changed;
    }
    let Some(total) = head.length.or(known_total) else {
        return whole_of_unknown_size(asked, head);
    };
    let Some(wanted) = asked.resolve(total) else {
        return Verdict::NotSatisfiable { size: total };
    };
    // A server that sent everything for a range inside the object does not support ranges: a new request is pointless.
    let was_inside = asked == RequestedRange::Span { start: wanted.start, end: Some(wanted.end) }
        || asked == RequestedRange::Span { start: wanted.start, end: None };
    if wanted.start > SKIP_AT_MOST && !was_inside {
        return Verdict::AskInside { total };
    }
    Verdict::Take { skip: wanted.start, start: wanted.start, end: Some(wanted.end), total: head.length }
}

/// Decides about an answer with the whole object, but without its size. Only the checksum of the whole can distinguish
/// the end from a cut, and the file from the output of a decoder.
fn whole_of_unknown_size(asked: RequestedRange, head: &ResponseHead) -> Verdict {
    if asked != RequestedRange::WHOLE || head.crc64.is_none() {
        return Verdict::Wrong("an answer without a length or a checksum".to_owned());
    }
    Verdict::Take { skip: 0, start: 0, end: None, total: None }
}

/// Parses `bytes a-b/total` or `bytes a-b/*`. Returns the half-open range, and the total.
pub(crate) fn parse_content_range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (unit, rest) = text.trim().split_once(' ')?;
    let (range, total) = rest.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let end = last.checked_add(1)?;
    let total = if total == "*" { None } else { Some(number(total)?) };
    let sane = unit.eq_ignore_ascii_case("bytes") && first < end && total.is_none_or(|t| end <= t);
    sane.then_some((first..end, total))
}

/// Returns the `n` of `bytes */n`, which comes with status 416.
pub(crate) fn parse_unsatisfied_range(text: &str) -> Option<u64> {
    number(text.trim().strip_prefix("bytes")?.trim_start().strip_prefix("*/")?)
}

/// Parses digits only: `parse` alone would accept `+5`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
