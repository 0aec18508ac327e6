//! The three steps of an upload, in both versions of the storage API.

use dingtalk_files::testing::{FakeDingTalk, ManualClock};
use dingtalk_files::{
    AppProperty, CommitFile, CommitFileV2, ConflictStrategy, DentryCategory, Error, GetFileUploadInfo,
    GetFileUploadInfoV2, GetMultipartFileUploadInfos, InitMultipartFileUpload, OnlineDocType, PreCheckParam,
    PreCheckParamV2, Region, RetryPolicy, StorageDriver, TransferProtocol, UnionId, UploadInfo, Visibility,
};
use serde_json::json;

use super::storage::{assert_is_the_full_dentry, full_dentry};
use crate::support::{LITTLE, Seen, Wire};

const OPERATOR: UnionId<'_> = UnionId("union-1");

const UPLOAD_INFO: &str = r#"{"uploadKey": "upload-key-1", "storageDriver": "DINGTALK", "protocol": "HEADER_SIGNATURE",
    "headerSignatureInfo": {"resourceUrls": ["https://zjk.trans.dingtalk.com/object-1"],
        "headers": {"key": "header_value"}, "expirationSeconds": 900, "region": "ZHANGJIAKOU",
        "internalResourceUrls": ["https://internal.example/object-1"]}}"#;

fn assert_is_the_full_upload_info(info: UploadInfo) {
    assert_eq!(info.upload_key, "upload-key-1");
    assert_eq!(info.storage_driver, Some(StorageDriver::DingTalk));
    assert_eq!(info.protocol, Some(TransferProtocol::HeaderSignature));
    let signed = info.header_signature_info.unwrap();
    assert_eq!(signed.resource_urls, ["https://zjk.trans.dingtalk.com/object-1"]);
    assert_eq!(signed.internal_resource_urls, ["https://internal.example/object-1"]);
    assert_eq!(signed.headers["key"], "header_value");
    assert_eq!((signed.expiration_seconds, signed.region), (Some(900), Some(Region::Zhangjiakou)));
}

fn properties(count: usize) -> Vec<AppProperty> {
    (0..count).map(|i| AppProperty::new(format!("name-{i}"), "value-1", Visibility::Private)).collect()
}

#[test]
fn get_file_upload_info_as_documented() {
    let wire = Wire::json(UPLOAD_INFO);
    let client = wire.client();
    let check = PreCheckParam::new();
    let all = GetFileUploadInfo::new()
        .storage_driver(StorageDriver::DingTalk)
        .pre_check_param(check.clone().md5("md5-1").size(512).parent_id("folder-1").name("test-file.xls"))
        .prefer_region(Region::Zhangjiakou)
        .prefer_intranet(true);
    let table = [
        (false, GetFileUploadInfo::new(), json!({"protocol": "HEADER_SIGNATURE", "multipart": false})),
        (
            true,
            all,
            json!({"protocol": "HEADER_SIGNATURE", "multipart": true, "option": {"storageDriver": "DINGTALK",
                "preCheckParam": {"md5": "md5-1", "size": 512, "parentId": "folder-1", "name": "test-file.xls"},
                "preferRegion": "ZHANGJIAKOU", "preferIntranet": true}}),
        ),
        (
            false,
            GetFileUploadInfo::new().pre_check_param(check.name("a.txt")),
            json!({"protocol": "HEADER_SIGNATURE", "multipart": false,
                "option": {"preCheckParam": {"name": "a.txt"}}}),
        ),
    ];
    for (multipart, options, body) in table {
        let info = client.storage().get_file_upload_info("space-1", multipart, OPERATOR, &options).unwrap();
        let target = "/v1.0/storage/spaces/space-1/files/uploadInfos/query?unionId=union-1";
        assert_eq!(wire.only_request(), Seen::post(&wire.host(), target, body).with_token());
        assert_is_the_full_upload_info(info);
    }
}

