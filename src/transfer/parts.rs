//! A download in parts, into a file: who fetches what, what is there, and what is written down of it.
//!
//! One connection is the case of one worker with one part. The first part is asked for before the size is known; the
//! answer to it tells the size, and from that the other parts are planned.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crc64fast::Digest;

use super::checkpoint::{Checkpoint, CompletedRange, joined};
use super::origin::SharedSignature;
use super::part_file::PartFile;
use super::patience::Limits;
use super::pull::{Order, Sink, pull};
use crate::base::error::{Error, FileError, Problem, Result, UnexpectedAnswer};
use crate::object::GET_OBJECT;
use crate::object::meta::{DownloadedRange, ObjectMeta};
use crate::object::range::RequestedRange;

const MIB: u64 = 1024 * 1024;

/// Of a file of unknown size, so much is asked for first when there are several connections. The one that fetches it begins
/// its share of the others later, so it is small.
const FIRST_PART: u64 = MIB / 4;
/// Smaller parts cost more round trips than they save.
const SMALLEST_PART: u64 = MIB;
/// Larger ones leave the other connections idle at the end, and lose more by a kill.
const LARGEST_PART: u64 = 64 * MIB;
/// A server may announce a file of any size, and each part takes memory. From 640 GB up the parts are larger for it.
const MOST_PARTS: u64 = 10_000;
/// Measured on a lossy line: four parts for each connection beat one.
const PARTS_PER_CONNECTION: u64 = 4;

/// A checkpoint is due after so many bytes, or after so long.
const SAVE_BYTES: u64 = 16 * MIB;
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// Cuts `0..total` into `parts` ranges of about equal length (fewer, if there are fewer bytes), for those who spread a
/// file over several threads or machines and fetch each range with [`download_to`](crate::RemoteFile::download_to).
///
/// In one process, [`Download::parallel`](crate::Download::parallel) does all of it.
///
/// ```
/// assert_eq!(dingtalk_files::plan(10, 4), [0..3, 3..6, 6..8, 8..10]);
/// assert_eq!(dingtalk_files::plan(2, 4), [0..1, 1..2]);
/// assert!(dingtalk_files::plan(0, 4).is_empty() && dingtalk_files::plan(10, 0).is_empty());
/// ```
pub fn plan(total: u64, parts: usize) -> Vec<Range<u64>> {
    let parts = (parts as u64).min(total);
    let (Some(length), Some(longer)) = (total.checked_div(parts), total.checked_rem(parts)) else {
        return Vec::new();
    };
    let begin = |part: u64| part * length + part.min(longer);
    (0..parts).map(|part| begin(part)..begin(part + 1)).collect()
}

/// Ranges of a good size for so many connections.
#[inline]
pub(super) fn cut(range: &Range<u64>, connections: usize) -> Vec<Range<u64>> {
    let length = range.end.saturating_sub(range.start);
    let wished = (length / (PARTS_PER_CONNECTION * connections as u64)).clamp(SMALLEST_PART, LARGEST_PART);
    let wished = wished.max(length.div_ceil(MOST_PARTS));
    let count = if connections == 1 { 1 } else { length.div_ceil(wished) };
    let start = range.start;
    let parts = plan(length, usize::try_from(count).unwrap_or(usize::MAX)).into_iter();
    parts.map(|part| start + part.start..start + part.end).collect()
}

/// What a checkpoint says about the download besides its pieces.
pub(crate) struct Identity<'a> {
    pub(crate) space_id: &'a str,
    pub(crate) dentry_id: &'a str,
    pub(crate) version: Option<u64>,
}

/// One download into one file.
pub(crate) struct Parts<'a> {
    file: &'a PartFile<'a>,
    limits: &'a Limits<'a>,
    connections: usize,
    /// Whose checkpoints are written; none when nothing is to be resumed.
    identity: Option<Identity<'a>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Known with the first answer, or from a checkpoint.
    object: Option<ObjectMeta>,
    /// Bytes from an earlier try, until they are reported: with the first answer that says they are good.
    present: Option<u64>,
    is_begun: bool,
    todo: VecDeque<Range<u64>>,
    done: Vec<CompletedRange>,
    running: Vec<Option<Running>>,
    /// Workers that have not given up.
    workers: usize,
    failure: Option<Error>,
    /// Bytes that came in this run.
    fresh: u64,
    saved_at: (u64, Duration),
}

/// What a worker has in hand.
struct Running {
    /// Up to here; to the end of the object without one.
    end: Option<u64>,
    piece: CompletedRange,
}

/// What is on disk in the end.
pub(crate) struct Outcome {
    pub(crate) object: ObjectMeta,
    /// Bytes that came in this run.
    pub(crate) fresh: u64,
    pub(crate) bytes: u64,
    pub(crate) result: Result<bool>,
}

