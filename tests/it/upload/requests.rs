//! The exact requests of uploads, down to the headers.

use dingtalk_files::{AppProperty, ConflictStrategy, OnlineDocType, Region, UnionId, Visibility};
use serde_json::json;

use super::*;
use crate::support::SentRequest;

const INFO: &str = "/v1.0/storage/spaces/space-1/files/uploadInfos/query?unionId=operator-1";
const INIT: &str = "/v1.0/storage/spaces/space-1/files/multiPartUploadInfos/init?unionId=operator-1";
const PARTS: &str = "/v1.0/storage/spaces/files/multiPartUploadInfos/query?unionId=operator-1";
const COMMIT: &str = "/v1.0/storage/spaces/space-1/files/commit?unionId=operator-1";

impl Setup {
    /// Returns the expected API request.
    fn call(&self, target: &str, body: Value) -> SentRequest {
        let host = self.fake.base_url().replace("http://", "");
        SentRequest::post(&host, target, body)
            .with_header("x-acs-dingtalk-access-token", &self.fake.access_token())
    }

    #[track_caller]
    fn assert_called(&self, kind: Target, expected: &[SentRequest]) {
        let seen: Vec<SentRequest> = self.fake.requests_to(kind).iter().map(SentRequest::from).collect();
        assert_eq!(seen, expected);
    }

    fn kinds(&self) -> Vec<Target> {
        self.fake.requests().iter().map(|request| request.target.unwrap()).collect()
    }

    fn upload_key(&self) -> Value {
        self.bodies(Target::Commit)[0]["uploadKey"].clone()
    }
}

#[track_caller]
fn assert_put_headers(put: &Recorded, length: u64) {
    let mut names: Vec<&str> = put.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut expected = vec!["accept", "accept-encoding", "authorization", "content-length"];
    if length >= MIB {
        expected.push("expect");
    }
    expected.extend(["host", "user-agent", "x-oss-date"]);
    assert_eq!(names, expected);
    assert_eq!(put.header("content-length"), Some(length.to_string().as_str()));
    assert_eq!(put.header("expect"), (length >= MIB).then_some("100-continue"));
    assert_eq!((put.method.as_str(), put.body_length), ("PUT", length));
}

#[test]
fn a_single_put_upload_is_three_requests() {
    let (setup, bytes) = (Setup::new(), pattern(1000));
    setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
    // The last two requests belong to the test's own download.
    let expected = [Target::Token, Target::UploadInfo, Target::Put, Target::Commit];
    assert_eq!(setup.kinds()[..4], expected);
    let body = json!({"protocol": "HEADER_SIGNATURE", "multipart": false,
        "option": {"preCheckParam": {"size": 1000}}});
    setup.assert_called(Target::UploadInfo, &[setup.call(INFO, body)]);
    assert_put_headers(&setup.puts()[0], 1000);
    let body = json!({"uploadKey": setup.upload_key(), "name": "file.bin", "parentId": "0",
        "option": {"size": 1000}});
    setup.assert_called(Target::Commit, &[setup.call(COMMIT, body)]);
}

#[test]
fn only_a_put_of_one_mib_or_more_sends_expect() {
    for length in [0, 1, MIB - 1, MIB, MIB + 1] {
        let (setup, bytes) = (Setup::new(), pattern(length));
        setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
        assert_put_headers(&setup.puts()[0], length);
    }
    let (setup, bytes) = (Setup::new(), pattern(2 * MIB));
    let done = setup.upload().multipart_above(0).part_size(MIB).from_bytes(&bytes);
    setup.assert_done(done, &bytes);
    setup.puts().iter().for_each(|put| assert_put_headers(put, MIB));
}

