//! Requests exactly as sent, and answers exactly as documented.

mod answers;
mod around;
mod dentries;
mod limits;
mod spaces;
mod storage;
mod topapi;
mod uploads;
mod v2;

use std::time::Duration;

use dingtalk_files::testing::{ManualClock, Target};
use dingtalk_files::{Client, DentryType, Error, GetFileDownloadInfo, Region, TransferProtocol, UnionId};
use serde_json::json;

use crate::support::{
    DOWNLOAD_INFO, MINIMAL_ANSWER, SEND, SentRequest, TOKEN, UntouchedServer, Wire, fake, own_agent,
    query_info, send,
};

const INFO_TARGET: &str =
    "/v1.0/storage/spaces/space-1/dentries/dentry-1/downloadInfos/query?unionId=union-1";

#[test]
fn a_remote_file_requests_its_info_with_its_own_options() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let client = wire.client();
    let file = client.file("space-1", "dentry-1", UnionId("union-1"));
    let version = file.clone().version(3).prefer_intranet(false);
    for (file, body) in
        [(file, json!({})), (version, json!({"option": {"version": 3, "preferIntranet": false}}))]
    {
        file.download_info().unwrap();
        let expected = SentRequest::post(&wire.host(), INFO_TARGET, body).with_token();
        assert_eq!(wire.only_request(), expected);
    }
}

/// Repeated with the fake, which counts connections, unlike mockito, and also receives the token request.
#[test]
fn a_first_call_is_two_requests_on_one_connection() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    send(&client).unwrap();
    let requests = fake.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(fake.connections(), 1);
    assert_eq!(requests[0].target, Some(Target::Token));
    assert_eq!(
        requests[0].json().unwrap(),
        json!({"appKey": "fake-app-key", "appSecret": "fake-app-secret"})
    );
    assert_eq!(requests[0].header("x-acs-dingtalk-access-token"), None);
    let token = client.oauth2().get_access_token("fake-app-key", "fake-app-secret").unwrap();
    let host = fake.base_url().replace("http://", "");
    let body = json!({"spaceId": "space-1", "dentryId": "dentry-1"});
    let target = "/v1.0/convFile/apps/conversations/files/send?unionId=union-1";
    let expected = SentRequest::post(&host, target, body)
        .with_header("x-acs-dingtalk-access-token", token.access_token.expose());
    assert_eq!(SentRequest::from(&requests[1]), expected);
}

#[test]
fn unknown_values_are_kept_and_optional_fields_may_be_missing() {
    let wire = Wire::json(
        r#"{"new": {"deep": [1]}, "file": {"type": "SHORTCUT", "status": "FROZEN", "new": null,
            "createTime": "2022-07-29T14:55Z", "modifiedTime": "2022-07-29T14:55:00Z", "uuid": "uuid-1"}}"#,
    );
    let file = send(&wire.client()).unwrap();
    assert_eq!(file.kind, Some(DentryType::Other("SHORTCUT".to_owned())));
    assert_eq!(file.status.unwrap().as_str(), "FROZEN");
    assert_eq!(file.uuid.as_deref(), Some("uuid-1"));
    assert_eq!(file.size, None);
    // Both spellings are kept, and both are the same time.
    let (short, long) = (file.create_time.unwrap(), file.modified_time.unwrap());
    assert_eq!((short.as_str(), long.as_str()), ("2022-07-29T14:55Z", "2022-07-29T14:55:00Z"));
    assert_eq!((short.unix_seconds(), long.unix_seconds()), (Some(1_659_106_500), Some(1_659_106_500)));

    let wire = Wire::json(
        r#"{"protocol": "TORRENT", "more": 1, "headerSignatureInfo": {"region": "MARS", "more": {}, "resourceUrls": []}}"#,
    );
    let info = query_info(&wire.client()).unwrap();
    assert_eq!(info.protocol, Some(TransferProtocol::Other("TORRENT".to_owned())));
    let signed = info.header_signature_info.unwrap();
    assert_eq!(signed.region, Some(Region::Other("MARS".to_owned())));
    assert_eq!(signed.expiration_seconds, None);

    let little = query_info(&Wire::json(MINIMAL_ANSWER).client()).unwrap();
    assert_eq!(little.header_signature_info, None);
    let nothing = query_info(&Wire::json("{}").client()).unwrap_err().to_string();
    assert!(nothing.ends_with("answered 200: it has none of `protocol`, `headerSignatureInfo`"), "{nothing}");
    // A send that has run is not an error because its answer is minimal.
    assert_eq!(send(&Wire::json("{}").client()).unwrap().id, None);
    let token = Wire::json(r#"{"accessToken":"t"}"#);
    let token = token.client().oauth2().get_access_token("k", "s").unwrap();
    assert_eq!(token.expire_in, 7200);
}

