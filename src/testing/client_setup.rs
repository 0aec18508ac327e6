//! Clients for the fake.

use super::fake::FakeDingTalk;
use crate::base::clock::Clock;
use crate::client::Client;
use crate::client::builder::ClientBuilder;
use std::sync::Arc;

impl FakeDingTalk {
    /// Returns a client builder with the fake's app and URL, and without a proxy. Other credentials, such as a
    /// [`token_source`](ClientBuilder::token_source), replace those of the app.
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
        let app = Client::builder().app(Self::APP_KEY, Self::APP_SECRET).replaceable_credentials();
        app.base_url(self.base_url()).no_proxy()
    }

    /// Returns the environment variables with which [`Client::from_env`] reaches this fake.
    ///
    /// Pass them to the process in tests that run a whole program.
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
            // Empty means unset: a token would take precedence over the app.
            ("DINGTALK_ACCESS_TOKEN", String::new()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
        ]
    }
}

impl ClientBuilder {
    /// Sets the clock for waits, for the lifetimes of tokens and signatures, and for the overall timeout.
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
