//! A cancel flag ends its own download immediately, whatever that download waits for, and no other download.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::folder::{CHECKPOINT, Folder, NAME, PART};
use super::*;

/// Far below the 30-second stall timeout, and far above the time that a cancellation takes.
const SOON: Duration = Duration::from_secs(10);

/// Upper bound for waits, generous enough for a slow machine.
const HANG_LIMIT: Duration = Duration::from_secs(60);

/// Uses the machine's clock and long retry delays, so a wait that the flag does not end makes the test fail.
fn with_real_waits(builder: ClientBuilder) -> ClientBuilder {
    let policy = RetryPolicy::new().max_delay(Duration::from_secs(120));
    builder.clock(RealClock(Instant::now())).retry(policy)
}

#[derive(Debug)]
struct RealClock(Instant);

impl dingtalk_files::testing::Clock for RealClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}

#[track_caller]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < HANG_LIMIT, "timed out waiting for: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Runs a download, sets its flag once `is_time` holds, and returns the `done` of the resulting `Cancelled` error.
///
/// The error must follow the flag within [`SOON`].
#[track_caller]
fn cancelled(
    run: impl FnOnce(&AtomicBool) -> Result<Downloaded, Error> + Send,
    is_time: impl Fn() -> bool,
) -> u64 {
    let flag = AtomicBool::new(false);
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            let result = run(&flag);
            (result, Instant::now())
        });
        wait_until("the moment to cancel", is_time);
        let raised = Instant::now();
        flag.store(true, Ordering::Relaxed);
        let (result, ended) = running.join().unwrap();
        let error = result.unwrap_err();
        let Error::Cancelled { done } = error else { panic!("{error}") };
        assert!(ended.saturating_duration_since(raised) < SOON, "{:?}", ended - raised);
        done
    })
}

impl Setup {
    /// Number of object requests that were answered, at least with a response head.
    fn answers(&self) -> usize {
        self.objects().iter().filter(|r| r.answered_status.is_some()).count()
    }

    /// Asserts that the next download reuses exactly the bytes that the cancelled download kept.
    #[track_caller]
    fn assert_resumes_after(&self, folder: &Folder, done: u64) {
        if done > 0 {
            assert_eq!(folder.names(), [CHECKPOINT, PART]);
        } else {
            assert!(folder.names().is_empty(), "{:?}", folder.names());
        }
        self.fake.clear_faults();
        let after = self.file().download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!((after.reused, after.verified), (done, true));
        folder.assert_only(NAME, &self.content);
    }
}

#[test]
fn a_flag_set_beforehand_sends_no_request_and_changes_no_file() {
    static UP: AtomicBool = AtomicBool::new(true);
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    for (parallel, resume) in [(1, false), (4, false), (1, true), (4, true)] {
        let download = s.file().download().resume(resume).parallel(parallel).cancel(&UP);
        let result = download.to_file(folder.target());
        assert!(matches!(result, Err(Error::Cancelled { done: 0 })), "{result:?}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
    let result = s.file().download().cancel(&UP).to_writer(&mut Vec::new(), ..);
    assert!(matches!(result, Err(Error::Cancelled { done: 0 })), "{result:?}");
    assert!(s.fake.requests().is_empty() && folder.names().is_empty());

    // Files kept by an earlier attempt stay as they are.
    s.fault(Fault::CutAfter(400_000));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    let kept = [folder.part(), folder.checkpoint()].map(|path| fs::read(path).unwrap());
    let sent = s.fake.requests().len();
    let result = s.file().download().resume(true).cancel(&UP).to_file(folder.target());
    assert!(matches!(result, Err(Error::Cancelled { .. })), "{result:?}");
    assert_eq!(s.fake.requests().len(), sent);
    assert!([folder.part(), folder.checkpoint()].map(|path| fs::read(path).unwrap()) == kept);
    s.assert_resumes_after(&folder, 400_000);
}

#[test]
fn an_unset_flag_has_no_effect() {
    static DOWN: AtomicBool = AtomicBool::new(false);
    for parallel in [1, 4] {
        let (s, folder) = (Setup::new(5 * MIB), Folder::new());
        s.fault(Fault::CutAfter(100));
        let done = s.file().download().parallel(parallel).cancel(&DOWN).to_file(folder.target());
        assert!(done.unwrap().verified);
        folder.assert_only(NAME, &s.content);
    }
}

#[test]
fn cancel_ends_the_wait_for_an_answer() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(5 * MIB, with_real_waits), Folder::new());
        s.fake.fault_always(Target::Object, Fault::StallBeforeAnswer);
        let run = |flag: &AtomicBool| {
            s.file().download().resume(true).parallel(parallel).cancel(flag).to_file(folder.target())
        };
        let done = cancelled(run, || !s.objects().is_empty());
        assert_eq!(done, 0);
        s.assert_resumes_after(&folder, 0);
    }
}

