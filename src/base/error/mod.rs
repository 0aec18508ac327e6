//! What can go wrong, told by code and not by status.

mod answer;
mod api;
mod file;
mod network;
mod source;
mod storage;
mod text;
mod upload;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::base::task::Task;
use text::OneLine;

pub use answer::{Problem, UnexpectedAnswer};
pub use api::ApiError;
pub(crate) use api::{ApiAnswer, check_errcode, classify};
pub use file::FileError;
pub use network::{NetworkError, NetworkStage};
pub use source::{SourceError, SourceProblem};
pub use storage::StorageError;
pub use upload::{CommitUnknown, NotSent, UploadInterrupted};

/// The result of everything in this crate that can fail.
///
/// ```
/// fn checked(id: &str) -> dingtalk_files::Result<&str> {
///     if id.is_empty() { Err(dingtalk_files::Error::InvalidArgument("no id".into())) } else { Ok(id) }
/// }
/// # assert!(checked("").is_err() && checked("1").is_ok());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong.
///
/// The text ([`Display`](fmt::Display)) says what happened, where, and what to do about it, in one line; `Debug`
/// shows the same text, because that is what a program prints whose `main` returns the error. The text includes
/// the cause, so [`source`](std::error::Error::source) has nothing to add. Neither ever holds a token, an app
/// secret, a signed header or a URL's query.
///
/// Decide by the helpers (`is_rate_limited` and its siblings) or by [`code`](Self::code), never by the HTTP status:
/// the same code comes with different statuses in different operations.
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

    /// An answer that does not mean what was asked: the ban of an IP address, a gateway's page, broken JSON, a
    /// range that was not asked for, a `"success": false` without a reason.
    #[error("{0}")]
    Answer(Box<UnexpectedAnswer>),

    /// No access token could be had. Several callers that waited for one fetch share its error.
    #[error("no access token: {0}")]
    Token(Arc<Error>),

    /// The caller's own [`TokenSource`](crate::TokenSource) failed.
    #[error("the token source failed: {0}")]
    TokenSource(Box<dyn std::error::Error + Send + Sync>),

    /// The range begins at or behind the end of the object. Nothing was written.
    #[error("the range begins behind the end of the object{}; ask for one inside it", size_text(*.size))]
    RangeNotSatisfiable {
        /// Size of the object in bytes, when the server said it.
        size: Option<u64>,
    },

    /// The object was replaced while it was being read. The writer holds a part of the old one: discard it and
    /// begin again, or name a version.
    #[error(
        "the object changed during the download; the {written} bytes written are of the old one. Discard them and start again, or download a fixed version"
    )]
    ObjectChanged {
        /// Bytes the writer received, all of the old object.
        written: u64,
    },

    /// Everything arrived, but its CRC-64 is not the one OSS has on record. The writer's content is not to be trusted. With
    /// an upload, what OSS has is not what was sent, and nothing was committed.
    #[error(
        "checksum mismatch over {written} bytes: OSS has CRC-64 {expected}, here it is {actual}. Discard what arrived and transfer it again"
    )]
    ChecksumMismatch {
        /// Bytes that were transferred.
        written: u64,
        /// The CRC-64/XZ that OSS stated.
        expected: u64,
        /// The CRC-64/XZ of what was received or sent.
        actual: u64,
    },

    /// The caller's writer failed.
    #[error("the writer failed after {written} bytes: {cause}")]
    Write {
        /// Bytes the writer accepted before it failed.
        written: u64,
        /// What the writer said.
        cause: io::Error,
    },

    /// A transfer broke off and could not be resumed within the retry policy. What was written is good and in
    /// order: a download can go on at `start of the range + written`, or, to a file and with `resume`, by the same call.
    #[error("the transfer stopped after {written} {}: {cause}", kept_text(*.kept))]
    Interrupted {
        /// Good bytes that had been written: from the start of the range on, or in several places of a file that has
        /// several connections.
        written: u64,
        /// They are still there: in the writer, or in the partial file. To a file without `resume` they are not.
        kept: bool,
        /// The last failure.
        cause: Box<Error>,
    },

    /// The caller's flag ended the transfer.
    #[error("cancelled after {done} bytes")]
    Cancelled {
        /// Bytes that had been moved by then, those of an earlier try included.
        done: u64,
    },

    /// There are more bytes than the caller allows (`max_bytes`). When the size was known beforehand, nothing was
    /// written.
    #[error("there are {size} bytes or more, and only {limit} are allowed (`max_bytes`)")]
    TooLarge {
        /// Size in bytes as far as it is known.
        size: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },

    /// A file on this machine could not be read, written or put in its place.
    #[error("{0}")]
    File(Box<FileError>),

    /// What was to be uploaded could not be read, or was not what it had been said to be.
    #[error("{0}")]
    Source(Box<SourceError>),

    /// An upload broke off when some of it, or all but the commit, had arrived:
    /// [`Upload::resume`](crate::Upload::resume) goes on from there.
    #[error("{0}")]
    UploadInterrupted(Box<UploadInterrupted>),

    /// The commit of an upload was sent, and no answer came: the file may be in the folder. It is not sent again by itself,
    /// because a second one may make a second file. Look into the folder.
    #[error("{0}")]
    CommitOutcomeUnknown(Box<CommitUnknown>),

    /// The upload worked and the send did not. The file is in the folder: send that one, and upload nothing again.
    #[error("{0}")]
    NotSent(Box<NotSent>),

    /// An asynchronous task did not end in the given time. It goes on.
    #[error("task {} is still {}; ask again later", OneLine(.0.id.as_deref().unwrap_or_default()), OneLine(.0.status.as_ref().map_or("running", |s| s.as_str())))]
    StillRunning(Box<Task>),

    /// The target exists, and `no_clobber` is set. It was not touched.
    #[error("{} exists already; it was left alone", .path.display())]
    TargetExists {
        /// The target.
        path: Box<Path>,
    },

    /// Another download to the same target is running, in this process or another one.
    #[error("another download to {} is running; wait for it, or choose another target", .path.display())]
    TargetBusy {
        /// The target.
        path: Box<Path>,
    },
}

