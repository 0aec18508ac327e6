//! The commit, which must not run twice: a second commit may create a second file.

use std::sync::atomic::AtomicBool;

use dingtalk_files::{ConflictStrategy, NetworkStage};

use super::*;
use crate::support::REFUSED;

#[track_caller]
fn assert_unknown(setup: &Setup, result: Result<Uploaded>) -> Error {
    let error = result.unwrap_err();
    let Error::CommitOutcomeUnknown(unknown) = &error else { panic!("{error}") };
    let commits = setup.bodies(Target::Commit);
    assert_eq!(commits.len(), 1, "a commit that may have run is not repeated");
    assert_eq!(commits[0]["uploadKey"], unknown.upload_key);
    assert_eq!(unknown.name, "file.bin");
    assert!(error.may_have_run());
    let text = error.to_string();
    assert!(text.contains(&unknown.upload_key) && text.contains("file.bin"), "{text}");
    assert!(text.contains("Look into the folder") && !text.contains('\n'), "{text}");
    error
}

#[test]
fn a_commit_with_an_unclear_outcome_is_not_repeated() {
    for (fault, is_stored) in [
        (Fault::CloseWithoutAnswer, true),
        (Fault::ResetAfter(10), true),
        (Fault::CutAfter(10), true),
        (Fault::api_error(500, "systemError"), false),
        (Fault::api_error(503, "operationTimeout"), false),
        (Fault::html(502, "<p>bad gateway"), false),
        (Fault::json(200, "{ broken"), false),
        (Fault::RefuseBeforeReading, false),
    ] {
        for upload in [Setup::upload, Setup::in_parts] {
            let setup = Setup::new();
            setup.fault(Target::Commit, fault.clone());
            assert_unknown_after(&setup, upload(&setup).from_bytes(b"hello"), &fault);
            // The client cannot know whether the commit ran, but the test can.
            assert_eq!(setup.fake.files().len(), usize::from(is_stored), "{fault:?}");
        }
    }
}

#[track_caller]
fn assert_unknown_after(setup: &Setup, result: Result<Uploaded>, fault: &Fault) {
    if matches!(fault, Fault::RefuseBeforeReading) {
        // The fake read no body, so the test cannot compare it.
        let error = result.unwrap_err();
        assert!(matches!(error, Error::CommitOutcomeUnknown(_)), "{error}");
        assert_eq!(setup.count(Target::Commit), 1);
    } else {
        assert_unknown(setup, result);
    }
}

#[test]
fn a_commit_that_times_out_is_not_repeated() {
    let setup = Setup::with(|builder| builder.stall_timeout(Duration::from_secs(1)));
    setup.fault(Target::Commit, Fault::StallBeforeAnswer);
    let error = assert_unknown(&setup, setup.upload().from_bytes(b"hello"));
    assert!(matches!(error.root(), Error::Network(e) if e.timed_out), "{error}");
}

#[test]
fn a_storage_2_commit_with_an_unclear_outcome_is_not_repeated() {
    let setup = Setup::new();
    let uuid = setup.fake.folder_uuid("space-1", "0");
    setup.fault(Target::Commit, Fault::CloseWithoutAnswer);
    assert_unknown(&setup, setup.upload().commit_into(uuid).from_bytes(b"hello"));
}

#[test]
fn a_throttled_commit_is_repeated() {
    for code in ["QpsLimitForAppkeyAndApi", "QpmLimitForAppkeyAndApi"] {
        let (setup, bytes) = (Setup::new(), pattern(1000));
        let fault = Fault::api_error(403, &format!("Forbidden.AccessDenied.{code}"));
        setup.fault(Target::Commit, fault.clone());
        setup.fault(Target::Commit, fault);
        let done = setup.upload().from_bytes(&bytes).unwrap();
        setup.assert_stored(&done, &bytes);
        assert_eq!((setup.count(Target::Commit), setup.puts().len(), setup.fake.files().len()), (3, 1, 1));
        assert!(setup.clock.sleeps().iter().all(|wait| *wait >= Duration::from_secs(1)));
    }
}

