//! One range of an object over one connection at a time: the download loop.
//!
//! The loop makes the decisions. Requests, signatures and time are passed in.

mod setback;
mod window;

use std::io::{self, Read};
use std::ops::Range;
use std::time::Duration;

use crc64fast::Digest;

use self::setback::{IfMatch, Setback};
use self::window::{BodyWindow, unusable};
use super::context::TransferContext;
use super::failover::{Failover, PROGRESS};
use super::object_store::ObjectStore;
use super::signer::{Signer, first_signature};
use crate::base::error::{
    Error, NetworkError, NetworkStage, Problem, Result, StorageError, UnexpectedAnswer,
};
use crate::base::event::{Event, EventKind};
use crate::base::secret::host_of;
use crate::object::GET_OBJECT;
use crate::object::meta::{DownloadedRange, ObjectMeta};
use crate::object::range::{RequestedRange, ResponseHead, Verdict, verdict};

/// The destination of the bytes.
pub(crate) trait Sink {
    /// Called after the first good response, with the object's properties, the first byte to be written, and the end if
    /// it is known. Nothing is written before this.
    fn open(&mut self, _object: &ObjectMeta, _start: u64, _end: Option<u64>) -> Result<()> {
        Ok(())
    }

    /// Returns whether to go on if the server ignores ranges, so that this many bytes would be read and discarded.
    fn admits_prefix(&mut self, _length: u64) -> bool {
        true
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Called after a write. `written` is the total number of bytes written, and `crc` is their checksum.
    fn on_written(&mut self, _written: u64, _crc: &Digest) {}

    fn flush(&mut self) -> io::Result<()>;
}

/// The range to download.
pub(crate) struct PartRequest {
    pub(crate) range: RequestedRange,
    /// The object that the range must belong to, for a part of a transfer that has begun. A different object is an
    /// error from the start.
    pub(crate) object: Option<ObjectMeta>,
    /// Accept the whole object if the server sends it in response to the range, because the server does not support
    /// ranges.
    pub(crate) or_whole: bool,
}

/// A TLS read returns at most 16 KiB, and filling a larger block before writing it saves most of the writes. A still
/// larger block saves nothing more, and each connection has a block (`docs/performance.md`).
const BLOCK: usize = 32 * 1024;

/// A read of fewer bytes means that the line has no more at the moment.
const SHORT_READ: usize = 4 * 1024;

/// A block that takes longer is written as it is.
const BLOCK_TIME: Duration = Duration::from_millis(100);

/// The reason why a block is complete.
enum FillEnd {
    /// The block is full, or the line is slow.
    Block,
    /// The body ended.
    Body,
    Broken(io::Error),
}

/// A download that ended early, with only its cause. The top of the transfer adds how many bytes are kept.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) cause: Error,
    /// Bytes that the sink has accepted.
    pub(crate) written: u64,
}

/// Downloads the requested range into `sink`.
pub(crate) fn download_range<S: ObjectStore>(
    store: &S,
    signer: &dyn Signer,
    request: PartRequest,
    sink: &mut dyn Sink,
    context: &TransferContext<'_>,
) -> Result<DownloadedRange, Stopped> {
    let signature = first_signature(signer).map_err(|cause| Stopped { cause, written: 0 })?;
    let mut download = RangeDownload {
        store,
        sink,
        context,
        failover: Failover::start(GET_OBJECT, signer, signature),
        wanted: request.range,
        or_whole: request.or_whole,
        is_pinned: request.object.is_some(),
        object: request.object.unwrap_or_default(),
        if_match: IfMatch::Sent,
        start: None,
        written: 0,
        digest: Digest::new(),
        block: Vec::new(),
        response: None,
    };
    let result = download.run();
    let written = download.written;
    result.map_err(|cause| Stopped { cause, written })
}

struct RangeDownload<'a, 'c, S: ObjectStore> {
    store: &'a S,
    sink: &'a mut dyn Sink,
    context: &'a TransferContext<'c>,
    failover: Failover<'a>,
    wanted: RequestedRange,
    or_whole: bool,
    /// The object was known before the first response.
    is_pinned: bool,
    object: ObjectMeta,
    if_match: IfMatch,
    /// Known after the first good response.
    start: Option<u64>,
    written: u64,
    digest: Digest,
    block: Vec<u8>,
    /// Status and request id of the current response, kept for the event of the attempt if somebody receives it.
    response: Option<(Option<u16>, Option<String>)>,
}

impl<S: ObjectStore> RangeDownload<'_, '_, S> {
    fn run(&mut self) -> Result<DownloadedRange> {
        loop {
            self.context.check()?;
            let before = self.written;
            match self.observed_attempt() {
                Ok(true) => return self.finish(),
                // Fewer bytes than requested: continue, but not forever.
                Ok(false) if self.written - before >= PROGRESS => {}
                Ok(false) => self.failover.count_retry(serves_too_little(), self.context)?,
                Err(setback) => self.recover(setback)?,
            }
        }
    }

