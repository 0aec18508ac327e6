//! Tests of reads of files and folders, and of answers that a test sets.

use super::raw::{Reply, download_slot, post, send};
use crate::base::ids::UnionId;
use crate::testing::{FakeDingTalk, Fault, Target};
use serde_json::{Value, json};

const LIST: &str = "/v1.0/storage/spaces/space-1/dentries";

/// Sends a GET as a client does: with a token and without a body.
fn get(fake: &FakeDingTalk, target: &str) -> Reply {
    let token = fake.access_token();
    send(fake, "GET", target, &[("x-acs-dingtalk-access-token", &token)], b"").unwrap().unwrap()
}

fn names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let list = reply.json()["dentries"].as_array().unwrap().clone();
    list.iter().map(|dentry| dentry["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_folder_is_listed_page_by_page_in_each_order() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_folder("space-1", "folder-1", "m");
    fake.put_file("space-1", "dentry-1", "z", "1");
    fake.put_file("space-1", "dentry-2", "a", "333");
    fake.put_file("space-1", "dentry-3", "b", "22");
    fake.put_file("space-1", "dentry-4", "below", "");
    fake.move_into_folder("space-1", "dentry-4", "folder-1");
    let root = format!("{LIST}?unionId=anyone&parentId=0");
    for (query, expected) in [
        ("", ["b", "a", "z", "m"]),
        ("&order=ASC", ["m", "z", "a", "b"]),
        ("&orderBy=NAME&order=ASC", ["a", "b", "m", "z"]),
        ("&orderBy=SIZE", ["a", "b", "z", "m"]),
    ] {
        assert_eq!(names(&get(&fake, &format!("{root}{query}"))), expected, "{query}");
        let mut all = Vec::new();
        let mut token = String::new();
        loop {
            let page = get(&fake, &format!("{root}{query}&maxResults=3{token}"));
            all.push(names(&page));
            let Value::String(next) = &page.json()["nextToken"] else { break };
            token = format!("&nextToken={next}");
        }
        assert_eq!(all, [expected[..3].to_vec(), expected[3..].to_vec()], "{query}");
    }
    assert_eq!(names(&get(&fake, &format!("{LIST}?unionId=anyone&parentId=folder-1"))), ["below"]);
}

#[test]
fn query_booleans_ignore_case() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a", "1");
    // `str(True)` in Python begins with a capital letter.
    for text in ["true", "false", "True", "False", "TRUE", "FALSE"] {
        let list = get(&fake, &format!("{LIST}?unionId=anyone&parentId=0&withThumbnail={text}"));
        assert_eq!(names(&list), ["a"], "{text}");
    }
}

#[test]
fn invalid_list_calls_are_refused() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_space("space-1");
    for (query, status, code) in [
        ("", 400, "paramError"),
        ("parentId=0", 400, "paramError"),
        ("unionId=anyone", 400, "paramError"),
        ("unionId=anyone&parentId=1", 404, "dentryNotExist"),
        ("unionId=anyone&parentId=0&maxResults=0", 400, "paramError"),
        ("unionId=anyone&parentId=0&maxResults=51", 400, "paramError"),
        ("unionId=anyone&parentId=0&nextToken=another", 400, "paramError"),
        ("unionId=anyone&parentId=0&orderBy=COLOUR", 400, "paramError"),
        ("unionId=anyone&parentId=0&order=asc", 400, "paramError"),
        ("unionId=anyone&parentId=0&withThumbnail=yes", 400, "paramError"),
        ("unionId=anyone&parentId=0&withThumbnail=", 400, "paramError"),
    ] {
        let reply = get(&fake, &format!("{LIST}?{query}"));
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{query}");
    }
    let elsewhere = get(&fake, "/v1.0/storage/spaces/space-2/dentries?unionId=anyone&parentId=0");
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "spaceNotExist"));
    let without_token =
        send(&fake, "GET", &format!("{LIST}?unionId=a&parentId=0"), &[], b"").unwrap().unwrap();
    assert_eq!(without_token.code(), "InvalidAuthentication");
}

#[test]
fn files_and_folders_are_read() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_folder("space-1", "folder-1", "Reports");
    fake.add_folder("space-1", "folder-2", "2024");
    fake.move_into_folder("space-1", "folder-2", "folder-1");
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake.move_into_folder("space-1", "dentry-1", "folder-2");
    let look = |id: &str| post(&fake, &format!("{LIST}/{id}/query"), &json!({}));
    let file = look("dentry-1").json()["dentry"].clone();
    assert_eq!((&file["type"], &file["size"]), (&json!("FILE"), &json!(5)));
    assert_eq!((&file["path"], &file["parentId"]), (&json!("/Reports/2024/a.txt"), &json!("folder-2")));
    let folder = look("folder-2").json()["dentry"].clone();
    assert_eq!((&folder["type"], folder.get("size")), (&json!("FOLDER"), None));
    assert_eq!((&folder["path"], &folder["parentId"]), (&json!("/Reports/2024"), &json!("folder-1")));
    assert_eq!((look("gone").status, look("gone").code().as_str()), (404, "dentryNotExist"));
    let wrong = post(&fake, &format!("{LIST}/dentry-1/query"), &json!({"option": {"withThumbnail": "yes"}}));
    assert_eq!(wrong.code(), "paramError");
    // Two folders inside each other do not cause an endless loop.
    fake.move_into_folder("space-1", "folder-1", "folder-2");
    assert_eq!(look("folder-1").status, 200);
}

