//! Servers of one object that follow a script of failures.
//!
//! The servers may lie about everything except one thing: a body contains the bytes that its head declares, or a prefix
//! of them. (Only a checksum can detect other bytes.)

use std::io::{self, Read};
use std::ops::Range;
use std::sync::LazyLock;
use std::vec::IntoIter;

use dingtalk_files::Result;
use dingtalk_files::fuzzing::{ResponseHead, Servers, network_error, storage_error};
use libfuzzer_sys::arbitrary::{self, Arbitrary};

/// Sizes around the limits of the download loop: what counts as progress, a block, the longest prefix that is
/// discarded.
pub const SIZES: [usize; 12] = [0, 1, 2, 9, 100, 16_383, 16_384, 40_000, 262_144, 262_145, 1_048_577, MOST];
pub const MOST: usize = 1_400_000;

/// A version of the object. Other versions have a different size, ETag and content.
pub struct Version {
    pub bytes: &'static [u8],
    pub etag: String,
    pub crc64: u64,
}

static CONTENT: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    [1, 2].map(|seed: u64| {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(MOST).collect()
    })
});

/// The checksum of each size of both contents.
static CHECKSUMS: LazyLock<[[u64; SIZES.len()]; 2]> = LazyLock::new(|| {
    [0, 1].map(|number| {
        SIZES.map(|size| {
            let mut digest = crc64fast::Digest::new();
            digest.write(&CONTENT[number][..size]);
            digest.sum64()
        })
    })
});

impl Version {
    /// Creates a version. `size` is an index into [`SIZES`].
    #[must_use]
    pub fn new(number: usize, size: usize) -> Self {
        let (bytes, crc64) = (&CONTENT[number][..SIZES[size]], CHECKSUMS[number][size]);
        Self { bytes, etag: format!("\"{number}\""), crc64 }
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// The statements in the head of an answer, and the framing of its body.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Statements {
    total: bool,
    etag: bool,
    crc: Crc,
    framing: Framing,
    encoded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Arbitrary)]
pub enum Crc {
    None,
    True,
    Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Arbitrary)]
pub enum Framing {
    Length,
    Chunked,
    /// The end of the connection marks the end of the body.
    Close,
    /// A length that differs from the body's.
    WrongLength,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Step {
    /// An answer as OSS sends it, cut after this many bytes.
    Honest {
        cut: Option<u16>,
        crc: bool,
    },
    /// A part that may differ from the requested part.
    Part {
        first: u16,
        length: u16,
        stated: Statements,
        cut: Option<u16>,
        more: bool,
    },
    /// The requested part, but not all of it.
    Short {
        length: u16,
        stated: Statements,
        more: bool,
    },
    /// The whole object, whatever was requested.
    Whole {
        stated: Statements,
        cut: Option<u16>,
        more: bool,
    },
    Refuse {
        status: u8,
        code: u8,
        tell_size: bool,
    },
    Silence {
        hopeless: bool,
    },
    /// The object is replaced by its other version.
    Change,
}

const STATUSES: [u16; 9] = [400, 403, 404, 408, 412, 416, 429, 500, 503];
const CODES: [&str; 5] =
    ["", "AccessDenied", "SignatureDoesNotMatch", "InvalidObjectState", "RequestTimeout"];

/// The servers' part of an input.
#[derive(Debug, Arbitrary)]
pub struct Script {
    /// The sizes of both versions, as indices into [`SIZES`].
    pub sizes: (u8, u8),
    pub steps: Vec<Step>,
    pub end: End,
    /// Whether each renewal of the signature succeeds. After the last entry, the signature cannot be renewed.
    pub renewals: Vec<bool>,
    /// Whether the ETag is weak, which pins nothing.
    pub weak: bool,
    /// Whether reads return few bytes and are interrupted at times.
    pub slow: bool,
}

/// The behaviour after the last step.
#[derive(Debug, Clone, Copy, PartialEq, Arbitrary)]
pub enum End {
    Honesty,
    Silence,
}

#[allow(clippy::struct_excessive_bools, reason = "two settings, two findings")]
pub struct World {
    pub versions: [Version; 2],
    current: usize,
    steps: IntoIter<Step>,
    renewals: IntoIter<bool>,
    end: End,
    weak: bool,
    slow: bool,
    urls: usize,
    pub requests: usize,
    /// Whether something happened that a retry does not always cure.
    pub has_failures: bool,
    /// Whether the checksum was wrong, or something happened that only the checksum detects.
    pub lied: bool,
}

/// The number of requests that counts as an endless loop.
const MOST_REQUESTS: usize = 5_000;

impl World {
    #[must_use]
    pub fn new(script: Script, urls: usize) -> Self {
        let first = usize::from(script.sizes.0) % SIZES.len();
        let second = (first + 1 + usize::from(script.sizes.1) % (SIZES.len() - 1)) % SIZES.len();
        Self {
            versions: [Version::new(0, first), Version::new(1, second)],
            current: 0,
            steps: script.steps.into_iter(),
            renewals: script.renewals.into_iter(),
            end: script.end,
            weak: script.weak,
            slow: script.slow,
            urls,
            requests: 0,
            has_failures: script.end == End::Silence,
            lied: false,
        }
    }

