//! Parses the head of an answer. Pure.

use std::time::Duration;

use ureq::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, LOCATION, RETRY_AFTER,
    TRANSFER_ENCODING,
};
use ureq::http::response::Parts;
use ureq::http::{HeaderMap, HeaderName, Version};

use crate::base::error::Problem;
use crate::base::secret::{host_of, redact};
use crate::object::range::ResponseHead;

pub(super) fn read_head(parts: &Parts, secrets: &[&str]) -> ResponseHead {
    let headers = &parts.headers;
    // Errors may quote these headers.
    let quotable = |name| text(headers, name).map(|t| redact(t, secrets));
    let transfer = codings(headers, TRANSFER_ENCODING);
    // HTTP/1.0 has no chunked coding, and ureq does not decode it there.
    let chunked = transfer.last().is_some_and(|last| last == "chunked") && parts.version != Version::HTTP_10;
    // ureq decodes chunks; any other coding is left as it is.
    let others = transfer.into_iter().filter(|coding| coding != "chunked");
    let encoding: Vec<String> = codings(headers, CONTENT_ENCODING).into_iter().chain(others).collect();
    ResponseHead {
        status: parts.status.as_u16(),
        content_range: quotable(CONTENT_RANGE.as_str()),
        length: text(headers, CONTENT_LENGTH.as_str()).and_then(|t| t.trim().parse().ok()),
        chunked,
        etag: text(headers, ETAG.as_str()),
        crc64: text(headers, "x-oss-hash-crc64ecma").and_then(|t| t.trim().parse().ok()),
        encoding: (!encoding.is_empty()).then(|| redact(encoding.join(", "), secrets)),
        html: text(headers, CONTENT_TYPE.as_str()).is_some_and(|t| is_html(&t)),
        request_id: quotable("x-oss-request-id"),
    }
}

/// Returns the codings of the body, in order and in lower case, without `identity` and empty words.
fn codings(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    let lines =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase());
    let words = lines.flat_map(|line| line.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>());
    words.filter(|word| !matches!(word.as_str(), "" | "identity")).collect()
}

fn is_html(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// Returns a redirect with its host only, because the query of a location may contain a signature.
pub(super) fn redirect(headers: &HeaderMap, secrets: &[&str]) -> Problem {
    let host = text(headers, LOCATION.as_str()).map(|l| host_of(&l).to_owned()).filter(|h| !h.is_empty());
    Problem::Redirect { host: host.map(|h| redact(h, secrets)) }
}

pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Parses `Retry-After`: seconds, or a date. A date is compared with the `Date` of the answer, because this machine's
/// clock may be wrong; without a `Date` it is ignored.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, RETRY_AFTER.as_str())?;
    if let Ok(seconds) = asked.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (then, now) = (seconds_of_date(&asked)?, seconds_of_date(&text(headers, DATE.as_str())?)?);
    Some(Duration::from_secs(then.saturating_sub(now)))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns the seconds of an HTTP date, counted from the year 0. Accepts `Sun, 06 Nov 1994 08:49:37 GMT`, and the form
/// with hyphens and a short year.
fn seconds_of_date(text: &str) -> Option<u64> {
    let (_, rest) = text.trim().split_once(',')?;
    let mut words = rest.split([' ', '-']).filter(|word| !word.is_empty());
    let mut next = || words.next();
    let (day, month, year, time, zone) = (next()?, next()?, next()?, next()?, next()?);
    let is_short = year.len() == 2;
    let year: u64 = year.parse().ok().filter(|year| *year <= 9999)?;
    // A short year is in this century.
    let year = if is_short { 2000 + year } else { year };
    let day: u64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? as u64 + 1;
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<u64>().ok().filter(|part| *part <= 60));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if !zone.eq_ignore_ascii_case("GMT") {
        return None;
    }
    // Count years from March, so that the leap day is the last day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderValue, Response};

    use super::*;

    fn parts(headers: &[(HeaderName, &str)]) -> Parts {
        let mut parts = Response::new(()).into_parts().0;
        for (name, value) in headers {
            parts.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        parts
    }

    type Words = &'static [&'static str];

    /// (Transfer-Encoding, Content-Encoding, chunked, encoding)
    #[test]
    fn transfer_and_content_codings_are_recognised() {
        let table: [(Words, Words, bool, Option<&str>); 13] = [
            (&[], &[], false, None),
            (&[], &[""], false, None),
            (&[], &["identity"], false, None),
            (&[], &["identity", " Identity "], false, None),
            (&[], &["identity, identity,"], false, None),
            (&[], &["gzip"], false, Some("gzip")),
            (&[], &["identity, GZIP"], false, Some("gzip")),
            (&["identity"], &[], false, None),
            (&["chunked"], &[], true, None),
            (&["identity", "Chunked"], &["identity"], true, None),
            (&["chunked, identity"], &[], true, None),
            (&["gzip, chunked"], &[], true, Some("gzip")),
            (&["gzip"], &["br"], false, Some("br, gzip")),
        ];
        for (transfer, content, chunked, encoding) in table {
            let transfers = transfer.iter().map(|value| (TRANSFER_ENCODING, *value));
            let all: Vec<_> =
                transfers.chain(content.iter().map(|value| (CONTENT_ENCODING, *value))).collect();
            let head = read_head(&parts(&all), &[]);
            assert_eq!(
                (head.chunked, head.encoding.as_deref()),
                (chunked, encoding),
                "{transfer:?} {content:?}"
            );
        }
        let mut old = parts(&[(TRANSFER_ENCODING, "chunked")]);
        old.version = Version::HTTP_10;
        assert!(!read_head(&old, &[]).chunked);
    }

    /// (Retry-After, Date, seconds to wait)
    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        let date = "Tue, 29 Feb 2028 23:59:50 GMT";
        let table = [
            (" 7 ", "", Some(7)),
            ("0", date, Some(0)),
            ("Wed, 01 Mar 2028 00:00:20 GMT", date, Some(30)),
            ("Wednesday, 01-Mar-28 00:00:20 GMT", date, Some(30)),
            ("Thu, 01 Mar 2029 23:59:50 GMT", date, Some(366 * 86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", date, Some(0)),
            ("Wed, 01 Mar 2028 00:00:20 GMT", "", None),
            ("Wed, 01 Mar 2028 00:00:20 CET", date, None),
            ("Wed, 32 Mar 2028 00:00:20 GMT", date, None),
            ("Wed, 01 Mar 99999999999 00:00:20 GMT", date, None),
            ("soon", date, None),
            ("-5", date, None),
        ];
        for (asked, now, seconds) in table {
            let mut headers = vec![(RETRY_AFTER, asked)];
            headers.extend((!now.is_empty()).then_some((DATE, now)));
            let wait = retry_after(&parts(&headers).headers);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{asked} {now}");
        }
    }
}
