//! The API side of uploads, and tasks.

use super::answer::Answer;
use super::dentry;
use super::dingtalk::{check_rights, checked, error, ok, resource_urls, union_id};
use super::fields::{
    Body, PARAM_ERROR, legal_name, option, optional, properties, required, text, upload_option, word,
};
use super::files::{Conflict, NewFile};
use super::routes::Call;
use super::state::Shared;
use super::uploads::LAST_PART;
use serde_json::{Value, json};

/// How many parts one call can be about.
const MOST_PARTS: usize = 30;
const PART_NUMBERS: &str = "paramError.partNumbers";

/// Says where a file can be put in one piece.
pub(super) fn upload_info(shared: &Shared, call: &Call<'_>) -> Answer {
    try_upload_info(shared, call).unwrap_or_else(|answer| answer)
}

fn try_upload_info(shared: &Shared, call: &Call<'_>) -> Result<Answer, Answer> {
    let (body, _) = checked(shared, call)?;
    let (space_id, _) = place(shared, call, None)?;
    required(&body, "protocol", "paramError.protocol", word(&["HEADER_SIGNATURE"]))?;
    let (drivers, empty) = (drivers(call), Body::new());
    let region = upload_option(option(&body, &empty)?, drivers)?;
    if !is_v2(call) {
        // `true` is for files above 5 GB, and is not refused here: nothing says that it is.
        required(&body, "multipart", PARAM_ERROR, Value::as_bool)?;
    }
    let key = shared.state().uploads.begin(&space_id, false);
    Ok(ok(&json!({
        "uploadKey": key,
        "storageDriver": "DINGTALK",
        "protocol": "HEADER_SIGNATURE",
        "headerSignatureInfo": signature_info(shared, &key, None, region),
    })))
}

/// Begins an upload in parts.
pub(super) fn init_multipart(shared: &Shared, call: &Call<'_>) -> Answer {
    try_init_multipart(shared, call).unwrap_or_else(|answer| answer)
}

fn try_init_multipart(shared: &Shared, call: &Call<'_>) -> Result<Answer, Answer> {
    let (body, _) = checked(shared, call)?;
    let (space_id, _) = place(shared, call, None)?;
    upload_option(option(&body, &Body::new())?, &["DINGTALK"])?;
    let key = shared.state().uploads.begin(&space_id, true);
    Ok(ok(&json!({"uploadKey": key, "storageDriver": "DINGTALK"})))
}

/// Says where parts can be put.
pub(super) fn part_infos(shared: &Shared, call: &Call<'_>) -> Answer {
    try_part_infos(shared, call).unwrap_or_else(|answer| answer)
}

fn try_part_infos(shared: &Shared, call: &Call<'_>) -> Result<Answer, Answer> {
    let (body, _) = checked(shared, call)?;
    let key = required(&body, "uploadKey", "paramError.uploadKey", text)?;
    let numbers = required(&body, "partNumbers", PART_NUMBERS, part_numbers)?;
    let region = upload_option(option(&body, &Body::new())?, &["DINGTALK"])?.to_owned();
    if !shared.state().uploads.is_multipart(key) {
        return Err(error(400, "paramError.uploadKey", "There is no such upload in parts."));
    }
    let infos = numbers.into_iter().map(|number| {
        json!({
            "partNumber": number,
            "headerSignatureInfo": signature_info(shared, key, Some(number), &region),
        })
    });
    Ok(ok(&json!({"multipartHeaderSignatureInfos": infos.collect::<Vec<_>>()})))
}

fn part_numbers(value: &Value) -> Option<Vec<u32>> {
    let list = value.as_array().filter(|list| (1..=MOST_PARTS).contains(&list.len()))?;
    let numbers = list.iter().map(|number| {
        let number = u32::try_from(number.as_u64()?).ok()?;
        (1..=LAST_PART).contains(&number).then_some(number)
    });
    numbers.collect()
}

/// Makes a file of what was put.
pub(super) fn commit(shared: &Shared, call: &Call<'_>) -> Answer {
    try_commit(shared, call).unwrap_or_else(|answer| answer)
}

fn try_commit(shared: &Shared, call: &Call<'_>) -> Result<Answer, Answer> {
    let (body, union_id) = checked(shared, call)?;
    // The first version of this operation has no codes for single fields.
    let code = |own| if is_v2(call) { own } else { PARAM_ERROR };
    let (space_id, parent_id) = place(shared, call, Some(&body))?;
    let key = required(&body, "uploadKey", code("paramError.uploadKey"), text)?;
    let name = required(&body, "name", code("paramError.name"), text)?;
    let name = legal_name(name).ok_or_else(|| error(400, "dentryNameIllegal", "The name is not legal."))?;
    let empty = Body::new();
    let option = option(&body, &empty)?;
    let (size, conflict, properties) = commit_option(&body, option)?;
    let mut state = shared.state();
    if !state.uploads.is_for(key, &space_id) {
        return Err(error(400, code("paramError.uploadKey"), "There is no such upload for this space."));
    }
    let smallest = state.smallest_part;
    let whole = state.uploads.whole(key, smallest).map_err(|why| error(400, "dentryStoreError", why))?;
    if size.is_some_and(|size| size != whole.size) {
        return Err(error(400, "dentryStoreError", "The size is not that of what was uploaded."));
    }
    let (space_id, parent_id) = (space_id.as_str(), parent_id.as_str());
    let new = NewFile { space_id, parent_id, name, union_id: &union_id, properties, whole };
    let Some(id) = state.tree.commit(new, conflict) else {
        return Err(error(400, "dentryNameConflict", "There is a file of this name already."));
    };
    let dentry = dentry::committed(shared, &state.tree, (space_id, &id), is_v2(call));
    Ok(ok(&json!({"dentry": dentry})))
}

