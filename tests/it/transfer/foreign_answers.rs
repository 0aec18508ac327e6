//! Answers from something other than a well-behaved store: an unsupported precondition, an identity encoding, a
//! portal's page instead of the object.

use std::fs;

use super::folder::{CHECKPOINT, Folder, NAME, PART};
use super::object_server::{ETAG, Object, ObjectRequest, ObjectServer, Reply};
use super::*;

const CUT: usize = 400_000;

fn precondition_failed(etag: Option<&str>) -> Reply {
    let etag = etag.map_or_else(String::new, |etag| format!("ETag: {etag}\r\n"));
    Reply::text("412 Precondition Failed", &format!("{etag}x-oss-request-id: 1\r\n"), "")
}

/// Starts a server whose first body breaks off; `then` decides the later answers.
fn after_a_cut(
    s: &Setup,
    object: &Object,
    then: impl Fn(&ObjectRequest) -> Reply + Send + Sync + 'static,
) -> ObjectServer {
    let server =
        ObjectServer::start(
            object,
            move |request| {
                if request.number == 0 { Reply::Cut(CUT) } else { then(request) }
            },
        );
    s.fake.set_resource_urls(vec![server.url()]);
    server
}

/// Regression: the client reported `ObjectChanged` although every header of the server identified the same object.
#[test]
fn a_request_is_repeated_without_if_match_if_the_server_rejects_it() {
    for etag in [Some(ETAG), None] {
        let s = Setup::new(MIB);
        let server = after_a_cut(&s, &Object::new(&s.content), move |request| {
            if request.if_match.is_some() { precondition_failed(etag) } else { Reply::Right }
        });
        assert!(s.assert_gets(.., 0..MIB).verified);
        let requests = server.requests();
        assert_eq!(requests.len(), 3, "{requests:?}");
        assert!(requests[1].if_match.is_some() && requests[2].if_match.is_none(), "{requests:?}");
        assert_eq!(requests[2].range, Some(CUT as u64..MIB));
    }
}

#[test]
fn parallel_requests_are_repeated_without_if_match_if_the_server_rejects_it() {
    for etag in [Some(ETAG), None] {
        let (s, folder) = (Setup::new(12 * MIB), Folder::new());
        let server = ObjectServer::start(&Object::new(&s.content), move |request| {
            if request.if_match.is_some() { precondition_failed(etag) } else { Reply::Right }
        });
        s.fake.set_resource_urls(vec![server.url()]);
        let done = s.file().download().parallel(3).to_file(folder.target()).unwrap();
        assert!(done.verified);
        folder.assert_only(NAME, &s.content);
    }
}

/// The object really is another one: none of its bytes are mixed in.
#[test]
fn a_failed_precondition_for_another_object_is_reported_as_a_change() {
    for with_etag in [true, false] {
        let s = Setup::new(MIB);
        let other = "\"ANOTHER\"";
        let server = after_a_cut(&s, &Object::new(&s.content), move |request| {
            if request.if_match.is_some() {
                return precondition_failed(with_etag.then_some(other));
            }
            let range = request.range.clone().unwrap();
            let length = range.end - range.start;
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nETag: {other}\r\nx-oss-request-id: 1\r\n\
                 Content-Range: bytes {}-{}/{MIB}\r\nContent-Length: {length}\r\n\r\n",
                range.start,
                range.end - 1
            );
            Reply::Raw([head.into_bytes(), vec![7; usize::try_from(length).unwrap()]].concat())
        });
        let error = s.assert_fails(.., 0);
        assert!(matches!(error, Error::ObjectChanged { written: 400_000 }), "{with_etag}: {error}");
        assert!(server.requests().len() <= 3, "{:?}", server.requests());
    }
}

/// An empty `Content-Encoding` stored with the object is returned with it.
#[test]
fn empty_and_identity_encodings_are_accepted() {
    for value in ["", " ", "identity", "Identity", "identity, identity"] {
        let s = Setup::new(MIB);
        let header = Fault::ExtraHeader { name: "Content-Encoding".into(), value: value.into() };
        s.fake.fault_always(Target::Object, header.clone());
        assert!(s.get(..).1.is_ok_and(|done| done.verified), "{value:?}");
        s.assert_gets(100..5000, 100..5000);
        let folder = Folder::new();
        let done = s.file().download().parallel(3).to_file(folder.target());
        assert!(done.is_ok_and(|done| done.verified), "{value:?}");
        folder.assert_only(NAME, &s.content);
        // A repeated header is accepted too.
        s.fake.fault_always(Target::Object, Fault::Several(vec![header.clone(), header]));
        assert!(s.get(..).1.is_ok_and(|done| done.verified), "{value:?} twice");
    }
}

