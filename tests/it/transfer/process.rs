//! Downloads in child processes with another network namespace, user, current directory or standard output.
//!
//! As in `child.rs`, the child is this test binary again. Its report goes to a file, because the test may use its
//! standard output.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, Error, RetryPolicy, UnionId};
use serde_json::{Value, json};

use super::folder::Folder;

const JOB: &str = "IT_PROCESS_JOB";
const REPORT: &str = "IT_PROCESS_REPORT";

/// Time after which a child process ends itself, in case the download hangs.
const HANG_LIMIT: Duration = Duration::from_secs(40);

/// Prefix that runs a command in a network namespace with its own loopback interface.
pub(super) const OTHER_NETWORK: &[&str] =
    &["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""];

/// User ids of `nobody` and of another unprivileged user.
pub(super) const NOBODY: u32 = 65534;
pub(super) const SOMEBODY: u32 = 12345;
pub(super) const AS_SOMEBODY: &[&str] =
    &["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"];

pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// Returns whether this user is not root, and prints that the test is skipped in that case.
#[expect(clippy::print_stdout, reason = "reports a skipped test")]
pub(super) fn lacks_root() -> bool {
    if !is_root() {
        println!("skipped: needs root");
    }
    !is_root()
}

/// Returns whether this binary cannot run through the given command, because the tool or a privilege is missing.
///
/// Prints that the test is skipped in that case.
#[expect(clippy::print_stdout, reason = "reports a skipped test")]
pub(super) fn lacks(through: &[&str]) -> bool {
    let (program, arguments) = through.split_first().unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).arg(exe).args(["--exact", "nonexistent test"]);
    let works = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        println!("skipped: cannot run {through:?} here");
    }
    !works
}

/// A download for another process to run.
pub(super) struct Job(Value);

impl Job {
    /// Creates a job whose process starts its own fake with a file of `size` bytes.
    pub(super) fn with_own_fake(target: &Path, size: u64) -> Self {
        Self(json!({ "target": target, "size": size, "seed": 7 }))
    }

    /// Creates a job that downloads `dentry-1`, a file of `size` bytes, from the test's fake.
    pub(super) fn of(fake: &FakeDingTalk, target: &Path, size: u64) -> Self {
        Self(json!({ "target": target, "size": size, "seed": 0, "base_url": fake.base_url() }))
    }

    /// Returns the content that a process's own fake serves.
    pub(super) fn own_content(size: u64) -> Content {
        Content::pattern_with_seed(size, 7)
    }

    pub(super) fn parallel(mut self, connections: usize) -> Self {
        self.0["parallel"] = connections.into();
        self
    }

    pub(super) fn resume(mut self, resume: bool) -> Self {
        self.0["resume"] = resume.into();
        self
    }

    /// Makes the process enter this folder during the download.
    pub(super) fn entering(mut self, folder: &Path) -> Self {
        self.0["enter"] = json!(folder);
        self
    }

    /// Cuts the first body of the process's own fake after `bytes` bytes.
    pub(super) fn cut_after(mut self, bytes: u64) -> Self {
        self.0["cut_after"] = bytes.into();
        self
    }

    /// Makes the report include the number of Unix sockets that the process had open.
    pub(super) fn counting_sockets(mut self) -> Self {
        self.0["count_sockets"] = true.into();
        self
    }

    pub(super) fn run(&self, through: &[&str]) -> Report {
        self.run_with(through, |_| {})
    }

    /// Runs the process with this folder as its current directory.
    pub(super) fn run_in(&self, folder: &Path) -> Report {
        self.run_with(&[], |command| {
            command.current_dir(folder);
        })
    }

    /// Runs the process once, after `configure` has adjusted the command.
    #[track_caller]
    pub(super) fn run_with(&self, through: &[&str], configure: impl FnOnce(&mut Command)) -> Report {
        let mut reports = self.run_all(through, configure);
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }

    /// Returns one report for each time that `through` runs the process.
    #[track_caller]
    pub(super) fn run_all(&self, through: &[&str], configure: impl FnOnce(&mut Command)) -> Vec<Report> {
        let folder = Folder::new();
        let path = folder.join("report");
        fs::write(&path, "").unwrap();
        // The process may run as another user.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let exe = std::env::current_exe().unwrap();
        let mut command = match through.split_first() {
            None => Command::new(exe),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(exe);
                command
            }
        };
        command
            .args(["--exact", "transfer::process::run", "--ignored", "--nocapture", "--test-threads=1"])
            .env(JOB, self.0.to_string())
            .env(REPORT, &path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        configure(&mut command);
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let output_text = [output.stdout, output.stderr].concat();
        let output_text = String::from_utf8_lossy(&output_text);
        assert!(output.status.code() != Some(124), "the process hangs: {} {output_text}", self.0);
        let reports = fs::read_to_string(&path).unwrap();
        assert!(!reports.is_empty(), "no report of {}: {:?} {output_text}", self.0, output.status);
        reports.lines().map(|line| Report(serde_json::from_str(line).unwrap())).collect()
    }
}

