//! How long a transfer keeps trying. A download and an upload share it.

use std::time::Duration;

use super::monitor::{Monitor, Phase};
use crate::client::Client;
use crate::clock::jitter;
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;

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
