//! The spaces, folders and files that the fake has.

use super::content::Content;
use super::records::{StoredFile, StoredProperty};
use super::state::Shared;
use super::uploads::Whole;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, HashMap};

/// The id of the folder in which all others are.
pub(super) const ROOT: &str = "0";
/// What a path segment may not hold as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The ids that uploaded files get begin after this; real ones look so.
const FIRST_ID: u64 = 90_000_000_000;

/// Everything that is stored.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The folders, by space and folder.
    spaces: BTreeMap<String, BTreeMap<String, Folder>>,
    files: HashMap<(String, String), Dentry>,
    /// How many files there ever were.
    count: usize,
}

/// A folder. The root has an empty name and no parent.
#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) parent_id: String,
}

/// A file or folder in a folder.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) id: String,
    pub(super) name: String,
    /// `None` for a folder.
    pub(super) size: Option<u64>,
    /// Which one it is of all files; nobody counts folders.
    pub(super) number: usize,
}

/// A file with all its versions.
#[derive(Clone, Debug)]
pub(super) struct Dentry {
    /// Which one it is of all files, in the order in which they came.
    number: usize,
    pub(super) parent_id: String,
    pub(super) creator: String,
    pub(super) modifier: String,
    pub(super) properties: Vec<StoredProperty>,
    /// Oldest first, never empty.
    versions: Vec<Stored>,
}

/// One version of a file.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) name: String,
    /// `None`: it was too large to keep.
    pub(super) content: Option<Content>,
    pub(super) size: u64,
    pub(super) crc: u64,
    pub(super) etag: String,
    pub(super) is_multipart: bool,
}

/// A file to be.
#[derive(Debug)]
pub(super) struct NewFile<'a> {
    pub(super) space_id: &'a str,
    pub(super) parent_id: &'a str,
    pub(super) name: &'a str,
    pub(super) union_id: &'a str,
    pub(super) properties: Vec<StoredProperty>,
    pub(super) whole: Whole,
}

/// What a commit does when the name is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Conflict {
    #[default]
    Rename,
    Overwrite,
    ReturnOld,
    Refuse,
}

impl Stored {
    fn from_content(name: &str, content: Content, version: usize, replaced: u32) -> Self {
        let (crc, size) = (content.crc(), content.len());
        let etag = etag(crc, version, replaced, "");
        Self { name: name.to_owned(), content: Some(content), size, crc, etag, is_multipart: false }
    }

    fn from_whole(name: &str, whole: Whole) -> Self {
        let suffix = whole.parts.map(|parts| format!("-{parts}")).unwrap_or_default();
        // As the real one, this depends on the bytes alone, so that it is what the PUT was answered with.
        let etag = etag(whole.crc, 1, 0, &suffix);
        let is_multipart = whole.parts.is_some();
        let Whole { content, size, crc, .. } = whole;
        Self { name: name.to_owned(), content, size, crc, etag, is_multipart }
    }
}

/// Looks like the MD5 that it is at the real store, and is another for every change.
pub(super) fn etag(crc: u64, version: usize, replaced: u32, suffix: &str) -> String {
    format!("\"{crc:016X}{version:08X}{replaced:08X}{suffix}\"")
}

impl Dentry {
    pub(super) fn version_count(&self) -> usize {
        self.versions.len()
    }

    pub(super) fn latest(&self) -> Option<&Stored> {
        self.versions.last()
    }

    pub(super) fn name(&self) -> &str {
        self.latest().map_or("", |stored| stored.name.as_str())
    }
}

impl Tree {
    pub(super) fn add_space(&mut self, space_id: &str) {
        self.add_folder(space_id, ROOT, "");
    }

    pub(super) fn add_folder(&mut self, space_id: &str, folder_id: &str, name: &str) {
        let folders = self.spaces.entry(space_id.to_owned()).or_default();
        folders.entry(ROOT.to_owned()).or_default();
        let parent_id = if folder_id == ROOT { String::new() } else { ROOT.to_owned() };
        folders.insert(folder_id.to_owned(), Folder { name: name.to_owned(), parent_id });
    }

