//! Differences between systems: identity, owner, permissions, positioned I/O, and sync.

#[cfg(unix)]
use std::fs;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(not(unix))]
pub(crate) use other::read_at;
#[cfg(not(unix))]
pub(super) use other::{adopt, describe, is_same_file, is_usable, set_permissions, write_at};
#[cfg(unix)]
pub(crate) use unix::read_at;
#[cfg(unix)]
pub(super) use unix::{adopt, describe, is_same_file, is_usable, set_permissions, write_at};

/// Creates a file that only its owner can read. A user who may not read the old content cannot read the new content,
/// from the first byte on.
#[inline]
pub(super) fn new_hidden(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a file that an earlier attempt or another program has left. Never follows a link, and never waits for a pipe.
#[inline]
pub(super) fn open_leftover(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options.open(path)
}

/// Syncs the content to disk, if the file system supports that.
#[inline]
pub(super) fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(e) if is_unsupported(&e) => Ok(()),
        other => other,
    }
}

/// Opens the folder, so that it can be synced to disk. `None` if that is impossible: on Windows, and in a folder that
/// is writable but not readable.
#[inline]
pub(super) fn open_folder(folder: &Path) -> io::Result<Option<File>> {
    if !cfg!(unix) {
        return Ok(None);
    }
    match File::open(folder) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        opened => opened.map(Some),
    }
}

