//! Signatures in the style of OSS: header signing, version 1.

use crate::testing::data::dates;
use crate::testing::data::ids::random;
use crate::testing::data::records::Recorded;
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

pub(crate) const ACCESS_KEY_ID: &str = "fakekey";
const DATE_HEADER: &str = "x-oss-date";
/// The first second of February 2026, counted from 1970.
const FEBRUARY: i64 = 1_769_904_000;
/// The number of seconds in February 2026.
const FEBRUARY_SECONDS: u64 = 28 * 86_400;
/// The query parameters that are signed: those that OSS defines for objects. Other parameters are not signed.
const SUBRESOURCES: [&str; 33] = [
    "acl",
    "append",
    "callback",
    "callback-var",
    "delete",
    "encryption",
    "objectMeta",
    "partNumber",
    "position",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "security-token",
    "sequential",
    "style",
    "styleName",
    "symlink",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "x-oss-ac-forward-allow",
    "x-oss-ac-source-ip",
    "x-oss-ac-subnet-mask",
    "x-oss-ac-vpc-id",
    "x-oss-async-process",
    "x-oss-process",
    "x-oss-request-payer",
    "x-oss-traffic-limit",
];

/// All signatures that were issued.
#[derive(Debug)]
pub(crate) struct Signatures {
    /// The secret.
    key: u64,
    /// The expiry of each known signature, by its date. Every signature has a different date.
    expiries: HashMap<String, Expiry>,
    /// The number of signatures so far.
    count: u64,
    pub(crate) lifetime: Duration,
}

/// A path with the signed headers for one request.
#[derive(Debug)]
pub(crate) struct SignedPath {
    /// Path and query.
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) date: String,
    pub(crate) lifetime: Duration,
}

/// The reason for refusing a request.
#[derive(Debug)]
pub(crate) enum SignatureError {
    NoAuthorization,
    NoDate,
    Mismatch {
        given: String,
        to_sign: String,
    },
    /// The date of the signature is too long ago.
    Lapsed {
        date: String,
    },
    /// A presigned URL is too old.
    Expired,
}

/// The moment at which a token or a signature expires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry(Option<Instant>);

impl Expiry {
    /// Creates an expiry after `lifetime`. A lifetime beyond the range of the clock never expires.
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

    /// Signs a request with this path and query, without other signed headers. A query in `more` is signed as well.
    pub(crate) fn sign(&mut self, method: &str, path: String, more: &str) -> SignedPath {
        let date = nth_date(self.count);
        self.count += 1;
        let lifetime = self.lifetime;
        self.expiries.insert(date.clone(), Expiry::after(lifetime));
        let (bare, query) = path.split_once('?').unwrap_or((&path, ""));
        let resource = resource(bare, &format!("{query}&{more}"));
        let to_sign = format!("{method}\n\n\n{date}\n{DATE_HEADER}:{date}\n{resource}");
        SignedPath { authorization: self.authorization(&to_sign), path, date, lifetime }
    }

    /// Returns the path with a signature in its query. The only signed header is the `Content-Type`.
    pub(crate) fn presign(&mut self, method: &str, content_type: &str, path: &str) -> String {
        let expires = FEBRUARY.saturating_add_unsigned(self.count).to_string();
        self.count += 1;
        self.expiries.insert(expires.clone(), Expiry::after(self.lifetime));
        let signature =
            self.signature(&format!("{method}\n\n{content_type}\n{expires}\n{}", resource(path, "")));
        format!("{path}?Expires={expires}&OSSAccessKeyId={ACCESS_KEY_ID}&Signature={signature}")
    }

    /// Checks a presigned URL. Headers that a signature covers must be absent.
    fn check_presigned(&self, request: &Recorded, given: &str) -> Result<(), SignatureError> {
        let expires = request.query_value("Expires").ok_or(SignatureError::NoDate)?;
        let mut to_sign = string_to_sign(request, expires);
        if let Some(authorization) = request.header("authorization") {
            to_sign.push_str(authorization);
        }
        if given != self.signature(&to_sign) {
            return Err(SignatureError::Mismatch { given: given.to_owned(), to_sign });
        }
        match self.expiries.get(expires) {
            Some(expiry) if !expiry.is_over() => Ok(()),
            _ => Err(SignatureError::Expired),
        }
    }

    /// Checks the signature of a request, and its age.
    pub(crate) fn check(&self, request: &Recorded) -> Result<(), SignatureError> {
        if let Some(given) = request.query_value("Signature") {
            return self.check_presigned(request, given);
        }
        let given = request.header("authorization").ok_or(SignatureError::NoAuthorization)?;
        let date = request.header(DATE_HEADER).ok_or(SignatureError::NoDate)?;
        let to_sign = string_to_sign(request, date);
        if given != self.authorization(&to_sign) {
            return Err(SignatureError::Mismatch { given: given.to_owned(), to_sign });
        }
        match self.expiries.get(date) {
            Some(expiry) if !expiry.is_over() => Ok(()),
            _ => Err(SignatureError::Lapsed { date: date.to_owned() }),
        }
    }

    /// Makes all signatures lapse that have been issued so far.
    pub(crate) fn lapse_all(&mut self) {
        self.expiries.clear();
    }

    /// Computes a toy signature: a checksum with a key. Forging it gains nothing.
    fn authorization(&self, to_sign: &str) -> String {
        format!("OSS {ACCESS_KEY_ID}:{}", self.signature(to_sign))
    }

    fn signature(&self, to_sign: &str) -> String {
        let mut digest = crc64fast::Digest::new();
        digest.write(&self.key.to_be_bytes());
        digest.write(to_sign.as_bytes());
        digest.write(&self.key.to_le_bytes());
        format!("{:016x}", digest.sum64())
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

/// Returns the path with the signed query parameters, decoded and sorted.
fn resource(path: &str, query: &str) -> String {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> = pairs.filter(|(name, _)| SUBRESOURCES.contains(name)).collect();
    pairs.sort_unstable();
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut resource = decode(path);
    for (place, (name, value)) in pairs.into_iter().enumerate() {
        resource.push(if place == 0 { '?' } else { '&' });
        resource.push_str(name);
        if !value.is_empty() {
            resource.extend(["=", &decode(&value.replace('+', " "))]);
        }
    }
    resource
}

/// Returns the date of a signature. Each signature gets its own second of February 2026, so the date identifies it.
fn nth_date(count: u64) -> String {
    let second = i64::try_from(count % FEBRUARY_SECONDS).unwrap_or_default();
    dates::to_http(FEBRUARY + second)
}
