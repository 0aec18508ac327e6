//! Limits: the deadline ends every kind of wait, the largest values mean no limit, and many small downloads share their
//! connections.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::testing::Clock;

use super::folder::{Folder, NAME};
use super::*;

/// Far below the 30-second stall timeout, and far above the deadline.
const SOON: Duration = Duration::from_secs(10);

/// Upper bound for waits, generous enough for a slow machine.
const HANG_LIMIT: Duration = Duration::from_secs(60);

const LIMIT: Duration = Duration::from_millis(500);

/// Uses the machine's clock, so a wait that the deadline does not end makes the test fail.
fn with_deadline(s: &Setup) -> RemoteFile {
    let client = s.fake.client().overall_timeout(LIMIT).build().unwrap();
    client.file("space-1", "dentry-1", UnionId("operator-1"))
}

/// Returns whether the error's text names the deadline.
fn names_the_deadline(error: &Error) -> bool {
    let text = error.to_string();
    text.contains("overall timeout")
}

/// Regression: the deadline was only checked between attempts. A silent server could exceed it by 30 seconds, and a
/// slow one without limit.
#[test]
fn the_deadline_ends_every_kind_of_wait() {
    let slowly = Fault::Slow { bytes: 1000, pause: Duration::from_millis(100) };
    let busy = Fault::object_error(503, "SlowDown").header("Retry-After", "60");
    let waits = [
        (Target::Object, Fault::StallBeforeAnswer),
        (Target::Object, Fault::StallAfter(300_000)),
        (Target::Object, slowly),
        (Target::Object, busy),
        (Target::DownloadInfo, Fault::StallBeforeAnswer),
        (Target::DownloadInfo, Fault::api_error(503, "systemError").header("Retry-After", "60")),
        (Target::Token, Fault::StallBeforeAnswer),
    ];
    for (target, fault) in waits {
        for parallel in [1, 3] {
            let (s, folder) = (Setup::new(3 * MIB), Folder::new());
            s.fake.fault_always(target, fault.clone());
            let begun = Instant::now();
            let result = with_deadline(&s).download().parallel(parallel).to_file(folder.target());
            let took = begun.elapsed();
            let error = result.unwrap_err();
            assert!(took < SOON, "{fault:?}: {took:?}: {error}");
            // If a server error was received, it is reported instead of the deadline.
            let is_reported = error.code().is_some() || names_the_deadline(&error);
            assert!(is_reported, "{fault:?} of {target:?}, {parallel}: {error}");
            assert!(folder.names().is_empty());
        }
    }
}

/// The deadline also applies to the wait for an archived file, whose own limit is longer.
#[test]
fn the_deadline_ends_the_wait_for_an_archived_file() {
    let s = Setup::with(1000, |builder| builder.overall_timeout(Duration::from_secs(100)));
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    let file = s.file().wait_for_restore(Duration::from_secs(30), Duration::from_secs(3600));
    let error = file.download_to(&mut io::sink(), ..).unwrap_err();
    assert_eq!(error.code(), Some("fileArchived"));
    assert_eq!((s.infos(), s.clock.now()), (4, Duration::from_secs(90)));
}

/// The bytes received before the deadline are kept.
#[test]
fn the_deadline_keeps_resumable_bytes() {
    let (s, folder) = (Setup::new(3 * MIB), Folder::new());
    s.fake.fault_always(Target::Object, Fault::StallAfter(MIB));
    let error = with_deadline(&s).download().resume(true).to_file(folder.target()).unwrap_err();
    let kept = error.bytes_written();
    assert!(names_the_deadline(&error) && kept > 0, "{error}");
    s.fake.clear_faults();
    let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
    assert_eq!((done.reused, done.verified), (kept, true));
    folder.assert_only(NAME, &s.content);
}

/// Regression: adding such a limit to the current time overflowed.
#[test]
fn the_largest_limits_mean_no_limit() {
    let unlimited = |builder: ClientBuilder| {
        builder
            .overall_timeout(Duration::MAX)
            .stall_timeout(Duration::MAX)
            .connect_timeout(Duration::MAX)
            .retry(RetryPolicy::new().base_delay(Duration::from_millis(1)))
    };
    let (s, folder) = (Setup::with(3 * MIB, unlimited), Folder::new());
    let by_the_machine = unlimited(s.fake.client()).build().unwrap();
    for client in [s.client.clone(), by_the_machine] {
        let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
        for parallel in [1, 3] {
            s.fault(Fault::CutAfter(1000));
            let download = file.download().max_bytes(u64::MAX).parallel(parallel);
            assert!(download.to_file(folder.target()).unwrap().verified);
            folder.assert_only(NAME, &s.content);
            fs::remove_file(folder.target()).unwrap();
        }
        let result = file.download().max_bytes(u64::MAX).to_writer(&mut io::sink(), ..);
        assert_eq!(result.unwrap().bytes, 3 * MIB);
    }
}

/// Regression: every download had its own connections and a thread, and took six times as long as plain ureq.
#[test]
fn many_small_downloads_with_a_flag_share_their_connections() {
    let (s, folder) = (Setup::new(10 * KIB), Folder::new());
    let flag = AtomicBool::new(false);
    let client = s.fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    let mut reports = 0;
    for _ in 0..50 {
        let count = |_| reports += 1;
        file.download().cancel(&flag).progress(count).to_file(folder.target()).unwrap();
    }
    assert!(reports >= 50);
    folder.assert_only(NAME, &s.content);
    assert!(s.fake.connections() <= 3, "{} connections for 50 downloads", s.fake.connections());
    for _ in 0..50 {
        file.download().cancel(&flag).to_writer(&mut io::sink(), ..).unwrap();
    }
    assert!(s.fake.connections() <= 3, "{} connections for 100 downloads", s.fake.connections());
}

/// The flag ends its own transfer immediately and no other, even with shared connections and a silent server.
#[test]
fn a_flag_ends_only_its_own_transfer() {
    let (s, folder) = (Setup::new(3 * MIB), Folder::new());
    let client = s.fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    let (flag, down) = (AtomicBool::new(false), AtomicBool::new(false));
    // Opens the connections that the transfers below share.
    file.download().cancel(&down).to_file(folder.join("first")).unwrap();
    for silence in [Fault::StallBeforeAnswer, Fault::StallAfter(300_000)] {
        flag.store(false, Ordering::Relaxed);
        let before = s.objects().len();
        s.fault(silence.clone());
        thread::scope(|scope| {
            let silent = scope.spawn(|| {
                let result = file.download().cancel(&flag).to_file(folder.target());
                (result, Instant::now())
            });
            let begun = Instant::now();
            while s.objects().len() == before {
                assert!(begun.elapsed() < HANG_LIMIT, "no request was sent");
                thread::sleep(Duration::from_millis(2));
            }
            let mut raised = None;
            // Another download is receiving its bytes when the flag is set.
            let raise = |now: dingtalk_files::Progress| {
                if now.bytes == 0 && raised.is_none() {
                    raised = Some(Instant::now());
                    flag.store(true, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(300));
                }
            };
            let other = file.download().cancel(&down).progress(raise).to_file(folder.join("other"));
            let (result, ended) = silent.join().unwrap();
            assert!(matches!(result, Err(Error::Cancelled { .. })), "{silence:?}: {result:?}");
            let took = ended.saturating_duration_since(raised.unwrap());
            assert!(took < SOON, "{silence:?}: {took:?}");
            assert!(other.unwrap().verified, "{silence:?}");
        });
        assert_eq!(folder.names(), ["first", "other"]);
    }
}
