//! One request: its head, and a body that notes whether anybody asked for it. Pure but for the clock.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::http::HeaderMap;

use crate::base::clock::TimeLeft;

/// The head of a request, and what may be done with it.
#[derive(Clone)]
pub(super) struct HttpRequest<'a> {
    pub(super) operation: &'static str,
    /// The operation changes nothing.
    pub(super) reads: bool,
    pub(super) method: &'static str,
    pub(super) url: &'a str,
    pub(super) headers: HeaderMap,
    /// Until the deadline, if there is one.
    pub(super) time_left: Option<TimeLeft>,
    /// A shorter limit for the head of the answer, counted from when the body was sent or its wait was over.
    pub(super) answer_limit: Option<Duration>,
    /// It takes no connection that was kept.
    pub(super) is_fresh: bool,
}

impl HttpRequest<'_> {
    /// The longest line of the head, which has to fit into the output buffer.
    pub(super) fn longest_line(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        // The rest of a request line: the method, the version, the line's end, and that of the head.
        headers.chain([self.url.len()]).max().unwrap_or_default() + 64
    }
}

/// The body of a request. ureq sends the head first and asks for the body then, so a body that was not asked for has not
/// been sent, and nothing can have run without it, whatever the error says.
pub(super) struct RequestBody<'a> {
    source: Source<'a>,
    /// The bytes, to begin again.
    bytes: Option<&'a [u8]>,
    /// None of it counts: a body of no bytes is never asked for.
    is_empty: bool,
    asked_at: Option<Instant>,
}

enum Source<'a> {
    Nothing,
    Bytes(&'a [u8]),
    /// A reader, whose length a header states.
    Reader(&'a mut dyn Read),
}

/// The part of a request that is known to have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Not its body.
    No,
    /// Some of its body at least.
    Yes,
    /// It has no body, so that only the error tells.
    Unknown,
    /// The head of an answer has come.
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

    /// There is a body, if only one of no bytes.
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

    /// Makes it whole again. `false`: some of a reader is used up.
    pub(super) fn rewind(&mut self) -> bool {
        if let (Source::Bytes(left), Some(bytes)) = (&mut self.source, self.bytes) {
            *left = bytes;
            self.asked_at = None;
        }
        self.asked_at.is_none()
    }

    /// When it was asked for first.
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
