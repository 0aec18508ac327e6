//! The difference between DingTalk, the state and the disk. Changes nothing.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use dingtalk_files::{DentryType, Error, Result, Timestamp, Walk, WalkError};
use indicatif::HumanBytes;

use crate::screen::{Screen, Summary};
use crate::shared::{self, Failure};
use crate::state::{Content, Entry, Kind, OnDisk, State, nanos};
use crate::target::{OWN_FOLDER, Target};

/// A file or folder of DingTalk.
pub(crate) struct Remote {
    pub(crate) id: String,
    /// Its place in the target, with `/` between the names.
    pub(crate) path: String,
    pub(crate) content: Content,
    pub(crate) modified: Option<Timestamp>,
}

impl Remote {
    /// Returns whether a local file looks like this one: a run may be killed between writing a file and recording it.
    pub(crate) fn is_like(&self, found: OnDisk) -> bool {
        let time = self.modified.as_ref().and_then(Timestamp::system_time);
        self.content.size == Some(found.size) && time.map(nanos) == Some(found.modified_nanos)
    }
}

/// Everything below the folder at DingTalk.
#[derive(Default)]
pub(crate) struct Listing {
    files: Vec<Remote>,
    folders: Vec<Remote>,
    seen: HashSet<String>,
    /// Something is missing, so that an entry that is not here may still exist.
    is_incomplete: bool,
}

pub(crate) fn list(walk: Walk<'_>, screen: &Screen, summary: &mut Summary) -> Result<Listing, Failure> {
    let mut listing = Listing::default();
    let mut patience = Patience::default();
    screen.show_listing();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(WalkError { path, error, .. }) if path.is_empty() || patience.ends_with(&error) => {
                return Err(error.into());
            }
            Err(error) => {
                screen.say(&error.to_string());
                (listing.is_incomplete, summary.failed) = (true, summary.failed + 1);
                continue;
            }
        };
        patience = Patience::default();
        screen.add(1);
        let (kind, path) = (entry.dentry.kind.clone(), local_path(entry.safe_path()));
        let content = Content::of(&entry.dentry);
        let is_document = entry.dentry.is_online_document();
        let (Some(id), Some(DentryType::File | DentryType::Folder)) = (entry.dentry.id, &kind) else {
            screen.say(&format!("{}: is neither a file nor a folder, or has no id", entry.path));
            (listing.is_incomplete, summary.failed) = (true, summary.failed + 1);
            continue;
        };
        // An entry that somebody moved during the walk comes twice.
        if !listing.seen.insert(id.clone()) {
            continue;
        }
        let remote = Remote { id, path, content, modified: entry.dentry.modified_time };
        match kind {
            Some(DentryType::Folder) => listing.folders.push(remote),
            _ if is_document => summary.skipped += 1,
            _ => listing.files.push(remote),
        }
    }
    Ok(listing)
}

fn local_path(safe: &Path) -> String {
    let names: Vec<_> = safe.iter().map(|name| name.to_string_lossy()).collect();
    let path = names.join("/");
    // The mirror's own folder is not DingTalk's to write to, on a disk that ignores case, too.
    let first = names.first().map(|name| name.to_lowercase());
    if first.as_deref() == Some(OWN_FOLDER) { path.replacen('.', "%2E", 1) } else { path }
}

/// Decides when to stop although only single files or folders have failed.
#[derive(Default)]
pub(crate) struct Patience {
    in_a_row: u32,
}

impl Patience {
    /// So many temporary failures without a success in between mean that the line or DingTalk is down.
    const MOST: u32 = 10;

    /// Returns whether all further calls would fail as well.
    pub(crate) fn ends_with(&mut self, error: &Error) -> bool {
        self.in_a_row = if error.is_transient() { self.in_a_row + 1 } else { 0 };
        self.in_a_row >= Self::MOST || error.concerns_every_call()
    }
}

