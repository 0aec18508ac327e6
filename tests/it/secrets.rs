//! No secret becomes text. Every secret here contains the word `planted`, which must not occur in any text of this
//! crate.

use std::fmt::Debug;
use std::sync::atomic::AtomicBool;

use dingtalk_files::testing::{FakeDingTalk, Fault, Target};
use dingtalk_files::{
    ApiError, Client, ClientBuilder, Dentry, DownloadInfo, Error, GetFileDownloadInfo, ListRecents,
    NetworkStage, PartUploadInfo, Problem, RetryPolicy, Secret, StorageError, UnionId, Upload, UploadInfo,
    UserGet, UserId,
};
use serde_json::{Value, json};

use crate::support::{REFUSED, Scripted, Wire, error_texts, fake, http_answer, query_info, send};

const TOKEN: &str = "planted-token";
const APP_SECRET: &str = "planted-app-secret";
const AUTHORIZATION: &str = "OSS planted-key:planted-signature";

#[track_caller]
fn assert_no_secret(case: &str, text: &str) {
    assert!(!text.contains("planted"), "{case}: {text}");
}

#[track_caller]
fn assert_debug_has_no_secret(value: &impl Debug) {
    assert_no_secret("Debug", &format!("{value:?}\n{value:#?}"));
}

/// Asserts that the error has a text, and that no secret is part of it.
#[track_caller]
fn assert_error_has_no_secret(case: &str, error: &Error) {
    assert!(!error.to_string().is_empty());
    assert_no_secret(case, &error_texts(error));
}

/// Returns a download info with a secret in every possible place.
fn signed(url: &str) -> DownloadInfo {
    serde_json::from_value(signed_json(url)).unwrap()
}

fn signed_json(url: &str) -> Value {
    json!({
        "protocol": "HEADER_SIGNATURE",
        "headerSignatureInfo": {
            "resourceUrls": [url],
            "internalResourceUrls": ["http://planted-user:planted@internal.example/planted-path?s=planted"],
            "headers": {"Authorization": AUTHORIZATION, "x-oss-date": "planted-date"},
        },
    })
}

fn builder(url: &str) -> ClientBuilder {
    Client::builder().access_token(TOKEN).base_url(url).no_proxy().retry(RetryPolicy::none())
}

fn download(info: &DownloadInfo) -> Error {
    let client = builder(REFUSED).build().unwrap();
    client.download_to(info, &mut Vec::new(), ..).unwrap_err()
}

#[test]
fn debug_of_a_secret_reveals_only_that_it_is_one() {
    let secret = Secret::new(TOKEN);
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    assert_eq!(format!("{secret:#?}"), "Secret(..)");
    assert_eq!(format!("{:?}", Secret::default()), "Secret(..)");
    assert_eq!(format!("{:?}", Some(&secret)), "Some(Secret(..))");
    assert_eq!(secret.expose(), TOKEN);
}

