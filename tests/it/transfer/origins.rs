//! Files from other origins than storage 1.0: every kind is downloaded by the same rules.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dingtalk_files::{AttachmentWay, GetAttachmentSpace, Phase, Secret, UserId};
use serde_json::json;

use super::folder::Folder;
use super::*;

const SIZE: u64 = MIB;

/// A fake with the same file as each kind, and a client whose waits take no time.
struct Kinds {
    fake: FakeDingTalk,
    clock: ManualClock,
    client: Client,
    content: Content,
}

/// Name of a kind, constructor of its file, and target of the requests that sign its URL.
type Kind = (&'static str, fn(&Kinds) -> RemoteFile, Target);

const RENEWABLE: &[Kind] = &[
    ("robot", |k| k.client.robot_file("download-code-1", "robot-1"), Target::RobotFile),
    ("attachment", |k| k.client.attachment("process-1", "file-1"), Target::Attachment),
    ("export", |k| k.client.export("uuid-1", "docx", UnionId("operator-1")), Target::Export),
    (
        "uuid",
        |k| k.client.file_by_uuid(k.fake.file_uuid("space-1", "dentry-1"), UnionId("operator-1")),
        Target::DownloadInfo,
    ),
];

impl Kinds {
    fn new() -> Self {
        let (fake, clock, content) =
            (FakeDingTalk::start().unwrap(), ManualClock::new(), Content::pattern(SIZE));
        fake.put_file("space-1", "dentry-1", "file.bin", content.clone());
        fake.put_robot_file("download-code-1", "file.bin", content.clone());
        fake.put_attachment("process-1", "file-1", "file.bin", content.clone());
        fake.put_document("uuid-1", "docx", content.clone());
        let client = fake.client().clock(clock.clone()).build().unwrap();
        Self { fake, clock, client, content }
    }

    /// Replaces the content of every kind's file with other bytes of the same length.
    fn replace(&mut self) {
        self.content = Content::pattern_with_seed(SIZE, 7);
        let content = || self.content.clone();
        self.fake.put_file("space-1", "dentry-1", "file.bin", content());
        self.fake.put_robot_file("download-code-1", "file.bin", content());
        self.fake.put_attachment("process-1", "file-1", "file.bin", content());
        self.fake.put_document("uuid-1", "docx", content());
    }

    fn url(&self) -> RemoteFile {
        self.client.url(self.fake.presigned_url("space-1", "dentry-1"))
    }

    #[track_caller]
    fn assert_gets(&self, file: &RemoteFile, range: Range<u64>) {
        let mut bytes = Vec::new();
        let done = file.download_to(&mut bytes, range.clone()).unwrap();
        assert!(bytes == self.content.bytes(range.clone()), "the bytes differ from {range:?}");
        assert_eq!(done.verified, range == (0..SIZE));
    }
}

#[test]
fn every_kind_supports_whole_and_range_downloads_and_stat() {
    for (name, file, _) in
        RENEWABLE.iter().copied().chain([("url", Kinds::url as fn(&Kinds) -> _, Target::Object)])
    {
        let k = Kinds::new();
        let file = file(&k);
        k.assert_gets(&file, 0..SIZE);
        k.assert_gets(&file, 1000..70_000);
        let stat = file.stat().unwrap();
        assert_eq!(stat.size, Some(SIZE), "{name}");
        assert!(stat.etag.is_some() && stat.crc64.is_some(), "{name}");
    }
}

#[test]
fn object_requests_carry_no_token_and_no_headers_of_another_kind() {
    for (name, file, _) in RENEWABLE {
        let k = Kinds::new();
        k.assert_gets(&file(&k), 0..SIZE);
        let requests = k.fake.requests_to(Target::Object);
        for request in requests {
            let is_presigned = *name != "uuid";
            assert_eq!(request.header("authorization").is_none(), is_presigned, "{name}");
            assert_eq!(request.query_value("Signature").is_some(), is_presigned, "{name}");
            assert_eq!(request.header("x-acs-dingtalk-access-token"), None, "{name}");
        }
    }
}

#[test]
fn a_lapsed_url_is_renewed_and_the_download_continues() {
    for (name, file, signs) in RENEWABLE {
        let k = Kinds::new();
        k.fake.fault(Target::Object, Fault::CutAfter(300_000));
        let mut writer = AtFirstWrite(Some(|| k.fake.lapse_signatures()), Vec::new());
        let before = k.fake.requests_to(*signs).len();
        let done = file(&k).download_to(&mut writer, ..).unwrap();
        assert!(done.verified && writer.1 == k.content.bytes(0..SIZE), "{name}");
        assert!(k.fake.requests_to(*signs).len() > before + 1, "{name}");
    }
}

#[test]
fn a_lapsed_plain_url_is_not_renewed() {
    let k = Kinds::new();
    let file = k.url();
    k.fake.lapse_signatures();
    let error = file.download_to(&mut Vec::new(), ..).unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"), "{error}");
    assert_eq!(k.fake.requests_to(Target::Object).len(), 1);
    // No token was requested, and nothing else.
    assert_eq!(k.fake.requests().len(), 1);
}

#[test]
fn every_kind_resumes_in_another_process() {
    for (name, file, _) in
        RENEWABLE.iter().copied().chain([("url", Kinds::url as fn(&Kinds) -> _, Target::Object)])
    {
        let (k, folder) = (Kinds::new(), Folder::new());
        let cancel = AtomicBool::new(false);
        k.fake.fault(Target::Object, Fault::CutAfter(400_000));
        k.fake.fault(Target::Object, Fault::object_error(404, "NoSuchKey"));
        let error = file(&k).download().resume(true).cancel(&cancel).to_file(folder.target()).unwrap_err();
        assert_eq!(error.bytes_written(), 400_000, "{name}: {error}");
        // A new value for the same file, as in another process, with a newly signed URL.
        let done = file(&k).download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.verified), (400_000, true), "{name}");
        assert!(fs::read(folder.target()).unwrap() == k.content.bytes(0..SIZE), "{name}");
        assert!(!cancel.load(Ordering::Relaxed));
    }
}

