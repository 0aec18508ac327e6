//! A parallel download where several connections are of no use: it goes on with those that work, and costs no more.

use super::folder::{Folder, NAME};
use super::object_server::{Asked, Object, ObjectServer, Reply};
use super::*;

/// Downloads over so many connections from this server, and compares.
#[track_caller]
fn assert_downloads(s: &Setup, server: &ObjectServer, connections: usize) {
    let folder = Folder::new();
    s.fake.set_resource_urls(vec![server.url()]);
    let done = s.file().download().parallel(connections).to_file(folder.target());
    let done = done.unwrap_or_else(|error| panic!("{error}, after {:?}", server.requests()));
    assert_eq!(done.bytes, s.content.len());
    folder.assert_only(NAME, &s.content);
}

/// A part at the end of the object read everything before it: 1200 MB were sent for 64 MB.
#[test]
fn ranges_that_hold_for_the_first_request_only_do_not_multiply_the_bytes() {
    const SIZE: u64 = 64 * MIB;
    let s = Setup::new(SIZE);
    let object = Object::new(&s.content);
    for connections in [4, 8] {
        let only_first = |asked: &Asked| if asked.number == 0 { Reply::Right } else { Reply::Whole };
        let server = ObjectServer::start(&object, only_first);
        assert_downloads(&s, &server, connections);
        // The system takes some megabytes that the client never reads.
        let most = 2 * SIZE + connections as u64 * 8 * MIB;
        assert!(server.sent() <= most, "{connections} connections: {} MiB", server.sent() / MIB);
        assert!(server.requests().len() <= 4 * connections, "{}", server.requests().len());
    }
}

/// Every second range is honoured, as where one of two caches knows them.
#[test]
fn ranges_that_hold_now_and_then_do_not_multiply_the_bytes() {
    const SIZE: u64 = 32 * MIB;
    let s = Setup::new(SIZE);
    let object = Object::without_checksum(&s.content);
    let server =
        ObjectServer::start(&object, |asked| if asked.number % 2 == 0 { Reply::Right } else { Reply::Whole });
    assert_downloads(&s, &server, 4);
    assert!(server.sent() <= 2 * SIZE + 4 * 8 * MIB, "{} MiB", server.sent() / MIB);
}

/// No range is ever honoured.
#[test]
fn a_server_without_ranges_sends_everything_once() {
    const SIZE: u64 = 32 * MIB;
    let s = Setup::new(SIZE);
    let server = ObjectServer::start(&Object::new(&s.content), |_| Reply::Whole);
    for connections in [4, 8] {
        let before = server.sent();
        assert_downloads(&s, &server, connections);
        assert_eq!(server.sent() - before, SIZE);
    }
}

/// Limits for each client address are answered in many ways, and each of them ended what one connection could do.
#[test]
fn additional_connections_that_are_refused_are_done_without() {
    let refusals = [
        (403, "AccessDenied"),
        (403, "TooManyConnections"),
        (429, "TooManyRequests"),
        (503, "SlowDown"),
        (509, "BandwidthLimitExceeded"),
    ];
    for (status, code) in refusals {
        for configure in [no_retries as fn(ClientBuilder) -> ClientBuilder, |builder| builder] {
            let s = Setup::with(12 * MIB, configure);
            let refuse = move |asked: &Asked| {
                if asked.is_additional { Reply::error(status, code) } else { Reply::Right }
            };
            let server = ObjectServer::start(&Object::new(&s.content), refuse);
            assert_downloads(&s, &server, 4);
            assert!(server.requests().len() <= 60, "{status}: {} requests", server.requests().len());
            // Connections change hands, and a worker that got one that works may ask again: at most three times for each
            // range. How often all of them ask together is counted in `signer`.
            let ranges = 13;
            assert!(s.infos() <= 1 + 3 * ranges, "{status}: {} infos", s.infos());
        }
    }
}

/// With pages in place of the store's words, as proxies have them.
#[test]
fn additional_connections_that_are_refused_by_a_page_are_done_without() {
    for status in ["403 Forbidden", "429 Too Many Requests", "503 Busy", "509 Limit"] {
        let s = Setup::new(12 * MIB);
        let refuse = move |asked: &Asked| {
            let page = Reply::text(status, "Content-Type: text/html\r\n", "<html>one at a time</html>");
            if asked.is_additional { page } else { Reply::Right }
        };
        let server = ObjectServer::start(&Object::new(&s.content), refuse);
        assert_downloads(&s, &server, 4);
    }
}

/// `Connection refused` for the second.
#[test]
fn additional_connections_that_cannot_be_made_are_done_without() {
    for configure in [no_retries as fn(ClientBuilder) -> ClientBuilder, |builder| builder] {
        let s = Setup::with(12 * MIB, configure);
        let server = ObjectServer::with_connections(1, &Object::new(&s.content), |_| Reply::Right);
        assert_downloads(&s, &server, 4);
    }
}

/// A process that is short of descriptors: one connection can be made, eight cannot.
#[cfg(target_os = "linux")]
#[test]
fn a_process_without_descriptors_downloads_over_what_it_has() {
    use super::process::Job;
    let s = Setup::new(12 * MIB);
    let run = |limit: usize, connections| {
        let folder = Folder::new();
        let script = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
        let job = Job::of(&s.fake, &folder.target(), 12 * MIB).parallel(connections);
        let report = job.run(&["sh", "-c", &script]);
        if report.kind() != "ok" {
            assert!(folder.names().is_empty(), "{:?}", folder.names());
        }
        report
    };
    let least = (8..64).find(|limit| run(*limit, 1).kind() == "ok").unwrap();
    for limit in least + 2..least + 6 {
        run(limit, 8).assert_ok();
    }
}
