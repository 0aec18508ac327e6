//! Spaces, and the files and folders in them.

pub(crate) mod app_properties;
pub(crate) mod batches;
pub(crate) mod browse;
pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod open_info;
pub(crate) mod permissions;
pub(crate) mod recycle_bin;
pub(crate) mod restore;
pub(crate) mod safe_name;
pub(crate) mod spaces;
pub(crate) mod tasks;
pub(crate) mod thumbnails;
pub(crate) mod uploads;
pub(crate) mod versions;
pub(crate) mod walk;

use crate::client::Client;

super::group! {
    /// Operations of `storage` 1.0: spaces, files and folders. Returned by [`Client::storage`](crate::Client::storage).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let storage = client.storage();
    /// # let _ = storage;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Storage
}

impl Client {
    /// Returns the operations of `storage` 1.0: spaces, files and folders.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let options = Default::default();
    /// client.storage().get_file_download_info("space-1", "dentry-1", UnionId("operator-1"), &options)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn storage(&self) -> Storage<'_> {
        Storage::new(self)
    }
}
