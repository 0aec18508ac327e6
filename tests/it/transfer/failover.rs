//! URLs that fail, signatures that lapse: tries are bounded, whatever the servers do, and bytes are fetched from where
//! they can be had.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::folder::{Folder, NAME};
use super::object_server::{Object, ObjectServer, Reply};
use super::*;

/// More than any bound that a user could live with.
const ENDLESS: usize = 300;

fn two_urls(s: &Setup, a: &ObjectServer, b: &ObjectServer) {
    s.fake.set_resource_urls(vec![a.url(), b.url()]);
}

/// A was asked six times, B never, and the download failed: a thousand bytes each time were progress.
#[test]
fn a_url_that_breaks_off_early_each_time_is_left() {
    for bytes in [1, 1000, 16_000] {
        let s = Setup::new(MIB);
        let object = Object::new(&s.content);
        let a = ObjectServer::start(&object, move |_| Reply::Cut(bytes));
        let b = ObjectServer::start(&object, |_| Reply::Right);
        two_urls(&s, &a, &b);
        assert!(s.assert_gets(.., 0..MIB).verified);
        let asked = a.requests().len();
        assert!((1..=3).contains(&asked), "A was asked {asked} times for {bytes} bytes each");
        assert_eq!(b.requests().len(), 1);
        // The bytes that A gave are not fetched again.
        let first = b.requests()[0].range.clone().map_or(0, |range| range.start);
        assert_eq!(first, (asked * bytes) as u64);
    }
}

/// Each connection of several leaves it.
#[test]
fn several_connections_leave_it_too() {
    let (s, folder) = (Setup::new(6 * MIB), Folder::new());
    let object = Object::new(&s.content);
    let a = ObjectServer::start(&object, |_| Reply::Cut(1000));
    let b = ObjectServer::start(&object, |_| Reply::Right);
    two_urls(&s, &a, &b);
    let done = s.file().download().parallel(3).to_file(folder.target()).unwrap();
    assert!(done.verified);
    folder.assert_only(NAME, &s.content);
    assert!(a.requests().len() <= 3 * 3, "A was asked {} times", a.requests().len());
}

/// A URL that breaks off after a good piece each time is as good as any.
#[test]
fn a_url_that_makes_progress_stays() {
    let s = Setup::new(MIB);
    let object = Object::new(&s.content);
    let a = ObjectServer::start(&object, |_| Reply::Cut(128 * 1024));
    let b = ObjectServer::start(&object, |_| Reply::Right);
    two_urls(&s, &a, &b);
    assert!(s.assert_gets(.., 0..MIB).verified);
    assert_eq!((a.requests().len(), b.requests().len()), (8, 0));
}

/// No URL is any better: an error after a bounded number of tries, with the bytes that there are.
#[test]
fn urls_that_all_break_off_early_end() {
    for bytes in [1, 1000] {
        let s = Setup::new(MIB);
        let object = Object::new(&s.content);
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let servers: Vec<_> = (0..3)
            .map(|_| {
                let count = std::sync::Arc::clone(&count);
                ObjectServer::start(&object, move |_| {
                    // A client that never ends is given the rest, and the test fails.
                    let is_endless = count.fetch_add(1, Ordering::Relaxed) > ENDLESS;
                    if is_endless { Reply::Right } else { Reply::Cut(bytes) }
                })
            })
            .collect();
        s.fake.set_resource_urls(servers.iter().map(ObjectServer::url).collect());
        let error = s.assert_fails(.., 0);
        assert!(matches!(error, Error::Interrupted { .. }) && error.is_transient(), "{error}");
        let asked = count.load(Ordering::Relaxed);
        assert!((3..=60).contains(&asked), "{asked} tries");
    }
}

/// Runs a download that must end by itself, with an error: a flag goes up when it does not.
#[track_caller]
fn ends(s: &Setup, mut at_each_report: impl FnMut(usize) + Send) -> (Error, usize) {
    let flag = AtomicBool::new(false);
    let mut reports = 0;
    let look = |_| {
        reports += 1;
        at_each_report(reports);
        if s.objects().len() > ENDLESS {
            flag.store(true, Ordering::Relaxed);
        }
    };
    let result = s.file().download().cancel(&flag).progress(look).to_writer(&mut io::sink(), ..);
    let error = result.unwrap_err();
    assert!(!matches!(error, Error::Cancelled { .. }), "no end after {} requests", s.objects().len());
    (error, s.objects().len() + s.infos())
}

