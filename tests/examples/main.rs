//! The programs in `examples/`, run as users run them: their output and their exit codes.
//!
//! `cargo test` builds the programs. `cargo test --test examples` builds these tests alone, and they run the programs of
//! the last build: run `cargo build --examples` before.
//!
//! These tests are a separate binary because they start many processes. For a moment each process holds the files that
//! are open in its parent, which could include the locked target of another test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests report failures by panicking; clippy.toml covers the test functions, not their helpers"
)]

mod build_script;
mod mirror;
mod report;
mod serve;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Target};

const UTILITIES: [&str; 5] = ["get", "put", "send", "ls", "report"];

/// A temporary folder, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("dingtalk-files-examples-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Names of all entries, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the path of a program. Cargo builds the programs into a folder beside these tests.
fn example(name: &str) -> PathBuf {
    let tests = env::current_exe().unwrap();
    let built = tests.parent().unwrap().parent().unwrap().join("examples");
    let program = built.join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} does not exist: run `cargo build --examples` first", program.display());
    program
}

/// Returns a command without the environment variables of an account or proxy on this machine.
fn without_account(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy().to_ascii_uppercase();
        if name_text.starts_with("DINGTALK_") || name_text.ends_with("_PROXY") {
            command.env_remove(&name);
        }
    }
    command
}

/// Exit code, stdout and stderr of a program.
#[derive(Debug)]
struct Finished {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Finished {
    fn of(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).unwrap();
        Self { code: output.status.code().unwrap(), out: output.stdout, err }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// Returns the output, and asserts that the program succeeded.
    #[track_caller]
    fn printed(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        self.text()
    }

    /// Asserts that the program failed with this code and these words, without output that a script could take for an
    /// answer.
    #[track_caller]
    fn assert_failed(&self, code: i32, words: &str) {
        assert_eq!((self.code, self.text()), (code, ""), "{self:?}");
        assert!(self.err.contains(words), "{self:?}");
    }
}

/// A folder to run programs in, and a fake for them.
struct Stage {
    fake: FakeDingTalk,
    folder: Folder,
}

impl Stage {
    fn new() -> Self {
        let fake = FakeDingTalk::start().unwrap();
        fake.put_file("space-1", "dentry-1", "报告.txt", "0123456789");
        Self { fake, folder: Folder::new() }
    }

    fn command(&self, name: &str, args: &[&str]) -> Command {
        let mut command = without_account(example(name));
        command.envs(self.fake.environment()).env("DINGTALK_UNION_ID", "person-1");
        command.args(args).current_dir(self.folder.path());
        command
    }

