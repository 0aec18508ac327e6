//! Storage 2.0: files and folders by dentryUuid.

pub(crate) mod files;
pub(crate) mod logs;
pub(crate) mod permissions;
pub(crate) mod recents;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod sharing;

use crate::client::Client;

super::group! {
    /// Operations of `storage` 2.0: files and folders by dentryUuid. Returned by
    /// [`Client::storage_v2`](crate::Client::storage_v2).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let storage = client.storage_v2();
    /// # let _ = storage;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    StorageV2
}

impl Client {
    /// Returns the operations of `storage` 2.0, which identify an entry by its dentryUuid.
    ///
    /// ```no_run
    /// # let client = dingtalk_files::Client::from_env()?;
    /// # let (operator, options) = (dingtalk_files::UnionId("operator-1"), Default::default());
    /// let info = client.storage_v2().get_file_upload_info("folder-uuid-1", operator, &options)?;
    /// println!("upload key: {}", info.upload_key);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn storage_v2(&self) -> StorageV2<'_> {
        StorageV2::new(self)
    }
}
