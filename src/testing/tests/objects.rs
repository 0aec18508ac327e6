//! Tests of object requests that this crate's client does not send.

use super::raw::{Slot, download_slot};
use crate::base::ids::UnionId;
use crate::testing::FakeDingTalk;

fn fake() -> FakeDingTalk {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake
}

#[test]
fn each_conditional_header_is_evaluated() {
    let fake = fake();
    let slot = download_slot(&fake);
    let whole = slot.get(&fake, &[]);
    let (etag, time) = (whole.header("etag").unwrap().to_uppercase(), "Sat, 01 Jan 2022 10:00:00 GMT");
    assert_eq!(whole.header("last-modified"), Some(time.to_lowercase().as_str()));
    let bare = etag.trim_matches('"');
    let list = format!("\"another\", {etag}");
    let (earlier, later) = ("Sat, 01 Jan 2022 09:59:59 GMT", "Sat, 01 Jan 2022 10:00:01 GMT");
    for (name, value, status) in [
        ("If-Match", etag.as_str(), 200),
        ("If-Match", &list, 200),
        ("If-Match", "\"another\"", 412),
        ("If-None-Match", &etag, 304),
        ("If-None-Match", bare, 304),
        ("If-None-Match", &list, 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", "\"another\"", 200),
        ("If-Modified-Since", earlier, 200),
        ("If-Modified-Since", time, 304),
        ("If-Modified-Since", later, 304),
        ("If-Modified-Since", "yesterday", 200),
        ("If-Modified-Since", "", 200),
        ("If-Unmodified-Since", earlier, 412),
        ("If-Unmodified-Since", time, 200),
        ("If-Unmodified-Since", later, 200),
        ("If-Unmodified-Since", "2021-01-01T10:00:00Z", 200),
    ] {
        for range in [None, Some(("Range", "bytes=1-2"))] {
            let headers: Vec<_> = [Some((name, value)), range].into_iter().flatten().collect();
            let reply = slot.get(&fake, &headers);
            let expected = if status == 200 && range.is_some() { 206 } else { status };
            assert_eq!(reply.status, expected, "{headers:?}");
            match status {
                304 => {
                    assert_eq!((reply.body.as_str(), reply.header("content-length")), ("", None));
                    assert_eq!(reply.header("etag").map(str::to_uppercase).as_deref(), Some(etag.as_str()));
                    assert_eq!(reply.header("last-modified"), whole.header("last-modified"));
                }
                412 => {
                    assert_eq!(reply.code(), "PreconditionFailed");
                    assert!(reply.body.contains(&format!("<Condition>{name}</Condition>")), "{reply:?}");
                }
                _ => assert_eq!(reply.body, if range.is_some() { "el" } else { "hello" }),
            }
        }
    }
}

#[test]
fn combined_conditions_follow_their_precedence() {
    let fake = fake();
    let slot = download_slot(&fake);
    let etag = slot.get(&fake, &[]).header("etag").unwrap().to_uppercase();
    let (earlier, later) = ("Sat, 01 Jan 2022 09:00:00 GMT", "Sat, 01 Jan 2022 11:00:00 GMT");
    for (headers, status) in [
        // The ETag takes precedence over the time.
        ([("If-Match", etag.as_str()), ("If-Unmodified-Since", earlier)], 200),
        ([("If-None-Match", "\"another\""), ("If-Modified-Since", later)], 200),
        ([("If-None-Match", &etag), ("If-Modified-Since", earlier)], 304),
        ([("If-Modified-Since", earlier), ("If-Unmodified-Since", later)], 200),
        ([("If-Match", &etag), ("If-None-Match", &etag)], 304),
        ([("If-Match", "\"another\""), ("If-None-Match", &etag)], 412),
        // Two headers form one list.
        ([("If-None-Match", "\"another\""), ("If-None-Match", &etag)], 304),
    ] {
        assert_eq!(slot.get(&fake, &headers).status, status, "{headers:?}");
    }
}

