//! Entries of a space: limits, odd answers, paged lists, and the walk.

use std::collections::BTreeMap;

use dingtalk_files::{
    AddFolder, BatchOutcome, Client, CopyDentries, CopyDentry, DeleteDentries, DeleteDentry, Dentry,
    DentryBatchItem, DentryDeletion, DentryOrderBy, DentryResult, Error, GetDentries, GetDentry,
    ListAllDentries, ListDentries, ListDentryVersions, MoveDentries, MoveDentry, Page, PlacedDentry, Result,
    SortOrder, ThumbnailResult, UnionId, WalkEntry, WalkError,
};
use serde_json::{Value, json};

use super::storage::{assert_is_the_full_dentry, full_dentry};
use crate::support::{REFUSED, Wire};

const PERSON: UnionId<'static> = UnionId("union-1");

/// Returns a client whose server refuses connections, so any error but a network error occurs before sending.
fn unreachable_client() -> Client {
    Client::builder().access_token("token").base_url(REFUSED).no_proxy().build().unwrap()
}

/// Asserts that an argument is refused, with an error text that contains all of `words`.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(answer: Result<T>, words: &[&str]) {
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn options_and_answers_can_be_sent_to_another_thread() {
    fn assert_cloned<T: Clone + Send + Sync + 'static>() {}
    fn assert_error<T: std::error::Error + Send + Sync + 'static>() {}
    assert_cloned::<(GetDentry, GetDentries, ListDentries, ListAllDentries, ListDentryVersions, AddFolder)>();
    assert_cloned::<(CopyDentry, CopyDentries, MoveDentry, MoveDentries, DeleteDentry, DeleteDentries)>();
    assert_cloned::<(DentryResult, ThumbnailResult, PlacedDentry, DentryDeletion, DentryBatchItem)>();
    assert_cloned::<(WalkEntry, BatchOutcome<'static>, DentryOrderBy, SortOrder, Page<Dentry>)>();
    assert_error::<WalkError>();
}

#[test]
fn invalid_list_options_are_refused_once_and_without_a_request() {
    let client = unreachable_client();
    let storage = client.storage();
    let mut items = storage.dentries("s", "0", PERSON, &ListDentries::new().max_results(51));
    assert_refused(items.next().unwrap(), &["`maxResults`", "51", "1 to 50"]);
    assert!(items.next().is_none());
    // An empty value in a query is the same as a missing one.
    let options = ListDentries::new().next_token("");
    assert_refused(storage.list_dentries("s", "0", PERSON, &options), &["`nextToken`"]);
    assert_refused(storage.list_dentries("s", "", PERSON, &ListDentries::new()), &["`parentId`"]);
}

#[test]
fn the_vendors_misspelt_option_is_sent_misspelt_by_move_dentry_only() {
    let wire = Wire::json("{}");
    let client = wire.client();
    let table = [
        (MoveDentry::new(), json!(null)),
        (MoveDentry::new().preserve_permissions(false), json!({"presevePermissions": false})),
        (MoveDentry::new().conflict_strategy("NEW".to_owned().into()), json!({"conflictStrategy": "NEW"})),
    ];
    for (options, option) in table {
        let moved = client.storage().move_dentry("s", "d", "t", "0", PERSON, &options).unwrap();
        assert_eq!(moved, PlacedDentry::default());
        let body = wire.only_request().body;
        assert_eq!(body.get("option").unwrap_or(&Value::Null), &option);
    }
    let options = MoveDentries::new().preserve_permissions(false);
    client.storage().move_dentries("s", "t", "0", &["d"], PERSON, &options).unwrap();
    assert_eq!(wire.only_request().body["option"], json!({"preservePermissions": false}));
}

#[test]
fn a_dentry_may_be_present_missing_or_null() {
    let full = Wire::json(&json!({"dentry": full_dentry(), "async": null, "taskId": ""}).to_string());
    let client = full.client();
    let storage = client.storage();
    assert_is_the_full_dentry(&storage.get_dentry("s", "d", PERSON, &GetDentry::new()).unwrap());
    assert_is_the_full_dentry(&storage.rename_dentry("s", "d", "n", PERSON).unwrap());
    assert_is_the_full_dentry(&storage.add_folder("s", "0", "n", PERSON, &AddFolder::new()).unwrap());
    let copy = storage.copy_dentry("s", "d", "t", "0", PERSON, &CopyDentry::new()).unwrap();
    assert_is_the_full_dentry(&copy.dentry.unwrap());
    assert_eq!((copy.is_async, copy.task_id), (false, None));

    for bare in ["{}", r#"{"dentry": null, "async": null, "taskId": null}"#] {
        let wire = Wire::json(bare);
        let client = wire.client();
        let storage = client.storage();
        let nothing = storage.get_dentry("s", "d", PERSON, &GetDentry::new()).unwrap_err().to_string();
        assert!(nothing.ends_with("`dentry` is missing"), "{nothing}");
        let copy = storage.copy_dentry("s", "d", "t", "0", PERSON, &CopyDentry::new()).unwrap();
        assert_eq!(copy, PlacedDentry::default());
    }
    let deletion: DentryDeletion = serde_json::from_value(json!({"async": null, "taskId": null})).unwrap();
    assert_eq!(deletion, DentryDeletion::default());
}

#[test]
fn a_missing_success_field_is_a_success() {
    for answer in [r#"{"success": true, "new": 1}"#, r#"{"success": null}"#, "{}"] {
        let wire = Wire::json(answer);
        let client = wire.client();
        client.storage().revert_dentry_version("s", "d", 3, PERSON).unwrap();
        let request = wire.only_request();
        assert_eq!(request.target, "/v1.0/storage/spaces/s/dentries/d/versions/3/revert?unionId=union-1");
        assert_eq!((request.body, request.headers.get("content-type")), (Value::Null, None));
        client.storage().delete_dentry_app_properties("s", "d", &["n"], PERSON).unwrap();
    }
}

#[test]
fn a_minimal_page_is_empty_and_the_last() {
    for bare in [r#"{"dentries": null, "nextToken": null}"#, r#"{"dentries": [], "nextToken": ""}"#] {
        let wire = Wire::json(bare);
        let client = wire.client();
        let page: Page<Dentry> =
            client.storage().list_dentries("s", "0", PERSON, &ListDentries::new()).unwrap();
        assert_eq!((page.items, page.next_token), (Vec::new(), None));
    }
}

#[test]
fn each_batch_item_is_done_running_or_failed() {
    let table = [
        (json!({"success": true, "async": false, "errorCode": ""}), BatchOutcome::Done),
        (json!({"success": true}), BatchOutcome::Done),
        (json!({"async": true, "taskId": "t"}), BatchOutcome::Running { task_id: Some("t") }),
        (json!({"async": true, "success": null, "taskId": ""}), BatchOutcome::Running { task_id: None }),
        (
            json!({"async": true, "success": true, "taskId": "t"}),
            BatchOutcome::Running { task_id: Some("t") },
        ),
        (json!({"success": false, "errorCode": "e"}), BatchOutcome::Failed { code: Some("e") }),
        (json!({"success": false, "async": true, "taskId": "t"}), BatchOutcome::Failed { code: None }),
        (json!({"async": null, "errorCode": "e"}), BatchOutcome::Failed { code: Some("e") }),
        (json!({}), BatchOutcome::Failed { code: None }),
    ];
    for (json, outcome) in table {
        let item: DentryBatchItem = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(item.outcome(), outcome, "{json}");
    }
}

/// Returns the raw value of a query parameter.
fn query_value<'t>(target: &'t str, name: &str) -> Option<&'t str> {
    let (_, query) = target.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Starts a server that answers each list request with `page(folder, token)`: a status and a body.
