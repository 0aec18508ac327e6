//! Tests of commits, tasks, sends and archived files.

use super::raw::{call, commit, listed, offer, post, uploaded};
use crate::testing::{FakeDingTalk, Target};
use serde_json::{Value, json};

fn strategy(word: &str) -> Value {
    json!({"conflictStrategy": word})
}

fn id(reply: &super::raw::Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["dentry"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn each_conflict_strategy_is_applied() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a.tar.gz", "old");
    let key = uploaded(&fake, b"newer");
    let refused = commit(&fake, &key, "a.tar.gz", &strategy("RETURN_ERROR_IF_EXISTS"));
    assert_eq!((refused.status, refused.code().as_str()), (400, "dentryNameConflict"));
    let old = commit(&fake, &key, "a.tar.gz", &strategy("RETURN_DENTRY_IF_EXISTS"));
    assert_eq!(id(&old), "dentry-1");
    assert_eq!(listed(&fake), [("a.tar.gz".to_owned(), 1, 3)]);
    let new = commit(&fake, &key, "a.tar.gz", &strategy("OVERWRITE"));
    assert_eq!((id(&new).as_str(), &new.json()["dentry"]["version"]), ("dentry-1", &json!(2)));
    // The key is valid for several commits.
    assert_ne!(id(&commit(&fake, &key, "a.tar.gz", &strategy("AUTO_RENAME"))), "dentry-1");
    assert_ne!(id(&commit(&fake, &key, "a.tar.gz", &json!({}))), "dentry-1");
    let names: Vec<_> = listed(&fake).into_iter().map(|(name, version, _)| (name, version)).collect();
    let expected = [("a.tar.gz", 2), ("a.tar(1).gz", 1), ("a.tar(2).gz", 1)];
    assert_eq!(names, expected.map(|(name, version)| (name.to_owned(), version)));
    let unknown = commit(&fake, &key, "a.tar.gz", &strategy("SHRUG"));
    assert_eq!(unknown.code(), "paramError.conflictStrategy");
}

#[test]
fn invalid_commits_are_refused() {
    let fake = FakeDingTalk::start().unwrap();
    let key = uploaded(&fake, b"hello");
    for (name, option, code) in [
        ("a.txt", json!({"size": 4}), "dentryStoreError"),
        ("a.txt", json!({"size": "5"}), "paramError"),
        ("a.", json!({}), "dentryNameIllegal"),
        ("a|b", json!({}), "dentryNameIllegal"),
        ("", json!({}), "paramError"),
        ("a.txt", json!({"appProperties": [{"name": "n"}]}), "paramError"),
    ] {
        let reply = commit(&fake, &key, name, &option);
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{name} {option}");
    }
    assert_eq!(commit(&fake, "another", "a.txt", &json!({})).code(), "paramError");
    assert_eq!(commit(&fake, &offer(&fake).0, "a.txt", &json!({})).code(), "dentryStoreError");
    let body = json!({"uploadKey": "another", "name": "a.txt"});
    let v2 =
        |uuid: &str, body: &Value| post(&fake, &format!("/v2.0/storage/spaces/files/{uuid}/commit"), body);
    assert_eq!(v2(&fake.folder_uuid("space-1", "0"), &body).code(), "paramError.uploadKey");
    assert_eq!(v2(&fake.folder_uuid("space-1", "9"), &body).code(), "paramError.parentDentryUuid");
    let reply = post(&fake, "/v1.0/storage/spaces/space-2/files/commit", &body);
    assert_eq!((reply.status, reply.code().as_str()), (404, "spaceNotExist"));
    assert!(fake.files().is_empty());
}

#[test]
fn another_folder_may_have_a_file_of_the_same_name() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_folder("space-1", "folder-1", "Reports");
    let key = uploaded(&fake, b"hello");
    id(&commit(&fake, &key, "a.txt", &json!({})));
    let path = format!("/v2.0/storage/spaces/files/{}/commit", fake.folder_uuid("space-1", "folder-1"));
    let reply = post(&fake, &path, &json!({"uploadKey": key, "name": "a.txt"})).json();
    let dentry = &reply["dentry"];
    assert_eq!((&dentry["path"], &dentry["parentId"]), (&json!("/Reports/a.txt"), &json!("folder-1")));
    assert_eq!(dentry["uuid"], fake.folder_uuid("space-1", dentry["id"].as_str().unwrap()));
}

#[test]
fn upload_info_requires_its_fields() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_space("space-1");
    let v1 = "/v1.0/storage/spaces/space-1/files/uploadInfos/query";
    let v2 = format!("/v2.0/storage/spaces/files/{}/uploadInfos/query", fake.folder_uuid("space-1", "0"));
    let header = "HEADER_SIGNATURE";
    for (path, body, code) in [
        (v1, json!({"multipart": false}), "paramError.protocol"),
        (v1, json!({"protocol": "HTTP", "multipart": false}), "paramError.protocol"),
        (v1, json!({"protocol": header}), "paramError"),
        (v1, json!({"protocol": header, "multipart": "false"}), "paramError"),
        (
            v1,
            json!({"protocol": header, "multipart": false, "option": {"storageDriver": "TAPE"}}),
            "paramError.storageDriver",
        ),
        (&v2, json!({}), "paramError.protocol"),
        (&v2, json!({"protocol": header, "option": {"preCheckParam": {"size": -1}}}), "paramError"),
        ("/v2.0/storage/spaces/files/x/uploadInfos/query", json!({}), "paramError.parentDentryUuid"),
    ] {
        let reply = post(&fake, path, &body);
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{path} {body}");
    }
    let keys = [1, 2].map(|_| post(&fake, &v2, &json!({"protocol": header})).json()["uploadKey"].clone());
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_task_advances_with_each_call() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_task("task-1", &["INIT", "IN_PROGRESS", "FAIL"]);
    let ask = |id: &str| call(&fake, "GET", &format!("/v1.0/storage/tasks/{id}"), None);
    for status in ["INIT", "IN_PROGRESS", "FAIL", "FAIL"] {
        let task = ask("task-1").json()["task"].clone();
        assert_eq!(task["status"], status);
        assert_eq!(task.get("endTime").is_some(), status == "FAIL");
    }
    let unknown = ask("task-2");
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "taskNotExist"));
    assert_eq!(fake.requests_to(Target::Task).len(), 5);
}

#[test]
fn a_file_is_sent_to_a_conversation() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    let path = "/v1.0/convFile/conversations/files/send";
    let mut body = json!({"spaceId": "space-1", "dentryId": "dentry-1"});
    assert_eq!(post(&fake, path, &body).code(), "paramError.conversationId");
    body["openConversationId"] = "conversation-1".into();
    assert_eq!(post(&fake, path, &body).json()["file"]["name"], "a.txt");
    let sent = fake.sent().remove(0);
    assert_eq!(
        (sent.union_id.as_str(), sent.conversation_id.as_deref()),
        ("union-1", Some("conversation-1"))
    );
}

#[test]
fn an_archived_file_is_restored_after_the_given_calls() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake.archive_file("space-1", "dentry-1", 2);
    let path = "/v1.0/storage/spaces/space-1/dentries/dentry-1/downloadInfos/query";
    let statuses = [0; 4].map(|_| post(&fake, path, &json!({})).status);
    assert_eq!(statuses, [400, 400, 200, 200]);
}
