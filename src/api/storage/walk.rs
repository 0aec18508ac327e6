//! Recursive listing of a folder.

use std::collections::HashSet;
use std::fmt;
use std::iter::FusedIterator;
use std::path::{Path, PathBuf};

use super::Storage;
use super::browse::{DentryOrderBy, ListDentries, MAX_PAGE, SortOrder};
use super::safe_name::free_name;
use crate::base::dentry::{Dentry, DentryType};
use crate::base::error::Error;
use crate::base::ids::UnionId;
use crate::base::pages::Pages;

/// A file or folder found by a [`Walk`].
///
/// ```
/// fn depth(entry: &dingtalk_files::WalkEntry) -> usize {
///     entry.path.split('/').count()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkEntry {
    /// Path from the folder where the walk started (not included) to this entry, joined by `/`: `2024/report.xls`.
    ///
    /// The names were chosen by other people: for paths on disk, use [`safe_path`](Self::safe_path). An entry without a
    /// name is represented by its id. A name may contain a `/`, so the last component is not always the name: that is
    /// [`Dentry::name`].
    pub path: String,
    /// The entry itself.
    pub dentry: Dentry,
    safe_path: PathBuf,
}

impl WalkEntry {
    /// Returns a relative path for this entry on disk: safe on Linux, macOS and Windows, and unique within the walk.
    ///
    /// Each name becomes one component of at most 200 bytes. The following are percent-encoded: characters that a file
    /// system may not allow (`/`, `\\`, `:`, `*`, `?`, `"`, `<`, `>`, `|`, control characters), the names `.` and `..`,
    /// Windows device names, final dots and spaces, and the suffixes of partial downloads. For example, `..` becomes
    /// `.%2E`. A longer name is shortened and marked with a checksum. If two names in a folder differ only in upper and
    /// lower case, the second one is marked with a checksum of its id.
    ///
    /// The path is never absolute and never leaves the folder it is joined to. The whole path has no limit, and Unicode
    /// normalization is left to the file system.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # let client = fake.client().build()?;
    /// fake.put_file("space-1", "dentry-1", "../Q1: plan.xls", "some bytes");
    /// for entry in client.storage().walk("space-1", "0", UnionId("operator-1")) {
    ///     let path = std::path::Path::new("mirror").join(entry?.safe_path());
    ///     assert_eq!(path, std::path::Path::new("mirror/..%2FQ1%3A plan.xls"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn safe_path(&self) -> &Path {
        &self.safe_path
    }
}

/// A folder that a [`Walk`] could not list, completely or in part.
///
/// The `?` operator converts it to its [`Error`], which does not name the folder.
///
/// ```
/// fn is_gone(error: &dingtalk_files::WalkError) -> bool {
///     error.error.is_not_found() // someone has deleted it
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct WalkError {
    /// Path of the folder, as in [`WalkEntry::path`]; empty for the folder where the walk started.
    pub path: String,
    /// Dentry id of the folder.
    pub folder_id: String,
    /// Error that stopped the listing of the folder.
    pub error: Error,
}

impl fmt::Display for WalkError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "." } else { &self.path };
        write!(f, "the folder `{path}` cannot be listed: {}", self.error)
    }
}

/// The text includes the cause, so `source` returns `None`.
impl std::error::Error for WalkError {}

impl From<WalkError> for Error {
    #[inline]
    fn from(error: WalkError) -> Self {
        error.error
    }
}

/// A folder that is known but not yet listed.
struct Folder {
    path: String,
    safe_path: PathBuf,
    id: String,
    /// Depth of the entries in this folder; 1 for the folder where the walk started.
    level: usize,
}

/// An iterator over everything below a folder. Returned by [`Storage::walk`], which documents the order.
///
/// ```
/// fn files(walk: dingtalk_files::Walk<'_>) -> usize {
///     walk.flatten().filter(|entry| entry.dentry.size.is_some()).count()
/// }
/// ```
#[must_use = "nothing is listed before the first entry is requested"]
pub struct Walk<'c> {
    storage: Storage<'c>,
    space_id: String,
    operator: String,
    /// The folder being listed. `found` holds the subfolders found in it so far.
    open: Option<(Folder, Pages<'c, Dentry>)>,
    found: Vec<Folder>,
    /// Safe names in the open folder, in lower case.
    taken: HashSet<String>,
    /// Folders to list next, the next one last.
    waiting: Vec<Folder>,
    /// Ids of all folders ever found, so that no folder is listed twice.
    seen: HashSet<String>,
    deepest: usize,
}