/// Every other encoding is an error.
#[test]
fn other_encodings_are_refused() {
    for value in ["gzip", "identity, gzip", "br", "x-unknown"] {
        let s = Setup::new(MIB);
        let header = Fault::ExtraHeader { name: "Content-Encoding".into(), value: value.into() };
        s.fake.fault_always(Target::Object, header);
        let error = s.assert_fails(.., 0);
        assert_eq!(error.bytes_written(), 0, "{value}: {error}");
    }
}

/// Regression: the body was parsed as chunked, or a cut was taken for its end.
#[test]
fn a_cut_body_with_transfer_encoding_identity_is_detected() {
    for with_length in [true, false] {
        for is_ranged in [false, true] {
            let s = Setup::new(MIB);
            let object = Object::without_checksum(&s.content);
            let (bytes, headers) = (object.bytes.clone(), object.headers.clone());
            let server = ObjectServer::start(&object, move |request| {
                if request.number > 0 {
                    return Reply::Right;
                }
                let range = request.range.clone().unwrap_or(0..MIB);
                let length = range.end - range.start;
                let length =
                    if with_length { format!("Content-Length: {length}\r\n") } else { String::new() };
                let (status, line) = if is_ranged {
                    ("206", format!("Content-Range: bytes {}-{}/{MIB}\r\n", range.start, range.end - 1))
                } else {
                    ("200", String::new())
                };
                let head = format!(
                    "HTTP/1.1 {status} OK\r\n{headers}{line}{length}Transfer-Encoding: identity\r\n\r\n"
                );
                let start = usize::try_from(range.start).unwrap();
                Reply::Raw([head.as_bytes(), &bytes[start..start + 300_000]].concat())
            });
            s.fake.set_resource_urls(vec![server.url()]);
            if is_ranged {
                s.assert_gets(10..900_000, 10..900_000);
                assert_eq!(server.requests().len(), 2);
            } else {
                let (bytes, result) = s.get(..);
                let is_whole = bytes == s.content.bytes(0..MIB);
                assert!(result.is_err() || is_whole, "{} bytes, {with_length}: {result:?}", bytes.len());
                assert!(result.is_ok() || !with_length, "{result:?}: the length was known");
            }
        }
    }
}

/// A login page, padded with `length` spaces.
fn portal(length: usize) -> Fault {
    Fault::html(200, &format!("<html>log in{}</html>", " ".repeat(length)))
}

fn after_a_cut_download() -> (Setup, Folder) {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(CUT as u64));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    (s, folder)
}

/// Regression: the page was taken for a newer version, so 127 878 good bytes were dropped and the page was published.
#[test]
fn a_page_on_resume_keeps_the_part_and_the_target() {
    for length in [0, CUT, usize::try_from(MIB).unwrap() - 19, 3_000_000] {
        for parallel in [1, 3] {
            let (s, folder) = after_a_cut_download();
            let kept = fs::read(folder.part()).unwrap();
            fs::write(folder.target(), "old").unwrap();
            s.fake.fault_always(Target::Object, portal(length));
            let download = || s.file().download().resume(true).parallel(parallel);
            let error = download().to_file(folder.target()).unwrap_err();
            assert_eq!(error.bytes_written(), CUT as u64, "{length}: {error}");
            assert!(!matches!(error, Error::ObjectChanged { .. }), "{error}");
            assert_eq!(folder.names(), [NAME, CHECKPOINT, PART], "{length}: {error}");
            assert_eq!(fs::read(folder.target()).unwrap(), b"old");
            assert!(fs::read(folder.part()).unwrap() == kept);
            s.fake.clear_faults();
            let done = download().to_file(folder.target()).unwrap();
            assert_eq!((done.reused, done.verified), (CUT as u64, true));
            folder.assert_only(NAME, &s.content);
        }
    }
}

/// The same without an HTML content type, and as a range. If the answer has the object's size, the checksum detects it.
#[test]
fn an_answer_without_store_headers_keeps_the_part() {
    let plain = |status: u16, size: u64| Fault::Answer {
        status,
        content_type: "application/octet-stream".into(),
        body: vec![b'x'; usize::try_from(size).unwrap()],
        headers: match status {
            206 => vec![("Content-Range".to_owned(), format!("bytes 0-{}/{size}", size - 1))],
            _ => Vec::new(),
        },
    };
    for (status, size) in [(200, MIB - 1), (200, 2 * MIB), (206, MIB - 1), (200, MIB)] {
        let (s, folder) = after_a_cut_download();
        s.fake.fault_always(Target::Object, plain(status, size));
        let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
        if size == MIB {
            assert!(matches!(error, Error::ChecksumMismatch { .. }), "{error}");
            continue;
        }
        assert_eq!(error.bytes_written(), CUT as u64, "{error}");
        s.fake.clear_faults();
        let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.verified), (CUT as u64, true));
        folder.assert_only(NAME, &s.content);
    }
}

