//! The partial file beside the target: one open handle, from its creation until it becomes the target.
//!
//! The handle guarantees that the published bytes are the checked bytes. Everything is written through the handle by
//! position, and the handle holds the lock. Before the part's name is relied on, the file of that name is compared with
//! the file of the handle.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::checkpoint::{Checkpoint, CompletedRange};
use super::context::TransferContext;
use super::target::Target;
use crate::base::error::{Error, FOLDER_OF, FileError, PathText, Result};

mod system;

pub(crate) use system::read_at;
use system::{is_same_file, is_usable, new_hidden, open_leftover, write_at};

/// The partial file and its checkpoint. Both are removed at the end, unless they are to be resumed.
#[derive(Debug)]
pub(crate) struct PartFile<'a> {
    target: &'a Target,
    file: File,
    path: PathBuf,
    checkpoint: PathBuf,
    new_checkpoint: PathBuf,
    /// Handle for the last sync. Opened at the start, because no descriptor may be left by then.
    folder: Option<File>,
    /// The file is at least this long, unless another program truncates it.
    extent: AtomicU64,
    is_kept: bool,
    /// Complete, but could not be put in place: the part must not be lost.
    is_finished: bool,
    is_published: bool,
}

const READ_BLOCK: usize = 256 * 1024;

/// A larger file is not a checkpoint: 10 000 ranges take less than a fifth of this.
const MAX_CHECKPOINT: u64 = 4 * 1024 * 1024;

/// Number of attempts while another process keeps removing and creating files of this name.
const ATTEMPTS: u32 = 20;

/// A process that another thread is starting briefly holds a copy of every handle, and with it the lock.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

impl<'a> PartFile<'a> {
    /// Opens or creates the part and locks it, so that only one download to a target runs at a time, in all processes.
    ///
    /// A folder that is not writable is an error before anything is sent. With `keep`, our own part of an earlier
    /// attempt is used, and this part is not lost whatever happens.
    #[inline]
    pub(crate) fn open(target: &'a Target, keep: bool) -> Result<Self> {
        let opened = system::open_folder(target.folder());
        let folder = opened.map_err(|cause| FileError::new(FOLDER_OF, target.path(), cause))?;
        let path = target.sibling("part");
        let file = claim(target, &path, keep)?;
        let (checkpoint, new_checkpoint) = (target.sibling("checkpoint"), target.sibling("checkpoint-new"));
        let extent = AtomicU64::new(0);
        Ok(Self {
            target,
            file,
            path,
            checkpoint,
            new_checkpoint,
            folder,
            extent,
            is_kept: keep,
            is_finished: false,
            is_published: false,
        })
    }

    #[inline]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Marks the content as useless to a later attempt.
    #[inline]
    pub(crate) fn discard(&mut self) {
        self.is_kept = false;
    }

    /// Starts again, without bytes and without a checkpoint.
    #[inline]
    pub(crate) fn reset(&self) -> Result<()> {
        let _ = fs::remove_file(&self.checkpoint);
        self.extent.store(0, Ordering::Relaxed);
        self.truncate(0)
    }

    /// Cuts off the bytes after `size`, which an earlier attempt for a larger object has left.
    #[inline]
    fn truncate(&self, size: u64) -> Result<()> {
        let cut = self
            .file
            .metadata()
            .and_then(|found| if found.len() > size { self.file.set_len(size) } else { Ok(()) });
        cut.map_err(|cause| FileError::new("empty", &self.path, cause).into())
    }

    /// Writes at a position of the file. Each connection has its own positions.
    ///
    /// A file that was truncated in the meantime would get a hole here, which a check of its size could not find later.
    #[inline]
    pub(crate) fn write_at(&self, bytes: &[u8], place: u64) -> io::Result<usize> {
        // Loaded before the length of the file, which other connections increase.
        let extent = self.extent.load(Ordering::Acquire);
        if self.file.metadata()?.len() < extent {
            return Err(io::Error::other("something else truncated it during the download"));
        }
        let written = write_at(&self.file, bytes, place)?;
        self.extent.fetch_max(place + written as u64, Ordering::AcqRel);
        Ok(written)
    }

