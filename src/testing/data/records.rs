//! Records that tests inspect: requests, sent files, stored files.

use super::target::Target;
use std::fmt;

/// A request that the fake received.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
/// let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
/// let request = fake.requests_to(Target::DownloadInfo).remove(0);
/// assert_eq!((request.method.as_str(), request.answered_status), ("POST", Some(200)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// The number of the connection; the first connection to the fake has the number 1.
    pub connection: usize,
    /// The kind of operation; `None` for an unknown operation.
    pub target: Option<Target>,
    /// The method, such as `POST`.
    pub method: String,
    /// The path, percent-encoded as received, without the query.
    pub path: String,
    /// The query's names and values in order, decoded; a `+` is a space.
    pub query: Vec<(String, String)>,
    /// The query as received, without the question mark.
    pub raw_query: String,
    /// The headers in order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body without chunk framing. Empty for [`Target::Put`], whose bodies may be larger than the memory.
    pub body: Vec<u8>,
    /// The number of body bytes that were read. It is less than announced if the request broke off.
    pub body_length: u64,
    /// The CRC-64/XZ of the body bytes as they were stored, for [`Target::Put`]. [`Fault::CorruptUpload`] changes one
    /// of the bytes. `None` if the body was not read.
    ///
    /// [`Fault::CorruptUpload`]: crate::testing::Fault::CorruptUpload
    pub body_crc64: Option<u64>,
    /// The status of the answer. `None` until the answer is sent, and if the connection ends without an answer.
    pub answered_status: Option<u16>,
}

/// A file that was sent to a user or to a conversation.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// client.conv_file().send_by_app("space-1", "dentry-1", UnionId("recipient-1"))?;
/// assert_eq!(fake.sent()[0].union_id, "recipient-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The id of the file's space.
    pub space_id: String,
    /// The id of the file.
    pub dentry_id: String,
    /// The union id of the recipient; for a conversation, that of the sender.
    pub union_id: String,
    /// The `openConversationId` of the recipient; `None` if the recipient is a user.
    pub conversation_id: Option<String>,
}

/// A stored file, in its latest version.
///
/// ```
/// # use dingtalk_files::testing::FakeDingTalk;
/// let fake = FakeDingTalk::start()?;
/// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// let file = fake.files().remove(0);
/// assert_eq!((file.name.as_str(), file.size, file.version), ("report.txt", 5, 1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredFile {
    /// The id of its space.
    pub space_id: String,
    /// Its id.
    pub dentry_id: String,
    /// The id of its folder; `"0"` for the root of the space.
    pub parent_id: String,
    /// Its name, including the suffix.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The CRC-64/XZ of its bytes, as in `x-oss-hash-crc64ecma`.
    pub crc64: u64,
    /// The number of its latest version, starting at 1.
    pub version: usize,
    /// The properties from the commit.
    pub app_properties: Vec<StoredProperty>,
}

/// One of a file's `appProperties`.
///
/// ```
/// # use dingtalk_files::testing::FakeDingTalk;
/// let fake = FakeDingTalk::start()?;
/// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// assert!(fake.files()[0].app_properties.is_empty()); // Only a commit sets properties.
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredProperty {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// `PUBLIC` or `PRIVATE`.
    pub visibility: String,
}

/// URL and headers for a PUT, as returned by
/// [`FakeDingTalk::offer_upload`](crate::testing::FakeDingTalk::offer_upload).
///
/// ```
/// # use dingtalk_files::testing::FakeDingTalk;
/// let fake = FakeDingTalk::start()?;
/// let offer = fake.offer_upload("space-1");
/// assert!(offer.url.starts_with(&fake.base_url()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadOffer {
    /// The key for the commit.
    pub upload_key: String,
    /// The URL of the PUT.
    pub url: String,
    /// The `Authorization` header of the PUT.
    pub authorization: String,
    /// The `x-oss-date` header of the PUT.
    pub date: String,
}

/// A media file that was uploaded for messages.
///
/// ```
/// # use dingtalk_files::{MediaType, testing::FakeDingTalk};
/// let fake = FakeDingTalk::start()?;
/// let client = fake.client().build()?;
/// let media = client.media().upload(&MediaType::File, "a.txt", b"hello")?;
/// assert_eq!(fake.media()[0].media_id, media.media_id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadedMedia {
    /// The media id that was returned.
    pub media_id: String,
    /// `image`, `voice`, `video` or `file`.
    pub kind: String,
    /// The file name in the form.
    pub file_name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// A message that a robot "sent".
///
/// ```
/// # use dingtalk_files::{RobotMessage, UserId, testing::FakeDingTalk};
/// let fake = FakeDingTalk::start()?;
/// let client = fake.client().build()?;
/// client.robot().batch_send_oto(&RobotMessage::image("@media-1"), "robot-1", &[UserId("user-1")])?;
/// assert_eq!(fake.robot_messages()[0].user_ids, ["user-1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RobotMessageSent {
    /// The code of the robot.
    pub robot_code: String,
    /// The type of the message.
    pub msg_key: String,
    /// Its content as JSON text.
    pub msg_param: String,
    /// The recipients.
    pub user_ids: Vec<String>,
    /// The recipient group.
    pub open_conversation_id: Option<String>,
}

impl Recorded {
    /// Returns the first value of a header. Header names are not case-sensitive.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// let request = fake.requests_to(Target::Object).remove(0);
    /// assert_eq!(request.header("Accept-Encoding"), Some("identity"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).first().copied()
    }

    /// Returns all values of a header, in order.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// let request = fake.requests_to(Target::Object).remove(0);
    /// assert_eq!(request.header_values("x-oss-date").len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn header_values(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the first value of a query parameter.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// let request = fake.requests_to(Target::DownloadInfo).remove(0);
    /// assert_eq!(request.query_value("unionId"), Some("anyone"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        let mut same = self.query.iter().filter(|(own, _)| own == name);
        same.next().map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON, or `None` if it is not JSON.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// let request = fake.requests_to(Target::DownloadInfo).remove(0);
    /// assert_eq!(request.json(), Some(serde_json::json!({})));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Shows headers and query, including tokens and signatures of the fake, but only the size of the body.
impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("connection", &self.connection)
            .field("target", &self.target)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("raw_query", &self.raw_query)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body_length)
            .field("answered_status", &self.answered_status)
            .finish_non_exhaustive()
    }
}