fn list_server(page: impl Fn(&str, Option<&str>) -> (usize, Value) + Copy + Send + Sync + 'static) -> Wire {
    let answer = move |request: &mockito::Request| {
        let target = request.path_and_query();
        page(query_value(target, "parentId").unwrap_or_default(), query_value(target, "nextToken"))
    };
    Wire::new(move |mock| {
        mock.with_status_code_from_request(move |request| answer(request).0)
            .with_body_from_request(move |request| answer(request).1.to_string().into_bytes())
    })
}

fn ids(items: impl Iterator<Item = Result<Dentry>>) -> Vec<String> {
    items.map(|item| item.map_or_else(|e| e.code().unwrap_or("?").to_owned(), |d| d.id.unwrap())).collect()
}

/// Takes the requests since the last call, and returns the `nextToken` of each.
fn tokens(wire: &Wire) -> Vec<Option<String>> {
    wire.requests().iter().map(|seen| query_value(&seen.target, "nextToken").map(str::to_owned)).collect()
}

#[test]
fn a_folder_is_listed_lazily_page_by_page() {
    let wire = list_server(|_, token| {
        let page = match token {
            None => json!({"dentries": [{"id": "1"}, {"id": "2"}], "nextToken": "a b/"}),
            Some("a%20b%2F") => json!({"dentries": [], "nextToken": "c"}),
            Some("c") => json!({"dentries": null, "nextToken": "d"}),
            Some("d") => json!({"dentries": [{"id": "3"}], "nextToken": ""}),
            Some(_) => return (404, json!({"code": "dentryNotExist"})),
        };
        (200, page)
    });
    let client = wire.client();
    let options = ListDentries::new().max_results(2);
    // The iterator must not borrow its arguments.
    let list = |options: &ListDentries| client.storage().dentries("s", &["0"].concat(), PERSON, options);
    let mut first_items = list(&options);
    assert!(wire.requests().is_empty());
    assert_eq!(ids(first_items.by_ref().take(2)), ["1", "2"]);
    assert_eq!(tokens(&wire), [None]);
    assert_eq!(ids(first_items), ["3"]);
    let rest = wire.requests();
    assert!(rest.iter().all(|seen| query_value(&seen.target, "maxResults") == Some("2")), "{rest:#?}");
    assert_eq!(rest.len(), 3);
    // The list continues from a given token.
    assert_eq!(ids(list(&options.clone().next_token("d"))), ["3"]);
    assert_eq!(ids(list(&options.next_token("gone"))), ["dentryNotExist"]);
    assert_eq!(tokens(&wire), [Some("d".to_owned()), Some("gone".to_owned())]);
}

