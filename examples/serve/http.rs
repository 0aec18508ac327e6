//! The HTTP half of `serve`: ranges, conditions and headers. Pure functions, without sockets and without DingTalk.

use std::net::IpAddr;
use std::ops::Range;

use dingtalk_files::{Error, ErrorKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tiny_http::{Header, Request};

use super::shared;

/// Characters that need no encoding, neither in a path nor in an RFC 5987 value.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The part of a file that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Whole,
    Part(Range<u64>),
    NotSatisfiable,
}

/// Reads a `Range` header. As RFC 9110 permits, the whole file answers several ranges and everything unreadable.
pub(crate) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let spec = header.and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else { return Wanted::Whole };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A number above 64 bits is past the end of every file.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let range = match (first, last) {
        _ if !is_number(first) || !is_number(last) => return Wanted::Whole,
        ("", "") => return Wanted::Whole,
        ("", count) => size.saturating_sub(number(count))..size,
        (first, "") => number(first)..size,
        (first, last) if number(last) < number(first) => return Wanted::Whole,
        (first, last) => number(first)..number(last).saturating_add(1).min(size),
    };
    if range.is_empty() { Wanted::NotSatisfiable } else { Wanted::Part(range) }
}

/// Whether `If-Range` permits a part: only if the reader has bytes of exactly this version.
pub(crate) fn range_is_current(if_range: Option<&str>, etag: Option<&str>) -> bool {
    if_range.is_none_or(|tag| Some(tag.trim()) == etag)
}

/// Whether `If-None-Match` names this version, so that the reader needs no bytes.
pub(crate) fn is_known(if_none_match: Option<&str>, etag: Option<&str>) -> bool {
    let (Some(list), Some(etag)) = (if_none_match, etag) else { return false };
    let mut tags = list.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// An `ETag` of the object store that may be sent on. A weak one cannot prove that two parts belong together.
pub(crate) fn strong_etag(etag: Option<String>) -> Option<String> {
    let inner = |tag: &str| Some(tag.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    etag.filter(|tag| {
        inner(tag).is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
    })
}

/// Type by extension, and whether a browser may show the file.
///
/// HTML, SVG and everything else that can hold a script is downloaded: its author is not the owner of this server.
pub(crate) fn content_type(name: &str) -> (&'static str, bool) {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let shown = match extension.as_str() {
        "txt" | "log" | "md" | "csv" => "text/plain; charset=utf-8",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "oga" => "audio/ogg",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        _ => return ("application/octet-stream", false),
    };
    (shown, true)
}

/// `Content-Disposition` with the name twice: in ASCII for old readers, and as RFC 5987 wants it.
pub(crate) fn disposition(name: &str, is_shown: bool) -> String {
    let name = shared::file_name(name);
    let how = if is_shown { "inline" } else { "attachment" };
    let plain = |c: char| if c.is_ascii_alphanumeric() || " -._()".contains(c) { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    format!("{how}; filename=\"{ascii}\"; filename*=UTF-8''{}", encode(&name))
}

/// A response that is not the file.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// Seconds after which another attempt makes sense.
    pub(crate) retry_after: Option<u64>,
    /// For the log. The reader gets the status alone.
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, reason: &str) -> Self {
        Self { status, retry_after: None, reason: reason.to_owned() }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, retry_after) = status_of(&error);
        Self { status, retry_after, reason: error.to_string() }
    }
}

fn status_of(error: &Error) -> (u16, Option<u64>) {
    let wait = error.retry_after().map(|wait| wait.as_secs().max(1));
    match error.kind() {
        ErrorKind::NotFound => (404, None),
        ErrorKind::Permission => (403, None),
        ErrorKind::RateLimit => (503, wait.or(Some(5))),
        // The request has started the restore, which takes minutes.
        _ if error.code() == Some("fileArchived") => (503, Some(60)),
        // `serve` cancels a download only when the deadline has passed.
        ErrorKind::Stall | ErrorKind::Deadline | ErrorKind::Cancelled => (504, None),
        // The file was replaced. `serve` forgets what it knew of it.
        ErrorKind::Range | ErrorKind::Integrity => (503, Some(1)),
        _ if wait.is_some() => (503, wait),
        _ => (502, None),
    }
}

