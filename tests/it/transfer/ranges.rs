//! Ranges: the right bytes arrive however the server handles the `Range` header.

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
fn an_object_request_has_only_the_expected_headers() {
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
fn an_end_beyond_the_object_is_clamped() {
    // OSS answers each of these with 200 and the whole object.
    let s = Setup::new(1000);
    let done = s.assert_gets(0..1001, 0..1000);
    assert!(done.verified);
    s.assert_gets(990..5000, 990..1000);
    s.assert_gets(0..=u64::MAX - 1, 0..1000);
    s.assert_gets(ByteRange::last(1001), 0..1000);
    assert_eq!(s.objects().len(), 4, "a short prefix is skipped, without another request");
}

#[test]
fn a_long_prefix_is_avoided_by_a_second_request() {
    let s = Setup::new(3 * MIB);
    s.assert_gets(2 * MIB..4 * MIB, 2 * MIB..3 * MIB);
    let inside = format!("bytes={}-{}", 2 * MIB, 3 * MIB - 1);
    assert_eq!(s.ranges(), [Some(format!("bytes={}-{}", 2 * MIB, 4 * MIB - 1)), Some(inside)]);
    assert!(s.objects()[1].header("if-match").is_some(), "pinned to the object whose size is known");
}

#[test]
fn a_start_beyond_the_object_fails_with_the_size() {
    let s = Setup::new(1000);
    for fault in [None, Some(Fault::StrictRanges)] {
        for range in [ByteRange::from(1000..), (1000..1001).into(), (5000..6000).into()] {
            if let Some(fault) = &fault {
                s.fault(fault.clone());
            }
            let error = s.assert_fails(range, 0);
            assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(1000) }), "{error}");
            assert_eq!(error.bytes_written(), 0);
        }
    }
}

#[test]
fn a_refused_end_beyond_the_object_is_retried_clamped() {
    let s = Setup::new(1000);
    s.fault(Fault::StrictRanges);
    s.assert_gets(500..2000, 500..1000);
    assert_eq!(s.ranges(), [range("bytes=500-1999"), range("bytes=500-999")]);
}

#[test]
fn a_server_that_refuses_valid_ranges_gets_at_most_two_requests() {
    let s = Setup::new(1000);
    let refusal = Fault::object_error(416, "InvalidRange").header("Content-Range", "bytes */1000");
    s.fake.fault_always(Target::Object, refusal);
    let error = s.assert_fails(500..2000, 500);
    assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(1000) }), "{error}");
    assert_eq!(s.ranges(), [range("bytes=500-1999"), range("bytes=500-999")]);
}

#[test]
fn a_server_that_reports_a_new_size_each_time_gets_two_requests() {
    let s = Setup::new(1000);
    for size in 1000..1020 {
        let content_range = format!("bytes */{size}");
        s.fault(Fault::object_error(416, "InvalidRange").header("Content-Range", &content_range));
    }
    let error = s.assert_fails(500..2000, 500);
    assert!(matches!(error, Error::RangeNotSatisfiable { .. }), "{error}");
    assert_eq!(s.objects().len(), 2);
}

#[test]
fn a_412_without_a_precondition_is_an_error() {
    let s = Setup::new(1000);
    s.fake.fault_always(Target::Object, Fault::object_error(412, "PreconditionFailed"));
    let error = s.assert_fails(.., 0);
    assert_eq!(error.code(), Some("PreconditionFailed"), "{error}");
    assert_eq!(s.objects().len(), 1);
}

#[test]
fn empty_objects_are_downloaded() {
    let s = Setup::new(0);
    assert!(s.assert_gets(.., 0..0).verified);
    s.assert_gets(ByteRange::last(500), 0..0);
    let error = s.assert_fails(0..500, 0);
    assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(0) }), "{error}");
}

#[test]
fn an_empty_range_is_refused_without_a_request() {
    let s = Setup::new(10);
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is tested")]
    for range in [ByteRange::from(5..5), (9..5).into(), ByteRange::last(0)] {
        let error = s.assert_fails(range, 0);
        assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
    }
    assert!(s.fake.requests().is_empty());
}

