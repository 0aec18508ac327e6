//! The combined effects of the faults of one request.

use super::content::Content;
use super::errors::object_error;
use super::fault::{FAULT_MESSAGE, Fault};
use super::response::{BodyEnd, Delivery, FakeResponse, Framing};
use std::time::Duration;

/// The combined effects of all faults of one request.
#[derive(Debug, Default)]
pub(crate) struct FaultEffects {
    pub(crate) silence: Silence,
    /// The response that replaces the operation.
    pub(crate) response: Option<FakeResponse>,
    pub(crate) extra_headers: Vec<(String, String)>,
    pub(crate) delivery: Delivery,
    /// Withholds `100 Continue` from a client that waits for it.
    pub(crate) no_continue: bool,
    pub(crate) object: ObjectEffects,
    pub(crate) upload: UploadEffects,
}

/// The way in which a connection ends without a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The request gets a response.
    #[default]
    No,
    /// A reset before the request is read.
    Refuse,
    /// An orderly close after the operation has run.
    Close,
    /// Silence until the client leaves, after the operation has run.
    Stall,
}

/// The text of a header: the true text, none, or an invented text.
#[derive(Debug, Default)]
pub(crate) enum HeaderText {
    #[default]
    True,
    Absent,
    Literal(String),
}

impl From<Option<String>> for HeaderText {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Absent, Self::Literal)
    }
}

impl HeaderText {
    /// Adds the header to a response. `truth` is its true text.
    pub(crate) fn add_to(&self, response: FakeResponse, name: &str, truth: &str) -> FakeResponse {
        match self {
            Self::True => response.header(name, truth),
            Self::Literal(text) => response.header(name, text.as_str()),
            Self::Absent => response,
        }
    }
}

/// The effects on reading the body of an upload.
#[derive(Debug, Default)]
pub(crate) struct UploadEffects {
    /// The number of body bytes after which reading stops, and the way in which it stops.
    pub(crate) stop: Option<(u64, UploadStop)>,
    /// The number of bytes in a piece, and the pause after each piece.
    pub(crate) slow: Option<(usize, Duration)>,
    pub(crate) corrupt: Option<u64>,
}

/// The way in which reading an upload stops early.
#[derive(Debug)]
pub(crate) enum UploadStop {
    Reset,
    Stall,
    Refuse(FakeResponse),
}

/// The effects on serving an object.
#[derive(Debug, Default)]
pub(crate) struct ObjectEffects {
    pub(crate) replace: Option<Content>,
    pub(crate) ignore_range: bool,
    pub(crate) strict_ranges: bool,
    pub(crate) refuse_if_match: bool,
    pub(crate) longest_range: Option<u64>,
    pub(crate) shift: i64,
    pub(crate) corrupt: Option<u64>,
    pub(crate) content_range: HeaderText,
    pub(crate) etag: HeaderText,
    pub(crate) crc: HeaderText,
}

