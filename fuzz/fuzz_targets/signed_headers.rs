//! The signed part of a download or upload info. Whatever it contains, the request to the object store has one host
//! (that of the URL), no header that steers the connection or belongs to the API, and no additional lines.
//!
//! The input is the JSON of a download info.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dingtalk_files::{Client, DownloadInfo, Error, HeaderSignatureInfo, Region, TransferProtocol, UnionId};
use dingtalk_files_fuzz::{Servers, TOKEN, answer, check_text};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use ureq::http::Uri;

const PLANTED: &str = "planted-signature";

struct World {
    servers: Servers,
    plain: Client,
    /// A client built for https, which refuses http.
    strict: Client,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let servers = Servers::default();
    let (plain, strict) = (servers.client(), servers.client_of("https://api.example"));
    World { servers, plain, strict }
});

fuzz_target!(|input: &[u8]| {
    let Ok(info) = serde_json::from_slice::<DownloadInfo>(input) else { return };
    let World { servers, plain, strict } = &*WORLD;
    let signed = info.header_signature_info.clone().unwrap_or_default();
    let object = || answer(200, "text/plain", b"hello");

    for (client, is_strict) in [(plain, false), (strict, true)] {
        servers.answer([object()]);
        let mut written = Vec::new();
        let done = client.download_to(&info, &mut written, ..);
        check_outcome(&info, done.map(drop));
        for request in servers.requests() {
            check_request("GET", &request, &signed, is_strict, None);
        }
    }

    let Ok(Value::Object(mut upload)) = serde_json::from_slice(input) else { return };
    upload.insert("uploadKey".to_owned(), json!("key-1"));
    let upload = Value::Object(upload).to_string();
    let dentry = answer(200, "application/json", br#"{"dentry":{"id":"dentry-1","size":5}}"#);
    servers.answer([answer(200, "application/json", upload.as_bytes()), object(), dentry]);
    let sent = plain.upload("space-1", "0", UnionId("union-1")).name("n.txt").from_bytes(b"hello");
    if !upload.contains("\"code\"") {
        check_outcome(&info, sent.map(drop));
    }
    // A signature that lapses immediately is requested again, so the first PUT may come late.
    for request in servers.requests().iter().filter(|request| request.starts_with(b"PUT ")) {
        check_request("PUT", request, &signed, false, Some("5"));
    }
});

fn check_outcome(info: &DownloadInfo, outcome: Result<(), Error>) {
    // Names, words and hosts may be shown. The rest gives access to the object.
    let mut shown = info.protocol.as_ref().map(TransferProtocol::as_str).unwrap_or_default().to_owned();
    if let Some(signed) = &info.header_signature_info {
        shown.extend(signed.headers.keys().map(String::as_str));
        shown.extend(signed.region.as_ref().map(Region::as_str));
        let urls = signed.resource_urls.iter().chain(&signed.internal_resource_urls);
        shown.extend(urls.filter_map(|url| url.split('?').next()));
    }
    let secrets: &[&str] = if shown.contains(PLANTED) { &[] } else { &[PLANTED] };
    if let Err(error) = outcome {
        check_text(&error, secrets);
    }
    let debug = format!("{info:?}");
    assert!(secrets.iter().all(|secret| !debug.contains(secret)), "{debug}");
}

/// Header names that only this crate sets, or that are never sent.
const OURS: [&str; 9] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "cookie",
    "te",
    "upgrade",
    "proxy-authorization",
    "range",
    "if-match",
];

fn check_request(
    method: &str,
    request: &[u8],
    signed: &HeaderSignatureInfo,
    is_strict: bool,
    length: Option<&str>,
) {
    let request = std::str::from_utf8(request).expect("a head in ASCII");
    assert!(!request.contains(TOKEN), "the token left the API: {request}");
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    assert_eq!(body, if length.is_some() { "hello" } else { "" });
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let target =
        first.strip_prefix(method).and_then(|rest| rest.strip_suffix(" HTTP/1.1")).expect("a first line");
    assert!(target.starts_with(" /") && target.trim_start().split(' ').count() == 1, "{first}");

    let mut headers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in lines {
        assert!(!line.contains(char::is_control), "{line:?}");
        let (name, value) = line.split_once(": ").expect("a header");
        headers.entry(name.to_ascii_lowercase()).or_default().push(value);
    }
    let is_asked = |url: &&String| {
        let Ok(url) = url.parse::<Uri>() else { return false };
        let default_port = if url.scheme_str() == Some("https") { 443 } else { 80 };
        let port = url.port_u16().filter(|port| *port != default_port);
        let host = url.host().unwrap_or_default();
        let expected = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let is_host =
            headers.get("host").is_some_and(|hosts| matches!(&hosts[..], [host] if *host == expected));
        is_host && (url.scheme_str() == Some("https") || !is_strict)
    };
    assert!(signed.resource_urls.iter().any(|url| is_asked(&url)), "{head}");
    for name in OURS {
        // A PUT does not request a range, so a signed range header is sent unchanged.
        if method == "PUT" && ["range", "if-match"].contains(&name) {
            continue;
        }
        let expected = if name == "content-length" { length } else { None };
        let sent = headers.get(name).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(sent, expected.as_slice(), "{name}");
    }
    assert!(!headers.keys().any(|name| name.starts_with("x-acs-")), "{head}");
    assert_eq!(headers.get("accept-encoding").map(Vec::as_slice), Some(&["identity"][..]));
    for (name, values) in &headers {
        assert!(values.len() == 1, "{name}: {values:?}");
        let is_signed =
            signed.headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v.as_str() == values[0]);
        let is_own =
            ["host", "accept", "accept-encoding", "user-agent", "content-length"].contains(&name.as_str());
        assert!(is_signed || is_own, "{name} is neither signed nor set by the client");
    }
    for name in signed.headers.keys() {
        let name = name.to_ascii_lowercase();
        let is_dropped =
            if method == "GET" { ["range", "if-match"].contains(&name.as_str()) } else { name == "expect" };
        assert!(is_dropped || headers.contains_key(&name), "{name} was signed but not sent");
    }
}
