//! One request: its head, and a body that records whether it was read. Pure except for the clock.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::http::HeaderMap;

use crate::base::clock::TimeLeft;

/// The head of a request, and its limits.
#[derive(Clone)]
pub(super) struct HttpRequest<'a> {
    pub(super) operation: &'static str,
    /// The operation changes nothing.
    pub(super) reads: bool,
    pub(super) method: &'static str,
    pub(super) url: &'a str,
    pub(super) headers: HeaderMap,
    /// Time until the deadline, if there is one.
    pub(super) time_left: Option<TimeLeft>,
    /// Shorter limit for the head of the answer, counted from when the body was sent or the wait to send it was over.
    pub(super) answer_limit: Option<Duration>,
    /// Use a new connection, not a kept one.
    pub(super) is_fresh: bool,
}

impl HttpRequest<'_> {
    /// Returns the length of the longest line of the head, which must fit into the output buffer.
    pub(super) fn longest_line(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        // 64 bytes for the rest of a request line: the method, the version, and the ends of line and head.
        headers.chain([self.url.len()]).max().unwrap_or_default() + 64
    }
}

/// The body of a request, which records when it was first read.
///
/// ureq sends the head first and reads the body only then. So a body that was not read has not been sent, and the
/// operation cannot have run without it, regardless of the error.
pub(super) struct RequestBody<'a> {
    source: Source<'a>,
    /// The whole body, to send it again.
    bytes: Option<&'a [u8]>,
    /// The body has zero bytes, so ureq never reads it and `asked_at` proves nothing.
    is_empty: bool,
    asked_at: Option<Instant>,
}

enum Source<'a> {
    Nothing,
    Bytes(&'a [u8]),
    /// A reader; a header states its length.
    Reader(&'a mut dyn Read),
}

/// The part of a request that is known to have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing of its body.
    No,
    /// At least some of its body.
    Yes,
    /// Unknown, because it has no body; only the error can show it.
    Unknown,
    /// The head of an answer has arrived.
    Answered,
}

impl<'a> RequestBody<'a> {
    pub(super) fn nothing() -> Self {
        Self { source: Source::Nothing, bytes: Some(&[]), is_empty: true, asked_at: None }
    }

    pub(super) fn bytes(bytes: &'a [u8]) -> Self {
        Self { source: Source::Bytes(bytes), bytes: Some(bytes), is_empty: bytes.is_empty(), asked_at: None }
    }

    pub(super) fn reader(reader: &'a mut dyn Read, length: u64) -> Self {
        Self { source: Source::Reader(reader), bytes: None, is_empty: length == 0, asked_at: None }
    }

    /// Returns whether there is a body, even one of zero bytes.
    pub(super) fn is_some(&self) -> bool {
        !matches!(self.source, Source::Nothing)
    }

    pub(super) fn sent(&self) -> Sent {
        match self.asked_at {
            Some(_) => Sent::Yes,
            None if self.is_empty => Sent::Unknown,
            None => Sent::No,
        }
    }

    /// Resets the body to its beginning. Returns `false` if some of a reader is already used.
    pub(super) fn rewind(&mut self) -> bool {
        if let (Source::Bytes(left), Some(bytes)) = (&mut self.source, self.bytes) {
            *left = bytes;
            self.asked_at = None;
        }
        self.asked_at.is_none()
    }

    /// Returns the time at which the body was first read.
    pub(super) fn asked_at(&self) -> Option<Instant> {
        self.asked_at
    }
}

impl Read for RequestBody<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.asked_at.is_none() {
            self.asked_at = Some(Instant::now());
        }
        match &mut self.source {
            Source::Nothing => Ok(0),
            Source::Bytes(bytes) => bytes.read(buf),
            Source::Reader(reader) => reader.read(buf),
        }
    }
}
