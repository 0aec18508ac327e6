//! Storage 2.0 and related operations: behaviour that the comparison with the facts does not cover.

use dingtalk_files::{
    AddPermission, CleanFile, CleanedFiles, Client, ConversationSpace, DentryIds, DentryType, Doc, Error,
    FoundDentry, FoundPublishDentry, FoundWorkspace, ListOperationLogs, ListPermissions, ListRecents,
    ListStars, MemberType, MemberV2, OperationLog, Page, Pages, PermissionInheritance, PermissionV2,
    RecentDentry, Result, RetryPolicy, Role, RoleId, SearchDentries, SearchPublishDentries, SearchWorkspaces,
    ShareScope, Star, Topapi, UnionId, User, UserGet,
};
use serde_json::{Value, json};

use crate::support::{MINIMAL_ANSWER, REFUSED, SentRequest, Wire, fake};

const PERSON: UnionId<'static> = UnionId("union-1");

#[test]
fn a_members_name_is_sent_when_adding_but_not_when_removing() {
    let wire = Wire::json(r#"{"success": true}"#);
    let client = wire.client();
    let (storage, member) = (client.storage_v2(), [MemberV2::new(MemberType::Tag, "tag-1").name("Sales")]);
    storage.add_permission("uuid-1", &RoleId::Reader, &member, PERSON, &AddPermission::new()).unwrap();
    let named = json!([{"type": "TAG", "id": "tag-1", "name": "Sales"}]);
    assert_eq!(wire.only_request().body, json!({"roleId": "READER", "members": named}));
    storage.delete_permission("uuid-1", &RoleId::Reader, &member, PERSON).unwrap();
    let nameless = json!([{"type": "TAG", "id": "tag-1"}]);
    assert_eq!(wire.only_request().body, json!({"roleId": "READER", "members": nameless}));
}

#[test]
fn lists_in_a_query_are_sent_as_numbered_parameters() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let client = wire.client();
    let storage = client.storage_v2();
    let options = ListRecents::new().operator_id(PERSON).file_types([7]).operate_types([8, 9]).max_results(3);
    storage.list_recents(&options.next_token("a b")).unwrap();
    let target = "/v2.0/storage/recents/listV2?fileTypes.1=7&maxResults=3&nextToken=a%20b&operateTypes.1=8\
                  &operateTypes.2=9&operatorId=union-1";
    assert_eq!(wire.only_request(), SentRequest::get(&wire.host(), target).with_token());
    storage.list_stars(&ListStars::new().support_resource_types(["文".to_owned()])).unwrap();
    let target = "/v2.0/storage/stars/list?supportResourceTypes.1=%E6%96%87";
    assert_eq!(wire.only_request(), SentRequest::get(&wire.host(), target).with_token());
    storage.list_stars(&ListStars::new()).unwrap();
    assert_eq!(wire.only_request(), SentRequest::get(&wire.host(), "/v2.0/storage/stars/list").with_token());
}

