//! Connections of a transfer's own: kept and lent, and ended for one transfer only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// The API has one connection, and so have the objects of the transfers.
#[test]
fn transfers_with_a_flag_share_connections_one_after_the_other() {
    let setup = Setup::new(10 * KIB);
    let flag = AtomicBool::new(false);
    for n in 0..5 {
        let mut bytes = Vec::new();
        setup.file().download().cancel(&flag).to_writer(&mut bytes, ..).unwrap();
        assert!(bytes == setup.content.bytes(0..u64::MAX));
        // The first one fetched token and download info by its own connection.
        assert_eq!(setup.fake.connections(), 2, "after transfer {n}");
    }
}

/// The same with several connections each.
#[test]
fn parallel_transfers_share_connections_one_after_the_other() {
    let setup = Setup::new(8 * MIB);
    let folder = folder::Folder::new();
    setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    let first = setup.fake.connections();
    for _ in 0..3 {
        setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    }
    // Each is one for the API at most, and three for the object.
    assert!(first <= 4, "{first}");
    assert!(setup.fake.connections() <= 4, "{} after {first}", setup.fake.connections());
}

/// Two at a time have two sets, and the next two have these again.
#[test]
fn transfers_at_the_same_time_have_connections_of_their_own() {
    let setup = Setup::new(10 * KIB);
    let meeting = std::sync::Barrier::new(2);
    let run = || {
        let flag = AtomicBool::new(false);
        let mut writer = AtFirstWrite(Some(|| _ = meeting.wait()), Vec::new());
        setup.file().download().cancel(&flag).to_writer(&mut writer, ..).unwrap();
    };
    for _ in 0..3 {
        thread::scope(|scope| {
            scope.spawn(run);
            scope.spawn(run);
        });
    }
    assert_eq!(setup.fake.connections(), 4);
}

/// Interrupted connections are dead: the next transfer has new ones, and works.
#[test]
fn interrupted_connections_are_not_lent_again() {
    let setup = Setup::with(10 * KIB, no_retries);
    let idle = AtomicBool::new(false);
    let get = || setup.file().download().cancel(&idle).to_writer(&mut Vec::new(), ..);
    get().unwrap();
    assert_eq!(setup.fake.connections(), 2);
    // In the wait for an answer only an interruption ends it.
    setup.fault(Fault::StallBeforeAnswer);
    let flag = AtomicBool::new(false);
    let error = thread::scope(|scope| {
        let transfer = scope.spawn(|| setup.file().download().cancel(&flag).to_writer(&mut Vec::new(), ..));
        while setup.objects().len() < 2 {
            thread::sleep(std::time::Duration::from_millis(1));
        }
        flag.store(true, Ordering::Relaxed);
        transfer.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    let before = setup.fake.connections();
    get().unwrap();
    assert_eq!(setup.fake.connections(), before + 2, "one to each of API and object");
    get().unwrap();
    assert_eq!(setup.fake.connections(), before + 2);
}

/// A connection that the server has closed since does not fail the next transfer, which is made without retries.
#[test]
fn a_lent_connection_that_was_closed_is_no_failure() {
    let setup = Setup::with(10 * KIB, no_retries);
    let flag = AtomicBool::new(false);
    let get = || setup.file().download().cancel(&flag).to_writer(&mut Vec::new(), ..);
    get().unwrap();
    for _ in 0..5 {
        // The connection is open when the next request is written, and gone before its answer.
        setup.fault(Fault::CloseWithoutAnswer);
        get().unwrap();
    }
    assert_eq!(setup.objects().len(), 11);
    // A server that is gone for good is one.
    setup.fake.fault_always(Target::Object, Fault::CloseWithoutAnswer);
    assert!(matches!(get().unwrap_err(), Error::Network(_)));
    assert_eq!(setup.objects().len(), 13);
}

/// The request that is made once more takes a connection that nobody had before.
#[test]
fn all_lent_connections_may_have_been_closed() {
    let setup = Setup::with(8 * MIB, no_retries);
    let folder = folder::Folder::new();
    setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    let old: Vec<_> = setup.objects().iter().map(|request| request.connection).collect();
    let is_old = move |request: &Recorded| old.contains(&request.connection);
    setup.fake.fault_when(Target::Object, is_old, Fault::CloseWithoutAnswer);
    setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    folder.assert_only(folder::NAME, &setup.content);
}
