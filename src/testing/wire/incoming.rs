//! Reads requests.
//!
//! The last byte of a request stays in the socket until [`Incoming::finish`] reads it. Closing a socket with an unread
//! byte resets the connection. With `std` alone, this is the only way to cause a reset.

use crate::testing::data::content::ReceivedBody;
use crate::testing::data::records::Recorded;
use percent_encoding::percent_decode_str;
use std::io::{self, Read, Write};
use std::net::TcpStream;

/// The maximum size of the request line and headers, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;
/// The maximum size of a request body that is read into memory, in bytes.
const LONGEST_BODY: usize = 64 << 20;
/// The maximum length of a line between the chunks of a chunked body, in bytes.
const LONGEST_LINE: usize = 8 * 1024;

/// The reason why a request could not be read.
#[derive(Debug)]
pub(crate) enum IncomingError {
    /// The client or the fake closed the connection.
    Disconnected,
    /// The request is not acceptable HTTP. The status gives the reason.
    Refused(u16),
}

impl From<io::Error> for IncomingError {
    fn from(_: io::Error) -> Self {
        Self::Disconnected
    }
}

/// The length of a request's body as given in its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    Known(u64),
    Chunked,
}

/// A request that is being read.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    stream: &'a TcpStream,
    pub(crate) request: Recorded,
    /// The body of an upload, which is not recorded with the request.
    pub(crate) upload: Option<ReceivedBody>,
    pub(crate) length: BodyLength,
    body_is_read: bool,
    /// Whether the client wants the connection closed after the answer.
    pub(crate) close: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    /// The 1xx responses for a client that waits for `100 Continue`.
    pub(crate) permission: Vec<u8>,
}

impl<'a> Incoming<'a> {
    /// Reads a head, or returns `None` if the client closed the connection between two requests.
    pub(crate) fn read_head(stream: &'a TcpStream, connection: usize) -> Result<Option<Self>, IncomingError> {
        let Some(head) = read_head_bytes(stream)? else {
            return Ok(None);
        };
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let first = lines.next().unwrap_or_default();
        let (method, target, version) = split_request_line(first).ok_or(IncomingError::Refused(400))?;
        let headers = lines.map(split_header).collect::<Option<_>>().ok_or(IncomingError::Refused(400))?;
        let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        let request = Recorded {
            connection,
            target: None,
            method: method.to_owned(),
            path: path.to_owned(),
            query: split_query(raw_query),
            raw_query: raw_query.to_owned(),
            headers,
            body: Vec::new(),
            body_length: 0,
            body_crc64: None,
            answered_status: None,
        };
        check_host(&request, version)?;
        Ok(Some(Self {
            stream,
            upload: None,
            length: body_length(&request)?,
            body_is_read: false,
            close: version == "HTTP/1.0" || has_word(&request, "connection", "close"),
            expects_continue: has_word(&request, "expect", "100-continue"),
            permission: Vec::new(),
            request,
        }))
    }

    /// Reads the body into `request.body`, unless this was done before.
    ///
    /// If the client waits for permission to send the body, the permission is sent first.
    pub(crate) fn read_body(&mut self) -> Result<(), IncomingError> {
        if self.length == BodyLength::Known(0) || std::mem::replace(&mut self.body_is_read, true) {
            return Ok(());
        }
        let length = match self.length {
            BodyLength::Known(length) => Some(usize::try_from(length).unwrap_or(usize::MAX)),
            BodyLength::Chunked => None,
        };
        if length.is_some_and(|length| length > LONGEST_BODY) {
            return Err(IncomingError::Refused(413));
        }
        self.finish_head()?;
        self.request.body = match length {
            Some(length) => self.read_known_body(length)?,
            None => self.read_chunked_body()?,
        };
        self.request.body_length = self.request.body.len() as u64;
        Ok(())
    }

    /// Prepares to read the body. If the client waits for permission to send the body, the permission is sent first.
    pub(crate) fn finish_head(&self) -> io::Result<()> {
        self.finish()?;
        if self.expects_continue {
            self.stream().write_all(&self.permission)?;
        }
        Ok(())
    }

