//! The operations around storage: behaviour that the comparison with the facts does not cover.

use std::fs;
use std::io::{self, Read};

use dingtalk_files::testing::FakeDingTalk;
use dingtalk_files::{
    DriveSpaceType, Error, GetNodeByUrl, GetOpenUrl, ListNodes, ListWorkspaces, MediaType,
    MessageCorpconversationAsyncsendV2, OrgGroupSend, RobotMessage, Secret, SourceProblem, UnionId, UserId,
    WorkMessage,
};
use serde_json::json;

use crate::support::{SentRequest, Wire, error_texts};

const PERSON: UnionId<'_> = UnionId("union-1");

#[test]
fn media_are_uploaded_from_bytes_a_path_and_a_reader() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let folder = std::env::temp_dir().join(format!("dingtalk-files-media-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let path = folder.join("报告 1.xlsx");
    fs::write(&path, &bytes).unwrap();
    client.media().upload(&MediaType::File, "a.xlsx", &bytes).unwrap();
    client.media().upload_file(&MediaType::Image, &path).unwrap();
    let last = client.media().upload_reader(&MediaType::Video, "c.mp4", &bytes[..]).unwrap();
    fs::remove_dir_all(folder).unwrap();
    let media = fake.media();
    assert_eq!(last.media_id, media[2].media_id);
    let seen: Vec<_> = media.iter().map(|m| (m.kind.as_str(), m.file_name.as_str())).collect();
    assert_eq!(seen, [("file", "a.xlsx"), ("image", "报告 1.xlsx"), ("video", "c.mp4")]);
    assert!(media.iter().all(|m| m.bytes == bytes));
    let request = &fake.requests()[1];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/media/upload"));
    assert_eq!(request.header("content-length"), Some(request.body_length.to_string().as_str()));
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(
        (request.query_value("type"), request.header("x-acs-dingtalk-access-token")),
        (Some("file"), None)
    );
}

/// An endless reader that counts the bytes read.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        buf.fill(7);
        self.0 += buf.len() as u64;
        Ok(buf.len())
    }
}

#[test]
fn media_beyond_the_limits_are_refused_without_a_request() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let media = client.media();
    let (mib, path) =
        (1024 * 1024, std::env::temp_dir().join(format!("dingtalk-files-large-{}", std::process::id())));
    fs::File::create(&path).unwrap().set_len(20 * mib + 1).unwrap();
    let mut endless = Endless(0);
    let voice = vec![0; 2 * 1024 * 1024 + 1];
    let table = [
        media.upload_file(&MediaType::File, &path),
        media.upload_reader(&MediaType::File, "a.pdf", &mut endless),
        media.upload(&MediaType::Voice, "a.amr", &voice),
        media.upload(&MediaType::File, "a.pdf", b""),
        media.upload(&MediaType::File, "", b"a"),
    ];
    fs::remove_file(&path).unwrap();
    for result in table {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
        assert!(error.to_string().contains("media/upload: "), "{error}");
    }
    // Only slightly more than the limit is read.
    assert!(endless.0 < 41 * mib, "{}", endless.0);
    for (path, is_folder) in [(std::env::temp_dir(), true), (path, false)] {
        let error = media.upload_file(&MediaType::File, &path).unwrap_err();
        let Error::Source(source) = &error else { panic!("{error}") };
        assert_eq!(matches!(source.problem, SourceProblem::NoFile), is_folder, "{error}");
        assert!(source.path.is_some());
    }
    assert_eq!(fake.connections(), 0);
    media.upload(&MediaType::Voice, "a.amr", &voice[1..]).unwrap();
}

#[test]
fn a_media_upload_is_sent_once_and_returns_errcode_errors() {
    for (errcode, text) in [(40006, "at most 20 MB"), (40004, "kind"), (44001, "")] {
        let wire = Wire::json(&json!({"errcode": errcode, "errmsg": "m"}).to_string());
        let error = wire.client().media().upload(&MediaType::File, "a.pdf", b"a").unwrap_err();
        assert_eq!(error.code(), Some(errcode.to_string().as_str()));
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(wire.requests().len(), 1);
    }
}

