//! Signatures in the manner of OSS: header signing, version 1.

use crate::testing::data::ids::random;
use crate::testing::data::records::Recorded;
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

pub(crate) const ACCESS_KEY_ID: &str = "fakekey";
const DATE_HEADER: &str = "x-oss-date";
/// The query parameters that are signed.
const SUBRESOURCES: [&str; 2] = ["partNumber", "uploadId"];

/// All signatures that were issued.
#[derive(Debug)]
pub(crate) struct Signatures {
    /// The secret.
    key: u64,
    /// The expiry of each signature that is still known, by its date; every signature has a different date.
    expiries: HashMap<String, Expiry>,
    /// The number of signatures so far.
    count: u64,
    pub(crate) lifetime: Duration,
}

/// A path with the headers for one request.
#[derive(Debug)]
pub(crate) struct SignedPath {
    /// Path and query.
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) date: String,
    pub(crate) lifetime: Duration,
}

/// The reason to refuse a request.
#[derive(Debug)]
pub(crate) enum SignatureError {
    NoAuthorization,
    NoDate,
    Mismatch { given: String, to_sign: String },
    Expired,
}

/// The moment after which a token or a signature is no longer valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry(Option<Instant>);

impl Expiry {
    /// A lifetime beyond the range of the clock means never.
    pub(crate) fn after(lifetime: Duration) -> Self {
        Self(Instant::now().checked_add(lifetime))
    }

    pub(crate) fn is_over(self) -> bool {
        self.0.is_some_and(|moment| Instant::now() >= moment)
    }
}

impl Signatures {
    pub(crate) fn new() -> Self {
        Self { key: random(), expiries: HashMap::new(), count: 0, lifetime: Duration::from_secs(900) }
    }

    /// Signs a request with this path and query, and without further signed headers.
    pub(crate) fn sign(&mut self, method: &str, path: String) -> SignedPath {
        let date = nth_date(self.count);
        self.count += 1;
        let lifetime = self.lifetime;
        self.expiries.insert(date.clone(), Expiry::after(lifetime));
        let (bare, query) = path.split_once('?').unwrap_or((&path, ""));
        let to_sign = format!("{method}\n\n\n{date}\n{DATE_HEADER}:{date}\n{}", resource(bare, query));
        SignedPath { authorization: self.authorization(&to_sign), path, date, lifetime }
    }

    /// Checks the signature of a request, and its age.
    pub(crate) fn check(&self, request: &Recorded) -> Result<(), SignatureError> {
        let given = request.header("authorization").ok_or(SignatureError::NoAuthorization)?;
        let date = request.header(DATE_HEADER).ok_or(SignatureError::NoDate)?;
        let to_sign = string_to_sign(request, date);
        if given != self.authorization(&to_sign) {
            return Err(SignatureError::Mismatch { given: given.to_owned(), to_sign });
        }
        match self.expiries.get(date) {
            Some(expiry) if !expiry.is_over() => Ok(()),
            _ => Err(SignatureError::Expired),
        }
    }

    /// Makes all signatures so far expire.
    pub(crate) fn expire_all(&mut self) {
        self.expiries.clear();
    }

    /// Computes a toy signature: a checksum with a key. Nobody gains anything by forging it.
    fn authorization(&self, to_sign: &str) -> String {
        let mut digest = crc64fast::Digest::new();
        digest.write(&self.key.to_be_bytes());
        digest.write(to_sign.as_bytes());
        digest.write(&self.key.to_le_bytes());
        format!("OSS {ACCESS_KEY_ID}:{:016x}", digest.sum64())
    }
}

/// Returns the text that the signature of a request covers.
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

/// Returns the path with the query parameters that identify a resource. All others are not signed.
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

/// Returns the date of a signature: a second of February 2026 for each, so that the date identifies it.
fn nth_date(count: u64) -> String {
    let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let day = (count / 86_400) % 28;
    let weekday = weekdays.iter().cycle().nth(usize::try_from(day).unwrap_or_default());
    let (hour, minute, second) = ((count / 3600) % 24, (count / 60) % 60, count % 60);
    let weekday = weekday.copied().unwrap_or_default();
    format!("{weekday}, {:02} Feb 2026 {hour:02}:{minute:02}:{second:02} GMT", day + 1)
}
