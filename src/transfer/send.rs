//! Sending of a local file to a person or a conversation, from the upload to the message.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::send_all::{Deliveries, Recipient, check_recipients};
use super::upload::Upload;
use crate::api::conv_file::ConversationFile;
use crate::api::media::{Media, MediaFile, MediaType};
use crate::base::error::{Error, NotSent, Problem, Result};
use crate::base::ids::UnionId;
use crate::base::upload::Uploaded;
use crate::client::Client;
use crate::object::signed_urls::refuse;

/// Content of the file to send.
pub(super) enum Content<'a> {
    Path(PathBuf),
    Bytes(Cow<'a, [u8]>),
    Reader(Box<dyn Read + Send + 'a>, u64),
}

impl Content<'_> {
    #[inline]
    fn upload(self, upload: Upload<'_>) -> Result<Uploaded> {
        match self {
            Self::Path(path) => upload.from_file(path),
            Self::Bytes(bytes) => upload.from_bytes(bytes),
            Self::Reader(reader, size) => upload.from_reader(reader, size),
        }
    }

    /// Uploads the content as a media file for messages of robots. Fails for a reader, which cannot be read twice.
    #[inline]
    fn media(&self, media: Media<'_>, name: Option<&str>) -> Result<(String, MediaFile)> {
        let (name, bytes) = match self {
            Self::Path(path) => {
                let own = path.file_name().unwrap_or_default().to_string_lossy();
                let name = name.map_or_else(|| own.into_owned(), str::to_owned);
                let file = media.upload_file_as(&MediaType::File, &name, path)?;
                return Ok((name, file));
            }
            Self::Bytes(bytes) => (name.unwrap_or_default().to_owned(), bytes),
            Self::Reader(..) => return Err(no_robots()),
        };
        let file = media.upload(&MediaType::File, &name, bytes)?;
        Ok((name, file))
    }
}

#[inline]
fn no_robots() -> Error {
    let what = "a reader can be read only once, but robots need a copy too: use `send_bytes` or `send_file`";
    Error::InvalidArgument(what.to_owned())
}

/// A local file to send. Returned by [`Client::send_file`] and its siblings.
///
/// [`into_folder`](Self::into_folder) sets the folder that stores the file, which is required.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// let file = client.send_file("Cargo.toml");
/// file.into_folder("space-1", "0", UnionId("operator-1")).to_user(UnionId("receiver-1"))?;
/// assert_eq!(fake.sent()[0].union_id, "receiver-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is sent before `to_user` or one of its siblings"]
pub struct SendFile<'a> {
    client: Client,
    content: Content<'a>,
    name: Option<String>,
}

/// A local file to send, and the folder that will store it. Returned by [`SendFile::into_folder`].
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
/// let sent = folder.with(|upload| upload.name("manifest.txt")).to_conversation("conversation-1")?;
/// assert_eq!(sent.file.name.as_deref(), Some("manifest.txt"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is sent before `to_user` or one of its siblings"]
pub struct SendFrom<'a> {
    upload: Upload<'a>,
    content: Content<'a>,
    space_id: String,
    operator: String,
}

/// A file that was uploaded and sent.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
/// let sent = folder.to_user(UnionId("receiver-1"))?;
/// assert!(sent.uploaded.verified);
/// assert_eq!(sent.file.name.as_deref(), Some("Cargo.toml"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentFile {
    /// The file as stored in the folder.
    pub uploaded: Uploaded,
    /// The file as stored in the conversation.
    pub file: ConversationFile,
}

impl Client {
    /// Prepares to send a local file: upload into a folder, commit, send.
    ///
    /// `DingTalk` sends only stored files, so the file needs a folder: see [`SendFile::into_folder`].
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client
    ///     .send_file("report.xls")
    ///     .into_folder("space-1", "0", UnionId("operator-1"))
    ///     .to_user(UnionId("receiver-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn send_file<'a>(&self, path: impl AsRef<Path>) -> SendFile<'a> {
        let content = Content::Path(path.as_ref().to_owned());
        SendFile { client: self.clone(), content, name: None }
    }

    /// Prepares to send bytes under a file name. See [`send_file`](Self::send_file).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let report = client.send_bytes("report.csv", "a;b\n1;2\n".as_bytes());
    /// report.into_folder("space-1", "0", UnionId("operator-1")).to_user(UnionId("receiver-1"))?;
    /// assert_eq!(fake.files()[0].name, "report.csv");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn send_bytes<'a>(&self, name: impl Into<String>, bytes: impl Into<Cow<'a, [u8]>>) -> SendFile<'a> {
        SendFile { client: self.clone(), content: Content::Bytes(bytes.into()), name: Some(name.into()) }
    }

    /// Prepares to send `size` bytes from a reader under a file name. See [`send_file`](Self::send_file).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let report = client.send_reader("report.csv", &b"a;b\n"[..], 4);
    /// report.into_folder("space-1", "0", UnionId("operator-1")).to_conversation("conversation-1")?;
    /// assert_eq!(fake.files()[0].size, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn send_reader<'a>(
        &self,
        name: impl Into<String>,
        reader: impl Read + Send + 'a,
        size: u64,
    ) -> SendFile<'a> {
        SendFile {
            client: self.clone(),
            content: Content::Reader(Box::new(reader), size),
            name: Some(name.into()),
        }
    }
}

