//! Tests of faults for some requests only.

use super::raw::{Slot, connect, download_slot, get_head, head, post, read_all, read_reply, send};
use crate::base::ids::UnionId;
use crate::testing::{FakeDingTalk, Fault, Recorded, Target};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

fn fake() -> FakeDingTalk {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake
}

/// Returns the status of a GET over a new connection.
fn status(fake: &FakeDingTalk, slot: &Slot, headers: &[(&str, &str)]) -> u16 {
    slot.get(fake, headers).status
}

#[test]
fn queued_faults_come_first_then_conditions_in_their_order_then_the_standing_fault() {
    let fake = fake();
    let slot = download_slot(&fake);
    let mut count = 0;
    let every_second = move |_: &Recorded| {
        count += 1;
        count % 2 == 0
    };
    fake.fault_always(Target::Object, Fault::status(501));
    fake.fault_when(Target::Object, every_second, Fault::status(502));
    fake.fault_when(Target::Object, |request| request.header("range").is_some(), Fault::status(503));
    fake.fault(Target::Object, Fault::status(504));
    let range = [("Range", "bytes=0-1")];
    // The fault comes from the queue, so no condition is evaluated.
    assert_eq!(status(&fake, &slot, &range), 504);
    assert_eq!(status(&fake, &slot, &range), 503);
    assert_eq!(status(&fake, &slot, &range), 502);
    assert_eq!(status(&fake, &slot, &[]), 501);
    // The faults apply to objects only.
    assert_eq!(download_slot(&fake).target, slot.target);
    fake.clear_faults();
    assert_eq!(status(&fake, &slot, &range), 206);
    assert_eq!(status(&fake, &slot, &[]), 200);
}

/// Sends a GET over an open connection, and reads its response to the end of a five-byte body.
fn exchange(stream: &mut TcpStream, slot: &Slot) -> String {
    let head = get_head(slot, &[]).replace("Connection: close\r\n", "");
    stream.write_all(head.as_bytes()).unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"hello") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        response.push(byte[0]);
    }
    String::from_utf8(response).unwrap()
}

