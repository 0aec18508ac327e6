//! Tests of unusual responses.

use super::raw::{connect, download_slot, get_head, head, offer, read_all, read_reply};
use crate::testing::{FakeDingTalk, Fault, Target};
use std::io::{Read, Write};

fn fake() -> FakeDingTalk {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake
}

#[test]
fn if_match_is_refused_even_if_it_matches() {
    let fake = fake();
    let slot = download_slot(&fake);
    let etag = slot.get(&fake, &[]).header("etag").unwrap().to_uppercase();
    fake.fault_always(Target::Object, Fault::RefuseIfMatch);
    for given in [etag.as_str(), "\"another\"", "*"] {
        let reply = slot.get(&fake, &[("If-Match", given)]);
        assert_eq!((reply.status, reply.code().as_str()), (412, "PreconditionFailed"));
        assert_eq!(reply.header("etag").map(str::to_uppercase), Some(etag.clone()));
    }
    assert_eq!(slot.get(&fake, &[]).body, "hello");
    for text in [None, Some("\"another\"")] {
        let faults = vec![Fault::RefuseIfMatch, Fault::ETag(text.map(str::to_owned))];
        fake.fault(Target::Object, Fault::Several(faults));
        let reply = slot.get(&fake, &[("If-Match", &etag)]);
        assert_eq!((reply.status, reply.header("etag")), (412, text));
    }
    fake.clear_faults();
    assert_eq!(slot.get(&fake, &[("If-Match", &etag)]).status, 200);
    // Without the fault, a real refusal does not reveal the ETag.
    let refused = slot.get(&fake, &[("If-Match", "\"another\"")]);
    assert_eq!((refused.status, refused.header("etag")), (412, None));
}

#[test]
fn any_etag_text_is_sent_unchanged() {
    let fake = fake();
    let slot = download_slot(&fake);
    for text in [Some("w/\"v1\""), Some("v1"), Some("\"\""), Some(""), None] {
        fake.fault(Target::Object, Fault::ETag(text.map(str::to_owned)));
        let reply = slot.get(&fake, &[("If-Match", "\"v1\"")]);
        assert_eq!((reply.status, reply.header("etag"), reply.body.as_str()), (200, text, "hello"));
    }
}

#[test]
fn an_empty_content_encoding_is_sent() {
    let fake = fake();
    let empty = Fault::ExtraHeader { name: "Content-Encoding".into(), value: String::new() };
    fake.fault(Target::Object, empty);
    let reply = download_slot(&fake).get(&fake, &[]);
    assert_eq!((reply.header("content-encoding"), reply.body.as_str()), (Some(""), "hello"));
}

#[test]
fn transfer_encoding_identity_is_not_a_framing() {
    let fake = fake();
    let slot = download_slot(&fake);
    let identity = || Fault::ExtraHeader { name: "Transfer-Encoding".into(), value: "identity".into() };
    for (more, length, body) in [
        (vec![], Some("5"), "hello"),
        (vec![Fault::CutAfter(2)], Some("5"), "he"),
        (vec![Fault::NoContentLength], None, "hello"),
        (vec![Fault::NoContentLength, Fault::CutAfter(2)], None, "he"),
    ] {
        fake.fault(Target::Object, Fault::Several([vec![identity()], more].concat()));
        let reply = slot.get(&fake, &[]);
        assert_eq!(reply.header("transfer-encoding"), Some("identity"));
        assert_eq!((reply.header("content-length"), reply.body.as_str()), (length, body));
    }
}

