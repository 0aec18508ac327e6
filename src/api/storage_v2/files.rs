//! Uploads into a folder.

use super::StorageV2;
use crate::api::storage::files::Region;
use crate::api::storage::uploads::{PROTOCOL, UploadInfo};
use crate::base::call::Call;
use crate::base::dentry::{AppProperty, ConflictStrategy, Dentry, MAX_APP_PROPERTIES, StorageDriver};
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::options::options;

string_enum! {
    /// Type of the online document that an uploaded file is converted to.
    OnlineDocType: sent {
        /// Text document.
        Doc = "DOC",
        /// Workbook of sheets.
        Workbook = "WORKBOOK",
        /// Smart table.
        SmartTable = "SMART_TABLE",
    }
}

options! {
    /// Checks that DingTalk makes before an upload.
    ///
    /// Unlike [`PreCheckParam`](crate::PreCheckParam) of storage 1.0, it has neither an MD5 nor a folder, which is a
    /// parameter of the call.
    ///
    /// ```
    /// use dingtalk_files::{GetFileUploadInfoV2, PreCheckParamV2};
    ///
    /// let check = PreCheckParamV2::new().name("report.xls").size(512);
    /// let options = GetFileUploadInfoV2::new().pre_check_param(check);
    /// # let _ = options;
    /// ```
    PreCheckParamV2 {
        /// Size in bytes. Without it, the quotas are not checked.
        size: u64 = 512,
        /// Name with extension. DingTalk checks that the name is allowed and not taken. A tab, any of `*"<>|`, and a
        /// dot at the end are not allowed.
        name: String as impl Into<String> = "report.xls",
    }
}

options! {
    /// Optional parameters of [`StorageV2::get_file_upload_info`].
    ///
    /// ```
    /// use dingtalk_files::{GetFileUploadInfoV2, Region};
    ///
    /// let options = GetFileUploadInfoV2::new().prefer_region(Region::Shanghai).prefer_intranet(false);
    /// # let _ = options;
    /// ```
    GetFileUploadInfoV2 {
        /// Storage that receives the file. Only `DINGTALK` is supported, and it is the default.
        storage_driver: StorageDriver = dingtalk_files::StorageDriver::DingTalk,
        /// Checks made before the upload. Default: none.
        pre_check_param: PreCheckParamV2 = dingtalk_files::PreCheckParamV2::new().size(512),
        /// Preferred storage region of the file.
        prefer_region: Region = dingtalk_files::Region::Shanghai,
        /// Whether to prefer URLs on the internal network of a dedicated storage. Default: true, which matters only if
        /// such a network is set up.
        prefer_intranet: bool = false,
    }
}

options! {
    /// Optional parameters of [`StorageV2::commit_file`].
    ///
    /// ```
    /// use dingtalk_files::{CommitFileV2, ConflictStrategy};
    ///
    /// let options = CommitFileV2::new().size(512).conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    CommitFileV2 {
        /// Size of the file in bytes. If it is set and differs from the stored size, the commit fails.
        size: u64 = 512,
        /// Conflict strategy if the name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
        /// App properties of the file, at most 3.
        app_properties: Vec<AppProperty> as impl Into<Vec<AppProperty>> = [],
        /// Whether to convert the file to an online document. Default: false.
        convert_to_online_doc: bool = true,
        /// Type of the online document. Default: derived from the extension.
        convert_to_online_doc_target_document_type: OnlineDocType = dingtalk_files::OnlineDocType::Workbook,
        /// Uuid of the classification label of the file.
        classification_label_id: String as impl Into<String> = "label-1",
    }
}

