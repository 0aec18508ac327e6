//! What the rows need: folders, programs, an origin.

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::Result;
use crate::child;
use crate::origin::Origin;
use crate::places::{HOME, MIB, memory_folder, target_folder};
use crate::python::Python;

const PREFIX: &str = "dingtalk-files-benches-";
/// A folder in memory, for many small files.
const NEEDED: u64 = 256 * MIB;

pub struct Lab {
    pub is_quick: bool,
    /// The number of files in the row of small ones.
    pub files: u32,
    folder: TempDir,
    memory: OnceCell<Option<TempDir>>,
    origin: OnceCell<Result<Origin, String>>,
    python: OnceCell<Result<Python, String>>,
}

impl Lab {
    pub fn open(is_quick: bool, files: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let (memory, origin, python) = Default::default();
        Ok(Self { is_quick, files, folder, memory, origin, python })
    }

    /// How many rounds, where `usual` are needed for a good figure.
    pub fn rounds(&self, usual: usize) -> usize {
        if self.is_quick { 2.min(usual) } else { usual }
    }

    /// A path on disk for what is downloaded.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in memory for what is downloaded, if this system has such a place.
    pub fn scratch_in_memory(&self, name: &str) -> Option<PathBuf> {
        let make = || tempfile::Builder::new().prefix(PREFIX).tempdir_in(memory_folder(NEEDED)?).ok();
        self.memory.get_or_init(make).as_ref().map(|folder| folder.path().join(name))
    }

    /// Started when it is first needed.
    pub fn origin(&self) -> Result<&Origin> {
        let big = if self.is_quick { 64 } else { 1024 } * MIB;
        let origin = self.origin.get_or_init(|| Origin::start(big).map_err(|e| e.to_string()));
        origin.as_ref().map_err(|e| e.clone().into())
    }

    /// Installed when it is first needed.
    pub fn python(&self) -> Result<&Python> {
        self.python
            .get_or_init(|| Python::find().map_err(|e| e.to_string()))
            .as_ref()
            .map_err(|e| e.clone().into())
    }

    /// One of `programs/`, built by itself so that no other one's features get into it. `name` is that of its package.
    pub fn program(&self, name: &str, features: &str) -> Result<PathBuf> {
        let copy = self.scratch(&format!("{name}-{features}"));
        if copy.exists() {
            return Ok(copy);
        }
        println!("building {name} {features}");
        let target = target_folder();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--release", "--locked", "--package", name]).current_dir(HOME);
        build.args(["--features", features]).env("CARGO_TARGET_DIR", &target);
        child::run(&mut build)?;
        fs::copy(target.join("release").join(name), &copy)?;
        Ok(copy)
    }
}
