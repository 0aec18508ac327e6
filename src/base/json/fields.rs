//! Seeds that read one field or one page of an answer, without a type for each answer.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The cursor of a page. If it were left out, a list would look as if it ended here.
pub(super) const CURSOR: &str = "nextToken";

/// The seed of one field. An absent or `null` field gets its default.
pub(crate) struct Field<T> {
    name: &'static str,
    value: PhantomData<T>,
}

/// The seed of a page: reads the named list and the cursor in one pass over the text.
pub(crate) struct PageOf<T>(Field<T>);

/// The list and the cursor of a page, and the number of items on all pages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListAndCursor<T> {
    pub(crate) items: Vec<T>,
    /// The list was present, even as `null`.
    pub(crate) has_list: bool,
    pub(crate) next_token: Option<String>,
    pub(crate) total_count: Option<u64>,
}

impl<T> Field<T> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }
}

impl<T> PageOf<T> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self(Field::new(name))
    }
}

// Derived implementations would require the same traits of `T`.
impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl<T> Clone for PageOf<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PageOf<T> {}

impl<'de, T: DeserializeOwned + Default> DeserializeSeed<'de> for Field<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<T, D::Error> {
        json.deserialize_struct("", &[], self)
    }
}

impl<'de, T: DeserializeOwned + Default> Visitor<'de> for Field<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut value = None;
        while let Some(key) = map.next_key_seed(Key(&[self.name]))? {
            match key {
                Some(_) => value = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(value.unwrap_or_default())
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for PageOf<T> {
    type Value = ListAndCursor<T>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<ListAndCursor<T>, D::Error> {
        json.deserialize_struct("", &[], self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for PageOf<T> {
    type Value = ListAndCursor<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ListAndCursor<T>, A::Error> {
        let mut has_list = false;
        let (mut items, mut token, mut has_more, mut total): (Option<Vec<T>>, Option<String>, _, _) =
            (None, None, None, None);
        while let Some(key) = map.next_key_seed(Key(&[self.0.name, CURSOR, "hasMore", "totalCount"]))? {
            match key {
                Some(0) => {
                    has_list = true;
                    items = map.next_value()?;
                }
                Some(1) => token = map.next_value()?,
                Some(2) => has_more = map.next_value::<Option<bool>>()?,
                Some(_) => total = map.next_value::<Option<u64>>()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        // Some lists also mark the last page with `hasMore`.
        let next_token = token.filter(|_| has_more != Some(false));
        Ok(ListAndCursor { items: items.unwrap_or_default(), has_list, next_token, total_count: total })
    }
}

/// The seed of a key: returns its index among the names.
struct Key<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Option<usize>, D::Error> {
        key.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}
