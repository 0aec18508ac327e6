//! Attachments of approvals.

use serde::{Deserialize, Serialize};

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UserId;
use crate::base::options::options;
use crate::base::secret::PresignedUrl;
use crate::client::Client;

super::group! {
    /// Operations of `workflow` 1.0 that concern files: attachments of approvals. Returned by
    /// [`Client::workflow`](crate::Client::workflow).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GrantProcessInstanceForDownloadFile};
    ///
    /// let client = Client::from_env()?;
    /// let options = GrantProcessInstanceForDownloadFile::new();
    /// let file = client.workflow().grant_process_instance_for_download_file("file-1", "process-1", &options)?;
    /// println!("in space {:?}", file.space_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Workflow
}

impl Client {
    /// Returns the operations of `workflow`: attachments of approvals.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetAttachmentSpace, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let space = client.workflow().get_attachment_space(UserId("user-1"), &GetAttachmentSpace::new().agent_id(1))?;
    /// println!("upload into {:?}", space.space_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn workflow(&self) -> Workflow<'_> {
        Workflow::new(self)
    }
}

/// An attachment and its download URL.
///
/// ```
/// let json = r#"{"spaceId": 1, "fileId": "file-1", "downloadUri": "http://bucket.example/o.file?Signature=s"}"#;
/// let file: dingtalk_files::ApprovalFile = serde_json::from_str(json)?;
/// assert_eq!(file.space_id, Some(1));
/// assert!(!format!("{file:?}").contains("Signature"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ApprovalFile {
    /// Download URL, which needs no headers and expires after 15 minutes. Its path ends in `.file`: the real name is in
    /// the form.
    pub download_uri: Option<PresignedUrl>,
    /// Id of the file.
    pub file_id: Option<String>,
    /// Space that stores the file: a number here, a string in the operations of storage.
    pub space_id: Option<i64>,
}

/// The space that holds attachments of approvals.
///
/// ```
/// let space: dingtalk_files::AttachmentSpace = serde_json::from_str(r#"{"spaceId": 854}"#)?;
/// assert_eq!(space.space_id, Some(854));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct AttachmentSpace {
    /// Id of the space: a number here, a string in the operations of storage.
    pub space_id: Option<i64>,
}

/// A file for [`Workflow::add_approve_dentry_auth`], which grants its download.
///
/// ```
/// use dingtalk_files::ApprovalFileId;
///
/// let file = ApprovalFileId::new(854, "file-1");
/// assert_eq!((file.space_id, file.file_id.as_str()), (854, "file-1"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApprovalFileId {
    /// Id of the file, from the form of the approval.
    pub file_id: String,
    /// Space of the file, from [`Workflow::get_attachment_space`].
    pub space_id: i64,
}

impl ApprovalFileId {
    /// Creates the id of a file in a space.
    ///
    /// ```
    /// # use dingtalk_files::ApprovalFileId;
    /// assert_eq!(ApprovalFileId::new(854, "file-1").file_id, "file-1");
    /// ```
    pub fn new(space_id: i64, file_id: impl Into<String>) -> Self {
        Self { file_id: file_id.into(), space_id }
    }
}

options! {
    /// Optional parameters of [`Workflow::grant_process_instance_for_download_file`].
    ///
    /// ```
    /// use dingtalk_files::GrantProcessInstanceForDownloadFile;
    ///
    /// let options = GrantProcessInstanceForDownloadFile::new().with_comment_attachment(true);
    /// # let _ = options;
    /// ```
    GrantProcessInstanceForDownloadFile {
        /// Whether files attached to comments are included. Default: false.
        with_comment_attachment ("withCommentAttatchment"): bool = true,
    }
}

options! {
    /// Optional parameters of [`Workflow::get_attachment_space`].
    ///
    /// ```
    /// use dingtalk_files::GetAttachmentSpace;
    ///
    /// let options = GetAttachmentSpace::new().agent_id(1);
    /// # let _ = options;
    /// ```
    GetAttachmentSpace {
        /// The `AgentId` of the app. According to one of the vendor's error codes it is required; according to the page
        /// it is optional.
        agent_id: i64 = 1,
    }
}

