//! Time as a parameter, so that no test has to wait.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

/// A monotonic clock and a way to wait.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// #[derive(Debug)]
/// struct Impatient(Instant);
///
/// impl dingtalk_files::testing::Clock for Impatient {
///     fn now(&self) -> Duration {
///         self.0.elapsed()
///     }
///
///     fn sleep(&self, _time: Duration) {}
/// }
/// ```
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "public as `testing::Clock` only"))]
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the time since a fixed moment. It never goes back.
    fn now(&self) -> Duration;

    /// Blocks the calling thread for `time`.
    fn sleep(&self, time: Duration);
}

/// The machine's monotonic clock.
#[derive(Debug)]
pub(crate) struct MonotonicClock(Instant);

impl MonotonicClock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The end of an operation, by the client's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Duration,
    /// Time limit of the whole operation, for the error that reports the timeout.
    pub(crate) limit: Duration,
    /// Name of the limit in the error.
    pub(crate) name: &'static str,
}

impl Deadline {
    pub(crate) fn time_left(self, now: Duration) -> TimeLeft {
        TimeLeft { left: self.at.saturating_sub(now), limit: self.limit, name: self.name }
    }
}

/// The time until a [`Deadline`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLeft {
    pub(crate) left: Duration,
    pub(crate) limit: Duration,
    pub(crate) name: &'static str,
}

/// Longest time until a wait notices an interruption, or the end of its time.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Returns the age at which to renew something that lives for `life`: `margin` before its end, or a quarter of `life`
/// before its end if that is less.
pub(crate) fn renew_after(life: Duration, margin: Duration) -> Duration {
    life.saturating_sub(margin.min(life / 4))
}

/// Returns a number in `0.0..1.0` for spreading retries. Each `RandomState` has a different key, which is random enough
/// to keep many clients from retrying in step, and needs no dependency.
#[expect(clippy::cast_precision_loss, reason = "53 bits are taken, which an f64 holds exactly")]
pub(crate) fn jitter() -> f64 {
    let bits = RandomState::new().hash_one(0u8) >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    #[test]
    fn jitter_stays_below_one_and_varies() {
        let draws: Vec<f64> = (0..100).map(|_| super::jitter()).collect();
        assert!(draws.iter().all(|j| (0.0..1.0).contains(j)));
        assert!(draws.windows(2).any(|w| w[0] < w[1]) && draws.windows(2).any(|w| w[0] > w[1]));
    }
}
