//! Uploads that ended half-way.

use std::fmt;

use super::Error;
use super::text::OneLine;
use crate::base::upload::{PendingUpload, Uploaded};

/// An upload broke off when some of it, or all but the commit, had arrived.
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
    /// What has arrived, for [`Upload::resume`](crate::Upload::resume).
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
        // The same once more would be refused once more.
        let is_refusal =
            matches!(self.cause.root(), Error::Api(_) | Error::Storage(_)) && !self.cause.is_transient();
        let when = if is_refusal { "When that is cured, " } else { "" };
        write!(f, ". {when}Upload::resume goes on from there")
    }
}

impl std::error::Error for UploadInterrupted {}

/// The commit of an upload was sent, and no answer came.
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
    /// What the upload is called at `DingTalk`.
    pub upload_key: String,
    /// The name that the file has, if it is there.
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

/// A file was uploaded, and then could not be sent.
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
    /// The file, as it lies in the folder.
    pub uploaded: Uploaded,
    /// Why it was not sent, or is not known to have been.
    pub cause: Error,
}

impl NotSent {
    /// Without an id there was nothing to send.
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
        write!(f, ": {cause}. Send that dentry; do not upload it again")
    }
}

impl std::error::Error for NotSent {}
