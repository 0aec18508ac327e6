//! Uploads into a space: the URLs for the bytes, and the commit.

use serde::Deserialize;

use super::Storage;
use super::files::{HeaderSignatureInfo, Region, TransferProtocol};
use crate::base::call::Call;
use crate::base::dentry::{AppProperty, ConflictStrategy, Dentry, MAX_APP_PROPERTIES, StorageDriver};
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::null_is_default;
use crate::base::options::options;

/// The only documented protocol, and the only one that this crate supports.
pub(crate) const PROTOCOL: &str = "HEADER_SIGNATURE";

/// Upload information of a new file, valid for some minutes, and the key for its commit.
///
/// ```
/// let info: dingtalk_files::UploadInfo = serde_json::from_str(r#"{"uploadKey": "upload-key-1"}"#)?;
/// assert_eq!(info.upload_key, "upload-key-1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct UploadInfo {
    /// Key for the commit. Empty if the server returned none.
    #[serde(deserialize_with = "null_is_default")]
    pub upload_key: String,
    /// Storage that receives the file.
    pub storage_driver: Option<StorageDriver>,
    /// Protocol of the upload. Only `HEADER_SIGNATURE` is documented.
    pub protocol: Option<TransferProtocol>,
    /// URLs for a PUT, and its headers, for `HEADER_SIGNATURE`.
    pub header_signature_info: Option<HeaderSignatureInfo>,
}

/// A multipart upload that has started.
///
/// ```
/// let upload: dingtalk_files::MultipartUpload = serde_json::from_str(r#"{"uploadKey": "upload-key-1"}"#)?;
/// assert_eq!(upload.upload_key, "upload-key-1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct MultipartUpload {
    /// Key for the requests of parts and for the commit. Empty if the server returned none.
    #[serde(deserialize_with = "null_is_default")]
    pub upload_key: String,
    /// Storage that receives the file.
    pub storage_driver: Option<StorageDriver>,
}

/// Upload information of one part.
///
/// ```
/// let part: dingtalk_files::PartUploadInfo = serde_json::from_str(r#"{"partNumber": 3}"#)?;
/// assert_eq!(part.part_number, 3);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PartUploadInfo {
    /// Number of the part, as passed in.
    pub part_number: u32,
    /// URLs for a PUT of this part, and its headers.
    pub header_signature_info: Option<HeaderSignatureInfo>,
}

options! {
    /// Checks that DingTalk makes before an upload, so that an upload of gigabytes does not fail at its end.
    ///
    /// ```
    /// use dingtalk_files::{GetFileUploadInfo, PreCheckParam};
    ///
    /// let check = PreCheckParam::new().name("report.xls").parent_id("0").size(512);
    /// let options = GetFileUploadInfo::new().pre_check_param(check);
    /// # let _ = options;
    /// ```
    PreCheckParam {
        /// MD5 of the whole file in lower-case hex. Without it, the stored file is not compared with an MD5.
        md5: String as impl Into<String> = "d41d8cd98f00b204e9800998ecf8427e",
        /// Size in bytes. Without it, the quotas are not checked.
        size: u64 = 512,
        /// Target folder; `"0"` is the root of the space. Name conflicts are checked there.
        parent_id: String as impl Into<String> = "0",
        /// Name with extension. DingTalk checks that the name is allowed and not taken. A tab, any of `*"<>|`, and a
        /// dot at the end are not allowed.
        name: String as impl Into<String> = "report.xls",
    }
}

options! {
    /// Optional parameters of [`Storage::get_file_upload_info`].
    ///
    /// ```
    /// use dingtalk_files::{GetFileUploadInfo, Region};
    ///
    /// let options = GetFileUploadInfo::new().prefer_region(Region::Shanghai).prefer_intranet(false);
    /// # let _ = options;
    /// ```
    GetFileUploadInfo {
        /// Storage that receives the file. Default: `DINGTALK`.
        storage_driver: StorageDriver = dingtalk_files::StorageDriver::DingTalk,
        /// Checks made before the upload. Default: none.
        pre_check_param: PreCheckParam = dingtalk_files::PreCheckParam::new().size(512),
        /// Preferred storage region of the file.
        prefer_region: Region = dingtalk_files::Region::Shanghai,
        /// Whether to prefer URLs on the internal network of a dedicated storage. Default: true, which matters only if
        /// such a network is set up.
        prefer_intranet: bool = false,
    }
}

options! {
    /// Optional parameters of [`Storage::init_multipart_file_upload`].
    ///
    /// ```
    /// use dingtalk_files::{InitMultipartFileUpload, PreCheckParam};
    ///
    /// let options = InitMultipartFileUpload::new().pre_check_param(PreCheckParam::new().size(6_000_000_000));
    /// # let _ = options;
    /// ```
    InitMultipartFileUpload {
        /// Storage that receives the file. Only `DINGTALK` is supported, and it is the default.
        storage_driver: StorageDriver = dingtalk_files::StorageDriver::DingTalk,
        /// Checks made before the upload. Default: none.
        pre_check_param: PreCheckParam = dingtalk_files::PreCheckParam::new().size(6_000_000_000),
        /// Preferred storage region of the file.
        prefer_region: Region = dingtalk_files::Region::Shanghai,
    }
}