#[test]
fn a_robot_message_reports_the_users_not_reached() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let message = RobotMessage::file("@media-1", "a \"1\".xlsx", "xlsx");
    let sent =
        client.robot().batch_send_oto(&message, "robot-1", &[UserId("user-1"), UserId("gone-2")]).unwrap();
    assert!(!sent.reached_everybody());
    assert_eq!(sent.not_reached().collect::<Vec<_>>(), ["gone-2"]);
    let [kept] = &fake.robot_messages()[..] else { panic!() };
    assert_eq!((kept.user_ids.as_slice(), &kept.open_conversation_id), (&["user-1".to_owned()][..], &None));
    let param: serde_json::Value = serde_json::from_str(&kept.msg_param).unwrap();
    assert_eq!(param, json!({"mediaId": "@media-1", "fileName": "a \"1\".xlsx", "fileType": "xlsx"}));

    let wire = Wire::json(
        r#"{"invalidStaffIdList": null, "flowControlledStaffIdList": ["a", null], "filteredStaffIdList": ["b"]}"#,
    );
    let sent =
        wire.client().robot().batch_send_oto(&message, "robot-1", &[UserId("a"), UserId("b")]).unwrap();
    assert_eq!(sent.not_reached().collect::<Vec<_>>(), ["a", "b"]);

    let long = RobotMessage::new("sampleText", "x".repeat(15_001));
    let refused = client.robot().org_group_send(&long, "open-1", "robot-1", &OrgGroupSend::new());
    assert!(matches!(refused, Err(Error::InvalidArgument(_))));
    client.robot().org_group_send(&message, "open-1", "robot-1", &OrgGroupSend::new()).unwrap();
    assert_eq!(fake.robot_messages()[1].open_conversation_id.as_deref(), Some("open-1"));
}

