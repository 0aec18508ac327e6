//! `examples/build-script/`, built as a crate of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dingtalk_files::testing::FakeDingTalk;

use super::without_account;

/// What its build.rs pins.
const GREETING: &str = "Hello from a file that was downloaded at build time. 你好！\n";
const NAME: &str = "greeting.txt";

/// The crate, with a folder for what is built; what its dependencies became stays there for the next time.
struct Package {
    _alone: MutexGuard<'static, ()>,
    manifest: PathBuf,
    target: PathBuf,
}

impl Package {
    fn new() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/build-script/Cargo.toml");
        let package = Self {
            _alone: alone,
            manifest,
            target: Path::new(env!("CARGO_TARGET_TMPDIR")).join("build-script"),
        };
        package.forget();
        package
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = without_account(env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.env_remove("GREETING_FILE").args([command, "--locked", "--manifest-path"]);
        cargo.arg(&self.manifest).arg("--target-dir").arg(&self.target);
        cargo
    }

    /// As if it had never been built. Not its dependencies.
    fn forget(&self) {
        let cleaned = self.cargo("clean").args(["--package", "build-script"]).output().unwrap();
        assert!(cleaned.status.success(), "{}", said(&cleaned));
        assert!(self.found().is_none());
    }

    fn build(&self, settings: &[(&str, String)]) -> Output {
        self.cargo("build").envs(settings.iter().map(|(name, value)| (name, value))).output().unwrap()
    }

    /// Builds it, and it says what was in the file.
    #[track_caller]
    fn assert_built(&self, settings: &[(&str, String)]) {
        let built = self.build(settings);
        assert!(built.status.success(), "{}", said(&built));
        let program = self.target.join("debug/build-script").with_extension(env::consts::EXE_EXTENSION);
        let greeting = Command::new(program).output().unwrap().stdout;
        assert_eq!(String::from_utf8(greeting).unwrap(), GREETING);
    }

    /// The build ends with these words, and nothing is left that a later one could take for the file.
    #[track_caller]
    fn assert_refused(&self, settings: &[(&str, String)], words: &[&str]) {
        let built = self.build(settings);
        let text = said(&built);
        assert!(!built.status.success() && words.iter().all(|word| text.contains(word)), "{text}");
        assert!(self.found().is_none(), "the file is there");
    }

    /// The file in `OUT_DIR`.
    fn found(&self) -> Option<PathBuf> {
        let builds = fs::read_dir(self.target.join("debug/build")).ok()?;
        builds.map(|entry| entry.unwrap().path().join("out").join(NAME)).find(|path| path.exists())
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A fake that has this under the pinned ids, and what to set for it.
fn fake_with(content: &str) -> (FakeDingTalk, Vec<(&'static str, String)>) {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", NAME, content);
    let person = ("DINGTALK_UNION_ID", "builder-1".to_owned());
    let settings = fake.environment().into_iter().chain([person]).collect();
    (fake, settings)
}

#[test]
#[ignore = "builds a crate with its dependencies; .ci/run runs it"]
fn a_build_script_downloads_a_pinned_file_once() {
    let package = Package::new();
    package.assert_refused(&[], &["DINGTALK_APP_KEY", "GREETING_FILE"]);

    let (fake, settings) = fake_with(GREETING);
    package.assert_refused(&settings[..5], &["DINGTALK_UNION_ID"]);
    assert!(fake.requests().is_empty());
    package.assert_built(&settings);
    let asked = fake.requests().len();
    assert_eq!(asked, 3, "token, download info, object");

    // Nothing runs at all, which cargo says when it is asked to.
    let again = package.cargo("build").arg("--verbose").envs(settings.clone()).output().unwrap();
    assert!(said(&again).contains("Fresh build-script"), "{}", said(&again));
    package.assert_built(&settings);
    // It runs, and finds the file in place: without an account, and with a server that is not there.
    package.assert_built(&[]);
    package
        .assert_built(&[&settings[..], &[("DINGTALK_BASE_URL", "http://127.0.0.1:1".to_owned())]].concat());
    package.assert_built(&settings);
    assert_eq!(fake.requests().len(), asked);

    // A later version is not what is pinned.
    fake.put_file("space-1", "dentry-1", NAME, "another greeting");
    for damage in ["", "Hello from somebody else."] {
        fs::write(package.found().unwrap(), damage).unwrap();
        package.assert_built(&settings);
    }
    fs::remove_file(package.found().unwrap()).unwrap();
    package.assert_built(&settings);
    assert_eq!(fake.requests().len(), 4 * asked);
}

#[test]
#[ignore = "builds a crate with its dependencies; .ci/run runs it"]
fn a_build_script_takes_no_other_file() {
    let package = Package::new();
    // As many bytes, but not these.
    let (_fake, settings) = fake_with(&GREETING.replace("Hello", "Adieu"));
    package.assert_refused(&settings, &["not the pinned file", "SHA-256", "build.rs wants"]);
    let (_fake, settings) = fake_with(&GREETING.repeat(2));
    package.assert_refused(&settings, &["cannot be downloaded", "bytes or more"]);
    let (_fake, mut settings) = fake_with(GREETING);
    settings.push(("GREETING_FILE", env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml"));
    package.assert_refused(&settings, &["not the pinned file"]);

    let copy = package.target.join("a-copy.txt");
    fs::write(&copy, GREETING).unwrap();
    package.assert_built(&[("GREETING_FILE", copy.to_str().unwrap().to_owned())]);
}
