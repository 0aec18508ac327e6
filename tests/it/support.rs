//! Servers and calls shared by the tests.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use dingtalk_files::testing::{FakeDingTalk, ManualClock, Recorded};
use dingtalk_files::{
    Client, ClientBuilder, ConversationFile, DownloadInfo, Error, GetFileDownloadInfo, Result, RetryPolicy,
    Secret, UnionId,
};
use mockito::{Mock, Server, ServerGuard};
use serde_json::Value;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

/// Documented routes, as errors name them.
pub(crate) const SEND: &str = "POST /v1.0/convFile/apps/conversations/files/send";
pub(crate) const DOWNLOAD_INFO: &str =
    "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/downloadInfos/query";

/// The token of clients of [`Wire`].
pub(crate) const TOKEN: &str = "access-token-1";

/// An address that refuses connections. Unlike a port that was free a moment ago, port 1 is never assigned to a test.
pub(crate) const REFUSED: &str = "http://127.0.0.1:1";

/// A complete request as sent. Comparing it also shows that nothing else was sent.
#[derive(Debug, PartialEq)]
pub(crate) struct SentRequest {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// Names in lower case; a repeated header has several values.
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    pub(crate) body: Value,
}

impl SentRequest {
    /// Returns the expected POST of a client to `host`.
    pub(crate) fn post(host: &str, target: &str, body: Value) -> Self {
        let length = body.to_string().len().to_string();
        let headers = [
            ("accept", "*/*"),
            ("accept-encoding", "identity"),
            ("content-length", &length),
            ("content-type", "application/json"),
            ("host", host),
            ("user-agent", concat!("dingtalk-files/", env!("CARGO_PKG_VERSION"))),
        ];
        Self { method: "POST".to_owned(), target: target.to_owned(), headers: BTreeMap::new(), body }
            .with_headers(&headers)
    }

    /// Returns the expected GET of a client to `host`, without body headers.
    pub(crate) fn get(host: &str, target: &str) -> Self {
        let mut headers = Self::post(host, target, Value::Null).headers;
        headers.retain(|name, _| !name.starts_with("content-"));
        Self { method: "GET".to_owned(), target: target.to_owned(), headers, body: Value::Null }
    }

    pub(crate) fn with_header(self, name: &str, value: &str) -> Self {
        self.with_headers(&[(name, value)])
    }

    pub(crate) fn with_token(self) -> Self {
        self.with_header("x-acs-dingtalk-access-token", TOKEN)
    }

    fn with_headers(mut self, headers: &[(&str, &str)]) -> Self {
        for (name, value) in headers {
            self.headers.insert((*name).to_owned(), vec![(*value).to_owned()]);
        }
        self
    }
}

impl From<&Recorded> for SentRequest {
    fn from(request: &Recorded) -> Self {
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &request.headers {
            headers.entry(name.clone()).or_default().push(value.clone());
        }
        Self {
            method: request.method.clone(),
            target: format!("{}?{}", request.path, request.raw_query),
            headers,
            body: request.json().expect("a JSON body"),
        }
    }
}

/// A mockito server with one prepared answer. It accepts and records every request, because the tests compare complete
/// requests. Mockito's matchers cannot do this: they ignore surplus content.
pub(crate) struct Wire {
    server: ServerGuard,
    requests: Arc<Mutex<Vec<SentRequest>>>,
}

/// A minimal answer that every query accepts. A completely empty answer would be an error for a query.
pub(crate) const MINIMAL_ANSWER: &str = r#"{"nextToken": "", "dentries": [], "resultItems": [], "roleMap": {}, "url": "",
    "protocol": "HEADER_SIGNATURE", "multipartHeaderSignatureInfos": [], "task": {"id": "task-1"}, "result": {"name": ""}}"#;

impl Wire {
    /// Starts a server whose answer is a 200 modified by `prepare`.
    pub(crate) fn new(prepare: impl Fn(Mock) -> Mock) -> Self {
        let mut server = Server::new();
        let requests = Arc::new(Mutex::new(Vec::new()));
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let keep = Arc::clone(&requests);
            let any = server.mock(method, mockito::Matcher::Any).match_request(move |request| {
                keep.lock().unwrap().push(read(request));
                true
            });
            prepare(any.with_header("content-type", "application/json")).create();
        }
        Self { server, requests }
    }

    /// Starts a server that answers 200 with this JSON text.
    pub(crate) fn json(body: &str) -> Self {
        Self::new(|mock| mock.with_body(body))
    }

    /// Starts a server that answers with this status and JSON text.
    pub(crate) fn error(status: usize, body: &str) -> Self {
        Self::new(|mock| mock.with_status(status).with_body(body))
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn host(&self) -> String {
        self.server.host_with_port()
    }

    /// Returns the builder of a client with a fixed token and without retries, so that one call is one request.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().access_token(TOKEN).base_url(self.url()).no_proxy().retry(RetryPolicy::none())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// Takes all requests since the last call.
    pub(crate) fn requests(&self) -> Vec<SentRequest> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// Takes the only request since the last call, and asserts that there is exactly one.
    #[track_caller]
    pub(crate) fn only_request(&self) -> SentRequest {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.remove(0)
    }
}

