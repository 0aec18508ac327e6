//! Files in conversations.

use serde::{Deserialize, Deserializer};

use crate::base::call::Call;
use crate::base::dentry::{DentryStatus, DentryType};
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::negative_is_none;
use crate::base::timestamp::Timestamp;
use crate::client::Client;

super::group! {
    /// Operations of `convFile`: files in conversations. Returned by [`Client::conv_file`](crate::Client::conv_file).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let conv_file = client.conv_file();
    /// # let _ = conv_file;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ConvFile
}

impl Client {
    /// Returns the operations of `convFile`: files in conversations.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.conv_file().send_by_app("space-1", "dentry-1", UnionId("recipient-1"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn conv_file(&self) -> ConvFile<'_> {
        ConvFile::new(self)
    }
}

/// A file in a conversation.
///
/// ```
/// use dingtalk_files::{ConversationFile, DentryStatus};
///
/// let json = r#"{"id": "dentry-1", "name": "a.xls", "size": 256, "status": "NORMAL", "new-field": 1}"#;
/// let file: ConversationFile = serde_json::from_str(json)?;
/// assert_eq!((file.size, file.status), (Some(256), Some(DentryStatus::Normal)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ConversationFile {
    /// Dentry id of the file.
    pub id: Option<String>,
    /// Conversation that contains the file.
    pub conversation_id: Option<String>,
    /// Space that stores the file.
    pub space_id: Option<String>,
    /// Folder that contains the file; `"0"` is the root of the space.
    pub parent_id: Option<String>,
    /// File or folder; only files can be sent.
    #[serde(rename = "type", deserialize_with = "type_of_any_case")]
    pub kind: Option<DentryType>,
    /// Name with extension.
    pub name: Option<String>,
    /// Size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub size: Option<u64>,
    /// Path within the space.
    pub path: Option<String>,
    /// Version.
    #[serde(deserialize_with = "negative_is_none")]
    pub version: Option<u64>,
    /// State of the file: normal, deleted or expired.
    pub status: Option<DentryStatus>,
    /// Extension without the dot.
    pub extension: Option<String>,
    /// unionId of the creator.
    pub creator_id: Option<String>,
    /// unionId of the last editor.
    pub modifier_id: Option<String>,
    /// Creation time.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modified_time: Option<Timestamp>,
    /// dentryUuid, the id of the file in storage 2.0. `send_by_app` does not fill it.
    pub uuid: Option<String>,
}

/// One page of the vendor's documentation has `file` where all others have `FILE`.
fn type_of_any_case<'de, D: Deserializer<'de>>(d: D) -> Result<Option<DentryType>, D::Error> {
    let word: Option<String> = Deserialize::deserialize(d)?;
    Ok(word.map(|word| match word.as_str() {
        "file" => DentryType::File,
        "folder" => DentryType::Folder,
        _ => DentryType::from(word),
    }))
}

/// The space that holds the files of a conversation.
///
/// ```
/// let json = r#"{"spaceId": "space-1", "corpId": "corp-1", "createTime": "2022-01-01T10:00:00Z"}"#;
/// let space: dingtalk_files::ConversationSpace = serde_json::from_str(json)?;
/// assert_eq!(space.space_id.as_deref(), Some("space-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ConversationSpace {
    /// Id of the space, for the operations of storage.
    pub space_id: Option<String>,
    /// Organisation that owns the space.
    pub corp_id: Option<String>,
    /// Creation time.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modified_time: Option<Timestamp>,
}

