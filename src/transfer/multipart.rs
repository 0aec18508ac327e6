//! An upload in parts: how large they are, who sends which, and where their URLs come from.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Read;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::monitor::Phase;
use super::patience::Limits;
use super::push::{Outlet, push};
use super::signer::Signed;
use super::source::{Exact, Source};
use crate::api::storage::uploads::{GetMultipartFileUploadInfos, MAX_PARTS, MAX_PARTS_PER_CALL};
use crate::base::error::{Error, Problem, Result, SourceError, SourceProblem};
use crate::base::ids::UnionId;
use crate::base::upload::{PendingUpload, UploadedPart};
use crate::client::Client;
use crate::object::range::ResponseHead;
use crate::object::signed_urls::{SignedUrls, UPLOAD_INFO, refuse};

const MIB: u64 = 1024 * 1024;

/// The vendor's limits of a part that is not the last one.
const SMALLEST_PART: u64 = 100 * 1024;
const LARGEST_PART: u64 = 5 * 1024 * MIB;

/// Small enough to be sent again on a bad line,
const USUAL_PART: u64 = 16 * MIB;
/// and of a large file so few that their URLs, 30 to a call, take no more than 10 calls of the monthly number,
const USUAL_COUNT: u64 = 300;
/// as long as they stay small enough.
const LARGEST_USUAL_PART: u64 = 512 * MIB;

/// From what the size of a part follows.
pub(crate) struct PartSize {
    pub(crate) size: u64,
    pub(crate) wished: Option<u64>,
    /// Parts are kept in memory.
    pub(crate) is_buffered: bool,
}

impl PartSize {
    /// Bytes in each part but the last.
    #[inline]
    pub(crate) fn check(&self) -> Result<u64> {
        let least = self.size.div_ceil(u64::from(MAX_PARTS));
        if least > LARGEST_PART {
            let what = format!("{} bytes are more than {MAX_PARTS} parts of {LARGEST_PART}", self.size);
            return Err(Error::InvalidArgument(what));
        }
        let Some(wished) = self.wished else {
            let few = self.size.div_ceil(USUAL_COUNT).next_multiple_of(MIB).min(LARGEST_USUAL_PART);
            let usual = if self.is_buffered { USUAL_PART } else { few.max(USUAL_PART) };
            return Ok(usual.max(least));
        };
        if !(SMALLEST_PART..=LARGEST_PART).contains(&wished) {
            let what =
                format!("a part of {wished} bytes; from {SMALLEST_PART} to {LARGEST_PART} are possible");
            return Err(Error::InvalidArgument(what));
        }
        if wished < least {
            let what = format!(
                "{} bytes in parts of {wished} are more than {MAX_PARTS} parts; take parts of {least} at least",
                self.size
            );
            return Err(Error::InvalidArgument(what));
        }
        Ok(wished)
    }
}

/// Reads a part that has arrived in an earlier try: it must still be what was sent.
#[inline]
pub(crate) fn compare(
    source: &dyn Source,
    range: Range<u64>,
    arrived: UploadedPart,
    limits: &Limits<'_>,
) -> Result<()> {
    limits.monitor.phase(Phase::Checking);
    let mut part = source.part(range.clone(), limits.monitor)?;
    let mut bytes = Exact::new(&mut *part, range, source.size(), limits.monitor);
    let mut block = vec![0; 256 * 1024];
    loop {
        match bytes.read(&mut block) {
            Ok(0) => break,
            Ok(_) => {}
            Err(cause) => {
                return Err(bytes.failure.take().unwrap_or_else(|| super::source::unreadable(cause)));
            }
        }
    }
    if bytes.digest.sum64() == arrived.crc64 {
        return Ok(());
    }
    Err(SourceError { path: None, problem: SourceProblem::Changed }.into())
}

/// Sends the parts that are missing.
pub(crate) struct Multipart<'a> {
    pub(crate) client: &'a Client,
    pub(crate) operator: UnionId<'a>,
    pub(crate) source: &'a dyn Source,
    pub(crate) connections: usize,
    pub(crate) limits: &'a Limits<'a>,
}

struct State {
    todo: VecDeque<u32>,
    done: BTreeMap<u32, UploadedPart>,
    failure: Option<Error>,
}