#[test]
fn each_kind_of_work_message_sends_its_own_content() {
    let wire = Wire::json(r#"{"errcode": 0, "task_id": 7}"#);
    let client = wire.client();
    let media_id = || "@media-1".to_owned();
    let table = [
        (
            WorkMessage::File { media_id: media_id() },
            json!({"msgtype": "file", "file": {"media_id": "@media-1"}}),
        ),
        (
            WorkMessage::Image { media_id: media_id() },
            json!({"msgtype": "image", "image": {"media_id": "@media-1"}}),
        ),
        (
            WorkMessage::Voice { media_id: media_id(), duration: 59 },
            json!({"msgtype": "voice", "voice": {"media_id": "@media-1", "duration": "59"}}),
        ),
    ];
    let to = MessageCorpconversationAsyncsendV2::new()
        .userid_list(["u-1".to_owned(), "u-2".to_owned()])
        .dept_id_list([1, 2]);
    for (message, content) in table {
        let task = client.topapi().message_corpconversation_asyncsend_v2(123, &message, &to).unwrap();
        assert_eq!(task, Some(7));
        let target = "/topapi/message/corpconversation/asyncsend_v2?access_token=access-token-1";
        let body = json!({"agent_id": 123, "userid_list": "u-1,u-2", "dept_id_list": "1,2", "msg": content});
        assert_eq!(wire.only_request(), SentRequest::post(&wire.host(), target, body));
    }
}

#[test]
fn space_and_node_iterators_fetch_all_pages() {
    let wire = Wire::new(|mock| {
        mock.with_body_from_request(|request| {
            let target = request.path_and_query();
            let list = if target.contains("workspaces") {
                "workspaces"
            } else if target.contains("nodes") {
                "nodes"
            } else {
                "spaces"
            };
            let token = if target.contains("nextToken=a") { "" } else { "a" };
            json!({list: [{"name": "n"}, {"name": "m"}], "nextToken": token}).to_string().into_bytes()
        })
    });
    let client = wire.client();
    assert_eq!(client.wiki().workspaces(PERSON, &ListWorkspaces::new()).map(Result::unwrap).count(), 4);
    assert_eq!(client.wiki().nodes("node-0", PERSON, &ListNodes::new()).map(Result::unwrap).count(), 4);
    assert_eq!(client.drive().spaces(&DriveSpaceType::Org, 50, PERSON).map(Result::unwrap).count(), 4);
    let requests = wire.requests();
    assert_eq!(requests.len(), 6);
    assert_eq!(
        requests[5].target,
        "/v1.0/drive/spaces?maxResults=50&nextToken=a&spaceType=org&unionId=union-1"
    );
}

#[test]
fn the_yida_system_token_appears_in_no_text() {
    let token = Secret::new("planted/token+1");
    let open_url = |wire: &Wire| {
        let client = wire.client();
        client.yida().get_open_url(
            "app-1",
            "https://h.example/f?a=b&c",
            &token,
            UserId("user-1"),
            &GetOpenUrl::new(),
        )
    };
    let wire = Wire::json(r#"{"result": "https://www.aliwork.com/file?Signature=planted"}"#);
    let url = open_url(&wire).unwrap();
    assert!(!format!("{url:?}").contains("planted"));
    let target = "/v1.0/yida/apps/temporaryUrls/app-1?systemToken=planted%2Ftoken%2B1&userId=user-1\
        &fileUrl=https%3A%2F%2Fh.example%2Ff%3Fa%3Db%26c";
    assert_eq!(wire.only_request(), SentRequest::get(&wire.host(), target).with_token());
    for echoed in ["planted/token+1", "planted%2Ftoken%2B1"] {
        let body = json!({"code": "noPermission.permission.deny", "message": echoed, "requestid": echoed});
        let error = open_url(&Wire::error(400, &body.to_string())).unwrap_err();
        let text = error_texts(&error);
        assert!(error.is_permission_denied() && !text.contains("planted"), "{text}");
    }
}

#[test]
fn the_fake_resolves_users_and_links_to_files() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_folder("space-1", "folder-1", "Reports");
    fake.put_file("space-1", "dentry-1", "a.txt", "hello");
    fake.put_file("space-1", "dentry-2", "b.txt", "b");
    fake.move_into_folder("space-1", "dentry-2", "folder-1");
    let client = fake.client().build().unwrap();
    let (wiki, doc) = (client.wiki(), client.doc());

    let spaces: Vec<_> = client.drive().spaces(&DriveSpaceType::Org, 1, PERSON).map(Result::unwrap).collect();
    assert_eq!(spaces[0].space_id.as_deref(), Some("space-1"));
    let root = wiki.workspaces(PERSON, &ListWorkspaces::new()).next().unwrap().unwrap().root_node_id.unwrap();
    assert_eq!(wiki.get_mine_workspace(PERSON).unwrap().root_node_id.as_ref(), Some(&root));
    let options = ListNodes::new().max_results(1);
    let nodes: Vec<_> = wiki.nodes(&root, PERSON, &options).map(Result::unwrap).collect();
    let names: Vec<_> = nodes.iter().map(|node| (node.name.as_deref().unwrap(), node.has_children)).collect();
    assert_eq!(names, [("Reports", Some(true)), ("a.txt", Some(false))]);
    let below = nodes[0].node_id.as_deref().unwrap();
    assert_eq!(wiki.nodes(below, PERSON, &options).count(), 1);

    let link = nodes[1].url.as_deref().unwrap();
    let node = wiki.get_node_by_url(link, PERSON, &GetNodeByUrl::new()).unwrap();
    let uuid = doc.get_uuid_by_id_or_url(link, PERSON).unwrap();
    assert_eq!((node.node_id.as_ref(), node.size), (Some(&uuid), Some(5)));
    let mut bytes = Vec::new();
    client.file_by_uuid(&uuid, PERSON).download_to(&mut bytes, ..).unwrap();
    assert_eq!(bytes, b"hello");
    assert!(wiki.get_node_by_url("https://h/x", PERSON, &GetNodeByUrl::new()).unwrap_err().is_not_found());
    assert!(doc.get_uuid_by_id_or_url("nothing", PERSON).unwrap_err().is_not_found());
    assert!(wiki.list_nodes("nothing", PERSON, &ListNodes::new()).unwrap_err().is_not_found());

    let file = fake.resource_url("space-1", "dentry-1");
    let (token, user) = (Secret::new("system-token"), UserId("user-1"));
    let url = client.yida().get_open_url("app-1", &file, &token, user, &GetOpenUrl::new()).unwrap();
    assert!(client.url(url.as_str()).download_to(&mut bytes, ..).unwrap().verified);
    let message = WorkMessage::File { media_id: "@media-1".to_owned() };
    let to = MessageCorpconversationAsyncsendV2::new().to_all_user(true);
    assert_eq!(client.topapi().message_corpconversation_asyncsend_v2(7, &message, &to).unwrap(), Some(1));
}
