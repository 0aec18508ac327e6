//! Spaces, permissions, the recycle bin and opening files: behaviour that the comparison with the catalog does not
//! cover.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dingtalk_files::{
    DentryOpenInfo, Error, EventScope, GetDentryOpenInfo, ListPermissions, ListRecycleItems, Member,
    MemberType, OpenInfo, OpenType, Permission, Problem, RecycleBinScope, RestoreRecycleItem,
    RestoreRecycleItems, Result, Role, RoleId, Secret, Space, SpaceOwnerType, SpaceStatus, UnionId,
    WebOfficeTokens, WebOfficeUrl,
};
use serde_json::{Value, json};

use crate::support::{MINIMAL_ANSWER, SentRequest, Wire, error_texts};

const OPERATOR: UnionId<'_> = UnionId("union-1");
const PERMISSIONS: &str = "/v1.0/storage/spaces/space-1/dentries/0/permissions/query?unionId=union-1";

/// Starts a server that returns the answers in order, then repeats the last one.
fn pages(answers: Vec<Value>) -> Wire {
    let answers = Arc::new(answers);
    let count = Arc::new(AtomicUsize::new(0));
    Wire::new(move |mock| {
        let (answers, count) = (Arc::clone(&answers), Arc::clone(&count));
        mock.with_body_from_request(move |_| {
            let at = count.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            answers[at].to_string().into_bytes()
        })
    })
}

#[track_caller]
fn assert_refused<T>(result: Result<T>, route: &str, problem: &str) {
    let Err(Error::InvalidArgument(text)) = result else { panic!("not refused: {problem}") };
    assert!(text.contains(route) && text.contains(problem), "{text}");
}

