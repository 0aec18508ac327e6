//! The target of a download to a file, resolved once when the call begins.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, FileError, PathText, Result};

/// The target file of a download. Absolute from the beginning, because the process may change its working folder.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    folder: PathBuf,
    name: OsString,
}

/// Longest name that is kept for the files beside the target. With longer names, theirs would be too long for most file
/// systems.
const LONGEST_NAME: usize = 200;

/// Maximum number of links to follow, as on Linux.
const MAX_LINKS: usize = 40;

impl Target {
    /// Resolves a path. A link stands for the file that it points to. A folder, a device, a pipe or an open stream of a
    /// process is refused.
    #[inline]
    pub(crate) fn resolve(path: &Path) -> Result<Self> {
        let wrong = |why: &str| Error::InvalidArgument(format!("the target {} {why}", PathText(path)));
        // `a/` and `a/.` also have the name `a`, but can only be a folder.
        let ends_in_name =
            |name: &OsStr| path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes());
        let Some(name) = path.file_name() else { return Err(wrong("does not name a file")) };
        if !ends_in_name(name) {
            return Err(wrong("names a folder; name a file in it"));
        }
        let absolute = std::path::absolute(path).map_err(|cause| FileError::new("find", path, cause))?;
        let path = follow(absolute, &wrong)?;
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(wrong("is a folder; name a file in it")),
            Ok(found) if !found.is_file() => {
                return Err(wrong("is not a regular file; open it and use `to_writer`"));
            }
            _ => {}
        }
        let name = path.file_name().ok_or_else(|| wrong("does not name a file"))?.to_owned();
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Self { path, folder, name })
    }

    #[inline]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    #[inline]
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    #[inline]
    pub(crate) fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Returns the path of `NAME.dingtalk-SUFFIX` in the same folder.
    #[inline]
    pub(crate) fn sibling(&self, suffix: &str) -> PathBuf {
        let mut name = self.name.clone();
        if name.len() > LONGEST_NAME {
            let mut digest = crc64fast::Digest::new();
            digest.write(name.as_encoded_bytes());
            name = format!("{:016x}", digest.sum64()).into();
        }
        name.push(".dingtalk-");
        name.push(suffix);
        self.folder.join(name)
    }
}

/// Follows links. `/dev/stdout` and similar paths are links too, but stand for an open stream. If the stream is
/// redirected to a file, the caller does not mean to replace that file.
#[inline]
fn follow(mut path: PathBuf, wrong: &dyn Fn(&str) -> Error) -> Result<PathBuf> {
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {}
            // For example, the name is too long. The part has a shorter name, so only the rename would fail.
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::new("write", path, cause).into());
            }
            _ => return Ok(path),
        }
        let failed = |cause| FileError::new("follow the link", &path, cause);
        let folder = path.parent().map(fs::canonicalize).transpose().map_err(failed)?.unwrap_or_default();
        if cfg!(unix) && (folder == Path::new("/dev") || folder.starts_with("/proc")) {
            return Err(wrong("is an open stream, not a file of its own; use `to_writer`"));
        }
        // A dangling link does not show which file is meant.
        fs::metadata(&path).map_err(failed)?;
        path = folder.join(fs::read_link(&path).map_err(failed)?);
    }
    Err(FileError::new("follow the link", path, io::Error::other("too many links")).into())
}