#[test]
fn get_file_upload_info_of_2_0_as_documented() {
    let wire = Wire::json(UPLOAD_INFO);
    let client = wire.client();
    let all = GetFileUploadInfoV2::new()
        .storage_driver(StorageDriver::DingTalk)
        .pre_check_param(PreCheckParamV2::new().size(512).name("test-file.xls"))
        .prefer_region(Region::Shanghai)
        .prefer_intranet(false);
    let table = [
        (GetFileUploadInfoV2::new(), json!({"protocol": "HEADER_SIGNATURE"})),
        (
            all,
            json!({"protocol": "HEADER_SIGNATURE", "option": {"storageDriver": "DINGTALK",
                "preCheckParam": {"size": 512, "name": "test-file.xls"}, "preferRegion": "SHANGHAI",
                "preferIntranet": false}}),
        ),
    ];
    for (options, body) in table {
        let info = client.storage_v2().get_file_upload_info("uuid-2", OPERATOR, &options).unwrap();
        let target = "/v2.0/storage/spaces/files/uuid-2/uploadInfos/query?unionId=union-1";
        assert_eq!(wire.only_request(), Seen::post(&wire.host(), target, body).with_token());
        assert_is_the_full_upload_info(info);
    }
}

#[test]
fn upload_infos_that_say_little() {
    let nulls =
        r#"{"uploadKey": null, "storageDriver": null, "protocol": null, "headerSignatureInfo": null}"#;
    for bare in ["{}", nulls] {
        let client = Wire::json(bare);
        let client = client.client();
        let infos = [
            client.storage().get_file_upload_info("space-1", false, OPERATOR, &GetFileUploadInfo::new()),
            client.storage_v2().get_file_upload_info("uuid-2", OPERATOR, &GetFileUploadInfoV2::new()),
        ];
        for info in infos {
            let nothing = info.unwrap_err().to_string();
            assert!(nothing.contains("it has none of `uploadKey`, "), "{nothing}");
        }
    }
    let wire = Wire::json(r#"{"storageDriver": "TAPE", "protocol": "TORRENT", "new": [1]}"#);
    let options = GetFileUploadInfo::new();
    let info = wire.client().storage().get_file_upload_info("space-1", false, OPERATOR, &options).unwrap();
    assert_eq!(info.storage_driver, Some(StorageDriver::Other("TAPE".to_owned())));
    assert_eq!(info.protocol, Some(TransferProtocol::Other("TORRENT".to_owned())));
}

#[test]
fn init_multipart_file_upload_as_documented() {
    let wire = Wire::json(r#"{"uploadKey": "upload-key-1", "storageDriver": "SHANJI"}"#);
    let client = wire.client();
    let all = InitMultipartFileUpload::new()
        .storage_driver(StorageDriver::DingTalk)
        .pre_check_param(PreCheckParam::new().md5("md5-1").size(512).parent_id("folder-1").name("a.txt"))
        .prefer_region(Region::Singapore);
    let table = [
        (InitMultipartFileUpload::new(), json!({})),
        (
            all,
            json!({"option": {"storageDriver": "DINGTALK", "preferRegion": "SINGAPORE",
                "preCheckParam": {"md5": "md5-1", "size": 512, "parentId": "folder-1", "name": "a.txt"}}}),
        ),
    ];
    for (options, body) in table {
        let upload = client.storage().init_multipart_file_upload("space-1", OPERATOR, &options).unwrap();
        let target = "/v1.0/storage/spaces/space-1/files/multiPartUploadInfos/init?unionId=union-1";
        assert_eq!(wire.only_request(), Seen::post(&wire.host(), target, body).with_token());
        assert_eq!(upload.upload_key, "upload-key-1");
        assert_eq!(upload.storage_driver, Some(StorageDriver::Shanji));
    }
    for bare in ["{}", r#"{"uploadKey": null, "storageDriver": null}"#] {
        let wire = Wire::json(bare);
        let options = InitMultipartFileUpload::new();
        let upload = wire.client().storage().init_multipart_file_upload("space-1", OPERATOR, &options);
        assert_eq!(upload.unwrap(), dingtalk_files::MultipartUpload::default());
    }
}

#[test]
fn get_multipart_file_upload_infos_as_documented() {
    let wire = Wire::json(
        r#"{"multipartHeaderSignatureInfos": [
            {"partNumber": 1, "headerSignatureInfo": {"resourceUrls": ["https://zjk.trans.dingtalk.com/object-1"],
                "headers": {"key": "header_value"}, "expirationSeconds": 900, "region": "ZHANGJIAKOU",
                "internalResourceUrls": ["https://internal.example/object-1"]}},
            {"partNumber": 10000, "headerSignatureInfo": null, "new": 1}]}"#,
    );
    let client = wire.client();
    let table = [
        (GetMultipartFileUploadInfos::new(), json!({"uploadKey": "upload-key-1", "partNumbers": [1, 10000]})),
        (
            GetMultipartFileUploadInfos::new().prefer_intranet(true),
            json!({"uploadKey": "upload-key-1", "partNumbers": [1, 10000], "option": {"preferIntranet": true}}),
        ),
    ];
    for (options, body) in table {
        let storage = client.storage();
        let parts =
            storage.get_multipart_file_upload_infos("upload-key-1", &[1, 10000], OPERATOR, &options).unwrap();
        // No space in this path: `files` stands where others have it.
        let target = "/v1.0/storage/spaces/files/multiPartUploadInfos/query?unionId=union-1";
        assert_eq!(wire.only_request(), Seen::post(&wire.host(), target, body).with_token());
        assert_eq!(parts.iter().map(|p| p.part_number).collect::<Vec<_>>(), [1, 10000]);
        assert_eq!(parts[1].header_signature_info, None);
        let signed = parts[0].header_signature_info.as_ref().unwrap();
        assert_eq!(signed.resource_urls, ["https://zjk.trans.dingtalk.com/object-1"]);
        assert_eq!(signed.headers["key"], "header_value");
    }
    for bare in ["{}", r#"{"multipartHeaderSignatureInfos": null}"#] {
        let wire = Wire::json(bare);
        let options = GetMultipartFileUploadInfos::new();
        let parts = wire.client().storage().get_multipart_file_upload_infos("k", &[1], OPERATOR, &options);
        assert!(parts.unwrap_err().to_string().ends_with("`multipartHeaderSignatureInfos` is missing"));
    }
}

