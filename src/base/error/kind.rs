//! Kinds of errors, for logs and metrics.

use std::fmt;

use super::variants::Error;

/// The kind of an error as one stable word, for logs and metrics.
///
/// Use the methods of [`Error`] to decide what to do, because they report more: after an error of the kind `network`,
/// the operation may have run or not, and a refusal may be transient.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::ErrorKind;
///
/// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.kind().to_string(), "not_found");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `config`: the client cannot work as it was configured.
    Config,
    /// `argument`: an argument that no server could accept.
    Argument,
    /// `authentication`: the token, or the app key and secret, were refused, or the caller's token source failed.
    Authentication,
    /// `permission`: a grant, a scope or an allow-list entry is missing.
    Permission,
    /// `not_found`: the named thing does not exist.
    NotFound,
    /// `rate_limit`: too many calls, a ban included.
    RateLimit,
    /// `refused`: any other refusal by DingTalk or the object store.
    Refused,
    /// `server`: a fault of DingTalk, of the object store, or of a gateway.
    Server,
    /// `answer`: an answer that cannot be used.
    Answer,
    /// `network`: no connection, or a broken one.
    Network,
    /// `tls`: a certificate or a handshake was refused.
    Tls,
    /// `stall`: no connection, or no byte, within the connect timeout or the stall timeout.
    Stall,
    /// `deadline`: the overall timeout ended the operation.
    Deadline,
    /// `range`: the range begins at or after the end of the object.
    Range,
    /// `integrity`: the object changed, or its checksum differs.
    Integrity,
    /// `local`: a file, a writer or a source on this machine.
    Local,
    /// `cancelled`: the caller's flag ended the transfer.
    Cancelled,
    /// `too_large`: more bytes than the caller allows.
    TooLarge,
    /// `pending`: an asynchronous task is still running.
    Pending,
}

impl ErrorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Argument => "argument",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::RateLimit => "rate_limit",
            Self::Refused => "refused",
            Self::Server => "server",
            Self::Answer => "answer",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Stall => "stall",
            Self::Deadline => "deadline",
            Self::Range => "range",
            Self::Integrity => "integrity",
            Self::Local => "local",
            Self::Cancelled => "cancelled",
            Self::TooLarge => "too_large",
            Self::Pending => "pending",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// Returns the kind of the failure under all wrappings.
    ///
    /// ```
    /// use dingtalk_files::{Client, ErrorKind};
    ///
    /// let error = Client::builder().build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        // The order matters: a rate limit may look like a refusal, and a refusal may have status 500.
        match self.root() {
            e if e.is_rate_limited() => ErrorKind::RateLimit,
            e if e.is_authentication() => ErrorKind::Authentication,
            e if e.is_permission_denied() => ErrorKind::Permission,
            e if e.is_not_found() => ErrorKind::NotFound,
            Self::Api(_) | Self::Storage(_) if self.is_transient() => ErrorKind::Server,
            Self::Api(_) | Self::Storage(_) => ErrorKind::Refused,
            Self::Answer(e) if e.status >= 500 => ErrorKind::Server,
            Self::Answer(_) => ErrorKind::Answer,
            Self::Network(e) if e.overall_timeout().is_some() => ErrorKind::Deadline,
            Self::Network(e) if e.timed_out => ErrorKind::Stall,
            Self::Network(e) if e.tls => ErrorKind::Tls,
            Self::Network(_) => ErrorKind::Network,
            Self::Config(_) => ErrorKind::Config,
            Self::InvalidArgument(_) => ErrorKind::Argument,
            Self::TokenSource(cause) => cause.downcast_ref().map_or(ErrorKind::Authentication, Self::kind),
            Self::RangeNotSatisfiable { .. } => ErrorKind::Range,
            Self::ObjectChanged { .. } | Self::ChecksumMismatch { .. } => ErrorKind::Integrity,
            Self::Write { .. }
            | Self::File(_)
            | Self::Source(_)
            | Self::TargetExists { .. }
            | Self::TargetBusy { .. } => ErrorKind::Local,
            Self::Cancelled { .. } => ErrorKind::Cancelled,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::StillRunning(_) => ErrorKind::Pending,
            // `root` unwraps these.
            Self::Token(cause) => cause.kind(),
            Self::Interrupted { cause, .. } => cause.kind(),
            Self::UploadInterrupted(e) => e.cause.kind(),
            Self::CommitOutcomeUnknown(e) => e.cause.kind(),
            Self::NotSent(e) => e.cause.kind(),
        }
    }

    /// Returns the operation that failed: the documented method and path, `GET object` or `PUT object`.
    ///
    /// `None` if the error does not come from a request, such as a wrong argument or a full disk.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let error = client.conv_file().send_by_app("space-1", "gone", UnionId("recipient-1")).unwrap_err();
    /// assert!(error.operation().is_some_and(|operation| operation.ends_with("/files/send")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn operation(&self) -> Option<&'static str> {
        match self.root() {
            Self::Api(e) => Some(e.operation),
            Self::Storage(e) => Some(e.operation),
            Self::Answer(e) => Some(e.operation),
            Self::Network(e) => Some(e.operation),
            _ => None,
        }
    }

    /// Returns the HTTP status, if an answer arrived.
    ///
    /// The status is for logs and tickets. The same code comes with different statuses in different operations, so
    /// decide by the code.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
    /// assert_eq!(error.status(), Some(404));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn status(&self) -> Option<u16> {
        match self.root() {
            Self::Api(e) => Some(e.status),
            Self::Storage(e) => Some(e.status),
            Self::Answer(e) => Some(e.status),
            _ => None,
        }
    }
}
