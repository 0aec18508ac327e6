//! Download information.

use super::call::FakeCall;
use super::checks::{checked, latest_version, ok, signature_info};
use super::fields::{JsonObject, PARAM_ERROR, option, optional};
use crate::testing::data::errors::api_error;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::tree::object_path;
use crate::testing::state::{FakeState, Shared};
use serde_json::{Value, json};

/// Returns the URLs and headers for the GET of a file.
pub(crate) fn download_info(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    let (space_id, dentry_id) = (call.param(0), call.param(1));
    let mut state = shared.state();
    let latest = latest_version(&state.tree, space_id, dentry_id)?;
    let version = requested_version(&body, latest)?;
    if is_archived(&mut state, space_id, dentry_id) {
        return Err(api_error(400, "fileArchived", "The file is archived and is being restored."));
    }
    let signed = state.sign_get(object_path(space_id, dentry_id, version));
    let info = signature_info(&shared.base_url, &signed, state.resource_urls.as_deref(), "ZHANGJIAKOU");
    Ok(ok(&json!({"protocol": "HEADER_SIGNATURE", "headerSignatureInfo": info})))
}

/// Returns whether the file is still archived, and counts down its remaining calls.
fn is_archived(state: &mut FakeState, space_id: &str, dentry_id: &str) -> bool {
    let calls = state.archived.get_mut(&(space_id.to_owned(), dentry_id.to_owned()));
    let left = calls.and_then(|calls| Some((calls.checked_sub(1)?, calls)));
    left.map(|(fewer, calls)| *calls = fewer).is_some()
}

/// Returns `option.version`, or the latest version by default.
fn requested_version(body: &JsonObject, latest: usize) -> Result<usize, FakeResponse> {
    let empty = JsonObject::new();
    let option = option(body, &empty)?;
    optional(option, "preferIntranet", PARAM_ERROR, Value::as_bool)?;
    let Some(version) = optional(option, "version", PARAM_ERROR, Value::as_i64)? else {
        return Ok(latest);
    };
    let version = usize::try_from(version).ok().filter(|version| (1..=latest).contains(version));
    version.ok_or_else(|| api_error(404, "dentryNotExist", "The file has no such version."))
}
