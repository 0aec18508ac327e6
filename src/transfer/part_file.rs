//! The partial file beside the target, and how it becomes the target: all at once or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checkpoint::{Checkpoint, CompletedRange};
use super::monitor::Monitor;
use super::patience::patiently;
use crate::base::error::{Error, FileError, Result};

/// Where a download goes in the end.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    folder: PathBuf,
    name: OsString,
}

/// Longer names would make those of the files beside it too long for most file systems.
const LONGEST_NAME: usize = 200;

impl Target {
    /// A link stands for what it points to. What exists and is no file (a folder, a device) is refused.
    #[inline]
    pub(crate) fn resolve(path: &Path) -> Result<Self> {
        let wrong = |why: &str| Error::InvalidArgument(format!("the target {} {why}", path.display()));
        // `a/` and `a/.` have the name `a` too, but can only be a folder.
        let ends_in_name =
            |name: &OsStr| path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes());
        if path.file_name().is_some_and(|name| !ends_in_name(name)) {
            return Err(wrong("names a folder; name a file in it"));
        }
        let path = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => {
                fs::canonicalize(path).map_err(|cause| FileError::new("follow the link", path, cause))?
            }
            // A name that is too long, for example: the part has another, and only the renaming would fail.
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::new("write", path, cause).into());
            }
            _ => path.to_owned(),
        };
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(wrong("is a folder; name a file in it")),
            Ok(found) if !found.is_file() => {
                return Err(wrong("is no regular file; open it and use `to_writer`"));
            }
            _ => {}
        }
        let name = path.file_name().ok_or_else(|| wrong("names no file"))?.to_owned();
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Ok(Self { path, folder, name })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code))]
    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    pub(crate) fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// `NAME.dingtalk-SUFFIX` in the same folder.
    #[inline]
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
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

/// The partial file and its checkpoint. Both are removed in the end, unless they are to be resumed.
#[derive(Debug)]
pub(crate) struct PartFile<'a> {
    target: &'a Target,
    path: PathBuf,
    checkpoint: PathBuf,
    new_checkpoint: PathBuf,
    is_kept: bool,
}

const READ_BLOCK: usize = 256 * 1024;

