//! A download to a file, from the partial file of an earlier attempt to the published target.

use std::path::Path;

use super::checkpoint::{Checkpoint, CompletedRange};
use super::context::{Phase, TransferContext};
use super::parallel::{Outcome, ParallelDownload};
use super::part_file::PartFile;
use super::remote_file::{Downloaded, RemoteFile};
use super::signer::OriginSigner;
use super::target::Target;
use crate::base::error::{Error, FileError, Problem, Result};
use crate::client::Client;
use crate::object::meta::ObjectMeta;

/// A download to a file, with its options.
pub(crate) struct FileDownload<'a, 'c> {
    pub(crate) file: &'a RemoteFile,
    pub(crate) client: &'a Client,
    pub(crate) context: &'a TransferContext<'c>,
    pub(crate) resume: bool,
    pub(crate) no_clobber: bool,
    pub(crate) connections: usize,
}

/// The object of an earlier attempt, and its ranges that are on disk.
type Known = Option<(ObjectMeta, Vec<CompletedRange>)>;

impl FileDownload<'_, '_> {
    #[inline]
    pub(crate) fn run(&self, target: &Target) -> Result<Downloaded> {
        let mut part = PartFile::open(target, self.resume)?;
        let known = self.known(&part)?;
        let reused = known.as_ref().map_or(0, |(_, ranges)| ranges.iter().map(CompletedRange::len).sum());
        let was_known = known.is_some();
        let outcome = self.attempt(&mut part, known, reused);
        // A part that is damaged, or that belongs to an older object, leads to a fresh start and not to an error.
        let is_stale = match &outcome.result {
            Err(Error::ObjectChanged { .. }) => was_known && outcome.fresh == 0,
            Err(Error::ChecksumMismatch { .. }) => was_known && outcome.fresh <= 1,
            _ => false,
        };
        if !is_stale {
            return self.conclude(&mut part, outcome, reused);
        }
        part.reset()?;
        self.context.restart();
        let outcome = self.attempt(&mut part, None, 0);
        self.conclude(&mut part, outcome, 0)
    }

    /// Completes the part, checks it, and publishes it as the target.
    #[inline]
    fn attempt(&self, part: &mut PartFile<'_>, known: Known, present: u64) -> Outcome {
        let identity = self.resume.then(|| self.file.origin.identity());
        let fetch = |client: &Client| {
            let first = self.file.sign_or_wait(client, self.context)?;
            let signer = OriginSigner::new(client, &*self.file.origin, &self.file.kept, self.context, first);
            let download = ParallelDownload::new(part, self.context, self.connections, identity, known);
            Ok((download.run(client, &signer), part))
        };
        self.context.run_then(self.client, self.connections, fetch, |fetched| match fetched {
            Ok((outcome, part)) => {
                let result = outcome.result.and_then(|verified| {
                    part.publish(outcome.bytes, self.no_clobber)?;
                    Ok(verified)
                });
                Outcome { result, ..outcome }
            }
            // Nothing was fetched, so the part is unchanged.
            Err(error) => {
                let object = ObjectMeta::default();
                Outcome { object, fresh: 0, bytes: present, saved: present, result: Err(error) }
            }
        })
    }

    /// Returns the result for the caller, and removes a part that cannot be used again.
    #[inline]
    fn conclude(&self, part: &mut PartFile<'_>, outcome: Outcome, reused: u64) -> Result<Downloaded> {
        let Outcome { object, bytes, saved, result, .. } = outcome;
        let failure = match result {
            Ok((verified, crc64)) => {
                self.context.finish();
                let (size, etag) = (object.total, object.etag);
                return Ok(Downloaded { bytes, range: 0..bytes, size, etag, verified, reused, crc64 });
            }
            Err(failure) => failure,
        };
        let is_good = !matches!(failure, Error::ObjectChanged { .. } | Error::ChecksumMismatch { .. })
            && !matches!(&failure, Error::Answer(e) if matches!(e.problem, Problem::WrongLength { .. }));
        // A part without a checkpoint is useless: the size never became known, or the disk was full.
        let kept = self.resume && is_good && saved > 0;
        if !kept {
            part.discard();
        }
        // The next call starts with the last checkpoint, so only its bytes are kept.
        Err(explain(failure, part.path(), if kept { saved } else { bytes }, kept))
    }

    /// Returns the part of an earlier attempt, if it belongs to this file and is intact. Resets any other part.
    #[inline]
    fn known(&self, part: &PartFile<'_>) -> Result<Known> {
        let ours = self.file.origin.identity();
        let is_ours = |saved: &Checkpoint| {
            let Checkpoint { space_id, dentry_id, version, origin, .. } = saved;
            (space_id, dentry_id, version, origin)
                == (&ours.space_id, &ours.dentry_id, &ours.version, &ours.origin)
        };
        let saved = if self.resume { part.saved().filter(is_ours) } else { None };
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

/// Describes a failure in terms of the file, because the caller passed a path and not a writer.
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