#[test]
fn cancel_ends_stalled_bodies_and_keeps_their_bytes() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(12 * MIB, with_real_waits), Folder::new());
        if parallel > 1 {
            // The first request succeeds, so that more connections are opened.
            s.fault(Fault::Several(Vec::new()));
        }
        s.fake.fault_always(Target::Object, Fault::StallAfter(700_000));
        let run = |flag: &AtomicBool| {
            s.file().download().resume(true).parallel(parallel).cancel(flag).to_file(folder.target())
        };
        let bodies = if parallel == 1 { 1 } else { 5 };
        let on_disk = || fs::metadata(folder.part()).map_or(0, |part| part.len());
        let done = cancelled(run, || s.answers() == bodies && on_disk() > 200_000);
        assert!(done > 200_000 && done <= MIB + 4 * 700_000, "{done}");
        assert_eq!(s.answers(), bodies, "no request after the cancellation");
        s.assert_resumes_after(&folder, done);
    }
}

#[test]
fn cancel_without_resume_leaves_no_files() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(12 * MIB, with_real_waits), Folder::new());
        s.fake.fault_always(Target::Object, Fault::StallAfter(700_000));
        let run =
            |flag: &AtomicBool| s.file().download().parallel(parallel).cancel(flag).to_file(folder.target());
        cancelled(run, || s.answers() > 0);
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
}

#[test]
fn the_error_reports_how_many_bytes_the_writer_has() {
    let s = Setup::with(MIB, with_real_waits);
    s.fault(Fault::StallAfter(300_000));
    let mut bytes = Vec::new();
    let run = |flag: &AtomicBool| s.file().download().cancel(flag).to_writer(&mut bytes, 5..);
    let done = cancelled(run, || s.answers() > 0);
    assert_eq!(bytes.len() as u64, done);
    assert!(bytes == s.content.bytes(5..5 + done));
}

