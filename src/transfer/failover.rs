//! The next attempt after a failure: its URL, its signature, the wait before it, or no further attempt.
//!
//! [`Failover`] is the only owner of a connection's URLs, signature and retry budget. Downloads and uploads share it.

use super::context::{Phase, TransferContext};
use super::signer::{Need, Signature, Signer};
use crate::base::clock::jitter;
use crate::base::error::{Error, Result};
use crate::base::event::{Event, EventKind};
use crate::base::secret::host_of;
use crate::object::signed_urls::SignedUrls;

/// Number of bytes per URL that reset the retry budget. Fewer bytes are not progress: a server that sends a few bytes
/// each time must not cause an endless loop.
pub(crate) const PROGRESS: u64 = 16 * 1024;

/// Maximum number of new signatures in a row without progress.
const MAX_RENEWALS: u32 = 3;

/// Attempts without progress. Progress resets the counts.
#[derive(Default)]
struct RetryBudget {
    retries: u32,
    renewals: u32,
    /// Number of URLs that failed since the last wait.
    failed_urls: usize,
    /// Bytes transferred since the last reset.
    fresh_bytes: u64,
}

/// Reaction to a failed request.
#[derive(Debug, PartialEq, Eq)]
enum RecoveryAction {
    /// The same request may work in a moment, at this URL or at the next.
    Retry,
    /// This URL does not work, but others may.
    AbandonUrl,
    RenewSignature,
}

fn recovery_action(error: &Error) -> RecoveryAction {
    match error {
        Error::Storage(e) if e.wants_new_signature() => RecoveryAction::RenewSignature,
        // Damaged in transit.
        Error::ChecksumMismatch { .. } => RecoveryAction::Retry,
        _ if error.is_transient() => RecoveryAction::Retry,
        _ => RecoveryAction::AbandonUrl,
    }
}

/// A URL without its query, which changes with each signature, and the number of equal URLs before it in the list.
type UrlKey = (String, usize);

/// The URLs of one connection, and its remaining retry budget.
pub(crate) struct Failover<'a> {
    signer: &'a dyn Signer,
    signature: Signature,
    /// For events.
    operation: &'static str,
    current: usize,
    /// URLs that are not tried again, even if a new signature lists them again.
    dead: Vec<UrlKey>,
    budget: RetryBudget,
    /// Bytes since the last failure. A URL that keeps breaking off early is replaced by the next one.
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

    /// Returns the URL of the next request.
    pub(crate) fn url(&self) -> &str {
        self.signed_urls().urls.get(self.current).map_or("", String::as_str)
    }

    /// Records that the URL worked, so that other connections start with it.
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

    /// Renews a signature that expires soon, before an attempt. Stops after a few renewals if the new signatures expire
    /// soon as well.
    pub(crate) fn renew_if_expiring(&mut self, context: &TransferContext<'_>) -> Result<()> {
        if !self.signed_urls().lapses_soon(context.now()) || self.budget.renewals >= MAX_RENEWALS {
            return Ok(());
        }
        match self.signer.signature(Need::Expiring(self.signature.generation)) {
            // If no URL is left, the current one is tried once more, and its failure is the error.
            Ok(Some(fresh)) => drop(self.adopt(fresh, None, context)),
            Err(error) if self.signed_urls().has_lapsed(context.now()) => return Err(error),
            // The old signature is still valid for a while, which may be enough.
            Ok(None) | Err(_) => {}
        }
        if self.signed_urls().lapses_soon(context.now()) {
            self.budget.renewals += 1;
        }
        Ok(())
    }

    /// Decides how to continue after a failed request, and waits if necessary. Returns the error if nothing is left to
    /// try.
    pub(crate) fn recover(&mut self, error: Error, context: &TransferContext<'_>) -> Result<()> {
        // A deliberately closed connection looks like a network failure.
        context.check()?;
        let progressed = std::mem::take(&mut self.since_failure) >= PROGRESS;
        match recovery_action(&error) {
            RecoveryAction::Retry if progressed => self.pause(error, context),
            RecoveryAction::Retry => self.try_elsewhere(error, context),
            RecoveryAction::AbandonUrl => self.mark_dead(error, context),
            RecoveryAction::RenewSignature => self.renew(error, context),
        }
    }

    /// Counts an attempt without progress that needs no wait. Returns the error if that was the last attempt allowed.
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

    /// Switches to a new signature. Returns whether one of its URLs is left to try.
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

    /// Moves to the next URL. Waits after all URLs have failed.
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
        if context.ends_within(wait) || !context.policy().allows(self.budget.retries) {
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

    /// Moves to the next living URL, which may be the current one. Returns whether a URL is alive.
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