/// Returns the signed path with the query in the URLs that the test sets.
fn slot_with(fake: &FakeDingTalk, query: &str) -> Slot {
    fake.set_resource_urls(vec![format!("{{good}}?{query}")]);
    download_slot(fake)
}

#[test]
fn signed_parameters_replace_headers_of_the_answer() {
    let fake = fake();
    let query = "response-content-type=text%2Fplain%3B%20charset%3Dutf-8&mirror=1&response-expires=0\
                 &response-content-disposition=attachment%3B+filename%3Da.txt&response-cache-control=no-cache\
                 &response-content-language=zh&response-content-encoding=identity";
    let mut slot = slot_with(&fake, query);
    for range in [&[][..], &[("Range", "bytes=0-4")]] {
        let reply = slot.get(&fake, range);
        assert_eq!((reply.status, reply.body.as_str()), (if range.is_empty() { 200 } else { 206 }, "hello"));
        for (name, value) in [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-disposition", "attachment; filename=a.txt"),
            ("cache-control", "no-cache"),
            ("content-encoding", "identity"),
            ("content-language", "zh"),
            ("expires", "0"),
        ] {
            assert_eq!(reply.header(name), Some(value));
        }
    }
    // The order and encoding of parameters are not signed, and neither are unknown parameters.
    slot.target = slot.target.replace("mirror=1&response-expires=0", "mirror=2").replace("%2F", "/");
    slot.target.push_str("&response-expires=%30");
    assert_eq!(slot.get(&fake, &[]).header("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn unsigned_parameters_are_refused() {
    let fake = fake();
    let plain = download_slot(&fake).target;
    let signed = "response-content-type=text%2Fplain";
    for (signed, sent) in [
        ("", signed),
        ("mirror=1", "response-expires=0"),
        (signed, "response-content-type=text%2Fhtml"),
        (signed, ""),
        ("", "x-oss-process=image%2Fresize%2Cw_100"),
        ("", "versionId=1"),
        ("", "acl"),
    ] {
        let mut slot = slot_with(&fake, signed);
        slot.target = format!("{plain}?{sent}");
        let reply = slot.get(&fake, &[]);
        assert_eq!((reply.status, reply.code().as_str()), (403, "SignatureDoesNotMatch"), "{signed} {sent}");
        // As in the real store, the string to sign contains the decoded parameter.
        let text = percent_encoding::percent_decode_str(sent).decode_utf8().unwrap().into_owned();
        let resource = format!("{plain}?{text}").trim_end_matches('?').to_owned();
        assert!(reply.body.contains(&format!("\n{resource}</StringToSign>")), "{reply:?}");
    }
    let mut slot = slot_with(&fake, "response-expires");
    slot.target = format!("{plain}?response-expires=");
    assert_eq!((slot.get(&fake, &[]).status, slot.get(&fake, &[]).header("expires")), (200, None));
    // A line break would let the client inject another header.
    let broken = slot_with(&fake, "response-content-type=a%0D%0Ax-evil%3A%201").get(&fake, &[]);
    assert_eq!(
        (broken.status, broken.code().as_str(), broken.header("x-evil")),
        (400, "InvalidArgument", None)
    );
}

#[test]
fn a_lapsed_signature_gets_request_time_too_skewed() {
    let fake = fake();
    let slot = download_slot(&fake);
    fake.lapse_signatures();
    let reply = slot.get(&fake, &[]);
    assert_eq!((reply.status, reply.code().as_str()), (403, "RequestTimeTooSkewed"));
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    let skew = "<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>";
    assert!(reply.body.contains(skew) && reply.body.contains("<RequestTime>2026-02-01T00:00:"), "{reply:?}");

    let client = fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("anyone"));
    let info = file.download_info().unwrap();
    fake.lapse_signatures();
    let error = client.download_to(&info, &mut Vec::new(), ..).unwrap_err();
    let crate::Error::Storage(refused) = error else { panic!("unexpected error: {error}") };
    assert_eq!((refused.status, refused.code.as_deref()), (403, Some("RequestTimeTooSkewed")));
    let mut bytes = Vec::new();
    assert!(file.download_to(&mut bytes, ..).unwrap().verified && bytes == b"hello");
}
