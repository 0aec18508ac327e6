//! Attachments inside of documents: a PUT with a content type, and no commit.

use std::fs;

use dingtalk_files::testing::{FakeDingTalk, Target};
use dingtalk_files::{Error, UnionId};
use serde_json::json;

use crate::support::{Scripted, http_answer};

const INFO: &str = "POST /v1.0/doc/docs/resources/{docId}/uploadInfos/query";

#[test]
fn the_put_has_the_media_type_and_the_answer_the_id() {
    // An object store that says what it received.
    let (sender, received) = std::sync::mpsc::channel();
    let store = Scripted::start(move |head| {
        sender.send(head.to_owned()).unwrap();
        http_answer("200 OK", "")
    });
    let fake = FakeDingTalk::start().unwrap();
    let url = format!("{}/object?Expires=1&Signature=s", store.url());
    let result = json!({"uploadUrl": url, "resourceId": "resource-1", "resourceUrl": "/core/api/resources/img/resource-1"});
    fake.answer(INFO, json!({"success": true, "result": result}));
    let client = fake.client().build().unwrap();
    let path = std::env::temp_dir().join(format!("dingtalk-files-logo-{}.PNG", std::process::id()));
    fs::write(&path, b"picture").unwrap();
    let stored = client.doc_resource("doc-1", UnionId("union-1")).from_file(&path).unwrap();
    let own = client
        .doc_resource("doc-1", UnionId("union-1"))
        .name("a.dat")
        .media_type("x/y")
        .from_bytes(b"")
        .unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(stored.resource_id.as_deref(), Some("resource-1"));
    assert_eq!(stored.resource_url.as_deref(), Some("/core/api/resources/img/resource-1"));
    // This store keeps no checksum.
    assert_eq!((stored.bytes, stored.verified, own.bytes), (7, false, 0));
    for (media_type, length) in [("image/png", 7), ("x/y", 0)] {
        let head = received.recv().unwrap().to_ascii_lowercase();
        assert!(head.starts_with("put /object?expires=1&signature=s http/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("content-type: {media_type}\r\n")), "{head}");
        assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
        assert!(!head.contains("authorization") && !head.contains("x-acs-"), "{head}");
    }
    let asked = fake.requests_to(Target::Other);
    let name = path.file_name().unwrap().to_str().unwrap();
    let body = json!({"mediaType": "image/png", "resourceName": name, "size": 7});
    assert_eq!((asked[0].json(), asked[0].query_value("operatorId")), (Some(body), Some("union-1")));
}

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let unnamed = client.doc_resource("doc-1", UnionId("union-1")).from_bytes(b"a").unwrap_err();
    assert!(matches!(&unnamed, Error::InvalidArgument(text) if text.contains("`name`")), "{unnamed}");
    let missing = client.doc_resource("doc-1", UnionId("union-1")).from_file("/no/such/file").unwrap_err();
    assert!(matches!(missing, Error::Source(_)), "{missing}");
    assert_eq!(fake.connections(), 0);
    fake.answer(INFO, json!({"success": true, "result": {"resourceId": "resource-1"}}));
    let nowhere =
        client.doc_resource("doc-1", UnionId("union-1")).name("a.png").from_bytes(b"a").unwrap_err();
    assert!(nowhere.to_string().ends_with("`uploadUrl` is missing"), "{nowhere}");
}
