//! What is tried again, and above all what is not: the table "API calls" of the design, against a server that
//! misbehaves.

use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, ClientBuilder, Error, ErrorKind, NetworkError, NetworkStage, RetryPolicy};
use serde_json::json;

use crate::support::{
    DOWNLOAD_INFO, REFUSED, SEND, Scripted, ask, client_and_clock, fake, good_token, http_answer, own_agent,
    send,
};

const QPS: &str = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi";
const QPM: &str = "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi";
const SECOND: Duration = Duration::from_secs(1);
/// For the limits that are real time.
const SHORT: Duration = Duration::from_millis(200);

#[track_caller]
fn network(error: &Error) -> &NetworkError {
    match error {
        Error::Network(e) => e,
        other => panic!("not a network error: {other}"),
    }
}

/// A client that needs no token call, so that its first request is the call itself.
fn with_token(fake: &FakeDingTalk) -> ClientBuilder {
    let builder = Client::builder().access_token(good_token(fake));
    builder.base_url(fake.base_url()).no_proxy()
}

fn client_with_token(fake: &FakeDingTalk) -> (Client, ManualClock) {
    let clock = ManualClock::new();
    (with_token(fake).clock(clock.clone()).build().unwrap(), clock)
}

/// Failures after which nobody knows whether the operation ran.
fn unclear() -> Vec<Fault> {
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
fn throttling_is_waited_out_for_a_send_too() {
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
            _ => drop(ask(&client).unwrap()),
        }
        let requests = fake.requests_to(target);
        assert_eq!(requests.len(), 4);
        // A repetition is the very same request.
        for request in &requests {
            assert_eq!(
                (&request.raw_query, &request.body, &request.headers),
                (&requests[0].raw_query, &requests[0].body, &requests[0].headers)
            );
        }
        assert_eq!(fake.sent().len(), usize::from(target == Target::Send));
        let sleeps = clock.sleeps();
        assert_eq!(sleeps.len(), 3);
        // At least a second, and longer each time: 1, 2, 4, and up to a second more by chance.
        for (wait, least) in sleeps.iter().zip([1, 2, 4]) {
            let least = SECOND * least;
            assert!((least..=least + SECOND).contains(wait), "{sleeps:?}");
        }
    }
}

/// A limit per second is not met by a shorter wait, whatever the policy says.
#[test]
fn throttling_is_waited_out_at_least_a_second() {
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
    // On a fresh connection, and on one that has served before: there a failure may look like a stale connection.
    for (fault, pooled) in unclear().into_iter().flat_map(|f| [(f.clone(), false), (f, true)]) {
        let fake = fake();
        let (client, clock) = client_with_token(&fake);
        if pooled {
            ask(&client).unwrap();
        }
        fake.fault_always(Target::Send, fault.clone());
        let error = send(&client).unwrap_err();
        assert_eq!(fake.requests_to(Target::Send).len(), 1, "{fault:?}: {error}");
        assert_eq!(clock.sleeps(), [], "{fault:?}");
        assert!(error.may_have_run(), "{fault:?}: {error}");
        assert!(error.is_transient(), "{fault:?}: {error}");
        assert!(error.to_string().starts_with(SEND), "{error}");
        assert!(fake.sent().len() <= 1, "the faults that let the operation run, let it run once");
    }
}

#[test]
fn a_read_is_repeated_until_it_succeeds() {
    for fault in unclear() {
        let fake = fake();
        let (client, clock) = client_and_clock(&fake);
        for _ in 0..3 {
            fake.fault(Target::DownloadInfo, fault.clone());
        }
        let info = ask(&client).unwrap();
        assert!(info.header_signature_info.is_some());
        assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 4, "{fault:?}");
        // Full jitter: anything up to 250 ms, 500 ms, 1 s.
        let sleeps = clock.sleeps();
        assert_eq!(sleeps.len(), 3);
        for (wait, most) in sleeps.iter().zip([250, 500, 1000]) {
            assert!(*wait <= Duration::from_millis(most), "{sleeps:?}");
        }
    }
}

