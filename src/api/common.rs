//! What the calls of several groups share: limits, bodies and answers of the same shape.

use std::ops::RangeInclusive;

use serde::Serialize;

use crate::base::error::{Error, Result};

/// The vendor's limit of a list, checked before it is sent.
#[inline]
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

/// The vendor's limit of a page.
pub(crate) fn check_max_results(operation: &'static str, asked: Option<u32>, most: u32) -> Result<()> {
    check_number(operation, "maxResults", asked, &(1..=u64::from(most)))
}

/// The body of an operation that has nothing but optional fields.
#[derive(Serialize)]
pub(crate) struct OptionBody<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) option: Option<&'a T>,
}
