//! Kinds of requests.

/// A kind of request that a [`Fault`](super::fault::Fault) can affect.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
/// let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
/// assert_eq!(fake.requests_to(Target::Token).len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// `GetAccessToken` and `GetToken`.
    Token,
    /// `GetFileDownloadInfo`.
    DownloadInfo,
    /// `SendByApp`.
    Send,
    /// `Send` of `convFile`, to a conversation.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// client.conv_file().send("space-1", "dentry-1", "conversation-1", UnionId("anyone"))?;
    /// assert_eq!(fake.requests_to(Target::SendToConversation)[0].answered_status, Some(200));
    /// assert_eq!(fake.sent()[0].conversation_id.as_deref(), Some("conversation-1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    SendToConversation,
    /// `GetFileUploadInfo`, 1.0 and 2.0.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::UploadInfo).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    UploadInfo,
    /// `InitMultipartFileUpload`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.multipart_above(4).from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::InitMultipart).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    InitMultipart,
    /// `GetMultipartFileUploadInfos`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.multipart_above(4).from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::PartInfos)[0].json().unwrap()["partNumbers"][0], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    PartInfos,
    /// `CommitFile`, 1.0 and 2.0. The conversion to an online document and `overwriteDentryId` have no effect: the fake
    /// checks only their types.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// let done = upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Commit)[0].json().unwrap()["name"], "a.txt");
    /// assert_eq!(fake.content("space-1", &done.dentry.id.unwrap()).unwrap().bytes(0..5), b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Commit,
    /// `GetTask`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// fake.put_task("task-1", &["SUCCESS"]);
    /// client.storage().get_task("task-1", UnionId("anyone"))?;
    /// assert_eq!(fake.requests_to(Target::Task)[0].answered_status, Some(200));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Task,
    /// A PUT of a file's bytes or of a part.
    ///
    /// Like the real store, the fake accepts at most 5 GB, with a `Content-Length` or in chunks, and refuses headers
    /// that are not signed. It reports an error in the head before it reads the body, and cuts off a large body.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let upload = client.upload("space-1", "0", UnionId("anyone")).name("a.txt");
    /// upload.from_bytes("hello")?;
    /// assert_eq!(fake.requests_to(Target::Put)[0].body_length, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Put,
    /// A GET or HEAD of a file's bytes.
    ///
    /// As in the real store, `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since` are conditions.
    /// Parameters such as `response-content-type` are signed and replace headers of the answer: see
    /// [`set_resource_urls`](crate::testing::FakeDingTalk::set_resource_urls).
    Object,
    /// `RobotMessageFileDownload`.
    RobotFile,
    /// `BatchSendOTO` and `OrgGroupSend`.
    RobotMessage,
    /// `media/upload`.
    Media,
    /// `GrantProcessInstanceForDownloadFile` and `GetAttachmentSpace`.
    Attachment,
    /// `GetSpaceWithDownloadAuth` and `AddApproveDentryAuth`.
    AttachmentGrant,
    /// `topapi/v2/user/get`.
    User,
    /// `topapi/message/corpconversation/asyncsend_v2`.
    WorkMessage,
    /// `ListSpaces`, `ListWorkspaces`, `GetMineWorkspace`, `ListNodes`, `GetNodeByUrl` and `GetUuidByIdOrUrl`.
    Ids,
    /// `GetOpenUrl` of Yida.
    OpenUrl,
    /// `SubmitExportJob` and `QueryExportTask`.
    Export,
    /// `GetResourceUploadInfo` and `GetResourceDownloadInfo`: attachments in documents of
    /// [`put_document`](crate::testing::FakeDingTalk::put_document).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # let client = fake.client().build()?;
    /// fake.put_document("doc-1", "docx", "hello");
    /// client.doc_resource("doc-1", UnionId("anyone")).name("logo.png").from_bytes(b"picture")?;
    /// assert_eq!(fake.requests_to(Target::DocResource).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    DocResource,
    /// `GetDentryIdByUuid`.
    DentryIds,
    /// `AddFolder`.
    ///
    /// ```
    /// # use dingtalk_files::{AddFolder, UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let folder = client.storage().add_folder("space-1", "0", "2024", UnionId("anyone"), &AddFolder::new())?;
    /// assert_eq!(folder.path.as_deref(), Some("/2024"));
    /// assert_eq!(fake.requests_to(Target::AddFolder).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AddFolder,
    /// `GetDentry`.
    ///
    /// ```
    /// # use dingtalk_files::{GetDentry, UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let dentry = client.storage().get_dentry("space-1", "dentry-1", UnionId("anyone"), &GetDentry::new())?;
    /// assert_eq!(dentry.name.as_deref(), Some("report.txt"));
    /// assert_eq!(fake.requests_to(Target::GetDentry).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    GetDentry,
    /// `GetDentries`. An entry that does not exist gets its own error, `dentryNotExist`.
    ///
    /// ```
    /// # use dingtalk_files::{GetDentries, UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let ids = ["dentry-1", "dentry-2"];
    /// let results = client.storage().get_dentries("space-1", &ids, UnionId("anyone"), &GetDentries::new())?;
    /// assert_eq!(results[0].dentry.as_ref().unwrap().name.as_deref(), Some("report.txt"));
    /// assert_eq!(results[1].error_code.as_deref(), Some("dentryNotExist"));
    /// assert_eq!(fake.requests_to(Target::GetDentries).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    GetDentries,
    /// `ListAllDentries`, sorted as for [`Target::ListDentries`].
    ///
    /// ```
    /// # use dingtalk_files::{ListAllDentries, UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let page = client.storage().list_all_dentries("space-1", UnionId("anyone"), &ListAllDentries::new())?;
    /// assert_eq!(page.items[0].path.as_deref(), Some("/report.txt"));
    /// assert_eq!(fake.requests_to(Target::ListAllDentries).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ListAllDentries,
    /// `ListDentries`, which `walk` calls for each folder.
    ///
    /// All times are equal until [`set_modified_time`](crate::testing::FakeDingTalk::set_modified_time) changes them.
    /// In ascending order, folders with equal times come before files, and files keep the order in which they were
    /// stored.
    ///
    /// ```
    /// # use dingtalk_files::{ListDentries, UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let page = client.storage().list_dentries("space-1", "0", UnionId("anyone"), &ListDentries::new())?;
    /// assert_eq!(page.items[0].name.as_deref(), Some("report.txt"));
    /// assert_eq!(fake.requests_to(Target::ListDentries).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ListDentries,
    /// An operation that the fake does not implement, but answers as set by
    /// [`answer`](crate::testing::FakeDingTalk::answer).
    Other,
}
