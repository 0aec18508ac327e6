//! Tokens: the number of token calls, renewal, and failures to get a token.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{Clock, FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, Error, RetryPolicy, Secret, TokenSource};

use serde_json::json;

use crate::support::{
    Scripted, SentRequest, Wire, client_and_clock, fake, good_token, http_answer, query_info, send,
};

const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";

fn token_calls(fake: &FakeDingTalk) -> usize {
    fake.requests_to(Target::Token).len()
}

/// Runs this many concurrent calls, each in its own thread.
fn run_concurrently<T: Send + 'static>(
    threads: usize,
    client: &Client,
    call: impl Fn(&Client) -> T + Send + Copy + 'static,
) -> Vec<T> {
    let start = Arc::new(Barrier::new(threads));
    let running: Vec<_> = (0..threads)
        .map(|_| {
            let (client, start) = (client.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                call(&client)
            })
        })
        .collect();
    running.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn a_corp_app_fetches_its_token_once_from_the_corp_route() {
    let wire = Wire::new(|mock| {
        mock.with_body_from_request(|request| {
            let is_token = request.path().ends_with("/token");
            let token = r#"{"access_token": "planted-token", "expires_in": 7200}"#;
            if is_token { token } else { r#"{"file": {"id": "dentry-1"}}"# }.as_bytes().to_vec()
        })
    });
    let builder = Client::builder().corp_app("corp/1", "client-1", "planted-secret");
    let client = builder.base_url(wire.url()).no_proxy().build().unwrap();
    for _ in 0..2 {
        send(&client.clone()).unwrap();
    }
    let requests = wire.requests();
    assert_eq!(requests.len(), 3);
    let body = json!({"client_id": "client-1", "client_secret": "planted-secret",
        "grant_type": "client_credentials"});
    assert_eq!(requests[0], SentRequest::post(&wire.host(), "/v1.0/oauth2/corp%2F1/token", body));
    for request in &requests[1..] {
        assert_eq!(request.headers["x-acs-dingtalk-access-token"], ["planted-token"]);
    }
    assert!(!format!("{client:?}").contains("planted"));

    let refused = Wire::error(400, r#"{"code": "invalid.client", "message": "planted-secret"}"#);
    let builder = Client::builder().corp_app("corp-1", "client-1", "planted-secret");
    let error = send(&builder.base_url(refused.url()).no_proxy().build().unwrap()).unwrap_err();
    let text = error.to_string();
    assert!(error.is_authentication() && text.contains("installed in this organisation"), "{text}");
    assert!(!text.contains("planted"), "{text}");
}

#[test]
fn many_threads_share_one_token_call() {
    let fake = fake();
    // The token answer is slow, so that the other threads must wait for it.
    let (bytes, pause) = (20, Duration::from_millis(20));
    fake.fault(Target::Token, Fault::Slow { bytes, pause });
    let client = fake.client().build().unwrap();
    for answer in run_concurrently(64, &client, query_info) {
        answer.unwrap();
    }
    assert_eq!(token_calls(&fake), 1);
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 64);
}

#[test]
fn a_token_is_shared_by_all_calls_and_clones() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    send(&client).unwrap();
    query_info(&client.clone()).unwrap();
    query_info(&client).unwrap();
    assert_eq!(token_calls(&fake), 1);
    // Each client has its own cache.
    query_info(&fake.client().build().unwrap()).unwrap();
    assert_eq!(token_calls(&fake), 2);
}

#[test]
fn a_token_is_refreshed_ten_minutes_early_or_in_its_last_quarter() {
    for (life, kept, replaced) in [(7200, 6599, 6601), (2400, 1799, 1801), (100, 74, 76)] {
        let fake = fake();
        fake.set_token_lifetime(life);
        let (client, clock) = client_and_clock(&fake);
        query_info(&client).unwrap();
        clock.advance(Duration::from_secs(kept));
        query_info(&client).unwrap();
        assert_eq!(token_calls(&fake), 1, "{life}");
        clock.advance(Duration::from_secs(replaced - kept));
        query_info(&client).unwrap();
        assert_eq!(token_calls(&fake), 2, "{life}");
        // The new token has its full lifetime.
        clock.advance(Duration::from_secs(kept));
        query_info(&client).unwrap();
        assert_eq!(token_calls(&fake), 2, "{life}");
    }
}