#[test]
fn a_range_is_extracted_if_the_server_ignores_ranges() {
    let s = Setup::new(3 * MIB);
    s.fake.fault_always(Target::Object, Fault::IgnoreRange);
    s.assert_gets(100..200, 100..200);
    s.assert_gets(2 * MIB..2 * MIB + 10, 2 * MIB..2 * MIB + 10);
    s.assert_gets(ByteRange::last(10), 3 * MIB - 10..3 * MIB);
}

#[test]
fn a_range_from_a_whole_answer_without_length_is_refused() {
    // Nothing could confirm the bytes taken from such an answer.
    let s = Setup::new(1000);
    s.fake.fault_always(Target::Object, Fault::Several(vec![Fault::IgnoreRange, Fault::Chunked]));
    for range in [ByteRange::from(300..500), (300..).into(), ByteRange::last(10)] {
        let error = s.assert_fails(range, 300);
        assert_eq!(error.bytes_written(), 0);
        assert!(matches!(&error, Error::Answer(e) if matches!(e.problem, Problem::WrongRange(_))), "{error}");
    }
    assert!(s.assert_gets(.., 0..1000).verified, "the checksum confirms the whole object");
}

#[test]
fn a_cut_in_the_skipped_prefix_is_retried() {
    let s = Setup::new(1000);
    s.fault(Fault::Several(vec![Fault::IgnoreRange, Fault::CutAfter(100)]));
    s.fault(Fault::IgnoreRange);
    s.assert_gets(300..500, 300..500);
    assert_eq!(s.objects().len(), 2);
}

#[test]
fn an_answer_for_another_range_is_refused() {
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
        let is_expected = matches!(answer.problem, Problem::WrongRange(_) | Problem::Encoded(_));
        assert!(is_expected, "{fault:?}: {error}");
        assert_eq!(s.objects().len(), 1, "{fault:?}: a wrong answer is not requested again");
    }
}

#[test]
fn a_wrong_answer_of_one_host_is_replaced_by_the_next_host() {
    let s = Setup::new(1000);
    s.fake.set_resource_urls(vec!["{good}?mirror=1".to_owned(), "{good}?mirror=2".to_owned()]);
    s.fault(Fault::ShiftRange(7));
    s.assert_gets(100..200, 100..200);
    let mirrors: Vec<_> = s.objects().iter().map(|r| r.raw_query.clone()).collect();
    assert_eq!(mirrors, ["mirror=1", "mirror=2"]);
}

#[test]
fn ranges_shorter_than_requested_are_continued() {
    // No retries are allowed: continuing after a good range does not count as a retry.
    let s = Setup::with(100 * KIB, no_retries);
    s.fake.fault_always(Target::Object, Fault::ShortRange(20 * KIB));
    s.assert_gets(1.., 1..100 * KIB);
    assert_eq!(s.objects().len(), 5);
    assert_eq!(s.ranges()[1], range(&format!("bytes={}-{}", 20 * KIB + 1, 100 * KIB - 1)));
    assert!(s.clock.sleeps().is_empty());
}

#[test]
fn a_server_that_sends_one_byte_at_a_time_is_given_up() {
    let s = Setup::new(1000);
    s.fake.fault_always(Target::Object, Fault::ShortRange(1));
    let error = s.assert_fails(100..200, 100);
    assert!(matches!(error, Error::Interrupted { written: 6, .. }), "{error}");
    assert_eq!(s.objects().len(), 6, "the first attempt and five retries");
}

#[test]
fn a_server_that_sends_one_byte_at_a_time_after_good_progress_is_given_up() {
    let s = Setup::new(MIB);
    s.fault(Fault::ShortRange(MIB / 2));
    s.fake.fault_always(Target::Object, Fault::ShortRange(1));
    let error = s.assert_fails(1.., 1);
    assert_eq!(error.bytes_written(), MIB / 2 + 6, "{error}");
}

#[test]
fn the_version_and_intranet_options_are_sent_in_the_info_request() {
    let s = Setup::new(10);
    s.fake.put_file("space-1", "dentry-1", "file.bin", "second");
    let mut bytes = Vec::new();
    s.file().version(1).prefer_intranet(false).download_to(&mut bytes, ..).unwrap();
    assert_eq!(bytes, s.content.bytes(0..10));
    let body = s.fake.requests_to(Target::DownloadInfo)[0].json().unwrap();
    assert_eq!(body, serde_json::json!({"option": {"version": 1, "preferIntranet": false}}));
}
