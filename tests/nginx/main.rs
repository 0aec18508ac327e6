//! The crate against a real nginx: `server.rs` starts an nginx for each test, configured by `nginx.conf`.
//!
//! If nginx is not installed, the tests print a notice and pass; with `CI=true`, or a wrong `NGINX=/path/to/nginx`,
//! they fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests report failures by panicking; clippy.toml covers the test functions, not their helpers"
)]
#![cfg(unix)]

mod server;
mod signed;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use dingtalk_files::testing::ManualClock;
use dingtalk_files::{ByteRange, Error, RetryPolicy, UnionId};

use server::{LoggedRequest, Nginx, assert_file, assert_same, bytes, crc64};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn connections(requests: &[LoggedRequest]) -> usize {
    requests.iter().map(|request| request.connection).collect::<HashSet<_>>().len()
}

/// Covers every way in which the server returns a file, and every kind of range.
#[test]
fn all_kinds_of_ranges_are_downloaded() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(300_000);
    nginx.put("file.bin", &content);
    let all = content.len() as u64;
    let table: [(ByteRange, std::ops::Range<usize>); 9] = [
        ((..).into(), 0..300_000),
        ((0..1).into(), 0..1),
        ((0..500).into(), 0..500),
        ((100_000..=199_999).into(), 100_000..200_000),
        ((299_999..).into(), 299_999..300_000),
        ((250_000..all).into(), 250_000..300_000),
        // One byte beyond the end, and far beyond the end.
        ((250_000..=all).into(), 250_000..300_000),
        ((0..u64::MAX).into(), 0..300_000),
        (ByteRange::last(7), 299_993..300_000),
    ];
    for place in ["plain", "once", "whole"] {
        let file = nginx.file(&format!("{place}/file.bin"));
        for (range, expected) in &table {
            let case = format!("{place}, {range:?}");
            let mut got = Vec::new();
            let done = file.download_to(&mut got, *range).unwrap_or_else(|e| panic!("{case}: {e}"));
            assert_same(&got, &content[expected.clone()], &case);
            assert_eq!(done.range, expected.start as u64..expected.end as u64, "{case}");
        }
    }
}

#[test]
fn a_range_beyond_the_end_is_an_error() {
    let Some(nginx) = Nginx::start() else { return };
    nginx.put("file.bin", &bytes(1000));
    nginx.put("empty.bin", &[]);
    for place in ["plain", "whole"] {
        let mut got = Vec::new();
        let error = nginx.file(&format!("{place}/file.bin")).download_to(&mut got, 1000..).unwrap_err();
        assert!(matches!(error, Error::RangeNotSatisfiable { size: Some(1000) }), "{place}: {error}");
        assert!(got.is_empty());
        let done = nginx.file(&format!("{place}/empty.bin")).download_to(&mut got, ..).unwrap();
        assert_eq!((done.bytes, got.len()), (0, 0), "{place}");
    }
}

#[test]
fn the_stores_checksum_is_compared() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(2 * MIB + 1);
    nginx.put("file.bin", &content);
    let right = nginx.file(&format!("checked/{}/file.bin", crc64(&content)));
    assert!(right.download_to(&mut Vec::new(), ..).unwrap().verified);
    assert!(right.download().parallel(3).to_file(nginx.target()).unwrap().verified);
    assert_file(&nginx.target(), &content, "in parallel");
    fs::remove_file(nginx.target()).unwrap();

    let wrong = nginx.file("checked/1/file.bin");
    for n in [1, 3] {
        let error = wrong.download().parallel(n).to_file(nginx.target()).unwrap_err();
        assert!(matches!(error, Error::ChecksumMismatch { expected: 1, .. }), "{n}: {error}");
        assert!(!nginx.target().exists());
    }
}

#[test]
fn single_and_parallel_downloads_succeed_with_every_framing() {
    let Some(nginx) = Nginx::start() else { return };
    for size in [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 7] {
        let content = bytes(size);
        let crc = crc64(&content);
        nginx.put("file.bin", &content);
        for place in ["plain", "once", "whole", &format!("chunked/{crc}"), &format!("until-close/{crc}")] {
            for n in [1, 4] {
                let case = format!("{size} from {place} over {n}");
                let file = nginx.file(&format!("{place}/file.bin"));
                let done = file.download().parallel(n).to_file(nginx.target());
                assert_eq!(done.unwrap_or_else(|e| panic!("{case}: {e}")).bytes, size as u64, "{case}");
                assert_file(&nginx.target(), &content, &case);
            }
        }
    }
}

