//! Decides whether an answer of the API is the operation's own or an error, and which error.

use std::time::Duration;

use serde_json::{Map, Value};

use super::answer::{Problem, UnexpectedAnswer};
use super::api::ApiError;
use super::variants::Error;
use crate::base::json::{self, Unreadable, Vital};
use crate::base::secret::redact;

/// One answer of the API host as received, read to its end.
pub(crate) struct ApiAnswer {
    pub(crate) operation: &'static str,
    /// The operation changes nothing.
    pub(crate) reads: bool,
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl ApiAnswer {
    /// Returns the error of an answer that cannot be used.
    pub(crate) fn unexpected(&self, problem: Problem) -> Error {
        let Self { operation, reads, status, ref request_id, .. } = *self;
        UnexpectedAnswer { operation, status, problem, request_id: request_id.clone(), reads }.into()
    }

    /// Returns the error of an answer that cannot be read. It names only the place or the field, because a message of
    /// serde's may quote the body.
    pub(crate) fn unreadable(&self, why: Unreadable) -> Error {
        self.unexpected(match why {
            Unreadable::Malformed { line, column } => Problem::Malformed { line, column },
            Unreadable::Field(field) => Problem::Unreadable(field),
        })
    }
}

/// Returns `Ok` if the body is the operation's own answer, and otherwise the error that it reports. `secrets` are the
/// values that were sent with the request, in case the server repeats them.
///
/// Both hosts share this function: the old host reports failures with HTTP 200 and an `errcode`, and gateways of the
/// new host do that too.
pub(crate) fn classify(answer: &ApiAnswer, secrets: &[&str]) -> Result<(), Error> {
    if looks_like_html(answer.content_type.as_deref(), &answer.body) {
        return Err(answer.unexpected(match answer.status {
            404 | 405 => Problem::WrongAddress,
            500.. => Problem::Gateway,
            _ => Problem::Banned { minutes: BAN_MINUTES },
        }));
    }
    let success = (200..300).contains(&answer.status);
    // Bans and errors may have status 200, and every field of an answer is optional, so they would look like empty
    // successes. A long list without their typical words is not parsed twice.
    let parsed = (!success || may_be_error(&answer.body)).then(|| parse(&answer.body));
    if let Some(minutes) = parsed.as_ref().and_then(Option::as_ref).and_then(ban) {
        return Err(answer.unexpected(Problem::Banned { minutes }));
    }
    match parsed.flatten() {
        Some(fields) if success && is_error(&fields) => Err(read_error(answer, &fields, secrets).into()),
        Some(fields) if success && is_denied(&fields) => Err(answer.unexpected(Problem::NotDone)),
        _ if success => Ok(()),
        Some(fields) => Err(read_error(answer, &fields, secrets).into()),
        None if answer.status >= 500 => Err(answer.unexpected(Problem::Gateway)),
        // The body is not JSON, but the status is clear: an API error without a code.
        None => Err(read_error(answer, &Map::new(), secrets).into()),
    }
}

/// Length of DingTalk's ban of an address in minutes, from its documentation.
const BAN_MINUTES: u64 = 5;

type Fields = Map<String, Value>;

/// Returns the readable fields, if the body is an object. A broken text beside the code does not hide the code.
fn parse(body: &[u8]) -> Option<Fields> {
    let reading = json::read(body, Vital::Nothing).ok().filter(|_| !body.trim_ascii().is_empty());
    reading.map(|reading| reading.answer)
}

/// Returns whether a body has a word that every error has, an escaped letter that may hide such a word, or the number
/// of a ban. Runs over every byte of every answer, so it needs only one pass.
fn may_be_error(body: &[u8]) -> bool {
    body.iter().enumerate().any(|(at, byte)| match byte {
        // `code`, `errcode`, `sub_code`, `errorCode`.
        b'"' => {
            let ends_in = |word: &[u8]| {
                let end = body.get(at.saturating_sub(word.len())..at);
                end.is_some_and(|end| end.eq_ignore_ascii_case(word))
            };
            ends_in(b"code") || ends_in(b"success")
        }
        b'\\' => body.get(at + 1..at + 4) == Some(b"u00"),
        b'1' => body.get(at + 1..at + 4) == Some(b"111"),
        _ => false,
    })
}

/// Returns the minutes of a ban.
fn ban(fields: &Fields) -> Option<u64> {
    let is_ban = fields.get("status").is_some_and(|status| plain(status).trim() == "1111");
    let wait = || field(fields, "wait").and_then(|wait| plain(wait).trim().parse().ok());
    is_ban.then(|| wait().filter(|minutes| *minutes > 0).unwrap_or(BAN_MINUTES))
}

const CODES: [&str; 4] = ["code", "errcode", "errorcode", "error_code"];
const SUB_CODES: [&str; 2] = ["sub_code", "subcode"];
const MESSAGES: [&str; 7] =
    ["message", "description", "sub_msg", "submsg", "errmsg", "errormsg", "errormessage"];

/// Returns whether a code reports a failure. No documented success has such a code.
fn is_error(fields: &Fields) -> bool {
    CODES.iter().chain(&SUB_CODES).any(|name| field(fields, name).is_some_and(is_failure))
}

/// Returns whether the answer reports that the operation did not succeed.
fn is_denied(fields: &Fields) -> bool {
    let text = field(fields, "success").map(|success| plain(success).trim().to_ascii_lowercase());
    text.is_some_and(|text| text == "false" || text.parse() == Ok(0.0))
}

/// Returns whether a code, as a number or a text, reports a failure. An empty code and zero mean success.
fn is_failure(code: &Value) -> bool {
    let text = plain(code);
    let text = text.trim();
    !(code.is_null() || text.is_empty() || text.parse() == Ok(0.0))
}

fn looks_like_html(content_type: Option<&str>, body: &[u8]) -> bool {
    let said = content_type.is_some_and(|t| t.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let first = body.iter().find(|b| !b.is_ascii_whitespace());
    // Some servers send JSON as text/html, so the body decides if there is one.
    first.map_or(said, |b| *b == b'<')
}

/// Reads an error. Its keys are in lower case, camel case or capitals, depending on the gateway.
fn read_error(answer: &ApiAnswer, fields: &Fields, secrets: &[&str]) -> ApiError {
    let text = |name: &str| field(fields, name).map(plain).map(|t| redact(t, secrets));
    let first = |names: &[&str]| names.iter().find_map(|name| text(name)).unwrap_or_default();
    // A code of 0 is ignored if another code reports a failure.
    let code = |names: &[&'static str]| {
        names.iter().find(|name| field(fields, name).is_some_and(is_failure)).and_then(|name| text(name))
    };
    let scopes = field(fields, "accessdenieddetail").and_then(Value::as_object);
    let scopes = scopes.and_then(|detail| field(detail, "requiredscopes")).and_then(Value::as_array);
    let message = first(&MESSAGES);
    let sub_code = code(&SUB_CODES);
    ApiError {
        operation: answer.operation,
        reads: answer.reads,
        status: answer.status,
        code: code(&CODES).unwrap_or_default(),
        request_id: text("requestid").or_else(|| text("request_id")).or_else(|| answer.request_id.clone()),
        sub_code: sub_code.or_else(|| sub_code_in(&first(&["errmsg", "message"]))),
        message,
        required_scopes: scopes
            .map(|list| list.iter().map(|scope| redact(plain(scope), secrets)).collect())
            .unwrap_or_default(),
    }
}

/// Returns the sub code that the old host's gateway puts into the text: `ding talk error[subcode=40014,submsg=..]`.
fn sub_code_in(message: &str) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    let (at, word) = ["subcode", "sub_code"].iter().find_map(|word| Some((lower.find(word)?, word)))?;
    let rest = message.get(at + word.len()..)?.trim_start_matches([' ', '=', ':', '"', '\'']);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
    let code = rest.get(..end.unwrap_or(rest.len()))?;
    (!code.is_empty() && code != "0").then(|| code.to_owned())
}

fn field<'a>(fields: &'a Fields, lower_name: &str) -> Option<&'a Value> {
    fields.iter().find(|(name, _)| name.to_ascii_lowercase() == lower_name).map(|(_, value)| value)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
