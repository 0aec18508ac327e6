//! Panics in the caller's code: they end an upload immediately and reach the caller once, and an upload in a destructor
//! works while another panic unwinds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// Far below the 30-second stall timeout.
const SOON: Duration = Duration::from_secs(10);

/// Returns the message of a panic. A panic that only reports another thread's panic has a different payload.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or("another payload")
}

/// Regression: if the callback panicked while another connection was silent, the panic reached the caller only after
/// the stall timeout.
#[test]
fn a_panic_in_a_callback_does_not_wait_for_a_silent_connection() {
    for silence in [Fault::StallBeforeAnswer, Fault::StallUploadAfter(1000)] {
        let setup = Setup::new();
        setup.fault(Target::Put, silence.clone());
        let (mut calls, mut begun) = (0, None);
        let callback = |now: dingtalk_files::Progress| {
            setup.clock.advance(Duration::from_millis(100));
            // Panic only after the fake has stored one part and the silent request has arrived. The callback must not
            // block until then, because the bytes of that request are reported through it too.
            let has_taken_one = setup.put_statuses().iter().flatten().count() > 0;
            if now.bytes < PART || !has_taken_one || setup.puts().len() < 2 {
                return;
            }
            calls += 1;
            begun = Some(Instant::now());
            panic!("on purpose");
        };
        let bytes = pattern(20 * PART);
        let upload = setup.in_parts().parallel(2).progress(callback);
        let panic = catch_unwind(AssertUnwindSafe(|| upload.from_bytes(&bytes))).unwrap_err();
        let took = begun.expect("the callback never panicked").elapsed();
        assert!(took < SOON, "{silence:?}: {took:?}");
        assert_eq!((panic_message(&*panic), calls), ("on purpose", 1));
        setup.assert_uncommitted();
    }
}

struct Panicking(u64);

impl Read for Panicking {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(self.0 > 0, "on purpose");
        let n = buf.len().min(usize::try_from(self.0).unwrap());
        self.0 -= n as u64;
        Ok(n)
    }
}

impl Seek for Panicking {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        Ok(if to == SeekFrom::End(0) { 9 * PART } else { 0 })
    }
}

/// The caller receives the reader's own panic, whichever thread reads.
#[test]
fn a_panic_in_a_reader_reaches_the_caller_unchanged() {
    for (in_parts, connections) in [(false, 1), (true, 1), (true, 4)] {
        for is_stream in [true, false] {
            for good in [0, 3 * PART + 1] {
                let (text, setup) = bounded(move || {
                    let setup = Setup::new();
                    let upload = if in_parts { setup.in_parts() } else { setup.upload() };
                    let upload = upload.parallel(connections);
                    let run = AssertUnwindSafe(|| {
                        if is_stream {
                            upload.from_reader(Panicking(good), 9 * PART)
                        } else {
                            upload.from_seekable(Panicking(good))
                        }
                    });
                    let panic = catch_unwind(run).unwrap_err();
                    (panic_message(&*panic).to_owned(), setup)
                });
                assert_eq!(text, "on purpose", "{in_parts} {connections} {is_stream}");
                setup.assert_uncommitted();
            }
        }
    }
}

/// The same while another connection is silent.
#[test]
fn a_panic_in_a_reader_does_not_wait_for_a_silent_connection() {
    let setup = Setup::new();
    setup.fault(Target::Put, Fault::StallBeforeAnswer);
    let begun = Instant::now();
    let upload = setup.in_parts().parallel(2);
    let run = AssertUnwindSafe(|| upload.from_reader(Panicking(5 * PART), 9 * PART));
    let panic = catch_unwind(run).unwrap_err();
    let took = begun.elapsed();
    assert!(took < SOON, "{took:?}");
    assert_eq!(panic_message(&*panic), "on purpose");
    setup.assert_uncommitted();
}

/// A guard that runs a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Uploads in a destructor, with or without an unwinding panic.
fn in_a_destructor(is_unwinding: bool, run: impl Fn() -> Result<Uploaded>) -> Result<Uploaded> {
    let mut done = None;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let _guard = OnDrop(|| done = Some(run()));
        assert!(!is_unwinding, "on purpose");
    }));
    assert_eq!(ended.is_err(), is_unwinding);
    done.unwrap()
}

/// Regression: `thread::panicking()` was taken for a panic in the upload, which then returned `Cancelled`.
#[test]
fn an_upload_works_while_a_panic_unwinds() {
    for is_unwinding in [false, true] {
        for (in_parts, connections) in [(false, 1), (true, 1), (true, 4)] {
            for from in SourceKind::ALL {
                // A stream that has been read cannot be sent again in a single PUT.
                if from == SourceKind::Reader && !in_parts {
                    continue;
                }
                let (setup, bytes) = (Setup::new(), pattern(5 * PART + 1));
                setup.fault(Target::Put, Fault::CloseWithoutAnswer);
                let upload = || if in_parts { setup.in_parts() } else { setup.upload() };
                let done = in_a_destructor(is_unwinding, || from.run(upload().parallel(connections), &bytes));
                setup.assert_done(done, &bytes);
            }
        }
    }
}
