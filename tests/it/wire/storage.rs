//! Answer types shared by several storage operations, tasks, and values in paths.

use dingtalk_files::{
    CommitFile, CommitFileV2, Dentry, DentryCategory, DentryStatus, DentryType, GetFileUploadInfo,
    GetFileUploadInfoV2, InitMultipartFileUpload, PartitionType, StorageDriver, Task, TaskStatus, Timestamp,
    UnionId, Visibility,
};
use serde_json::{Value, json};

use crate::support::{MINIMAL_ANSWER, Wire};

/// Returns a dentry with all fields that any operation documents.
pub(super) fn full_dentry() -> Value {
    json!({"id": "dentry-1", "spaceId": "space-1", "parentId": "0", "type": "FILE", "name": "test-file.xls",
        "size": 512, "path": "/test-folder/test-file.xls", "version": 1, "status": "NORMAL", "extension": "xls",
        "creatorId": "union-1", "modifierId": "union-2", "createTime": "2022-01-01T10:00:00Z",
        "modifiedTime": "2022-01-01T10:00Z", "properties": {"readOnly": true},
        "appProperties": {"app-1": [{"name": "property1", "value": "value1", "visibility": "PRIVATE"}]},
        "uuid": "uuid-1", "partitionType": "PUBLIC_OSS_PARTITION", "storageDriver": "DINGTALK",
        "thumbnail": {"width": 64, "height": 48, "url": "https://h.example/picture"}, "category": "DOCUMENT"})
}

#[track_caller]
pub(super) fn assert_is_the_full_dentry(dentry: &Dentry) {
    assert_eq!(dentry.id.as_deref(), Some("dentry-1"));
    assert_eq!(dentry.space_id.as_deref(), Some("space-1"));
    assert_eq!(dentry.parent_id.as_deref(), Some("0"));
    assert_eq!(dentry.kind, Some(DentryType::File));
    assert_eq!(dentry.name.as_deref(), Some("test-file.xls"));
    assert_eq!(dentry.size, Some(512));
    assert_eq!(dentry.path.as_deref(), Some("/test-folder/test-file.xls"));
    assert_eq!(dentry.version, Some(1));
    assert_eq!(dentry.status, Some(DentryStatus::Normal));
    assert_eq!(dentry.extension.as_deref(), Some("xls"));
    assert_eq!(dentry.creator_id.as_deref(), Some("union-1"));
    assert_eq!(dentry.modifier_id.as_deref(), Some("union-2"));
    assert_eq!(dentry.create_time, Some(Timestamp::new("2022-01-01T10:00:00Z")));
    assert_eq!(dentry.modified_time, Some(Timestamp::new("2022-01-01T10:00Z")));
    assert_eq!(dentry.properties.as_ref().unwrap().read_only, Some(true));
    assert_eq!(dentry.uuid.as_deref(), Some("uuid-1"));
    assert_eq!(dentry.partition_type, Some(PartitionType::PublicOss));
    assert_eq!(dentry.storage_driver, Some(StorageDriver::DingTalk));
    assert_eq!(dentry.category, Some(DentryCategory::Document));
    let thumbnail = dentry.thumbnail.as_ref().unwrap();
    assert_eq!((thumbnail.width, thumbnail.height), (Some(64), Some(48)));
    assert_eq!(thumbnail.url.as_deref(), Some("https://h.example/picture"));
    assert_eq!(dentry.app_properties.len(), 1);
    let property = &dentry.app_properties["app-1"][0];
    assert_eq!((property.name.as_str(), property.value.as_str()), ("property1", "value1"));
    assert_eq!(property.visibility, Some(Visibility::Private));
}

#[test]
fn app_properties_are_read_from_a_map_or_a_list() {
    let read = |json: Value| serde_json::from_value::<Dentry>(json!({"appProperties": json})).unwrap();
    let owners = |dentry: &Dentry| -> Vec<(String, usize)> {
        dentry.app_properties.iter().map(|(owner, list)| (owner.clone(), list.len())).collect()
    };
    let one = json!({"name": "n", "value": "v", "visibility": "PUBLIC"});
    let map = read(json!({"app-1": [one, one], "app-2": [], "app-3": null}));
    assert_eq!(owners(&map), [("app-1".to_owned(), 2), ("app-2".to_owned(), 0), ("app-3".to_owned(), 0)]);
    let list = read(json!([one, one, one]));
    assert_eq!(owners(&list), [(String::new(), 3)]);
    assert_eq!(list.app_properties[""][2], map.app_properties["app-1"][0]);
    for nothing in [json!(null), json!({}), json!([])] {
        assert_eq!(read(nothing), Dentry::default());
    }
    let odd = read(json!([{"name": null, "new": 1}, {"visibility": "FRIENDS"}]));
    let odd = &odd.app_properties[""];
    assert_eq!((odd[0].name.as_str(), odd[0].value.as_str(), &odd[0].visibility), ("", "", &None));
    assert_eq!(odd[1].visibility, Some(Visibility::Other("FRIENDS".to_owned())));
    // Any other type is an error.
    assert!(serde_json::from_value::<Dentry>(json!({"appProperties": "none"})).is_err());
}