#[test]
fn a_portal_page_has_no_headers_of_the_object_store() {
    let fake = fake();
    let slot = download_slot(&fake);
    let is_resumed = |request: &crate::testing::Recorded| request.header("range").is_some();
    fake.fault_when(Target::Object, is_resumed, Fault::html(200, "<html>please log in</html>"));
    assert_eq!(slot.get(&fake, &[]).body, "hello");
    let page = slot.get(&fake, &[("Range", "bytes=2-")]);
    assert_eq!((page.status, page.body.as_str()), (200, "<html>please log in</html>"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for name in ["etag", "x-oss-request-id", "x-oss-hash-crc64ecma", "content-range", "accept-ranges"] {
        assert_eq!(page.header(name), None, "{name}");
    }
}

fn interim(status: u16) -> Fault {
    Fault::InterimResponse { status, headers: vec![("x-early".into(), "1".into())] }
}

#[test]
fn interim_responses_come_before_the_answer() {
    let fake = fake();
    let slot = download_slot(&fake);
    let faults = vec![interim(103), interim(100), Fault::ETag(None)];
    fake.fault(Target::Object, Fault::Several(faults));
    let mut stream = connect(&fake);
    stream.write_all(get_head(&slot, &[]).as_bytes()).unwrap();
    let all = read_all(&stream).unwrap();
    let start = "HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\nHTTP/1.1 100 Continue\r\nx-early: 1\r\n\r\nHTTP/1.1 200 OK\r\n";
    assert!(all.starts_with(start) && all.ends_with("\r\n\r\nhello"), "{all}");
    assert_eq!(fake.requests_to(Target::Object)[0].answered_status, Some(200));
}

/// Returns the head of a five-byte PUT from a client that waits for permission to send the body.
fn careful_put(fake: &FakeDingTalk) -> String {
    let (_, slot) = offer(fake);
    let mut headers = slot.headers();
    headers.extend([("Content-Length", "5"), ("Expect", "100-continue")]);
    head("PUT", &slot.target, &headers)
}

#[test]
fn interim_responses_are_sent_with_100_continue() {
    for (status, permission) in [
        (100, "HTTP/1.1 100 Continue\r\nx-early: 1\r\n\r\n"),
        (102, "HTTP/1.1 102 Processing\r\nx-early: 1\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let fake = fake();
        fake.fault(Target::Put, interim(status));
        let mut stream = connect(&fake);
        stream.write_all(careful_put(&fake).as_bytes()).unwrap();
        let mut received = vec![0; permission.len()];
        stream.read_exact(&mut received).unwrap();
        assert_eq!(String::from_utf8(received).unwrap(), permission);
        stream.write_all(b"hello").unwrap();
        // The interim responses are not sent again with the final response.
        assert!(read_all(&stream).unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn the_body_is_read_even_without_100_continue() {
    let fake = fake();
    fake.fault(Target::Put, Fault::NoContinue);
    let mut stream = connect(&fake);
    stream.write_all((careful_put(&fake) + "hello").as_bytes()).unwrap();
    assert!(read_all(&stream).unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(fake.requests_to(Target::Put)[0].body_length, 5);
}

#[test]
fn an_expectation_is_refused_before_the_body() {
    let fake = fake();
    fake.fault_when(Target::Put, |request| request.header("expect").is_some(), Fault::status(417));
    let mut stream = connect(&fake);
    stream.write_all(careful_put(&fake).as_bytes()).unwrap();
    assert_eq!(read_reply(&stream).unwrap().unwrap().status, 417);
    let (_, slot) = offer(&fake);
    assert_eq!(slot.put(&fake, b"hello").status, 200);
}

#[test]
fn an_interim_100_and_a_refusal_are_sent_together() {
    let fake = fake();
    let refusal = Fault::object_error(403, "AccessDenied");
    fake.fault(Target::Put, Fault::Several(vec![interim(100), refusal]));
    let mut stream = connect(&fake);
    stream.write_all(careful_put(&fake).as_bytes()).unwrap();
    let all = read_all(&stream).unwrap();
    let start = "HTTP/1.1 100 Continue\r\nx-early: 1\r\n\r\nHTTP/1.1 403 Forbidden\r\n";
    assert!(all.starts_with(start) && all.contains("<Code>AccessDenied</Code>"), "{all}");
    let request = fake.requests_to(Target::Put).remove(0);
    assert_eq!((request.body_length, request.answered_status), (0, Some(403)));
}
