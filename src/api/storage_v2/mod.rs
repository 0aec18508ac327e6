//! Storage 2.0: what is in a space, by its dentryUuid.

pub(crate) mod files;

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
