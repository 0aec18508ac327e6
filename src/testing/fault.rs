//! The ways in which the fake can misbehave.

use super::answer::{Answer, Delivery, End, Framing};
use super::content::Content;
use super::{dingtalk, oss};
use serde_json::Value;
use std::time::Duration;

/// One way to misbehave, for [`FakeDingTalk::fault`](super::FakeDingTalk::fault).
///
/// Faults that hold a whole answer ([`Fault::Answer`], [`Fault::EndlessBody`], [`Fault::Redirect`])
/// take the place of the operation: nothing is checked and nothing happens, a send is not in
/// [`FakeDingTalk::sent`](super::FakeDingTalk::sent). So does [`Fault::RefuseBeforeReading`]. With all others the
/// operation runs as always, and only its answer suffers.
///
/// Those about ranges, `ETag`s and checksums change object requests only, and [`Fault::ETag`] and [`Fault::Crc`] the
/// answers to [`Target::Put`](super::Target::Put) as well. Those with `Upload` in their names are for that target alone;
/// where a PUT is refused for what its head says, they do nothing.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
/// let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// fake.fault(Target::Object, Fault::CutAfter(2));
/// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
/// assert_eq!(fake.requests_to(Target::Object).len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Exactly this answer instead of the real one.
    Answer {
        /// HTTP status.
        status: u16,
        /// The `Content-Type`; none is sent when this is empty.
        content_type: String,
        /// The body.
        body: Vec<u8>,
        /// Further headers. A `Content-Length` here replaces the true one.
        headers: Vec<(String, String)>,
    },
    /// A chunked body that begins as JSON and never ends.
    EndlessBody {
        /// HTTP status.
        status: u16,
        /// The `Content-Type`; none is sent when this is empty.
        content_type: String,
    },
    /// The request is read and carried out, then the connection is closed without a byte of an answer.
    CloseWithoutAnswer,
    /// The connection is reset and the request is not carried out, as with a pooled connection that
    /// the server gave up. The request is recorded without its body.
    RefuseBeforeReading,
    /// The connection is closed after a whole answer that promised to keep it open.
    CloseAfterAnswer,
    /// The right head and that many body bytes, then the connection is closed (FIN).
    CutAfter(u64),
    /// The right head and that many body bytes, then the connection is reset (RST).
    ///
    /// A reset throws away what the client has not taken yet: a slow client may see fewer bytes.
    ResetAfter(u64),
    /// The right head and that many body bytes, then silence until the client leaves.
    StallAfter(u64),
    /// The request is read and carried out, then silence until the client leaves.
    StallBeforeAnswer,
    /// The body comes in pieces, with a pause after each but the last.
    Slow {
        /// Body bytes in a piece.
        bytes: usize,
        /// The pause between two pieces.
        pause: Duration,
    },
    /// No `Content-Length`: the body ends with the connection.
    NoContentLength,
    /// The body with `Transfer-Encoding: chunked`.
    Chunked,
    /// 200 and the whole object, whatever `Range` says.
    IgnoreRange,
    /// At most that many bytes (but at least 1) for a range, with a `Content-Range` that says so.
    ShortRange(u64),
    /// 206 with this `Content-Range` text (`None`: without the header), and the bytes that were asked for.
    /// Also to a request without a range.
    ContentRange(Option<String>),
    /// The range is moved by that many bytes, with a `Content-Range` that says so.
    ShiftRange(i64),
    /// 416 for a range that leaves the object, in place of 200 and the whole.
    StrictRanges,
    /// The byte at this offset of the object arrives with all its bits flipped.
    CorruptByte(u64),
    /// Before this request is answered, the object gets this new content, with a new `ETag` and checksum.
    /// Its version number and its URL stay.
    ReplaceObject(Content),
    /// This `ETag` text, quotes included (`None`: without the header); `If-Match` is not looked at.
    ETag(Option<String>),
    /// This `x-oss-hash-crc64ecma` text (`None`: without the header).
    Crc(Option<String>),
    /// Says `Content-Encoding: gzip`. The body stays as it is.
    GzipHeader,
    /// One more header on the answer.
    ExtraHeader {
        /// The header's name.
        name: String,
        /// The header's value.
        value: String,
    },
    /// A redirect without a body.
    Redirect {
        /// HTTP status, such as 302.
        status: u16,
        /// The text of `Location`.
        location: String,
    },
    /// That many bytes of the body of a PUT are read, then the connection is reset. Nothing is stored.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, ManualClock, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// fake.fault(Target::Put, Fault::ResetUploadAfter(2));
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Put).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ResetUploadAfter(u64),
    /// That many bytes of the body of a PUT are read, then it is answered with an error of the object store, and the
    /// connection is closed. Nothing is stored.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, ManualClock, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// fake.fault(Target::Put, Fault::RefuseUploadAfter { bytes: 2, status: 403, code: "AccessDenied".into() });
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::UploadInfo).len(), 2); // for another signature
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    RefuseUploadAfter {
        /// Body bytes to read.
        bytes: u64,
        /// HTTP status.
        status: u16,
        /// The `Code` in the XML.
        code: String,
    },
    /// That many bytes of the body of a PUT are read, then no more, and nothing is said until the client resets the
    /// connection or the fake is dropped. The system may take some megabytes more before the client notices.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, ManualClock, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// fake.fault(Target::Put, Fault::StallUploadAfter(2));
    /// let client = fake.client().stall_timeout(std::time::Duration::from_millis(200)).clock(ManualClock::new()).build()?;
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Put).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    StallUploadAfter(u64),
    /// The body of a PUT is read in pieces, with a pause after each. Small bodies fit into the system's buffers, so
    /// that the client notices this only by the late answer.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, ManualClock, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// fake.fault(Target::Put, Fault::SlowUpload { bytes: 2, pause: std::time::Duration::from_millis(1) });
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Put).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    SlowUpload {
        /// The most body bytes in a piece.
        bytes: usize,
        /// The pause after a piece.
        pause: Duration,
    },
    /// The byte at this offset of the body of a PUT is stored with all its bits flipped, and the checksum in the answer
    /// is that of what is stored.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, ManualClock, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// fake.fault(Target::Put, Fault::CorruptUpload(0));
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Put).len(), 2); // the checksum was another
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    CorruptUpload(u64),
    /// All of these at once.
    Several(Vec<Fault>),
}