    fn now(&self) -> &Version {
        &self.versions[self.current]
    }

    /// Returns the ETag of the current object.
    #[must_use]
    pub fn etag(&self) -> String {
        let tag = &self.now().etag;
        if self.weak { format!("W/{tag}") } else { tag.clone() }
    }

    /// Returns the range that OSS serves for a `Range` header. `None` means everything, as for a range that leaves the
    /// object.
    fn asked(&self, range: Option<&str>) -> Option<Range<usize>> {
        let size = self.now().bytes.len();
        let (first, last) = range?.strip_prefix("bytes=")?.split_once('-')?;
        let range = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => first..last.checked_add(1)?,
            (Ok(first), Err(_)) => first..size,
            (Err(_), Ok(count)) => size.checked_sub(count)?..size,
            (Err(_), Err(_)) => return None,
        };
        (range.start < range.end && range.end <= size).then_some(range)
    }

    /// Creates the answer with the bytes of `part`. `None` means the whole object with status 200.
    fn answer(
        &mut self,
        part: Option<Range<usize>>,
        stated: Statements,
        cut: Option<u16>,
        more: bool,
    ) -> (ResponseHead, Box<dyn Read>) {
        let status = if part.is_some() { 206 } else { 200 };
        let version = self.now();
        let size = version.size();
        let range = part.clone().unwrap_or(0..version.bytes.len());
        let bytes = &version.bytes[range.clone()];
        let length = bytes.len() as u64;
        let total = if stated.total { size.to_string() } else { "*".to_owned() };
        let crc64 = match stated.crc {
            Crc::None => None,
            Crc::True => Some(version.crc64),
            Crc::Wrong => Some(!version.crc64),
        };
        let head = ResponseHead {
            status,
            content_range: part.map(|part| format!("bytes {}-{}/{total}", part.start, part.end - 1)),
            length: match stated.framing {
                // For a whole object, the length is the only source of the size, so a wrong length could not be
                // detected.
                Framing::WrongLength if status == 206 => Some(length + 1),
                Framing::Length | Framing::WrongLength => Some(length),
                Framing::Chunked | Framing::Close => None,
            },
            chunked: stated.framing == Framing::Chunked,
            etag: stated.etag.then(|| self.etag()),
            crc64,
            encoding: stated.encoded.then(|| "gzip".to_owned()),
        };
        let cut = cut.map_or(bytes.len(), usize::from).min(bytes.len());
        // ureq detects a body that ends early, unless the end of the connection marks the end of the body.
        let ends_badly = cut < bytes.len() && stated.framing != Framing::Close;
        // Additional bytes, which can be detected only if the end of the body is known.
        let more = more && cut == bytes.len() && (status == 206 || head.length.is_some());
        self.has_failures |=
            more || stated.encoded || stated.crc == Crc::Wrong || stated.framing == Framing::WrongLength;
        self.lied |= stated.crc == Crc::Wrong
            || (status == 200 && stated.framing == Framing::Close && cut < bytes.len());
        let tail: &[u8] = if more { b"!" } else { b"" };
        let body = Body { bytes: &bytes[..cut], tail, ends_badly, slow: self.slow, calls: 0 };
        (head, Box::new(body))
    }
}