#[test]
fn parts_share_the_open_connections() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(9 * MIB);
    nginx.put("file.bin", &content);
    nginx.file("plain/file.bin").download().parallel(2).to_file(nginx.target()).unwrap();
    assert_file(&nginx.target(), &content, "two connections");
    let requests = nginx.requests();
    assert_eq!(requests.len(), 1 + 8, "the first mebibyte, then four parts for each connection");
    assert!(connections(&requests) <= 2, "{requests:#?}");
    assert!(requests.iter().all(|request| request.status == 206), "{requests:#?}");
    let pins: HashSet<_> = requests[1..].iter().map(|request| &request.if_match).collect();
    assert!(pins.len() == 1 && !pins.contains(&"-".to_owned()), "{pins:?}");
}

/// Some stores limit the connections of an address. The parts of refused connections are fetched by the others.
#[test]
fn a_download_succeeds_with_fewer_connections_than_requested() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(3 * MIB);
    nginx.put("file.bin", &content);
    // Waits take no time, so a refused connection gives up immediately.
    let client = nginx.builder().clock(ManualClock::new()).build().unwrap();
    let file = client.file("space-1", "two/file.bin", UnionId("operator-1"));
    let done = file.download().parallel(4).to_file(nginx.target()).unwrap();
    assert_eq!(done.bytes, content.len() as u64);
    assert_file(&nginx.target(), &content, "two of four connections");
}

/// Returns a content of which the server sends only a part immediately.
fn long_content() -> Vec<u8> {
    bytes(900 * KIB)
}

/// A writer that runs an action on the server at its first bytes.
struct AtFirstBytes<'a, F: FnMut(&mut Nginx)>(&'a mut Nginx, Option<F>, Vec<u8>);

impl<F: FnMut(&mut Nginx)> Write for AtFirstBytes<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(mut action) = self.1.take() {
            action(self.0);
        }
        self.2.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_interrupted_download_is_resumed() {
    let Some(mut nginx) = Nginx::start() else { return };
    let content = long_content();
    nginx.put("file.bin", &content);
    let file = nginx.file("drying-up/file.bin");
    let restart = |nginx: &mut Nginx| {
        nginx.stop();
        nginx.start_again();
    };
    let mut out = AtFirstBytes(&mut nginx, Some(restart), Vec::new());
    file.download_to(&mut out, ..).unwrap();
    assert_same(&out.2, &content, "after a cut");

    let requests = nginx.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.status, 206);
    let next = last.range.strip_prefix("bytes=").unwrap().split('-').next().unwrap();
    assert!(next.parse::<u64>().unwrap() > 0, "received bytes are not fetched again: {last:?}");
    assert!(last.if_match.starts_with('"'), "the request must pin the object: {last:?}");
}

/// nginx derives its ETag from time and length; the length is the same here.
#[test]
fn a_file_changed_during_the_download_is_an_error() {
    let Some(mut nginx) = Nginx::start() else { return };
    let content = long_content();
    nginx.put("file.bin", &content);
    let file = nginx.file("drying-up/file.bin");
    let replace = |nginx: &mut Nginx| {
        nginx.stop();
        nginx.put("file.bin", &vec![0; long_content().len()]);
        nginx.start_again();
    };
    let mut out = AtFirstBytes(&mut nginx, Some(replace), Vec::new());
    let error = file.download_to(&mut out, ..).unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
    assert_eq!(error.bytes_written(), out.2.len() as u64);
    assert_same(&out.2, &content[..out.2.len()], "bytes of the old file only");
    // A 412 may come from a server that does not support `If-Match`. The answer without that header has another `ETag`.
    let statuses: Vec<_> = nginx.requests().iter().rev().take(2).map(|request| request.status).collect();
    assert_eq!(statuses, [206, 412]);
}