/// Many Java servers send `null` for a missing value.
#[test]
fn null_is_read_as_a_missing_value() {
    assert_eq!(send(&Wire::json(r#"{"file": null}"#).client()).unwrap().name, None);
    let wire = Wire::json(
        r#"{"headerSignatureInfo": {"resourceUrls": ["https://h/o"], "headers": null, "region": null,
            "internalResourceUrls": null, "expirationSeconds": null}}"#,
    );
    let signed = query_info(&wire.client()).unwrap().header_signature_info.unwrap();
    assert_eq!(signed.resource_urls, ["https://h/o"]);
    assert!(signed.headers.is_empty() && signed.internal_resource_urls.is_empty());
}

#[test]
fn values_are_encoded_in_paths_and_queries() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let client = wire.client();
    let table = [
        ("a/b", "a%2Fb"),
        ("../up", "..%2Fup"),
        ("what?", "what%3F"),
        ("#1", "%231"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("a b+c", "a%20b%2Bc"),
        ("a&b=c", "a%26b%3Dc"),
        ("文件", "%E6%96%87%E4%BB%B6"),
    ];
    for (value, encoded) in table {
        let options = GetFileDownloadInfo::new();
        client.storage().get_file_download_info(value, value, UnionId(value), &options).unwrap();
        let target = format!(
            "/v1.0/storage/spaces/{encoded}/dentries/{encoded}/downloadInfos/query?unionId={encoded}"
        );
        let expected = SentRequest::post(&wire.host(), &target, json!({})).with_token();
        assert_eq!(wire.only_request(), expected);

        // A value in a body is sent unchanged.
        client.conv_file().send_by_app(value, value, UnionId(value)).unwrap();
        let seen = wire.only_request();
        assert_eq!(seen.body, json!({"spaceId": value, "dentryId": value}));
        assert!(seen.target.ends_with(&format!("send?unionId={encoded}")), "{}", seen.target);
    }
}

#[test]
fn empty_and_dot_ids_are_refused_without_a_request() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    let refusal = |space, dentry, person| {
        let options = GetFileDownloadInfo::new();
        let result = client.storage().get_file_download_info(space, dentry, UnionId(person), &options);
        result.unwrap_err()
    };
    let mut table = vec![(refusal("space-1", "dentry-1", ""), DOWNLOAD_INFO, "`unionId` is empty")];
    for (bad, problem) in
        [("", "is empty"), (".", "would name another path"), ("..", "would name another path")]
    {
        table.push((refusal(bad, "dentry-1", "union-1"), "`spaceId`", problem));
        table.push((refusal("space-1", bad, "union-1"), "`dentryId`", problem));
    }
    let sent = client.conv_file().send_by_app("space-1", "dentry-1", UnionId(""));
    table.push((sent.unwrap_err(), SEND, "`unionId` is empty"));
    for (error, named, problem) in table {
        let Error::InvalidArgument(text) = &error else { panic!("{error}") };
        assert!(text.contains(named) && text.contains(problem), "{text}");
        assert!(!error.may_have_run() && !error.is_transient());
    }
    // Not even a token was requested.
    assert_eq!(fake.connections(), 0);
}

#[test]
fn the_user_agent_can_be_set() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let client = wire.builder().user_agent("backup/1.0 (nightly)").build().unwrap();
    query_info(&client).unwrap();
    let expected = SentRequest::post(&wire.host(), INFO_TARGET, json!({}))
        .with_token()
        .with_header("user-agent", "backup/1.0 (nightly)");
    assert_eq!(wire.only_request(), expected);
}

#[test]
fn a_base_url_may_have_a_path() {
    for slash in ["", "/"] {
        let wire = Wire::json(MINIMAL_ANSWER);
        let base = format!("{}/gateway/dingtalk{slash}", wire.url());
        query_info(&wire.builder().base_url(base).build().unwrap()).unwrap();
        let target = format!("/gateway/dingtalk{INFO_TARGET}");
        let expected = SentRequest::post(&wire.host(), &target, json!({})).with_token();
        assert_eq!(wire.only_request(), expected);
    }
}

/// A custom agent keeps its settings, except those that would lose error bodies or send the token to other hosts.
#[test]
fn a_custom_agent_keeps_its_user_agent_but_follows_no_redirects() {
    let own = own_agent()
        .user_agent("own-agent/2")
        .max_redirects(10)
        .http_status_as_error(true)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent();

    let wire = Wire::json(MINIMAL_ANSWER);
    // `no_proxy` is not set, because the agent decides about proxies.
    let builder = |url: String| {
        let builder = Client::builder().access_token(TOKEN).base_url(url);
        builder.agent(own.clone())
    };
    query_info(&builder(wire.url()).build().unwrap()).unwrap();
    let request = |agent| {
        SentRequest::post(&wire.host(), INFO_TARGET, json!({})).with_token().with_header("user-agent", agent)
    };
    assert_eq!(wire.only_request(), request("own-agent/2"));
    query_info(&builder(wire.url()).user_agent("custom/3").build().unwrap()).unwrap();
    assert_eq!(wire.only_request(), request("custom/3"));

    let refusing = Wire::error(403, r#"{"code":"permissionDenied"}"#);
    let error = query_info(&builder(refusing.url()).build().unwrap()).unwrap_err();
    assert_eq!(error.code(), Some("permissionDenied"));

    let other_server = UntouchedServer::new();
    let location = format!("http://{}/stolen", other_server.host());
    for status in [301, 302, 303, 307, 308] {
        let moved = Wire::new(|mock| mock.with_status(status).with_header("location", &location));
        let error = send(&builder(moved.url()).build().unwrap()).unwrap_err();
        assert!(error.to_string().contains(&other_server.host()), "{error}");
        assert_eq!(moved.requests().len(), 1);
    }
    other_server.assert_untouched();
}

/// A request that the agent itself refuses was not sent, and is not retried.
#[test]
fn a_custom_agent_may_refuse_plain_http() {
    let wire = Wire::json("{}");
    let strict = own_agent().https_only(true).build().new_agent();
    let clock = ManualClock::new();
    let builder = Client::builder().access_token(TOKEN).base_url(wire.url());
    let client = builder.agent(strict).clock(clock.clone()).build().unwrap();
    let error = send(&client).unwrap_err();
    assert!(error.to_string().contains("https only"), "{error}");
    assert!(!error.may_have_run() && !error.is_transient(), "{error}");
    query_info(&client).unwrap_err();
    assert_eq!((wire.requests(), clock.sleeps()), (vec![], vec![]));
}