/// Whether the `Host` header names this machine.
///
/// Other hosts are refused: a page of another site, whose name suddenly resolves to 127.0.0.1 (DNS rebinding), could
/// otherwise read the files.
pub(crate) fn is_this_machine(host: Option<&str>) -> bool {
    let host = host.unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(crate) fn header(name: &str, value: &str) -> Option<Header> {
    Header::from_bytes(name, value).ok()
}

pub(crate) fn request_header<'a>(request: &'a Request, name: &'static str) -> Option<&'a str> {
    request.headers().iter().find(|header| header.field.equiv(name)).map(|header| header.value.as_str())
}

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Dentry id of `/files/DENTRY_ID/NAME`. The name is there for the reader, and decides nothing.
pub(crate) fn dentry_id(url: &str) -> Option<String> {
    let path = url.split('?').next()?;
    let (id, _name) = path.strip_prefix("/files/")?.split_once('/')?;
    let id = percent_decode_str(id).decode_utf8().ok()?;
    (!id.is_empty()).then(|| id.into_owned())
}

/// A name that somebody else chose, as text in HTML.
pub(crate) fn escape(name: &str) -> String {
    let name = shared::printable(name).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    name.replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, expected) in [
            (None, Wanted::Whole),
            (Some("bytes=0-"), Wanted::Part(0..10)),
            (Some("bytes=2-4"), Wanted::Part(2..5)),
            (Some("bytes=9-99"), Wanted::Part(9..10)),
            (Some("bytes=-3"), Wanted::Part(7..10)),
            (Some("bytes=-99"), Wanted::Part(0..10)),
            (Some("bytes=3-18446744073709551615"), Wanted::Part(3..10)),
            (Some("bytes=99999999999999999999-"), Wanted::NotSatisfiable),
            (Some("bytes=10-"), Wanted::NotSatisfiable),
            (Some("bytes=-0"), Wanted::NotSatisfiable),
            (Some("bytes=4-2"), Wanted::Whole),
            (Some("bytes=0-1,4-5"), Wanted::Whole),
            (Some("bytes=-"), Wanted::Whole),
            (Some("bytes=+1-2"), Wanted::Whole),
            (Some("lines=1-2"), Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 10), expected, "{header:?}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::NotSatisfiable);
    }

    #[test]
    fn conditions() {
        let etag = Some("\"a\"");
        assert!(range_is_current(None, etag) && range_is_current(Some("\"a\""), etag));
        for other in ["\"b\"", "W/\"a\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert!(!range_is_current(Some(other), etag) && !range_is_current(Some(other), None));
        }
        for list in ["\"a\"", "\"b\", W/\"a\"", "*"] {
            assert!(is_known(Some(list), etag) && !is_known(Some(list), None));
        }
        assert!(!is_known(Some("\"b\""), etag) && !is_known(None, etag));
        let strong = |tag: &str| strong_etag(Some(tag.to_owned())).is_some();
        assert!(
            strong("\"a\"")
                && !strong("W/\"a\"")
                && !strong("a")
                && !strong("\"a\"b\"")
                && !strong("\"a\nb\"")
        );
    }

    #[test]
    fn hosts() {
        for host in ["127.0.0.1:8080", "127.0.0.1", "localhost:1", "[::1]:8080", "[::1]"] {
            assert!(is_this_machine(Some(host)), "{host}");
        }
        for host in
            [None, Some("example.com:8080"), Some("192.168.0.1"), Some("127.0.0.1.example.com"), Some("")]
        {
            assert!(!is_this_machine(host), "{host:?}");
        }
    }
}
