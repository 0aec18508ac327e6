//! A flag ends a download at once, whatever it waits for, and nobody else's.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::folder::{CHECKPOINT, Folder, NAME, PART};
use super::*;

/// Far less than the 30 seconds that a silent server is given, and far more than the flag needs.
const SOON: Duration = Duration::from_secs(10);

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// With the machine's clock: where a wait is not ended by the flag, it shows.
fn patient(builder: ClientBuilder) -> ClientBuilder {
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
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Runs a download, raises its flag when `is_time`, and gives its error, which must come soon after that.
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
    /// How many object requests have been answered, if only with a head.
    fn answers(&self) -> usize {
        self.objects().iter().filter(|r| r.answered_status.is_some()).count()
    }

    /// What a cancelled download left is what the next one uses.
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
fn a_flag_that_is_up_already_sends_nothing_and_touches_nothing() {
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

    // What an earlier try has left is there afterwards.
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
fn a_flag_that_stays_down_changes_nothing() {
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
fn before_the_answer() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(5 * MIB, patient), Folder::new());
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
fn in_the_middle_of_the_bodies() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(12 * MIB, patient), Folder::new());
        if parallel > 1 {
            // So that there are others.
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
        assert_eq!(s.answers(), bodies, "nothing was asked for after that");
        s.assert_resumes_after(&folder, done);
    }
}

#[test]
fn without_resume_nothing_is_left() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(12 * MIB, patient), Folder::new());
        s.fake.fault_always(Target::Object, Fault::StallAfter(700_000));
        let run =
            |flag: &AtomicBool| s.file().download().parallel(parallel).cancel(flag).to_file(folder.target());
        cancelled(run, || s.answers() > 0);
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
}

#[test]
fn a_writer_has_what_the_error_says() {
    let s = Setup::with(MIB, patient);
    s.fault(Fault::StallAfter(300_000));
    let mut bytes = Vec::new();
    let run = |flag: &AtomicBool| s.file().download().cancel(flag).to_writer(&mut bytes, 5..);
    let done = cancelled(run, || s.answers() > 0);
    assert_eq!(bytes.len() as u64, done);
    assert!(bytes == s.content.bytes(5..5 + done));
}

#[test]
fn while_the_download_info_is_silent() {
    // With retries, of which the flag must leave none.
    let (s, folder) = (Setup::with(MIB, patient), Folder::new());
    s.fake.fault(Target::DownloadInfo, Fault::StallBeforeAnswer);
    let run = |flag: &AtomicBool| s.file().download().resume(true).cancel(flag).to_file(folder.target());
    assert_eq!(cancelled(run, || s.infos() > 0), 0);
    assert_eq!(s.infos(), 1);
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn while_the_token_is_silent_and_others_wait_for_it() {
    let (s, folder) = (Setup::with(MIB, patient), Folder::new());
    s.fake.fault(Target::Token, Fault::StallBeforeAnswer);
    let is_asked = || !s.fake.requests_to(Target::Token).is_empty();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            wait_until("the first question for a token", is_asked);
            s.file().download_info()
        });
        let run = |flag: &AtomicBool| s.file().download().resume(true).cancel(flag).to_file(folder.target());
        assert_eq!(cancelled(run, is_asked), 0);
        // It asks for one itself, and gets it.
        assert!(other.join().unwrap().is_ok());
    });
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn during_the_wait_for_another_download_info() {
    let (s, folder) = (Setup::with(MIB, patient), Folder::new());
    let busy = Fault::api_error(503, "systemError").header("Retry-After", "100");
    s.fake.fault_always(Target::DownloadInfo, busy);
    let run = |flag: &AtomicBool| s.file().download().resume(true).cancel(flag).to_file(folder.target());
    assert_eq!(cancelled(run, || s.infos() > 0), 0);
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn the_failure_of_one_connection_does_not_wait_for_a_silent_other_one() {
    let (s, folder) = (Setup::with(12 * MIB, |b| no_retries(patient(b))), Folder::new());
    s.fault(Fault::Several(Vec::new()));
    s.fault(Fault::StallAfter(100_000));
    s.fault(Fault::StallAfter(100_000));
    let begun = Instant::now();
    // For good: 404 at the only URL.
    s.fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    let error = s.file().download().parallel(3).to_file(folder.target()).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(folder.names().is_empty());
}

#[test]
fn during_the_wait_for_another_try() {
    for parallel in [1, 4] {
        let (s, folder) = (Setup::with(5 * MIB, patient), Folder::new());
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
fn during_the_wait_for_an_archived_file() {
    let (s, folder) = (Setup::with(MIB, patient), Folder::new());
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    let file = s.file().wait_for_restore(Duration::from_secs(100), Duration::from_secs(3600));
    let run = |flag: &AtomicBool| file.download().resume(true).cancel(flag).to_file(folder.target());
    assert_eq!(cancelled(run, || s.infos() > 0), 0);
    s.assert_resumes_after(&folder, 0);
}

#[test]
fn while_an_earlier_try_is_checked() {
    let (s, folder) = (Setup::with(4 * MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(3 * MIB));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    let flag = AtomicBool::new(false);
    // The first report says that it checks.
    let raise = |now: dingtalk_files::Progress| {
        assert_eq!(now.phase, dingtalk_files::Phase::Checking);
        flag.store(true, Ordering::Relaxed);
    };
    let download = s.file().download().resume(true).cancel(&flag).progress(raise);
    let error = download.to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    assert_eq!(s.infos(), 1, "nothing was sent");
    s.assert_resumes_after(&folder, 3 * MIB);
}

#[test]
fn another_download_of_the_same_client_goes_on() {
    let (s, folder) = (Setup::with(12 * MIB, patient), Folder::new());
    s.fake.put_file("space-1", "dentry-2", "other.bin", s.content.clone());
    let other = s.client.file("space-1", "dentry-2", UnionId("operator-1"));
    let (begun, go_on) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        // It has its first bytes before the other one is cancelled, and gets the rest of the same body after that.
        let running = scope.spawn(|| {
            let mut wait = AtFirstWrite(
                Some(|| {
                    begun.store(true, Ordering::Release);
                    wait_until("the other one was cancelled", || go_on.load(Ordering::Acquire));
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
    assert_eq!(s.answers(), 2, "it was not even asked for again");
    s.assert_resumes_after(&folder, 0);
}
