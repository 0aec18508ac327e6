//! Documents: ids of one kind from another, export, attachments inside of documents.

use serde::{Deserialize, Deserializer};

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::{UnionId, string_enum};
use crate::base::json::{empty_is_none, negative_is_none};
use crate::base::secret::PresignedUrl;
use crate::client::Client;

super::group! {
    /// The operations of `doc`: ids of one kind from ids of the other. From [`Client::doc`](crate::Client::doc).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let doc = client.doc();
    /// # let _ = doc;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Doc
}

impl Client {
    /// The operations of `doc`: ids of one kind from ids of the other.
    ///
    /// ```no_run
    /// # use dingtalk_files::UnionId;
    /// # let client = dingtalk_files::Client::from_env()?;
    /// let ids = client.doc().get_dentry_id_by_uuid("uuid-1", UnionId("operator-1"))?;
    /// println!("{:?} in space {:?}", ids.dentry_id, ids.space_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn doc(&self) -> Doc<'_> {
        Doc::new(self)
    }
}

/// All ids of one dentry.
///
/// ```
/// let json = r#"{"dentryUuid": "uuid-1", "dentryId": "dentry-1", "spaceId": "space-1"}"#;
/// let ids: dingtalk_files::DentryIds = serde_json::from_str(json)?;
/// assert_eq!((ids.space_id.as_deref(), ids.dentry_id.as_deref()), (Some("space-1"), Some("dentry-1")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DentryIds {
    /// What storage 2.0 calls it. It stays when the entry is moved.
    pub dentry_uuid: Option<String>,
    /// What storage 1.0 calls it, within its space.
    pub dentry_id: Option<String>,
    /// The space it is in.
    pub space_id: Option<String>,
}

string_enum! {
    /// State of an export. Not documented; these words were seen.
    ExportStatus: received {
        /// Not done yet.
        Processing = "PROCESSING",
        /// Done: the URL is there.
        Success = "SUCCESS",
        /// Given up.
        Failed = "FAILED",
    }
}

/// An export that was begun.
///
/// ```
/// let job: dingtalk_files::ExportJob = serde_json::from_str(r#"{"taskId": "task-1"}"#)?;
/// assert_eq!(job.task_id.as_deref(), Some("task-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ExportJob {
    /// The task to ask [`Doc::query_export_task`] for.
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// The file, if it was ready at once.
    pub download_url: Option<PresignedUrl>,
}

/// An export and how far it is.
///
/// ```
/// use dingtalk_files::{ExportStatus, ExportTask};
///
/// let task: ExportTask = serde_json::from_str(r#"{"status": "processing"}"#)?;
/// assert_eq!(task.status, Some(ExportStatus::Processing));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ExportTask {
    /// The state, read without regard to case.
    #[serde(deserialize_with = "status_of_any_case")]
    pub status: Option<ExportStatus>,
    /// The file, when it is ready. It needs no headers.
    pub download_url: Option<PresignedUrl>,
}

/// The vendor documents no words, and public code compares without regard to case.
fn status_of_any_case<'de, D: Deserializer<'de>>(d: D) -> Result<Option<ExportStatus>, D::Error> {
    let word: Option<String> = Deserialize::deserialize(d)?;
    Ok(word.map(|word| match ExportStatus::from(word.to_ascii_uppercase()) {
        ExportStatus::Other(_) => ExportStatus::Other(word),
        known => known,
    }))
}

/// The place of a new attachment inside of a document.
///
/// ```
/// let json = r#"{"uploadUrl": "https://bucket.example/o?Signature=s", "resourceId": "resource-1"}"#;
/// let info: dingtalk_files::ResourceUploadInfo = serde_json::from_str(json)?;
/// assert!(!format!("{info:?}").contains("Signature"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ResourceUploadInfo {
    /// The URL to PUT the bytes to, with the media type as `Content-Type`.
    pub upload_url: Option<PresignedUrl>,
    /// The id of the attachment.
    pub resource_id: Option<String>,
    /// The path that the document names the attachment by.
    pub resource_url: Option<String>,
}

