//! The only file that runs ureq. The door `api` carries the token; `get` and `put`, to the objects, never can.

mod failure;
pub(crate) mod tls;

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPECT, HeaderName,
    HeaderValue, IF_MATCH, LOCATION, RANGE, RETRY_AFTER, TRANSFER_ENCODING, USER_AGENT,
};
use ureq::http::{HeaderMap, Request, Response};
use ureq::{Agent, AsSendBody, Body, BodyReader, SendBody};

use crate::base::error::{ApiAnswer, Error, NetworkStage, Problem, Result, StorageError, UnexpectedAnswer};
use crate::base::secret::{Secret, host_of, redact};
use crate::object::range::{RequestedRange, ResponseHead, parse_unsatisfied_range};
use crate::object::signed_urls::{DOWNLOAD_INFO, SignedUrls, refuse};
use crate::object::{GET_OBJECT, PUT_OBJECT};
use failure::{is_untrusted, network};

/// An API answer larger than this is an error: nothing documented comes near it.
const API_BODY_LIMIT: u64 = 8 * 1024 * 1024;
/// Of an OSS error, which has some hundred bytes.
const ERROR_BODY_LIMIT: u64 = 64 * 1024;

/// From here up a refusal shall come before the body is sent; in its midst it would only show as a broken connection.
///
/// On a new connection, ureq 3.5.2 then waits for more when it has the whole refusal already: until the server closes the
/// connection, which takes nginx 5 seconds, or the stall limit runs out. `recv_response` does not look at what
/// `await_100` has left in the buffer.
const EXPECT_FROM: u64 = 1024 * 1024;

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-acs-dingtalk-access-token");

/// What is sent through either door.
pub(crate) struct Transport {
    agents: AgentSets,
    user_agent: Option<HeaderValue>,
    /// [`interrupt`](Self::interrupt) was called: nothing will come of any request.
    is_interrupted: AtomicBool,
}

/// Each with connections of its own.
pub(crate) struct AgentSets {
    pub(crate) api: AgentSet,
    /// Objects, to be read.
    pub(crate) get: AgentSet,
    /// Objects, to be written.
    pub(crate) put: AgentSet,
}

impl AgentSets {
    fn all(&self) -> [&AgentSet; 3] {
        [&self.api, &self.get, &self.put]
    }
}

/// One request to the API host.
pub(crate) struct ApiRequest<'a> {
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    pub(crate) url: &'a str,
    pub(crate) token: Option<&'a Secret>,
    /// Everything in this request that no error may repeat.
    pub(crate) secrets: &'a [&'a str],
    pub(crate) body: Option<&'a [u8]>,
    /// Until the deadline, if there is one.
    pub(crate) time_left: Option<Duration>,
}

impl Transport {
    pub(crate) fn new(agents: AgentSets, user_agent: Option<HeaderValue>) -> Self {
        Self { agents, user_agent, is_interrupted: AtomicBool::new(false) }
    }

    /// The same way out with connections of its own, so that [`interrupt`](Self::interrupt) ends nobody else's.
    pub(crate) fn private(&self) -> Self {
        let AgentSets { api, get, put } = &self.agents;
        let agents = AgentSets { api: api.private(), get: get.private(), put: put.private() };
        Self::new(agents, self.user_agent.clone())
    }