    fn run(&self, name: &str, args: &[&str]) -> Finished {
        Finished::of(self.command(name, args).output().unwrap())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }
}

/// Runs a program in a folder, without any setting.
fn run_without_settings(folder: &Folder, name: &str, args: &[&str]) -> Finished {
    Finished::of(without_account(example(name)).args(args).current_dir(folder.path()).output().unwrap())
}

/// The words are defined before the options, which come before the environment and the exit codes.
#[test]
fn each_utility_defines_its_words_in_its_help() {
    let folder = Folder::new();
    let words = [
        ("get", &["space id", "dentry id", "union id", "file version", "part", "verified"][..]),
        ("put", &["space id", "dentry id", "folder id", "folder uuid", "union id", "part", "verified"]),
        ("send", &["space id", "dentry id", "folder id", "union id", "open conversation id"]),
        ("ls", &["space id", "dentry id", "folder id", "union id"]),
        ("report", &["space id", "folder id", "union id", "open conversation id", "journal", "unknown"]),
    ];
    assert_eq!(words.map(|(name, _)| name), UTILITIES);
    for (name, words) in words {
        let help = run_without_settings(&folder, name, &["--help"]);
        let text = help.printed();
        assert!(help.err.is_empty() && text.contains(&format!("  {name} ")), "{help:?}");
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{name} has no {part:?}"));
        for word in words {
            let word = place(&format!("\n  {word}  "));
            assert!(place("\nWords ") < word && word < place("\nOptions"), "{name}: {text}");
        }
        assert!(place("\nOptions") < place("\n  --demo "), "{name}");
        assert!(place("\n  --demo ") < place("\nEnvironment:\n"), "{name}");
        assert!(place("\nEnvironment:\n") < place("\nExit codes:\n"), "{name}");
        for code in 0..=5 {
            assert!(place(&format!("\n  {code}  ")) > place("\nExit codes:\n"), "{name}: {code}");
        }
    }
}

#[test]
fn robot_answers_with_a_file() {
    let folder = Folder::new();
    let printed = run_without_settings(&folder, "robot", &[]).printed().to_owned();
    for line in ["checksum verified: true", "answered user-1 with report.csv", "2;3"] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(run_without_settings(&folder, "robot", &["--help"]).printed().contains("usage: robot"));
    run_without_settings(&folder, "robot", &["x"]).assert_failed(2, "usage: robot");
    assert!(folder.names().is_empty());
}

#[test]
fn quickstart_refuses_options_as_file_names() {
    let folder = Folder::new();
    let help = run_without_settings(&folder, "quickstart", &["--help"]);
    assert!(help.printed().contains("quickstart [FILE]") && help.err.is_empty(), "{help:?}");
    for wrong in [&["--demo"][..], &["-o"], &["a", "b"]] {
        run_without_settings(&folder, "quickstart", wrong).assert_failed(2, "quickstart [FILE]");
    }
    assert!(folder.names().is_empty());
    assert!(run_without_settings(&folder, "quickstart", &["a"]).printed().contains("5 send"));
    assert_eq!(fs::metadata(folder.join("a")).unwrap().len(), 8_000_000);
}

#[test]
fn each_utility_exits_with_2_for_wrong_usage() {
    let folder = Folder::new();
    let to = ["--to", "somebody"];
    for name in UTILITIES {
        let run = |args: &[&str]| run_without_settings(&folder, name, args);
        run(&["--wrong"]).assert_failed(2, "error: --wrong: unknown option (see --help)\n");
        run(&["--demo=x"]).assert_failed(2, "error: --demo: takes no value, not \"x\" (see --help)\n");
        let receiver = if name == "send" { &to[..] } else { &[] };
        run(receiver).assert_failed(2, " needed (see --help)\n");
        let needed = if name == "report" { &["--to-user=a", "--space=b"] } else { &["a", "b"] };
        run(&[receiver, needed].concat()).assert_failed(2, "DINGTALK_APP_KEY");
        let extra = [receiver, &["--demo", "a", "b", "c", "d", "\u{1b}[2J"]].concat();
        let first = if name == "report" { "a b c d" } else { "d" };
        let error = run(&extra);
        error.assert_failed(2, "error: too many arguments: ");
        assert!(error.err.ends_with(&format!("{first} _[2J (see --help)\n")), "{error:?}");
    }
    let names = folder.names();
    assert_eq!(names, ["report.csv.journal"], "the journal of the run without an account");
}

/// Each error names its option and the bad value.
#[test]
fn errors_name_their_option() {
    let folder = Folder::new();
    let parallel = "--parallel: works only for a whole file, not with --range or `--output -`";
    let connections = "it is not a whole number from 1 to 64";
    for (name, args, error) in [
        ("get", &["--range", "9-0"][..], "--range: cannot read \"9-0\": it ends before it begins"),
        ("get", &["--range", "5"], "--range: cannot read \"5\": it is not FIRST-LAST, FIRST- or -COUNT"),
        ("get", &["--range", ""], "--range: cannot read \"\": it is not FIRST-LAST, FIRST- or -COUNT"),
        ("get", &["--range=-"], "--range: cannot read \"-\": it is not FIRST-LAST, FIRST- or -COUNT"),
        ("get", &["--range", "a-5"], "--range: cannot read \"a-5\": it is not FIRST-LAST, FIRST- or -COUNT"),
        ("get", &["--range", "5-a"], "--range: cannot read \"5-a\": it is not FIRST-LAST, FIRST- or -COUNT"),
        ("get", &["--range", "-5"], "--range: needs --output"),
        ("get", &["--range"], "--range: the value is missing"),
        ("get", &["-o"], "-o: the value is missing"),
        ("get", &["--parallel", "2", "-o", "-"], parallel),
        ("get", &["--parallel", "2", "-o", "a", "--range", "0-4"], parallel),
        ("get", &["--parallel", "x"], &format!("--parallel: cannot read \"x\": {connections}")),
        ("put", &["--parallel", "0"], &format!("--parallel: cannot read \"0\": {connections}")),
        ("put", &["--parallel", "65"], &format!("--parallel: cannot read \"65\": {connections}")),
        (
            "get",
            &["--file-version=-1"],
            "--file-version: cannot read \"-1\": it is not a whole number from 1",
        ),
        ("ls", &["--depth", "0"], "--depth: cannot read \"0\": it is not a whole number from 1"),
        ("get", &["-o", ""], "--output: cannot read \"\": it is empty"),
        ("get", &["-o", "."], "--output: cannot read \".\": it is a folder; pass the path of a file"),
        #[cfg(unix)]
        (
            "get",
            &["-o", "/dev/null"],
            "--output: cannot read \"/dev/null\": it is not a regular file; pass `-` and redirect stdout",
        ),
        (
            "put",
            &["--if-exists", "shrug", "a"],
            "--if-exists: cannot read \"shrug\": it is not rename, overwrite, keep or fail",
        ),
        ("put", &["--name", ""], "--name: cannot read \"\": it is empty"),
        ("get", &["a"], "SPACE_ID and DENTRY_ID are needed"),
        ("get", &["a", "b", "c"], "too many arguments: c"),
        ("send", &["--to", "a", "--to-conversation", "b", "c"], "either --to or --to-conversation is needed"),
        ("send", &["--to="], "--to: cannot read \"\": it is empty"),
        ("send", &["--stored", "a", "b", "c"], "too many arguments: c"),
        ("report", &["--to-user", ""], "--to-user: cannot read \"\": it is empty"),
        ("report", &["a"], "too many arguments: a"),
    ] {
        let failed = run_without_settings(&folder, name, &[&["--demo"], args].concat());
        failed.assert_failed(2, "");
        assert_eq!(failed.err, format!("error: {error} (see --help)\n"), "{name} {args:?}");
    }
    for (args, error) in [
        (&["--space", "a"][..], "--to-user or --to-group is needed"),
        (&["--to-user", "a"], "--space is needed"),
    ] {
        let failed = run_without_settings(&folder, "report", args);
        assert_eq!(failed.err, format!("error: {error} (see --help)\n"));
    }
    assert!(folder.names().is_empty());
}

#[cfg(unix)]
#[test]
fn errors_name_the_option_of_a_value_that_is_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let mut get = without_account(example("get"));
    get.args(["--demo", "-o"]).arg(OsStr::from_bytes(b"a\xff"));
    let text = "error: --output: cannot read \"a\u{fffd}\": it is not UTF-8 (see --help)\n";
    Finished::of(get.output().unwrap()).assert_failed(2, text);
}

