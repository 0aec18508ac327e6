//! Failures of files on this machine.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::text::PathText;

/// A file on this machine could not be read, written or put in its place.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
/// let error = file.download().to_file("/no/such/folder/report.txt").unwrap_err();
/// let Error::File(failed) = error else { panic!("another error") };
/// assert_eq!(failed.cause.kind(), std::io::ErrorKind::NotFound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct FileError {
    /// The action that failed, such as `write`.
    pub action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The operating system's error.
    pub cause: io::Error,
    /// Good bytes of the download that are on disk, in a partial file if they are kept.
    pub written: u64,
    /// The partial file and its checkpoint are kept: the same download continues from there.
    pub kept: bool,
}

/// The action of a folder that the target needs.
pub(crate) const FOLDER_OF: &str = "use the folder of";

impl FileError {
    pub(crate) fn new(action: &'static str, path: impl Into<PathBuf>, cause: io::Error) -> Self {
        Self { action, path: path.into(), cause, written: 0, kept: false }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.action, PathText(&self.path), self.cause)?;
        match self.cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => f.write_str(". Free some space")?,
            io::ErrorKind::NotFound if self.action == FOLDER_OF => {
                f.write_str(". Create the folder first")?;
            }
            _ => {}
        }
        if self.kept {
            write!(f, ". The {} bytes so far are kept; the same call goes on from there", self.written)?;
        }
        Ok(())
    }
}

impl std::error::Error for FileError {}