impl<'a> PartFile<'a> {
    /// Opens or makes it, so that a folder one cannot write to is known before anything is sent. Needs the lock. `keep`:
    /// whatever happens from now on, what is there is not lost.
    #[inline]
    pub(crate) fn open(target: &'a Target, keep: bool) -> Result<Self> {
        let mut part = Self {
            target,
            path: target.beside("part"),
            checkpoint: target.beside("checkpoint"),
            new_checkpoint: target.beside("checkpoint-new"),
            is_kept: true,
        };
        // Not through a link that somebody has put there, and not over what is no file of ours.
        if fs::symlink_metadata(&part.path).is_ok_and(|found| !found.is_file()) {
            let cause = io::Error::new(io::ErrorKind::AlreadyExists, "it is no regular file");
            return Err(FileError::new("write", &part.path, cause).into());
        }
        open_hidden_as(target, &part.path).map_err(|cause| FileError::new("write", &part.path, cause))?;
        part.is_kept = keep;
        Ok(part)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It can be resumed: it is there, and its checkpoint.
    #[inline]
    pub(crate) fn is_resumable(&self) -> bool {
        self.is_kept && self.path.exists() && self.saved().is_some()
    }

    /// What is there is of no use to anybody.
    pub(crate) fn discard(&mut self) {
        self.is_kept = false;
    }

    /// Begins anew: no bytes and no checkpoint.
    #[inline]
    pub(crate) fn reset(&self) -> Result<()> {
        let _ = fs::remove_file(&self.checkpoint);
        let emptied = OpenOptions::new().write(true).truncate(true).open(&self.path);
        emptied.map(drop).map_err(|cause| FileError::new("empty", &self.path, cause).into())
    }

    /// For the bytes from `start` on. Each writer has a handle, and so a position, of its own.
    #[inline]
    pub(crate) fn writer_at(&self, start: u64) -> Result<File> {
        let opened = OpenOptions::new().write(true).open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(start))?;
            Ok(file)
        });
        opened.map_err(|cause| FileError::new("write", &self.path, cause).into())
    }

    /// Replaces the checkpoint at once.
    #[inline]
    pub(crate) fn save(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        // What a kill has left there, and not what a link there points to.
        let _ = fs::remove_file(&self.new_checkpoint);
        let mut new = OpenOptions::new().write(true).create_new(true).open(&self.new_checkpoint)?;
        new.write_all(&checkpoint.encode())?;
        drop(new);
        fs::rename(&self.new_checkpoint, &self.checkpoint)
    }

    #[inline]
    pub(crate) fn saved(&self) -> Option<Checkpoint> {
        Checkpoint::decode(&fs::read(&self.checkpoint).ok()?)
    }

    /// `None` behind its end.
    #[inline]
    pub(crate) fn byte_at(&self, place: u64) -> Result<Option<u8>> {
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(place))?;
            let mut byte = [0];
            let read = file.read(&mut byte)?;
            Ok(byte.first().copied().filter(|_| read == 1))
        });
        read.map_err(|cause| FileError::new("read", &self.path, cause).into())
    }

    /// Of the pieces of a checkpoint those that are on disk as they should be. A power failure may have left others.
    #[inline]
    pub(crate) fn intact(
        &self,
        pieces: &[CompletedRange],
        monitor: &Monitor<'_>,
    ) -> Result<Vec<CompletedRange>> {
        let Ok(mut file) = File::open(&self.path) else { return Ok(Vec::new()) };
        let mut intact = Vec::new();
        for piece in pieces {
            if checksum(&mut file, piece, monitor)? == Some(piece.crc64) {
                intact.push(*piece);
            }
        }
        Ok(intact)
    }

    /// Makes it the target, of exactly `size` bytes. Afterwards, also after a power failure, there is the whole file or what
    /// was there before.
    #[inline]
    pub(crate) fn publish(&mut self, size: u64, no_clobber: bool) -> Result<()> {
        let (path, target) = (&self.path, self.target.path());
        let file_error = |action, path: &Path, cause| Error::from(FileError::new(action, path, cause));
        let file = OpenOptions::new().write(true).open(path);
        let file = file.map_err(|cause| file_error("write", path, cause))?;
        // An earlier try may have been for a larger object.
        file.set_len(size).map_err(|cause| file_error("write", path, cause))?;
        file.sync_all().map_err(|cause| file_error("write", path, cause))?;
        // What must not be replaced hands nothing on: the part may be kept, and has to stay writable. For the same reason not
        // before the bytes are on disk, which takes its time.
        if let Some(old) = fs::metadata(target).ok().filter(|old| old.is_file() && !no_clobber) {
            // Who may read the old one may read the new one, and nobody else.
            like(&old, &file, false)
                .and_then(|permissions| file.set_permissions(permissions))
                .map_err(|cause| file_error("set the permissions of", path, cause))?;
        }
        drop(file);
        let placed = if no_clobber { self.rename_if_absent() } else { rename(path, target, true) };
        placed.map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists if no_clobber => Error::TargetExists { path: Box::from(target) },
            _ => file_error("put the finished download in the place of", target, cause),
        })?;
        self.is_kept = false;
        sync_folder(self.target.folder()).map_err(|cause| {
            file_error("bring the name of the finished download to disk in", self.target.folder(), cause)
        })
    }

    /// A rename that never replaces, by a second name for the same file; where a file system has none, by looking first. A kill
    /// in between leaves the second name, with which [`open_hidden_as`] deals when the next download begins.
    #[inline]
    fn rename_if_absent(&self) -> io::Result<()> {
        let (from, to) = (&self.path, self.target.path());
        let checkpoint = self.saved().filter(|_| !cfg!(unix) && !self.target.exists());
        if checkpoint.is_some() {
            // Without it the part is known to be of no use.
            let _ = fs::remove_file(&self.checkpoint);
        }
        let placed = match fs::hard_link(from, to) {
            Ok(()) => {
                let _ = fs::remove_file(from);
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
            Err(_) => rename(from, to, false),
        };
        if let (Err(_), Some(checkpoint)) = (&placed, checkpoint) {
            let _ = self.save(&checkpoint);
        }
        placed
    }
}