/// Runs `get` in a pseudo terminal, and returns the lines of its progress bar.
#[cfg(target_os = "linux")]
fn progress_lines(columns: usize) -> Vec<String> {
    let stage = Stage::new();
    stage.fake.put_file("space-1", "dentry-1", "a.bin", Content::pattern(4_000_000));
    let slow = Fault::Slow { bytes: 400_000, pause: Duration::from_millis(100) };
    stage.fake.fault(Target::Object, slow);
    let get = stage.command("get", &[]);
    let command =
        format!("stty rows 24 cols {columns} && '{}' space-1 dentry-1", get.get_program().to_str().unwrap());
    let mut script = without_account("script");
    script.envs(stage.fake.environment()).env("DINGTALK_UNION_ID", "person-1").env("TERM", "xterm");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    let output = script.current_dir(stage.folder.path()).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("a.bin"), "{text}");
    // Each escape sequence ends with a letter.
    let mut sequences = text.split("\u{1b}[");
    let mut plain = sequences.next().unwrap().to_owned();
    for sequence in sequences {
        plain += sequence.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).get(1..).unwrap();
    }
    let lines = plain.split(['\r', '\n']).filter(|line| line.contains('%'));
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn the_progress_bar_fits_the_terminal() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("NOTICE: not tested, because `script` is not installed");
        return;
    }
    let is_halfway = |line: &String| !line.contains(" 0%") && !line.contains("100%");
    let narrow = progress_lines(30);
    assert!(
        narrow.iter().all(|line| line.chars().count() <= 30 && line.ends_with("B/3.81 MiB")),
        "{narrow:?}"
    );
    assert!(narrow.iter().any(is_halfway), "{narrow:?}");
    let wide = progress_lines(80);
    let has_speed = |line: &String| line.contains("B/3.81 MiB ") && line.contains(" MiB/s ");
    assert!(wide.iter().all(|line| line.chars().count() <= 80 && line.ends_with("s left")), "{wide:?}");
    assert!(wide.iter().any(|line| is_halfway(line) && has_speed(line)), "{wide:?}");
}