#[test]
fn cancel_ends_a_stalled_download_info_request() {
    // Retries are enabled: the flag must suppress them.
    let (s, folder) = (Setup::with(MIB, with_real_waits), Folder::new());
    s.fake.fault(Target::DownloadInfo, Fault::StallBeforeAnswer);
    let run = |flag: &AtomicBool| s.file().download().resume(true).cancel(flag).to_file(folder.target());
    assert_eq!(cancelled(run, || s.infos() > 0), 0);
    assert_eq!(s.infos(), 1);
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn cancel_ends_a_stalled_token_request_without_failing_other_callers() {
    let (s, folder) = (Setup::with(MIB, with_real_waits), Folder::new());
    s.fake.fault(Target::Token, Fault::StallBeforeAnswer);
    let is_requested = || !s.fake.requests_to(Target::Token).is_empty();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            wait_until("the first token request", is_requested);
            s.file().download_info()
        });
        let run = |flag: &AtomicBool| s.file().download().resume(true).cancel(flag).to_file(folder.target());
        assert_eq!(cancelled(run, is_requested), 0);
        // The other caller requests a token itself and receives it.
        assert!(other.join().unwrap().is_ok());
    });
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn cancel_ends_the_wait_before_a_download_info_retry() {
    let (s, folder) = (Setup::with(MIB, with_real_waits), Folder::new());
    let busy = Fault::api_error(503, "systemError").header("Retry-After", "100");
    s.fake.fault_always(Target::DownloadInfo, busy);
    let run = |flag: &AtomicBool| s.file().download().resume(true).cancel(flag).to_file(folder.target());
    assert_eq!(cancelled(run, || s.infos() > 0), 0);
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn a_failed_connection_does_not_wait_for_a_silent_one() {
    let (s, folder) = (Setup::with(12 * MIB, |b| no_retries(with_real_waits(b))), Folder::new());
    s.fault(Fault::Several(Vec::new()));
    s.fault(Fault::StallAfter(100_000));
    s.fault(Fault::StallAfter(100_000));
    let begun = Instant::now();
    // A 404 from the only URL is a final failure.
    s.fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    let error = s.file().download().parallel(3).to_file(folder.target()).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(folder.names().is_empty());
}

#[test]
fn cancel_ends_the_wait_before_an_object_retry() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(5 * MIB, with_real_waits), Folder::new());
        s.fault(Fault::CutAfter(200_000));
        let busy = Fault::object_error(503, "SlowDown").header("Retry-After", "100");
        s.fake.fault_always(Target::Object, busy);
        let run = |flag: &AtomicBool| {
            s.file().download().resume(true).parallel(parallel).cancel(flag).to_file(folder.target())
        };
        let done = cancelled(run, || s.answers() > parallel);
        assert_eq!(done, 200_000);
        s.assert_resumes_after(&folder, done);
    }
}

#[test]
fn cancel_ends_the_wait_for_an_archived_file() {
    let (s, folder) = (Setup::with(MIB, with_real_waits), Folder::new());
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    let file = s.file().wait_for_restore(Duration::from_secs(100), Duration::from_secs(3600));
    let run = |flag: &AtomicBool| file.download().resume(true).cancel(flag).to_file(folder.target());
    assert_eq!(cancelled(run, || s.infos() > 0), 0);
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn cancel_ends_the_check_of_a_kept_part() {
    let (s, folder) = (Setup::with(4 * MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(3 * MIB));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    let flag = AtomicBool::new(false);
    // The first report is in the checking phase.
    let raise = |now: dingtalk_files::Progress| {
        assert_eq!(now.phase, dingtalk_files::Phase::Checking);
        flag.store(true, Ordering::Relaxed);
    };
    let download = s.file().download().resume(true).cancel(&flag).progress(raise);
    let error = download.to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    assert_eq!(s.infos(), 1, "no request was sent");
    s.assert_resumes_after(&folder, 3 * MIB);
}

#[test]
fn other_downloads_of_the_client_continue() {
    let (s, folder) = (Setup::with(12 * MIB, with_real_waits), Folder::new());
    s.fake.put_file("space-1", "dentry-2", "other.bin", s.content.clone());
    let other = s.client.file("space-1", "dentry-2", UnionId("operator-1"));
    let (begun, go_on) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        // This download receives its first bytes before the cancellation, and the rest of the same body afterwards.
        let running = scope.spawn(|| {
            let mut wait = AtFirstWrite(
                Some(|| {
                    begun.store(true, Ordering::Release);
                    wait_until("the other download was cancelled", || go_on.load(Ordering::Acquire));
                }),
                Vec::new(),
            );
            let result = other.download_to(&mut wait, ..);
            (result, wait.1)
        });
        wait_until("the first bytes", || begun.load(Ordering::Acquire));
        s.fake.fault_always(Target::Object, Fault::StallAfter(100_000));
        let run = |flag: &AtomicBool| s.file().download().cancel(flag).to_file(folder.target());
        cancelled(run, || s.answers() > 1);
        go_on.store(true, Ordering::Release);
        let (result, bytes) = running.join().unwrap();
        assert!(result.unwrap().verified && bytes == s.content.bytes(0..12 * MIB));
    });
    assert_eq!(s.answers(), 2, "the object was not requested again");
    s.assert_resumes_after(&folder, 0);
}
