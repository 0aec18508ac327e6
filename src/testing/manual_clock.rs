//! A clock that tests control.

use crate::base::clock::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A clock that stands still until a client waits or a test advances it. Waits return immediately and are recorded.
///
/// ```
/// use std::time::Duration;
/// use dingtalk_files::testing::ManualClock;
///
/// let clock = ManualClock::new();
/// clock.advance(Duration::from_secs(7200));
/// assert!(clock.sleeps().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    state: Arc<Mutex<ManualTime>>,
}

#[derive(Debug, Default)]
struct ManualTime {
    now: Duration,
    sleeps: Vec<Duration>,
}

impl ManualClock {
    /// Creates a clock at 0.
    ///
    /// ```
    /// use dingtalk_files::testing::{Clock, ManualClock};
    ///
    /// assert!(ManualClock::new().now().is_zero());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Advances the clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dingtalk_files::testing::{Clock, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// clock.advance(Duration::from_secs(7));
    /// assert_eq!(clock.now(), Duration::from_secs(7));
    /// ```
    pub fn advance(&self, time: Duration) {
        self.state().now += time;
    }

    /// Returns every wait so far, in order.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dingtalk_files::testing::{Clock, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// clock.sleep(Duration::from_secs(3600)); // Returns immediately.
    /// assert_eq!(clock.sleeps(), [Duration::from_secs(3600)]);
    /// ```
    pub fn sleeps(&self) -> Vec<Duration> {
        self.state().sleeps.clone()
    }

    fn state(&self) -> MutexGuard<'_, ManualTime> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        self.state().now
    }

    fn sleep(&self, time: Duration) {
        let mut state = self.state();
        state.now += time;
        state.sleeps.push(time);
    }
}