#[test]
fn a_token_refused_at_the_commit_is_replaced_once() {
    let (setup, bytes) = (Setup::new(), pattern(2 * MIB));
    // The body is read after the upload info was received.
    let source = Trap::new(&bytes, 0, || setup.fake.revoke_tokens());
    let done = setup.upload().from_seekable(source).unwrap();
    setup.assert_stored(&done, &bytes);
    assert_eq!((setup.count(Target::Commit), setup.count(Target::Token), setup.puts().len()), (2, 2, 1));

    let setup = Setup::new();
    setup.fake.fault_always(Target::Commit, Fault::api_error(400, "InvalidAuthentication"));
    let error = interrupted(setup.upload().from_bytes(b"hello"));
    assert!(error.cause.is_authentication() && error.pending.is_complete(), "{error}");
    assert_eq!(setup.count(Target::Commit), 2);
}

#[test]
fn a_refused_commit_leaves_a_complete_pending_upload() {
    for code in ["dentryNameIllegal", "permissionDenied", "spaceQuotaInsufficient"] {
        for upload in [Setup::upload, Setup::in_parts] {
            let (setup, bytes) = (Setup::new(), pattern(2 * PART + 1));
            setup.fault(Target::Commit, Fault::api_error(400, code));
            let error = interrupted(upload(&setup).from_bytes(&bytes));
            assert_eq!(error.cause.code(), Some(code));
            assert!(error.pending.is_complete());
            assert_eq!(error.pending.bytes(), bytes.len() as u64);
            let text = error.to_string();
            let advice = ". When that is fixed, Upload::resume goes on from there";
            assert!(text.contains("everything has arrived") && text.ends_with(advice), "{text}");
            let puts = setup.puts().len();
            let done = upload(&setup).resume(error.pending).from_bytes(&bytes).unwrap();
            setup.assert_stored(&done, &bytes);
            assert!(done.verified);
            assert_eq!((setup.puts().len(), setup.count(Target::Commit)), (puts, 2));
        }
    }
}

#[test]
fn a_name_conflict_is_resolved_without_sending_the_bytes_again() {
    let (setup, bytes) = (Setup::new(), pattern(1000));
    setup.fake.put_file("space-1", "dentry-1", "file.bin", "older");
    let upload = || setup.upload().conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    let error = upload().from_bytes(&bytes).unwrap_err();
    assert_eq!(error.code(), Some("dentryNameConflict"));
    assert!(!error.may_have_run() && !error.is_transient());
    let text = error.to_string();
    assert!(text.contains("choose another name") && text.contains("When that is fixed"), "{text}");
    let interrupted = interrupted(Err(error));
    let key = interrupted.pending.upload_key().to_owned();
    let done = upload().name("other.bin").resume(interrupted.pending).from_bytes(&bytes).unwrap();
    setup.assert_stored(&done, &bytes);
    assert_eq!(done.dentry.name.as_deref(), Some("other.bin"));
    assert_eq!((setup.puts().len(), setup.count(Target::UploadInfo)), (1, 1));
    assert_eq!(setup.bodies(Target::Commit)[1]["uploadKey"], key.as_str());
}

/// Only the commit's connection is refused: the commit certainly did not run.
#[test]
fn a_commit_whose_connection_is_refused_did_not_run() {
    let setup = Setup::with(no_retries);
    let bytes = pattern(2 * PART);
    let refused = Client::builder()
        .access_token("token")
        .base_url(REFUSED)
        .no_proxy()
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    setup.fault(Target::Commit, Fault::api_error(400, "permissionDenied"));
    let pending = interrupted(setup.upload().from_bytes(&bytes)).pending;
    let upload = refused.upload("space-1", "0", UnionId("operator-1")).name("file.bin");
    let error = interrupted(upload.resume(pending).from_bytes(&bytes));
    assert!(error.pending.is_complete());
    let Error::Network(e) = &error.cause else { panic!("{error}") };
    assert_eq!(e.stage, NetworkStage::Connect);
    let done = setup.upload().resume(error.pending).from_bytes(&bytes).unwrap();
    setup.assert_stored(&done, &bytes);
    assert_eq!((setup.puts().len(), setup.count(Target::Commit)), (1, 2));
}