options! {
    /// Optional parameters of [`Storage::get_multipart_file_upload_infos`].
    ///
    /// ```
    /// use dingtalk_files::GetMultipartFileUploadInfos;
    ///
    /// let options = GetMultipartFileUploadInfos::new().prefer_intranet(false);
    /// # let _ = options;
    /// ```
    GetMultipartFileUploadInfos {
        /// Whether to prefer URLs on the internal network of a dedicated storage. Default: true, which matters only if
        /// such a network is set up.
        prefer_intranet: bool = false,
    }
}

options! {
    /// Optional parameters of [`Storage::commit_file`].
    ///
    /// ```
    /// use dingtalk_files::{CommitFile, ConflictStrategy};
    ///
    /// let options = CommitFile::new().size(512).conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    CommitFile {
        /// Size of the file in bytes.
        size: u64 = 512,
        /// Conflict strategy if the name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
        /// App properties of the file, at most 3.
        app_properties: Vec<AppProperty> as impl Into<Vec<AppProperty>> = [],
    } top_level {
        /// Id of the file that the new file replaces, judging by the name: the field is in the vendor's SDK, without a
        /// description, and not in the documentation.
        overwrite_dentry_id: String as impl Into<String> = "dentry-1",
    }
}

/// Vendor limits: the parts per call, and the parts per file.
pub(crate) const MAX_PARTS_PER_CALL: usize = 30;
pub(crate) const MAX_PARTS: u32 = 10_000;