#[test]
fn a_list_ends_if_the_token_repeats_and_after_an_error() {
    let wire = list_server(|_, token| match token {
        None => (200, json!({"dentries": [{"id": "1"}], "nextToken": "a"})),
        Some(_) => (200, json!({"dentries": [{"id": "2"}], "nextToken": "a"})),
    });
    let client = wire.client();
    let versions = client.storage().dentry_versions("s", "d", PERSON, &ListDentryVersions::new());
    assert_eq!(ids(versions), ["1", "2"]);
    let requests = wire.requests();
    assert!(
        requests.iter().all(|seen| seen.target.starts_with("/v1.0/storage/spaces/s/dentries/d/versions?"))
    );
    assert_eq!(requests.len(), 2);

    let wire = Wire::error(403, r#"{"code": "permissionDenied"}"#);
    let client = wire.client();
    let versions = client.storage().dentry_versions("s", "d", PERSON, &ListDentryVersions::new());
    assert_eq!(ids(versions), ["permissionDenied"]);
    assert_eq!(wire.requests().len(), 1);
}

#[test]
fn all_dentries_sends_its_token_in_the_body() {
    let answer = |request: &mockito::Request| {
        let body: Value = serde_json::from_slice(request.body().unwrap()).unwrap();
        let page = match body["option"]["nextToken"].as_str() {
            None => json!({"dentries": [{"id": "1"}], "nextToken": "a b/"}),
            Some("a b/") => json!({"dentries": [{"id": "2"}]}),
            Some(other) => panic!("{other}"),
        };
        page.to_string().into_bytes()
    };
    let wire = Wire::new(move |mock| mock.with_body_from_request(answer));
    let client = wire.client();
    assert_eq!(ids(client.storage().all_dentries("s", PERSON, &ListAllDentries::new())), ["1", "2"]);
    let bodies: Vec<_> = wire.requests().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [json!({}), json!({"option": {"nextToken": "a b/"}})]);
    let options = ListAllDentries::new().with_thumbnail(true).next_token("a b/");
    assert_eq!(ids(client.storage().all_dentries("s", PERSON, &options)), ["2"]);
    assert_eq!(wire.only_request().body["option"], json!({"nextToken": "a b/", "withThumbnail": true}));
}