#[test]
fn a_commit_refused_by_a_ban_did_not_run() {
    let setup = Setup::new();
    let ban = serde_json::json!({"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u"});
    setup.fault(Target::Commit, Fault::json(200, ban));
    let error = interrupted(setup.upload().from_bytes(b"hello"));
    assert!(error.cause.is_rate_limited() && error.pending.is_complete(), "{error}");
    assert_eq!(setup.count(Target::Commit), 1);
}

/// Cancelling a commit that was sent would leave its outcome unknown.
#[test]
fn a_sent_commit_is_not_cancelled() {
    let (setup, bytes, flag) = (Setup::new(), pattern(1000), AtomicBool::new(false));
    setup.fault(Target::Commit, Fault::Slow { bytes: 100, pause: Duration::from_millis(50) });
    let done = thread::scope(|scope| {
        scope.spawn(|| {
            wait_until(|| setup.count(Target::Commit) == 1);
            flag.store(true, Ordering::Relaxed);
        });
        setup.upload().cancel(&flag).from_bytes(&bytes)
    });
    setup.assert_done(done, &bytes);
    assert!(flag.into_inner());
}

/// The commit succeeded although its answer names no file.
#[test]
fn a_commit_answer_without_a_dentry_is_a_success() {
    let setup = Setup::new();
    setup.fault(Target::Commit, Fault::json(200, "{}"));
    let done = setup.upload().from_bytes(b"hello").unwrap();
    assert_eq!((done.bytes, done.dentry.id), (5, None));
}

#[test]
fn a_commit_after_the_deadline_is_not_sent() {
    struct Late<'a>(&'a [u8], ManualClock);

    impl Read for Late<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            // The reader is checked for its end after all bytes have been sent.
            if self.0.is_empty() {
                self.1.advance(Duration::from_secs(61));
            }
            self.0.read(buf)
        }
    }

    let setup = Setup::with(|builder| builder.overall_timeout(Duration::from_secs(60)));
    let late = Late(b"hello", setup.clock.clone());
    let e = interrupted(setup.upload().from_reader(late, 5));
    assert!(e.pending.is_complete() && !e.cause.may_have_run(), "{}", e.cause);
    assert_eq!(setup.count(Target::Commit), 0);
    setup.assert_done(setup.upload().resume(e.pending).from_reader(&b"hello"[..], 5), b"hello");
    assert_eq!(setup.puts().len(), 1);
}

#[test]
fn an_existing_file_that_is_returned_was_not_stored() {
    for by_uuid in [false, true] {
        let setup = Setup::new();
        let upload = |bytes: &[u8]| {
            let upload =
                setup.upload().name("a.txt").conflict_strategy(ConflictStrategy::ReturnDentryIfExists);
            let root = setup.fake.folder_uuid("space-1", "0");
            (if by_uuid { upload.commit_into(root) } else { upload }).from_bytes(bytes).unwrap()
        };
        let first = upload(b"first");
        assert!(first.stored);
        assert_eq!(setup.fake.requests_to(Target::Commit).len(), 1);
        let second = upload(b"second");
        assert_eq!((second.stored, &second.dentry.id), (false, &first.dentry.id));
        let id = first.dentry.id.unwrap();
        assert_eq!(setup.fake.content("space-1", &id).unwrap().bytes(0..5), b"first");
        let strategies: Vec<_> = setup
            .fake
            .requests_to(Target::Commit)
            .iter()
            .map(|request| request.json().unwrap()["option"]["conflictStrategy"].clone())
            .collect();
        let error_first = "RETURN_ERROR_IF_EXISTS";
        assert_eq!(strategies, [error_first, error_first, "RETURN_DENTRY_IF_EXISTS"]);
    }
    // Any other strategy stores what was sent.
    let setup = Setup::new();
    for strategy in [ConflictStrategy::AutoRename, ConflictStrategy::Overwrite] {
        for _ in 0..2 {
            let upload = setup.upload().name("a.txt").conflict_strategy(strategy.clone());
            assert!(upload.from_bytes("x").unwrap().stored);
        }
    }
}