#[test]
fn no_type_shows_a_secret() {
    let builders = [
        builder(REFUSED),
        Client::builder().app("key", APP_SECRET).base_url(REFUSED).no_proxy(),
        Client::builder()
            .token_source(|| Ok::<_, std::io::Error>(TOKEN.to_owned()))
            .base_url(REFUSED)
            .no_proxy(),
        builder(REFUSED).proxy("http://planted-user:planted-password@127.0.0.1:1"),
        builder(REFUSED).user_agent("agent/1"),
    ];
    for builder in builders {
        assert_debug_has_no_secret(&builder);
        let client = builder.build().unwrap();
        assert_debug_has_no_secret(&client);
        assert_debug_has_no_secret(&client.clone());
        assert_debug_has_no_secret(&client.file("space-1", "dentry-1", UnionId("union-1")).version(1));
        assert_debug_has_no_secret(&client.oauth2());
        assert_debug_has_no_secret(&client.conv_file());
        assert_debug_has_no_secret(&client.storage());
        assert_debug_has_no_secret(&client.storage_v2());
        assert_debug_has_no_secret(&client.doc());
        assert_debug_has_no_secret(&client.topapi());
        assert_debug_has_no_secret(&client.storage_v2().recents(&ListRecents::new()));
    }
    assert_debug_has_no_secret(&GetFileDownloadInfo::new().version(1));

    let wire = Wire::json(r#"{"accessToken":"planted-token","expireIn":7200}"#);
    let token = wire.client().oauth2().get_access_token("k", APP_SECRET).unwrap();
    assert_eq!(token.access_token.expose(), TOKEN);
    assert_debug_has_no_secret(&token);
    assert!(format!("{token:?}").contains("7200"), "values that are not secret are shown");

    for url in [
        "https://zjk.example/planted-path?Signature=planted",
        "https://zjk.example?planted",
        "https://zjk.example#planted",
        "https://planted-user:planted@zjk.example/planted?a=planted@planted",
        "planted",
    ] {
        let info = signed(url);
        assert_debug_has_no_secret(&info);
        assert_debug_has_no_secret(info.header_signature_info.as_ref().unwrap());
        let text = format!("{info:?}");
        // The host and the header names remain visible.
        assert!(text.contains("Authorization") && text.contains("internal.example"), "{text}");
        assert_eq!(text.contains("zjk.example"), url.contains("zjk.example"), "{text}");
    }
}

#[test]
fn no_type_of_an_upload_shows_a_secret() {
    let url = "https://planted-user:planted@zjk.example/planted-path?Signature=planted";
    let mut json = signed_json(url);
    json["uploadKey"] = json!("upload-key-1");
    let info: UploadInfo = serde_json::from_value(json.clone()).unwrap();
    json["partNumber"] = json!(7);
    let part: PartUploadInfo = serde_json::from_value(json).unwrap();
    let dentry: Dentry =
        serde_json::from_value(json!({"name": "a.png", "thumbnail": {"url": url, "width": 64}})).unwrap();
    assert_debug_has_no_secret(&info);
    assert_debug_has_no_secret(&part);
    assert_debug_has_no_secret(&dentry);
    for (text, seen) in [
        (format!("{info:?}"), ["upload-key-1", "Authorization", "internal.example"]),
        (format!("{part:?}"), ["part_number: 7", "Authorization", "internal.example"]),
        (format!("{dentry:?}"), ["a.png", "width: Some(64)", "zjk.example"]),
    ] {
        assert!(text.contains("zjk.example") && seen.iter().all(|s| text.contains(s)), "{text}");
    }
}

/// Answers of a server that repeats a secret, each named after the place of the secret.
fn echoes(secret: &str) -> Vec<(&'static str, Fault)> {
    let message = format!("the credential {secret} is not good");
    let error = |body: Value| Fault::json(400, body);
    vec![
        ("message", error(json!({"code": "c", "message": message}))),
        ("description", error(json!({"code": "c", "description": message}))),
        ("code", error(json!({"code": message, "message": "m"}))),
        ("request id", error(json!({"code": "c", "requestid": secret, "message": "m"}))),
        ("object for text", error(json!({"code": {"sent": secret}, "message": [secret]}))),
        ("unread field", error(json!({"code": "c", "debug": secret}))),
        ("text", Fault::json(403, format!("forbidden: {secret}"))),
        ("page", Fault::html(403, &format!("<p>{secret}</p>"))),
        ("gateway page", Fault::html(502, &format!("<p>{secret}</p>"))),
        ("broken JSON", Fault::json(200, format!("{{\"a\": {secret}"))),
        ("wrong type", Fault::json(200, format!("\"{secret}\""))),
        (
            "wrong type inside",
            Fault::json(200, json!({"file": secret, "protocol": [secret], "accessToken": [secret]})),
        ),
        (
            "redirect",
            Fault::Redirect { status: 302, location: format!("https://login.example/{secret}?{secret}") },
        ),
    ]
}

/// Like `echoes`, in places without free text, where a hostile or careless server may still put a secret.
fn odd_echoes(secret: &str) -> Vec<(&'static str, Fault)> {
    let denied = |scopes| {
        let code = "Forbidden.AccessDenied.AccessTokenPermissionDenied";
        Fault::json(403, json!({"code": code, "accessdenieddetail": {"requiredScopes": scopes}}))
    };
    vec![
        ("scopes", denied(json!([secret]))),
        ("scopes inside", denied(json!([{"sent": secret}]))),
        ("request id header", Fault::json(400, json!({"code": "c"})).header("x-acs-request-id", secret)),
        ("request id header of a page", Fault::html(502, "<p>").header("x-acs-request-id", secret)),
        ("redirect host", Fault::Redirect { status: 302, location: format!("https://{secret}.example/") }),
    ]
}

fn assert_no_echo(faults: fn(&str) -> Vec<(&'static str, Fault)>) {
    for (case, fault) in faults(TOKEN) {
        let fake = fake();
        fake.fault_always(Target::Send, fault.clone());
        fake.fault_always(Target::DownloadInfo, fault);
        let client = builder(&fake.base_url()).build().unwrap();
        // After a 2xx the file was sent, whatever the answer's content.
        match send(&client) {
            Ok(file) => assert_debug_has_no_secret(&file),
            Err(error) => assert_error_has_no_secret(case, &error),
        }
        assert_error_has_no_secret(case, &query_info(&client).unwrap_err());
        let file = client.file("space-1", "dentry-1", UnionId("union-1"));
        assert_error_has_no_secret(case, &file.download_to(&mut Vec::new(), ..).unwrap_err());
    }
    for (case, fault) in faults(APP_SECRET) {
        let fake = fake();
        fake.fault_always(Target::Token, fault);
        let app = Client::builder().app("key", APP_SECRET);
        let client = app.base_url(fake.base_url()).no_proxy();
        let client = client.retry(RetryPolicy::none()).build().unwrap();
        let error = send(&client).unwrap_err();
        assert!(matches!(error, Error::Token(_)), "{case}: {error}");
        assert_error_has_no_secret(case, &error);
        let direct = client.oauth2().get_access_token("key", APP_SECRET);
        assert_error_has_no_secret(case, &direct.unwrap_err());
    }
    for (case, body) in [("message", "the credential planted-app-secret"), ("code", "planted-app-secret")] {
        let wire = Wire::error(400, &json!({"code": body, "message": body}).to_string());
        let error = wire.client().oauth2().get_token("corp-1", "id", APP_SECRET).unwrap_err();
        assert_error_has_no_secret(case, &error);
    }
}

#[test]
fn secrets_echoed_by_an_api_host_are_redacted() {
    assert_no_echo(echoes);
}

#[test]
fn secrets_echoed_by_an_api_host_in_odd_places_are_redacted() {
    assert_no_echo(odd_echoes);
}

/// The old host's token is part of the URL, which errors and servers tend to repeat, encoded or not.
#[test]
fn a_token_in_a_url_is_redacted() {
    const ODD: &str = "planted+token/=";
    const ENCODED: &str = "planted%2Btoken%2F%3D";
    let user_get = |url: &str| {
        let client = Client::builder().access_token(ODD).base_url(url).no_proxy();
        let client = client.retry(RetryPolicy::none()).build().unwrap();
        assert_debug_has_no_secret(&client);
        client.topapi().user_get(UserId("userid-1"), &UserGet::new()).unwrap_err()
    };
    assert_error_has_no_secret("refused", &user_get(REFUSED));
    for echo in [ODD, ENCODED] {
        let query = format!("/topapi/v2/user/get?access_token={echo}");
        let table = [
            ("errmsg", "200 OK", json!({"errcode": 40035, "errmsg": query})),
            ("sub_msg", "200 OK", json!({"errcode": 88, "sub_code": echo, "sub_msg": query, "errmsg": "m"})),
            ("errcode", "200 OK", json!({"errcode": echo})),
            ("request id", "200 OK", json!({"errcode": 1, "request_id": echo})),
            ("other host's error", "400 Bad", json!({"code": echo, "message": query})),
            ("wrong type", "200 OK", json!({"errcode": 0, "result": query})),
            ("broken", "200 OK", json!(query)),
            ("page", "502 Bad", json!(format!("<p>{query}"))),
            ("redirect", &format!("302 Away\r\nLocation: https://h.example{query}"), json!({})),
        ];
        for (case, status, body) in table {
            let answer = http_answer(status, &body.to_string());
            let server = Scripted::start(move |_| answer.clone());
            assert_error_has_no_secret(case, &user_get(&server.url()));
            // The token was really sent.
            let request = server.closed.recv().unwrap();
            assert!(request.contains(&format!("?access_token={ENCODED} ")), "{request}");
        }
    }
    let silent = Scripted::start(|_| String::new());
    assert_error_has_no_secret("silent", &user_get(&silent.url()));
}

/// Only secret parts are withheld.
#[test]
fn the_rest_of_an_echoing_error_is_kept() {
    let fake = fake();
    let body = json!({"code": "InvalidAuthentication", "requestid": "REQUEST-1", "message": TOKEN});
    fake.fault_always(Target::Send, Fault::json(400, body));
    let error = send(&builder(&fake.base_url()).build().unwrap()).unwrap_err();
    assert_eq!((error.code(), error.request_id()), (Some("InvalidAuthentication"), Some("REQUEST-1")));
}

fn xml(message: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>{message}</Message>\
         <RequestId>REQUEST-1</RequestId><HostId>h</HostId><OSSAccessKeyId>planted-key</OSSAccessKeyId>\
         <SignatureProvided>planted-signature</SignatureProvided><StringToSign>GET planted</StringToSign>\
         <StringToSignBytes>47 45 54 planted</StringToSignBytes><EC>0002-00000040</EC></Error>"
    )
}

/// Returns the error of a download from a server with this answer.
fn refused_object(answer: String) -> Error {
    let server = Scripted::start(move |_| answer.clone());
    download(&signed(&format!("{}/planted?Signature=planted-url-signature", server.url())))
}

#[test]
fn secrets_echoed_by_an_object_store_are_redacted() {
    let quiet = refused_object(http_answer("403 Forbidden", &xml("No match.")));
    let Error::Storage(e) = &quiet else { panic!("{quiet}") };
    let kept = (e.code.as_deref(), e.message.as_deref(), e.ec.as_deref());
    assert_eq!(kept, (Some("SignatureDoesNotMatch"), Some("No match."), Some("0002-00000040")));
    assert_eq!(quiet.request_id(), Some("REQUEST-1"));
    assert_error_has_no_secret("XML", &quiet);

    for (case, answer) in [
        ("message", http_answer("403 Forbidden", &xml(&format!("You sent {AUTHORIZATION}")))),
        ("no XML", http_answer("403 Forbidden", AUTHORIZATION)),
        ("cut XML", http_answer("500 Oops", "<Error><Message>planted")),
        ("redirect", http_answer("307 Away\r\nLocation: https://h.example/planted?planted", "")),
    ] {
        let error = refused_object(answer);
        assert_error_has_no_secret(case, &error);
    }
}

#[test]
fn parts_of_secrets_echoed_by_an_object_store_are_redacted() {
    for part in ["planted-signature", "planted-key", "key:planted-signature"] {
        let message = xml(&format!("The signature {part} is not ours"));
        assert_error_has_no_secret(part, &refused_object(http_answer("403 Forbidden", &message)));
    }
}

#[test]
fn a_network_error_names_the_host_only() {
    let error = download(&signed(&format!("{REFUSED}/planted?Signature=planted")));
    let Error::Network(e) = &error else { panic!("{error}") };
    assert_eq!((e.host.as_str(), e.stage), ("127.0.0.1:1", NetworkStage::Connect));
    assert_error_has_no_secret("refused", &error);
    // The error of an interrupted body wraps another error.
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: \"1\"\r\n\r\nabc".to_owned();
    let error = refused_object(head);
    assert!(matches!(error, Error::Interrupted { written: 3, .. }), "{error}");
    assert_error_has_no_secret("cut", &error);
    assert_error_has_no_secret("silent", &refused_object(String::new()));
    assert_error_has_no_secret("no HTTP", &refused_object("planted\r\n\r\n".to_owned()));
}

#[test]
fn a_refused_download_info_is_not_quoted() {
    for url in [
        "planted",
        "ftp://planted:planted@h/planted",
        "http://planted-user:planted@127.0.0.1:1/planted",
        "file:///planted",
        "https://",
        "http:// planted/",
    ] {
        let error = download(&signed(url));
        assert!(
            matches!(&error, Error::Answer(e) if matches!(e.problem, Problem::ForbiddenUrl(_))),
            "{error}"
        );
        assert_error_has_no_secret(url, &error);
    }
    for name in ["Host", "Cookie", "x-oss-meta"] {
        let headers = json!({name: "planted\r\nplanted: planted"});
        let info = json!({"headerSignatureInfo": {"resourceUrls": [REFUSED], "headers": headers}});
        let error = download(&serde_json::from_value(info).unwrap());
        assert!(error.to_string().contains(name), "{error}");
        assert_error_has_no_secret(name, &error);
    }
}

#[test]
fn a_proxy_password_is_redacted() {
    for answer in ["HTTP/1.1 407 Authentication\r\nX: planted\r\nContent-Length: 7\r\n\r\nplanted", ""] {
        let proxy = Scripted::start(move |_| answer.to_owned());
        let url = format!("http://planted-user:planted-password@{}", proxy.address);
        let client = builder("http://dingtalk.example").proxy(url).build().unwrap();
        assert_debug_has_no_secret(&client);
        assert_error_has_no_secret("proxy", &send(&client).unwrap_err());
        // The proxy really received the password: `planted-user:planted-password` in base64.
        let request = proxy.closed.recv().unwrap();
        assert!(request.contains("cGxhbnRlZC11c2VyOnBsYW50ZWQtcGFzc3dvcmQ="), "{request}");
    }
    let gone = builder("http://dingtalk.example").proxy("http://planted:planted@127.0.0.1:1");
    assert_error_has_no_secret("no proxy there", &send(&gone.build().unwrap()).unwrap_err());
}

#[test]
fn a_wrong_configuration_is_not_quoted() {
    let wrong = [
        builder(REFUSED).proxy("gopher://planted:planted@h"),
        builder(REFUSED).proxy("http://planted:planted@"),
        builder("http://planted-user:planted@h"),
        builder("http://h?token=planted"),
        builder("planted"),
        builder(REFUSED).access_token("planted\n"),
        Client::builder().access_token("planted\n").base_url(REFUSED),
        Client::builder().app("", APP_SECRET).base_url(REFUSED),
    ];
    for builder in wrong {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error}");
        assert_error_has_no_secret("configuration", &error);
    }
    // A source's token is checked only when it is used.
    let source = Client::builder().token_source(|| Ok::<_, std::io::Error>("planted\n\ntoken"));
    let client = source.base_url(REFUSED).no_proxy().build().unwrap();
    assert_error_has_no_secret("header", &send(&client).unwrap_err());
}

