//! The object store: signed downloads and uploads in the style of OSS.

use super::call::FakeCall;
use super::checks::TOKEN_HEADER;
use super::conditions;
use crate::testing::data::dates;
use crate::testing::data::effects::{HeaderText, ObjectEffects};
use crate::testing::data::errors::object_error;
use crate::testing::data::ids::request_id;
use crate::testing::data::records::Recorded;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use crate::testing::state::signatures::{ACCESS_KEY_ID, SignatureError};
use crate::testing::state::tree::{StoredVersion, etag};
use crate::testing::state::uploads::{LAST_PART, LONGEST_PUT};
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

const CRC_HEADER: &str = "x-oss-hash-crc64ecma";

/// The query parameters that replace a header of the answer.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "Cache-Control"),
    ("response-content-disposition", "Content-Disposition"),
    ("response-content-encoding", "Content-Encoding"),
    ("response-content-language", "Content-Language"),
    ("response-content-type", "Content-Type"),
    ("response-expires", "Expires"),
];

/// Returns an object or a range of it.
pub(crate) fn get_object(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let effects = &call.effects.object;
    let (space_id, dentry_id) = (call.param(0), call.param(1));
    // Versions start at 1, so 0 matches no version.
    let version = call.param(2).parse().unwrap_or(0);
    if let Some(content) = &effects.replace {
        shared.replace(space_id, dentry_id, version, content);
    }
    check_rights(shared, call.request)?;
    let stored = shared.state().tree.version(space_id, dentry_id, version);
    let stored = stored.ok_or_else(no_such_key)?;
    conditions::check(call.request, &stored, effects)?;
    with_overrides(serve(&stored, call.request, effects)?, call.request)
}

/// Replaces the headers that the query overrides. The signature check has already refused unsigned overrides.
fn with_overrides(mut response: FakeResponse, request: &Recorded) -> Result<FakeResponse, FakeResponse> {
    for (parameter, header) in OVERRIDES {
        let Some(text) = request.query_value(parameter).filter(|text| !text.is_empty()) else {
            continue;
        };
        // A line break would let the client inject another header.
        if text.contains(char::is_control) {
            let details = [("ArgumentName", parameter.to_owned())];
            return Err(object_error(400, "InvalidArgument", "The header text is not right.", &details));
        }
        response = response.replace_header(header, text);
    }
    Ok(response)
}

/// Creates the response with the requested range of an object.
fn serve(
    stored: &StoredVersion,
    request: &Recorded,
    effects: &ObjectEffects,
) -> Result<FakeResponse, FakeResponse> {
    let size = stored.size;
    let Some(content) = &stored.content else {
        let message = "The fake keeps only the checksum of large uploads.";
        return Err(object_error(400, "FakeContentNotKept", message, &[]));
    };
    let asked = request.header("range").filter(|_| !effects.ignore_range);
    let range = match asked.map_or(FakeRange::Whole, |text| parse_range(text, size)) {
        FakeRange::Inside(range) => Some(range),
        FakeRange::Outside if effects.strict_ranges => return Err(invalid_range(asked, size)),
        FakeRange::Outside | FakeRange::Whole => None,
    };
    let range = range.map(|range| shorten(shift(range, effects.shift, size), effects.longest_range));
    let text = match (&effects.content_range, &range) {
        (HeaderText::Literal(text), _) => Some(text.clone()),
        (HeaderText::True, Some(range)) => {
            Some(format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)))
        }
        (HeaderText::True, None) | (HeaderText::Absent, _) => None,
    };
    let partial = range.is_some() || !matches!(effects.content_range, HeaderText::True);
    let status = if partial { 206 } else { 200 };
    let response = FakeResponse::with_range(status, content.clone(), range.unwrap_or(0..size))
        .corrupt(effects.corrupt)
        .header("Content-Type", "application/octet-stream")
        .header("Accept-Ranges", "bytes")
        .header("Last-Modified", stored.last_modified())
        .header("x-oss-object-type", if stored.is_multipart { "Multipart" } else { "Normal" })
        .header("x-oss-request-id", request_id());
    let response = effects.etag.add_to(response, "ETag", &stored.etag);
    let response = effects.crc.add_to(response, CRC_HEADER, &stored.crc.to_string());
    Ok(match text {
        Some(text) => response.header("Content-Range", text),
        None => response,
    })
}

/// Checks the head of a PUT, before its body is read.
pub(crate) fn check_put(shared: &Shared, request: &Recorded) -> Result<(), FakeResponse> {
    let length = request.header("content-length");
    // Reading the head has already refused transfer encodings other than `chunked`.
    if length.or(request.header("transfer-encoding")).is_none() {
        let message = "You must provide the Content-Length HTTP header.";
        return Err(object_error(411, "MissingContentLength", message, &[]));
    }
    check_rights(shared, request)?;
    // The length of a chunked body is not known before its end.
    check_put_length(length.and_then(|length| length.parse().ok()).unwrap_or_default())
}

fn check_put_length(length: u64) -> Result<(), FakeResponse> {
    if length <= LONGEST_PUT {
        return Ok(());
    }
    let message = "Your proposed upload exceeds the maximum allowed object size.";
    Err(object_error(400, "EntityTooLarge", message, &[]))
}

