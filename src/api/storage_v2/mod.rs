//! Storage 2.0: what is in a space, by its dentryUuid.

use std::ops::RangeInclusive;

use serde::Deserialize;

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

/// What many operations answer: only whether they worked.
#[derive(Deserialize)]
pub(crate) struct SuccessAnswer {
    success: Option<bool>,
}

impl SuccessAnswer {
    /// Failures come as errors, so an answer without the word is no failure.
    pub(crate) fn worked(&self) -> bool {
        self.success.unwrap_or(true)
    }
}

/// How many things one call takes: at least one, and no more than the vendor allows.
pub(crate) fn check_count(operation: &'static str, field: &str, count: usize, max: usize) -> Result<()> {
    if (1..=max).contains(&count) {
        return Ok(());
    }
    Err(Error::InvalidArgument(format!("{operation}: {count} `{field}`, and one call takes 1 to {max}")))
}

/// A number that the vendor bounds, when it was set.
pub(crate) fn check_number(
    operation: &'static str,
    field: &str,
    number: Option<impl Into<u64>>,
    allowed: &RangeInclusive<u64>,
) -> Result<()> {
    match number.map(Into::into) {
        Some(number) if !allowed.contains(&number) => {
            let (low, high) = (allowed.start(), allowed.end());
            let text = format!("{operation}: `{field}` is {number}, and {low} to {high} are allowed");
            Err(Error::InvalidArgument(text))
        }
        _ => Ok(()),
    }
}
