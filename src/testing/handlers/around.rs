//! Files outside of storage: robot messages and files, approval attachments, exports, media, users, work notifications.

use super::call::FakeCall;
use super::checks::{check_rights, json_body, ok};
use super::fields::{PARAM_ERROR, required, text};
use crate::testing::data::errors::api_error;
use crate::testing::data::ids::random;
use crate::testing::data::records::{RobotMessageSent, UploadedMedia};
use crate::testing::data::response::FakeResponse;
use crate::testing::state::tree::object_path;
use crate::testing::state::{FakeState, Shared};
use serde_json::{Value, json};

const MOST_USERS: usize = 20;

/// Returns a presigned URL of a file that was "sent" to a robot.
pub(crate) fn robot_file(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    let code = "invalidParameter.robotCode.downloadCode";
    let download_code = required(&body, "downloadCode", code, text)?;
    required(&body, "robotCode", "invalidParameter.robotCode.empty", text)?;
    let refused = || api_error(400, code, "The download code is wrong or has lapsed.");
    let url = presigned(shared, &format!("robot/{download_code}")).ok_or_else(refused)?;
    Ok(ok(&json!({"downloadUrl": url})))
}

/// Returns a presigned URL of an attachment.
pub(crate) fn attachment_url(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    let file_id = required(&body, "fileId", "invalidFileId", text)?;
    let process = required(&body, "processInstanceId", "invalidProcessInstanceId", text)?;
    let key = format!("attachment/{process}/{file_id}");
    let refused = || api_error(400, "noPermission", "The file is not of this approval.");
    let url = presigned(shared, &key).ok_or_else(refused)?;
    let space_id: i64 =
        shared.state().other_files.get(&key).and_then(|(space, _)| space.parse().ok()).unwrap_or(0);
    Ok(ok(&json!({"success": true, "result": {"downloadUri": url, "fileId": file_id, "spaceId": space_id}})))
}

/// The space of all attachments.
pub(crate) const APPROVAL_SPACE: i64 = 700;

/// Returns the space into which attachments are uploaded.
pub(crate) fn attachment_space(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    required(&body, "userId", "invalidUserId", text)?;
    shared.state().tree.add_space(&APPROVAL_SPACE.to_string());
    Ok(ok(&json!({"success": true, "result": {"spaceId": APPROVAL_SPACE}})))
}

/// Grants the preview of an attachment, and returns its space.
pub(crate) fn grant_preview(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    required(&body, "userId", "invalidUserId", text)?;
    let file_id = required(&body, "fileId", "invalidFileId", text)?;
    let process = required(&body, "processInstanceId", "invalidProcessInstanceId", text)?;
    if !shared.state().other_files.contains_key(&format!("attachment/{process}/{file_id}")) {
        return Err(api_error(400, "noPermission", "The file is not of this approval."));
    }
    Ok(ok(&json!({"success": true, "result": {"spaceId": APPROVAL_SPACE}})))
}

/// Grants the download of attachments.
pub(crate) fn grant_download(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    required(&body, "userId", "userNotExist", text)?;
    let files = required(&body, "fileInfos", "invalidFileInfos", Value::as_array)?;
    let is_right = |file: &Value| {
        file.get("fileId").and_then(Value::as_str).is_some() && file.get("spaceId").is_some_and(Value::is_i64)
    };
    if files.is_empty() || files.len() > 10 || !files.iter().all(is_right) {
        return Err(api_error(
            400,
            "invalidFileInfos",
            "1 to 10 files, each with its id and the number of its space.",
        ));
    }
    Ok(ok(&json!({"success": true, "result": true})))
}

/// Returns a user whose unionId a test has set.
pub(crate) fn user(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let old_error = |errcode: i64, errmsg: &str| ok(&json!({"errcode": errcode, "errmsg": errmsg}));
    let body = json_body(call.request)?;
    let state = shared.state();
    if !state.tokens.accepts(call.request.query_value("access_token").unwrap_or_default()) {
        return Err(old_error(40014, "The access token is not valid."));
    }
    let userid = body.get("userid").and_then(Value::as_str).unwrap_or_default();
    let union_id = state.users.get(userid).ok_or_else(|| old_error(33012, "The userid is unknown."))?;
    Ok(ok(
        &json!({"errcode": 0, "errmsg": "ok", "result": {"userid": userid, "unionid": union_id, "name": userid}}),
    ))
}