#[test]
fn every_kind_restarts_if_the_content_changed() {
    for (name, file, _) in
        RENEWABLE.iter().copied().chain([("url", Kinds::url as fn(&Kinds) -> _, Target::Object)])
    {
        let (mut k, folder) = (Kinds::new(), Folder::new());
        k.fake.fault(Target::Object, Fault::CutAfter(400_000));
        k.fake.fault(Target::Object, Fault::object_error(404, "NoSuchKey"));
        file(&k).download().resume(true).to_file(folder.target()).unwrap_err();
        k.replace();
        let done = file(&k).download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.verified), (0, true), "{name}");
        assert!(fs::read(folder.target()).unwrap() == k.content.bytes(0..SIZE), "{name}");
    }
}

#[test]
fn a_part_of_one_kind_is_not_resumed_by_another_kind() {
    let (k, folder) = (Kinds::new(), Folder::new());
    for (_, file, _) in RENEWABLE {
        k.fake.fault(Target::Object, Fault::CutAfter(400_000));
        k.fake.fault(Target::Object, Fault::object_error(404, "NoSuchKey"));
        file(&k).download().resume(true).to_file(folder.target()).unwrap_err();
        let text = fs::read_to_string(folder.checkpoint()).unwrap();
        assert!(!text.contains("download-code-1") && !text.contains("Signature"), "{text}");
        let done = k.client.file("space-1", "dentry-1", UnionId("operator-1"));
        let done = done.download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!(done.reused, 0);
        fs::remove_file(folder.target()).unwrap();
    }
}

#[test]
fn parallel_connections_share_one_url() {
    for (name, file, signs) in RENEWABLE {
        let (k, folder) = (Kinds::new(), Folder::new());
        let done = file(&k).download().parallel(3).to_file(folder.target()).unwrap();
        assert!(done.verified, "{name}");
        let calls = if *signs == Target::Export { 3 } else { 1 };
        assert_eq!(k.fake.requests_to(*signs).len(), calls, "{name}");
    }
}