impl Fault {
    fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, content_type: content_type.to_owned(), body: body.into(), headers: Vec::new() }
    }

    /// This status and a JSON body: a [`serde_json::Value`], or a text that is sent as it is, right or broken.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::DownloadInfo, Fault::json(200, "{ broken"));
    /// let error = client.file("space-1", "dentry-1", UnionId("anyone")).download_info().unwrap_err();
    /// assert!(error.to_string().contains("line 1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn json(status: u16, body: impl Into<Value>) -> Self {
        Self::answer(status, "application/json", json_text(body.into()))
    }

    /// This status and HTML page.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::DownloadInfo, Fault::html(200, "<html>please log in</html>"));
    /// let error = client.file("space-1", "dentry-1", UnionId("anyone")).download_info().unwrap_err();
    /// assert!(error.is_rate_limited());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn html(status: u16, page: &str) -> Self {
        Self::answer(status, "text/html; charset=utf-8", page)
    }

    /// This status with an empty body.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Object, Fault::status(404));
    /// let file = client.file("space-1", "dentry-1", UnionId("anyone"));
    /// assert!(file.download_to(&mut Vec::new(), ..).unwrap_err().is_not_found());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::answer(status, "", "")
    }

    /// An error as the API side words it: `{"code", "requestid", "message"}`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::DownloadInfo, Fault::api_error(403, "permissionDenied"));
    /// let error = client.file("space-1", "dentry-1", UnionId("anyone")).download_info().unwrap_err();
    /// assert!(error.is_permission_denied());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn api_error(status: u16, code: &str) -> Self {
        Self::json(status, dingtalk::error_body(code, "The fake was told to fail."))
    }

    /// The API side's answer when the app lacks a scope such as `Storage.DownloadInfo.Read`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::DownloadInfo, Fault::missing_scope("Storage.DownloadInfo.Read"));
    /// let error = client.file("space-1", "dentry-1", UnionId("anyone")).download_info().unwrap_err();
    /// assert!(error.to_string().contains("missing permission: Storage.DownloadInfo.Read"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn missing_scope(scope: &str) -> Self {
        Self::json(403, dingtalk::missing_scope_body(scope))
    }

    /// An error as the object side words it: XML with `Code`, `Message` and so on.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Object, Fault::object_error(404, "NoSuchKey"));
    /// let file = client.file("space-1", "dentry-1", UnionId("anyone"));
    /// assert_eq!(file.download_to(&mut Vec::new(), ..).unwrap_err().code(), Some("NoSuchKey"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn object_error(status: u16, code: &str) -> Self {
        let body = oss::error_body(code, "The fake was told to fail.", &[]);
        Self::answer(status, oss::XML, body)
    }

    /// This fault, and one more header on the answer.
    ///
    /// ```
    /// use dingtalk_files::testing::Fault;
    ///
    /// let busy = Fault::object_error(503, "SlowDown").header("Retry-After", "7");
    /// # let _ = busy;
    /// ```
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = (name.to_owned(), value.to_owned());
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value));
            return self;
        }
        Self::Several(vec![self, Self::ExtraHeader { name, value }])
    }
}

