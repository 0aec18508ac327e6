//! A panic in the caller's code ends an upload at once, and reaches the caller once; an upload in a destructor works
//! while another panic unwinds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// Far less than the 30 seconds that a silent server is given.
const SOON: Duration = Duration::from_secs(10);

/// The text of a panic. Another thread's panic that is only reported has another one.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or("another payload")
}

/// One connection is silent, the callback panics on another one: the caller got to know when the stall limit had passed.
#[test]
fn a_panic_in_a_callback_does_not_wait_for_a_silent_connection() {
    for silence in [Fault::StallBeforeAnswer, Fault::StallUploadAfter(1000)] {
        let setup = Setup::new();
        setup.fault(Target::Put, silence.clone());
        let (mut calls, mut begun) = (0, None);
        let callback = |now: dingtalk_files::Progress| {
            setup.clock.advance(Duration::from_millis(100));
            // The fake has taken a part whole, and the silent request has arrived. Its bytes are reported here too, so the
            // callback does not wait for it.
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
        assert_eq!((words(&*panic), calls), ("on purpose", 1));
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

/// In the words of the reader, whichever thread reads.
#[test]
fn a_panic_in_a_reader_reaches_the_caller_as_it_is() {
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
                    (words(&*panic).to_owned(), setup)
                });
                assert_eq!(text, "on purpose", "{in_parts} {connections} {is_stream}");
                setup.assert_uncommitted();
            }
        }
    }
}

/// While one connection is silent, too.
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
    assert_eq!(words(&*panic), "on purpose");
    setup.assert_uncommitted();
}

/// Runs something when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Uploads in a destructor, while a panic unwinds or without one.
fn in_a_destructor(is_unwinding: bool, run: impl Fn() -> Result<Uploaded>) -> Result<Uploaded> {
    let mut done = None;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let _guard = OnDrop(|| done = Some(run()));
        assert!(!is_unwinding, "on purpose");
    }));
    assert_eq!(ended.is_err(), is_unwinding);
    done.unwrap()
}

/// `thread::panicking()` was taken for a panic in the upload: it was "cancelled".
#[test]
fn an_upload_works_while_a_panic_unwinds() {
    for is_unwinding in [false, true] {
        for (in_parts, connections) in [(false, 1), (true, 1), (true, 4)] {
            for from in From::ALL {
                // A stream that has been read cannot be sent again in one piece.
                if from == From::Reader && !in_parts {
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
