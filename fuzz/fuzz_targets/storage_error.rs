//! Any answer of an object store to a GET, head and body. The writer gets the bytes that the answer declares, and
//! errors do not contain a signature.
//!
//! The input is the answer as sent on the wire.
#![no_main]

use std::sync::LazyLock;

use dingtalk_files::{Client, DownloadInfo, Error, Problem};
use dingtalk_files_fuzz::{Servers, check_text};
use libfuzzer_sys::fuzz_target;

/// Texts that an error must not contain, not even in part. They are also in the dictionary.
const SECRETS: [&str; 3] = ["planted-key-id", "planted-signature", "planted-in-the-url"];

static SERVERS: LazyLock<(Servers, Client)> = LazyLock::new(|| {
    let servers = Servers::default();
    let client = servers.client();
    (servers, client)
});

static INFO: LazyLock<DownloadInfo> = LazyLock::new(|| {
    let info = r#"{"protocol": "HEADER_SIGNATURE", "headerSignatureInfo": {
        "resourceUrls": ["http://oss.example/object?x-oss-security-token=planted-in-the-url&a=1"],
        "headers": {"Authorization": "OSS planted-key-id:planted-signature=", "x-oss-date": "20260101T000000Z"}
    }}"#;
    serde_json::from_str(info).expect("an info")
});

fuzz_target!(|answer: &[u8]| {
    let (servers, client) = &*SERVERS;
    for (first, end) in [(0, None), (2, Some(5))] {
        servers.answer([answer.to_vec()]);
        let mut written = Vec::new();
        let done = match end {
            None => client.download_to(&INFO, &mut written, first..),
            Some(end) => client.download_to(&INFO, &mut written, first..end),
        };
        match done {
            Ok(done) => {
                assert_eq!(done.bytes, written.len() as u64);
                assert_eq!(done.range.end - done.range.start, done.bytes);
                assert!(done.range.start == first && end.is_none_or(|end| done.range.end <= end), "{done:?}");
                assert!(done.size.is_none_or(|size| done.range.end <= size), "{done:?}");
            }
            Err(error) => {
                check_text(&error, &SECRETS);
                if let Error::Storage(storage) = error.root() {
                    let shown = format!("{storage:?}");
                    assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{shown}");
                }
                let untrusted =
                    matches!(&error, Error::Answer(e) if matches!(e.problem, Problem::WrongLength { .. }));
                assert!(untrusted || error.bytes_written() == written.len() as u64, "{error}: {written:?}");
            }
        }
        assert!(end.is_none_or(|end| written.len() as u64 <= end - first));
    }
});
