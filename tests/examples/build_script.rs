//! `examples/build-script/`, built as a separate crate.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dingtalk_files::testing::FakeDingTalk;

use super::without_account;

/// The file that build.rs pins.
const GREETING: &str = "Hello from a file that was downloaded at build time. 你好！\n";
const NAME: &str = "greeting.txt";

/// The crate and its target folder. The built dependencies stay in the folder for the next run.
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
        package.clean();
        package
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = without_account(env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.env_remove("GREETING_FILE").args([command, "--locked", "--manifest-path"]);
        cargo.arg(&self.manifest).arg("--target-dir").arg(&self.target);
        cargo
    }

    /// Removes the crate's build output, but not that of its dependencies.
    fn clean(&self) {
        let cleaned = self.cargo("clean").args(["--package", "build-script"]).output().unwrap();
        assert!(cleaned.status.success(), "{}", stderr(&cleaned));
        assert!(self.found().is_none());
    }

    fn build(&self, settings: &[(&str, String)]) -> Output {
        self.cargo("build").envs(settings.iter().map(|(name, value)| (name, value))).output().unwrap()
    }

    /// Asserts that the crate builds, and that its program prints the content of the file.
    #[track_caller]
    fn assert_built(&self, settings: &[(&str, String)]) {
        let built = self.build(settings);
        assert!(built.status.success(), "{}", stderr(&built));
        let program = self.target.join("debug/build-script").with_extension(env::consts::EXE_EXTENSION);
        let greeting = Command::new(program).output().unwrap().stdout;
        assert_eq!(String::from_utf8(greeting).unwrap(), GREETING);
    }

    /// Asserts that the build fails with these words, and leaves no file that a later build could use.
    #[track_caller]
    fn assert_refused(&self, settings: &[(&str, String)], words: &[&str]) {
        let built = self.build(settings);
        let text = stderr(&built);
        assert!(!built.status.success() && words.iter().all(|word| text.contains(word)), "{text}");
        assert!(self.found().is_none(), "the file must not exist");
    }

    /// Returns the file in `OUT_DIR`, if it exists.
    fn found(&self) -> Option<PathBuf> {
        let builds = fs::read_dir(self.target.join("debug/build")).ok()?;
        builds.map(|entry| entry.unwrap().path().join("out").join(NAME)).find(|path| path.exists())
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns a fake with this content under the pinned ids, and the settings for it.
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
    let requests = fake.requests().len();
    assert_eq!(requests, 3, "token, download info, object");

    // Cargo reports that the crate is fresh, so build.rs does not run.
    let again = package.cargo("build").arg("--verbose").envs(settings.clone()).output().unwrap();
    assert!(stderr(&again).contains("Fresh build-script"), "{}", stderr(&again));
    package.assert_built(&settings);
    // Other settings make build.rs run again, and it finds the file: without an account, and with an unreachable server.
    package.assert_built(&[]);
    package
        .assert_built(&[&settings[..], &[("DINGTALK_BASE_URL", "http://127.0.0.1:1".to_owned())]].concat());
    package.assert_built(&settings);
    assert_eq!(fake.requests().len(), requests);

    // A later version is not the pinned file.
    fake.put_file("space-1", "dentry-1", NAME, "another greeting");
    for damage in ["", "Hello from somebody else."] {
        fs::write(package.found().unwrap(), damage).unwrap();
        package.assert_built(&settings);
    }
    fs::remove_file(package.found().unwrap()).unwrap();
    package.assert_built(&settings);
    assert_eq!(fake.requests().len(), 4 * requests);
}

#[test]
#[ignore = "builds a crate with its dependencies; .ci/run runs it"]
fn a_build_script_refuses_any_other_file() {
    let package = Package::new();
    // The same number of bytes, but other content.
    let (_fake, settings) = fake_with(&GREETING.replace("Hello", "Adieu"));
    package.assert_refused(&settings, &["not the pinned file", "SHA-256", "build.rs expects"]);
    let (_fake, settings) = fake_with(&GREETING.repeat(2));
    package.assert_refused(&settings, &["cannot be downloaded", "bytes or more"]);
    let (_fake, mut settings) = fake_with(GREETING);
    settings.push(("GREETING_FILE", env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml"));
    package.assert_refused(&settings, &["not the pinned file"]);

    let copy = package.target.join("a-copy.txt");
    fs::write(&copy, GREETING).unwrap();
    package.assert_built(&[("GREETING_FILE", copy.to_str().unwrap().to_owned())]);
}
