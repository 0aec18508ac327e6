//! A process that cannot start a thread or open a descriptor.
//!
//! The process is this test binary again, so that other tests are not affected. Environment variables select the
//! exhausted resource.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use dingtalk_files::testing::{FakeDingTalk, ManualClock};
use dingtalk_files::{Client, ClientBuilder, Error, NetworkStage, UnionId, UserGet, UserId};

use crate::support::{fake, send};

const BASE_URL: &str = "IT_EXHAUSTED_BASE_URL";
const TOKEN: &str = "IT_EXHAUSTED_TOKEN";
const MODE: &str = "IT_EXHAUSTED_MODE";

/// Prefix of a child's lines, which separates them from the test harness's output.
const MARK: &str = "CHILD: ";

/// Runs a child, and returns its lines and its standard error.
fn child(mut command: Command, fake: &FakeDingTalk, mode: &str) -> (Vec<String>, String) {
    let output = command
        .args(["--exact", "exhausted::run", "--ignored", "--nocapture", "--test-threads=1"])
        // A host name, so that a lookup is necessary.
        .env(BASE_URL, fake.base_url().replace("127.0.0.1", "localhost"))
        .env(TOKEN, fake.access_token())
        .env(MODE, mode)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{mode}: {text} {errors}");
    let lines = text.lines().filter_map(|line| line.split_once(MARK)).map(|(_, line)| line.to_owned());
    (lines.collect(), errors)
}

/// Runs a child under a thread limit. The limit does not apply to root, so root runs the child as another user.
fn without_threads(fake: &FakeDingTalk, mode: &str) -> (Vec<String>, String) {
    let id = Command::new("id").arg("-u").output().unwrap();
    let is_root = id.stdout.trim_ascii() == b"0";
    let mut command = Command::new(if is_root { "setpriv" } else { "env" });
    if is_root {
        // A user id without other processes, because the limit counts all processes of a user.
        command.args(["--reuid=1799999999", "--regid=1799999999", "--clear-groups"]);
    }
    command.arg(std::env::current_exe().unwrap());
    child(command, fake, mode)
}

const NOT_SENT: &str =
    "POST /v1.0/convFile/apps/conversations/files/send: Connect, transient true, may have run false";

#[test]
fn names_are_resolved_without_a_thread() {
    let fake = fake();
    let (lines, errors) = without_threads(&fake, "no threads");
    assert_eq!(lines, ["threads: none", "sent", "7 bytes", "7 bytes"], "{errors}");
    assert_eq!(fake.sent().len(), 1);
    assert!(!errors.contains("panicked"), "{errors}");
}

/// In this case ureq's own lookup panics. The panic is printed by the panic hook, occurs once, and has no other effect.
#[test]
fn calls_succeed_if_threads_run_out_between_them() {
    let fake = fake();
    fake.answer(
        "POST /topapi/v2/user/get",
        serde_json::json!({"errcode": 0, "result": {"unionid": "union-1"}}),
    );
    let (lines, errors) = without_threads(&fake, "fewer threads");
    assert_eq!(lines, ["sent", "threads: none", "union-1", "union-1", "sent"], "{errors}");
    assert_eq!(fake.sent().len(), 2);
    assert_eq!(errors.matches("failed to spawn thread").count(), 1, "{errors}");
}

/// A lookup on the caller's thread has no limit and could outlast the deadline.
#[test]
fn a_deadline_without_a_thread_is_an_error() {
    let fake = fake();
    let (lines, errors) = without_threads(&fake, "no threads, deadline");
    assert_eq!(lines[0], "threads: none", "{errors}");
    assert!(lines[1].starts_with(NOT_SENT) && lines[1].contains("cannot start a thread"), "{lines:?}");
    assert_eq!((lines.len(), fake.sent().len()), (2, 0));
}

#[test]
fn a_request_without_a_descriptor_was_not_sent() {
    let fake = fake();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let (lines, errors) = child(shell, &fake, "no descriptors");
    assert!(lines[0].starts_with(NOT_SENT), "{lines:?} {errors}");
    // All retries were used up. With free descriptors the next send succeeds.
    assert_eq!(lines[1..], ["waits: 5", "sent"]);
    assert_eq!(fake.sent().len(), 1);
}

#[test]
#[ignore = "runs in the child process of other tests; does nothing when run directly"]
fn run() {
    let var = |name| std::env::var(name).ok();
    let (Some(base_url), Some(token), Some(mode)) = (var(BASE_URL), var(TOKEN), var(MODE)) else {
        return;
    };
    let clock = ManualClock::new();
    let builder = || Client::builder().access_token(token.as_str()).base_url(base_url.as_str()).no_proxy();
    let builder = || builder().clock(clock.clone());
    match mode.as_str() {
        "no threads" => {
            println!("{MARK}{}", lower_threads());
            let client = builder().build().unwrap();
            println!("{MARK}{}", try_to_send(&client));
            let file = client.file("space-1", "dentry-1", UnionId("union-1"));
            let flag = std::sync::atomic::AtomicBool::new(false);
            let done = file.download_to(&mut Vec::new(), ..).unwrap();
            println!("{MARK}{} bytes", done.bytes);
            let done = file.download().cancel(&flag).to_writer(&mut Vec::new(), ..).unwrap();
            println!("{MARK}{} bytes", done.bytes);
        }
        "fewer threads" => {
            // The old API has a different host, which is first contacted when no thread can be started.
            let other = base_url.replace("localhost", "127.0.0.1");
            let client = builder().oapi_base_url(other).build().unwrap();
            println!("{MARK}{}", try_to_send(&client));
            println!("{MARK}{}", lower_threads());
            for _ in 0..2 {
                let user = client.topapi().user_get(UserId("userid-1"), &UserGet::new()).unwrap();
                println!("{MARK}{}", user.unionid.unwrap());
            }
            println!("{MARK}{}", try_to_send(&client));
        }
        "no threads, deadline" => {
            println!("{MARK}{}", lower_threads());
            println!("{MARK}{}", try_to_send(&with_deadline(builder())));
        }
        "no descriptors" => {
            let client = builder().build().unwrap();
            let mut open = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                open.push(file);
            }
            println!("{MARK}{}", try_to_send(&client));
            println!("{MARK}waits: {}", clock.sleeps().len());
            drop(open);
            println!("{MARK}{}", try_to_send(&client));
        }
        other => panic!("{other}"),
    }
}

fn with_deadline(builder: ClientBuilder) -> Client {
    builder.overall_timeout(Duration::from_secs(60)).build().unwrap()
}

/// Prevents this process from starting further threads.
fn lower_threads() -> &'static str {
    let limit =
        Command::new("prlimit").args(["--nproc=1:1", "--pid", &std::process::id().to_string()]).status();
    assert!(limit.unwrap().success());
    let thread = std::thread::Builder::new().spawn(|| {});
    if thread.is_ok() { "threads: some" } else { "threads: none" }
}

fn try_to_send(client: &Client) -> String {
    match send(client) {
        Ok(_) => "sent".to_owned(),
        Err(error) => {
            let Error::Network(e) = &error else { panic!("{error}") };
            let stage = match e.stage {
                NetworkStage::Connect => "Connect",
                _ => "another stage",
            };
            let (transient, may) = (error.is_transient(), error.may_have_run());
            format!("{}: {stage}, transient {transient}, may have run {may}: {error}", e.operation)
        }
    }
}
