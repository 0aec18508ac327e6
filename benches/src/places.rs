//! Folders and tools of the lab. Imports nothing of it.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::Result;

pub const MIB: u64 = 1024 * 1024;

/// The folder of this crate.
pub const HOME: &str = env!("CARGO_MANIFEST_DIR");

/// Files in memory, on Linux.
const SHARED_MEMORY: &str = "/dev/shm";

/// Cargo's, where this program lies too.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(HOME).join("target"), PathBuf::from)
}

/// A tool from the system's packages.
pub fn tool(name: &'static str, package: &str) -> Result<&'static str> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    // Debian puts nginx there, and a user's path may not lead to it.
    let folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
    if folders.into_iter().any(|folder| folder.join(name).is_file()) {
        return Ok(name);
    }
    Err(format!("{name} is not installed (apt-get install {package})").into())
}

/// A folder in memory with so much room, in which no disk slows anything down.
pub fn memory_folder(needed: u64) -> Option<PathBuf> {
    (is_memory(Path::new(SHARED_MEMORY)) && room(SHARED_MEMORY) >= needed).then(|| SHARED_MEMORY.into())
}

/// Whether what is written there stays in memory, so that bringing it to disk costs nothing.
pub fn is_memory(folder: &Path) -> bool {
    let Ok(path) = CString::new(folder.as_os_str().as_bytes()) else { return false };
    // SAFETY: the structure is plain data, the kernel fills it, and the name ends with a zero.
    unsafe {
        let mut found: libc::statfs = std::mem::zeroed();
        libc::statfs(path.as_ptr(), &raw mut found) == 0 && found.f_type == libc::TMPFS_MAGIC
    }
}

/// Free bytes.
fn room(folder: &str) -> u64 {
    let Ok(path) = CString::new(folder) else { return 0 };
    // SAFETY: as above.
    unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        let is_known = libc::statvfs(path.as_ptr(), &raw mut found) == 0;
        if is_known { found.f_bavail as u64 * found.f_frsize as u64 } else { 0 }
    }
}

pub fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}