fn read(request: &mockito::Request) -> SentRequest {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers() {
        let value = value.to_str().unwrap().to_owned();
        headers.entry(name.to_string()).or_default().push(value);
    }
    SentRequest {
        method: request.method().to_owned(),
        target: request.path_and_query().to_owned(),
        headers,
        body: serde_json::from_slice(request.body().unwrap()).unwrap_or(Value::Null),
    }
}

/// A server that must not be contacted. It accepts connections, which the test then detects.
pub(crate) struct UntouchedServer(TcpListener);

impl UntouchedServer {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        self.0.set_nonblocking(true).unwrap();
        let visitor = self.0.accept().map_err(|e| e.kind());
        assert!(matches!(visitor, Err(ErrorKind::WouldBlock)), "{visitor:?}");
    }
}

/// Starts a fake with one file: `dentry-1` in `space-1`.
pub(crate) fn fake() -> FakeDingTalk {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "test-file.xls", "content");
    fake
}

/// Returns a client of the fake whose waits take no time, and its clock.
pub(crate) fn client_and_clock(fake: &FakeDingTalk) -> (Client, ManualClock) {
    let clock = ManualClock::new();
    (fake.client().clock(clock.clone()).build().unwrap(), clock)
}

/// Returns a token that the fake accepts.
pub(crate) fn good_token(fake: &FakeDingTalk) -> Secret {
    let client = fake.client().build().unwrap();
    let answer = client.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET);
    answer.unwrap().access_token
}

/// Returns the configuration of a custom agent. ureq's default is rustls even if only native-tls is compiled in.
pub(crate) fn own_agent() -> ConfigBuilder<AgentScope> {
    let agent = Agent::config_builder().proxy(None);
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    let agent = {
        let tls = ureq::tls::TlsConfig::builder().provider(ureq::tls::TlsProvider::NativeTls);
        agent.tls_config(tls.build())
    };
    agent
}

/// Sends a file: a call that must not run twice.
pub(crate) fn send(client: &Client) -> Result<ConversationFile> {
    client.conv_file().send_by_app("space-1", "dentry-1", UnionId("union-1"))
}

/// Requests a download info: a call that may run twice.
pub(crate) fn query_info(client: &Client) -> Result<DownloadInfo> {
    let options = GetFileDownloadInfo::new();
    client.storage().get_file_download_info("space-1", "dentry-1", UnionId("union-1"), &options)
}

/// Returns every text that an error can produce: its `Display` and `Debug` output, that of its fields where they show
/// more than the error itself, and that of its sources.
pub(crate) fn error_texts(error: &Error) -> String {
    fn texts(error: &(impl Debug + Display + ?Sized)) -> String {
        format!("{error}\n{error:?}\n{error:#?}")
    }
    let fields = match error {
        Error::Api(e) => texts(e),
        Error::Storage(e) => texts(e),
        Error::Network(e) => format!("{}\n{}", texts(e), texts(&e.cause)),
        Error::Answer(e) => texts(e),
        Error::Token(e) => error_texts(e),
        Error::TokenSource(e) => texts(e),
        Error::Write { cause, .. } => texts(cause),
        Error::Interrupted { cause, .. } => error_texts(cause),
        Error::File(e) => texts(e),
        Error::Source(e) => texts(e),
        Error::UploadInterrupted(e) => format!("{}\n{}", texts(e), error_texts(&e.cause)),
        Error::CommitOutcomeUnknown(e) => format!("{}\n{}", texts(e), error_texts(&e.cause)),
        Error::NotSent(e) => format!("{}\n{}", texts(e), error_texts(&e.cause)),
        _ => String::new(),
    };
    let mut all = vec![texts(error), fields];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        all.push(texts(cause));
        source = cause.source();
    }
    all.join("\n")
}

/// A scripted server: it reads a request, writes exactly the bytes that the test's function returns, and closes the
/// connection without announcing it.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    /// Receives each request after its connection was closed.
    pub(crate) closed: Receiver<String>,
}

impl Scripted {
    pub(crate) fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, closed) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read_request(&mut stream);
                let _ = stream.write_all(answer(&request).as_bytes());
                drop(stream);
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { address, closed }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Returns a complete HTTP/1.1 answer that keeps the connection open.
pub(crate) fn http_answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads a request's head and body, or the part that arrived before the client closed the connection.
pub(crate) fn read_request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head
                .split_once("content-length:")
                .and_then(|(_, rest)| rest.lines().next())
                .map_or(0, |length| length.trim().parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut block) {
            Ok(count @ 1..) => bytes.extend_from_slice(&block[..count]),
            _ => return text,
        }
    }
}
