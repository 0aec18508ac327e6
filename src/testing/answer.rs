//! An answer and how it goes out, well or badly.

use super::content::{BLOCK, Content};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The longest time that a pause goes without a look at whether the fake is gone.
const NAP: Duration = Duration::from_millis(50);

/// What the fake has to say to one request.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    content: Content,
    range: Range<u64>,
    corrupt: Option<u64>,
}

/// The way in which an answer is sent.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    pub(super) framing: Framing,
    pub(super) end: End,
    /// Bytes in a piece, and the pause after each piece.
    pub(super) slow: Option<(usize, Duration)>,
}

/// How the client learns where the body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Framing {
    #[default]
    Length,
    Chunked,
    UntilClose,
}

/// How far the body goes, in bytes, and what happens then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Whole,
    Cut(u64),
    Reset(u64),
    Stall(u64),
}

impl Delivery {
    /// Whether the last byte of the request must stay unread, as a reset wants it.
    pub(super) fn ends_in_reset(&self) -> bool {
        matches!(self.end, End::Reset(_))
    }
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    KeepOpen,
    Close,
    Reset,
}

impl Answer {
    pub(super) fn new(status: u16, body: impl Into<Content>) -> Self {
        let content = body.into();
        let range = 0..content.len();
        Self::with_range(status, content, range)
    }

    /// An answer whose body is a part of `content`; `range` must lie inside it.
    pub(super) fn with_range(status: u16, content: Content, range: Range<u64>) -> Self {
        let headers = Vec::new();
        let corrupt = None;
        Self { status, headers, content, range, corrupt }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Flips the bits of the byte at this offset of the content, if the body has it.
    pub(super) fn corrupt(mut self, offset: Option<u64>) -> Self {
        self.corrupt = offset;
        self
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// HTTP forbids a body, and its length, with these.
    fn is_bodiless(&self) -> bool {
        matches!(self.status, 100..200 | 204 | 304)
    }

    fn body_len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    fn head(&self, framing: Framing, close: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if close && !self.has_header("connection") {
            head.push_str("Connection: close\r\n");
        }
        let is_settled = self.has_header("content-length") || self.has_header("transfer-encoding");
        if !is_settled && !self.is_bodiless() {
            let length = self.body_len().to_string();
            match framing {
                Framing::Length => head.extend(["Content-Length: ", &length, "\r\n"]),
                Framing::Chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
                Framing::UntilClose => {}
            }
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Writes body bytes into `piece`, beginning with the one at `done`.
    fn fill(&self, done: u64, piece: &mut [u8]) {
        let start = self.range.start.saturating_add(done);
        self.content.fill(start, piece);
        let place = self.corrupt.and_then(|offset| offset.checked_sub(start));
        let place = place.and_then(|place| usize::try_from(place).ok());
        if let Some(byte) = place.and_then(|place| piece.get_mut(place)) {
            *byte = !*byte;
        }
    }
}

/// Everything else that sending needs to know.
#[derive(Debug)]
pub(super) struct Outlet<'a> {
    pub(super) stream: &'a TcpStream,
    /// Set when the fake is dropped.
    pub(super) stop: &'a AtomicBool,
    /// The answer is to a HEAD request: it has no body.
    pub(super) head_only: bool,
    /// The client wants the connection closed.
    pub(super) close: bool,
}

impl Outlet<'_> {
    /// Sends an answer, and says what shall become of the connection.
    pub(super) fn send(&self, answer: &Answer, delivery: &Delivery) -> io::Result<Next> {
        let close = self.close || delivery.framing == Framing::UntilClose;
        let head = answer.head(delivery.framing, close);
        if self.head_only || answer.is_bodiless() {
            (&mut &*self.stream).write_all(&head)?;
        } else {
            self.send_body(answer, delivery, head)?;
        }
        match delivery.end {
            End::Whole if close => Ok(Next::Close),
            End::Whole => Ok(Next::KeepOpen),
            End::Cut(_) => Ok(Next::Close),
            End::Reset(_) => Ok(Next::Reset),
            End::Stall(_) => {
                self.wait_until_client_leaves();
                Ok(Next::Close)
            }
        }
    }

    /// Sends the body block by block; `out` is what goes before the first block, and both go out in one write.
    fn send_body(&self, answer: &Answer, delivery: &Delivery, mut out: Vec<u8>) -> io::Result<()> {
        let total = answer.body_len();
        let limit = match delivery.end {
            End::Whole => total,
            End::Cut(bytes) | End::Reset(bytes) | End::Stall(bytes) => bytes.min(total),
        };
        let (block, pause) = delivery.slow.unwrap_or((BLOCK, Duration::ZERO));
        let chunked = delivery.framing == Framing::Chunked;
        let mut done = 0;
        // One buffer for all pieces: to grow a vector anew each time is slow in debug builds.
        let mut piece = vec![0; fitting(limit, block)];
        loop {
            piece.truncate(fitting(limit - done, block));
            let count = piece.len();
            answer.fill(done, &mut piece);
            if chunked && count > 0 {
                out.extend(format!("{count:x}\r\n").into_bytes());
            }
            out.extend_from_slice(&piece);
            if chunked && count > 0 {
                out.extend(b"\r\n");
            }
            done += count as u64;
            if chunked && done == total {
                out.extend(b"0\r\n\r\n");
            }
            (&mut &*self.stream).write_all(&out)?;
            out.clear();
            if done == limit {
                return Ok(());
            }
            self.pause(pause)?;
        }
    }

    /// Sleeps in small naps, so that a dropped fake need not wait for the end of a long pause.
    pub(super) fn pause(&self, pause: Duration) -> io::Result<()> {
        let mut left = pause;
        while !left.is_zero() {
            if self.stop.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let nap = left.min(NAP);
            thread::sleep(nap);
            left = left.saturating_sub(nap);
        }
        Ok(())
    }

    /// Says nothing until the client closes the connection or the fake is dropped, which shuts it down.
    pub(super) fn wait_until_client_leaves(&self) {
        let mut ignored = [0; 1024];
        while matches!((&mut &*self.stream).read(&mut ignored), Ok(1..)) {}
    }

    /// As [`Outlet::wait_until_client_leaves`], but takes nothing, so that the client cannot send on for ever.
    ///
    /// A client that leaves with bytes on their way is not noticed: what tells of it stands behind those.
    pub(super) fn wait_without_reading(&self) {
        let is_there = || matches!(self.stream.peek(&mut [0]), Ok(1..));
        while is_there() && self.pause(NAP).is_ok() {}
    }
}

/// The smaller one of a number of bytes and a block.
pub(super) fn fitting(bytes: u64, block: usize) -> usize {
    usize::try_from(bytes).map_or(block, |bytes| bytes.min(block))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}
