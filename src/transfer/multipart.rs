//! An upload in parts: their size, the connections that send them, and the source of their URLs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::context::{Phase, TransferContext};
use super::failover::Failover;
use super::plan::MIB;
use super::signer::{Generation, Need, Signature, Signer, UploadSigner, check_upload_info, first_signature};
use super::source::{ExactBody, Source, unreadable};
use super::workers::run_workers;
use crate::api::storage::uploads::{GetMultipartFileUploadInfos, MAX_PARTS, MAX_PARTS_PER_CALL};
use crate::base::error::{Error, Problem, Result, SourceError, SourceProblem, UnexpectedAnswer};
use crate::base::event::{Event, EventKind};
use crate::base::ids::UnionId;
use crate::base::secret::host_of;
use crate::base::upload::{PendingUpload, UploadedPart};
use crate::client::Client;
use crate::object::PUT_OBJECT;
use crate::object::signed_urls::{SignedUrls, UPLOAD_INFO, refuse};

/// The vendor's limits for a part that is not the last one.
const SMALLEST_PART: u64 = 100 * 1024;
const LARGEST_PART: u64 = 5 * 1024 * MIB;

/// Default size of a part. Small enough to be sent again on a bad line.
const USUAL_PART: u64 = 16 * MIB;
/// Default number of parts of a large file. Their URLs come 30 to a call, so they take at most 10 calls of the monthly
/// quota.
const USUAL_COUNT: u64 = 300;
/// Limit of the default size, so that parts stay small enough to be sent again.
const LARGEST_USUAL_PART: u64 = 512 * MIB;

/// Parameters that determine the size of a part.
pub(crate) struct PartSize {
    pub(crate) size: u64,
    pub(crate) wished: Option<u64>,
    /// Whether parts are kept in memory.
    pub(crate) is_buffered: bool,
}

impl PartSize {
    /// Returns the number of bytes in each part except the last.
    #[inline]
    pub(crate) fn check(&self) -> Result<u64> {
        let least = self.size.div_ceil(u64::from(MAX_PARTS));
        if least > LARGEST_PART {
            let what =
                format!("{} bytes do not fit into {MAX_PARTS} parts of {LARGEST_PART} bytes", self.size);
            return Err(Error::InvalidArgument(what));
        }
        let Some(wished) = self.wished else {
            let few = self.size.div_ceil(USUAL_COUNT).next_multiple_of(MIB).min(LARGEST_USUAL_PART);
            let usual = if self.is_buffered { USUAL_PART } else { few.max(USUAL_PART) };
            return Ok(usual.max(least));
        };
        if !(SMALLEST_PART..=LARGEST_PART).contains(&wished) {
            let what = format!("`part_size` takes {SMALLEST_PART} to {LARGEST_PART} bytes, not {wished}");
            return Err(Error::InvalidArgument(what));
        }
        if wished < least {
            let what = format!(
                "{} bytes do not fit into {MAX_PARTS} parts of {wished} bytes; use at least {least}",
                self.size
            );
            return Err(Error::InvalidArgument(what));
        }
        Ok(wished)
    }
}

/// Reads a part that arrived in an earlier attempt, and checks that the bytes are still the ones that were sent.
#[inline]
fn compare(
    source: &dyn Source,
    range: Range<u64>,
    arrived: UploadedPart,
    context: &TransferContext<'_>,
) -> Result<()> {
    context.phase(Phase::Checking);
    let mut part = source.part(range.clone(), context)?;
    let mut bytes = ExactBody::new(&mut *part, range, source.size(), context);
    let mut block = vec![0; 256 * 1024];
    loop {
        match bytes.read(&mut block) {
            Ok(0) => break,
            Ok(_) => {}
            Err(cause) => {
                return Err(bytes.failure.take().unwrap_or_else(|| unreadable(cause)));
            }
        }
    }
    if bytes.digest.sum64() == arrived.crc64 {
        return Ok(());
    }
    Err(SourceError { path: None, problem: SourceProblem::Changed }.into())
}

/// Sends the missing parts. An upload in one piece is an upload with a single part.
pub(crate) struct Multipart<'a, 'c> {
    pub(crate) client: &'a Client,
    pub(crate) source: &'a dyn Source,
    pub(crate) connections: usize,
    pub(crate) context: &'a TransferContext<'c>,
}