/// Errors that occur during a transfer, with the fake's own secrets in use.
#[test]
fn errors_of_a_transfer_contain_no_secret() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let fail = |fault: Fault| {
        let fake = fake();
        fake.fault_always(Target::Object, fault);
        let client = fake.client().retry(RetryPolicy::none()).build().unwrap();
        let info = query_info(&client).unwrap();
        let error = client.download_to(&info, &mut Vec::new(), ..).unwrap_err();
        (error, info, fake)
    };
    let faults = [
        Fault::Crc(Some("1".to_owned())),
        Fault::GzipHeader,
        Fault::object_error(403, "AccessDenied"),
        Fault::object_error(404, "NoSuchKey"),
        Fault::CutAfter(3),
        Fault::ContentRange(Some("bytes 5-6/7".to_owned())),
    ];
    let mut checked = 0;
    for fault in faults {
        let (error, info, _fake) = fail(fault);
        let signed = info.header_signature_info.unwrap();
        let text = error_texts(&error);
        for secret in signed.headers.values().map(String::as_str) {
            assert!(!text.contains(secret), "{text}");
            checked += 1;
        }
        assert!(!text.contains(FakeDingTalk::APP_SECRET) && !text.contains("/oss/"));
    }
    assert_eq!(checked, 12);
    let fake = fake();
    let client = fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("union-1"));
    let error = file.download_to(&mut Full, ..).unwrap_err();
    assert!(
        matches!(error, Error::Write { written: 0, .. }) && error.to_string().contains("disk full"),
        "{error}"
    );
}