impl<'c> Walk<'c> {
    #[inline]
    fn open_next(&mut self) -> Option<(Folder, Pages<'c, Dentry>)> {
        let folder = self.waiting.pop()?;
        self.taken.clear();
        // Sorted by name, an order that changes to a file's content do not affect.
        let options = ListDentries::new()
            .order_by(DentryOrderBy::Name)
            .order(SortOrder::Ascending)
            .max_results(MAX_PAGE);
        let pages = self.storage.dentries(&self.space_id, &folder.id, UnionId(&self.operator), &options);
        Some((folder, pages))
    }

    /// Limits the number of levels, at least 1: level 1 is the entries of the folder itself. Default: all levels.
    ///
    /// Folders below the limit are not listed, which saves their calls.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.add_folder("space-1", "folder-1", "2024");
    /// # let client = fake.client().build()?;
    /// let walk = client.storage().walk("space-1", "0", UnionId("operator-1")).max_depth(1);
    /// assert_eq!(walk.count(), 1);
    /// assert_eq!(fake.requests_to(Target::ListDentries).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.deepest = levels.max(1);
        self
    }

    #[inline]
    fn entry(&mut self, above: &Folder, dentry: Dentry) -> WalkEntry {
        let name = dentry.name.as_deref().or(dentry.id.as_deref()).unwrap_or_default();
        let path = if above.path.is_empty() { name.to_owned() } else { format!("{}/{name}", above.path) };
        let id = dentry.id.as_deref().unwrap_or_default();
        let safe_path = above.safe_path.join(free_name(name, id, &mut self.taken));
        if let (Some(DentryType::Folder), Some(id)) = (&dentry.kind, &dentry.id)
            && above.level < self.deepest
            && self.seen.insert(id.clone())
        {
            let (path, safe_path) = (path.clone(), safe_path.clone());
            self.found.push(Folder { path, safe_path, id: id.clone(), level: above.level + 1 });
        }
        WalkEntry { path, dentry, safe_path }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<WalkEntry, WalkError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (folder, mut pages) = self.open.take().or_else(|| self.open_next())?;
            match pages.next() {
                Some(Ok(dentry)) => {
                    let entry = self.entry(&folder, dentry);
                    self.open = Some((folder, pages));
                    return Some(Ok(entry));
                }
                end => {
                    self.waiting.extend(self.found.drain(..).rev());
                    if let Some(Err(error)) = end {
                        return Some(Err(WalkError { path: folder.path, folder_id: folder.id, error }));
                    }
                }
            }
        }
    }
}

impl FusedIterator for Walk<'_> {}

impl fmt::Debug for Walk<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("space_id", &self.space_id)
            .field("folder", &self.open.as_ref().map(|(folder, _)| &folder.path))
            .field("folders_waiting", &(self.found.len() + self.waiting.len()))
            .finish_non_exhaustive()
    }
}

impl<'c> Storage<'c> {
    /// Walks all files and folders below a folder, with their paths.
    ///
    /// `parent_id` is `"0"` for the root of the space; the walk does not return that folder itself. The walk first
    /// returns the entries of the folder, by name, then everything below its first subfolder, down to the lowest level,
    /// then everything below the second. The first request is made when the first entry is taken, and each further page
    /// is requested when the previous one is used up. A walk takes one call of [`list_dentries`](Self::list_dentries)
    /// per folder, and another for every 50 entries.
    ///
    /// A folder that cannot be listed returns a single error, which names the folder, and the walk continues with the
    /// other folders. `?` therefore ends the walk at the first error, and a loop that continues gets all other entries.
    /// A failure that affects every call, such as a refused token or a monthly limit, is then returned once for each
    /// folder that is already known.
    ///
    /// If others change the tree at the same time, an entry may be returned twice, at two paths, or not at all. A
    /// folder that is deleted after it was returned and before it is listed causes an error for which
    /// [`is_not_found`](Error::is_not_found) is true. No folder is listed twice, so the walk also ends if folders
    /// contain each other. For that purpose, the walk keeps the ids of all folders in memory.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for entry in client.storage().walk("space-1", "0", UnionId("operator-1")) {
    ///     match entry {
    ///         Ok(entry) => println!("{} {:?}", entry.path, entry.dentry.size),
    ///         Err(error) if error.error.is_permission_denied() => eprintln!("skipped: {error}"),
    ///         Err(error) => return Err(error.into()),
    ///     }
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn walk(&self, space_id: &str, parent_id: &str, operator: UnionId<'_>) -> Walk<'c> {
        Walk {
            storage: *self,
            space_id: space_id.to_owned(),
            operator: operator.0.to_owned(),
            open: None,
            found: Vec::new(),
            taken: HashSet::new(),
            waiting: vec![Folder {
                path: String::new(),
                safe_path: PathBuf::new(),
                id: parent_id.to_owned(),
                level: 1,
            }],
            seen: HashSet::from([parent_id.to_owned()]),
            deepest: usize::MAX,
        }
    }
}
