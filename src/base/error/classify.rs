//! The meaning of an answer of the API: the operation's own, or which error.

use std::time::Duration;

use serde_json::Value;

use super::answer::{Problem, UnexpectedAnswer};
use super::api::ApiError;
use super::variants::Error;
use crate::base::secret::redact;

/// One answer of the API host as the wire gave it, read whole.
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
    /// It cannot be used.
    pub(crate) fn unexpected(&self, problem: Problem) -> Error {
        let Self { operation, reads, status, ref request_id, .. } = *self;
        UnexpectedAnswer { operation, status, problem, request_id: request_id.clone(), reads }.into()
    }

    /// Only the place: serde's message may quote the body.
    pub(crate) fn malformed(&self, e: &serde_json::Error) -> Error {
        self.unexpected(Problem::Malformed { line: e.line(), column: e.column() })
    }
}

/// `Ok` when the body is the operation's own answer; else the error it really is. `secrets` are what was sent with
/// the request, in case the server repeats it.
pub(crate) fn classify(answer: &ApiAnswer, secrets: &[&str]) -> Result<(), Error> {
    let is_page = looks_like_html(answer.content_type.as_deref(), &answer.body);
    if is_page {
        let problem =
            if answer.status >= 500 { Problem::Gateway } else { Problem::Banned { minutes: BAN_MINUTES } };
        return Err(answer.unexpected(problem));
    }
    let success = (200..300).contains(&answer.status);
    // Bans and errors come with 200 too, and every field of an answer is optional: they would pass for empty
    // successes. A long list, which has not their words, is not parsed twice.
    let parsed = (!success || may_be_error(&answer.body)).then(|| parse(&answer.body));
    if matches!(&parsed, Some(Ok(fields)) if is_ban(fields)) {
        return Err(answer.unexpected(Problem::Banned { minutes: BAN_MINUTES }));
    }
    if success {
        return match parsed {
            Some(Ok(error)) if is_error(&error) => Err(read_error(answer, &error, secrets).into()),
            // A type that reads its own fields passes over the others, broken or not.
            Some(Err(e)) => Err(answer.malformed(&e)),
            // serde would read a list as a struct.
            _ if answer.body.trim_ascii_start().first().is_some_and(|b| *b != b'{') => {
                Err(answer.unexpected(Problem::Malformed { line: 1, column: 1 }))
            }
            _ => Ok(()),
        };
    }
    match parsed {
        Some(Ok(fields @ Value::Object(_))) => Err(read_error(answer, &fields, secrets).into()),
        _ if answer.status >= 500 => Err(answer.unexpected(Problem::Gateway)),
        // No JSON, but the status is clear: keep it as an API error without a code.
        _ => Err(read_error(answer, &Value::Null, secrets).into()),
    }
}

/// The old host fails with HTTP 200: what counts is `errcode`, a number in some answers and a text in others.
pub(crate) fn check_errcode(answer: &ApiAnswer, secrets: &[&str]) -> Result<(), Error> {
    // At any length: a refusal may come with a long text.
    let body = parse(&answer.body).map_err(|e| answer.malformed(&e))?;
    match field(&body, "errcode").filter(|code| !code.is_null()).map(plain) {
        Some(code) if code.trim() != "0" => Err(read_error(answer, &body, secrets).into()),
        _ => Ok(()),
    }
}

/// The length of DingTalk's ban of an address, from its documentation and from `wait` in the answer.
const BAN_MINUTES: u64 = 5;

/// A message in another charset makes the whole no JSON; the code beside it is ASCII in all of them.
fn parse(body: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(body)
        .or_else(|e| serde_json::from_str(&String::from_utf8_lossy(body)).map_err(|_| e))
}

/// Has the word that every error has, or letters in escapes that may hide it, or the number of a ban. Of each answer every
/// byte is looked at, so once.
fn may_be_error(body: &[u8]) -> bool {
    body.iter().enumerate().any(|(at, byte)| {
        let next = |length| body.get(at + 1..at + 1 + length);
        match byte {
            b'"' => next(5).is_some_and(|word| word.eq_ignore_ascii_case(b"code\"")),
            b'\\' => next(3) == Some(b"u00"),
            b'1' => next(3) == Some(b"111"),
            _ => false,
        }
    })
}

fn is_ban(value: &Value) -> bool {
    value.get("status").and_then(Value::as_u64) == Some(1111)
}

/// No documented success has a `code`.
fn is_error(value: &Value) -> bool {
    let code = field(value, "code").and_then(Value::as_str);
    let has_text = || ["message", "description"].iter().any(|name| field(value, name).is_some());
    code.is_some_and(|c| !c.is_empty()) && has_text()
}

fn looks_like_html(content_type: Option<&str>, body: &[u8]) -> bool {
    let said = content_type.is_some_and(|t| t.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let first = body.iter().find(|b| !b.is_ascii_whitespace());
    // Some servers send JSON as text/html; the body decides where there is one.
    first.map_or(said, |b| *b == b'<')
}

/// Keys come in lower case, in camel case and in capitals, depending on the gateway.
fn read_error(answer: &ApiAnswer, body: &Value, secrets: &[&str]) -> ApiError {
    let text = |name: &str| field(body, name).map(plain).map(|t| redact(t, secrets));
    let first = |names: &[&str]| names.iter().find_map(|name| text(name));
    let scopes = field(body, "accessdenieddetail").and_then(|d| field(d, "requiredscopes"));
    ApiError {
        operation: answer.operation,
        reads: answer.reads,
        status: answer.status,
        code: first(&["code", "errcode"]).unwrap_or_default(),
        message: first(&["message", "description", "sub_msg", "submsg", "errmsg"]).unwrap_or_default(),
        request_id: first(&["requestid", "request_id"]).or_else(|| answer.request_id.clone()),
        sub_code: first(&["sub_code", "subcode"]),
        required_scopes: scopes
            .and_then(Value::as_array)
            .map(|list| list.iter().map(|scope| redact(plain(scope), secrets)).collect())
            .unwrap_or_default(),
    }
}

fn field<'a>(body: &'a Value, lower_name: &str) -> Option<&'a Value> {
    let fields = body.as_object()?;
    fields.iter().find(|(name, _)| name.to_ascii_lowercase() == lower_name).map(|(_, value)| value)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
