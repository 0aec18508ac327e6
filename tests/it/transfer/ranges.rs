//! Which bytes arrive, whatever the server makes of `Range`.

use dingtalk_files::Problem;

use super::*;

#[test]
fn every_range_expression_gets_its_bytes() {
    let s = Setup::new(1000);
    s.assert_gets(.., 0..1000);
    s.assert_gets(0..500, 0..500);
    s.assert_gets(0..=499, 0..500);
    s.assert_gets(500.., 500..1000);
    s.assert_gets(..500, 0..500);
    s.assert_gets(..=499, 0..500);
    s.assert_gets(999..1000, 999..1000);
    s.assert_gets(ByteRange::last(1), 999..1000);
    s.assert_gets(ByteRange::last(1000), 0..1000);
    let texts: Vec<_> = s.ranges();
    let expected = ["0-499", "0-499", "500-", "0-499", "0-499", "999-999", "-1", "-1000"];
    let expected = expected.map(|r| Some(format!("bytes={r}")));
    assert_eq!(texts.first(), Some(&None));
    assert_eq!(texts[1..], expected);
}

#[test]
fn the_request_carries_the_signed_headers_and_nothing_else_that_is_signed() {
    let s = Setup::new(100);
    s.assert_gets(0..50, 0..50);
    let [request] = &s.objects()[..] else { panic!("one request") };
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        ["accept", "accept-encoding", "authorization", "host", "range", "user-agent", "x-oss-date"]
    );
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));

    let info = &s.fake.requests_to(Target::DownloadInfo)[0];
    assert!(info.header("authorization").is_none() && info.header("x-oss-date").is_none());
    assert!(request.header("x-acs-dingtalk-access-token").is_none());
}

#[test]
fn an_end_behind_the_object_is_cut() {
    // OSS answers 200 with the whole object for every one of these.
    let s = Setup::new(1000);
    let done = s.assert_gets(0..1001, 0..1000);
    assert!(done.verified);
    s.assert_gets(990..5000, 990..1000);
    s.assert_gets(0..=u64::MAX - 1, 0..1000);
    s.assert_gets(ByteRange::last(1001), 0..1000);
    assert_eq!(s.objects().len(), 4, "a short prefix is dropped, not asked again");
}

#[test]
fn a_long_prefix_is_asked_again_rather_than_read() {
    let s = Setup::new(3 * MIB);
    s.assert_gets(2 * MIB..4 * MIB, 2 * MIB..3 * MIB);
    let inside = format!("bytes={}-{}", 2 * MIB, 3 * MIB - 1);
    assert_eq!(s.ranges(), [Some(format!("bytes={}-{}", 2 * MIB, 4 * MIB - 1)), Some(inside)]);
    assert!(s.objects()[1].header("if-match").is_some(), "pinned to the object whose size is known");
}

#[test]
fn a_start_behind_the_object_writes_nothing_and_tells_the_size() {
    let s = Setup::new(1000);
    for fault in [None, Some(Fault::StrictRanges)] {
        for wanted in [ByteRange::from(1000..), (1000..1001).into(), (5000..6000).into()] {
            if let Some(fault) = &fault {
                s.fault(fault.clone());
            }
            let error = s.assert_fails(wanted, 0);
            assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(1000) }), "{error}");
            assert_eq!(error.bytes_written(), 0);
        }
    }
}

#[test]
fn a_server_that_refuses_an_overlong_end_is_asked_for_the_part_inside() {
    let s = Setup::new(1000);
    s.fault(Fault::StrictRanges);
    s.assert_gets(500..2000, 500..1000);
    assert_eq!(s.ranges(), [range("bytes=500-1999"), range("bytes=500-999")]);
}

#[test]
fn a_server_that_refuses_what_it_has_is_asked_twice_at_most() {
    let s = Setup::new(1000);
    let refusal = Fault::object_error(416, "InvalidRange").header("Content-Range", "bytes */1000");
    s.fake.fault_always(Target::Object, refusal);
    let error = s.assert_fails(500..2000, 500);
    assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(1000) }), "{error}");
    assert_eq!(s.ranges(), [range("bytes=500-1999"), range("bytes=500-999")]);
}

#[test]
fn a_server_that_tells_another_size_each_time_is_not_followed() {
    let s = Setup::new(1000);
    for size in 1000..1020 {
        let told = format!("bytes */{size}");
        s.fault(Fault::object_error(416, "InvalidRange").header("Content-Range", &told));
    }
    let error = s.assert_fails(500..2000, 500);
    assert!(matches!(error, Error::RangeNotSatisfiable { .. }), "{error}");
    assert_eq!(s.objects().len(), 2);
}

#[test]
fn a_412_that_nothing_asked_for_is_an_error() {
    let s = Setup::new(1000);
    s.fake.fault_always(Target::Object, Fault::object_error(412, "PreconditionFailed"));
    let error = s.assert_fails(.., 0);
    assert_eq!(error.code(), Some("PreconditionFailed"), "{error}");
    assert_eq!(s.objects().len(), 1);
}

#[test]
fn empty_objects() {
    let s = Setup::new(0);
    assert!(s.assert_gets(.., 0..0).verified);
    s.assert_gets(ByteRange::last(500), 0..0);
    let error = s.assert_fails(0..500, 0);
    assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(0) }), "{error}");
}