impl StorageV2<'_> {
    /// Returns the URLs and headers for uploading a new file: the first of the three steps of an upload.
    ///
    /// Calls `GetFileUploadInfo` of storage 2.0, documented at
    /// [obtain-file-upload-informations](https://open.dingtalk.com/document/orgapp/obtain-file-upload-informations).
    /// Permission: `Storage.UploadInfo.Read`. Internal and ISV apps.
    ///
    /// The folder is identified by its dentryUuid; for the root of a space, pass the dentryUuid of the root. Each call
    /// returns a new upload key. The second step is a PUT of the bytes to the first URL, with all headers of the
    /// response and **without** a `Content-Type`, which would break the signature. The third step is
    /// [`commit_file`](Self::commit_file). A multipart upload can only be started in storage 1.0:
    /// [`Storage::init_multipart_file_upload`](crate::Storage::init_multipart_file_upload).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetFileUploadInfoV2, PreCheckParamV2, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = GetFileUploadInfoV2::new().pre_check_param(PreCheckParamV2::new().name("report.xls").size(512));
    /// let info = client.storage_v2().get_file_upload_info("folder-uuid-1", UnionId("operator-1"), &options)?;
    /// println!("upload key: {}", info.upload_key);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `spaceNotExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`, `appQuotaInsufficient`,
    /// `orgQuotaInsufficient`; `dentryUploadForbidden`, `dentryUploadProtocolNotSupport`, `dentryUploadError`;
    /// `paramError.parentDentryUuid`, `paramError.storageDriver`, `paramError.protocol`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_file_upload_info(
        &self,
        parent_dentry_uuid: &str,
        operator: UnionId<'_>,
        options: &GetFileUploadInfoV2,
    ) -> Result<UploadInfo> {
        let call = Call::new(
            "POST /v2.0/storage/spaces/files/{parentDentryUuid}/uploadInfos/query",
            &[parent_dentry_uuid],
        )
        .acting(operator)
        .field("protocol", PROTOCOL)
        .option(options.if_set())
        .reads();
        self.client.call(&call)
    }

    /// Creates a file from the uploaded bytes: the last step of an upload.
    ///
    /// Calls `CommitFile` of storage 2.0, documented at
    /// [submittal-file](https://open.dingtalk.com/document/orgapp/submittal-file).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// This operation is the vendor's successor of [`Storage::commit_file`](crate::Storage::commit_file), and is open
    /// to new apps. Spaces at both ends of the name are removed. A tab, any of `*"<>|`, and a dot at the end are not
    /// allowed. The operation can convert the file to an online document, which then differs from the uploaded file.
    ///
    /// If the name is taken, the vendor's default is `AUTO_RENAME`: a second commit may create `report(1).xls`. The
    /// call is therefore never retried automatically: after a network failure or a 5xx, check
    /// [`Error::may_have_run`](crate::Error::may_have_run) and the folder before committing again.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, CommitFileV2, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage_v2(), UnionId("operator-1"));
    /// let options = CommitFileV2::new().size(512);
    /// let file = storage.commit_file("folder-uuid-1", "upload-key-1", "report.xls", operator, &options)?;
    /// println!("{:?} is version {:?}", file.path, file.version);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than 3 app properties, before any request is
    /// sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`, `appQuotaInsufficient`,
    /// `orgQuotaInsufficient`; `dentryNameIllegal`, `dentryNameConflict`, `dentryStoreError`, `dentryFormatNotSupport`;
    /// `paramError.parentDentryUuid`, `paramError.uploadKey`, `paramError.name`, `paramError.conflictStrategy`,
    /// `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn commit_file(
        &self,
        parent_dentry_uuid: &str,
        upload_key: &str,
        name: &str,
        operator: UnionId<'_>,
        options: &CommitFileV2,
    ) -> Result<Dentry> {
        let call =
            Call::new("POST /v2.0/storage/spaces/files/{parentDentryUuid}/commit", &[parent_dentry_uuid])
                .acting(operator)
                .field("uploadKey", upload_key)
                .field("name", name)
                .limit_if_set("appProperties", options.app_properties.as_ref(), MAX_APP_PROPERTIES)
                .option(options.if_set());
        self.client.field("dentry", &call)
    }
}
