//! Answers of the API, or of a proxy in its place, with any status. Only a real success is accepted as one, and errors do
//! not contain what was sent.
//!
//! The input is one line with the operation (`n`ew host, `o`ld host, `t`oken), the status and the content type. The
//! body follows.
#![no_main]

use std::sync::LazyLock;

use dingtalk_files::{Client, Error, UnionId, UserGet, UserId};
use dingtalk_files_fuzz::{Servers, TOKEN, answer, check_text, is_plain_answer};
use libfuzzer_sys::fuzz_target;

/// A credential of the call instead of the client.
const APP_SECRET: &str = "planted-app-secret";

static SERVERS: LazyLock<(Servers, Client)> = LazyLock::new(|| {
    let servers = Servers::default();
    let client = servers.client();
    (servers, client)
});

fuzz_target!(|input: &[u8]| {
    let Some((host, status, content_type, body)) = parts(input) else { return };
    let (servers, client) = &*SERVERS;
    servers.answer([answer(status, content_type, body)]);
    let called = match host {
        b'n' => client.storage().get_space("space-1", UnionId("union-1")).map(drop),
        b'o' => client.topapi().user_get(UserId("user-1"), &UserGet::new()).map(drop),
        b't' => client.oauth2().get_access_token("app-key-1", APP_SECRET).map(drop),
        _ => return,
    };
    match called {
        Ok(()) => {
            assert!((200..300).contains(&status), "a success with status {status}");
            assert!(is_plain_answer(body), "an error was accepted as a success");
            assert!(host != b'o' || !is_refused(body), "a refusal was accepted as a success");
        }
        Err(error) => {
            check_text(&error, &[if host == b't' { APP_SECRET } else { TOKEN }]);
            let by_server = matches!(&error, Error::Api(_) | Error::Answer(_));
            assert!(by_server, "unexpected kind of error: {error}");
        }
    }
});

/// Returns whether the old host refused the call in the body.
fn is_refused(body: &[u8]) -> bool {
    let fields: serde_json::Value = serde_json::from_str(&String::from_utf8_lossy(body)).expect("JSON");
    let code = fields.get("errcode").filter(|code| !code.is_null());
    code.is_some_and(|code| code.as_i64() != Some(0) && code.as_str().is_none_or(|c| c.trim() != "0"))
}

fn parts(input: &[u8]) -> Option<(u8, u16, &str, &[u8])> {
    let line_ends = input.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(&input[..line_ends]).ok()?;
    let (host, rest) = line.split_at_checked(1)?;
    let (status, content_type) = rest.trim_start().split_once(' ')?;
    let status: u16 = status.parse().ok()?;
    let visible = content_type.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    // 1xx is not a final answer, and answers with 204 and 304 do not have a body.
    let has_body = (200..1000).contains(&status) && ![204, 304].contains(&status);
    (visible && has_body).then_some((host.as_bytes()[0], status, content_type, &input[line_ends + 1..]))
}
