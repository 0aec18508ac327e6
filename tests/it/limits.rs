//! Endless, absurd and exhausted limits: they cause an error at worst, never a panic.

use std::net::TcpListener;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{
    Client, ClientBuilder, DownloadInfo, Error, NetworkStage, Problem, RetryPolicy, UnionId, UserGet, UserId,
};
use serde_json::json;

use crate::support::{SEND, Scripted, TOKEN, fake, http_answer, own_agent, query_info, send};

/// Uses every kind of transfer once: a call, a download with and without a flag, and an upload that sends `Expect`.
fn use_all(client: &Client, fake: &FakeDingTalk) {
    let flag = AtomicBool::new(false);
    send(client).unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("union-1"));
    let mut bytes = Vec::new();
    file.download_to(&mut bytes, ..).unwrap();
    file.download().cancel(&flag).to_writer(&mut bytes, ..).unwrap();
    assert_eq!(bytes, b"contentcontent");
    let upload = client.upload("space-1", "0", UnionId("union-1")).name("file.bin");
    upload.cancel(&flag).from_bytes(vec![7; 2 << 20]).unwrap();
    assert_eq!(fake.files().len(), 2);
}

fn endless(builder: ClientBuilder) -> ClientBuilder {
    let policy = RetryPolicy::new().base_delay(Duration::MAX).max_delay(Duration::MAX);
    builder.retry(policy).overall_timeout(Duration::MAX)
}

#[test]
fn an_endless_limit_means_no_limit() {
    for limit in [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(1 << 40)] {
        let fake = fake();
        let clock = ManualClock::new();
        let builder = endless(fake.client()).connect_timeout(limit).stall_timeout(limit);
        let client = builder.clock(clock.clone()).build().unwrap();
        fake.fault(Target::DownloadInfo, Fault::status(500));
        fake.fault(
            Target::Send,
            Fault::api_error(429, "system.busy").header("Retry-After", &u64::MAX.to_string()),
        );
        use_all(&client, &fake);
        // A single wait is at most a day, so that sums of waits cannot overflow.
        assert!(
            clock.sleeps().iter().all(|wait| *wait <= Duration::from_secs(2 * 86_400)),
            "{:?}",
            clock.sleeps()
        );
    }
}

#[test]
fn an_endless_limit_of_a_custom_agent_means_no_limit() {
    let (fake, max) = (fake(), Some(Duration::MAX));
    let agent =
        own_agent().timeout_global(max).timeout_per_call(max).timeout_resolve(max).timeout_connect(max);
    let agent =
        agent.timeout_per_read(max).timeout_per_write(max).timeout_recv_response(max).build().new_agent();
    let client = endless(fake.client()).agent(agent).stall_timeout(Duration::MAX).build().unwrap();
    use_all(&client, &fake);
}

/// Regression: the agent was refused although the only setting in conflict, no proxy, is the fake's own.
#[test]
fn the_fakes_client_accepts_an_agent_and_bypasses_its_proxy() {
    let fake = fake();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let agent = own_agent().proxy(Some(ureq::Proxy::new(&url).unwrap())).build().new_agent();
    use_all(&fake.client().agent(agent).build().unwrap(), &fake);
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "the proxy was contacted");
}

/// Returns the info of an object at these servers, signed with this number of headers.
fn info_at(servers: &[String], headers: usize) -> DownloadInfo {
    let headers: serde_json::Map<_, _> =
        (0..headers).map(|n| (format!("x-oss-{n}"), json!("value"))).collect();
    let urls: Vec<String> = servers.iter().map(|server| format!("{server}/object")).collect();
    let signature = json!({"headers": headers, "resourceUrls": urls, "expirationSeconds": 900});
    serde_json::from_value(json!({"protocol": "HEADER_SIGNATURE", "headerSignatureInfo": signature})).unwrap()
}

#[test]
fn more_than_a_hundred_signed_headers_are_an_error() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    for count in [101, 40_000] {
        let error = client.download_to(&info_at(&[fake.base_url()], count), &mut Vec::new(), ..).unwrap_err();
        let Error::Answer(answer) = &error else { panic!("{error}") };
        let field = "headerSignatureInfo.headers";
        assert_eq!(answer.problem, Problem::TooMany { field, limit: 100 });
        assert!(error.to_string().contains("more than 100"), "{error}");
    }
}

#[test]
fn at_most_sixteen_urls_are_tried() {
    let server = Scripted::start(|_| http_answer("404 Not Found", ""));
    let client = Client::builder().access_token(TOKEN).base_url(server.url()).no_proxy();
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    let urls = vec![server.url(); 1000];
    client.download_to(&info_at(&urls, 1), &mut Vec::new(), ..).unwrap_err();
    assert_eq!(server.closed.try_iter().count(), 16);
}

