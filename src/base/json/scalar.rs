//! Scalar values, and the types that they can stand for.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Visitor};

/// A scalar value as the text has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'de> {
    Null,
    Flag(bool),
    Unsigned(u64),
    /// A negative number.
    Signed(i64),
    Float(f64),
    Text(Cow<'de, str>),
}

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Integer {
    Unsigned(u64),
    Signed(i64),
}

/// Limit of exact floats. Beyond it a float cannot represent every whole number, so it may differ from the number that
/// was sent.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'de> Scalar<'de> {
    pub(super) fn integer(self) -> Option<Integer> {
        match self {
            Self::Unsigned(number) => Some(Integer::Unsigned(number)),
            Self::Signed(number) => Some(Integer::Signed(number)),
            Self::Float(number) => whole(number),
            Self::Text(text) => {
                let text = text.trim();
                let unsigned = || text.parse().ok().map(Integer::Unsigned);
                let signed = || text.parse().ok().map(Integer::Signed);
                unsigned().or_else(signed).or_else(|| text.parse().ok().and_then(whole))
            }
            Self::Null | Self::Flag(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a field that is a float wants no more")]
    pub(super) fn float(self) -> Option<f64> {
        match self {
            Self::Unsigned(number) => Some(number as f64),
            Self::Signed(number) => Some(number as f64),
            Self::Float(number) => Some(number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Null | Self::Flag(_) => None,
        }
    }

    pub(super) fn flag(self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(flag),
            Self::Text(ref text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Self::Text(ref text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            other => match other.integer()? {
                Integer::Unsigned(0) => Some(false),
                Integer::Unsigned(1) => Some(true),
                _ => None,
            },
        }
    }

    pub(super) fn text(self) -> Option<Cow<'de, str>> {
        let text = match self {
            Self::Text(text) => return Some(text),
            Self::Unsigned(number) => number.to_string(),
            Self::Signed(number) => number.to_string(),
            // A longer id would lose digits as a float, and become another id.
            Self::Float(number) if number.abs() < EXACT => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Null | Self::Float(_) => return None,
        };
        Some(Cow::Owned(text))
    }
}

/// Converts a float without a fraction: `7.0` means 7.
#[expect(clippy::cast_possible_truncation, reason = "it is within the bounds and has no fraction")]
fn whole(number: f64) -> Option<Integer> {
    let is_whole = number.fract() == 0.0 && number.abs() < EXACT;
    let number = is_whole.then_some(number as i64)?;
    Some(u64::try_from(number).map_or(Integer::Signed(number), Integer::Unsigned))
}

/// Reads a scalar value of any type.
pub(super) struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without parts")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Unsigned(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Signed(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }
}
