//! Failures of the source of an upload.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::text::PathText;

/// The source of an upload could not be read, or differs from its description. Nothing was committed.
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
    /// The file; `None` if the source is not a file.
    pub path: Option<PathBuf>,
    /// The problem with the source.
    pub problem: SourceProblem,
}

/// The problem with the source of an upload.
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
    /// The source could not be opened or read.
    Unreadable(io::Error),
    /// The source is a folder or a device.
    NoFile,
    /// The source ended early.
    Shorter {
        /// Bytes that were announced.
        expected: u64,
        /// Bytes that were found.
        found: u64,
    },
    /// The source has more bytes than were announced.
    Longer {
        /// Bytes that were announced.
        expected: u64,
    },
    /// The source was changed or replaced during the upload.
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
                f.write_str("it changed while it was being uploaded; try again when nothing writes to it")
            }
        }
    }
}

impl std::error::Error for SourceError {}