    /// One attempt, and its event.
    fn observed_attempt(&mut self) -> Result<bool, Setback> {
        if !self.context.is_observed() {
            return self.attempt();
        }
        let (begun, before) = (self.context.now(), self.written);
        let result = self.attempt();
        // Without a signature, nothing was sent.
        if let Some((status, request_id)) = self.response.take() {
            let (bytes, duration) = (self.written - before, self.context.now().saturating_sub(begun));
            let (request_id, error) = (request_id.as_deref(), result.as_ref().err().and_then(Setback::error));
            let event = Event::new(EventKind::Attempt, GET_OBJECT, host_of(self.failover.url()));
            self.context.emit(&Event { status, request_id, bytes, duration, error, ..event });
        }
        result
    }

    /// Sends one request and reads its body. Returns `true` if all requested bytes are in the sink.
    fn attempt(&mut self) -> Result<bool, Setback> {
        self.failover.renew_if_expiring(self.context).map_err(Setback::Final)?;
        let pin = self.object.etag.as_deref().filter(|tag| !tag.starts_with("W/"));
        let if_match = pin.filter(|_| self.if_match == IfMatch::Sent);
        let (urls, url) = (self.failover.signed_urls(), self.failover.url());
        let answer = self.store.get(urls, url, self.missing(), if_match);
        if self.context.is_observed() {
            self.response = Some(match &answer {
                Ok((head, _)) => (Some(head.status), head.request_id.clone()),
                Err(error) => (error.status(), error.request_id().map(str::to_owned)),
            });
        }
        let (head, mut body) = answer.map_err(|e| self.classify(e))?;
        let window = self.validate(&head)?;
        self.discard(&mut body, window.skip)?;
        self.copy(&head, &mut body, &window)?;
        if window.is_rest_of_body {
            window.check_end(&head, &mut body)?;
        }
        Ok(self.remaining() == Some(0))
    }

    /// Classifies a failed request.
    fn classify(&self, error: Error) -> Setback {
        match &error {
            Error::Storage(e) if e.status == 412 && self.object.etag.is_some() => self.classify_mismatch(e),
            Error::Storage(e) if e.status == 416 => self.classify_unsatisfied(e),
            _ => Setback::Failed(error),
        }
    }

    fn classify_mismatch(&self, e: &StorageError) -> Setback {
        match self.if_match {
            _ if !self.has_begun() => Setback::Changed,
            IfMatch::Sent if e.etag == self.object.etag => Setback::WithoutIfMatch(IfMatch::Unsupported),
            IfMatch::Sent => Setback::WithoutIfMatch(IfMatch::Doubted),
            IfMatch::Doubted | IfMatch::Unsupported => Setback::Changed,
        }
    }

    fn classify_unsatisfied(&self, e: &StorageError) -> Setback {
        if self.is_size_fixed() {
            return Setback::Changed;
        }
        // An empty object has no valid range.
        if self.or_whole {
            return Setback::AskWhole;
        }
        let size = e.object_size.or(self.object.total);
        let inside = size.and_then(|total| self.wanted.resolve(total)).filter(|r| !r.is_empty());
        match (size, inside) {
            // Some servers refuse a range that only *ends* past the end of the object.
            (Some(total), Some(inside)) if self.object.total.is_none() && self.wanted != exactly(&inside) => {
                Setback::AskInside(total)
            }
            _ => Setback::Final(Error::RangeNotSatisfiable { size }),
        }
    }

