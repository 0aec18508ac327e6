//! Folders and tools of the lab. Must not import other modules of the lab.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::Result;

pub const MIB: u64 = 1024 * 1024;

/// The folder of this package.
pub const HOME: &str = env!("CARGO_MANIFEST_DIR");

/// The folder for files in memory, on Linux.
const SHARED_MEMORY: &str = "/dev/shm";

/// Returns Cargo's target folder, which also contains this program.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(HOME).join("target"), PathBuf::from)
}

/// Returns the name of a tool of the system, or an error with the package to install.
pub fn tool(name: &'static str, package: &str) -> Result<&'static str> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    // Debian installs nginx there, and a user's PATH may not include the folder.
    let folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
    if folders.into_iter().any(|folder| folder.join(name).is_file()) {
        return Ok(name);
    }
    Err(format!("{name} is not installed (apt-get install {package})").into())
}

/// Returns a folder in memory with at least `needed` free bytes.
pub fn memory_folder(needed: u64) -> Option<PathBuf> {
    (is_memory(Path::new(SHARED_MEMORY)) && room(SHARED_MEMORY) >= needed).then(|| SHARED_MEMORY.into())
}

/// Returns whether files in the folder stay in memory, so that `fsync` costs nothing.
pub fn is_memory(folder: &Path) -> bool {
    let Ok(path) = CString::new(folder.as_os_str().as_bytes()) else { return false };
    // SAFETY: the structure is plain data that the kernel fills, and the name is null-terminated.
    unsafe {
        let mut found: libc::statfs = std::mem::zeroed();
        libc::statfs(path.as_ptr(), &raw mut found) == 0 && found.f_type == libc::TMPFS_MAGIC
    }
}

/// Returns the number of free bytes.
fn room(folder: &str) -> u64 {
    let Ok(path) = CString::new(folder) else { return 0 };
    // SAFETY: same as in `is_memory`.
    unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        let is_known = libc::statvfs(path.as_ptr(), &raw mut found) == 0;
        if is_known { found.f_bavail as u64 * found.f_frsize as u64 } else { 0 }
    }
}

pub fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}
