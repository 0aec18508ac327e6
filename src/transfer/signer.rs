//! Signatures of a transfer: requested when needed, renewed when refused, and shared by all connections.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::context::TransferContext;
use super::origin::Origin;
use crate::api::storage::files::{DownloadInfo, HeaderSignatureInfo, TransferProtocol};
use crate::base::clock::POLL_INTERVAL;
use crate::base::error::{Error, ErrorKind, Problem, Result};
use crate::client::Client;
use crate::object::signed_urls::{DOWNLOAD_INFO, SignedUrls, UPLOAD_INFO, UncheckedUrls, refuse};

/// Number of a signature within a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generation(pub(crate) u64);

/// A signature in use.
#[derive(Clone)]
pub(crate) struct Signature {
    pub(crate) urls: Arc<SignedUrls>,
    pub(crate) generation: Generation,
    /// Index of the URL to start with: one that has worked in this transfer.
    pub(crate) first: usize,
    /// An earlier download of the same file obtained it.
    pub(crate) is_kept: bool,
}

/// Reason to request a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    First,
    /// This signature expires soon.
    Expiring(Generation),
    /// A server refused this signature.
    Refused(Generation),
}

/// Source of the signatures of a transfer.
pub(crate) trait Signer: Sync {
    /// Returns the signature to use, which differs from the signature in `need`. `None` if a different one is not
    /// available.
    fn signature(&self, need: Need) -> Result<Option<Signature>>;

    /// Records that the URL at this index worked, so that other connections start with it. A dead URL costs a whole
    /// timeout, and not every connection should have to wait for that.
    fn worked(&self, url: usize);

    /// Records that a refused connection has made progress with a new signature.
    fn cured(&self) {}
}

/// Returns the signature to start with.
pub(crate) fn first_signature(signer: &dyn Signer) -> Result<Signature> {
    let signature = signer.signature(Need::First)?;
    signature.ok_or_else(|| refuse(DOWNLOAD_INFO, Problem::Missing("headerSignatureInfo.resourceUrls")))
}

/// The signature that all connections share. A connection that renews it renews it for all of them.
#[derive(Default)]
struct SharedSignature {
    generation: u64,
    urls: Option<Arc<SignedUrls>>,
    first: usize,
    is_kept: bool,
    /// Number of new signatures after refusals that have not led to progress yet. A server may refuse a connection for
    /// another reason, and every connection would then request new signatures.
    unproved: u32,
}

/// Limit of `unproved`. Each new signature is a call that counts against the organisation's monthly quota.
const MAX_UNPROVED: u32 = 3;

impl SharedSignature {
    fn of(urls: SignedUrls) -> Mutex<Self> {
        Mutex::new(Self { urls: Some(Arc::new(urls)), ..Self::default() })
    }

    fn of_kept(kept: KeptUrls) -> Mutex<Self> {
        let KeptUrls { urls, first, is_fresh } = kept;
        Mutex::new(Self { urls: Some(urls), first, is_kept: !is_fresh, ..Self::default() })
    }