    /// Ends every request that is under way, and each to come. Only for a [`private`](Self::private) one. An agent that the
    /// caller made is left alone: it cannot be copied, and others use it.
    pub(crate) fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Relaxed);
        self.agents.all().into_iter().for_each(AgentSet::interrupt);
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    pub(crate) fn api(&self, ask: &ApiRequest<'_>) -> Result<ApiAnswer> {
        let &ApiRequest { operation, method, url, token, secrets, body, time_left } = ask;
        let mut headers = self.common_headers();
        if let Some(token) = token {
            headers.insert(TOKEN_HEADER, token_value(token)?);
        }
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        // Without a length some servers refuse a POST.
        let needs_length = matches!(method, "POST" | "PUT");
        let payload = match body {
            None if needs_length => Payload::Bytes(&[]),
            None => Payload::Nothing,
            Some(bytes) => Payload::Bytes(bytes),
        };
        let response =
            self.agents.api.run(&HttpRequest { operation, method, url, headers, time_left }, payload)?;

        let (parts, body) = response.into_parts();
        let announced = body.content_length().unwrap_or_default().min(API_BODY_LIMIT);
        // One byte more, so that the end is found without growing.
        let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or_default() + 1);
        let read = body.into_reader().take(API_BODY_LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|e| network(operation, url, NetworkStage::Body, e.into()))?;
        let request_id = text(&parts.headers, "x-acs-request-id").map(|t| redact(t, secrets));
        let status = parts.status.as_u16();
        let problem = if bytes.len() as u64 > API_BODY_LIMIT {
            Some(Problem::TooLong { limit: API_BODY_LIMIT })
        } else {
            parts.status.is_redirection().then(|| redirect(&parts.headers, secrets))
        };
        if let Some(problem) = problem {
            return Err(UnexpectedAnswer { operation, status, problem, request_id }.into());
        }
        Ok(ApiAnswer {
            operation,
            status,
            content_type: text(&parts.headers, CONTENT_TYPE.as_str()),
            retry_after: seconds(&parts.headers),
            request_id,
            body: bytes,
        })
    }

    /// GETs an object with the signed headers and nothing else that is signed. 200 and 206 come back; everything else
    /// is an error.
    pub(crate) fn object(
        &self,
        ticket: &SignedUrls,
        url: &str,
        want: RequestedRange,
        if_match: Option<&str>,
        time_left: Option<Duration>,
    ) -> Result<(ResponseHead, ObjectBody)> {
        let mut headers = self.signed_headers(ticket)?;
        for (name, text) in [(RANGE, want.header()), (IF_MATCH, if_match.map(str::to_owned))] {
            headers.remove(&name);
            if let Some(value) = text.and_then(|t| HeaderValue::from_str(&t).ok()) {
                headers.insert(name, value);
            }
        }
        let exchange = HttpRequest { operation: GET_OBJECT, method: "GET", url, headers, time_left };
        let response = self.agents.get.run(&exchange, Payload::Nothing)?;
        let (head, body) = admit(ticket, &exchange, response, |status| matches!(status, 200 | 206))?;
        Ok((head, ObjectBody(body.into_reader())))
    }

    /// PUTs an object of exactly `length` bytes, of which `body` has to give no fewer: ureq would ask it for ever.
    #[inline]
    pub(crate) fn put_object(
        &self,
        ticket: &SignedUrls,
        url: &str,
        body: &mut dyn Read,
        length: u64,
        time_left: Option<Duration>,
    ) -> Result<ResponseHead> {
        let mut headers = self.signed_headers(ticket)?;
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.remove(EXPECT);
        if length >= EXPECT_FROM {
            headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
        }
        let exchange = HttpRequest { operation: PUT_OBJECT, method: "PUT", url, headers, time_left };
        let response = self.agents.put.run(&exchange, Payload::Reader(body))?;
        let (head, body) = admit(ticket, &exchange, response, |status| matches!(status, 200 | 201 | 204))?;
        // Nobody needs it, but only a body that was read to its end leaves the connection for the next part.
        let _ = io::copy(&mut body.into_reader().take(ERROR_BODY_LIMIT), &mut io::sink());
        Ok(head)
    }

    fn signed_headers(&self, ticket: &SignedUrls) -> Result<HeaderMap> {
        let mut headers = self.common_headers();
        for (name, value) in &ticket.headers {
            let (name, value) = signed_header(name, value)?;
            headers.insert(name, value);
        }
        // Ours come last, so that the server's map cannot change what is asked for.
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

/// The body of an object. A limit that ran out is an error of that kind, as with a socket.
pub(crate) struct ObjectBody(BodyReader<'static>);

impl Read for ObjectBody {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf).map_err(|e| match ureq::Error::from(e) {
            timeout @ ureq::Error::Timeout(_) => io::Error::new(io::ErrorKind::TimedOut, timeout),
            other => other.into_io(),
        })
    }
}