pub(crate) struct Move {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

pub(crate) struct Deletion {
    pub(crate) id: String,
    pub(crate) path: String,
    /// Somebody changed or removed the file, or it is a folder: only the record goes.
    pub(crate) is_record_only: bool,
}

pub(crate) struct Plan {
    pub(crate) deletions: Vec<Deletion>,
    pub(crate) moves: Vec<Move>,
    /// All of DingTalk's.
    pub(crate) folders: Vec<Remote>,
    /// Places of folders that the mirror has made.
    pub(crate) own_folders: HashSet<String>,
    /// To be removed if they are empty: folders that were moved, and deleted ones.
    pub(crate) old_folders: Vec<String>,
    pub(crate) downloads: Vec<Remote>,
    pub(crate) is_complete: bool,
}

impl Plan {
    pub(crate) fn new(
        listing: Listing,
        state: &State,
        target: &Target,
        delete: bool,
        summary: &mut Summary,
    ) -> Self {
        let is_complete = !listing.is_incomplete;
        let (mut moves, mut downloads) = (Vec::new(), Vec::new());
        for file in listing.files {
            match state.get(&file.id) {
                Some(Entry { kind: Kind::WithoutBytes, content, .. }) if *content == file.content => {
                    summary.skipped += 1;
                }
                Some(Entry { kind: Kind::File(recorded), path, content, moving: false })
                    if target.file(path).is_some_and(|found| found.size == recorded.size) =>
                {
                    let is_moved = *path != file.path;
                    if is_moved {
                        let (id, from, to) = (file.id.clone(), path.clone(), file.path.clone());
                        moves.push(Move { id, from, to });
                    }
                    if *content != file.content {
                        downloads.push(file);
                    } else if !is_moved {
                        summary.unchanged += 1;
                    }
                }
                _ => downloads.push(file),
            }
        }
        let is_gone = |id: &str| delete && is_complete && !listing.seen.contains(id);
        let mut deletions = Vec::new();
        for (id, entry) in state.iter().filter(|(id, _)| is_gone(id)) {
            let found = target.file(&entry.path);
            let is_unchanged = matches!(entry.kind, Kind::File(recorded) if found == Some(recorded));
            let (id, path) = (id.clone(), entry.path.clone());
            deletions.push(Deletion { id, path, is_record_only: !is_unchanged });
        }
        let wanted: HashSet<&str> = listing.folders.iter().map(|folder| folder.path.as_str()).collect();
        let (mut own_folders, mut old_folders) = (HashSet::new(), Vec::new());
        for (id, Entry { path, .. }) in state.iter().filter(|(_, entry)| matches!(entry.kind, Kind::Folder)) {
            own_folders.insert(path.clone());
            if (listing.seen.contains(id) || is_gone(id)) && !wanted.contains(path.as_str()) {
                old_folders.push(path.clone());
            }
        }
        // The inner ones first.
        old_folders.sort_by_key(|path| Reverse(path.matches('/').count()));
        let folders = listing.folders;
        Self { deletions, moves, folders, own_folders, old_folders, downloads, is_complete }
    }

    /// Prints the plan, and counts it as if it were done.
    pub(crate) fn print(&self, target: &Target, summary: &mut Summary) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let printable = shared::printable;
        for Deletion { path, .. } in self.deletions.iter().filter(|deletion| !deletion.is_record_only) {
            writeln!(out, "delete {}", printable(path))?;
            summary.deleted += 1;
        }
        for Move { from, to, .. } in &self.moves {
            writeln!(out, "move {} to {}", printable(from), printable(to))?;
            summary.moved += 1;
        }
        for path in &self.old_folders {
            writeln!(out, "remove {}/ if it is empty", printable(path))?;
        }
        for folder in self.folders.iter().filter(|folder| target.metadata(&folder.path).is_none()) {
            writeln!(out, "create {}/", printable(&folder.path))?;
        }
        for file in &self.downloads {
            let size = file.content.size.unwrap_or_default();
            writeln!(out, "download {} ({})", printable(&file.path), HumanBytes(size))?;
            (summary.downloaded, summary.bytes) = (summary.downloaded + 1, summary.bytes + size);
        }
        Ok(())
    }
}
