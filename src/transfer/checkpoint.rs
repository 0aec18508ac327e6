//! The ranges of an object that are on disk, and the file that preserves them across processes. No I/O.

use serde::{Deserialize, Serialize};

use crate::base::crc64::combine;
use crate::object::meta::ObjectMeta;

/// Bytes of the object that are on disk, and their checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CompletedRange {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) crc64: u64,
}

impl CompletedRange {
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        self.end - self.start
    }
}

/// Sorts ranges and joins those that touch.
#[inline]
pub(crate) fn joined(mut ranges: Vec<CompletedRange>) -> Vec<CompletedRange> {
    ranges.sort_unstable_by_key(|p| p.start);
    let mut result: Vec<CompletedRange> = Vec::with_capacity(ranges.len());
    for range in ranges.into_iter().filter(|p| p.len() > 0) {
        match result.last_mut().filter(|last| last.end == range.start) {
            Some(last) => {
                last.crc64 = combine(last.crc64, range.crc64, range.len());
                last.end = range.end;
            }
            None => result.push(range),
        }
    }
    result
}

/// Identity of the file in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) space_id: String,
    pub(crate) dentry_id: String,
    pub(crate) version: Option<u64>,
    /// Kind and ids of a file that is not in storage 1.0.
    pub(crate) origin: Option<String>,
}

/// A download in progress. Contains no signed URL, header or token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) space_id: String,
    pub(crate) dentry_id: String,
    /// The requested version.
    pub(crate) version: Option<u64>,
    /// Kind and ids of a file that is not in storage 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
    /// Checksum of the whole object.
    pub(crate) crc64: Option<u64>,
    /// Whether the object itself is an HTML page.
    #[serde(default)]
    pub(crate) html: bool,
    /// Sorted, and not touching each other.
    #[serde(rename = "pieces")]
    pub(crate) ranges: Vec<CompletedRange>,
}

/// Start of the first line, which ends with the checksum of the rest.
const HEAD: &str = "dingtalk-files checkpoint 1 ";

impl Checkpoint {
    #[inline]
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialize, and an empty body would be read back as damaged.
        let body = serde_json::to_string(self).unwrap_or_default();
        format!("{HEAD}{:016x}\n{body}", checksum(&body)).into_bytes()
    }

    /// Returns `None` for a checkpoint that is damaged, cut off, or in another format.
    #[inline]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, body) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        let written = u64::from_str_radix(head.strip_prefix(HEAD)?, 16).ok()?;
        if written != checksum(body) {
            return None;
        }
        let read: Self = serde_json::from_str(body).ok()?;
        let mut end = 0;
        for range in &read.ranges {
            if range.start < end || range.end <= range.start || range.end > read.size {
                return None;
            }
            end = range.end;
        }
        Some(read)
    }

    /// Returns the object that the ranges belong to.
    #[inline]
    pub(crate) fn object(&self) -> ObjectMeta {
        ObjectMeta { total: Some(self.size), etag: self.etag.clone(), crc64: self.crc64, html: self.html }
    }
}

#[inline]
fn checksum(text: &str) -> u64 {
    let mut digest = crc64fast::Digest::new();
    digest.write(text.as_bytes());
    digest.sum64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> CompletedRange {
        CompletedRange { start, end, crc64: start ^ end }
    }

    fn checkpoint(ranges: &[CompletedRange]) -> Checkpoint {
        Checkpoint {
            space_id: "space-1".into(),
            dentry_id: "文件".into(),
            version: None,
            origin: None,
            size: 100,
            etag: Some("\"E\"".into()),
            crc64: Some(u64::MAX),
            html: false,
            ranges: ranges.to_vec(),
        }
    }

    #[test]
    fn decode_returns_the_encoded_checkpoint_and_rejects_any_damage() {
        let written = checkpoint(&[range(0, 10), range(20, 100)]);
        let bytes = written.encode();
        assert_eq!(Checkpoint::decode(&bytes), Some(written));
        for place in 0..bytes.len() {
            assert_eq!(Checkpoint::decode(&bytes[..place]), None, "cut at {place}");
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                // An upper-case digit of the checksum is the same checksum.
                let same =
                    damaged.eq_ignore_ascii_case(&bytes) && place < HEAD.len() + 16 && place >= HEAD.len();
                assert!(same || Checkpoint::decode(&damaged).is_none(), "bit {bit} of byte {place}");
            }
        }
        assert_eq!(Checkpoint::decode(b""), None);
    }

    #[test]
    fn invalid_ranges_are_rejected() {
        for ranges in
            [[range(0, 10), range(9, 20)], [range(20, 30), range(0, 10)], [range(0, 10), range(20, 101)]]
        {
            assert_eq!(Checkpoint::decode(&checkpoint(&ranges).encode()), None, "{ranges:?}");
        }
        let empty = CompletedRange { start: 5, end: 5, crc64: 0 };
        assert_eq!(Checkpoint::decode(&checkpoint(&[empty]).encode()), None);
    }

    #[test]
    fn touching_ranges_are_joined() {
        let crc = |bytes: &[u8]| {
            let mut digest = crc64fast::Digest::new();
            digest.write(bytes);
            digest.sum64()
        };
        let of = |start: u64, bytes: &[u8]| CompletedRange {
            start,
            end: start + bytes.len() as u64,
            crc64: crc(bytes),
        };
        let ranges = vec![of(6, b"world"), of(0, b"hello "), of(11, b""), of(20, b"!")];
        assert_eq!(joined(ranges), [of(0, b"hello world"), of(20, b"!")]);
    }
}
