//! A scripted object store: a function decides each answer, and every request and byte is counted.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use dingtalk_files::testing::Content;

use super::folder::crc;
use crate::support::read_request;

/// The object of a server, and the headers of each correct answer.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) bytes: Arc<Vec<u8>>,
    /// Complete header lines, each with its line ending.
    pub(super) headers: String,
}

pub(super) const ETAG: &str = "\"ETAG-OF-THE-OBJECT\"";

impl Object {
    /// Creates an object with all the headers of OSS.
    pub(super) fn new(content: &Content) -> Self {
        let bytes = content.bytes(0..content.len());
        let headers = format!(
            "Content-Type: application/octet-stream\r\nETag: {ETAG}\r\nx-oss-hash-crc64ecma: {}\r\n\
             x-oss-request-id: 0123456789ABCDEF\r\n",
            crc(&bytes)
        );
        Self { bytes: Arc::new(bytes), headers }
    }

    /// Creates an object with an ETag but no checksum, so that no checksum can reveal a wrong byte.
    pub(super) fn without_checksum(content: &Content) -> Self {
        let headers = format!("ETag: {ETAG}\r\nx-oss-request-id: 0123456789ABCDEF\r\n");
        Self { headers, ..Self::new(content) }
    }
}

/// A request for the object.
#[derive(Clone, Debug)]
pub(super) struct ObjectRequest {
    /// Counted from 0 over all connections.
    pub(super) number: usize,
    pub(super) range: Option<Range<u64>>,
    pub(super) if_match: Option<String>,
    /// Whether an earlier connection is still open.
    pub(super) is_additional: bool,
}

/// The answer to a request.
pub(super) enum Reply {
    /// The requested range, or the whole object if the request has none.
    Right,
    /// 200 with the whole object, whatever was requested.
    Whole,
    /// The correct head and the given number of body bytes; then the connection is closed.
    Cut(usize),
    /// The given bytes; then the connection is closed.
    Raw(Vec<u8>),
}

impl Reply {
    /// Returns an error with an XML body like those of OSS.
    pub(super) fn error(status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>No.</Message>\
             <RequestId>0123456789ABCDEF</RequestId></Error>"
        );
        Self::text(&format!("{status} No"), "Content-Type: application/xml\r\n", &body)
    }

    pub(super) fn text(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        Self::Raw((head + body).into_bytes())
    }
}

type Decide = dyn Fn(&ObjectRequest) -> Reply + Send + Sync;

struct Shared {
    object: Object,
    decide: Box<Decide>,
    requests: Mutex<Vec<ObjectRequest>>,
    open: Mutex<BTreeSet<usize>>,
    sent: AtomicU64,
    is_over: AtomicBool,
}

pub(super) struct ObjectServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl ObjectServer {
    pub(super) fn start(
        object: &Object,
        decide: impl Fn(&ObjectRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::with_connections(usize::MAX, object, decide)
    }

    /// Starts a server that refuses all connections after the first `most`.
    pub(super) fn with_connections(
        most: usize,
        object: &Object,
        decide: impl Fn(&ObjectRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            object: object.clone(),
            decide: Box::new(decide),
            requests: Mutex::default(),
            open: Mutex::default(),
            sent: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().take(most).enumerate() {
                if for_thread.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (shared, stream) = (Arc::clone(&for_thread), stream.unwrap());
                shared.open.lock().unwrap().insert(connection);
                thread::spawn(move || {
                    let _ = shared.serve(&stream, connection);
                    shared.open.lock().unwrap().remove(&connection);
                });
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/object", self.address)
    }

    pub(super) fn requests(&self) -> Vec<ObjectRequest> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Number of body bytes that the operating system accepted from the server.
    pub(super) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }
}

impl Drop for ObjectServer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // The accepting thread checks the flag only when a connection arrives.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, mut stream: &TcpStream, connection: usize) -> io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            let request = read_request(&mut stream);
            if request.is_empty() {
                return Ok(());
            }
            let request = self.record(&request, connection);
            if !self.answer(stream, &request)? {
                return Ok(());
            }
        }
    }

    fn record(&self, text: &str, connection: usize) -> ObjectRequest {
        let header = |name: &str| {
            let has_name =
                |line: &&str| line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
            text.lines().find(has_name).map(|line| line.split_once(':').unwrap().1.trim().to_owned())
        };
        let range = header("range").map(|value| {
            let (first, last) = value.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let end = last.parse().map_or(u64::MAX, |last: u64| last + 1);
            first.parse().unwrap()..end
        });
        let is_additional = self.open.lock().unwrap().first().is_some_and(|first| *first != connection);
        let mut requests = self.requests.lock().unwrap();
        let request =
            ObjectRequest { number: requests.len(), range, if_match: header("if-match"), is_additional };
        requests.push(request.clone());
        request
    }

    /// Answers the request, and returns whether the connection stays open.
    fn answer(&self, mut stream: &TcpStream, request: &ObjectRequest) -> io::Result<bool> {
        let size = self.object.bytes.len();
        let whole = (0..size, "200 OK", String::new());
        // Like OSS, ignores a range that extends beyond the object.
        let inside = request.range.clone().filter(|range| range.end <= size as u64);
        let requested = inside.map_or_else(
            || whole.clone(),
            |range| {
                let line = format!("Content-Range: bytes {}-{}/{size}\r\n", range.start, range.end - 1);
                let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
                (range, "206 Partial Content", line)
            },
        );
        let ((range, status, line), cut) = match (self.decide)(request) {
            Reply::Raw(bytes) => {
                stream.write_all(&bytes)?;
                return close_gracefully(stream);
            }
            Reply::Right => (requested, usize::MAX),
            Reply::Cut(bytes) => (requested, bytes),
            Reply::Whole => (whole, usize::MAX),
        };
        let (headers, length) = (&self.object.headers, range.len());
        write!(stream, "HTTP/1.1 {status}\r\n{headers}{line}Content-Length: {length}\r\n\r\n")?;
        let end = range.end.min(range.start.saturating_add(cut));
        for block in self.object.bytes[range.start..end].chunks(64 * 1024) {
            stream.write_all(block)?;
            self.sent.fetch_add(block.len() as u64, Ordering::Relaxed);
        }
        if cut < length { close_gracefully(stream) } else { Ok(true) }
    }
}

/// Closes without a reset, which would discard bytes that the client has not read yet.
fn close_gracefully(stream: &TcpStream) -> io::Result<bool> {
    stream.shutdown(std::net::Shutdown::Write)?;
    io::copy(&mut stream.take(1024 * 1024), &mut io::sink())?;
    Ok(false)
}
