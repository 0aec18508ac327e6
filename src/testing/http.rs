//! Reading requests.
//!
//! The last byte of a request is looked at but left in the socket. [`Incoming::finish`] takes it. A socket that
//! is closed with a byte unread resets the connection, which is the only way to order a reset with `std` alone.

use super::Recorded;
use super::intake::Arrived;
use percent_encoding::percent_decode_str;
use std::io::{self, Read, Write};
use std::net::TcpStream;

/// The longest request line and headers, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;
/// The longest request body that is read into memory, in bytes.
const LONGEST_BODY: usize = 64 << 20;
/// The longest line between the chunks of a chunked body, in bytes.
const LONGEST_LINE: usize = 8 * 1024;

/// Why a request could not be read.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The client is gone, or the fake is.
    Gone,
    /// The request is not acceptable HTTP; the status says in which way.
    Refused(u16),
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// How long the body of a request is, as its head has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    Known(u64),
    Chunked,
}

/// A request that is being read.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    stream: &'a TcpStream,
    pub(super) request: Recorded,
    /// The body of an upload, which is not in the request.
    pub(super) arrived: Option<Arrived>,
    pub(super) length: BodyLength,
    /// The client wants the connection closed after the answer.
    pub(super) close: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
}

impl<'a> Incoming<'a> {
    /// Reads a head; `None` when the client closed the connection between two requests.
    pub(super) fn read_head(stream: &'a TcpStream, connection: usize) -> Result<Option<Self>, Trouble> {
        let Some(head) = read_head_bytes(stream)? else {
            return Ok(None);
        };
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let first = lines.next().unwrap_or_default();
        let (method, target, version) = split_request_line(first).ok_or(Trouble::Refused(400))?;
        let headers = lines.map(split_header).collect::<Option<_>>().ok_or(Trouble::Refused(400))?;
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
            arrived: None,
            length: body_length(&request)?,
            close: version == "HTTP/1.0" || has_word(&request, "connection", "close"),
            expects_continue: has_word(&request, "expect", "100-continue"),
            request,
        }))
    }

    /// Reads the body into `request.body`, after the permission to send it where the client waits for one.
    pub(super) fn read_body(&mut self) -> Result<(), Trouble> {
        if self.length == BodyLength::Known(0) {
            return Ok(());
        }
        let length = match self.length {
            BodyLength::Known(length) => Some(usize::try_from(length).unwrap_or(usize::MAX)),
            BodyLength::Chunked => None,
        };
        if length.is_some_and(|length| length > LONGEST_BODY) {
            return Err(Trouble::Refused(413));
        }
        self.finish_head()?;
        self.request.body = match length {
            Some(length) => self.read_known_body(length)?,
            None => self.read_chunked_body()?,
        };
        self.request.body_length = self.request.body.len() as u64;
        self.await_byte()?;
        Ok(())
    }

    /// Goes on to the body, after the permission to send it where the client waits for one.
    pub(super) fn finish_head(&self) -> io::Result<()> {
        self.finish()?;
        if self.expects_continue {
            self.stream().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(())
    }

    /// The connection, to read from or to write to.
    pub(super) fn stream(&self) -> &'a TcpStream {
        self.stream
    }

    /// Takes the last byte of the request off the socket. Without this, closing the connection resets it.
    pub(super) fn finish(&self) -> io::Result<()> {
        (&mut &*self.stream).read_exact(&mut [0])
    }

    /// All but the last byte is read; the last one is put into the body from afar.
    fn read_known_body(&self, length: usize) -> Result<Vec<u8>, Trouble> {
        let mut body = vec![0; length.saturating_sub(1)];
        (&mut &*self.stream).read_exact(&mut body)?;
        body.push(self.await_byte()?);
        Ok(body)
    }

    fn read_chunked_body(&self) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        loop {
            let line = self.read_line()?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(|_| Trouble::Refused(400))?;
            if size == 0 {
                break;
            }
            let old = body.len();
            if size > LONGEST_BODY.saturating_sub(old) {
                return Err(Trouble::Refused(413));
            }
            body.resize(old + size, 0);
            let chunk = body.get_mut(old..).unwrap_or_default();
            (&mut &*self.stream).read_exact(chunk)?;
            if !self.read_line()?.is_empty() {
                return Err(Trouble::Refused(400));
            }
        }
        // Trailers, up to the empty line, of which the line feed stays in the socket.
        while self.await_byte()? != b'\r' {
            self.read_line()?;
        }
        self.finish()?;
        Ok(body)
    }

    /// A line without its end. Byte by byte, because nothing after it may be taken off the socket.
    fn read_line(&self) -> Result<String, Trouble> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if line.len() > LONGEST_LINE {
                return Err(Trouble::Refused(400));
            }
            line.push(self.await_byte()?);
            self.finish()?;
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// The next byte, which stays in the socket.
    pub(super) fn await_byte(&self) -> io::Result<u8> {
        let mut byte = [0];
        match self.stream.peek(&mut byte)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(u8::from_be_bytes(byte)),
        }
    }
}

/// Everything up to the empty line; its last byte stays in the socket.
fn read_head_bytes(stream: &TcpStream) -> Result<Option<Vec<u8>>, Trouble> {
    let mut head = Vec::new();
    let mut buffer = [0; 8 * 1024];
    loop {
        let seen = stream.peek(&mut buffer)?;
        if seen == 0 {
            return if head.is_empty() { Ok(None) } else { Err(Trouble::Gone) };
        }
        let old = head.len();
        head.extend(buffer.iter().take(seen));
        if let Some(end) = end_of_head(&head, old) {
            head.truncate(end);
            take(stream, &mut buffer, end.saturating_sub(old + 1))?;
            return Ok(Some(head));
        }
        if head.len() > LONGEST_HEAD {
            return Err(Trouble::Refused(431));
        }
        take(stream, &mut buffer, seen)?;
    }
}

/// Where the head ends, if the empty line is not wholly among the first `old` bytes, which were searched before.
fn end_of_head(head: &[u8], old: usize) -> Option<usize> {
    let start = old.saturating_sub(3);
    let fresh = head.get(start..)?;
    let place = fresh.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(start + place + 4)
}

/// Takes bytes off the socket that were looked at before.
fn take(mut stream: &TcpStream, buffer: &mut [u8], count: usize) -> io::Result<()> {
    stream.read_exact(buffer.get_mut(..count).unwrap_or_default())
}

/// Method, target and version. A target with a raw space in it is let through here: it fits no route.
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

fn check_host(request: &Recorded, version: &str) -> Result<(), Trouble> {
    let hosts = request.header_values("host").len();
    let fine = hosts == 1 || (hosts == 0 && version == "HTTP/1.0");
    if fine { Ok(()) } else { Err(Trouble::Refused(400)) }
}

fn body_length(request: &Recorded) -> Result<BodyLength, Trouble> {
    let mut lengths = request.header_values("content-length").into_iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(Trouble::Refused(400));
    }
    match (request.header("transfer-encoding"), length) {
        (None, None) => Ok(BodyLength::Known(0)),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(BodyLength::Chunked),
        (None, Some(digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(BodyLength::Known(digits.parse().map_err(|_| Trouble::Refused(400))?))
        }
        _ => Err(Trouble::Refused(400)),
    }
}

fn has_word(request: &Recorded, name: &str, word: &str) -> bool {
    let mut words = request.header_values(name).into_iter().flat_map(|value| value.split(','));
    words.any(|own| own.trim().eq_ignore_ascii_case(word))
}
