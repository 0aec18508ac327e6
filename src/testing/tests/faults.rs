//! Tests of upload faults.

use super::raw::{commit, connect, head, listed, offer, uploaded};
use crate::testing::{Content, FakeDingTalk, Fault, Recorded, Target};
use serde_json::json;
use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(10);

/// Returns a body larger than the buffers of any socket.
fn large() -> Vec<u8> {
    vec![7; 32 << 20]
}

/// Returns the only PUT so far. The fake may record it a moment after the client is done.
fn last_put(fake: &FakeDingTalk) -> Recorded {
    for _ in 0..500 {
        if let Some(request) = fake.requests_to(Target::Put).pop() {
            return request;
        }
        thread::sleep(SOON);
    }
    panic!("no PUT was recorded");
}

#[test]
fn a_reset_upload_is_recorded_but_not_stored() {
    for (bytes, body) in
        [(0, b"hello".to_vec()), (3, b"hello".to_vec()), (9, b"hello".to_vec()), (1 << 20, large())]
    {
        let fake = FakeDingTalk::start().unwrap();
        let (key, slot) = offer(&fake);
        fake.fault(Target::Put, Fault::ResetUploadAfter(bytes));
        assert!(slot.try_put(&fake, &body).is_err());
        let request = last_put(&fake);
        assert_eq!(request.body_length, bytes.min(body.len() as u64));
        assert_eq!(request.answered_status, None);
        assert_eq!(commit(&fake, &key, "a", &json!({})).code(), "dentryStoreError");
        assert_eq!(slot.put(&fake, b"hello").status, 200, "the next PUT succeeds");
    }
}

#[test]
fn an_upload_can_be_refused_in_the_middle() {
    let fake = FakeDingTalk::start().unwrap();
    let (key, slot) = offer(&fake);
    fake.fault(Target::Put, Fault::RefuseUploadAfter { bytes: 3, status: 403, code: "AccessDenied".into() });
    let mut stream = connect(&fake);
    let mut headers = slot.headers();
    headers.push(("Content-Length", "1000000"));
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    stream.write_all(b"hello").unwrap();
    // The answer arrives although most of the body was not sent.
    let reply = super::raw::read_reply(&stream).unwrap().unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (403, "AccessDenied"));
    let request = last_put(&fake);
    assert_eq!((request.body_length, request.answered_status), (3, Some(403)));
    assert_eq!(commit(&fake, &key, "a", &json!({})).code(), "dentryStoreError");
}

#[test]
fn a_stalled_upload_ends_when_the_fake_is_dropped() {
    let fake = FakeDingTalk::start().unwrap();
    let (_, slot) = offer(&fake);
    fake.fault(Target::Put, Fault::StallUploadAfter(1000));
    let mut stream = connect(&fake);
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut headers = slot.headers();
    headers.push(("Content-Length", "33554432"));
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    assert!(stream.write_all(&large()).is_err(), "the fake must not read the whole body");
    assert_eq!(last_put(&fake).body_length, 1000);
    let start = Instant::now();
    drop(fake);
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(!matches!(stream.read(&mut [0]), Ok(1..)));
}

#[test]
fn a_slow_upload_pauses_after_each_piece() {
    let fake = FakeDingTalk::start().unwrap();
    fake.fault(Target::Put, Fault::SlowUpload { bytes: 100, pause: SOON });
    let start = Instant::now();
    let key = uploaded(&fake, &[1; 1001]);
    assert!(start.elapsed() >= 10 * SOON);
    assert_eq!(commit(&fake, &key, "a", &json!({"size": 1001})).status, 200);
}

