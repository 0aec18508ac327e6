//! The API side: tokens, download information, sending.

use super::answer::Answer;
use super::routes::Call;
use super::state::{Lapse, Shared, Token, random, request_id};
use super::{FakeDingTalk, Recorded, Sent, dentry, sign};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The header that carries the access token.
pub(super) const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";

/// Gives out the token for the right key and secret.
pub(super) fn access_token(shared: &Shared, call: &Call<'_>) -> Answer {
    let body = match json_body(call.request) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("appKey") != FakeDingTalk::APP_KEY || text("appSecret") != FakeDingTalk::APP_SECRET {
        return error(400, "invalidClientIdOrSecret", "The app key or the app secret is wrong.");
    }
    let mut state = shared.state();
    let lifetime = state.token_lifetime;
    let keep = state.keep_token_string;
    match &mut state.token {
        Some(token) if token.is_revoked && keep => {}
        token => renew_token(token, lifetime),
    }
    let text = state.token.as_ref().map_or("", |token| token.text.as_str());
    ok(&json!({"accessToken": text, "expireIn": lifetime.as_secs()}))
}

/// Gives a valid token a new life, or else makes a new one.
pub(super) fn renew_token(token: &mut Option<Token>, lifetime: Duration) {
    match token {
        Some(token) if !token.is_revoked && !token.lapse.is_over() => {
            token.lapse = Lapse::after(lifetime);
        }
        token => *token = Some(new_token(lifetime)),
    }
}

fn new_token(lifetime: Duration) -> Token {
    Token {
        text: format!("fake-token-{:016x}{:016x}", random(), random()),
        lapse: Lapse::after(lifetime),
        is_revoked: false,
    }
}

/// Says where a file can be downloaded, and with which headers.
pub(super) fn download_info(shared: &Shared, call: &Call<'_>) -> Answer {
    let (body, _) = match checked(shared, call) {
        Ok(parts) => parts,
        Err(answer) => return answer,
    };
    let (space_id, dentry_id) = (call.param(0), call.param(1));
    let latest = match latest_version(shared, space_id, dentry_id) {
        Ok(latest) => latest,
        Err(answer) => return answer,
    };
    let version = match wanted_version(&body, latest) {
        Ok(version) => version,
        Err(answer) => return answer,
    };
    if is_archived(shared, space_id, dentry_id) {
        return error(400, "fileArchived", "The file is archived and is being restored.");
    }
    let path = Shared::object_path(space_id, dentry_id, version);
    let good_url = format!("{}{path}", shared.base_url);
    let (authorization, date) = sign::ahead(shared, "GET", &path);
    let mut state = shared.state();
    let urls = resource_urls(state.resource_urls.as_deref(), &good_url);
    let lifetime = state.signature_lifetime;
    state.signatures.insert(date.clone(), Lapse::after(lifetime));
    ok(&json!({
        "protocol": "HEADER_SIGNATURE",
        "headerSignatureInfo": {
            "resourceUrls": urls,
            "headers": {"Authorization": authorization, "x-oss-date": date},
            "expirationSeconds": lifetime.as_secs(),
            "region": "ZHANGJIAKOU",
            // Not to be used, and of no use.
            "internalResourceUrls": [format!("http://internal.invalid{path}")],
        },
    }))
}

/// The URLs that were ordered, or else the good one alone.
pub(super) fn resource_urls(ordered: Option<&[String]>, good_url: &str) -> Vec<String> {
    match ordered {
        Some(urls) => urls.iter().map(|url| url.replace("{good}", good_url)).collect(),
        None => vec![good_url.to_owned()],
    }
}

/// Whether the file is still archived; each call brings it nearer to not being that.
fn is_archived(shared: &Shared, space_id: &str, dentry_id: &str) -> bool {
    let mut state = shared.state();
    let calls = state.archived.get_mut(&(space_id.to_owned(), dentry_id.to_owned()));
    let left = calls.and_then(|calls| Some((calls.checked_sub(1)?, calls)));
    left.map(|(fewer, calls)| *calls = fewer).is_some()
}

/// `option.version`, or else the latest version.
fn wanted_version(body: &Map<String, Value>, latest: usize) -> Result<usize, Answer> {
    let wrong = || error(400, "paramError", "The option has the wrong type.");
    let option = match body.get("option") {
        None | Some(Value::Null) => return Ok(latest),
        Some(Value::Object(option)) => option,
        Some(_) => return Err(wrong()),
    };
    if option.get("preferIntranet").is_some_and(|value| !value.is_boolean() && !value.is_null()) {
        return Err(wrong());
    }
    let version = match option.get("version") {
        None | Some(Value::Null) => return Ok(latest),
        Some(version) => version.as_i64().ok_or_else(wrong)?,
    };
    let version = usize::try_from(version).ok().filter(|version| (1..=latest).contains(version));
    version.ok_or_else(|| error(404, "dentryNotExist", "The file has no such version."))
}

/// "Sends" a stored file to a user: writes down that it was asked for.
pub(super) fn send(shared: &Shared, call: &Call<'_>) -> Answer {
    let fields = [SPACE_ID, DENTRY_ID];
    send_file(shared, call, &fields).unwrap_or_else(|answer| answer)
}

/// The same to a conversation; every conversation exists.
pub(super) fn send_to_conversation(shared: &Shared, call: &Call<'_>) -> Answer {
    let fields = [SPACE_ID, DENTRY_ID, CONVERSATION_ID];
    send_file(shared, call, &fields).unwrap_or_else(|answer| answer)
}

