//! Retries of API calls against a misbehaving server: the calls that are repeated, and above all those that are not.

use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, ClientBuilder, Error, ErrorKind, NetworkError, NetworkStage, RetryPolicy};
use serde_json::json;

use crate::support::{
    DOWNLOAD_INFO, REFUSED, SEND, Scripted, client_and_clock, fake, good_token, http_answer, own_agent,
    query_info, send,
};

const QPS: &str = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi";
const QPM: &str = "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi";
const SECOND: Duration = Duration::from_secs(1);
/// For limits that are measured in real time.
const SHORT: Duration = Duration::from_millis(200);

#[track_caller]
fn network(error: &Error) -> &NetworkError {
    match error {
        Error::Network(e) => e,
        other => panic!("not a network error: {other}"),
    }
}

/// Returns the builder of a client with a fixed token, so that its first request is the call itself.
fn with_token(fake: &FakeDingTalk) -> ClientBuilder {
    let builder = Client::builder().access_token(good_token(fake));
    builder.base_url(fake.base_url()).no_proxy()
}

fn client_with_token(fake: &FakeDingTalk) -> (Client, ManualClock) {
    let clock = ManualClock::new();
    (with_token(fake).clock(clock.clone()).build().unwrap(), clock)
}

/// Returns the failures after which the client cannot know whether the operation ran.
fn unclear_outcomes() -> Vec<Fault> {
    vec![
        Fault::api_error(500, "systemError"),
        Fault::api_error(503, "operationTimeout"),
        Fault::status(500),
        Fault::html(502, "<html>Bad Gateway</html>"),
        Fault::CutAfter(10),
        Fault::ResetAfter(10),
        Fault::CloseWithoutAnswer,
        Fault::RefuseBeforeReading,
    ]
}

#[test]
fn throttled_calls_including_sends_are_repeated_after_a_wait() {
    let faults =
        [Fault::api_error(403, QPS), Fault::api_error(403, QPM), Fault::api_error(429, "system.busy")];
    for target in [Target::Send, Target::DownloadInfo] {
        let fake = fake();
        let (client, clock) = client_and_clock(&fake);
        for fault in &faults {
            fake.fault(target, fault.clone());
        }
        match target {
            Target::Send => drop(send(&client).unwrap()),
            _ => drop(query_info(&client).unwrap()),
        }
        let requests = fake.requests_to(target);
        assert_eq!(requests.len(), 4);
        // The repeated request is identical.
        for request in &requests {
            assert_eq!(
                (&request.raw_query, &request.body, &request.headers),
                (&requests[0].raw_query, &requests[0].body, &requests[0].headers)
            );
        }
        assert_eq!(fake.sent().len(), usize::from(target == Target::Send));
        let sleeps = clock.sleeps();
        assert_eq!(sleeps.len(), 3);
        // At least 1, 2 and 4 seconds, plus up to one random second.
        for (wait, least) in sleeps.iter().zip([1, 2, 4]) {
            let least = SECOND * least;
            assert!((least..=least + SECOND).contains(wait), "{sleeps:?}");
        }
    }
}

/// A shorter wait cannot satisfy a per-second limit, so the policy's shorter delays are ignored.
#[test]
fn the_wait_after_throttling_is_at_least_a_second() {
    let fake = fake();
    let clock = ManualClock::new();
    let hasty = RetryPolicy::new().base_delay(Duration::ZERO).max_delay(Duration::from_millis(10));
    let client = fake.client().retry(hasty).clock(clock.clone()).build().unwrap();
    fake.fault(Target::Send, Fault::api_error(403, QPS));
    send(&client).unwrap();
    assert!(clock.sleeps()[0] >= SECOND, "{:?}", clock.sleeps());
}