/// Each try brought a new signature, for the last one had lapsed; and with another number of URLs nothing was known of
/// those that had been tried: no wait, no end.
#[test]
fn signatures_that_lapse_at_once_do_not_prolong_the_tries() {
    for numbers in [[2, 3], [1, 2], [2, 2], [1, 1]] {
        let s = Setup::new(MIB);
        let clock = s.clock.clone();
        let slow = ObjectServer::start(&Object::new(&s.content), move |asked| {
            clock.advance(Duration::from_secs(2));
            // A client that never ends is served, and the test fails.
            if asked.number > ENDLESS { Reply::Right } else { Reply::error(503, "SlowDown") }
        });
        for number in numbers.iter().cycle().take(2 * ENDLESS) {
            let urls: Vec<_> = (0..*number).map(|n| format!("{}?mirror={n}", slow.url())).collect();
            let signature = json!({ "resourceUrls": urls, "headers": {}, "expirationSeconds": 1 });
            let info = json!({ "protocol": "HEADER_SIGNATURE", "headerSignatureInfo": signature });
            s.fake.fault(Target::DownloadInfo, Fault::json(200, info));
        }
        let (_, result) = s.get(..);
        let (asked, infos) = (slow.requests().len(), s.infos());
        assert!(asked <= 60 && infos <= 60, "{numbers:?}: {asked} requests and {infos} infos: {result:?}");
        assert_eq!(result.unwrap_err().code(), Some("SlowDown"), "{numbers:?}");
    }
}

/// Neither do many URLs for each of them.
#[test]
fn many_urls_do_not_multiply_the_signatures() {
    for urls in [1, 3, 20] {
        let s = Setup::new(MIB);
        s.fake.set_resource_urls((0..urls).map(|n| format!("{{good}}?mirror={n}")).collect());
        s.fake.fault_always(Target::Object, Fault::object_error(403, "AccessDenied"));
        let (error, requests) = ends(&s, |_| {});
        assert_eq!(error.code(), Some("AccessDenied"), "{error}");
        assert!(requests <= 60, "{urls} URLs: {requests} requests");
        assert!(s.infos() <= 8, "{urls} URLs: {} infos", s.infos());
    }
}

fn xml(status: u16, code: &str, message: &str) -> Fault {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Fault::Answer { status, content_type: "application/xml".into(), body: body.into(), headers: Vec::new() }
}

/// The answers of stores and of what stands before them to a signature that has lapsed.
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

/// Only some of them brought a new signature.
#[test]
fn a_signature_that_is_refused_is_renewed_once() {
    for (name, refusal) in lapsed() {
        let s = Setup::new(MIB);
        s.fault(refusal.clone());
        assert!(s.get(..).1.is_ok_and(|done| done.verified), "{name}");
        assert_eq!((s.infos(), s.objects().len()), (2, 2), "{name}");

        // In mid-body too, and the bytes are those of one object.
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

/// By every connection of a parallel download, for which one new signature is enough.
#[test]
fn several_connections_share_a_new_signature() {
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
fn a_signature_that_is_refused_for_ever_is_an_error() {
    for (name, refusal) in lapsed() {
        let s = Setup::new(MIB);
        s.fake.fault_always(Target::Object, refusal.clone());
        let (_, requests) = ends(&s, |_| {});
        assert!(requests <= 12, "{name}: {requests} requests");
        assert!(s.infos() >= 2, "{name}: no other signature was tried");
    }
}

/// Nothing changes by asking again, and every call counts against a monthly number.
#[test]
fn a_final_refusal_is_not_asked_again() {
    for (status, code) in [(403, "UserDisable"), (400, "InvalidArgument"), (400, "InvalidObjectName")] {
        let s = Setup::new(MIB);
        s.fake.fault_always(Target::Object, Fault::object_error(status, code));
        let (error, _) = ends(&s, |_| {});
        assert_eq!(error.code(), Some(code), "{error}");
        assert_eq!((s.objects().len(), s.infos()), (1, 1), "{code}");
    }
}
