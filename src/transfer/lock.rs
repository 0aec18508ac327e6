//! One download to a target at a time, in this process and all others. The system ends a lock with its process.
//!
//! `File::try_lock` would be it, but came with Rust 1.89; until that is what this crate asks for, each family of systems
//! has something of its own that needs neither `unsafe` nor another crate.

use std::io;

use super::part_file::Target;
use crate::base::error::{Error, FileError, Result};

/// Held while it lives.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is held, not looked at")] system::Held);

impl Lock {
    #[inline]
    pub(crate) fn take(target: &Target) -> Result<Self> {
        match system::take(target) {
            Ok(Some(held)) => Ok(Self(held)),
            Ok(None) => Err(Error::TargetBusy { path: Box::from(target.path()) }),
            // What can go wrong here is that there is no such folder.
            Err(cause) => Err(FileError::new("use the folder of", target.path(), cause).into()),
        }
    }
}

/// A name in the kernel's table of sockets, which no file system has to keep and no dead process holds. It is seen within
/// a network namespace: two containers that share a folder and no network do not see each other.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{SocketAddr, UnixListener};

    use super::{Target, io};
    use crate::transfer::patience::patiently;

    pub(super) type Held = UnixListener;

    #[inline]
    pub(super) fn take(target: &Target) -> io::Result<Option<Held>> {
        // The folder by its number, so that one file has one name however it is reached.
        let folder = std::fs::metadata(target.folder())?;
        let mut name = crc64fast::Digest::new();
        name.write(target.name().as_bytes());
        let name = format!("dingtalk-files/{:x}/{:x}/{:x}", folder.dev(), folder.ino(), name.sum64());
        let name = SocketAddr::from_abstract_name(name)?;
        // A process that another thread is starting has a copy of every socket for a moment, also of one that was closed.
        let is_in_use = |e: &io::Error| e.kind() == io::ErrorKind::AddrInUse;
        let bind = || UnixListener::bind_addr(&name);
        match patiently(LOOKS, is_in_use, bind, || std::thread::sleep(PAUSE)) {
            Err(e) if is_in_use(&e) => Ok(None),
            decided => decided.map(Some),
        }
    }

    const LOOKS: u32 = 10;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(5);
}

/// A lock file that is opened for this process alone, and removed afterwards.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use std::fs::{File, OpenOptions};
    use std::path::{Path, PathBuf};

    use super::{Target, io};

    #[derive(Debug)]
    pub(super) struct Held {
        path: PathBuf,
        file: Option<File>,
    }

    impl Drop for Held {
        fn drop(&mut self) {
            // Windows removes no file that is open. Elsewhere one that is closed first may be locked by somebody else before
            // it is removed.
            if cfg!(windows) {
                self.file = None;
            }
            let _ = std::fs::remove_file(&self.path);
            self.file = None;
        }
    }

    pub(super) fn take(target: &Target) -> io::Result<Option<Held>> {
        let path = target.beside("lock");
        match exclusive().open(&path) {
            Ok(file) if is_still_at(&file, &path) => Ok(Some(Held { path, file: Some(file) })),
            // Its last owner has just removed it.
            Ok(_) => Ok(None),
            Err(e) if is_held(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn exclusive() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
        // O_EXLOCK | O_NONBLOCK, the same numbers on all of them.
        #[cfg(any(
            target_vendor = "apple",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd"
        ))]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, 0x20 | 0x4);
        options
    }

    fn is_held(e: &io::Error) -> bool {
        // ERROR_SHARING_VIOLATION
        e.kind() == io::ErrorKind::WouldBlock || (cfg!(windows) && e.raw_os_error() == Some(32))
    }

    #[cfg(unix)]
    fn is_still_at(file: &File, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let numbers =
            |found: io::Result<std::fs::Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
        numbers(file.metadata()).is_some_and(|held| numbers(std::fs::metadata(path)) == Some(held))
    }

    #[cfg(not(unix))]
    fn is_still_at(_: &File, _: &Path) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_target_is_locked_once_by_whatever_path_and_free_again_afterwards() {
        let folder = std::env::temp_dir();
        let name = format!("dingtalk-files-lock-{}", std::process::id());
        let target = |path: &Path| Target::resolve(path).unwrap();
        let first = Lock::take(&target(&folder.join(&name))).unwrap();
        let again = Lock::take(&target(&folder.join(".").join(&name)));
        assert!(matches!(again, Err(Error::TargetBusy { .. })), "{again:?}");
        let other = Lock::take(&target(&folder.join(format!("{name}-2"))));
        assert!(other.is_ok(), "{other:?}");
        drop(first);
        assert!(Lock::take(&target(&folder.join(&name))).is_ok());
    }
}
