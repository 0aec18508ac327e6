//! The operations around storage: robots, media, approvals, documents, knowledge bases, the drive, Yida.

use dingtalk_files::{
    ApprovalFileId, DriveSpaceType, GetAttachmentSpace, GetNodeByUrl, GetOpenUrl, GetSpaceWithDownloadAuth,
    GrantProcessInstanceForDownloadFile, Language, ListNodes, ListSpaces, ListWorkspaces, MediaType,
    MessageCorpconversationAsyncsendV2, OrgGroupSend, RobotMessage, Secret, UnionId, UserId, WorkMessage,
    WorkspaceOrderBy,
};

use super::{Row, shown};

const PERSON: UnionId<'static> = UnionId("union-1");
const USER: UserId<'static> = UserId("user-1");

/// Builds the row of an operation, called with everything set and with nothing set.
macro_rules! row {
    ($group:literal, $getter:ident.$name:ident($($argument:expr),*)) => {
        row!($group, $getter.$name($($argument),*) or ($($argument),*))
    };
    ($group:literal, $getter:ident.$name:ident($($full:expr),*) or ($($bare:expr),*) $(withheld $($withheld:expr),+)?) => {
        Row {
            group: $group,
            name: stringify!($name),
            full: |client| shown(client.$getter().$name($($full),*)),
            bare: |client| shown(client.$getter().$name($($bare),*)),
            withheld: &[$($($withheld),+)?],
        }
    };
}

fn message() -> RobotMessage {
    RobotMessage::file("@media-1", "report.xlsx", "xlsx")
}

fn file() -> WorkMessage {
    WorkMessage::File { media_id: "@media-1".to_owned() }
}

pub(super) const ROWS: &[Row] = &[
    row!("robot", robot.robot_message_file_download("download-code-1", "robot-1")
        or ("download-code-1", "robot-1") withheld "downloadUrl"),
    row!("robot", robot.batch_send_oto(&message(), "robot-1", &[USER])),
    row!("robot", robot.org_group_send(
        &message(), "open-1", "robot-1", &OrgGroupSend::new().cool_app_code("cool-app-1").token("token-1")
    ) or (&message(), "open-1", "robot-1", &OrgGroupSend::new())),
    row!("media", media.upload(&MediaType::File, "report.xlsx", b"PK")),
    row!("topapi", topapi.message_corpconversation_asyncsend_v2(
        123, &file(),
        &MessageCorpconversationAsyncsendV2::new()
            .userid_list(["user-1".to_owned()])
            .dept_id_list([7])
            .to_all_user(false)
    ) or (123, &file(), &MessageCorpconversationAsyncsendV2::new())),
    row!("workflow", workflow.grant_process_instance_for_download_file(
        "file-1", "process-1", &GrantProcessInstanceForDownloadFile::new().with_comment_attachment(true)
    ) or ("file-1", "process-1", &GrantProcessInstanceForDownloadFile::new()) withheld "result.downloadUri"),
    row!("workflow", workflow.get_attachment_space(USER, &GetAttachmentSpace::new().agent_id(1))
        or (USER, &GetAttachmentSpace::new())),
    row!("workflow", workflow.add_approve_dentry_auth(&[ApprovalFileId::new(854, "file-1")], USER)),
    row!("workflow", workflow.get_space_with_download_auth(
        "file-1", "process-1", USER,
        &GetSpaceWithDownloadAuth::new()
            .agent_id(1)
            .file_id_list(["file-2".to_owned()])
            .with_comment_attachment(true)
    ) or ("file-1", "process-1", USER, &GetSpaceWithDownloadAuth::new())),
    row!("doc", doc.submit_export_job("uuid-1", "docx", PERSON)
        or ("uuid-1", "docx", PERSON) withheld "downloadUrl"),
    row!("doc", doc.query_export_task("task-1", PERSON) or ("task-1", PERSON) withheld "downloadUrl"),
    row!("doc", doc.get_uuid_by_id_or_url("https://alidocs.dingtalk.com/i/nodes/uuid-1?a=b", PERSON)),
    row!("doc", doc.get_resource_upload_info("doc-1", "image/jpeg", "logo.jpg", 200, PERSON)
        or ("doc-1", "image/jpeg", "logo.jpg", 200, PERSON) withheld "result.uploadUrl"),
    row!("doc", doc.get_resource_download_info("doc-1", "resource-1", PERSON)
        or ("doc-1", "resource-1", PERSON) withheld "result.downloadUrl"),
    row!("wiki", wiki.list_workspaces(
        PERSON,
        &ListWorkspaces::new()
            .max_results(30)
            .next_token("next-token-1")
            .order_by(WorkspaceOrderBy::ViewTime)
            .team_id("team-1")
            .with_permission_role(true)
    ) or (PERSON, &ListWorkspaces::new())),
    row!("wiki", wiki.get_mine_workspace(PERSON)),
    row!("wiki", wiki.list_nodes(
        "node-0", PERSON,
        &ListNodes::new().max_results(50).next_token("next-token-1").with_permission_role(true)
    ) or ("node-0", PERSON, &ListNodes::new())),
    row!("wiki", wiki.get_node_by_url(
        "https://alidocs.dingtalk.com/i/nodes/node-1", PERSON,
        &GetNodeByUrl::new().with_permission_role(true).with_statistical_info(true)
    ) or ("https://alidocs.dingtalk.com/i/nodes/node-1", PERSON, &GetNodeByUrl::new())),
    row!("drive", drive.list_spaces(
        &DriveSpaceType::Org, 50, PERSON, &ListSpaces::new().next_token("next-token-1")
    ) or (&DriveSpaceType::Org, 50, PERSON, &ListSpaces::new())),
    row!("yida", yida.get_open_url(
        "app-1", "https://www.aliwork.com/fileHandle?appType=app-1&fileName=a.xlsx",
        &Secret::new("system-token-1"), USER,
        &GetOpenUrl::new().language(Language::English).timeout(60_000)
    ) or (
        "app-1", "https://www.aliwork.com/fileHandle?appType=app-1", &Secret::new("system-token-1"), USER,
        &GetOpenUrl::new()
    ) withheld "result"),
];
