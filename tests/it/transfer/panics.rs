//! Panics in the caller's code: they end a download immediately and reach the caller once, and a download in a
//! destructor works while another panic unwinds.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::folder::{Folder, NAME};
use super::*;

const SIZE: u64 = 5 * MIB;

/// Far below the 30-second stall timeout.
const SOON: Duration = Duration::from_secs(10);

/// Upper bound for waits, generous enough for a slow machine.
const HANG_LIMIT: Duration = Duration::from_secs(60);

/// Returns the message of a panic. A panic that only reports another thread's panic has a different payload.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or("another payload")
}

/// Regression: the panic reached the caller only after the other connection's stall timeout.
#[test]
fn a_panic_in_a_callback_does_not_wait_for_a_silent_connection() {
    for silence in [Fault::StallBeforeAnswer, Fault::StallAfter(1000)] {
        for connections in [2, 4] {
            let (s, folder) = (Setup::new(SIZE), Folder::new());
            fs::write(folder.target(), "old").unwrap();
            s.fault(Fault::Several(Vec::new()));
            s.fault(silence.clone());
            let (calls, begun) = (AtomicUsize::new(0), Mutex::new(None));
            let callback = |now: dingtalk_files::Progress| {
                s.clock.advance(Duration::from_millis(100));
                if now.bytes == 0 {
                    return;
                }
                calls.fetch_add(1, Ordering::Relaxed);
                let waiting = Instant::now();
                while s.objects().len() < 2 && waiting.elapsed() < HANG_LIMIT {
                    thread::sleep(Duration::from_millis(2));
                }
                *begun.lock().unwrap() = Some(Instant::now());
                panic!("on purpose");
            };
            let download = s.file().download().parallel(connections).progress(callback);
            let panic = catch_unwind(AssertUnwindSafe(|| download.to_file(folder.target()))).unwrap_err();
            let took = begun.lock().unwrap_or_else(std::sync::PoisonError::into_inner).unwrap().elapsed();
            assert!(took < SOON, "{connections} connections, {silence:?}: {took:?}");
            assert_eq!(panic_message(&*panic), "on purpose");
            assert_eq!(calls.load(Ordering::Relaxed), 1, "a callback that panicked is not called again");
            folder.assert_only(NAME, &Content::from("old"));
        }
    }
}

/// The panic occurs on the caller's own thread, and a cancel flag has a watcher thread.
#[test]
fn a_panic_over_one_connection_leaves_no_files() {
    static DOWN: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    for with_flag in [false, true] {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        let callback = |_| panic!("on purpose");
        let download = s.file().download().progress(callback);
        let download = if with_flag { download.cancel(&DOWN) } else { download };
        let panic = catch_unwind(AssertUnwindSafe(|| download.to_file(folder.target()))).unwrap_err();
        assert_eq!(panic_message(&*panic), "on purpose");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
        // The client and the target still work.
        s.file().download().to_file(folder.target()).unwrap();
        folder.assert_only(NAME, &s.content);
    }
}

#[test]
fn a_panic_in_a_writer_reaches_the_caller() {
    let s = Setup::new(SIZE);
    let mut writer = AtFirstWrite(Some(|| panic!("on purpose")), Vec::new());
    let panic = catch_unwind(AssertUnwindSafe(|| s.file().download_to(&mut writer, ..))).unwrap_err();
    assert_eq!(panic_message(&*panic), "on purpose");
    s.assert_gets(.., 0..SIZE);
}

/// A guard that runs a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Runs `run` in a destructor while a panic unwinds, and returns its result.
fn while_unwinding<T>(run: impl Fn() -> T) -> T {
    let mut result = None;
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _guard = OnDrop(|| result = Some(run()));
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    result.unwrap()
}

/// Regression: `thread::panicking()` was taken for a panic in the download, which then returned `Cancelled`.
#[test]
fn a_download_to_a_writer_works_while_a_panic_unwinds() {
    let s = Setup::new(SIZE);
    s.fault(Fault::CutAfter(1000));
    let (bytes, result) = while_unwinding(|| s.get(..));
    assert!(result.unwrap().verified);
    assert!(bytes == s.content.bytes(0..SIZE));
}

#[test]
fn a_download_to_a_file_works_while_a_panic_unwinds() {
    for connections in [1, 3] {
        for resume in [false, true] {
            let (s, folder) = (Setup::new(SIZE), Folder::new());
            s.fault(Fault::CutAfter(1000));
            let calls = AtomicUsize::new(0);
            let count = |_| {
                calls.fetch_add(1, Ordering::Relaxed);
            };
            let download = || s.file().download().parallel(connections).resume(resume).progress(count);
            let result = while_unwinding(|| download().to_file(folder.target()));
            assert!(result.unwrap().verified, "{connections} {resume}");
            folder.assert_only(NAME, &s.content);
            assert!(calls.load(Ordering::Relaxed) > 1);
        }
    }
}

/// A cancel flag still works while a panic unwinds.
#[test]
fn a_download_can_be_cancelled_while_a_panic_unwinds() {
    let (s, folder) = (Setup::new(SIZE), Folder::new());
    let flag = std::sync::atomic::AtomicBool::new(false);
    let raise = |_| flag.store(true, Ordering::Relaxed);
    let download = || s.file().download().cancel(&flag).progress(raise);
    let result = while_unwinding(|| download().to_file(folder.target()));
    assert!(matches!(result, Err(Error::Cancelled { .. })), "{result:?}");
    assert!(folder.names().is_empty());
}
