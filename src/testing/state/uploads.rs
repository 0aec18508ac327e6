//! Uploads, from the upload key to the commit.

use crate::testing::data::combine;
use crate::testing::data::content::{Content, ReceivedBody};
use crate::testing::data::ids::random;
use std::collections::{BTreeMap, HashMap};

/// The total size of the parts of an upload in bytes up to which their content is kept.
const MOST_KEPT: u64 = 64 << 20;
/// The beginning of an upload key; the rest is the name of the object.
const KEY_START: &str = "fake-upload-key-";
/// The maximum size of a PUT, and therefore of a part: 5 GB.
pub(crate) const LONGEST_PUT: u64 = 5 << 30;
/// The highest part number.
pub(crate) const LAST_PART: u32 = 10_000;

/// All uploads, by the name of their object.
#[derive(Debug, Default)]
pub(crate) struct Uploads(HashMap<String, FakeUpload>);

/// The parts that were uploaded under one upload key.
#[derive(Debug)]
struct FakeUpload {
    space_id: String,
    is_multipart: bool,
    /// The parts by number. A single PUT has the number 0.
    parts: BTreeMap<u32, FakePart>,
}

#[derive(Debug)]
struct FakePart {
    size: u64,
    crc: u64,
    content: Option<Content>,
}

/// An upload, assembled from its parts.
#[derive(Debug)]
pub(crate) struct AssembledUpload {
    /// `None` if the content was too large to keep.
    pub(crate) content: Option<Content>,
    pub(crate) size: u64,
    pub(crate) crc: u64,
    /// The number of parts; `None` for a single PUT.
    pub(crate) parts: Option<usize>,
}

impl AssembledUpload {
    /// Creates an upload from a single PUT.
    pub(crate) fn from_body(body: &ReceivedBody) -> Self {
        Self { content: body.content.clone(), size: body.length, crc: body.crc, parts: None }
    }
}

impl Uploads {
    /// Begins an upload and returns its key.
    pub(crate) fn begin(&mut self, space_id: &str, is_multipart: bool) -> String {
        let object = format!("{:016x}{:016x}", random(), random());
        let key = format!("{KEY_START}{object}");
        let space_id = space_id.to_owned();
        self.0.insert(object, FakeUpload { space_id, is_multipart, parts: BTreeMap::new() });
        key
    }

    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// Returns whether a multipart upload with this key exists.
    pub(crate) fn is_multipart(&self, key: &str) -> bool {
        self.get(key).is_some_and(|upload| upload.is_multipart)
    }

    /// Returns whether an upload with this key exists in this space.
    pub(crate) fn is_for(&self, key: &str, space_id: &str) -> bool {
        self.get(key).is_some_and(|upload| upload.space_id == space_id)
    }

    fn get(&self, key: &str) -> Option<&FakeUpload> {
        self.0.get(key.strip_prefix(KEY_START)?)
    }

    /// Stores the body of a PUT, replacing an earlier body with this number. Returns `false` if the upload does not
    /// exist.
    pub(crate) fn store(&mut self, object: &str, number: Option<u32>, body: &ReceivedBody) -> bool {
        let Some(upload) = self.0.get_mut(object).filter(|upload| upload.is_multipart == number.is_some())
        else {
            return false;
        };
        let ReceivedBody { length, crc, content } = body;
        let part = FakePart { size: *length, crc: *crc, content: content.clone() };
        upload.parts.insert(number.unwrap_or(0), part);
        // Thousands of small parts also add up to a large file.
        if upload.parts.values().map(|part| part.size).sum::<u64>() > MOST_KEPT {
            upload.parts.values_mut().for_each(|part| part.content = None);
        }
        true
    }

    /// Assembles the upload, or returns the reason why it cannot be assembled.
    pub(crate) fn assemble(&self, key: &str, smallest_part: u64) -> Result<AssembledUpload, &'static str> {
        let upload = self.get(key).ok_or("The upload does not exist.")?;
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
        let mut whole =
            AssembledUpload { content: None, size: 0, crc: crc64fast::Digest::new().sum64(), parts };
        let mut bytes = Some(Vec::new());
        for part in upload.parts.values() {
            whole.crc = combine(whole.crc, part.crc, part.size);
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

/// Returns the name of the object behind an upload key.
pub(crate) fn object(key: &str) -> &str {
    key.strip_prefix(KEY_START).unwrap_or_default()
}

/// Returns the path and query for a PUT of the object behind an upload key, or of a part of the object.
pub(crate) fn put_path(key: &str, part: Option<u32>) -> String {
    let object = object(key);
    match part {
        Some(number) => format!("/oss-upload/{object}?partNumber={number}&uploadId={object}"),
        None => format!("/oss-upload/{object}"),
    }
}
