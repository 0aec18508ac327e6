//! Shared parts of the targets: a client with in-memory servers, and numbers near the code's limits.

pub mod world;

use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use dingtalk_files::{ByteRange, Client, Error, RetryPolicy};
use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// The access token of the client. It is in the dictionaries, so that answers repeat it.
pub const TOKEN: &str = "planted-token";

/// In-memory servers. Each connection gets the next answer and is then closed.
#[derive(Debug, Clone, Default)]
pub struct Servers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Vec<u8>>,
    /// The received bytes, one entry for each connection.
    requests: Vec<Vec<u8>>,
}

impl Servers {
    /// Creates a client that can reach only these servers and does not retry.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_of("http://api.example")
    }

    /// Creates the same client with another base URL.
    ///
    /// # Panics
    ///
    /// Panics if the client rejects its settings.
    #[must_use]
    pub fn client_of(&self, base_url: &str) -> Client {
        let agent = Agent::with_parts(ureq::config::Config::default(), self.clone(), Nowhere);
        Client::builder()
            .access_token(TOKEN)
            .base_url(base_url)
            .oapi_base_url("http://oapi.example")
            .agent(agent)
            .retry(RetryPolicy::none())
            .build()
            .expect("a client")
    }

    /// Sets the answers of the next connections, in order. Further connections are closed without an answer.
    pub fn answer(&self, answers: impl IntoIterator<Item = Vec<u8>>) {
        let mut state = self.state();
        state.answers = answers.into_iter().collect();
        state.requests.clear();
    }

    /// Returns the requests since the answers were set.
    #[must_use]
    pub fn requests(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.state().requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no target continues after a panic")
    }
}

/// Creates an answer of the API.
#[must_use]
pub fn answer(status: u16, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

impl Connector for Servers {
    type Out = Connection;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        let mut state = self.state();
        state.requests.push(Vec::new());
        let number = state.requests.len() - 1;
        let answer = state.answers.pop_front().unwrap_or_default();
        let buffers = LazyBuffers::new(16 * 1024, 16 * 1024);
        Ok(Some(Connection { servers: self.clone(), number, answer, given: 0, buffers }))
    }
}

#[derive(Debug)]
pub struct Connection {
    servers: Servers,
    number: usize,
    answer: Vec<u8>,
    given: usize,
    buffers: LazyBuffers,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let mut state = self.servers.state();
        if let Some(request) = state.requests.get_mut(self.number) {
            request.extend_from_slice(&self.buffers.output()[..amount]);
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let rest = &self.answer[self.given..];
        let room = self.buffers.input_append_buf();
        let count = rest.len().min(room.len());
        room[..count].copy_from_slice(&rest[..count]);
        self.buffers.input_appended(count);
        self.given += count;
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        // Lets https work without TLS.
        true
    }
}

/// A resolver that returns an address for every name without a lookup.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(([192, 0, 2, 1], 80).into());
        Ok(addresses)
    }
}

/// Checks the text of an error: it must be one line without any of the secrets.
///
/// # Panics
///
/// Panics if the check fails.
pub fn check_text(error: &Error, secrets: &[&str]) {
    let text = format!("{error}");
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} in {text:?}");
    }
    assert!(!text.contains(|c: char| c.is_control() && c != '\t'), "not one line: {text:?}");
    // None of these calls may fail for any answer of a server.
    let _ = (
        error.code(),
        error.request_id(),
        error.bytes_written(),
        error.is_rate_limited(),
        error.is_not_found(),
    );
    let _ =
        (error.is_permission_denied(), error.is_authentication(), error.is_transient(), error.may_have_run());
}

/// Returns whether a body has no sign of an error or a ban, so that an operation may accept it as its answer.
#[must_use]
pub fn is_plain_answer(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    // An empty answer to a change means that the change has run.
    if text.is_empty() {
        return true;
    }
    let fields = match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(fields)) => fields,
        Ok(_) => return false,
        // The JSON is broken in a field that is not read.
        Err(_) => {
            return text.starts_with('{') && !text.contains("1111") && !text.contains("\"code\"");
        }
    };
    let has = |name: &str| fields.keys().any(|key| key.eq_ignore_ascii_case(name));
    let code =
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case("code")).and_then(|(_, code)| code.as_str());
    let is_error = code.is_some_and(|code| !code.is_empty()) && has("message");
    !is_error && fields.get("status").and_then(serde_json::Value::as_u64) != Some(1111)
}

/// Returns a typical number: small, near a size at which the code changes its behaviour, near the end of `u64`, or
/// arbitrary.
///
/// # Errors
///
/// Fails if the input has no bytes left.
pub fn number(u: &mut Unstructured<'_>) -> Result<u64> {
    const EDGES: [u64; 8] = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 16 << 20, 64 << 20, 1 << 40, 1 << 63];
    Ok(match u.arbitrary::<u8>()? % 8 {
        0..=3 => u.arbitrary::<u8>()?.into(),
        4 => u.arbitrary::<u16>()?.into(),
        5 => u.choose(&EDGES)?.saturating_add_signed(u.arbitrary::<i8>()?.into()),
        6 => u64::MAX - u64::from(u.arbitrary::<u8>()?),
        _ => u.arbitrary()?,
    })
}

/// The requested bytes, described without the size of the object.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The first byte, or `None` for a range from the end.
    pub start: Option<u64>,
    /// The end, exclusive, or `None` for the end of the object.
    pub end: Option<u64>,
}

/// Returns a range of any kind.
///
/// # Errors
///
/// Fails if the input has no bytes left.
pub fn any_range(u: &mut Unstructured<'_>) -> Result<(ByteRange, Wanted)> {
    let kind = u.arbitrary::<u8>()? % 7;
    let (a, b) = (number(u)?, if kind < 3 { number(u)? } else { 0 });
    let (range, start, end) = match kind {
        0 => (ByteRange::from(a..b), Some(a), Some(b)),
        1 => (ByteRange::from(a..=b), Some(a), b.checked_add(1)),
        2 => {
            let bounds = (Bound::Excluded(a), Bound::Included(b));
            (ByteRange::from(bounds), a.checked_add(1), b.checked_add(1))
        }
        3 => (ByteRange::from(a..), Some(a), None),
        4 => (ByteRange::from(..a), Some(0), Some(a)),
        5 => (ByteRange::from(..), Some(0), None),
        _ => (ByteRange::last(a), None, None),
    };
    Ok((range, Wanted { start, end }))
}

/// A range of any kind, for inputs that are described as a type.
#[derive(Debug)]
pub struct AnyRange(pub ByteRange);

impl<'a> Arbitrary<'a> for AnyRange {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        any_range(u).map(|(range, _)| Self(range))
    }
}
