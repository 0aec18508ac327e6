//! Attachments in documents. A PUT to a presigned URL stores an attachment without a commit.

use super::call::FakeCall;
use super::checks::{check_operator, check_rights, json_body, ok};
use super::fields::{PARAM_ERROR, required, text};
use crate::testing::data::errors::api_error;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::tree::object_path;
use crate::testing::state::{DocResource, FakeState, RESOURCE_SPACE, Shared, uploads};
use serde_json::{Value, json};

/// Returns a presigned URL for the PUT. Its signature covers the media type.
pub(crate) fn upload_info(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let doc_id = call.param(0);
    check_operator(call.request)?;
    let body = json_body(call.request)?;
    let media_type = required(&body, "mediaType", PARAM_ERROR, text)?;
    let name = required(&body, "resourceName", PARAM_ERROR, text)?.to_owned();
    required(&body, "size", PARAM_ERROR, Value::as_u64)?;
    let mut state = shared.state();
    check_document(&state, doc_id)?;
    let key = state.uploads.begin(RESOURCE_SPACE, false);
    let path = uploads::put_path(&key, None);
    let id = uploads::object(&key).to_owned();
    state.doc_resources.insert(id.clone(), DocResource { doc_id: doc_id.to_owned(), name });
    let path = state.signatures.presign("PUT", media_type, &path);
    let result = json!({
        "resourceId": id,
        "resourceUrl": format!("/core/api/resources/img/{id}"),
        "uploadUrl": format!("{}{path}", shared.base_url),
    });
    Ok(ok(&json!({"success": true, "result": result})))
}

/// Returns a presigned URL of an uploaded attachment.
pub(crate) fn download_info(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    let (doc_id, id) = (call.param(0), call.param(1));
    check_operator(call.request)?;
    let mut state = shared.state();
    check_document(&state, doc_id)?;
    let FakeState { tree, doc_resources, .. } = &*state;
    let is_stored = doc_resources.get(id).is_some_and(|resource| resource.doc_id == doc_id);
    let stored = tree.dentry(RESOURCE_SPACE, id).and_then(|dentry| dentry.latest()).filter(|_| is_stored);
    // The vendor does not document a code for this error.
    let missing = || api_error(404, "FakeResourceNotExist", "The document has no such attachment.");
    let stored = stored.ok_or_else(missing)?;
    let (name, size) = (stored.name.clone(), stored.size);
    let path = object_path(RESOURCE_SPACE, id, tree.version_count(RESOURCE_SPACE, id));
    let path = state.signatures.presign("GET", "", &path);
    let result =
        json!({"downloadUrl": format!("{}{path}", shared.base_url), "resourceName": name, "size": size});
    Ok(ok(&json!({"success": true, "result": result})))
}

fn check_document(state: &FakeState, doc_id: &str) -> Result<(), FakeResponse> {
    let formats = format!("export/{doc_id}/");
    if state.other_files.keys().any(|key| key.starts_with(&formats)) {
        return Ok(());
    }
    Err(api_error(404, "docNotExist", "The document does not exist."))
}