    /// Returns the connection.
    pub(crate) fn stream(&self) -> &'a TcpStream {
        self.stream
    }

    /// Reads the last byte of the request from the socket. Without this, closing the connection resets it.
    pub(crate) fn finish(&self) -> io::Result<()> {
        (&mut &*self.stream).read_exact(&mut [0])
    }

    /// Reads all bytes except the last, and copies the last byte, which stays in the socket.
    fn read_known_body(&self, length: usize) -> Result<Vec<u8>, IncomingError> {
        let mut body = vec![0; length.saturating_sub(1)];
        (&mut &*self.stream).read_exact(&mut body)?;
        body.push(self.await_byte()?);
        Ok(body)
    }

    fn read_chunked_body(&self) -> Result<Vec<u8>, IncomingError> {
        let mut body = Vec::new();
        loop {
            let Some(size) = self.next_chunk()? else {
                return Ok(body);
            };
            let old = body.len();
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > LONGEST_BODY.saturating_sub(old) {
                return Err(IncomingError::Refused(413));
            }
            body.resize(old + size, 0);
            let chunk = body.get_mut(old..).unwrap_or_default();
            (&mut &*self.stream).read_exact(chunk)?;
            self.end_chunk()?;
        }
    }

    /// Reads up to the bytes of the next chunk, and returns the size of the chunk.
    ///
    /// Returns `None` after the last chunk. The last byte of the request then stays in the socket.
    pub(crate) fn next_chunk(&self) -> Result<Option<u64>, IncomingError> {
        let line = self.read_line()?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| IncomingError::Refused(400))?;
        if size > 0 {
            return Ok(Some(size));
        }
        // Skip trailers up to the empty line. The line feed of the empty line stays in the socket.
        while self.await_byte()? != b'\r' {
            self.read_line()?;
        }
        self.finish()?;
        self.await_byte()?;
        Ok(None)
    }

    /// Reads the line break after the bytes of a chunk.
    pub(crate) fn end_chunk(&self) -> Result<(), IncomingError> {
        if self.read_line()?.is_empty() { Ok(()) } else { Err(IncomingError::Refused(400)) }
    }

    /// Reads a line byte by byte, because the bytes after the line must stay in the socket.
    fn read_line(&self) -> Result<String, IncomingError> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if line.len() > LONGEST_LINE {
                return Err(IncomingError::Refused(400));
            }
            line.push(self.await_byte()?);
            self.finish()?;
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Waits for the next byte, which stays in the socket.
    pub(crate) fn await_byte(&self) -> io::Result<u8> {
        let mut byte = [0];
        match self.stream.peek(&mut byte)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(u8::from_be_bytes(byte)),
        }
    }
}

/// Reads up to the empty line. The last byte of that line stays in the socket.
fn read_head_bytes(stream: &TcpStream) -> Result<Option<Vec<u8>>, IncomingError> {
    let mut head = Vec::new();
    let mut buffer = [0; 8 * 1024];
    loop {
        let seen = stream.peek(&mut buffer)?;
        if seen == 0 {
            return if head.is_empty() { Ok(None) } else { Err(IncomingError::Disconnected) };
        }
        let old = head.len();
        head.extend(buffer.iter().take(seen));
        if let Some(end) = end_of_head(&head, old) {
            head.truncate(end);
            take(stream, &mut buffer, end.saturating_sub(old + 1))?;
            return Ok(Some(head));
        }
        if head.len() > LONGEST_HEAD {
            return Err(IncomingError::Refused(431));
        }
        take(stream, &mut buffer, seen)?;
    }
}

/// Returns the end of the head. The first `old` bytes were already searched.
fn end_of_head(head: &[u8], old: usize) -> Option<usize> {
    let start = old.saturating_sub(3);
    let fresh = head.get(start..)?;
    let place = fresh.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(start + place + 4)
}

/// Reads `count` bytes from the socket that `peek` has already returned.
fn take(mut stream: &TcpStream, buffer: &mut [u8], count: usize) -> io::Result<()> {
    stream.read_exact(buffer.get_mut(..count).unwrap_or_default())
}

/// Splits method, target and version. A target with a raw space is accepted, but matches no route.
fn split_request_line(line: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = line.split_once(' ')?;
    let (target, version) = rest.rsplit_once(' ')?;
    let known = matches!(version, "HTTP/1.1" | "HTTP/1.0");
    (known && !method.is_empty() && !target.is_empty()).then_some((method, target, version))
}

fn split_header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let odd = name.is_empty() || name.contains(char::is_whitespace);
    (!odd).then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
}

fn split_query(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_query(name), decode_query(value))
        })
        .collect()
}

fn decode_query(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

fn check_host(request: &Recorded, version: &str) -> Result<(), IncomingError> {
    let hosts = request.header_values("host").len();
    let fine = hosts == 1 || (hosts == 0 && version == "HTTP/1.0");
    if fine { Ok(()) } else { Err(IncomingError::Refused(400)) }
}

fn body_length(request: &Recorded) -> Result<BodyLength, IncomingError> {
    let mut lengths = request.header_values("content-length").into_iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(IncomingError::Refused(400));
    }
    match (request.header("transfer-encoding"), length) {
        (None, None) => Ok(BodyLength::Known(0)),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(BodyLength::Chunked),
        (None, Some(digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(BodyLength::Known(digits.parse().map_err(|_| IncomingError::Refused(400))?))
        }
        _ => Err(IncomingError::Refused(400)),
    }
}

fn has_word(request: &Recorded, name: &str, word: &str) -> bool {
    let mut words = request.header_values(name).into_iter().flat_map(|value| value.split(','));
    words.any(|own| own.trim().eq_ignore_ascii_case(word))
}
