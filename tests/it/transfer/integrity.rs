//! Never a mixed file, never a silent difference.

use super::*;

#[test]
fn the_answer_tells_what_was_written() {
    let s = Setup::new(1000);
    let whole = s.assert_gets(.., 0..1000);
    assert_eq!((whole.size, whole.verified), (Some(1000), true));
    assert!(whole.etag.unwrap().starts_with('"'));
    let part = s.assert_gets(500.., 500..1000);
    assert_eq!((part.size, part.verified), (Some(1000), false), "a part cannot be verified");
    // All bytes are all bytes, however they were asked for.
    assert!(s.assert_gets(0..1000, 0..1000).verified);
    assert!(s.assert_gets(ByteRange::last(1000), 0..1000).verified);
}

#[test]
fn the_checksum_covers_a_download_in_pieces() {
    let s = Setup::new(MIB);
    for offset in [100_000, 200_000, 300_000] {
        s.fault(Fault::CutAfter(offset));
    }
    assert!(s.assert_gets(.., 0..MIB).verified);
    assert_eq!(s.objects().len(), 4);
}

#[test]
fn a_flipped_byte_is_found() {
    for at in [0, 777_777, MIB - 1] {
        let s = Setup::new(MIB);
        s.fault(Fault::CorruptByte(at));
        let (bytes, result) = s.get(..);
        let Err(Error::ChecksumMismatch { written, expected, actual }) = result else { panic!("{result:?}") };
        assert_eq!((written, bytes.len() as u64), (MIB, MIB));
        assert_ne!(expected, actual);
        assert_eq!(s.objects().len(), 1, "what the writer has cannot be taken back, so no retry");
    }
}

#[test]
fn a_flipped_byte_after_a_resume_is_found() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(500_000));
    s.fault(Fault::CorruptByte(600_000));
    assert!(matches!(s.get(..).1, Err(Error::ChecksumMismatch { .. })));
}

#[test]
fn without_a_checksum_the_answer_says_so() {
    let s = Setup::new(1000);
    for crc in [None, Some(String::new()), Some("not a number".to_owned())] {
        s.fault(Fault::Crc(crc));
        assert!(!s.assert_gets(.., 0..1000).verified);
    }
}

#[test]
fn a_replaced_object_is_never_mixed() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_000));
    s.fault(Fault::ReplaceObject(Content::pattern_with_seed(MIB, 2)));
    let error = s.assert_fails(.., 0);
    assert!(matches!(error, Error::ObjectChanged { written: 300_000 }), "{error}");
}

#[test]
fn a_replaced_object_is_seen_without_the_servers_help() {
    // This server ignores If-Match, and tells another ETag, or none.
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
fn without_any_etag_only_an_equal_size_is_resumed() {
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

/// Everything that would tell two objects apart is missing; the size is not told with a part.
fn anonymous(content_range: &str, more: Vec<Fault>) -> Fault {
    let bare = [Fault::ETag(None), Fault::Crc(None), Fault::ContentRange(Some(content_range.to_owned()))];
    Fault::Several([bare.to_vec(), more].concat())
}

#[test]
fn a_part_of_an_object_without_any_mark_is_not_resumed() {
    let s = Setup::new(1000);
    s.fault(anonymous("bytes 0-499/*", vec![Fault::CutAfter(300)]));
    s.fault(anonymous("bytes 300-499/*", vec![]));
    let error = s.assert_fails(0..500, 0);
    assert!(matches!(error, Error::ObjectChanged { written: 300 }), "{error}");
}

#[test]
fn an_answer_that_tells_neither_etag_nor_size_is_not_appended() {
    let s = Setup::new(1000);
    s.fault(Fault::CutAfter(300));
    s.fault(anonymous("bytes 300-999/*", vec![]));
    let error = s.assert_fails(.., 0);
    assert!(matches!(error, Error::ObjectChanged { written: 300 }), "{error}");
}

#[test]
fn an_object_that_became_too_short_has_changed() {
    let shorter = || Fault::ReplaceObject(Content::from("shorter"));
    // The server says so with the whole object, or with 416.
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
fn a_weak_etag_is_no_precondition() {
    let weak = || Fault::ETag(Some("W/\"1\"".to_owned()));
    let s = Setup::new(MIB);
    s.fault(Fault::Several(vec![weak(), Fault::CutAfter(300_000)]));
    s.fault(weak());
    assert!(s.assert_gets(.., 0..MIB).verified);
    assert!(s.objects()[1].header("if-match").is_none());
}

#[test]
fn an_object_replaced_before_the_first_byte_is_simply_the_new_one() {
    let s = Setup::new(MIB);
    let new = Content::pattern_with_seed(2 * MIB, 7);
    s.fault(Fault::CutAfter(0));
    s.fault(Fault::ReplaceObject(new.clone()));
    let (bytes, result) = s.get(..);
    assert!(result.unwrap().verified);
    assert!(bytes == new.bytes(0..2 * MIB));
}

#[test]
fn a_server_that_forgets_ranges_while_resuming_is_read_past_the_known_part() {
    let s = Setup::new(3 * MIB);
    s.fault(Fault::CutAfter(2 * MIB));
    s.fault(Fault::IgnoreRange);
    assert!(s.assert_gets(.., 0..3 * MIB).verified);
}

#[test]
fn downloads_of_many_threads_do_not_mix() {
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