/// Begins an export. The first query of its task reports that the export is still running.
pub(crate) fn export(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    let uuid = required(&body, "dentryUuid", PARAM_ERROR, text)?;
    required(&body, "operatorId", PARAM_ERROR, text)?;
    let format = required(&body, "targetFormat", PARAM_ERROR, text)?;
    let key = format!("export/{uuid}/{format}");
    let mut state = shared.state();
    if !state.other_files.contains_key(&key) {
        return Err(api_error(404, "documentNotExist", "The document does not exist."));
    }
    let task_id = format!("export-{:016x}", random());
    state.exports.insert(task_id.clone(), (key, false));
    Ok(ok(&json!({"taskId": task_id})))
}

/// Returns the progress of an export.
pub(crate) fn export_task(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let task_id = call.request.query_value("taskId").unwrap_or_default();
    let mut state = shared.state();
    let Some((key, was_asked)) = state.exports.get_mut(task_id) else {
        return Err(api_error(404, "taskNotExist", "The task does not exist."));
    };
    if !std::mem::replace(was_asked, true) {
        return Ok(ok(&json!({"status": "PROCESSING"})));
    }
    let key = key.clone();
    drop(state);
    let url = presigned(shared, &key);
    Ok(ok(&json!({"status": "SUCCESS", "downloadUrl": url})))
}

/// Returns a presigned URL of the file with a `resource_url`.
pub(crate) fn open_url(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let query = |name: &str| call.request.query_value(name).unwrap_or_default();
    if query("systemToken").is_empty() || query("userId").is_empty() {
        return Err(api_error(
            400,
            "noPermission.permission.deny",
            "The system token or the userid is missing.",
        ));
    }
    let refused = || api_error(400, "invalidParameter.parameter.invalidFileUrl", "No file has this URL.");
    let path = query("fileUrl").strip_prefix(&shared.base_url).filter(|path| path.starts_with("/oss/"));
    let path = shared.state().signatures.presign("GET", "", path.ok_or_else(refused)?);
    Ok(ok(&json!({"result": format!("{}{path}", shared.base_url)})))
}

/// Accepts a work notification.
pub(crate) fn work_message(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let old_error = |errcode: i64, errmsg: &str| ok(&json!({"errcode": errcode, "errmsg": errmsg}));
    let body = json_body(call.request)?;
    if !shared.state().tokens.accepts(call.request.query_value("access_token").unwrap_or_default()) {
        return Err(old_error(40014, "The access token is not valid."));
    }
    let kind = body.get("msg").and_then(|msg| msg.get("msgtype")).and_then(Value::as_str).unwrap_or_default();
    let content = body.get("msg").and_then(|msg| msg.get(kind)).and_then(|content| content.get("media_id"));
    if !body.get("agent_id").is_some_and(Value::is_i64) || content.is_none() {
        return Err(old_error(40008, "The message is not right."));
    }
    Ok(ok(&json!({"errcode": 0, "errmsg": "ok", "task_id": 1, "request_id": "fake-request"})))
}

/// Stores a media file.
pub(crate) fn upload_media(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let old_error = |errcode: i64, errmsg: &str| ok(&json!({"errcode": errcode, "errmsg": errmsg}));
    let token = call.request.query_value("access_token").unwrap_or_default();
    let mut state = shared.state();
    if !state.tokens.accepts(token) {
        return Err(old_error(40014, "The access token is not valid."));
    }
    let Some(mut media) = read_form(call) else {
        return Err(old_error(41005, "The body must be a form with `type` and `media`."));
    };
    if !["image", "voice", "video", "file"].contains(&media.kind.as_str()) {
        return Err(old_error(40004, "The type is not right."));
    }
    if media.bytes.is_empty() {
        return Err(old_error(44001, "The file is empty."));
    }
    media.media_id = format!("@media-{}", state.media.len() + 1);
    let answer = json!({"errcode": 0, "errmsg": "ok", "media_id": media.media_id, "type": media.kind, "created_at": 1_605_863_153_573_i64});
    state.media.push(media);
    Ok(ok(&answer))
}

