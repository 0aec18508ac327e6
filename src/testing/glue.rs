//! The fake as a client sees it, and time that a test moves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::FakeDingTalk;
pub use crate::base::clock::Clock;
use crate::client::Client;
use crate::client::builder::ClientBuilder;

impl FakeDingTalk {
    /// A builder that is set up for this fake: its app, its URL, and no proxy.
    ///
    /// ```
    /// use dingtalk_files::UnionId;
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start().map_err(|e| e.to_string())?;
    /// fake.put_file("space-1", "dentry-1", "hello.txt", "hello");
    /// let client = fake.client().build()?;
    /// let mut bytes = Vec::new();
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut bytes, ..)?;
    /// assert_eq!(bytes, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn client(&self) -> ClientBuilder {
        Client::builder().app(Self::APP_KEY, Self::APP_SECRET).base_url(self.base_url()).no_proxy()
    }

    /// The environment variables with which [`Client::from_env`] finds this fake, for tests that run a program as it is.
    ///
    /// ```no_run
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// let status = std::process::Command::new("my-program").envs(fake.environment()).status()?;
    /// assert!(status.success());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("DINGTALK_BASE_URL", self.base_url()),
            ("DINGTALK_APP_KEY", Self::APP_KEY.to_owned()),
            ("DINGTALK_APP_SECRET", Self::APP_SECRET.to_owned()),
            // Empty is unset: a token would win over the app.
            ("DINGTALK_ACCESS_TOKEN", String::new()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
        ]
    }
}

/// A clock that stands still until a client waits or a test moves it. Waiting costs no time, and is written down.
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
    /// A clock at 0.
    ///
    /// ```
    /// use dingtalk_files::testing::{Clock, ManualClock};
    ///
    /// assert!(ManualClock::new().now().is_zero());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock on.
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

    /// Every wait so far, in order.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dingtalk_files::testing::{Clock, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// clock.sleep(Duration::from_secs(3600)); // Takes no time.
    /// assert_eq!(clock.sleeps(), [Duration::from_secs(3600)]);
    /// ```
    pub fn sleeps(&self) -> Vec<Duration> {
        self.state().sleeps.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, ManualTime> {
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

impl ClientBuilder {
    /// Another clock than the machine's: for waits, for the life of tokens and signatures, and for the overall timeout.
    ///
    /// ```
    /// use dingtalk_files::testing::{FakeDingTalk, ManualClock};
    ///
    /// let fake = FakeDingTalk::start()?;
    /// let clock = ManualClock::new();
    /// let client = fake.client().clock(clock.clone()).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        self.with_clock(Arc::new(clock))
    }
}
