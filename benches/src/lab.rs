//! What the rows need: folders, programs, an origin.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Result;
use crate::child;
use crate::origin::Origin;
use crate::python::Python;

pub const MIB: u64 = 1024 * 1024;

/// The folder of this crate.
pub const HOME: &str = env!("CARGO_MANIFEST_DIR");

pub struct Lab {
    pub is_quick: bool,
    folder: TempDir,
    origin: OnceCell<Result<Origin, String>>,
    python: OnceCell<Result<Python, String>>,
}

impl Lab {
    pub fn open(is_quick: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("dingtalk-files-benches-").tempdir()?;
        Ok(Self { is_quick, folder, origin: OnceCell::new(), python: OnceCell::new() })
    }

    /// How many rounds, where `usual` are needed for a good figure.
    pub fn rounds(&self, usual: usize) -> usize {
        if self.is_quick { 2.min(usual) } else { usual }
    }

    /// A path on disk for what is downloaded.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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

/// Cargo's, where this program lies too.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(HOME).join("target"), PathBuf::from)
}

/// A tool from the system's packages.
pub fn tool(name: &'static str, package: &str) -> Result<&'static str> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    // Where Debian puts nginx, and where a user's path may not lead.
    let folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
    if folders.into_iter().any(|folder| folder.join(name).is_file()) {
        return Ok(name);
    }
    Err(format!("{name} is not installed (apt-get install {package})").into())
}

pub fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}
