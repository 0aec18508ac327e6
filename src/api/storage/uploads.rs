//! Putting a file into a space: where its bytes go, and making a file of them.

use serde::Deserialize;

use super::Storage;
use super::files::{HeaderSignatureInfo, Region, TransferProtocol};
use crate::base::call::Call;
use crate::base::dentry::{AppProperty, ConflictStrategy, Dentry, MAX_APP_PROPERTIES, StorageDriver};
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::null_is_default;
use crate::base::options::options;

/// The only protocol that is documented, and that this crate speaks.
pub(crate) const PROTOCOL: &str = "HEADER_SIGNATURE";

/// Where the bytes of a new file go, for some minutes, and the key that makes a file of them.
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
    /// What the commit needs. Empty when the answer had none.
    #[serde(deserialize_with = "null_is_default")]
    pub upload_key: String,
    /// The store it goes to.
    pub storage_driver: Option<StorageDriver>,
    /// How it is sent. Only `HEADER_SIGNATURE` is documented.
    pub protocol: Option<TransferProtocol>,
    /// What that protocol needs: URLs for a PUT, and the headers that go with it.
    pub header_signature_info: Option<HeaderSignatureInfo>,
}

/// A multipart upload that has begun.
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
    /// What asking for the parts and the commit need. Empty when the answer had none.
    #[serde(deserialize_with = "null_is_default")]
    pub upload_key: String,
    /// The store it goes to.
    pub storage_driver: Option<StorageDriver>,
}

/// Where the bytes of one part go.
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
    /// Which part, as it was asked for.
    pub part_number: u32,
    /// URLs for a PUT of this part, and the headers that go with it.
    pub header_signature_info: Option<HeaderSignatureInfo>,
}

options! {
    /// What DingTalk shall check before an upload, so that nobody sends gigabytes in vain.
    ///
    /// ```
    /// use dingtalk_files::{GetFileUploadInfo, PreCheckParam};
    ///
    /// let check = PreCheckParam::new().name("report.xls").parent_id("0").size(512);
    /// let options = GetFileUploadInfo::new().pre_check_param(check);
    /// # let _ = options;
    /// ```
    PreCheckParam {
        /// The MD5 of the whole file in lower-case hex. The stored file is compared with it only when it was sent.
        md5: String as impl Into<String> = "d41d8cd98f00b204e9800998ecf8427e",
        /// The size in bytes. The quotas are checked only when it was sent.
        size: u64 = 512,
        /// The folder that the file goes to; `"0"` is the root of the space. Names that are taken are looked for there.
        parent_id: String as impl Into<String> = "0",
        /// The name with extension: whether it is allowed, and taken. No tab and none of `*"<>|`, no dot at the end.
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
        /// The store that the file goes to. Default: `DINGTALK`.
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
        /// The store that the file goes to. Only `DINGTALK` is supported, which is the default.
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
        /// The size of the file in bytes.
        size: u64 = 512,
        /// Conflict strategy if the name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
        /// App properties of the file, at most 3.
        app_properties: Vec<AppProperty> as impl Into<Vec<AppProperty>> = [],
    } top_level {
        /// The id of the file that the new one takes the place of. That is what the name says: the field is in the
        /// vendor's SDK, without a text, and not in the documentation.
        overwrite_dentry_id: String as impl Into<String> = "dentry-1",
    }
}

/// The vendor's limits: how many parts one call may ask for, and how many a file may have.
pub(crate) const MAX_PARTS_PER_CALL: usize = 30;
pub(crate) const MAX_PARTS: u32 = 10_000;

