//! Agents lent to a transfer: reused by later transfers, and interrupted for one transfer only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// All transfers together use one connection to the API and one to the object store.
#[test]
fn sequential_transfers_with_a_flag_reuse_connections() {
    let setup = Setup::new(10 * KIB);
    let flag = AtomicBool::new(false);
    for n in 0..5 {
        let mut bytes = Vec::new();
        setup.file().download().cancel(&flag).to_writer(&mut bytes, ..).unwrap();
        assert!(bytes == setup.content.bytes(0..u64::MAX));
        // The first transfer fetched the token and the download info over its own connection.
        assert_eq!(setup.fake.connections(), 2, "after transfer {n}");
    }
}

/// The same with several connections for each transfer.
#[test]
fn sequential_parallel_transfers_reuse_connections() {
    let setup = Setup::new(8 * MIB);
    let folder = folder::Folder::new();
    setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    let first = setup.fake.connections();
    for _ in 0..3 {
        setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    }
    // At most one connection to the API and three to the object store.
    assert!(first <= 4, "{first}");
    assert!(setup.fake.connections() <= 4, "{} after {first}", setup.fake.connections());
}

/// Two concurrent transfers use two sets of connections, and the next two reuse these sets.
#[test]
fn concurrent_transfers_use_separate_connections() {
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

/// Interrupted connections are dead: the next transfer opens new ones and succeeds.
#[test]
fn interrupted_connections_are_not_reused() {
    let setup = Setup::with(10 * KIB, no_retries);
    let idle = AtomicBool::new(false);
    let get = || setup.file().download().cancel(&idle).to_writer(&mut Vec::new(), ..);
    get().unwrap();
    assert_eq!(setup.fake.connections(), 2);
    // Only an interruption ends the wait for an answer.
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
    assert_eq!(setup.fake.connections(), before + 2, "one to the API and one to the object store");
    get().unwrap();
    assert_eq!(setup.fake.connections(), before + 2);
}

/// A connection that the server has closed meanwhile does not fail the next transfer, even without retries.
#[test]
fn a_closed_idle_connection_does_not_fail_the_next_transfer() {
    let setup = Setup::with(10 * KIB, no_retries);
    let flag = AtomicBool::new(false);
    let get = || setup.file().download().cancel(&flag).to_writer(&mut Vec::new(), ..);
    get().unwrap();
    for _ in 0..5 {
        // The connection is open when the next request is written, and closed before its answer.
        setup.fault(Fault::CloseWithoutAnswer);
        get().unwrap();
    }
    assert_eq!(setup.objects().len(), 11);
    // A server that always closes is a failure.
    setup.fake.fault_always(Target::Object, Fault::CloseWithoutAnswer);
    assert!(matches!(get().unwrap_err(), Error::Network(_)));
    assert_eq!(setup.objects().len(), 13);
}

/// The repeated request uses a new connection instead of another idle one.
#[test]
fn a_download_succeeds_if_all_idle_connections_were_closed() {
    let setup = Setup::with(8 * MIB, no_retries);
    let folder = folder::Folder::new();
    setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    let old: Vec<_> = setup.objects().iter().map(|request| request.connection).collect();
    let is_old = move |request: &Recorded| old.contains(&request.connection);
    setup.fake.fault_when(Target::Object, is_old, Fault::CloseWithoutAnswer);
    setup.file().download().parallel(3).to_file(folder.target()).unwrap();
    folder.assert_only(folder::NAME, &setup.content);
}
