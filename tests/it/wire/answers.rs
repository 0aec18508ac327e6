//! Answers that differ from the documentation: an error with a success status is an error, and a success with odd
//! values is a success.

use dingtalk_files::testing::{Fault, Target};
use dingtalk_files::{
    Client, CommitFile, DeleteDentry, Error, ErrorKind, GetFileDownloadInfo, ListDentries, MoveDentry,
    Problem, UnionId,
};
use serde_json::json;

use crate::support::{MINIMAL_ANSWER, Wire, fake, query_info, send};

const PERSON: UnionId<'_> = UnionId("union-1");

type Operation = fn(&Client) -> dingtalk_files::Result<()>;

/// Queries and changes.
const OPERATIONS: [(&str, Operation); 7] = [
    ("send", |client| send(client).map(drop)),
    ("commit", |client| {
        client.storage().commit_file("s", "0", "k", "a.txt", PERSON, &CommitFile::new()).map(drop)
    }),
    ("delete", |client| client.storage().delete_dentry("s", "d", PERSON, &DeleteDentry::new()).map(drop)),
    ("move", |client| client.storage().move_dentry("s", "d", "t", "0", PERSON, &MoveDentry::new()).map(drop)),
    ("revert", |client| client.storage().revert_dentry_version("s", "d", 1, PERSON)),
    ("list", |client| client.storage().list_dentries("s", "0", PERSON, &ListDentries::new()).map(drop)),
    ("info", |client| {
        client.storage().get_file_download_info("s", "d", PERSON, &GetFileDownloadInfo::new()).map(drop)
    }),
];

#[test]
fn an_old_style_error_from_the_new_host_is_an_error() {
    for (body, code) in [
        (r#"{"errcode":404,"errmsg":"the url does not exist"}"#, "404"),
        (r#"{"errcode":"404","errmsg":"the url does not exist"}"#, "404"),
        (r#"{"code":"500","message":"m"}"#, "500"),
        (r#"{"success":true,"errorCode":0,"sub_code":"90001"}"#, ""),
    ] {
        for (name, operation) in OPERATIONS {
            let error = operation(&Wire::json(body).client()).unwrap_err();
            let Error::Api(e) = &error else { panic!("{name} {body}: {error}") };
            assert_eq!((e.status, e.code.as_str()), (200, code), "{name} {body}");
            assert_eq!(error.status(), Some(200));
        }
    }
    for body in [r#"{"errcode":0,"errmsg":"ok","#, r#"{"errcode":"0","code":"0","sub_code":"","#] {
        let answer = MINIMAL_ANSWER.replacen('{', body, 1);
        for (name, operation) in OPERATIONS {
            assert!(operation(&Wire::json(&answer).client()).is_ok(), "{name} {answer}");
        }
    }
}

#[test]
fn an_upload_fails_if_the_commit_returns_an_old_style_error() {
    let fake = fake();
    fake.add_space("space-1");
    let client = fake.client().build().unwrap();
    fake.fault(Target::Commit, Fault::json(200, json!({"errcode": 404, "errmsg": "m"})));
    let upload = client.upload("space-1", "0", PERSON).name("a.txt").from_bytes(b"hello");
    let Err(Error::UploadInterrupted(interrupted)) = upload else { panic!("{upload:?}") };
    assert_eq!((interrupted.cause.code(), interrupted.pending.is_complete()), (Some("404"), true));
}

/// After a 2xx the operation has run, even if numbers are text, a size is -1, or a thumbnail is a string.
#[test]
fn an_odd_value_does_not_turn_a_success_into_an_error() {
    let file = Wire::json(
        r#"{"file":{"id":7,"name":"a.txt","size":"5","version":2.0,"status":9,"createTime":1779932236000,
            "modifiedTime":"Thu May 28 09:37:16 CST 2026","path":{"odd":1},"uuid":null,"type":"FILE"}}"#,
    );
    let file = send(&file.client()).unwrap();
    assert_eq!((file.id.as_deref(), file.size, file.version), (Some("7"), Some(5), Some(2)));
    assert_eq!((file.path, file.name.as_deref()), (None, Some("a.txt")));
    let times = [file.create_time, file.modified_time].map(|time| time.and_then(|time| time.unix_seconds()));
    assert_eq!(times, [Some(1_779_932_236); 2]);

    let fake = fake();
    fake.add_space("space-1");
    let client = fake.client().build().unwrap();
    let dentry = json!({"dentry": {"id": "dentry-9", "name": "a.txt", "size": -1, "thumbnail": "odd", "version": [],
        "appProperties": 7, "properties": {"readOnly": "true"}, "category": {}, "status": null}});
    fake.fault(Target::Commit, Fault::json(200, dentry));
    let stored = client.upload("space-1", "0", PERSON).name("a.txt").from_bytes(b"hello").unwrap();
    let dentry = stored.dentry;
    assert_eq!((dentry.id.as_deref(), dentry.size, dentry.version), (Some("dentry-9"), None, None));
    assert_eq!((dentry.thumbnail, dentry.app_properties.len()), (None, 0));
    assert_eq!(dentry.properties.and_then(|properties| properties.read_only), Some(true));
    assert_eq!(fake.requests_to(Target::Commit).len(), 1);
}

#[test]
fn an_empty_body_is_a_success_for_changes_only() {
    for body in ["", "  ", "{}"] {
        for (name, operation) in OPERATIONS {
            let is_query = matches!(name, "list" | "info");
            let done = operation(&Wire::json(body).client());
            assert_eq!(done.is_ok(), !is_query, "{name} {body:?}: {done:?}");
        }
    }
    let error = query_info(&Wire::json("").client()).unwrap_err();
    let Error::Answer(e) = &error else { panic!("{error}") };
    assert_eq!(e.problem, Problem::Empty(&["protocol", "headerSignatureInfo"]));
    assert_eq!((error.kind(), error.status()), (ErrorKind::Answer, Some(200)));
}

/// Unlike a ban, an HTML 404 will not go away: the base URL is wrong.
#[test]
fn an_html_404_is_reported_as_a_wrong_address() {
    for status in [404, 405] {
        let fake = fake();
        fake.fault_always(Target::DownloadInfo, Fault::html(status, "<html>nothing here</html>"));
        let client = fake.client().build().unwrap();
        let error = query_info(&client).unwrap_err();
        let Error::Answer(e) = &error else { panic!("{error}") };
        assert_eq!((e.status, &e.problem), (status, &Problem::WrongAddress));
        assert!(!error.is_rate_limited() && !error.is_transient() && error.retry_after().is_none());
        assert!(error.to_string().contains("`ClientBuilder::base_url`"), "{error}");
        assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 1);
        fake.fault(Target::Send, Fault::html(status, "<html>nothing here</html>"));
        assert!(!send(&client).unwrap_err().may_have_run());
    }
}
