//! Tests of uploads in chunks, whose length is not known at the beginning, as clients send them from a generator or a
//! pipe.

use super::raw::{Reply, Slot, commit, connect, head, listed, offer, read_reply};
use crate::testing::{Content, FakeDingTalk, Fault, Target};
use serde_json::json;
use std::io::{Read, Write};

/// Puts a body that is already in chunks.
fn put_chunked(fake: &FakeDingTalk, slot: &Slot, more: &[(&str, &str)], body: &[u8]) -> Option<Reply> {
    let mut stream = connect(fake);
    let headers = [&slot.headers(), &[("Transfer-Encoding", "chunked")][..], more].concat();
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    // A fault may reset the connection before everything is sent.
    let _ = stream.write_all(body);
    read_reply(&stream).ok().flatten()
}

fn in_chunks(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in bytes.chunks(size) {
        body.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        body.extend(chunk);
        body.extend(b"\r\n");
    }
    body.extend(b"0\r\n\r\n");
    body
}

#[test]
fn a_chunked_body_is_stored() {
    for (len, size) in [(0, 1), (5, 1), (5, 5), (700_001, 65_536)] {
        let fake = FakeDingTalk::start().unwrap();
        let (key, slot) = offer(&fake);
        let bytes = Content::pattern(len).bytes(0..len);
        let reply = put_chunked(&fake, &slot, &[], &in_chunks(&bytes, size)).unwrap();
        let crc = Content::from(&bytes).crc().to_string();
        assert_eq!((reply.status, reply.header("x-oss-hash-crc64ecma")), (200, Some(crc.as_str())));
        let put = fake.requests_to(Target::Put).remove(0);
        assert_eq!((put.body.len(), put.body_length, put.answered_status), (0, len, Some(200)));
        assert_eq!(put.body_crc64.unwrap().to_string(), crc);
        assert_eq!(commit(&fake, &key, "a.bin", &json!({"size": len})).status, 200);
        assert!(fake.content("space-1", &fake.files()[0].dentry_id).unwrap().bytes(0..len) == bytes);
    }
}

#[test]
fn extensions_and_trailers_are_skipped() {
    let fake = FakeDingTalk::start().unwrap();
    let (key, slot) = offer(&fake);
    let body = b"3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n";
    assert_eq!(put_chunked(&fake, &slot, &[], body).unwrap().status, 200);
    assert_eq!(commit(&fake, &key, "a.txt", &json!({})).status, 200);
    assert_eq!(listed(&fake), [("a.txt".to_owned(), 1, 5)]);
}

#[test]
fn only_the_checksum_of_a_large_chunked_body_is_kept() {
    let fake = FakeDingTalk::start().unwrap();
    let (key, slot) = offer(&fake);
    let content = Content::pattern(17 << 20);
    let body = in_chunks(&content.bytes(0..content.len()), 1 << 20);
    assert_eq!(put_chunked(&fake, &slot, &[], &body).unwrap().status, 200);
    assert_eq!(commit(&fake, &key, "large", &json!({})).status, 200);
    let file = fake.files().remove(0);
    assert_eq!((file.size, file.crc64), (content.len(), content.crc()));
    assert!(fake.content("space-1", &file.dentry_id).is_none());
}

#[test]
fn the_head_of_a_chunked_put_is_checked_first() {
    let fake = FakeDingTalk::start().unwrap();
    let (_, slot) = offer(&fake);
    let reply =
        put_chunked(&fake, &slot, &[("Content-Type", "text/plain")], &in_chunks(b"hello", 5)).unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (403, "SignatureDoesNotMatch"));
    let both = put_chunked(&fake, &slot, &[("Content-Length", "5")], &in_chunks(b"hello", 5)).unwrap();
    assert_eq!(both.status, 400);
    for broken in [&b"x\r\nhello\r\n0\r\n\r\n"[..], b"5\r\nhello!\r\n0\r\n\r\n"] {
        assert_eq!(put_chunked(&fake, &slot, &[], broken).unwrap().status, 400);
    }
}

#[test]
fn a_chunked_put_gets_100_continue_and_keeps_the_connection_open() {
    let fake = FakeDingTalk::start().unwrap();
    let (key, slot) = offer(&fake);
    let headers =
        [&slot.headers(), &[("Transfer-Encoding", "chunked"), ("Expect", "100-continue")][..]].concat();
    let head = head("PUT", &slot.target, &headers).replace("Connection: close\r\n", "");
    let mut stream = connect(&fake);
    for _ in 0..2 {
        stream.write_all(head.as_bytes()).unwrap();
        let mut permission = [0; 25];
        stream.read_exact(&mut permission).unwrap();
        assert_eq!(&permission, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(&in_chunks(b"hello", 2)).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(commit(&fake, &key, "a.txt", &json!({"size": 5})).status, 200);
}

#[test]
fn upload_faults_apply_to_chunked_bodies() {
    let body = in_chunks(b"hello, world", 5);
    for (fault, length, status) in [
        (Fault::ResetUploadAfter(0), 0, None),
        (Fault::ResetUploadAfter(7), 7, None),
        (Fault::ResetUploadAfter(99), 12, None),
        (Fault::RefuseUploadAfter { bytes: 7, status: 403, code: "AccessDenied".into() }, 7, Some(403)),
        (Fault::CorruptUpload(7), 12, Some(200)),
    ] {
        let fake = FakeDingTalk::start().unwrap();
        let (_, slot) = offer(&fake);
        fake.fault(Target::Put, fault.clone());
        let reply = put_chunked(&fake, &slot, &[], &body);
        assert_eq!(reply.map(|reply| reply.status), status, "{fault:?}");
        // The client may notice a reset a moment before the request is recorded.
        let recorded = || fake.requests_to(Target::Put).pop();
        while recorded().is_none() {
            std::thread::yield_now();
        }
        let put = recorded().unwrap();
        assert_eq!((put.body_length, put.answered_status), (length, status), "{fault:?}");
    }
}
