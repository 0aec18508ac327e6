//! Content integrity: objects are never mixed, and differences are never silent.

use super::*;

#[test]
fn the_result_describes_the_written_bytes() {
    let s = Setup::new(1000);
    let whole = s.assert_gets(.., 0..1000);
    assert_eq!((whole.size, whole.verified), (Some(1000), true));
    assert!(whole.etag.unwrap().starts_with('"'));
    let part = s.assert_gets(500.., 500..1000);
    assert_eq!((part.size, part.verified), (Some(1000), false), "a partial range cannot be verified");
    // A range that covers the whole object is verified too.
    assert!(s.assert_gets(0..1000, 0..1000).verified);
    assert!(s.assert_gets(ByteRange::last(1000), 0..1000).verified);
}

#[test]
fn the_checksum_covers_a_download_resumed_several_times() {
    let s = Setup::new(MIB);
    for offset in [100_000, 200_000, 300_000] {
        s.fault(Fault::CutAfter(offset));
    }
    assert!(s.assert_gets(.., 0..MIB).verified);
    assert_eq!(s.objects().len(), 4);
}

#[test]
fn a_flipped_byte_is_detected() {
    for at in [0, 777_777, MIB - 1] {
        let s = Setup::new(MIB);
        s.fault(Fault::CorruptByte(at));
        let (bytes, result) = s.get(..);
        let Err(Error::ChecksumMismatch { written, expected, actual }) = result else { panic!("{result:?}") };
        assert_eq!((written, bytes.len() as u64), (MIB, MIB));
        assert_ne!(expected, actual);
        assert_eq!(s.objects().len(), 1, "written bytes cannot be taken back, so nothing is retried");
    }
}

#[test]
fn a_flipped_byte_after_a_resume_is_detected() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(500_000));
    s.fault(Fault::CorruptByte(600_000));
    assert!(matches!(s.get(..).1, Err(Error::ChecksumMismatch { .. })));
}

#[test]
fn a_download_without_a_checksum_is_unverified() {
    let s = Setup::new(1000);
    for crc in [None, Some(String::new()), Some("not a number".to_owned())] {
        s.fault(Fault::Crc(crc));
        assert!(!s.assert_gets(.., 0..1000).verified);
    }
}

#[test]
fn bytes_of_a_replaced_object_are_not_mixed_in() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_000));
    s.fault(Fault::ReplaceObject(Content::pattern_with_seed(MIB, 2)));
    let error = s.assert_fails(.., 0);
    assert!(matches!(error, Error::ObjectChanged { written: 300_000 }), "{error}");
}

#[test]
fn a_replaced_object_is_detected_if_the_server_ignores_if_match() {
    // This server ignores If-Match and returns another ETag, or none.
    let other_tag = Fault::ETag(Some("\"OTHER\"".to_owned()));
    let same_size = |tag| Fault::Several(vec![Fault::ReplaceObject(Content::pattern_with_seed(MIB, 2)), tag]);
    for second in [same_size(other_tag), same_size(Fault::ETag(None))] {
        let s = Setup::new(MIB);
        s.fault(Fault::CutAfter(300_000));
        s.fault(second);
        let error = s.assert_fails(.., 0);
        assert!(matches!(error, Error::ObjectChanged { written: 300_000 }), "{error}");
    }
}

#[test]
fn an_object_without_etag_is_resumed_only_if_its_size_is_equal() {
    let bare = |more: Vec<Fault>| Fault::Several([vec![Fault::ETag(None), Fault::Crc(None)], more].concat());
    let s = Setup::new(MIB);
    s.fault(bare(vec![Fault::CutAfter(300_000)]));
    s.fault(bare(vec![]));
    s.assert_gets(.., 0..MIB);
    assert!(s.objects()[1].header("if-match").is_none());

    let s = Setup::new(MIB);
    s.fault(bare(vec![Fault::CutAfter(300_000)]));
    s.fault(bare(vec![Fault::ReplaceObject(Content::pattern(2 * MIB))]));
    let error = s.assert_fails(.., 0);
    assert!(matches!(error, Error::ObjectChanged { written: 300_000 }), "{error}");
}

/// A range response without ETag, checksum and total size: nothing distinguishes two objects.
fn anonymous(content_range: &str, more: Vec<Fault>) -> Fault {
    let bare = [Fault::ETag(None), Fault::Crc(None), Fault::ContentRange(Some(content_range.to_owned()))];
    Fault::Several([bare.to_vec(), more].concat())
}

#[test]
fn a_range_without_etag_and_size_is_not_resumed() {
    let s = Setup::new(1000);
    s.fault(anonymous("bytes 0-499/*", vec![Fault::CutAfter(300)]));
    s.fault(anonymous("bytes 300-499/*", vec![]));
    let error = s.assert_fails(0..500, 0);
    assert!(matches!(error, Error::ObjectChanged { written: 300 }), "{error}");
}

#[test]
fn an_answer_without_etag_and_size_is_not_appended() {
    let s = Setup::new(1000);
    s.fault(Fault::CutAfter(300));
    s.fault(anonymous("bytes 300-999/*", vec![]));
    let error = s.assert_fails(.., 0);
    assert!(matches!(error, Error::ObjectChanged { written: 300 }), "{error}");
}

#[test]
fn an_object_that_became_too_short_is_reported_as_changed() {
    let shorter = || Fault::ReplaceObject(Content::from("shorter"));
    // The server answers with the whole object, or with 416.
    let whole = Fault::Several(vec![Fault::ETag(None), Fault::Crc(None), shorter()]);
    let refusal = Fault::Several(vec![Fault::ETag(None), Fault::StrictRanges, shorter()]);
    for second in [whole, refusal] {
        let s = Setup::new(1000);
        s.fault(anonymous("bytes 0-499/*", vec![Fault::CutAfter(300)]));
        s.fault(second);
        let error = s.assert_fails(0..500, 0);
        assert!(matches!(error, Error::ObjectChanged { written: 300 }), "{error}");
    }
}

#[test]
fn a_weak_etag_is_not_sent_as_if_match() {
    let weak = || Fault::ETag(Some("W/\"1\"".to_owned()));
    let s = Setup::new(MIB);
    s.fault(Fault::Several(vec![weak(), Fault::CutAfter(300_000)]));
    s.fault(weak());
    assert!(s.assert_gets(.., 0..MIB).verified);
    assert!(s.objects()[1].header("if-match").is_none());
}

#[test]
fn an_object_replaced_before_the_first_byte_is_downloaded_normally() {
    let s = Setup::new(MIB);
    let new = Content::pattern_with_seed(2 * MIB, 7);
    s.fault(Fault::CutAfter(0));
    s.fault(Fault::ReplaceObject(new.clone()));
    let (bytes, result) = s.get(..);
    assert!(result.unwrap().verified);
    assert!(bytes == new.bytes(0..2 * MIB));
}

#[test]
fn resume_skips_known_bytes_if_the_server_ignores_the_range() {
    let s = Setup::new(3 * MIB);
    s.fault(Fault::CutAfter(2 * MIB));
    s.fault(Fault::IgnoreRange);
    assert!(s.assert_gets(.., 0..3 * MIB).verified);
}

#[test]
fn concurrent_downloads_do_not_mix() {
    let s = Setup::new(MIB);
    for _ in 0..8 {
        s.fault(Fault::CutAfter(100_000));
    }
    std::thread::scope(|scope| {
        for n in 0..16u64 {
            let s = &s;
            scope.spawn(move || s.assert_gets(n * 1000.., n * 1000..MIB));
        }
    });
    assert_eq!(s.fake.requests_to(Target::Token).len(), 1);
}
