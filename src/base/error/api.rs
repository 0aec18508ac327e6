//! DingTalk's error answers: reading them, and what each code means.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::text::OneLine;
use super::{Error, Problem, UnexpectedAnswer};
use crate::base::secret::redact;

/// DingTalk refused or failed an operation.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
/// let Error::Api(refused) = error else { panic!("another error") };
/// assert_eq!((refused.code.as_str(), refused.status), ("dentryNotExist", 404));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The documented method and path, such as `POST /v1.0/storage/spaces/{spaceId}/…`.
    pub operation: &'static str,
    /// HTTP status. The same code comes with different statuses: decide by `code`.
    pub status: u16,
    /// The vendor's code, such as `permissionDenied`. Empty when the answer had none.
    pub code: String,
    /// The vendor's message, often Chinese.
    pub message: String,
    /// The vendor's id of this request.
    pub request_id: Option<String>,
    /// Permission codes the app lacks, when the answer names them.
    pub required_scopes: Vec<String>,
    /// The old host's reason for its code 88, such as `60011` for a missing permission.
    pub sub_code: Option<String>,
    /// The operation changes nothing, whether it ran or not.
    pub(crate) reads: bool,
}

impl ApiError {
    /// What decides. The old host's 88 only says that its gateway refused.
    fn reason(&self) -> &str {
        match &self.sub_code {
            Some(sub_code) if self.code == "88" => sub_code,
            _ => &self.code,
        }
    }

    /// What to do about it, for the codes where that is known.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    ///
    /// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
    /// let Error::Api(refused) = error else { panic!("another error") };
    /// assert!(refused.advice().unwrap().contains("recycle bin"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advice(&self) -> Option<&'static str> {
        if self.is_quota() {
            return Some("The organisation's monthly calls are used up; a higher edition raises the limit");
        }
        if self.is_throttled() {
            return Some(
                "Calls come too fast for this app: spread them out (20 a second on the standard edition)",
            );
        }
        let code = self.reason();
        Some(match code.rsplit('.').next().unwrap_or(code) {
            "InvalidAuthentication" | "40001" | "40014" | "41001" | "42001" => {
                "The access token has expired, was revoked, or belongs to the other host (.com or .io): fetch a new one, or let the client do so (ClientBuilder::app)"
            }
            "invalidClientIdOrSecret" => "Check app key and app secret in the developer console",
            "client" => {
                "Check client id and client secret, and that the app is installed in this organisation"
            }
            "AccessTokenPermissionDenied" | "60011" | "88" => {
                "Add the named permission to the app in the developer console, and publish the change"
            }
            "IpNotInWhiteList" | "60020" => {
                "Add this machine's public address to the app's allow-list in the developer console"
            }
            "permissionDenied" => {
                "The acting person has no right to this; grant it, or act as somebody who has it"
            }
            "orgAuthLevelNotEnough" => "The organisation must be verified at a higher level for this",
            "spaceNotExist" => "Check the space id",
            "dentryNotExist" => {
                "Check the dentry id, the space it is in, and the version; it may be in the recycle bin"
            }
            "dentryNameConflict" => {
                "The name is taken in this folder: choose another name or another folder, or overwrite (ConflictStrategy::Overwrite)"
            }
            "fileArchived" => {
                "The file is archived; this call has started to restore it, so ask again in some minutes"
            }
            "33012" | "60121" => "Check the userid: it is neither a unionId nor a mobile number",
            "-1" => "DingTalk is busy; try again later",
            "operationConcurrentControl" => "Another operation holds this; try again later",
            "dentryDownloadProtocolNotSupport" => {
                "This kind of file (an online document, for example) has no download"
            }
            _ => return None,
        })
    }

    /// Refused before it ran, because of the pace. 403 as often as 429.
    pub(crate) fn is_throttled(&self) -> bool {
        let code = self.reason();
        let limit = code.rsplit('.').next().unwrap_or(code);
        limit.starts_with("QpsLimit")
            || limit.starts_with("QpmLimit")
            || matches!(code, "system.busy" | "systemBusy" | "90002" | "90007" | "90018")
            || (self.status == 429 && !self.is_quota())
    }

    pub(crate) fn is_quota(&self) -> bool {
        self.code.ends_with("ApiCountLimitForOrg") || self.reason() == "90020"
    }

    pub(crate) fn is_authentication(&self) -> bool {
        self.is_token_refused() || self.is_client_refused()
    }

    /// Not the token, but what it is fetched with.
    fn is_client_refused(&self) -> bool {
        matches!(self.code.as_str(), "invalidClientIdOrSecret" | "invalid.client" | "unauthorized.client")
    }

    /// The token itself was refused: a fresh one may help.
    pub(crate) fn is_token_refused(&self) -> bool {
        matches!(self.reason(), "InvalidAuthentication" | "40001" | "40014" | "41001" | "42001")
            || (self.status == 401 && self.code.is_empty())
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.code.ends_with("NotExist") || matches!(self.reason(), "33012" | "60121")
    }

    pub(crate) fn is_permission_denied(&self) -> bool {
        let code = self.reason();
        let last = code.rsplit('.').next().unwrap_or(code);
        matches!(
            last,
            "permissionDenied"
                | "AccessTokenPermissionDenied"
                | "IpNotInWhiteList"
                | "orgAuthLevelNotEnough"
                | "acrossOrgAccessForbidden"
                | "88"
                | "60011"
                | "60020"
        ) || last.ends_with("NotAccessible")
    }

    pub(crate) fn is_server_fault(&self) -> bool {
        // By their meaning, whatever status they come with.
        let is_fault = matches!(self.code.as_str(), "systemError" | "unknownError" | "operationTimeout");
        (self.status >= 500 || is_fault || self.is_busy()) && !self.is_throttled() && !self.is_quota()
    }

    pub(crate) fn may_have_run(&self) -> bool {
        !self.reads && self.is_server_fault()
    }

    /// The old host's one word for a fault of its own.
    pub(crate) fn is_busy(&self) -> bool {
        self.reason() == "-1"
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.operation, self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", OneLine(&self.code))?;
        }
        if let Some(sub_code) = &self.sub_code {
            write!(f, " ({})", OneLine(sub_code))?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", OneLine(self.message.trim_end_matches(['.', '。'])))?;
        }
        if !self.required_scopes.is_empty() {
            write!(f, " (missing permission: {})", OneLine(&self.required_scopes.join(", ")))?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {})", OneLine(id))?;
        }
        if let Some(advice) = self.advice() {
            write!(f, ". {advice}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

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
            // Whoever reads the answer's own fields passes over the others, broken or not.
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
    // Of any length: a refusal may come with a long text.
    let body = parse(&answer.body).map_err(|e| answer.malformed(&e))?;
    match field(&body, "errcode").filter(|code| !code.is_null()).map(plain) {
        Some(code) if code.trim() != "0" => Err(read_error(answer, &body, secrets).into()),
        _ => Ok(()),
    }
}

/// How long DingTalk says it bans an address (stated in the documentation and as `wait` in the answer).
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