#[test]
fn a_dentry_with_only_nulls_is_read_as_empty() {
    let mut dentry = full_dentry();
    for value in dentry.as_object_mut().unwrap().values_mut() {
        *value = Value::Null;
    }
    assert_eq!(serde_json::from_value::<Dentry>(dentry).unwrap(), Dentry::default());
    let inner = json!({"properties": {"readOnly": null}, "thumbnail": {"url": null, "width": null}});
    let dentry: Dentry = serde_json::from_value(inner).unwrap();
    assert_eq!(dentry.properties.unwrap().read_only, None);
    assert_eq!(dentry.thumbnail.unwrap().url, None);
}

#[test]
fn unknown_words_of_a_dentry_are_kept() {
    let json = json!({"type": "SHORTCUT", "status": "FROZEN", "partitionType": "CLOUD", "storageDriver": "TAPE",
        "category": "SMELL", "new": {"deep": []}});
    let dentry: Dentry = serde_json::from_value(json).unwrap();
    let words = [
        dentry.kind.unwrap().to_string(),
        dentry.status.unwrap().to_string(),
        dentry.partition_type.unwrap().to_string(),
        dentry.storage_driver.unwrap().to_string(),
        dentry.category.unwrap().to_string(),
    ];
    assert_eq!(words, ["SHORTCUT", "FROZEN", "CLOUD", "TAPE", "SMELL"]);

    let known = [
        (DentryCategory::Image, "IMAGE"),
        (DentryCategory::Video, "VIDEO"),
        (DentryCategory::Audio, "AUDIO"),
        (DentryCategory::Archive, "ARCHIVE"),
        (DentryCategory::Shortcut, "SHORTCUT"),
        (DentryCategory::Document, "DOCUMENT"),
        (DentryCategory::AliDoc, "ALI_DOC"),
        (DentryCategory::Miscellaneous, "OTHER"),
    ];
    for (category, word) in known {
        assert_eq!(DentryCategory::from(word.to_owned()), category);
    }
    assert_eq!(PartitionType::from("MINI_OSS_PARTITION".to_owned()), PartitionType::MiniOss);
}

#[test]
fn a_task_is_finished_after_success_or_failure() {
    let table = [
        ("INIT", TaskStatus::Init, false),
        ("IN_PROGRESS", TaskStatus::InProgress, false),
        ("SUCCESS", TaskStatus::Success, true),
        ("FAIL", TaskStatus::Fail, true),
        ("PAUSED", TaskStatus::Other("PAUSED".to_owned()), false),
    ];
    for (word, status, finished) in table {
        let task: Task = serde_json::from_value(json!({"status": word})).unwrap();
        assert_eq!((task.status.as_ref(), task.is_finished()), (Some(&status), finished));
    }
    assert!(!Task::default().is_finished());
}

#[test]
fn values_in_the_paths_of_uploads_and_tasks_are_encoded() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let client = wire.client();
    let (storage, v2) = (client.storage(), client.storage_v2());
    for (value, encoded) in [("a/b?c#d", "a%2Fb%3Fc%23d"), ("../1 %", "..%2F1%20%25"), ("文", "%E6%96%87")] {
        let person = UnionId(value);
        storage.get_file_upload_info(value, false, person, &GetFileUploadInfo::new()).unwrap();
        storage.init_multipart_file_upload(value, person, &InitMultipartFileUpload::new()).unwrap();
        storage.commit_file(value, value, value, value, person, &CommitFile::new()).unwrap();
        storage.get_task(value, person).unwrap();
        v2.get_file_upload_info(value, person, &GetFileUploadInfoV2::new()).unwrap();
        v2.commit_file(value, value, value, person, &CommitFileV2::new()).unwrap();
        let requests = wire.requests();
        let targets = [
            format!("/v1.0/storage/spaces/{encoded}/files/uploadInfos/query"),
            format!("/v1.0/storage/spaces/{encoded}/files/multiPartUploadInfos/init"),
            format!("/v1.0/storage/spaces/{encoded}/files/commit"),
            format!("/v1.0/storage/tasks/{encoded}"),
            format!("/v2.0/storage/spaces/files/{encoded}/uploadInfos/query"),
            format!("/v2.0/storage/spaces/files/{encoded}/commit"),
        ];
        let targets = targets.map(|path| format!("{path}?unionId={encoded}"));
        assert_eq!(requests.iter().map(|r| r.target.as_str()).collect::<Vec<_>>(), targets);
        // A value in a body is sent unchanged.
        assert_eq!(requests[2].body, json!({"uploadKey": value, "name": value, "parentId": value}));
        assert_eq!(requests[5].body, json!({"uploadKey": value, "name": value}));
    }
}
