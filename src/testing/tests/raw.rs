//! Hand-written HTTP.

use crate::testing::{FakeDingTalk, StoredFile, UploadOffer};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The response to one request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Reply {
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns the code of an error in JSON or XML.
    pub(super) fn code(&self) -> String {
        match self.body.split_once("<Code>") {
            Some((_, rest)) => rest.split('<').next().unwrap().to_owned(),
            None => self.json()["code"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

pub(super) fn connect(fake: &FakeDingTalk) -> TcpStream {
    let stream = TcpStream::connect(fake.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Reads to the end of the connection.
pub(super) fn read_all(mut stream: &TcpStream) -> io::Result<String> {
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw)?;
    Ok(String::from_utf8_lossy(&raw).into_owned())
}

/// Reads a response to the end of the connection, or returns `None` if the connection ends without a response.
pub(super) fn read_reply(stream: &TcpStream) -> io::Result<Option<Reply>> {
    Ok(Reply::parse(&read_all(stream)?))
}

/// Returns the head of a request with `Connection: close`.
pub(super) fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: fake\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head + "\r\n"
}

/// Sends a request. The result is an error or `None` if the connection broke.
pub(super) fn send(
    fake: &FakeDingTalk,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Option<Reply>> {
    let mut stream = connect(fake);
    let length = body.len().to_string();
    let mut all = headers.to_vec();
    all.push(("Content-Length", &length));
    stream.write_all(head(method, target, &all).as_bytes())?;
    stream.write_all(body)?;
    read_reply(&stream)
}

/// Calls the API, with or without a body.
pub(super) fn call(fake: &FakeDingTalk, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let token = fake.access_token();
    let mut headers = vec![("x-acs-dingtalk-access-token", token.as_str())];
    let bytes = body.map(Value::to_string).unwrap_or_default();
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    send(fake, method, &format!("{path}?unionId=union-1"), &headers, bytes.as_bytes()).unwrap().unwrap()
}

pub(super) fn post(fake: &FakeDingTalk, path: &str, body: &Value) -> Reply {
    call(fake, "POST", path, Some(body))
}

/// A signed path.
pub(super) struct Slot {
    /// Path and query.
    pub(super) target: String,
    pub(super) authorization: String,
    pub(super) date: String,
}

impl Slot {
    pub(super) fn of_offer(fake: &FakeDingTalk, offer: &UploadOffer) -> Self {
        let target = offer.url.strip_prefix(&fake.base_url()).unwrap().to_owned();
        Self { target, authorization: offer.authorization.clone(), date: offer.date.clone() }
    }

    pub(super) fn of_info(fake: &FakeDingTalk, info: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let url = text(&info["resourceUrls"][0]);
        Self {
            target: url.strip_prefix(&fake.base_url()).unwrap().to_owned(),
            authorization: text(&info["headers"]["Authorization"]),
            date: text(&info["headers"]["x-oss-date"]),
        }
    }

    pub(super) fn headers(&self) -> Vec<(&str, &str)> {
        vec![("Authorization", &self.authorization), ("x-oss-date", &self.date)]
    }

    pub(super) fn get(&self, fake: &FakeDingTalk, headers: &[(&str, &str)]) -> Reply {
        let mut stream = connect(fake);
        stream.write_all(get_head(self, headers).as_bytes()).unwrap();
        read_reply(&stream).unwrap().unwrap()
    }

    pub(super) fn put(&self, fake: &FakeDingTalk, body: &[u8]) -> Reply {
        self.try_put(fake, body).unwrap().unwrap()
    }

    pub(super) fn try_put(&self, fake: &FakeDingTalk, body: &[u8]) -> io::Result<Option<Reply>> {
        send(fake, "PUT", &self.target, &self.headers(), body)
    }
}

/// Returns the head of a signed GET with further headers.
pub(super) fn get_head(slot: &Slot, headers: &[(&str, &str)]) -> String {
    head("GET", &slot.target, &[&slot.headers(), headers].concat())
}

/// Returns the signed path of `dentry-1` from its download information.
pub(super) fn download_slot(fake: &FakeDingTalk) -> Slot {
    let path = "/v1.0/storage/spaces/space-1/dentries/dentry-1/downloadInfos/query";
    Slot::of_info(fake, &post(fake, path, &json!({})).json()["headerSignatureInfo"])
}

/// Returns a new upload key and its signed path.
pub(super) fn offer(fake: &FakeDingTalk) -> (String, Slot) {
    let offer = fake.offer_upload("space-1");
    let slot = Slot::of_offer(fake, &offer);
    (offer.upload_key, slot)
}

/// Uploads these bytes and returns the upload key.
pub(super) fn uploaded(fake: &FakeDingTalk, bytes: &[u8]) -> String {
    let (key, slot) = offer(fake);
    assert_eq!(slot.put(fake, bytes).status, 200);
    key
}

pub(super) fn commit(fake: &FakeDingTalk, key: &str, name: &str, option: &Value) -> Reply {
    let body = json!({"uploadKey": key, "name": name, "parentId": "0", "option": option});
    post(fake, "/v1.0/storage/spaces/space-1/files/commit", &body)
}

/// Returns the name, version and size of every file.
pub(super) fn listed(fake: &FakeDingTalk) -> Vec<(String, usize, u64)> {
    let line = |file: StoredFile| (file.name, file.version, file.size);
    fake.files().into_iter().map(line).collect()
}
