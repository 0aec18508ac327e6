//! Cancelled uploads, and progress reports.

use std::sync::atomic::AtomicBool;

use super::*;

/// Upper bound for the time between the flag and the error, far below [`STALL_TIMEOUT`].
const SOON: Duration = Duration::from_secs(5);
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Uses the machine's clock and long retry delays, so a wait that the flag does not end makes the test fail.
fn with_real_waits() -> Setup {
    real_time(RetryPolicy::new().base_delay(STALL_TIMEOUT).max_delay(2 * STALL_TIMEOUT))
}

fn real_time(policy: RetryPolicy) -> Setup {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_space("space-1");
    let client = fake.client().stall_timeout(STALL_TIMEOUT).retry(policy).build().unwrap();
    Setup { fake, clock: ManualClock::new(), client }
}

/// Cancels an upload once `count` requests of this kind have arrived, and returns the upload's error.
fn cancel_when(
    setup: &Setup,
    target: Target,
    count: usize,
    run: impl FnOnce(&AtomicBool) -> Result<Uploaded>,
) -> Error {
    let flag = AtomicBool::new(false);
    thread::scope(|scope| {
        let cancelled = scope.spawn(|| {
            wait_until(|| setup.count(target) >= count);
            flag.store(true, Ordering::Relaxed);
            Instant::now()
        });
        let error = run(&flag).unwrap_err();
        let late = cancelled.join().unwrap().elapsed();
        assert!(late < SOON, "{late:?} after the flag: {error}");
        setup.assert_uncommitted();
        error
    })
}

#[test]
fn a_flag_set_beforehand_sends_no_request() {
    let (flag, file) = (AtomicBool::new(true), TempFile::new(b"hello"));
    let setup = Setup::new();
    for upload in [setup.upload(), setup.in_parts().parallel(4)] {
        let ended = upload.cancel(&flag).from_file(&*file);
        assert!(matches!(ended, Err(Error::Cancelled { done: 0 })), "{ended:?}");
    }
    setup.assert_untouched();
}

/// No arrived bytes can be reused, so the error is a plain `Cancelled`.
#[test]
fn cancel_ends_a_put_during_its_body() {
    let (setup, flag, bytes) = (Setup::new(), AtomicBool::new(false), pattern(8 * MIB));
    let source = Trap::new(&bytes, 2 * MIB, || flag.store(true, Ordering::Relaxed));
    let ended = setup.upload().cancel(&flag).from_seekable(source);
    let Err(Error::Cancelled { done }) = ended else { panic!("{ended:?}") };
    assert!((2 * MIB..4 * MIB).contains(&done), "{done}");
    setup.assert_uncommitted();
    assert!(setup.puts().iter().all(|put| put.answered_status != Some(200)));
}

#[test]
fn cancel_ends_an_upload_from_a_slow_reader() {
    let (setup, flag, bytes) = (Setup::new(), AtomicBool::new(false), pattern(3 * PART));
    let source = Trap::new(&bytes, PART + 7, || flag.store(true, Ordering::Relaxed));
    let error = interrupted(setup.in_parts().cancel(&flag).from_reader(source, bytes.len() as u64));
    assert!(matches!(error.cause, Error::Cancelled { .. }), "{error}");
    setup.assert_uncommitted();
}

#[test]
#[cfg_attr(windows, ignore = "on Windows only the stall timeout of 30 s ends the request")]
fn cancel_ends_a_stalled_put() {
    let (setup, bytes) = (with_real_waits(), pattern(16 * MIB));
    // The request stalls in the system's buffers, within the body, and after the body.
    for (index, (size, fault)) in [
        (1000, Fault::StallUploadAfter(10)),
        (16 * MIB, Fault::StallUploadAfter(1000)),
        (1000, Fault::StallBeforeAnswer),
    ]
    .into_iter()
    .enumerate()
    {
        setup.fault(Target::Put, fault);
        let bytes = &bytes[..usize::try_from(size).unwrap()];
        let error =
            cancel_when(&setup, Target::Put, index + 1, |flag| setup.upload().cancel(flag).from_bytes(bytes));
        assert!(matches!(error, Error::Cancelled { .. }), "{error}");
        assert_eq!(setup.puts().len(), index + 1);
    }
}

#[test]
fn cancel_ends_a_stalled_upload_info_request() {
    let setup = with_real_waits();
    setup.fake.fault_always(Target::UploadInfo, Fault::StallBeforeAnswer);
    setup.fake.fault_always(Target::InitMultipart, Fault::StallBeforeAnswer);
    let error =
        cancel_when(&setup, Target::UploadInfo, 1, |flag| setup.upload().cancel(flag).from_bytes("hello"));
    assert!(matches!(error, Error::Cancelled { done: 0 }), "{error}");
    let error = cancel_when(&setup, Target::InitMultipart, 1, |flag| {
        setup.in_parts().cancel(flag).from_bytes("hello")
    });
    assert!(matches!(error, Error::Cancelled { done: 0 }), "{error}");
    assert!(setup.puts().is_empty());
}