fn read_form(call: &FakeCall<'_>) -> Option<UploadedMedia> {
    let kind = call.request.header("content-type")?;
    let boundary = kind.strip_prefix("multipart/form-data; boundary=")?;
    let delimiter = format!("--{boundary}\r\n");
    let end = format!("\r\n--{boundary}--\r\n");
    let body = call.request.body.strip_suffix(end.as_bytes())?;
    let mut media = UploadedMedia::default();
    for part in split(body, delimiter.as_bytes()).into_iter().skip(1) {
        let head_end = part.windows(4).position(|four| four == b"\r\n\r\n")?;
        let (head, content) = part.split_at(head_end);
        let content = content.get(4..)?;
        let content = content.strip_suffix(b"\r\n").unwrap_or(content);
        let head = String::from_utf8_lossy(head);
        if head.contains("name=\"media\"") {
            let (_, name) = head.split_once("filename=\"")?;
            name.split('"').next().unwrap_or_default().clone_into(&mut media.file_name);
            media.bytes = content.to_vec();
        } else if head.contains("name=\"type\"") {
            media.kind = String::from_utf8_lossy(content).into_owned();
        }
    }
    Some(media)
}

fn split<'b>(mut bytes: &'b [u8], delimiter: &[u8]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = bytes.windows(delimiter.len()).position(|window| window == delimiter) {
        let (piece, rest) = bytes.split_at(at);
        pieces.push(piece);
        bytes = rest.get(delimiter.len()..).unwrap_or_default();
    }
    pieces.push(bytes);
    pieces
}

/// Records a robot's message to users. Users named `gone-…` do not exist.
pub(crate) fn send_to_people(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    let users = required(&body, "userIds", "invalidParameter.userIds.empty", Value::as_array)?;
    let users: Vec<String> = users.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if users.is_empty() || users.len() > MOST_USERS {
        return Err(api_error(400, "invalidParameter.userIds.overMax", "1 to 20 users."));
    }
    let (gone, reached): (Vec<String>, Vec<String>) =
        users.into_iter().partition(|user| user.starts_with("gone-"));
    send(shared, &body, reached, None)?;
    Ok(ok(&json!({"processQueryKey": "key-1", "invalidStaffIdList": gone, "flowControlledStaffIdList": []})))
}

/// Records a robot's message to a group. Every group exists.
pub(crate) fn send_to_group(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    let group = required(&body, "openConversationId", "miss.openConversationId", text)?.to_owned();
    send(shared, &body, Vec::new(), Some(group))?;
    Ok(ok(&json!({"processQueryKey": "key-1"})))
}

fn send(
    shared: &Shared,
    body: &super::fields::JsonObject,
    user_ids: Vec<String>,
    open_conversation_id: Option<String>,
) -> Result<(), FakeResponse> {
    let robot_code = required(body, "robotCode", "invalidParameter.robotCode.empty", text)?.to_owned();
    let msg_key = required(body, "msgKey", "invalidParameter.msgKey.empty", text)?.to_owned();
    let msg_param = required(body, "msgParam", "invalidParameter.msgParam.invalid", text)?.to_owned();
    if serde_json::from_str::<Value>(&msg_param).is_err() {
        return Err(api_error(400, "invalidParameter.msgParam.invalid", "The content is not JSON."));
    }
    let message = RobotMessageSent { robot_code, msg_key, msg_param, user_ids, open_conversation_id };
    shared.state().robot_messages.push(message);
    Ok(())
}

/// Returns a URL of the latest version of a file, signed in its query.
fn presigned(shared: &Shared, key: &str) -> Option<String> {
    let mut state = shared.state();
    let FakeState { tree, other_files, .. } = &*state;
    let (space_id, dentry_id) = other_files.get(key)?;
    let path = object_path(space_id, dentry_id, tree.version_count(space_id, dentry_id));
    let path = state.signatures.presign("GET", "", &path);
    Some(format!("{}{path}", shared.base_url))
}