    /// Returns the current signature, or a new one from `ask` if `need` requires that. Called under the lock: while one
    /// connection requests a signature, the others wait for the same result.
    fn get(
        &mut self,
        need: Need,
        ask: impl FnOnce() -> Option<Result<Arc<SignedUrls>>>,
    ) -> Result<Option<Signature>> {
        let current = Generation(self.generation);
        let is_refused = need == Need::Refused(current);
        let is_old = is_refused || need == Need::Expiring(current);
        let urls = if let Some(urls) = self.urls.clone().filter(|_| !is_old) {
            urls
        } else {
            if is_refused && self.unproved >= MAX_UNPROVED {
                return Ok(None);
            }
            let Some(fresh) = ask() else { return Ok(None) };
            let fresh = fresh?;
            self.generation += 1;
            self.is_kept = false;
            self.unproved += u32::from(is_refused);
            Arc::clone(self.urls.insert(fresh))
        };
        let (generation, first, is_kept) = (Generation(self.generation), self.first, self.is_kept);
        Ok(Some(Signature { urls, generation, first, is_kept }))
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signed URLs of a file, kept from one download to the next, and requested by one thread at a time.
#[derive(Default)]
pub(crate) struct KeptSignature {
    state: Mutex<KeptState>,
    request_ended: Condvar,
}

#[derive(Default)]
struct KeptState {
    /// With the index of the URL that worked.
    urls: Option<(Arc<SignedUrls>, usize)>,
    is_requesting: bool,
    /// Number of requests that have ended.
    requests: u64,
}

/// Signed URLs for the beginning of a download.
pub(crate) struct KeptUrls {
    urls: Arc<SignedUrls>,
    first: usize,
    is_fresh: bool,
}

impl KeptSignature {
    /// Returns the kept URLs, or those that `request` returns if the kept ones expire soon or are `old`.
    ///
    /// While one thread requests URLs, the others wait for them, as long as their own transfers go on. If the request
    /// fails, each of them makes its own.
    pub(crate) fn get_or_request(
        &self,
        old: Option<&Arc<SignedUrls>>,
        context: &TransferContext<'_>,
        request: impl FnOnce() -> Result<SignedUrls>,
    ) -> Result<KeptUrls> {
        let mut state = lock(&self.state);
        let seen = state.requests;
        loop {
            let is_usable = |urls: &Arc<SignedUrls>| {
                old.is_none_or(|old| !Arc::ptr_eq(old, urls)) && !urls.lapses_soon(context.now())
            };
            if let Some((urls, first)) = state.urls.clone().filter(|(urls, _)| is_usable(urls)) {
                return Ok(KeptUrls { urls, first, is_fresh: old.is_some() });
            }
            if !state.is_requesting || state.requests > seen || context.ends_within(Duration::ZERO) {
                break;
            }
            let waited = self.request_ended.wait_timeout(state, POLL_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            context.check()?;
        }
        state.is_requesting = true;
        drop(state);
        let _ended = RequestGuard(self);
        request().map(|urls| self.keep(urls))
    }

    /// Keeps new URLs in place of any earlier ones.
    pub(crate) fn keep(&self, urls: SignedUrls) -> KeptUrls {
        let urls = Arc::new(urls);
        lock(&self.state).urls = Some((Arc::clone(&urls), 0));
        KeptUrls { urls, first: 0, is_fresh: true }
    }

    /// Drops the URLs after a download that failed, unless the failure has nothing to do with them.
    ///
    /// A range past the end, or another object than expected, may come from a request of a stranger to a server. The file
    /// may have changed, but not worth a call each time.
    pub(crate) fn forget_after(&self, failure: &Error, now: Duration) {
        let is_of_request =
            matches!(failure.root(), Error::RangeNotSatisfiable { .. } | Error::ObjectChanged { written: 0 });
        let is_young = |urls: &SignedUrls| now.saturating_sub(urls.signed_at) < YOUNG;
        if is_of_request && lock(&self.state).urls.as_ref().is_some_and(|(urls, _)| is_young(urls)) {
            return;
        }
        let is_local = matches!(
            failure.root(),
            Error::Cancelled { .. } | Error::Write { .. } | Error::File(_) | Error::TooLarge { .. }
        );
        if !is_local && failure.kind() != ErrorKind::Deadline {
            lock(&self.state).urls = None;
        }
    }
}

/// An info of this age still describes the file.
const YOUNG: Duration = Duration::from_secs(60);

/// Ends a request for URLs, also by a panic in an observer, so that nobody waits forever.
struct RequestGuard<'a>(&'a KeptSignature);

impl Drop for RequestGuard<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        (state.is_requesting, state.requests) = (false, state.requests + 1);
        self.0.request_ended.notify_all();
    }
}

impl fmt::Debug for KeptSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if lock(&self.state).urls.is_some() { "KeptSignature(..)" } else { "KeptSignature" })
    }
}

