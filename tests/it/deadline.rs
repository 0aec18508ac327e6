//! A deadline that calls and transfers share.

use std::io::Write;
use std::time::Duration;

use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, Error, ErrorKind, NetworkStage};

use crate::support::{SEND, fake, send};

fn client(fake: &FakeDingTalk, clock: &ManualClock) -> Client {
    fake.client().clock(clock.clone()).build().unwrap()
}

const OPERATOR: dingtalk_files::UnionId<'_> = dingtalk_files::UnionId("union-1");

#[track_caller]
fn assert_deadline_error(error: &Error, limit: u64) {
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert!(error.to_string().contains(&format!("the deadline of {limit} s ended ")), "{error}");
}

#[test]
fn all_calls_together_end_by_the_deadline() {
    let (fake, clock) = (fake(), ManualClock::new());
    let client = client(&fake, &clock);
    let soon = client.with_deadline(Duration::from_secs(20));
    for _ in 0..2 {
        send(&soon).unwrap();
        clock.advance(Duration::from_secs(10));
    }
    let error = send(&soon.clone()).unwrap_err();
    assert_deadline_error(&error, 20);
    let Error::Network(e) = error.root() else { panic!("{error}") };
    assert_eq!((e.operation, e.stage), (SEND, NetworkStage::Connect));
    assert!(!error.may_have_run());
    assert_eq!(fake.requests_to(Target::Send).len(), 2);
    // The client itself has no deadline.
    send(&client).unwrap();
}

#[test]
fn a_file_and_an_upload_have_the_deadline_of_their_client() {
    let (fake, clock) = (fake(), ManualClock::new());
    let client = client(&fake, &clock).with_deadline(Duration::from_secs(60));
    let file = client.file("space-1", "dentry-1", OPERATOR);
    file.download_to(&mut Vec::new(), ..).unwrap();
    clock.advance(Duration::from_secs(61));
    assert_deadline_error(&file.download_to(&mut Vec::new(), ..).unwrap_err(), 60);
    assert_deadline_error(&file.stat().unwrap_err(), 60);
    assert_deadline_error(
        &client.upload("space-1", "0", OPERATOR).name("a").from_bytes(b"a").unwrap_err(),
        60,
    );
}

/// A writer that advances the clock at the first byte.
struct Late<'a>(&'a ManualClock, Duration, Vec<u8>);

impl Write for Late<'_> {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.advance(std::mem::take(&mut self.1));
        self.2.write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_transfer_stops_retrying_at_the_deadline() {
    let (fake, clock) = (fake(), ManualClock::new());
    let client = client(&fake, &clock).with_deadline(Duration::from_secs(30));
    fake.fault(Target::Object, Fault::CutAfter(3));
    let mut writer = Late(&clock, Duration::from_secs(31), Vec::new());
    let error = client.file("space-1", "dentry-1", OPERATOR).download_to(&mut writer, ..).unwrap_err();
    assert_eq!((error.bytes_written(), writer.2.as_slice()), (3, &b"con"[..]), "{error}");
    assert_eq!(fake.requests_to(Target::Object).len(), 1);
}

#[test]
fn the_earlier_of_two_limits_applies() {
    let (fake, clock) = (fake(), ManualClock::new());
    let client = fake.client().clock(clock.clone()).overall_timeout(Duration::from_secs(50)).build().unwrap();
    for (outer, inner, holds) in [(10, 40, 10), (40, 10, 10)] {
        let soon = client.with_deadline(Duration::from_secs(outer)).with_deadline(Duration::from_secs(inner));
        clock.advance(Duration::from_secs(9));
        send(&soon).unwrap();
        clock.advance(Duration::from_secs(1));
        assert_deadline_error(&send(&soon).unwrap_err(), holds);
    }
    // The overall timeout starts with each operation, the deadline when it is set.
    let later = client.with_deadline(Duration::from_secs(100));
    clock.advance(Duration::from_secs(60));
    send(&later).unwrap();
    let unlimited = client.with_deadline(Duration::MAX);
    clock.advance(Duration::from_secs(1000));
    send(&unlimited).unwrap();
}

#[test]
fn a_zero_deadline_sends_no_request() {
    let (fake, clock) = (fake(), ManualClock::new());
    let over = client(&fake, &clock).with_deadline(Duration::ZERO);
    assert_deadline_error(&send(&over).unwrap_err(), 0);
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_kept_file_gets_a_deadline_for_each_request() {
    let (fake, clock) = (fake(), ManualClock::new());
    let file = client(&fake, &clock).file("space-1", "dentry-1", OPERATOR);
    for _ in 0..3 {
        let limited = file.with_deadline(Duration::from_secs(20));
        limited.download_to(&mut Vec::new(), ..).unwrap();
        clock.advance(Duration::from_secs(21));
        assert_deadline_error(&limited.download_to(&mut Vec::new(), ..).unwrap_err(), 20);
    }
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 1);
}
