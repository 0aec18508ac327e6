//! The old host: the token in the query, errcode errors, and the host's base URL.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dingtalk_files::testing::ManualClock;
use dingtalk_files::{Client, ClientBuilder, Error, Language, Result, RetryPolicy, User, UserGet, UserId};
use serde_json::json;

use crate::support::{MINIMAL_ANSWER, SentRequest, Wire, send};

const TARGET: &str = "/topapi/v2/user/get?access_token=access-token-1";

fn user(client: &Client) -> Result<User> {
    client.topapi().user_get(UserId("userid-1"), &UserGet::new())
}

/// Returns the error that this answer causes, without a retry.
fn failure(body: &str) -> Error {
    user(&Wire::json(body).client()).unwrap_err()
}

/// Returns the builder of a client that retries without real waits, and its clock.
fn retrying(wire: &Wire) -> (ClientBuilder, ManualClock) {
    let clock = ManualClock::new();
    (wire.builder().retry(RetryPolicy::new()).clock(clock.clone()), clock)
}

#[test]
fn user_get_sends_its_token_in_the_query_only() {
    for errcode in [json!(0), json!("0")] {
        let answer = json!({"errcode": errcode, "errmsg": "ok", "request_id": "request-1",
            "result": {"userid": "userid-1", "unionid": "union-1", "name": "name-1", "more": {}}});
        let wire = Wire::json(&answer.to_string());
        let user = user(&wire.client()).unwrap();
        assert_eq!(user.userid.as_deref(), Some("userid-1"));
        assert_eq!(user.unionid.as_deref(), Some("union-1"));
        assert_eq!(user.name.as_deref(), Some("name-1"));
        assert_eq!(
            wire.only_request(),
            SentRequest::post(&wire.host(), TARGET, json!({"userid": "userid-1"}))
        );
    }
    let wire = Wire::json(r#"{"errcode": 0, "result": null}"#);
    let options = UserGet::new().language(Language::English);
    let nothing = wire.client().topapi().user_get(UserId("userid-1"), &options).unwrap_err().to_string();
    assert!(nothing.ends_with("`result` is missing"), "{nothing}");
    assert_eq!(wire.only_request().body, json!({"userid": "userid-1", "language": "en_US"}));
}

#[test]
fn the_token_is_encoded_in_the_query() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let odd =
        Client::builder().access_token("a+b/c=&x=1#文").base_url(wire.url()).no_proxy().build().unwrap();
    user(&odd).unwrap();
    let target = "/topapi/v2/user/get?access_token=a%2Bb%2Fc%3D%26x%3D1%23%E6%96%87";
    assert_eq!(wire.only_request().target, target);
}

#[test]
fn an_errcode_is_the_code_of_an_error() {
    for body in [
        r#"{"errcode": 33012, "errmsg": "m", "request_id": "R"}"#,
        r#"{"errcode": "33012", "errmsg": "m", "request_id": "R"}"#,
    ] {
        let error = failure(body);
        assert_eq!((error.code(), error.request_id()), (Some("33012"), Some("R")));
        assert!(error.is_not_found() && !error.is_transient() && !error.may_have_run());
        let text = error.to_string();
        assert!(
            text.starts_with("POST /topapi/v2/user/get answered 200 33012: m (request id R). Check"),
            "{text}"
        );
    }
    let denied =
        failure(r#"{"errcode": 88, "sub_code": "60011", "sub_msg": "no", "errmsg": "ding talk error[..]"}"#);
    assert!(denied.is_permission_denied() && !denied.is_authentication());
    let Error::Api(parts) = &denied else { panic!("{denied}") };
    assert_eq!(
        (parts.code.as_str(), parts.sub_code.as_deref(), parts.message.as_str()),
        ("88", Some("60011"), "no")
    );
    for (code, kind) in [
        ("88", Error::is_permission_denied as fn(&Error) -> bool),
        ("60011", Error::is_permission_denied),
        ("60020", Error::is_permission_denied),
        ("40014", Error::is_authentication),
        ("40001", Error::is_authentication),
        ("42001", Error::is_authentication),
        ("41001", Error::is_authentication),
        ("90018", Error::is_rate_limited),
        ("90002", Error::is_rate_limited),
        ("90007", Error::is_rate_limited),
        ("90020", Error::is_rate_limited),
        ("60121", Error::is_not_found),
        ("-1", Error::is_transient),
    ] {
        let error = failure(&format!(r#"{{"errcode": {code}, "errmsg": "m"}}"#));
        assert!(kind(&error), "{error}");
        assert_eq!(error.code(), Some(code));
    }
}

#[test]
fn a_refused_token_is_replaced_once() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let source = || Ok::<_, std::io::Error>(format!("token-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    let wire = Wire::json(r#"{"errcode": 40014, "errmsg": "m"}"#);
    let client = Client::builder().token_source(source).base_url(wire.url()).no_proxy().build().unwrap();
    assert!(user(&client).unwrap_err().is_authentication());
    let targets: Vec<_> = wire.requests().into_iter().map(|request| request.target).collect();
    let target = |token| format!("/topapi/v2/user/get?access_token={token}");
    assert_eq!(targets, [target("token-0"), target("token-1")]);
    // A call with a fixed token is not repeated.
    user(&wire.client()).unwrap_err();
    assert_eq!(wire.requests().len(), 1);
}

#[test]
fn throttled_calls_wait_and_calls_to_a_busy_server_are_retried_three_times() {
    let wire = Wire::json(r#"{"errcode": 90018, "errmsg": "m"}"#);
    let (builder, clock) = retrying(&wire);
    user(&builder.build().unwrap()).unwrap_err();
    assert_eq!(wire.requests().len(), 6);
    assert!(clock.sleeps().iter().all(|wait| *wait >= Duration::from_secs(1)), "{:?}", clock.sleeps());

    let wire = Wire::json(r#"{"errcode": -1, "errmsg": "m"}"#);
    let (builder, _clock) = retrying(&wire);
    user(&builder.build().unwrap()).unwrap_err();
    assert_eq!(wire.requests().len(), 4);

    let wire = Wire::json(r#"{"errcode": "90020", "errmsg": "m"}"#);
    let (builder, _clock) = retrying(&wire);
    user(&builder.build().unwrap()).unwrap_err();
    assert_eq!(wire.requests().len(), 1);
}

#[test]
fn oapi_base_url_sets_the_old_host() {
    let (new, old) = (Wire::json("{}"), Wire::json(MINIMAL_ANSWER));
    let client = new.builder().oapi_base_url(format!("{}/old/", old.url())).build().unwrap();
    user(&client).unwrap();
    send(&client).unwrap();
    assert_eq!(old.only_request().target, format!("/old{TARGET}"));
    assert!(new.only_request().target.starts_with("/v1.0/convFile/"));
}
