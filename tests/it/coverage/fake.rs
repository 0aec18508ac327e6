//! A server that records requests and returns prepared answers over persistent connections, so that a thousand calls in
//! a test do not need a thousand connections.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dingtalk_files::{Client, Result, RetryPolicy};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::support::TOKEN;

/// A parsed request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Request {
    pub(super) method: String,
    /// Each segment decoded.
    pub(super) path: Vec<String>,
    /// Decoded.
    pub(super) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Shared {
    answers: VecDeque<(u16, String)>,
    requests: Vec<Request>,
}

pub(super) struct RecordingServer {
    shared: Arc<Mutex<Shared>>,
    /// Client without retries.
    client: Client,
    /// Client that retries without waiting.
    retrying: Client,
}

impl RecordingServer {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared::default()));
        let theirs = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&theirs);
                thread::spawn(move || serve(&stream.unwrap(), &shared));
            }
        });
        let client = |retry| {
            Client::builder().access_token(TOKEN).base_url(&url).no_proxy().retry(retry).build().unwrap()
        };
        let policy = RetryPolicy::new().base_delay(Duration::ZERO);
        Self { shared, client: client(RetryPolicy::none()), retrying: client(policy) }
    }

    /// Runs a call with this answer, and returns the result and the requests.
    pub(super) fn call(
        &self,
        call: fn(&Client) -> Result<String>,
        answer: &Value,
    ) -> (Result<String>, Vec<Request>) {
        self.run(call, &self.client, vec![(200, answer.to_string())])
    }

    /// Like `call`, but returns only the result.
    pub(super) fn shown(&self, call: fn(&Client) -> Result<String>, answer: &Value) -> Result<String> {
        self.call(call, answer).0
    }

    /// Runs a call with a client that retries; the first request fails with status 500.
    pub(super) fn call_failing_first(
        &self,
        call: fn(&Client) -> Result<String>,
        answer: &Value,
    ) -> (Result<String>, Vec<Request>) {
        let failure = r#"{"code": "systemError", "message": "try again", "requestid": "request-1"}"#;
        self.run(call, &self.retrying, vec![(500, failure.to_owned()), (200, answer.to_string())])
    }

    fn run(
        &self,
        call: fn(&Client) -> Result<String>,
        client: &Client,
        answers: Vec<(u16, String)>,
    ) -> (Result<String>, Vec<Request>) {
        *self.shared.lock().unwrap() = Shared { answers: answers.into(), requests: Vec::new() };
        let result = call(client);
        (result, std::mem::take(&mut self.shared.lock().unwrap().requests))
    }
}

fn serve(stream: &TcpStream, shared: &Mutex<Shared>) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let (status, body) = {
            let mut shared = shared.lock().unwrap();
            shared.requests.push(request);
            let nothing =
                || (400, r#"{"code": "noAnswerLeft", "message": "one request too many"}"#.to_owned());
            shared.answers.pop_front().unwrap_or_else(nothing)
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut writer = stream;
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads a request, or returns `None` if the client has closed the connection.
fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let start = line().filter(|start| !start.is_empty())?;
    let mut start = start.split(' ');
    let (method, target) = (start.next()?.to_owned(), start.next()?);
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut request = Request {
        method,
        path: path.split('/').skip(1).map(decode).collect(),
        query: query.map(|(name, value)| (decode(name), decode(value))).collect(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