#[test]
fn part_numbers_outside_the_limits_are_refused_before_anything_is_sent() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let thirty_one: Vec<u32> = (1..=31).collect();
    let table: [(&[u32], &str); 4] = [
        (&[], "0 `partNumbers`, and one call takes 1 to 30"),
        (&thirty_one, "31 `partNumbers`, and one call takes 1 to 30"),
        (&[1, 0], "`partNumbers[..]` is 0, and 1 to 10000 are allowed"),
        (&[10_000, 10_001], "`partNumbers[..]` is 10001, and 1 to 10000 are allowed"),
    ];
    for (numbers, problem) in table {
        let options = GetMultipartFileUploadInfos::new();
        let asked = client.storage().get_multipart_file_upload_infos("k", numbers, OPERATOR, &options);
        assert_refused(&asked.unwrap_err(), "/v1.0/storage/spaces/files/multiPartUploadInfos/query", problem);
    }
    assert_eq!(fake.connections(), 0);

    let wire = Wire::json(LITTLE);
    let options = GetMultipartFileUploadInfos::new();
    let allowed = &thirty_one[..30];
    wire.client().storage().get_multipart_file_upload_infos("k", allowed, OPERATOR, &options).unwrap();
    assert_eq!(wire.only_request().body["partNumbers"].as_array().unwrap().len(), 30);
}

#[test]
fn a_fourth_app_property_is_refused_before_anything_is_sent() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let (old, new) = (CommitFile::new(), CommitFileV2::new());
    let problem = "4 `appProperties`, and one call takes at most 3";
    let four = old.clone().app_properties(properties(4));
    let error = client.storage().commit_file("space-1", "k", "a.txt", "0", OPERATOR, &four).unwrap_err();
    assert_refused(&error, "/v1.0/storage/spaces/{spaceId}/files/commit", problem);
    let four = new.clone().app_properties(properties(4));
    let error = client.storage_v2().commit_file("uuid-2", "k", "a.txt", OPERATOR, &four).unwrap_err();
    assert_refused(&error, "/v2.0/storage/spaces/files/{parentDentryUuid}/commit", problem);
    assert_eq!(fake.connections(), 0);

    let wire = Wire::json("{}");
    let client = wire.client();
    let three = old.app_properties(properties(3));
    client.storage().commit_file("space-1", "k", "a.txt", "0", OPERATOR, &three).unwrap();
    let three = new.app_properties(properties(3));
    client.storage_v2().commit_file("uuid-2", "k", "a.txt", OPERATOR, &three).unwrap();
    for request in wire.requests() {
        assert_eq!(request.body["option"]["appProperties"].as_array().unwrap().len(), 3);
    }
}