#[test]
fn no_progress_is_shown_without_a_terminal() {
    let stage = Stage::new();
    let get = stage.run("get", &["space-1", "dentry-1"]);
    assert_eq!((get.printed(), get.err.as_str()), ("报告.txt\n", "10 B, checksum verified\n"));
}

#[test]
fn each_utility_has_a_demo_that_announces_the_fake() {
    let folder = Folder::new();
    fs::write(folder.join("a.txt"), "hello").unwrap();
    let demo = |name: &str, args: &[&str]| {
        let finished = run_without_settings(&folder, name, args);
        assert!(finished.err.contains("fake"), "{finished:?}");
        finished
    };
    let content = Content::pattern(8_000_000);
    assert!(
        demo("get", &["--demo", "-o", "-"]).out == content.bytes(0..8_000_000),
        "the bytes on stdout differ"
    );
    assert_eq!(demo("get", &["--demo"]).printed(), "季度报告.xlsx\n");
    assert!(
        fs::read(folder.join("季度报告.xlsx")).unwrap() == content.bytes(0..8_000_000),
        "the bytes differ"
    );
    let listed = "        7 B  dentry-2      notes.txt
          -  folder-1      报告/
          -  folder-2        2024/
   7.63 MiB  dentry-1          季度报告.xlsx
";
    assert_eq!(demo("ls", &["--demo"]).printed(), listed);
    let id = demo("put", &["--demo", "a.txt"]);
    assert!(id.printed().trim_end().bytes().all(|byte| byte.is_ascii_digit()), "{id:?}");
    demo("put", &["--demo"]).printed();
    for args in [
        &["--demo"][..],
        &["--demo", "a.txt"],
        &["--demo", "--to", "somebody", "a.txt"],
        &["--demo", "--to-conversation", "all", "a.txt", "space-1", "folder-1"],
    ] {
        let id = demo("send", args);
        assert!(id.printed().trim_end().bytes().all(|byte| byte.is_ascii_digit()), "{id:?}");
    }
    for args in [&["--demo", "--stored"][..], &["--demo", "--to", "somebody", "--stored"]] {
        assert_eq!(demo("send", args).printed(), "dentry-2\n");
    }
    let report = demo("report", &["--demo"]);
    assert_eq!(
        report.printed(),
        "sent user person-1\nsent user person-2\nsent user person-3\nsent group group-1\n"
    );
    assert!(report.err.contains("demo: journal: {\"stored\":"), "{report:?}");
    assert_eq!(folder.names(), ["a.txt", "季度报告.xlsx"]);
}

#[test]
fn get_writes_the_requested_version_and_range() {
    let stage = Stage::new();
    stage.fake.put_file("space-1", "dentry-1", "报告.txt", "the second version");
    let get = |args: &[&str]| stage.run("get", &[args, &["space-1", "dentry-1"]].concat());
    for (args, expected) in [
        (&["-o", "-"][..], "the second version"),
        (&["-o-", "--file-version", "1"], "0123456789"),
        (&["--output=-", "--file-version=1", "--range", "2-4"], "234"),
        (&["-o", "-", "--file-version", "1", "--range", "7-"], "789"),
        (&["-o", "-", "--range", "-7"], "version"),
        (&["-o", "-", "--file-version", "1", "--range", "-3", "--range", "0-"], "0123456789"),
    ] {
        assert_eq!(get(args).printed(), expected, "{args:?}");
    }
    assert!(stage.folder.names().is_empty());
    assert_eq!(get(&["--parallel", "2"]).printed(), "报告.txt\n");
    get(&[]).assert_failed(1, "报告.txt exists already");
    // A file named by `-o` is overwritten.
    stage.write("mine", "something else");
    assert_eq!(get(&["-o", "mine", "--range", "-3"]).printed(), "mine\n");
    assert_eq!((stage.read("mine").as_str(), stage.read("报告.txt").as_str()), ("ion", "the second version"));
}

