//! The programs in `examples/`, run as somebody would run them: what they print and how they end.
//!
//! A binary of its own, because it starts many processes: for a moment each holds what is open in its parent, the lock on
//! a target of another test, too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a panic is the message; clippy.toml covers the test functions, not their helpers"
)]

mod build_script;
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

const UTILITIES: [&str; 4] = ["get", "put", "send", "ls"];

/// A folder of a test's own, gone when the test ends.
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

    /// Everything in it, in order.
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

/// `cargo test` builds the examples beside the tests.
fn example(name: &str) -> PathBuf {
    let tests = env::current_exe().unwrap();
    let built = tests.parent().unwrap().parent().unwrap().join("examples");
    let program = built.join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is not there: run `cargo build --examples` before", program.display());
    program
}

/// A program that knows nothing of an account that this machine may have.
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

/// Code, stdout and stderr.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).unwrap();
        Self { code: output.status.code().unwrap(), out: output.stdout, err }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// What it printed, when it ended well.
    #[track_caller]
    fn printed(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        self.text()
    }

    /// It failed in this way, said so with these words, and printed nothing that a script could take for an answer.
    #[track_caller]
    fn assert_failed(&self, code: i32, words: &str) {
        assert_eq!((self.code, self.text()), (code, ""), "{self:?}");
        assert!(self.err.contains(words), "{self:?}");
    }
}

/// A folder to run in, and a fake to talk to.
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

    fn run(&self, name: &str, args: &[&str]) -> Ended {
        Ended::of(self.command(name, args).output().unwrap())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }
}

/// In a folder of its own, without any setting.
fn alone(folder: &Folder, name: &str, args: &[&str]) -> Ended {
    Ended::of(without_account(example(name)).args(args).current_dir(folder.path()).output().unwrap())
}

#[test]
fn each_utility_says_how_it_is_used() {
    let folder = Folder::new();
    for name in UTILITIES {
        let help = alone(&folder, name, &["--help"]);
        let text = help.printed();
        assert!(help.err.is_empty() && text.contains(&format!("  {name} ")), "{help:?}");
        for code in 0..=5 {
            assert!(text.contains(&format!("\n  {code}  ")), "{name} does not tell of {code}");
        }
    }
}

#[test]
fn the_robot_answers_with_a_file() {
    let folder = Folder::new();
    let printed = alone(&folder, "robot", &[]).printed().to_owned();
    for line in ["checksum verified: true", "answered user-1 with report.csv", "2;3"] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(alone(&folder, "robot", &["--help"]).printed().contains("usage: robot"));
    alone(&folder, "robot", &["x"]).assert_failed(2, "usage: robot");
    assert!(folder.names().is_empty());
}

#[test]
fn the_quickstart_takes_no_option_for_a_file() {
    let folder = Folder::new();
    let help = alone(&folder, "quickstart", &["--help"]);
    assert!(help.printed().contains("quickstart [FILE]") && help.err.is_empty(), "{help:?}");
    for wrong in [&["--demo"][..], &["-o"], &["a", "b"]] {
        alone(&folder, "quickstart", wrong).assert_failed(2, "quickstart [FILE]");
    }
    assert!(folder.names().is_empty());
    assert!(alone(&folder, "quickstart", &["a"]).printed().contains("5 send"));
    assert_eq!(fs::metadata(folder.join("a")).unwrap().len(), 8_000_000);
}

#[test]
fn each_utility_tells_wrong_use_from_failure() {
    let folder = Folder::new();
    let to = ["--to", "somebody"];
    for name in UTILITIES {
        alone(&folder, name, &["--wrong"]).assert_failed(2, "--wrong");
        let receiver = if name == "send" { &to[..] } else { &[] };
        alone(&folder, name, receiver).assert_failed(2, "");
        let needed = [receiver, &["a", "b"]].concat();
        alone(&folder, name, &needed).assert_failed(2, "DINGTALK_APP_KEY");
        let too_many = [receiver, &["--demo", "a", "b", "c", "d"]].concat();
        alone(&folder, name, &too_many).assert_failed(2, "--help");
    }
    let get = |args: &[&str]| alone(&folder, "get", &[&["--demo"], args].concat());
    get(&["--range", "-5"]).assert_failed(2, "--range needs -o");
    for wrong in ["5", "", "-", "a-5", "5-a"] {
        get(&["--range", wrong, "-o", "-"]).assert_failed(2, "FIRST-LAST");
    }
    get(&["--range", "5-4", "-o", "-"]).assert_failed(2, "\"5-4\": it ends before");
    get(&["--parallel", "2", "-o", "-"]).assert_failed(2, "--parallel needs a file");
    get(&["--parallel", "2", "-o", "a", "--range", "0-4"]).assert_failed(2, "--parallel needs a file");
    get(&["-o", ""]).assert_failed(2, "\"\": it names no file");
    get(&["-o", "."]).assert_failed(2, "is a folder");
    #[cfg(unix)]
    get(&["-o", "/dev/null"]).assert_failed(2, "`-o -`");
    alone(&folder, "send", &["--demo", "--to", "a", "--to-conversation", "b", "c"])
        .assert_failed(2, "one of");
    alone(&folder, "put", &["--demo", "--if-exists", "shrug", "a"]).assert_failed(2, "overwrite");
    assert!(folder.names().is_empty());
}

