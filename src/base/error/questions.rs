//! The methods of [`Error`], by which a program decides what to do next and reports it.

use std::time::Duration;

use super::variants::Error;

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

    /// The number of bytes that the writer of a download had received; 0 when the failure came before the first.
    ///
    /// They are good except after [`ObjectChanged`](Self::ObjectChanged) and [`ChecksumMismatch`](Self::ChecksumMismatch).
    /// After [`Problem::WrongLength`](crate::Problem::WrongLength) nothing is, and this is 0.
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

    /// Too many calls: per second, per minute, per month, or the 5-minute ban of an IP address. The first two are
    /// [`is_transient`](Self::is_transient) as well; for a ban [`retry_after`](Self::retry_after) says how long to wait.
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

    /// The time to wait before the next attempt, where the server states one: the length of a ban, or the object store's
    /// `Retry-After`.
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

    /// The same call may succeed in a moment without any change: throttling, a server's fault, a network's fault. Not a
    /// ban, which each further call may prolong.
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
            // A loop that asks again would prolong a ban.
            Self::Answer(e) => e.status >= 500 && !e.is_banned(),
            Self::Network(e) => !e.hopeless,
            _ => false,
        }
    }

    /// The operation may have taken effect although no success was seen: look before you send again.
    ///
    /// This matters for operations like a send, which this crate never repeats by itself once they may have run. Of an
    /// operation that changes nothing, a query or a download, it is always `false`.
    ///
    /// [`Problem::NotDone`](crate::Problem::NotDone) counts as well: the vendor says that the operation did not succeed, and not that nothing
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
