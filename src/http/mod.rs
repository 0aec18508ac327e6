//! The only module that runs ureq. An API request carries the token; an object request never can.
//!
//! | file | holds |
//! | --- | --- |
//! | `mod.rs` | [`Http`]: sends a request, reads the answer, reports how far the request got |
//! | `settings.rs` | the caller's settings, and the agents built from them |
//! | `agents.rs` | agents and their connections; chooses the agent and the limits of a request |
//! | `request.rs` | one request, and a body that records whether it was read |
//! | `expect.rs` | `Expect: 100-continue`, and the hosts that do not support it. Pure |
//! | `head.rs` | parses the head of an answer. Pure |
//! | `failure.rs` | converts ureq's errors to this crate's. Pure |
//! | `tls.rs` | TLS according to the enabled features |

mod agents;
mod expect;
mod failure;
mod head;
mod request;
pub(crate) mod settings;
pub(crate) mod tls;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ureq::http::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue, IF_MATCH, RANGE,
    USER_AGENT,
};
use ureq::http::{HeaderMap, Response};
use ureq::{Body, BodyReader, Timeout};

use crate::base::clock::TimeLeft;
use crate::base::error::{ApiAnswer, Error, Problem, Result, StorageError, UnexpectedAnswer};
use crate::base::secret::{Secret, host_of, redact};
use crate::object::range::{RequestedRange, ResponseHead, parse_unsatisfied_range};
use crate::object::signed_urls::{DOWNLOAD_INFO, SignedUrls, refuse};
use crate::object::{GET_OBJECT, PUT_OBJECT};
pub(crate) use agents::AgentSets;
use agents::{AgentSet, IdleSets};
use expect::{Expectation, Lesson, lesson};
use failure::{is_closed, network, over};
use head::{read_head, redirect, retry_after, text};
use request::{HttpRequest, RequestBody, Sent};

/// Largest API answer; a larger one is an error. No documented answer comes close.
const API_BODY_LIMIT: u64 = 8 * 1024 * 1024;
/// Limit for the body of an OSS error, which usually has a few hundred bytes.
const ERROR_BODY_LIMIT: u64 = 64 * 1024;

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-acs-dingtalk-access-token");

/// Sends API requests and object requests.
pub(crate) struct Http {
    agents: Arc<AgentSets>,
    user_agent: Option<HeaderValue>,
    /// Idle sets to lend to transfers that need their own connections.
    idle: Arc<IdleSets>,
    /// The agents return to `idle` on drop.
    is_lent: bool,
    /// Another transfer used the agents before, and their connections may have been closed since.
    is_reused: bool,
    /// [`interrupt`](Self::interrupt) was called, so every request fails.
    is_interrupted: AtomicBool,
}

/// A request to the API host.
pub(crate) struct ApiRequest<'a> {
    pub(crate) operation: &'static str,
    /// The operation changes nothing.
    pub(crate) reads: bool,
    pub(crate) method: &'static str,
    pub(crate) url: &'a str,
    pub(crate) token: Option<&'a Secret>,
    /// Secrets of this request, which no error may repeat.
    pub(crate) secrets: &'a [&'a str],
    pub(crate) body: Option<(&'a str, &'a [u8])>,
    /// Time until the deadline, if there is one.
    pub(crate) time_left: Option<TimeLeft>,
}

impl Http {
    pub(crate) fn new(agents: AgentSets, user_agent: Option<HeaderValue>) -> Self {
        let (agents, idle) = (Arc::new(agents), Arc::default());
        let is_interrupted = AtomicBool::new(false);
        Self { agents, user_agent, idle, is_lent: false, is_reused: false, is_interrupted }
    }

    /// Returns a copy with its own connections, so that [`interrupt`](Self::interrupt) does not end other transfers. On
    /// drop the connections are kept for the next copy, unless they were interrupted.
    pub(crate) fn private(&self) -> Self {
        let kept = self.idle.take();
        Self {
            is_reused: kept.is_some(),
            agents: kept.unwrap_or_else(|| Arc::new(self.agents.private())),
            user_agent: self.user_agent.clone(),
            idle: Arc::clone(&self.idle),
            is_lent: true,
            is_interrupted: AtomicBool::new(false),
        }
    }

