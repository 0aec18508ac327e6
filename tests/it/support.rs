//! What the tests share: the servers and the calls.

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

/// The documented lines, which errors name.
pub(crate) const SEND: &str = "POST /v1.0/convFile/apps/conversations/files/send";
pub(crate) const DOWNLOAD_INFO: &str =
    "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/downloadInfos/query";

/// The token of clients of [`Wire`].
pub(crate) const TOKEN: &str = "access-token-1";

/// Nobody listens on port 1, and no test can be given it, unlike a port that was free a moment ago.
pub(crate) const REFUSED: &str = "http://127.0.0.1:1";

/// A request as it was on the wire, whole: comparing it says also what was *not* sent.
#[derive(Debug, PartialEq)]
pub(crate) struct SentRequest {
    pub(crate) method: String,
    /// Path and query as they were sent.
    pub(crate) target: String,
    /// Names in lower case; a header that came twice has two values.
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    pub(crate) body: Value,
}

impl SentRequest {
    /// The one request that a call of the client at `host` makes.
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

    /// The same without a body: nothing tells of one.
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

/// A mockito server with one prepared answer. It takes every request, and keeps it: the tests compare requests whole,
/// which mockito's matchers cannot (they do not see what is too much).
pub(crate) struct Wire {
    server: ServerGuard,
    seen: Arc<Mutex<Vec<SentRequest>>>,
}

/// An answer with little in it, and something for every query: one that has nothing has failed.
pub(crate) const MINIMAL_ANSWER: &str = r#"{"nextToken": "", "dentries": [], "resultItems": [], "roleMap": {}, "url": "",
    "protocol": "HEADER_SIGNATURE", "multipartHeaderSignatureInfos": [], "task": {"id": "task-1"}, "result": {"name": ""}}"#;

impl Wire {
    /// The answer is what `prepare` makes of a 200.
    pub(crate) fn new(prepare: impl Fn(Mock) -> Mock) -> Self {
        let mut server = Server::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let keep = Arc::clone(&seen);
            let any = server.mock(method, mockito::Matcher::Any).match_request(move |request| {
                keep.lock().unwrap().push(read(request));
                true
            });
            prepare(any.with_header("content-type", "application/json")).create();
        }
        Self { server, seen }
    }

    /// 200 with this JSON text.
    pub(crate) fn json(body: &str) -> Self {
        Self::new(|mock| mock.with_body(body))
    }

    /// This status with this JSON text.
    pub(crate) fn error(status: usize, body: &str) -> Self {
        Self::new(|mock| mock.with_status(status).with_body(body))
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn host(&self) -> String {
        self.server.host_with_port()
    }

    /// With a fixed token and without retries, so that one call is one request.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().access_token(TOKEN).base_url(self.url()).no_proxy().retry(RetryPolicy::none())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// All requests since the last look.
    pub(crate) fn requests(&self) -> Vec<SentRequest> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// The request, of which there must be exactly one since the last look.
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

/// A place that nobody may come to. It takes connections of any kind, and says nothing.
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

/// The fake with one file: `dentry-1` in `space-1`.
pub(crate) fn fake() -> FakeDingTalk {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "test-file.xls", "content");
    fake
}

/// A client of the fake that waits without losing time, and its clock.
pub(crate) fn client_and_clock(fake: &FakeDingTalk) -> (Client, ManualClock) {
    let clock = ManualClock::new();
    (fake.client().clock(clock.clone()).build().unwrap(), clock)
}

/// A token that the fake takes.
pub(crate) fn good_token(fake: &FakeDingTalk) -> Secret {
    let client = fake.client().build().unwrap();
    let answer = client.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET);
    answer.unwrap().access_token
}

/// An agent of the caller's. Its own default is rustls, also where only the system's library is compiled in.
pub(crate) fn own_agent() -> ConfigBuilder<AgentScope> {
    let agent = Agent::config_builder().proxy(None);
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    let agent = {
        let tls = ureq::tls::TlsConfig::builder().provider(ureq::tls::TlsProvider::NativeTls);
        agent.tls_config(tls.build())
    };
    agent
}

/// A call that must not run twice.
pub(crate) fn send(client: &Client) -> Result<ConversationFile> {
    client.conv_file().send_by_app("space-1", "dentry-1", UnionId("union-1"))
}

/// A call that may run twice.
pub(crate) fn ask(client: &Client) -> Result<DownloadInfo> {
    let options = GetFileDownloadInfo::new();
    client.storage().get_file_download_info("space-1", "dentry-1", UnionId("union-1"), &options)
}

/// What an error says in every way it can say it: its text, its structure, its fields where they show more than the
/// error itself, and its sources.
pub(crate) fn error_texts(error: &Error) -> String {
    fn said(error: &(impl Debug + Display + ?Sized)) -> String {
        format!("{error}\n{error:?}\n{error:#?}")
    }
    let fields = match error {
        Error::Api(e) => said(e),
        Error::Storage(e) => said(e),
        Error::Network(e) => format!("{}\n{}", said(e), said(&e.cause)),
        Error::Answer(e) => said(e),
        Error::Token(e) => error_texts(e),
        Error::TokenSource(e) => said(e),
        Error::Write { cause, .. } => said(cause),
        Error::Interrupted { cause, .. } => error_texts(cause),
        Error::File(e) => said(e),
        Error::Source(e) => said(e),
        Error::UploadInterrupted(e) => format!("{}\n{}", said(e), error_texts(&e.cause)),
        Error::CommitOutcomeUnknown(e) => format!("{}\n{}", said(e), error_texts(&e.cause)),
        Error::NotSent(e) => format!("{}\n{}", said(e), error_texts(&e.cause)),
        _ => String::new(),
    };
    let mut all = vec![said(error), fields];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        all.push(said(cause));
        source = cause.source();
    }
    all.join("\n")
}

/// A server that does what a test says, byte for byte: it reads a request, writes what the test's function makes of it,
/// and closes the connection without having announced that.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    /// The requests, each told of when its connection has been closed.
    pub(crate) closed: Receiver<String>,
}

impl Scripted {
    pub(crate) fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, closed) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read_request(&mut stream);
                let _ = stream.write_all(answer(&request).as_bytes());
                drop(stream);
                if tell.send(request).is_err() {
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

/// A whole answer after which HTTP/1.1 keeps the connection.
pub(crate) fn http_answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Head and body, or what came of them before the client left.
pub(crate) fn read_request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
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
        match stream.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ => return text,
        }
    }
}