/// Walks a folder, and returns the paths and the failed folders.
fn walk_paths(client: &Client, from: &str) -> Vec<String> {
    let walk = client.storage().walk("s", from, PERSON);
    walk.map(|entry| match entry {
        Ok(WalkEntry { path, dentry, .. }) => {
            assert_eq!(path.rsplit('/').next(), dentry.name.as_deref().or(dentry.id.as_deref()));
            path
        }
        Err(error) => {
            let text = error.error.to_string();
            let problem = error.error.code().unwrap_or_else(|| text.rsplit("200: ").next().unwrap());
            format!("{} ({}): {problem}", error.path, error.folder_id)
        }
    })
    .collect()
}

fn folder(id: &str) -> Value {
    json!({"id": id, "name": id.to_uppercase(), "type": "FOLDER"})
}

fn file(name: &str) -> Value {
    json!({"id": "x", "name": name, "type": "FILE"})
}

#[test]
fn a_walk_visits_all_folders_and_continues_after_failures() {
    let wire = list_server(|parent, token| match (parent, token) {
        ("0", None) => (200, json!({"dentries": [folder("a"), file("1")], "nextToken": "2"})),
        ("0", Some(_)) => {
            (200, json!({"dentries": [folder("b"), folder("c"), folder("e"), folder("f"), folder("g")]}))
        }
        ("a", _) => (200, json!({"dentries": [folder("aa"), file("2")]})),
        ("aa", _) => (200, json!({"dentries": [file("3")]})),
        // Fails after the first page.
        ("b", None) => (200, json!({"dentries": [folder("bb"), file("4")], "nextToken": "2"})),
        ("b", Some(_)) => (403, json!({"code": "permissionDenied"})),
        ("bb", _) => (200, json!({"dentries": [file("5")]})),
        ("c", _) => (404, json!({"code": "dentryNotExist"})),
        ("e", _) => (200, json!({"dentries": []})),
        // An answer without a list is not an empty folder.
        ("f", _) => (200, json!({"errcode": 404, "errmsg": "m"})),
        ("g", _) => (200, json!({"success": true, "nextToken": null})),
        (other, _) => panic!("{other}"),
    });
    let client = wire.client();
    let all = walk_paths(&client, "0");
    let expected = [
        "A",
        "1",
        "B",
        "C",
        "E",
        "F",
        "G",
        "A/AA",
        "A/2",
        "A/AA/3",
        "B/BB",
        "B/4",
        "B (b): permissionDenied",
        "B/BB/5",
        "C (c): dentryNotExist",
        "F (f): 404",
        "G (g): `dentries` is missing",
    ];
    assert_eq!(all, expected);
    let requests = wire.requests();
    assert_eq!(requests.len(), 11);
    for seen in requests {
        let sorted = [("maxResults", "50"), ("orderBy", "NAME"), ("order", "ASC"), ("unionId", "union-1")];
        assert!(
            sorted.iter().all(|(name, value)| query_value(&seen.target, name) == Some(value)),
            "{seen:#?}"
        );
    }
    // A walk may start at any folder; paths are relative to it.
    assert_eq!(walk_paths(&client, "a"), ["AA", "2", "AA/3"]);

    wire.requests();
    let mut walk = client.storage().walk("s", "0", PERSON);
    assert!(wire.requests().is_empty());
    walk.by_ref().take(2).for_each(drop);
    assert_eq!(wire.requests().len(), 1);
    let debug = format!("{walk:?}");
    assert!(debug.contains("folders_waiting: 1") && !debug.contains("union-1"), "{debug}");
}

