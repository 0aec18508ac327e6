//! The target folder. Nothing here follows a symbolic link below it, so nothing is written outside.

use std::collections::HashSet;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::screen::Screen;
use crate::shared::Failure;
use crate::state::OnDisk;

/// Folder in the target for the mirror itself: state, lock, unfinished downloads and moves.
pub(crate) const OWN_FOLDER: &str = ".dingtalk-mirror";

#[derive(Clone)]
pub(crate) struct Target {
    root: PathBuf,
    screen: Screen,
}

impl Target {
    pub(crate) fn new(root: PathBuf, screen: &Screen) -> Result<Self, Failure> {
        if fs::metadata(&root).is_ok_and(|found| !found.is_dir()) {
            return Err(Failure::usage(&format!("TARGET_FOLDER: {} is not a folder", root.display())));
        }
        Ok(Self { root, screen: screen.clone() })
    }

    /// Creates the target and the mirror's own folders, and locks the target for one run.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        let root = self.root.display();
        let cannot = |e| Failure { text: format!("cannot write into {root}: {e}"), exit_code: 1 };
        fs::create_dir_all(&self.root).map_err(cannot)?;
        for folder in ["parts", "moving"] {
            self.make_folder(&format!("{OWN_FOLDER}/{folder}")).map_err(cannot)?;
        }
        let lock = File::options().create(true).truncate(false).write(true).open(self.own("lock"));
        let lock = lock.map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => {
                let text = format!("another mirror is running into {root}; wait until it ends");
                Err(Failure { text, exit_code: 3 })
            }
            Err(TryLockError::Error(e)) => Err(cannot(e)),
        }
    }

    pub(crate) fn state_file(&self) -> PathBuf {
        self.own("state.json")
    }

    /// Place of a download. A later run continues an unfinished one here, also if the file was renamed in the meantime.
    pub(crate) fn part(&self, id: &str) -> PathBuf {
        self.own("parts").join(encoded(id))
    }

    /// Place of a file between its old path and its new path.
    pub(crate) fn moving(&self, id: &str) -> PathBuf {
        self.own("moving").join(encoded(id))
    }

    fn own(&self, name: &str) -> PathBuf {
        self.root.join(OWN_FOLDER).join(name)
    }

    /// Removes unfinished downloads, except those of these files.
    pub(crate) fn remove_parts<'a>(&self, except: impl Iterator<Item = &'a str>) {
        let except: HashSet<String> = except.map(encoded).collect();
        for part in fs::read_dir(self.own("parts")).into_iter().flatten().flatten() {
            let name = part.file_name().to_string_lossy().into_owned();
            // An encoded id has no dot; `.dingtalk-part` and `.dingtalk-checkpoint` follow it.
            let id = name.split('.').next().unwrap_or_default();
            if !except.contains(id) {
                let _ = fs::remove_file(part.path());
            }
        }
    }

    /// Metadata of a file or folder that is inside of real folders.
    pub(crate) fn metadata(&self, path: &str) -> Option<Metadata> {
        let mut place = self.root.clone();
        let mut found = None;
        for name in path.split('/') {
            if found.is_some_and(|above: Metadata| !above.is_dir()) {
                return None;
            }
            place.push(name);
            found = Some(fs::symlink_metadata(&place).ok()?);
        }
        found
    }

    pub(crate) fn file(&self, path: &str) -> Option<OnDisk> {
        self.metadata(path).filter(Metadata::is_file).map(|found| OnDisk::of(&found))
    }

    /// Creates a folder and those above. Returns `false` if it was there.
    pub(crate) fn make_folder(&self, path: &str) -> io::Result<bool> {
        let mut place = self.root.clone();
        let mut is_new = false;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            place.push(name);
            is_new = match fs::symlink_metadata(&place) {
                Ok(found) if found.is_dir() => false,
                Ok(_) => {
                    self.set_aside(&place)?;
                    fs::create_dir(&place)?;
                    true
                }
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    fs::create_dir(&place)?;
                    true
                }
                Err(e) => return Err(e),
            };
        }
        Ok(is_new)
    }

    /// Moves a file out of its place into a folder of the mirror's own.
    pub(crate) fn take(&self, path: &str, to: &Path) -> io::Result<()> {
        fs::rename(self.root.join(path), to)
    }

    /// Moves a file to its place. Replaces a file there if `may_replace` accepts it, and sets aside everything else.
    pub(crate) fn put(
        &self,
        from: &Path,
        path: &str,
        may_replace: impl FnOnce(OnDisk) -> bool,
    ) -> io::Result<OnDisk> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.make_folder(folder)?;
        let place = self.root.join(path);
        match fs::symlink_metadata(&place) {
            Ok(found) if found.is_file() && may_replace(OnDisk::of(&found)) => {}
            Ok(_) => self.set_aside(&place)?,
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        fs::rename(from, &place)?;
        fs::symlink_metadata(&place).map(|found| OnDisk::of(&found))
    }

    pub(crate) fn remove_file(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.root.join(path))
    }

    /// Removes a folder if it is empty.
    pub(crate) fn remove_folder(&self, path: &str) {
        if self.metadata(path).is_some_and(|found| found.is_dir()) {
            let _ = fs::remove_dir(self.root.join(path));
        }
    }

    /// Renames something that the mirror did not write, or that somebody changed, because its place is needed.
    fn set_aside(&self, place: &Path) -> io::Result<()> {
        for number in 1.. {
            let mut aside = place.as_os_str().to_owned();
            aside.push(if number == 1 { ".local".to_owned() } else { format!(".local-{number}") });
            if fs::symlink_metadata(&aside).is_err() {
                fs::rename(place, &aside)?;
                let (place, aside) = (place.display(), Path::new(&aside).display());
                self.screen.say(&format!("{place} was in the way; it is now {aside}"));
                break;
            }
        }
        Ok(())
    }
}

/// A dentry id as a file name. Ids that differ in case stay different on every disk.
fn encoded(id: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let encode =
        |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
    id.bytes().map(encode).collect()
}