#[test]
fn a_custom_answer_matches_its_route_and_requires_a_token() {
    let fake = FakeDingTalk::start().unwrap();
    let route = "POST /v1.0/storage/spaces/{}/dentries/{parent}/copy";
    let path = format!("{LIST}/0/copy");
    assert_eq!(post(&fake, &path, &json!({})).code(), "InvalidAction.NotFound");
    fake.answer(route, json!({"dentry": {"id": "folder-1"}}));
    fake.answer(route, json!({"dentry": {"id": "folder-2"}}));
    assert_eq!(post(&fake, &path, &json!({})).json()["dentry"]["id"], "folder-2");
    assert_eq!(send(&fake, "POST", &path, &[], b"{}").unwrap().unwrap().code(), "InvalidAuthentication");
    assert_eq!(post(&fake, &format!("{path}/more"), &json!({})).code(), "InvalidAction.NotFound");
    fake.fault(Target::Other, Fault::api_error(403, "permissionDenied"));
    assert_eq!(post(&fake, &path, &json!({})).code(), "permissionDenied");
    assert_eq!(fake.requests_to(Target::Other).len(), 3);

    // A custom answer can replace a known operation, which keeps its target.
    fake.answer("GET /v1.0/storage/spaces/{space}/dentries", json!({"dentries": [{"name": "ordered"}]}));
    assert_eq!(names(&get(&fake, &format!("{LIST}?unionId=anyone&parentId=0"))), ["ordered"]);
    assert_eq!(fake.requests_to(Target::ListDentries).len(), 1);
}

#[test]
fn custom_answers_work_for_the_old_host_and_for_token_calls() {
    let fake = FakeDingTalk::start().unwrap();
    fake.answer("POST /topapi/v2/{}/get", json!({"errcode": 0, "result": {"unionid": "union-1"}}));
    fake.answer("POST /v1.0/oauth2/{corp}/token", json!({"access_token": "token-1", "expires_in": 7200}));
    let user = |token: &str| {
        let target = format!("/topapi/v2/user/get?access_token={token}");
        send(&fake, "POST", &target, &[], b"{}").unwrap().unwrap()
    };
    assert_eq!(user(&fake.access_token()).json()["result"]["unionid"], "union-1");
    assert_eq!((user("another").status, &user("another").json()["errcode"]), (200, &json!(40014)));
    let token = send(&fake, "POST", "/v1.0/oauth2/corp-1/token", &[], b"{}").unwrap().unwrap();
    assert_eq!(token.json()["access_token"], "token-1");
}

#[test]
fn get_dentries_returns_each_entry_or_its_error() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_folder("space-1", "folder-1", "Reports");
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake.put_file("space-2", "dentry-2", "b.txt", "hello");
    let path = format!("{LIST}/query");
    let ids = json!(["dentry-2", "dentry-1", "folder-1", "gone"]);
    let options = json!({"withThumbnail": true, "appIdsForAppProperties": ["app-1"]});
    let reply = post(&fake, &path, &json!({"dentryIds": ids, "option": options}));
    assert_eq!(reply.status, 200, "{reply:?}");
    let items = reply.json()["resultItems"].as_array().unwrap().clone();
    assert_eq!(items.iter().map(|item| item["dentryId"].clone()).collect::<Value>(), ids);
    for (item, name) in items.iter().zip([None, Some("a.txt"), Some("Reports"), None]) {
        assert_eq!((&item["spaceId"], &item["success"]), (&json!("space-1"), &json!(name.is_some())));
        assert_eq!(item["dentry"]["name"], json!(name));
        assert_eq!(item["errorCode"], json!(name.is_none().then_some("dentryNotExist")));
    }
    let single = post(&fake, &format!("{LIST}/dentry-1/query"), &json!({}));
    assert_eq!(items[1]["dentry"], single.json()["dentry"]);

    let many: Vec<_> = (0..31).map(|id| id.to_string()).collect();
    for body in [
        json!({}),
        json!({"dentryIds": []}),
        json!({"dentryIds": many}),
        json!({"dentryIds": ["dentry-1", 2]}),
        json!({"dentryIds": ["dentry-1"], "option": {"withThumbnail": "yes"}}),
    ] {
        let refused = post(&fake, &path, &body);
        assert_eq!((refused.status, refused.code().as_str()), (400, "paramError"), "{body}");
    }
    assert_eq!(post(&fake, &path, &json!({"dentryIds": many[1..]})).status, 200);
    let elsewhere =
        post(&fake, "/v1.0/storage/spaces/space-3/dentries/query", &json!({"dentryIds": ["dentry-1"]}));
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "spaceNotExist"));
    assert!(fake.requests_to(Target::GetDentries).len() > 5);
}

