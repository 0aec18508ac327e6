//! A temporary folder, removed when the test ends, with helpers that inspect its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use dingtalk_files::testing::Content;
use serde_json::Value;

/// Default target of the tests, and the names of the two files beside it.
pub(super) const NAME: &str = "file.bin";
pub(super) const PART: &str = "file.bin.dingtalk-part";
pub(super) const CHECKPOINT: &str = "file.bin.dingtalk-checkpoint";

pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dingtalk-files-it-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn target(&self) -> PathBuf {
        self.join(NAME)
    }

    pub(super) fn part(&self) -> PathBuf {
        self.join(PART)
    }

    pub(super) fn checkpoint(&self) -> PathBuf {
        self.join(CHECKPOINT)
    }

    /// Names of all entries, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        names_in(&self.0)
    }

    /// Asserts that the folder contains only `name`, with this content.
    #[track_caller]
    pub(super) fn assert_only(&self, name: &str, content: &Content) {
        assert_eq!(self.names(), [name]);
        assert_content(&self.join(name), content);
    }

    /// Returns the checkpoint as a JSON value, without its first line.
    pub(super) fn read_checkpoint(&self) -> Value {
        let text = fs::read_to_string(self.checkpoint()).unwrap();
        serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
    }

    /// Writes a checkpoint as the crate does, with a matching first line.
    pub(super) fn write_checkpoint(&self, value: &Value) {
        self.write_checkpoint_of_format("1", value);
    }

    pub(super) fn write_checkpoint_of_format(&self, format: &str, value: &Value) {
        let body = value.to_string();
        let text = format!("dingtalk-files checkpoint {format} {:016x}\n{body}", crc(body.as_bytes()));
        fs::write(self.checkpoint(), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Compares the whole content, without printing megabytes on failure.
#[track_caller]
pub(super) fn assert_content(path: &Path, content: &Content) {
    let found = fs::read(path).unwrap();
    let expected = content.bytes(0..content.len());
    if found != expected {
        let differing = found.iter().zip(&expected).position(|(a, b)| a != b);
        let (found, expected) = (found.len(), expected.len());
        panic!("{found} bytes instead of {expected}, the first difference at {differing:?}");
    }
}

pub(super) fn crc(bytes: &[u8]) -> u64 {
    let mut digest = crc64fast::Digest::new();
    digest.write(bytes);
    digest.sum64()
}