/// Stores the body of a PUT. Its head was checked before the body was read.
pub(crate) fn put_object(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let error = |status, code, message| Err(object_error(status, code, message, &[]));
    let Some(body) = call.upload else {
        return error(500, "InternalError", "The body was not read.");
    };
    check_put_length(body.length)?;
    let number = match call.request.query_value("partNumber").map(str::parse) {
        None => None,
        Some(Ok(number)) if (1..=LAST_PART).contains(&number) => Some(number),
        Some(_) => return error(400, "InvalidArgument", "Part number must be from 1 to 10000."),
    };
    if !shared.state().store(call.param(0), number, body) {
        return error(404, "NoSuchUpload", "The specified upload does not exist.");
    }
    let effects = &call.effects.object;
    let etag = etag(body.crc, 1, 0, "");
    let response = FakeResponse::new(200, "").header("x-oss-request-id", request_id());
    let response = effects.etag.add_to(response, "ETag", &etag);
    Ok(effects.crc.add_to(response, CRC_HEADER, &body.crc.to_string()))
}

/// The meaning of a `Range` header for an object of a given size.
#[derive(Debug, PartialEq, Eq)]
enum FakeRange {
    /// A header that is not a valid range.
    Whole,
    Inside(Range<u64>),
    /// A range that extends past the object.
    Outside,
}

/// Parses a `Range` header. Only the first of several ranges is used.
fn parse_range(text: &str, size: u64) -> FakeRange {
    let first = text.strip_prefix("bytes=").and_then(|list| list.split(',').next());
    let Some((start, end)) = first.and_then(|range| range.trim().split_once('-')) else {
        return FakeRange::Whole;
    };
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(start) || !is_number(end) {
        return FakeRange::Whole;
    }
    // A number above 64 bits is outside of every object.
    let number = |digits: &str| digits.parse().unwrap_or(u64::MAX);
    let (first, last) = match (start, end) {
        ("", "") => return FakeRange::Whole,
        ("", count) => match size.checked_sub(number(count)) {
            Some(first) => (first, size.saturating_sub(1)),
            None => return FakeRange::Outside,
        },
        (first, "") => (number(first), size.saturating_sub(1)),
        (first, last) if number(last) < number(first) => return FakeRange::Whole,
        (first, last) => (number(first), number(last)),
    };
    if first < size && last < size { FakeRange::Inside(first..last + 1) } else { FakeRange::Outside }
}

/// Shifts a range inside the object. At least one byte remains.
fn shift(range: Range<u64>, by: i64, size: u64) -> Range<u64> {
    let start = range.start.saturating_add_signed(by).min(size.saturating_sub(1));
    let end = range.end.saturating_add_signed(by).clamp(start.saturating_add(1), size.max(1));
    start..end
}

fn shorten(range: Range<u64>, longest: Option<u64>) -> Range<u64> {
    let end = range.end.min(range.start.saturating_add(longest.unwrap_or(u64::MAX).max(1)));
    range.start..end
}

fn invalid_range(asked: Option<&str>, size: u64) -> FakeResponse {
    let requested = asked.unwrap_or_default().to_owned();
    let details = [("ActualObjectSize", size.to_string()), ("RangeRequested", requested)];
    let answer = object_error(416, "InvalidRange", "The requested range cannot be satisfied", &details);
    answer.header("Content-Range", format!("bytes */{size}"))
}

fn no_such_key() -> FakeResponse {
    object_error(404, "NoSuchKey", "The specified key does not exist.", &[])
}

/// Creates the response to an unknown operation.
pub(crate) fn no_such_operation(request: &Recorded) -> FakeResponse {
    match request.method.as_str() {
        "GET" | "HEAD" => no_such_key(),
        _ => object_error(405, "MethodNotAllowed", "The specified method is not allowed.", &[]),
    }
}

/// Checks that a request has no access token, and that its signature is valid and has not lapsed.
fn check_rights(shared: &Shared, request: &Recorded) -> Result<(), FakeResponse> {
    if request.header(TOKEN_HEADER).is_some() {
        let message = "The access token is for the API host only.";
        return Err(object_error(400, "FakeTokenLeaked", message, &[]));
    }
    shared.state().signatures.check(request).map_err(signature_refused)
}

/// Returns the time in seconds since 1970.
fn now() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

fn signature_refused(error: SignatureError) -> FakeResponse {
    let denied = |message| object_error(403, "AccessDenied", message, &[]);
    match error {
        SignatureError::NoAuthorization => {
            denied("You have no right to access this object because of bucket acl.")
        }
        SignatureError::NoDate => denied("OSS authentication requires a valid Date."),
        SignatureError::Expired => denied("Request has expired."),
        SignatureError::Lapsed { date } => {
            let iso = |seconds: Option<i64>| seconds.map(dates::to_iso).unwrap_or_default();
            let details = [
                ("MaxAllowedSkewMilliseconds", "900000".to_owned()),
                ("RequestTime", iso(dates::from_http(&date))),
                ("ServerTime", iso(now())),
            ];
            let message = "The difference between the request time and the current time is too large.";
            object_error(403, "RequestTimeTooSkewed", message, &details)
        }
        SignatureError::Mismatch { given, to_sign } => {
            let provided = given.rsplit(':').next().unwrap_or_default().to_owned();
            // Like the real store, the fake reveals the string to sign, which a client must not log.
            let details = [
                ("OSSAccessKeyId", ACCESS_KEY_ID.to_owned()),
                ("SignatureProvided", provided),
                ("StringToSign", to_sign),
            ];
            let message = "The request signature we calculated does not match the signature you provided. \
                           Check your key and signing method.";
            object_error(403, "SignatureDoesNotMatch", message, &details)
        }
    }
}