/// An attachment inside of a document.
///
/// ```
/// let json = r#"{"downloadUrl": "https://bucket.example/o?Signature=s", "resourceName": "a.jpg", "size": 200}"#;
/// let info: dingtalk_files::ResourceDownloadInfo = serde_json::from_str(json)?;
/// assert_eq!(info.size, Some(200));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ResourceDownloadInfo {
    /// The URL of the bytes. It needs no headers.
    pub download_url: Option<PresignedUrl>,
    /// Name.
    pub resource_name: Option<String>,
    /// Size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub size: Option<u64>,
}

impl Doc<'_> {
    /// Asks under which space and dentry id storage 1.0 knows a dentry of storage 2.0.
    ///
    /// Calls `GetDentryIdByUuid`, documented at
    /// [api-getdentryidbyuuid](https://open.dingtalk.com/document/orgapp/api-getdentryidbyuuid).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// With the answer, what 2.0 has found can be downloaded: there is no download in 2.0.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let (client, person) = (Client::from_env()?, UnionId("operator-1"));
    /// let ids = client.doc().get_dentry_id_by_uuid("uuid-1", person)?;
    /// if let (Some(space), Some(dentry)) = (&ids.space_id, &ids.dentry_id) {
    ///     client.file(space, dentry, person).download_to(&mut std::io::stdout(), ..)?;
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `documentNotExist`; `permissionDenied`; `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn get_dentry_id_by_uuid(&self, dentry_uuid: &str, operator: UnionId<'_>) -> Result<DentryIds> {
        let call = Call::new("GET /v2.0/doc/dentries/{dentryUuid}/queryDentryId", &[dentry_uuid])
            .query("operatorId", operator.0)
            .reads();
        self.client.call(&call)
    }

    /// Asks under which dentryUuid storage 2.0 knows a dentry of storage 1.0.
    ///
    /// Calls `GetUuidByDentryId`, documented at
    /// [api-getuuidbydentryid](https://open.dingtalk.com/document/orgapp/api-getuuidbydentryid).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// In the URL the dentry comes before its space, and so it does here: the other way round than in storage 1.0.
    /// Whoever has a [`Dentry`](crate::Dentry) has the answer already, in [`uuid`](crate::Dentry::uuid).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let ids = client.doc().get_uuid_by_dentry_id("dentry-1", "space-1", UnionId("operator-1"))?;
    /// println!("{:?}", ids.dentry_uuid);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `documentNotExist`; `permissionDenied`; `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn get_uuid_by_dentry_id(
        &self,
        dentry_id: &str,
        space_id: &str,
        operator: UnionId<'_>,
    ) -> Result<DentryIds> {
        let call = Call::new("GET /v2.0/doc/dentries/{dentryId}/queryDentryUuid", &[dentry_id])
            .query("spaceId", space_id)
            .query("operatorId", operator.0)
            .reads();
        self.client.call(&call)
    }

    /// Returns the dentryUuid of a pasted link, or of an id of another kind.
    ///
    /// Calls `GetUuidByIdOrUrl`, documented at
    /// [api-getuuidbyidorurl](https://open.dingtalk.com/document/orgapp/api-getuuidbyidorurl).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// It takes the link of a document, of a file of the drive or of a knowledge base, or their keys; not a dentryId.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let link = "https://alidocs.dingtalk.com/i/nodes/uuid-1";
    /// let dentry_uuid = client.doc().get_uuid_by_id_or_url(link, UnionId("operator-1"))?;
    /// # let _ = dentry_uuid;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `documentNotExist`; `permissionDenied`, `forbidden.acrossOrg`; `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn get_uuid_by_id_or_url(&self, id_or_url: &str, operator: UnionId<'_>) -> Result<String> {
        let call = Call::new("GET /v2.0/doc/documents/queryDentryUuid", &[])
            .query("idOrUrl", id_or_url)
            .query("operatorId", operator.0)
            .reads();
        self.client.field("dentryUuid", &call)
    }

    /// Begins to export an online document to a file.
    ///
    /// `SubmitExportJob`. Not documented by the vendor; it is in the official SDK.
    ///
    /// Online documents cannot be downloaded from storage. The format is a word such as `docx`; public code also asks for
    /// `markdown`. [`Client::export`] begins, waits and downloads. It is never repeated by itself.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let job = client.doc().submit_export_job("uuid-1", "docx", UnionId("operator-1"))?;
    /// println!("{:?}", job.task_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented.
    #[inline]
    pub fn submit_export_job(
        &self,
        dentry_uuid: &str,
        target_format: &str,
        operator: UnionId<'_>,
    ) -> Result<ExportJob> {
        let call = Call::new("POST /v2.0/doc/me/export/submit", &[])
            .field("dentryUuid", dentry_uuid)
            .field("operatorId", operator.0)
            .field("targetFormat", target_format);
        self.client.call(&call)
    }

    /// Returns how far an export is.
    ///
    /// `QueryExportTask`. Not documented by the vendor; it is in the official SDK.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let task = client.doc().query_export_task("task-1", UnionId("operator-1"))?;
    /// println!("{:?}", task.status);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented.
    #[inline]
    pub fn query_export_task(&self, task_id: &str, operator: UnionId<'_>) -> Result<ExportTask> {
        let call = Call::new("GET /v2.0/doc/me/export/task/query", &[])
            .query("operatorId", operator.0)
            .query("taskId", task_id)
            .reads();
        self.client.call(&call)
    }

    /// Returns the place of a new attachment inside of a document.
    ///
    /// Calls `GetResourceUploadInfo`, documented at
    /// [api-getresourceuploadinfo](https://open.dingtalk.com/document/orgapp/api-getresourceuploadinfo).
    /// Permission: `Storage.File.Read`. Internal apps only.
    ///
    /// The id of the document is its dentryUuid, documentId, workbookId or baseId; `size` is in bytes. The PUT must carry
    /// the media type as its `Content-Type`, which an upload into storage must not. No commit follows: write id and URL of the
    /// attachment into the document with the operations of documents. [`Client::doc_resource`] does both steps.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let operator = UnionId("operator-1");
    /// let info = client.doc().get_resource_upload_info("doc-1", "image/jpeg", "logo.jpg", 200, operator)?;
    /// println!("{:?}", info.resource_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `docNotExist`; `permissionDenied`; `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_resource_upload_info(
        &self,
        doc_id: &str,
        media_type: &str,
        resource_name: &str,
        size: u64,
        operator: UnionId<'_>,
    ) -> Result<ResourceUploadInfo> {
        let call = Call::new("POST /v1.0/doc/docs/resources/{docId}/uploadInfos/query", &[doc_id])
            .query("operatorId", operator.0)
            .field("mediaType", media_type)
            .field("resourceName", resource_name)
            .field("size", size)
            .reads();
        self.client.field("result", &call)
    }

    /// Returns where an attachment inside of a document can be downloaded from.
    ///
    /// `GetResourceDownloadInfo`. Not documented by the vendor; it is in the official SDK.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let info = client.doc().get_resource_download_info("doc-1", "resource-1", UnionId("operator-1"))?;
    /// println!("{:?}: {:?} bytes", info.resource_name, info.size);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented.
    #[inline]
    pub fn get_resource_download_info(
        &self,
        doc_id: &str,
        resource_id: &str,
        operator: UnionId<'_>,
    ) -> Result<ResourceDownloadInfo> {
        let route = "GET /v1.0/doc/docs/resources/{docId}/{resourceId}/downloadInfo";
        let call = Call::new(route, &[doc_id, resource_id]).query("operatorId", operator.0).reads();
        self.client.field("result", &call)
    }
}