/// Returns a fake whose every upload answer contains a secret, its object store, and a client without retries.
///
/// `store` creates the object store's answers.
fn fake_with_planted_secrets(
    store: impl Fn(&str) -> String + Send + 'static,
) -> (FakeDingTalk, Scripted, Client) {
    let (fake, store) = (fake(), Scripted::start(store));
    let mut info = signed_json(&format!("{}/planted-path?Signature=planted-url-signature", store.url()));
    info["uploadKey"] = json!("upload-key-1");
    let mut part = info.clone();
    part["partNumber"] = json!(1);
    fake.fault_always(Target::UploadInfo, Fault::json(200, info));
    fake.fault_always(Target::InitMultipart, Fault::json(200, json!({"uploadKey": "upload-key-1"})));
    fake.fault_always(Target::PartInfos, Fault::json(200, json!({"multipartHeaderSignatureInfos": [part]})));
    let thumbnail = json!({"url": "https://zjk.example/planted?s=planted", "width": 64});
    let dentry = json!({"id": "dentry-9", "spaceId": "space-1", "name": "a.txt", "thumbnail": thumbnail});
    fake.fault_always(Target::Commit, Fault::json(200, json!({"dentry": dentry})));
    let client = builder(&fake.base_url()).build().unwrap();
    (fake, store, client)
}