#[test]
fn retries_end_with_the_real_error() {
    let fake = fake();
    let clock = ManualClock::new();
    let policy = RetryPolicy::new().max_retries(2);
    let client = fake.client().retry(policy).clock(clock.clone()).build().unwrap();
    fake.fault(Target::DownloadInfo, Fault::CloseWithoutAnswer);
    fake.fault(Target::DownloadInfo, Fault::status(500));
    fake.fault_always(Target::DownloadInfo, Fault::api_error(500, "unknownError"));
    let error = ask(&client).unwrap_err();
    assert_eq!(error.code(), Some("unknownError"));
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 3);
    assert_eq!(clock.sleeps().len(), 2);
}

#[test]
fn what_is_final_is_asked_once() {
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
        assert_eq!(ask(&client).unwrap_err().code(), Some(code));
        assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 1, "{code}");
        assert_eq!(clock.sleeps(), [], "{code}");
    }
}

/// A server that was never reached has not run anything: here a send may be tried again.
#[test]
fn a_refused_connection_is_tried_again_also_for_a_send() {
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
fn no_policy_no_retry() {
    for fault in [Fault::api_error(403, QPS), Fault::status(500)] {
        let fake = fake();
        let clock = ManualClock::new();
        let client = fake.client().retry(RetryPolicy::none()).clock(clock.clone());
        let client = client.build().unwrap();
        fake.fault(Target::DownloadInfo, fault);
        ask(&client).unwrap_err();
        assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 1);
        assert_eq!(clock.sleeps(), []);
        // The failure was of one call only.
        ask(&client).unwrap();
    }
}

#[test]
fn retry_after_is_honoured_up_to_the_cap() {
    for (asked, waited) in [("7", 7), ("3600", 20)] {
        let fake = fake();
        let (client, clock) = client_and_clock(&fake);
        let throttled = Fault::api_error(403, QPS).header("Retry-After", asked);
        let busy = Fault::api_error(503, "operationTimeout").header("Retry-After", asked);
        fake.fault(Target::Send, throttled);
        fake.fault(Target::DownloadInfo, busy);
        send(&client).unwrap();
        ask(&client).unwrap();
        assert_eq!(clock.sleeps(), [Duration::from_secs(waited); 2]);
    }
    // A date says nothing without that of the answer itself, and must not be taken for a number.
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    let dated = Fault::status(503).header("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT");
    fake.fault(Target::DownloadInfo, dated);
    ask(&client).unwrap();
    assert!(clock.sleeps()[0] <= Duration::from_millis(250));
}

/// The server closed a connection that had been announced as lasting. That is no failure of the next call, not even
/// of a send: the end was there to be seen before anything was sent.
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
        // The connection is closed when this comes, so that no race decides what the next call finds.
        let request = server.closed.recv().unwrap();
        assert!(request.starts_with("POST /v1.0/convFile/"), "{request}");
    }
    assert!(server.closed.try_recv().is_err(), "a send went out twice");
    assert_eq!(clock.sleeps(), []);
}

#[test]
fn the_overall_timeout_ends_retries_with_the_last_real_error() {
    let fake = fake();
    let clock = ManualClock::new();
    let patient = RetryPolicy::new().max_retries(1000);
    let builder = fake.client().retry(patient).clock(clock.clone());
    let client = builder.overall_timeout(Duration::from_secs(20)).build().unwrap();
    let busy = Fault::api_error(500, "systemError").header("Retry-After", "7");
    fake.fault_always(Target::DownloadInfo, busy);
    let error = ask(&client).unwrap_err();
    assert_eq!(error.code(), Some("systemError"));
    // 7 and 14 seconds are inside, 21 would be outside: that wait is not begun.
    assert_eq!(clock.sleeps(), [Duration::from_secs(7); 2]);
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 3);
}

