//! A download into a file: the assignment of ranges to connections, and the checkpoints on the way.
//!
//! A download over one connection is one worker with one range. The first range is requested before the size is known.
//! Its response contains the size, which determines the other ranges.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crc64fast::Digest;

use super::checkpoint::{Checkpoint, CompletedRange, Identity, joined};
use super::context::TransferContext;
use super::part_file::PartFile;
use super::plan::{FIRST_PART, MIB, cut, gaps};
use super::range_download::{PartRequest, Sink, Stopped, changed, download_range};
use super::signer::Signer;
use super::workers::run_workers;
use crate::base::error::{Error, Problem, Result, UnexpectedAnswer};
use crate::client::Client;
use crate::object::GET_OBJECT;
use crate::object::meta::{DownloadedRange, ObjectMeta};
use crate::object::range::RequestedRange;

/// A checkpoint is due after this many bytes, or after this time.
const SAVE_BYTES: u64 = 16 * MIB;
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// Longest prefix that may be read and discarded, once.
const MAX_PREFIX: u64 = MIB;

/// One download into one file.
pub(crate) struct ParallelDownload<'a, 'c> {
    file: &'a PartFile<'a>,
    context: &'a TransferContext<'c>,
    connections: usize,
    /// Identity for the checkpoints. `None` if the download is not to be resumed, so that no checkpoint is written.
    identity: Option<Identity>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Known after the first response, or from a checkpoint.
    object: Option<ObjectMeta>,
    /// Bytes from an earlier attempt that are not reported yet. The first response that confirms them leads to the
    /// report.
    present: Option<u64>,
    is_begun: bool,
    todo: VecDeque<Range<u64>>,
    done: Vec<CompletedRange>,
    running: Vec<Option<RunningRange>>,
    /// Slots of the workers that have started and not given up.
    workers: BTreeSet<usize>,
    /// Number of responses with the whole object to requests for a range.
    whole_answers: u32,
    /// The server ignores ranges, so one connection fetches everything in order from now on.
    is_sequential: bool,
    /// A worker has failed permanently, so that no more ranges are assigned.
    has_failed: bool,
    /// Bytes received in this run.
    fresh: u64,
    /// Bytes in the last checkpoint on disk.
    saved: u64,
    saved_at: (u64, Duration),
}

/// The range that a worker is fetching.
struct RunningRange {
    /// End of the range. `None`: the end of the object.
    end: Option<u64>,
    completed: CompletedRange,
    /// The server sent the whole object instead, and it was not read.
    is_refused: bool,
}

/// Final state of the file.
pub(crate) struct Outcome {
    pub(crate) object: ObjectMeta,
    /// Bytes received in this run.
    pub(crate) fresh: u64,
    /// Good bytes in the file.
    pub(crate) bytes: u64,
    /// Bytes that the next attempt can start with: those of the last checkpoint.
    pub(crate) saved: u64,
    /// Whether the checksum was verified, and the checksum of the file.
    pub(crate) result: Result<(bool, u64)>,
}