struct Body {
    bytes: &'static [u8],
    tail: &'static [u8],
    ends_badly: bool,
    slow: bool,
    calls: usize,
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.slow && self.calls.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.bytes.is_empty() {
            self.bytes = std::mem::take(&mut self.tail);
        }
        if self.bytes.is_empty() && self.ends_badly {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let most = if self.slow { 5_000 } else { 16 * 1024 };
        let count = self.bytes.len().min(buf.len()).min(most);
        buf[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        Ok(count)
    }
}

const HONEST: Statements =
    Statements { total: true, etag: true, crc: Crc::True, framing: Framing::Length, encoded: false };

impl Servers for World {
    fn get(
        &mut self,
        url: usize,
        range: Option<String>,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, Box<dyn Read>)> {
        self.requests += 1;
        assert!(self.requests < MOST_REQUESTS, "the download does not end");
        assert!(url < self.urls, "a URL that does not exist");
        assert!(if_match.is_none_or(|tag| self.versions.iter().any(|v| v.etag == tag)), "{if_match:?}");
        let step = loop {
            match self.steps.next() {
                Some(Step::Change) => (self.current, self.has_failures) = (1 - self.current, true),
                Some(step) => break step,
                None if self.end == End::Silence => break Step::Silence { hopeless: false },
                None => break Step::Honest { cut: None, crc: true },
            }
        };
        let asked = self.asked(range.as_deref());
        let size = self.now().bytes.len();
        Ok(match step {
            Step::Honest { cut, crc } => {
                if if_match.is_some_and(|tag| tag != self.now().etag) {
                    return Err(storage_error(412, "<Error><Code>PreconditionFailed</Code></Error>", None));
                }
                let crc = if crc { Crc::True } else { Crc::None };
                self.answer(asked, Statements { crc, ..HONEST }, cut, false)
            }
            Step::Part { first, length, stated, cut, more } if size > 0 => {
                self.has_failures = true;
                let first = usize::from(first) % size;
                let end = (first + 1 + usize::from(length)).min(size);
                self.answer(Some(first..end), stated, cut, more)
            }
            Step::Short { length, stated, more } if asked.is_some() => {
                self.has_failures |= !stated.total || !stated.etag;
                let Range { start, end } = asked.unwrap_or_default();
                self.answer(Some(start..end.min(start + 1 + usize::from(length))), stated, None, more)
            }
            Step::Part { stated, cut, more, .. } | Step::Whole { stated, cut, more } => {
                self.has_failures |= !stated.etag || stated.framing != Framing::Length;
                self.answer(None, stated, cut, more)
            }
            Step::Short { stated, more, .. } => {
                self.has_failures |= !stated.etag || stated.framing != Framing::Length;
                self.answer(None, stated, None, more)
            }
            Step::Refuse { status, code, tell_size } => {
                let status = STATUSES[usize::from(status) % STATUSES.len()];
                let code = CODES[usize::from(code) % CODES.len()];
                self.has_failures |= ![408, 429, 500, 503].contains(&status);
                let xml = format!("<Error><Code>{code}</Code></Error>");
                return Err(storage_error(status, &xml, tell_size.then(|| self.now().size())));
            }
            Step::Silence { hopeless } => {
                self.has_failures |= hopeless;
                return Err(network_error(hopeless));
            }
            Step::Change => unreachable!("taken above"),
        })
    }

    fn renew(&mut self) -> Option<Result<usize>> {
        let works = self.renewals.next()?;
        self.has_failures |= !works;
        Some(if works { Ok(self.urls) } else { Err(network_error(false)) })
    }
}
