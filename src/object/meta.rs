//! What a transfer knows of the object, and what it has of it. Pure.

use std::ops::Range;

use crate::base::error::{Error, Result};

/// What is known of the object: it must stay so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ObjectMeta {
    pub(crate) total: Option<u64>,
    pub(crate) etag: Option<String>,
    pub(crate) crc64: Option<u64>,
}

impl ObjectMeta {
    /// Adds what another answer tells of the same object.
    pub(crate) fn learn(&mut self, object: Self) {
        self.total = self.total.or(object.total);
        self.etag = self.etag.take().or(object.etag);
        self.crc64 = self.crc64.or(object.crc64);
    }

    /// Something that is known of both differs.
    pub(crate) fn is_other_than(&self, object: &Self) -> bool {
        fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_some_and(|(one, other)| one != other)
        }
        differ(self.total.as_ref(), object.total.as_ref())
            || differ(self.etag.as_ref(), object.etag.as_ref())
            || differ(self.crc64.as_ref(), object.crc64.as_ref())
    }
}

/// What was written.
pub(crate) struct DownloadedRange {
    pub(crate) range: Range<u64>,
    pub(crate) object: ObjectMeta,
    /// CRC-64 of the range.
    pub(crate) crc64: u64,
}

impl DownloadedRange {
    /// Whether this is the whole object with the checksum on record.
    pub(crate) fn verify(&self) -> Result<bool> {
        let is_whole = self.range.start == 0 && self.object.total == Some(self.range.end);
        match self.object.crc64.filter(|_| is_whole) {
            Some(expected) if expected != self.crc64 => {
                Err(Error::ChecksumMismatch { written: self.range.end, expected, actual: self.crc64 })
            }
            on_record => Ok(on_record.is_some()),
        }
    }
}