impl Storage<'_> {
    /// Returns the URLs and headers for uploading a new file: the first of the three steps of an upload.
    ///
    /// Calls `GetFileUploadInfo`, documented at
    /// [obtain-storage-upload-information](https://open.dingtalk.com/document/orgapp/obtain-storage-upload-information).
    /// Permission: `Storage.UploadInfo.Read`. Internal and ISV apps.
    ///
    /// Each call returns a new upload key. The second step is a PUT of the bytes to the first URL, with all headers of
    /// the response and **without** a `Content-Type`, which would break the signature. The third step is
    /// [`commit_file`](Self::commit_file). `multipart` must be true above 5 GB; a multipart upload starts with
    /// [`init_multipart_file_upload`](Self::init_multipart_file_upload). If you know the dentryUuid of the folder but
    /// not the space, use [`StorageV2::get_file_upload_info`](crate::StorageV2::get_file_upload_info).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetFileUploadInfo, PreCheckParam, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let check = PreCheckParam::new().name("report.xls").parent_id("0").size(512);
    /// let options = GetFileUploadInfo::new().pre_check_param(check);
    /// let info = client.storage().get_file_upload_info("space-1", false, UnionId("operator-1"), &options)?;
    /// println!("upload key: {}", info.upload_key);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `spaceNotExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`, `appQuotaInsufficient`,
    /// `orgQuotaInsufficient`; `dentryUploadForbidden`, `dentryUploadProtocolNotSupport`, `dentryUploadError`;
    /// `paramError.spaceId`, `paramError.storageDriver`, `paramError.protocol`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_file_upload_info(
        &self,
        space_id: &str,
        multipart: bool,
        operator: UnionId<'_>,
        options: &GetFileUploadInfo,
    ) -> Result<UploadInfo> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/files/uploadInfos/query", &[space_id])
            .acting(operator)
            .field("protocol", PROTOCOL)
            .field("multipart", multipart)
            .option(options.if_set())
            .reads();
        self.client.call(&call)
    }

    /// Starts a multipart upload, which files above 5 GB need.
    ///
    /// Calls `InitMultipartFileUpload`, documented at
    /// [initialize-a-multipart-upload-object](https://open.dingtalk.com/document/orgapp/initialize-a-multipart-upload-object).
    /// Permission: `Storage.UploadInfo.Read`. Internal and ISV apps.
    ///
    /// The next steps use the returned upload key:
    /// [`get_multipart_file_upload_infos`](Self::get_multipart_file_upload_infos) for up to 30 parts per call, a PUT of
    /// each part, and one commit at the end. The commit is [`commit_file`](Self::commit_file) here or
    /// [`StorageV2::commit_file`](crate::StorageV2::commit_file) in storage 2.0; the vendor's page shows both. A file
    /// has at most 10000 parts of 100 KB to 5 GB each; the last part may be smaller. The commit does not list the
    /// parts.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, InitMultipartFileUpload, PreCheckParam, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let check = PreCheckParam::new().name("film.mp4").parent_id("0").size(6_000_000_000);
    /// let options = InitMultipartFileUpload::new().pre_check_param(check);
    /// let upload = client.storage().init_multipart_file_upload("space-1", UnionId("operator-1"), &options)?;
    /// println!("upload key: {}", upload.upload_key);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `spaceNotExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`, `appQuotaInsufficient`,
    /// `orgQuotaInsufficient`; `dentryUploadForbidden`, `dentryUploadProtocolNotSupport`; `paramError.spaceId`,
    /// `paramError.storageDriver`, `paramError.multipart`, `paramError.protocol`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn init_multipart_file_upload(
        &self,
        space_id: &str,
        operator: UnionId<'_>,
        options: &InitMultipartFileUpload,
    ) -> Result<MultipartUpload> {
        let call =
            Call::new("POST /v1.0/storage/spaces/{spaceId}/files/multiPartUploadInfos/init", &[space_id])
                .acting(operator)
                .option(options.if_set());
        self.client.call(&call)
    }

    /// Returns the URLs and headers for uploading parts.
    ///
    /// Calls `GetMultipartFileUploadInfos`, documented at
    /// [obtains-the-information-about-multipart-uploads-of-an-object](https://open.dingtalk.com/document/orgapp/obtains-the-information-about-multipart-uploads-of-an-object).
    /// Permission: `Storage.UploadInfo.Read`. Internal and ISV apps.
    ///
    /// The upload key is from [`init_multipart_file_upload`](Self::init_multipart_file_upload). Number the parts from 1
    /// to 10000 in the order of the file, and request 1 to 30 of them per call. The signatures expire after some
    /// minutes: request a part shortly before sending it. A part that is sent again replaces the earlier part of the
    /// same number.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetMultipartFileUploadInfos, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let options = GetMultipartFileUploadInfos::new();
    /// for part in storage.get_multipart_file_upload_infos("upload-key-1", &[1, 2, 3], operator, &options)? {
    ///     println!("part {} has a URL: {}", part.part_number, part.header_signature_info.is_some());
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for part numbers outside the limits, before any
    /// request is sent. `paramError.uploadKey`, `paramError.partNumbers`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn get_multipart_file_upload_infos(
        &self,
        upload_key: &str,
        part_numbers: &[u32],
        operator: UnionId<'_>,
        options: &GetMultipartFileUploadInfos,
    ) -> Result<Vec<PartUploadInfo>> {
        let wrong_part_number =
            part_numbers.iter().find(|number| !(1..=MAX_PARTS).contains(*number)).copied();
        let call = Call::new("POST /v1.0/storage/spaces/files/multiPartUploadInfos/query", &[])
            .acting(operator)
            .field("uploadKey", upload_key)
            .field("partNumbers", part_numbers)
            .limit("partNumbers", part_numbers.len(), 1..=MAX_PARTS_PER_CALL)
            .limit_value("partNumbers[..]", wrong_part_number, 1..=MAX_PARTS)
            .option(options.if_set())
            .reads();
        self.client.field("multipartHeaderSignatureInfos", &call)
    }

    /// Creates a file from the uploaded bytes: the last step of an upload.
    ///
    /// Calls `CommitFile`, documented at
    /// [submit-documents](https://open.dingtalk.com/document/orgapp/submit-documents).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// The vendor closed this operation to new apps on 2023-08-06 and names
    /// [`StorageV2::commit_file`](crate::StorageV2::commit_file) as its successor. `parent_id` is the dentry id of a
    /// folder; `"0"` is the root. Spaces at both ends of the name are removed. A tab, any of `*"<>|`, and a dot at the
    /// end are not allowed.
    ///
    /// If the name is taken, the vendor's default is `AUTO_RENAME`: a second commit may create `report(1).xls`. The
    /// call is therefore never retried automatically: after a network failure or a 5xx, check
    /// [`Error::may_have_run`](crate::Error::may_have_run) and the folder before committing again.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, CommitFile, ConflictStrategy, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = CommitFile::new().size(512).conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// let operator = UnionId("operator-1");
    /// let file = client.storage().commit_file("space-1", "upload-key-1", "report.xls", "0", operator, &options)?;
    /// println!("{:?} is version {:?}", file.path, file.version);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than 3 app properties, before any request is
    /// sent. `permissionDenied`; `spaceNotExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`,
    /// `appQuotaInsufficient`, `orgQuotaInsufficient`; `dentryNameIllegal`, `dentryStoreError`;
    /// `paramError.conflictStrategy`, `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn commit_file(
        &self,
        space_id: &str,
        upload_key: &str,
        name: &str,
        parent_id: &str,
        operator: UnionId<'_>,
        options: &CommitFile,
    ) -> Result<Dentry> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/files/commit", &[space_id])
            .acting(operator)
            .field("uploadKey", upload_key)
            .field("name", name)
            .field("parentId", parent_id)
            .field_if_set("overwriteDentryId", options.overwrite_dentry_id.as_ref())
            .limit_if_set("appProperties", options.app_properties.as_ref(), MAX_APP_PROPERTIES)
            .option(options.if_set());
        self.client.field("dentry", &call)
    }
}
