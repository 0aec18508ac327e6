//! Error answers of the API host: each is classified by its content, whatever its status.

use std::time::Duration;

use dingtalk_files::testing::{FakeDingTalk, Fault, Target};
use dingtalk_files::{ApiError, Error, NetworkStage, Problem, RetryPolicy, UnexpectedAnswer, UnionId};
use serde_json::json;

use crate::support::{
    DOWNLOAD_INFO, SEND, UntouchedServer, client_and_clock, error_texts, fake, query_info, send,
};

/// Returns the error of a query whose every request meets this fault.
fn failure(fault: Fault) -> Error {
    let fake = fake();
    fake.fault_always(Target::DownloadInfo, fault);
    query_info(&client_without_retries(&fake)).unwrap_err()
}

fn client_without_retries(fake: &FakeDingTalk) -> dingtalk_files::Client {
    fake.client().retry(RetryPolicy::none()).build().unwrap()
}

#[track_caller]
fn api(error: &Error) -> &ApiError {
    match error {
        Error::Api(e) => e,
        other => panic!("not an API error: {other}"),
    }
}

#[track_caller]
fn answer(error: &Error) -> &UnexpectedAnswer {
    match error {
        Error::Answer(e) => e,
        other => panic!("not an unexpected answer: {other}"),
    }
}

/// Returns `[rate limited, not found, permission, authentication, transient, may have run]`.
fn traits_of(error: &Error) -> [bool; 6] {
    [
        error.is_rate_limited(),
        error.is_not_found(),
        error.is_permission_denied(),
        error.is_authentication(),
        error.is_transient(),
        error.may_have_run(),
    ]
}

const RATE: [bool; 6] = [true, false, false, false, true, false];
const QUOTA: [bool; 6] = [true, false, false, false, false, false];
const ABSENT: [bool; 6] = [false, true, false, false, false, false];
const DENIED: [bool; 6] = [false, false, true, false, false, false];
const UNAUTHENTICATED: [bool; 6] = [false, false, false, true, false, false];
/// A query changes nothing, so it never counts as "may have run", even without an answer.
const TRANSIENT: [bool; 6] = [false, false, false, false, true, false];
const FINAL: [bool; 6] = [false; 6];