/// A JSON text; a text is one already.
pub(super) fn json_text(body: Value) -> String {
    match body {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// What happens instead of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Silence {
    #[default]
    No,
    Refuse,
    Close,
    Stall,
}

/// The text of a header: the true one, none, or a made-up one.
#[derive(Debug, Default)]
pub(super) enum HeaderText {
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

/// What the faults of one request come to.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) silence: Silence,
    pub(super) answer: Option<Answer>,
    pub(super) extra_headers: Vec<(String, String)>,
    pub(super) delivery: Delivery,
    pub(super) object: ObjectPlan,
    pub(super) upload: UploadPlan,
}

/// The part of a [`Plan`] that is about the reading of uploads.
#[derive(Debug, Default)]
pub(super) struct UploadPlan {
    /// After how many bytes of the body the reading ends, and how.
    pub(super) stop: Option<(u64, UploadStop)>,
    /// Bytes in a piece, and the pause after each piece.
    pub(super) slow: Option<(usize, Duration)>,
    pub(super) corrupt: Option<u64>,
}

/// How the reading of an upload ends before its time.
#[derive(Debug)]
pub(super) enum UploadStop {
    Reset,
    Stall,
    Refuse(Answer),
}

/// The part of a [`Plan`] that is about objects.
#[derive(Debug, Default)]
pub(super) struct ObjectPlan {
    pub(super) replace: Option<Content>,
    pub(super) ignore_range: bool,
    pub(super) strict_ranges: bool,
    pub(super) longest_range: Option<u64>,
    pub(super) shift: i64,
    pub(super) corrupt: Option<u64>,
    pub(super) content_range: HeaderText,
    pub(super) etag: HeaderText,
    pub(super) crc: HeaderText,
}

impl Plan {
    pub(super) fn new(fault: Option<Fault>) -> Self {
        let mut plan = Self::default();
        if let Some(fault) = fault {
            plan.add(fault);
        }
        plan
    }

    fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Several(faults) => faults.into_iter().for_each(|fault| self.add(fault)),
            Fault::Answer { status, content_type, body, headers } => {
                self.add_answer(status, &content_type, body.into());
                self.extra_headers.extend(headers);
            }
            Fault::EndlessBody { status, content_type } => {
                self.add_answer(status, &content_type, Content::endless());
                self.delivery.framing = Framing::Chunked;
            }
            Fault::Redirect { status, location } => {
                self.add_answer(status, "", Content::from(""));
                self.extra_headers.push(("Location".to_owned(), location));
            }
            Fault::GzipHeader => self.add_header("Content-Encoding", "gzip"),
            Fault::ExtraHeader { name, value } => self.extra_headers.push((name, value)),
            Fault::RefuseBeforeReading => self.silence = Silence::Refuse,
            Fault::CloseWithoutAnswer => self.silence = Silence::Close,
            Fault::StallBeforeAnswer => self.silence = Silence::Stall,
            other => self.add_delivery(other),
        }
    }

    fn add_delivery(&mut self, fault: Fault) {
        let delivery = &mut self.delivery;
        match fault {
            Fault::CutAfter(bytes) => delivery.end = End::Cut(bytes),
            Fault::ResetAfter(bytes) => delivery.end = End::Reset(bytes),
            Fault::StallAfter(bytes) => delivery.end = End::Stall(bytes),
            Fault::CloseAfterAnswer => delivery.end = End::Cut(u64::MAX),
            Fault::Slow { bytes, pause } => delivery.slow = Some((bytes.max(1), pause)),
            Fault::NoContentLength => delivery.framing = Framing::UntilClose,
            Fault::Chunked => delivery.framing = Framing::Chunked,
            other => {
                if let Some(other) = self.upload.add(other) {
                    self.object.add(other);
                }
            }
        }
    }

    fn add_answer(&mut self, status: u16, content_type: &str, body: Content) {
        self.answer = Some(Answer::new(status, body));
        if !content_type.is_empty() {
            self.add_header("Content-Type", content_type);
        }
    }

    fn add_header(&mut self, name: &str, value: &str) {
        self.extra_headers.push((name.to_owned(), value.to_owned()));
    }
}

impl ObjectPlan {
    fn add(&mut self, fault: Fault) {
        match fault {
            Fault::ReplaceObject(content) => self.replace = Some(content),
            Fault::IgnoreRange => self.ignore_range = true,
            Fault::StrictRanges => self.strict_ranges = true,
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

impl UploadPlan {
    /// Gives back what is not about uploads.
    fn add(&mut self, fault: Fault) -> Option<Fault> {
        match fault {
            Fault::ResetUploadAfter(bytes) => self.stop = Some((bytes, UploadStop::Reset)),
            Fault::StallUploadAfter(bytes) => self.stop = Some((bytes, UploadStop::Stall)),
            Fault::RefuseUploadAfter { bytes, status, code } => {
                let answer = oss::error(status, &code, "The fake was told to fail.", &[]);
                self.stop = Some((bytes, UploadStop::Refuse(answer)));
            }
            Fault::SlowUpload { bytes, pause } => self.slow = Some((bytes.max(1), pause)),
            Fault::CorruptUpload(offset) => self.corrupt = Some(offset),
            other => return Some(other),
        }
        None
    }
}
