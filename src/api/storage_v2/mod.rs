//! Storage 2.0: what is in a space, by its dentryUuid.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::api::null_is_default;
use crate::{Error, Result};

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

/// The vendor's limit of a list, checked before it is sent.
pub(crate) fn check_count(
    operation: &'static str,
    field: &'static str,
    count: usize,
    limits: RangeInclusive<usize>,
) -> Result<()> {
    if limits.contains(&count) {
        return Ok(());
    }
    let (least, most) = limits.into_inner();
    Err(Error::InvalidArgument(format!(
        "{operation}: {count} `{field}`, and one call takes {least} to {most}"
    )))
}

/// The vendor's limit of a page, checked before it is asked for.
pub(crate) fn check_max_results(operation: &'static str, asked: Option<u32>, most: u32) -> Result<()> {
    match asked {
        Some(count) if !(1..=most).contains(&count) => {
            let text = format!("{operation}: `maxResults` is {count}, and a page has 1 to {most}");
            Err(Error::InvalidArgument(text))
        }
        _ => Ok(()),
    }
}

/// The body of an operation that has nothing but optional fields.
#[derive(Serialize)]
pub(crate) struct OptionBody<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) option: Option<&'a T>,
}

/// Whether the vendor says that it worked.
#[derive(Deserialize)]
pub(crate) struct SuccessAnswer {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) success: bool,
}
