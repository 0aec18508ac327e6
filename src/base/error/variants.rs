//! [`Error`], and the types of its variants that hold another error.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::answer::UnexpectedAnswer;
use super::api::ApiError;
use super::file::FileError;
use super::network::NetworkError;
use super::source::SourceError;
use super::storage::StorageError;
use super::text::{OneLine, PathText};
use crate::base::task::Task;
use crate::base::upload::{PendingUpload, Uploaded};

/// The result of every function in this crate that can fail.
///
/// ```
/// fn checked(id: &str) -> dingtalk_files::Result<&str> {
///     if id.is_empty() { Err(dingtalk_files::Error::InvalidArgument("no id".into())) } else { Ok(id) }
/// }
/// # assert!(checked("").is_err() && checked("1").is_ok());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error of this crate.
///
/// The text ([`Display`](fmt::Display)) states what happened, where, and what to do about it, in one line. `Debug`
/// shows the same text, because a program prints `Debug` if its `main` returns the error. The text includes the cause,
/// so [`source`](std::error::Error::source) returns nothing. Neither text ever contains a token, an app secret, a
/// signed header or a URL's query.
///
/// Decide by the methods (`is_rate_limited` and its siblings) or by [`code`](Self::code), never by the HTTP status: the
/// same code comes with different statuses in different operations.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// let mut bytes = Vec::new();
/// match client.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut bytes, 5000..) {
///     Ok(done) => println!("{} bytes", done.bytes),
///     Err(Error::RangeNotSatisfiable { size }) => assert_eq!(size, Some(5)),
///     Err(e) if e.is_transient() => println!("try again later: {e}"),
///     Err(e) => return Err(e.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client was configured in a way that cannot work. Nothing was sent.
    #[error("wrong configuration: {0}")]
    Config(String),

    /// An argument that no server could accept: an empty id, an empty range. Nothing was sent.
    #[error("wrong argument: {0}")]
    InvalidArgument(String),

    /// DingTalk answered with an error.
    #[error("{0}")]
    Api(Box<ApiError>),

    /// The object store (OSS) answered with an error.
    #[error("{0}")]
    Storage(Box<StorageError>),

    /// No answer, or not all of it: DNS, connection, TLS, proxy, a reset, a stall.
    #[error("{0}")]
    Network(Box<NetworkError>),

    /// An answer that cannot be used: the ban of an IP address, a gateway's page, broken JSON, a range that was not
    /// requested, a `"success": false` without a reason.
    #[error("{0}")]
    Answer(Box<UnexpectedAnswer>),

    /// No access token could be fetched. Several callers that waited for the same fetch share its error.
    #[error("no access token: {0}")]
    Token(Arc<Error>),

    /// The caller's own [`TokenSource`](crate::TokenSource) failed.
    #[error("the token source failed: {0}")]
    TokenSource(Box<dyn std::error::Error + Send + Sync>),

    /// The range begins at or after the end of the object. Nothing was written.
    #[error("the range begins at or after the end of the object{}; request a range inside it", size_text(*.size))]
    RangeNotSatisfiable {
        /// Size of the object in bytes, if the server reported it.
        size: Option<u64>,
    },

    /// The object was replaced during the download, or is not the one that
    /// [`Download::if_match`](crate::Download::if_match) expects. If `written` is 0, nothing was written. Otherwise
    /// the writer holds a part of the old object: discard that part and start again, or name a version.
    #[error("{}", object_changed(*written))]
    ObjectChanged {
        /// Bytes that the writer received, all of the old object.
        written: u64,
    },

    /// Everything arrived, but its CRC-64 differs from the one that OSS has on record. After a download, the writer's
    /// content cannot be trusted. After an upload, OSS does not have what was sent, and nothing was committed.
    #[error(
        "checksum mismatch over {written} bytes: OSS has CRC-64 {expected}, here it is {actual}. Discard what arrived and transfer it again"
    )]
    ChecksumMismatch {
        /// Bytes that were transferred.
        written: u64,
        /// The CRC-64/XZ that OSS reported.
        expected: u64,
        /// The CRC-64/XZ of the bytes that were received or sent.
        actual: u64,
    },

    /// The caller's writer failed.
    #[error("the writer failed after {written} bytes: {cause}")]
    Write {
        /// Bytes that the writer accepted before it failed.
        written: u64,
        /// The writer's own error.
        cause: io::Error,
    },

    /// A transfer broke off and could not be resumed within the retry policy. The written bytes are good and in order.
    /// A download can continue at `start of the range + written`; a download to a file with `resume` continues with the
    /// same call.
    #[error("the transfer stopped after {written} {}: {cause}", kept_text(*.kept))]
    Interrupted {
        /// Good bytes that were written: from the start of the range on, or in several places of a file if the download
        /// used several connections.
        written: u64,
        /// Whether these bytes still exist, in the writer or in the partial file. A download to a file without `resume`
        /// does not keep them.
        kept: bool,
        /// The last failure.
        cause: Box<Error>,
    },

    /// The caller's flag ended the transfer.
    #[error("cancelled after {done} bytes")]
    Cancelled {
        /// Bytes that were transferred until then, including those of an earlier attempt.
        done: u64,
    },

    /// There are more bytes than the caller allows (`max_bytes`). Nothing was written if the size was known beforehand.
    #[error("there are {size} bytes or more, and only {limit} are allowed (`max_bytes`)")]
    TooLarge {
        /// Size in bytes, as far as it is known.
        size: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },

    /// A file on this machine could not be read, written or put in its place.
    #[error("{0}")]
    File(Box<FileError>),

    /// The source of an upload could not be read, or differs from its description.
    #[error("{0}")]
    Source(Box<SourceError>),

    /// An upload broke off after some of it, or all but the commit, had arrived:
    /// [`Upload::resume`](crate::Upload::resume) continues from there.
    #[error("{0}")]
    UploadInterrupted(Box<UploadInterrupted>),

    /// The commit of an upload was sent, but no answer arrived: the file may be in the folder. The commit is not
    /// repeated automatically, because a second commit may create a second file. Look into the folder.
    #[error("{0}")]
    CommitOutcomeUnknown(Box<CommitUnknown>),

    /// The upload succeeded, but the send did not. The file is in the folder: send that file, and upload nothing again.
    #[error("{0}")]
    NotSent(Box<NotSent>),

    /// An asynchronous task did not end in the given time. The task continues.
    #[error("task {} is still {}; ask again later", OneLine(.0.id.as_deref().unwrap_or_default()), OneLine(.0.status.as_ref().map_or("running", |s| s.as_str())))]
    StillRunning(Box<Task>),

    /// The target exists, and `no_clobber` is set. The target was not touched.
    #[error("{} exists already; it was left alone", PathText(.path))]
    TargetExists {
        /// The target.
        path: Box<Path>,
    },

    /// Another download to the same target is running, in this process or another one.
    #[error("another download to {} is running; wait for it, or choose another target", PathText(.path))]
    TargetBusy {
        /// The target.
        path: Box<Path>,
    },
}