options! {
    /// Optional parameters of [`Workflow::get_space_with_download_auth`].
    ///
    /// ```
    /// use dingtalk_files::GetSpaceWithDownloadAuth;
    ///
    /// let options = GetSpaceWithDownloadAuth::new().agent_id(1).file_id_list(["file-2".to_owned()]);
    /// # let _ = options;
    /// ```
    GetSpaceWithDownloadAuth {
        /// The `AgentId` of the app.
        agent_id: i64 = 1,
        /// Further files of the same approval, at most 20.
        file_id_list: Vec<String> as impl Into<Vec<String>> = ["file-2".to_owned()],
        /// Whether files attached to comments are included. Default: false.
        with_comment_attachment ("withCommentAttatchment"): bool = true,
    }
}

const MAX_FILE_INFOS: usize = 10;
const MAX_MORE_FILES: usize = 20;

impl Workflow<'_> {
    /// Grants the download of an attachment and returns its URL.
    ///
    /// Calls `GrantProcessInstanceForDownloadFile`, documented at
    /// [download-an-approval-attachment](https://open.dingtalk.com/document/orgapp/download-an-approval-attachment).
    /// Permission: `Workflow.Instance.Write`. Internal and ISV apps.
    ///
    /// This operation has no acting person. For files that the app did not upload itself, `noPermission` is frequent.
    /// In that case, grant access with [`get_space_with_download_auth`](Self::get_space_with_download_auth) or
    /// [`add_approve_dentry_auth`](Self::add_approve_dentry_auth), and download the file from its space.
    /// [`Client::attachment`] tries both ways automatically. Empty files are refused.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GrantProcessInstanceForDownloadFile};
    ///
    /// let client = Client::from_env()?;
    /// let options = GrantProcessInstanceForDownloadFile::new();
    /// let file = client.workflow().grant_process_instance_for_download_file("file-1", "process-1", &options)?;
    /// # let _ = file;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `noPermission`; `invalidFileId`; `invalidProcessInstanceId`, `processInstNotExist`, `processNotExist`;
    /// `invalidParameter`, `userNotExist`; `hsfIntegrationErrorCspace` and codes with that prefix; `internalError`,
    /// `systemError`.
    #[inline]
    pub fn grant_process_instance_for_download_file(
        &self,
        file_id: &str,
        process_instance_id: &str,
        options: &GrantProcessInstanceForDownloadFile,
    ) -> Result<ApprovalFile> {
        let call = Call::new("POST /v1.0/workflow/processInstances/spaces/files/urls/download", &[])
            .field("fileId", file_id)
            .field("processInstanceId", process_instance_id)
            .field_if_set("withCommentAttatchment", options.with_comment_attachment)
            .reads();
        self.client.field("result", &call)
    }

    /// Returns the space for uploads of attachments, and grants a person the right to upload there.
    ///
    /// Calls `GetAttachmentSpace`, documented at
    /// [obtains-the-information-about-approval-nail-disk](https://open.dingtalk.com/document/orgapp/obtains-the-information-about-approval-nail-disk).
    /// Permission: `Workflow.Instance.Write`. Internal apps only.
    ///
    /// The person is identified by **user id**. Then upload with that person's **union id** into the root of the space:
    /// `client.upload(&space_id.to_string(), "0", UnionId(..))`. The value of the attachment in a form is the JSON text
    /// `[{"spaceId", "fileName", "fileSize", "fileType", "fileId"}]`.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetAttachmentSpace, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let space = client.workflow().get_attachment_space(UserId("user-1"), &GetAttachmentSpace::new().agent_id(1))?;
    /// println!("{:?}", space.space_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `noPermission`; `userNotExist`, `invalidUserId`, `invalidAgentId`; `invalidParameter`, `invalidParameterCspace`;
    /// `hsfIntegrationErrorCspace` and codes with that prefix; `internalError`, `systemError`.
    #[inline]
    pub fn get_attachment_space(
        &self,
        user_id: UserId<'_>,
        options: &GetAttachmentSpace,
    ) -> Result<AttachmentSpace> {
        let call = Call::new("POST /v1.0/workflow/processInstances/spaces/infos/query", &[])
            .field_if_set("agentId", options.agent_id)
            .field("userId", user_id.0)
            .reads();
        self.client.field("result", &call)
    }

    /// Grants a person the download of 1 to 10 attachments.
    ///
    /// Calls `AddApproveDentryAuth`, documented at
    /// [download-the-approval-nail-file](https://open.dingtalk.com/document/orgapp/download-the-approval-nail-file).
    /// Permission: `Workflow.Instance.Write`. Internal and ISV apps.
    ///
    /// The person is identified by **user id**; the download then works with that person's **union id**:
    /// `client.file(&space_id.to_string(), file_id, UnionId(..))`. The duration of the grant is not documented.
    ///
    /// ```no_run
    /// use dingtalk_files::{ApprovalFileId, Client, UserId};
    ///
    /// let client = Client::from_env()?;
    /// client.workflow().add_approve_dentry_auth(&[ApprovalFileId::new(854, "file-1")], UserId("user-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 10 files, before any request is
    /// sent. `noPermission`; `userNotExist`, `invalidFileInfos`; `invalidParameter`, `invalidParameterCspace`;
    /// `hsfIntegrationErrorCspace` and codes with that prefix; `internalError`, `systemError`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn add_approve_dentry_auth(&self, file_infos: &[ApprovalFileId], user_id: UserId<'_>) -> Result<()> {
        let call = Call::new("POST /v1.0/workflow/processInstances/spaces/files/authDownload", &[])
            .field("fileInfos", file_infos)
            .limit("fileInfos", file_infos.len(), 1..=MAX_FILE_INFOS)
            .field("userId", user_id.0)
            .repeatable();
        self.client.call_granted("result", &call)
    }

    /// Grants a person the preview of attachments and returns their space.
    ///
    /// Calls `GetSpaceWithDownloadAuth`, documented at
    /// [official-authorized-preview-approval-attachment](https://open.dingtalk.com/document/orgapp/official-authorized-preview-approval-attachment).
    /// Permission: `Workflow.Instance.Write`. Internal and ISV apps.
    ///
    /// The person is identified by **user id**. Each preview needs a new grant. According to public reports, the
    /// download from the space works after this grant where the other two operations failed.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetSpaceWithDownloadAuth, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let options = GetSpaceWithDownloadAuth::new().agent_id(1);
    /// let user = UserId("user-1");
    /// let space = client.workflow().get_space_with_download_auth("file-1", "process-1", user, &options)?;
    /// println!("{:?}", space.space_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than 20 further files, before any request is
    /// sent. `noPermission` (also for a file that is not in the approval's attachments); `invalidUserId`,
    /// `userNotExist`; `invalidFileId`, `invalidFileList`; `invalidProcessInstanceId`, `processInstNotExist`;
    /// `invalidParameter`, `invalidParameterCspace`; `hsfIntegrationErrorCspace` and codes with that prefix;
    /// `internalError`, `systemError`.
    #[inline]
    pub fn get_space_with_download_auth(
        &self,
        file_id: &str,
        process_instance_id: &str,
        user_id: UserId<'_>,
        options: &GetSpaceWithDownloadAuth,
    ) -> Result<AttachmentSpace> {
        let call = Call::new("POST /v1.0/workflow/processInstances/spaces/authPreview", &[])
            .field_if_set("agentId", options.agent_id)
            .field("fileId", file_id)
            .field_if_set("fileIdList", options.file_id_list.as_ref())
            .limit_if_set("fileIdList", options.file_id_list.as_ref(), MAX_MORE_FILES)
            .field("processInstanceId", process_instance_id)
            .field("userId", user_id.0)
            .field_if_set("withCommentAttatchment", options.with_comment_attachment)
            .reads();
        self.client.field("result", &call)
    }
}