#[test]
fn each_utility_has_a_demo_that_says_so() {
    let folder = Folder::new();
    fs::write(folder.join("a.txt"), "hello").unwrap();
    let demo = |name: &str, args: &[&str]| {
        let ended = alone(&folder, name, args);
        assert!(ended.err.contains("fake"), "{ended:?}");
        ended
    };
    let content = Content::pattern(8_000_000);
    assert!(demo("get", &["--demo", "-o", "-"]).out == content.bytes(0..8_000_000), "other bytes on stdout");
    assert_eq!(demo("get", &["--demo"]).printed(), "季度报告.xlsx\n");
    assert!(fs::read(folder.join("季度报告.xlsx")).unwrap() == content.bytes(0..8_000_000), "other bytes");
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
    assert_eq!(folder.names(), ["a.txt", "季度报告.xlsx"]);
}

#[test]
fn get_writes_what_was_asked_for() {
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
    // Who names a file means it.
    stage.write("mine", "something else");
    assert_eq!(get(&["-o", "mine", "--range", "-3"]).printed(), "mine\n");
    assert_eq!((stage.read("mine").as_str(), stage.read("报告.txt").as_str()), ("ion", "the second version"));
}

/// Whatever goes wrong with a part of a file, what was there stays, and nothing else is left.
#[test]
fn get_leaves_the_old_file_until_the_part_is_complete() {
    let stage = Stage::new();
    stage.write("mine", "something else");
    let get = |dentry: &str, range: &str, target: &str| {
        stage.run("get", &["space-1", dentry, "--range", range, "-o", target])
    };
    get("gone", "0-4", "mine").assert_failed(4, "dentryNotExist");
    get("gone", "0-4", "new").assert_failed(4, "dentryNotExist");
    get("dentry-1", "10-", "mine").assert_failed(1, "behind the end");
    get("dentry-1", "-0", "mine").assert_failed(2, "the last 0 bytes");
    stage.fake.fault(Target::Object, Fault::CutAfter(3));
    stage.fake.fault(Target::Object, Fault::object_error(404, "NoSuchKey"));
    get("dentry-1", "0-8", "mine").assert_failed(4, "NoSuchKey");
    get("dentry-1", "0-4", "missing/new").assert_failed(1, "missing/new");
    assert_eq!(
        (stage.read("mine").as_str(), stage.folder.names()),
        ("something else", vec!["mine".to_owned()])
    );
    // Killed half-way. What is beside it by then is the part.
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

/// Another part is a new file: it must not be readable by more people than the one before, or stand beside a link.
#[cfg(unix)]
#[test]
fn get_replaces_a_file_as_it_was() {
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
fn get_goes_on_where_it_was() {
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
    assert!(fs::read(stage.folder.join("a.bin")).unwrap() == content.bytes(0..8_000_000), "other bytes");
    assert_eq!(stage.folder.names(), ["a.bin"]);
}

/// The name is the server's, the place is not.
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

/// Nobody shall upload or send again because a pipe was closed.
#[cfg(unix)]
#[test]
fn what_was_done_is_told_although_stdout_is_closed() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let stage = Stage::new();
    stage.write("a.txt", "hello");
    // The other end is gone already.
    let closed = || Stdio::from(OwnedFd::from(UnixStream::pair().unwrap().0));
    let run =
        |name: &str, args: &[&str]| Ended::of(stage.command(name, args).stdout(closed()).output().unwrap());
    for (name, args, done) in [
        ("put", &["a.txt", "space-1"][..], "uploaded as dentry 9"),
        ("send", &["--to", "you", "--stored", "space-1", "dentry-1"], "sent, and stored as dentry dentry-1"),
        ("get", &["space-1", "dentry-1"], "downloaded to 报告.txt"),
        ("ls", &["space-1"], "Broken pipe"),
    ] {
        run(name, args).assert_failed(1, done);
        let help = run(name, &["--help"]);
        assert!(help.code == 0 && help.err.is_empty(), "{help:?}");
    }
    assert_eq!((stage.fake.files().len(), stage.fake.sent().len()), (2, 1));
    // Not even stderr.
    let mut put = stage.command("put", &["a.txt", "space-1"]);
    assert_eq!(put.stdout(closed()).stderr(closed()).status().unwrap().code(), Some(1));
}

#[test]
fn exit_codes_tell_a_script_what_to_do() {
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
fn put_does_as_told_when_the_name_is_taken() {
    let stage = Stage::new();
    stage.fake.add_folder("space-1", "folder-1", "Reports");
    stage.write("报告.txt", "new");
    let put = |what: &str| stage.run("put", &["--if-exists", what, "报告.txt", "space-1"]);
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
fn send_sends_once() {
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
    run(&[&["--to", "you"][..], &stored].concat()).assert_failed(5, "look before you send it again");
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
fn ls_shows_what_it_can() {
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
    // The root, its first folder, and then the next.
    stage.fake.fault(Target::ListDentries, Fault::Several(vec![]));
    stage.fake.fault(Target::ListDentries, Fault::Several(vec![]));
    stage.fake.fault(Target::ListDentries, Fault::api_error(403, "permissionDenied"));
    let partly = ls(&["space-1"]);
    assert_eq!((partly.code, partly.text()), (4, all));
    assert!(partly.err.contains("b_[2J") && partly.err.contains("permissionDenied"), "{partly:?}");
}

#[test]
fn a_fake_serves_one_program_after_the_other() {
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
        Ended::of(command.output().unwrap())
    };
    assert_eq!(run("get", &["space-1", "dentry-1", "-o", "-"]).printed(), "hello");
    let id = run("put", &["--name", "b.txt", "报告.txt", "space-1"]).printed().trim_end().to_owned();
    assert_eq!(run("get", &["space-1", &id, "-o", "-"]).printed(), "hello");
    assert_eq!(run("ls", &["space-1"]).printed().lines().count(), 2);
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