/// A way out: one agent, or two when the caller has roots of their own beside the built-in ones.
pub(crate) struct AgentSet {
    agents: Vec<Agent>,
    /// Which agent trusts a host, so that a private host does not cost a failed handshake each time.
    trusted_by: Mutex<Vec<(String, usize)>>,
    /// Per-request settings for an agent that the caller made.
    stall_timeout: Option<Duration>,
}

impl AgentSet {
    /// Agents that the builder made, with all our settings.
    pub(crate) fn own(agents: Vec<Agent>) -> Self {
        Self { agents, trusted_by: Mutex::default(), stall_timeout: None }
    }

    /// The caller's agent: its connections, proxy and TLS; our rules on status, redirects and stalls.
    pub(crate) fn borrowed(agent: Agent, stall_timeout: Duration) -> Self {
        Self { agents: vec![agent], trusted_by: Mutex::default(), stall_timeout: Some(stall_timeout) }
    }

    fn private(&self) -> Self {
        let is_own = self.stall_timeout.is_none();
        let agents = self.agents.iter();
        Self {
            agents: if is_own {
                agents.map(|agent| Agent::new_with_config(agent.config().clone())).collect()
            } else {
                agents.cloned().collect()
            },
            trusted_by: Mutex::new(self.trusted().clone()),
            stall_timeout: self.stall_timeout,
        }
    }

    fn interrupt(&self) {
        if self.stall_timeout.is_none() {
            self.agents.iter().cloned().for_each(Agent::shutdown);
        }
    }

    fn trusted(&self) -> MutexGuard<'_, Vec<(String, usize)>> {
        self.trusted_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, exchange: &HttpRequest<'_>, mut payload: Payload<'_>) -> Result<Response<Body>> {
        let HttpRequest { operation, url, .. } = *exchange;
        let first = self.trusting(url);
        let mut refused = ureq::Error::ConnectionFailed;
        for step in 0..self.agents.len() {
            let index = (first + step) % self.agents.len();
            let Some(agent) = self.agents.get(index) else { break };
            // A handshake that failed has read nothing of the payload.
            match self.run_with(agent, exchange, &mut payload) {
                Err(e) if is_untrusted(&e) => refused = e,
                Err(e) => return Err(network(operation, url, NetworkStage::Answer, e).into()),
                Ok(response) => {
                    if step > 0 {
                        let host = host_of(url);
                        let mut trusted = self.trusted();
                        trusted.retain(|(known, _)| known != host);
                        trusted.push((host.to_owned(), index));
                    }
                    return Ok(response);
                }
            }
        }
        Err(network(operation, url, NetworkStage::Answer, refused).into())
    }

    fn run_with(
        &self,
        agent: &Agent,
        exchange: &HttpRequest<'_>,
        payload: &mut Payload<'_>,
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder().method(exchange.method).uri(exchange.url);
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&exchange.headers);
        }
        let time_left = exchange.time_left;
        match payload {
            Payload::Nothing => agent.run(self.configure(agent, request.body(())?, time_left)),
            Payload::Bytes(bytes) => agent.run(self.configure(agent, request.body(*bytes)?, time_left)),
            Payload::Reader(reader) => {
                let body = SendBody::from_reader(*reader);
                agent.run(self.configure(agent, request.body(body)?, time_left))
            }
        }
    }

    /// Settings of this one request, for an agent that is not ours and for a deadline. Without either there are none,
    /// because each costs a copy of the agent's.
    fn configure<S: AsSendBody>(
        &self,
        agent: &Agent,
        request: Request<S>,
        time_left: Option<Duration>,
    ) -> Request<S> {
        if time_left.is_none() && self.stall_timeout.is_none() {
            return request;
        }
        let of_agent = agent.config();
        agent
            .configure_request(request)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_per_read(of_agent.timeout_per_read().or(self.stall_timeout))
            .timeout_per_write(of_agent.timeout_per_write().or(self.stall_timeout))
            .timeout_global([time_left, of_agent.timeouts().global].into_iter().flatten().min())
            .build()
    }

    /// The agent to begin with.
    fn trusting(&self, url: &str) -> usize {
        if self.agents.len() < 2 {
            return 0;
        }
        let host = host_of(url);
        self.trusted().iter().find(|(known, _)| known == host).map_or(0, |(_, index)| *index)
    }
}