/// A writer that already has the beginning of the object receives no byte of the page.
#[test]
fn a_page_during_a_download_is_not_mixed_in() {
    for length in [0, 3_000_000] {
        let s = Setup::new(MIB);
        s.fault(Fault::CutAfter(CUT as u64));
        s.fake.fault_always(Target::Object, portal(length));
        let error = s.assert_fails(.., 0);
        assert_eq!(error.bytes_written(), CUT as u64, "{error}");
        assert!(!matches!(error, Error::ObjectChanged { .. }), "{error}");
        assert!(s.objects().len() <= 12, "{} requests", s.objects().len());
        // After a single portal answer, every written byte still belongs to the object.
        let s = Setup::new(MIB);
        s.fault(Fault::CutAfter(CUT as u64));
        s.fault(portal(length));
        let (bytes, result) = s.get(..);
        assert!(bytes == s.content.bytes(0..bytes.len() as u64), "{result:?}");
        assert!(result.is_err() || bytes.len() as u64 == MIB);
    }
}

/// An HTML page without any store header is not the file, even if nothing is known about the file yet.
#[test]
fn a_page_as_the_first_answer_is_never_published() {
    for parallel in [1, 3] {
        for resume in [false, true] {
            let (s, folder) = (Setup::new(MIB), Folder::new());
            fs::write(folder.target(), "old").unwrap();
            s.fake.fault_always(Target::Object, portal(1000));
            let download = s.file().download().parallel(parallel).resume(resume);
            let error = download.to_file(folder.target()).unwrap_err();
            assert_eq!(error.bytes_written(), 0, "{error}");
            folder.assert_only(NAME, &Content::from("old"));
            let (bytes, result) = s.get(..);
            assert!(bytes.is_empty() && result.is_err(), "{result:?}");
        }
    }
}

/// A stored HTML page is a file like any other.
#[test]
fn a_page_with_store_headers_is_a_file() {
    let page = Content::from(format!("<html>{}</html>", "a page ".repeat(100_000)));
    for marks in [format!("ETag: {ETAG}\r\n"), "x-oss-request-id: 0123456789ABCDEF\r\n".to_owned()] {
        let (s, folder) = (Setup::new(page.len()), Folder::new());
        let headers = format!("Content-Type: text/html\r\n{marks}");
        let object = Object { headers, ..Object::new(&page) };
        let server = ObjectServer::start(&object, |_| Reply::Right);
        s.fake.set_resource_urls(vec![server.url()]);
        s.file().download().to_file(folder.target()).unwrap();
        folder.assert_only(NAME, &page);
        let done = s.file().download().parallel(3).to_file(folder.target()).unwrap();
        assert_eq!(done.bytes, page.len());
        folder.assert_only(NAME, &page);
    }
}

/// All bytes are on disk, as after a kill just before the rename. The download fetches a one-byte gap in the normal
/// way, which shows whether the object is still the same.
#[test]
fn a_complete_part_is_published_after_one_request() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(MIB), Folder::new());
        let come = |_| fs::write(folder.target(), "in the way").unwrap();
        let download = s.file().download().resume(true).no_clobber(true).parallel(parallel).progress(come);
        download.to_file(folder.target()).unwrap_err();
        fs::remove_file(folder.target()).unwrap();
        let kept = [folder.part(), folder.checkpoint()].map(|path| fs::read(path).unwrap());
        let before = s.objects().len();
        let done = s.file().download().resume(true).parallel(parallel).to_file(folder.target()).unwrap();
        assert!(done.verified && done.reused >= MIB - 1, "{done:?}");
        folder.assert_only(NAME, &s.content);
        let request = &s.objects()[before..];
        assert_eq!(request.len(), 1, "{:?}", s.ranges());
        assert_eq!(request[0].header("range"), Some("bytes=1048575-1048575"));
        assert_eq!(request[0].header("if-match"), done.etag.as_deref());

        // The object has changed meanwhile: the download restarts without an error.
        fs::write(folder.part(), &kept[0]).unwrap();
        fs::write(folder.checkpoint(), &kept[1]).unwrap();
        let newer = Content::pattern_with_seed(MIB + 5, 3);
        s.fault(Fault::ReplaceObject(newer.clone()));
        let done = s.file().download().resume(true).parallel(parallel).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.bytes), (0, MIB + 5));
        folder.assert_only(NAME, &newer);
    }
}
