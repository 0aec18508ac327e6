//! The download loop. It decides; what it decides about (requests, new signatures, time) is handed in.

use std::io::{self, Read};
use std::ops::Range;

use crc64fast::Digest;

use super::patience::{Limits, PROGRESS};
use super::route::Route;
use crate::base::error::{
    Error, NetworkError, NetworkStage, Problem, Result, StorageError, UnexpectedAnswer,
};
use crate::object::GET_OBJECT;
use crate::object::meta::{DownloadedRange, ObjectMeta};
use crate::object::range::{RequestedRange, ResponseHead, Verdict, verdict};
use crate::object::signed_urls::SignedUrls;

/// Where the bytes come from.
pub(crate) trait Origin {
    type Body: Read;

    /// One GET. An answer that is neither 200 nor 206 is an error.
    fn get(
        &mut self,
        ticket: &SignedUrls,
        url: &str,
        want: RequestedRange,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)>;

    /// Fresh URLs and headers for the same version of the same file; `None` when this origin cannot ask.
    fn renew(&mut self) -> Option<Result<SignedUrls>>;

    /// The URL at this place gave what was asked for: others may begin with it.
    fn worked(&mut self, _url: usize) {}
}

/// Where the bytes go.
pub(crate) trait Sink {
    /// The first good answer has come: what is known of the object, where the bytes will start, and where they will
    /// end if that is known. Nothing is written before this.
    fn open(&mut self, _object: &ObjectMeta, _start: u64, _end: Option<u64>) -> Result<()> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// So many bytes are written by now; `crc` is of all of them.
    fn note(&mut self, _written: u64, _crc: &Digest) {}

    fn flush(&mut self) -> io::Result<()>;
}

/// What is asked for.
pub(crate) struct Order {
    pub(crate) want: RequestedRange,
    /// The object it must be, for a part of a transfer that has begun: another one is an error from the start.
    pub(crate) object: Option<ObjectMeta>,
    /// A server that sends the whole object in answer to the range does not do ranges: then take it all.
    pub(crate) or_whole: bool,
}

/// A TLS read gives at most 16 KiB; filling a larger block before writing it saves most of the writes. A still larger one
/// saves nothing more, and each connection has one (`docs/performance.md`).
const BLOCK: usize = 32 * 1024;

/// Downloads what is ordered into `sink`.
pub(crate) fn pull<O: Origin>(
    origin: &mut O,
    ticket: SignedUrls,
    order: Order,
    sink: &mut dyn Sink,
    limits: &Limits<'_>,
) -> Result<DownloadedRange> {
    let mut pull = Pull {
        origin,
        sink,
        limits,
        route: Route::new(ticket),
        wanted: order.want,
        or_whole: order.or_whole,
        is_pinned: order.object.is_some(),
        seen: order.object.unwrap_or_default(),
        start: None,
        written: 0,
        digest: Digest::new(),
        block: Vec::new(),
    };
    pull.run()
}

/// Why a try did not finish the download.
enum Trouble {
    /// The same may work in a moment, here or at the next URL.
    Retry(Error),
    /// This URL will not do; others may.
    DeadUrl(Error),
    /// The signature was refused.
    Unsigned(Error),
    /// The object is not the one the download began with.
    Changed,
    /// Not a failure: now that the size is known, ask for a range inside it.
    AskInside(u64),
    /// Not a failure either: no range will do, so ask for everything.
    AskWhole,
    /// Nothing helps.
    Final(Error),
}

/// The part of a body that is wanted.
struct Slice {
    /// Bytes before it.
    skip: u64,
    /// Its length; to the end of the body without one.
    take: Option<u64>,
    /// The body ends with it.
    is_rest_of_body: bool,
    /// ureq would have noticed a cut (by length or by chunks), so an early end is no cut.
    end_is_marked: bool,
}

impl Slice {
    /// Reads on to the end of the body: only then does ureq keep its connection, and only then is it certain that
    /// nobody's decoder made more of it than was sent.
    fn check_end(&self, head: &ResponseHead, body: &mut impl Read) -> Result<(), Trouble> {
        match body.read(&mut [0]) {
            Ok(1..) => Err(self.rewritten(head)),
            // All bytes are there; that the connection is gone concerns the next one.
            Ok(0) | Err(_) => Ok(()),
        }
    }

    /// Another crate switched on ureq's `charset` or `gzip`, and the bytes are no longer those of the file.
    fn rewritten(&self, head: &ResponseHead) -> Trouble {
        let announced = self.skip + self.take.unwrap_or_default();
        Trouble::Final(wrong(head, Problem::WrongLength { announced }))
    }
}