struct State {
    todo: VecDeque<u32>,
    done: BTreeMap<u32, UploadedPart>,
}

impl Multipart<'_, '_> {
    #[inline]
    pub(crate) fn run(&self, pending: &mut PendingUpload, signers: &PartSigners<'_>) -> Result<()> {
        let count = u32::try_from(pending.part_count()).unwrap_or(u32::MAX);
        let done: BTreeMap<u32, UploadedPart> = pending.done.iter().copied().collect();
        let state = Mutex::new(State { todo: (1..=count).collect(), done });
        let shape = &*pending;
        let connections = self.connections.min(count as usize);
        let ended = run_workers(
            connections,
            self.client,
            self.context,
            |_| self.work(shape, signers, &state),
            |_| {},
        );
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        pending.done = state.done.into_iter().collect();
        ended?;
        // Otherwise all workers have stopped because the transfer must end.
        if pending.is_complete() { Ok(()) } else { Err(Error::Cancelled { done: self.context.bytes() }) }
    }

    /// Sends one part after another until none is left.
    #[inline]
    fn work(&self, pending: &PendingUpload, signers: &PartSigners<'_>, state: &Mutex<State>) -> Result<()> {
        let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.context.should_end() {
            let (number, arrived) = {
                let mut state = lock();
                let Some(number) = state.todo.pop_front() else { break };
                (number, state.done.get(&number).copied())
            };
            let range = pending.range_of(number);
            let part = if let Some(arrived) = arrived {
                compare(self.source, range, arrived, self.context)?;
                arrived
            } else {
                let signer = signers.signer(number);
                let part = self.put_with_retry(&*signer, &range)?;
                signers.arrived(number);
                part
            };
            lock().done.insert(number, part);
        }
        Ok(())
    }

    /// Sends the bytes of a range, and retries until all of them have arrived.
    #[inline]
    fn put_with_retry(&self, signer: &dyn Signer, range: &Range<u64>) -> Result<UploadedPart> {
        let Self { client, source, context, .. } = self;
        let length = range.end - range.start;
        // Read the part before requesting the signature, which should not expire during the wait for a slow reader.
        let mut part = source.part(range.clone(), context)?;
        let mut failover = Failover::start(PUT_OBJECT, signer, first_signature(signer)?);
        loop {
            context.check()?;
            failover.renew_if_expiring(context)?;
            part.rewind().map_err(unreadable)?;
            let mut body = ExactBody::new(&mut *part, range.clone(), source.size(), context);
            let begun = context.is_observed().then(|| context.now());
            let answer = client.put_object(failover.signed_urls(), failover.url(), &mut body, length);
            let (sent, crc64, failure) = (body.sent, body.digest.sum64(), body.failure);
            if let Some(begun) = begun {
                let event = Event::new(EventKind::Attempt, PUT_OBJECT, host_of(failover.url()));
                let event = match &answer {
                    Ok(head) => event.answered(head.status, head.request_id.as_deref()),
                    Err(error) => event.because_of(error),
                };
                context.emit(&Event { bytes: sent, duration: context.now().saturating_sub(begun), ..event });
            }
            let error = match answer {
                // A response to the head alone: from an intermediary, or from a server that did not read the body.
                Ok(head) if sent != length => {
                    let (status, request_id) = (head.status, head.request_id);
                    let problem = Problem::NotTaken { sent, length };
                    UnexpectedAnswer::new(PUT_OBJECT, status, problem).with_request_id(request_id).into()
                }
                Ok(head) => match head.crc64 {
                    Some(stored) if stored != crc64 => {
                        Error::ChecksumMismatch { written: sent, expected: stored, actual: crc64 }
                    }
                    stored => {
                        failover.worked();
                        return Ok(UploadedPart { crc64, verified: stored.is_some() });
                    }
                },
                Err(error) => error,
            };
            context.take_back(sent);
            if let Some(failure) = failure {
                return Err(failure);
            }
            failover.recover(error, context)?;
        }
    }
}

