//! Where the next try goes: to which URL, with which signature, after which wait. A download and an upload share it.

use super::patience::{Limits, Patience};
use super::ring::Ring;
use crate::base::error::{Error, Result};
use crate::object::signed_urls::SignedUrls;

/// The URLs of one transfer's connection, and how much longer it keeps trying them. `renew` asks for another signature;
/// `None` where nobody can be asked.
pub(crate) struct Route {
    ring: Ring,
    patience: Patience,
}

impl Route {
    pub(crate) fn new(ticket: SignedUrls) -> Self {
        Self { ring: Ring::new(ticket), patience: Patience::default() }
    }

    pub(crate) fn ticket(&self) -> &SignedUrls {
        self.ring.ticket()
    }

    /// The URL to ask now,
    pub(crate) fn url(&self) -> &str {
        self.ring.url()
    }

    /// and which of the ticket's it is.
    pub(crate) fn place(&self) -> usize {
        self.ring.place()
    }

    /// Progress: everything may be tried again as often as at first.
    pub(crate) fn earn(&mut self, bytes: u64) {
        self.patience.earn(bytes);
    }

    /// Before a try: another signature when this one lapses soon. One that gains nothing, as it has lapsed when it comes, is not
    /// asked for again and again.
    pub(crate) fn freshen(
        &mut self,
        limits: &Limits<'_>,
        renew: impl FnOnce() -> Option<Result<SignedUrls>>,
    ) -> Result<()> {
        let now = || limits.monitor.clock().now();
        if !self.ticket().lapses_soon(now()) || !self.patience.may_renew() {
            return Ok(());
        }
        match renew() {
            // What is known of the URLs still holds.
            Some(Ok(ticket)) => self.ring.renew(ticket),
            Some(Err(error)) if self.ticket().has_lapsed(now()) => return Err(error),
            // It is good for a while yet, and that may be enough.
            Some(Err(_)) | None => {}
        }
        if self.ticket().lapses_soon(now()) {
            self.patience.renewed();
        }
        Ok(())
    }

    /// The signature was refused.
    pub(crate) fn unsigned(
        &mut self,
        refused: Error,
        limits: &Limits<'_>,
        renew: impl FnOnce() -> Option<Result<SignedUrls>>,
    ) -> Result<()> {
        if !self.patience.may_renew() {
            return self.dead(refused);
        }
        match renew() {
            Some(Ok(ticket)) => {
                self.patience.renewed();
                self.ring = Ring::new(ticket);
                Ok(())
            }
            Some(Err(error)) => {
                // A connection that was interrupted for it shows as a failure of the network.
                limits.monitor.check()?;
                Err(error)
            }
            None => self.dead(refused),
        }
    }

    /// This URL will not do; others may.
    pub(crate) fn dead(&mut self, error: Error) -> Result<()> {
        if self.ring.bury() { Ok(()) } else { Err(error) }
    }

    /// The same may work at the next URL, or in a moment.
    pub(crate) fn elsewhere(&mut self, error: Error, limits: &Limits<'_>) -> Result<()> {
        if self.ring.next_untried() { Ok(()) } else { self.pause(error, limits) }
    }

    /// The same may work in a moment.
    pub(crate) fn pause(&mut self, error: Error, limits: &Limits<'_>) -> Result<()> {
        self.patience.pause(error, limits)
    }

    /// Counts a try without progress.
    pub(crate) fn spend(&mut self, error: Error, limits: &Limits<'_>) -> Result<()> {
        self.patience.spend(error, limits)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::clock::Clock;
    use crate::client::retry::RetryPolicy;
    use crate::testing::ManualClock;
    use crate::transfer::monitor::Monitor;

    /// How often there is a new signature in twenty tries of 850 s each, none of which makes progress.
    fn renewals(life: u64) -> u32 {
        let (policy, clock) = (RetryPolicy::none(), ManualClock::new());
        let monitor = Monitor::new(&clock, None, None);
        let limits = Limits { policy: &policy, deadline: None, max_bytes: None, monitor: &monitor };
        let sign = || SignedUrls {
            urls: vec!["http://h/o".to_owned()],
            headers: Vec::new(),
            life: Some(Duration::from_secs(life)),
            signed_at: clock.now(),
            first: 0,
        };
        let (mut route, mut count) = (Route::new(sign()), 0);
        for _ in 0..20 {
            clock.advance(Duration::from_secs(850));
            let renew = || {
                count += 1;
                Some(Ok(sign()))
            };
            route.freshen(&limits, renew).unwrap();
        }
        count
    }

    #[test]
    fn a_slow_try_is_signed_anew_each_time_and_what_gains_nothing_is_given_up() {
        assert_eq!(renewals(900), 20);
        assert_eq!(renewals(0), 3);
    }
}
