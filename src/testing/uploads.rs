//! Uploads on their way: from the upload key to the commit.

use super::content::Content;
use super::crc;
use super::intake::Arrived;
use super::sign;
use super::state::{Lapse, Shared, random};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// The longest content of one PUT that is kept, in bytes.
pub(super) const KEPT: u64 = 16 << 20;
/// The longest content of all parts of one upload that is kept, in bytes.
const KEPT_PARTS: u64 = 64 << 20;
/// What an upload key begins with; the rest is the name of the object.
const KEY_START: &str = "fake-upload-key-";
/// The most that one PUT may bring, and so the longest part: 5 GB.
pub(super) const LONGEST_PUT: u64 = 5 << 30;
/// The highest number of a part.
pub(super) const LAST_PART: u32 = 10_000;

/// All uploads so far, by the name of their object.
#[derive(Debug, Default)]
pub(super) struct Uploads(HashMap<String, Upload>);

/// What was promised with an upload key, and what came.
#[derive(Debug)]
struct Upload {
    space_id: String,
    is_multipart: bool,
    /// By number; what is put in one piece has the number 0.
    parts: BTreeMap<u32, Part>,
}

#[derive(Debug)]
struct Part {
    size: u64,
    crc: u64,
    content: Option<Content>,
}

/// An upload put together.
#[derive(Debug)]
pub(super) struct Whole {
    /// `None`: it was too large to keep.
    pub(super) content: Option<Content>,
    pub(super) size: u64,
    pub(super) crc: u64,
    /// How many parts it came in; `None` when it came in one piece.
    pub(super) parts: Option<usize>,
}

/// Where and with what a PUT is to be sent.
#[derive(Debug)]
pub(super) struct Offer {
    /// Path and query.
    pub(super) path: String,
    pub(super) authorization: String,
    pub(super) date: String,
    pub(super) lifetime: Duration,
}

impl Uploads {
    /// Begins an upload, and gives its key.
    pub(super) fn begin(&mut self, space_id: &str, is_multipart: bool) -> String {
        let object = format!("{:016x}{:016x}", random(), random());
        let key = format!("{KEY_START}{object}");
        let space_id = space_id.to_owned();
        self.0.insert(object, Upload { space_id, is_multipart, parts: BTreeMap::new() });
        key
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Whether there is a multipart upload with this key.
    pub(super) fn is_multipart(&self, key: &str) -> bool {
        self.get(key).is_some_and(|upload| upload.is_multipart)
    }

    /// Whether there is an upload with this key, for this space.
    pub(super) fn is_for(&self, key: &str, space_id: &str) -> bool {
        self.get(key).is_some_and(|upload| upload.space_id == space_id)
    }

    fn get(&self, key: &str) -> Option<&Upload> {
        self.0.get(key.strip_prefix(KEY_START)?)
    }

    /// Takes what a PUT brought; `false` when there is no such upload. What came before with this number is replaced.
    pub(super) fn store(&mut self, object: &str, number: Option<u32>, arrived: &Arrived) -> bool {
        let Some(upload) = self.0.get_mut(object).filter(|upload| upload.is_multipart == number.is_some())
        else {
            return false;
        };
        let Arrived { length, crc, content } = arrived;
        upload.parts.insert(number.unwrap_or(0), Part { size: *length, crc: *crc, content: content.clone() });
        // Thousands of small parts are a large file, too.
        if upload.parts.values().map(|part| part.size).sum::<u64>() > KEPT_PARTS {
            upload.parts.values_mut().for_each(|part| part.content = None);
        }
        true
    }

    /// Puts together what has come, or says what is wrong with it.
    pub(super) fn whole(&self, key: &str, smallest_part: u64) -> Result<Whole, &'static str> {
        let upload = self.get(key).ok_or("There is no such upload.")?;
        let Some(last) = upload.parts.keys().next_back().copied() else {
            return Err("Nothing has been uploaded.");
        };
        if upload.is_multipart && !upload.parts.keys().copied().eq(1..=last) {
            return Err("A part is missing.");
        }
        if upload.parts.iter().any(|(number, part)| *number != last && part.size < smallest_part) {
            return Err("A part that is not the last one is too small.");
        }
        let parts = upload.is_multipart.then_some(upload.parts.len());
        let mut whole = Whole { content: None, size: 0, crc: crc64fast::Digest::new().sum64(), parts };
        let mut bytes = Some(Vec::new());
        for part in upload.parts.values() {
            whole.crc = crc::combine(whole.crc, part.crc, part.size);
            whole.size += part.size;
            bytes = bytes.zip(part.content.as_ref()).map(|(mut bytes, content)| {
                bytes.extend(content.bytes(0..content.len()));
                bytes
            });
        }
        whole.content = bytes.map(Content::from);
        Ok(whole)
    }
}

impl Shared {
    /// Signs a PUT of the object behind an upload key, or of a part of it.
    pub(super) fn offer(&self, key: &str, part: Option<u32>) -> Offer {
        let object = key.strip_prefix(KEY_START).unwrap_or_default();
        let path = match part {
            Some(number) => format!("/oss-upload/{object}?partNumber={number}&uploadId={object}"),
            None => format!("/oss-upload/{object}"),
        };
        let (authorization, date) = sign::ahead(self, "PUT", &path);
        let mut state = self.state();
        let lifetime = state.signature_lifetime;
        state.signatures.insert(date.clone(), Lapse::after(lifetime));
        Offer { path, authorization, date, lifetime }
    }
}
