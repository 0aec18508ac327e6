//! The object side: signed downloads and uploads in the manner of OSS.

use super::Recorded;
use super::answer::Answer;
use super::fault::{HeaderText, ObjectPlan};
use super::files::{Stored, etag};
use super::routes::Call;
use super::sign::check_rights;
use super::state::{Shared, request_id};
use super::uploads::{LAST_PART, LONGEST_PUT};
use std::fmt::Write;
use std::ops::Range;

/// The content type of errors.
pub(super) const XML: &str = "application/xml";
const CRC_HEADER: &str = "x-oss-hash-crc64ecma";

/// Serves an object or a range of it.
pub(super) fn get_object(shared: &Shared, call: &Call<'_>) -> Answer {
    let plan = &call.plan.object;
    let (space_id, dentry_id) = (call.param(0), call.param(1));
    // No file has a version 0.
    let version = call.param(2).parse().unwrap_or(0);
    if let Some(content) = &plan.replace {
        shared.replace(space_id, dentry_id, version, content);
    }
    if let Err(answer) = check_rights(shared, call.request) {
        return answer;
    }
    let Some(stored) = shared.state().tree.version(space_id, dentry_id, version) else {
        return no_such_key();
    };
    if matches!(plan.etag, HeaderText::True) && !if_match(call.request, &stored.etag) {
        let details = [("Condition", "If-Match".to_owned())];
        let message = "At least one of the pre-conditions you specified did not hold.";
        return error(412, "PreconditionFailed", message, &details);
    }
    serve(&stored, call.request, plan)
}

/// Headers, and the bytes that the range comes to.
fn serve(stored: &Stored, request: &Recorded, plan: &ObjectPlan) -> Answer {
    let size = stored.size;
    let Some(content) = &stored.content else {
        return error(400, "FakeContentNotKept", "The fake keeps only the checksum of large uploads.", &[]);
    };
    let asked = request.header("range").filter(|_| !plan.ignore_range);
    let range = match asked.map_or(Asked::Whole, |text| parse_range(text, size)) {
        Asked::Inside(range) => Some(range),
        Asked::Outside if plan.strict_ranges => return invalid_range(asked, size),
        Asked::Outside | Asked::Whole => None,
    };
    let range = range.map(|range| shorten(shift(range, plan.shift, size), plan.longest_range));
    let text = match (&plan.content_range, &range) {
        (HeaderText::Literal(text), _) => Some(text.clone()),
        (HeaderText::True, Some(range)) => {
            Some(format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)))
        }
        (HeaderText::True, None) | (HeaderText::Absent, _) => None,
    };
    let partial = range.is_some() || !matches!(plan.content_range, HeaderText::True);
    let status = if partial { 206 } else { 200 };
    let answer = Answer::with_range(status, content.clone(), range.unwrap_or(0..size));
    let answer = answer
        .corrupt(plan.corrupt)
        .header("Content-Type", "application/octet-stream")
        .header("Accept-Ranges", "bytes")
        .header("Last-Modified", "Sat, 01 Jan 2022 10:00:00 GMT")
        .header("x-oss-object-type", if stored.is_multipart { "Multipart" } else { "Normal" })
        .header("x-oss-request-id", request_id());
    let answer = with_text(answer, "ETag", &plan.etag, &stored.etag);
    let answer = with_text(answer, CRC_HEADER, &plan.crc, &stored.crc.to_string());
    match text {
        Some(text) => answer.header("Content-Range", text),
        None => answer,
    }
}

/// Why a PUT is not to be read at all.
pub(super) fn check_put(shared: &Shared, request: &Recorded) -> Result<(), Answer> {
    let Some(length) = request.header("content-length") else {
        let message = "You must provide the Content-Length HTTP header.";
        return Err(error(411, "MissingContentLength", message, &[]));
    };
    check_rights(shared, request)?;
    if length.parse().is_ok_and(|length: u64| length > LONGEST_PUT) {
        let message = "Your proposed upload exceeds the maximum allowed object size.";
        return Err(error(400, "EntityTooLarge", message, &[]));
    }
    Ok(())
}

