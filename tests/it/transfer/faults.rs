//! Cuts, resets, stalls, dead hosts: a download yields the right bytes, or an error with the number of bytes written.

use std::net::TcpListener;
use std::time::Duration;

use dingtalk_files::{NetworkStage, Problem};

use super::*;

#[test]
fn an_interrupted_body_is_resumed_at_the_next_byte_of_the_same_object() {
    for fault in [Fault::CutAfter, Fault::ResetAfter] {
        let s = Setup::new(MIB);
        s.fault(fault(400_000));
        let done = s.assert_gets(.., 0..MIB);
        assert!(done.verified);
        let [first, second] = &s.objects()[..] else { panic!("two requests") };
        assert!(first.header("range").is_none() && first.header("if-match").is_none());
        let resumed = second.header("range").unwrap();
        let from: u64 = resumed.strip_prefix("bytes=").unwrap().split('-').next().unwrap().parse().unwrap();
        assert!(from <= 400_000, "{resumed}");
        assert!(resumed.ends_with(&format!("-{}", MIB - 1)), "{resumed}");
        assert_eq!(second.header("if-match"), done.etag.as_deref());
    }
}

#[test]
fn every_byte_received_before_a_cut_is_written() {
    let s = Setup::with(MIB, no_retries);
    s.fault(Fault::CutAfter(300_001));
    let error = s.assert_fails(5.., 5);
    let Error::Interrupted { written, kept: true, cause } = &error else { panic!("{error}") };
    assert_eq!(*written, 300_001);
    let Error::Network(network) = &**cause else { panic!("{cause}") };
    assert_eq!(network.stage, NetworkStage::Body);
    assert_eq!(format!("http://{}", network.host), s.fake.base_url());
    assert!(error.is_transient());
}

#[test]
fn a_cut_range_without_content_length_is_detected() {
    // The body ends with the connection, so for HTTP a cut looks like a regular end.
    let s = Setup::new(1000);
    s.fault(Fault::Several(vec![Fault::NoContentLength, Fault::CutAfter(300)]));
    s.assert_gets(100..900, 100..900);
    assert_eq!(s.ranges(), [range("bytes=100-899"), range("bytes=400-899")]);
}

#[test]
fn bodies_without_content_length_are_verified_by_checksum_or_range() {
    let s = Setup::new(MIB);
    s.fault(Fault::Chunked);
    assert!(s.assert_gets(.., 0..MIB).verified);
    s.fault(Fault::NoContentLength);
    assert!(s.assert_gets(.., 0..MIB).verified, "the checksum confirms that the body is complete");

    for framing in [Fault::Chunked, Fault::NoContentLength] {
        s.fault(Fault::Several(vec![framing, Fault::Crc(None)]));
        let error = s.assert_fails(.., 0);
        assert_eq!(error.bytes_written(), 0);
        assert!(matches!(&error, Error::Answer(e) if matches!(e.problem, Problem::WrongRange(_))), "{error}");
    }
    // The length of a range response follows from its Content-Range.
    for framing in [Fault::Chunked, Fault::NoContentLength] {
        s.fault(framing);
        s.assert_gets(100..200_000, 100..200_000);
    }
}

#[test]
fn a_cut_without_content_length_is_a_checksum_mismatch() {
    let s = Setup::new(MIB);
    s.fault(Fault::Several(vec![Fault::NoContentLength, Fault::CutAfter(1000)]));
    let error = s.assert_fails(.., 0);
    assert!(matches!(error, Error::ChecksumMismatch { written: 1000, .. }), "{error}");
}

#[test]
fn a_cut_chunked_body_is_resumed() {
    let s = Setup::new(MIB);
    s.fault(Fault::Several(vec![Fault::Chunked, Fault::CutAfter(100_000)]));
    assert!(s.assert_gets(.., 0..MIB).verified);
}

