//! The three steps of an upload, in both versions of the storage API.

use dingtalk_files::testing::ManualClock;
use dingtalk_files::{
    CommitFile, CommitFileV2, ConflictStrategy, DentryCategory, Error, GetFileUploadInfo,
    GetFileUploadInfoV2, GetMultipartFileUploadInfos, InitMultipartFileUpload, OnlineDocType, RetryPolicy,
    StorageDriver, TransferProtocol, UnionId,
};
use serde_json::json;

use crate::support::{MINIMAL_ANSWER, Wire};

const OPERATOR: UnionId<'_> = UnionId("union-1");

#[test]
fn upload_infos_without_required_fields_are_errors() {
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

/// A commit that has run is not an error because its answer is minimal.
#[test]
fn commits_with_minimal_answers_are_successes() {
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

/// A call that may have run is repeated only if the catalog calls the operation idempotent.
#[test]
fn only_idempotent_operations_are_repeated() {
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
        // The route up to its first placeholder, and after its last one.
        let (start, end) = (path.split('{').next().unwrap(), path.rsplit('}').next().unwrap());
        for _ in 0..times {
            let target = &requests.next().unwrap().target;
            assert!(target.starts_with(start) && target.contains(end), "{target}, not {path}");
        }
    }
    assert_eq!(requests.next(), None);
}

/// Covers every word that can be sent, and one that the crate does not know.
#[test]
fn enum_words_are_sent_as_documented() {
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
    let wire = Wire::json(MINIMAL_ANSWER);
    let storage = wire.client();
    for word in ["DINGTALK", "ALIDOC", "SHANJI", "UNKNOWN", "TAPE"] {
        let options = GetFileUploadInfo::new().storage_driver(StorageDriver::from(word.to_owned()));
        storage.storage().get_file_upload_info("space-1", false, OPERATOR, &options).unwrap();
        assert_eq!(wire.only_request().body["option"], json!({"storageDriver": word}));
    }
}
