//! Limits that hold: the deadline ends every kind of wait, numbers as large as they can be are no error, and many small
//! downloads need no more connections than one.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::testing::Clock;

use super::folder::{Folder, NAME};
use super::*;

/// Far less than the 30 seconds that a silent server is given, and far more than the limit.
const SOON: Duration = Duration::from_secs(10);

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

const LIMIT: Duration = Duration::from_millis(500);

/// By the machine's clock: where a wait is not ended by the deadline, it shows.
fn with_deadline(s: &Setup) -> RemoteFile {
    let client = s.fake.client().overall_timeout(LIMIT).build().unwrap();
    client.file("space-1", "dentry-1", UnionId("operator-1"))
}

/// Either way to write it.
fn names_the_deadline(error: &Error) -> bool {
    let text = error.to_string();
    text.contains("overall timeout")
}

/// It was looked at between two tries only: a server that says nothing had 30 seconds more, one that says little had all
/// the time in the world.
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
            // The last failure says more than the time, where there is one.
            let is_told = error.code().is_some() || names_the_deadline(&error);
            assert!(is_told, "{fault:?} of {target:?}, {parallel}: {error}");
            assert!(folder.names().is_empty());
        }
    }
}

/// Also the wait for an archived file, whatever it is allowed by itself.
#[test]
fn the_deadline_ends_the_wait_for_an_archived_file() {
    let s = Setup::with(1000, |builder| builder.overall_timeout(Duration::from_secs(100)));
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    let file = s.file().wait_for_restore(Duration::from_secs(30), Duration::from_secs(3600));
    let error = file.download_to(&mut io::sink(), ..).unwrap_err();
    assert_eq!(error.code(), Some("fileArchived"));
    assert_eq!((s.infos(), s.clock.now()), (4, Duration::from_secs(90)));
}

/// The bytes that arrived by then are kept.
#[test]
fn a_deadline_keeps_what_can_be_resumed() {
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

/// A sum of such limits with the present time overflowed.
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

/// Each had connections of its own, and a thread: six times the time of plain ureq.
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

/// Over the same connections the flag ends the transfer at once, while a server is silent, and nobody else's.
#[test]
fn a_flag_ends_its_own_transfer_and_no_other() {
    let (s, folder) = (Setup::new(3 * MIB), Folder::new());
    let client = s.fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    let (flag, down) = (AtomicBool::new(false), AtomicBool::new(false));
    // Connections that are there already.
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
                assert!(begun.elapsed() < PATIENCE, "it never asked");
                thread::sleep(Duration::from_millis(2));
            }
            let mut raised = None;
            // Another one is in the middle of its bytes when the flag goes up.
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