impl ConvFile<'_> {
    /// Sends a stored file to a conversation on behalf of a person.
    ///
    /// Calls `Send`, documented at
    /// [send-file-to-specified-session](https://open.dingtalk.com/document/orgapp/send-file-to-specified-session).
    /// Permission: `ConvFile.File.Send`. Internal apps only.
    ///
    /// The union id is the **acting** person, unlike in [`send_by_app`](Self::send_by_app), where it is the recipient.
    /// That person must be allowed to copy the file and to add files to the conversation. Files only; folders cannot be
    /// sent. A send that may have succeeded is never retried: after a network failure or a 5xx, check
    /// [`Error::may_have_run`](crate::Error::may_have_run) before sending again.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let sent = client.conv_file().send("space-1", "dentry-1", "open-conversation-1", UnionId("operator-1"))?;
    /// println!("sent {}", sent.name.unwrap_or_default());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `conversationNotExist`; `permissionDenied`; `folderNotSupport`; `paramError.spaceId`, `paramError.dentryId`,
    /// `paramError.conversationId`, `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn send(
        &self,
        space_id: &str,
        dentry_id: &str,
        open_conversation_id: &str,
        operator: UnionId<'_>,
    ) -> Result<ConversationFile> {
        let call = Call::new("POST /v1.0/convFile/conversations/files/send", &[])
            .acting(operator)
            .field("spaceId", space_id)
            .field("dentryId", dentry_id)
            .field("openConversationId", open_conversation_id);
        self.client.field("file", &call)
    }

    /// Sends a stored file to a person on behalf of the app.
    ///
    /// Calls `SendByApp`, documented at
    /// [sends-a-storage-file-to-a-specified-user](https://open.dingtalk.com/document/orgapp/sends-a-storage-file-to-a-specified-user).
    /// Permission: `ConvFile.File.Send`. Internal and ISV apps.
    ///
    /// The union id is the **recipient**, not an acting person as in [`send`](Self::send) and nearly every other
    /// operation. Files only; folders cannot be sent. A send that may have succeeded is never retried: after a network
    /// failure or a 5xx, check [`Error::may_have_run`](crate::Error::may_have_run) before sending again.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let sent = client.conv_file().send_by_app("space-1", "dentry-1", UnionId("recipient-1"))?;
    /// println!("sent {}", sent.name.unwrap_or_default());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `spaceNotExist`, `dentryNotExist`; `permissionDenied` (with HTTP 400 here, 403 elsewhere); `paramError.spaceId`,
    /// `paramError.dentryId`, `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn send_by_app(
        &self,
        space_id: &str,
        dentry_id: &str,
        recipient: UnionId<'_>,
    ) -> Result<ConversationFile> {
        let call = Call::new("POST /v1.0/convFile/apps/conversations/files/send", &[])
            .query("unionId", recipient.0)
            .field("spaceId", space_id)
            .field("dentryId", dentry_id);
        self.client.field("file", &call)
    }

    /// Sends a link to a stored file to a conversation on behalf of a person.
    ///
    /// Calls `SendLink`, documented at
    /// [send-a-file-link-to-the-specified-session](https://open.dingtalk.com/document/orgapp/send-a-file-link-to-the-specified-session).
    /// Permission: `ConvFile.File.Send`. Internal apps only.
    ///
    /// The person only needs the right to add files to the conversation, unlike in [`send`](Self::send). A send that
    /// may have succeeded is never retried: after a network failure or a 5xx, check
    /// [`Error::may_have_run`](crate::Error::may_have_run) before sending again.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let sent = client.conv_file().send_link("space-1", "dentry-1", "open-conversation-1", UnionId("operator-1"))?;
    /// println!("sent {}", sent.name.unwrap_or_default());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `conversationNotExist`; `permissionDenied`; `paramError.spaceId`, `paramError.dentryId`,
    /// `paramError.conversationId`, `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn send_link(
        &self,
        space_id: &str,
        dentry_id: &str,
        open_conversation_id: &str,
        operator: UnionId<'_>,
    ) -> Result<ConversationFile> {
        let call = Call::new("POST /v1.0/convFile/conversations/files/links/send", &[])
            .acting(operator)
            .field("spaceId", space_id)
            .field("dentryId", dentry_id)
            .field("openConversationId", open_conversation_id);
        self.client.field("file", &call)
    }

    /// Returns the space that holds the files of a group conversation.
    ///
    /// Calls `GetSpace`, documented at
    /// [obtain-group-storage-space-information](https://open.dingtalk.com/document/orgapp/obtain-group-storage-space-information).
    /// Permission: `ConvFile.Space.Read`. Internal apps only.
    ///
    /// The files in the space are then available through [`Storage`](crate::Storage), with
    /// [`space_id`](ConversationSpace::space_id) and the root folder `"0"`.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let space = client.conv_file().get_space("open-conversation-1", UnionId("operator-1"))?;
    /// println!("{:?}", space.space_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `conversationNotExist`; `permissionDenied`; `acrossOrgAccessForbidden`; `paramError.conversationId`,
    /// `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn get_space(&self, open_conversation_id: &str, operator: UnionId<'_>) -> Result<ConversationSpace> {
        let call = Call::new("POST /v1.0/convFile/conversations/spaces/query", &[])
            .acting(operator)
            .field("openConversationId", open_conversation_id)
            .reads();
        self.client.field("space", &call)
    }
}
