//! The state file: files and folders that the mirror has on disk, by dentry id.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Component, Path};
use std::time::{SystemTime, UNIX_EPOCH};

use dingtalk_files::Dentry;
use serde::{Deserialize, Serialize};

use crate::shared::{self, Failure};

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    space_id: String,
    folder_id: String,
    entries: BTreeMap<String, Entry>,
    /// The dentry id of each path. One path has one owner.
    #[serde(skip)]
    owners: HashMap<String, String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Relative to the target, with `/` between the names.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) content: Content,
    /// A move has begun: the file is in the mirror's own folder, or at `path` already.
    pub(crate) moving: bool,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Kind {
    Folder,
    File(OnDisk),
    /// DingTalk refused the download, because this kind of file has no bytes.
    WithoutBytes,
}

/// Properties that DingTalk changes with every new content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) size: Option<u64>,
    pub(crate) modified: Option<String>,
    pub(crate) version: Option<u64>,
}

impl Content {
    pub(crate) fn of(dentry: &Dentry) -> Self {
        let modified = dentry.modified_time.as_ref().map(ToString::to_string);
        Self { size: dentry.size, modified, version: dentry.version }
    }
}

/// Size and modified time of a local file. Other values than the recorded ones mean that somebody changed the file.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OnDisk {
    pub(crate) size: u64,
    pub(crate) modified_nanos: i64,
}

impl OnDisk {
    pub(crate) fn of(found: &Metadata) -> Self {
        Self { size: found.len(), modified_nanos: found.modified().map_or(0, nanos) }
    }
}

/// Nanoseconds since 1970.
pub(crate) fn nanos(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}

impl State {
    /// Reads the state file. Without one, or with a damaged one, the mirror starts without any knowledge.
    pub(crate) fn load(path: &Path, space_id: &str, folder_id: &str) -> Result<Self, Failure> {
        let new = || Self { space_id: space_id.into(), folder_id: folder_id.into(), ..Self::default() };
        let cannot = |e| Failure { text: format!("cannot read {}: {e}", path.display()), exit_code: 1 };
        let bytes = match fs::read(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(new()),
            read => read.map_err(cannot)?,
        };
        // A path that leads out of the target is damage, too.
        let state: Option<Self> = serde_json::from_slice(&bytes).ok();
        let state = state.filter(|state| state.entries.values().all(|entry| is_inside(&entry.path)));
        let Some(mut state) = state else {
            shared::say(format_args!("{} is damaged; every file is downloaded again", path.display()));
            return Ok(new());
        };
        if (state.space_id.as_str(), state.folder_id.as_str()) != (space_id, folder_id) {
            let (space, folder) = (&state.space_id, &state.folder_id);
            let text = format!("TARGET_FOLDER is a mirror of another folder: {folder} of space {space}");
            return Err(Failure::usage(&text));
        }
        state.owners = state.entries.iter().map(|(id, entry)| (entry.path.clone(), id.clone())).collect();
        Ok(state)
    }

    /// Writes the state file in one step: after a crash it is the old one or the new one.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let new = path.with_extension("new");
        let mut out = BufWriter::new(File::create(&new)?);
        serde_json::to_writer(&mut out, self)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&new, path)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
    }

    /// The recorded file at a path.
    pub(crate) fn file_at(&self, path: &str) -> Option<OnDisk> {
        match self.entries.get(self.owners.get(path)?)? {
            Entry { kind: Kind::File(file), moving: false, .. } => Some(*file),
            _ => None,
        }
    }

    /// Records an entry, and forgets the earlier owner of its path.
    pub(crate) fn insert(&mut self, id: &str, entry: Entry) {
        self.remove(id);
        if let Some(other) = self.owners.insert(entry.path.clone(), id.to_owned()) {
            self.entries.remove(&other);
        }
        self.entries.insert(id.to_owned(), entry);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Entry> {
        let old = self.entries.remove(id)?;
        if self.owners.get(&old.path).is_some_and(|owner| owner == id) {
            self.owners.remove(&old.path);
        }
        Some(old)
    }

    pub(crate) fn set_moving(&mut self, id: &str, moving: bool) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.moving = moving;
        }
    }
}

fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
