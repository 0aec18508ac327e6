//! The next attempt after a failure: at which URL, with which signature, after which wait, or none at all.
//!
//! The one owner of a connection's URLs, signature and retry budget. Downloads and uploads share it.

use super::context::{Phase, TransferContext};
use super::signer::{Need, Signature, Signer};
use crate::base::clock::jitter;
use crate::base::error::{Error, Result};
use crate::base::event::{Event, EventKind};
use crate::base::secret::host_of;
use crate::object::signed_urls::SignedUrls;

/// This many bytes for each URL refill the budget. Fewer are not progress: servers that send a few bytes each time must not
/// loop forever.
pub(crate) const PROGRESS: u64 = 16 * 1024;

/// Refusals in a row, without progress, that are answered by a request for a new signature.
const MAX_RENEWALS: u32 = 3;

/// Attempts without progress. Progress refills it.
#[derive(Default)]
struct RetryBudget {
    retries: u32,
    renewals: u32,
    /// URLs that failed since the last wait.
    failed_urls: usize,
    /// Bytes since the last refill.
    fresh_bytes: u64,
}

/// The response to a failed request.
#[derive(Debug, PartialEq, Eq)]
enum RecoveryAction {
    /// The same may work in a moment, here or at the next URL.
    Retry,
    /// This URL does not work; others may.
    AbandonUrl,
    RenewSignature,
}

fn recovery_action(error: &Error) -> RecoveryAction {
    match error {
        Error::Storage(e) if e.wants_new_signature() => RecoveryAction::RenewSignature,
        // Damaged on the way.
        Error::ChecksumMismatch { .. } => RecoveryAction::Retry,
        _ if error.is_transient() => RecoveryAction::Retry,
        _ => RecoveryAction::AbandonUrl,
    }
}

/// A URL without its query, which changes with each signature, and how many of the same stand before it.
type UrlKey = (String, usize);

/// The URLs of one connection, and how much longer it keeps trying them.
pub(crate) struct Failover<'a> {
    signer: &'a dyn Signer,
    signature: Signature,
    /// For events.
    operation: &'static str,
    current: usize,
    /// URLs that are not asked again; a new signature names them again.
    dead: Vec<UrlKey>,
    budget: RetryBudget,
    /// Bytes since the last failure. A URL that keeps breaking off early is left for the next one.
    since_failure: u64,
}

impl<'a> Failover<'a> {
    pub(crate) fn start(operation: &'static str, signer: &'a dyn Signer, signature: Signature) -> Self {
        let (dead, budget) = (Vec::new(), RetryBudget::default());
        let mut this = Self { signer, signature, operation, current: 0, dead, budget, since_failure: 0 };
        this.current = this.first_living().unwrap_or_default();
        this
    }

    pub(crate) fn signed_urls(&self) -> &SignedUrls {
        &self.signature.urls
    }

    /// The URL to ask now.
    pub(crate) fn url(&self) -> &str {
        self.signed_urls().urls.get(self.current).map_or("", String::as_str)
    }

    /// The URL gave what was asked for: other connections may begin with it.
    pub(crate) fn worked(&self) {
        self.signer.worked(self.current);
    }

    pub(crate) fn record_progress(&mut self, bytes: u64) {
        self.since_failure += bytes;
        self.budget.fresh_bytes += bytes;
        if self.budget.fresh_bytes >= PROGRESS * self.living() as u64 {
            if self.budget.renewals > 0 {
                self.signer.cured();
            }
            self.budget = RetryBudget::default();
        }
    }

    /// Before an attempt: another signature when this one lapses soon. A signer whose signatures have lapsed when they come
    /// is not asked again and again.
    pub(crate) fn renew_if_expiring(&mut self, context: &TransferContext<'_>) -> Result<()> {
        if !self.signed_urls().lapses_soon(context.now()) || self.budget.renewals >= MAX_RENEWALS {
            return Ok(());
        }
        match self.signer.signature(Need::Expiring(self.signature.generation)) {
            // Without a living URL the current one is asked once more, and its failure is the error.
            Ok(Some(fresh)) => drop(self.adopt(fresh, None, context)),
            Err(error) if self.signed_urls().has_lapsed(context.now()) => return Err(error),
            // The old one is good for a while yet, and that may be enough.
            Ok(None) | Err(_) => {}
        }
        if self.signed_urls().lapses_soon(context.now()) {
            self.budget.renewals += 1;
        }
        Ok(())
    }

    /// Decides what follows a failed request, waits if need be, and returns the error when nothing follows.
    pub(crate) fn recover(&mut self, error: Error, context: &TransferContext<'_>) -> Result<()> {
        // A connection that was ended on purpose shows as a failure of the network.
        context.check()?;
        let progressed = std::mem::take(&mut self.since_failure) >= PROGRESS;
        match recovery_action(&error) {
            RecoveryAction::Retry if progressed => self.pause(error, context),
            RecoveryAction::Retry => self.try_elsewhere(error, context),
            RecoveryAction::AbandonUrl => self.mark_dead(error, context),
            RecoveryAction::RenewSignature => self.renew(error, context),
        }
    }