    /// Replaces the checkpoint in one step.
    #[inline]
    pub(crate) fn save(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        // Remove a killed process's leftover; never follow a symlink.
        let _ = fs::remove_file(&self.new_checkpoint);
        let mut new = new_hidden(&self.new_checkpoint)?;
        new.write_all(&checkpoint.encode())?;
        drop(new);
        fs::rename(&self.new_checkpoint, &self.checkpoint)
    }

    /// Returns the checkpoint of an earlier attempt. Ignores a file that is not our own.
    #[inline]
    pub(crate) fn saved(&self) -> Option<Checkpoint> {
        let file = open_leftover(&self.checkpoint).ok()?;
        let found = file.metadata().ok()?;
        if !is_usable(&found, &self.file.metadata().ok()?) || found.len() > MAX_CHECKPOINT {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(MAX_CHECKPOINT).read_to_end(&mut bytes).ok()?;
        Checkpoint::decode(&bytes)
    }

    /// Returns the ranges of a checkpoint whose bytes on disk match their checksums. After a power failure, some may
    /// not.
    ///
    /// If the object is complete, its last byte is left out, so that it is fetched like any other gap. The response
    /// shows whether the object is still the same.
    #[inline]
    pub(crate) fn intact(
        &self,
        checkpoint: &Checkpoint,
        context: &TransferContext<'_>,
    ) -> Result<Vec<CompletedRange>> {
        let mut intact = Vec::new();
        self.truncate(checkpoint.size)?;
        for range in &checkpoint.ranges {
            let is_whole = checkpoint.ranges.len() == 1 && (range.start, range.end) == (0, checkpoint.size);
            let Some((crc64, shorter_crc64)) = self.checksums(range, context)? else { continue };
            if crc64 != range.crc64 {
                continue;
            }
            if is_whole {
                intact.push(CompletedRange { end: range.end - 1, crc64: shorter_crc64, ..*range });
            } else {
                intact.push(*range);
            }
        }
        intact.retain(|range| range.len() > 0);
        self.extent.store(intact.last().map_or(0, |range| range.end), Ordering::Relaxed);
        Ok(intact)
    }

    /// Returns the CRC-64 of a range, and of the range without its last byte. `None` if the range is incomplete or
    /// cannot be read, so that it is fetched again.
    #[inline]
    fn checksums(&self, range: &CompletedRange, context: &TransferContext<'_>) -> Result<Option<(u64, u64)>> {
        let mut digest = crc64fast::Digest::new();
        let mut shorter = 0;
        let mut block = vec![0; READ_BLOCK];
        let mut place = range.start;
        while place < range.end {
            context.check()?;
            let room = usize::try_from(range.end - place).unwrap_or(READ_BLOCK).min(READ_BLOCK);
            let read = match read_at(&self.file, block.get_mut(..room).unwrap_or_default(), place) {
                Ok(0) => return Ok(None),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(None),
            };
            place += read as u64;
            let (last, before) = block.get(..read).and_then(<[u8]>::split_last).unwrap_or((&0, &[]));
            digest.write(before);
            shorter = digest.sum64();
            digest.write(&[*last]);
        }
        Ok(Some((digest.sum64(), shorter)))
    }

    /// Makes the part the target, with exactly the `size` bytes that were checked. Afterwards, even after a power
    /// failure, the target is the whole new file or the old one.
    #[inline]
    pub(crate) fn publish(&mut self, size: u64, no_clobber: bool) -> Result<()> {
        let part = |action, cause| Error::from(FileError::new(action, &self.path, cause));
        let found = self.file.metadata().map_err(|cause| part("read", cause))?;
        // Never extended: bytes that were not written were not checked.
        if found.len() != size {
            let why =
                format!("it has {} bytes, and {size} were written: something else changed it", found.len());
            return Err(part("use", io::Error::other(why)));
        }
        self.check_name().map_err(|cause| part("use", cause))?;
        system::sync(&self.file).map_err(|cause| part("write", cause))?;
        // Set only after the bytes are on disk, because a part that is kept must stay writable.
        self.set_permissions(&found, no_clobber).map_err(|cause| part("set the permissions of", cause))?;
        let target = self.target.path();
        let placed = if no_clobber { self.place_if_absent() } else { self.place() };
        placed.map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists if no_clobber => Error::TargetExists { path: Box::from(target) },
            _ => FileError::new("move the finished download to", target, cause).into(),
        })?;
        self.is_published = true;
        let _ = fs::remove_file(&self.checkpoint);
        // A new name is on disk only after the folder is synced.
        self.folder.as_ref().map_or(Ok(()), system::sync).map_err(|cause| {
            let folder = self.target.folder();
            FileError::new("sync the finished download's folder", folder, cause).into()
        })
    }

    /// Checks that the file with the part's name is the file of the handle.
    #[inline]
    fn check_name(&self) -> io::Result<()> {
        if is_same_file(&self.file, &self.path) {
            return Ok(());
        }
        Err(io::Error::other("something else replaced it during the download"))
    }

    /// Sets the permissions of the part. A target that must not be replaced passes nothing on.
    #[inline]
    fn set_permissions(&self, found: &Metadata, no_clobber: bool) -> io::Result<()> {
        let old = fs::metadata(self.target.path()).ok().filter(|old| old.is_file() && !no_clobber);
        let (folder, probe) = (self.folder.as_ref(), &self.new_checkpoint);
        match system::set_permissions(&self.file, found, old.as_ref(), folder, probe) {
            // The file system has no permissions, or does not allow changing them.
            Err(e) if matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => {
                Ok(())
            }
            other => other,
        }
    }

    #[inline]
    fn place(&mut self) -> io::Result<()> {
        let renamed = rename(&self.path, self.target.path(), true);
        if !renamed.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::ResourceBusy && cfg!(unix)) {
            return renamed;
        }
        // A bind mount, such as a single file of a container, cannot be renamed over. The file itself must be
        // written.
        self.copy_to_target().map_err(|e| {
            self.is_finished = true;
            let why = format!("{e}; the finished download is kept as {}", PathText(&self.path));
            io::Error::new(e.kind(), why)
        })
    }

    #[inline]
    fn copy_to_target(&self) -> io::Result<()> {
        let mut target = OpenOptions::new().write(true).open(self.target.path())?;
        let (mut block, mut place) = (vec![0; READ_BLOCK], 0);
        loop {
            let read = match read_at(&self.file, &mut block, place) {
                Ok(0) => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            target.write_all(block.get(..read).unwrap_or_default())?;
            place += read as u64;
        }
        target.set_len(place)?;
        system::sync(&target)?;
        fs::remove_file(&self.path)
    }

    /// Renames without ever replacing, by a second name for the same file. On a file system without hard links, checks
    /// for the target first. A kill in between leaves the second name, which [`claim`] removes when the next download
    /// starts.
    #[inline]
    fn place_if_absent(&self) -> io::Result<()> {
        let (from, to) = (&self.path, self.target.path());
        // If the checkpoint is gone, a part that a kill left with two names is recognized as useless.
        let checkpoint = self.saved().filter(|_| !self.target.exists());
        if checkpoint.is_some() {
            let _ = fs::remove_file(&self.checkpoint);
        }
        let placed = match fs::hard_link(from, to) {
            Ok(()) => Ok(()),
            // On a network file system, the response to a successful link may get lost, and the repeated link then
            // fails.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && is_same_file(&self.file, to) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
            Err(_) => return rename(from, to, false),
        };
        match &placed {
            Ok(()) => drop(fs::remove_file(from)),
            Err(_) => drop(checkpoint.map(|checkpoint| self.save(&checkpoint))),
        }
        placed
    }
}

