//! Reading files and folders, and answers that a test orders.

use super::raw::{Reply, post, send};
use crate::testing::{FakeDingTalk, Fault, Target};
use serde_json::{Value, json};

const LIST: &str = "/v1.0/storage/spaces/space-1/dentries";

/// A GET as a client sends it: with a token and without a body.
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
fn booleans_in_a_query_have_any_case() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a", "1");
    // Python's `str(True)` begins with a capital letter.
    for text in ["true", "false", "True", "False", "TRUE", "FALSE"] {
        let list = get(&fake, &format!("{LIST}?unionId=anyone&parentId=0&withThumbnail={text}"));
        assert_eq!(names(&list), ["a"], "{text}");
    }
}

#[test]
fn lists_that_are_refused() {
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
    // Two folders in each other do not cause an endless loop.
    fake.move_into_folder("space-1", "folder-1", "folder-2");
    assert_eq!(look("folder-1").status, 200);
}

#[test]
fn an_ordered_answer_is_for_its_route_and_wants_a_token() {
    let fake = FakeDingTalk::start().unwrap();
    let route = "POST /v1.0/storage/spaces/{}/dentries/{parent}/folders";
    let path = format!("{LIST}/0/folders");
    assert_eq!(post(&fake, &path, &json!({})).code(), "InvalidAction.NotFound");
    fake.answer(route, json!({"dentry": {"id": "folder-1"}}));
    fake.answer(route, json!({"dentry": {"id": "folder-2"}}));
    assert_eq!(post(&fake, &path, &json!({})).json()["dentry"]["id"], "folder-2");
    assert_eq!(send(&fake, "POST", &path, &[], b"{}").unwrap().unwrap().code(), "InvalidAuthentication");
    assert_eq!(post(&fake, &format!("{path}/more"), &json!({})).code(), "InvalidAction.NotFound");
    fake.fault(Target::Other, Fault::api_error(403, "permissionDenied"));
    assert_eq!(post(&fake, &path, &json!({})).code(), "permissionDenied");
    assert_eq!(fake.requests_to(Target::Other).len(), 3);

    // An ordered answer can replace a known operation, which keeps its target.
    fake.answer("GET /v1.0/storage/spaces/{space}/dentries", json!({"dentries": [{"name": "ordered"}]}));
    assert_eq!(names(&get(&fake, &format!("{LIST}?unionId=anyone&parentId=0"))), ["ordered"]);
    assert_eq!(fake.requests_to(Target::ListDentries).len(), 1);
}

#[test]
fn ordered_answers_of_the_old_host_and_of_tokens() {
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
