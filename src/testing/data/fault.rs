//! The faults that a test can set.

use super::content::Content;
use super::errors::{XML, api_error_body, missing_scope_body, object_error_body};
use serde_json::Value;
use std::time::Duration;

/// The message of every error that a fault returns.
pub(crate) const FAULT_MESSAGE: &str = "Failure injected by the fake.";

/// A failure to inject with [`FakeDingTalk::fault`](crate::testing::FakeDingTalk::fault),
/// [`fault_on_call`](crate::testing::FakeDingTalk::fault_on_call),
/// [`fault_when`](crate::testing::FakeDingTalk::fault_when) or
/// [`fault_always`](crate::testing::FakeDingTalk::fault_always).
///
/// Faults that hold a complete answer ([`Fault::Answer`], [`Fault::EndlessBody`], [`Fault::Redirect`]) replace the
/// operation, as does [`Fault::RefuseBeforeReading`]. The fake then checks nothing and changes nothing, and a send does
/// not appear in [`FakeDingTalk::sent`](crate::testing::FakeDingTalk::sent). With all other faults, the operation runs
/// as usual, and only its answer is affected.
///
/// Faults of ranges, `If-Match`, `ETag`s and checksums affect object requests only. [`Fault::ETag`] and [`Fault::Crc`]
/// also affect the answers to [`Target::Put`](crate::testing::Target::Put). Faults with `Upload` in their names affect
/// that target only, and have no effect on a PUT that is refused because of its head.
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
/// | to get this on the wire | use |
/// | --- | --- |
/// | a lapsed signature, as other gateways report it | `Fault::object_error(401, "InvalidToken")`, or 400, 403 or 410 with any code; with `fault_when` for the old signature only (see [`lapse_signatures`](crate::testing::FakeDingTalk::lapse_signatures)) |
/// | the page of a captive portal instead of an object | `Fault::html(200, "<html>…")` |
/// | an ETag in another format | `Fault::ETag(Some("W/\"v1\"".into()))`, or without quotes, or `None` |
/// | an object stored with an empty `Content-Encoding` | `Fault::ExtraHeader` with an empty value |
/// | `Transfer-Encoding: identity` | `Fault::ExtraHeader`, alone or together with [`Fault::NoContentLength`] |
/// | a server that does not support `Expect` | `Fault::status(417)`, or [`Fault::NoContinue`] |
/// | failing sends to one recipient | `fault_when` with the `unionId` of the query, or the conversation of the body |
/// | one failing resource URL out of several | `set_resource_urls` with `{good}?mirror=1`, and `fault_when` with the query |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// This exact answer instead of the real one.
    Answer {
        /// HTTP status.
        status: u16,
        /// The `Content-Type`. The header is omitted if the text is empty.
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
        /// The `Content-Type`. The header is omitted if the text is empty.
        content_type: String,
    },
    /// A 1xx response before the answer, in the same write.
    ///
    /// If the client waits for `100 Continue` before it sends a body, the fake sends the 1xx response together with
    /// that permission. A 1xx response with status 100 replaces the permission.
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
    /// No `100 Continue` for a client that waits for it. The fake waits for the body.
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
    /// The request is read and carried out, then the connection is closed without any answer.
    CloseWithoutAnswer,
    /// The connection is reset, and the request is not carried out.
    ///
    /// This happens to a pooled connection that the server has closed. The request is recorded without its body.
    RefuseBeforeReading,
    /// The connection is closed after a complete answer that promised to keep it open.
    CloseAfterAnswer,
    /// The correct head and this many body bytes, then the connection is closed (FIN).
    CutAfter(u64),
    /// The correct head and this many body bytes, then the connection is reset (RST).
    ///
    /// A reset discards bytes that the client has not read yet, so a slow client may receive fewer bytes.
    ResetAfter(u64),
    /// The correct head and this many body bytes, then silence until the client leaves.
    StallAfter(u64),
    /// The request is read and carried out, then silence until the client leaves.
    StallBeforeAnswer,
    /// The body in pieces, with a pause after each piece except the last.
    Slow {
        /// The number of body bytes in a piece.
        bytes: usize,
        /// The pause between two pieces.
        pause: Duration,
    },
    /// No `Content-Length`: the end of the connection marks the end of the body.
    NoContentLength,
    /// The body with `Transfer-Encoding: chunked`.
    Chunked,
    /// Status 200 and the whole object, for any `Range`.
    IgnoreRange,
    /// At most this many bytes (but at least 1) of a range, with a matching `Content-Range`.
    ShortRange(u64),
    /// Status 206 with this `Content-Range` text and the requested bytes, even without a range in the request. `None`
    /// omits the header.
    ContentRange(Option<String>),
    /// The range shifted by this many bytes, with a matching `Content-Range`.
    ShiftRange(i64),
    /// Status 416 for a range that extends past the object, instead of 200 and the whole object.
    StrictRanges,
    /// Status 412 for every request with `If-Match`, even if it matches the object's `ETag`.
    ///
    /// The answer carries the object's `ETag`, unless [`Fault::ETag`] changes it.
    ///
    /// ```
    /// # use dingtalk_files::testing::{FakeDingTalk, Fault, Target};
    /// let fake = FakeDingTalk::start()?;
    /// fake.fault_always(Target::Object, Fault::RefuseIfMatch); // until `clear_faults`
    /// # Ok::<(), std::io::Error>(())
    /// ```
    RefuseIfMatch,
    /// All bits flipped in the byte at this offset of the object.
    CorruptByte(u64),
    /// New content for the object before the request is answered, with a new `ETag` and checksum. Version number and
    /// URL stay the same.
    ReplaceObject(Content),
    /// This `ETag` text, quotes included. `None` omits the header. `If-Match` and `If-None-Match` are ignored.
    ETag(Option<String>),
    /// This `x-oss-hash-crc64ecma` text. `None` omits the header.
    Crc(Option<String>),
    /// `Content-Encoding: gzip`, although the body is not compressed.
    GzipHeader,
    /// An additional header on the answer.
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
    /// The connection is reset after this many bytes of a PUT's body were read. Nothing is stored.
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
    /// An error of the object store after this many bytes of a PUT's body were read. The connection is then closed, and
    /// nothing is stored.
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
        /// The number of body bytes to read.
        bytes: u64,
        /// HTTP status.
        status: u16,
        /// The `Code` in the XML.
        code: String,
    },
    /// Silence after this many bytes of a PUT's body were read, until the client resets the connection or the fake is
    /// dropped.
    ///
    /// The operating system may buffer some more megabytes before the client notices.
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
    /// The body of a PUT is read in pieces, with a pause after each piece.
    ///
    /// A small body fits into the buffers of the operating system, and the client only notices the late answer.
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
        /// The maximum number of body bytes in a piece.
        bytes: usize,
        /// The pause after a piece.
        pause: Duration,
    },
    /// All bits flipped in the byte at this offset of a PUT's body when it is stored. The answer carries the checksum
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
    /// All of these faults together.
    Several(Vec<Fault>),
}

impl Fault {
    fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, content_type: content_type.to_owned(), body: body.into(), headers: Vec::new() }
    }

    /// Creates an answer with this status and a JSON body.
    ///
    /// The body is a [`serde_json::Value`], or a text that is sent unchanged, even if it is not valid JSON.
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

    /// Creates an answer with this status and an HTML page.
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

    /// Creates an answer with this status and an empty body.
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

    /// Creates an error in the format of the API: `{"code", "requestid", "message"}`.
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

    /// Creates the API's answer to an app that lacks a scope such as `Storage.DownloadInfo.Read`.
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

    /// Creates an error in the format of the object store: XML with `Code`, `Message` and so on.
    ///
    /// Status 400, 401, 403 or 410 makes this the answer to a refused token or signature.
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

    /// Adds a header to the answer of this fault.
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

/// Returns the JSON text of a value. A string is returned unchanged, as JSON.
pub(crate) fn json_text(body: Value) -> String {
    match body {
        Value::String(text) => text,
        value => value.to_string(),
    }
}
