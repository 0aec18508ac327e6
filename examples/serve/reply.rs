//! Responses of `serve`, and how their bodies are sent.

use std::io::{self, Write};
use std::mem;
use std::time::Instant;

use dingtalk_files::{ByteRange, ErrorKind};
use tiny_http::{HTTPVersion, Header, Response};

use super::files::{Files, OpenFile};
use super::http::{Refusal, header};

/// A response whose head is not sent yet.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Option<Header>>,
    /// Length of the body. For `HEAD` and 304, length of the body that is not sent.
    pub(crate) length: u64,
    pub(crate) body: Body,
    /// For the log.
    pub(crate) note: String,
}

pub(crate) enum Body {
    /// Empty for `HEAD`, 304 and 416.
    Text(String),
    File {
        id: String,
        file: Box<OpenFile>,
        range: ByteRange,
    },
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, retry_after, reason } = refusal;
        let text = format!("{status}\n");
        let mut headers = vec![header("Content-Type", "text/plain")];
        headers.extend(retry_after.map(|seconds| header("Retry-After", &seconds.to_string())));
        headers.extend((status == 405).then(|| header("Allow", "GET, HEAD")));
        let (length, note) = (text.len() as u64, format!(": {reason}"));
        Self { status, headers, length, body: Body::Text(text), note }
    }
}

impl Reply {
    /// Sends the response. Returns status, length and note for the log.
    pub(crate) fn send(
        self,
        version: &HTTPVersion,
        mut out: Box<dyn Write + Send>,
        files: &Files,
        deadline: Instant,
    ) -> (u16, u64, String) {
        let is_stream = matches!(self.body, Body::File { .. });
        // HTTP/1.0 has no chunks. There, tiny_http closes the connection after the response.
        let is_chunked = is_stream && *version > HTTPVersion(1, 0);
        let length = usize::try_from(self.length).ok().filter(|_| !is_chunked);
        let headers = self.headers.into_iter().flatten().chain(header("X-Content-Type-Options", "nosniff"));
        let head = Response::new(self.status.into(), headers.collect(), io::empty(), length, None);
        let mut bytes = Vec::new();
        // The headers of the request could ask for another encoding than the body gets below.
        let printed =
            head.with_chunked_threshold(usize::MAX).raw_print(&mut bytes, version.clone(), &[], true, None);
        let (id, file, range) = match self.body {
            Body::File { id, file, range } => (id, file, range),
            Body::Text(text) => {
                bytes.extend(text.as_bytes());
                let _ = printed.and_then(|()| out.write_all(&bytes)).and_then(|()| out.flush());
                return (self.status, text.len() as u64, self.note);
            }
        };
        let mut stream = Stream::new(out, bytes, is_chunked, self.length);
        let failure = match file.download(&mut stream, range, deadline) {
            Ok(done) if file.is_same(&done) => match stream.complete() {
                Ok(()) => return (self.status, self.length, self.note),
                Err(e) => Refusal::new(502, &format!("the last byte: {e}")),
            },
            Ok(_) => {
                files.forget(&id);
                Refusal { retry_after: Some(1), ..Refusal::new(503, "the file was replaced") }
            }
            Err(error) => {
                if stream.is_too_long || matches!(error.kind(), ErrorKind::Integrity | ErrorKind::Range) {
                    files.forget(&id);
                }
                error.into()
            }
        };
        if stream.has_begun() {
            let sent = stream.sent;
            stream.break_off();
            return (self.status, sent, format!(", broken off: {}", failure.reason));
        }
        Self::from(failure).send(version, stream.out, files, deadline)
    }
}

/// Body of a response.
///
/// An incomplete body must not look complete. `tiny_http` cannot close a connection while the reader keeps it open, so a
/// reader of a body with a `Content-Length` would wait forever. In chunks, an unreadable chunk ends the response at once.
struct Stream {
    out: Box<dyn Write + Send>,
    /// Empty once it is sent, which is with the first bytes: until then the status can change.
    head: Vec<u8>,
    is_chunked: bool,
    left: u64,
    sent: u64,
    /// The last byte. It is sent when checksum and `ETag` are known to be right.
    held: Option<u8>,
    /// Whether the object store sent more bytes than it had reported.
    is_too_long: bool,
}

impl Stream {
    fn new(out: Box<dyn Write + Send>, head: Vec<u8>, is_chunked: bool, length: u64) -> Self {
        Self { out, head, is_chunked, left: length, sent: 0, held: None, is_too_long: false }
    }

    fn has_begun(&self) -> bool {
        self.head.is_empty()
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        // An empty chunk would end the body.
        if bytes.is_empty() {
            return Ok(());
        }
        if self.is_chunked {
            write!(self.out, "{:x}\r\n", bytes.len())?;
        }
        self.out.write_all(bytes)?;
        self.sent += bytes.len() as u64;
        if self.is_chunked { self.out.write_all(b"\r\n") } else { Ok(()) }
    }

    fn complete(&mut self) -> io::Result<()> {
        let last = self.held.take().ok_or_else(|| io::Error::other("the object store sent fewer bytes"))?;
        self.send(&[last])?;
        if self.is_chunked {
            self.out.write_all(b"0\r\n\r\n")?;
        }
        self.out.flush()
    }

    fn break_off(mut self) {
        if self.is_chunked {
            let _ = self.out.write_all(b"!\r\n").and_then(|()| self.out.flush());
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.is_too_long = true;
            return Err(io::Error::other("the object store sent more bytes than it had reported"));
        };
        self.left = left;
        let head = mem::take(&mut self.head);
        self.out.write_all(&head)?;
        match bytes.split_last() {
            Some((last, before)) if self.left == 0 => {
                self.held = Some(*last);
                self.send(before)?;
            }
            _ => self.send(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
