//! Documents: conversion between kinds of ids, export, attachments inside documents.

use serde::{Deserialize, Deserializer};

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::{UnionId, string_enum};
use crate::base::json::{empty_is_none, negative_is_none};
use crate::base::secret::PresignedUrl;
use crate::client::Client;

super::group! {
    /// Operations of `doc`: conversion of ids, export, attachments. Returned by [`Client::doc`](crate::Client::doc).
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
    /// Returns the operations of `doc`: conversion of ids, export, attachments.
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
    /// Id of the dentry in storage 2.0. It stays the same when the entry is moved.
    pub dentry_uuid: Option<String>,
    /// Id of the dentry in storage 1.0, within its space.
    pub dentry_id: Option<String>,
    /// Space that contains the dentry.
    pub space_id: Option<String>,
}

string_enum! {
    /// State of an export. The values are not documented; these were observed.
    ExportStatus: received {
        /// Export in progress.
        Processing = "PROCESSING",
        /// Export finished: the URL is available.
        Success = "SUCCESS",
        /// Export failed.
        Failed = "FAILED",
    }
}

/// An export that was started.
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
    /// Id of the task, for [`Doc::query_export_task`].
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// URL of the file, if it was ready immediately.
    pub download_url: Option<PresignedUrl>,
}

/// An export and its state.
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
    /// State, parsed case-insensitively.
    #[serde(deserialize_with = "status_of_any_case")]
    pub status: Option<ExportStatus>,
    /// URL of the file, once it is ready. It needs no headers.
    pub download_url: Option<PresignedUrl>,
}

/// The vendor does not document the values, and public code compares them case-insensitively.
fn status_of_any_case<'de, D: Deserializer<'de>>(d: D) -> Result<Option<ExportStatus>, D::Error> {
    let word: Option<String> = Deserialize::deserialize(d)?;
    Ok(word.map(|word| match ExportStatus::from(word.to_ascii_uppercase()) {
        ExportStatus::Other(_) => ExportStatus::Other(word),
        known => known,
    }))
}

/// The upload URL and the id of a new attachment inside a document.
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
    /// URL for the PUT of the bytes, with the media type as `Content-Type`.
    pub upload_url: Option<PresignedUrl>,
    /// Id of the attachment.
    pub resource_id: Option<String>,
    /// Path of the attachment, for use inside the document.
    pub resource_url: Option<String>,
}

/// An attachment inside a document.
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
    /// URL of the bytes. It needs no headers.
    pub download_url: Option<PresignedUrl>,
    /// Name.
    pub resource_name: Option<String>,
    /// Size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub size: Option<u64>,
}

impl Doc<'_> {
    /// Returns the space id and the dentry id that a dentry of storage 2.0 has in storage 1.0.
    ///
    /// Calls `GetDentryIdByUuid`, documented at
    /// [api-getdentryidbyuuid](https://open.dingtalk.com/document/orgapp/api-getdentryidbyuuid).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// Storage 2.0 has no download. These ids make a dentry that was found in storage 2.0 downloadable.
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

    /// Returns the dentryUuid that a dentry of storage 1.0 has in storage 2.0.
    ///
    /// Calls `GetUuidByDentryId`, documented at
    /// [api-getuuidbydentryid](https://open.dingtalk.com/document/orgapp/api-getuuidbydentryid).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// The dentry comes before its space, as in the URL and contrary to the order in storage 1.0. A
    /// [`Dentry`](crate::Dentry) already contains this id in [`uuid`](crate::Dentry::uuid).
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

    /// Returns the dentryUuid for a pasted link or for an id of another kind.
    ///
    /// Calls `GetUuidByIdOrUrl`, documented at
    /// [api-getuuidbyidorurl](https://open.dingtalk.com/document/orgapp/api-getuuidbyidorurl).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// Pass the link of a document, a drive file or a knowledge base, or its key. A dentryId is not accepted.
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

    /// Starts the export of an online document to a file.
    ///
    /// Calls `SubmitExportJob`, which is in the vendor's SDK but not documented.
    ///
    /// Online documents cannot be downloaded from storage. The format is a word such as `docx`; public code also
    /// requests `markdown`. [`Client::export`] starts the export, waits and downloads. The call is never retried
    /// automatically.
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

    /// Returns the state of an export.
    ///
    /// Calls `QueryExportTask`, which is in the vendor's SDK but not documented.
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

    /// Returns the upload URL and the id of a new attachment inside a document.
    ///
    /// Calls `GetResourceUploadInfo`, documented at
    /// [api-getresourceuploadinfo](https://open.dingtalk.com/document/orgapp/api-getresourceuploadinfo).
    /// Permission: `Storage.File.Read`. Internal apps only.
    ///
    /// The id of the document is its dentryUuid, documentId, workbookId or baseId; `size` is in bytes. The PUT must
    /// send the media type as its `Content-Type`, which an upload into storage must not send. No commit follows: write
    /// the id and the URL of the attachment into the document with the operations for documents.
    /// [`Client::doc_resource`] does both steps.
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

    /// Returns the download URL of an attachment inside a document.
    ///
    /// Calls `GetResourceDownloadInfo`, which is in the vendor's SDK but not documented.
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
