//! The faults that a test can order.

use super::content::Content;
use super::errors::{XML, api_error_body, missing_scope_body, object_error_body};
use serde_json::Value;
use std::time::Duration;

/// The message of every error that a fault makes.
pub(crate) const FAULT_MESSAGE: &str = "Failure injected by the fake.";

/// One way to misbehave, for [`FakeDingTalk::fault`](crate::testing::FakeDingTalk::fault),
/// [`fault_on_call`](crate::testing::FakeDingTalk::fault_on_call), [`fault_when`](crate::testing::FakeDingTalk::fault_when)
/// and [`fault_always`](crate::testing::FakeDingTalk::fault_always).
///
/// Faults that hold a whole answer ([`Fault::Answer`], [`Fault::EndlessBody`], [`Fault::Redirect`])
/// take the place of the operation: the fake checks nothing and does nothing, and a send is not in
/// [`FakeDingTalk::sent`](crate::testing::FakeDingTalk::sent). So does [`Fault::RefuseBeforeReading`]. With all others the
/// operation runs as always, and only its answer suffers.
///
/// Faults of ranges, `If-Match`, `ETag`s and checksums change object requests only; [`Fault::ETag`] and [`Fault::Crc`] also
/// change the answers to [`Target::Put`](crate::testing::Target::Put). Those with `Upload` in their names are for that target
/// alone, and have no effect on a PUT that is refused for its head.
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
///
/// | for this on the wire | order |
/// | --- | --- |
/// | a lapsed signature, as other gateways report it | `Fault::object_error(401, "InvalidToken")`, or 400, 403 or 410 with any code; with `fault_when`, to the old signature only (see [`lapse_signatures`](crate::testing::FakeDingTalk::lapse_signatures)) |
/// | the page of a captive portal in place of an object | `Fault::html(200, "<html>…")` |
/// | an ETag of another form | `Fault::ETag(Some("W/\"v1\"".into()))`, or without quotes, or `None` |
/// | an object stored with an empty `Content-Encoding` | `Fault::ExtraHeader` with an empty value |
/// | `Transfer-Encoding: identity` | `Fault::ExtraHeader`, alone or together with [`Fault::NoContentLength`] |
/// | a server that knows no `Expect` | `Fault::status(417)`, or [`Fault::NoContinue`] |
/// | sends to one recipient fail | `fault_when` with the `unionId` of the query, or the conversation of the body |
/// | one bad resource URL of several | `set_resource_urls` with `{good}?mirror=1`, and `fault_when` with the query |
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
    /// A 1xx response before the answer, in the same write.
    ///
    /// For a client that waits for `100 Continue` before it sends a body, the 1xx response goes out at the moment of that
    /// permission; with status 100 it replaces the permission.
    ///
    /// ```
    /// # use dingtalk_files::testing::{FakeDingTalk, Fault, Target};
    /// let fake = FakeDingTalk::start()?;
    /// # let client = fake.client().build()?;
    /// let headers = vec![("x-early".into(), "1".into())];
    /// fake.fault(Target::Token, Fault::InterimResponse { status: 103, headers });
    /// client.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    InterimResponse {
        /// HTTP status, from 100 to 199.
        status: u16,
        /// The headers of the 1xx response.
        headers: Vec<(String, String)>,
    },
    /// No `100 Continue` for a client that waits for it: the fake waits for the body.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Put, Fault::NoContinue);
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Put)[0].body_length, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    NoContinue,
    /// The request is read and carried out, then the connection is closed without a byte of an answer.
    CloseWithoutAnswer,
    /// The connection is reset and the request is not carried out, as happens to a pooled connection that
    /// the server gave up. The request is recorded without its body.
    RefuseBeforeReading,
    /// The connection is closed after a whole answer that promised to keep it open.
    CloseAfterAnswer,
    /// The right head and that many body bytes, then the connection is closed (FIN).
    CutAfter(u64),
    /// The right head and that many body bytes, then the connection is reset (RST).
    ///
    /// A reset discards the bytes that the client has not read yet: a slow client may see fewer.
    ResetAfter(u64),
    /// The right head and that many body bytes, then silence until the client leaves.
    StallAfter(u64),
    /// The request is read and carried out, then silence until the client leaves.
    StallBeforeAnswer,
    /// The body in pieces, with a pause after each but the last.
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
    /// 200 and the whole object, for any `Range`.
    IgnoreRange,
    /// At most that many bytes (but at least 1) for a range, with a matching `Content-Range`.
    ShortRange(u64),
    /// 206 with this `Content-Range` text (`None`: without the header), and the requested bytes.
    /// Also to a request without a range.
    ContentRange(Option<String>),
    /// The range moved by that many bytes, with a matching `Content-Range`.
    ShiftRange(i64),
    /// 416 for a range that leaves the object, in place of 200 and the whole.
    StrictRanges,
    /// 412 to every request with `If-Match`, even with the object's own `ETag`, which the answer carries
    /// (unless [`Fault::ETag`] changes it).
    ///
    /// ```
    /// # use dingtalk_files::testing::{FakeDingTalk, Fault, Target};
    /// let fake = FakeDingTalk::start()?;
    /// fake.fault_always(Target::Object, Fault::RefuseIfMatch); // until `clear_faults`
    /// # Ok::<(), std::io::Error>(())
    /// ```
    RefuseIfMatch,
    /// The byte at this offset of the object, with all its bits flipped.
    CorruptByte(u64),
    /// New content for the object before this request is answered, with a new `ETag` and checksum.
    /// Version number and URL stay.
    ReplaceObject(Content),
    /// This `ETag` text, quotes included (`None`: without the header); `If-Match` and `If-None-Match` are ignored.
    ETag(Option<String>),
    /// This `x-oss-hash-crc64ecma` text (`None`: without the header).
    Crc(Option<String>),
    /// `Content-Encoding: gzip`, though the body stays as it is.
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
    /// That many bytes of the body of a PUT are read, then silence until the client resets the connection or the fake is
    /// dropped. The system may buffer some megabytes more before the client notices.
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
    /// The body of a PUT is read in pieces, with a pause after each. A small body fits into the system's buffers, and
    /// the client only notices the late answer.
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
    /// The byte at this offset of the body of a PUT is stored with all its bits flipped. The answer carries the checksum
    /// of the stored bytes.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, ManualClock, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// fake.fault(Target::Put, Fault::CorruptUpload(0));
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Put).len(), 2); // the checksums differed
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

    /// This status and a JSON body: a [`serde_json::Value`], or a text that is sent unchanged, even if it is broken.
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

    /// An error in the form of the API: `{"code", "requestid", "message"}`.
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
        Self::json(status, api_error_body(code, FAULT_MESSAGE))
    }

    /// The API's answer when the app lacks a scope such as `Storage.DownloadInfo.Read`.
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
        Self::json(403, missing_scope_body(scope))
    }

    /// An error in the form of the object store: XML with `Code`, `Message` and so on.
    ///
    /// With status 400, 401, 403 or 410, this is the answer to a refused token or signature.
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
        let body = object_error_body(code, FAULT_MESSAGE, &[]);
        Self::answer(status, XML, body)
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

/// Returns the JSON text of a value; a text is passed on as JSON.
pub(crate) fn json_text(body: Value) -> String {
    match body {
        Value::String(text) => text,
        value => value.to_string(),
    }
}
