//! Uploading a local file and sending it to a recipient.

use dingtalk_files::{NotSent, SentFile};
use serde_json::json;

use super::*;
use crate::support::SentRequest;

const BYTES: &[u8] = b"hello";

type SendFn = fn(&Setup) -> Result<SentFile>;

fn send(
    setup: &Setup,
    to: impl for<'a> FnOnce(dingtalk_files::SendFrom<'a>) -> Result<SentFile>,
) -> Result<SentFile> {
    let file = TempFile::new(BYTES);
    let folder = setup.client.send_file(&*file).into_folder("space-1", "0", UnionId("operator-1"));
    to(folder.with(|upload| upload.name("report.txt")))
}

fn to_user(setup: &Setup) -> Result<SentFile> {
    send(setup, |folder| folder.to_user(UnionId("receiver-1")))
}

fn to_conversation(setup: &Setup) -> Result<SentFile> {
    send(setup, |folder| folder.to_conversation("conversation-1"))
}

#[track_caller]
fn not_sent(result: Result<SentFile>) -> NotSent {
    match result {
        Err(Error::NotSent(e)) => *e,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_only_call(setup: &Setup, kind: Target, target: &str, body: Value) {
    let host = setup.fake.base_url().replace("http://", "");
    let token = setup.fake.access_token();
    let expected = SentRequest::post(&host, target, body).with_header("x-acs-dingtalk-access-token", &token);
    let seen: Vec<SentRequest> = setup.fake.requests_to(kind).iter().map(SentRequest::from).collect();
    assert_eq!(seen, [expected]);
    let kinds: Vec<Option<Target>> = setup.fake.requests().iter().map(|request| request.target).collect();
    let all = [Target::Token, Target::UploadInfo, Target::Put, Target::Commit, kind];
    assert_eq!(kinds, all.map(Some));
}

#[test]
fn a_file_is_sent_to_a_user_by_the_app() {
    let setup = Setup::new();
    let sent = to_user(&setup).unwrap();
    let id = sent.uploaded.dentry.id.clone().unwrap();
    let body = json!({"spaceId": "space-1", "dentryId": id});
    let target = "/v1.0/convFile/apps/conversations/files/send?unionId=receiver-1";
    assert_only_call(&setup, Target::Send, target, body);
    setup.assert_stored(&sent.uploaded, BYTES);
    assert_eq!(sent.file.name.as_deref(), Some("report.txt"));
    assert_eq!(sent.file.conversation_id.as_deref(), Some("conversation-receiver-1"));
    let sent_files = setup.fake.sent();
    assert_eq!(
        (sent_files.len(), sent_files[0].dentry_id.as_str(), sent_files[0].union_id.as_str()),
        (1, id.as_str(), "receiver-1")
    );
}

#[test]
fn a_file_is_sent_to_a_conversation_by_the_uploader() {
    let setup = Setup::new();
    let sent = to_conversation(&setup).unwrap();
    let id = sent.uploaded.dentry.id.clone().unwrap();
    let body = json!({"spaceId": "space-1", "dentryId": id, "openConversationId": "conversation-1"});
    let target = "/v1.0/convFile/conversations/files/send?unionId=operator-1";
    assert_only_call(&setup, Target::SendToConversation, target, body);
    setup.assert_stored(&sent.uploaded, BYTES);
    let sent_files = setup.fake.sent().remove(0);
    assert_eq!(sent_files.conversation_id.as_deref(), Some("conversation-1"));
    assert_eq!(sent_files.union_id, "operator-1");
}

#[test]
fn a_failed_send_leaves_the_stored_file() {
    for (kind, run) in [(Target::Send, to_user as SendFn), (Target::SendToConversation, to_conversation)] {
        let setup = Setup::new();
        setup.fault(kind, Fault::api_error(400, "permissionDenied"));
        let error = run(&setup).unwrap_err();
        assert!(error.is_permission_denied() && !error.may_have_run(), "{error}");
        let text = error.to_string();
        let error = not_sent(Err(error));
        setup.assert_stored(&error.uploaded, BYTES);
        let id = error.uploaded.dentry.id.as_deref().unwrap();
        assert!(text.contains(&format!("dentry {id} of space space-1, but not sent")), "{text}");
        assert!(text.contains("do not upload it again") && !text.contains('\n'), "{text}");
        // The file can be sent by hand, as the error advises.
        let puts = setup.puts().len();
        setup.client.conv_file().send_by_app("space-1", id, UnionId("receiver-1")).unwrap();
        assert_eq!((setup.puts().len(), setup.fake.files().len(), setup.fake.sent().len()), (puts, 1, 1));
    }
}

#[test]
fn a_send_without_an_answer_is_not_repeated() {
    for (fault, sent) in [
        (Fault::CloseWithoutAnswer, 1),
        (Fault::api_error(500, "systemError"), 0),
        (Fault::json(200, "{ broken"), 0),
    ] {
        let setup = Setup::new();
        setup.fault(Target::Send, fault);
        let error = to_user(&setup).unwrap_err();
        assert!(error.may_have_run(), "{error}");
        assert!(error.to_string().contains("whether it was sent is unknown"), "{error}");
        setup.assert_stored(&not_sent(Err(error)).uploaded, BYTES);
        assert_eq!((setup.count(Target::Send), setup.fake.sent().len()), (1, sent));
    }
}

#[test]
fn a_throttled_send_is_repeated() {
    let setup = Setup::new();
    setup.fault(Target::Send, Fault::api_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"));
    to_user(&setup).unwrap();
    assert_eq!((setup.count(Target::Send), setup.fake.sent().len(), setup.puts().len()), (2, 1, 1));
}

#[test]
fn a_failed_upload_sends_no_file() {
    let failing = [
        (Target::UploadInfo, Fault::api_error(403, "permissionDenied")),
        (Target::Put, Fault::object_error(400, "EntityTooLarge")),
        (Target::Commit, Fault::api_error(400, "dentryNameIllegal")),
        (Target::Commit, Fault::CloseWithoutAnswer),
    ];
    for (kind, fault) in failing {
        let setup = Setup::new();
        setup.fault(kind, fault);
        let error = to_user(&setup).unwrap_err();
        assert!(!matches!(error, Error::NotSent(_)), "{error}");
        assert!(setup.fake.sent().is_empty() && setup.count(Target::Send) == 0);
    }
    let setup = Setup::new();
    let folder = setup.client.send_file("missing file").into_folder("space-1", "0", UnionId("operator-1"));
    assert!(matches!(folder.to_user(UnionId("receiver-1")), Err(Error::Source(_))));
    setup.assert_untouched();
}

#[test]
fn a_missing_recipient_is_refused_before_the_upload() {
    let nobody = |setup: &Setup| send(setup, |folder| folder.to_user(UnionId("")));
    let nowhere = |setup: &Setup| send(setup, |folder| folder.to_conversation(""));
    for (run, missing) in [(nobody as SendFn, "unionId"), (nowhere, "openConversationId")] {
        let setup = Setup::new();
        match run(&setup) {
            Err(Error::InvalidArgument(what)) => assert!(what.contains(missing), "{what}"),
            other => panic!("{other:?}"),
        }
        setup.assert_untouched();
    }
}

#[test]
fn upload_options_apply_to_a_send() {
    let (setup, file, bytes) = (Setup::new(), TempFile::new(&pattern(3 * PART)), pattern(3 * PART));
    setup.fake.add_folder("space-1", "folder-1", "Reports");
    let folder = setup.client.send_file(&*file).into_folder("space-1", "folder-1", UnionId("operator-1"));
    let mut last = 0;
    let folder =
        folder.with(|upload| upload.multipart_above(0).part_size(PART).progress(|now| last = now.bytes));
    let sent = folder.to_user(UnionId("receiver-1")).unwrap();
    setup.assert_stored(&sent.uploaded, &bytes);
    assert_eq!((setup.puts().len(), last), (3, 3 * PART));
    let own = file.file_name().unwrap().to_str();
    assert_eq!(
        (sent.file.name.as_deref(), sent.uploaded.dentry.parent_id.as_deref()),
        (own, Some("folder-1"))
    );
}

#[test]
fn a_commit_answer_without_a_dentry_sends_no_file() {
    let setup = Setup::new();
    setup.fault(Target::Commit, Fault::json(200, "{}"));
    let error = to_user(&setup).unwrap_err();
    assert!(matches!(error, Error::NotSent(_)) && !error.may_have_run(), "{error}");
    assert!(error.to_string().contains("Look for the file in its folder"), "{error}");
    assert_eq!(setup.count(Target::Send), 0);
}