#[test]
fn cancel_ends_a_stalled_part_infos_request() {
    for connections in [1, 4] {
        let (setup, bytes) = (with_real_waits(), pattern(31 * PART));
        setup.fault(Target::PartInfos, Fault::Several(Vec::new()));
        setup.fault(Target::PartInfos, Fault::StallBeforeAnswer);
        let error = cancel_when(&setup, Target::PartInfos, 2, |flag| {
            setup.in_parts().parallel(connections).cancel(flag).from_bytes(&bytes)
        });
        // Some parts have arrived and need not be sent again.
        let error = interrupted(Err(error));
        assert!(matches!(error.cause, Error::Cancelled { .. }), "{error}");
        assert!(!error.pending.is_complete());
    }
}

#[test]
#[cfg_attr(windows, ignore = "on Windows only the stall timeout of 30 s ends the request")]
fn cancel_ends_stalled_parts_on_several_connections() {
    let (setup, bytes) = (with_real_waits(), pattern(9 * PART));
    setup.fault_nth_put(2, Fault::Several(Vec::new()));
    for _ in 0..4 {
        setup.fault(Target::Put, Fault::StallUploadAfter(10));
    }
    let error = cancel_when(&setup, Target::Put, 6, |flag| {
        setup.in_parts().parallel(4).cancel(flag).from_bytes(&bytes)
    });
    let error = interrupted(Err(error));
    assert!(matches!(error.cause, Error::Cancelled { .. }), "{error}");
    assert!(error.to_string().contains("after 2 of 9 parts"), "{error}");
    // The upload can be resumed.
    setup.assert_done(setup.in_parts().resume(error.pending).from_bytes(&bytes), &bytes);
    assert_eq!(setup.puts().len(), 6 + 7);
}

/// No connection starts another part after a final failure.
#[test]
fn a_failure_ends_the_other_connections() {
    let setup = Setup::new();
    setup.fake.fault_always(Target::Put, Fault::object_error(400, "EntityTooLarge"));
    let error = setup.in_parts().parallel(4).from_bytes(pattern(40 * PART)).unwrap_err();
    assert!(matches!(error, Error::Storage(_)), "no part arrived: {error}");
    assert_eq!(error.code(), Some("EntityTooLarge"));
    assert!(setup.puts().len() <= 4, "{:?}", setup.put_numbers());
    setup.assert_uncommitted();
}

#[test]
fn cancel_ends_the_wait_before_a_retry() {
    let setup = with_real_waits();
    setup.fake.fault_always(Target::Put, Fault::object_error(503, "SlowDown").header("Retry-After", "30"));
    let error = cancel_when(&setup, Target::Put, 1, |flag| setup.upload().cancel(flag).from_bytes("hello"));
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    assert_eq!(setup.puts().len(), 1);
}

/// A reader that sets a flag at its end.
struct FlagAtEnd<'a>(&'a [u8], &'a AtomicBool);
impl Read for FlagAtEnd<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            self.1.store(true, Ordering::Relaxed);
        }
        self.0.read(buf)
    }
}

#[test]
fn cancel_after_the_last_byte_leaves_a_complete_pending_upload() {
    let (setup, flag, bytes) = (Setup::new(), AtomicBool::new(false), pattern(1000));
    // The reader is checked for its end after all bytes have been sent.
    let error = interrupted(setup.upload().cancel(&flag).from_reader(FlagAtEnd(&bytes, &flag), 1000));
    assert!(matches!(error.cause, Error::Cancelled { done: 1000 }), "{error}");
    assert!(error.pending.is_complete());
    setup.assert_uncommitted();
    setup.assert_done(setup.upload().resume(error.pending).from_reader(&bytes[..], 1000), &bytes);
    assert_eq!(setup.puts().len(), 1);
}

#[test]
fn other_uploads_of_the_client_continue() {
    let (setup, bytes) = (with_real_waits(), pattern(3 * PART));
    setup.fault(Target::UploadInfo, Fault::StallBeforeAnswer);
    let error =
        cancel_when(&setup, Target::UploadInfo, 1, |flag| setup.upload().cancel(flag).from_bytes("a"));
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    let flag = AtomicBool::new(false);
    setup.assert_done(setup.in_parts().parallel(2).cancel(&flag).from_bytes(&bytes), &bytes);
}

#[test]
fn progress_grows_from_zero_to_the_total() {
    for (size, connections) in [(0, 1), (1, 1), (3 * MIB, 1), (8 * PART + 5, 1), (8 * PART + 5, 4)] {
        for from in SourceKind::ALL {
            let (setup, bytes) = (Setup::new(), pattern(size));
            let (clock, mut reports) = (setup.clock.clone(), Vec::new());
            let upload = if size > MIB { setup.upload() } else { setup.in_parts() };
            let upload = upload.parallel(connections).progress(|now| {
                clock.advance(Duration::from_millis(100));
                reports.push((now.bytes, now.total));
            });
            let done = from.run(upload, &bytes);
            setup.assert_done(done, &bytes);
            assert_eq!(
                (reports.first(), reports.last()),
                (Some(&(0, Some(size))), Some(&(size, Some(size))))
            );
            assert!(reports.is_sorted(), "{reports:?}");
            assert!(size < MIB || reports.len() > 3, "{reports:?}");
        }
    }
}
