//! Sends of files to users and conversations.

use super::call::FakeCall;
use super::checks::{checked, latest_version, ok};
use super::dentry_json;
use crate::testing::data::errors::api_error;
use crate::testing::data::records::Sent;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use serde_json::{Value, json};

/// A required field, and the error code if it is missing.
type RequiredField = (&'static str, &'static str);
const SPACE_ID: RequiredField = ("spaceId", "paramError.spaceId");
const DENTRY_ID: RequiredField = ("dentryId", "paramError.dentryId");
const CONVERSATION_ID: RequiredField = ("openConversationId", "paramError.conversationId");

/// Records the send of a stored file to a user.
pub(crate) fn send_by_app(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    send_file(shared, call, &[SPACE_ID, DENTRY_ID])
}

/// Records the send of a stored file to a conversation. Every conversation exists.
pub(crate) fn send(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    send_file(shared, call, &[SPACE_ID, DENTRY_ID, CONVERSATION_ID])
}

fn send_file(
    shared: &Shared,
    call: &FakeCall<'_>,
    required: &[RequiredField],
) -> Result<FakeResponse, FakeResponse> {
    let (body, union_id) = checked(shared, call)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    for (name, code) in required {
        if text(name).is_empty() {
            return Err(api_error(400, code, "The id is missing."));
        }
    }
    let (space_id, dentry_id) = (text(SPACE_ID.0).to_owned(), text(DENTRY_ID.0).to_owned());
    let conversation_id = required.contains(&CONVERSATION_ID).then(|| text(CONVERSATION_ID.0).to_owned());
    let conversation = format!("conversation-{}", conversation_id.as_ref().unwrap_or(&union_id));
    let mut state = shared.state();
    latest_version(&state.tree, &space_id, &dentry_id)?;
    let Some(file) = dentry_json::sent(&state.tree, (&space_id, &dentry_id), &conversation) else {
        return Err(api_error(404, "dentryNotExist", "The file does not exist."));
    };
    state.sent.push(Sent { space_id, dentry_id, union_id, conversation_id });
    Ok(ok(&json!({"file": file})))
}
