//! Tokens: how few calls they take, when they are replaced, and what happens when there is none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{Clock, FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, Error, RetryPolicy, Secret, TokenSource};

use serde_json::json;

use crate::support::{Scripted, Seen, Wire, ask, client_and_clock, fake, good_token, http_answer, send};

const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";

fn token_calls(fake: &FakeDingTalk) -> usize {
    fake.requests_to(Target::Token).len()
}

/// Runs this many calls at the same moment, each in a thread of its own.
fn at_once<T: Send + 'static>(
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
fn an_app_of_an_organisation_fetches_its_token_there_and_keeps_it() {
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
    assert_eq!(requests[0], Seen::post(&wire.host(), "/v1.0/oauth2/corp%2F1/token", body));
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
fn many_threads_one_token_call() {
    let fake = fake();
    // The first answer is slow, so that the others have to wait for it and do not just find it done.
    let (bytes, pause) = (20, Duration::from_millis(20));
    fake.fault(Target::Token, Fault::Slow { bytes, pause });
    let client = fake.client().build().unwrap();
    for answer in at_once(64, &client, ask) {
        answer.unwrap();
    }
    assert_eq!(token_calls(&fake), 1);
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 64);
}

#[test]
fn a_token_serves_all_calls_and_clones() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    send(&client).unwrap();
    ask(&client.clone()).unwrap();
    ask(&client).unwrap();
    assert_eq!(token_calls(&fake), 1);
    // Another client is another cache.
    ask(&fake.client().build().unwrap()).unwrap();
    assert_eq!(token_calls(&fake), 2);
}

#[test]
fn refreshed_ten_minutes_early_or_a_quarter_of_a_short_life() {
    for (life, kept, replaced) in [(7200, 6599, 6601), (2400, 1799, 1801), (100, 74, 76)] {
        let fake = fake();
        fake.set_token_lifetime(life);
        let (client, clock) = client_and_clock(&fake);
        ask(&client).unwrap();
        clock.advance(Duration::from_secs(kept));
        ask(&client).unwrap();
        assert_eq!(token_calls(&fake), 1, "{life}");
        clock.advance(Duration::from_secs(replaced - kept));
        ask(&client).unwrap();
        assert_eq!(token_calls(&fake), 2, "{life}");
        // The new one has a whole life before it.
        clock.advance(Duration::from_secs(kept));
        ask(&client).unwrap();
        assert_eq!(token_calls(&fake), 2, "{life}");
    }
}

/// While one thread refreshes early, the others go on with the token that is still good.
#[test]
fn an_early_refresh_holds_nobody_else_up() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    ask(&client).unwrap();
    clock.advance(Duration::from_secs(6601));
    // The refresh hangs until the fake is gone.
    fake.fault_always(Target::Token, Fault::StallBeforeAnswer);
    let refreshing = thread::spawn({
        let client = client.clone();
        move || ask(&client)
    });
    while token_calls(&fake) < 2 {
        thread::yield_now();
    }
    ask(&client).unwrap();
    assert!(!refreshing.is_finished(), "the other call did not wait for the refresh");
    drop(fake);
    let _ = refreshing.join().unwrap();
}

/// With the old token still good, a refresh is not worth the waits of a retry policy.
#[test]
fn an_early_refresh_that_would_take_long_is_put_off() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    ask(&client).unwrap();
    clock.advance(Duration::from_secs(6601));
    fake.fault_always(Target::Token, Fault::api_error(500, "systemError").header("Retry-After", "7"));
    ask(&client).unwrap();
    ask(&client).unwrap();
    assert_eq!((clock.sleeps(), token_calls(&fake)), (vec![], 2), "one try, and none for half a minute");
    clock.advance(Duration::from_secs(31));
    fake.clear_faults();
    ask(&client).unwrap();
    assert_eq!(token_calls(&fake), 3);
}

#[test]
fn a_token_without_life_is_asked_for_each_time() {
    let wire = Wire::json(r#"{"accessToken":"t","expireIn":0,"protocol":"HEADER_SIGNATURE"}"#);
    let builder = Client::builder().app("k", "s").base_url(wire.url()).no_proxy();
    let client = builder.clock(ManualClock::new()).build().unwrap();
    ask(&client).unwrap();
    ask(&client).unwrap();
    let targets: Vec<_> = wire.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets.len(), 4);
    assert_eq!(
        (targets[0].as_str(), targets[2].as_str()),
        ("/v1.0/oauth2/accessToken", "/v1.0/oauth2/accessToken")
    );
}