impl Drop for PartFile<'_> {
    #[inline]
    fn drop(&mut self) {
        // The part is published, or its name has been taken by a file that is not ours.
        if self.is_published || self.check_name().is_err() {
            return;
        }
        let is_empty = self.file.metadata().is_ok_and(|found| found.len() == 0);
        if !(self.is_kept || self.is_finished) || is_empty {
            // Remove the part first: a checkpoint without its part only leads to a fresh start.
            let _ = fs::remove_file(&self.path);
            let _ = fs::remove_file(&self.checkpoint);
        }
        let _ = fs::remove_file(&self.new_checkpoint);
    }
}

/// Returns a part of our own that nobody else uses: a new part, or with `keep` the part of an earlier attempt.
#[inline]
fn claim(target: &Target, path: &Path, keep: bool) -> Result<File> {
    let failed = |cause| Error::from(FileError::new("write", path, cause));
    for _ in 0..ATTEMPTS {
        let made = match new_hidden(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => None,
            made => Some(made.map_err(failed)?),
        };
        let is_new = made.is_some();
        let file = match made {
            Some(file) => file,
            None => match open_leftover(path) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) if system::is_locked(path, &e) => return Err(busy(target)),
                // A link, a pipe, a folder, or a file of another user.
                Err(_) => {
                    remove_leftover(path)?;
                    continue;
                }
            },
        };
        if !lock(&file).map_err(failed)? {
            return Err(busy(target));
        }
        if !is_same_file(&file, path) {
            // The lock is on a file that has been removed.
            continue;
        }
        if is_new || (keep && system::adopt(&file, &target.sibling("checkpoint-new"))) {
            return Ok(file);
        }
        remove_leftover(path)?;
    }
    // Other processes keep creating and publishing files of this name.
    Err(busy(target))
}

