//! Inspection of recorded requests, sends, media files and robot messages.

use super::data::records::{Recorded, RobotMessageSent, Sent, UploadedMedia};
use super::data::target::Target;
use super::fake::FakeDingTalk;

impl FakeDingTalk {
    /// Returns all requests so far, in the order in which they were completely received.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// assert!(fake.requests().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.state().requests.clone()
    }

    /// Returns the requests of one kind so far.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.requests_to(Target::Object).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn requests_to(&self, target: Target) -> Vec<Recorded> {
        let state = self.shared.state();
        let requests = state.requests.iter();
        requests.filter(|request| request.target == Some(target)).cloned().collect()
    }

    /// Returns the sent files in order, including those whose answer was lost.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// assert!(fake.sent().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.state().sent.clone()
    }

    /// Returns the media files that were uploaded for messages, in order.
    ///
    /// ```
    /// # use dingtalk_files::testing::FakeDingTalk;
    /// assert!(FakeDingTalk::start()?.media().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn media(&self) -> Vec<UploadedMedia> {
        self.shared.state().media.clone()
    }

    /// Returns the messages that robots sent, in order.
    ///
    /// ```
    /// # use dingtalk_files::testing::FakeDingTalk;
    /// assert!(FakeDingTalk::start()?.robot_messages().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn robot_messages(&self) -> Vec<RobotMessageSent> {
        self.shared.state().robot_messages.clone()
    }

    /// Returns the number of connections so far.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.connections(), 2); // one to the API, one to the object store
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Discards recorded requests, sent files, media files, robot messages and unfinished uploads.
    ///
    /// This keeps a long test from filling the memory. Files, valid tokens, valid signatures and faults remain.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// fake.forget();
    /// assert!(fake.requests().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget(&self) {
        self.shared.forget();
    }
}
