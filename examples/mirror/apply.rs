//! Changes on the disk that need no download: deletions, moves, folders.

use std::fs::File;
use std::io;

use dingtalk_files::{Downloaded, Error, Timestamp};

use crate::plan::{Deletion, Move, Plan, Remote};
use crate::screen::{Screen, Summary};
use crate::state::{Entry, Kind, OnDisk, State};
use crate::target::Target;

/// State and target, which change together.
pub(crate) struct Mirror {
    pub(crate) state: State,
    pub(crate) target: Target,
    pub(crate) screen: Screen,
    pub(crate) summary: Summary,
}

impl Mirror {
    pub(crate) fn save(&self) -> io::Result<()> {
        self.state.save(&self.target.state_file())
    }

    pub(crate) fn fail(&mut self, path: &str, what: &str, error: &io::Error) {
        self.screen.say(&format!("{path}: cannot {what}: {error}"));
        self.summary.failed += 1;
    }

    /// Finishes the moves of a killed run.
    pub(crate) fn finish_moves(&mut self) {
        let moving = self.state.iter().filter(|(_, entry)| entry.moving);
        let moving: Vec<_> = moving.map(|(id, entry)| (id.clone(), entry.path.clone())).collect();
        for (id, path) in moving {
            let from = self.target.moving(&id);
            if from.exists()
                && let Err(error) = self.target.put(&from, &path, |_| false)
            {
                // The file is downloaded again.
                self.screen.say(&format!("{path}: cannot put the file back: {error}"));
                continue;
            }
            self.state.set_moving(&id, false);
        }
    }

    pub(crate) fn delete(&mut self, deletions: &[Deletion]) {
        for Deletion { id, path, is_record_only } in deletions {
            if !is_record_only && let Err(error) = self.target.remove_file(path) {
                self.fail(path, "delete the file", &error);
                continue;
            }
            if !is_record_only {
                self.summary.deleted += 1;
            } else if self.target.file(path).is_some() {
                self.screen.say(&format!("{path}: kept, because it was changed here"));
            }
            self.state.remove(id);
        }
    }

    /// Moves files and folders. All files leave their places before the first one gets its new place, so that names may be
    /// swapped. The state is saved before each half, so that `finish_moves` finds every file after a kill.
    pub(crate) fn rearrange(&mut self, plan: &Plan) -> io::Result<()> {
        for moved in &plan.moves {
            self.state.set_moving(&moved.id, true);
        }
        self.save()?;
        let (mut taken, mut replaceable) = (Vec::new(), Vec::new());
        for moved in &plan.moves {
            match self.target.take(&moved.from, &self.target.moving(&moved.id)) {
                Ok(()) => {
                    replaceable.push(self.state.file_at(&moved.to));
                    taken.push(moved);
                }
                Err(error) => {
                    self.fail(&moved.from, "move the file", &error);
                    self.state.set_moving(&moved.id, false);
                }
            }
        }
        for path in &plan.old_folders {
            self.target.remove_folder(path);
        }
        // All are taken out first: one path may be the old one of one file and the new one of another.
        let entries = taken.iter().map(|moved| self.state.remove(&moved.id));
        let entries: Vec<_> = entries.collect();
        for (moved, entry) in taken.iter().zip(entries) {
            if let Some(entry) = entry {
                self.state.insert(&moved.id, Entry { path: moved.to.clone(), ..entry });
            }
        }
        self.record_folders(plan);
        self.save()?;
        for folder in &plan.folders {
            if let Err(error) = self.target.make_folder(&folder.path) {
                self.fail(&folder.path, "create the folder", &error);
            }
        }
        for (moved, replaceable) in taken.into_iter().zip(replaceable) {
            self.put_moved(moved, replaceable);
        }
        self.save()
    }

    fn put_moved(&mut self, moved: &Move, replaceable: Option<OnDisk>) {
        let from = self.target.moving(&moved.id);
        match self.target.put(&from, &moved.to, |found| Some(found) == replaceable) {
            Ok(_) => {
                self.state.set_moving(&moved.id, false);
                self.summary.moved += 1;
            }
            Err(error) => self.fail(&moved.to, "move the file here", &error),
        }
    }

    /// Records the folders that the mirror has made or will make. Others are not the mirror's to remove.
    fn record_folders(&mut self, plan: &Plan) {
        for folder in &plan.folders {
            let is_here = self.target.metadata(&folder.path).is_some_and(|found| found.is_dir());
            if !is_here || plan.own_folders.contains(&folder.path) {
                self.record(folder, Kind::Folder);
            } else {
                self.state.remove(&folder.id);
            }
        }
    }

    /// Moves a complete download to its place.
    pub(crate) fn put_downloaded(&mut self, file: &Remote, done: &Downloaded) -> io::Result<()> {
        let (part, state) = (self.target.part(&file.id), &self.state);
        if let Some(time) = file.modified.as_ref().and_then(Timestamp::system_time) {
            // Before the file is in its place: the next run knows it by its time if this one is killed here.
            let _ = File::options().write(true).open(&part).and_then(|part| part.set_modified(time));
        }
        let may_replace = |found| state.file_at(&file.path) == Some(found) || file.is_like(found);
        let on_disk = self.target.put(&part, &file.path, may_replace)?;
        self.record(file, Kind::File(on_disk));
        self.summary.downloaded += 1;
        self.summary.bytes += done.bytes;
        Ok(())
    }

    /// Reports a file that could not be downloaded.
    pub(crate) fn note_failure(&mut self, file: &Remote, error: &Error) {
        if error.code() == Some("dentryDownloadProtocolNotSupport") {
            // Recorded, because each attempt is a call that counts.
            self.record(file, Kind::WithoutBytes);
            self.summary.skipped += 1;
            return;
        }
        self.screen.say(&format!("{}: {error}", file.path));
        self.summary.failed += 1;
    }

    fn record(&mut self, file: &Remote, kind: Kind) {
        let (path, content) = (file.path.clone(), file.content.clone());
        self.state.insert(&file.id, Entry { path, kind, content, moving: false });
    }
}
