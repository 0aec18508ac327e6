//! Entry points of `fuzz/` into the private parts: the same functions, with arguments that can be named from outside.
//! Compiled only under `--cfg fuzzing`, which no user's build has. Not covered by any stability promise.

#![allow(missing_docs, missing_debug_implementations, clippy::missing_errors_doc, reason = "not for users")]

use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::checkpoint;
use super::context::TransferContext;
use super::object_store::ObjectStore;
use super::plan;
use super::range_download::{PartRequest, Sink, download_range};
use super::signer::{Generation, Need, Signature, Signer};
use crate::base::clock::MonotonicClock;
use crate::base::crc64;
use crate::base::error::{Error, NetworkError, NetworkStage, Result, StorageError};
use crate::client::retry::RetryPolicy;
use crate::object::GET_OBJECT;
use crate::object::meta::ObjectMeta;
use crate::object::range::{self, ByteRange, RequestedRange};
use crate::object::signed_urls::SignedUrls;

pub fn content_range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    range::parse_content_range(text)
}

pub fn unsatisfied_range(text: &str) -> Option<u64> {
    range::parse_unsatisfied_range(text)
}

pub fn range_header(asked: ByteRange) -> Result<Option<String>> {
    asked.check().map(RequestedRange::header)
}

pub fn resolve(asked: ByteRange, total: u64) -> Result<Option<Range<u64>>> {
    asked.check().map(|want| want.resolve(total))
}

/// Status and headers of an object's response, as far as they concern its body.
#[derive(Debug, Clone, Default)]
pub struct ResponseHead {
    pub status: u16,
    pub content_range: Option<String>,
    pub length: Option<u64>,
    pub chunked: bool,
    pub etag: Option<String>,
    pub crc64: Option<u64>,
    pub encoding: Option<String>,
}

impl From<ResponseHead> for range::ResponseHead {
    fn from(head: ResponseHead) -> Self {
        let ResponseHead { status, content_range, length, chunked, etag, crc64, encoding } = head;
        Self { status, content_range, length, chunked, etag, crc64, encoding, html: false, request_id: None }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Take { skip: u64, start: u64, end: Option<u64>, total: Option<u64> },
    AskInside { total: u64 },
    NotSatisfiable { size: u64 },
    Changed,
    Wrong,
}

pub fn verdict(asked: ByteRange, head: ResponseHead, known_total: Option<u64>) -> Result<Verdict> {
    Ok(match range::verdict(asked.check()?, &head.into(), known_total) {
        range::Verdict::Take { skip, start, end, total } => Verdict::Take { skip, start, end, total },
        range::Verdict::AskInside { total } => Verdict::AskInside { total },
        range::Verdict::NotSatisfiable { size } => Verdict::NotSatisfiable { size },
        range::Verdict::Changed => Verdict::Changed,
        range::Verdict::Wrong(_) => Verdict::Wrong,
    })
}

/// A range of bytes and its checksum.
pub type CompletedRange = (Range<u64>, u64);

fn completed((range, crc64): &CompletedRange) -> checkpoint::CompletedRange {
    checkpoint::CompletedRange { start: range.start, end: range.end, crc64: *crc64 }
}

fn listed(ranges: Vec<checkpoint::CompletedRange>) -> Vec<CompletedRange> {
    ranges.into_iter().map(|p| (p.start..p.end, p.crc64)).collect()
}

pub fn join(ranges: &[CompletedRange]) -> Vec<CompletedRange> {
    listed(checkpoint::joined(ranges.iter().map(completed).collect()))
}

pub fn combine_crc(first: u64, second: u64, second_len: u64) -> u64 {
    crc64::combine(first, second, second_len)
}

/// Returns the missing ranges of an object, given its completed ranges in order.
pub fn gaps(ranges: &[CompletedRange], total: u64) -> Vec<Range<u64>> {
    let ranges: Vec<_> = ranges.iter().map(completed).collect();
    plan::gaps(&ranges, total)
}

/// Splits a range for several connections.
pub fn cut(range: &Range<u64>, connections: usize) -> Vec<Range<u64>> {
    plan::cut(range, connections)
}

pub struct Checkpoint {
    pub size: u64,
    pub ranges: Vec<CompletedRange>,
    /// The same checkpoint, encoded again.
    pub encoded: Vec<u8>,
}

pub fn checkpoint(bytes: &[u8]) -> Option<Checkpoint> {
    let read = checkpoint::Checkpoint::decode(bytes)?;
    Some(Checkpoint { size: read.size, encoded: read.encode(), ranges: listed(read.ranges) })
}

/// Simulated servers of a download.
pub trait Servers {
    fn get(
        &mut self,
        url: usize,
        range: Option<String>,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, Box<dyn Read>)>;

