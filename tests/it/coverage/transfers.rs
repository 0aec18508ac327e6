use dingtalk_files::{
    AppProperty, CommitFile, CommitFileV2, ConflictStrategy, GetFileDownloadInfo, GetFileUploadInfo,
    GetFileUploadInfoV2, GetMultipartFileUploadInfos, InitMultipartFileUpload, OnlineDocType, PreCheckParam,
    PreCheckParamV2, Region, StorageDriver, UnionId, Visibility,
};

use super::{Row, shown};

const OPERATOR: UnionId<'_> = UnionId("union-1");

/// Fields of a signature, which are never shown.
const SIGNED: &[&str] = &[
    "headerSignatureInfo.resourceUrls",
    "headerSignatureInfo.internalResourceUrls",
    "headerSignatureInfo.headers",
];

fn property() -> AppProperty {
    AppProperty::new("invoice", "2024-17", Visibility::Private)
}

fn check() -> PreCheckParam {
    PreCheckParam::new().md5("md5-1").size(512).parent_id("0").name("report.xls")
}

pub(super) const ROWS: &[Row] = &[
    Row {
        group: "oauth2",
        name: "get_access_token",
        full: |client| shown(client.oauth2().get_access_token("app-key-1", "app-secret-1")),
        bare: |client| shown(client.oauth2().get_access_token("app-key-1", "app-secret-1")),
        withheld: &["accessToken"],
    },
    Row {
        group: "convFile",
        name: "send",
        full: |client| shown(client.conv_file().send("space-1", "dentry-1", "conversation-1", OPERATOR)),
        bare: |client| shown(client.conv_file().send("space-1", "dentry-1", "conversation-1", OPERATOR)),
        withheld: &[],
    },
    Row {
        group: "convFile",
        name: "send_by_app",
        full: |client| shown(client.conv_file().send_by_app("space-1", "dentry-1", OPERATOR)),
        bare: |client| shown(client.conv_file().send_by_app("space-1", "dentry-1", OPERATOR)),
        withheld: &[],
    },
    Row {
        group: "storage",
        name: "get_file_download_info",
        full: |client| {
            let options = GetFileDownloadInfo::new().version(1).prefer_intranet(false);
            shown(client.storage().get_file_download_info("space-1", "dentry-1", OPERATOR, &options))
        },
        bare: |client| {
            let options = GetFileDownloadInfo::new();
            shown(client.storage().get_file_download_info("space-1", "dentry-1", OPERATOR, &options))
        },
        withheld: SIGNED,
    },
    Row {
        group: "storage",
        name: "get_file_upload_info",
        full: |client| {
            let options = GetFileUploadInfo::new()
                .storage_driver(StorageDriver::DingTalk)
                .pre_check_param(check())
                .prefer_region(Region::Shanghai)
                .prefer_intranet(false);
            shown(client.storage().get_file_upload_info("space-1", true, OPERATOR, &options))
        },
        bare: |client| {
            let options = GetFileUploadInfo::new();
            shown(client.storage().get_file_upload_info("space-1", false, OPERATOR, &options))
        },
        withheld: SIGNED,
    },
    Row {
        group: "storage",
        name: "init_multipart_file_upload",
        full: |client| {
            let options = InitMultipartFileUpload::new()
                .storage_driver(StorageDriver::DingTalk)
                .pre_check_param(check())
                .prefer_region(Region::Singapore);
            shown(client.storage().init_multipart_file_upload("space-1", OPERATOR, &options))
        },
        bare: |client| {
            let options = InitMultipartFileUpload::new();
            shown(client.storage().init_multipart_file_upload("space-1", OPERATOR, &options))
        },
        withheld: &[],
    },
    Row {
        group: "storage",
        name: "get_multipart_file_upload_infos",
        full: |client| {
            let options = GetMultipartFileUploadInfos::new().prefer_intranet(true);
            shown(client.storage().get_multipart_file_upload_infos("key-1", &[1, 10_000], OPERATOR, &options))
        },
        bare: |client| {
            let options = GetMultipartFileUploadInfos::new();
            shown(client.storage().get_multipart_file_upload_infos("key-1", &[1], OPERATOR, &options))
        },
        withheld: &[
            "multipartHeaderSignatureInfos.headerSignatureInfo.resourceUrls",
            "multipartHeaderSignatureInfos.headerSignatureInfo.internalResourceUrls",
            "multipartHeaderSignatureInfos.headerSignatureInfo.headers",
        ],
    },
    Row {
        group: "storage",
        name: "commit_file",
        full: |client| {
            let options = CommitFile::new()
                .size(512)
                .conflict_strategy(ConflictStrategy::Overwrite)
                .app_properties([property()])
                .overwrite_dentry_id("dentry-1");
            shown(client.storage().commit_file("space-1", "key-1", "report.xls", "0", OPERATOR, &options))
        },
        bare: |client| {
            let options = CommitFile::new();
            shown(client.storage().commit_file("space-1", "key-1", "report.xls", "0", OPERATOR, &options))
        },
        withheld: &["dentry.thumbnail.url"],
    },
    Row {
        group: "storage",
        name: "get_task",
        full: |client| shown(client.storage().get_task("task-1", OPERATOR)),
        bare: |client| shown(client.storage().get_task("task-1", OPERATOR)),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "get_file_upload_info",
        full: |client| {
            let options = GetFileUploadInfoV2::new()
                .storage_driver(StorageDriver::DingTalk)
                .pre_check_param(PreCheckParamV2::new().size(512).name("report.xls"))
                .prefer_region(Region::Shanghai)
                .prefer_intranet(false);
            shown(client.storage_v2().get_file_upload_info("uuid-1", OPERATOR, &options))
        },
        bare: |client| {
            let options = GetFileUploadInfoV2::new();
            shown(client.storage_v2().get_file_upload_info("uuid-1", OPERATOR, &options))
        },
        withheld: SIGNED,
    },
    Row {
        group: "storage_v2",
        name: "commit_file",
        full: |client| {
            let options = CommitFileV2::new()
                .size(512)
                .conflict_strategy(ConflictStrategy::ReturnErrorIfExists)
                .app_properties([property()])
                .convert_to_online_doc(true)
                .convert_to_online_doc_target_document_type(OnlineDocType::Workbook)
                .classification_label_id("label-1");
            shown(client.storage_v2().commit_file("uuid-1", "key-1", "report.xls", OPERATOR, &options))
        },
        bare: |client| {
            let options = CommitFileV2::new();
            shown(client.storage_v2().commit_file("uuid-1", "key-1", "report.xls", OPERATOR, &options))
        },
        withheld: &["dentry.thumbnail.url"],
    },
];
