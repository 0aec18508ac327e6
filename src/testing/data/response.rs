//! A response and the way in which it is delivered, as data.

use super::content::Content;
use std::ops::Range;
use std::time::Duration;

/// The response to one request.
#[derive(Clone, Debug)]
pub(crate) struct FakeResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    content: Content,
    range: Range<u64>,
    corrupt: Option<u64>,
}

/// The way in which a response is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) framing: Framing,
    pub(crate) end: BodyEnd,
    /// The number of bytes in a piece, and the pause after each piece.
    pub(crate) slow: Option<(usize, Duration)>,
    /// 1xx responses to send first, in the same write as the head.
    pub(crate) interim: Vec<FakeResponse>,
}

/// The way in which a client recognizes the end of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    #[default]
    Length,
    Chunked,
    UntilClose,
}

/// The number of body bytes to send, and the end of the connection after them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    #[default]
    Whole,
    Cut(u64),
    Reset(u64),
    Stall(u64),
}

impl Delivery {
    /// Returns whether the last byte of the request must stay unread, which a reset requires.
    pub(crate) fn ends_in_reset(&self) -> bool {
        matches!(self.end, BodyEnd::Reset(_))
    }

    /// Returns the number of body bytes to send for a response with `total` bytes.
    pub(crate) fn limit(&self, total: u64) -> u64 {
        match self.end {
            BodyEnd::Whole => total,
            BodyEnd::Cut(bytes) | BodyEnd::Reset(bytes) | BodyEnd::Stall(bytes) => bytes.min(total),
        }
    }
}

impl FakeResponse {
    pub(crate) fn new(status: u16, body: impl Into<Content>) -> Self {
        let content = body.into();
        let range = 0..content.len();
        Self::with_range(status, content, range)
    }

    /// Creates a response with a part of `content` as its body. `range` must lie inside `content`.
    pub(crate) fn with_range(status: u16, content: Content, range: Range<u64>) -> Self {
        let headers = Vec::new();
        let corrupt = None;
        Self { status, headers, content, range, corrupt }
    }

    /// Creates a response of the API with its request id in a header.
    pub(crate) fn json(status: u16, body: String, request_id: &str) -> Self {
        Self::new(status, body)
            .header("Content-Type", "application/json;charset=utf-8")
            .header("x-acs-request-id", request_id)
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets a header, replacing existing headers with this name.
    pub(crate) fn replace_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.header(name, value)
    }

    /// Flips the bits of the byte at this offset of the content, if the body includes it.
    pub(crate) fn corrupt(mut self, offset: Option<u64>) -> Self {
        self.corrupt = offset;
        self
    }

    fn header_value(&self, name: &str) -> Option<&str> {
        let mut same = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        same.next().map(|(_, value)| value.as_str())
    }

    /// Returns whether HTTP forbids a body and its length with this status.
    pub(crate) fn is_bodiless(&self) -> bool {
        matches!(self.status, 100..200 | 204 | 304)
    }

    pub(crate) fn body_len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// Returns the status line and the headers, including those of the framing.
    pub(crate) fn head(&self, framing: Framing, close: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if close && self.header_value("connection").is_none() {
            head.push_str("Connection: close\r\n");
        }
        // `identity` is not a framing: the length is still needed.
        let coding = self.header_value("transfer-encoding");
        let has_coding = coding.is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
        if !has_coding && self.header_value("content-length").is_none() && !self.is_bodiless() {
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

    /// Writes body bytes into `piece`, starting with the byte at `done`.
    pub(crate) fn fill(&self, done: u64, piece: &mut [u8]) {
        let start = self.range.start.saturating_add(done);
        self.content.fill(start, piece);
        flip(self.corrupt, start, piece);
    }
}

/// Flips the bits of the byte at `offset` if `piece` includes it. `piece` begins at `start`.
pub(crate) fn flip(offset: Option<u64>, start: u64, piece: &mut [u8]) {
    let place = offset.and_then(|offset| offset.checked_sub(start));
    let place = place.and_then(|place| usize::try_from(place).ok());
    if let Some(byte) = place.and_then(|place| piece.get_mut(place)) {
        *byte = !*byte;
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        102 => "Processing",
        103 => "Early Hints",
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
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        509 => "Bandwidth Limit Exceeded",
        _ => "Other",
    }
}
