//! Resuming an interrupted upload in the same process.

use dingtalk_files::PendingUpload;

use super::*;

/// Runs an upload of five parts whose fourth part fails, and returns its error.
fn interrupt_fourth_part(setup: &Setup, bytes: &[u8]) -> UploadInterrupted {
    setup.fault_nth_put(4, Fault::object_error(503, "ServiceUnavailable"));
    let error = interrupted(setup.in_parts().from_bytes(bytes));
    assert_eq!(setup.put_numbers(), [1, 2, 3, 4]);
    setup.assert_uncommitted();
    error
}

fn upload_key_of(setup: &Setup) -> Value {
    setup.bodies(Target::PartInfos)[0]["uploadKey"].clone()
}

#[test]
fn arrived_parts_are_not_sent_again() {
    let (setup, bytes) = (Setup::with(no_retries), pattern(4 * PART + 5));
    let error = interrupt_fourth_part(&setup, &bytes);
    assert!(matches!(&error.cause, Error::Storage(e) if e.status == 503), "{error}");
    assert!(!error.pending.is_complete());
    assert_eq!(
        (error.pending.upload_key(), error.pending.bytes()),
        (upload_key_of(&setup).as_str().unwrap(), 3 * PART)
    );
    let text = error.to_string();
    assert!(text.contains("after 3 of 5 parts") && text.contains("Upload::resume"), "{text}");

    // The original part size is kept, whatever is passed now.
    let again = setup.upload().part_size(7 * PART).resume(error.pending);
    setup.assert_done(again.from_bytes(&bytes), &bytes);
    assert_eq!(setup.put_numbers(), [1, 2, 3, 4, 4, 5]);
    assert_eq!(setup.requested_numbers(), [vec![1, 2, 3, 4, 5], vec![4, 5]]);
    assert_eq!(setup.count(Target::InitMultipart), 1);
    assert_eq!(setup.bodies(Target::Commit)[0]["uploadKey"], upload_key_of(&setup));
}

#[test]
fn a_parallel_upload_can_be_resumed() {
    let (setup, bytes) = (Setup::with(no_retries), pattern(9 * PART + 5));
    setup.fault_nth_put(5, Fault::ResetUploadAfter(10));
    let error = interrupted(setup.in_parts().parallel(4).from_bytes(&bytes));
    let sent = setup.put_numbers();
    let good: Vec<u64> = setup
        .puts()
        .iter()
        .zip(&sent)
        .filter(|(put, _)| put.answered_status == Some(200))
        .map(|(_, number)| *number)
        .collect();
    setup.assert_uncommitted();
    setup.assert_done(setup.in_parts().parallel(4).resume(error.pending).from_bytes(&bytes), &bytes);
    // An answered part is sent once. A part is sent twice only if the interruption cut off its answer.
    let again = setup.put_numbers().split_off(sent.len());
    assert!(again.len() >= 10 - good.len() && again.len() <= 10 - good.len() + 3, "{sent:?} {again:?}");
}

#[test]
fn an_upload_can_be_resumed_more_than_once() {
    let (setup, bytes) = (Setup::with(no_retries), pattern(5 * PART));
    let first = interrupt_fourth_part(&setup, &bytes);
    setup.fault_nth_put(2, Fault::CloseWithoutAnswer);
    let second = interrupted(setup.in_parts().resume(first.pending).from_bytes(&bytes));
    assert!(second.to_string().contains("after 4 of 5 parts"), "{second}");
    setup.fault(Target::Commit, Fault::api_error(400, "permissionDenied"));
    let third = interrupted(setup.in_parts().resume(second.pending).from_bytes(&bytes));
    assert!(third.pending.is_complete());
    assert_eq!(third.pending.bytes(), 5 * PART);
    let done = setup.in_parts().resume(third.pending).from_bytes(&bytes).unwrap();
    setup.assert_stored(&done, &bytes);
    assert_eq!(setup.put_numbers(), [1, 2, 3, 4, 4, 5, 5]);
}

