//! Uploads that are called off, and what their progress says until then.

use std::sync::atomic::AtomicBool;

use super::*;

/// A silent server is not waited for that long after the flag; the limit on its silence is longer.
const SOON: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(30);

/// By the machine's clock, and with retries that would be noticed if somebody waited for them.
fn patient() -> Setup {
    real_time(RetryPolicy::new().base_delay(SILENCE).max_delay(2 * SILENCE))
}

fn real_time(policy: RetryPolicy) -> Setup {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_space("space-1");
    let client = fake.client().stall_timeout(SILENCE).retry(policy).build().unwrap();
    Setup { fake, clock: ManualClock::new(), client }
}

/// Calls an upload off when so many requests of this kind wait for their answer, and says how it ended.
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
fn what_is_called_off_beforehand_sends_nothing() {
    let (flag, file) = (AtomicBool::new(true), TempFile::new(b"hello"));
    let setup = Setup::new();
    for upload in [setup.upload(), setup.in_parts().parallel(4)] {
        let ended = upload.cancel(&flag).from_file(&*file);
        assert!(matches!(ended, Err(Error::Cancelled { done: 0 })), "{ended:?}");
    }
    setup.assert_untouched();
}

/// Nothing that has arrived could be used again, so it is the plain error.
#[test]
fn in_the_midst_of_a_put() {
    let (setup, flag, bytes) = (Setup::new(), AtomicBool::new(false), pattern(8 * MIB));
    let source = Trap::new(&bytes, 2 * MIB, || flag.store(true, Ordering::Relaxed));
    let ended = setup.upload().cancel(&flag).from_seekable(source);
    let Err(Error::Cancelled { done }) = ended else { panic!("{ended:?}") };
    assert!((2 * MIB..4 * MIB).contains(&done), "{done}");
    setup.assert_uncommitted();
    assert!(setup.puts().iter().all(|put| put.answered_status != Some(200)));
}

#[test]
fn while_a_reader_gives_little_at_a_time() {
    let (setup, flag, bytes) = (Setup::new(), AtomicBool::new(false), pattern(3 * PART));
    let source = Trap::new(&bytes, PART + 7, || flag.store(true, Ordering::Relaxed));
    let error = interrupted(setup.in_parts().cancel(&flag).from_reader(source, bytes.len() as u64));
    assert!(matches!(error.cause, Error::Cancelled { .. }), "{error}");
    setup.assert_uncommitted();
}

#[test]
#[cfg_attr(windows, ignore = "there the stall limit ends it, after 30 s")]
fn a_put_that_stalls() {
    let (setup, bytes) = (patient(), pattern(16 * MIB));
    // In the system's buffers, in the body, and after it.
    for (nth, (size, fault)) in [
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
            cancel_when(&setup, Target::Put, nth + 1, |flag| setup.upload().cancel(flag).from_bytes(bytes));
        assert!(matches!(error, Error::Cancelled { .. }), "{error}");
        assert_eq!(setup.puts().len(), nth + 1);
    }
}

#[test]
fn a_question_that_stalls() {
    let setup = patient();
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
fn a_question_for_parts_that_stalls() {
    for connections in [1, 4] {
        let (setup, bytes) = (patient(), pattern(31 * PART));
        setup.fault(Target::PartInfos, Fault::Several(Vec::new()));
        setup.fault(Target::PartInfos, Fault::StallBeforeAnswer);
        let error = cancel_when(&setup, Target::PartInfos, 2, |flag| {
            setup.in_parts().parallel(connections).cancel(flag).from_bytes(&bytes)
        });
        // Parts have arrived: they need not be sent again.
        let error = interrupted(Err(error));
        assert!(matches!(error.cause, Error::Cancelled { .. }), "{error}");
        assert!(!error.pending.is_complete());
    }
}

#[test]
#[cfg_attr(windows, ignore = "there the stall limit ends it, after 30 s")]
fn parts_on_several_connections() {
    let (setup, bytes) = (patient(), pattern(9 * PART));
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
    // And it can be gone on with.
    setup.assert_done(setup.in_parts().resume(error.pending).from_bytes(&bytes), &bytes);
    assert_eq!(setup.puts().len(), 6 + 7);
}

/// One failure for good is enough: nobody begins another part after it.
#[test]
fn a_failure_ends_the_other_connections() {
    let setup = Setup::new();
    setup.fake.fault_always(Target::Put, Fault::object_error(400, "EntityTooLarge"));
    let error = setup.in_parts().parallel(4).from_bytes(pattern(40 * PART)).unwrap_err();
    assert!(matches!(error, Error::Storage(_)), "nothing arrived: {error}");
    assert_eq!(error.code(), Some("EntityTooLarge"));
    assert!(setup.puts().len() <= 4, "{:?}", setup.put_numbers());
    setup.assert_uncommitted();
}

#[test]
fn a_wait_before_a_retry() {
    let setup = patient();
    setup.fake.fault_always(Target::Put, Fault::object_error(503, "SlowDown").header("Retry-After", "30"));
    let error = cancel_when(&setup, Target::Put, 1, |flag| setup.upload().cancel(flag).from_bytes("hello"));
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    assert_eq!(setup.puts().len(), 1);
}

/// Bytes that raise a flag when there are no more.
struct End<'a>(&'a [u8], &'a AtomicBool);
impl Read for End<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            self.1.store(true, Ordering::Relaxed);
        }
        self.0.read(buf)
    }
}

#[test]
fn called_off_when_everything_has_arrived() {
    let (setup, flag, bytes) = (Setup::new(), AtomicBool::new(false), pattern(1000));
    // The end of a reader is looked for when all of it has been sent.
    let error = interrupted(setup.upload().cancel(&flag).from_reader(End(&bytes, &flag), 1000));
    assert!(matches!(error.cause, Error::Cancelled { done: 1000 }), "{error}");
    assert!(error.pending.is_complete());
    setup.assert_uncommitted();
    setup.assert_done(setup.upload().resume(error.pending).from_reader(&bytes[..], 1000), &bytes);
    assert_eq!(setup.puts().len(), 1);
}

#[test]
fn other_uploads_of_the_client_go_on() {
    let (setup, bytes) = (patient(), pattern(3 * PART));
    setup.fault(Target::UploadInfo, Fault::StallBeforeAnswer);
    let error =
        cancel_when(&setup, Target::UploadInfo, 1, |flag| setup.upload().cancel(flag).from_bytes("a"));
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    let flag = AtomicBool::new(false);
    setup.assert_done(setup.in_parts().parallel(2).cancel(&flag).from_bytes(&bytes), &bytes);
}

#[test]
fn progress_goes_from_nothing_to_all() {
    for (size, connections) in [(0, 1), (1, 1), (3 * MIB, 1), (8 * PART + 5, 1), (8 * PART + 5, 4)] {
        for from in From::ALL {
            let (setup, bytes) = (Setup::new(), pattern(size));
            let (clock, mut told) = (setup.clock.clone(), Vec::new());
            let upload = if size > MIB { setup.upload() } else { setup.in_parts() };
            let upload = upload.parallel(connections).progress(|now| {
                clock.advance(Duration::from_millis(100));
                told.push((now.bytes, now.total));
            });
            let done = from.run(upload, &bytes);
            setup.assert_done(done, &bytes);
            assert_eq!((told.first(), told.last()), (Some(&(0, Some(size))), Some(&(size, Some(size)))));
            assert!(told.is_sorted(), "{told:?}");
            assert!(size < MIB || told.len() > 3, "{told:?}");
        }
    }
}
