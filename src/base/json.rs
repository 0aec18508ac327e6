//! Tolerant reading of single fields.

// Which of these are used depends on the features.
#![cfg_attr(not(feature = "full"), allow(dead_code))]

use serde::{Deserialize, Deserializer};

/// For fields that are no `Option`: `null` means what absence means. (`#[serde(default)]` alone covers absence only.)
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    <Option<T> as Deserialize>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// For ids and codes, which the vendor leaves empty where there is none.
pub(crate) fn empty_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(d)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// For sizes and the like: the vendor's numbers have a sign, and one below zero says that there is none.
pub(crate) fn negative_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let number: Option<i64> = Deserialize::deserialize(d)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}
