//! Spaces and what is in them.

pub(crate) mod dentries;
pub(crate) mod files;

super::group! {
    /// The operations of `storage` 1.0. From [`Client::storage`](crate::Client::storage).
    Storage
}