impl Multipart<'_> {
    #[inline]
    pub(crate) fn run(&self, pending: &mut PendingUpload) -> Result<()> {
        let count = u32::try_from(pending.part_count()).unwrap_or(u32::MAX);
        let done: BTreeMap<u32, UploadedPart> = pending.done.iter().copied().collect();
        let missing = (1..=count).filter(|number| !done.contains_key(number)).collect();
        let urls = PartUrls {
            client: self.client,
            operator: self.operator,
            upload_key: &pending.upload_key,
            known: Mutex::new(Known { missing, ..Known::default() }),
        };
        let state = Mutex::new(State { todo: (1..=count).collect(), done, failure: None });
        thread::scope(|scope| {
            let (shape, urls, state) = (&*pending, &urls, &state);
            for slot in 1..self.connections.min(count as usize) {
                let name = thread::Builder::new().name(format!("dingtalk-part-{slot}"));
                // Fewer will do.
                let _ = name.spawn_scoped(scope, move || self.work(shape, urls, state));
            }
            self.work(shape, urls, state);
        });
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        pending.done = state.done.into_iter().collect();
        match state.failure {
            Some(failure) => Err(failure),
            None if pending.is_complete() => Ok(()),
            // Everybody left because they were told to.
            None => Err(Error::Cancelled { done: self.limits.monitor.bytes() }),
        }
    }

    /// Sends one part after the other until there is none.
    #[inline]
    fn work(&self, pending: &PendingUpload, urls: &PartUrls<'_>, state: &Mutex<State>) {
        // One of the others may wait for bytes that never come.
        let _leave = self.limits.monitor.leave_on_panic();
        let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (number, arrived) = {
                let mut state = lock();
                if state.failure.is_some() || self.limits.monitor.should_end() {
                    return;
                }
                let Some(number) = state.todo.pop_front() else { return };
                (number, state.done.get(&number).copied())
            };
            let range = pending.range_of(number);
            let sent = match arrived {
                Some(arrived) => compare(self.source, range, arrived, self.limits).map(|()| arrived),
                None => self.send(&range, number, urls),
            };
            let mut state = lock();
            match sent {
                Ok(pushed) => {
                    state.done.insert(number, pushed);
                }
                Err(error) => {
                    // What follows the first failure only shows that all were told to stop.
                    state.failure.get_or_insert(error);
                    self.limits.monitor.stop();
                }
            }
        }
    }

    #[inline]
    fn send(&self, range: &Range<u64>, number: u32, urls: &PartUrls<'_>) -> Result<UploadedPart> {
        let mut part = self.source.part(range.clone(), self.limits.monitor)?;
        let mut outlet = PartOutlet { urls, number, batch: None };
        let pushed = push(&mut outlet, &mut *part, range, self.source.size(), self.limits)?;
        urls.arrived(number);
        Ok(pushed)
    }
}

/// The URLs of the parts, asked for just in time and as many at once as the vendor gives.
struct PartUrls<'a> {
    client: &'a Client,
    operator: UnionId<'a>,
    upload_key: &'a str,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// What has arrived needs none.
    missing: BTreeSet<u32>,
    /// Calls so far.
    batches: u64,
    /// With the number of the call they came with.
    tickets: BTreeMap<u32, (u64, SignedUrls)>,
    /// The URL that worked last: a dead one costs a time limit, and not each part has to pay it.
    first: usize,
}

impl PartUrls<'_> {
    /// A ticket for a part; one that came with the call `refused` or an earlier one will not do.
    #[inline]
    fn get(&self, number: u32, refused: Option<u64>) -> Result<(u64, SignedUrls)> {
        // Held while it is asked for: the others need the same answer.
        let mut known = self.lock();
        let now = self.client.clock().now();
        let usable = |number: &u32| {
            known.tickets.get(number).filter(|(batch, ticket)| {
                refused.is_none_or(|refused| *batch > refused) && !ticket.lapses_soon(now)
            })
        };
        if let Some(usable) = usable(&number) {
            return Ok(usable.clone());
        }
        // Thirty at once from the first one on, whichever of them is the first to ask: of several connections, it need not
        // be the one with the lowest part.
        let wanted: Vec<u32> = known.missing.iter().copied().filter(|n| usable(n).is_none()).collect();
        let group = wanted.chunks(MAX_PARTS_PER_CALL).find(|group| group.contains(&number));
        let wanted = group.map_or_else(|| vec![number], <[u32]>::to_vec);
        let options = GetMultipartFileUploadInfos::new();
        let storage = self.client.storage();
        let infos =
            storage.get_multipart_file_upload_infos(self.upload_key, &wanted, self.operator, &options)?;
        known.batches += 1;
        let batch = known.batches;
        for info in infos {
            let signed =
                Signed { operation: UPLOAD_INFO, protocol: None, info: info.header_signature_info.as_ref() };
            let ticket = signed.check(self.client.plain_http(), now)?;
            known.tickets.insert(info.part_number, (batch, ticket));
        }
        let fresh = known.tickets.get(&number).filter(|(of, _)| *of == batch).cloned();
        fresh.ok_or_else(|| refuse(UPLOAD_INFO, Problem::Missing("multipartHeaderSignatureInfos")))
    }

    #[inline]
    fn arrived(&self, number: u32) {
        let mut known = self.lock();
        known.missing.remove(&number);
        known.tickets.remove(&number);
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct PartOutlet<'a> {
    urls: &'a PartUrls<'a>,
    number: u32,
    /// The call that the last ticket came with.
    batch: Option<u64>,
}

impl Outlet for PartOutlet<'_> {
    #[inline]
    fn put(
        &mut self,
        ticket: &SignedUrls,
        url: &str,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<ResponseHead> {
        self.urls.client.put_object(ticket, url, body, length)
    }

    #[inline]
    fn ticket(&mut self) -> Result<SignedUrls> {
        let (batch, ticket) = self.urls.get(self.number, self.batch)?;
        self.batch = Some(batch);
        Ok(SignedUrls { first: self.urls.lock().first, ..ticket })
    }

    #[inline]
    fn worked(&mut self, url: usize) {
        self.urls.lock().first = url;
    }
}