/// Stores what a PUT brought, which was checked before it was read.
pub(super) fn put_object(shared: &Shared, call: &Call<'_>) -> Answer {
    let Some(arrived) = call.arrived else {
        return error(500, "InternalError", "The body was not taken in.", &[]);
    };
    let number = match call.request.query_value("partNumber").map(str::parse) {
        None => None,
        Some(Ok(number)) if (1..=LAST_PART).contains(&number) => Some(number),
        Some(_) => return error(400, "InvalidArgument", "Part number must be from 1 to 10000.", &[]),
    };
    if !shared.state().uploads.store(call.param(0), number, arrived) {
        return error(404, "NoSuchUpload", "The specified upload does not exist.", &[]);
    }
    let plan = &call.plan.object;
    let etag = etag(arrived.crc, 1, 0, "");
    let answer = Answer::new(200, "").header("x-oss-request-id", request_id());
    let answer = with_text(answer, "ETag", &plan.etag, &etag);
    with_text(answer, CRC_HEADER, &plan.crc, &arrived.crc.to_string())
}

fn with_text(answer: Answer, name: &str, text: &HeaderText, truth: &str) -> Answer {
    match text {
        HeaderText::True => answer.header(name, truth),
        HeaderText::Literal(text) => answer.header(name, text.as_str()),
        HeaderText::Absent => answer,
    }
}

/// What the text of a `Range` header means for an object of a certain size.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Not a range at all.
    Whole,
    Inside(Range<u64>),
    /// A range of which not all bytes exist.
    Outside,
}

/// Of several ranges, only the first counts.
fn parse_range(text: &str, size: u64) -> Asked {
    let first = text.strip_prefix("bytes=").and_then(|list| list.split(',').next());
    let Some((start, end)) = first.and_then(|range| range.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(start) || !is_number(end) {
        return Asked::Whole;
    }
    // A number too large for 64 bits lies outside of every object.
    let number = |digits: &str| digits.parse().unwrap_or(u64::MAX);
    let (first, last) = match (start, end) {
        ("", "") => return Asked::Whole,
        ("", count) => match size.checked_sub(number(count)) {
            Some(first) => (first, size.saturating_sub(1)),
            None => return Asked::Outside,
        },
        (first, "") => (number(first), size.saturating_sub(1)),
        (first, last) if number(last) < number(first) => return Asked::Whole,
        (first, last) => (number(first), number(last)),
    };
    if first < size && last < size { Asked::Inside(first..last + 1) } else { Asked::Outside }
}

/// Moves a range, as far as the object goes; at least one byte of it stays.
fn shift(range: Range<u64>, by: i64, size: u64) -> Range<u64> {
    let start = range.start.saturating_add_signed(by).min(size.saturating_sub(1));
    let end = range.end.saturating_add_signed(by).clamp(start.saturating_add(1), size.max(1));
    start..end
}

fn shorten(range: Range<u64>, longest: Option<u64>) -> Range<u64> {
    let end = range.end.min(range.start.saturating_add(longest.unwrap_or(u64::MAX).max(1)));
    range.start..end
}

fn invalid_range(asked: Option<&str>, size: u64) -> Answer {
    let requested = asked.unwrap_or_default().to_owned();
    let details = [("ActualObjectSize", size.to_string()), ("RangeRequested", requested)];
    let answer = error(416, "InvalidRange", "The requested range cannot be satisfied", &details);
    answer.header("Content-Range", format!("bytes */{size}"))
}

/// Whether `If-Match` is absent or names this `ETag`; the quotes may be left out, as OSS has it.
fn if_match(request: &Recorded, etag: &str) -> bool {
    let bare = etag.trim_matches('"');
    let is_it = |text: &str| text == "*" || text.trim_matches('"') == bare;
    request.header("if-match").is_none_or(|list| list.split(',').any(|text| is_it(text.trim())))
}

fn no_such_key() -> Answer {
    error(404, "NoSuchKey", "The specified key does not exist.", &[])
}

/// The answer to what fits no operation.
pub(super) fn no_such_operation(request: &Recorded) -> Answer {
    match request.method.as_str() {
        "GET" | "HEAD" => no_such_key(),
        _ => error(405, "MethodNotAllowed", "The specified method is not allowed.", &[]),
    }
}

pub(super) fn error(status: u16, code: &str, message: &str, details: &[(&str, String)]) -> Answer {
    let body = error_body(code, message, details);
    Answer::new(status, body).header("Content-Type", XML).header("x-oss-request-id", request_id())
}

/// The XML of an error.
pub(super) fn error_body(code: &str, message: &str, details: &[(&str, String)]) -> String {
    let mut lines = String::new();
    for (name, value) in details {
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(lines, "  <{name}>{value}</{name}>");
    }
    let id = request_id();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>{code}</Code>\n  \
         <Message>{message}</Message>\n  <RequestId>{id}</RequestId>\n  <HostId>127.0.0.1</HostId>\n\
         {lines}  <EC>0000-00000000</EC>\n</Error>\n"
    )
}
