//! Failing URLs and lapsing signatures: the number of attempts is bounded whatever the servers do, and a download
//! succeeds if any URL works.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::folder::{Folder, NAME};
use super::object_server::{Object, ObjectServer, Reply};
use super::*;

/// A number of requests that only an unbounded retry loop reaches.
const ENDLESS: usize = 300;

fn two_urls(s: &Setup, a: &ObjectServer, b: &ObjectServer) {
    s.fake.set_resource_urls(vec![a.url(), b.url()]);
}

/// Regression: 1000 bytes per attempt counted as progress, so A got six requests, B none, and the download failed.
#[test]
fn a_url_that_always_breaks_off_early_is_abandoned() {
    for bytes in [1, 1000, 16_000] {
        let s = Setup::new(MIB);
        let object = Object::new(&s.content);
        let a = ObjectServer::start(&object, move |_| Reply::Cut(bytes));
        let b = ObjectServer::start(&object, |_| Reply::Right);
        two_urls(&s, &a, &b);
        assert!(s.assert_gets(.., 0..MIB).verified);
        let requests = a.requests().len();
        assert!((1..=3).contains(&requests), "A got {requests} requests, {bytes} bytes each");
        assert_eq!(b.requests().len(), 1);
        // The bytes from A are not fetched again.
        let first = b.requests()[0].range.clone().map_or(0, |range| range.start);
        assert_eq!(first, (requests * bytes) as u64);
    }
}

/// Every connection of a parallel download abandons the URL.
#[test]
fn parallel_connections_abandon_a_url_that_breaks_off_early() {
    let (s, folder) = (Setup::new(6 * MIB), Folder::new());
    let object = Object::new(&s.content);
    let a = ObjectServer::start(&object, |_| Reply::Cut(1000));
    let b = ObjectServer::start(&object, |_| Reply::Right);
    two_urls(&s, &a, &b);
    let done = s.file().download().parallel(3).to_file(folder.target()).unwrap();
    assert!(done.verified);
    folder.assert_only(NAME, &s.content);
    assert!(a.requests().len() <= 3 * 3, "A got {} requests", a.requests().len());
}

/// A URL that breaks off only after substantial progress is not abandoned.
#[test]
fn a_url_that_makes_progress_is_kept() {
    let s = Setup::new(MIB);
    let object = Object::new(&s.content);
    let a = ObjectServer::start(&object, |_| Reply::Cut(128 * 1024));
    let b = ObjectServer::start(&object, |_| Reply::Right);
    two_urls(&s, &a, &b);
    assert!(s.assert_gets(.., 0..MIB).verified);
    assert_eq!((a.requests().len(), b.requests().len()), (8, 0));
}

/// If every URL breaks off early, the download fails after a bounded number of attempts and keeps the received bytes.
#[test]
fn download_fails_if_every_url_breaks_off_early() {
    for bytes in [1, 1000] {
        let s = Setup::new(MIB);
        let object = Object::new(&s.content);
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let servers: Vec<_> = (0..3)
            .map(|_| {
                let count = std::sync::Arc::clone(&count);
                ObjectServer::start(&object, move |_| {
                    // A client that retries endlessly receives the rest, which makes the test fail.
                    let is_endless = count.fetch_add(1, Ordering::Relaxed) > ENDLESS;
                    if is_endless { Reply::Right } else { Reply::Cut(bytes) }
                })
            })
            .collect();
        s.fake.set_resource_urls(servers.iter().map(ObjectServer::url).collect());
        let error = s.assert_fails(.., 0);
        assert!(matches!(error, Error::Interrupted { .. }) && error.is_transient(), "{error}");
        let attempts = count.load(Ordering::Relaxed);
        assert!((3..=60).contains(&attempts), "{attempts} attempts");
    }
}

/// Runs a download that must fail after a bounded number of requests, and returns its error and that number.
///
/// A cancel flag ends a download that does not stop.
#[track_caller]
fn assert_fails_in_bounded_requests(
    s: &Setup,
    mut at_each_report: impl FnMut(usize) + Send,
) -> (Error, usize) {
    let flag = AtomicBool::new(false);
    let mut reports = 0;
    let on_progress = |_| {
        reports += 1;
        at_each_report(reports);
        if s.objects().len() > ENDLESS {
            flag.store(true, Ordering::Relaxed);
        }
    };
    let result = s.file().download().cancel(&flag).progress(on_progress).to_writer(&mut io::sink(), ..);
    let error = result.unwrap_err();
    assert!(!matches!(error, Error::Cancelled { .. }), "still running after {} requests", s.objects().len());
    (error, s.objects().len() + s.infos())
}

/// Regression: every attempt fetched a new signature because the last one had lapsed, and a different number of URLs
/// reset the state of the URLs already tried. The download retried without waiting and without end.
#[test]
fn signatures_that_lapse_immediately_do_not_extend_the_retries() {
    for numbers in [[2, 3], [1, 2], [2, 2], [1, 1]] {
        let s = Setup::new(MIB);
        let clock = s.clock.clone();
        let slow = ObjectServer::start(&Object::new(&s.content), move |request| {
            clock.advance(Duration::from_secs(2));
            // A client that retries endlessly succeeds, which makes the test fail.
            if request.number > ENDLESS { Reply::Right } else { Reply::error(503, "SlowDown") }
        });
        for number in numbers.iter().cycle().take(2 * ENDLESS) {
            let urls: Vec<_> = (0..*number).map(|n| format!("{}?mirror={n}", slow.url())).collect();
            let signature = json!({ "resourceUrls": urls, "headers": {}, "expirationSeconds": 1 });
            let info = json!({ "protocol": "HEADER_SIGNATURE", "headerSignatureInfo": signature });
            s.fake.fault(Target::DownloadInfo, Fault::json(200, info));
        }
        let (_, result) = s.get(..);
        let (requests, infos) = (slow.requests().len(), s.infos());
        assert!(requests <= 60 && infos <= 60, "{numbers:?}: {requests} requests, {infos} infos: {result:?}");
        assert_eq!(result.unwrap_err().code(), Some("SlowDown"), "{numbers:?}");
    }
}

