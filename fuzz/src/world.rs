//! Servers of one object that follow a script: what they may do to a download.
//!
//! They may lie about everything but one thing: a body is the bytes that its head says it is, or the first of them. (Who
//! lies about that too is found out by the checksum, when there is one.)

use std::io::{self, Read};
use std::ops::Range;
use std::sync::LazyLock;
use std::vec::IntoIter;

use dingtalk_files::Result;
use dingtalk_files::fuzzing::{ResponseHead, Servers, network_error, storage_error};
use libfuzzer_sys::arbitrary::{self, Arbitrary};

/// Around the loop's own sizes: what counts as progress, a block, the longest prefix that is dropped.
pub const SIZES: [usize; 12] = [0, 1, 2, 9, 100, 16_383, 16_384, 40_000, 262_144, 262_145, 1_048_577, MOST];
pub const MOST: usize = 1_400_000;

/// One version of the object. The others have another size, ETag and content.
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

/// Of each size of both.
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
    /// `size` is a place in [`SIZES`].
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

/// What the head of an answer tells, and how its body is framed.
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
    /// The body ends where the connection does.
    Close,
    /// A length that is not the body's.
    WrongLength,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Step {
    /// What OSS answers, cut after so many bytes.
    Honest {
        cut: Option<u16>,
        crc: bool,
    },
    /// A part that may be another one than was asked for.
    Part {
        first: u16,
        length: u16,
        stated: Statements,
        cut: Option<u16>,
        more: bool,
    },
    /// The part that was asked for, but not all of it.
    Short {
        length: u16,
        stated: Statements,
        more: bool,
    },
    /// Everything, whatever was asked for.
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
    /// From now on the object is another one.
    Change,
}

const STATUSES: [u16; 9] = [400, 403, 404, 408, 412, 416, 429, 500, 503];
const CODES: [&str; 5] =
    ["", "AccessDenied", "SignatureDoesNotMatch", "InvalidObjectState", "RequestTimeout"];

/// The servers' side of an input.
#[derive(Debug, Arbitrary)]
pub struct Script {
    /// Of both versions, as places in [`SIZES`].
    pub sizes: (u8, u8),
    pub steps: Vec<Step>,
    pub end: End,
    /// Whether it works to ask for a new signature; behind the last it cannot be asked.
    pub renewals: Vec<bool>,
    /// The ETag is of the weak kind, which pins nothing.
    pub weak: bool,
    /// Reads bring little, and are interrupted at times.
    pub slow: bool,
}

/// What comes behind the steps.
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
    /// What happened that a retry does not cure, or not always.
    pub has_failures: bool,
    /// The checksum was wrong, or something was that only the checksum finds out.
    pub lied: bool,
}

/// More requests than this are a loop without end.
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

    /// Of the object as it is now.
    #[must_use]
    pub fn etag(&self) -> String {
        let tag = &self.now().etag;
        if self.weak { format!("W/{tag}") } else { tag.clone() }
    }

    /// What OSS does with a `Range`: the part, or everything when it leaves the object.
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

    /// The answer with the bytes of `part`; `None` is the whole object with 200.
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
                // Of a whole object it is the only thing that tells the size, and nobody could know better.
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
        // ureq knows where a body should end, unless the connection's end is the body's.
        let ends_badly = cut < bytes.len() && stated.framing != Framing::Close;
        // Something on the way made more of it, which only a known end shows.
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
        assert!(self.requests < MOST_REQUESTS, "it does not end");
        assert!(url < self.urls, "an URL that is none");
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