#[test]
fn part_urls_are_requested_in_batches_of_thirty() {
    let (setup, bytes) = (Setup::new(), pattern(34 * PART + 5));
    setup.assert_done(setup.in_parts().from_bytes(&bytes), &bytes);
    let mut expected = vec![Target::Token, Target::InitMultipart, Target::PartInfos];
    expected.extend([Target::Put; 30]);
    expected.push(Target::PartInfos);
    expected.extend([Target::Put; 5]);
    expected.push(Target::Commit);
    assert_eq!(setup.kinds()[..expected.len()], expected);

    let body = json!({"option": {"preCheckParam": {"size": bytes.len()}}});
    setup.assert_called(Target::InitMultipart, &[setup.call(INIT, body)]);
    let key = setup.upload_key();
    let part_infos = |numbers: std::ops::RangeInclusive<u32>| {
        setup.call(PARTS, json!({"uploadKey": key, "partNumbers": numbers.collect::<Vec<_>>()}))
    };
    setup.assert_called(Target::PartInfos, &[part_infos(1..=30), part_infos(31..=35)]);
    assert!(setup.put_numbers().into_iter().eq(1..=35));
    for (put, length) in setup.puts().iter().zip([PART; 34].into_iter().chain([5])) {
        assert_put_headers(put, length);
    }
    let body = json!({"uploadKey": key, "name": "file.bin", "parentId": "0",
        "option": {"size": bytes.len()}});
    setup.assert_called(Target::Commit, &[setup.call(COMMIT, body)]);
}

#[test]
fn more_connections_do_not_cost_more_calls() {
    let (setup, bytes) = (Setup::new(), pattern(61 * PART));
    setup.assert_done(setup.in_parts().parallel(8).from_bytes(&bytes), &bytes);
    let expected: Vec<Vec<u64>> = [1..=30, 31..=60, 61..=61].into_iter().map(Iterator::collect).collect();
    assert_eq!(setup.requested_numbers(), expected);
}

#[test]
fn the_commit_has_the_callers_name_strategy_and_properties() {
    let setup = Setup::new();
    setup.fake.add_folder("space-1", "folder-1", "Reports");
    let upload = setup.client.upload("space-1", "folder-1", UnionId("operator-1"));
    let upload = upload.name("  七月 report.xls ").conflict_strategy(ConflictStrategy::Overwrite);
    let upload = upload.app_property(AppProperty::new("month", "7", Visibility::Private));
    let done = upload.app_property(AppProperty::new("year", "", Visibility::Public)).from_bytes("x").unwrap();
    let body = json!({"uploadKey": setup.upload_key(), "name": "  七月 report.xls ", "parentId": "folder-1",
        "option": {"size": 1, "conflictStrategy": "OVERWRITE", "appProperties": [
            {"name": "month", "value": "7", "visibility": "PRIVATE"},
            {"name": "year", "value": "", "visibility": "PUBLIC"}]}});
    setup.assert_called(Target::Commit, &[setup.call(COMMIT, body)]);
    // The answer has the name under which the file is stored.
    assert_eq!(done.dentry.name.as_deref(), Some("七月 report.xls"));
    assert_eq!(done.dentry.parent_id.as_deref(), Some("folder-1"));
    let stored = setup.fake.files().remove(0);
    assert_eq!((stored.app_properties.len(), stored.parent_id.as_str()), (2, "folder-1"));
}

#[test]
fn a_file_is_stored_under_its_own_name_by_default() {
    let (setup, file) = (Setup::new(), TempFile::new(b"hello"));
    let own = file.file_name().unwrap().to_str().unwrap();
    let done = setup.client.upload("space-1", "0", UnionId("operator-1")).from_file(&*file).unwrap();
    assert_eq!(done.dentry.name.as_deref(), Some(own));
    let done = setup.upload().from_file(&*file).unwrap();
    assert_eq!(done.dentry.name.as_deref(), Some("file.bin"));
}

#[test]
fn a_commit_with_storage_2_names_the_folder_by_its_uuid() {
    let setup = Setup::new();
    let uuid = setup.fake.folder_uuid("space-1", "0");
    let month = || AppProperty::new("month", "7", Visibility::Private);
    let bytes = pattern(PART + 1);
    for upload in [setup.upload(), setup.in_parts()] {
        let upload = upload.commit_into(&uuid).conflict_strategy(ConflictStrategy::AutoRename);
        let done = upload.app_property(month()).from_bytes(&bytes).unwrap();
        setup.assert_stored(&done, &bytes);
    }
    let keys: Vec<Value> =
        setup.bodies(Target::Commit).iter().map(|body| body["uploadKey"].clone()).collect();
    let commit = |key: &Value| {
        let body = json!({"uploadKey": key, "name": "file.bin", "option": {"size": bytes.len(),
            "conflictStrategy": "AUTO_RENAME",
            "appProperties": [{"name": "month", "value": "7", "visibility": "PRIVATE"}]}});
        setup.call(&format!("/v2.0/storage/spaces/files/{uuid}/commit?unionId=operator-1"), body)
    };
    setup.assert_called(Target::Commit, &[commit(&keys[0]), commit(&keys[1])]);
    let names: Vec<String> = setup.fake.files().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["file.bin", "file(1).bin"]);
}