#[test]
fn a_stalled_body_times_out_and_is_resumed() {
    let s = Setup::with(MIB, |b| b.stall_timeout(Duration::from_millis(200)));
    s.fault(Fault::StallAfter(200_000));
    s.assert_gets(.., 0..MIB);
    assert_eq!(s.ranges()[1], range(&format!("bytes=200000-{}", MIB - 1)));

    let s = Setup::with(MIB, |b| no_retries(b.stall_timeout(Duration::from_millis(200))));
    s.fault(Fault::StallAfter(200_000));
    let error = s.assert_fails(.., 0);
    assert!(
        matches!(error.root(), Error::Network(e) if e.timed_out && e.stage == NetworkStage::Body),
        "{error}"
    );
}

#[test]
fn a_slow_body_does_not_time_out() {
    let s = Setup::with(100, |b| no_retries(b.stall_timeout(Duration::from_millis(500))));
    s.fault(Fault::Slow { bytes: 20, pause: Duration::from_millis(50) });
    s.assert_gets(.., 0..100);
}

#[test]
fn server_errors_are_retried_with_growing_waits() {
    let s = Setup::new(1000);
    for _ in 0..5 {
        s.fault(Fault::object_error(503, "ServiceUnavailable"));
    }
    s.assert_gets(.., 0..1000);
    let sleeps = s.clock.sleeps();
    assert_eq!(sleeps.len(), 5);
    for (n, wait) in sleeps.iter().enumerate() {
        assert!(*wait <= Duration::from_millis(250 << n), "wait {n}: {wait:?}");
    }
}

#[test]
fn retry_after_is_honoured() {
    let s = Setup::new(10);
    s.fault(Fault::object_error(503, "SlowDown").header("Retry-After", "7"));
    s.assert_gets(.., 0..10);
    assert_eq!(s.clock.sleeps(), [Duration::from_secs(7)]);
}

#[test]
fn the_last_error_is_returned_when_the_retries_are_used_up() {
    let s = Setup::new(1000);
    s.fake.fault_always(Target::Object, Fault::object_error(500, "InternalError"));
    let error = s.assert_fails(.., 0);
    let Error::Storage(e) = &error else { panic!("{error}") };
    assert_eq!((e.status, e.code.as_deref()), (500, Some("InternalError")));
    assert_eq!(s.objects().len(), 6);
}

#[test]
fn progress_refills_the_retry_budget() {
    // Far more interruptions than retries, each after substantial progress.
    let s = Setup::with(MIB, |b| b.retry(RetryPolicy::new().max_retries(1)));
    s.fake.fault_always(Target::Object, Fault::CutAfter(64 * KIB));
    s.assert_gets(.., 0..MIB);
    assert_eq!(s.objects().len(), 16);
}

#[test]
fn a_download_without_progress_fails() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(100 * KIB));
    s.fake.fault_always(Target::Object, Fault::CutAfter(0));
    let error = s.assert_fails(.., 0);
    assert!(matches!(error, Error::Interrupted { written: 102_400, .. }), "{error}");
    assert_eq!(s.objects().len(), 1 + 5);
}

#[test]
fn a_download_continues_at_the_next_host_if_a_host_is_dead() {
    let s = Setup::with(MIB, no_retries);
    // The port was free a moment ago, so nothing listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    s.fake.set_resource_urls(vec![
        format!("http://{closed}/gone"),
        "{good}?mirror=1".to_owned(),
        "{good}?mirror=2".to_owned(),
    ]);
    s.assert_gets(.., 0..MIB);
    assert_eq!(s.objects()[0].raw_query, "mirror=1");

    for dead in [
        Fault::object_error(404, "NoSuchKey"),
        Fault::object_error(502, "BadGateway"),
        Fault::html(503, "<html>"),
        Fault::CloseWithoutAnswer,
        Fault::Redirect { status: 302, location: "http://127.0.0.1:1/login?x=planted".to_owned() },
    ] {
        let before = s.objects().len();
        s.fault(dead.clone());
        s.assert_gets(.., 0..MIB);
        let mirrors: Vec<_> = s.objects()[before..].iter().map(|r| r.raw_query.clone()).collect();
        assert_eq!(mirrors, ["mirror=1", "mirror=2"], "{dead:?}");
    }
    assert!(s.clock.sleeps().is_empty(), "switching to the next host needs no wait");
}

