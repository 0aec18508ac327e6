//! Upload information and commits.

use super::call::FakeCall;
use super::checks::{check_space, checked, ok, signature_info};
use super::dentry_json;
use super::fields::{
    JsonObject, PARAM_ERROR, legal_name, option, optional, properties, required, text, upload_option, word,
};
use crate::testing::data::errors::api_error;
use crate::testing::data::records::StoredProperty;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use crate::testing::state::tree::{Conflict, NewFile};
use crate::testing::state::uploads::LAST_PART;
use serde_json::{Value, json};

/// The maximum number of parts in one call.
const MOST_PARTS: usize = 30;
const PART_NUMBERS: &str = "paramError.partNumbers";

/// Returns the URLs and headers for a single PUT.
pub(crate) fn upload_info(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    let (space_id, _) = place(shared, call, None)?;
    required(&body, "protocol", "paramError.protocol", word(&["HEADER_SIGNATURE"]))?;
    let (drivers, empty) = (drivers(call), JsonObject::new());
    let region = upload_option(option(&body, &empty)?, drivers)?;
    if !is_v2(call) {
        // `true` is for files above 5 GB. The documentation does not say whether this call refuses `true`.
        required(&body, "multipart", PARAM_ERROR, Value::as_bool)?;
    }
    let mut state = shared.state();
    let key = state.uploads.begin(&space_id, false);
    let signed = state.sign_put(&key, None);
    let info = signature_info(&shared.base_url, &signed, state.upload_urls.as_deref(), region);
    Ok(ok(&json!({
        "uploadKey": key,
        "storageDriver": "DINGTALK",
        "protocol": "HEADER_SIGNATURE",
        "headerSignatureInfo": info,
    })))
}

/// Begins a multipart upload.
pub(crate) fn init_multipart(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    let (space_id, _) = place(shared, call, None)?;
    upload_option(option(&body, &JsonObject::new())?, &["DINGTALK"])?;
    let key = shared.state().uploads.begin(&space_id, true);
    Ok(ok(&json!({"uploadKey": key, "storageDriver": "DINGTALK"})))
}

/// Returns the URLs and headers for the PUTs of parts.
pub(crate) fn part_infos(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    let key = required(&body, "uploadKey", "paramError.uploadKey", text)?;
    let numbers = required(&body, "partNumbers", PART_NUMBERS, part_numbers)?;
    let region = upload_option(option(&body, &JsonObject::new())?, &["DINGTALK"])?.to_owned();
    let mut state = shared.state();
    if !state.uploads.is_multipart(key) {
        return Err(api_error(400, "paramError.uploadKey", "The multipart upload does not exist."));
    }
    let infos = numbers.into_iter().map(|number| {
        let signed = state.sign_put(key, Some(number));
        let info = signature_info(&shared.base_url, &signed, state.upload_urls.as_deref(), &region);
        json!({"partNumber": number, "headerSignatureInfo": info})
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

/// Creates a file from an upload.
pub(crate) fn commit(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, union_id) = checked(shared, call)?;
    // Version 1.0 of this operation does not have codes for single fields.
    let code = |own| if is_v2(call) { own } else { PARAM_ERROR };
    let (space_id, parent_id) = place(shared, call, Some(&body))?;
    let key = required(&body, "uploadKey", code("paramError.uploadKey"), text)?;
    let name = required(&body, "name", code("paramError.name"), text)?;
    let name =
        legal_name(name).ok_or_else(|| api_error(400, "dentryNameIllegal", "The name is not legal."))?;
    let empty = JsonObject::new();
    let option = option(&body, &empty)?;
    let (size, conflict, properties) = commit_option(&body, option)?;
    let mut state = shared.state();
    if !state.uploads.is_for(key, &space_id) {
        return Err(api_error(400, code("paramError.uploadKey"), "The upload does not exist in this space."));
    }
    let smallest = state.smallest_part;
    let whole =
        state.uploads.assemble(key, smallest).map_err(|why| api_error(400, "dentryStoreError", why))?;
    if size.is_some_and(|size| size != whole.size) {
        return Err(api_error(400, "dentryStoreError", "The size is not that of what was uploaded."));
    }
    let (space_id, parent_id) = (space_id.as_str(), parent_id.as_str());
    let new = NewFile { space_id, parent_id, name, union_id: &union_id, properties, whole };
    let Some(id) = state.tree.commit(new, conflict) else {
        return Err(api_error(400, "dentryNameConflict", "There is a file of this name already."));
    };
    let dentry = dentry_json::committed(&state.tree, (space_id, &id), is_v2(call));
    Ok(ok(&json!({"dentry": dentry})))
}

type CommitOption = (Option<u64>, Conflict, Vec<StoredProperty>);

fn commit_option(body: &JsonObject, option: &JsonObject) -> Result<CommitOption, FakeResponse> {
    optional(body, "overwriteDentryId", PARAM_ERROR, Value::as_str)?;
    optional(option, "convertToOnlineDoc", PARAM_ERROR, Value::as_bool)?;
    optional(option, "classificationLabelId", PARAM_ERROR, Value::as_str)?;
    let kinds = word(&["DOC", "WORKBOOK", "SMART_TABLE"]);
    optional(option, "convertToOnlineDocTargetDocumentType", PARAM_ERROR, kinds)?;
    let size = optional(option, "size", PARAM_ERROR, Value::as_u64)?;
    let conflict = conflict(option)?;
    Ok((size, conflict, properties(option)?))
}

/// Reads the strategy for a name that is taken.
pub(crate) fn conflict(option: &JsonObject) -> Result<Conflict, FakeResponse> {
    let conflict = optional(option, "conflictStrategy", "paramError.conflictStrategy", |value| match value
        .as_str()?
    {
        "AUTO_RENAME" => Some(Conflict::Rename),
        "OVERWRITE" => Some(Conflict::Overwrite),
        "RETURN_DENTRY_IF_EXISTS" => Some(Conflict::ReturnOld),
        "RETURN_ERROR_IF_EXISTS" => Some(Conflict::Refuse),
        _ => None,
    })?;
    Ok(conflict.unwrap_or_default())
}

fn is_v2(call: &FakeCall<'_>) -> bool {
    call.request.path.starts_with("/v2.0/")
}

fn drivers(call: &FakeCall<'_>) -> &'static [&'static str] {
    if is_v2(call) { &["DINGTALK"] } else { &["DINGTALK", "ALIDOC", "UNKNOWN"] }
}

/// Returns the space and the folder of a call. In version 1.0 the folder is read from `body`, if that is given.
fn place(
    shared: &Shared,
    call: &FakeCall<'_>,
    body: Option<&JsonObject>,
) -> Result<(String, String), FakeResponse> {
    let state = shared.state();
    if is_v2(call) {
        let folder = state.tree.folder_by_uuid(call.param(0));
        return folder
            .ok_or_else(|| api_error(400, "paramError.parentDentryUuid", "The folder does not exist."));
    }
    let space_id = call.param(0);
    check_space(&state.tree, space_id)?;
    let Some(body) = body else {
        return Ok((space_id.to_owned(), String::new()));
    };
    let parent_id = required(body, "parentId", PARAM_ERROR, text)?;
    if state.tree.folder(space_id, parent_id).is_none() {
        return Err(api_error(400, PARAM_ERROR, "The folder of parentId does not exist."));
    }
    Ok((space_id.to_owned(), parent_id.to_owned()))
}