    pub(super) fn move_into_folder(&mut self, space_id: &str, id: &str, folder_id: &str) {
        if let Some(file) = self.files.get_mut(&key(space_id, id)) {
            folder_id.clone_into(&mut file.parent_id);
        } else if let Some(folder) = self.spaces.get_mut(space_id).and_then(|folders| folders.get_mut(id)) {
            folder_id.clone_into(&mut folder.parent_id);
        }
    }

    pub(super) fn has_space(&self, space_id: &str) -> bool {
        self.spaces.contains_key(space_id)
    }

    pub(super) fn folder(&self, space_id: &str, folder_id: &str) -> Option<&Folder> {
        self.spaces.get(space_id)?.get(folder_id)
    }

    /// Files and folders in a folder, in no order.
    pub(super) fn children(&self, space_id: &str, folder_id: &str) -> Vec<Child> {
        let folders = self.spaces.get(space_id).into_iter().flatten();
        let folders = folders.filter(|(_, folder)| folder.parent_id == folder_id).map(|(id, folder)| Child {
            id: id.clone(),
            name: folder.name.clone(),
            size: None,
            number: 0,
        });
        let files =
            self.files.iter().filter(|((space, _), file)| space == space_id && file.parent_id == folder_id);
        let files = files.filter_map(|((_, id), file)| {
            let latest = file.latest()?;
            let (name, size) = (latest.name.clone(), Some(latest.size));
            Some(Child { id: id.clone(), name, size, number: file.number })
        });
        folders.chain(files).collect()
    }

    /// The path of what has this name in this folder.
    pub(super) fn path(&self, space_id: &str, parent_id: &str, name: &str) -> String {
        let mut path = format!("/{name}");
        let mut above = parent_id;
        // Not more often than there are folders, because a test may have them hold each other.
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

    /// Space and id of the folder for which this is true.
    pub(super) fn find_folder(&self, is_it: impl Fn(&str, &str) -> bool) -> Option<(String, String)> {
        let mut all =
            self.spaces.iter().flat_map(|(space, folders)| folders.keys().map(move |id| (space, id)));
        all.find(|(space, id)| is_it(space, id)).map(|(space, id)| (space.clone(), id.clone()))
    }

    pub(super) fn file_count(&self) -> usize {
        self.files.len()
    }

    pub(super) fn dentry(&self, space_id: &str, dentry_id: &str) -> Option<&Dentry> {
        self.files.get(&key(space_id, dentry_id))
    }

    pub(super) fn version_count(&self, space_id: &str, dentry_id: &str) -> usize {
        self.dentry(space_id, dentry_id).map_or(0, Dentry::version_count)
    }

    /// A version by its number, which begins with 1.
    pub(super) fn version(&self, space_id: &str, dentry_id: &str, version: usize) -> Option<Stored> {
        self.dentry(space_id, dentry_id)?.versions.get(version.checked_sub(1)?).cloned()
    }

    /// All files, in the order in which they came.
    pub(super) fn list(&self) -> Vec<StoredFile> {
        let mut all: Vec<_> = self.files.iter().collect();
        all.sort_by_key(|(_, dentry)| dentry.number);
        all.into_iter().filter_map(|((space, id), dentry)| stored_file(space, id, dentry)).collect()
    }

    fn push(&mut self, space_id: &str, dentry_id: &str, stored: Stored) {
        self.spaces.entry(space_id.to_owned()).or_default().entry(ROOT.to_owned()).or_default();
        let count = &mut self.count;
        let dentry = self.files.entry(key(space_id, dentry_id)).or_insert_with(|| Dentry {
            number: next(count),
            parent_id: ROOT.to_owned(),
            creator: "fake-creator".to_owned(),
            modifier: "fake-modifier".to_owned(),
            properties: Vec::new(),
            versions: Vec::new(),
        });
        dentry.versions.push(stored);
    }

    pub(super) fn remove(&mut self, space_id: &str, dentry_id: &str) -> bool {
        self.files.remove(&key(space_id, dentry_id)).is_some()
    }

    fn named(&self, space_id: &str, parent_id: &str, name: &str) -> Option<String> {
        let mut all = self.files.iter();
        let found = all.find(|((space, _), dentry)| {
            space == space_id && dentry.parent_id == parent_id && dentry.name() == name
        });
        found.map(|((_, id), _)| id.clone())
    }

    /// Stores an uploaded file, and gives its id; `None` when the name is taken, and that is not to be.
    pub(super) fn commit(&mut self, new: NewFile<'_>, conflict: Conflict) -> Option<String> {
        let taken = self.named(new.space_id, new.parent_id, new.name);
        match (taken, conflict) {
            (None, _) => Some(self.create(new.name, new)),
            (Some(_), Conflict::Refuse) => None,
            (Some(id), Conflict::ReturnOld) => Some(id),
            (Some(_), Conflict::Rename) => Some(self.create(&self.free_name(&new), new)),
            (Some(id), Conflict::Overwrite) => {
                if let Some(dentry) = self.files.get_mut(&key(new.space_id, &id)) {
                    dentry.versions.push(Stored::from_whole(new.name, new.whole));
                    new.union_id.clone_into(&mut dentry.modifier);
                    if !new.properties.is_empty() {
                        dentry.properties = new.properties;
                    }
                }
                Some(id)
            }
        }
    }

    /// `name(1).ext`, or with the next number that is free.
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
        let dentry = Dentry {
            number,
            parent_id: new.parent_id.to_owned(),
            creator: new.union_id.to_owned(),
            modifier: new.union_id.to_owned(),
            properties: new.properties,
            versions: vec![Stored::from_whole(name, new.whole)],
        };
        self.files.insert(key(new.space_id, &id), dentry);
        id
    }
}