#[test]
fn a_false_success_field_is_an_error() {
    let wire = Wire::new(|mock| {
        mock.with_header("x-acs-request-id", "request-1").with_body(r#"{"success": false, "new": 1}"#)
    });
    let client = wire.client();
    let storage = client.storage();
    let table = [
        // One operation may be repeated and the other may not. Neither is, because the server has answered.
        (
            storage.subscribe_event(&EventScope::Org, "corp-1", OPERATOR),
            "POST /v1.0/storage/events/subscribe",
        ),
        (storage.clear_recycle_bin("bin-1", OPERATOR), "POST /v1.0/storage/recycleBins/{recycleBinId}/clear"),
    ];
    for (result, operation) in table {
        let error = result.unwrap_err();
        let Error::Answer(answer) = &error else { panic!("{error}") };
        assert_eq!((answer.operation, answer.status, &answer.problem), (operation, 200, &Problem::NotDone));
        assert_eq!(error.request_id(), Some("request-1"));
        assert!(error.may_have_run() && !error.is_transient());
        let text = format!(
            "{operation} answered 200: it reports that it did not succeed, without a reason; check whether it has taken \
             effect before you try again (request id request-1)"
        );
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(wire.requests().len(), 2);

    // Every spelling of false is recognized.
    for answer in [r#"{"success": "false"}"#, r#"{"success": 0}"#, r#"{"success": "0"}"#] {
        let wire = Wire::json(answer);
        let error = wire.client().storage().clear_recycle_bin("bin-1", OPERATOR).unwrap_err();
        let Error::Answer(answer) = &error else { panic!("{error}") };
        assert_eq!(answer.problem, Problem::NotDone);
    }
}

#[test]
fn batch_query_roles_sends_its_ids_as_one_json_text_in_the_query() {
    let wire = Wire::json(
        r#"{"roleMap": {"dentry-1": [{"id": "MANAGER", "name": "Manager"}, {"id": "GUEST"}], "dentry-2": null}}"#,
    );
    let client = wire.client();
    let roles = client.storage().batch_query_roles("space-1", &["dentry-1", "a\"b&c"], OPERATOR).unwrap();
    let seen = wire.only_request();
    // ["dentry-1","a\"b&c"]
    let list = "%5B%22dentry-1%22%2C%22a%5C%22b%26c%22%5D";
    let target = format!(
        "/v1.0/storage/spaces/space-1/dentries/permissions/roles/batchQuery?dentryIdList={list}&unionId=union-1"
    );
    assert_eq!((seen.method.as_str(), seen.target), ("POST", target));
    assert_eq!(seen.body, Value::Null);
    assert_eq!(seen.headers["content-length"], ["0"]);

    assert_eq!(roles["dentry-1"][0].id, Some(RoleId::Manager));
    assert_eq!(roles["dentry-1"][1].id, Some(RoleId::Other("GUEST".to_owned())));
    assert_eq!(roles["dentry-2"], []);
    let roles =
        |answer| Wire::json(answer).client().storage().batch_query_roles("space-1", &["dentry-1"], OPERATOR);
    assert_eq!(roles(r#"{"roleMap": {}}"#).unwrap(), BTreeMap::new());
    for nothing in ["{}", r#"{"roleMap": null}"#] {
        assert!(roles(nothing).unwrap_err().to_string().ends_with("`roleMap` is missing"));
    }
}

#[test]
fn permissions_are_requested_page_by_page() {
    let item = |id: &str| json!({"member": {"type": "USER", "id": id}});
    let wire = pages(vec![
        json!({"permissions": [item("a"), item("b")], "nextToken": "t-1"}),
        json!({"permissions": null, "nextToken": "t-2"}),
        json!({"permissions": [item("c")], "nextToken": ""}),
    ]);
    let client = wire.client();
    let options = ListPermissions::new().max_results(2).next_token("t-0");
    let id = |item: Result<Permission>| item.unwrap().member.unwrap().id;
    let mut all = client.storage().permissions("space-1", "0", OPERATOR, &options);
    assert_eq!(wire.requests(), [], "no page is requested before it is needed");
    assert_eq!(id(all.next().unwrap()), "a");
    assert_eq!(id(all.next().unwrap()), "b");
    let request = |token: &str| {
        let body = json!({"option": {"maxResults": 2, "nextToken": token}});
        SentRequest::post(&wire.host(), PERMISSIONS, body).with_token()
    };
    assert_eq!(wire.only_request(), request("t-0"));
    assert_eq!(all.map(id).collect::<Vec<_>>(), ["c"]);
    assert_eq!(wire.requests(), [request("t-1"), request("t-2")]);
}

#[test]
fn recycle_items_are_requested_page_by_page() {
    let item = |id: &str| json!({"id": id});
    let wire = pages(vec![
        json!({"recycleItems": [item("a")], "nextToken": "t 1"}),
        json!({"recycleItems": [item("b")], "nextToken": null}),
    ]);
    let client = wire.client();
    let all = client.storage().recycle_items("bin-1", OPERATOR, &ListRecycleItems::new());
    let ids: Vec<_> = all.map(|item| item.unwrap().id.unwrap()).collect();
    assert_eq!(ids, ["a", "b"]);
    let path = "/v1.0/storage/recycleBins/bin-1/recycleItems?unionId=union-1";
    let request = |target: &str| SentRequest::get(&wire.host(), target).with_token();
    assert_eq!(wire.requests(), [request(path), request(&format!("{path}&nextToken=t%201"))]);
}

#[test]
fn a_list_ends_if_the_token_repeats_and_after_an_error() {
    let same = pages(vec![json!({"recycleItems": [{"id": "a"}], "nextToken": "t-1"})]);
    let client = same.client();
    let all = client.storage().recycle_items("bin-1", OPERATOR, &ListRecycleItems::new());
    assert_eq!(all.count(), 2);
    assert_eq!(same.requests().len(), 2);

    let failing = Wire::error(403, r#"{"code": "permissionDenied", "message": "no"}"#);
    let client = failing.client();
    let mut all = client.storage().permissions("space-1", "0", OPERATOR, &ListPermissions::new());
    assert!(all.next().unwrap().unwrap_err().is_permission_denied());
    assert!(all.next().is_none() && all.next().is_none());
    failing.only_request();

    // A value beyond a limit is refused without a request.
    let options = ListRecycleItems::new().max_results(51);
    let mut all = client.storage().recycle_items("bin-1", OPERATOR, &options);
    assert!(matches!(all.next(), Some(Err(Error::InvalidArgument(_)))));
    assert!(all.next().is_none());
    assert_eq!(failing.requests(), []);
}

/// A query with an empty answer has failed; a change with an empty answer has run.
#[test]
fn an_empty_answer_is_an_error_for_queries_only() {
    for bare in [
        "{}",
        r#"{"space": null, "recycleBin": null, "item": null, "org": {}, "app": null, "permissions": null,
            "resultItems": null, "async": null, "taskId": "", "dentryId": null, "url": null}"#,
    ] {
        let wire = Wire::json(bare);
        let client = wire.client();
        let storage = client.storage();
        let open = GetDentryOpenInfo::new();
        let queries = [
            (storage.get_space("space-1", OPERATOR).map(drop), "`space`"),
            (storage.get_org("corp-1", OPERATOR).map(drop), "`org`"),
            (storage.get_current_app(OPERATOR).map(drop), "`app`"),
            (storage.get_recycle_bin(&RecycleBinScope::Org, "corp-1", OPERATOR).map(drop), "`recycleBin`"),
            (storage.get_recycle_item("bin-1", "item-1", OPERATOR).map(drop), "`item`"),
            (storage.get_dentry_open_info("space-1", "dentry-1", OPERATOR, &open).map(drop), "`url`"),
            (storage.get_web_office_url("s", "d", OPERATOR).map(drop), "`webOfficeUrl`"),
        ];
        for (result, field) in queries {
            let text = result.unwrap_err().to_string();
            assert!(text.contains("200: ") && text.contains(field), "{field}: {text}");
        }
        let options = RestoreRecycleItem::new();
        let restored = storage.restore_recycle_item("bin-1", "item-1", OPERATOR, &options).unwrap();
        assert_eq!((restored.is_async, restored.task_id, restored.dentry_id), (false, None, None));
        let (access, refresh) = (Secret::new("a"), Secret::new("r"));
        let tokens = storage.refresh_web_office_token("s", "d", &access, &refresh, OPERATOR).unwrap();
        assert_eq!(tokens, WebOfficeTokens::default());
    }
    let page = Wire::json(r#"{"permissions": null, "nextToken": null}"#);
    let page =
        page.client().storage().list_permissions("space-1", "0", OPERATOR, &ListPermissions::new()).unwrap();
    assert_eq!((page.items.len(), page.next_token), (0, None));
    let nulls =
        json!({"member": {"type": null, "id": null, "corpId": null}, "role": {"id": null, "name": null}});
    let permission: Permission = serde_json::from_value(nulls).unwrap();
    let member = permission.member.unwrap();
    assert_eq!((member.kind, member.id.as_str(), member.corp_id), (None, "", None));
    assert_eq!(permission.role, Some(Role::default()));
    // A permission without an end may have a duration of -1.
    let permission: Permission = serde_json::from_str(r#"{"duration": -1}"#).unwrap();
    assert_eq!(permission.duration, Some(-1));
}

#[test]
fn unknown_words_are_kept() {
    let json = json!({"ownerType": "ROBOT", "status": "FROZEN", "partitions": [
        {"partitionType": "CLOUD", "quota": {"type": "LEASED"}}, {"partitionType": null, "quota": null}]});
    let space: Space = serde_json::from_value(json).unwrap();
    assert_eq!(space.owner_type, Some(SpaceOwnerType::Other("ROBOT".to_owned())));
    assert_eq!(space.status, Some(SpaceStatus::Other("FROZEN".to_owned())));
    let quota = space.partitions[0].quota.as_ref().unwrap();
    assert_eq!(quota.kind.as_ref().unwrap().as_str(), "LEASED");
    // The vendor's word for a deleted space.
    let space: Space = serde_json::from_str(r#"{"status": "DELETE"}"#).unwrap();
    assert_eq!(space.status, Some(SpaceStatus::Deleted));

    // A listed member can be sent back unchanged, including unknown words.
    let json = json!({"type": "ROBOT", "id": "robot-1", "corpId": "corp-1"});
    let member: Member = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(member.kind, Some(MemberType::Other("ROBOT".to_owned())));
    assert_eq!(serde_json::to_value(member).unwrap(), json);
}

#[test]
fn a_restored_item_is_done_failed_or_running() {
    let wire = Wire::json(
        r#"{"resultItems": [
            {"recycleItemId": "item-1", "async": false, "success": true, "spaceId": "space-1", "dentryId": "dentry-1",
                "errorCode": "", "taskId": ""},
            {"recycleItemId": "item-2", "async": false, "success": false, "errorCode": "permissionDenied"},
            {"recycleItemId": "item-3", "async": true, "taskId": "task-1", "dentryId": "dentry-3"}]}"#,
    );
    let client = wire.client();
    let (ids, options) = (["item-1", "item-2", "item-3"], RestoreRecycleItems::new());
    let items = client.storage().restore_recycle_items("bin-1", &ids, OPERATOR, &options).unwrap();
    let outcomes: Vec<_> = items
        .iter()
        .map(|item| (item.success, item.error_code.as_deref(), item.is_async, item.task_id.as_deref()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Some(true), None, false, None),
            (Some(false), Some("permissionDenied"), false, None),
            (None, None, true, Some("task-1")),
        ]
    );
}

/// The only option whose name on the wire differs from its name here.
#[test]
fn open_type_is_sent_as_the_type_option() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let client = wire.client();
    let table = [
        (GetDentryOpenInfo::new(), json!({})),
        (GetDentryOpenInfo::new().open_type(OpenType::Edit), json!({"option": {"type": "EDIT"}})),
        (GetDentryOpenInfo::new().version(2), json!({"option": {"version": 2}})),
        (
            GetDentryOpenInfo::new().check_login(true).open_type(OpenType::Other("PRINT".to_owned())),
            json!({"option": {"type": "PRINT", "checkLogin": true}}),
        ),
    ];
    for (options, body) in table {
        client.storage().get_dentry_open_info("space-1", "dentry-1", OPERATOR, &options).unwrap();
        let target = "/v1.0/storage/spaces/space-1/dentries/dentry-1/openInfos/query?unionId=union-1";
        assert_eq!(wire.only_request(), SentRequest::post(&wire.host(), target, body).with_token());
    }
}

#[test]
fn debug_output_omits_open_urls_and_tokens() {
    let url = "https://planted-user:planted@office.example/planted?token=planted";
    let json = json!({"url": url, "webOfficeUrl": url, "webOfficeAccessToken": "planted",
        "webOfficeRefreshToken": "planted"});
    let read = |json: &Value| -> (DentryOpenInfo, WebOfficeUrl, WebOfficeTokens) {
        let json = json.to_string();
        let read = (serde_json::from_str(&json), serde_json::from_str(&json), serde_json::from_str(&json));
        (read.0.unwrap(), read.1.unwrap(), read.2.unwrap())
    };
    let (info, office, tokens) = read(&json);
    let registered = OpenInfo::new(OpenType::Preview, url);
    for text in [format!("{info:?}"), format!("{office:#?}"), format!("{registered:?}")] {
        assert!(text.contains("office.example") && !text.contains("planted"), "{text}");
    }
    assert!(!format!("{tokens:?}").contains("planted"));
    assert_eq!(office.url.as_deref(), Some(url));
    assert_eq!(tokens.refresh_token.unwrap().expose(), "planted");
}

#[test]
fn tokens_in_a_query_are_encoded_and_omitted_from_errors() {
    let (access, refresh) = (Secret::new("planted/1+"), Secret::new("planted=2"));
    let renew = |wire: &Wire| {
        let client = wire.client();
        client.storage().refresh_web_office_token("space-1", "dentry-1", &access, &refresh, OPERATOR)
    };
    let wire = Wire::json("{}");
    renew(&wire).unwrap();
    let target = "/v1.0/storage/spaces/space-1/dentries/dentry-1/refreshWebOfficeToken\
        ?webOfficeAccessToken=planted%2F1%2B&webOfficeRefreshToken=planted%3D2&unionId=union-1";
    assert_eq!(wire.only_request(), SentRequest::get(&wire.host(), target).with_token());

    for echoed in [&access, &refresh] {
        let encoded = echoed.expose().replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
        let body = json!({"code": echoed.expose(), "message": format!("no route /x?token={encoded}"),
            "requestid": echoed.expose()});
        for status in [400, 500] {
            let wire = Wire::error(status, &body.to_string());
            let text = error_texts(&renew(&wire).unwrap_err());
            assert!(!text.contains("planted"), "{text}");
        }
    }
    let empty = Wire::json("{}");
    let client = empty.client();
    let refused = client.storage().refresh_web_office_token("s", "d", &access, &Secret::new(""), OPERATOR);
    assert_refused(refused, "refreshWebOfficeToken", "`webOfficeRefreshToken` is empty");
    assert_eq!(empty.requests(), []);
}
