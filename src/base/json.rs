//! Tolerant reading of answers: an adaptor between serde's types and the JSON that servers really send.
//!
//! Numbers may arrive as text and text as numbers, `7.0` means 7, and `"true"` means `true`. A value that does not fit
//! its field is left out, as if the server had not sent it. So one odd side value never fails an answer or a page.
//!
//! serde's visitors can be used only once. So a reading that fails starts over and skips the value that failed it. An
//! answer without odd values is read once.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor,
};

mod adaptor;
pub(crate) mod fields;
mod scalar;

use adaptor::{Failed, Pass, Value};
use fields::CURSOR;

/// Reads a field that is not an `Option`, and treats `null` as absent. (`#[serde(default)]` alone covers absence only.)
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    <Option<T> as Deserialize>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an id or a code, which the vendor leaves empty if there is none.
pub(crate) fn empty_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(d)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Reads a size or a similar number. The vendor's numbers are signed, and a negative number means that there is none.
pub(crate) fn negative_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let number: Option<i64> = Deserialize::deserialize(d)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

/// An answer, and whether it has any content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading<T> {
    pub(crate) answer: T,
    /// Fields of the type, if it has any.
    pub(crate) fields: &'static [&'static str],
    /// The answer has a value, or a list or map, even an empty one.
    pub(crate) has_something: bool,
}

/// The reason why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not JSON, or not an object.
    Malformed { line: usize, column: usize },
    /// A field that cannot be left out is missing or does not fit its type.
    Field(String),
}

/// Most bytes to read again because of odd values, so that a hostile body costs a second and not an hour.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The fields that cannot be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vital {
    /// For a query: the lists and objects on the outermost level, and the cursor. An answer without them would look
    /// empty.
    ListsAndCursor,
    /// No field: the operation has run, even if its answer cannot be read.
    Nothing,
}

/// Reads a body into its type.
#[inline]
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], vital: Vital) -> Result<Reading<T>, Unreadable> {
    read_seed(body, vital, PhantomData::<T>)
}

/// Reads a body with a seed, which may be used more than once.
#[inline]
pub(crate) fn read_seed<T, S>(body: &[u8], vital: Vital, seed: S) -> Result<Reading<T>, Unreadable>
where
    S: for<'de> DeserializeSeed<'de, Value = T> + Copy,
{
    // A name in another charset must not fail the whole answer.
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    // An empty body means the same as an empty object.
    let text = if text.is_empty() { "{}" } else { text };
    let mut odd = OddValues::new(text, vital);
    loop {
        let (pass, mismatch) = (Pass::new(&odd.places), Cell::default());
        let mut json = serde_json::Deserializer::from_str(text);
        let root = Value::root(&mut json, &pass, &mismatch);
        match seed.deserialize(root).and_then(|answer| json.end().map(|()| answer)) {
            Ok(answer) => {
                let has_something = pass.has_something();
                return Ok(Reading { answer, fields: pass.fields(), has_something });
            }
            Err(error) => odd.leave_out(pass.failed(), &error)?,
        }
    }
}

/// The values of a text that must be skipped.
struct OddValues<'t> {
    text: &'t str,
    vital: Vital,
    /// In ascending order.
    places: Vec<usize>,
    bytes_left: usize,
}

impl<'t> OddValues<'t> {
    fn new(text: &'t str, vital: Vital) -> Self {
        Self { text, vital, places: Vec::new(), bytes_left: MOST_BYTES }
    }

    fn leave_out(&mut self, failed: Option<Failed>, error: &serde_json::Error) -> Result<(), Unreadable> {
        let Some(failed) = failed else { return Err(unreadable(error)) };
        let field = || key(self.text, failed.root_entry).unwrap_or_default();
        let is_vital = self.vital == Vital::ListsAndCursor
            && failed.is_root_entry
            && !failed.mismatch.is_null
            && (failed.mismatch.wanted_container || field() == CURSOR);
        match self.bytes_left.checked_sub(self.text.len()) {
            Some(left) if !is_vital => self.bytes_left = left,
            _ => {
                // A text that ends too early is not the fault of a field.
                serde_json::from_str::<IgnoredAny>(self.text).map_err(|error| unreadable(&error))?;
                return Err(Unreadable::Field(field()));
            }
        }
        // Values inside the failed value are skipped with it.
        self.places.retain(|place| *place < failed.place);
        self.places.push(failed.place);
        Ok(())
    }
}

/// Converts an error of serde's. Names a missing field of the type, but repeats no other message, because it may quote
/// the body.
fn unreadable(error: &serde_json::Error) -> Unreadable {
    let text = error.to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match missing {
        Some(field) if error.is_data() => Unreadable::Field(field.to_owned()),
        _ => Unreadable::Malformed { line: error.line(), column: error.column() },
    }
}

/// Returns the key of an entry of the outermost object.
fn key(text: &str, entry: usize) -> Option<String> {
    struct Keys;

    impl<'de> Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, IgnoredAny)) = map.next_entry()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }

    serde_json::Deserializer::from_str(text).deserialize_map(Keys).ok()?.into_iter().nth(entry)
}

#[cfg(test)]
mod tests;