#[test]
fn a_working_host_is_kept_and_the_next_host_continues_at_the_offset() {
    let s = Setup::new(MIB);
    s.fake.set_resource_urls(vec!["{good}?mirror=1".to_owned(), "{good}?mirror=2".to_owned()]);
    s.fault(Fault::CutAfter(500_000));
    s.fault(Fault::object_error(500, "InternalError"));
    s.assert_gets(.., 0..MIB);
    let requests: Vec<_> =
        s.objects().iter().map(|r| (r.raw_query.clone(), r.header("range").is_some())).collect();
    let expected = [("mirror=1", false), ("mirror=1", true), ("mirror=2", true)];
    assert_eq!(requests, expected.map(|(m, r)| (m.to_owned(), r)));
    assert_eq!(s.ranges()[2], range(&format!("bytes=500000-{}", MIB - 1)));
}

#[test]
fn an_object_missing_at_every_url_is_not_found() {
    let s = Setup::new(10);
    s.fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    let error = s.assert_fails(.., 0);
    assert!(error.is_not_found() && error.code() == Some("NoSuchKey"), "{error}");
    assert_eq!(s.objects().len(), 1, "a 404 from the only URL is not retried");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = FakeDingTalk::start().unwrap();
    let s = Setup::new(10);
    let location = format!("{}/login?ticket=planted", elsewhere.base_url());
    s.fake.fault_always(Target::Object, Fault::Redirect { status: 302, location });
    let error = s.assert_fails(.., 0);
    let Error::Answer(answer) = &error else { panic!("{error}") };
    let host = elsewhere.base_url().strip_prefix("http://").map(str::to_owned);
    assert_eq!(answer.problem, Problem::Redirect { host });
    assert!(!error.to_string().contains("planted"), "{error}");
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn the_overall_timeout_ends_retries_with_the_last_server_error() {
    let s = Setup::with(10, |b| b.overall_timeout(Duration::from_secs(30)));
    let busy = Fault::object_error(503, "SlowDown").header("Retry-After", "12");
    s.fake.fault_always(Target::Object, busy);
    let error = s.assert_fails(.., 0);
    assert_eq!(error.code(), Some("SlowDown"), "{error}");
    assert_eq!(s.clock.sleeps(), [Duration::from_secs(12); 2]);
}

#[test]
fn a_failing_writer_ends_the_download_immediately() {
    let s = Setup::new(MIB);
    let error = s.file().download_to(&mut LimitedWriter(300_000), ..).unwrap_err();
    let Error::Write { written: 300_000, cause } = &error else { panic!("{error}") };
    assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
    assert_eq!(s.objects().len(), 1);
}

/// A writer that interrupts every other write and accepts few bytes at a time, as `Write` permits.
struct InterruptedWriter(bool, Vec<u8>);

impl Write for InterruptedWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0 = !self.0;
        if self.0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.1.write(&buf[..buf.len().min(1000)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_with_interrupted_and_short_writes_gets_every_byte_once() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_001));
    let mut writer = InterruptedWriter(false, Vec::new());
    assert!(s.file().download_to(&mut writer, ..).unwrap().verified);
    assert!(writer.1 == s.content.bytes(0..MIB));
}

#[test]
fn a_finished_download_returns_its_connection_to_the_pool() {
    let s = Setup::new(MIB);
    for _ in 0..3 {
        s.assert_gets(.., 0..MIB);
        s.assert_gets(100..200, 100..200);
    }
    assert_eq!(s.fake.connections(), 2, "one for the API, one for objects");
}