/// A required field, and the code for its absence.
type Field = (&'static str, &'static str);
const SPACE_ID: Field = ("spaceId", "paramError.spaceId");
const DENTRY_ID: Field = ("dentryId", "paramError.dentryId");
const CONVERSATION_ID: Field = ("openConversationId", "paramError.conversationId");

fn send_file(shared: &Shared, call: &Call<'_>, required: &[Field]) -> Result<Answer, Answer> {
    let (body, union_id) = checked(shared, call)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    for (name, code) in required {
        if text(name).is_empty() {
            return Err(error(400, code, "The id is missing."));
        }
    }
    let (space_id, dentry_id) = (text(SPACE_ID.0).to_owned(), text(DENTRY_ID.0).to_owned());
    let conversation_id = required.contains(&CONVERSATION_ID).then(|| text(CONVERSATION_ID.0).to_owned());
    latest_version(shared, &space_id, &dentry_id)?;
    let conversation = conversation_id.as_ref().unwrap_or(&union_id);
    let conversation = format!("conversation-{conversation}");
    let mut state = shared.state();
    let Some(file) = dentry::sent(shared, &state.tree, (&space_id, &dentry_id), &conversation) else {
        return Err(error(404, "dentryNotExist", "There is no such file."));
    };
    state.sent.push(Sent { space_id, dentry_id, union_id, conversation_id });
    Ok(ok(&json!({"file": file})))
}

fn latest_version(shared: &Shared, space_id: &str, dentry_id: &str) -> Result<usize, Answer> {
    let state = shared.state();
    if !state.tree.has_space(space_id) {
        return Err(error(404, "spaceNotExist", "There is no such space."));
    }
    match state.tree.version_count(space_id, dentry_id) {
        0 => Err(error(404, "dentryNotExist", "There is no such file.")),
        count => Ok(count),
    }
}

/// What every call with a token and a body goes through; gives its body and its `unionId`.
pub(super) fn checked(shared: &Shared, call: &Call<'_>) -> Result<(Map<String, Value>, String), Answer> {
    check_rights(shared, call.request)?;
    let body = json_body(call.request)?;
    Ok((body, union_id(call.request)?))
}

/// What every call with a token goes through.
pub(super) fn check_rights(shared: &Shared, request: &Recorded) -> Result<(), Answer> {
    let leaked =
        request.headers.iter().any(|(name, _)| name == "authorization" || name.starts_with("x-oss-"));
    if leaked {
        return Err(error(400, "FakeSignatureLeaked", "The signed headers are for the resource URL only."));
    }
    check_token(shared, request)
}

/// The one `unionId` in the query.
pub(super) fn union_id(request: &Recorded) -> Result<String, Answer> {
    let mut union_ids = request.query.iter().filter(|(name, value)| name == "unionId" && !value.is_empty());
    match (union_ids.next(), union_ids.next()) {
        (Some((_, union_id)), None) => Ok(union_id.clone()),
        _ => Err(error(400, "paramError", "One unionId is needed in the query.")),
    }
}

/// The token of an operation whose answer was ordered: the old host has it in the query, and to get one needs none.
pub(super) fn check_token_wherever(shared: &Shared, request: &Recorded) -> Result<(), Answer> {
    if request.path.starts_with("/v1.0/oauth2/") {
        return Ok(());
    }
    if request.path.starts_with("/topapi/") {
        let wrong = |_| ok(&json!({"errcode": 40014, "errmsg": "The access token is not valid."}));
        return is_valid(shared, request.query_value("access_token")).map_err(wrong);
    }
    check_rights(shared, request)
}

fn check_token(shared: &Shared, request: &Recorded) -> Result<(), Answer> {
    is_valid(shared, request.header(TOKEN_HEADER))
}

fn is_valid(shared: &Shared, sent: Option<&str>) -> Result<(), Answer> {
    let state = shared.state();
    let token = state.token.as_ref().filter(|token| !token.is_revoked && !token.lapse.is_over());
    let is_right = token.is_some_and(|token| sent == Some(token.text.as_str()));
    if is_right { Ok(()) } else { Err(error(400, "InvalidAuthentication", "The access token is not valid.")) }
}

/// The gateway says `Missingbody` to everything that is not a JSON object with the right content type.
fn json_body(request: &Recorded) -> Result<Map<String, Value>, Answer> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json");
    match request.json() {
        Some(Value::Object(body)) if is_json => Ok(body),
        _ => Err(error(400, "Missingbody", "The body must be a JSON object.")),
    }
}

/// The answer to what fits no operation.
pub(super) fn no_such_operation() -> Answer {
    error(404, "InvalidAction.NotFound", "The fake does not know this operation: see FakeDingTalk::answer.")
}

pub(super) fn ok(body: &Value) -> Answer {
    ok_text(body.to_string())
}

pub(super) fn ok_text(json: String) -> Answer {
    with_id(Answer::new(200, json), &request_id())
}

pub(super) fn error(status: u16, code: &str, message: &str) -> Answer {
    let id = request_id();
    let body = json!({"code": code, "requestid": id, "message": message});
    with_id(Answer::new(status, body.to_string()), &id)
}

fn with_id(answer: Answer, id: &str) -> Answer {
    answer.header("Content-Type", "application/json;charset=utf-8").header("x-acs-request-id", id)
}

/// The body of an error.
pub(super) fn error_body(code: &str, message: &str) -> Value {
    json!({"code": code, "requestid": request_id(), "message": message})
}

/// The body of the error for a missing scope.
pub(super) fn missing_scope_body(scope: &str) -> Value {
    json!({
        "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
        "requestid": request_id(),
        "message": "The app lacks a scope.",
        "accessdenieddetail": {"requiredScopes": [scope]},
    })
}