/// Shows the text of [`Display`](fmt::Display): a `main` that returns this error prints `Debug`, and its reader
/// needs the sentence and not the structure.
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

impl Error {
    /// The failure under the wrappings ([`Interrupted`](Self::Interrupted), [`Token`](Self::Token),
    /// [`UploadInterrupted`](Self::UploadInterrupted), [`CommitOutcomeUnknown`](Self::CommitOutcomeUnknown), [`NotSent`](Self::NotSent)).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    ///
    /// fake.fault_always(Target::Token, Fault::api_error(400, "invalidClientIdOrSecret"));
    /// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info().unwrap_err();
    /// assert!(matches!(error, Error::Token(_)) && matches!(error.root(), Error::Api(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn root(&self) -> &Self {
        match self {
            Self::Interrupted { cause, .. } => cause.root(),
            Self::Token(cause) => cause.root(),
            Self::UploadInterrupted(e) => e.cause.root(),
            Self::CommitOutcomeUnknown(e) => e.cause.root(),
            Self::NotSent(e) => e.cause.root(),
            other => other,
        }
    }

    /// The vendor's code: DingTalk's (`dentryNotExist`) or OSS's (`NoSuchKey`).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
    /// assert_eq!(error.code(), Some("dentryNotExist"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn code(&self) -> Option<&str> {
        match self.root() {
            Self::Api(e) => Some(&e.code),
            Self::Storage(e) => e.code.as_deref(),
            _ => None,
        }
    }

    /// The id under which DingTalk or OSS can find the request in its logs.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
    /// assert!(error.request_id().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request_id(&self) -> Option<&str> {
        match self.root() {
            Self::Api(e) => e.request_id.as_deref(),
            Self::Storage(e) => e.request_id.as_deref(),
            Self::Answer(e) => e.request_id.as_deref(),
            _ => None,
        }
    }

    /// How many bytes the writer of a download had received, 0 when the failure came before the first.
    ///
    /// They are good except after [`ObjectChanged`](Self::ObjectChanged) and [`ChecksumMismatch`](Self::ChecksumMismatch).
    /// After [`Problem::WrongLength`] nothing is, and this is 0.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::RetryPolicy;
    ///
    /// let client = fake.client().retry(RetryPolicy::none()).build()?;
    /// fake.fault(Target::Object, Fault::CutAfter(3));
    /// let mut bytes = Vec::new();
    /// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut bytes, ..).unwrap_err();
    /// assert_eq!(error.bytes_written(), 3);
    /// assert_eq!(bytes, b"hel");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bytes_written(&self) -> u64 {
        match self {
            Self::ObjectChanged { written }
            | Self::ChecksumMismatch { written, .. }
            | Self::Write { written, .. }
            | Self::Interrupted { written, .. }
            | Self::Cancelled { done: written } => *written,
            Self::File(e) => e.written,
            _ => 0,
        }
    }

    /// Too many calls: per second, per minute, per month, or the 5-minute ban of an IP address.
    ///
    /// Does not cover OSS's own limits (`SlowDown`), which are [`is_transient`](Self::is_transient).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::RetryPolicy;
    ///
    /// let client = fake.client().retry(RetryPolicy::none()).build()?;
    /// let code = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi";
    /// fake.fault(Target::DownloadInfo, Fault::api_error(403, code));
    /// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info().unwrap_err();
    /// assert!(error.is_rate_limited() && !error.is_permission_denied());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_rate_limited(&self) -> bool {
        match self.root() {
            Self::Api(e) => e.is_throttled() || e.is_quota(),
            Self::Answer(e) => e.is_banned(),
            _ => false,
        }
    }

    /// The thing named does not exist: a space, a dentry, a conversation, a person, an object.
    ///
    /// Does not cover what the vendor answers with a permission error, such as `permissionDenied`: that may be there.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
    /// assert!(error.is_not_found());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_not_found(&self) -> bool {
        match self.root() {
            Self::Api(e) => e.is_not_found(),
            Self::Storage(e) => e.status == 404,
            _ => false,
        }
    }

    /// The person, the app or the address may not do this: a grant, a scope or an allow-list entry is missing.
    ///
    /// Does not cover throttling (which DingTalk also sends as 403) and refused tokens.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Send, Fault::api_error(400, "permissionDenied"));
    /// let error = client.conv_file().send_by_app("space-1", "dentry-1", UnionId("recipient-1")).unwrap_err();
    /// assert!(error.is_permission_denied());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_permission_denied(&self) -> bool {
        matches!(self.root(), Self::Api(e) if e.is_permission_denied())
    }

    /// The token, or the app key and secret, were refused.
    ///
    /// ```
    /// # use dingtalk_files::{Client, UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let client = Client::builder().access_token("stale").base_url(fake.base_url()).no_proxy().build()?;
    /// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info().unwrap_err();
    /// assert!(error.is_authentication());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_authentication(&self) -> bool {
        matches!(self.root(), Self::Api(e) if e.is_authentication())
    }

    /// The same call may succeed later without any change: throttling, a server's fault, a network's fault.
    ///
    /// The client has already tried as often as its [`RetryPolicy`](crate::RetryPolicy) allows. Does not say
    /// that repeating is harmless: see [`may_have_run`](Self::may_have_run).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
    /// assert!(!error.is_transient());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_transient(&self) -> bool {
        match self.root() {
            Self::Api(e) => e.is_throttled() || e.is_server_fault() || e.code == "operationConcurrentControl",
            Self::Storage(e) => e.is_transient(),
            Self::Answer(e) => e.is_banned() || e.status >= 500,
            Self::Network(e) => !e.hopeless,
            _ => false,
        }
    }

    /// The operation may have taken effect although no success was seen: look before you send again.
    ///
    /// This matters for operations like a send, which this crate never repeats by itself once they may have run. Of an
    /// operation that changes nothing, a query or a download, it is always `false`.
    ///
    /// [`Problem::NotDone`] counts as well: the vendor says that the operation did not succeed, and not that nothing
    /// happened. It is one word for up to 50 items, and for a call whose earlier try may have got through.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Send, Fault::CloseWithoutAnswer);
    /// let error = client.conv_file().send_by_app("space-1", "dentry-1", UnionId("recipient-1")).unwrap_err();
    /// assert!(error.may_have_run());
    /// assert_eq!(fake.sent().len(), 1); // It did happen, and was not repeated.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::Api(e) => e.may_have_run(),
            Self::Answer(e) => e.may_have_run(),
            Self::Network(e) => e.may_have_run(),
            Self::Interrupted { cause, .. } => cause.may_have_run(),
            Self::CommitOutcomeUnknown(_) => true,
            // The send.
            Self::NotSent(e) => e.is_known() && e.cause.may_have_run(),
            // In particular without a token: it is fetched before the operation is sent.
            _ => false,
        }
    }
}

/// The large ones are boxed: an `Error` is returned by everything.
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

// There is no `From<io::Error>`, `From<ureq::Error>` or `From<serde_json::Error>`: a `?` would lose the operation,
// and the last two would make a dependency's type part of this crate's interface.

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stays_small() {
        assert!(size_of::<Error>() <= 32);
    }
}