/// A failed range download keeps the old file and leaves no other file.
#[test]
fn get_keeps_the_old_file_until_the_range_is_complete() {
    let stage = Stage::new();
    stage.write("mine", "something else");
    let get = |dentry: &str, range: &str, target: &str| {
        stage.run("get", &["space-1", dentry, "--range", range, "-o", target])
    };
    get("gone", "0-4", "mine").assert_failed(4, "dentryNotExist");
    get("gone", "0-4", "new").assert_failed(4, "dentryNotExist");
    get("dentry-1", "10-", "mine").assert_failed(1, "after the end");
    get("dentry-1", "-0", "mine").assert_failed(2, "the last 0 bytes");
    stage.fake.fault(Target::Object, Fault::CutAfter(3));
    stage.fake.fault(Target::Object, Fault::object_error(404, "NoSuchKey"));
    get("dentry-1", "0-8", "mine").assert_failed(4, "NoSuchKey");
    get("dentry-1", "0-4", "missing/new").assert_failed(1, "missing/new");
    assert_eq!(
        (stage.read("mine").as_str(), stage.folder.names()),
        ("something else", vec!["mine".to_owned()])
    );
    // A killed download leaves its partial file beside the old file.
    stage.fake.fault(Target::Object, Fault::StallAfter(3));
    let mut killed = stage.command("get", &["space-1", "dentry-1", "--range", "0-8", "-o", "mine"]);
    let killed = Running(killed.stderr(Stdio::null()).spawn().unwrap());
    while stage.folder.names().len() < 2 {
        thread::sleep(Duration::from_millis(10));
    }
    drop(killed);
    assert_eq!(stage.read("mine"), "something else");
    assert!(stage.folder.names()[1].starts_with("mine.dingtalk-range-"));
}

/// A new range is a new file: it must keep the old permissions, and replace the target of a link instead of the link.
#[cfg(unix)]
#[test]
fn get_keeps_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let stage = Stage::new();
    stage.write("mine", "something else");
    fs::set_permissions(stage.folder.join("mine"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("mine", stage.folder.join("link")).unwrap();
    let get = || stage.run("get", &["space-1", "dentry-1", "--range", "2-4", "-o", "link"]);
    assert_eq!(get().printed(), "link\n");
    assert_eq!(stage.read("mine"), "234");
    assert!(fs::symlink_metadata(stage.folder.join("link")).unwrap().is_symlink());
    let mode = fs::metadata(stage.folder.join("mine")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, stage.folder.names().len()), (0o600, 2));
}

#[test]
fn get_resumes_an_interrupted_download() {
    let stage = Stage::new();
    let content = Content::pattern(8_000_000);
    stage.fake.put_file("space-1", "dentry-1", "a.bin", content.clone());
    let get = || stage.run("get", &["space-1", "dentry-1"]);
    stage.fake.fault(Target::Object, Fault::CutAfter(4_000_000));
    stage.fake.fault(Target::Object, Fault::object_error(404, "NoSuchKey"));
    get().assert_failed(4, "NoSuchKey");
    assert!(!stage.folder.join("a.bin").exists());
    assert_eq!(get().printed(), "a.bin\n");
    let last = stage.fake.requests_to(Target::Object).pop().unwrap();
    assert_eq!(last.header("range"), Some("bytes=4000000-7999999"));
    assert!(fs::read(stage.folder.join("a.bin")).unwrap() == content.bytes(0..8_000_000), "the bytes differ");
    assert_eq!(stage.folder.names(), ["a.bin"]);
}

/// The server chooses the file's name, but not its folder.
#[test]
fn get_stays_in_its_folder() {
    let stage = Stage::new();
    for (name, expected) in [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("..", "unnamed"),
        (".bashrc", "bashrc"),
        ("-", "-"),
        ("a\u{1b}[31m\u{202e}txt.exe\r\n", "a_[31m_txt.exe__"),
        (r"C:\a", "C__a"),
    ] {
        stage.fake.put_file("space-1", "dentry-2", name, name);
        assert_eq!(stage.run("get", &["space-1", "dentry-2"]).printed(), format!("{expected}\n"));
        assert_eq!(stage.read(expected), name);
    }
    assert_eq!(stage.folder.names().len(), 7);
}