#[inline]
fn busy(target: &Target) -> Error {
    Error::TargetBusy { path: Box::from(target.path()) }
}

/// Returns whether the lock is ours now. On a file system without locks, the download proceeds, and the handle keeps
/// two downloads from mixing.
#[inline]
fn lock(file: &File) -> io::Result<bool> {
    let attempt = || match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(true),
    };
    let is_held = |e: &io::Error| e.kind() == io::ErrorKind::WouldBlock;
    match retry_while_busy(LOCK_ATTEMPTS, is_held, attempt, || std::thread::sleep(LOCK_PAUSE)) {
        Err(e) if is_held(&e) => Ok(false),
        decided => decided,
    }
}

#[inline]
fn remove_leftover(path: &Path) -> Result<()> {
    let removed = match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    removed.map_err(|cause| {
        let why = io::Error::new(
            cause.kind(),
            format!("{}, and cannot be replaced: {cause}", system::describe(path)),
        );
        FileError::new("use", path, why).into()
    })
}

/// Renames a file, and replaces an existing target only if `may_replace` is set.
///
/// Windows does not allow replacing or renaming an open file, and a virus scanner opens every new file for a moment. On
/// other systems, there is one attempt.
#[inline]
fn rename(from: &Path, to: &Path, may_replace: bool) -> io::Result<()> {
    const RENAME_ATTEMPTS: u32 = if cfg!(windows) { 50 } else { 1 };
    const PAUSE: Duration = Duration::from_millis(100);
    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION
    let is_in_use = |e: &io::Error| matches!(e.raw_os_error(), Some(5 | 32));
    let attempt = || {
        if !may_replace && fs::symlink_metadata(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(from, to)
    };
    retry_while_busy(RENAME_ATTEMPTS, is_in_use, attempt, || std::thread::sleep(PAUSE))
}

/// Makes at most this many attempts, with a pause in between, while the system reports that a file is in use.
#[inline]
fn retry_while_busy<T>(
    attempts: u32,
    is_in_use: impl Fn(&io::Error) -> bool,
    mut attempt: impl FnMut() -> io::Result<T>,
    mut pause: impl FnMut(),
) -> io::Result<T> {
    for _ in 1..attempts {
        match attempt() {
            Err(e) if is_in_use(&e) => pause(),
            decided => return decided,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_end_when_the_file_is_free_or_the_attempts_are_used_up() {
        let wait_for = |free_after: u32| {
            let (mut attempts, mut pauses) = (0, 0);
            let attempt = || {
                attempts += 1;
                if attempts > free_after { Ok(attempts) } else { Err(io::ErrorKind::AddrInUse.into()) }
            };
            let got = retry_while_busy(10, |e| e.kind() == io::ErrorKind::AddrInUse, attempt, || pauses += 1);
            (got.map_err(|e| e.kind()), pauses)
        };
        assert_eq!(wait_for(0), (Ok(1), 0));
        assert_eq!(wait_for(2), (Ok(3), 2));
        assert_eq!(wait_for(9), (Ok(10), 9));
        assert_eq!(wait_for(10), (Err(io::ErrorKind::AddrInUse), 9));
        let denied = || Err::<(), _>(io::ErrorKind::PermissionDenied.into());
        let other =
            retry_while_busy(10, |e| e.kind() == io::ErrorKind::AddrInUse, denied, || panic!("waited"));
        assert_eq!(other.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