#[test]
fn max_depth_limits_the_levels_of_a_walk() {
    let wire = list_server(|parent, _| match parent {
        "0" => (200, json!({"dentries": [folder("a"), file("1")]})),
        "a" => (200, json!({"dentries": [folder("b"), file("2")]})),
        "b" => (200, json!({"dentries": [file("3")]})),
        other => panic!("{other}"),
    });
    let client = wire.client();
    // The minimum is 1.
    for (levels, expected, calls) in [
        (0, &["A", "1"][..], 1),
        (1, &["A", "1"], 1),
        (2, &["A", "1", "A/B", "A/2"], 2),
        (3, &["A", "1", "A/B", "A/2", "A/B/3"], 3),
        (usize::MAX, &["A", "1", "A/B", "A/2", "A/B/3"], 3),
    ] {
        let walk = client.storage().walk("s", "0", PERSON).max_depth(levels);
        let paths: Vec<_> = walk.map(|entry| entry.unwrap().path).collect();
        assert_eq!(paths, expected, "{levels}");
        assert_eq!(wire.requests().len(), calls, "{levels}");
    }
}

#[test]
fn a_walk_ends_although_folders_contain_each_other() {
    let wire = list_server(|parent, _| match parent {
        "0" => (200, json!({"dentries": [folder("a"), folder("b")]})),
        "a" => (200, json!({"dentries": [folder("b"), folder("a"), folder("0")]})),
        "b" => (200, json!({"dentries": [folder("a")]})),
        other => panic!("{other}"),
    });
    assert_eq!(walk_paths(&wire.client(), "0"), ["A", "B", "A/B", "A/A", "A/0", "B/A"]);
    assert_eq!(wire.requests().len(), 3);
}

#[test]
fn a_walk_includes_entries_without_name_or_id() {
    let wire = list_server(|parent, _| match parent {
        "0" => {
            let odd = json!([{"id": "a", "type": "FOLDER"}, {"name": "n", "type": "FOLDER"},
                {"id": "s", "type": "SHORTCUT"}, {"id": "u"}]);
            (200, json!({"dentries": odd}))
        }
        "a" => (200, json!({"dentries": [file("1")]})),
        other => panic!("{other}"),
    });
    assert_eq!(walk_paths(&wire.client(), "0"), ["a", "n", "s", "u", "a/1"]);
}

#[test]
fn a_walk_error_names_the_folder_and_converts_into_its_cause() {
    fn count(client: &Client) -> Result<usize> {
        let mut sizes = BTreeMap::new();
        for entry in client.storage().walk("s", "0", PERSON) {
            let entry = entry?;
            sizes.insert(entry.path, entry.dentry.size);
        }
        Ok(sizes.len())
    }
    let wire = Wire::error(403, r#"{"code": "permissionDenied", "message": "no"}"#);
    let client = wire.client();
    assert!(count(&client).unwrap_err().is_permission_denied());
    let mut walk = client.storage().walk("s", "0", PERSON);
    let error = walk.next().unwrap().unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the folder `.` cannot be listed: ") && text.contains("permissionDenied"),
        "{text}"
    );
    assert!(std::error::Error::source(&error).is_none());
    assert!(walk.next().is_none() && walk.next().is_none());
    // An invalid argument is an error too.
    let mut walk = client.storage().walk("s", "", PERSON);
    assert!(matches!(walk.next().unwrap().unwrap_err().error, Error::InvalidArgument(_)));
    assert!(walk.next().is_none());
}