/// A closed pipe must not make users upload or send again.
#[cfg(unix)]
#[test]
fn the_outcome_is_reported_on_stderr_if_stdout_is_closed() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let stage = Stage::new();
    stage.write("a.txt", "hello");
    // The reading end is already closed.
    let closed = || Stdio::from(OwnedFd::from(UnixStream::pair().unwrap().0));
    let run = |name: &str, args: &[&str]| {
        Finished::of(stage.command(name, args).stdout(closed()).output().unwrap())
    };
    for (name, args, done) in [
        ("put", &["a.txt", "space-1"][..], "uploaded as dentry 9"),
        ("send", &["--to", "you", "--stored", "space-1", "dentry-1"], "sent, stored as dentry dentry-1"),
        ("get", &["space-1", "dentry-1"], "downloaded to 报告.txt"),
        ("ls", &["space-1"], "Broken pipe"),
    ] {
        run(name, args).assert_failed(1, done);
        let help = run(name, &["--help"]);
        assert!(help.code == 0 && help.err.is_empty(), "{help:?}");
    }
    assert_eq!((stage.fake.files().len(), stage.fake.sent().len()), (2, 1));
    // The exit code remains if stderr is closed too.
    let mut put = stage.command("put", &["a.txt", "space-1"]);
    assert_eq!(put.stdout(closed()).stderr(closed()).status().unwrap().code(), Some(1));
}

#[test]
fn exit_codes_distinguish_failures() {
    let stage = Stage::new();
    stage.write("a.txt", "hello");
    stage.run("get", &["space-1", "gone"]).assert_failed(4, "dentryNotExist");
    stage.run("get", &["space-1", "gone", "-o", "-"]).assert_failed(4, "dentryNotExist");
    stage.run("ls", &["space-2"]).assert_failed(4, "spaceNotExist");
    stage.fake.archive_file("space-1", "dentry-1", 1);
    let get = || stage.run("get", &["space-1", "dentry-1", "-o", "-"]);
    get().assert_failed(3, "fileArchived");
    get().printed();
    stage.fake.fault(Target::Commit, Fault::CloseWithoutAnswer);
    stage.run("put", &["a.txt", "space-1"]).assert_failed(5, "Look into the folder");
    stage.fake.fault(Target::Commit, Fault::api_error(403, "permissionDenied"));
    stage.run("put", &["a.txt", "space-1"]).assert_failed(4, "permissionDenied");
    stage.run("put", &["missing.txt", "space-1"]).assert_failed(1, "missing.txt");
    stage.write("bad.", "hello");
    stage.run("put", &["bad.", "space-1"]).assert_failed(2, "ends with a dot");
}

#[test]
fn put_handles_a_name_conflict_as_requested() {
    let stage = Stage::new();
    stage.fake.add_folder("space-1", "folder-1", "Reports");
    stage.write("报告.txt", "new");
    let put = |strategy: &str| stage.run("put", &["--if-exists", strategy, "报告.txt", "space-1"]);
    let taken = put("fail");
    taken.assert_failed(1, "dentryNameConflict");
    assert!(taken.err.contains("choose another name") && !taken.err.contains("resume"), "{taken:?}");
    assert_eq!(put("keep").printed(), "dentry-1\n");
    assert_eq!(stage.fake.content("space-1", "dentry-1").unwrap().len(), 10);
    assert_eq!(put("overwrite").printed(), "dentry-1\n");
    assert_eq!(stage.fake.content("space-1", "dentry-1").unwrap().bytes(0..9), b"new");
    put("rename").printed();
    stage.run("put", &["--name", "b.txt", "报告.txt", "space-1", "folder-1"]).printed();
    let uuid = stage.fake.folder_uuid("space-1", "folder-1");
    stage.run("put", &["--folder-uuid", &uuid, "报告.txt", "space-1", "folder-1"]).printed();
    let files = stage.fake.files().into_iter().map(|file| (file.parent_id, file.name));
    let expected = [("0", "报告.txt"), ("0", "报告(1).txt"), ("folder-1", "b.txt"), ("folder-1", "报告.txt")];
    assert_eq!(
        files.collect::<Vec<_>>(),
        expected.map(|(folder, name)| (folder.to_owned(), name.to_owned()))
    );
}