#[test]
fn a_send_that_may_have_run_is_not_repeated() {
    // On a new connection, and on a reused one, where a failure may look like a stale connection.
    for (fault, pooled) in unclear_outcomes().into_iter().flat_map(|f| [(f.clone(), false), (f, true)]) {
        let fake = fake();
        let (client, clock) = client_with_token(&fake);
        if pooled {
            query_info(&client).unwrap();
        }
        fake.fault_always(Target::Send, fault.clone());
        let error = send(&client).unwrap_err();
        assert_eq!(fake.requests_to(Target::Send).len(), 1, "{fault:?}: {error}");
        assert_eq!(clock.sleeps(), [], "{fault:?}");
        assert!(error.may_have_run(), "{fault:?}: {error}");
        assert!(error.is_transient(), "{fault:?}: {error}");
        assert!(error.to_string().starts_with(SEND), "{error}");
        assert!(fake.sent().len() <= 1, "the operation must not run twice");
    }
}

#[test]
fn a_query_is_repeated_until_it_succeeds() {
    for fault in unclear_outcomes() {
        let fake = fake();
        let (client, clock) = client_and_clock(&fake);
        for _ in 0..3 {
            fake.fault(Target::DownloadInfo, fault.clone());
        }
        let info = query_info(&client).unwrap();
        assert!(info.header_signature_info.is_some());
        assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 4, "{fault:?}");
        // Full jitter: up to 250 ms, 500 ms and 1 s.
        let sleeps = clock.sleeps();
        assert_eq!(sleeps.len(), 3);
        for (wait, most) in sleeps.iter().zip([250, 500, 1000]) {
            assert!(*wait <= Duration::from_millis(most), "{sleeps:?}");
        }
    }
}

#[test]
fn retries_end_with_the_last_error() {
    let fake = fake();
    let clock = ManualClock::new();
    let policy = RetryPolicy::new().max_retries(2);
    let client = fake.client().retry(policy).clock(clock.clone()).build().unwrap();
    fake.fault(Target::DownloadInfo, Fault::CloseWithoutAnswer);
    fake.fault(Target::DownloadInfo, Fault::status(500));
    fake.fault_always(Target::DownloadInfo, Fault::api_error(500, "unknownError"));
    let error = query_info(&client).unwrap_err();
    assert_eq!(error.code(), Some("unknownError"));
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 3);
    assert_eq!(clock.sleeps().len(), 2);
}

#[test]
fn a_final_error_is_not_retried() {
    for (status, code) in [
        (403, "Forbidden.AccessDenied.ApiCountLimitForOrg"),
        (403, "Forbidden.AccessDenied.IpNotInWhiteList"),
        (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied"),
        (400, "permissionDenied"),
        (400, "fileArchived"),
        (404, "dentryNotExist"),
        (400, "somethingNew"),
    ] {
        let fake = fake();
        let (client, clock) = client_and_clock(&fake);
        fake.fault_always(Target::DownloadInfo, Fault::api_error(status, code));
        assert_eq!(query_info(&client).unwrap_err().code(), Some(code));
        assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 1, "{code}");
        assert_eq!(clock.sleeps(), [], "{code}");
    }
}

/// A server that was never reached has not run the operation, so even a send may be repeated.
#[test]
fn a_refused_connection_is_retried_even_for_a_send() {
    let clock = ManualClock::new();
    let client = Client::builder()
        .access_token("token-1")
        .base_url(REFUSED)
        .no_proxy()
        .clock(clock.clone())
        .build()
        .unwrap();
    let error = send(&client).unwrap_err();
    let e = network(&error);
    assert_eq!(
        (e.operation, e.host.as_str(), e.stage, e.timed_out, e.tls),
        (SEND, "127.0.0.1:1", NetworkStage::Connect, false, false)
    );
    assert!(!error.may_have_run() && error.is_transient());
    assert!(error.to_string().contains("Check the network"), "{error}");
    assert_eq!(clock.sleeps().len(), 5);
}

#[test]
fn retry_policy_none_disables_retries() {
    for fault in [Fault::api_error(403, QPS), Fault::status(500)] {
        let fake = fake();
        let clock = ManualClock::new();
        let client = fake.client().retry(RetryPolicy::none()).clock(clock.clone());
        let client = client.build().unwrap();
        fake.fault(Target::DownloadInfo, fault);
        query_info(&client).unwrap_err();
        assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 1);
        assert_eq!(clock.sleeps(), []);
        // The next call succeeds.
        query_info(&client).unwrap();
    }
}