/// Signer of a file whose download info can be requested again.
pub(crate) struct OriginSigner<'a, 'c> {
    client: &'a Client,
    origin: &'a dyn Origin,
    kept: &'a KeptSignature,
    context: &'a TransferContext<'c>,
    shared: Mutex<SharedSignature>,
}

impl<'a, 'c> OriginSigner<'a, 'c> {
    pub(crate) fn new(
        client: &'a Client,
        origin: &'a dyn Origin,
        kept: &'a KeptSignature,
        context: &'a TransferContext<'c>,
        first: KeptUrls,
    ) -> Self {
        Self { client, origin, kept, context, shared: SharedSignature::of_kept(first) }
    }
}

impl Signer for OriginSigner<'_, '_> {
    fn signature(&self, need: Need) -> Result<Option<Signature>> {
        let mut shared = lock(&self.shared);
        let old = shared.urls.clone();
        let renew = || {
            let request = || sign(self.client, self.origin);
            self.kept.get_or_request(old.as_ref(), self.context, request).map(|kept| kept.urls)
        };
        shared.get(need, || self.origin.can_renew().then(renew))
    }

    fn worked(&self, url: usize) {
        lock(&self.shared).first = url;
        if let Some((_, first)) = &mut lock(&self.kept.state).urls {
            *first = url;
        }
    }

    fn cured(&self) {
        lock(&self.shared).unproved = 0;
    }
}

impl<S: Signer> Signer for &S {
    fn signature(&self, need: Need) -> Result<Option<Signature>> {
        (**self).signature(need)
    }

    fn worked(&self, url: usize) {
        (**self).worked(url);
    }

    fn cured(&self) {
        (**self).cured();
    }
}

/// URLs that the caller passed. They cannot be renewed.
pub(crate) struct GivenUrls(Mutex<SharedSignature>);

impl GivenUrls {
    pub(crate) fn new(urls: SignedUrls) -> Self {
        Self(SharedSignature::of(urls))
    }
}

impl Signer for GivenUrls {
    fn signature(&self, need: Need) -> Result<Option<Signature>> {
        lock(&self.0).get(need, || None)
    }

    fn worked(&self, url: usize) {
        lock(&self.0).first = url;
    }

    fn cured(&self) {
        lock(&self.0).unproved = 0;
    }
}

/// Signer of an upload in one piece. Each upload info starts another upload, and the bytes belong to the latest one.
pub(crate) struct UploadSigner<'a> {
    /// Requests an upload info. Returns the key of the upload and its URLs.
    ask: &'a (dyn Fn() -> Result<(String, SignedUrls)> + Sync),
    state: Mutex<(String, SharedSignature)>,
}

impl<'a> UploadSigner<'a> {
    #[inline]
    pub(crate) fn new(ask: &'a (dyn Fn() -> Result<(String, SignedUrls)> + Sync)) -> Self {
        Self { ask, state: Mutex::default() }
    }

    /// Returns the key of the upload that received the bytes.
    #[inline]
    pub(crate) fn upload_key(&self) -> String {
        lock(&self.state).0.clone()
    }
}

impl Signer for UploadSigner<'_> {
    #[inline]
    fn signature(&self, need: Need) -> Result<Option<Signature>> {
        let mut state = lock(&self.state);
        let (key, shared) = &mut *state;
        shared.get(need, || {
            // Set the key only together with its URLs: until then the bytes go to the previous upload.
            Some((self.ask)().map(|(new_key, urls)| {
                *key = new_key;
                Arc::new(urls)
            }))
        })
    }

    #[inline]
    fn worked(&self, url: usize) {
        lock(&self.state).1.first = url;
    }

    #[inline]
    fn cured(&self) {
        lock(&self.state).1.unproved = 0;
    }
}