/// While one thread refreshes early, the others continue with the token that is still valid.
#[test]
fn an_early_refresh_does_not_block_other_threads() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    query_info(&client).unwrap();
    clock.advance(Duration::from_secs(6601));
    // The refresh hangs until the fake is dropped.
    fake.fault_always(Target::Token, Fault::StallBeforeAnswer);
    let refreshing = thread::spawn({
        let client = client.clone();
        move || query_info(&client)
    });
    while token_calls(&fake) < 2 {
        thread::yield_now();
    }
    query_info(&client).unwrap();
    assert!(!refreshing.is_finished(), "the other call must not wait for the refresh");
    drop(fake);
    let _ = refreshing.join().unwrap();
}

/// While the old token is valid, a failed refresh is not retried with the waits of the retry policy.
#[test]
fn a_failed_early_refresh_is_postponed() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    query_info(&client).unwrap();
    clock.advance(Duration::from_secs(6601));
    fake.fault_always(Target::Token, Fault::api_error(500, "systemError").header("Retry-After", "7"));
    query_info(&client).unwrap();
    query_info(&client).unwrap();
    assert_eq!((clock.sleeps(), token_calls(&fake)), (vec![], 2), "one attempt, and no other for 30 seconds");
    clock.advance(Duration::from_secs(31));
    fake.clear_faults();
    query_info(&client).unwrap();
    assert_eq!(token_calls(&fake), 3);
}

#[test]
fn a_token_with_zero_lifetime_is_requested_for_each_call() {
    let wire = Wire::json(r#"{"accessToken":"t","expireIn":0,"protocol":"HEADER_SIGNATURE"}"#);
    let builder = Client::builder().app("k", "s").base_url(wire.url()).no_proxy();
    let client = builder.clock(ManualClock::new()).build().unwrap();
    query_info(&client).unwrap();
    query_info(&client).unwrap();
    let targets: Vec<_> = wire.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets.len(), 4);
    assert_eq!(
        (targets[0].as_str(), targets[2].as_str()),
        ("/v1.0/oauth2/accessToken", "/v1.0/oauth2/accessToken")
    );
}

