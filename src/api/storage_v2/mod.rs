//! Storage 2.0: what is in a space, by its dentryUuid.

pub(crate) mod files;
pub(crate) mod logs;
pub(crate) mod permissions;
pub(crate) mod recents;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod sharing;

super::group! {
    /// The operations of `storage` 2.0. From [`Client::storage_v2`](crate::Client::storage_v2).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let storage = client.storage_v2();
    /// # let _ = storage;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    StorageV2
}