/// One request and its answer, through either door.
struct HttpRequest<'a> {
    operation: &'static str,
    method: &'static str,
    url: &'a str,
    headers: HeaderMap,
    time_left: Option<Duration>,
}

/// The body of a request.
enum Payload<'a> {
    Nothing,
    Bytes(&'a [u8]),
    /// Of a length that a header tells.
    Reader(&'a mut dyn Read),
}

/// Head and body of an object's answer with a good status; the error that any other one is.
fn admit(
    ticket: &SignedUrls,
    exchange: &HttpRequest<'_>,
    response: Response<Body>,
    is_good: impl FnOnce(u16) -> bool,
) -> Result<(ResponseHead, Body)> {
    let (parts, body) = response.into_parts();
    let secrets = ticket.secrets();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let head = read_head(parts.status.as_u16(), &parts.headers, &secrets);
    match head.status {
        status if is_good(status) => Ok((head, body)),
        status @ 300..400 => {
            let problem = redirect(&parts.headers, &secrets);
            let operation = exchange.operation;
            Err(UnexpectedAnswer { operation, status, problem, request_id: head.request_id }.into())
        }
        _ => Err(read_storage_error(&head, exchange.url, &parts.headers, body, &secrets).into()),
    }
}

fn token_value(token: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|_| {
        Error::InvalidArgument(
            "the access token has characters that no header can carry (a line break?)".to_owned(),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The ticket has checked both; what still fails is refused rather than left out.
fn signed_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
    let (header, mut value) =
        header.ok_or_else(|| refuse(DOWNLOAD_INFO, Problem::ForbiddenHeader(name.to_owned())))?;
    value.set_sensitive(true);
    Ok((header, value))
}

fn read_head(status: u16, headers: &HeaderMap, secrets: &[&str]) -> ResponseHead {
    // What an error may quote.
    let quotable = |name| text(headers, name).map(|t| redact(t, secrets));
    let encoding = quotable(CONTENT_ENCODING.as_str()).filter(|e| !e.trim().eq_ignore_ascii_case("identity"));
    ResponseHead {
        status,
        content_range: quotable(CONTENT_RANGE.as_str()),
        length: text(headers, CONTENT_LENGTH.as_str()).and_then(|t| t.trim().parse().ok()),
        chunked: headers.contains_key(TRANSFER_ENCODING),
        etag: text(headers, ETAG.as_str()),
        crc64: text(headers, "x-oss-hash-crc64ecma").and_then(|t| t.trim().parse().ok()),
        encoding,
        html: text(headers, CONTENT_TYPE.as_str()).is_some_and(|t| is_html(&t)),
        request_id: quotable("x-oss-request-id"),
    }
}

fn read_storage_error(
    head: &ResponseHead,
    url: &str,
    headers: &HeaderMap,
    body: Body,
    secrets: &[&str],
) -> StorageError {
    let mut bytes = Vec::new();
    // A body that breaks off still has its status, and often its code.
    let _ = body.into_reader().take(ERROR_BODY_LIMIT).read_to_end(&mut bytes);
    let mut error = StorageError::read(head.status, host_of(url), head.request_id.clone(), &bytes, secrets);
    let told = head.content_range.as_deref().and_then(parse_unsatisfied_range);
    error.object_size = told.or(error.object_size);
    error.etag.clone_from(&head.etag);
    error.retry_after = seconds(headers);
    error
}

fn is_html(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// The redirect's host only: a location may carry a signature in its query.
fn redirect(headers: &HeaderMap, secrets: &[&str]) -> Problem {
    let host = text(headers, LOCATION.as_str()).map(|l| host_of(&l).to_owned()).filter(|h| !h.is_empty());
    Problem::Redirect { host: host.map(|h| redact(h, secrets)) }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// `Retry-After` in seconds; its other form, a date, would need trust in two clocks.
fn seconds(headers: &HeaderMap) -> Option<Duration> {
    text(headers, RETRY_AFTER.as_str())?.trim().parse().ok().map(Duration::from_secs)
}