    /// Counts an attempt without progress that needs no wait; the error, when it was the last one allowed.
    pub(crate) fn count_retry(&mut self, error: Error, context: &TransferContext<'_>) -> Result<()> {
        if !context.policy().allows(self.budget.retries) {
            return Err(error);
        }
        self.budget.retries += 1;
        Ok(())
    }

    fn renew(&mut self, refused: Error, context: &TransferContext<'_>) -> Result<()> {
        if self.budget.renewals >= MAX_RENEWALS {
            return self.mark_dead(refused, context);
        }
        match self.signer.signature(Need::Refused(self.signature.generation)) {
            Ok(Some(fresh)) => {
                self.budget.renewals += 1;
                if self.adopt(fresh, Some(&refused), context) { Ok(()) } else { Err(refused) }
            }
            Ok(None) => self.mark_dead(refused, context),
            Err(error) => {
                context.check()?;
                Err(error)
            }
        }
    }

    /// Whether a URL of the new signature is left to ask.
    fn adopt(
        &mut self,
        signature: Signature,
        refused: Option<&Error>,
        context: &TransferContext<'_>,
    ) -> bool {
        let (old_count, place) = (self.signed_urls().urls.len(), self.current);
        self.signature = signature;
        let is_same_list = self.signed_urls().urls.len() == old_count;
        let next = if is_same_list && self.is_living(place) { Some(place) } else { self.first_living() };
        self.current = next.unwrap_or_default();
        self.emit(EventKind::SignatureRenewed, refused, context);
        next.is_some()
    }

    /// On to the next URL; after all of them, a wait.
    fn try_elsewhere(&mut self, error: Error, context: &TransferContext<'_>) -> Result<()> {
        self.budget.failed_urls += 1;
        self.leave_url(&error, context);
        if self.budget.failed_urls < self.living() {
            return Ok(());
        }
        self.budget.failed_urls = 0;
        self.pause(error, context)
    }

    fn pause(&mut self, error: Error, context: &TransferContext<'_>) -> Result<()> {
        let asked = if let Error::Storage(e) = &error { e.retry_after } else { None };
        let wait = context.policy().wait(self.budget.retries, asked, jitter());
        if context.ends_within(wait) {
            return Err(error);
        }
        if !context.policy().allows(self.budget.retries) {
            return Err(error);
        }
        self.budget.retries += 1;
        context.phase(Phase::Retrying);
        let event = Event::new(EventKind::Wait, self.operation, host_of(self.url())).because_of(&error);
        context.emit(&Event { duration: wait, ..event });
        context.sleep(wait)
    }

    fn mark_dead(&mut self, error: Error, context: &TransferContext<'_>) -> Result<()> {
        self.dead.extend(self.key(self.current));
        if self.leave_url(&error, context) {
            return Ok(());
        }
        // The URLs of an earlier download may name an object that is gone by now.
        if std::mem::take(&mut self.signature.is_kept) {
            return self.renew(error, context);
        }
        Err(error)
    }

    /// Moves on to the next living URL. `false`: none lives.
    fn leave_url(&mut self, error: &Error, context: &TransferContext<'_>) -> bool {
        let before = self.current;
        let has_next = self.advance();
        if self.current != before {
            self.emit(EventKind::Failover, Some(error), context);
        }
        has_next
    }

    fn emit(&self, kind: EventKind, error: Option<&Error>, context: &TransferContext<'_>) {
        if context.is_observed() {
            let event = Event::new(kind, self.operation, host_of(self.url()));
            context.emit(&error.map_or(event.clone(), |error| event.because_of(error)));
        }
    }

    fn living(&self) -> usize {
        if self.dead.is_empty() {
            return self.signed_urls().urls.len();
        }
        (0..self.signed_urls().urls.len()).filter(|place| self.is_living(*place)).count()
    }

    fn is_living(&self, place: usize) -> bool {
        self.key(place).is_some_and(|key| !self.dead.contains(&key))
    }

    fn key(&self, place: usize) -> Option<UrlKey> {
        let urls = &self.signed_urls().urls;
        let url = without_query(urls.get(place)?);
        let before = urls.iter().take(place).filter(|other| without_query(other) == url).count();
        Some((url.to_owned(), before))
    }

    /// Whether there is another living URL, or this one lives.
    fn advance(&mut self) -> bool {
        let count = self.signed_urls().urls.len();
        let next = (1..=count).map(|step| (self.current + step) % count).find(|place| self.is_living(*place));
        self.current = next.unwrap_or(self.current);
        next.is_some()
    }

    fn first_living(&self) -> Option<usize> {
        let preferred = Some(self.signature.first).filter(|first| self.is_living(*first));
        preferred.or_else(|| (0..self.signed_urls().urls.len()).find(|place| self.is_living(*place)))
    }
}

fn without_query(url: &str) -> &str {
    url.split_once('?').map_or(url, |(path, _)| path)
}

#[cfg(test)]
mod tests;
