//! Parallel downloads from servers that limit ranges or connections: they continue with the connections that work, and
//! do not multiply the traffic.

use super::folder::{Folder, NAME};
use super::object_server::{Object, ObjectRequest, ObjectServer, Reply};
use super::*;

/// Downloads from `server` over the given number of connections, and compares the content.
#[track_caller]
fn assert_downloads(s: &Setup, server: &ObjectServer, connections: usize) {
    let folder = Folder::new();
    s.fake.set_resource_urls(vec![server.url()]);
    let done = s.file().download().parallel(connections).to_file(folder.target());
    let done = done.unwrap_or_else(|error| panic!("{error}, after {:?}", server.requests()));
    assert_eq!(done.bytes, s.content.len());
    folder.assert_only(NAME, &s.content);
}

/// Regression: a range at the end of the object read everything before it, and 1200 MB were sent for 64 MB.
#[test]
fn ranges_honoured_only_for_the_first_request_do_not_multiply_the_traffic() {
    const SIZE: u64 = 64 * MIB;
    let s = Setup::new(SIZE);
    let object = Object::new(&s.content);
    for connections in [4, 8] {
        let only_first =
            |request: &ObjectRequest| if request.number == 0 { Reply::Right } else { Reply::Whole };
        let server = ObjectServer::start(&object, only_first);
        assert_downloads(&s, &server, connections);
        // Socket buffers accept some megabytes that the client never reads.
        let most = 2 * SIZE + connections as u64 * 8 * MIB;
        assert!(server.sent() <= most, "{connections} connections: {} MiB", server.sent() / MIB);
        assert!(server.requests().len() <= 4 * connections, "{}", server.requests().len());
    }
}

/// Every second range is honoured, as if one of two caches did not support ranges.
#[test]
fn ranges_honoured_only_sometimes_do_not_multiply_the_traffic() {
    const SIZE: u64 = 32 * MIB;
    let s = Setup::new(SIZE);
    let object = Object::without_checksum(&s.content);
    let server =
        ObjectServer::start(
            &object,
            |request| if request.number % 2 == 0 { Reply::Right } else { Reply::Whole },
        );
    assert_downloads(&s, &server, 4);
    assert!(server.sent() <= 2 * SIZE + 4 * 8 * MIB, "{} MiB", server.sent() / MIB);
}

/// The server never honours a range.
#[test]
fn a_server_without_ranges_sends_the_object_once() {
    const SIZE: u64 = 32 * MIB;
    let s = Setup::new(SIZE);
    let server = ObjectServer::start(&Object::new(&s.content), |_| Reply::Whole);
    for connections in [4, 8] {
        let before = server.sent();
        assert_downloads(&s, &server, connections);
        assert_eq!(server.sent() - before, SIZE);
    }
}

/// Servers report per-address limits in many ways. Regression: each of these answers failed a download that works over
/// one connection.
#[test]
fn download_succeeds_if_additional_connections_are_refused() {
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
            let refuse = move |request: &ObjectRequest| {
                if request.is_additional { Reply::error(status, code) } else { Reply::Right }
            };
            let server = ObjectServer::start(&Object::new(&s.content), refuse);
            assert_downloads(&s, &server, 4);
            assert!(server.requests().len() <= 60, "{status}: {} requests", server.requests().len());
            // Workers exchange connections, and a worker that received a working one may renew the signature again:
            // at most three times for each range. The `signer` module counts the renewals of all workers together.
            let ranges = 13;
            assert!(s.infos() <= 1 + 3 * ranges, "{status}: {} infos", s.infos());
        }
    }
}

/// The refusals are HTML pages, as proxies send them, instead of the store's XML.
#[test]
fn download_succeeds_if_additional_connections_are_refused_with_a_page() {
    for status in ["403 Forbidden", "429 Too Many Requests", "503 Busy", "509 Limit"] {
        let s = Setup::new(12 * MIB);
        let refuse = move |request: &ObjectRequest| {
            let page = Reply::text(status, "Content-Type: text/html\r\n", "<html>one at a time</html>");
            if request.is_additional { page } else { Reply::Right }
        };
        let server = ObjectServer::start(&Object::new(&s.content), refuse);
        assert_downloads(&s, &server, 4);
    }
}

/// The second connection fails with `Connection refused`.
#[test]
fn download_succeeds_if_additional_connections_cannot_be_opened() {
    for configure in [no_retries as fn(ClientBuilder) -> ClientBuilder, |builder| builder] {
        let s = Setup::with(12 * MIB, configure);
        let server = ObjectServer::with_connections(1, &Object::new(&s.content), |_| Reply::Right);
        assert_downloads(&s, &server, 4);
    }
}

/// The process has too few file descriptors for eight connections, but enough for one.
#[cfg(target_os = "linux")]
#[test]
fn download_succeeds_with_few_file_descriptors() {
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
