//! Tests of uploads, from the upload information to the file.

use super::raw::{Slot, commit, connect, head, listed, offer, post, read_reply, send, uploaded};
use crate::base::ids::UnionId;
use crate::testing::{Content, FakeDingTalk, Target};
use serde_json::json;
use std::io::{Read, Write};

const INIT: &str = "/v1.0/storage/spaces/space-1/files/multiPartUploadInfos/init";
const PARTS: &str = "/v1.0/storage/spaces/files/multiPartUploadInfos/query";

fn fake() -> FakeDingTalk {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_space("space-1");
    fake
}

fn download(fake: &FakeDingTalk, dentry_id: &str) -> Vec<u8> {
    let client = fake.client().build().unwrap();
    let mut bytes = Vec::new();
    let file = client.file("space-1", dentry_id, UnionId("anyone"));
    assert!(file.download_to(&mut bytes, ..).unwrap().verified);
    bytes
}

#[test]
fn an_upload_can_be_downloaded() {
    let fake = fake();
    let bytes = Content::pattern(700_001).bytes(0..700_001);
    for (version, id, parent) in
        [("v1.0", "space-1".to_owned(), json!("0")), ("v2.0", fake.folder_uuid("space-1", "0"), json!(null))]
    {
        let base = match version {
            "v1.0" => format!("/v1.0/storage/spaces/{id}/files"),
            _ => format!("/v2.0/storage/spaces/files/{id}"),
        };
        let body = json!({"protocol": "HEADER_SIGNATURE", "multipart": false});
        let info = post(&fake, &format!("{base}/uploadInfos/query"), &body).json();
        assert_eq!(info["headerSignatureInfo"]["resourceUrls"].as_array().unwrap().len(), 1);
        let put = Slot::of_info(&fake, &info["headerSignatureInfo"]).put(&fake, &bytes);
        assert_eq!((put.status, put.body.as_str()), (200, ""));
        let crc = Content::from(&bytes).crc();
        assert_eq!(put.header("x-oss-hash-crc64ecma"), Some(crc.to_string().as_str()));
        let name = format!(" {version}.bin ");
        let property = json!({"name": "n", "value": "v", "visibility": "PRIVATE"});
        let option = json!({"size": 700_001, "appProperties": [property]});
        let body =
            json!({"uploadKey": info["uploadKey"], "name": name, "parentId": parent, "option": option});
        let answer = post(&fake, &format!("{base}/commit"), &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        let dentry = &answer.json()["dentry"];
        assert_eq!(dentry["name"], name.trim());
        assert_eq!(dentry["parentId"], "0");
        assert_eq!(dentry["creatorId"], "union-1");
        assert_eq!(dentry["appProperties"], json!({FakeDingTalk::APP_KEY: [property]}));
        assert_eq!(dentry.get("category").is_some(), version == "v2.0");
        let id = dentry["id"].as_str().unwrap();
        assert!(download(&fake, id) == bytes);
        let client = fake.client().build().unwrap();
        let done =
            client.file("space-1", id, UnionId("anyone")).download_to(&mut std::io::sink(), ..).unwrap();
        assert_eq!(done.etag.unwrap().to_ascii_lowercase(), put.header("etag").unwrap());
        let file = fake.files().into_iter().find(|file| file.dentry_id == id).unwrap();
        assert_eq!((file.size, file.crc64, file.app_properties.len()), (700_001, crc, 1));
    }
    let put = fake.requests_to(Target::Put).remove(0);
    assert_eq!((put.body.len(), put.body_length), (0, 700_001));
    assert_eq!(put.body_crc64, Some(Content::from(&bytes).crc()));
}

#[test]
fn an_empty_file_can_be_uploaded() {
    let fake = fake();
    let key = uploaded(&fake, b"");
    assert_eq!(commit(&fake, &key, "empty", &json!({"size": 0})).status, 200);
    assert_eq!(listed(&fake), [("empty".to_owned(), 1, 0)]);
    assert_eq!(fake.files()[0].crc64, Content::from("").crc());
}

/// Uploads parts with these numbers and sizes, and returns the upload key.
fn multipart(fake: &FakeDingTalk, parts: &[(u32, u64)]) -> String {
    let key = post(fake, INIT, &json!({})).json()["uploadKey"].as_str().unwrap().to_owned();
    let numbers: Vec<_> = parts.iter().map(|(number, _)| number).collect();
    let infos = post(fake, PARTS, &json!({"uploadKey": key, "partNumbers": numbers})).json();
    let infos = infos["multipartHeaderSignatureInfos"].as_array().unwrap().clone();
    for (info, (number, size)) in infos.iter().zip(parts) {
        assert_eq!(info["partNumber"], *number);
        let bytes = Content::pattern_with_seed(*size, u64::from(*number)).bytes(0..*size);
        assert_eq!(Slot::of_info(fake, &info["headerSignatureInfo"]).put(fake, &bytes).status, 200);
    }
    key
}

#[test]
fn parts_are_assembled_into_one_file() {
    let fake = fake();
    let key = multipart(&fake, &[(2, 102_400), (3, 5), (1, 102_401)]);
    assert_eq!(commit(&fake, &key, "parts", &json!({"size": 204_806})).status, 200);
    let mut expected = Vec::new();
    for (seed, size) in [(1, 102_401), (2, 102_400), (3, 5)] {
        expected.extend(Content::pattern_with_seed(size, seed).bytes(0..size));
    }
    assert_eq!(fake.files()[0].crc64, Content::from(&expected).crc());
    assert!(download(&fake, &fake.files()[0].dentry_id) == expected);
}

#[test]
fn invalid_parts_are_refused() {
    let fake = fake();
    for parts in [&[(1, 102_400), (3, 5)][..], &[(2, 5)], &[(1, 102_399), (2, 5)]] {
        let answer = commit(&fake, &multipart(&fake, parts), "parts", &json!({}));
        assert_eq!((answer.status, answer.code().as_str()), (400, "dentryStoreError"), "{parts:?}");
    }
    fake.set_smallest_part(1);
    assert_eq!(commit(&fake, &multipart(&fake, &[(1, 1), (2, 5)]), "parts", &json!({})).status, 200);
    let key = multipart(&fake, &[(1, 5)]);
    for (key, numbers) in [
        (key.as_str(), json!([])),
        (&key, json!([0])),
        (&key, json!([10_001])),
        (&key, json!((1..=31).collect::<Vec<_>>())),
        (&key, json!(["1"])),
        ("another", json!([1])),
    ] {
        let answer = post(&fake, PARTS, &json!({"uploadKey": key, "partNumbers": numbers}));
        let code = if key == "another" { "paramError.uploadKey" } else { "paramError.partNumbers" };
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{numbers}");
    }
}

#[test]
fn the_last_put_wins() {
    let fake = fake();
    let (key, slot) = offer(&fake);
    slot.put(&fake, b"first");
    slot.put(&fake, b"second");
    assert_eq!(commit(&fake, &key, "a.txt", &json!({"size": 6})).status, 200);
    assert_eq!(fake.content("space-1", &fake.files()[0].dentry_id).unwrap().bytes(0..6), b"second");
}

#[test]
fn only_the_checksum_of_a_large_upload_is_kept() {
    let fake = fake();
    let content = Content::pattern(17 << 20);
    let key = uploaded(&fake, &content.bytes(0..content.len()));
    assert_eq!(commit(&fake, &key, "large", &json!({})).status, 200);
    let file = fake.files().remove(0);
    assert_eq!((file.size, file.crc64), (content.len(), content.crc()));
    assert!(fake.content("space-1", &file.dentry_id).is_none());
    let client = fake.client().build().unwrap();
    let file = client.file("space-1", file.dentry_id.as_str(), UnionId("anyone"));
    let error = file.download_to(&mut Vec::new(), ..).unwrap_err();
    assert_eq!(error.code(), Some("FakeContentNotKept"));
}

/// Returns the status and code of a PUT with additional headers.
fn put_with(fake: &FakeDingTalk, slot: &Slot, more: &[(&str, &str)]) -> (u16, String) {
    let mut headers = slot.headers();
    headers.extend(more);
    let reply = send(fake, "PUT", &slot.target, &headers, b"hello").unwrap().unwrap();
    (reply.status, reply.code())
}

#[test]
fn the_store_refuses_invalid_puts() {
    let fake = fake();
    let (key, slot) = offer(&fake);
    let refused = |status: u16, code: &str| (status, code.to_owned());
    for header in
        [("Content-Type", "text/plain"), ("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="), ("x-oss-meta-a", "b")]
    {
        assert_eq!(put_with(&fake, &slot, &[header]), refused(403, "SignatureDoesNotMatch"), "{header:?}");
    }
    let leaked = [("x-acs-dingtalk-access-token", "t")];
    assert_eq!(put_with(&fake, &slot, &leaked), refused(400, "FakeTokenLeaked"));
    let got = send(&fake, "GET", &slot.target, &slot.headers(), b"").unwrap().unwrap();
    assert_eq!(got.status, 404);

    let mut stream = connect(&fake);
    let mut headers = slot.headers();
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    let reply = read_reply(&stream).unwrap().unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (411, "MissingContentLength"));

    headers.push(("Content-Length", "5368709121"));
    let mut stream = connect(&fake);
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    assert_eq!(read_reply(&stream).unwrap().unwrap().code(), "EntityTooLarge");

    fake.lapse_signatures();
    assert_eq!(put_with(&fake, &slot, &[]), refused(403, "RequestTimeTooSkewed"));
    let answer = commit(&fake, &key, "a.txt", &json!({}));
    assert_eq!(answer.code(), "dentryStoreError", "nothing was stored");
}