#[test]
fn retry_after_is_honoured_up_to_the_cap() {
    for (requested, waited) in [("7", 7), ("3600", 20)] {
        let fake = fake();
        let (client, clock) = client_and_clock(&fake);
        let throttled = Fault::api_error(403, QPS).header("Retry-After", requested);
        let busy = Fault::api_error(503, "operationTimeout").header("Retry-After", requested);
        fake.fault(Target::Send, throttled);
        fake.fault(Target::DownloadInfo, busy);
        send(&client).unwrap();
        query_info(&client).unwrap();
        assert_eq!(clock.sleeps(), [Duration::from_secs(waited); 2]);
    }
    // A date is ignored without the answer's own `Date`, and must not be parsed as a number.
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    let dated = Fault::status(503).header("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT");
    fake.fault(Target::DownloadInfo, dated);
    query_info(&client).unwrap();
    assert!(clock.sleeps()[0] <= Duration::from_millis(250));
}

/// The server has closed a connection without announcing it. The next call succeeds, even a send, because the client
/// detects the end before sending.
#[test]
fn a_stale_pooled_connection_does_not_lose_a_send() {
    let server = Scripted::start(|_| http_answer("200 OK", "{}"));
    let clock = ManualClock::new();
    let client = Client::builder()
        .access_token("token-1")
        .base_url(server.url())
        .no_proxy()
        .clock(clock.clone())
        .build()
        .unwrap();
    for _ in 0..3 {
        send(&client).unwrap();
        // Wait until the connection is closed, so that the next call cannot race with it.
        let request = server.closed.recv().unwrap();
        assert!(request.starts_with("POST /v1.0/convFile/"), "{request}");
    }
    assert!(server.closed.try_recv().is_err(), "a send was repeated");
    assert_eq!(clock.sleeps(), []);
}

#[test]
fn the_overall_timeout_ends_retries_with_the_last_server_error() {
    let fake = fake();
    let clock = ManualClock::new();
    let many_retries = RetryPolicy::new().max_retries(1000);
    let builder = fake.client().retry(many_retries).clock(clock.clone());
    let client = builder.overall_timeout(Duration::from_secs(20)).build().unwrap();
    let busy = Fault::api_error(500, "systemError").header("Retry-After", "7");
    fake.fault_always(Target::DownloadInfo, busy);
    let error = query_info(&client).unwrap_err();
    assert_eq!(error.code(), Some("systemError"));
    // Waits until 7 and 14 seconds are within the limit. The wait until 21 seconds would exceed it and is not started.
    assert_eq!(clock.sleeps(), [Duration::from_secs(7); 2]);
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 3);
}

/// Fetching the token counts towards the timeout of the call.
#[test]
fn the_overall_timeout_covers_the_token_call() {
    let fake = fake();
    let clock = ManualClock::new();
    let builder = fake.client().clock(clock.clone()).overall_timeout(Duration::from_secs(10));
    let client = builder.build().unwrap();
    fake.fault(Target::DownloadInfo, Fault::api_error(500, "systemError").header("Retry-After", "9"));
    fake.fault(Target::DownloadInfo, Fault::api_error(400, "InvalidAuthentication"));
    // The first token call succeeds; the second would have to wait beyond the limit.
    fake.fault(Target::Token, Fault::Several(vec![]));
    fake.fault_always(Target::Token, Fault::api_error(500, "systemError").header("Retry-After", "7"));
    let error = query_info(&client).unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
    assert_eq!(clock.sleeps(), [Duration::from_secs(9)]);
}