#[test]
fn an_empty_range_sends_nothing() {
    let s = Setup::new(10);
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is tested")]
    for wanted in [ByteRange::from(5..5), (9..5).into(), ByteRange::last(0)] {
        let error = s.assert_fails(wanted, 0);
        assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
    }
    assert!(s.fake.requests().is_empty());
}

#[test]
fn a_server_without_ranges_still_gives_the_part() {
    let s = Setup::new(3 * MIB);
    s.fake.fault_always(Target::Object, Fault::IgnoreRange);
    s.assert_gets(100..200, 100..200);
    s.assert_gets(2 * MIB..2 * MIB + 10, 2 * MIB..2 * MIB + 10);
    s.assert_gets(ByteRange::last(10), 3 * MIB - 10..3 * MIB);
}

#[test]
fn a_part_of_an_answer_without_length_is_refused() {
    // Whatever is taken from it, nothing could vouch for.
    let s = Setup::new(1000);
    s.fake.fault_always(Target::Object, Fault::Several(vec![Fault::IgnoreRange, Fault::Chunked]));
    for wanted in [ByteRange::from(300..500), (300..).into(), ByteRange::last(10)] {
        let error = s.assert_fails(wanted, 300);
        assert_eq!(error.bytes_written(), 0);
        assert!(matches!(&error, Error::Answer(e) if matches!(e.problem, Problem::WrongRange(_))), "{error}");
    }
    assert!(s.assert_gets(.., 0..1000).verified, "the checksum vouches for the whole");
}

#[test]
fn a_cut_in_the_prefix_that_is_dropped_is_retried() {
    let s = Setup::new(1000);
    s.fault(Fault::Several(vec![Fault::IgnoreRange, Fault::CutAfter(100)]));
    s.fault(Fault::IgnoreRange);
    s.assert_gets(300..500, 300..500);
    assert_eq!(s.objects().len(), 2);
}

#[test]
fn an_answer_to_another_question_is_refused_whole() {
    let table = [
        Fault::ShiftRange(1),
        Fault::ShiftRange(-1),
        Fault::ContentRange(None),
        Fault::ContentRange(Some("bytes 100-199/50".to_owned())),
        Fault::ContentRange(Some("bytes 100-300/1000".to_owned())),
        Fault::ContentRange(Some("bytes 199-100/1000".to_owned())),
        Fault::ContentRange(Some("bytes 100-199".to_owned())),
        Fault::ContentRange(Some("multipart nonsense".to_owned())),
        Fault::GzipHeader,
    ];
    for fault in table {
        let s = Setup::new(1000);
        s.fake.fault_always(Target::Object, fault.clone());
        let error = s.assert_fails(100..200, 100);
        assert_eq!(error.bytes_written(), 0);
        let Error::Answer(answer) = &error else { panic!("{fault:?}: {error}") };
        let told = matches!(answer.problem, Problem::WrongRange(_) | Problem::Encoded(_));
        assert!(told, "{fault:?}: {error}");
        assert_eq!(s.objects().len(), 1, "{fault:?}: a lie is not asked for again");
    }
}

#[test]
fn a_lie_of_one_host_is_mended_by_the_next() {
    let s = Setup::new(1000);
    s.fake.set_resource_urls(vec!["{good}?mirror=1".to_owned(), "{good}?mirror=2".to_owned()]);
    s.fault(Fault::ShiftRange(7));
    s.assert_gets(100..200, 100..200);
    let mirrors: Vec<_> = s.objects().iter().map(|r| r.raw_query.clone()).collect();
    assert_eq!(mirrors, ["mirror=1", "mirror=2"]);
}

#[test]
fn parts_shorter_than_asked_are_continued() {
    // A retry would be one too many: good parts cost none.
    let s = Setup::with(100 * KIB, no_retries);
    s.fake.fault_always(Target::Object, Fault::ShortRange(20 * KIB));
    s.assert_gets(1.., 1..100 * KIB);
    assert_eq!(s.objects().len(), 5);
    assert_eq!(s.ranges()[1], range(&format!("bytes={}-{}", 20 * KIB + 1, 100 * KIB - 1)));
    assert!(s.clock.sleeps().is_empty());
}

#[test]
fn a_byte_at_a_time_does_not_loop_for_ever() {
    let s = Setup::new(1000);
    s.fake.fault_always(Target::Object, Fault::ShortRange(1));
    let error = s.assert_fails(100..200, 100);
    assert!(matches!(error, Error::Interrupted { written: 6, .. }), "{error}");
    assert_eq!(s.objects().len(), 6, "the first try and five retries");
}

#[test]
fn nor_after_a_good_beginning() {
    let s = Setup::new(MIB);
    s.fault(Fault::ShortRange(MIB / 2));
    s.fake.fault_always(Target::Object, Fault::ShortRange(1));
    let error = s.assert_fails(1.., 1);
    assert_eq!(error.bytes_written(), MIB / 2 + 6, "{error}");
}

#[test]
fn a_version_is_asked_for_by_number() {
    let s = Setup::new(10);
    s.fake.put_file("space-1", "dentry-1", "file.bin", "second");
    let mut bytes = Vec::new();
    s.file().version(1).prefer_intranet(false).download_to(&mut bytes, ..).unwrap();
    assert_eq!(bytes, s.content.bytes(0..10));
    let body = s.fake.requests_to(Target::DownloadInfo)[0].json().unwrap();
    assert_eq!(body, serde_json::json!({"option": {"version": 1, "preferIntranet": false}}));
}