/// The outcome of a download in another process.
#[derive(Debug)]
pub(super) struct Report(Value);

impl Report {
    /// Returns `ok` or the kind of the error.
    pub(super) fn kind(&self) -> &str {
        self.0["kind"].as_str().unwrap()
    }

    /// Returns the error's text.
    pub(super) fn text(&self) -> &str {
        self.0["text"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub(super) fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("{name} in {self:?}"))
    }

    pub(super) fn is_kept(&self) -> bool {
        self.0["kept"] == true
    }

    /// Asserts that the download succeeded and that the target has the right content, which the process compared.
    #[track_caller]
    pub(super) fn assert_ok(&self) {
        assert!(self.kind() == "ok" && self.0["right"] == true, "{self:?}");
    }
}

/// Returns the number of Unix sockets of this process.
fn unix_sockets() -> usize {
    let all = fs::read_to_string("/proc/self/net/unix").unwrap();
    let all: HashSet<_> = all.lines().skip(1).filter_map(|line| line.split_whitespace().nth(6)).collect();
    let own =
        fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    own.filter(|link| {
        let link = link.to_string_lossy();
        link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).is_some_and(|n| all.contains(n))
    })
    .count()
}

/// Returns the peak memory of this process, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

fn describe(error: &Error) -> Value {
    let kind = match error {
        Error::TargetBusy { .. } => "busy",
        Error::TargetExists { .. } => "exists",
        Error::InvalidArgument(_) => "argument",
        Error::File(_) => "file",
        Error::Interrupted { .. } => "interrupted",
        Error::Network(_) => "network",
        _ => "other",
    };
    let kept = match error {
        Error::Interrupted { kept, .. } => *kept,
        Error::File(e) => e.kept,
        _ => false,
    };
    json!({ "kind": kind, "text": error.to_string(), "written": error.bytes_written(), "kept": kept })
}

#[test]
#[ignore = "runs in the child process of other tests; does nothing when run directly"]
fn run() {
    let (Ok(job), Ok(report)) = (std::env::var(JOB), std::env::var(REPORT)) else { return };
    thread::spawn(|| {
        thread::sleep(HANG_LIMIT);
        std::process::exit(124);
    });
    let job: Value = serde_json::from_str(&job).unwrap();
    let size = job["size"].as_u64().unwrap();
    let content = Content::pattern_with_seed(size, job["seed"].as_u64().unwrap());
    let own = job["base_url"].is_null().then(|| FakeDingTalk::start().unwrap());
    if let Some(fake) = &own {
        fake.put_file("space-1", "dentry-1", "file.bin", content.clone());
        if let Some(bytes) = job["cut_after"].as_u64() {
            fake.fault(Target::Object, Fault::CutAfter(bytes));
        }
    }
    let base_url =
        own.as_ref().map_or_else(|| job["base_url"].as_str().unwrap().to_owned(), FakeDingTalk::base_url);
    let clock = ManualClock::new();
    let client = Client::builder()
        .app(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET)
        .base_url(base_url)
        .no_proxy()
        .retry(RetryPolicy::none())
        .clock(clock.clone())
        .build()
        .unwrap();
    let target = PathBuf::from(job["target"].as_str().unwrap());
    // The target may be relative to this directory, which the job may leave.
    let initial_directory = std::env::current_dir().unwrap();
    let mut sockets = 0;
    let mut enter = job["enter"].as_str();
    let result = client
        .file("space-1", "dentry-1", UnionId("operator-1"))
        .download()
        .parallel(job["parallel"].as_u64().map_or(1, |n| usize::try_from(n).unwrap()))
        .resume(job["resume"] == true)
        .progress(|now| {
            // Otherwise the next report would be suppressed as too early.
            clock.advance(Duration::from_millis(100));
            if job["count_sockets"] == true {
                sockets = sockets.max(unix_sockets());
            }
            if now.bytes > 0
                && let Some(folder) = enter.take()
            {
                std::env::set_current_dir(folder).unwrap();
            }
        })
        .to_file(&target);
    let mut line = match &result {
        Ok(done) => {
            let right =
                fs::read(initial_directory.join(&target)).is_ok_and(|found| found == content.bytes(0..size));
            json!({ "kind": "ok", "bytes": done.bytes, "reused": done.reused, "right": right })
        }
        Err(error) => describe(error),
    };
    line["unix_sockets"] = sockets.into();
    line["peak_kib"] = peak_kib().into();
    let mut report = fs::File::options().append(true).open(report).unwrap();
    report.write_all(format!("{line}\n").as_bytes()).unwrap();
}
