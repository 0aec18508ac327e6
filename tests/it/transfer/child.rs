//! Downloads in a child process, which a test can kill, run concurrently, or limit in disk space.
//!
//! The child is this test binary again; environment variables describe its download.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::testing::{Clock, FakeDingTalk};
use dingtalk_files::{Client, Error, RetryPolicy, UnionId};

const BASE_URL: &str = "IT_CHILD_BASE_URL";
const DENTRY: &str = "IT_CHILD_DENTRY";
const TARGET: &str = "IT_CHILD_TARGET";
const PARALLEL: &str = "IT_CHILD_PARALLEL";
const RESUME: &str = "IT_CHILD_RESUME";

/// Prefix of a child's report, which separates it from the test harness's output.
const MARK: &str = "CHILD: ";

/// A clock that runs 20 times as fast: checkpoints, due every second, are written every 50 milliseconds.
#[derive(Debug)]
struct Fast(Instant);

const SPEED: u32 = 20;

impl Clock for Fast {
    fn now(&self) -> Duration {
        self.0.elapsed() * SPEED
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time / SPEED);
    }
}

/// A child's download.
pub(super) struct Job<'a> {
    pub(super) fake: &'a FakeDingTalk,
    pub(super) dentry: &'a str,
    pub(super) target: &'a Path,
    pub(super) parallel: usize,
    pub(super) resume: bool,
}

impl Job<'_> {
    pub(super) fn command(&self) -> Command {
        self.with_arguments(Command::new(std::env::current_exe().unwrap()))
    }

    /// Limits the child's file size to `blocks` blocks of 512 bytes: a write beyond the limit fails.
    #[cfg(unix)]
    pub(super) fn command_with_file_limit(&self, blocks: u32) -> Command {
        let mut shell = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        shell.arg("-c").arg(script).arg(std::env::current_exe().unwrap());
        self.with_arguments(shell)
    }

    fn with_arguments(&self, mut command: Command) -> Command {
        command
            .args(["--exact", "transfer::child::run", "--ignored", "--nocapture", "--test-threads=1"])
            .env(BASE_URL, self.fake.base_url())
            .env(DENTRY, self.dentry)
            .env(TARGET, self.target)
            .env(PARALLEL, self.parallel.to_string())
            .env(RESUME, self.resume.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// Returns the report of a child that has ended.
#[track_caller]
pub(super) fn child_report(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once(MARK));
    let errors = String::from_utf8_lossy(&output.stderr);
    line.unwrap_or_else(|| panic!("{:?} {text} {errors}", output.status)).1.to_owned()
}

#[test]
#[ignore = "runs in the child process of other tests; does nothing when run directly"]
fn run() {
    let var = |name| std::env::var(name).ok();
    let (Some(base_url), Some(dentry), Some(target)) = (var(BASE_URL), var(DENTRY), var(TARGET)) else {
        return;
    };
    let client = Client::builder()
        .app(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET)
        .base_url(base_url)
        .no_proxy()
        .retry(RetryPolicy::none())
        .clock(Fast(Instant::now()))
        .build()
        .unwrap();
    let file = client.file("space-1", dentry, UnionId("operator-1"));
    let parallel = var(PARALLEL).unwrap().parse().unwrap();
    let resume = var(RESUME).unwrap().parse().unwrap();
    let mut report = String::new();
    match file.download().resume(resume).parallel(parallel).to_file(target) {
        Ok(done) => write!(report, "reused {} of {}", done.reused, done.bytes),
        Err(Error::File(e)) => {
            let (action, path) = (e.action, e.path.display());
            write!(report, "cannot {action} {path}: {:?}, {} kept {}", e.cause.kind(), e.written, e.kept)
        }
        Err(Error::TargetBusy { path }) => write!(report, "busy {}", path.display()),
        Err(error) => write!(report, "error {error}"),
    }
    .unwrap();
    println!("{MARK}{report}");
}
