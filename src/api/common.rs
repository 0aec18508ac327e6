//! What the calls of several groups share: limits, bodies and answers of the same shape.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize};

use crate::call::Call;
use crate::{Error, Result};

/// For fields that are no `Option`: `null` means what absence means. (`#[serde(default)]` alone covers absence only.)
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    <Option<T> as Deserialize>::deserialize(deserializer).map(Option::unwrap_or_default)
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

/// Those of the pairs that were set go into the query.
pub(crate) fn query_if_set<'a, const N: usize>(
    call: Call<'a>,
    pairs: [(&'static str, Option<String>); N],
) -> Call<'a> {
    pairs.into_iter().fold(call, |call, (name, value)| match value {
        Some(value) => call.query(name, value),
        None => call,
    })
}

/// The body of an operation that has nothing but optional fields.
#[derive(Serialize)]
pub(crate) struct OptionBody<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) option: Option<&'a T>,
}

/// What became of each part of a batch.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
pub(crate) struct ResultItems<T> {
    #[serde(default = "Vec::new", deserialize_with = "null_is_default")]
    pub(crate) result_items: Vec<T>,
}

/// Whether the vendor says that it worked.
#[derive(Deserialize)]
pub(crate) struct SuccessAnswer {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) success: bool,
}

/// For ids and codes, which the vendor leaves empty where there is none.
pub(crate) fn empty_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(d)?;
    Ok(text.filter(|text| !text.is_empty()))
}