impl Drop for PartFile<'_> {
    #[inline]
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.new_checkpoint);
        let is_empty = fs::metadata(&self.path).is_ok_and(|found| found.len() == 0);
        if !self.is_kept || is_empty {
            // The part first: a checkpoint without its part is only a fresh start.
            let _ = fs::remove_file(&self.path);
            let _ = fs::remove_file(&self.checkpoint);
        }
    }
}

/// `None` when it is not all there or cannot be read: then it is fetched again.
#[inline]
fn checksum(file: &mut File, piece: &CompletedRange, monitor: &Monitor<'_>) -> Result<Option<u64>> {
    let mut digest = crc64fast::Digest::new();
    let mut block = vec![0; READ_BLOCK];
    if file.seek(SeekFrom::Start(piece.start)).is_err() {
        return Ok(None);
    }
    let mut bytes = file.take(piece.len());
    loop {
        monitor.check()?;
        match bytes.read(&mut block) {
            Ok(0) => break,
            Ok(n) => digest.write(block.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(None),
        }
    }
    Ok((bytes.limit() == 0).then(|| digest.sum64()))
}

/// Nobody may read the new content who may not read the old one, from the first byte on.
#[inline]
fn open_hidden_as(target: &Target, part: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let left = fs::symlink_metadata(part).ok();
    #[cfg(unix)]
    if let Some(left) = &left {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        if left.nlink() > 1 {
            // A target that got its name by a link, when the process was killed before the other one was removed.
            fs::remove_file(part)?;
        } else {
            // A kill just before the renaming may have left it without.
            fs::set_permissions(part, fs::Permissions::from_mode(left.permissions().mode() | 0o600))?;
        }
    }
    #[cfg(not(unix))]
    if let Some(left) = &left {
        if left.permissions().readonly() {
            let mut permissions = left.permissions();
            #[expect(clippy::permissions_set_readonly_false, reason = "it means more on unix only")]
            permissions.set_readonly(false);
            fs::set_permissions(part, permissions)?;
        }
        // Nothing tells here how many names a file has; but the checkpoint goes before there are two.
        if !target.beside("checkpoint").exists() {
            fs::remove_file(part)?;
        }
    }
    #[cfg(unix)]
    if let Ok(old) = fs::metadata(target.path()) {
        use std::os::unix::fs::OpenOptionsExt;
        let part = options.mode(0o600).open(part)?;
        return part.set_permissions(like(&old, &part, true)?);
    }
    options.open(part).map(drop)
}

/// The permissions of the old file for the new one. Another group gets nothing of what the old one's had; and whatever the
/// old one allows, the owner has to be able to write a part.
#[inline]
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "on unix it can fail"))]
fn like(old: &fs::Metadata, new: &File, is_part: bool) -> io::Result<fs::Permissions> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let others = if new.metadata()?.gid() == old.gid() { 0 } else { 0o070 };
        let writable = if is_part { 0o600 } else { 0 };
        Ok(fs::Permissions::from_mode((old.permissions().mode() & !others) | writable))
    }
    #[cfg(not(unix))]
    {
        let _ = (new, is_part);
        Ok(old.permissions())
    }
}

/// A rename, and whether it may replace what it finds. Windows lets nobody replace what somebody has open, or rename it; a
/// scanner for viruses opens every new file for a moment. Elsewhere there is one try.
#[inline]
fn rename(from: &Path, to: &Path, may_replace: bool) -> io::Result<()> {
    const LOOKS: u32 = if cfg!(windows) { 50 } else { 1 };
    const PAUSE: Duration = Duration::from_millis(100);
    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION
    let is_in_use = |e: &io::Error| matches!(e.raw_os_error(), Some(5 | 32));
    let look = || {
        if !may_replace && fs::symlink_metadata(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(from, to)
    };
    patiently(LOOKS, is_in_use, look, || std::thread::sleep(PAUSE))
}

/// The new name is on disk only when the folder is.
#[inline]
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // A folder one may write to and not read, or a file system that cannot: nothing more can be done.
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}
