//! Types and checks that several operations on dentries share.

use crate::base::dentry::AppProperty;
use crate::base::error::{Error, Result};

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
