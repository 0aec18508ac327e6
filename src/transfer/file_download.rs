//! A download to a file, from the partial file of an earlier attempt to the published target.

use std::path::Path;

use super::checkpoint::CompletedRange;
use super::context::{Phase, TransferContext};
use super::parallel::{Identity, Outcome, ParallelDownload};
use super::part_file::PartFile;
use super::remote_file::{Downloaded, RemoteFile};
use super::signer::StorageFileSigner;
use super::target::Target;
use crate::base::error::{Error, FileError, Problem, Result};
use crate::client::Client;
use crate::object::meta::ObjectMeta;

/// A download to a file, as it was ordered.
pub(crate) struct FileDownload<'a, 'c> {
    pub(crate) file: &'a RemoteFile,
    pub(crate) client: &'a Client,
    pub(crate) context: &'a TransferContext<'c>,
    pub(crate) resume: bool,
    pub(crate) connections: usize,
}

/// An earlier attempt's object, and the ranges of it that are on disk.
type Known = Option<(ObjectMeta, Vec<CompletedRange>)>;

impl FileDownload<'_, '_> {
    #[inline]
    pub(crate) fn run(&self, target: &Target, no_clobber: bool) -> Result<Downloaded> {
        let mut part = PartFile::open(target, self.resume)?;
        let (done, reused) = self.fill(&mut part)?;
        let bytes = done.bytes;
        if let Err(error) = part.publish(bytes, no_clobber) {
            let kept = part.saved().is_some_and(|_| self.resume);
            return Err(explain(error, part.path(), bytes, kept));
        }
        self.context.finish();
        let verified = done.result.is_ok_and(|verified| verified);
        let (size, etag) = (done.object.total, done.object.etag);
        Ok(Downloaded { bytes, range: 0..bytes, size, etag, verified, reused })
    }

    /// Completes the part. Returns what is in it, checked, and how much of it was there before.
    #[inline]
    fn fill(&self, part: &mut PartFile<'_>) -> Result<(Outcome, u64)> {
        let known = self.known(part)?;
        let reused = known.as_ref().map_or(0, |(_, ranges)| ranges.iter().map(CompletedRange::len).sum());
        let was_known = known.is_some();
        let outcome = self.attempt(part, known, reused);
        let (failure, bytes, saved) = match outcome.result {
            Ok(_) => return Ok((outcome, reused)),
            // The part is of an older object, or damaged: that is a fresh start, not an error.
            Err(Error::ObjectChanged { .. }) if was_known && outcome.fresh == 0 => {
                return self.fill_anew(part);
            }
            Err(Error::ChecksumMismatch { .. }) if was_known && outcome.fresh <= 1 => {
                return self.fill_anew(part);
            }
            Err(failure) => (failure, outcome.bytes, outcome.saved),
        };
        Err(self.give_up(part, failure, bytes, saved))
    }

    #[inline]
    fn fill_anew(&self, part: &mut PartFile<'_>) -> Result<(Outcome, u64)> {
        part.reset()?;
        self.context.restart();
        let outcome = self.attempt(part, None, 0);
        match outcome.result {
            Ok(_) => Ok((outcome, 0)),
            Err(failure) => Err(self.give_up(part, failure, outcome.bytes, outcome.saved)),
        }
    }

    #[inline]
    fn attempt(&self, part: &PartFile<'_>, known: Known, present: u64) -> Outcome {
        let identity = self.resume.then(|| Identity {
            space_id: &self.file.file.space_id,
            dentry_id: &self.file.file.dentry_id,
            version: self.file.file.options.asked_version(),
        });
        let ran = self.context.run(self.client, self.connections, |client| {
            let first = self.file.sign_or_wait(client, self.context)?;
            let signer = StorageFileSigner::new(client, &self.file.file, first);
            let download = ParallelDownload::new(part, self.context, self.connections, identity, known);
            Ok(download.run(client, &signer))
        });
        // Nothing was fetched: the part is as it was.
        ran.unwrap_or_else(|error| {
            let object = ObjectMeta::default();
            Outcome { object, fresh: 0, bytes: present, saved: present, result: Err(error) }
        })
    }

    /// The error for the caller. What cannot be used again is removed.
    #[inline]
    fn give_up(&self, part: &mut PartFile<'_>, failure: Error, bytes: u64, saved: u64) -> Error {
        let is_good = !matches!(failure, Error::ObjectChanged { .. } | Error::ChecksumMismatch { .. })
            && !matches!(&failure, Error::Answer(e) if matches!(e.problem, Problem::WrongLength { .. }));
        // Without a checkpoint (the size never became known, the disk was full) nobody could use it.
        let kept = self.resume && is_good && saved > 0;
        if !kept {
            part.discard();
        }
        // The next call begins with the last checkpoint, so that is what is kept.
        explain(failure, part.path(), if kept { saved } else { bytes }, kept)
    }

    /// The part of an earlier attempt, if it is of this file and intact. Everything else is thrown away.
    #[inline]
    fn known(&self, part: &PartFile<'_>) -> Result<Known> {
        let ours = &self.file.file;
        let saved = part.saved().filter(|saved| {
            self.resume
                && saved.space_id == ours.space_id
                && saved.dentry_id == ours.dentry_id
                && saved.version == ours.options.asked_version()
        });
        if let Some(saved) = saved {
            self.context.phase(Phase::Checking);
            let intact = part.intact(&saved, self.context)?;
            if !intact.is_empty() {
                return Ok(Some((saved.object(), intact)));
            }
        }
        part.reset()?;
        Ok(None)
    }
}

/// The failure as one of the file, for a caller who knows nothing of writers.
#[inline]
fn explain(error: Error, part: &Path, written: u64, kept: bool) -> Error {
    match error {
        Error::Write { cause, .. } => {
            FileError { written, kept, ..FileError::new("write", part, cause) }.into()
        }
        Error::File(mut e) => {
            (e.written, e.kept) = (written, kept);
            Error::File(e)
        }
        Error::ObjectChanged { .. } => Error::ObjectChanged { written },
        Error::Cancelled { .. } => Error::Cancelled { done: written },
        Error::ChecksumMismatch { .. } | Error::TooLarge { .. } | Error::TargetExists { .. } => error,
        cause if written > 0 => Error::Interrupted { written, kept, cause: Box::new(cause) },
        cause => cause,
    }
}