/// Downloads until nginx stops, as in a crash, and returns the number of kept bytes.
fn interrupt_download(nginx: &mut Nginx) -> u64 {
    let client = nginx.builder().retry(RetryPolicy::none()).build().unwrap();
    let file = client.file("space-1", "drying-up/file.bin", UnionId("operator-1"));
    let target = nginx.target();
    let stop = |now: dingtalk_files::Progress| {
        if now.bytes > 0 {
            nginx.stop();
        }
    };
    let error = file.download().resume(true).progress(stop).to_file(target).unwrap_err();
    assert!(matches!(error, Error::Interrupted { kept: true, .. }), "{error}");
    error.bytes_written()
}

#[test]
fn a_later_download_resumes_an_earlier_one() {
    let Some(mut nginx) = Nginx::start() else { return };
    let content = long_content();
    nginx.put("file.bin", &content);
    let kept = interrupt_download(&mut nginx);
    assert!(kept > 0);

    nginx.start_again();
    let done = nginx.file("drying-up/file.bin").download().resume(true).to_file(nginx.target()).unwrap();
    assert_eq!((done.reused, done.bytes), (kept, content.len() as u64));
    assert_file(&nginx.target(), &content, "resumed");
}

#[test]
fn a_changed_file_is_not_resumed() {
    let Some(mut nginx) = Nginx::start() else { return };
    nginx.put("file.bin", &long_content());
    interrupt_download(&mut nginx);

    let content = [b"new".to_vec(), bytes(400 * KIB)].concat();
    nginx.put("file.bin", &content);
    nginx.start_again();
    let done = nginx.file("drying-up/file.bin").download().resume(true).to_file(nginx.target()).unwrap();
    assert_eq!((done.reused, done.bytes), (0, content.len() as u64));
    assert_file(&nginx.target(), &content, "anew");
}

/// The first requests after a restart use connections that the server has closed.
#[test]
fn connections_closed_by_the_server_are_replaced_without_retries() {
    let Some(mut nginx) = Nginx::start() else { return };
    let content = bytes(50_000);
    nginx.put("file.bin", &content);
    let clock = ManualClock::new();
    let client = nginx.builder().clock(clock.clone()).build().unwrap();
    let file = client.file("space-1", "plain/file.bin", UnionId("operator-1"));
    for round in 0..5 {
        let mut got = Vec::new();
        file.download_to(&mut got, ..).unwrap();
        assert_same(&got, &content, &format!("round {round}"));
        nginx.stop();
        nginx.start_again();
    }
    assert!(clock.sleeps().is_empty(), "a closed connection is not a failure: {:?}", clock.sleeps());
}

#[test]
fn a_connection_is_reused_if_the_server_keeps_it_open() {
    for (place, expected) in [("plain", 1), ("once", 4)] {
        let Some(nginx) = Nginx::start() else { return };
        nginx.put("file.bin", &bytes(50_000));
        let client = nginx.builder().build().unwrap();
        let info = nginx.info(&[&format!("{place}/file.bin")]);
        for _ in 0..4 {
            client.download_to(&info, &mut io::sink(), ..).unwrap();
        }
        let requests = nginx.requests();
        assert_eq!((requests.len(), connections(&requests)), (4, expected), "{place}: {requests:#?}");
    }
}

/// The body takes longer than the stall timeout, but never pauses that long.
#[test]
fn a_slow_body_does_not_time_out() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(1200 * KIB);
    nginx.put("file.bin", &content);
    let stall = Duration::from_secs(2);
    let client = nginx.builder().stall_timeout(stall).retry(RetryPolicy::none()).build().unwrap();
    let file = client.file("space-1", "slow/file.bin", UnionId("operator-1"));
    let (mut got, begun) = (Vec::new(), Instant::now());
    file.download_to(&mut got, ..).unwrap();
    assert!(begun.elapsed() > stall, "the server must be slow");
    assert_same(&got, &content, "slowly");
}