    /// Ends every request in progress and every later one. Only for a [`private`](Self::private) copy.
    pub(crate) fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Relaxed);
        self.agents.interrupt();
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    pub(crate) fn api(&self, ask: &ApiRequest<'_>) -> Result<ApiAnswer> {
        let &ApiRequest { operation, reads, method, url, token, secrets, body, time_left } = ask;
        let mut headers = self.common_headers();
        if let Some(token) = token {
            headers.insert(TOKEN_HEADER, token_value(token)?);
        }
        if let Some((content_type, _)) = body {
            let value = HeaderValue::from_str(content_type).map_err(|_| {
                Error::InvalidArgument(format!("{operation}: `{content_type}` is not a content type"))
            })?;
            headers.insert(CONTENT_TYPE, value);
        }
        // Some servers refuse a POST without a length.
        let needs_length = matches!(method, "POST" | "PUT");
        let mut body = match body {
            None if !needs_length => RequestBody::nothing(),
            bytes => {
                let bytes = bytes.map_or(&[][..], |(_, bytes)| bytes);
                headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                RequestBody::bytes(bytes)
            }
        };
        let request = HttpRequest {
            operation,
            reads,
            method,
            url,
            headers,
            time_left,
            answer_limit: None,
            is_fresh: false,
        };
        let response =
            self.run(&self.agents.api, &request, &mut body).map_err(|e| network(&request, body.sent(), e))?;

        let (parts, body) = response.into_parts();
        let announced = body.content_length().unwrap_or_default().min(API_BODY_LIMIT);
        // One more byte, so that the buffer does not grow to find the end.
        let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or_default() + 1);
        let read = body.into_reader().take(API_BODY_LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|e| network(&request, Sent::Answered, e.into()))?;
        let request_id = text(&parts.headers, "x-acs-request-id").map(|t| redact(t, secrets));
        let status = parts.status.as_u16();
        let problem = if bytes.len() as u64 > API_BODY_LIMIT {
            Some(Problem::TooLong { limit: API_BODY_LIMIT })
        } else {
            parts.status.is_redirection().then(|| redirect(&parts.headers, secrets))
        };
        if let Some(problem) = problem {
            return Err(UnexpectedAnswer { operation, status, problem, request_id, reads }.into());
        }
        Ok(ApiAnswer {
            operation,
            reads,
            status,
            content_type: text(&parts.headers, CONTENT_TYPE.as_str()),
            retry_after: retry_after(&parts.headers),
            request_id,
            body: bytes,
        })
    }

    /// Sends a GET for an object, with the signed headers and no other header that a signature covers. Returns answers
    /// with status 200 and 206; any other status is an error.
    pub(crate) fn object(
        &self,
        signed: &SignedUrls,
        url: &str,
        range: RequestedRange,
        if_match: Option<&str>,
        time_left: Option<TimeLeft>,
    ) -> Result<(ResponseHead, ObjectBody)> {
        let mut headers = self.signed_headers(signed)?;
        for (name, text) in [(RANGE, range.header()), (IF_MATCH, if_match.map(str::to_owned))] {
            headers.remove(&name);
            if let Some(value) = text.and_then(|t| HeaderValue::from_str(&t).ok()) {
                headers.insert(name, value);
            }
        }
        let (operation, method) = (GET_OBJECT, "GET");
        let request = HttpRequest {
            operation,
            reads: true,
            method,
            url,
            headers,
            time_left,
            answer_limit: None,
            is_fresh: false,
        };
        let mut body = RequestBody::nothing();
        let response =
            self.run(&self.agents.get, &request, &mut body).map_err(|e| network(&request, body.sent(), e))?;
        let (head, body) = validate(signed, &request, response, |status| matches!(status, 200 | 206))?;
        Ok((head, ObjectBody { reader: body.into_reader(), time_left }))
    }

    /// Sends a PUT of exactly `length` bytes. `body` must supply all of them, or ureq loops forever.
    ///
    /// If `Expect` only costs time, the request is repeated without it, as long as nothing of `body` was used.
    #[inline]
    pub(crate) fn put_object(
        &self,
        signed: &SignedUrls,
        url: &str,
        body: &mut dyn Read,
        length: u64,
        time_left: Option<TimeLeft>,
    ) -> Result<ResponseHead> {
        let mut headers = self.signed_headers(signed)?;
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.remove(EXPECT);
        let set = &self.agents.put;
        let expectation = set.expect().expectation(host_of(url), length, set.stall());
        let (operation, method) = (PUT_OBJECT, "PUT");
        let mut request = HttpRequest {
            operation,
            reads: false,
            method,
            url,
            headers,
            time_left,
            answer_limit: None,
            is_fresh: false,
        };
        let mut body = RequestBody::reader(body, length);
        let result = match expectation {
            Expectation::None => self.run(set, &request, &mut body),
            Expectation::Continue { answer_limit } => {
                request.headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
                request.answer_limit = answer_limit;
                self.run_expecting(&mut request, &mut body)
            }
        };
        let response = result.map_err(|e| network(&request, body.sent(), e))?;
        let (head, body) = validate(signed, &request, response, |status| matches!(status, 200 | 201 | 204))?;
        // The body is not needed, but only reading it to the end keeps the connection for the next part.
        let _ = io::copy(&mut body.into_reader().take(ERROR_BODY_LIMIT), &mut io::sink());
        Ok(head)
    }

    /// Runs a request. If a lent connection has been closed in the meantime, repeats the request once, provided that a
    /// repetition does no harm.
    fn run(
        &self,
        set: &AgentSet,
        request: &HttpRequest<'_>,
        body: &mut RequestBody<'_>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        let result = set.run(request, body);
        match &result {
            Err(e) if self.is_reused && !self.is_interrupted() && is_closed(e) => {
                let is_harmless = request.reads || body.sent() == Sent::No;
                // Other kept connections may be closed as well.
                let again = || HttpRequest { is_fresh: true, ..request.clone() };
                if is_harmless && body.rewind() { set.run(&again(), body) } else { result }
            }
            _ => result,
        }
    }

    fn run_expecting(
        &self,
        request: &mut HttpRequest<'_>,
        body: &mut RequestBody<'_>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        let set = &self.agents.put;
        let began_at = Instant::now();
        let result = set.run(request, body);
        let outcome = result.as_ref().map(|response| response.status().as_u16());
        let asked_after = body.asked_at().map(|moment| moment.duration_since(began_at));
        let Lesson { again, host } = lesson(outcome, asked_after);
        if let Some(expects) = host {
            set.expect().remember(host_of(request.url), expects);
        }
        if !again || self.is_interrupted() {
            return result;
        }
        drop(result);
        request.headers.remove(EXPECT);
        request.answer_limit = None;
        if let Some(time) = &mut request.time_left {
            time.left = time.left.saturating_sub(began_at.elapsed());
            if time.left.is_zero() {
                return Err(ureq::Error::Timeout(Timeout::Global));
            }
        }
        set.run(request, body)
    }

    fn signed_headers(&self, signed: &SignedUrls) -> Result<HeaderMap> {
        let mut headers = self.common_headers();
        for (name, value) in &signed.headers {
            let (name, value) = signed_header(name, value)?;
            headers.insert(name, value);
        }
        // Set last, so that the server's headers cannot change the requested encoding.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(headers)
    }

    fn common_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(agent) = &self.user_agent {
            headers.insert(USER_AGENT, agent.clone());
        }
        headers
    }
}

