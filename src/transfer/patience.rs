//! How long a transfer keeps trying: against a server (a download and an upload share that), and against the system.

use std::io;
use std::time::Duration;

use super::monitor::{Monitor, Phase};
use crate::base::clock::jitter;
use crate::base::error::{Error, Result};
use crate::client::Client;
use crate::client::retry::RetryPolicy;

/// The limits of one transfer.
pub(crate) struct Limits<'a> {
    pub(crate) policy: &'a RetryPolicy,
    /// By the clock.
    pub(crate) deadline: Option<Duration>,
    /// More bytes than this are not taken.
    pub(crate) max_bytes: Option<u64>,
    pub(crate) monitor: &'a Monitor<'a>,
}

impl<'a> Limits<'a> {
    /// Those of a client inside an operation.
    pub(crate) fn new(client: &'a Client, monitor: &'a Monitor<'a>, max_bytes: Option<u64>) -> Self {
        Self { policy: client.retry_policy(), deadline: client.deadline(), max_bytes, monitor }
    }

    pub(crate) fn check_size(&self, size: u64) -> Result<()> {
        match self.max_bytes {
            Some(limit) if size > limit => Err(Error::TooLarge { size, limit }),
            _ => Ok(()),
        }
    }
}

/// So many bytes refill the budget. Less is no progress: a server that sends byte by byte must not loop for ever.
pub(crate) const PROGRESS: u64 = 16 * 1024;

/// Refusals in a row, without progress, that are met by asking for a new signature.
const RENEWALS: u32 = 3;

/// The budget of one connection: it counts tries without progress, and progress refills it.
#[derive(Default)]
pub(crate) struct Patience {
    retries: u32,
    renewals: u32,
    /// Bytes since the last refill.
    fresh_bytes: u64,
}

impl Patience {
    pub(crate) fn earn(&mut self, bytes: u64) {
        self.fresh_bytes += bytes;
        if self.fresh_bytes >= PROGRESS {
            *self = Self::default();
        }
    }

    /// Counts a try without progress; the error, when that was the last one allowed.
    pub(crate) fn spend(&mut self, error: Error, limits: &Limits<'_>) -> Result<()> {
        if !limits.policy.allows(self.retries) {
            return Err(error);
        }
        self.retries += 1;
        Ok(())
    }

    /// Counts a try without progress, and waits before the next one.
    pub(crate) fn pause(&mut self, error: Error, limits: &Limits<'_>) -> Result<()> {
        let asked = if let Error::Storage(e) = &error { e.retry_after } else { None };
        let wait = limits.policy.wait(self.retries, asked, jitter());
        if limits.deadline.is_some_and(|d| limits.monitor.clock().now() + wait >= d) {
            return Err(error);
        }
        self.spend(error, limits)?;
        limits.monitor.phase(Phase::Retrying);
        limits.monitor.sleep(wait)
    }

    /// Whether a refused signature is still met by asking for another one.
    pub(crate) fn may_renew(&self) -> bool {
        self.renewals < RENEWALS
    }

    pub(crate) fn renewed(&mut self) {
        self.renewals += 1;
    }
}

/// Looks at most so often, with a pause in between, while the system says that something is in use.
#[inline]
pub(crate) fn patiently<T>(
    looks: u32,
    is_in_use: impl Fn(&io::Error) -> bool,
    mut look: impl FnMut() -> io::Result<T>,
    mut pause: impl FnMut(),
) -> io::Result<T> {
    for _ in 1..looks {
        match look() {
            Err(e) if is_in_use(&e) => pause(),
            decided => return decided,
        }
    }
    look()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_in_a_moment_is_waited_for_and_what_stays_in_use_is_not() {
        let wait_for = |free_after: u32| {
            let (mut looks, mut pauses) = (0, 0);
            let look = || {
                looks += 1;
                if looks > free_after { Ok(looks) } else { Err(io::ErrorKind::AddrInUse.into()) }
            };
            let got = patiently(10, |e| e.kind() == io::ErrorKind::AddrInUse, look, || pauses += 1);
            (got.map_err(|e| e.kind()), pauses)
        };
        assert_eq!(wait_for(0), (Ok(1), 0));
        assert_eq!(wait_for(2), (Ok(3), 2));
        assert_eq!(wait_for(9), (Ok(10), 9));
        assert_eq!(wait_for(10), (Err(io::ErrorKind::AddrInUse), 9));
        let denied = || Err::<(), _>(io::ErrorKind::PermissionDenied.into());
        let other = patiently(10, |e| e.kind() == io::ErrorKind::AddrInUse, denied, || panic!("waited"));
        assert_eq!(other.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