/// Announces the end of the connection, so that no upload starts on a connection that is about to close.
fn stored(_: &str) -> String {
    http_answer("200 OK\r\nConnection: close", "")
}

fn upload<'a>(client: &Client) -> Upload<'a> {
    client.upload("space-1", "0", UnionId("operator-1")).name("a.txt")
}

#[test]
fn upload_secrets_echoed_by_an_object_store_are_redacted() {
    for (case, answer) in [
        ("XML", http_answer("403 Forbidden", &xml("No match."))),
        ("message", http_answer("403 Forbidden", &xml(&format!("You sent {AUTHORIZATION}")))),
        ("part", http_answer("403 Forbidden", &xml("The signature planted-signature is not ours"))),
        ("no XML", http_answer("400 Bad Request", AUTHORIZATION)),
        ("cut XML", http_answer("500 Oops", "<Error><Message>planted-signature")),
        ("redirect", http_answer("302 Away\r\nLocation: https://h.example/planted?planted", "")),
        ("checksum", http_answer("200 OK\r\nx-oss-hash-crc64ecma: 1", "planted")),
        ("silent", String::new()),
        ("no HTTP", "planted\r\n\r\n".to_owned()),
    ] {
        for in_parts in [false, true] {
            let answer = answer.clone();
            let (_fake, store, client) = fake_with_planted_secrets(move |_| answer.clone());
            let upload = upload(&client);
            let upload = if in_parts { upload.multipart_above(0) } else { upload };
            assert_error_has_no_secret(case, &upload.from_bytes("hello").unwrap_err());
            // The secrets were really sent.
            let request = store.closed.recv().unwrap();
            assert!(request.contains(AUTHORIZATION) && request.contains("Signature=planted"), "{request}");
        }
    }
}