struct Pull<'a, O: Origin> {
    origin: &'a mut O,
    sink: &'a mut dyn Sink,
    limits: &'a Limits<'a>,
    route: Route,
    /// What the caller wants.
    wanted: RequestedRange,
    or_whole: bool,
    /// The object was known before: another one is an error even before the first byte.
    is_pinned: bool,
    seen: ObjectMeta,
    /// First byte of the range, known with the first good answer.
    start: Option<u64>,
    /// Good bytes in the sink.
    written: u64,
    /// Of everything written.
    digest: Digest,
    block: Vec<u8>,
}

impl<O: Origin> Pull<'_, O> {
    fn run(&mut self) -> Result<DownloadedRange> {
        loop {
            self.limits.monitor.check().map_err(|e| self.stopped(e))?;
            let before = self.written;
            match self.attempt() {
                Ok(true) => return self.finish(),
                // Fewer bytes than asked: go on, but not for ever.
                Ok(false) if self.written - before >= PROGRESS => {}
                Ok(false) => self.spend(serves_too_little())?,
                Err(trouble) => self.recover(trouble, self.written > before)?,
            }
        }
    }

    /// One request and its body. `true`: everything wanted is in the sink.
    fn attempt(&mut self) -> Result<bool, Trouble> {
        let (route, origin) = (&mut self.route, &mut *self.origin);
        route.freshen(self.limits, || origin.renew()).map_err(Trouble::Final)?;
        let if_match = self.seen.etag.as_deref().filter(|tag| !tag.starts_with("W/"));
        let answer = self.origin.get(self.route.ticket(), self.route.url(), self.asking(), if_match);
        let (head, mut body) = answer.map_err(|e| self.judge(e))?;
        let slice = self.admit(&head)?;
        self.discard(&mut body, slice.skip)?;
        self.copy(&head, &mut body, &slice)?;
        if slice.is_rest_of_body {
            slice.check_end(&head, &mut body)?;
        }
        Ok(self.remaining() == Some(0))
    }

    /// What a failed request means for the download.
    fn judge(&self, error: Error) -> Trouble {
        let Error::Storage(e) = &error else {
            return if error.is_transient() { Trouble::Retry(error) } else { Trouble::DeadUrl(error) };
        };
        match e.status {
            412 if self.seen.etag.is_some() => Trouble::Changed,
            416 => self.judge_unsatisfied(e),
            403 if e.wants_new_signature() => Trouble::Unsigned(error),
            _ if e.is_transient() => Trouble::Retry(error),
            // On another host the object may still be there.
            _ => Trouble::DeadUrl(error),
        }
    }

    fn judge_unsatisfied(&self, e: &StorageError) -> Trouble {
        if self.has_begun() {
            return Trouble::Changed;
        }
        // An empty object has no range at all.
        if self.or_whole {
            return Trouble::AskWhole;
        }
        let size = e.object_size.or(self.seen.total);
        let inside = size.and_then(|total| self.wanted.resolve(total)).filter(|r| !r.is_empty());
        match (size, inside) {
            // Some servers refuse a range that only *ends* behind the object.
            (Some(total), Some(inside)) if self.seen.total.is_none() && self.wanted != exactly(&inside) => {
                Trouble::AskInside(total)
            }
            _ => Trouble::Final(Error::RangeNotSatisfiable { size }),
        }
    }

    /// Checks an answer before a byte of it is used.
    fn admit(&mut self, head: &ResponseHead) -> Result<Slice, Trouble> {
        if let Some(encoding) = &head.encoding {
            return Err(Trouble::DeadUrl(wrong(head, Problem::Encoded(encoding.clone()))));
        }
        let other_etag = matches!((&self.seen.etag, &head.etag), (Some(known), Some(told)) if known != told);
        let other_crc = matches!((self.seen.crc64, head.crc64), (Some(known), Some(told)) if known != told);
        if other_etag || other_crc {
            return Err(Trouble::Changed);
        }
        // Once it has begun, the other parts are on their way: then the answer is cut to this one.
        if self.or_whole && head.status == 200 && self.start.is_none() {
            self.wanted = RequestedRange::WHOLE;
        }
        let (skip, start, end, total) = match verdict(self.asking(), head, self.seen.total) {
            Verdict::Take { skip, start, end, total } => (skip, start, end, total),
            Verdict::Changed => return Err(Trouble::Changed),
            Verdict::NotSatisfiable { .. } if self.has_begun() => return Err(Trouble::Changed),
            Verdict::NotSatisfiable { size } => {
                return Err(Trouble::Final(Error::RangeNotSatisfiable { size: Some(size) }));
            }
            Verdict::Wrong(what) => return Err(Trouble::DeadUrl(wrong(head, Problem::WrongRange(what)))),
            Verdict::AskInside { total } => {
                self.remember(head, Some(total));
                return Err(Trouble::AskInside(total));
            }
        };
        // Without the size the other parts cannot be planned.
        if self.or_whole && head.status == 206 && total.is_none() {
            return Err(Trouble::AskWhole);
        }
        // Without an ETag or a checksum only an equal size says that this is still the same object. Also where nothing is
        // written yet, what an earlier answer told must not be taken for something about another object.
        let is_same = self.seen.etag.as_ref().and(head.etag.as_ref()).is_some()
            || self.seen.crc64.and(head.crc64).is_some();
        let is_known = self.has_begun() || self.seen != ObjectMeta::default();
        if is_known && !is_same && (total.is_none() || self.seen.total != total) {
            return Err(Trouble::Changed);
        }
        self.remember(head, total);
        if self.start.is_none() {
            self.open(start)?;
        }
        let take = end.map(|e| e - start);
        // A 206 has nothing else in it; a 200 may go on behind a part of it.
        let is_rest_of_body = head.status == 206 || (end.is_some() && end == self.seen.total);
        let end_is_marked = head.length.is_some() || head.chunked;
        Ok(Slice { skip, take, is_rest_of_body, end_is_marked })
    }

    /// Nothing is written yet, and everything is known that has to be before.
    fn open(&mut self, start: u64) -> Result<(), Trouble> {
        self.start = Some(start);
        let coming = self.remaining();
        self.limits.check_size(coming.unwrap_or_default()).map_err(Trouble::Final)?;
        self.sink.open(&self.seen, start, coming.map(|n| start + n)).map_err(Trouble::Final)
    }

    /// From now on it must stay the same object.
    fn has_begun(&self) -> bool {
        self.written > 0 || self.is_pinned
    }

    fn remember(&mut self, head: &ResponseHead, total: Option<u64>) {
        self.seen.total = total.or(self.seen.total);
        self.seen.etag = head.etag.clone().or_else(|| self.seen.etag.take());
        self.seen.crc64 = head.crc64.or(self.seen.crc64);
    }

    /// Reads and drops a prefix that was not asked for. If it ends early, so does what follows.
    fn discard(&mut self, body: &mut O::Body, count: u64) -> Result<(), Trouble> {
        let mut left = count;
        while left > 0 {
            let (filled, broke) = self.fill(body, usize::try_from(left).unwrap_or(BLOCK).min(BLOCK));
            self.limits.monitor.check().map_err(Trouble::Final)?;
            match broke {
                Some(e) => return Err(Trouble::Retry(self.broke_off(e))),
                None if filled == 0 => break,
                None => left -= filled as u64,
            }
        }
        Ok(())
    }

    /// Writes the slice in large blocks.
    fn copy(&mut self, head: &ResponseHead, body: &mut O::Body, slice: &Slice) -> Result<(), Trouble> {
        let mut left = slice.take;
        while left != Some(0) {
            let room = left.map_or(BLOCK, |n| usize::try_from(n).unwrap_or(BLOCK).min(BLOCK));
            let (filled, broke) = self.fill(body, room);
            self.write_block(filled)?;
            // Also where the body seems to end: an interrupted connection may look like that.
            self.limits.monitor.check().map_err(Trouble::Final)?;
            left = left.map(|n| n - filled as u64);
            match (broke, left) {
                (Some(e), _) => return Err(Trouble::Retry(self.broke_off(e))),
                (None, _) if filled == room => {}
                // Nobody told the size: where the body ends, the object ends. The checksum will tell.
                (None, None) => {
                    self.seen.total = self.start.map(|start| start + self.written);
                    break;
                }
                (None, Some(_)) if slice.end_is_marked => return Err(slice.rewritten(head)),
                (None, Some(_)) => {
                    return Err(Trouble::Retry(self.broke_off(io::ErrorKind::UnexpectedEof.into())));
                }
            }
        }
        Ok(())
    }

    /// Fills the block up to `room`. What was read before a failure is good and counts.
    fn fill(&mut self, body: &mut O::Body, room: usize) -> (usize, Option<io::Error>) {
        if self.block.len() < room {
            self.block.resize(room, 0);
        }
        let mut filled = 0;
        while let Some(free) = self.block.get_mut(filled..room).filter(|b| !b.is_empty()) {
            if self.limits.monitor.should_end() {
                return (filled, Some(io::ErrorKind::ConnectionAborted.into()));
            }
            match body.read(free) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return (filled, Some(e)),
            }
        }
        (filled, None)
    }

    fn write_block(&mut self, filled: usize) -> Result<(), Trouble> {
        self.limits.check_size(self.written + filled as u64).map_err(Trouble::Final)?;
        let mut rest = self.block.get(..filled).unwrap_or_default();
        while !rest.is_empty() {
            let accepted = match self.sink.write(rest) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => Ok(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => Err(e),
            };
            let n =
                accepted.map_err(|cause| Trouble::Final(Error::Write { written: self.written, cause }))?;
            let (done, after) = rest.split_at_checked(n).unwrap_or((rest, &[]));
            self.digest.write(done);
            self.written += done.len() as u64;
            self.route.earn(done.len() as u64);
            self.limits.monitor.moved(done.len() as u64);
            rest = after;
        }
        self.sink.note(self.written, &self.digest);
        Ok(())
    }

    /// Bytes still missing; `None` while the size is not known.
    fn remaining(&self) -> Option<u64> {
        let start = self.start?;
        let end = match (self.wanted, self.seen.total) {
            (RequestedRange::Span { end: Some(end), .. }, None) => end,
            (_, total) => self.wanted.resolve(total?)?.end,
        };
        end.checked_sub(start)?.checked_sub(self.written)
    }

    /// What the next request asks for: what the caller wants, inside the object once its size is known, and of that
    /// what is still missing.
    fn asking(&self) -> RequestedRange {
        match (self.start, self.seen.total) {
            (Some(start), _) => {
                let next = start + self.written;
                RequestedRange::Span { start: next, end: self.remaining().map(|left| next + left) }
            }
            (None, Some(total)) => self.wanted.resolve(total).map_or(self.wanted, |inside| exactly(&inside)),
            (None, None) => self.wanted,
        }
    }

    fn recover(&mut self, trouble: Trouble, progressed: bool) -> Result<()> {
        // A connection that was interrupted for it shows as a failure of the network.
        self.limits.monitor.check().map_err(|e| self.stopped(e))?;
        match trouble {
            Trouble::Final(error) => Err(self.stopped(error)),
            Trouble::AskInside(total) => {
                self.seen.total = Some(total);
                Ok(())
            }
            Trouble::AskWhole => {
                self.wanted = RequestedRange::WHOLE;
                self.or_whole = false;
                Ok(())
            }
            Trouble::Changed if self.has_begun() => Err(Error::ObjectChanged { written: self.written }),
            // Nothing is written yet, so the new object will do as well as the old one.
            Trouble::Changed => {
                self.seen = ObjectMeta::default();
                self.start = None;
                self.spend(changes_all_the_time())
            }
            Trouble::Unsigned(error) => {
                let origin = &mut *self.origin;
                let gone_on = self.route.unsigned(error, self.limits, || origin.renew());
                gone_on.map_err(|e| self.stopped(e))
            }
            Trouble::DeadUrl(error) => self.route.dead(error).map_err(|e| self.stopped(e)),
            // It worked until now: stay with this URL.
            Trouble::Retry(error) if progressed => {
                self.route.pause(error, self.limits).map_err(|e| self.stopped(e))
            }
            Trouble::Retry(error) => self.route.elsewhere(error, self.limits).map_err(|e| self.stopped(e)),
        }
    }

    fn spend(&mut self, error: Error) -> Result<()> {
        self.route.spend(error, self.limits).map_err(|e| self.stopped(e))
    }

    fn finish(&mut self) -> Result<DownloadedRange> {
        let written = self.written;
        self.sink.flush().map_err(|cause| Error::Write { written, cause })?;
        self.origin.worked(self.route.place());
        let start = self.start.unwrap_or_default();
        let range = start..start + written;
        Ok(DownloadedRange { range, object: std::mem::take(&mut self.seen), crc64: self.digest.sum64() })
    }

    /// The error for the caller: with what the writer has, when it has something good.
    fn stopped(&self, error: Error) -> Error {
        match error {
            Error::Write { .. } | Error::TooLarge { .. } => error,
            Error::Cancelled { .. } => Error::Cancelled { done: self.limits.monitor.bytes() },
            Error::Answer(ref e) if matches!(e.problem, Problem::WrongLength { .. }) => error,
            _ if self.written == 0 => error,
            cause => Error::Interrupted { written: self.written, kept: true, cause: Box::new(cause) },
        }
    }

    fn broke_off(&self, cause: io::Error) -> Error {
        let timed_out = cause.kind() == io::ErrorKind::TimedOut;
        let error = NetworkError::new(GET_OBJECT, self.route.url(), NetworkStage::Body, cause).of_read();
        NetworkError { timed_out, ..error }.into()
    }
}

fn exactly(range: &Range<u64>) -> RequestedRange {
    RequestedRange::Span { start: range.start, end: Some(range.end) }
}

fn wrong(head: &ResponseHead, problem: Problem) -> Error {
    let answer = UnexpectedAnswer::new(GET_OBJECT, head.status, problem).of_read();
    answer.with_request_id(head.request_id.clone()).into()
}

fn serves_too_little() -> Error {
    let problem = Problem::WrongRange("again and again a few bytes only".to_owned());
    UnexpectedAnswer::new(GET_OBJECT, 206, problem).of_read().into()
}

fn changes_all_the_time() -> Error {
    Error::ObjectChanged { written: 0 }
}

#[cfg(test)]
mod tests;