#[test]
fn additional_connections_are_refused_and_the_first_continues() {
    for code in [403, 429, 503, 509] {
        let fake = fake();
        let slot = download_slot(&fake);
        let mut first = None;
        let is_additional =
            move |request: &Recorded| *first.get_or_insert(request.connection) != request.connection;
        fake.fault_when(Target::Object, is_additional, Fault::object_error(code, "SlowDown"));
        let mut stream = connect(&fake);
        assert!(exchange(&mut stream, &slot).starts_with("HTTP/1.1 200 OK\r\n"));
        for _ in 0..2 {
            let reply = slot.get(&fake, &[]);
            assert_eq!((reply.status, reply.code().as_str()), (code, "SlowDown"));
        }
        assert!(exchange(&mut stream, &slot).starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn ranges_beyond_the_first_get_the_whole_object() {
    let fake = fake();
    let slot = download_slot(&fake);
    let mut ranges = 0;
    let is_later = move |request: &Recorded| {
        ranges += usize::from(request.header("range").is_some());
        ranges > 1
    };
    fake.fault_when(Target::Object, is_later, Fault::IgnoreRange);
    let replies = ["bytes=0-1", "bytes=2-3", "bytes=4-4"].map(|range| slot.get(&fake, &[("Range", range)]));
    let replies = replies.map(|reply| (reply.status, reply.body));
    assert_eq!(replies, [(206, "he".into()), (200, "hello".into()), (200, "hello".into())]);
}

#[test]
fn each_resource_url_can_have_its_own_fault() {
    let fake = fake();
    fake.set_resource_urls(vec!["{good}?mirror=1".into(), "{good}?mirror=2".into(), "{good}".into()]);
    let is_mirror =
        |number: &'static str| move |request: &Recorded| request.query_value("mirror") == Some(number);
    fake.fault_when(Target::Object, is_mirror("1"), Fault::CutAfter(2));
    fake.fault_when(Target::Object, is_mirror("2"), Fault::object_error(404, "NoSuchKey"));
    let on_other_host = |request: &Recorded| request.header("host") == Some("other-host");
    fake.fault_when(Target::Object, on_other_host, Fault::status(410));
    let mut slot = download_slot(&fake);
    assert!(slot.target.ends_with("?mirror=1"));
    let cut = slot.get(&fake, &[]);
    assert_eq!((cut.status, cut.header("content-length"), cut.body.as_str()), (200, Some("5"), "he"));
    slot.target = slot.target.replace("mirror=1", "mirror=2");
    assert_eq!(slot.get(&fake, &[]).code(), "NoSuchKey");
    slot.target = slot.target.replace("?mirror=2", "");
    assert_eq!(slot.get(&fake, &[]).body, "hello");
    let mut stream = connect(&fake);
    let head = get_head(&slot, &[]).replace("Host: fake\r\n", "Host: other-host\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_reply(&stream).unwrap().unwrap().status, 410);
}

#[test]
fn an_old_signature_gets_the_configured_error() {
    for (code, word) in [(400, "InvalidToken"), (401, "Unauthorized"), (403, "TokenExpired"), (410, "Gone")] {
        let fake = fake();
        let slots = [download_slot(&fake), download_slot(&fake)];
        let old = slots[0].authorization.clone();
        let is_old = move |request: &Recorded| request.header("authorization") == Some(old.as_str());
        fake.fault_when(Target::Object, is_old, Fault::object_error(code, word));
        for _ in 0..2 {
            let refused = slots[0].get(&fake, &[]);
            assert_eq!((refused.status, refused.code().as_str()), (code, word));
        }
        assert_eq!(slots[1].get(&fake, &[]).body, "hello");
    }
}

#[test]
fn a_signature_with_lifetime_0_has_already_lapsed() {
    let fake = fake();
    fake.set_expiration_seconds(0);
    let slot = download_slot(&fake);
    let refused = slot.get(&fake, &[]);
    assert_eq!((refused.status, refused.code().as_str()), (403, "RequestTimeTooSkewed"));
    fake.set_expiration_seconds(900);
    assert_eq!(download_slot(&fake).get(&fake, &[]).status, 200);
}

#[test]
fn a_condition_may_use_the_fake() {
    let fake = Arc::new(fake());
    let weak = Arc::downgrade(&fake);
    // The condition changes the number of URLs for each download information.
    let more_urls = move |_: &Recorded| {
        let fake = weak.upgrade().unwrap();
        let count = fake.requests_to(Target::DownloadInfo).len() + 1;
        fake.set_resource_urls(vec!["{good}".into(); count]);
        false
    };
    fake.fault_when(Target::DownloadInfo, more_urls, Fault::status(500));
    let path = "/v1.0/storage/spaces/space-1/dentries/dentry-1/downloadInfos/query";
    let counts = [1, 2, 3].map(|_| {
        let info = post(&fake, path, &json!({})).json();
        info["headerSignatureInfo"]["resourceUrls"].as_array().unwrap().len()
    });
    assert_eq!(counts, [1, 2, 3]);
}

/// Returns the statuses of sends to these recipients.
fn sends<const N: usize>(fake: &FakeDingTalk, recipients: [&str; N]) -> [u16; N] {
    let token = fake.access_token();
    recipients.map(|recipient| {
        let headers = [("x-acs-dingtalk-access-token", token.as_str()), ("Content-Type", "application/json")];
        let target = format!("/v1.0/convFile/apps/conversations/files/send?unionId={recipient}");
        let body = br#"{"spaceId": "space-1", "dentryId": "dentry-1"}"#;
        send(fake, "POST", &target, &headers, body).unwrap().unwrap().status
    })
}

#[test]
fn sends_fail_for_one_recipient_only() {
    let fake = fake();
    let is_to_bob = |request: &Recorded| request.query_value("unionId") == Some("bob");
    fake.fault_when(Target::Send, is_to_bob, Fault::api_error(403, "permissionDenied"));
    assert_eq!(sends(&fake, ["ann", "bob", "cid", "bob"]), [200, 403, 200, 403]);
    let client = fake.client().build().unwrap();
    let to = |person| client.conv_file().send_by_app("space-1", "dentry-1", UnionId(person));
    assert!(to("bob").unwrap_err().is_permission_denied());
    assert!(to("dan").is_ok());
    let sent: Vec<_> = fake.sent().into_iter().map(|sent| sent.union_id).collect();
    assert_eq!(sent, ["ann", "cid", "dan"]);
}

#[test]
fn a_condition_sees_the_body() {
    let fake = fake();
    let is_to_team = |request: &Recorded| {
        assert_eq!(request.body_length, request.body.len() as u64);
        request.json().is_some_and(|body| body["openConversationId"] == "team")
    };
    let path = "/v1.0/convFile/conversations/files/send";
    let body = |to: &str| json!({"spaceId": "space-1", "dentryId": "dentry-1", "openConversationId": to});
    fake.fault_when(Target::SendToConversation, is_to_team, Fault::api_error(403, "permissionDenied"));
    assert_eq!(["boss", "team"].map(|to| post(&fake, path, &body(to)).status), [200, 403]);
    let recorded = fake.requests_to(Target::SendToConversation);
    assert_eq!(
        recorded.iter().map(|request| request.json().unwrap()).collect::<Vec<_>>(),
        ["boss", "team"].map(body)
    );

    // A condition also sees a body in chunks, over a connection that stays open.
    let token = fake.access_token();
    let headers = [
        ("x-acs-dingtalk-access-token", token.as_str()),
        ("Content-Type", "application/json"),
        ("Transfer-Encoding", "chunked"),
    ];
    let text = body("team").to_string();
    let request = head("POST", &format!("{path}?unionId=ann"), &headers)
        + &format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    let mut stream = connect(&fake);
    stream.write_all((request.replace("Connection: close\r\n", "") + &request).as_bytes()).unwrap();
    assert_eq!(read_all(&stream).unwrap().matches("permissionDenied").count(), 2);

    // A condition may also refuse before reading: the connection is reset, and no body is recorded.
    fake.clear_faults();
    fake.fault_when(Target::SendToConversation, |_| true, Fault::RefuseBeforeReading);
    let mut stream = connect(&fake);
    stream.write_all(request.as_bytes()).unwrap();
    assert!(read_reply(&stream).is_err());
    let last = fake.requests_to(Target::SendToConversation).pop().unwrap();
    assert_eq!((last.body.len(), last.body_length, last.answered_status), (0, 0, None));
}

#[test]
fn a_condition_sees_only_the_head_if_the_client_waits() {
    let fake = fake();
    fake.fault_when(Target::Send, |request| request.body.is_empty(), Fault::status(417));
    let mut stream = connect(&fake);
    let target = "/v1.0/convFile/apps/conversations/files/send?unionId=ann";
    let headers = [("Content-Length", "5"), ("Expect", "100-continue")];
    stream.write_all(head("POST", target, &headers).as_bytes()).unwrap();
    assert_eq!(read_reply(&stream).unwrap().unwrap().status, 417);
    // This client does not wait for `100 Continue`, so the condition sees its body.
    assert_eq!(sends(&fake, ["ann"]), [200]);
}

#[test]
fn fault_on_call_fails_only_that_call() {
    let fake = fake();
    let people = ["a", "b", "c", "d", "e"];
    fake.fault_on_call(Target::Send, 3, Fault::status(503));
    assert_eq!(sends(&fake, people), [200, 200, 503, 200, 200]);
    // Requests count from this call on.
    fake.fault_on_call(Target::Send, 1, Fault::status(501));
    fake.fault_on_call(Target::Send, 4, Fault::status(502));
    fake.fault_on_call(Target::Send, 4, Fault::status(504));
    fake.fault_on_call(Target::Send, 0, Fault::status(505));
    fake.fault_on_call(Target::Send, usize::MAX, Fault::status(505));
    fake.fault_on_call(Target::Object, 2, Fault::status(505));
    assert_eq!(sends(&fake, people), [501, 200, 200, 504, 200]);

    // The other requests are free for further faults of each kind.
    fake.fault_on_call(Target::Send, 2, Fault::status(502));
    fake.fault(Target::Send, Fault::status(501));
    fake.fault(Target::Send, Fault::status(503));
    let is_to_d = |request: &Recorded| request.query_value("unionId") == Some("d");
    fake.fault_when(Target::Send, is_to_d, Fault::status(504));
    fake.fault_always(Target::Send, Fault::status(509));
    assert_eq!(sends(&fake, people), [501, 502, 503, 504, 509]);
    fake.fault_on_call(Target::Send, 1, Fault::status(501));
    fake.clear_faults();
    assert_eq!(sends(&fake, ["d", "e"]), [200, 200]);
}