#[test]
fn send_sends_a_file_once() {
    let stage = Stage::new();
    stage.write("a.txt", "hello");
    let sent = || {
        let last = stage.fake.sent().pop().unwrap();
        (stage.fake.sent().len(), last.dentry_id, last.union_id, last.conversation_id)
    };
    let run = |args: &[&str]| stage.run("send", args);
    let stored = ["--stored", "space-1", "dentry-1"];
    assert_eq!(run(&[&["--to", "you"][..], &stored].concat()).printed(), "dentry-1\n");
    assert_eq!(sent(), (1, "dentry-1".to_owned(), "you".to_owned(), None));
    run(&[&["--to-conversation", "all"][..], &stored].concat()).printed();
    assert_eq!(sent(), (2, "dentry-1".to_owned(), "person-1".to_owned(), Some("all".to_owned())));
    let id = run(&["--to", "you", "a.txt", "space-1"]);
    assert_eq!((sent().0, format!("{}\n", sent().1).as_str()), (3, id.printed()));

    stage.fake.fault(Target::Send, Fault::CloseWithoutAnswer);
    run(&[&["--to", "you"][..], &stored].concat())
        .assert_failed(5, "; the conversation shows whether the file was sent\n");
    stage.fake.fault(Target::Send, Fault::CloseWithoutAnswer);
    run(&["--to", "you", "a.txt", "space-1"]).assert_failed(5, "do not upload it again");
    assert_eq!(sent().0, 5);
    stage.fake.fault(Target::Send, Fault::api_error(403, "permissionDenied"));
    run(&[&["--to", "you"][..], &stored].concat()).assert_failed(4, "permissionDenied");
    stage.fake.fault(Target::Send, Fault::api_error(403, "permissionDenied"));
    let not_sent = run(&["--to", "you", "a.txt", "space-1"]);
    not_sent.assert_failed(1, &stage.fake.files().pop().unwrap().dentry_id);
    assert_eq!(sent().0, 5);
}

#[test]
fn ls_lists_accessible_folders_after_a_failure() {
    let stage = Stage::new();
    for (id, name) in [("folder-1", "b\u{1b}[2J"), ("folder-2", "c")] {
        stage.fake.add_folder("space-1", id, name);
    }
    stage.fake.put_file("space-1", "dentry-2", "below.txt", "");
    stage.fake.move_into_folder("space-1", "dentry-2", "folder-2");
    stage.fake.add_folder("space-1", "folder-3", "a/b");
    stage.fake.put_file("space-1", "dentry-3", "1/2", "");
    stage.fake.move_into_folder("space-1", "dentry-3", "folder-3");
    let all = "          -  folder-3      a/b/
        0 B  dentry-3        1/2
          -  folder-1      b_[2J/
          -  folder-2      c/
        0 B  dentry-2        below.txt
       10 B  dentry-1      报告.txt
";
    let ls = |args: &[&str]| stage.run("ls", args);
    assert_eq!(ls(&["space-1"]).printed(), all);
    assert_eq!(
        ls(&["space-1", "--depth", "1"]).printed(),
        all.replace("        0 B  dentry-2        below.txt\n", "")
            .replace("        0 B  dentry-3        1/2\n", "")
    );
    assert_eq!(ls(&["space-1", "folder-2"]).printed(), "        0 B  dentry-2      below.txt\n");
    // The lists of the root and of the first folder succeed, and the list of the second folder fails.
    stage.fake.fault(Target::ListDentries, Fault::Several(vec![]));
    stage.fake.fault(Target::ListDentries, Fault::Several(vec![]));
    stage.fake.fault(Target::ListDentries, Fault::api_error(403, "permissionDenied"));
    let partly = ls(&["space-1"]);
    assert_eq!((partly.code, partly.text()), (4, all));
    assert!(partly.err.contains("b_[2J") && partly.err.contains("permissionDenied"), "{partly:?}");
}

#[test]
fn one_fake_serves_several_programs() {
    let folder = Folder::new();
    fs::write(folder.join("报告.txt"), "hello").unwrap();
    let mut command = without_account(example("fake"));
    command.arg("报告.txt").current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut fake = Running(command.spawn().unwrap());
    let lines = BufReader::new(fake.0.stdout.take().unwrap()).lines();
    let settings: Vec<(String, String)> = lines
        .map(|line| line.unwrap().strip_prefix("export ").unwrap().to_owned())
        .map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap())
        .take(6)
        .collect();
    let run = |name: &str, args: &[&str]| {
        let mut command = without_account(example(name));
        command.args(args).envs(settings.clone()).current_dir(folder.path());
        Finished::of(command.output().unwrap())
    };
    assert_eq!(run("get", &["space-1", "dentry-1", "-o", "-"]).printed(), "hello");
    let id = run("put", &["--name", "b.txt", "报告.txt", "space-1"]).printed().trim_end().to_owned();
    assert_eq!(run("get", &["space-1", &id, "-o", "-"]).printed(), "hello");
    assert_eq!(run("ls", &["space-1"]).printed().lines().count(), 2);
}

/// A process that is killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
