//! Types and checks that several operations on dentries share.

use serde::Deserialize;

use crate::base::dentry::{AppProperty, Dentry};
use crate::base::error::{Error, Result};
use crate::base::json::null_is_default;
use crate::base::pages::Page;

/// How many properties one call may set or delete.
pub(super) const MAX_APP_PROPERTIES: usize = 3;

#[inline]
pub(crate) fn check_app_properties(
    operation: &'static str,
    properties: Option<&Vec<AppProperty>>,
) -> Result<()> {
    let count = properties.map_or(0, Vec::len);
    if count > MAX_APP_PROPERTIES {
        let text =
            format!("{operation}: {count} `appProperties`, and at most {MAX_APP_PROPERTIES} are allowed");
        return Err(Error::InvalidArgument(text));
    }
    Ok(())
}

/// One page of dentries.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct DentriesAnswer {
    #[serde(deserialize_with = "null_is_default")]
    dentries: Vec<Dentry>,
    next_token: Option<String>,
}

impl From<DentriesAnswer> for Page<Dentry> {
    fn from(answer: DentriesAnswer) -> Self {
        Self::new(answer.dentries, answer.next_token)
    }
}

/// A lost `dentry` is no reason to call an operation failed that has happened: it defaults.
#[derive(Deserialize)]
pub(crate) struct DentryAnswer {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) dentry: Dentry,
}
