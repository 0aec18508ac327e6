//! Ranges that several machines download: pinned by an `ETag`, verified by combined checksums.

use dingtalk_files::combine_crc64;

use super::folder::Folder;
use super::*;

fn etag(s: &Setup) -> String {
    s.file().stat().unwrap().etag.unwrap()
}

#[test]
fn only_the_object_with_the_etag_is_downloaded() {
    let s = Setup::new(MIB);
    let old = etag(&s);
    let mut bytes = Vec::new();
    s.file().download().if_match(&old).to_writer(&mut bytes, 1000..2000).unwrap();
    assert!(bytes == s.content.bytes(1000..2000));
    assert_eq!(s.objects().last().unwrap().header("if-match"), Some(old.as_str()));

    s.fake.put_file("space-1", "dentry-1", "file.bin", Content::pattern_with_seed(MIB, 5));
    for range in [ByteRange::from(..), (0..10).into(), ByteRange::last(10)] {
        let mut bytes = Vec::new();
        let error = s.file().download().if_match(&old).to_writer(&mut bytes, range).unwrap_err();
        assert!(matches!(error, Error::ObjectChanged { written: 0 }), "{error}");
        assert_eq!(bytes.len(), 0);
    }
}

#[test]
fn servers_without_if_match_are_compared_by_their_etag() {
    let s = Setup::new(1000);
    let etag = etag(&s);
    s.fake.fault_always(Target::Object, Fault::RefuseIfMatch);
    let mut bytes = Vec::new();
    s.file().download().if_match(&etag).to_writer(&mut bytes, 10..20).unwrap();
    assert!(bytes == s.content.bytes(10..20));
    let error = s.file().download().if_match("\"other\"").to_writer(&mut bytes, 20..30).unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
    assert_eq!(bytes.len(), 10);

    // Nothing shows that an object without an ETag is the right one.
    let s = Setup::new(1000);
    let etag = self::etag(&s);
    s.fake.fault_always(Target::Object, Fault::Several(vec![Fault::ETag(None), Fault::Crc(None)]));
    let error = s.file().download().if_match(&etag).to_writer(&mut bytes, 20..30).unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
    assert_eq!(bytes.len(), 10);
}

#[test]
fn a_pinned_range_past_the_end_is_not_satisfiable_and_not_a_change() {
    for strict in [false, true] {
        let s = Setup::new(1000);
        let etag = etag(&s);
        if strict {
            s.fake.fault_always(Target::Object, Fault::StrictRanges);
        }
        let download = |range: Range<u64>, bytes: &mut Vec<u8>| {
            s.file().download().if_match(&etag).to_writer(bytes, range)
        };
        let error = download(1000..2000, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(1000) }), "{error}");
        let mut bytes = Vec::new();
        assert_eq!(download(900..2000, &mut bytes).unwrap().range, 900..1000);
        assert!(bytes == s.content.bytes(900..1000));
    }
}

#[test]
fn a_text_that_is_not_an_etag_is_refused() {
    let s = Setup::new(1000);
    for text in ["", "5F3C", "W/5F3C"] {
        let error = s.file().download().if_match(text).to_writer(&mut Vec::new(), ..).unwrap_err();
        assert!(matches!(&error, Error::InvalidArgument(text) if text.contains("ETag")), "{error}");
    }
    assert_eq!(s.fake.connections(), 0);
    let error = s.file().download().if_match("\"5F3C\"").to_writer(&mut Vec::new(), ..).unwrap_err();
    assert!(error.to_string().contains("nothing was written"), "{error}");
}

#[test]
fn a_file_is_pinned_by_its_version() {
    let (s, folder) = (Setup::new(1000), Folder::new());
    let error = s.file().download().if_match("\"e\"").to_file(folder.target()).unwrap_err();
    assert!(matches!(&error, Error::InvalidArgument(text) if text.contains("`version`")), "{error}");
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn checksums_of_ranges_combine_to_that_of_the_file() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let whole = s.file().stat().unwrap().crc64.unwrap();
    let parts = dingtalk_files::plan(MIB, 7).into_iter().map(|range| s.assert_gets(range.clone(), range));
    let parts: Vec<_> = parts.collect();
    let (first, rest) = parts.split_first().unwrap();
    let crc = rest.iter().fold(first.crc64, |crc, part| combine_crc64(crc, part.crc64, part.bytes));
    assert_eq!(crc, whole);

    // The same holds for a file: in one piece, in parallel, resumed, and without a checksum of the server.
    assert_eq!(s.file().download().to_file(folder.target()).unwrap().crc64, whole);
    assert_eq!(s.file().download().parallel(3).to_file(folder.target()).unwrap().crc64, whole);
    s.fault(Fault::CutAfter(400_000));
    s.fault(Fault::object_error(404, "NoSuchKey"));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    let resumed = s.file().download().resume(true).to_file(folder.target()).unwrap();
    assert_eq!((resumed.reused, resumed.crc64), (400_000, whole));
    s.fake.fault_always(Target::Object, Fault::Crc(None));
    let unverified = s.file().download().to_file(folder.target()).unwrap();
    assert_eq!((unverified.verified, unverified.crc64), (false, whole));
}