    /// Renews the URLs, and returns their number.
    fn renew(&mut self) -> Option<Result<usize>>;
}

pub fn network_error(hopeless: bool) -> Error {
    let cut = NetworkError::new(GET_OBJECT, "", NetworkStage::Answer, "cut").of_read();
    NetworkError { hopeless, ..cut }.into()
}

pub fn storage_error(status: u16, xml: &str, object_size: Option<u64>) -> Error {
    let read = StorageError::read("GET object", (status, "h"), None, xml.as_bytes(), &[]);
    StorageError { object_size, ..read }.into()
}

/// Parameters of a download, with its retry limit.
#[derive(Debug, Clone)]
pub struct Request {
    pub range: ByteRange,
    /// Size, ETag and checksum of the object, if already known. Used for a part.
    pub object: Option<(Option<u64>, Option<String>, Option<u64>)>,
    pub or_whole: bool,
    pub max_bytes: Option<u64>,
    pub retries: u32,
    /// Number of URLs at the start.
    pub urls: usize,
    /// Whether their signature has already expired, and so has every later signature.
    pub lapsed: bool,
}

#[derive(Debug)]
pub struct Done {
    pub range: Range<u64>,
    pub total: Option<u64>,
    pub verified: bool,
}

/// Runs the download loop, and checks the bytes that it wrote. Never waits.
pub fn download(
    servers: &mut (dyn Servers + Send),
    request: Request,
    writer: &mut dyn Write,
) -> Result<Done> {
    let policy =
        RetryPolicy::new().max_retries(request.retries).base_delay(Duration::ZERO).max_delay(Duration::ZERO);
    let clock = MonotonicClock::start();
    let context = TransferContext::new(&clock, &policy).max_bytes(request.max_bytes);
    let object = request.object.map(|(total, etag, crc64)| ObjectMeta { total, etag, crc64, html: false });
    let part = PartRequest { range: request.range.check()?, object, or_whole: request.or_whole };
    let state = (servers, Generation(0), request.urls);
    let world = World { state: Mutex::new(state), lapsed: request.lapsed };
    let ended = download_range(&world, &world, part, &mut Plain { writer, written: 0 }, &context);
    let downloaded = ended.map_err(super::writer_download::explain)?;
    let verified = downloaded.verify()?;
    Ok(Done { range: downloaded.range, total: downloaded.object.total, verified })
}

/// Returns URLs that consist of their index.
fn signed(urls: usize, lapsed: bool) -> SignedUrls {
    let (urls, life) = ((0..urls).map(|n| n.to_string()).collect(), lapsed.then_some(Duration::ZERO));
    SignedUrls { urls, headers: Vec::new(), life, signed_at: Duration::ZERO }
}

struct World<'a> {
    state: Mutex<(&'a mut (dyn Servers + Send), Generation, usize)>,
    lapsed: bool,
}

impl ObjectStore for World<'_> {
    type Body = Box<dyn Read>;

    fn get(
        &self,
        _: &SignedUrls,
        url: &str,
        range: RequestedRange,
        if_match: Option<&str>,
    ) -> Result<(range::ResponseHead, Self::Body)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (head, body) = state.0.get(url.parse().unwrap_or(usize::MAX), range.header(), if_match)?;
        Ok((head.into(), body))
    }
}

impl Signer for World<'_> {
    fn signature(&self, need: Need) -> Result<Option<Signature>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if need != Need::First {
            let Some(fresh) = state.0.renew() else { return Ok(None) };
            (state.1, state.2) = (Generation(state.1.0 + 1), fresh?);
        }
        Ok(Some(Signature {
            urls: Arc::new(signed(state.2, self.lapsed)),
            generation: state.1,
            first: 0,
            is_kept: false,
        }))
    }

    fn worked(&self, _: usize) {}
}

struct Plain<'a> {
    writer: &'a mut dyn Write,
    written: u64,
}

impl Sink for Plain<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn on_written(&mut self, written: u64, _: &crc64fast::Digest) {
        // A checkpoint would be made of this number.
        assert_eq!(written, self.written, "`written` must be the number of written bytes");
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