#[test]
fn the_error_of_a_used_download_code_requests_another_message() {
    let k = Kinds::new();
    let error = k.client.robot_file("gone", "robot-1").download_to(&mut Vec::new(), ..).unwrap_err();
    assert_eq!(error.code(), Some("invalidParameter.robotCode.downloadCode"));
    let text = error.to_string();
    assert!(text.contains("another message") && !text.contains("gone"), "{text}");
    assert!(!error.is_transient());
}

#[test]
fn a_forbidden_attachment_is_granted_and_downloaded_from_its_space() {
    let k = Kinds::new();
    let refused = || Fault::api_error(400, "noPermission");
    k.fake.fault_always(Target::Attachment, refused());
    k.fake.put_user("user-1", "union-1");

    // The refusal is the error if `granted_to` is not set.
    let file = k.client.attachment("process-1", "file-1");
    let error = file.download_to(&mut Vec::new(), ..).unwrap_err();
    assert!(error.is_permission_denied() && error.to_string().contains("granted_to"), "{error}");
    assert_eq!(file.attachment_way(), None);

    let file = file.granted_to(UserId("user-1"));
    k.assert_gets(&file, 0..SIZE);
    assert_eq!(file.attachment_way(), Some(AttachmentWay::Storage));
    let grants = k.fake.requests_to(Target::AttachmentGrant);
    let requests = grants.into_iter().chain(k.fake.requests_to(Target::User));
    let bodies: Vec<_> = requests.map(|request| request.json().unwrap()).collect();
    assert_eq!(bodies[0], json!({"fileId": "file-1", "processInstanceId": "process-1", "userId": "user-1"}));
    assert_eq!(bodies[1], json!({"fileInfos": [{"fileId": "file-1", "spaceId": 700}], "userId": "user-1"}));
    assert_eq!(bodies[2], json!({"userid": "user-1"}));
    let info = &k.fake.requests_to(Target::DownloadInfo)[0];
    assert_eq!(info.path, "/v1.0/storage/spaces/700/dentries/file-1/downloadInfos/query");
    assert_eq!(info.query_value("unionId"), Some("union-1"));
    // The grant is not requested again.
    k.assert_gets(&file, 0..10);
    assert_eq!(k.fake.requests_to(Target::AttachmentGrant).len(), 2);

    // A denied grant is an error, and the object is not requested.
    let k = Kinds::new();
    k.fake.fault_always(Target::Attachment, refused());
    let grant = "POST /v1.0/workflow/processInstances/spaces/files/authDownload";
    k.fake.answer(grant, json!({"success": true, "result": false}));
    let file = k.client.attachment("process-1", "file-1").granted_to(UserId("user-1"));
    let error = file.download_to(&mut Vec::new(), ..).unwrap_err();
    assert!(error.to_string().contains("did not succeed"), "{error}");
    assert_eq!(k.fake.requests_to(Target::Object).len(), 0);
}

#[test]
fn an_attachment_is_uploaded_into_the_approval_space() {
    let k = Kinds::new();
    let space =
        k.client.workflow().get_attachment_space(UserId("user-1"), &GetAttachmentSpace::new()).unwrap();
    let space_id = space.space_id.unwrap().to_string();
    let stored =
        k.client.upload(&space_id, "0", UnionId("union-1")).name("a.txt").from_bytes("hello").unwrap();
    assert_eq!(stored.dentry.space_id, Some(space_id));
}

#[test]
fn attachment_way_reports_the_origin_of_an_attachment() {
    let k = Kinds::new();
    let file = k.client.attachment("process-1", "file-1");
    let clone = file.clone();
    k.assert_gets(&file, 0..10);
    assert_eq!(clone.attachment_way(), Some(AttachmentWay::Approval));
    assert_eq!(k.url().attachment_way(), None);
}

