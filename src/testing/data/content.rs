//! The content of files: bytes in memory, or a pattern that is computed when it is needed.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The number of bytes that are produced, sent or checksummed at a time.
pub(crate) const BLOCK: usize = 256 * 1024;

/// The beginning of an endless body, which is followed by endless `a`s.
const ENDLESS_START: &[u8] = b"{\"a\":\"";

/// The size of a PUT in bytes up to which its content is kept.
pub(crate) const MOST_KEPT: u64 = 16 << 20;

/// The body of a PUT that was read.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedBody {
    pub(crate) length: u64,
    pub(crate) crc: u64,
    /// `None` if the body was too large to keep.
    pub(crate) content: Option<Content>,
}

/// The bytes of a file on the fake. Cheap to clone: clones share the bytes.
///
/// ```
/// use dingtalk_files::testing::Content;
///
/// let small = Content::from("hello");
/// let large = Content::pattern(4 << 30); // 4 GiB, but no memory
/// assert_eq!((small.len(), large.len()), (5, 4 << 30));
/// ```
#[derive(Clone)]
pub struct Content {
    source: ContentSource,
}

#[derive(Clone)]
enum ContentSource {
    Bytes(Arc<[u8]>),
    Pattern { len: u64, seed: u64 },
    Endless,
}

impl Content {
    /// Creates `len` bytes that look random and are always the same.
    ///
    /// The bytes are computed on demand, so a file of many gigabytes takes no memory.
    ///
    /// ```
    /// use dingtalk_files::testing::Content;
    ///
    /// let content = Content::pattern(1000);
    /// assert_eq!(content.bytes(10..20), content.bytes(0..1000)[10..20]);
    /// ```
    #[must_use]
    pub fn pattern(len: u64) -> Self {
        Self::pattern_with_seed(len, 0)
    }

    /// Creates bytes like [`Content::pattern`], but different for each `seed`.
    ///
    /// ```
    /// use dingtalk_files::testing::Content;
    ///
    /// let (one, other) = (Content::pattern_with_seed(100, 1), Content::pattern_with_seed(100, 2));
    /// assert_ne!(one.bytes(0..100), other.bytes(0..100));
    /// ```
    #[must_use]
    pub fn pattern_with_seed(len: u64, seed: u64) -> Self {
        let source = ContentSource::Pattern { len, seed };
        Self { source }
    }

    /// Creates an endless body: the beginning of a JSON text, then the same letter forever.
    pub(crate) fn endless() -> Self {
        let source = ContentSource::Endless;
        Self { source }
    }

    /// Returns the number of bytes.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::testing::Content::from("hello").len(), 5);
    /// ```
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.source {
            ContentSource::Bytes(bytes) => bytes.len() as u64,
            ContentSource::Pattern { len, .. } => *len,
            ContentSource::Endless => u64::MAX,
        }
    }

    /// Returns whether the content has no bytes.
    ///
    /// ```
    /// assert!(dingtalk_files::testing::Content::from("").is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes of a range. The part past the end is left out.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::testing::Content::from("hello").bytes(1..3), b"el");
    /// ```
    #[must_use]
    pub fn bytes(&self, range: Range<u64>) -> Vec<u8> {
        let end = range.end.min(self.len());
        let count = usize::try_from(end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; count];
        self.fill(range.start, &mut bytes);
        bytes
    }

    /// Writes the bytes from `offset` on into `buffer`. `buffer` must not extend past the end of the content.
    pub(crate) fn fill(&self, offset: u64, buffer: &mut [u8]) {
        match &self.source {
            ContentSource::Bytes(bytes) => fill_from(bytes, offset, buffer),
            ContentSource::Pattern { seed, .. } => fill_pattern(*seed, offset, buffer),
            ContentSource::Endless => {
                buffer.fill(b'a');
                fill_from(ENDLESS_START, offset, buffer);
            }
        }
    }

    /// Returns the CRC-64/XZ of all bytes.
    pub(crate) fn crc(&self) -> u64 {
        let mut digest = crc64fast::Digest::new();
        if let ContentSource::Bytes(bytes) = &self.source {
            digest.write(bytes);
            return digest.sum64();
        }
        let mut buffer = vec![0; BLOCK];
        let mut offset = 0;
        while offset < self.len() {
            let left = usize::try_from(self.len() - offset).unwrap_or(usize::MAX);
            buffer.truncate(left);
            self.fill(offset, &mut buffer);
            digest.write(&buffer);
            offset += buffer.len() as u64;
        }
        digest.sum64()
    }
}

/// Copies `bytes` from `offset` on into `buffer`, until either ends.
fn fill_from(bytes: &[u8], offset: u64, buffer: &mut [u8]) {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let from = bytes.get(start..).unwrap_or_default();
    let count = from.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..count), from.get(..count)) {
        to.copy_from_slice(from);
    }
}

/// Writes a pattern of 8-byte words. Each word is computed from its index alone.
fn fill_pattern(seed: u64, offset: u64, buffer: &mut [u8]) {
    let mut place = offset / 8;
    // Less than 8, so the conversion loses nothing.
    let skipped = (offset % 8) as usize;
    let mut rest = buffer;
    if skipped > 0 {
        let count = rest.len().min(8 - skipped);
        let Some((first, others)) = rest.split_at_mut_checked(count) else {
            return;
        };
        let word = pattern_word(seed, place);
        for (to, from) in first.iter_mut().zip(word.iter().skip(skipped)) {
            *to = *from;
        }
        place += 1;
        rest = others;
    }
    for chunk in rest.chunks_mut(8) {
        let word = pattern_word(seed, place);
        if chunk.len() == word.len() {
            chunk.copy_from_slice(&word);
        } else {
            fill_from(&word, 0, chunk);
        }
        place += 1;
    }
}

/// Mixes bits as `SplitMix64` does.
fn pattern_word(seed: u64, place: u64) -> [u8; 8] {
    let mut word = place
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(seed.wrapping_mul(0xD134_2543_DE82_EF95));
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (word ^ (word >> 31)).to_le_bytes()
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        let source = ContentSource::Bytes(bytes.into());
        Self { source }
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Content {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.to_vec().into()
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&Vec<u8>> for Content {
    fn from(bytes: &Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

/// Shows the number of bytes, but not the bytes.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            ContentSource::Bytes(bytes) => write!(f, "Content({} bytes)", bytes.len()),
            ContentSource::Pattern { len, seed } => {
                write!(f, "Content(pattern of {len} bytes, seed {seed})")
            }
            ContentSource::Endless => f.write_str("Content(endless)"),
        }
    }
}
