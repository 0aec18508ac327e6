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

/// A new file that only its owner can read: nobody who may not read the old content gets to see the new one, from the first
/// byte on.
#[inline]
pub(super) fn new_hidden(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens what an earlier attempt, or somebody else, has left: never through a link, and a pipe without a wait.
#[inline]
pub(super) fn open_leftover(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options.open(path)
}

/// Brings the content to disk, where the file system can.
#[inline]
pub(super) fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(e) if is_unsupported(&e) => Ok(()),
        other => other,
    }
}

/// The folder, to be brought to disk. `None` where that cannot be done: on Windows, and in a folder that may be written and
/// not read.
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

/// Whether the file that could not be opened is another user's part in use. Who may not open a file cannot ask for its lock,
/// but Linux lists the locks by the numbers of their files.
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

/// Whether `/proc/locks` has a lock on the file of this number: `1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF`, where 1234
/// is a process.
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

    /// Whether this name, and not a link of this name, is the one of the open file.
    #[inline]
    pub(in super::super) fn is_same_file(file: &File, path: &Path) -> bool {
        let numbers = |found: io::Result<Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
        let held = numbers(file.metadata());
        held.is_some() && held == numbers(fs::symlink_metadata(path))
    }

    /// A regular file with one name, of the same owner as our own file.
    #[inline]
    pub(in super::super) fn is_usable(found: &Metadata, own: &Metadata) -> bool {
        found.is_file() && found.nlink() == 1 && found.uid() == own.uid()
    }

    /// Whether the part of an earlier attempt can be used: a regular file of our own with one name. (A target that got its
    /// name by a link has two, when the process was killed before it removed the other.) `probe` is a free name.
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

    /// Nobody who could not read the old content can read the new.
    #[inline]
    fn successor_mode(old: &Metadata, new: &Metadata) -> u32 {
        // No set-uid, set-gid or sticky bit: they were given to another content.
        let mode = old.mode() & 0o777;
        if old.uid() != new.uid() {
            return mode & 0o700;
        }
        if old.gid() == new.gid() {
            return mode;
        }
        // The new group gets nothing. The old one is among the others now, and gets no more than it had.
        mode & !0o077 | (mode & (mode >> 3) & 0o007)
    }

    /// The permissions of a new file depend on the process's mask, and on what its folder hands on, which only a new file
    /// shows. To make one for each of many small downloads costs as much as the downloads, where a file system avoids what
    /// was deleted lately. So the answer holds for a moment, in the same folder and under the same mask.
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

    /// The device and the number of a folder, and the process's mask.
    type Circumstances = (u64, u64, u32);

    /// `None` where no file states the mask: on other systems than Linux.
    #[inline]
    fn circumstances(folder: &File) -> Option<Circumstances> {
        let mut status = [0; 512];
        let read = File::open("/proc/thread-self/status").ok()?.read(&mut status).ok()?;
        let status = str::from_utf8(status.get(..read)?).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
        let found = folder.metadata().ok()?;
        Some((found.dev(), found.ino(), u32::from_str_radix(mask.trim(), 8).ok()?))
    }

    /// A new file for a moment, to see what a new file is like here.
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

    /// The kind and the owner of a leftover, for an error.
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

    /// The standard library does not state the identity of a file here; nobody can replace one that is open.
    pub(in super::super) fn is_same_file(_: &File, path: &Path) -> bool {
        path.exists()
    }

    pub(in super::super) fn is_usable(found: &Metadata, _: &Metadata) -> bool {
        found.is_file()
    }

    /// Nothing states here how many names a file has; but the checkpoint goes before there are two.
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
    fn a_lock_is_found_by_its_file_and_not_by_its_process() {
        let locks =
            "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF\n2: POSIX  ADVISORY  WRITE 9 fd:01:77 0 EOF\n";
        for (number, is_listed) in [(5678, true), (1234, false), (77, false), (0, false), (78, false)] {
            assert_eq!(lists(locks, number), is_listed, "{number}");
        }
    }

    /// A file system that cannot bring a file to disk says so in several ways. A disk that fails is another matter.
    #[test]
    fn what_a_file_system_cannot_do_is_no_failure() {
        for code in [libc::EINVAL, libc::ENOTSUP, libc::EOPNOTSUPP, libc::ENOTTY, libc::ENOSYS] {
            assert!(is_unsupported(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [libc::EIO, libc::ENOSPC, libc::EDQUOT, libc::EROFS, libc::EBADF] {
            assert!(!is_unsupported(&io::Error::from_raw_os_error(code)), "{code}");
        }
        // Nor a target that stands for a terminal or a pipe, which cannot be synced either.
        sync(&OpenOptions::new().write(true).open("/dev/null").unwrap()).unwrap();
    }
}