#[test]
fn an_upload_into_a_folder_uses_storage_2_for_info_and_commit() {
    let setup = Setup::new();
    let uuid = setup.fake.folder_uuid("space-1", "0");
    let bytes = pattern(PART + 1);
    let into = || setup.client.upload_into(&uuid, UnionId("operator-1")).name("file.bin");
    let single = into().prefer_region(Region::Shanghai).prefer_intranet(false).multipart_above(u64::MAX);
    setup.assert_stored(&single.from_bytes(&bytes).unwrap(), &bytes);
    let expected = json!({"protocol": "HEADER_SIGNATURE", "option": {"preCheckParam": {"size": bytes.len()},
        "preferRegion": "SHANGHAI", "preferIntranet": false}});
    let path = format!("/v2.0/storage/spaces/files/{uuid}/uploadInfos/query?unionId=operator-1");
    setup.assert_called(Target::UploadInfo, &[setup.call(&path, expected)]);

    // Multipart uploads need the space id, which is requested.
    let parts = into().part_size(PART).multipart_above(PART).convert_to_online_doc(true);
    let parts =
        parts.online_doc_type(OnlineDocType::Workbook).conflict_strategy(ConflictStrategy::AutoRename);
    setup.assert_stored(&parts.from_bytes(&bytes).unwrap(), &bytes);
    assert_eq!(setup.fake.requests_to(Target::DentryIds).len(), 1);
    let inits = setup.fake.requests_to(Target::InitMultipart);
    assert_eq!(inits[0].path, "/v1.0/storage/spaces/space-1/files/multiPartUploadInfos/init");
    let commits = setup.fake.requests_to(Target::Commit);
    let path = format!("/v2.0/storage/spaces/files/{uuid}/commit");
    assert!(commits.iter().all(|commit| commit.path == path));
    let option = json!({"size": bytes.len(), "conflictStrategy": "AUTO_RENAME", "convertToOnlineDoc": true,
        "convertToOnlineDocTargetDocumentType": "WORKBOOK"});
    assert_eq!(commits[1].json().unwrap()["option"], option);

    let refused = setup.upload().convert_to_online_doc(true).from_bytes("x").unwrap_err();
    assert!(refused.to_string().contains("upload_into"), "{refused}");
}

/// A name conflict is an error only with `ReturnErrorIfExists`, so only then is the name part of the pre-check.
#[test]
fn the_name_is_prechecked_only_if_a_conflict_is_an_error() {
    let size = PART + 1;
    for (strategy, checks_name) in [
        (None, false),
        (Some(ConflictStrategy::AutoRename), false),
        (Some(ConflictStrategy::Overwrite), false),
        (Some(ConflictStrategy::ReturnDentryIfExists), false),
        (Some(ConflictStrategy::ReturnErrorIfExists), true),
    ] {
        let setup = Setup::new();
        for upload in [setup.upload().name("1.bin"), setup.in_parts().name("2.bin")] {
            let upload = match &strategy {
                Some(strategy) => upload.conflict_strategy(strategy.clone()),
                None => upload,
            };
            upload.from_bytes(pattern(size)).unwrap();
        }
        let named = |name: &str| {
            if checks_name {
                json!({"size": size, "name": name, "parentId": "0"})
            } else {
                json!({"size": size})
            }
        };
        let check = |target| setup.bodies(target)[0]["option"]["preCheckParam"].clone();
        assert_eq!(check(Target::UploadInfo), named("1.bin"), "{strategy:?}");
        assert_eq!(check(Target::InitMultipart), named("2.bin"), "{strategy:?}");
    }
}

#[test]
fn a_full_space_is_reported_before_any_put() {
    let setup = Setup::new();
    setup.fake.fault_always(Target::UploadInfo, Fault::api_error(400, "spaceQuotaInsufficient"));
    setup.fake.fault_always(Target::InitMultipart, Fault::api_error(400, "spaceQuotaInsufficient"));
    for upload in [setup.upload(), setup.in_parts()] {
        let error = upload.from_bytes(b"hello").unwrap_err();
        assert!(matches!(error, Error::Api(_)), "{error}");
        assert_eq!(error.code(), Some("spaceQuotaInsufficient"));
    }
    assert_eq!((setup.puts().len(), setup.count(Target::PartInfos)), (0, 0));
    setup.assert_uncommitted();
}