#[test]
fn the_first_working_url_is_used() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(100_000);
    nginx.put("file.bin", &content);
    let clock = ManualClock::new();
    let client = nginx.builder().clock(clock.clone()).build().unwrap();
    let info = nginx.info(&["plain/missing.bin", "busy/file.bin", "moved/file.bin", "plain/file.bin"]);
    let mut got = Vec::new();
    client.download_to(&info, &mut got, 10..).unwrap();
    assert_same(&got, &content[10..], "from the last URL");
    assert!(clock.sleeps().is_empty(), "switching URLs needs no wait: {:?}", clock.sleeps());

    let nowhere = client.download_to(&nginx.info(&["plain/missing.bin"]), &mut got, ..).unwrap_err();
    assert!(nowhere.is_not_found(), "{nowhere}");
    let moved = client.download_to(&nginx.info(&["moved/file.bin"]), &mut got, ..).unwrap_err();
    assert!(moved.to_string().contains("elsewhere.invalid"), "{moved}");
    let busy = client.download_to(&nginx.info(&["busy/file.bin"]), &mut got, ..).unwrap_err();
    assert!(busy.is_transient() && !clock.sleeps().is_empty(), "{busy}");

    let statuses: Vec<_> = nginx.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses[..5], [404, 503, 302, 206, 404]);
}

/// `gzip_static always` ignores `Accept-Encoding`. The encoded bytes are not the file's and must not be written.
#[test]
fn an_unrequested_encoding_is_refused() {
    let Some(nginx) = Nginx::start() else { return };
    nginx.put("file.bin.gz", &bytes(1000));
    let mut got = Vec::new();
    let error = nginx.file("gzip/file.bin").download_to(&mut got, ..).unwrap_err();
    assert!(error.to_string().contains("gzip") && got.is_empty(), "{error}");
}

#[test]
fn uploads_of_all_sizes_succeed() {
    let Some(nginx) = Nginx::start() else { return };
    let client = nginx.builder().build().unwrap();
    // The client waits for `100 Continue` if the body has at least one mebibyte.
    for size in [0, 1, MIB - 1, MIB, 3 * MIB + 1] {
        let content = bytes(size);
        let upload = || client.upload("uploads", "0", UnionId("operator-1")).name("put.bin");
        let done = upload().from_bytes(&content).unwrap();
        assert_eq!((done.bytes, done.crc64), (size as u64, crc64(&content)));
        assert_file(&nginx.object("uploads/put.bin"), &content, "from memory");
        fs::write(nginx.target(), &content).unwrap();
        upload().from_file(nginx.target()).unwrap();
        assert_file(&nginx.object("uploads/put.bin"), &content, "from a file");
    }
    assert!(
        nginx.requests().iter().all(|request| request.method == "PUT" && matches!(request.status, 201 | 204))
    );
}

/// A refusal is reported with its status and not as a broken pipe, whether the body is sent immediately or after
/// `100 Continue`.
#[test]
fn refused_uploads_report_the_status() {
    let Some(nginx) = Nginx::start() else { return };
    let client = nginx.builder().retry(RetryPolicy::none()).build().unwrap();
    for (space, status) in [("uploads-small", 413), ("uploads-forbidden", 403), ("plain", 405)] {
        for size in [500 * KIB, 8 * MIB] {
            let upload = client.upload(space, "0", UnionId("operator-1")).name("put.bin");
            let error = upload.from_bytes(bytes(size)).unwrap_err();
            let cause = error.root();
            assert!(matches!(cause, Error::Storage(e) if e.status == status), "{space}, {size}: {error}");
            assert!(!error.may_have_run(), "{space}, {size}: {error}");
        }
    }
    let upload = client.upload("uploads-miscounted", "0", UnionId("operator-1")).name("put.bin");
    let error = upload.from_bytes("content").unwrap_err();
    assert!(matches!(error.root(), Error::ChecksumMismatch { expected: 1, .. }), "{error}");
}

/// Currently such an upload ends only when the server closes the connection, or with a timeout. The test does not
/// measure time: the server keeps the connection open for longer than the client waits.
#[test]
#[ignore = "ureq 3.5.2 waits for more bytes after the complete refusal: see src/http/expect.rs"]
fn a_refusal_in_place_of_a_continue_is_reported_immediately() {
    let Some(nginx) = Nginx::start() else { return };
    let builder = nginx.builder().retry(RetryPolicy::none()).stall_timeout(Duration::from_secs(2));
    let upload = builder.build().unwrap().upload("uploads-lingering", "0", UnionId("operator-1"));
    let error = upload.name("put.bin").from_bytes(bytes(8 * MIB)).unwrap_err();
    assert!(matches!(error.root(), Error::Storage(e) if e.status == 413), "{error}");
}