/// The number of signatures does not grow with the number of URLs.
#[test]
fn more_urls_do_not_cost_more_signatures() {
    for urls in [1, 3, 20] {
        let s = Setup::new(MIB);
        s.fake.set_resource_urls((0..urls).map(|n| format!("{{good}}?mirror={n}")).collect());
        s.fake.fault_always(Target::Object, Fault::object_error(403, "AccessDenied"));
        let (error, requests) = assert_fails_in_bounded_requests(&s, |_| {});
        assert_eq!(error.code(), Some("AccessDenied"), "{error}");
        assert!(requests <= 60, "{urls} URLs: {requests} requests");
        assert!(s.infos() <= 8, "{urls} URLs: {} infos", s.infos());
    }
}

fn xml(status: u16, code: &str, message: &str) -> Fault {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Fault::Answer { status, content_type: "application/xml".into(), body: body.into(), headers: Vec::new() }
}

/// Responses of object stores, and of proxies in front of them, to a lapsed signature.
fn lapsed() -> Vec<(&'static str, Fault)> {
    vec![
        ("403 AccessDenied", xml(403, "AccessDenied", "Request has expired.")),
        ("403 RequestTimeTooSkewed", xml(403, "RequestTimeTooSkewed", "The difference is too large.")),
        (
            "403 SignatureDoesNotMatch",
            xml(403, "SignatureDoesNotMatch", "The signature we calculated does not match."),
        ),
        ("403", Fault::status(403)),
        ("401 AccessDenied", xml(401, "AccessDenied", "The signature has expired.")),
        ("401 InvalidToken", xml(401, "InvalidToken", "The token is invalid.")),
        ("401", Fault::status(401)),
        ("410 Expired", xml(410, "Expired", "The link has expired.")),
        ("410", Fault::status(410)),
        ("400 AccessDenied", xml(400, "AccessDenied", "Request has expired.")),
        ("400 InvalidToken", xml(400, "InvalidToken", "The security token in the request is invalid.")),
        ("400 SecurityTokenExpired", xml(400, "SecurityTokenExpired", "The security token has expired.")),
        ("400 ExpiredToken", xml(400, "ExpiredToken", "The provided token has expired.")),
    ]
}

/// Regression: only some of these refusals caused a renewal.
#[test]
fn a_refused_signature_is_renewed_once() {
    for (name, refusal) in lapsed() {
        let s = Setup::new(MIB);
        s.fault(refusal.clone());
        assert!(s.get(..).1.is_ok_and(|done| done.verified), "{name}");
        assert_eq!((s.infos(), s.objects().len()), (2, 2), "{name}");

        // The same after an interrupted body; all bytes are from one object.
        let (s, folder) = (Setup::new(MIB), Folder::new());
        s.fault(Fault::CutAfter(400_000));
        s.fault(refusal.clone());
        let done = s.file().download().resume(true).to_file(folder.target());
        assert!(done.is_ok_and(|done| done.verified), "{name}");
        folder.assert_only(NAME, &s.content);
        assert_eq!(s.infos(), 2, "{name}");
        assert_eq!(s.ranges(), [None, range("bytes=400000-1048575"), range("bytes=400000-1048575")]);
    }
}

/// One renewed signature is enough for all connections of a parallel download.
#[test]
fn parallel_connections_share_a_renewed_signature() {
    for (name, refusal) in lapsed() {
        let (s, folder) = (Setup::new(6 * MIB), Folder::new());
        s.fault(Fault::Several(Vec::new()));
        s.fault(refusal.clone());
        s.fault(refusal.clone());
        let done = s.file().download().parallel(3).to_file(folder.target());
        assert!(done.is_ok_and(|done| done.verified), "{name}");
        folder.assert_only(NAME, &s.content);
        assert!(s.infos() <= 3, "{name}: {} infos", s.infos());
    }
}

#[test]
fn download_fails_if_every_signature_is_refused() {
    for (name, refusal) in lapsed() {
        let s = Setup::new(MIB);
        s.fake.fault_always(Target::Object, refusal.clone());
        let (_, requests) = assert_fails_in_bounded_requests(&s, |_| {});
        assert!(requests <= 12, "{name}: {requests} requests");
        assert!(s.infos() >= 2, "{name}: no other signature was tried");
    }
}

/// A retry would not change the answer, and every call counts against a monthly quota.
#[test]
fn a_final_refusal_is_not_retried() {
    for (status, code) in [(403, "UserDisable"), (400, "InvalidArgument"), (400, "InvalidObjectName")] {
        let s = Setup::new(MIB);
        s.fake.fault_always(Target::Object, Fault::object_error(status, code));
        let (error, _) = assert_fails_in_bounded_requests(&s, |_| {});
        assert_eq!(error.code(), Some(code), "{error}");
        assert_eq!((s.objects().len(), s.infos()), (1, 1), "{code}");
    }
}
