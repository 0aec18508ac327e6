use super::*;

const OP: &str = "POST /v1.0/x";

fn classified(status: u16, content_type: Option<&str>, body: impl AsRef<[u8]>) -> Result<(), Error> {
    let answer = ApiAnswer {
        operation: OP,
        reads: false,
        status,
        content_type: content_type.map(str::to_owned),
        request_id: None,
        retry_after: None,
        body: body.as_ref().into(),
    };
    classify(&answer, &["planted-token"])
}

fn api(status: u16, code: &str) -> ApiError {
    match classified(status, None, format!(r#"{{"code":"{code}","message":"m"}}"#)) {
        Err(Error::Api(e)) => *e,
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_are_classified_by_code_and_not_by_status() {
    for status in [400, 403, 404] {
        assert!(api(status, "permissionDenied").is_permission_denied());
        assert!(api(status, "dentryNotExist").is_not_found());
    }
    let throttled = api(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi");
    assert!(throttled.is_throttled() && !throttled.is_permission_denied());
    assert!(api(403, "Forbidden.AccessDenied.QpmLimitForSuitekeyAndOrgAndApi").is_throttled());
    let monthly = api(403, "Forbidden.AccessDenied.ApiCountLimitForOrg");
    assert!(monthly.is_quota() && !monthly.is_throttled());
    for code in ["systemError", "unknownError", "operationTimeout"] {
        assert!(api(400, code).is_server_fault() && api(200, code).is_server_fault(), "{code}");
    }
    assert!(api(401, "InvalidAuthentication").is_token_refused());
    assert!(!api(400, "invalidClientIdOrSecret").is_token_refused());
}

#[test]
fn an_errcode_is_an_error_in_either_type_and_at_any_length() {
    let classified = |body: &str| classified(200, None, body);
    for good in [
        r#"{"errcode":0}"#,
        r#"{"errcode":"0","errmsg":"ok"}"#,
        r#"{"errcode":null}"#,
        r#"{"errcode":0.0,"sub_code":"0"}"#,
        r#"{"code":"0","message":"ok"}"#,
        r#"{"code":0,"message":"ok"}"#,
        r#"{"code":"","items":[{"errorCode":"permissionDenied"}]}"#,
        "{}",
    ] {
        classified(good).unwrap();
    }
    // A broken text does not hide a refusal.
    assert!(classified(r#"{"errcode":33012,"errmsg":"\ud83d"}"#).is_err());
    let long = format!(r#"{{"errcode":33012,"errmsg":"{}"}}"#, "m".repeat(1000));
    let table = [
        (r#"{"errcode":33012,"errmsg":"m","request_id":"R"}"#, "33012"),
        (r#"{"errcode":"33012","errmsg":"m"}"#, "33012"),
        (long.as_str(), "33012"),
        (r#"{"errcode":-1}"#, "-1"),
        (r#"{"errCode":404,"errMsg":"m"}"#, "404"),
        (r#"{"errcode":0,"code":"spaceGone"}"#, "spaceGone"),
        (r#"{"code":500}"#, "500"),
        (r#"{"sub_code":"40014"}"#, ""),
        (r#"{"success":false,"errorCode":"spaceGone","errorMsg":"m"}"#, "spaceGone"),
        (r#"{"errcode":88,"sub_code":"60011","sub_msg":"m","errmsg":"planted-token"}"#, "88"),
    ];
    for (body, code) in table {
        let Err(Error::Api(e)) = classified(body) else { panic!("{body}") };
        assert_eq!((e.code.as_str(), e.status), (code, 200));
        assert!(!e.to_string().contains("planted"), "{e}");
        assert_eq!(e.is_not_found(), code == "33012");
        assert_eq!(e.is_permission_denied(), code == "88", "{body}");
        assert_eq!(e.is_server_fault(), code == "-1");
    }
    let Err(Error::Api(e)) = classified(r#"{"errcode":88,"subCode":40014,"errmsg":"m","request_id":"R"}"#)
    else {
        panic!()
    };
    assert!(e.is_token_refused() && !e.is_permission_denied());
    assert!(
        e.to_string().starts_with("POST /v1.0/x answered 200 88 (40014): m (request id R). The access"),
        "{e}"
    );
}

/// The gateway's reason for its code 88 is in a field beside the code, or inside the text.
#[test]
fn a_sub_code_is_found_wherever_it_stands() {
    for (sub_code, what) in [
        ("40014", ApiError::is_token_refused as fn(&ApiError) -> bool),
        ("60011", ApiError::is_permission_denied),
        ("60020", ApiError::is_permission_denied),
        ("90002", ApiError::is_throttled),
        ("90018", ApiError::is_throttled),
    ] {
        for body in [
            format!(r#"{{"errcode":88,"sub_code":{sub_code}}}"#),
            format!(r#"{{"errcode":"88","subCode":"{sub_code}"}}"#),
            format!(
                r#"{{"errcode":88,"errmsg":"ding talk error[subcode={sub_code},submsg=of the vendor's]"}}"#
            ),
            format!(r#"{{"code":"88","message":"error [sub_code: {sub_code}]"}}"#),
        ] {
            for status in [200, 400] {
                let Err(Error::Api(e)) = classified(status, None, &body) else { panic!("{body}") };
                assert!(what(&e) && e.sub_code.as_deref() == Some(sub_code), "{status} {body}: {e:?}");
            }
        }
    }
}

#[test]
fn a_denied_success_is_not_done() {
    for denied in ["false", "\"False\"", "0", "\"0\""] {
        let body = format!(r#"{{"success":{denied},"dentry":{{"id":"1"}}}}"#);
        let Err(Error::Answer(e)) = classified(200, None, &body) else { panic!("{body}") };
        assert_eq!(e.problem, Problem::NotDone);
    }
    for said in ["true", "null", "1", "\"true\"", "\"\""] {
        classified(200, None, format!(r#"{{"success":{said}}}"#)).unwrap();
    }
    // The `success` of an item concerns that item only.
    classified(200, None, r#"{"resultItems":[{"success":false,"errorCode":"permissionDenied"}]}"#).unwrap();
}

#[test]
fn every_spelling_of_the_keys_is_read() {
    for body in [
        r#"{"code":"C","requestid":"R","message":"M","accessdenieddetail":{"requiredScopes":["S"]}}"#,
        r#"{"Code":"C","RequestId":"R","Message":"M","AccessDeniedDetail":{"RequiredScopes":["S"]}}"#,
        r#"{"code":"C","requestId":"R","description":"M","accessDeniedDetail":{"requiredScopes":["S"]}}"#,
    ] {
        let Err(Error::Api(e)) = classified(403, Some("application/json"), body) else { panic!("{body}") };
        assert_eq!(
            (e.code.as_str(), e.message.as_str(), e.request_id.as_deref(), e.required_scopes.as_slice()),
            ("C", "M", Some("R"), &["S".to_owned()][..])
        );
    }
}

#[test]
fn bans_pages_and_gateways_are_distinguished() {
    let ban = r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"u"}"#;
    for status in [200, 403, 500] {
        let Err(Error::Answer(e)) = classified(status, Some("application/json"), ban) else { panic!() };
        assert_eq!(e.problem, Problem::Banned { minutes: 5 });
        // A loop that calls again would prolong the ban.
        let error = Error::from(*e);
        assert!(error.is_rate_limited() && !error.is_transient(), "{status}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(300)));
    }
    let Err(Error::Answer(e)) = classified(200, None, r#"{"status":"1111","wait":"7"}"#) else { panic!() };
    assert_eq!(e.problem, Problem::Banned { minutes: 7 });
    for status in [404, 405] {
        let Err(Error::Answer(e)) = classified(status, Some("text/html"), "<html>not here</html>") else {
            panic!()
        };
        assert_eq!(e.problem, Problem::WrongAddress);
        assert!(!Error::from(*e).is_rate_limited());
    }
    let Err(Error::Answer(e)) = classified(200, Some("text/html"), "<html>…") else { panic!() };
    assert!(e.is_banned());
    let Err(Error::Answer(e)) = classified(200, None, "  <!doctype html>") else { panic!() };
    assert!(e.is_banned());
    let Err(Error::Answer(e)) = classified(502, Some("text/html"), "<html>bad gateway</html>") else {
        panic!()
    };
    assert_eq!(e.problem, Problem::Gateway);
    // An error with status 200 is still an error.
    let Err(Error::Api(e)) = classified(200, None, r#"{"code":"systemError","message":"m"}"#) else {
        panic!()
    };
    assert_eq!((e.status, e.code.as_str()), (200, "systemError"));
    let described = r#"{"code":"systemError","description":"busy"}"#;
    assert!(matches!(classified(200, None, described), Err(Error::Api(e)) if e.code == "systemError"));
    // The length of the body does not matter.
    let long = format!(r#"{{"message":"{}","Code":"systemError"}}"#, "m".repeat(5000));
    assert!(matches!(classified(200, None, &long), Err(Error::Api(e)) if e.code == "systemError"));
    // JSON with a wrong content type is still JSON.
    assert!(classified(200, Some("text/html"), r#"{"a":1}"#).is_ok());
    assert!(classified(200, None, "").is_ok());
}

/// Found by fuzzing: such a text is not JSON, but a type that skips unknown fields reads the rest.
#[test]
fn an_error_with_a_broken_text_is_not_an_empty_success() {
    let gbk = [br#"{"code":"spaceNotExist","message":""#.as_slice(), b"\xbf\xd5\xbc\xe4", br#""}"#].concat();
    for status in [200, 404] {
        let Err(Error::Api(e)) = classified(status, None, gbk.clone()) else { panic!("{status}") };
        assert_eq!(e.code, "spaceNotExist");
    }
    // Half of an emoji, and a number that does not fit any type.
    for text in [r#""\ud83d""#, "1e400"] {
        let body = format!(r#"{{"code":"spaceNotExist","message":{text}}}"#);
        let Err(Error::Api(e)) = classified(200, None, body) else { panic!("{text}") };
        assert_eq!((e.code.as_str(), e.message.as_str()), ("spaceNotExist", ""));
    }
    let escaped = r#"{"c\u006fde":"spaceNotExist","message":"m"}"#;
    assert!(matches!(classified(200, None, escaped), Err(Error::Api(e)) if e.code == "spaceNotExist"));
}

#[test]
fn an_echoed_token_is_withheld() {
    let body = r#"{"code":"InvalidAuthentication","message":"bad token planted-token"}"#;
    let text = classified(400, None, body).unwrap_err().to_string();
    assert!(!text.contains("planted-token"), "{text}");
    assert!(text.contains("InvalidAuthentication"), "{text}");
}