#[test]
fn every_kind_of_source_can_be_resumed() {
    for from in SourceKind::ALL {
        let (setup, bytes) = (Setup::with(no_retries), pattern(4 * PART + 5));
        let file = TempFile::new(&bytes);
        // A resumed upload needs the same file.
        let run = |upload: Upload<'_>| match from {
            SourceKind::File => upload.from_file(&*file),
            other => other.run(upload, &bytes),
        };
        setup.fault_nth_put(4, Fault::object_error(503, "ServiceUnavailable"));
        let error = interrupted(run(setup.in_parts()));
        let mut reports = Vec::new();
        let again = setup.in_parts().resume(error.pending).progress(|now| reports.push(now.bytes));
        let done = run(again);
        setup.assert_done(done, &bytes);
        assert_eq!(setup.put_numbers(), [1, 2, 3, 4, 4, 5], "{from:?}");
        assert_eq!((reports.first(), reports.last()), (Some(&0), Some(&(bytes.len() as u64))));
        assert!(reports.is_sorted(), "{reports:?}");
    }
}

#[test]
fn changed_bytes_are_not_mixed_in() {
    for complete in [false, true] {
        let (setup, bytes) = (Setup::with(no_retries), pattern(4 * PART + 5));
        let error = if complete {
            setup.fault(Target::Commit, Fault::api_error(400, "permissionDenied"));
            interrupted(setup.in_parts().from_bytes(&bytes))
        } else {
            interrupt_fourth_part(&setup, &bytes)
        };
        let (commits, puts) = (setup.count(Target::Commit), setup.puts().len());
        let mut other = bytes.clone();
        other[0] ^= 1;
        assert_changed(setup.in_parts().resume(error.pending).from_bytes(&other));
        assert_eq!((setup.count(Target::Commit), setup.puts().len()), (commits, puts));
        assert!(setup.fake.files().is_empty());
    }
    // The same for a single PUT.
    let (setup, bytes) = (Setup::new(), pattern(1000));
    setup.fault(Target::Commit, Fault::api_error(400, "permissionDenied"));
    let error = interrupted(setup.upload().from_bytes(&bytes));
    assert_changed(setup.upload().resume(error.pending).from_bytes(vec![0; 1000]));
    assert_eq!((setup.count(Target::Commit), setup.puts().len()), (1, 1));
}

#[test]
fn a_source_of_another_kind_or_size_is_refused() {
    let (setup, bytes) = (Setup::with(no_retries), pattern(4 * PART + 5));
    let pending: PendingUpload = interrupt_fourth_part(&setup, &bytes).pending;
    let requests = setup.fake.requests().len();
    let file = TempFile::new(&bytes);
    let refused = [
        setup.in_parts().resume(pending.clone()).from_bytes(&bytes[1..]),
        setup.in_parts().resume(pending.clone()).from_file(&*file),
    ];
    for result in refused {
        assert!(matches!(result, Err(Error::InvalidArgument(_))), "{result:?}");
    }
    assert_eq!(setup.fake.requests().len(), requests);
    setup.assert_done(setup.in_parts().resume(pending).from_bytes(&bytes), &bytes);
}

#[test]
fn a_file_with_a_new_modification_time_is_refused() {
    let (setup, bytes) = (Setup::with(no_retries), pattern(4 * PART + 5));
    let file = TempFile::new(&bytes);
    setup.fault_nth_put(4, Fault::object_error(503, "ServiceUnavailable"));
    let error = interrupted(setup.in_parts().from_file(&*file));
    let later = std::time::SystemTime::now() + Duration::from_secs(3600);
    fs::File::options().write(true).open(&*file).unwrap().set_modified(later).unwrap();
    let again = setup.in_parts().resume(error.pending).from_file(&*file);
    assert!(matches!(again, Err(Error::InvalidArgument(_))), "{again:?}");
    setup.assert_uncommitted();
}

/// A resumed upload requests new signatures, so lapsed ones do not matter.
#[test]
fn an_upload_is_resumed_with_new_signatures() {
    let (setup, bytes) = (Setup::with(no_retries), pattern(4 * PART + 5));
    let error = interrupt_fourth_part(&setup, &bytes);
    setup.fake.lapse_signatures();
    setup.clock.advance(Duration::from_secs(3600));
    setup.assert_done(setup.in_parts().resume(error.pending).from_bytes(&bytes), &bytes);
    assert_eq!(setup.put_numbers(), [1, 2, 3, 4, 4, 5]);
}