/// Gives lent connections back, unless they were interrupted: those are dead.
impl Drop for Http {
    fn drop(&mut self) {
        if self.is_lent && !self.is_interrupted() {
            self.idle.give_back(Arc::clone(&self.agents));
        }
    }
}

/// The body of an object. If a limit runs out, `read` returns an error of kind `TimedOut`, as a socket does.
pub(crate) struct ObjectBody {
    reader: BodyReader<'static>,
    time_left: Option<TimeLeft>,
}

impl Read for ObjectBody {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf).map_err(|e| match ureq::Error::from(e) {
            ureq::Error::Timeout(Timeout::Global) => {
                io::Error::new(io::ErrorKind::TimedOut, over(self.time_left))
            }
            timeout @ ureq::Error::Timeout(_) => io::Error::new(io::ErrorKind::TimedOut, timeout),
            other => other.into_io(),
        })
    }
}

/// Returns head and body of an object's answer if its status is good, and an error otherwise.
fn validate(
    signed: &SignedUrls,
    request: &HttpRequest<'_>,
    response: Response<Body>,
    is_good: impl FnOnce(u16) -> bool,
) -> Result<(ResponseHead, Body)> {
    let (parts, body) = response.into_parts();
    let secrets = signed.secrets();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let head = read_head(&parts, &secrets);
    match head.status {
        status if is_good(status) => Ok((head, body)),
        status @ 300..400 => {
            let problem = redirect(&parts.headers, &secrets);
            let (operation, reads, request_id) = (request.operation, request.reads, head.request_id);
            Err(UnexpectedAnswer { operation, status, problem, request_id, reads }.into())
        }
        _ => Err(read_storage_error(request, &head, &parts.headers, body, &secrets).into()),
    }
}

fn token_value(token: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|_| {
        Error::InvalidArgument(
            "the access token has characters that are not allowed in a header (a line break?)".to_owned(),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Converts a signed header. `SignedUrls::check` has checked both parts; an invalid header is refused, not left out.
fn signed_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
    let (header, mut value) =
        header.ok_or_else(|| refuse(DOWNLOAD_INFO, Problem::ForbiddenHeader(name.to_owned())))?;
    value.set_sensitive(true);
    Ok((header, value))
}

fn read_storage_error(
    request: &HttpRequest<'_>,
    head: &ResponseHead,
    headers: &HeaderMap,
    body: Body,
    secrets: &[&str],
) -> StorageError {
    let mut bytes = Vec::new();
    // A truncated body still has its status, and often its code.
    let _ = body.into_reader().take(ERROR_BODY_LIMIT).read_to_end(&mut bytes);
    let mut error = StorageError::read(
        request.operation,
        (head.status, host_of(request.url)),
        head.request_id.clone(),
        &bytes,
        secrets,
    );
    let stated = head.content_range.as_deref().and_then(parse_unsatisfied_range);
    error.object_size = stated.or(error.object_size);
    error.etag.clone_from(&head.etag);
    error.retry_after = retry_after(headers);
    error
}