/// Requests the URLs of a file and checks them.
pub(crate) fn sign(client: &Client, origin: &dyn Origin) -> Result<SignedUrls> {
    let asked_at = client.clock().now();
    check_download_info(client, &origin.download_info(client)?, asked_at)
}

/// Checks the URLs of a download info. `asked_at` is the time of the request by the client's clock.
pub(crate) fn check_download_info(
    client: &Client,
    info: &DownloadInfo,
    asked_at: Duration,
) -> Result<SignedUrls> {
    let (protocol, info) = (info.protocol.as_ref(), info.header_signature_info.as_ref());
    check(&Signed { operation: DOWNLOAD_INFO, protocol, info }, client, asked_at)
}

/// Checks the URLs of an upload info or of a part.
pub(crate) fn check_upload_info(
    client: &Client,
    protocol: Option<&TransferProtocol>,
    info: Option<&HeaderSignatureInfo>,
    asked_at: Duration,
) -> Result<SignedUrls> {
    check(&Signed { operation: UPLOAD_INFO, protocol, info }, client, asked_at)
}

/// A response that contains a signature.
struct Signed<'a> {
    operation: &'static str,
    protocol: Option<&'a TransferProtocol>,
    info: Option<&'a HeaderSignatureInfo>,
}

fn check(signed: &Signed<'_>, client: &Client, asked_at: Duration) -> Result<SignedUrls> {
    let refuse = |problem| Err(refuse(signed.operation, problem));
    match signed.protocol {
        None | Some(TransferProtocol::HeaderSignature) => {}
        Some(other) => return refuse(Problem::Protocol(other.as_str().to_owned())),
    }
    let Some(info) = signed.info else { return refuse(Problem::Missing("headerSignatureInfo")) };
    let (urls, headers, life) = (&info.resource_urls, &info.headers, info.expiration_seconds);
    let unchecked = UncheckedUrls { operation: signed.operation, urls, headers, life };
    SignedUrls::check(&unchecked, client.plain_http(), asked_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls() -> SignedUrls {
        SignedUrls { urls: vec!["u".to_owned()], headers: Vec::new(), life: None, signed_at: Duration::ZERO }
    }

    /// Returns how many signatures `connections` connections request if every signature is refused.
    fn asked(shared: &mut SharedSignature, connections: usize) -> u32 {
        let mut asked = 0;
        let first = Generation(shared.generation);
        let mut held = vec![Some(first); connections];
        while held.iter().any(Option::is_some) {
            for held in &mut held {
                let Some(refused) = held.take() else { continue };
                let ask = || {
                    asked += 1;
                    Some(Ok(Arc::new(urls())))
                };
                *held = shared.get(Need::Refused(refused), ask).unwrap().map(|fresh| fresh.generation);
            }
            assert!(asked < 100, "the requests never end");
        }
        asked
    }

    #[test]
    fn refused_connections_share_a_limited_number_of_new_signatures() {
        for connections in [1, 3, 64] {
            let mut shared = SharedSignature { urls: Some(Arc::new(urls())), ..SharedSignature::default() };
            assert_eq!(asked(&mut shared, connections), MAX_UNPROVED, "{connections}");
            assert_eq!(asked(&mut shared, connections), 0, "another range of the same transfer");
            // Progress with a new signature shows that the signature was the cause.
            shared.unproved = 0;
            assert_eq!(asked(&mut shared, connections), MAX_UNPROVED, "{connections}");
        }
    }

    #[test]
    fn a_signature_replaced_by_another_connection_is_not_requested_again() {
        let mut shared = SharedSignature { urls: Some(Arc::new(urls())), ..SharedSignature::default() };
        let fresh = shared.get(Need::Refused(Generation(0)), || Some(Ok(Arc::new(urls())))).unwrap().unwrap();
        for need in [Need::First, Need::Refused(Generation(0)), Need::Expiring(Generation(0))] {
            let same = shared.get(need, || unreachable!()).unwrap().unwrap();
            assert_eq!(same.generation, fresh.generation, "{need:?}");
        }
    }
}
