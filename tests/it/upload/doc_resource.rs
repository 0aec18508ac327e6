//! Attachments in documents: a PUT with a content type, and no commit.

use std::fs;

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, Error, UnionId};
use serde_json::json;

const INFO: &str = "POST /v1.0/doc/docs/resources/{docId}/uploadInfos/query";
const OPERATOR: UnionId<'_> = UnionId("union-1");

/// Returns a fake with one document, and a client whose waits take no time.
fn document() -> (FakeDingTalk, Client) {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_document("doc-1", "docx", "text");
    let client = fake.client().clock(ManualClock::new()).build().unwrap();
    (fake, client)
}

#[track_caller]
fn assert_stored(client: &Client, id: Option<&str>, name: &str, content: &Content) {
    let info = client.doc().get_resource_download_info("doc-1", id.unwrap(), OPERATOR).unwrap();
    assert_eq!((info.resource_name.as_deref(), info.size), (Some(name), Some(content.len())));
    let mut bytes = Vec::new();
    let done = client.url(info.download_url.unwrap().as_str()).download_to(&mut bytes, ..).unwrap();
    assert!(done.verified && bytes == content.bytes(0..content.len()));
}

#[test]
fn the_put_has_the_media_type_and_the_result_has_the_id() {
    let (fake, client) = document();
    let path = std::env::temp_dir().join(format!("dingtalk-files-logo-{}.PNG", std::process::id()));
    fs::write(&path, b"picture").unwrap();
    let stored = client.doc_resource("doc-1", OPERATOR).from_file(&path).unwrap();
    let upload = client.doc_resource("doc-1", OPERATOR).name("a.dat").media_type("x/y");
    let empty = upload.from_bytes(b"").unwrap();
    fs::remove_file(&path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let id = stored.resource_id.as_deref();
    assert_eq!(stored.resource_url, Some(format!("/core/api/resources/img/{}", id.unwrap())));
    assert_eq!((stored.bytes, stored.verified, empty.bytes), (7, true, 0));
    assert_stored(&client, id, name, &Content::from("picture"));
    assert_stored(&client, empty.resource_id.as_deref(), "a.dat", &Content::from(""));
    let puts = fake.requests_to(Target::Put);
    for (put, (media_type, length)) in puts.iter().zip([("image/png", "7"), ("x/y", "0")]) {
        assert_eq!(put.header_values("content-type"), [media_type]);
        assert_eq!(put.header("content-length"), Some(length));
        assert_eq!((put.header("authorization"), put.header("x-acs-dingtalk-access-token")), (None, None));
    }
    let requests = fake.requests_to(Target::DocResource);
    let body = json!({"mediaType": "image/png", "resourceName": name, "size": 7});
    assert_eq!((requests[0].json(), requests[0].query_value("operatorId")), (Some(body), Some("union-1")));
}

#[test]
fn a_failed_put_is_repeated_and_a_lapsed_url_is_renewed() {
    let content = Content::pattern(300_000);
    let bytes = content.bytes(0..content.len());
    // The fault of the first PUT, the number of PUTs, and the number of requests for a URL.
    let cases = [
        (Fault::object_error(503, "SlowDown"), 2, 1),
        (Fault::CloseWithoutAnswer, 2, 1),
        (Fault::object_error(403, "AccessDenied"), 2, 2),
    ];
    for (fault, puts, url_requests) in cases {
        let (fake, client) = document();
        fake.fault(Target::Put, fault);
        let stored = client.doc_resource("doc-1", OPERATOR).name("a.png").from_bytes(&bytes).unwrap();
        assert!(stored.verified);
        assert_eq!(fake.requests_to(Target::Put).len(), puts);
        assert_eq!(fake.requests_to(Target::DocResource).len(), url_requests);
        assert_stored(&client, stored.resource_id.as_deref(), "a.png", &content);
    }
}

#[test]
fn a_missing_document_is_an_error_before_the_put() {
    let (fake, client) = document();
    let error = client.doc_resource("doc-2", OPERATOR).name("a.png").from_bytes(b"a").unwrap_err();
    assert_eq!(error.code(), Some("docNotExist"), "{error}");
    assert_eq!(fake.requests_to(Target::Put).len(), 0);
}

#[test]
fn missing_names_files_and_urls_are_reported_before_the_put() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let unnamed = client.doc_resource("doc-1", OPERATOR).from_bytes(b"a").unwrap_err();
    assert!(matches!(&unnamed, Error::InvalidArgument(text) if text.contains("`name`")), "{unnamed}");
    let missing = client.doc_resource("doc-1", OPERATOR).from_file("/no/such/file").unwrap_err();
    assert!(matches!(missing, Error::Source(_)), "{missing}");
    assert_eq!(fake.connections(), 0);
    fake.answer(INFO, json!({"success": true, "result": {"resourceId": "resource-1"}}));
    let nowhere = client.doc_resource("doc-1", OPERATOR).name("a.png").from_bytes(b"a").unwrap_err();
    assert!(nowhere.to_string().ends_with("`uploadUrl` is missing"), "{nowhere}");
}