impl FaultEffects {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        let mut effects = Self::default();
        if let Some(fault) = fault {
            effects.add(fault);
        }
        effects
    }

    /// Returns the bytes that permit a waiting client to send the body.
    ///
    /// The interim responses are sent with this permission, and therefore not again with the final response.
    pub(crate) fn take_permission(&mut self) -> Vec<u8> {
        let interim = std::mem::take(&mut self.delivery.interim);
        let mut bytes: Vec<u8> =
            interim.iter().flat_map(|response| response.head(Framing::UntilClose, false)).collect();
        if !self.no_continue && !interim.iter().any(|response| response.status == 100) {
            bytes.extend(FakeResponse::new(100, "").head(Framing::UntilClose, false));
        }
        bytes
    }

    /// Adds the headers of the faults to a response.
    pub(crate) fn with_extra_headers(&self, mut response: FakeResponse) -> FakeResponse {
        response.headers.extend(self.extra_headers.iter().cloned());
        response
    }

    fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Several(faults) => faults.into_iter().for_each(|fault| self.add(fault)),
            Fault::Answer { status, content_type, body, headers } => {
                self.add_response(status, &content_type, body.into());
                self.extra_headers.extend(headers);
            }
            Fault::EndlessBody { status, content_type } => {
                self.add_response(status, &content_type, Content::endless());
                self.delivery.framing = Framing::Chunked;
            }
            Fault::Redirect { status, location } => {
                self.add_response(status, "", Content::from(""));
                self.add_header("Location", &location);
            }
            Fault::GzipHeader => self.add_header("Content-Encoding", "gzip"),
            Fault::ExtraHeader { name, value } => self.extra_headers.push((name, value)),
            Fault::RefuseBeforeReading => self.silence = Silence::Refuse,
            Fault::CloseWithoutAnswer => self.silence = Silence::Close,
            Fault::StallBeforeAnswer => self.silence = Silence::Stall,
            Fault::NoContinue => self.no_continue = true,
            other => self.add_delivery(other),
        }
    }

    fn add_delivery(&mut self, fault: Fault) {
        let delivery = &mut self.delivery;
        match fault {
            Fault::CutAfter(bytes) => delivery.end = BodyEnd::Cut(bytes),
            Fault::ResetAfter(bytes) => delivery.end = BodyEnd::Reset(bytes),
            Fault::StallAfter(bytes) => delivery.end = BodyEnd::Stall(bytes),
            Fault::CloseAfterAnswer => delivery.end = BodyEnd::Cut(u64::MAX),
            Fault::Slow { bytes, pause } => delivery.slow = Some((bytes.max(1), pause)),
            Fault::NoContentLength => delivery.framing = Framing::UntilClose,
            Fault::Chunked => delivery.framing = Framing::Chunked,
            Fault::InterimResponse { status, headers } => {
                let mut response = FakeResponse::new(status, "");
                response.headers = headers;
                delivery.interim.push(response);
            }
            other => {
                if let Some(other) = self.upload.add(other) {
                    self.object.add(other);
                }
            }
        }
    }

    fn add_response(&mut self, status: u16, content_type: &str, body: Content) {
        self.response = Some(FakeResponse::new(status, body));
        if !content_type.is_empty() {
            self.add_header("Content-Type", content_type);
        }
    }

    fn add_header(&mut self, name: &str, value: &str) {
        self.extra_headers.push((name.to_owned(), value.to_owned()));
    }
}

impl ObjectEffects {
    fn add(&mut self, fault: Fault) {
        match fault {
            Fault::ReplaceObject(content) => self.replace = Some(content),
            Fault::IgnoreRange => self.ignore_range = true,
            Fault::StrictRanges => self.strict_ranges = true,
            Fault::RefuseIfMatch => self.refuse_if_match = true,
            Fault::ShortRange(bytes) => self.longest_range = Some(bytes),
            Fault::ShiftRange(bytes) => self.shift = bytes,
            Fault::CorruptByte(offset) => self.corrupt = Some(offset),
            Fault::ContentRange(text) => self.content_range = text.into(),
            Fault::ETag(text) => self.etag = text.into(),
            Fault::Crc(text) => self.crc = text.into(),
            _ => {}
        }
    }
}

impl UploadEffects {
    /// Adds a fault of uploads. Returns the fault if it does not concern uploads.
    fn add(&mut self, fault: Fault) -> Option<Fault> {
        match fault {
            Fault::ResetUploadAfter(bytes) => self.stop = Some((bytes, UploadStop::Reset)),
            Fault::StallUploadAfter(bytes) => self.stop = Some((bytes, UploadStop::Stall)),
            Fault::RefuseUploadAfter { bytes, status, code } => {
                let response = object_error(status, &code, FAULT_MESSAGE, &[]);
                self.stop = Some((bytes, UploadStop::Refuse(response)));
            }
            Fault::SlowUpload { bytes, pause } => self.slow = Some((bytes.max(1), pause)),
            Fault::CorruptUpload(offset) => self.corrupt = Some(offset),
            other => return Some(other),
        }
        None
    }
}