#[track_caller]
fn assert_refused(error: &Error, route: &str, problem: &str) {
    let Error::InvalidArgument(text) = error else { panic!("{error}") };
    assert_eq!(*text, format!("POST {route}: {problem}"));
    assert!(!error.may_have_run() && !error.is_transient());
}

#[test]
fn commit_file_as_documented() {
    let wire = Wire::json(&json!({"dentry": full_dentry()}).to_string());
    let client = wire.client();
    let all = CommitFile::new()
        .size(1024)
        .conflict_strategy(ConflictStrategy::Overwrite)
        .app_properties([AppProperty::new("property1", "value1", Visibility::Public)])
        .overwrite_dentry_id("dentry-2");
    let bare = json!({"uploadKey": "upload-key-1", "name": "test-file.xls", "parentId": "0"});
    let mut beside = bare.clone();
    beside["overwriteDentryId"] = json!("dentry-2");
    let mut whole = beside.clone();
    whole["option"] = json!({"size": 1024, "conflictStrategy": "OVERWRITE",
        "appProperties": [{"name": "property1", "value": "value1", "visibility": "PUBLIC"}]});
    let table = [
        (CommitFile::new(), bare),
        (all, whole),
        (CommitFile::new().overwrite_dentry_id("dentry-2"), beside),
    ];
    for (options, body) in table {
        let storage = client.storage();
        let dentry =
            storage.commit_file("space-1", "upload-key-1", "test-file.xls", "0", OPERATOR, &options).unwrap();
        let target = "/v1.0/storage/spaces/space-1/files/commit?unionId=union-1";
        assert_eq!(wire.only_request(), Seen::post(&wire.host(), target, body).with_token());
        assert_is_the_full_dentry(&dentry);
    }
}

#[test]
fn commit_file_of_2_0_as_documented() {
    let wire = Wire::json(&json!({"dentry": full_dentry()}).to_string());
    let client = wire.client();
    let all = CommitFileV2::new()
        .size(512)
        .conflict_strategy(ConflictStrategy::AutoRename)
        .app_properties(properties(1))
        .convert_to_online_doc(true)
        .convert_to_online_doc_target_document_type(OnlineDocType::SmartTable)
        .classification_label_id("label-1");
    let bare = json!({"uploadKey": "upload-key-1", "name": "test-file.xls"});
    let mut whole = bare.clone();
    whole["option"] = json!({"size": 512, "conflictStrategy": "AUTO_RENAME",
        "appProperties": [{"name": "name-0", "value": "value-1", "visibility": "PRIVATE"}],
        "convertToOnlineDoc": true, "convertToOnlineDocTargetDocumentType": "SMART_TABLE",
        "classificationLabelId": "label-1"});
    for (options, body) in [(CommitFileV2::new(), bare), (all, whole)] {
        let storage = client.storage_v2();
        let dentry =
            storage.commit_file("uuid-2", "upload-key-1", "test-file.xls", OPERATOR, &options).unwrap();
        let target = "/v2.0/storage/spaces/files/uuid-2/commit?unionId=union-1";
        assert_eq!(wire.only_request(), Seen::post(&wire.host(), target, body).with_token());
        assert_is_the_full_dentry(&dentry);
    }
}

