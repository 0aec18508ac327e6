//! Access tokens.

use super::call::FakeCall;
use super::checks::{json_body, ok};
use crate::testing::data::errors::api_error;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use crate::testing::state::tokens::{APP_KEY, APP_SECRET};
use serde_json::{Value, json};

/// Issues a token for the correct key and secret.
pub(crate) fn access_token(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let body = json_body(call.request)?;
    let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("appKey") != APP_KEY || text("appSecret") != APP_SECRET {
        return Err(api_error(400, "invalidClientIdOrSecret", "The app key or the app secret is wrong."));
    }
    let mut state = shared.state();
    let token = state.tokens.issue();
    Ok(ok(&json!({"accessToken": token, "expireIn": state.tokens.lifetime.as_secs()})))
}

/// Issues a token of an app in one organisation. Every organisation exists.
pub(crate) fn corp_token(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let body = json_body(call.request)?;
    let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_known = text("client_id") == APP_KEY && text("client_secret") == APP_SECRET;
    if !is_known || text("grant_type") != "client_credentials" {
        return Err(api_error(400, "invalid.client", "The client id or the client secret is wrong."));
    }
    let mut state = shared.state();
    let token = state.tokens.issue();
    Ok(ok(&json!({"access_token": token, "expires_in": state.tokens.lifetime.as_secs()})))
}
