//! Tolerant reading of answers: one adaptor between serde's types and the JSON that a server really sends.
//!
//! Numbers come as text and text as numbers, `7.0` means 7, `"true"` means `true`. A value that cannot mean what its field
//! wants is left out, as if the server had not sent it, so one odd side value never fails an answer or a page.
//!
//! serde's visitors cannot be asked twice, so a reading that fails begins again and passes over the value that failed it.
//! An answer without odd values is read once.

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

/// For fields that are not an `Option`: `null` means what absence means. (`#[serde(default)]` alone covers absence only.)
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

/// An answer, and whether it has anything in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading<T> {
    pub(crate) answer: T,
    /// Fields of the type, when it has any.
    pub(crate) fields: &'static [&'static str],
    /// A value is there, or a list or a map, even if it is empty.
    pub(crate) has_something: bool,
}

/// The reason why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not JSON, or not an object.
    Malformed { line: usize, column: usize },
    /// A field that cannot be left out holds something else.
    Field(String),
}

/// The bytes that are read again for the sake of odd values: a hostile body costs a second and not an hour.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The fields that cannot be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vital {
    /// Those of a query: the lists and objects on the outermost level, and the cursor. An answer without them would look
    /// like one that has nothing.
    ListsAndCursor,
    /// None: the operation has run, whatever can be read of its answer.
    Nothing,
}

/// Reads a body as its type means it.
#[inline]
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], vital: Vital) -> Result<Reading<T>, Unreadable> {
    read_seed(body, vital, PhantomData::<T>)
}

/// Reads a body by a seed, which may be asked more than once.
#[inline]
pub(crate) fn read_seed<T, S>(body: &[u8], vital: Vital, seed: S) -> Result<Reading<T>, Unreadable>
where
    S: for<'de> DeserializeSeed<'de, Value = T> + Copy,
{
    // A name in another charset must not cost the whole answer.
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    // An empty body says what an empty object says.
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

/// The values of a text that have to be passed over.
struct OddValues<'t> {
    text: &'t str,
    vital: Vital,
    /// Ascending.
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
                // No field is to blame for a text that ends too early.
                serde_json::from_str::<IgnoredAny>(self.text).map_err(|error| unreadable(&error))?;
                return Err(Unreadable::Field(field()));
            }
        }
        // Those inside the value are passed over with it.
        self.places.retain(|place| *place < failed.place);
        self.places.push(failed.place);
        Ok(())
    }
}

/// The type's own fields may be named; other messages of serde's may quote the body.
fn unreadable(error: &serde_json::Error) -> Unreadable {
    let text = error.to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match missing {
        Some(field) if error.is_data() => Unreadable::Field(field.to_owned()),
        _ => Unreadable::Malformed { line: error.line(), column: error.column() },
    }
}

/// The key of an entry of the outermost object.
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