#[test]
fn errors_are_classified_by_code_not_by_status() {
    let table = [
        (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", RATE),
        (403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", RATE),
        (403, "Forbidden.AccessDenied.QpsLimitForSuitekeyAndOrgAndApi", RATE),
        (403, "Forbidden.AccessDenied.QpsLimitForApi", RATE),
        (429, "system.busy", RATE),
        (503, "systemBusy", RATE),
        (403, "Forbidden.AccessDenied.ApiCountLimitForOrg", QUOTA),
        (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", DENIED),
        (403, "Forbidden.AccessDenied.IpNotInWhiteList", DENIED),
        (400, "permissionDenied", DENIED),
        (403, "permissionDenied", DENIED),
        (403, "orgAuthLevelNotEnough", DENIED),
        (404, "spaceNotExist", ABSENT),
        (400, "dentryNotExist", ABSENT),
        (404, "dentryNotExist", ABSENT),
        (400, "InvalidAuthentication", UNAUTHENTICATED),
        (401, "InvalidAuthentication", UNAUTHENTICATED),
        (500, "systemError", TRANSIENT),
        (500, "unknownError", TRANSIENT),
        (503, "operationTimeout", TRANSIENT),
        (400, "operationConcurrentControl", TRANSIENT),
        (400, "fileArchived", FINAL),
        (400, "paramError.spaceId", FINAL),
        (400, "somethingNew", FINAL),
    ];
    for (status, code, expected) in table {
        let error = failure(Fault::api_error(status, code));
        assert_eq!(traits_of(&error), expected, "{status} {code}");
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.bytes_written(), 0);
        let e = api(&error);
        assert_eq!((e.operation, e.status, e.code.as_str()), (DOWNLOAD_INFO, status, code));
        assert_eq!(e.message, "Failure injected by the fake.");
        // The text alone is enough for a support ticket.
        let text = error.to_string();
        for part in [DOWNLOAD_INFO, code, "Failure injected by the fake", error.request_id().unwrap()] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_missing_scope_is_named() {
    let scopes = json!(["Storage.DownloadInfo.Read", "Storage.File.Read"]);
    let error = failure(Fault::json(
        403,
        json!({"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "requestid": "REQUEST-1",
               "message": "no", "accessdenieddetail": {"requiredScopes": scopes}}),
    ));
    assert!(error.is_permission_denied());
    assert_eq!(api(&error).required_scopes, ["Storage.DownloadInfo.Read", "Storage.File.Read"]);
    assert_eq!(error.request_id(), Some("REQUEST-1"));
    let text = error.to_string();
    for part in ["Storage.DownloadInfo.Read, Storage.File.Read", "developer console", "REQUEST-1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn advice_names_the_remedy() {
    let table = [
        ("Forbidden.AccessDenied.IpNotInWhiteList", "allow-list"),
        ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "spread them out"),
        ("Forbidden.AccessDenied.ApiCountLimitForOrg", "monthly"),
        ("permissionDenied", "acting person"),
        ("dentryNotExist", "recycle bin"),
        ("spaceNotExist", "space id"),
        ("fileArchived", "ask again"),
    ];
    for (code, advice) in table {
        let error = failure(Fault::api_error(403, code));
        assert!(api(&error).advice().unwrap().contains(advice), "{error}");
        assert!(error.to_string().contains(advice), "{error}");
    }
    assert_eq!(api(&failure(Fault::api_error(400, "new"))).advice(), None);
}

#[test]
fn a_request_id_is_also_read_from_the_header() {
    let no_body = Fault::json(500, json!({"code": "systemError"})).header("x-acs-request-id", "HEADER-1");
    assert_eq!(failure(no_body).request_id(), Some("HEADER-1"));
    let page = Fault::html(502, "<html>").header("x-acs-request-id", "HEADER-2");
    assert_eq!(failure(page).request_id(), Some("HEADER-2"));
    let broken = Fault::json(200, "{").header("x-acs-request-id", "HEADER-3");
    assert_eq!(failure(broken).request_id(), Some("HEADER-3"));
}

#[test]
fn the_ban_of_an_address_is_never_a_success() {
    let ban = json!({"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u"});
    let page = "<!DOCTYPE html><html><body>too many requests</body></html>";
    for status in [200, 403, 429] {
        for fault in [Fault::json(status, ban.clone()), Fault::html(status, page)] {
            let fake = fake();
            fake.fault_always(Target::Send, fault.clone());
            fake.fault_always(Target::DownloadInfo, fault);
            // The default policy repeats not even a query, because requests prolong a ban.
            let (client, clock) = client_and_clock(&fake);
            let failures = [
                (SEND, send(&client).unwrap_err(), Target::Send),
                (DOWNLOAD_INFO, query_info(&client).unwrap_err(), Target::DownloadInfo),
            ];
            for (operation, error, target) in failures {
                let e = answer(&error);
                assert_eq!(
                    (e.operation, e.status, &e.problem),
                    (operation, status, &Problem::Banned { minutes: 5 })
                );
                assert!(e.is_banned());
                // Not transient, because retrying would prolong the ban.
                assert_eq!(traits_of(&error), QUOTA);
                assert_eq!(error.retry_after(), Some(Duration::from_secs(300)));
                assert!(error.to_string().contains("wait 5 minutes"), "{error}");
                assert_eq!(fake.requests_to(target).len(), 1);
            }
            assert_eq!(clock.sleeps(), []);
        }
    }
}

#[test]
fn a_gateway_error_is_reported_as_such() {
    for fault in [
        Fault::html(502, "<html><h1>Bad Gateway</h1></html>"),
        Fault::html(504, "<html>"),
        Fault::status(500),
        Fault::status(503),
    ] {
        let error = failure(fault);
        assert_eq!(answer(&error).problem, Problem::Gateway);
        assert_eq!(traits_of(&error), TRANSIENT);
        assert_eq!(error.code(), None);
    }
    // A 404 without a body is still an API error.
    let error = failure(Fault::status(404));
    assert_eq!((api(&error).status, error.code()), (404, Some("")));
}

#[test]
fn a_redirect_is_named_and_not_followed() {
    let other_server = UntouchedServer::new();
    let location = format!("http://{}/login?token=planted", other_server.host());
    for status in [301, 302, 303, 307, 308] {
        let fake = fake();
        let location = location.clone();
        fake.fault_always(Target::Send, Fault::Redirect { status, location });
        let error = send(&fake.client().build().unwrap()).unwrap_err();
        let e = answer(&error);
        let host = Some(other_server.host());
        assert_eq!((e.operation, e.status, &e.problem), (SEND, status, &Problem::Redirect { host }));
        assert!(error.to_string().contains(&other_server.host()), "{error}");
        assert!(!error_texts(&error).contains("planted"), "{error}");
        assert!(!error.is_transient());
        assert_eq!(fake.requests_to(Target::Send).len(), 1);
    }
    let nowhere = failure(Fault::status(302));
    assert_eq!(answer(&nowhere).problem, Problem::Redirect { host: None });
    other_server.assert_untouched();
}

#[test]
fn broken_json_is_reported_by_position_and_not_quoted() {
    let error = failure(Fault::json(200, "{\n  \"protocol\": \"planted-text"));
    let e = answer(&error);
    assert_eq!(e.status, 200);
    let place = Problem::Malformed { line: 2, column: 27 };
    assert_eq!(e.problem, place);
    let text = error.to_string();
    assert!(text.contains("line 2") && text.contains("column 27"), "{text}");
    assert!(!error_texts(&error).contains("planted"), "{error}");

    // Valid JSON with a wrong type: serde's message would quote the value.
    let wrong_type = failure(Fault::json(200, json!({"headerSignatureInfo": ["planted-text"]})));
    assert_eq!(answer(&wrong_type).problem, Problem::Unreadable("headerSignatureInfo".to_owned()));
    assert!(!error_texts(&wrong_type).contains("planted"));
    assert!(!wrong_type.may_have_run() && !wrong_type.is_transient());

    let empty = failure(Fault::status(200));
    assert_eq!(answer(&empty).problem, Problem::Empty(&["protocol", "headerSignatureInfo"]));
}

#[test]
fn an_endless_body_is_an_error() {
    for status in [200, 400] {
        let content_type = "application/json".to_owned();
        let error = failure(Fault::EndlessBody { status, content_type });
        let e = answer(&error);
        assert_eq!(e.status, status);
        let limit = 8 * 1024 * 1024;
        assert_eq!(e.problem, Problem::TooLong { limit });
    }
}

#[test]
fn an_interrupted_body_is_a_network_error() {
    for fault in [Fault::CutAfter(20), Fault::ResetAfter(20)] {
        let error = failure(fault);
        let Error::Network(e) = &error else { panic!("{error}") };
        assert_eq!(
            (e.operation, e.stage, e.timed_out, e.tls),
            (DOWNLOAD_INFO, NetworkStage::Body, false, false)
        );
        assert!(e.host.starts_with("127.0.0.1:"), "{}", e.host);
        assert_eq!(traits_of(&error), TRANSIENT);
    }
}

/// Found by fuzzing. A line break would start a new log entry, and the escape sequence would clear a terminal.
#[test]
fn an_errors_text_is_one_line_without_control_characters() {
    let hostile = "first\r\nsecond\u{1b}[2J";
    let body = json!({"code": hostile, "message": hostile, "requestid": hostile, "sub_code": hostile,
        "accessdenieddetail": {"requiredScopes": [hostile]}});
    let refused = failure(Fault::json(403, body));
    assert_eq!(api(&refused).message, hostile, "the field keeps the original text");

    let xml = format!(
        "<Error><Code>{hostile}</Code><Message>{hostile}</Message><RequestId>{hostile}</RequestId></Error>"
    );
    let fake = fake();
    fake.fault_always(Target::Object, Fault::html(403, &xml));
    let file = client_without_retries(&fake).file("space-1", "dentry-1", UnionId("operator-1"));
    let refused_object = file.download_to(&mut Vec::new(), ..).unwrap_err();
    assert!(matches!(refused_object, Error::Storage(_)), "{refused_object}");

    for error in [refused, refused_object] {
        let text = error.to_string();
        assert!(text.contains("first  second [2J") && !text.contains(char::is_control), "{text:?}");
    }
}

#[test]
fn paths_in_error_texts_are_quoted_and_stay_on_one_line() {
    let fake = fake();
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    let client = fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("union-1"));
    let to = |path: &str| file.download().to_file(path).unwrap_err().to_string();
    let from = |path: &str| {
        let upload = client.upload("space-1", "0", UnionId("union-1")).name("a.txt");
        upload.from_file(path).unwrap_err().to_string()
    };
    assert_eq!(to(""), "wrong argument: the target \"\" does not name a file");
    assert!(from("").starts_with("cannot upload \"\": "), "{}", from(""));
    for text in [to("no such\nfolder/a.txt"), from("no such\nfile"), to("no such\u{1b}[2J folder/..")] {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}

#[test]
fn errors_of_the_app_concern_every_call_and_errors_of_a_file_do_not() {
    let fake = fake();
    let client = fake.client().retry(RetryPolicy::none()).build().unwrap();
    let table = [
        (Fault::api_error(400, "dentryNotExist"), false),
        (Fault::api_error(403, "permissionDenied"), false),
        (Fault::api_error(400, "fileArchived"), false),
        (Fault::api_error(500, "systemError"), false),
        (Fault::api_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"), false),
        (Fault::CloseWithoutAnswer, false),
        (Fault::missing_scope("Storage.DownloadInfo.Read"), true),
        (Fault::api_error(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied"), true),
        (Fault::api_error(403, "Forbidden.AccessDenied.IpNotInWhiteList"), true),
        (Fault::api_error(403, "Forbidden.AccessDenied.ApiCountLimitForOrg"), true),
        (Fault::html(200, "<html>"), true),
    ];
    for (fault, expected) in table {
        fake.fault(Target::DownloadInfo, fault);
        let file = client.file("space-1", "dentry-1", UnionId("union-1"));
        let error = file.download_info().unwrap_err();
        assert_eq!(error.concerns_every_call(), expected, "{error}");
    }
    fake.fault(Target::Token, Fault::api_error(400, "invalidClientIdOrSecret"));
    let client = fake.client().build().unwrap();
    let error = client.file("space-1", "dentry-1", UnionId("union-1")).download_info().unwrap_err();
    assert!(error.concerns_every_call(), "{error}");
}
