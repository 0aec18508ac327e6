//! Failures of what is uploaded.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::text::PathText;

/// What was to be uploaded could not be read, or was not what it had been said to be. Nothing was committed.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # let client = fake.client().build()?;
/// use dingtalk_files::{Error, SourceProblem};
///
/// let error = client.upload("space-1", "0", UnionId("operator-1")).from_file("no such file").unwrap_err();
/// let Error::Source(source) = error else { panic!("another error") };
/// assert!(matches!(source.problem, SourceProblem::Unreadable(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SourceError {
    /// The file; `None` when the source is no file.
    pub path: Option<PathBuf>,
    /// What is wrong with it.
    pub problem: SourceProblem,
}

/// What is wrong with the source of an upload.
///
/// ```
/// use dingtalk_files::{Error, SourceProblem};
///
/// fn is_still_being_written(error: &Error) -> bool {
///     matches!(error.root(), Error::Source(source) if matches!(source.problem, SourceProblem::Changed))
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SourceProblem {
    /// It could not be opened or read.
    Unreadable(io::Error),
    /// It is a folder or a device.
    NoFile,
    /// It ended early.
    Shorter {
        /// Bytes that were announced.
        expected: u64,
        /// Bytes that there were.
        found: u64,
    },
    /// There is more than was announced.
    Longer {
        /// Bytes that were announced.
        expected: u64,
    },
    /// It was changed or replaced while it was being uploaded.
    Changed,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "cannot upload {}: ", PathText(path))?,
            None => f.write_str("cannot upload: ")?,
        }
        match &self.problem {
            SourceProblem::Unreadable(cause) => write!(f, "{cause}"),
            SourceProblem::NoFile => {
                f.write_str("it is a folder or a device, and only files can be uploaded")
            }
            SourceProblem::Shorter { expected, found } => {
                write!(f, "the source ended after {found} bytes; {expected} had been announced")
            }
            SourceProblem::Longer { expected } => {
                write!(f, "the source has more than the {expected} bytes that had been announced")
            }
            SourceProblem::Changed => {
                f.write_str("it changed while it was being uploaded; try again when nobody writes to it")
            }
        }
    }
}

impl std::error::Error for SourceError {}