type CommitOption = (Option<u64>, Conflict, Vec<super::records::StoredProperty>);

fn commit_option(body: &Body, option: &Body) -> Result<CommitOption, Answer> {
    optional(body, "overwriteDentryId", PARAM_ERROR, Value::as_str)?;
    optional(option, "convertToOnlineDoc", PARAM_ERROR, Value::as_bool)?;
    optional(option, "classificationLabelId", PARAM_ERROR, Value::as_str)?;
    let kinds = word(&["DOC", "WORKBOOK", "SMART_TABLE"]);
    optional(option, "convertToOnlineDocTargetDocumentType", PARAM_ERROR, kinds)?;
    let size = optional(option, "size", PARAM_ERROR, Value::as_u64)?;
    let conflict = optional(option, "conflictStrategy", "paramError.conflictStrategy", |value| match value
        .as_str()?
    {
        "AUTO_RENAME" => Some(Conflict::Rename),
        "OVERWRITE" => Some(Conflict::Overwrite),
        "RETURN_DENTRY_IF_EXISTS" => Some(Conflict::ReturnOld),
        "RETURN_ERROR_IF_EXISTS" => Some(Conflict::Refuse),
        _ => None,
    })?;
    Ok((size, conflict.unwrap_or_default(), properties(option)?))
}

/// Tells the next of the statuses that were ordered for a task.
pub(super) fn task(shared: &Shared, call: &Call<'_>) -> Answer {
    try_task(shared, call).unwrap_or_else(|answer| answer)
}

fn try_task(shared: &Shared, call: &Call<'_>) -> Result<Answer, Answer> {
    check_rights(shared, call.request)?;
    union_id(call.request)?;
    let id = call.param(0);
    let mut state = shared.state();
    let statuses = state.tasks.get_mut(id);
    let status = statuses.and_then(|statuses| match statuses.len() {
        0 | 1 => statuses.front().cloned(),
        _ => statuses.pop_front(),
    });
    let Some(status) = status else {
        return Err(error(404, "taskNotExist", "There is no such task."));
    };
    let mut task = json!({
        "id": id,
        "status": status,
        "totalCount": 1,
        "successCount": u8::from(status == "SUCCESS"),
        "failCount": u8::from(status == "FAIL"),
        "beginTime": "2022-01-01T10:00:00Z",
    });
    if let Some(task) = task.as_object_mut().filter(|_| matches!(status.as_str(), "SUCCESS" | "FAIL")) {
        task.insert("endTime".to_owned(), "2022-01-01T10:00:05Z".into());
        if status == "FAIL" {
            task.insert("failMessage".to_owned(), "permissionDenied".into());
        }
    }
    Ok(ok(&json!({"task": task})))
}

fn is_v2(call: &Call<'_>) -> bool {
    call.request.path.starts_with("/v2.0/")
}

fn drivers(call: &Call<'_>) -> &'static [&'static str] {
    if is_v2(call) { &["DINGTALK"] } else { &["DINGTALK", "ALIDOC", "UNKNOWN"] }
}

/// The space and the folder that a call is about. In version 1.0 the folder is in the body, and only where one is given.
fn place(shared: &Shared, call: &Call<'_>, body: Option<&Body>) -> Result<(String, String), Answer> {
    let state = shared.state();
    if is_v2(call) {
        let folder = state.tree.find_folder(|space, id| shared.uuid(space, id) == call.param(0));
        return folder.ok_or_else(|| error(400, "paramError.parentDentryUuid", "There is no such folder."));
    }
    let space_id = call.param(0);
    if !state.tree.has_space(space_id) {
        return Err(error(404, "spaceNotExist", "There is no such space."));
    }
    let Some(body) = body else {
        return Ok((space_id.to_owned(), String::new()));
    };
    let parent_id = required(body, "parentId", PARAM_ERROR, text)?;
    if state.tree.folder(space_id, parent_id).is_none() {
        return Err(error(400, PARAM_ERROR, "There is no folder with this parentId."));
    }
    Ok((space_id.to_owned(), parent_id.to_owned()))
}

fn signature_info(shared: &Shared, key: &str, part: Option<u32>, region: &str) -> Value {
    let offer = shared.offer(key, part);
    let urls =
        resource_urls(shared.state().upload_urls.as_deref(), &format!("{}{}", shared.base_url, offer.path));
    json!({
        "resourceUrls": urls,
        "headers": {"Authorization": offer.authorization, "x-oss-date": offer.date},
        "expirationSeconds": offer.lifetime.as_secs(),
        "region": region,
        // Not to be used, and of no use.
        "internalResourceUrls": [format!("http://internal.invalid{}", offer.path)],
    })
}