/// Shows the text of [`Display`](fmt::Display). A `main` that returns this error prints `Debug`, and its reader needs
/// the sentence and not the structure.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn kept_text(kept: bool) -> &'static str {
    if kept { "good bytes" } else { "bytes, which were not kept (`resume` keeps them)" }
}

fn size_text(size: Option<u64>) -> String {
    size.map_or_else(String::new, |n| format!(" (it has {n} bytes)"))
}

/// Boxes the large error types, because nearly every function returns an `Error`.
macro_rules! boxed {
    ($($variant:ident($type:ty),)+) => {
        $(impl From<$type> for Error {
            fn from(e: $type) -> Self {
                Self::$variant(Box::new(e))
            }
        })+
    };
}
boxed! {
    Api(ApiError),
    Storage(StorageError),
    Network(NetworkError),
    Answer(UnexpectedAnswer),
    File(FileError),
    Source(SourceError),
    UploadInterrupted(UploadInterrupted),
    CommitOutcomeUnknown(CommitUnknown),
    NotSent(NotSent),
}

// `From<io::Error>`, `From<ureq::Error>` and `From<serde_json::Error>` are left out on purpose: a `?` would lose the
// operation, and the last two would make a dependency's type part of this crate's interface.

/// An upload that broke off after some of it, or all but the commit, had arrived.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// fake.fault(Target::Commit, Fault::api_error(403, "permissionDenied"));
/// let error = client.upload("space-1", "0", UnionId("operator-1")).name("a.txt").from_bytes(b"hello").unwrap_err();
/// assert!(error.is_permission_denied());
/// let Error::UploadInterrupted(interrupted) = error else { panic!("another error") };
/// assert!(interrupted.pending.is_complete()); // Once it is permitted, only the commit is missing.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct UploadInterrupted {
    /// The parts that have arrived, for [`Upload::resume`](crate::Upload::resume).
    pub pending: PendingUpload,
    /// The failure.
    pub cause: Error,
}

