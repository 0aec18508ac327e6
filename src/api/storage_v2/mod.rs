//! Storage 2.0: what is in a space, by its dentryUuid.

pub(crate) mod files;
#[cfg(feature = "storage-v2")]
pub(crate) mod logs;
#[cfg(feature = "storage-v2")]
pub(crate) mod permissions;
#[cfg(feature = "storage-v2")]
pub(crate) mod recents;
#[cfg(feature = "storage-v2")]
pub(crate) mod search;
#[cfg(feature = "storage-v2")]
pub(crate) mod settings;
#[cfg(feature = "storage-v2")]
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