impl<'a> Parts<'a> {
    /// `known` is what is there from an earlier try.
    #[inline]
    pub(crate) fn new(
        file: &'a PartFile<'a>,
        limits: &'a Limits<'a>,
        connections: usize,
        identity: Option<Identity<'a>>,
        known: Option<(ObjectMeta, Vec<CompletedRange>)>,
    ) -> Self {
        let mut state = State::default();
        if let Some((object, pieces)) = known {
            let total = object.total.unwrap_or_default();
            let present: u64 = pieces.iter().map(CompletedRange::len).sum();
            for gap in gaps(&pieces, total) {
                state.todo.extend(cut(&gap, connections));
            }
            state.present = Some(present);
            state.object = Some(object);
            state.done = pieces;
            state.is_begun = true;
        }
        Self { file, limits, connections, identity, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Fetches what is missing, and says what is there then.
    #[inline]
    pub(crate) fn run(self, tickets: &SharedSignature) -> Outcome {
        let whole = self.state().complete();
        if let Some(object) = whole {
            let same = self.confirm(object, tickets);
            self.state().failure = same.err();
            return self.conclude();
        }
        self.state().running.resize_with(self.connections, || None);
        self.state().workers = self.connections;
        thread::scope(|scope| {
            for slot in 1..self.connections {
                let this = &self;
                let name = thread::Builder::new().name(format!("dingtalk-part-{slot}"));
                if name.spawn_scoped(scope, move || this.work(slot, tickets)).is_err() {
                    // Fewer will do.
                    self.state().workers -= 1;
                }
            }
            self.work(0, tickets);
        });
        self.conclude()
    }

    /// All is there, but is it still the object? Its last byte is asked for, and must be the one on disk.
    #[inline]
    fn confirm(&self, object: ObjectMeta, tickets: &SharedSignature) -> Result<()> {
        let Some(total) = object.total.filter(|total| *total > 0) else { return Ok(()) };
        let want = RequestedRange::Span { start: total - 1, end: Some(total) };
        let mut last = LastByte { parts: self, total, came: None };
        let mut origin = tickets.origin();
        let ticket = origin.ticket();
        let pulled = pull(
            &mut origin,
            ticket,
            Order { want, object: Some(object), or_whole: false },
            &mut last,
            self.limits,
        )?;
        if last.came != self.file.byte_at(total - 1)? {
            return Err(Error::ObjectChanged { written: 0 });
        }
        // The checksum, if nobody has told it before.
        self.state().object.get_or_insert_with(ObjectMeta::default).learn(pulled.object);
        Ok(())
    }

    #[inline]
    fn conclude(self) -> Outcome {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let pieces = joined(std::mem::take(&mut state.done));
        let bytes = pieces.iter().map(CompletedRange::len).sum();
        let object = state.object.take().unwrap_or_default();
        if let Some(identity) = &self.identity {
            // The last one may be a second old. Should this fail too, that one is still there.
            if let Some(checkpoint) = checkpoint(identity, &object, pieces.clone()) {
                let _ = self.file.save(&checkpoint);
            }
        }
        let result = match state.failure {
            Some(failure) => Err(failure),
            None => verify(&pieces, &object),
        };
        Outcome { object, fresh: state.fresh, bytes, result }
    }

    /// Fetches one part after the other until there is none.
    #[inline]
    fn work(&self, slot: usize, tickets: &SharedSignature) {
        let _guard = EndsAll { parts: self, slot };
        let mut origin = tickets.origin();
        while let Some(order) = self.next(slot) {
            let mut sink = PartSink { parts: self, slot, file: None };
            let ticket = origin.ticket();
            let ended = pull(&mut origin, ticket, order, &mut sink, self.limits);
            if !self.settle(slot, ended) {
                break;
            }
        }
        // The others need not wait for a silent server. After a change there may be another try over these connections.
        let failure = &self.state().failure;
        if failure.as_ref().is_some_and(|error| !matches!(error, Error::ObjectChanged { .. })) {
            tickets.interrupt();
        }
    }

    /// The next part for a worker; waits while another one may still leave some.
    #[inline]
    fn next(&self, slot: usize) -> Option<Order> {
        let mut state = self.state();
        loop {
            if state.failure.is_some() {
                return None;
            }
            if let (Some(range), Some(object)) = (state.todo.pop_front(), state.object.clone()) {
                state.put(slot, range.start, Some(range.end));
                let want = RequestedRange::Span { start: range.start, end: Some(range.end) };
                return Some(Order { want, object: Some(object), or_whole: false });
            }
            if !state.is_begun {
                state.is_begun = true;
                state.put(slot, 0, None);
                let is_alone = self.connections == 1;
                let want = if is_alone {
                    RequestedRange::WHOLE
                } else {
                    RequestedRange::Span { start: 0, end: Some(FIRST_PART) }
                };
                return Some(Order { want, object: None, or_whole: !is_alone });
            }
            if state.running.iter().all(Option::is_none) {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts down how a part ended. `false`: this worker is done.
    #[inline]
    fn settle(&self, slot: usize, ended: Result<DownloadedRange>) -> bool {
        let mut state = self.state();
        let running = state.running.get_mut(slot).and_then(Option::take);
        let goes_on = match (ended, running) {
            (Ok(pulled), _) => {
                state.done.push(CompletedRange {
                    start: pulled.range.start,
                    end: pulled.range.end,
                    crc64: pulled.crc64,
                });
                let known = state.object.get_or_insert_with(ObjectMeta::default);
                let is_same = !known.is_other_than(&pulled.object);
                if is_same {
                    // A body without a length tells it by its end.
                    known.learn(pulled.object);
                } else {
                    state.failure.get_or_insert(Error::ObjectChanged { written: 0 });
                    self.limits.monitor.stop();
                }
                is_same
            }
            (Err(error), running) => {
                let rest = running.and_then(|r| {
                    state.done.push(r.piece);
                    Some(r.piece.end..r.end?)
                });
                match rest {
                    // A server may allow fewer connections than were asked for.
                    Some(rest) if error.is_transient() && state.workers > 1 && state.object.is_some() => {
                        state.workers -= 1;
                        state.todo.push_back(rest);
                    }
                    _ => {
                        // What follows the first failure only shows that all were told to stop.
                        state.failure.get_or_insert(error);
                        self.limits.monitor.stop();
                    }
                }
                false
            }
        };
        drop(state);
        self.changed.notify_all();
        goes_on
    }

    /// The first answer to a part is there.
    #[inline]
    fn open(&self, slot: usize, object: &ObjectMeta, start: u64, end: Option<u64>) -> Result<()> {
        // Of the whole: what a part brings says nothing about it.
        self.limits.check_size(object.total.unwrap_or_default())?;
        let mut state = self.state();
        state.put(slot, start, end);
        let is_new = state.object.as_ref().is_none_or(|known| known.is_other_than(object));
        // A part that has written nothing yet takes the new object for the old one. The others have not.
        if is_new && state.object.is_some() && self.connections > 1 {
            return Err(Error::ObjectChanged { written: 0 });
        }
        if is_new {
            state.object = Some(object.clone());
            state.saved_at = (0, self.limits.monitor.clock().now());
        }
        let begins = if is_new { Some(0) } else { state.present.take() };
        let total = state.object.as_ref().and_then(|known| known.total);
        drop(state);
        // Without the lock: a slow callback holds nobody up.
        if let Some(present) = begins {
            self.limits.monitor.begin(present, total);
        }
        if let (true, Some(total), Some(end)) = (is_new, total, end) {
            self.state().todo.extend(cut(&(end..total), self.connections));
            self.changed.notify_all();
        }
        Ok(())
    }

    #[inline]
    fn note(&self, slot: usize, written: u64, crc: &Digest) {
        let mut state = self.state();
        let Some(Some(running)) = state.running.get_mut(slot) else { return };
        let end = running.piece.start + written;
        let fresh = end - running.piece.end;
        running.piece = CompletedRange { start: running.piece.start, end, crc64: crc.sum64() };
        state.fresh += fresh;
        let Some(identity) = &self.identity else { return };
        let now = self.limits.monitor.clock().now();
        let (bytes, at) = state.saved_at;
        if state.fresh - bytes < SAVE_BYTES && now.saturating_sub(at) < SAVE_AFTER {
            return;
        }
        state.saved_at = (state.fresh, now);
        if let Some(checkpoint) = state.object.as_ref().and_then(|o| checkpoint(identity, o, state.pieces()))
        {
            // Without it a later try begins further back, which is no reason to end this one.
            let _ = self.file.save(&checkpoint);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[inline]
    fn put(&mut self, slot: usize, start: u64, end: Option<u64>) {
        if let Some(running) = self.running.get_mut(slot) {
            *running = Some(Running { end, piece: CompletedRange { start, end: start, crc64: 0 } });
        }
    }

    /// The object of which an earlier try has left everything.
    fn complete(&self) -> Option<ObjectMeta> {
        self.object.clone().filter(|_| self.todo.is_empty())
    }

    /// Everything that is on disk.
    #[inline]
    fn pieces(&self) -> Vec<CompletedRange> {
        let running = self.running.iter().flatten().map(|r| r.piece);
        joined(self.done.iter().copied().chain(running).collect())
    }
}

/// A caller's callback may panic in any worker. The others must not wait for what that one had in hand.
struct EndsAll<'a> {
    parts: &'a Parts<'a>,
    slot: usize,
}

impl Drop for EndsAll<'_> {
    #[inline]
    fn drop(&mut self) {
        if thread::panicking() {
            let done = self.parts.limits.monitor.bytes();
            self.parts.settle(self.slot, Err(Error::Cancelled { done }));
        }
    }
}

/// Only of an object whose size is known can a part be told from the whole.
#[inline]
fn checkpoint(
    identity: &Identity<'_>,
    object: &ObjectMeta,
    pieces: Vec<CompletedRange>,
) -> Option<Checkpoint> {
    Some(Checkpoint {
        space_id: identity.space_id.to_owned(),
        dentry_id: identity.dentry_id.to_owned(),
        version: identity.version,
        size: object.total?,
        etag: object.etag.clone(),
        crc64: object.crc64,
        pieces,
    })
}

/// What is missing between pieces that are in order.
#[inline]
pub(super) fn gaps(pieces: &[CompletedRange], total: u64) -> Vec<Range<u64>> {
    let starts = pieces.iter().map(|p| p.start).chain([total]);
    let ends = [0].into_iter().chain(pieces.iter().map(|p| p.end));
    ends.zip(starts).map(|(end, start)| end..start).filter(|gap| !gap.is_empty()).collect()
}

/// Whether the checksum on record is the one of all pieces together.
#[inline]
fn verify(pieces: &[CompletedRange], object: &ObjectMeta) -> Result<bool> {
    let empty = CompletedRange { start: 0, end: 0, crc64: Digest::new().sum64() };
    let (whole, is_one) = (*pieces.first().unwrap_or(&empty), pieces.len() <= 1);
    // Whatever happened: a file with a gap is never published.
    if !is_one || whole.start != 0 || object.total != Some(whole.end) {
        let problem = Problem::WrongRange("the parts that came do not make up the object".to_owned());
        return Err(UnexpectedAnswer::new(GET_OBJECT, 206, problem).of_read().into());
    }
    let range = whole.start..whole.end;
    DownloadedRange { range, object: object.clone(), crc64: whole.crc64 }.verify()
}

/// One part's place in the file.
struct PartSink<'a> {
    parts: &'a Parts<'a>,
    slot: usize,
    file: Option<File>,
}

impl Sink for PartSink<'_> {
    #[inline]
    fn open(&mut self, object: &ObjectMeta, start: u64, end: Option<u64>) -> Result<()> {
        self.parts.open(self.slot, object, start, end)?;
        self.file = Some(self.parts.file.writer_at(start)?);
        Ok(())
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().ok_or(io::ErrorKind::NotConnected)?.write(bytes)
    }

    #[inline]
    fn note(&mut self, written: u64, crc: &Digest) {
        self.parts.note(self.slot, written, crc);
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes one byte that is on disk already.
struct LastByte<'a> {
    parts: &'a Parts<'a>,
    total: u64,
    came: Option<u8>,
}

impl Sink for LastByte<'_> {
    #[inline]
    fn open(&mut self, _: &ObjectMeta, _: u64, _: Option<u64>) -> Result<()> {
        self.parts.limits.check_size(self.total)?;
        // It is counted as it comes.
        self.parts.limits.monitor.begin(self.total - 1, Some(self.total));
        Ok(())
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.came = bytes.first().copied();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The failure as one of the file, for the caller who knows nothing of writers.
#[inline]
pub(crate) fn as_file_error(error: Error, part: &PartFile<'_>, bytes: u64, kept: bool) -> Error {
    match error {
        Error::Write { cause, .. } => {
            FileError { written: bytes, kept, ..FileError::new("write", part.path(), cause) }.into()
        }
        Error::File(mut e) => {
            (e.written, e.kept) = (bytes, kept);
            Error::File(e)
        }
        Error::Interrupted { cause, .. } => Error::Interrupted { written: bytes, kept, cause },
        Error::ObjectChanged { .. } => Error::ObjectChanged { written: bytes },
        Error::Cancelled { .. } => Error::Cancelled { done: bytes },
        Error::ChecksumMismatch { .. } | Error::TooLarge { .. } | Error::TargetExists { .. } => error,
        cause if bytes > 0 => Error::Interrupted { written: bytes, kept, cause: Box::new(cause) },
        cause => cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: a size that no object has took all memory, and the process with it.
    #[test]
    fn a_file_of_any_size_has_a_bounded_number_of_parts() {
        for length in [0, 1, MIB, 100 * MIB, 640_000 * MIB, 1 << 50, u64::MAX] {
            for connections in [1, 2, 64] {
                let parts = cut(&(0..length), connections);
                assert!(parts.len() as u64 <= MOST_PARTS, "{length} over {connections}");
                assert_eq!(parts.iter().map(|part| part.end - part.start).sum::<u64>(), length);
            }
        }
        let largest = cut(&(0..600_000 * MIB), 4).iter().map(|part| part.end - part.start).max();
        assert_eq!(largest, Some(LARGEST_PART), "as long as that is few enough");
    }
}
