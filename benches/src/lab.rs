//! Resources of the rows: folders, programs and an origin.

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
/// The space that the folder in memory needs for many small files, in bytes.
const NEEDED: u64 = 256 * MIB;

pub struct Lab {
    pub is_quick: bool,
    /// The number of files in the row `small-files`.
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

    /// Returns the number of rounds. `usual` rounds are needed for a reliable figure.
    pub fn rounds(&self, usual: usize) -> usize {
        if self.is_quick { 2.min(usual) } else { usual }
    }

    /// Returns a path on disk for a download.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns a path in memory for a download, if the system has such a folder.
    pub fn scratch_in_memory(&self, name: &str) -> Option<PathBuf> {
        let make = || tempfile::Builder::new().prefix(PREFIX).tempdir_in(memory_folder(NEEDED)?).ok();
        self.memory.get_or_init(make).as_ref().map(|folder| folder.path().join(name))
    }

    /// Returns the origin, which is started on first use.
    pub fn origin(&self) -> Result<&Origin> {
        let big = if self.is_quick { 64 } else { 1024 } * MIB;
        let origin = self.origin.get_or_init(|| Origin::start(big).map_err(|e| e.to_string()));
        origin.as_ref().map_err(|e| e.clone().into())
    }

    /// Returns the Python environment, which is installed on first use.
    pub fn python(&self) -> Result<&Python> {
        self.python
            .get_or_init(|| Python::find().map_err(|e| e.to_string()))
            .as_ref()
            .map_err(|e| e.clone().into())
    }

    /// Builds a program of `programs/`. `name` is the name of its package.
    ///
    /// Each program is built separately, so that features of other programs do not affect it.
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
