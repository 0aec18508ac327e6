//! Checks and answers that all operations of the API share.

use super::call::FakeCall;
use super::fields::{JsonObject, PARAM_ERROR};
use crate::testing::data::errors::api_error;
use crate::testing::data::ids::request_id;
use crate::testing::data::records::Recorded;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use crate::testing::state::signatures::SignedPath;
use crate::testing::state::tree::Tree;
use serde_json::{Value, json};

/// The header that carries the access token.
pub(crate) const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";

/// Creates a successful answer.
pub(crate) fn ok(body: &Value) -> FakeResponse {
    ok_text(body.to_string())
}

pub(crate) fn ok_text(json: String) -> FakeResponse {
    FakeResponse::json(200, json, &request_id())
}

/// Creates the answer to an unknown operation.
pub(crate) fn no_such_operation() -> FakeResponse {
    let message = "The fake does not know this operation: see FakeDingTalk::answer.";
    api_error(404, "InvalidAction.NotFound", message)
}

/// Checks a call with a token and a body. Returns its body and its `unionId`.
pub(crate) fn checked(shared: &Shared, call: &FakeCall<'_>) -> Result<(JsonObject, String), FakeResponse> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    Ok((body, union_id(call.request)?))
}

/// Checks the token of a call, and that the call has no signed headers.
pub(crate) fn check_rights(shared: &Shared, request: &Recorded) -> Result<(), FakeResponse> {
    let leaked =
        request.headers.iter().any(|(name, _)| name == "authorization" || name.starts_with("x-oss-"));
    if leaked {
        let message = "The signed headers are for the resource URL only.";
        return Err(api_error(400, "FakeSignatureLeaked", message));
    }
    check_token(shared, request.header(TOKEN_HEADER))
}

/// Checks the token of a request whose answer a test has set.
///
/// The old host takes the token from the query, and a token call needs none.
pub(crate) fn check_ordered(shared: &Shared, request: &Recorded) -> Result<(), FakeResponse> {
    if request.path.starts_with("/v1.0/oauth2/") {
        return Ok(());
    }
    if request.path.starts_with("/topapi/") || request.path.starts_with("/media/") {
        let wrong = |_| ok(&json!({"errcode": 40014, "errmsg": "The access token is not valid."}));
        return check_token(shared, request.query_value("access_token")).map_err(wrong);
    }
    check_rights(shared, request)
}

fn check_token(shared: &Shared, sent: Option<&str>) -> Result<(), FakeResponse> {
    if sent.is_some_and(|text| shared.state().tokens.accepts(text)) {
        return Ok(());
    }
    Err(api_error(400, "InvalidAuthentication", "The access token is not valid."))
}

/// Returns the `unionId` in the query, which must occur exactly once.
pub(crate) fn union_id(request: &Recorded) -> Result<String, FakeResponse> {
    let mut union_ids = request.query.iter().filter(|(name, value)| name == "unionId" && !value.is_empty());
    match (union_ids.next(), union_ids.next()) {
        (Some((_, union_id)), None) => Ok(union_id.clone()),
        _ => Err(api_error(400, "paramError", "One unionId is needed in the query.")),
    }
}

/// Checks that the query has an `operatorId`.
pub(crate) fn check_operator(request: &Recorded) -> Result<(), FakeResponse> {
    match request.query_value("operatorId") {
        Some(operator) if !operator.is_empty() => Ok(()),
        _ => Err(api_error(400, PARAM_ERROR, "One operatorId is needed in the query.")),
    }
}

/// Reads the body. The gateway returns `Missingbody` for anything but a JSON object with the correct content type.
pub(crate) fn json_body(request: &Recorded) -> Result<JsonObject, FakeResponse> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json");
    match request.json() {
        Some(Value::Object(body)) if is_json => Ok(body),
        _ => Err(api_error(400, "Missingbody", "The body must be a JSON object.")),
    }
}

/// Checks that a space exists.
pub(crate) fn check_space(tree: &Tree, space_id: &str) -> Result<(), FakeResponse> {
    if tree.has_space(space_id) {
        return Ok(());
    }
    Err(api_error(404, "spaceNotExist", "The space does not exist."))
}

/// Returns the number of a file's latest version.
pub(crate) fn latest_version(tree: &Tree, space_id: &str, dentry_id: &str) -> Result<usize, FakeResponse> {
    check_space(tree, space_id)?;
    match tree.version_count(space_id, dentry_id) {
        0 => Err(api_error(404, "dentryNotExist", "The file does not exist.")),
        count => Ok(count),
    }
}

/// Returns the `headerSignatureInfo` of a signed path. `ordered` holds the URLs that a test has set.
pub(crate) fn signature_info(
    base_url: &str,
    signed: &SignedPath,
    ordered: Option<&[String]>,
    region: &str,
) -> Value {
    let good_url = format!("{base_url}{}", signed.path);
    let urls = match ordered {
        Some(urls) => urls.iter().map(|url| url.replace("{good}", &good_url)).collect(),
        None => vec![good_url],
    };
    json!({
        "resourceUrls": urls,
        "headers": {"Authorization": signed.authorization, "x-oss-date": signed.date},
        "expirationSeconds": signed.lifetime.as_secs(),
        "region": region,
        // A client must not use these URLs: the host name does not exist.
        "internalResourceUrls": [format!("http://internal.invalid{}", signed.path)],
    })
}