#[test]
fn upload_secrets_echoed_by_an_api_host_are_redacted() {
    for faults in [echoes(TOKEN), odd_echoes(TOKEN)] {
        for (case, fault) in faults {
            let (fake, _store, client) = fake_with_planted_secrets(stored);
            for target in [Target::InitMultipart, Target::PartInfos] {
                fake.fault(target, fault.clone());
                let error = upload(&client).multipart_above(0).from_bytes("hello").unwrap_err();
                assert_error_has_no_secret(case, &error);
            }
            for target in [Target::UploadInfo, Target::Commit] {
                fake.fault(target, fault.clone());
                assert_optional_error_has_no_secret(case, upload(&client).from_bytes("hello").err());
            }
            fake.fault(Target::Send, fault);
            let sent = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
            // After a 2xx the file was sent, whatever the answer's content.
            let error = sent.to_user(UnionId("receiver-1")).err();
            assert!(error.as_ref().is_none_or(|e| matches!(e, Error::NotSent(_))), "{error:?}");
            assert_optional_error_has_no_secret(case, error);
        }
    }
}

/// Like `assert_error_has_no_secret`; an answer with the secret in unread fields may also be a success.
#[track_caller]
fn assert_optional_error_has_no_secret(case: &str, error: Option<Error>) {
    if let Some(error) = error {
        assert_error_has_no_secret(case, &error);
    }
}