#[test]
fn a_space_is_listed_page_by_page_oldest_first() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_folder("space-1", "folder-1", "m");
    for (id, name, time) in
        [("1", "b", "2024-01-02T10:00Z"), ("2", "c", "2024-01-03T10:00:00Z"), ("3", "a", "")]
    {
        fake.put_file("space-1", id, name, "hello");
        assert!(time.is_empty() || fake.set_modified_time("space-1", id, time));
    }
    fake.put_file("space-2", "4", "elsewhere", "hello");
    fake.move_into_folder("space-1", "1", "folder-1");
    let path = format!("{LIST}/listAll");
    for (order, expected) in [
        (None, ["m", "a", "b", "c"]),
        (Some("ASC"), ["m", "a", "b", "c"]),
        (Some("DESC"), ["c", "b", "a", "m"]),
    ] {
        let mut token = Value::Null;
        let mut all = Vec::new();
        loop {
            let option = json!({"order": order, "maxResults": 3, "nextToken": token});
            let page = post(&fake, &path, &json!({"option": option}));
            all.extend(names(&page));
            token = page.json()["nextToken"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!(all, expected, "{order:?}");
    }
    for option in [json!({"maxResults": 51}), json!({"order": "asc"}), json!({"nextToken": "another"})] {
        let refused = post(&fake, &path, &json!({"option": option}));
        assert_eq!((refused.status, refused.code().as_str()), (400, "paramError"), "{option}");
    }
    assert_eq!(
        post(&fake, "/v1.0/storage/spaces/space-3/dentries/listAll", &json!({})).code(),
        "spaceNotExist"
    );
}

/// Returns the entry with this id, as each operation shows the entry.
fn shown(fake: &FakeDingTalk, id: &str) -> [Value; 4] {
    let single = post(fake, &format!("{LIST}/{id}/query"), &json!({})).json()["dentry"].clone();
    let several = post(fake, &format!("{LIST}/query"), &json!({"dentryIds": [id]})).json();
    let in_list = |list: Value| {
        let list = list["dentries"].as_array().unwrap().clone();
        list.into_iter().find(|dentry| dentry["id"] == id).unwrap()
    };
    let listed = in_list(get(fake, &format!("{LIST}?unionId=anyone&parentId=0")).json());
    let all = in_list(post(fake, &format!("{LIST}/listAll"), &json!({})).json());
    [single, several["resultItems"][0]["dentry"].clone(), listed, all]
}

#[test]
fn times_and_listed_sizes_can_be_set_for_each_file() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake.put_file("space-1", "dentry-2", "b.txt", "hello");
    fake.add_folder("space-1", "folder-1", "Reports");
    let (created, modified) = ("2022-01-01T10:00:00Z", "2022-01-01T10:00Z");
    let other = "Thu Feb 29 2024, in some spelling";
    for id in ["dentry-1", "folder-1"] {
        for time in ["2024-02-29T10:00Z", "2024-02-29T18:00:00.000+0800", other, ""] {
            assert!(fake.set_modified_time("space-1", id, time));
            assert!(fake.set_create_time("space-1", id, time));
            for dentry in shown(&fake, id) {
                assert_eq!((&dentry["createTime"], &dentry["modifiedTime"]), (&json!(time), &json!(time)));
            }
        }
    }
    assert!(fake.set_listed_size("space-1", "dentry-1", 7_000_000_000));
    for dentry in shown(&fake, "dentry-1") {
        assert_eq!(dentry["size"], 7_000_000_000_u64);
    }
    for dentry in shown(&fake, "dentry-2") {
        let times = (&dentry["createTime"], &dentry["modifiedTime"]);
        assert_eq!((times, &dentry["size"]), ((&json!(created), &json!(modified)), &json!(5)));
    }
    // The content is unchanged.
    assert_eq!(fake.files()[0].size, 5);
    assert_eq!(download_slot(&fake).get(&fake, &[]).body, "hello");
    let by_size = get(&fake, &format!("{LIST}?unionId=anyone&parentId=0&orderBy=SIZE"));
    assert_eq!(names(&by_size), ["a.txt", "b.txt", "Reports"]);

    fake.put_file("space-1", "dentry-1", "a.txt", "hello, world");
    for dentry in shown(&fake, "dentry-1") {
        assert_eq!((&dentry["createTime"], &dentry["modifiedTime"]), (&json!(""), &json!(modified)));
        assert_eq!(dentry["size"], 12);
    }
    for (space, id) in [("space-1", "gone"), ("space-2", "dentry-1")] {
        assert!(!fake.set_modified_time(space, id, modified) && !fake.set_create_time(space, id, created));
        assert!(!fake.set_listed_size(space, id, 1));
    }
    assert!(!fake.set_listed_size("space-1", "folder-1", 1), "folders do not have a size");
}