/// Signers of the parts of an upload.
pub(crate) enum PartSigners<'a> {
    Single(UploadSigner<'a>),
    Parts(PartUrls<'a>),
}

impl PartSigners<'_> {
    #[inline]
    fn signer(&self, number: u32) -> Box<dyn Signer + '_> {
        match self {
            Self::Single(signer) => Box::new(signer),
            Self::Parts(urls) => Box::new(PartSigner { urls, number }),
        }
    }

    #[inline]
    fn arrived(&self, number: u32) {
        if let Self::Parts(urls) = self {
            urls.arrived(number);
        }
    }
}

/// URLs of the parts, requested just in time and in the largest batches that the vendor allows.
pub(crate) struct PartUrls<'a> {
    client: &'a Client,
    operator: UnionId<'a>,
    upload_key: &'a str,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Parts that have not arrived. Other parts need no URLs.
    missing: BTreeSet<u32>,
    /// Number of calls so far.
    batches: u64,
    /// URLs by part, with the number of the call that returned them.
    urls: BTreeMap<u32, (Generation, Arc<SignedUrls>)>,
    /// Index of the URL that worked last.
    first: usize,
}

impl<'a> PartUrls<'a> {
    #[inline]
    pub(crate) fn new(
        client: &'a Client,
        operator: UnionId<'a>,
        upload_key: &'a str,
        pending: &PendingUpload,
    ) -> Self {
        let count = u32::try_from(pending.part_count()).unwrap_or(u32::MAX);
        let has_arrived = |number: &u32| pending.done.iter().any(|(done, _)| done == number);
        let missing = (1..=count).filter(|number| !has_arrived(number)).collect();
        Self { client, operator, upload_key, known: Mutex::new(Known { missing, ..Known::default() }) }
    }

    /// Returns the URLs of a part. URLs from the call `not` or an earlier call are not used.
    #[inline]
    fn get(&self, number: u32, not: Option<Generation>) -> Result<Signature> {
        // Held during the call, because the other connections need the same response.
        let mut known = self.lock();
        let now = self.client.clock().now();
        let usable = |number: &u32| {
            known.urls.get(number).filter(|(generation, urls)| {
                not.is_none_or(|not| *generation > not) && !urls.lapses_soon(now)
            })
        };
        let first = known.first;
        let signature = |(generation, urls)| Signature { urls, generation, first, is_kept: false };
        if let Some(usable) = usable(&number) {
            return Ok(signature(usable.clone()));
        }
        // Groups of 30 are counted from the first missing part, whichever connection calls first: with several
        // connections, that need not be the connection with the lowest part.
        let wanted: Vec<u32> = known.missing.iter().copied().filter(|n| usable(n).is_none()).collect();
        let group = wanted.chunks(MAX_PARTS_PER_CALL).find(|group| group.contains(&number));
        let wanted = group.map_or_else(|| vec![number], <[u32]>::to_vec);
        let options = GetMultipartFileUploadInfos::new();
        let storage = self.client.storage();
        let infos =
            storage.get_multipart_file_upload_infos(self.upload_key, &wanted, self.operator, &options)?;
        known.batches += 1;
        let generation = Generation(known.batches);
        for info in infos {
            let urls = check_upload_info(self.client, None, info.header_signature_info.as_ref(), now)?;
            known.urls.insert(info.part_number, (generation, Arc::new(urls)));
        }
        let fresh = known.urls.get(&number).filter(|(of, _)| *of == generation).cloned();
        let fresh =
            fresh.ok_or_else(|| refuse(UPLOAD_INFO, Problem::Missing("multipartHeaderSignatureInfos")))?;
        Ok(signature(fresh))
    }

    #[inline]
    fn arrived(&self, number: u32) {
        let mut known = self.lock();
        known.missing.remove(&number);
        known.urls.remove(&number);
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct PartSigner<'a> {
    urls: &'a PartUrls<'a>,
    number: u32,
}

impl Signer for PartSigner<'_> {
    #[inline]
    fn signature(&self, need: Need) -> Result<Option<Signature>> {
        let not = match need {
            Need::First => None,
            Need::Expiring(old) | Need::Refused(old) => Some(old),
        };
        self.urls.get(self.number, not).map(Some)
    }

    #[inline]
    fn worked(&self, url: usize) {
        self.urls.lock().first = url;
    }
}
