//! Downloads a pinned file from DingTalk into `OUT_DIR`, once, for `include_str!` or `include_bytes!`.
//!
//! The first build needs an account, configured by the variables below. Later builds find the correct file in place and
//! send no request: they work offline and without an account. On a machine without a network, set `GREETING_FILE` to a
//! copy of the file. A file that is not the pinned one always fails the build.
//!
//! Try it without an account, with a fake of DingTalk, at the root of this repository:
//!
//! ```sh
//! printf 'Hello from a file that was downloaded at build time. 你好！\n' > target/greeting.txt
//! cargo run --example fake -- target/greeting.txt    # paste the printed lines into another terminal, and run there:
//! cargo run --manifest-path examples/build-script/Cargo.toml
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fs};

use dingtalk_files::{Client, UnionId};
use sha2::{Digest, Sha256};

const NAME: &str = "greeting.txt";
/// The pinned file. For a new version of it, change version, size and checksum.
const SPACE_ID: &str = "space-1";
const DENTRY_ID: &str = "dentry-1";
const VERSION: u64 = 1;
const SIZE: u64 = 63;
const SHA256: &str = "eb92a21d0a67ff955b076842fe29affdac47382cca02bc732bc9e5f8ab9ad552";

const SETTINGS: [&str; 6] = [
    "DINGTALK_APP_KEY",
    "DINGTALK_APP_SECRET",
    "DINGTALK_ACCESS_TOKEN",
    "DINGTALK_BASE_URL",
    "DINGTALK_UNION_ID",
    "GREETING_FILE",
];

fn main() {
    let folder = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let target = PathBuf::from(folder).join(NAME);
    // Without these lines, cargo would run the build script after any change to the package.
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", target.display());
    for name in SETTINGS {
        println!("cargo::rerun-if-env-changed={name}");
    }
    if check(&target).is_ok() {
        return;
    }
    if let Err(why) = fetch(&target).and_then(|()| check(&target)) {
        let _ = fs::remove_file(&target);
        println!("cargo::error={why}");
        return;
    }
    // Cargo would run the build script again if the file were newer than this run.
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    let _ = fs::File::options().append(true).open(&target).and_then(|file| file.set_modified(long_ago));
}

/// Copies or downloads the file.
fn fetch(target: &Path) -> Result<(), String> {
    if let Some(copy) = env::var_os("GREETING_FILE").filter(|path| !path.is_empty()) {
        let copied = fs::copy(&copy, target).map(drop);
        return copied.map_err(|e| format!("GREETING_FILE, {}: {e}", copy.display()));
    }
    download(target).map_err(|why| {
        format!(
            "{NAME} cannot be downloaded: {why}. To build offline, set GREETING_FILE to a copy of the file"
        )
    })
}

fn download(target: &Path) -> Result<(), Box<dyn Error>> {
    let client = Client::from_env()?;
    let person = env::var("DINGTALK_UNION_ID")
        .map_err(|_| "DINGTALK_UNION_ID is not set: the union id of the person who reads the file")?;
    // With `resume`, a build after a kill continues the download.
    let file = client.file(SPACE_ID, DENTRY_ID, UnionId(&person)).version(VERSION);
    file.download().resume(true).max_bytes(SIZE).to_file(target)?;
    Ok(())
}

/// Checks that the file is the pinned one.
fn check(path: &Path) -> Result<(), String> {
    let bytes = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if (bytes.len() as u64, sha256.as_str()) == (SIZE, SHA256) {
        return Ok(());
    }
    Err(format!(
        "{NAME} is not the pinned file: it has {} bytes and SHA-256 {sha256}, but build.rs expects {SIZE} and {SHA256}",
        bytes.len()
    ))
}
