//! The target of a download to a file: resolved once, when the call begins.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, FileError, PathText, Result};

/// The file that a download ends in. Absolute from the first moment: the process may change its folder meanwhile.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    folder: PathBuf,
    name: OsString,
}

/// Longer names would make those of the files beside it too long for most file systems.
const LONGEST_NAME: usize = 200;

/// As many as Linux follows.
const MAX_LINKS: usize = 40;

impl Target {
    /// A link stands for the file that it points to. A folder, a device, a pipe or an open stream of a process is refused.
    #[inline]
    pub(crate) fn resolve(path: &Path) -> Result<Self> {
        let wrong = |why: &str| Error::InvalidArgument(format!("the target {} {why}", PathText(path)));
        // `a/` and `a/.` have the name `a` too, but can only be a folder.
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

    /// `NAME.dingtalk-SUFFIX` in the same folder.
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

/// The path behind links. `/dev/stdout` and its relatives are links too, but stand for an open stream: where that is
/// redirected to a file, to replace the file is not what is meant.
#[inline]
fn follow(mut path: PathBuf, wrong: &dyn Fn(&str) -> Error) -> Result<PathBuf> {
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {}
            // A name that is too long, for example: the part has another, and only the renaming would fail.
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
        // A dangling link does not say which file is meant.
        fs::metadata(&path).map_err(failed)?;
        path = folder.join(fs::read_link(&path).map_err(failed)?);
    }
    Err(FileError::new("follow the link", path, io::Error::other("too many links")).into())
}
