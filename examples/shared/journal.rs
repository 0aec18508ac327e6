//! The journal of `report`: JSON lines on disk, each complete and synced before the next step begins.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Failure;

/// One line of the journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// Written before the upload. The first line, and only that.
    Begin { space: String, folder: String, name: String, csv: String },
    /// Written after the upload, with the dentry id.
    Stored(String),
    /// Written before a send.
    Sending(Receiver),
    /// Written after a send that succeeded.
    Sent(Receiver),
    /// Written after a send that certainly failed.
    Failed(Receiver),
}

impl Entry {
    pub(crate) fn begin(space: &str, folder: &str, name: &str, csv: &str) -> Self {
        let [space, folder, name, csv] = [space, folder, name, csv].map(str::to_owned);
        Self::Begin { space, folder, name, csv }
    }
}

/// The start of the first line.
const START: &[u8] = br#"{"begin":{"#;

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Receiver {
    /// The union id of a person.
    User(String),
    /// The open conversation id of a group.
    Group(String),
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Group(id) => write!(f, "group {id}"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Failed,
    /// The send began, and has no outcome.
    Unknown,
    Sent,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
        }
    }
}

/// The journal, locked while this value exists.
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Journal {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| unusable(path, &error);
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("--journal: another run is using {}", path.display());
                return Err(Failure { text, exit_code: 3 });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        sync_folder(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        // A crash can leave a part of a line. Its step had not begun, or is unknown by the line before.
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let (lines, rest) = bytes.split_at(complete);
        let entries: Result<Vec<Entry>, _> =
            serde_json::Deserializer::from_slice(lines).into_iter().collect();
        let starts = bytes.starts_with(START) || START.starts_with(&bytes);
        let Some(entries) = entries.ok().filter(|_| starts) else {
            let text = format!("--journal: {} is not a journal of this program", path.display());
            return Err(Failure { text, exit_code: 2 });
        };
        if !rest.is_empty() {
            file.set_len(complete as u64).map_err(failed)?;
        }
        file.seek(SeekFrom::Start(complete as u64)).map_err(failed)?;
        Ok(Self { file, path: path.to_owned(), entries })
    }

    /// Adds a line, and returns when it is on disk.
    pub(crate) fn append(&mut self, entry: Entry) -> Result<(), Failure> {
        let mut write = || {
            let mut line = serde_json::to_vec(&entry)?;
            line.push(b'\n');
            self.file.write_all(&line)?;
            self.file.sync_all()
        };
        write().map_err(|error| unusable(&self.path, &error))?;
        self.entries.push(entry);
        Ok(())
    }

    /// Removes all lines.
    pub(crate) fn clear(&mut self) -> Result<(), Failure> {
        let cleared =
            self.file.set_len(0).and_then(|()| self.file.rewind()).and_then(|()| self.file.sync_all());
        cleared.map_err(|error| unusable(&self.path, &error))?;
        self.entries.clear();
        Ok(())
    }

    /// Refuses the journal of another report.
    pub(crate) fn check(&self, space: &str, folder: &str, name: &str) -> Result<(), Failure> {
        match self.entries.first() {
            Some(Entry::Begin { space: s, folder: f, name: n, .. })
                if (&**s, &**f, &**n) != (space, folder, name) =>
            {
                let text =
                    format!("--journal: {} belongs to {n:?} in folder {f} of space {s}", self.path.display());
                Err(Failure { text, exit_code: 2 })
            }
            _ => Ok(()),
        }
    }

    /// Returns the report that an earlier run began to store.
    pub(crate) fn csv(&self) -> Option<String> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Begin { csv, .. } => Some(csv.clone()),
            _ => None,
        })
    }

    /// Returns the dentry id of the stored report.
    pub(crate) fn stored(&self) -> Option<String> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Stored(dentry) => Some(dentry.clone()),
            _ => None,
        })
    }

    pub(crate) fn state(&self, receiver: &Receiver) -> State {
        let last = self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Sending(other) if other == receiver => Some(State::Unknown),
            Entry::Sent(other) if other == receiver => Some(State::Sent),
            Entry::Failed(other) if other == receiver => Some(State::Failed),
            _ => None,
        });
        last.unwrap_or(State::Pending)
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure { text: format!("--journal: cannot use {}: {error}", path.display()), exit_code: 1 }
}

/// Syncs the folder, or a crash could lose a new journal. Windows cannot sync a folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
