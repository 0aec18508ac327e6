//! Spaces, folders and files.

use super::uploads::AssembledUpload;
use crate::testing::data::content::Content;
use crate::testing::data::dates;
use crate::testing::data::ids::random;
use crate::testing::data::records::{StoredFile, StoredProperty};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, HashMap};

/// The id of the root folder of every space.
pub(crate) const ROOT: &str = "0";
/// The characters that are encoded in a path segment.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Ids of uploaded files begin after this number, in the range of real ids.
const FIRST_ID: u64 = 90_000_000_000;

/// The times of every file and folder that a test has not changed. The documentation shows both formats.
const CREATE_TIME: &str = "2022-01-01T10:00:00Z";
const MODIFIED_TIME: &str = "2022-01-01T10:00Z";

/// All spaces with their folders and files.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Makes the uuids of this tree different from those of other trees.
    key: u64,
    /// The folders, by space id and folder id.
    spaces: BTreeMap<String, BTreeMap<String, FakeFolder>>,
    files: HashMap<(String, String), FakeDentry>,
    /// The number of files so far, including removed files.
    count: usize,
}

/// A folder. The root has an empty name and no parent.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeFolder {
    pub(crate) name: String,
    pub(crate) parent_id: String,
    pub(crate) create_time: String,
    pub(crate) modified_time: String,
}

/// A file or folder in a folder.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `None` for a folder.
    pub(crate) size: Option<u64>,
    /// In seconds since 1970.
    pub(crate) created: i64,
    pub(crate) modified: i64,
    /// Its sequence number among all files; 0 for a folder.
    pub(crate) number: usize,
}

/// A file with all its versions.
#[derive(Clone, Debug)]
pub(crate) struct FakeDentry {
    /// Its sequence number among all files, in the order in which they were first stored.
    number: usize,
    pub(crate) parent_id: String,
    pub(crate) create_time: String,
    pub(crate) creator: String,
    pub(crate) modifier: String,
    pub(crate) properties: Vec<StoredProperty>,
    /// Oldest first, never empty.
    versions: Vec<StoredVersion>,
}

/// One version of a file.
#[derive(Clone, Debug)]
pub(crate) struct StoredVersion {
    pub(crate) name: String,
    /// `None` if the content was too large to keep.
    pub(crate) content: Option<Content>,
    pub(crate) size: u64,
    /// The size in listings, which may be wrong.
    pub(crate) listed_size: u64,
    pub(crate) modified_time: String,
    pub(crate) crc: u64,
    pub(crate) etag: String,
    pub(crate) is_multipart: bool,
}

/// A file to be created by a commit.
#[derive(Debug)]
pub(crate) struct NewFile<'a> {
    pub(crate) space_id: &'a str,
    pub(crate) parent_id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) union_id: &'a str,
    pub(crate) properties: Vec<StoredProperty>,
    pub(crate) whole: AssembledUpload,
}

/// The handling of a commit whose name is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Conflict {
    #[default]
    Rename,
    Overwrite,
    ReturnOld,
    Refuse,
}

impl StoredVersion {
    pub(crate) fn from_content(name: &str, content: Content, version: usize, replaced: u32) -> Self {
        let (crc, size) = (content.crc(), content.len());
        let etag = etag(crc, version, replaced, "");
        Self::new(name, Some(content), (size, crc), etag, false)
    }

    pub(crate) fn from_whole(name: &str, whole: AssembledUpload) -> Self {
        let suffix = whole.parts.map(|parts| format!("-{parts}")).unwrap_or_default();
        // As in the real store, this depends on the bytes alone, and therefore equals the ETag in the PUT's answer.
        let etag = etag(whole.crc, 1, 0, &suffix);
        let is_multipart = whole.parts.is_some();
        let AssembledUpload { content, size, crc, .. } = whole;
        Self::new(name, content, (size, crc), etag, is_multipart)
    }

    fn new(
        name: &str,
        content: Option<Content>,
        (size, crc): (u64, u64),
        etag: String,
        is_multipart: bool,
    ) -> Self {
        let (name, modified_time) = (name.to_owned(), MODIFIED_TIME.to_owned());
        Self { name, content, size, listed_size: size, modified_time, crc, etag, is_multipart }
    }

    /// Returns the time of the last change in seconds since 1970.
    pub(crate) fn modified_seconds(&self) -> i64 {
        seconds(&self.modified_time)
    }

    /// Returns the `Last-Modified` of the object.
    pub(crate) fn last_modified(&self) -> String {
        dates::to_http(self.modified_seconds())
    }

