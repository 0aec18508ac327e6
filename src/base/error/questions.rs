//! The methods of [`Error`] that help a program to decide what to do next, and to report the error.

use std::io::ErrorKind;
use std::time::Duration;

use super::variants::Error;

impl Error {
    /// Returns the failure under the wrappings ([`Interrupted`](Self::Interrupted), [`Token`](Self::Token),
    /// [`UploadInterrupted`](Self::UploadInterrupted), [`CommitOutcomeUnknown`](Self::CommitOutcomeUnknown),
    /// [`NotSent`](Self::NotSent); [`TokenSource`](Self::TokenSource) if its cause is an [`Error`] of this crate).
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
            // A token source that calls DingTalk by a client of this crate.
            Self::TokenSource(cause) => cause.downcast_ref().map_or(self, Self::root),
            other => other,
        }
    }

    /// Returns the vendor's code: DingTalk's (`dentryNotExist`) or OSS's (`NoSuchKey`).
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

    /// Returns the id under which DingTalk or OSS can find the request in its logs.
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

    /// Returns the number of bytes that the writer of a download received; 0 if the failure came before the first byte.
    ///
    /// The bytes are good, except after [`ObjectChanged`](Self::ObjectChanged) and
    /// [`ChecksumMismatch`](Self::ChecksumMismatch). After [`Problem::WrongLength`](crate::Problem::WrongLength) no
    /// bytes are good, and the number is 0.
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

    /// Returns whether there were too many calls: per second, per minute, per month, or the 5-minute ban of an IP
    /// address.
    ///
    /// The first two are [`is_transient`](Self::is_transient) as well. For a ban, [`retry_after`](Self::retry_after)
    /// returns how long to wait. This method does not cover OSS's own limits (`SlowDown`), which are
    /// [`is_transient`](Self::is_transient).
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

    /// Returns the time to wait before the next attempt, if the server states one: the length of a ban, or the object
    /// store's `Retry-After`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use serde_json::json;
    /// use std::time::Duration;
    ///
    /// fake.fault(Target::DownloadInfo, Fault::json(200, json!({"status": 1111, "wait": 5})));
    /// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info().unwrap_err();
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(5 * 60)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        match self.root() {
            Self::Answer(e) => e.ban(),
            Self::Storage(e) => e.retry_after,
            _ => None,
        }
    }

    /// Returns whether something that was named does not exist: a space, a dentry, a conversation, a person, an object.
    ///
    /// Does not cover permission errors such as `permissionDenied`: the thing may exist.
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

    /// Returns whether a permission of the person, the app or the address is missing: a grant, a scope or an allow-list
    /// entry.
    ///
    /// Does not cover throttling (which DingTalk also reports as 403) and refused tokens.
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

    /// Returns whether the token, or the app key and secret, were refused.
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

    /// Returns whether every further call would fail in the same way until somebody changes something: wrong
    /// credentials, a missing permission of the app, a refused address, a used-up quota, a wrong configuration. A ban
    /// of this machine's address counts too, although it ends by itself (see [`retry_after`](Self::retry_after)), and
    /// so does a failure of the caller's own token source.
    ///
    /// A full disk counts as well. A program with many files to process stops at such an error, and continues with the next
    /// file after any other one. A network that is down is not included: stop after several
    /// [`is_transient`](Self::is_transient) errors in a row.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # let client = fake.client().build()?;
    /// let file = client.file("space-1", "gone", UnionId("operator-1"));
    /// assert!(!file.download_info().unwrap_err().concerns_every_call());
    /// fake.fault(Target::DownloadInfo, Fault::missing_scope("Storage.DownloadInfo.Read"));
    /// assert!(file.download_info().unwrap_err().concerns_every_call());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn concerns_every_call(&self) -> bool {
        let is_quota = self.is_rate_limited() && !self.is_transient();
        let is_of_app = match self.root() {
            Self::Api(e) => e.is_app_refused(),
            Self::Config(_) | Self::TokenSource(_) => true,
            Self::File(e) => matches!(
                e.cause.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
            ),
            _ => false,
        };
        is_quota || is_of_app || self.is_authentication()
    }

    /// Returns whether the same call may succeed in a moment without any change: after throttling, a server's fault or
    /// a network's fault.
    ///
    /// A ban does not count, because each further call may prolong it. The client has already tried as often as its
    /// [`RetryPolicy`](crate::RetryPolicy) allows. A transient error does not mean that repeating is harmless: see
    /// [`may_have_run`](Self::may_have_run).
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
            // A loop that calls again would prolong a ban.
            Self::Answer(e) => e.status >= 500 && !e.is_banned(),
            Self::Network(e) => !e.hopeless,
            _ => false,
        }
    }

    /// Returns whether the operation may have taken effect although no success was reported. Check before you send
    /// again.
    ///
    /// This matters for operations such as a send, which this crate never repeats automatically once they may have run.
    /// The result is always `false` for an operation that changes nothing, such as a query or a download.
    ///
    /// [`Problem::NotDone`](crate::Problem::NotDone) counts as well: the vendor reports that the operation did not
    /// succeed, but not that nothing happened. One such flag covers up to 50 items, and a call whose earlier attempt
    /// may have got through.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Send, Fault::CloseWithoutAnswer);
    /// let error = client.conv_file().send_by_app("space-1", "dentry-1", UnionId("recipient-1")).unwrap_err();
    /// assert!(error.may_have_run());
    /// assert_eq!(fake.sent().len(), 1); // The send happened, and was not repeated.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::Api(e) => e.may_have_run(),
            Self::Answer(e) => e.may_have_run(),
            Self::Network(e) => e.may_have_run(),
            Self::Interrupted { cause, .. } => cause.may_have_run(),
            Self::CommitOutcomeUnknown(_) => true,
            // Whether the send may have run.
            Self::NotSent(e) => e.is_known() && e.cause.may_have_run(),
            // This includes a token that could not be fetched: that happens before the operation is sent.
            _ => false,
        }
    }
}