#[test]
fn the_overall_timeout_interrupts_a_request() {
    let (error, _fake) = send_to_silent_server(|client| client.overall_timeout(SHORT));
    let e = network(&error);
    // The overall timeout applies, not the stall timeout of 30 seconds.
    assert!(e.timed_out && error.kind() == ErrorKind::Deadline, "{error}");
    let (text, host) = (error.to_string(), &e.host);
    assert_eq!(
        text,
        format!(
            "the overall timeout of {} s ended {SEND} before {host} answered. \
             It may have taken effect: check before you repeat it",
            SHORT.as_secs_f64()
        )
    );
    assert!(error.may_have_run());
}

/// A custom agent without a read timeout gets one, and an agent with a read timeout keeps it.
#[test]
fn a_silent_server_times_out_with_a_custom_agent() {
    let own = |limit| own_agent().timeout_per_read(limit).build().new_agent();
    for (agent, stall) in [(own(None), SHORT), (own(Some(SHORT)), Duration::from_secs(60))] {
        let fake = fake();
        let builder = Client::builder().access_token(good_token(&fake)).base_url(fake.base_url());
        let client = builder.agent(agent).stall_timeout(stall).build().unwrap();
        fake.fault_always(Target::Send, Fault::StallBeforeAnswer);
        let error = send(&client).unwrap_err();
        assert_eq!(network(&error).cause.to_string(), "timeout: per read", "{error}");
    }
}

#[test]
fn a_silent_server_times_out_after_the_stall_timeout() {
    let (error, fake) = send_to_silent_server(|client| client.stall_timeout(SHORT));
    let e = network(&error);
    assert_eq!((e.operation, e.stage, e.timed_out, e.tls), (SEND, NetworkStage::Answer, true, false));
    assert!(error.may_have_run(), "the server has run the send");
    assert_eq!(fake.sent().len(), 1);
    assert_eq!(fake.requests_to(Target::Send).len(), 1);
}

/// The stall timeout also applies within a body.
#[test]
fn silence_within_a_body_times_out() {
    let fake = fake();
    let client = fake.client().retry(RetryPolicy::none());
    let client = client.stall_timeout(SHORT).build().unwrap();
    fake.fault(Target::DownloadInfo, Fault::StallAfter(10));
    let error = query_info(&client).unwrap_err();
    let e = network(&error);
    assert_eq!((e.operation, e.stage, e.timed_out), (DOWNLOAD_INFO, NetworkStage::Body, true));
}

/// Sends to a silent server with a client that `limit` configures. The timeout runs in real time.
fn send_to_silent_server(limit: impl Fn(ClientBuilder) -> ClientBuilder) -> (Error, FakeDingTalk) {
    let fake = fake();
    let token = fake.client().build().unwrap();
    let token = token.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET).unwrap();
    let builder = Client::builder().access_token(token.access_token).base_url(fake.base_url());
    let client = limit(builder.no_proxy()).build().unwrap();
    fake.fault_always(Target::Send, Fault::StallBeforeAnswer);
    let error = send(&client).unwrap_err();
    (error, fake)
}

/// A token call may run twice without harm.
#[test]
fn the_token_call_is_retried_like_a_query() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    fake.fault(Target::Token, Fault::CloseWithoutAnswer);
    fake.fault(Target::Token, Fault::json(500, json!({"code": "systemError"})));
    fake.fault(Target::Token, Fault::api_error(403, QPS));
    send(&client).unwrap();
    assert_eq!(fake.requests_to(Target::Token).len(), 4);
    assert_eq!(clock.sleeps().len(), 3);
    assert_eq!(fake.sent().len(), 1);
}

#[test]
fn a_call_that_waits_for_another_threads_token_keeps_its_own_deadline() {
    let fake = fake();
    let client = fake.client().overall_timeout(Duration::from_secs(2)).build().unwrap();
    // The next token call is answered.
    fake.fault(Target::Token, Fault::StallBeforeAnswer);
    thread::scope(|scope| {
        let first = scope.spawn(|| query_info(&client).map(drop));
        while fake.requests_to(Target::Token).is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        // The first call's deadline must pass while the second call waits.
        thread::sleep(Duration::from_secs(1));
        query_info(&client).map(drop).unwrap();
        assert!(first.join().unwrap().is_err());
    });
}