/// The token is part of the call that needs it.
#[test]
fn the_overall_timeout_covers_a_token_fetched_on_the_way() {
    let fake = fake();
    let clock = ManualClock::new();
    let builder = fake.client().clock(clock.clone()).overall_timeout(Duration::from_secs(10));
    let client = builder.build().unwrap();
    fake.fault(Target::DownloadInfo, Fault::api_error(500, "systemError").header("Retry-After", "9"));
    fake.fault(Target::DownloadInfo, Fault::api_error(400, "InvalidAuthentication"));
    // The first token is given; the second would have to wait beyond the limit.
    fake.fault(Target::Token, Fault::Several(vec![]));
    fake.fault_always(Target::Token, Fault::api_error(500, "systemError").header("Retry-After", "7"));
    let error = ask(&client).unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
    assert_eq!(clock.sleeps(), [Duration::from_secs(9)]);
}

#[test]
fn the_overall_timeout_cuts_a_request_short() {
    let (error, _fake) = send_into_silence(|client| client.overall_timeout(SHORT));
    let e = network(&error);
    // Not the stall limit, which is there too and would take 30 seconds.
    assert!(e.timed_out && error.kind() == ErrorKind::Deadline, "{error}");
    let (text, host) = (error.to_string(), &e.host);
    assert_eq!(
        text,
        format!("the overall timeout of {} s ended {SEND} before {host} answered", SHORT.as_secs_f64())
    );
    assert!(error.may_have_run());
}

/// An agent of the caller's without a limit gets one, and one with a limit keeps it.
#[test]
fn silence_ends_at_the_stall_limit_of_an_own_agent() {
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
fn silence_ends_at_the_stall_limit() {
    let (error, fake) = send_into_silence(|client| client.stall_timeout(SHORT));
    let e = network(&error);
    assert_eq!((e.operation, e.stage, e.timed_out, e.tls), (SEND, NetworkStage::Answer, true, false));
    assert!(error.may_have_run(), "the server did run it");
    assert_eq!(fake.sent().len(), 1);
    assert_eq!(fake.requests_to(Target::Send).len(), 1);
}

/// A server that goes silent in the middle of a body is as dead as one that never answers.
#[test]
fn silence_in_a_body_ends_at_the_stall_limit() {
    let fake = fake();
    let client = fake.client().retry(RetryPolicy::none());
    let client = client.stall_timeout(SHORT).build().unwrap();
    fake.fault(Target::DownloadInfo, Fault::StallAfter(10));
    let error = ask(&client).unwrap_err();
    let e = network(&error);
    assert_eq!((e.operation, e.stage, e.timed_out), (DOWNLOAD_INFO, NetworkStage::Body, true));
}

/// The one fault whose limit is real time.
fn send_into_silence(limit: impl Fn(ClientBuilder) -> ClientBuilder) -> (Error, FakeDingTalk) {
    let fake = fake();
    let token = fake.client().build().unwrap();
    let token = token.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET).unwrap();
    let builder = Client::builder().access_token(token.access_token).base_url(fake.base_url());
    let client = limit(builder.no_proxy()).build().unwrap();
    fake.fault_always(Target::Send, Fault::StallBeforeAnswer);
    let error = send(&client).unwrap_err();
    (error, fake)
}

/// A token call takes nothing away when it runs twice.
#[test]
fn the_token_call_is_a_read() {
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
fn who_waits_for_the_token_of_another_does_not_share_its_deadline() {
    let fake = fake();
    let client = fake.client().overall_timeout(Duration::from_secs(2)).build().unwrap();
    // The next one is answered.
    fake.fault(Target::Token, Fault::StallBeforeAnswer);
    thread::scope(|scope| {
        let first = scope.spawn(|| ask(&client).map(drop));
        while fake.requests_to(Target::Token).is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        // So that the first one's time ends while the second one waits.
        thread::sleep(Duration::from_secs(1));
        ask(&client).map(drop).unwrap();
        assert!(first.join().unwrap().is_err());
    });
}