#[test]
fn a_part_signature_is_not_valid_for_another_part() {
    let fake = fake();
    let key = post(&fake, INIT, &json!({})).json()["uploadKey"].clone();
    let infos = post(&fake, PARTS, &json!({"uploadKey": key, "partNumbers": [1]})).json();
    let info = &infos["multipartHeaderSignatureInfos"][0]["headerSignatureInfo"];
    let mut slot = Slot::of_info(&fake, info);
    slot.target = slot.target.replace("partNumber=1", "partNumber=2");
    assert_eq!(slot.put(&fake, b"hello").code(), "SignatureDoesNotMatch");
}

#[test]
fn a_refused_large_upload_is_cut_off() {
    let fake = fake();
    let (_, mut slot) = offer(&fake);
    slot.authorization.push('0');
    // The client gets either the answer or a broken connection. In both cases the fake reads only a part of the body.
    let body = vec![0; 64 << 20];
    let reply = slot.try_put(&fake, &body);
    assert!(reply.is_err() || reply.unwrap().is_none_or(|reply| reply.status == 403));
    let request = fake.requests_to(Target::Put).remove(0);
    assert_eq!((request.answered_status, request.body_length), (Some(403), 0));
}

#[test]
fn a_client_gets_100_continue_or_a_refusal() {
    let fake = fake();
    let (_, slot) = offer(&fake);
    let mut headers = slot.headers();
    headers.extend([("Content-Length", "5"), ("Expect", "100-continue")]);
    let mut stream = connect(&fake);
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    let mut permission = [0; 25];
    stream.read_exact(&mut permission).unwrap();
    assert_eq!(&permission, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").unwrap();
    assert_eq!(read_reply(&stream).unwrap().unwrap().status, 200);

    headers.push(("Content-Type", "text/plain"));
    let mut stream = connect(&fake);
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    assert_eq!(read_reply(&stream).unwrap().unwrap().status, 403);
}

#[test]
fn custom_upload_urls_apply_to_parts() {
    let fake = fake();
    fake.set_upload_urls(vec!["http://127.0.0.1:9/dead".into(), "{good}&mirror=2".into()]);
    let key = post(&fake, INIT, &json!({})).json()["uploadKey"].clone();
    let infos = post(&fake, PARTS, &json!({"uploadKey": key, "partNumbers": [7]})).json();
    let mut info = infos["multipartHeaderSignatureInfos"][0]["headerSignatureInfo"].clone();
    info["resourceUrls"].as_array_mut().unwrap().remove(0);
    assert_eq!(Slot::of_info(&fake, &info).put(&fake, b"hello").status, 200);
}

#[test]
fn one_connection_serves_several_puts() {
    let fake = fake();
    let (key, slot) = offer(&fake);
    let mut stream = connect(&fake);
    for (place, body) in ["", "a", "hello"].into_iter().enumerate() {
        let mut headers = slot.headers();
        let length = body.len().to_string();
        headers.push(("Content-Length", &length));
        let head = head("PUT", &slot.target, &headers).replace("Connection: close\r\n", "");
        stream.write_all((head + body).as_bytes()).unwrap();
        // The answer has no body.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert_eq!(fake.requests_to(Target::Put)[place].connection, 1);
    }
    assert_eq!(commit(&fake, &key, "a.txt", &json!({"size": 5})).status, 200);
}

#[test]
fn forget_discards_requests_and_uploads() {
    let fake = fake();
    let (key, slot) = offer(&fake);
    assert_eq!(slot.put(&fake, b"hello").status, 200);
    fake.forget();
    assert!(fake.requests().is_empty());
    assert_eq!(commit(&fake, &key, "a.txt", &json!({})).status, 400);
    let requests = fake.requests();
    assert_eq!((requests.len(), requests[0].target), (1, Some(Target::Commit)));
    assert_eq!(requests[0].answered_status, Some(400));
}

#[test]
fn the_id_of_a_removed_file_is_not_reused() {
    let fake = fake();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let (key, slot) = offer(&fake);
        slot.put(&fake, b"hello");
        let dentry = commit(&fake, &key, "a.txt", &json!({})).json()["dentry"].clone();
        assert_eq!(dentry["name"], "a.txt");
        let id = dentry["id"].as_str().unwrap().to_owned();
        assert!(fake.remove_file("space-1", &id) && !fake.remove_file("space-1", &id));
        assert!(!ids.contains(&id), "{id} after {ids:?}");
        ids.push(id);
    }
    assert!(fake.files().is_empty());
}