    /// Checks a response before a byte of it is used.
    fn validate(&mut self, head: &ResponseHead) -> Result<BodyWindow, Setback> {
        if let Some(encoding) = &head.encoding {
            return Err(Setback::Failed(unusable(head, Problem::Encoded(encoding.clone()))));
        }
        if self.object.is_foreign(head) {
            return Err(Setback::Failed(unusable(head, Problem::Gateway)));
        }
        let is_unproved = self.if_match == IfMatch::Doubted && head.etag != self.object.etag;
        if self.object.contradicts(head) || is_unproved {
            return Err(Setback::Changed);
        }
        if self.if_match == IfMatch::Doubted {
            self.if_match = IfMatch::Unsupported;
        }
        // After the start, the other parts are already being fetched, so the response is cut to this part.
        if self.or_whole && head.status == 200 && self.start.is_none() {
            self.wanted = RequestedRange::WHOLE;
        }
        let (skip, start, end, total) = match verdict(self.missing(), head, self.object.total) {
            Verdict::Take { skip, start, end, total } => (skip, start, end, total),
            Verdict::Changed => return Err(Setback::Changed),
            Verdict::NotSatisfiable { .. } if self.is_size_fixed() => return Err(Setback::Changed),
            Verdict::NotSatisfiable { size } => {
                return Err(Setback::Final(Error::RangeNotSatisfiable { size: Some(size) }));
            }
            Verdict::Wrong(why) => return Err(Setback::Failed(unusable(head, Problem::WrongRange(why)))),
            Verdict::AskInside { total } => {
                self.remember(head, Some(total));
                return Err(Setback::AskInside(total));
            }
        };
        // The other parts cannot be planned without the size.
        if self.or_whole && head.status == 206 && total.is_none() {
            return Err(Setback::AskWhole);
        }
        if self.has_begun() || self.object != ObjectMeta::default() {
            // Even if nothing is written yet, an earlier response must not be applied to a different object.
            self.object.identifies(head, total).then_some(()).ok_or(Setback::Changed)?;
        }
        self.remember(head, total);
        if skip > 0 && !self.sink.admits_prefix(skip) {
            return Err(Setback::Final(unusable(head, Problem::WrongRange(IGNORES_RANGES.to_owned()))));
        }
        if self.start.is_none() {
            self.open(start)?;
        }
        let take = end.map(|e| e - start);
        // A 206 contains nothing else. A 200 may continue after the requested part.
        let is_rest_of_body = head.status == 206 || (end.is_some() && end == self.object.total);
        let end_is_marked = head.length.is_some() || head.chunked;
        Ok(BodyWindow { skip, take, is_rest_of_body, end_is_marked })
    }

    /// Opens the sink. Nothing is written yet, and everything that must be known before is known.
    fn open(&mut self, start: u64) -> Result<(), Setback> {
        self.start = Some(start);
        let coming = self.remaining();
        self.context.check_size(coming.unwrap_or_default()).map_err(Setback::Final)?;
        self.sink.open(&self.object, start, coming.map(|n| start + n)).map_err(Setback::Final)
    }

    /// Returns whether the object must stay the same from now on.
    fn has_begun(&self) -> bool {
        self.written > 0 || self.is_pinned
    }

    /// Returns whether another size is a change of the object. A caller's `ETag` alone does not state a size.
    fn is_size_fixed(&self) -> bool {
        self.written > 0 || (self.is_pinned && self.object.total.is_some())
    }

    fn remember(&mut self, head: &ResponseHead, total: Option<u64>) {
        self.object.remember(head, total);
    }

    /// Reads and discards a prefix that was not requested. If the prefix ends early, the read after it ends early too.
    fn discard(&mut self, body: &mut S::Body, count: u64) -> Result<(), Setback> {
        let mut left = count;
        while left > 0 {
            let (filled, end) = self.fill(body, usize::try_from(left).unwrap_or(BLOCK).min(BLOCK));
            self.context.check().map_err(Setback::Final)?;
            left -= filled as u64;
            match end {
                FillEnd::Broken(e) => return Err(Setback::Failed(self.broke_off(e))),
                FillEnd::Body => break,
                FillEnd::Block => {}
            }
        }
        Ok(())
    }

    /// Writes the window in large blocks.
    fn copy(&mut self, head: &ResponseHead, body: &mut S::Body, window: &BodyWindow) -> Result<(), Setback> {
        let mut left = window.take;
        while left != Some(0) {
            let room = left.map_or(BLOCK, |n| usize::try_from(n).unwrap_or(BLOCK).min(BLOCK));
            let (filled, end) = self.fill(body, room);
            self.write_block(filled)?;
            // Checked even if the body seems to end, because an interrupted connection may look like that.
            self.context.check().map_err(Setback::Final)?;
            left = left.map(|n| n - filled as u64);
            match (end, left) {
                (FillEnd::Broken(e), _) => return Err(Setback::Failed(self.broke_off(e))),
                (FillEnd::Block, _) | (FillEnd::Body, Some(0)) => {}
                // The size is unknown, so the object ends with the body. The checksum confirms that.
                (FillEnd::Body, None) => {
                    self.object.total = self.start.map(|start| start + self.written);
                    break;
                }
                (FillEnd::Body, Some(_)) if window.end_is_marked => return Err(window.rewritten(head)),
                (FillEnd::Body, Some(_)) => {
                    return Err(Setback::Failed(self.broke_off(io::ErrorKind::UnexpectedEof.into())));
                }
            }
        }
        Ok(())
    }

