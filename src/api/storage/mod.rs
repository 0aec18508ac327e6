//! Spaces and what is in them.

#[cfg(feature = "manage")]
pub(crate) mod app_properties;
#[cfg(feature = "manage")]
pub(crate) mod batches;
#[cfg(feature = "browse")]
pub(crate) mod browse;
#[cfg(feature = "manage")]
pub(crate) mod changes;
pub(crate) mod dentries;
#[cfg(feature = "manage")]
pub(crate) mod events;
pub(crate) mod files;
#[cfg(feature = "manage")]
pub(crate) mod open_info;
#[cfg(feature = "manage")]
pub(crate) mod permissions;
#[cfg(feature = "manage")]
pub(crate) mod recycle_bin;
#[cfg(feature = "manage")]
pub(crate) mod restore;
#[cfg(feature = "browse")]
pub(crate) mod spaces;
pub(crate) mod tasks;
#[cfg(feature = "manage")]
pub(crate) mod thumbnails;
pub(crate) mod uploads;
#[cfg(feature = "manage")]
pub(crate) mod versions;
#[cfg(feature = "browse")]
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
