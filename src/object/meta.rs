//! Properties of an object as its answers describe them, and the part of the object that was written. Pure.

use std::ops::Range;

use super::range::ResponseHead;
use crate::base::error::{Error, Result};

/// The known properties of the object. They must not change during a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ObjectMeta {
    pub(crate) total: Option<u64>,
    pub(crate) etag: Option<String>,
    pub(crate) crc64: Option<u64>,
    /// The object itself is an HTML page.
    pub(crate) html: bool,
}

impl ObjectMeta {
    /// Adds the properties that another answer states about the same object.
    pub(crate) fn learn(&mut self, object: Self) {
        self.total = self.total.or(object.total);
        self.etag = self.etag.take().or(object.etag);
        self.crc64 = self.crc64.or(object.crc64);
        self.html |= object.html;
    }

    /// Returns whether a property differs that is known of both objects.
    pub(crate) fn is_other_than(&self, object: &Self) -> bool {
        differ(self.total.as_ref(), object.total.as_ref())
            || differ(self.etag.as_ref(), object.etag.as_ref())
            || differ(self.crc64.as_ref(), object.crc64.as_ref())
    }

    /// Returns whether the answer states another `ETag` or checksum.
    pub(crate) fn contradicts(&self, head: &ResponseHead) -> bool {
        differ(self.etag.as_ref(), head.etag.as_ref()) || differ(self.crc64.as_ref(), head.crc64.as_ref())
    }

    /// Returns whether the answer can be attributed to this object: by an `ETag` or a checksum on both sides, or else
    /// by an equal size.
    pub(crate) fn identifies(&self, head: &ResponseHead, total: Option<u64>) -> bool {
        let is_marked =
            self.etag.as_ref().and(head.etag.as_ref()).is_some() || self.crc64.and(head.crc64).is_some();
        is_marked || (total.is_some() && self.total == total)
    }

    /// Returns whether the answer is a login page or a proxy's own answer, which says nothing about the object.
    pub(crate) fn is_foreign(&self, head: &ResponseHead) -> bool {
        let has_mark = head.etag.is_some() || head.crc64.is_some() || head.request_id.is_some();
        if head.html && !self.html {
            let is_known = *self != Self::default();
            return if is_known { self.etag.is_none() || self.etag != head.etag } else { !has_mark };
        }
        let has_pin = self.etag.is_some() || self.crc64.is_some();
        has_pin && !has_mark && (head.total().is_none() || head.total() != self.total)
    }

    /// Takes over the properties that the answer states.
    pub(crate) fn remember(&mut self, head: &ResponseHead, total: Option<u64>) {
        self.total = total.or(self.total);
        self.etag = head.etag.clone().or_else(|| self.etag.take());
        self.crc64 = head.crc64.or(self.crc64);
        self.html |= head.html;
    }
}

fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

/// A range of the object that was written.
#[derive(Debug)]
pub(crate) struct DownloadedRange {
    pub(crate) range: Range<u64>,
    pub(crate) object: ObjectMeta,
    /// CRC-64 of the range.
    pub(crate) crc64: u64,
}

impl DownloadedRange {
    /// Returns whether this is the whole object with the checksum on record, or an error if its checksum differs.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// (known, answer, foreign)
    #[test]
    fn pages_in_place_of_an_object_are_foreign() {
        let head = |etag: Option<&str>, id: bool, html: bool, length: u64| ResponseHead {
            status: 200,
            etag: etag.map(str::to_owned),
            request_id: id.then(|| "R".to_owned()),
            html,
            length: Some(length),
            ..ResponseHead::default()
        };
        let nothing = ObjectMeta::default;
        let known = |html| ObjectMeta { total: Some(9), etag: Some("E".to_owned()), crc64: None, html };
        let table = [
            (nothing(), head(None, false, false, 9), false),
            (nothing(), head(None, false, true, 9), true),
            (nothing(), head(None, true, true, 9), false),
            (nothing(), head(Some("E"), false, true, 9), false),
            (known(false), head(None, false, false, 5), true),
            (known(false), head(None, false, false, 9), false),
            (known(false), head(None, true, false, 5), false),
            (known(false), head(Some("E"), false, true, 9), false),
            (known(false), head(Some("P"), false, true, 5), true),
            (known(false), head(None, true, true, 9), true),
            (known(true), head(Some("F"), true, true, 5), false),
        ];
        for (object, head, is_foreign) in table {
            assert_eq!(object.is_foreign(&head), is_foreign, "{object:?} {head:?}");
        }
    }
}