/// A commit that happened is not made an error by an answer that says little.
#[test]
fn commits_whose_answer_says_little() {
    for bare in ["{}", r#"{"dentry": null}"#, r#"{"dentry": {}, "new": 1}"#] {
        let wire = Wire::json(bare);
        let client = wire.client();
        let (old, new) = (CommitFile::new(), CommitFileV2::new());
        let old = client.storage().commit_file("space-1", "k", "a.txt", "0", OPERATOR, &old);
        let new = client.storage_v2().commit_file("uuid-2", "k", "a.txt", OPERATOR, &new);
        assert_eq!(old.unwrap(), dingtalk_files::Dentry::default());
        assert_eq!(new.unwrap(), dingtalk_files::Dentry::default());
    }
    let wire = Wire::json(r#"{"dentry": {"category": "OTHER"}}"#);
    let options = CommitFileV2::new();
    let dentry = wire.client().storage_v2().commit_file("uuid-2", "k", "a.txt", OPERATOR, &options).unwrap();
    assert_eq!(dentry.category, Some(DentryCategory::Miscellaneous));
}

/// A failure that may have run is repeated where the catalog calls the operation idempotent, and nowhere else.
#[test]
fn only_questions_are_asked_twice() {
    let wire = Wire::error(500, r#"{"code": "systemError"}"#);
    let retry = RetryPolicy::new().max_retries(1);
    let client = wire.builder().retry(retry).clock(ManualClock::new()).build().unwrap();
    let (old, new, file) = (client.storage(), client.storage_v2(), client.conv_file());
    let (init, parts) = (InitMultipartFileUpload::new(), GetMultipartFileUploadInfos::new());
    let table = [
        (old.get_file_upload_info("s", false, OPERATOR, &GetFileUploadInfo::new()).err(), 2),
        (new.get_file_upload_info("u", OPERATOR, &GetFileUploadInfoV2::new()).err(), 2),
        (old.get_multipart_file_upload_infos("k", &[1], OPERATOR, &parts).err(), 2),
        (old.get_task("t", OPERATOR).err(), 2),
        (old.init_multipart_file_upload("s", OPERATOR, &init).err(), 1),
        (old.commit_file("s", "k", "n", "0", OPERATOR, &CommitFile::new()).err(), 1),
        (new.commit_file("u", "k", "n", OPERATOR, &CommitFileV2::new()).err(), 1),
        (file.send("s", "d", "c", OPERATOR).err(), 1),
    ];
    let requests = wire.requests();
    let mut requests = requests.iter();
    for (error, times) in table {
        let Some(Error::Api(error)) = error else { panic!("{error:?}") };
        assert_eq!(error.code, "systemError");
        let (_, path) = error.operation.split_once(' ').unwrap();
        // The route up to its first placeholder, and its end.
        let (start, end) = (path.split('{').next().unwrap(), path.rsplit('}').next().unwrap());
        for _ in 0..times {
            let target = &requests.next().unwrap().target;
            assert!(target.starts_with(start) && target.contains(end), "{target}, not {path}");
        }
    }
    assert_eq!(requests.next(), None);
}

/// Every word that is sent, as it is written; and one that the crate does not know.
#[test]
fn words_go_out_as_they_come_in() {
    let wire = Wire::json("{}");
    let storage = wire.client();
    let strategies = [
        (ConflictStrategy::AutoRename, "AUTO_RENAME"),
        (ConflictStrategy::Overwrite, "OVERWRITE"),
        (ConflictStrategy::ReturnDentryIfExists, "RETURN_DENTRY_IF_EXISTS"),
        (ConflictStrategy::ReturnErrorIfExists, "RETURN_ERROR_IF_EXISTS"),
        (ConflictStrategy::from("ASK_A_FRIEND".to_owned()), "ASK_A_FRIEND"),
    ];
    for (strategy, word) in strategies {
        let options = CommitFile::new().conflict_strategy(strategy);
        storage.storage().commit_file("space-1", "k", "a.txt", "0", OPERATOR, &options).unwrap();
        assert_eq!(wire.only_request().body["option"], json!({"conflictStrategy": word}));
    }
    let types = [
        (OnlineDocType::Doc, "DOC"),
        (OnlineDocType::Workbook, "WORKBOOK"),
        (OnlineDocType::SmartTable, "SMART_TABLE"),
    ];
    for (kind, word) in types {
        let options = CommitFileV2::new().convert_to_online_doc_target_document_type(kind);
        storage.storage_v2().commit_file("uuid-2", "k", "a.txt", OPERATOR, &options).unwrap();
        let expected = json!({"convertToOnlineDocTargetDocumentType": word});
        assert_eq!(wire.only_request().body["option"], expected);
    }
    let wire = Wire::json(LITTLE);
    let storage = wire.client();
    for word in ["DINGTALK", "ALIDOC", "SHANJI", "UNKNOWN", "TAPE"] {
        let options = GetFileUploadInfo::new().storage_driver(StorageDriver::from(word.to_owned()));
        storage.storage().get_file_upload_info("space-1", false, OPERATOR, &options).unwrap();
        assert_eq!(wire.only_request().body["option"], json!({"storageDriver": word}));
    }
}
