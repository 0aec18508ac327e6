//! State of an upload: everything has arrived, or a part of it.

use std::fs;
use std::ops::Range;
use std::time::SystemTime;

use super::crc64::combine;
use super::dentry::Dentry;

/// A file that was uploaded.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// let done = client.upload("space-1", "0", UnionId("operator-1")).name("hello.txt").from_bytes(b"hello")?;
/// assert!(done.verified && done.dentry.id.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// The file as DingTalk has it now. Its name may differ from the requested name: see
    /// [`conflict_strategy`](crate::Upload::conflict_strategy).
    pub dentry: Dentry,
    /// Whether `dentry` is what this upload stored. `false` with
    /// [`ReturnDentryIfExists`](crate::ConflictStrategy::ReturnDentryIfExists) if the name was taken: the content of the
    /// existing file may be another.
    pub stored: bool,
    /// Number of bytes that were uploaded.
    pub bytes: u64,
    /// CRC-64/XZ of these bytes.
    pub crc64: u64,
    /// Whether the object store returned the same checksum for everything that was sent. `false` if it returned none.
    pub verified: bool,
}

/// The parts of a failed upload that have arrived.
///
/// Pass it to [`Upload::resume`](crate::Upload::resume), in the same process.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// fake.fault(Target::Commit, Fault::api_error(400, "dentryNameIllegal"));
/// let upload = || client.upload("space-1", "0", UnionId("operator-1"));
/// let error = upload().name("a.txt").from_bytes(b"hello").unwrap_err();
/// let Error::UploadInterrupted(interrupted) = error else { panic!("another error") };
/// let done = upload().name("b.txt").resume(interrupted.pending).from_bytes(b"hello")?; // sends nothing twice
/// assert_eq!(done.dentry.name.as_deref(), Some("b.txt"));
/// assert_eq!(fake.requests_to(Target::Put).len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingUpload {
    pub(crate) upload_key: String,
    pub(crate) size: u64,
    /// Size of a part in bytes; 0 for an upload that is not in parts.
    pub(crate) part_size: u64,
    /// Parts that have arrived, by part number.
    pub(crate) done: Vec<(u32, UploadedPart)>,
    pub(crate) stamp: Option<Stamp>,
}

impl PendingUpload {
    /// Returns the vendor's key of this upload.
    ///
    /// ```
    /// fn key(pending: &dingtalk_files::PendingUpload) -> &str {
    ///     pending.upload_key()
    /// }
    /// ```
    pub fn upload_key(&self) -> &str {
        &self.upload_key
    }

    /// Returns whether everything has arrived and only the commit is missing.
    ///
    /// ```
    /// fn next(pending: &dingtalk_files::PendingUpload) -> &str {
    ///     if pending.is_complete() { "commit" } else { "send the rest" }
    /// }
    /// ```
    pub fn is_complete(&self) -> bool {
        self.done.len() as u64 == self.part_count()
    }

    /// Returns the number of bytes that have arrived and will not be sent again. An upload in parts counts whole parts.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    ///
    /// fake.fault(Target::Commit, Fault::api_error(403, "permissionDenied"));
    /// let upload = client.upload("space-1", "0", UnionId("operator-1")).name("a.txt");
    /// let Err(Error::UploadInterrupted(interrupted)) = upload.from_bytes(b"hello") else { panic!("another end") };
    /// assert_eq!(interrupted.pending.bytes(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bytes(&self) -> u64 {
        let parts = self.done.iter().map(|(number, _)| self.range_of(*number));
        parts.map(|range| range.end.saturating_sub(range.start)).sum()
    }

    pub(crate) fn part_count(&self) -> u64 {
        if self.part_size == 0 { 1 } else { self.size.div_ceil(self.part_size) }
    }

    /// Returns the bytes of a part; parts are numbered from 1.
    pub(crate) fn range_of(&self, number: u32) -> Range<u64> {
        if self.part_size == 0 {
            return 0..self.size;
        }
        let start = u64::from(number.saturating_sub(1)) * self.part_size;
        start..(start + self.part_size).min(self.size)
    }

    /// Returns the CRC-64 of everything, and whether the store confirmed the checksum of each part.
    #[inline]
    pub(crate) fn checksum(&self) -> (u64, bool) {
        let mut parts = self.done.clone();
        parts.sort_unstable_by_key(|(number, _)| *number);
        let mut crc64 = crc64fast::Digest::new().sum64();
        for (number, part) in &parts {
            let range = self.range_of(*number);
            crc64 = combine(crc64, part.crc64, range.end - range.start);
        }
        (crc64, parts.iter().all(|(_, part)| part.verified))
    }
}

/// A part that has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UploadedPart {
    pub(crate) crc64: u64,
    /// The store has the same checksum on record.
    pub(crate) verified: bool,
}

/// Properties that distinguish one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    modified: Option<SystemTime>,
    /// Device and inode of the file: another file may have been put in its place.
    #[cfg(unix)]
    number: (u64, u64),
}

impl Stamp {
    pub(crate) fn of(found: &fs::Metadata) -> Self {
        Self {
            size: found.len(),
            modified: found.modified().ok(),
            #[cfg(unix)]
            number: {
                use std::os::unix::fs::MetadataExt;
                (found.dev(), found.ino())
            },
        }
    }
}
