//! URLs with a signature in their query, for every kind of file that has such URLs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use dingtalk_files::{Client, Error, RemoteFile, UnionId};
use serde_json::json;

use super::server::{Nginx, assert_file, assert_same, bytes};
use super::{MIB, fs};

/// Returns a URL that is valid for this many seconds; a negative number gives a lapsed URL.
fn signed(nginx: &Nginx, name: &str, seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expires = now.checked_add_signed(seconds).unwrap();
    let path = format!("/signed/{name}");
    let signature = base64(&md5::compute(format!("{expires}{path} a secret")).0);
    format!("{}{path}?Expires={expires}&Signature={signature}", nginx.url())
}

/// Encodes with the URL-safe alphabet, without padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0u32, |n, byte| n << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(char::from(ALPHABET[(number >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

/// Starts an API whose first URL has lapsed and whose later URLs are valid. Also returns the number of its requests.
fn api(nginx: &Nginx, name: &str) -> (mockito::ServerGuard, Arc<AtomicUsize>) {
    let mut server = mockito::Server::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let urls = [signed(nginx, name, -10), signed(nginx, name, 600)];
    for method in ["GET", "POST"] {
        let (calls, urls) = (Arc::clone(&calls), urls.clone());
        let mock = server.mock(method, mockito::Matcher::Any).with_body_from_request(move |request| {
            let count = calls.fetch_add(1, Ordering::Relaxed);
            let url = &urls[count.min(1)];
            let answer = if request.path().contains("/workflow/") {
                json!({"success": true, "result": {"downloadUri": url}})
            } else {
                json!({"downloadUrl": url, "taskId": "task-1"})
            };
            answer.to_string().into_bytes()
        });
        mock.with_header("content-type", "application/json").create();
    }
    (server, calls)
}

type Kind = (&'static str, fn(&Client) -> RemoteFile);

const KINDS: [Kind; 3] = [
    ("robot", |client| client.robot_file("code-1", "robot-1")),
    ("attachment", |client| client.attachment("process-1", "file-1")),
    ("export", |client| client.export("uuid-1", "docx", UnionId("operator-1"))),
];

#[test]
fn every_kind_requests_another_url_if_a_url_has_lapsed() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(5 * MIB + 3);
    nginx.put("file.bin", &content);
    for (kind, file) in KINDS {
        for connections in [1, 3] {
            let (server, calls) = api(&nginx, "file.bin");
            let client =
                Client::builder().access_token("token").base_url(server.url()).no_proxy().build().unwrap();
            let done = file(&client).download().parallel(connections).to_file(nginx.target()).unwrap();
            assert_file(&nginx.target(), &content, kind);
            // nginx returns no checksum, so only the length was compared.
            assert_eq!((done.verified, done.size), (false, Some(content.len() as u64)), "{kind}");
            assert_eq!(calls.load(Ordering::Relaxed), 2, "{kind}");
            fs::remove_file(nginx.target()).unwrap();
        }
    }
    let statuses: Vec<u16> = nginx.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 6, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 206, 403].contains(status)), "{statuses:?}");
}

#[test]
fn a_plain_url_is_resumed_with_another_signature_and_not_renewed() {
    let Some(nginx) = Nginx::start() else { return };
    let content = bytes(6 * MIB);
    nginx.put("file.bin", &content);
    let client = nginx.builder().allow_http_objects(true).build().unwrap();
    let flag = AtomicBool::new(false);
    let first = client.url(signed(&nginx, "file.bin", 600)).download().resume(true).cancel(&flag);
    let first = first.progress(|p| flag.store(p.bytes > 2 * MIB as u64, Ordering::Relaxed));
    assert!(matches!(first.to_file(nginx.target()), Err(Error::Cancelled { .. })));
    let rest = client.url(signed(&nginx, "file.bin", 601)).download().resume(true).parallel(2);
    let done = rest.to_file(nginx.target()).unwrap();
    assert!(done.reused > 0, "{done:?}");
    assert_file(&nginx.target(), &content, "resumed");

    let mut got = Vec::new();
    let range = client.url(signed(&nginx, "file.bin", 600)).download_to(&mut got, 1000..5000).unwrap();
    assert_eq!(range.size, Some(content.len() as u64));
    assert_same(&got, &content[1000..5000], "a range");
    assert_eq!(client.url(signed(&nginx, "file.bin", 600)).stat().unwrap().size, range.size);

    let lapsed = client.url(signed(&nginx, "file.bin", -10)).download_to(&mut Vec::new(), ..).unwrap_err();
    assert!(lapsed.code() == Some("AccessDenied") && !lapsed.to_string().contains("Signature="), "{lapsed}");
    let forged = signed(&nginx, "file.bin", 600).replace("Signature=", "Signature=x");
    assert_eq!(client.url(forged).stat().unwrap_err().status(), Some(403));
}
