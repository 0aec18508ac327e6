//! Spaces and what is in them.

pub(crate) mod app_properties;
pub(crate) mod batches;
pub(crate) mod browse;
pub(crate) mod changes;
pub(crate) mod dentries;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod open_info;
pub(crate) mod permissions;
pub(crate) mod recycle_bin;
pub(crate) mod restore;
pub(crate) mod spaces;
pub(crate) mod tasks;
pub(crate) mod thumbnails;
pub(crate) mod uploads;
pub(crate) mod versions;
pub(crate) mod walk;

super::group! {
    /// The operations of `storage` 1.0. From [`Client::storage`](crate::Client::storage).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let storage = client.storage();
    /// # let _ = storage;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Storage
}