    /// Returns the same version with other content and another `ETag`.
    pub(crate) fn replaced_by(&self, content: Content, version: usize) -> Self {
        // The last eight of the 32 hex digits of an ETag count the replacements.
        let digits = self.etag.trim_matches('"').get(24..32).unwrap_or_default();
        let replaced = u32::from_str_radix(digits, 16).unwrap_or_default().wrapping_add(1);
        let modified_time = self.modified_time.clone();
        Self { modified_time, ..Self::from_content(&self.name, content, version, replaced) }
    }
}

/// Returns a time in seconds since 1970. An invalid text counts as the default time of entries.
fn seconds(time: &str) -> i64 {
    dates::from_any(time).or_else(|| dates::from_any(MODIFIED_TIME)).unwrap_or_default()
}

/// Returns an `ETag` that looks like an MD5, as in the real store, and differs after every change.
pub(crate) fn etag(crc: u64, version: usize, replaced: u32, suffix: &str) -> String {
    format!("\"{crc:016X}{version:08X}{replaced:08X}{suffix}\"")
}

impl FakeDentry {
    pub(crate) fn version_count(&self) -> usize {
        self.versions.len()
    }

    pub(crate) fn latest(&self) -> Option<&StoredVersion> {
        self.versions.last()
    }

    pub(crate) fn name(&self) -> &str {
        self.latest().map_or("", |stored| stored.name.as_str())
    }
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { key: random(), spaces: BTreeMap::new(), files: HashMap::new(), count: 0 }
    }

    /// Returns the uuid of a file or folder, which is the same at every call.
    pub(crate) fn uuid(&self, space_id: &str, id: &str) -> String {
        let half = |salt: u64| {
            let mut digest = crc64fast::Digest::new();
            digest.write(&(self.key ^ salt).to_le_bytes());
            // The length distinguishes `a` + `bc` from `ab` + `c`.
            digest.write(&space_id.len().to_le_bytes());
            digest.write(space_id.as_bytes());
            digest.write(id.as_bytes());
            digest.sum64()
        };
        format!("{:016x}{:016x}", half(1), half(2))
    }

    pub(crate) fn add_space(&mut self, space_id: &str) {
        self.add_folder(space_id, ROOT, "");
    }

    pub(crate) fn add_folder(&mut self, space_id: &str, folder_id: &str, name: &str) {
        let folders = self.spaces.entry(space_id.to_owned()).or_default();
        folders.entry(ROOT.to_owned()).or_default();
        let parent_id = if folder_id == ROOT { String::new() } else { ROOT.to_owned() };
        let (create_time, modified_time) = (CREATE_TIME.to_owned(), MODIFIED_TIME.to_owned());
        let folder = FakeFolder { name: name.to_owned(), parent_id, create_time, modified_time };
        folders.insert(folder_id.to_owned(), folder);
    }

    pub(crate) fn move_into_folder(&mut self, space_id: &str, id: &str, folder_id: &str) {
        if let Some(file) = self.files.get_mut(&key(space_id, id)) {
            folder_id.clone_into(&mut file.parent_id);
        } else if let Some(folder) = self.spaces.get_mut(space_id).and_then(|folders| folders.get_mut(id)) {
            folder_id.clone_into(&mut folder.parent_id);
        }
    }

    pub(crate) fn has_space(&self, space_id: &str) -> bool {
        self.spaces.contains_key(space_id)
    }

    pub(crate) fn folder(&self, space_id: &str, folder_id: &str) -> Option<&FakeFolder> {
        self.spaces.get(space_id)?.get(folder_id)
    }

    /// Returns the files and folders of a space, or only those of one folder, in arbitrary order.
    pub(crate) fn children(&self, space_id: &str, folder_id: Option<&str>) -> Vec<Child> {
        let is_in = |parent_id: &str| folder_id.is_none_or(|folder_id| folder_id == parent_id);
        let folders = self.spaces.get(space_id).into_iter().flatten();
        let folders = folders.filter(|(id, folder)| *id != ROOT && is_in(&folder.parent_id));
        let folders = folders.map(|(id, folder)| Child {
            id: id.clone(),
            name: folder.name.clone(),
            size: None,
            created: seconds(&folder.create_time),
            modified: seconds(&folder.modified_time),
            number: 0,
        });
        let files =
            self.files.iter().filter(|((space, _), file)| space == space_id && is_in(&file.parent_id));
        let files = files.filter_map(|((_, id), file)| {
            let latest = file.latest()?;
            Some(Child {
                id: id.clone(),
                name: latest.name.clone(),
                size: Some(latest.listed_size),
                created: seconds(&file.create_time),
                modified: latest.modified_seconds(),
                number: file.number,
            })
        });
        folders.chain(files).collect()
    }

    /// Returns a mutable reference to the time of the last change of a file or folder.
    pub(crate) fn modified_time_mut(&mut self, space_id: &str, id: &str) -> Option<&mut String> {
        match self.files.get_mut(&key(space_id, id)) {
            Some(file) => Some(&mut file.versions.last_mut()?.modified_time),
            None => Some(&mut self.spaces.get_mut(space_id)?.get_mut(id)?.modified_time),
        }
    }

    /// Returns a mutable reference to the creation time of a file or folder.
    pub(crate) fn create_time_mut(&mut self, space_id: &str, id: &str) -> Option<&mut String> {
        match self.files.get_mut(&key(space_id, id)) {
            Some(file) => Some(&mut file.create_time),
            None => Some(&mut self.spaces.get_mut(space_id)?.get_mut(id)?.create_time),
        }
    }

    /// Returns a mutable reference to the listed size of a file.
    pub(crate) fn listed_size_mut(&mut self, space_id: &str, id: &str) -> Option<&mut u64> {
        let file = self.files.get_mut(&key(space_id, id))?;
        Some(&mut file.versions.last_mut()?.listed_size)
    }

    /// Returns the path of an entry with this name in this folder.
    pub(crate) fn path(&self, space_id: &str, parent_id: &str, name: &str) -> String {
        let mut path = format!("/{name}");
        let mut above = parent_id;
        // The loop is bounded by the number of folders, because a test may move two folders into each other.
        for _ in 0..self.spaces.get(space_id).map_or(0, BTreeMap::len) {
            match self.folder(space_id, above) {
                Some(folder) if above != ROOT => {
                    path = format!("/{}{path}", folder.name);
                    above = &folder.parent_id;
                }
                _ => break,
            }
        }
        path
    }

    /// Returns the ids of all spaces.
    pub(crate) fn spaces(&self) -> Vec<String> {
        self.spaces.keys().cloned().collect()
    }

    /// Returns the space and id of the file or folder with this uuid.
    pub(crate) fn by_uuid(&self, uuid: &str) -> Option<(String, String)> {
        let file = self.files.keys().find(|(space, id)| self.uuid(space, id) == uuid);
        file.cloned().or_else(|| self.folder_by_uuid(uuid))
    }

    /// Returns the space and id of the folder with this uuid.
    pub(crate) fn folder_by_uuid(&self, uuid: &str) -> Option<(String, String)> {
        let mut all =
            self.spaces.iter().flat_map(|(space, folders)| folders.keys().map(move |id| (space, id)));
        all.find(|(space, id)| self.uuid(space, id) == uuid).map(|(space, id)| (space.clone(), id.clone()))
    }

    pub(crate) fn file_count(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn dentry(&self, space_id: &str, dentry_id: &str) -> Option<&FakeDentry> {
        self.files.get(&key(space_id, dentry_id))
    }

    pub(crate) fn version_count(&self, space_id: &str, dentry_id: &str) -> usize {
        self.dentry(space_id, dentry_id).map_or(0, FakeDentry::version_count)
    }

    /// Returns a version by its number, starting at 1.
    pub(crate) fn version(&self, space_id: &str, dentry_id: &str, version: usize) -> Option<StoredVersion> {
        self.dentry(space_id, dentry_id)?.versions.get(version.checked_sub(1)?).cloned()
    }

    /// Returns all files, in the order in which they were first stored.
    pub(crate) fn list(&self) -> Vec<StoredFile> {
        let mut all: Vec<_> = self.files.iter().collect();
        all.sort_by_key(|(_, dentry)| dentry.number);
        all.into_iter().filter_map(|((space, id), dentry)| stored_file(space, id, dentry)).collect()
    }

    pub(crate) fn push(&mut self, space_id: &str, dentry_id: &str, stored: StoredVersion) {
        self.spaces.entry(space_id.to_owned()).or_default().entry(ROOT.to_owned()).or_default();
        let count = &mut self.count;
        let dentry = self.files.entry(key(space_id, dentry_id)).or_insert_with(|| FakeDentry {
            number: next(count),
            parent_id: ROOT.to_owned(),
            create_time: CREATE_TIME.to_owned(),
            creator: "fake-creator".to_owned(),
            modifier: "fake-modifier".to_owned(),
            properties: Vec::new(),
            versions: Vec::new(),
        });
        dentry.versions.push(stored);
    }

    /// Replaces a version, if it exists.
    pub(crate) fn replace(&mut self, space_id: &str, dentry_id: &str, version: usize, new: StoredVersion) {
        let dentry = self.files.get_mut(&key(space_id, dentry_id));
        if let Some(place) = dentry.and_then(|dentry| dentry.versions.get_mut(version.wrapping_sub(1))) {
            *place = new;
        }
    }

    pub(crate) fn remove(&mut self, space_id: &str, dentry_id: &str) -> bool {
        self.files.remove(&key(space_id, dentry_id)).is_some()
    }

    fn named(&self, space_id: &str, parent_id: &str, name: &str) -> Option<String> {
        let mut all = self.files.iter();
        let found = all.find(|((space, _), dentry)| {
            space == space_id && dentry.parent_id == parent_id && dentry.name() == name
        });
        found.map(|((_, id), _)| id.clone())
    }

    /// Stores an uploaded file and returns its id, or `None` if the name is taken and the conflict is refused.
    pub(crate) fn commit(&mut self, new: NewFile<'_>, conflict: Conflict) -> Option<String> {
        let taken = self.named(new.space_id, new.parent_id, new.name);
        match (taken, conflict) {
            (None, _) => Some(self.create(new.name, new)),
            (Some(_), Conflict::Refuse) => None,
            (Some(id), Conflict::ReturnOld) => Some(id),
            (Some(_), Conflict::Rename) => Some(self.create(&self.free_name(&new), new)),
            (Some(id), Conflict::Overwrite) => {
                if let Some(dentry) = self.files.get_mut(&key(new.space_id, &id)) {
                    dentry.versions.push(StoredVersion::from_whole(new.name, new.whole));
                    new.union_id.clone_into(&mut dentry.modifier);
                    if !new.properties.is_empty() {
                        dentry.properties = new.properties;
                    }
                }
                Some(id)
            }
        }
    }

    /// Makes a folder and returns its id, or `None` if the name is taken and the conflict is refused. A folder that is
    /// overwritten stays as it is.
    pub(crate) fn make_folder(
        &mut self,
        (space_id, parent_id): (&str, &str),
        name: &str,
        conflict: Conflict,
    ) -> Option<String> {
        let siblings = self.children(space_id, Some(parent_id));
        let taken = |name: &str| siblings.iter().find(|child| child.name == name);
        let name = match (taken(name), conflict) {
            (None, _) => name.to_owned(),
            (Some(_), Conflict::Refuse) => return None,
            (Some(old), Conflict::ReturnOld | Conflict::Overwrite) => return Some(old.id.clone()),
            (Some(_), Conflict::Rename) => {
                let mut names = (1_u64..).map(|number| format!("{name}({number})"));
                names.find(|name| taken(name).is_none()).unwrap_or_default()
            }
        };
        let number = next(&mut self.count);
        let id = format!("folder-{}", FIRST_ID + number as u64 + 1);
        self.add_folder(space_id, &id, &name);
        self.move_into_folder(space_id, &id, parent_id);
        Some(id)
    }

    /// Returns `name(1).ext`, or the name with the next free number.
    fn free_name(&self, new: &NewFile<'_>) -> String {
        let (stem, extension) = match new.name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
            _ => (new.name, String::new()),
        };
        let mut names = (1_u64..).map(|number| format!("{stem}({number}){extension}"));
        let free = names.find(|name| self.named(new.space_id, new.parent_id, name).is_none());
        free.unwrap_or_default()
    }

    fn create(&mut self, name: &str, new: NewFile<'_>) -> String {
        let number = next(&mut self.count);
        let mut ids = (FIRST_ID + number as u64 + 1..).map(|id| id.to_string());
        let id = ids.find(|id| self.dentry(new.space_id, id).is_none()).unwrap_or_default();
        let dentry = FakeDentry {
            number,
            parent_id: new.parent_id.to_owned(),
            create_time: CREATE_TIME.to_owned(),
            creator: new.union_id.to_owned(),
            modifier: new.union_id.to_owned(),
            properties: new.properties,
            versions: vec![StoredVersion::from_whole(name, new.whole)],
        };
        self.files.insert(key(new.space_id, &id), dentry);
        id
    }
}

/// Returns the sequence number of a new file, which no other file ever had.
fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

fn key(space_id: &str, dentry_id: &str) -> (String, String) {
    (space_id.to_owned(), dentry_id.to_owned())
}

fn stored_file(space_id: &str, dentry_id: &str, dentry: &FakeDentry) -> Option<StoredFile> {
    let latest = dentry.latest()?;
    Some(StoredFile {
        space_id: space_id.to_owned(),
        dentry_id: dentry_id.to_owned(),
        parent_id: dentry.parent_id.clone(),
        name: latest.name.clone(),
        size: latest.size,
        crc64: latest.crc,
        version: dentry.version_count(),
        app_properties: dentry.properties.clone(),
    })
}

/// Returns the URL path of a version, percent-encoded.
pub(crate) fn object_path(space_id: &str, dentry_id: &str, version: usize) -> String {
    let space_id = utf8_percent_encode(space_id, ENCODED);
    let dentry_id = utf8_percent_encode(dentry_id, ENCODED);
    format!("/oss/{space_id}/{dentry_id}/{version}")
}
