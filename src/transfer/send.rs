//! The whole job: a local file reaches a person or a conversation.

use std::fmt;
use std::path::{Path, PathBuf};

use super::upload::Upload;
use crate::api::conv_file::ConversationFile;
use crate::base::error::{Error, NotSent, Problem, Result};
use crate::base::ids::UnionId;
use crate::base::upload::Uploaded;
use crate::client::Client;
use crate::object::signed_urls::refuse;

/// A local file that is to be sent. From [`Client::send_file`]; it needs a folder to be stored in.
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
#[derive(Debug)]
#[must_use = "nothing is sent before `to_user` or `to_conversation`"]
pub struct SendFile {
    client: Client,
    path: PathBuf,
}

/// A local file and the folder that it will be stored in. From [`SendFile::into_folder`].
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
#[must_use = "nothing is sent before `to_user` or `to_conversation`"]
pub struct SendFrom<'a> {
    upload: Upload<'a>,
    path: PathBuf,
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
    /// The file as it lies in the folder.
    pub uploaded: Uploaded,
    /// The file as it lies in the conversation.
    pub file: ConversationFile,
}

impl Client {
    /// Describes the sending of a local file: upload into a folder, commit, send.
    ///
    /// `DingTalk` sends what is stored, so the file needs a place: see [`SendFile::into_folder`].
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
    pub fn send_file(&self, path: impl AsRef<Path>) -> SendFile {
        SendFile { client: self.clone(), path: path.as_ref().to_owned() }
    }
}

impl SendFile {
    /// Where the file will be stored, and who stores it: somebody with the right to.
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
    pub fn into_folder<'a>(
        self,
        space_id: impl Into<String>,
        parent_id: impl Into<String>,
        operator: UnionId<'_>,
    ) -> SendFrom<'a> {
        let space_id = space_id.into();
        let upload = self.client.upload(space_id.as_str(), parent_id, operator);
        SendFrom { upload, path: self.path, space_id, operator: operator.0.to_owned() }
    }
}

impl<'a> SendFrom<'a> {
    /// Sets what an [`Upload`] can be told: name, conflict strategy, progress, cancel and so on.
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

    /// Uploads the file, and sends it to a person in the name of the app.
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
    /// Before anything is uploaded, [`InvalidArgument`](crate::Error::InvalidArgument) for an empty id of the receiver. Those
    /// of [`Upload::from_file`]. When the upload worked and the send did not, [`NotSent`](crate::Error::NotSent) with
    /// the file as it was stored, so that nothing is uploaded twice.
    #[inline]
    pub fn to_user(self, receiver: UnionId<'_>) -> Result<SentFile> {
        check_receiver("unionId", receiver.0)?;
        self.send(|client, space_id, dentry_id, _| {
            client.conv_file().send_by_app(space_id, dentry_id, receiver)
        })
    }

    /// Uploads the file, and sends it to a conversation in the name of the person who stores it.
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

    #[inline]
    fn send(
        self,
        send: impl FnOnce(&Client, &str, &str, UnionId<'_>) -> Result<ConversationFile>,
    ) -> Result<SentFile> {
        let client = self.upload.client.clone();
        let uploaded = self.upload.from_file(&self.path)?;
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

/// Otherwise it would be refused when the file is stored already.
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
        f.debug_struct("SendFrom")
            .field("upload", &self.upload)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