#[test]
fn has_more_false_means_no_next_token() {
    for (has_more, token) in [("true", Some("a")), ("null", Some("a")), ("false", None)] {
        let wire = Wire::json(&format!(r#"{{"hasMore": {has_more}, "nextToken": "a"}}"#));
        let client = wire.client();
        let recents = client.storage_v2().list_recents(&ListRecents::new()).unwrap();
        let stars = client.storage_v2().list_stars(&ListStars::new()).unwrap();
        assert_eq!((recents.next_token.as_deref(), stars.next_token.as_deref()), (token, token));
    }
}

/// Starts a server with two pages; the second has the token `a`, and is followed by the token `after`.
fn two_pages(list: &'static str, after: Value) -> Wire {
    Wire::new(move |mock| {
        let after = after.clone();
        mock.with_body_from_request(move |request| {
            let body = String::from_utf8_lossy(request.body().unwrap()).into_owned();
            let sent = format!("{}{body}", request.path_and_query());
            let is_second = sent.contains("nextToken=a") || sent.contains(r#""nextToken":"a""#);
            let (name, token) = if is_second { ("2", after.clone()) } else { ("1", json!("a")) };
            json!({list: [{"name": name, "id": name, "dentryUuid": name}], "nextToken": token})
                .to_string()
                .into_bytes()
        })
    })
}

fn count<T>(pages: Pages<'_, T>) -> (usize, usize) {
    let (good, bad): (Vec<_>, Vec<_>) = pages.partition(Result::is_ok);
    (good.len(), bad.len())
}

#[test]
fn every_iterator_fetches_all_pages() {
    // The last page has no token, an empty one, or a repeated one.
    for last in [json!(null), json!(""), json!("a")] {
        let walk = |list: &'static str, all: &dyn Fn(&Client) -> (usize, usize)| {
            let wire = two_pages(list, last.clone());
            assert_eq!(all(&wire.client()), (2, 0), "{list} {last}");
            let requests = wire.requests();
            assert_eq!(requests.len(), 2, "{list} {last}");
            let sent: Vec<_> = requests.iter().map(|r| format!("{} {}", r.target, r.body)).collect();
            assert!(!sent[0].contains("nextToken") && sent[1].contains("nextToken"), "{sent:?}");
        };
        walk("permissions", &|c| {
            count(c.storage_v2().permissions("uuid-1", PERSON, &ListPermissions::new()))
        });
        walk("items", &|c| count(c.storage_v2().operation_logs(&ListOperationLogs::new())));
        walk("recentDentryList", &|c| count(c.storage_v2().recents(&ListRecents::new())));
        walk("starList", &|c| count(c.storage_v2().stars(&ListStars::new())));
        walk("items", &|c| count(c.storage_v2().found_dentries("word", PERSON, &SearchDentries::new())));
        walk("items", &|c| {
            let options = SearchPublishDentries::new();
            count(c.storage_v2().found_publish_dentries("word", "workspace-1", PERSON, &options))
        });
        walk("items", &|c| count(c.storage_v2().found_workspaces("word", PERSON, &SearchWorkspaces::new())));
    }
}

#[test]
fn an_iterator_is_lazy_and_owns_its_options() {
    let wire = two_pages("permissions", json!(null));
    let client = wire.client();
    // The iterator borrows neither the handle nor the arguments.
    let mut pages = {
        let (uuid, person) = ("uuid-1".to_owned(), "union-1".to_owned());
        let options = ListPermissions::new().max_results(5);
        client.storage_v2().permissions(&uuid, UnionId(&person), &options)
    };
    assert_eq!(wire.requests().len(), 0);
    pages.next().unwrap().unwrap();
    let target = "/v2.0/storage/spaces/dentries/uuid-1/permissions/query?unionId=union-1";
    let first = SentRequest::post(&wire.host(), target, json!({"option": {"maxResults": 5}})).with_token();
    assert_eq!(wire.only_request(), first);
    pages.next().unwrap().unwrap();
    assert_eq!(wire.only_request().body, json!({"option": {"maxResults": 5, "nextToken": "a"}}));
    assert!(pages.next().is_none());
    // The iterator starts at the token in the options.
    let from_a = ListPermissions::new().next_token("a");
    assert_eq!(count(client.storage_v2().permissions("uuid-1", PERSON, &from_a)), (1, 0));
}

#[test]
fn an_iterator_returns_an_error_once() {
    let wire = Wire::error(403, r#"{"code": "permissionDenied", "message": "m"}"#);
    let client = wire.client();
    assert_eq!(count(client.storage_v2().recents(&ListRecents::new())), (0, 1));
    assert_eq!(wire.requests().len(), 1);
    let wrong = ListPermissions::new().max_results(31);
    assert_eq!(count(client.storage_v2().permissions("uuid-1", PERSON, &wrong)), (0, 1));
    assert_eq!(wire.requests().len(), 0);
}

#[test]
fn only_operation_logs_have_a_total_count() {
    let wire = Wire::json(r#"{"items": [{"id": "log-1"}], "totalCount": 7}"#);
    let client = wire.client();
    let options = ListOperationLogs::new().start_time(1);
    let logs = client.storage_v2().list_operation_logs(&options).unwrap();
    assert_eq!((logs.items.len(), logs.total_count), (1, Some(7)));
    assert_eq!(wire.only_request().body, json!({"startTime": 1}));
    let found: Page<_> =
        client.storage_v2().search_workspaces("word", PERSON, &SearchWorkspaces::new()).unwrap();
    assert_eq!(found.total_count, None);
}

#[test]
fn unknown_words_and_nulls_are_accepted() {
    let wire = Wire::json(
        r#"{"permissions": [{"role": {"id": "JANITOR"}, "member": {"type": "ROBOT", "id": null}, "duration": -1}, {}],
            "inheritance": "SOMETIMES", "roleMap": {"uuid-1": null, "uuid-2": [{"id": "READER"}, {}]}}"#,
    );
    let client = wire.client();
    let storage = client.storage_v2();
    let page = storage.list_permissions("uuid-1", PERSON, &ListPermissions::new()).unwrap();
    let (role, member) = (page.items[0].role.as_ref().unwrap(), page.items[0].member.as_ref().unwrap());
    assert_eq!(role.id, Some(RoleId::Other("JANITOR".to_owned())));
    assert_eq!(member.kind, Some(MemberType::Other("ROBOT".to_owned())));
    assert_eq!((member.id.as_str(), page.items[0].duration, &page.items[1].role), ("", Some(-1), &None));
    let inheritance = storage.get_permission_inheritance("uuid-1", PERSON).unwrap();
    assert_eq!(inheritance, Some(PermissionInheritance::Other("SOMETIMES".to_owned())));
    let roles = storage.batch_query_roles(&["uuid-1", "uuid-2"], PERSON).unwrap();
    assert!(roles["uuid-1"].is_empty());
    assert_eq!(roles["uuid-2"][0].id, Some(RoleId::Reader));
}

#[test]
fn a_sent_link_is_a_file_in_either_spelling() {
    for word in ["FILE", "file"] {
        let wire = Wire::json(&json!({"file": {"type": word}}).to_string());
        let sent = wire.client().conv_file().send_link("space-1", "dentry-1", "open-1", PERSON).unwrap();
        assert_eq!(sent.kind, Some(DentryType::File));
    }
    let sent = Wire::json(r#"{"file": {"type": null, "name": "a"}}"#);
    let sent = sent.client().conv_file().send_link("space-1", "dentry-1", "open-1", PERSON).unwrap();
    assert_eq!((sent.kind, sent.name.as_deref()), (None, Some("a")));
}

/// `clean_file` is the only operation without a token, so no token is fetched either.
#[test]
fn clean_file_sends_and_fetches_no_token() {
    let wire = Wire::json(r#"{"successIds": [9007199254740993], "failureIds": null}"#);
    let app = Client::builder().app("key", "secret").base_url(wire.url()).no_proxy();
    let client = app.retry(RetryPolicy::none()).build().unwrap();
    let cleaned = client.storage_v2().clean_file(&CleanFile::new().dentry_id(798)).unwrap();
    assert_eq!((cleaned.success_ids, cleaned.failure_ids), (vec![9_007_199_254_740_993], vec![]));
    let expected =
        SentRequest::post(&wire.host(), "/v2.0/storage/filemanager/clean", json!({"dentryId": 798}));
    assert_eq!(wire.only_request(), expected);
}

#[test]
fn a_corp_token_is_requested_without_a_token() {
    let wire = Wire::json(r#"{"access_token": "access-token-2", "expires_in": 100}"#);
    let token = wire.client().oauth2().get_token("corp/1", "client-1", "client-secret-1").unwrap();
    assert_eq!((token.access_token.expose(), token.expire_in), ("access-token-2", 100));
    let body = json!({"client_id": "client-1", "client_secret": "client-secret-1",
        "grant_type": "client_credentials"});
    let expected = SentRequest::post(&wire.host(), "/v1.0/oauth2/corp%2F1/token", body);
    assert_eq!(wire.only_request(), expected);
    let refused = Wire::error(400, r#"{"code": "invalid.client", "message": "client-secret-1"}"#);
    let error = refused.client().oauth2().get_token("corp-1", "client-1", "client-secret-1").unwrap_err();
    assert!(error.is_authentication() && !error.to_string().contains("client-secret-1"), "{error}");
}

#[test]
fn missing_and_forbidden_items_are_classified() {
    let wire = Wire::error(404, r#"{"code": "documentNotExist", "message": "m"}"#);
    assert!(wire.client().doc().get_dentry_id_by_uuid("uuid-1", PERSON).unwrap_err().is_not_found());
    let wire = Wire::error(403, r#"{"code": "workspaceNotAccessible", "message": "m"}"#);
    let search = wire.client().storage_v2().search_dentries("word", PERSON, &SearchDentries::new());
    assert!(search.unwrap_err().is_permission_denied());
    // An id that would name another path is never sent.
    let fake = fake();
    let client = fake.client().build().unwrap();
    assert!(matches!(client.doc().get_dentry_id_by_uuid("..", PERSON), Err(Error::InvalidArgument(_))));
    assert_eq!(fake.connections(), 0);
}

#[test]
fn answers_and_iterators_can_be_sent_to_another_thread() {
    fn assert_cloned<T: Clone + Send + Sync + 'static>() {}
    fn assert_sent<T: Send>(_: &T) {}
    assert_cloned::<(PermissionV2, MemberV2, Role, ShareScope, DentryIds, ConversationSpace, User)>();
    assert_cloned::<(OperationLog, RecentDentry, Star, CleanedFiles)>();
    assert_cloned::<(FoundDentry, FoundPublishDentry, FoundWorkspace)>();
    assert_cloned::<(AddPermission, ListOperationLogs, ListRecents, SearchDentries, UserGet)>();
    assert_cloned::<(Doc<'static>, Topapi<'static>)>();
    let client = Client::builder().access_token("t").base_url(REFUSED).no_proxy().build().unwrap();
    assert_sent(&client.storage_v2().stars(&ListStars::new()));
}