/// A token of 20 KB is sent in a header, or in the query of the old host.
#[test]
fn a_long_token_is_sent_completely() {
    let long = "t".repeat(20_000);
    let server =
        Scripted::start(|_| http_answer("200 OK", r#"{"errcode": 0, "result": {"userid": "user-1"}}"#));
    let client =
        Client::builder().access_token(long.clone()).base_url(server.url()).no_proxy().build().unwrap();
    send(&client).unwrap();
    assert!(server.closed.recv().unwrap().contains(&format!("x-acs-dingtalk-access-token: {long}\r\n")));
    client.topapi().user_get(UserId("user-1"), &UserGet::new()).unwrap();
    assert!(server.closed.recv().unwrap().contains(&format!("access_token={long} HTTP/1.1\r\n")));
}

/// Regression: a send failed with "may have run" if its answer had 17 KiB of headers.
#[test]
fn an_answer_head_of_32_kib_is_read() {
    let fill = format!("X-Fill: {}\r\n", "f".repeat(1000)).repeat(32);
    assert!(fill.len() > 31 * 1024, "{}", fill.len());
    let heads = fill.clone();
    let server = Scripted::start(move |_| format!("HTTP/1.1 200 OK\r\n{heads}Content-Length: 2\r\n\r\n{{}}"));
    let client = Client::builder().access_token(TOKEN).base_url(server.url()).no_proxy();
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    send(&client).unwrap();
    let info = info_at(&[server.url()], 1);
    let mut bytes = Vec::new();
    client.download_to(&info, &mut bytes, ..).unwrap();
    assert_eq!(bytes, b"{}");
}

/// Informational responses are ignored, whatever their headers.
#[test]
fn early_hints_are_skipped() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n".repeat(16);
    let answer = http_answer("200 OK", "{}");
    let server = Scripted::start(move |_| format!("HTTP/1.1 100 Continue\r\n\r\n{hints}{answer}"));
    let client = Client::builder().access_token(TOKEN).base_url(server.url()).no_proxy();
    send(&client.retry(RetryPolicy::none()).build().unwrap()).unwrap();
}

#[test]
fn a_cut_body_with_identity_encoding_is_detected() {
    for coding in ["", "Transfer-Encoding: identity\r\n", "Content-Encoding: identity, identity\r\n"] {
        // The connection ends before the announced length.
        let answer = format!("HTTP/1.1 200 OK\r\n{coding}ETag: \"e\"\r\nContent-Length: 10\r\n\r\nhello");
        let server = Scripted::start(move |_| answer.clone());
        let info = info_at(&[server.url()], 1);
        let client = Client::builder().access_token(TOKEN).base_url(server.url()).no_proxy();
        let client = client.retry(RetryPolicy::none()).build().unwrap();
        let mut bytes = Vec::new();
        let error = client.download_to(&info, &mut bytes, ..).unwrap_err();
        assert!(matches!(error, Error::Interrupted { written: 5, .. }), "{coding}: {error}");
        assert_eq!(bytes, b"hello");
    }
}

/// A `Retry-After` date is compared with the answer's own `Date`, so this machine's clock does not matter.
#[test]
fn a_retry_after_date_is_honoured() {
    let fake = fake();
    let clock = ManualClock::new();
    let client = fake.client().clock(clock.clone()).build().unwrap();
    let busy = Fault::status(503).header("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT");
    fake.fault(Target::DownloadInfo, busy.header("Date", "Fri, 31 Dec 2100 23:59:50 GMT"));
    query_info(&client).unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_secs(9)]);
}

/// The waiting call's own deadline applies, even if the thread that fetches the token is not done.
#[test]
fn a_deadline_ends_the_wait_for_another_threads_token() {
    let fake = fake();
    let clock = ManualClock::new();
    let builder = fake.client().clock(clock.clone()).stall_timeout(Duration::from_secs(60));
    let client = builder.overall_timeout(Duration::from_secs(100)).build().unwrap();
    fake.fault(Target::Token, Fault::StallBeforeAnswer);
    let started = Barrier::new(2);
    thread::scope(|scope| {
        let first = scope.spawn(|| query_info(&client).map(drop));
        while fake.requests_to(Target::Token).is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        let second = scope.spawn(|| {
            started.wait();
            send(&client).map(drop)
        });
        started.wait();
        // The second call must have started its deadline before the clock advances.
        thread::sleep(Duration::from_millis(300));
        clock.advance(Duration::from_secs(1000));
        let error = second.join().unwrap().unwrap_err();
        let Error::Network(e) = error.root() else { panic!("{error}") };
        assert_eq!((e.operation, e.stage, e.timed_out), (SEND, NetworkStage::Connect, true));
        assert!(error.to_string().contains("the overall timeout of 100 s ended POST "), "{error}");
        assert!(!error.may_have_run());
        // The first call still waits for its answer; dropping the fake ends that wait.
        assert!(!first.is_finished());
        drop(fake);
        let error = first.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::Token(_)), "{error}");
    });
}