#[test]
fn an_export_is_awaited_for_at_most_the_configured_time() {
    let k = Kinds::new();
    let mut phases = Vec::new();
    let file = k.client.export("uuid-1", "docx", UnionId("operator-1"));
    let mut bytes = Vec::new();
    file.download().progress(|p| phases.push(p.phase)).to_writer(&mut bytes, ..).unwrap();
    assert_eq!(phases[0], Phase::Exporting);
    assert_eq!(k.clock.sleeps(), [Duration::from_secs(1)]);
    let [submit, ..] = &k.fake.requests_to(Target::Export)[..] else { panic!() };
    let body = json!({"dentryUuid": "uuid-1", "operatorId": "operator-1", "targetFormat": "docx"});
    assert_eq!(submit.json(), Some(body));
    // The next use requests another URL of the same export.
    file.download_to(&mut Vec::new(), ..10).unwrap();
    assert_eq!(k.fake.requests_to(Target::Export).iter().filter(|r| r.method == "POST").count(), 1);

    let k = Kinds::new();
    k.fake.answer("GET /v2.0/doc/me/export/task/query", json!({"status": "processing"}));
    let file =
        k.client.export("uuid-1", "docx", UnionId("operator-1")).wait_for_export(Duration::from_secs(20));
    let error = file.download_to(&mut Vec::new(), ..).unwrap_err();
    assert!(matches!(&error, Error::StillRunning(task) if task.id.is_some()), "{error}");
    assert_eq!(k.clock.sleeps().iter().sum::<Duration>(), Duration::from_secs(20));

    // The next use submits a failed export again.
    let k = Kinds::new();
    k.fake.answer("GET /v2.0/doc/me/export/task/query", json!({"status": "failed"}));
    let file = k.client.export("uuid-1", "docx", UnionId("operator-1"));
    for _ in 0..2 {
        let error = file.download_to(&mut Vec::new(), ..).unwrap_err();
        assert!(error.to_string().contains("did not succeed"), "{error}");
    }
    let submits = k.fake.requests_to(Target::Export).iter().filter(|r| r.method == "POST").count();
    assert_eq!(submits, 2);
}

#[test]
fn the_ids_of_a_uuid_are_requested_once() {
    let k = Kinds::new();
    let file = k.client.file_by_uuid(k.fake.file_uuid("space-1", "dentry-1"), UnionId("operator-1"));
    k.assert_gets(&file, 0..10);
    k.assert_gets(&file.clone().version(1), 0..10);
    assert_eq!(k.fake.requests_to(Target::DentryIds).len(), 1);
    let infos = k.fake.requests_to(Target::DownloadInfo);
    assert_eq!(infos[1].json(), Some(json!({"option": {"version": 1}})));
}

#[test]
fn stat_returns_the_size_of_an_empty_file() {
    let k = Kinds::new();
    k.fake.put_file("space-1", "empty", "empty.bin", "");
    let stat = k.client.file("space-1", "empty", UnionId("u")).stat().unwrap();
    assert_eq!((stat.size, stat.crc64), (Some(0), Some(0)));
    assert!(stat.etag.is_some());
    let url = k.client.url(k.fake.presigned_url("space-1", "empty"));
    assert_eq!(url.stat().unwrap().size, Some(0));
}

#[test]
fn debug_output_omits_codes_and_urls() {
    let client = Client::builder().access_token("planted-token").build().unwrap();
    let files = [
        client.robot_file(Secret::new("planted-code"), "robot-1"),
        client.url("https://bucket.example/planted?Signature=planted"),
    ];
    for file in files {
        for text in [format!("{file:?}"), format!("{:#?}", file.download())] {
            assert!(!text.contains("planted"), "{text}");
        }
    }
}

#[test]
fn plain_http_is_refused_unless_it_is_allowed() {
    let builder = || Client::builder().access_token("token").no_proxy();
    for url in ["http://10.0.0.1/object?Signature=planted", "ftp://h/o", "file:///etc/passwd", "nothing"] {
        let error = builder().build().unwrap().url(url).download_to(&mut Vec::new(), ..).unwrap_err();
        let text = error.to_string();
        assert!(!text.contains("planted"), "{text}");
        assert_eq!(text.contains("allow_http_objects"), url.starts_with("http:"), "{text}");
    }
    // The file is downloaded from the fake once plain HTTP is allowed.
    let k = Kinds::new();
    let client = builder().allow_http_objects(true).build().unwrap();
    let mut bytes = Vec::new();
    client.url(k.fake.presigned_url("space-1", "dentry-1")).download_to(&mut bytes, ..).unwrap();
    assert_eq!(bytes.len() as u64, SIZE);
}