#[test]
fn upload_types_and_results_show_no_secret() {
    let (fake, _store, client) = fake_with_planted_secrets(stored);
    let flag = AtomicBool::new(false);
    assert_debug_has_no_secret(&upload(&client).parallel(2).progress(drop).cancel(&flag));
    let done = upload(&client).from_bytes("hello").unwrap();
    assert_debug_has_no_secret(&done);
    assert!(format!("{done:?}").contains("zjk.example"), "values that are not secret are shown");

    // Failures with an unknown commit outcome, and before the commit.
    for (fault, unknown) in
        [(Fault::CloseWithoutAnswer, true), (Fault::api_error(400, "dentryNameIllegal"), false)]
    {
        fake.fault(Target::Commit, fault);
        let error = upload(&client).from_bytes("hello").unwrap_err();
        assert_error_has_no_secret("commit", &error);
        assert!(error.to_string().contains("upload-key-1") == unknown, "{error}");
        match error {
            Error::CommitOutcomeUnknown(e) => assert_debug_has_no_secret(&*e),
            Error::UploadInterrupted(e) => {
                assert_debug_has_no_secret(&e.pending);
                assert_debug_has_no_secret(&*e);
                assert_debug_has_no_secret(&upload(&client).resume(e.pending));
            }
            other => panic!("{other}"),
        }
    }

    let file = client.send_file("Cargo.toml");
    assert_debug_has_no_secret(&file);
    let folder = file.into_folder("space-1", "0", UnionId("operator-1"));
    assert_debug_has_no_secret(&folder);
    let thumbnail = json!({"url": "https://zjk.example/planted?s=planted"});
    let file = json!({"file": {"id": "dentry-9", "name": "a.txt", "thumbnail": thumbnail}});
    fake.fault(Target::Send, Fault::json(200, file));
    assert_debug_has_no_secret(&folder.to_user(UnionId("receiver-1")).unwrap());

    let remote = client.file("space-1", "dentry-1", UnionId("operator-1"));
    assert_debug_has_no_secret(&remote.download().resume(true).progress(drop).cancel(&flag));
    let mut last = None;
    upload(&client).progress(|now| last = Some(now)).from_bytes("hello").unwrap();
    assert_debug_has_no_secret(&last.unwrap());
}

/// A source's error contains no secret of the upload.
#[test]
fn a_source_error_contains_no_secret() {
    let (_fake, _store, client) = fake_with_planted_secrets(stored);
    for error in [
        upload(&client).from_file("missing file").unwrap_err(),
        upload(&client).from_reader(&b"hello"[..], 6).unwrap_err(),
        upload(&client).from_reader(&b"hello"[..], 4).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Source(_)), "{error}");
        assert_error_has_no_secret("source", &error);
    }
}

/// The types inside an error are plain data without further secrets.
#[test]
fn the_parts_of_an_error_are_plain_data() {
    fn assert_plain<T: Debug + Clone + PartialEq>() {}
    assert_plain::<ApiError>();
    assert_plain::<StorageError>();
    assert_plain::<Problem>();
}