#[test]
fn the_old_token_is_used_until_it_expires_if_the_refresh_fails() {
    let fake = fake();
    let clock = ManualClock::new();
    let builder = fake.client().retry(RetryPolicy::none()).clock(clock.clone());
    let client = builder.build().unwrap();
    query_info(&client).unwrap();
    fake.fault_always(Target::Token, Fault::status(500));

    clock.advance(Duration::from_secs(6601));
    query_info(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
    // The refresh is not attempted with every call, to spare a failing service.
    query_info(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
    clock.advance(Duration::from_secs(31));
    query_info(&client).unwrap();
    assert_eq!(token_calls(&fake), 3);

    clock.advance(Duration::from_secs(7200 - 6601 - 31));
    let error = query_info(&client).unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
    assert_eq!(token_calls(&fake), 4);

    fake.clear_faults();
    query_info(&client).unwrap();
    assert_eq!(token_calls(&fake), 5);
}

#[test]
fn a_refused_token_is_replaced_and_the_call_repeated() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    query_info(&client).unwrap();
    fake.revoke_tokens();
    send(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
    let sends = fake.requests_to(Target::Send);
    let statuses: Vec<_> = sends.iter().map(|r| r.answered_status).collect();
    assert_eq!(statuses, [Some(400), Some(200)]);
    assert_ne!(sends[0].header(TOKEN_HEADER), sends[1].header(TOKEN_HEADER));
    assert_eq!(sends[0].body, sends[1].body);
    assert_eq!(fake.sent().len(), 1);
    // Replacing a token needs no wait.
    assert_eq!(clock.sleeps(), []);
    // The new token is kept.
    send(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
}

#[test]
fn a_401_without_a_code_is_a_refused_token_too() {
    for fault in [Fault::status(401), Fault::json(401, "{}"), Fault::api_error(401, "InvalidAuthentication")]
    {
        let fake = fake();
        let (client, _) = client_and_clock(&fake);
        fake.fault(Target::Send, fault);
        send(&client).unwrap();
        assert_eq!(token_calls(&fake), 2);
        assert_eq!(fake.requests_to(Target::Send).len(), 2);
        assert_eq!(fake.sent().len(), 1);
    }
}

/// Replacing a token is not a retry, so it also happens without a retry policy.
#[test]
fn a_refused_token_is_replaced_without_a_retry_policy() {
    let fake = fake();
    let client = fake.client().retry(RetryPolicy::none()).build().unwrap();
    query_info(&client).unwrap();
    fake.revoke_tokens();
    query_info(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
}

#[test]
fn many_threads_with_a_refused_token_share_one_new_token() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    query_info(&client).unwrap();
    fake.revoke_tokens();
    for answer in run_concurrently(32, &client, query_info) {
        answer.unwrap();
    }
    assert_eq!(token_calls(&fake), 2);
}

#[test]
fn a_second_refusal_is_returned_as_the_error() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    query_info(&client).unwrap();
    fake.revoke_tokens();
    fake.keep_token_string(true);
    let error = send(&client).unwrap_err();
    assert_eq!(error.code(), Some("InvalidAuthentication"));
    assert!(error.is_authentication() && !error.may_have_run() && !error.is_transient());
    assert_eq!(token_calls(&fake), 2);
    let sends = fake.requests_to(Target::Send);
    assert_eq!(sends.len(), 2);
    assert_eq!(sends[0].header(TOKEN_HEADER), sends[1].header(TOKEN_HEADER));
    assert_eq!(fake.sent(), []);
    assert_eq!(clock.sleeps(), []);
}

#[test]
fn a_fixed_token_is_not_replaced() {
    let fake = fake();
    let builder = Client::builder().access_token("wrong").base_url(fake.base_url());
    let error = send(&builder.no_proxy().build().unwrap()).unwrap_err();
    assert_eq!(error.code(), Some("InvalidAuthentication"));
    assert!(error.is_authentication());
    assert_eq!(fake.requests().len(), 1);
}

/// A token source that counts its calls and returns the listed tokens in order, then repeats the last one.
#[derive(Clone, Default)]
struct Source {
    tokens: Vec<Secret>,
    calls: Arc<AtomicUsize>,
    rejected: Arc<Mutex<Vec<Secret>>>,
}

impl Source {
    fn client(&self, fake: &FakeDingTalk) -> Client {
        let builder = Client::builder().token_source(self.clone());
        builder.base_url(fake.base_url()).no_proxy().build().unwrap()
    }
}

impl TokenSource for Source {
    fn access_token(&self) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>> {
        let index = self.calls.fetch_add(1, Ordering::SeqCst);
        let token = self.tokens.get(index).or(self.tokens.last());
        token.cloned().ok_or_else(|| "the vault is sealed".into())
    }

    fn rejected(&self, token: &Secret) {
        self.rejected.lock().unwrap().push(token.clone());
    }
}

#[test]
fn a_custom_source_is_called_for_each_call() {
    let fake = fake();
    let source = Source { tokens: vec![good_token(&fake)], ..Source::default() };
    let client = source.client(&fake);
    query_info(&client).unwrap();
    send(&client).unwrap();
    assert_eq!(source.calls.load(Ordering::SeqCst), 2);
    assert_eq!(source.rejected.lock().unwrap().len(), 0);
    assert_eq!(token_calls(&fake), 1, "the only token call is the test's own");
}

#[test]
fn a_custom_source_is_notified_of_a_refused_token() {
    let fake = fake();
    let source = Source { tokens: vec![Secret::new("lapsed"), good_token(&fake)], ..Source::default() };
    send(&source.client(&fake)).unwrap();
    assert_eq!(source.calls.load(Ordering::SeqCst), 2);
    assert_eq!(*source.rejected.lock().unwrap(), [Secret::new("lapsed")]);
    assert_eq!(fake.sent().len(), 1);

    let stubborn = Source { tokens: vec![Secret::new("lapsed")], ..Source::default() };
    let error = send(&stubborn.client(&fake)).unwrap_err();
    assert!(error.is_authentication(), "{error}");
    assert_eq!(stubborn.calls.load(Ordering::SeqCst), 2);
    assert_eq!(fake.requests_to(Target::Send).len(), 4);
}

#[test]
fn an_error_of_a_custom_source_is_returned() {
    let fake = fake();
    let error = send(&Source::default().client(&fake)).unwrap_err();
    let Error::TokenSource(cause) = &error else { panic!("{error}") };
    assert_eq!(cause.to_string(), "the vault is sealed");
    assert!(error.to_string().contains("the vault is sealed"), "{error}");
    assert!(!error.may_have_run() && !error.is_transient() && !error.is_authentication());
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_wrong_secret_is_an_error_with_advice() {
    let fake = fake();
    let clock = ManualClock::new();
    let builder = Client::builder().app(FakeDingTalk::APP_KEY, "wrong");
    let builder = builder.base_url(fake.base_url()).no_proxy();
    let client = builder.clock(clock.clone()).build().unwrap();
    let error = send(&client).unwrap_err();
    assert!(matches!(&error, Error::Token(e) if matches!(&**e, Error::Api(_))), "{error}");
    assert_eq!(error.code(), Some("invalidClientIdOrSecret"));
    assert!(error.is_authentication() && !error.may_have_run());
    let text = error.to_string();
    for part in ["no access token", "/v1.0/oauth2/accessToken", "Check app key and app secret"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!((fake.requests().len(), clock.sleeps().len()), (1, 0));
}

/// A clock that counts its readings.
///
/// A thread that needs a token reads the clock under the lock that also starts the wait.
#[derive(Debug, Clone, Default)]
struct CountingClock(Arc<(Mutex<usize>, Condvar)>);

impl CountingClock {
    fn wait_for_readings(&self, count: usize) {
        let (readings, changed) = &*self.0;
        // If the client ever reads the clock less often, the test must fail instead of hanging.
        let limit = Duration::from_secs(20);
        drop(changed.wait_timeout_while(readings.lock().unwrap(), limit, |n| *n < count));
    }
}

impl Clock for CountingClock {
    fn now(&self) -> Duration {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_all();
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn threads_that_wait_for_a_failing_token_share_its_error() {
    const THREADS: usize = 64;
    let clock = CountingClock::default();
    let gate = clock.clone();
    // The answer is delayed until all threads wait for it: each has read the clock once, and the fetching thread
    // once more.
    let server = Scripted::start(move |_| {
        gate.wait_for_readings(THREADS + 1);
        http_answer("400 Bad Request", r#"{"code":"invalidClientIdOrSecret"}"#)
    });
    let builder = Client::builder().app("k", "s").base_url(server.url());
    let client = builder.no_proxy().clock(clock).build().unwrap();
    let errors = run_concurrently(THREADS, &client, |client| send(client).unwrap_err());
    let inner = |error: &Error| match error {
        Error::Token(e) => Arc::clone(e),
        other => panic!("{other}"),
    };
    let first = inner(&errors[0]);
    assert_eq!(first.code(), Some("invalidClientIdOrSecret"));
    assert!(errors.iter().all(|e| Arc::ptr_eq(&inner(e), &first)));
    assert!(server.closed.recv().unwrap().starts_with("POST /v1.0/oauth2/accessToken"));
    assert!(server.closed.try_recv().is_err(), "one token call for all");
}

#[test]
fn a_token_source_works_behind_an_arc_and_a_box() {
    let fake = fake();
    let source = Source { tokens: vec![Secret::new("lapsed"), good_token(&fake)], ..Source::default() };
    let builder = || Client::builder().base_url(fake.base_url()).no_proxy();
    let shared: Arc<dyn TokenSource> = Arc::new(source.clone());
    let clients = [
        builder().token_source(Arc::new(source.clone())),
        builder().token_source(Box::new(source.clone())),
        builder().token_source(Arc::clone(&shared)),
        builder().token_source(Box::new(shared) as Box<dyn TokenSource>),
    ];
    for client in clients {
        source.calls.store(0, Ordering::SeqCst);
        send(&client.build().unwrap()).unwrap();
        assert_eq!(source.rejected.lock().unwrap().drain(..).len(), 1, "refusals reach the source");
    }
    assert_eq!(fake.sent().len(), 4);
}

#[test]
fn credentials_of_a_test_replace_those_of_the_fake() {
    let fake = fake();
    let token = good_token(&fake);
    let clients = [
        fake.client().access_token(token.clone()),
        fake.client().token_source(move || Ok::<_, Error>(token.clone())),
    ];
    for client in clients {
        send(&client.build().unwrap()).unwrap();
    }
    assert_eq!(token_calls(&fake), 1, "only the one of this test");
    let several = fake.client().access_token("a").app("k", "s").build().unwrap_err();
    assert!(several.to_string().contains("not several"), "{several}");
}

#[test]
fn the_error_of_a_client_inside_a_token_source_is_the_root() {
    let fake = fake();
    fake.fault_always(Target::Token, Fault::api_error(503, "system.busy"));
    let app = fake.client().retry(RetryPolicy::none()).build().unwrap();
    let source = move || {
        let token = app.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET);
        token.map(|token| token.access_token)
    };
    let builder = Client::builder().token_source(source).base_url(fake.base_url()).no_proxy();
    let error = send(&builder.build().unwrap()).unwrap_err();
    assert!(matches!(error, Error::TokenSource(_)), "{error}");
    assert_eq!(error.code(), Some("system.busy"));
    assert!(error.is_rate_limited() && error.is_transient() && !error.may_have_run(), "{error}");
}