impl<'a, 'c> ParallelDownload<'a, 'c> {
    /// Creates a download. `known` is the content of the part from an earlier attempt.
    #[inline]
    pub(crate) fn new(
        file: &'a PartFile<'a>,
        context: &'a TransferContext<'c>,
        connections: usize,
        identity: Option<Identity>,
        known: Option<(ObjectMeta, Vec<CompletedRange>)>,
    ) -> Self {
        let mut state = State::default();
        state.running.resize_with(connections, || None);
        if let Some((object, ranges)) = known {
            let present = ranges.iter().map(CompletedRange::len).sum();
            for gap in gaps(&ranges, object.total.unwrap_or_default()) {
                state.todo.extend(cut(&gap, connections));
            }
            state.present = Some(present);
            state.saved = present;
            state.object = Some(object);
            state.done = ranges;
            state.is_begun = true;
        }
        Self { file, context, connections, identity, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Fetches the missing ranges.
    #[inline]
    pub(crate) fn run(self, client: &Client, signer: &dyn Signer) -> Outcome {
        let work = |slot| self.work(slot, client, signer);
        let ended = run_workers(self.connections, client, self.context, work, |slot| self.leave(slot));
        self.conclude(ended)
    }

    /// Releases the range of a worker that ended, perhaps by a panic in the caller's callback. The other workers must
    /// not wait for that range.
    #[inline]
    fn leave(&self, slot: usize) {
        let mut state = self.state();
        state.workers.remove(&slot);
        if let Some(left) = state.running.get_mut(slot).and_then(Option::take) {
            state.add(left.completed);
            state.has_failed = true;
        }
        drop(state);
        self.wake();
    }

    #[inline]
    fn conclude(self, ended: Result<()>) -> Outcome {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ranges = joined(std::mem::take(&mut state.done));
        let bytes = ranges.iter().map(CompletedRange::len).sum();
        let object = state.object.take().unwrap_or_default();
        if let Some(identity) = &self.identity {
            // If this fails, perhaps because the disk is full, the previous checkpoint is still there.
            if let Some(checkpoint) = checkpoint(identity, &object, ranges.clone())
                && self.file.save(&checkpoint).is_ok()
            {
                state.saved = bytes;
            }
        }
        let result = ended.and_then(|()| {
            // Workers that stop between two ranges, because the transfer must end, return no error.
            if object.total != Some(bytes) {
                self.context.check()?;
            }
            verify(&ranges, &object)
        });
        Outcome { object, fresh: state.fresh, bytes, saved: state.saved, result }
    }

    /// Fetches one range after another until none is left.
    #[inline]
    fn work(&self, slot: usize, client: &Client, signer: &dyn Signer) -> Result<()> {
        self.state().workers.insert(slot);
        while let Some(request) = self.next(slot) {
            let mut sink = PartSink { download: self, slot, place: None };
            let ended = download_range(client, signer, request, &mut sink, self.context);
            if !self.finish_part(slot, ended)? {
                break;
            }
        }
        Ok(())
    }

    /// Returns the next range for a worker. Waits while another worker may still give up a range.
    #[inline]
    fn next(&self, slot: usize) -> Option<PartRequest> {
        let mut state = self.state();
        loop {
            if state.has_failed || self.context.should_end() {
                return None;
            }
            let is_idle = state.running.iter().all(Option::is_none);
            if state.is_sequential {
                return if is_idle { state.rest(slot) } else { None };
            }
            if let (Some(range), Some(object)) = (state.todo.pop_front(), state.object.clone()) {
                state.put(slot, range.start, Some(range.end));
                let range = RequestedRange::Span { start: range.start, end: Some(range.end) };
                return Some(PartRequest { range, object: Some(object), or_whole: false });
            }
            if !state.is_begun {
                state.is_begun = true;
                state.put(slot, 0, None);
                let is_alone = self.connections == 1;
                let first = RequestedRange::Span { start: 0, end: Some(FIRST_PART) };
                let range = if is_alone { RequestedRange::WHOLE } else { first };
                return Some(PartRequest { range, object: None, or_whole: !is_alone });
            }
            if is_idle {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Records the result of a range. Returns `false` if this worker is done. An error ends all workers.
    #[inline]
    fn finish_part(&self, slot: usize, ended: Result<DownloadedRange, Stopped>) -> Result<bool> {
        let mut state = self.state();
        let running = state.running.get_mut(slot).and_then(Option::take);
        let goes_on = match (ended, running) {
            (Ok(downloaded), _) => {
                let Range { start, end } = downloaded.range;
                state.add(CompletedRange { start, end, crc64: downloaded.crc64 });
                let known = state.object.get_or_insert_with(ObjectMeta::default);
                if known.is_other_than(&downloaded.object) {
                    Err(changed())
                } else {
                    // The end of a body without a length reveals the size.
                    known.learn(downloaded.object);
                    Ok(true)
                }
            }
            (Err(stopped), running) => state.part_failed(slot, running, stopped.cause),
        };
        state.has_failed |= goes_on.is_err();
        drop(state);
        self.wake();
        goes_on
    }

    /// Handles the first response to a range.
    #[inline]
    fn open(&self, slot: usize, object: &ObjectMeta, start: u64, end: Option<u64>) -> Result<()> {
        // Check the size of the whole object, because the size of a range does not limit it.
        self.context.check_size(object.total.unwrap_or_default())?;
        let mut state = self.state();
        state.put(slot, start, end);
        let is_new = state.object.as_ref().is_none_or(|known| known.is_other_than(object));
        // A range that has written nothing yet could switch to the new object, but the other ranges could not.
        if is_new && state.object.is_some() && self.connections > 1 {
            return Err(changed());
        }
        if is_new {
            state.object = Some(object.clone());
            state.saved_at = (0, self.context.now());
        }
        let begins = if is_new { Some(0) } else { state.present.take() };
        let total = state.object.as_ref().and_then(|known| known.total);
        drop(state);
        // Called without the lock, so that a slow callback blocks no other worker.
        if let Some(present) = begins {
            self.context.begin(present, total);
        }
        if let (true, Some(total), Some(end)) = (is_new, total, end) {
            self.state().todo.extend(cut(&(end..total), self.connections));
            self.wake();
        }
        Ok(())
    }

    /// Returns whether to read a prefix, after the server sent the whole object for a range. The second time, or if the
    /// prefix is long, everything is fetched in order instead, so that no prefix is read repeatedly.
    #[inline]
    fn admits_prefix(&self, slot: usize, length: u64) -> bool {
        let mut state = self.state();
        if state.is_sequential && state.is_alone(slot) {
            return true;
        }
        state.whole_answers += 1;
        state.is_sequential |= state.whole_answers > 1 || length > MAX_PREFIX;
        let is_refused = state.is_sequential;
        if let Some(Some(running)) = state.running.get_mut(slot) {
            running.is_refused = is_refused;
        }
        !is_refused
    }

    #[inline]
    fn on_written(&self, slot: usize, written: u64, crc: &Digest) {
        let mut state = self.state();
        let Some(Some(running)) = state.running.get_mut(slot) else { return };
        let end = running.completed.start + written;
        let fresh = end - running.completed.end;
        running.completed = CompletedRange { start: running.completed.start, end, crc64: crc.sum64() };
        state.fresh += fresh;
        let Some(identity) = &self.identity else { return };
        let now = self.context.now();
        let (bytes, at) = state.saved_at;
        if state.fresh - bytes < SAVE_BYTES && now.saturating_sub(at) < SAVE_AFTER {
            return;
        }
        state.saved_at = (state.fresh, now);
        let ranges = state.ranges();
        let bytes = ranges.iter().map(CompletedRange::len).sum();
        if let Some(checkpoint) = state.object.as_ref().and_then(|object| checkpoint(identity, object, ranges))
            // If it cannot be saved, a later attempt starts further back, but this attempt continues.
            && self.file.save(&checkpoint).is_ok()
        {
            state.saved = bytes;
        }
    }

    /// Wakes the workers that wait for a range. A single worker never waits.
    #[inline]
    fn wake(&self) {
        if self.connections > 1 {
            self.changed.notify_all();
        }
    }

    #[inline]
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[inline]
    fn put(&mut self, slot: usize, start: u64, end: Option<u64>) {
        if let Some(running) = self.running.get_mut(slot) {
            let completed = CompletedRange { start, end: start, crc64: 0 };
            *running = Some(RunningRange { end, completed, is_refused: false });
        }
    }

    /// Adds a completed range. A worker that fetches everything in order overwrites ranges that are already there.
    #[inline]
    fn add(&mut self, completed: CompletedRange) {
        self.done.retain(|range| range.end <= completed.start || range.start >= completed.end);
        self.done.push(completed);
    }

    /// Handles a range that was not fetched. Returns `Ok` if this worker or another one fetches the rest, and whether
    /// this worker continues.
    #[inline]
    fn part_failed(&mut self, slot: usize, running: Option<RunningRange>, cause: Error) -> Result<bool> {
        let is_refused = running.as_ref().is_some_and(|running| running.is_refused);
        let rest = running.and_then(|running| {
            self.add(running.completed);
            Some(running.completed.end..running.end?)
        });
        let others_go_on = self.workers.len() > 1 && self.object.is_some();
        match rest {
            Some(_) if is_refused => Ok(true),
            // A server may allow fewer connections than the caller requested.
            Some(rest) if others_go_on && is_of_connection(&cause) => {
                self.todo.push_back(rest);
                // Removed immediately: if several workers fail together, the last one must return the error.
                self.workers.remove(&slot);
                Ok(false)
            }
            _ => Err(cause),
        }
    }

    #[inline]
    fn is_alone(&self, slot: usize) -> bool {
        self.running.iter().enumerate().all(|(other, running)| other == slot || running.is_none())
    }

    /// Returns a request for everything from the first missing byte on.
    #[inline]
    fn rest(&mut self, slot: usize) -> Option<PartRequest> {
        let object = self.object.clone()?;
        let end = object.total?;
        let start = gaps(&joined(self.done.clone()), end).first()?.start;
        self.todo.clear();
        self.put(slot, start, Some(end));
        let range = RequestedRange::Span { start, end: Some(end) };
        Some(PartRequest { range, object: Some(object), or_whole: false })
    }

    /// Returns all ranges that are on disk.
    #[inline]
    fn ranges(&self) -> Vec<CompletedRange> {
        let running = || self.running.iter().flatten().map(|running| running.completed);
        let is_free = |done: &&CompletedRange| {
            running().all(|running| done.end <= running.start || done.start >= running.end)
        };
        joined(self.done.iter().filter(is_free).copied().chain(running()).collect())
    }
}

/// Returns whether the server or the system may have refused the connection because there are too many.
#[inline]
fn is_of_connection(cause: &Error) -> bool {
    matches!(cause, Error::Storage(e) if e.status == 403) || cause.is_transient()
}

/// Returns a checkpoint. `None` without the size of the object, because a range could not be distinguished from the
/// whole.
#[inline]
fn checkpoint(identity: &Identity, object: &ObjectMeta, ranges: Vec<CompletedRange>) -> Option<Checkpoint> {
    Some(Checkpoint {
        space_id: identity.space_id.clone(),
        dentry_id: identity.dentry_id.clone(),
        version: identity.version,
        origin: identity.origin.clone(),
        size: object.total?,
        etag: object.etag.clone(),
        crc64: object.crc64,
        html: object.html,
        ranges,
    })
}

/// Returns whether the checksum on record was verified against all ranges together, and the checksum of these.
#[inline]
fn verify(ranges: &[CompletedRange], object: &ObjectMeta) -> Result<(bool, u64)> {
    let empty = CompletedRange { start: 0, end: 0, crc64: Digest::new().sum64() };
    let (whole, is_one) = (*ranges.first().unwrap_or(&empty), ranges.len() <= 1);
    // A file with a gap is never published, whatever happened before.
    if !is_one || whole.start != 0 || object.total != Some(whole.end) {
        let problem = Problem::WrongRange("the received ranges do not make up the whole object".to_owned());
        return Err(UnexpectedAnswer::new(GET_OBJECT, 206, problem).of_read().into());
    }
    let range = whole.start..whole.end;
    let verified = DownloadedRange { range, object: object.clone(), crc64: whole.crc64 }.verify()?;
    Ok((verified, whole.crc64))
}

/// Sink that writes one range at its position in the file.
struct PartSink<'a, 'c> {
    download: &'a ParallelDownload<'a, 'c>,
    slot: usize,
    place: Option<u64>,
}

impl Sink for PartSink<'_, '_> {
    #[inline]
    fn open(&mut self, object: &ObjectMeta, start: u64, end: Option<u64>) -> Result<()> {
        self.place = Some(start);
        self.download.open(self.slot, object, start, end)
    }

    #[inline]
    fn admits_prefix(&mut self, length: u64) -> bool {
        self.download.admits_prefix(self.slot, length)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let place = self.place.ok_or(io::ErrorKind::NotConnected)?;
        let written = self.download.file.write_at(bytes, place)?;
        self.place = Some(place + written as u64);
        Ok(written)
    }

    #[inline]
    fn on_written(&mut self, written: u64, crc: &Digest) {
        self.download.on_written(self.slot, written, crc);
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::StorageError;

    /// Earlier, each of them left the range to the others, as long as none of the others had ended.
    #[test]
    fn if_all_workers_fail_the_last_one_returns_the_error() {
        let refused = || Error::from(StorageError::read("GET object", (403, "h"), None, b"", &[]));
        let mut state = State { object: Some(ObjectMeta::default()), ..State::default() };
        state.running.resize_with(3, || None);
        state.workers.extend(0..3);
        for slot in 0..3 {
            state.put(slot, slot as u64 * 10, Some(slot as u64 * 10 + 10));
        }
        for slot in 0..3 {
            let running = state.running[slot].take();
            let goes_on = state.part_failed(slot, running, refused());
            assert_eq!(goes_on.as_ref().ok(), (slot < 2).then_some(&false), "{slot}: {goes_on:?}");
        }
        assert_eq!(Vec::from(state.todo), [0..10, 10..20]);
    }
}