#[test]
fn the_old_token_serves_while_it_lives_and_no_new_one_can_be_had() {
    let fake = fake();
    let clock = ManualClock::new();
    let builder = fake.client().retry(RetryPolicy::none()).clock(clock.clone());
    let client = builder.build().unwrap();
    ask(&client).unwrap();
    fake.fault_always(Target::Token, Fault::status(500));

    clock.advance(Duration::from_secs(6601));
    ask(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
    // Not with every call again: a service that has trouble is not asked more than otherwise.
    ask(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
    clock.advance(Duration::from_secs(31));
    ask(&client).unwrap();
    assert_eq!(token_calls(&fake), 3);

    clock.advance(Duration::from_secs(7200 - 6601 - 31));
    let error = ask(&client).unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
    assert_eq!(token_calls(&fake), 4);

    fake.clear_faults();
    ask(&client).unwrap();
    assert_eq!(token_calls(&fake), 5);
}

#[test]
fn a_refused_token_is_replaced_and_the_call_repeated() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    ask(&client).unwrap();
    fake.revoke_tokens();
    send(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
    let sends = fake.requests_to(Target::Send);
    let statuses: Vec<_> = sends.iter().map(|r| r.answered_status).collect();
    assert_eq!(statuses, [Some(400), Some(200)]);
    assert_ne!(sends[0].header(TOKEN_HEADER), sends[1].header(TOKEN_HEADER));
    assert_eq!(sends[0].body, sends[1].body);
    assert_eq!(fake.sent().len(), 1);
    // A new token needs no patience.
    assert_eq!(clock.sleeps(), []);
    // And it is kept.
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

/// A replacement is no retry: it works without any retry policy.
#[test]
fn a_refused_token_is_replaced_also_without_retries() {
    let fake = fake();
    let client = fake.client().retry(RetryPolicy::none()).build().unwrap();
    ask(&client).unwrap();
    fake.revoke_tokens();
    ask(&client).unwrap();
    assert_eq!(token_calls(&fake), 2);
}

#[test]
fn many_threads_with_a_refused_token_fetch_one() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    ask(&client).unwrap();
    fake.revoke_tokens();
    for answer in at_once(32, &client, ask) {
        answer.unwrap();
    }
    assert_eq!(token_calls(&fake), 2);
}

#[test]
fn a_second_refusal_is_the_error() {
    let fake = fake();
    let (client, clock) = client_and_clock(&fake);
    ask(&client).unwrap();
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
fn a_fixed_token_is_all_there_is() {
    let fake = fake();
    let builder = Client::builder().access_token("wrong").base_url(fake.base_url());
    let error = send(&builder.no_proxy().build().unwrap()).unwrap_err();
    assert_eq!(error.code(), Some("InvalidAuthentication"));
    assert!(error.is_authentication());
    assert_eq!(fake.requests().len(), 1);
}

/// A token source that counts, and gives the tokens of a list, the last one for ever.
#[derive(Clone, Default)]
struct Source {
    tokens: Vec<Secret>,
    asked: Arc<AtomicUsize>,
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
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let token = self.tokens.get(turn).or(self.tokens.last());
        token.cloned().ok_or_else(|| "the vault is sealed".into())
    }

    fn rejected(&self, token: &Secret) {
        self.rejected.lock().unwrap().push(token.clone());
    }
}

#[test]
fn the_callers_own_source_is_asked_for_each_call() {
    let fake = fake();
    let source = Source { tokens: vec![good_token(&fake)], ..Source::default() };
    let client = source.client(&fake);
    ask(&client).unwrap();
    send(&client).unwrap();
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
    assert_eq!(source.rejected.lock().unwrap().len(), 0);
    assert_eq!(token_calls(&fake), 1, "only the one of this test");
}

#[test]
fn the_callers_own_source_learns_of_a_refusal() {
    let fake = fake();
    let source = Source { tokens: vec![Secret::new("lapsed"), good_token(&fake)], ..Source::default() };
    send(&source.client(&fake)).unwrap();
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
    assert_eq!(*source.rejected.lock().unwrap(), [Secret::new("lapsed")]);
    assert_eq!(fake.sent().len(), 1);

    let stubborn = Source { tokens: vec![Secret::new("lapsed")], ..Source::default() };
    let error = send(&stubborn.client(&fake)).unwrap_err();
    assert!(error.is_authentication(), "{error}");
    assert_eq!(stubborn.asked.load(Ordering::SeqCst), 2);
    assert_eq!(fake.requests_to(Target::Send).len(), 4);
}

#[test]
fn an_error_of_the_callers_own_source_passes() {
    let fake = fake();
    let error = send(&Source::default().client(&fake)).unwrap_err();
    let Error::TokenSource(cause) = &error else { panic!("{error}") };
    assert_eq!(cause.to_string(), "the vault is sealed");
    assert!(error.to_string().contains("the vault is sealed"), "{error}");
    assert!(!error.may_have_run() && !error.is_transient() && !error.is_authentication());
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_wrong_secret_says_what_to_check() {
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

/// Counts the looks at it. Whoever wants a token looks at the clock under the lock that also begins the wait.
#[derive(Debug, Clone, Default)]
struct CountingClock(Arc<(Mutex<usize>, Condvar)>);

impl CountingClock {
    fn wait_for_looks(&self, count: usize) {
        let (looks, changed) = &*self.0;
        // The limit is for the day on which the client looks less often: the test shall fail then, not hang.
        let limit = Duration::from_secs(20);
        drop(changed.wait_timeout_while(looks.lock().unwrap(), limit, |n| *n < count));
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
fn who_waits_for_a_token_that_fails_shares_the_error() {
    const THREADS: usize = 64;
    let clock = CountingClock::default();
    let gate = clock.clone();
    // The answer is held back until all threads wait for it: each has looked at the clock once, and the one that
    // fetches once more.
    let server = Scripted::start(move |_| {
        gate.wait_for_looks(THREADS + 1);
        http_answer("400 Bad Request", r#"{"code":"invalidClientIdOrSecret"}"#)
    });
    let builder = Client::builder().app("k", "s").base_url(server.url());
    let client = builder.no_proxy().clock(clock).build().unwrap();
    let errors = at_once(THREADS, &client, |client| send(client).unwrap_err());
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
        source.asked.store(0, Ordering::SeqCst);
        send(&client.build().unwrap()).unwrap();
        assert_eq!(source.rejected.lock().unwrap().drain(..).len(), 1, "refusals reach the source");
    }
    assert_eq!(fake.sent().len(), 4);
}