#[test]
fn list_order_and_last_modified_follow_the_set_times() {
    let fake = FakeDingTalk::start().unwrap();
    for (id, name) in [("dentry-1", "a"), ("dentry-2", "b"), ("dentry-3", "c")] {
        fake.put_file("space-1", id, name, "hello");
    }
    fake.set_modified_time("space-1", "dentry-1", "2024-01-02T00:00Z");
    fake.set_modified_time("space-1", "dentry-2", "2024-01-01T23:59:59-08:00");
    fake.set_create_time("space-1", "dentry-3", "2021-01-01T00:00Z");
    let list =
        |query: &str| names(&get(&fake, &format!("{LIST}?unionId=anyone&parentId=0&order=ASC{query}")));
    assert_eq!(list(""), ["c", "a", "b"]);
    assert_eq!(list("&orderBy=CREATE_TIME"), ["c", "a", "b"]);
    fake.set_create_time("space-1", "dentry-3", "2023-01-01T00:00Z");
    assert_eq!(list("&orderBy=CREATE_TIME"), ["a", "b", "c"]);

    let slot = download_slot(&fake);
    let time = ["Tue, 02 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:01 GMT"];
    assert_eq!(slot.get(&fake, &[]).header("last-modified"), Some(time[0].to_lowercase().as_str()));
    assert_eq!(slot.get(&fake, &[("If-Modified-Since", time[0])]).status, 304);
    fake.set_modified_time("space-1", "dentry-1", "2024-01-02T00:00:01Z");
    assert_eq!(slot.get(&fake, &[("If-Modified-Since", time[0])]).status, 200);
    assert_eq!(slot.get(&fake, &[("If-Unmodified-Since", time[0])]).status, 412);
    // The object of an earlier version keeps its time. A text that is not a time counts as the default time.
    fake.put_file("space-1", "dentry-1", "a", "second");
    assert_eq!(slot.get(&fake, &[]).header("last-modified"), Some(time[1].to_lowercase().as_str()));
    fake.set_modified_time("space-1", "dentry-1", "yesterday");
    let latest = download_slot(&fake).get(&fake, &[]);
    assert_eq!(latest.header("last-modified"), Some("sat, 01 jan 2022 10:00:00 gmt"));
}

#[test]
fn folders_are_made_in_folders_and_names_that_are_taken_are_handled() {
    use crate::api::storage::changes::AddFolder;
    use crate::base::dentry::ConflictStrategy;

    let fake = FakeDingTalk::start().unwrap();
    fake.add_space("space-1");
    let client = fake.client().build().unwrap();
    let make = |parent: &str, name: &str, options: &AddFolder| {
        client.storage().add_folder("space-1", parent, name, UnionId("anyone"), options)
    };
    let year = make("0", "2024", &AddFolder::new()).unwrap();
    let year_id = year.id.unwrap();
    let month = make(&year_id, "07", &AddFolder::new()).unwrap();
    assert_eq!((month.path.as_deref(), month.parent_id.as_ref()), (Some("/2024/07"), Some(&year_id)));
    let with = |strategy| AddFolder::new().conflict_strategy(strategy);
    let renamed = make("0", "2024", &AddFolder::new()).unwrap();
    assert_eq!(renamed.name.as_deref(), Some("2024(1)"));
    let same = make("0", "2024", &with(ConflictStrategy::ReturnDentryIfExists)).unwrap();
    assert_eq!(same.id, Some(year_id));
    let refused = make("0", "2024", &with(ConflictStrategy::ReturnErrorIfExists)).unwrap_err();
    assert_eq!(refused.code(), Some("dentryAlreadyExist"));
    assert_eq!(make("gone", "a", &AddFolder::new()).unwrap_err().code(), Some("dentryNotExist"));
    assert_eq!(make("0", "a*", &AddFolder::new()).unwrap_err().code(), Some("dentryNameIllegal"));
    let paths = client.storage().walk("space-1", "0", UnionId("anyone")).map(|entry| entry.unwrap().path);
    assert_eq!(paths.collect::<Vec<_>>(), ["2024", "2024(1)", "2024/07"]);
}