impl Storage<'_> {
    /// Asks where the bytes of a new file can be sent: the first of the three steps of an upload.
    ///
    /// Calls `GetFileUploadInfo`, documented at
    /// [obtain-storage-upload-information](https://open.dingtalk.com/document/orgapp/obtain-storage-upload-information).
    /// Permission: `Storage.UploadInfo.Read`. Internal and ISV apps.
    ///
    /// Each call makes a new upload key. The second step is a PUT of the bytes to the first URL, with all headers of
    /// the answer and **without** a `Content-Type`, which would break the signature; the third is
    /// [`commit_file`](Self::commit_file). `multipart` has to be true above 5 GB; an upload in parts begins with
    /// [`init_multipart_file_upload`](Self::init_multipart_file_upload). Who knows the folder's dentryUuid rather than
    /// the space uses [`StorageV2::get_file_upload_info`](crate::StorageV2::get_file_upload_info).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetFileUploadInfo, PreCheckParam, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let check = PreCheckParam::new().name("report.xls").parent_id("0").size(512);
    /// let options = GetFileUploadInfo::new().pre_check_param(check);
    /// let info = client.storage().get_file_upload_info("space-1", false, UnionId("operator-1"), &options)?;
    /// println!("commit with {}", info.upload_key);
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

    /// Begins an upload in parts, which files above 5 GB need.
    ///
    /// Calls `InitMultipartFileUpload`, documented at
    /// [initialize-a-multipart-upload-object](https://open.dingtalk.com/document/orgapp/initialize-a-multipart-upload-object).
    /// Permission: `Storage.UploadInfo.Read`. Internal and ISV apps.
    ///
    /// What follows with its upload key: [`get_multipart_file_upload_infos`](Self::get_multipart_file_upload_infos) for
    /// up to 30 parts at a time, a PUT of each part, and one commit at the end, here
    /// ([`commit_file`](Self::commit_file)) or in storage 2.0
    /// ([`StorageV2::commit_file`](crate::StorageV2::commit_file)); the vendor's page shows both. A file has at most
    /// 10000 parts, each of 100 KB to 5 GB, the last one may be smaller. Nothing about the parts is sent to the commit.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, InitMultipartFileUpload, PreCheckParam, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let check = PreCheckParam::new().name("film.mp4").parent_id("0").size(6_000_000_000);
    /// let options = InitMultipartFileUpload::new().pre_check_param(check);
    /// let upload = client.storage().init_multipart_file_upload("space-1", UnionId("operator-1"), &options)?;
    /// println!("parts go under {}", upload.upload_key);
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

    /// Asks where the bytes of some parts can be sent.
    ///
    /// Calls `GetMultipartFileUploadInfos`, documented at
    /// [obtains-the-information-about-multipart-uploads-of-an-object](https://open.dingtalk.com/document/orgapp/obtains-the-information-about-multipart-uploads-of-an-object).
    /// Permission: `Storage.UploadInfo.Read`. Internal and ISV apps.
    ///
    /// The upload key is that of [`init_multipart_file_upload`](Self::init_multipart_file_upload). You number the parts
    /// yourself, from 1 to 10000 in the order of the file, and ask for 1 to 30 of them per call. The signatures lapse
    /// after some minutes: ask for a part shortly before it is sent. A part that is sent again replaces what was sent
    /// under its number.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetMultipartFileUploadInfos, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let options = GetMultipartFileUploadInfos::new();
    /// for part in storage.get_multipart_file_upload_infos("upload-key-1", &[1, 2, 3], operator, &options)? {
    ///     println!("part {} has its URL: {}", part.part_number, part.header_signature_info.is_some());
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for numbers outside of the limits, before any request
    /// is sent. `paramError.uploadKey`, `paramError.partNumbers`, `paramError`; `systemError`, `unknownError`,
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

    /// Makes a file of the bytes that were sent: the last step of an upload.
    ///
    /// Calls `CommitFile`, documented at
    /// [submit-documents](https://open.dingtalk.com/document/orgapp/submit-documents).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// The vendor has closed this operation to new apps on 2023-08-06; its named successor is
    /// [`StorageV2::commit_file`](crate::StorageV2::commit_file). `parent_id` is a folder's dentry id, `"0"` the root.
    /// Of the name, spaces at both ends are cut off; a tab, `*"<>|` or a dot at the end are not allowed.
    ///
    /// When the name is taken, the vendor's default is `AUTO_RENAME`: a second commit may make `report(1).xls`. So it
    /// is never repeated: after a network failure or a 5xx look at
    /// [`Error::may_have_run`](crate::Error::may_have_run), and into the folder, before committing again.
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
