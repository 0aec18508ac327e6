//! Signatures in the manner of OSS: header signing, version 1.

use super::Recorded;
use super::answer::Answer;
use super::dingtalk::TOKEN_HEADER;
use super::oss::error;
use super::state::{Lapse, Shared};
use percent_encoding::percent_decode_str;
use std::fmt::Write;

const ACCESS_KEY_ID: &str = "fakekey";
const DATE_HEADER: &str = "x-oss-date";
/// The query parameters that are signed.
const SUBRESOURCES: [&str; 2] = ["partNumber", "uploadId"];

/// No token, a good signature, and that not too old.
pub(super) fn check_rights(shared: &Shared, request: &Recorded) -> Result<(), Answer> {
    let leaked = request.headers.iter().any(|(name, _)| name == TOKEN_HEADER);
    if leaked {
        return Err(error(400, "FakeTokenLeaked", "The access token is for the API host only.", &[]));
    }
    let denied = |message| error(403, "AccessDenied", message, &[]);
    let Some(given) = request.header("authorization") else {
        return Err(denied("You have no right to access this object because of bucket acl."));
    };
    let Some(date) = request.header(DATE_HEADER) else {
        return Err(denied("OSS authentication requires a valid Date."));
    };
    let to_sign = string_to_sign(request, date);
    if given != authorization(shared.key, &to_sign) {
        return Err(signature_does_not_match(given, to_sign));
    }
    let lapse = shared.state().signatures.get(date).copied();
    if lapse.is_none_or(Lapse::is_over) {
        return Err(denied("Request has expired."));
    }
    Ok(())
}

/// As the real one, this shows what should have been signed: the client had better not log it.
fn signature_does_not_match(given: &str, to_sign: String) -> Answer {
    let provided = given.rsplit(':').next().unwrap_or_default().to_owned();
    let details = [
        ("OSSAccessKeyId", ACCESS_KEY_ID.to_owned()),
        ("SignatureProvided", provided),
        ("StringToSign", to_sign),
    ];
    let message = "The request signature we calculated does not match the signature you provided. \
                   Check your key and signing method.";
    error(403, "SignatureDoesNotMatch", message, &details)
}

/// What the signature of a request covers: header signing version 1.
fn string_to_sign(request: &Recorded, date: &str) -> String {
    let text = |name| request.header(name).unwrap_or_default();
    let mut signed: Vec<_> = request.headers.iter().filter(|(name, _)| name.starts_with("x-oss-")).collect();
    signed.sort();
    let mut headers = String::new();
    for (name, value) in signed {
        let _ = writeln!(headers, "{name}:{value}");
    }
    let resource = resource(&request.path, &request.raw_query);
    let (md5, kind) = (text("content-md5"), text("content-type"));
    format!("{}\n{md5}\n{kind}\n{date}\n{headers}{resource}", request.method)
}

/// The path, and those parameters of the query that tell one resource from another. All others are not signed.
fn resource(path: &str, query: &str) -> String {
    let is_signed = |pair: &&str| SUBRESOURCES.contains(&pair.split('=').next().unwrap_or_default());
    let mut pairs: Vec<_> = query.split('&').filter(is_signed).collect();
    pairs.sort_unstable();
    let mut resource = percent_decode_str(path).decode_utf8_lossy().into_owned();
    for (place, pair) in pairs.into_iter().enumerate() {
        resource.push(if place == 0 { '?' } else { '&' });
        resource.push_str(pair);
    }
    resource
}

/// A toy: a checksum with a key is no signature, but here nobody has anything to gain by forging it.
fn authorization(key: u64, to_sign: &str) -> String {
    let mut digest = crc64fast::Digest::new();
    digest.write(&key.to_be_bytes());
    digest.write(to_sign.as_bytes());
    digest.write(&key.to_le_bytes());
    format!("OSS {ACCESS_KEY_ID}:{:016x}", digest.sum64())
}

/// The authorization and the date of a request of this path and query, which brings no type, no digest and nothing else.
pub(super) fn ahead(shared: &Shared, method: &str, path: &str) -> (String, String) {
    let mut state = shared.state();
    let date = nth_date(state.signature_count);
    state.signature_count += 1;
    drop(state);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let resource = resource(path, query);
    let to_sign = format!("{method}\n\n\n{date}\n{DATE_HEADER}:{date}\n{resource}");
    (authorization(shared.key, &to_sign), date)
}

/// Every signature gets a second of its own in February 2026, so that its date tells which one it is.
fn nth_date(count: u64) -> String {
    let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let day = (count / 86_400) % 28;
    let weekday = weekdays.iter().cycle().nth(usize::try_from(day).unwrap_or_default());
    let (hour, minute, second) = ((count / 3600) % 24, (count / 60) % 60, count % 60);
    let weekday = weekday.copied().unwrap_or_default();
    format!("{weekday}, {:02} Feb 2026 {hour:02}:{minute:02}:{second:02} GMT", day + 1)
}