impl fmt::Display for UploadInterrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pending.is_complete() {
            write!(f, "everything has arrived, but was not committed: {}", self.cause)?;
        } else {
            let (done, count) = (self.pending.done.len(), self.pending.part_count());
            write!(f, "the upload stopped after {done} of {count} parts: {}", self.cause)?;
        }
        // The same request would be refused again.
        let is_refusal =
            matches!(self.cause.root(), Error::Api(_) | Error::Storage(_)) && !self.cause.is_transient();
        let when = if is_refusal { "When that is fixed, " } else { "" };
        write!(f, ". {when}Upload::resume goes on from there")
    }
}

impl std::error::Error for UploadInterrupted {}

/// A commit of an upload that was sent, but not answered.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// fake.fault(Target::Commit, Fault::CloseWithoutAnswer);
/// let error = client.upload("space-1", "0", UnionId("operator-1")).name("a.txt").from_bytes(b"hello").unwrap_err();
/// let Error::CommitOutcomeUnknown(unknown) = error else { panic!("another error") };
/// assert_eq!(unknown.name, "a.txt");
/// assert_eq!(fake.requests_to(Target::Commit).len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct CommitUnknown {
    /// DingTalk's key of the upload.
    pub upload_key: String,
    /// The name of the file, if it was committed.
    pub name: String,
    /// The failure.
    pub cause: Error,
}

impl fmt::Display for CommitUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { upload_key, name, cause } = self;
        write!(
            f,
            "whether {name:?} was committed is unknown (upload key {}): {cause}. Look into the folder before you upload it again",
            OneLine(upload_key)
        )
    }
}

impl std::error::Error for CommitUnknown {}

/// A file that was uploaded, but could not be sent.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// fake.fault(Target::Send, Fault::api_error(400, "permissionDenied"));
/// let folder = client.send_file("Cargo.toml").into_folder("space-1", "0", UnionId("operator-1"));
/// let Err(Error::NotSent(error)) = folder.to_user(UnionId("receiver-1")) else { panic!("another error") };
/// let id = error.uploaded.dentry.id.unwrap();
/// client.conv_file().send_by_app("space-1", &id, UnionId("receiver-1"))?; // Nothing is uploaded twice.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct NotSent {
    /// The file in the folder.
    pub uploaded: Uploaded,
    /// The reason why the file was not sent, or may not have been sent.
    pub cause: Error,
}

impl NotSent {
    /// Returns whether the id of the file is known. If not, nothing was sent.
    pub(super) fn is_known(&self) -> bool {
        self.uploaded.dentry.id.is_some()
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = &self.cause;
        let dentry = &self.uploaded.dentry;
        let Some(id) = &dentry.id else {
            return write!(
                f,
                "uploaded, but not sent, because the answer names no dentry: {cause}. Look for the file in its folder and send that; do not upload it again"
            );
        };
        write!(
            f,
            "uploaded as dentry {} of space {}, but ",
            OneLine(id),
            OneLine(dentry.space_id.as_deref().unwrap_or("(unknown)"))
        )?;
        let unknown = cause.may_have_run();
        f.write_str(if unknown { "whether it was sent is unknown" } else { "not sent" })?;
        let advice = if unknown { "If the receiver does not have it, send" } else { "Send" };
        write!(f, ": {cause}. {advice} that dentry; do not upload it again")
    }
}

impl std::error::Error for NotSent {}

fn object_changed(written: u64) -> String {
    if written == 0 {
        return "the object is not the expected one, and nothing was written. Start again, or download a fixed version".to_owned();
    }
    format!(
        "the object changed during the download; the {written} bytes written are of the old one. Discard them and start again, or download a fixed version"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stays_small() {
        assert!(size_of::<Error>() <= 32);
    }
}