/// The number of a new file: never that of another one, also where that is gone.
fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

fn key(space_id: &str, dentry_id: &str) -> (String, String) {
    (space_id.to_owned(), dentry_id.to_owned())
}

fn stored_file(space_id: &str, dentry_id: &str, dentry: &Dentry) -> Option<StoredFile> {
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

impl Shared {
    pub(super) fn put_file(&self, space_id: &str, dentry_id: &str, name: &str, content: Content) {
        let version = self.state().tree.version_count(space_id, dentry_id) + 1;
        // Without the lock, because the checksum of a large file takes its time.
        let stored = Stored::from_content(name, content, version, 0);
        self.state().tree.push(space_id, dentry_id, stored);
    }

    /// Puts another content behind the URL of a version, if there is that version.
    pub(super) fn replace(&self, space_id: &str, dentry_id: &str, version: usize, content: &Content) {
        let Some(old) = self.state().tree.version(space_id, dentry_id, version) else {
            return;
        };
        // The last eight of the 32 hex digits of an ETag count the replacements.
        let digits = old.etag.trim_matches('"').get(24..32).unwrap_or_default();
        let replaced = u32::from_str_radix(digits, 16).unwrap_or_default().wrapping_add(1);
        let stored = Stored::from_content(&old.name, content.clone(), version, replaced);
        let mut state = self.state();
        let dentry = state.tree.files.get_mut(&key(space_id, dentry_id));
        if let Some(place) = dentry.and_then(|dentry| dentry.versions.get_mut(version.wrapping_sub(1))) {
            *place = stored;
        }
    }

    /// The uuid of a file or folder, which is the same at every call.
    pub(super) fn uuid(&self, space_id: &str, dentry_id: &str) -> String {
        let half = |salt: u64| {
            let mut digest = crc64fast::Digest::new();
            digest.write(&(self.key ^ salt).to_le_bytes());
            // The length keeps `a` + `bc` and `ab` + `c` apart.
            digest.write(&space_id.len().to_le_bytes());
            digest.write(space_id.as_bytes());
            digest.write(dentry_id.as_bytes());
            digest.sum64()
        };
        format!("{:016x}{:016x}", half(1), half(2))
    }

    /// The URL path of a version, percent-encoded.
    pub(super) fn object_path(space_id: &str, dentry_id: &str, version: usize) -> String {
        let space_id = utf8_percent_encode(space_id, ENCODED);
        let dentry_id = utf8_percent_encode(dentry_id, ENCODED);
        format!("/oss/{space_id}/{dentry_id}/{version}")
    }
}