#[inline]
fn is_unsupported(e: &io::Error) -> bool {
    #[cfg(unix)]
    let is_no_ioctl = e.raw_os_error() == Some(libc::ENOTTY);
    #[cfg(not(unix))]
    let is_no_ioctl = false;
    is_no_ioctl || matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// Returns whether the file that could not be opened is another user's part in use. A process that may not open a file
/// cannot test its lock, but Linux lists the locks by inode number.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[inline]
pub(super) fn is_locked(path: &Path, e: &io::Error) -> bool {
    use std::os::unix::fs::MetadataExt;
    if e.kind() != io::ErrorKind::PermissionDenied {
        return false;
    }
    let found = fs::symlink_metadata(path).ok().filter(Metadata::is_file);
    let (Some(found), Ok(locks)) = (found, fs::read_to_string("/proc/locks")) else { return false };
    lists(&locks, found.ino())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[inline]
pub(super) fn is_locked(_: &Path, _: &io::Error) -> bool {
    false
}

/// Returns whether `/proc/locks` lists a lock on the file with this inode number: `1: FLOCK  ADVISORY  WRITE 1234
/// fd:01:5678 0 EOF`, where 1234 is a process.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[inline]
fn lists(locks: &str, number: u64) -> bool {
    let number = number.to_string();
    locks.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some("FLOCK")
            && fields.nth(3).and_then(|file| file.rsplit(':').next()) == Some(number.as_str())
    })
}

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::io::Read;
    use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use super::{File, Metadata, OpenOptions, Path, fs, io};

    #[inline]
    pub(crate) fn read_at(file: &File, bytes: &mut [u8], place: u64) -> io::Result<usize> {
        file.read_at(bytes, place)
    }

    pub(in super::super) fn write_at(file: &File, bytes: &[u8], place: u64) -> io::Result<usize> {
        file.write_at(bytes, place)
    }

    /// Returns whether this name is a name of the open file. A link of this name does not count.
    #[inline]
    pub(in super::super) fn is_same_file(file: &File, path: &Path) -> bool {
        let numbers = |found: io::Result<Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
        let held = numbers(file.metadata());
        held.is_some() && held == numbers(fs::symlink_metadata(path))
    }

    /// Returns whether the file is a regular file with one name, and has the owner of our own file.
    #[inline]
    pub(in super::super) fn is_usable(found: &Metadata, own: &Metadata) -> bool {
        found.is_file() && found.nlink() == 1 && found.uid() == own.uid()
    }

    /// Returns whether the part of an earlier attempt can be used: a regular file of our own with one name. `probe` is
    /// a free name.
    ///
    /// A part has two names if its target was created by a link, and the process was killed before it removed the
    /// part's name.
    #[inline]
    pub(in super::super) fn adopt(file: &File, probe: &Path) -> bool {
        let own = Probe::new(probe, 0o600).and_then(|probe| probe.0.metadata());
        let Ok((found, own)) = file.metadata().and_then(|found| Ok((found, own?))) else { return false };
        is_usable(&found, &own) && file.set_permissions(Permissions::from_mode(0o600)).is_ok()
    }

    /// Gives the part the permissions that the target is to have.
    #[inline]
    pub(in super::super) fn set_permissions(
        file: &File,
        found: &Metadata,
        old: Option<&Metadata>,
        folder: Option<&File>,
        probe: &Path,
    ) -> io::Result<()> {
        let mode = match old {
            Some(old) => successor_mode(old, found),
            None => match new_mode(folder, probe) {
                Ok(mode) => mode,
                Err(_) => return Ok(()),
            },
        };
        if mode == found.mode() & 0o7777 {
            return Ok(());
        }
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// Returns the permissions of a file that replaces another. A user who could not read the old content cannot read
    /// the new content.
    #[inline]
    fn successor_mode(old: &Metadata, new: &Metadata) -> u32 {
        // Drop the set-uid, set-gid and sticky bits: they were granted to other content.
        let mode = old.mode() & 0o777;
        if old.uid() != new.uid() {
            return mode & 0o700;
        }
        if old.gid() == new.gid() {
            return mode;
        }
        // The new group gets no access. The old group is now among the others, and gets no more access than it had.
        mode & !0o077 | (mode & (mode >> 3) & 0o007)
    }

    /// Returns the permissions of a new file. They depend on the umask of the process, and on inheritance from the
    /// folder, which only a new file reveals.
    ///
    /// Creating such a file for each of many small downloads costs as much as the downloads, on file systems that avoid
    /// recently deleted entries. So the result is reused for a moment, in the same folder and under the same umask.
    #[inline]
    fn new_mode(folder: Option<&File>, probe: &Path) -> io::Result<u32> {
        static LAST: Mutex<Option<(Circumstances, u32, Instant)>> = Mutex::new(None);
        const MOMENT: Duration = Duration::from_secs(1);
        let circumstances = folder.and_then(circumstances);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, mode, at)) = *last
            && circumstances == Some(then)
            && at.elapsed() < MOMENT
        {
            return Ok(mode);
        }
        let mode = Probe::new(probe, 0o666)?.0.metadata()?.mode() & 0o777;
        *last = circumstances.map(|now| (now, mode, Instant::now()));
        Ok(mode)
    }

    /// Device and inode number of a folder, and the umask of the process.
    type Circumstances = (u64, u64, u32);

    /// Returns `None` on systems other than Linux, where no file contains the umask.
    #[inline]
    fn circumstances(folder: &File) -> Option<Circumstances> {
        let mut status = [0; 512];
        let read = File::open("/proc/thread-self/status").ok()?.read(&mut status).ok()?;
        let status = str::from_utf8(status.get(..read)?).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
        let found = folder.metadata().ok()?;
        Some((found.dev(), found.ino(), u32::from_str_radix(mask.trim(), 8).ok()?))
    }

    /// A temporary new file that shows the permissions of new files in its folder.
    struct Probe<'a>(File, &'a Path);

    impl<'a> Probe<'a> {
        #[inline]
        fn new(path: &'a Path, mode: u32) -> io::Result<Self> {
            let _ = fs::remove_file(path);
            Ok(Self(OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?, path))
        }
    }

    impl Drop for Probe<'_> {
        #[inline]
        fn drop(&mut self) {
            let _ = fs::remove_file(self.1);
        }
    }

    /// Describes the kind and the owner of a leftover, for an error.
    pub(in super::super) fn describe(path: &Path) -> String {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => "it is a folder".to_owned(),
            Ok(found) => format!("it belongs to the user with uid {}", found.uid()),
            Err(_) => "it is not ours".to_owned(),
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::{File, Metadata, Path, io};

    #[cfg(windows)]
    #[inline]
    pub(crate) fn read_at(file: &File, bytes: &mut [u8], place: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(file, bytes, place)
    }

    #[cfg(windows)]
    pub(in super::super) fn write_at(file: &File, bytes: &[u8], place: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(file, bytes, place)
    }

    /// The standard library does not expose the identity of a file here, but an open file cannot be replaced.
    pub(in super::super) fn is_same_file(_: &File, path: &Path) -> bool {
        path.exists()
    }

    pub(in super::super) fn is_usable(found: &Metadata, _: &Metadata) -> bool {
        found.is_file()
    }

    /// The number of names of a file is unknown here, but the checkpoint is removed before there are two names.
    pub(in super::super) fn adopt(file: &File, probe: &Path) -> bool {
        file.metadata().is_ok_and(|found| found.is_file())
            && probe.with_extension("dingtalk-checkpoint").exists()
    }

    pub(in super::super) fn set_permissions(
        file: &File,
        _: &Metadata,
        old: Option<&Metadata>,
        _: Option<&File>,
        _: &Path,
    ) -> io::Result<()> {
        old.map_or(Ok(()), |old| file.set_permissions(old.permissions()))
    }

    pub(in super::super) fn describe(path: &Path) -> String {
        if path.is_dir() { "it is a folder" } else { "it is in use" }.to_owned()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn locks_are_matched_by_inode_and_not_by_process() {
        let locks =
            "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF\n2: POSIX  ADVISORY  WRITE 9 fd:01:77 0 EOF\n";
        for (number, is_listed) in [(5678, true), (1234, false), (77, false), (0, false), (78, false)] {
            assert_eq!(lists(locks, number), is_listed, "{number}");
        }
    }

    /// File systems that cannot sync a file report that in several ways. A failing disk is different.
    #[test]
    fn an_unsupported_sync_is_not_an_error() {
        for code in [libc::EINVAL, libc::ENOTSUP, libc::EOPNOTSUPP, libc::ENOTTY, libc::ENOSYS] {
            assert!(is_unsupported(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [libc::EIO, libc::ENOSPC, libc::EDQUOT, libc::EROFS, libc::EBADF] {
            assert!(!is_unsupported(&io::Error::from_raw_os_error(code)), "{code}");
        }
        // A target that stands for a terminal or a pipe cannot be synced either.
        sync(&OpenOptions::new().write(true).open("/dev/null").unwrap()).unwrap();
    }
}
