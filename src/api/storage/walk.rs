//! Everything below a folder.

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

/// A file or folder that a [`Walk`] came by.
///
/// ```
/// fn depth(entry: &dingtalk_files::WalkEntry) -> usize {
///     entry.path.split('/').count()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkEntry {
    /// The names from the folder where the walk began, without it, to this one, joined by `/`: `2024/report.xls`. Other
    /// people chose them: on a disk, use [`safe_path`](Self::safe_path). Who has no name is called by the id. A name may
    /// have a `/` in it, so the last piece is not always the name: that is [`Dentry::name`].
    pub path: String,
    /// The entry itself.
    pub dentry: Dentry,
    safe_path: PathBuf,
}

impl WalkEntry {
    /// Relative path for this entry on a disk: safe on Linux, macOS and Windows, and different for each entry of the walk.
    ///
    /// Each name becomes one component of at most 200 bytes. Characters that a file system may not allow (`/`, `\\`, `:`,
    /// `*`, `?`, `"`, `<`, `>`, `|`, control characters), the names `.` and `..`, Windows device names, final dots and
    /// spaces, and the endings of partial downloads are percent-encoded, so that `..` is `.%2E`. A longer name is shortened
    /// and marked with a checksum. Where upper and lower case alone tell two names of a folder apart, the second one has a
    /// checksum of its id as a mark.
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

/// A folder that a [`Walk`] could not list, at all or to its end.
///
/// With `?` it becomes its [`Error`], which does not know the folder.
///
/// ```
/// fn is_gone(error: &dingtalk_files::WalkError) -> bool {
///     error.error.is_not_found() // somebody deleted it meanwhile
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct WalkError {
    /// The path of the folder, as in [`WalkEntry::path`]; empty for the one where the walk began.
    pub path: String,
    /// Its dentry id.
    pub folder_id: String,
    /// What went wrong.
    pub error: Error,
}

impl fmt::Display for WalkError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "." } else { &self.path };
        write!(f, "the folder `{path}` cannot be listed: {}", self.error)
    }
}

/// The text includes the cause, so there is no source.
impl std::error::Error for WalkError {}

impl From<WalkError> for Error {
    #[inline]
    fn from(error: WalkError) -> Self {
        error.error
    }
}

/// A folder that is known, and not listed yet.
struct Folder {
    path: String,
    safe_path: PathBuf,
    id: String,
    /// Of what is in it; 1 for the folder where the walk began.
    level: usize,
}

/// Everything below a folder. From [`Storage::walk`], which says in what order.
///
/// ```
/// fn files(walk: dingtalk_files::Walk<'_>) -> usize {
///     walk.flatten().filter(|entry| entry.dentry.size.is_some()).count()
/// }
/// ```
#[must_use = "nothing is asked for before the first entry is"]
pub struct Walk<'c> {
    storage: Storage<'c>,
    space_id: String,
    operator: String,
    /// What is being listed, and the folders that were found in it.
    open: Option<(Folder, Pages<'c, Dentry>)>,
    found: Vec<Folder>,
    /// Safe names in the open folder, in lower case.
    taken: HashSet<String>,
    /// What comes then, the next one last.
    waiting: Vec<Folder>,
    /// The ids of all folders that were waiting at any time: none is listed twice.
    seen: HashSet<String>,
    deepest: usize,
}

impl<'c> Walk<'c> {
    #[inline]
    fn open_next(&mut self) -> Option<(Folder, Pages<'c, Dentry>)> {
        let folder = self.waiting.pop()?;
        self.taken.clear();
        // Sorted by what a change to a file does not change.
        let options = ListDentries::new()
            .order_by(DentryOrderBy::Name)
            .order(SortOrder::Ascending)
            .max_results(MAX_PAGE);
        let pages = self.storage.dentries(&self.space_id, &folder.id, UnionId(&self.operator), &options);
        Some((folder, pages))
    }

    /// How many levels to go down, 1 at least: that is what is in the folder itself. Default: all.
    ///
    /// Folders below are not listed, which saves their calls.
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
    /// Everything below a folder, with paths: [`list_dentries`](Self::list_dentries) of it, and of each folder in it.
    ///
    /// `parent_id` is `"0"` for the root of the space; that folder itself does not come. First comes what is in it, by
    /// name, then what is below its first folder, down to the bottom, then what is below the second. Nothing is asked
    /// for before the first entry is wanted, and each page when the one before it is used up: one call per folder, and
    /// one more for each 50 entries.
    ///
    /// A folder that cannot be listed gives one error, which names it, and the walk goes on with the others. So `?` ends
    /// it at the first error, and whoever goes on sees all the rest; what concerns not one folder but every call, such
    /// as a refused token or a monthly limit, is then seen once for each folder that is known already.
    ///
    /// When others change the tree meanwhile, an entry may come twice, at two paths, or not at all; what is deleted
    /// between its coming and its listing is an error that [`is_not_found`](Error::is_not_found). No folder is
    /// listed twice, so the walk ends also where folders hold each other. For that it remembers their ids.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for entry in client.storage().walk("space-1", "0", UnionId("operator-1")) {
    ///     match entry {
    ///         Ok(entry) => println!("{} {:?}", entry.path, entry.dentry.size),
    ///         Err(error) if error.error.is_permission_denied() => eprintln!("left out: {error}"),
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