    /// Fills the block up to `room`. Bytes that were read before a failure are good and count.
    ///
    /// A slow line must not hold bytes back: the first bytes, a short read and a slow block go on at once.
    fn fill(&mut self, body: &mut S::Body, room: usize) -> (usize, FillEnd) {
        if self.block.len() < room {
            self.block.resize(room, 0);
        }
        let (mut filled, begun) = (0, self.context.now());
        while let Some(free) = self.block.get_mut(filled..room).filter(|b| !b.is_empty()) {
            if self.context.should_end() {
                return (filled, FillEnd::Broken(io::ErrorKind::ConnectionAborted.into()));
            }
            match body.read(free) {
                Ok(0) => return (filled, FillEnd::Body),
                Ok(n) => {
                    filled += n;
                    let is_slow = self.context.now().saturating_sub(begun) >= BLOCK_TIME;
                    if self.written == 0 || n < SHORT_READ || is_slow {
                        break;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return (filled, FillEnd::Broken(e)),
            }
        }
        (filled, FillEnd::Block)
    }

    fn write_block(&mut self, filled: usize) -> Result<(), Setback> {
        self.context.check_size(self.written + filled as u64).map_err(Setback::Final)?;
        let mut rest = self.block.get(..filled).unwrap_or_default();
        while !rest.is_empty() {
            let accepted = match self.sink.write(rest) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => Ok(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => Err(e),
            };
            let n = accepted.map_err(|cause| Setback::Final(Error::Write { written: 0, cause }))?;
            let (done, after) = rest.split_at_checked(n).unwrap_or((rest, &[]));
            self.digest.write(done);
            self.written += done.len() as u64;
            self.failover.record_progress(done.len() as u64);
            self.context.moved(done.len() as u64);
            rest = after;
        }
        self.sink.on_written(self.written, &self.digest);
        Ok(())
    }

    /// Returns the number of missing bytes. `None` while the size is unknown.
    fn remaining(&self) -> Option<u64> {
        let start = self.start?;
        let end = match (self.wanted, self.object.total) {
            (RequestedRange::Span { end: Some(end), .. }, None) => end,
            (_, total) => self.wanted.resolve(total?)?.end,
        };
        end.checked_sub(start)?.checked_sub(self.written)
    }

    /// Returns the range of the next request: the caller's range, limited to the object once its size is known, without
    /// the bytes that are already written.
    fn missing(&self) -> RequestedRange {
        match (self.start, self.object.total) {
            (Some(start), _) => {
                let next = start + self.written;
                RequestedRange::Span { start: next, end: self.remaining().map(|left| next + left) }
            }
            (None, Some(total)) => self.wanted.resolve(total).map_or(self.wanted, |inside| exactly(&inside)),
            (None, None) => self.wanted,
        }
    }

    fn recover(&mut self, setback: Setback) -> Result<()> {
        // A deliberately closed connection looks like a network failure.
        self.context.check()?;
        match setback {
            Setback::Final(error) => Err(error),
            Setback::Failed(error) => self.failover.recover(error, self.context),
            Setback::AskInside(total) => {
                self.object.total = Some(total);
                Ok(())
            }
            Setback::AskWhole => {
                self.wanted = RequestedRange::WHOLE;
                self.or_whole = false;
                Ok(())
            }
            Setback::WithoutIfMatch(if_match) => {
                self.if_match = if_match;
                Ok(())
            }
            Setback::Changed if self.has_begun() => Err(changed()),
            // Nothing is written yet, so the new object is as good as the old one.
            Setback::Changed => {
                self.object = ObjectMeta::default();
                self.if_match = IfMatch::Sent;
                self.start = None;
                self.failover.count_retry(changed(), self.context)
            }
        }
    }

    fn finish(&mut self) -> Result<DownloadedRange> {
        self.sink.flush().map_err(|cause| Error::Write { written: 0, cause })?;
        self.failover.worked();
        let start = self.start.unwrap_or_default();
        let range = start..start + self.written;
        Ok(DownloadedRange { range, object: std::mem::take(&mut self.object), crc64: self.digest.sum64() })
    }

    fn broke_off(&self, cause: io::Error) -> Error {
        let timed_out = cause.kind() == io::ErrorKind::TimedOut;
        let url = self.failover.url();
        let error = NetworkError::new(GET_OBJECT, url, NetworkStage::Body, cause).of_read();
        NetworkError { timed_out, ..error }.into()
    }
}

const IGNORES_RANGES: &str = "the server sends the whole object for each part";

fn exactly(range: &Range<u64>) -> RequestedRange {
    RequestedRange::Span { start: range.start, end: Some(range.end) }
}

fn serves_too_little() -> Error {
    let problem = Problem::WrongRange("the server repeatedly sent only a few bytes".to_owned());
    UnexpectedAnswer::new(GET_OBJECT, 206, problem).of_read().into()
}

/// Returns the error without the number of bytes, which the top of the transfer adds.
pub(crate) fn changed() -> Error {
    Error::ObjectChanged { written: 0 }
}

#[cfg(test)]
mod tests;