#[test]
fn dropping_the_fake_ends_a_slow_upload() {
    let fake = FakeDingTalk::start().unwrap();
    let (_, slot) = offer(&fake);
    fake.fault(Target::Put, Fault::SlowUpload { bytes: 1, pause: Duration::from_secs(3600) });
    let mut stream = connect(&fake);
    let mut headers = slot.headers();
    headers.push(("Content-Length", "5"));
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    stream.write_all(b"hello").unwrap();
    thread::sleep(5 * SOON);
    let start = Instant::now();
    drop(fake);
    assert!(!matches!(stream.read(&mut [0]), Ok(1..)));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn an_upload_is_stored_even_if_the_answer_stalls() {
    let fake = FakeDingTalk::start().unwrap();
    let (key, slot) = offer(&fake);
    fake.fault(Target::Put, Fault::StallBeforeAnswer);
    let mut stream = connect(&fake);
    stream.set_read_timeout(Some(5 * SOON)).unwrap();
    let mut headers = slot.headers();
    headers.push(("Content-Length", "5"));
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    stream.write_all(b"hello").unwrap();
    assert!(stream.read(&mut [0]).is_err(), "expected a timeout");
    last_put(&fake);
    assert_eq!(commit(&fake, &key, "a", &json!({"size": 5})).status, 200);
}

#[test]
fn a_corrupt_upload_is_stored_with_its_own_checksum() {
    for place in [0, 2, 4] {
        let fake = FakeDingTalk::start().unwrap();
        let (key, slot) = offer(&fake);
        fake.fault(Target::Put, Fault::CorruptUpload(place));
        let reply = slot.put(&fake, b"aaaaa");
        let mut spoiled = b"aaaaa".to_vec();
        spoiled[usize::try_from(place).unwrap()] = !b'a';
        let crc = Content::from(&spoiled).crc();
        assert_eq!(reply.header("x-oss-hash-crc64ecma"), Some(crc.to_string().as_str()));
        assert_eq!(commit(&fake, &key, "a", &json!({})).status, 200);
        assert_eq!(fake.files()[0].crc64, crc);
    }
}

#[test]
fn answer_faults_apply_to_puts_and_commits() {
    let fake = FakeDingTalk::start().unwrap();
    let (key, slot) = offer(&fake);
    let put = |fault: Fault| {
        fake.fault(Target::Put, fault);
        slot.try_put(&fake, b"hello")
    };
    assert_eq!(put(Fault::Crc(None)).unwrap().unwrap().header("x-oss-hash-crc64ecma"), None);
    let wrong = put(Fault::Crc(Some("1".into()))).unwrap().unwrap();
    assert_eq!(wrong.header("x-oss-hash-crc64ecma"), Some("1"));
    assert_eq!(put(Fault::ETag(Some("\"e\"".into()))).unwrap().unwrap().header("etag"), Some("\"e\""));
    assert_eq!(put(Fault::object_error(503, "SlowDown")).unwrap().unwrap().code(), "SlowDown");
    assert!(put(Fault::RefuseBeforeReading).is_err());
    // The bytes are stored although the answer is missing.
    assert!(put(Fault::CloseWithoutAnswer).unwrap().is_none());
    fake.fault(Target::Commit, Fault::CloseWithoutAnswer);
    let body = json!({"uploadKey": key, "name": "a.txt", "parentId": "0"}).to_string();
    let token = fake.access_token();
    let headers = [("x-acs-dingtalk-access-token", token.as_str()), ("Content-Type", "application/json")];
    let path = "/v1.0/storage/spaces/space-1/files/commit?unionId=union-1";
    let lost = super::raw::send(&fake, "POST", path, &headers, body.as_bytes());
    assert!(lost.unwrap().is_none());
    assert_eq!(listed(&fake), [("a.txt".to_owned(), 1, 5)]);
    fake.fault(Target::Commit, Fault::api_error(500, "systemError"));
    assert_eq!(commit(&fake, &key, "b.txt", &json!({})).code(), "systemError");
    assert_eq!(fake.files().len(), 1, "a complete answer replaces the operation");
}

#[test]
fn an_upload_cut_off_by_the_client_is_recorded() {
    let fake = FakeDingTalk::start().unwrap();
    let (_, slot) = offer(&fake);
    let mut stream = connect(&fake);
    let mut headers = slot.headers();
    headers.push(("Content-Length", "1000"));
    stream.write_all(head("PUT", &slot.target, &headers).as_bytes()).unwrap();
    stream.write_all(b"hello").unwrap();
    drop(stream);
    let request = last_put(&fake);
    assert_eq!((request.body_length, request.answered_status), (5, None));
}

#[test]
fn slow_downloads_do_not_wait_for_each_other() {
    let fake = FakeDingTalk::start().unwrap();
    let size = 20 * 65_536;
    fake.put_file("space-1", "dentry-1", "a.bin", Content::pattern(size));
    fake.fault_always(Target::Object, Fault::Slow { bytes: 65_536, pause: SOON });
    let client = fake.client().build().unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let file = client.file("space-1", "dentry-1", crate::UnionId("anyone"));
                assert_eq!(file.download_to(&mut std::io::sink(), ..).unwrap().bytes, size);
            });
        }
    });
    // In sequence, the downloads would take 152 pauses.
    let elapsed = start.elapsed();
    assert!(elapsed >= 19 * SOON && elapsed < 150 * SOON, "{elapsed:?}");
}