impl<'a> SendFile<'a> {
    /// Sets the folder that stores the file, and the person who stores it. `operator` must be permitted to write there.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # let client = fake.client().build()?;
    /// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
    /// # let _ = folder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn into_folder(
        self,
        space_id: impl Into<String>,
        parent_id: impl Into<String>,
        operator: UnionId<'_>,
    ) -> SendFrom<'a> {
        let space_id = space_id.into();
        let mut upload = self.client.upload(space_id.as_str(), parent_id, operator);
        upload.name = self.name;
        SendFrom { upload, content: self.content, space_id, operator: operator.0.to_owned() }
    }
}

impl<'a> SendFrom<'a> {
    /// Sets options of the [`Upload`]: name, conflict strategy, progress, cancel and so on.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::ConflictStrategy;
    ///
    /// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
    /// folder
    ///     .with(|upload| upload.conflict_strategy(ConflictStrategy::Overwrite).parallel(4))
    ///     .to_user(UnionId("receiver-1"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn with(mut self, set: impl FnOnce(Upload<'a>) -> Upload<'a>) -> Self {
        self.upload = set(self.upload);
        self
    }

    /// Uploads the file and sends it to a person in the name of the app.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
    /// folder.to_user(UnionId("receiver-1"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::Error::InvalidArgument) for an empty id of the receiver, before anything is uploaded.
    /// Those of [`Upload::from_file`]. If the upload succeeds and the send fails, [`NotSent`](crate::Error::NotSent),
    /// which contains the stored file, so that nothing has to be uploaded twice.
    #[inline]
    pub fn to_user(self, receiver: UnionId<'_>) -> Result<SentFile> {
        check_receiver("unionId", receiver.0)?;
        self.send(|client, space_id, dentry_id, _| {
            client.conv_file().send_by_app(space_id, dentry_id, receiver)
        })
    }

    /// Uploads the file and sends it to a conversation in the name of the person who stores it.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
    /// folder.to_conversation("open-conversation-1")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`to_user`](Self::to_user).
    #[inline]
    pub fn to_conversation(self, open_conversation_id: &str) -> Result<SentFile> {
        check_receiver("openConversationId", open_conversation_id)?;
        self.send(|client, space_id, dentry_id, operator| {
            client.conv_file().send(space_id, dentry_id, open_conversation_id, operator)
        })
    }

    /// Stores the file once and sends it to several recipients: people and conversations, by the app or by a robot.
    ///
    /// Returns one outcome for each recipient, in order. A failed send does not affect the other recipients. Recipients
    /// of robots get a media file of at most 20 MiB, which is also uploaded only once.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, UserId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Recipient;
    ///
    /// let everybody = [
    ///     Recipient::user(UnionId("receiver-1")),
    ///     Recipient::conversation("open-conversation-1"),
    ///     Recipient::robot_user("robot-1", UserId("user-1")),
    ///     Recipient::robot_group("robot-1", "open-conversation-2"),
    /// ];
    /// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
    /// let mut sent = folder.to_all(&everybody)?;
    /// while sent.failed().next().is_some() {
    ///     sent.send_again(&client); // only to the failed recipients, without another upload
    /// #   break;
    /// }
    /// assert!(sent.outcomes().all(|(_, outcome)| outcome.is_sent()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The outcomes exist only after the last send, so a crash in between loses them. `examples/report.rs` records each send
    /// in a journal instead.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an empty list of recipients, an empty id, or a reader for robots. Those of the
    /// upload. Failures after that are in the outcomes.
    #[inline]
    pub fn to_all(self, recipients: &[Recipient]) -> Result<Deliveries> {
        let for_robots = check_recipients(recipients)?;
        if for_robots && matches!(self.content, Content::Reader(..)) {
            return Err(no_robots());
        }
        let client = self.upload.client.clone();
        let media = if for_robots {
            Some(self.content.media(client.media(), self.upload.name.as_deref())?)
        } else {
            None
        };
        let uploaded = self.content.upload(self.upload)?;
        let media = media.map(|(name, file)| (name, file.media_id));
        let mut deliveries = Deliveries::new(uploaded, &self.space_id, self.operator, media, recipients);
        deliveries.send_again(&client);
        Ok(deliveries)
    }

    #[inline]
    fn send(
        self,
        send: impl FnOnce(&Client, &str, &str, UnionId<'_>) -> Result<ConversationFile>,
    ) -> Result<SentFile> {
        let client = self.upload.client.clone();
        let uploaded = self.content.upload(self.upload)?;
        let space_id = uploaded.dentry.space_id.as_deref().unwrap_or(&self.space_id);
        let result = match &uploaded.dentry.id {
            Some(id) => send(&client, space_id, id, UnionId(&self.operator)),
            None => Err(refuse("commit", Problem::Missing("dentry.id"))),
        };
        match result {
            Ok(file) => Ok(SentFile { uploaded, file }),
            Err(cause) => Err(NotSent { uploaded, cause }.into()),
        }
    }
}

/// Refuses an empty id before the upload. `DingTalk` would refuse it only after the file was stored.
#[inline]
fn check_receiver(name: &str, id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::InvalidArgument(format!("the receiver's `{name}` is empty")));
    }
    Ok(())
}

impl fmt::Debug for SendFrom<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFrom").field("upload", &self.upload).finish_non_exhaustive()
    }
}

impl fmt::Debug for SendFile<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFile").field("name", &self.name).finish_non_exhaustive()
    }
}
