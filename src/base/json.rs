//! Tolerant reading of answers: one adaptor between serde's types and the JSON that a server really sends.
//!
//! Numbers come as text and text as numbers, `7.0` means 7, `"true"` means `true`. A value that cannot mean what its field
//! wants is left out, as if the server had not sent it, so one odd side value never fails an answer or a page.
//!
//! serde's visitors cannot be asked twice, so a reading that fails begins again and passes over the value that failed it.
//! An answer without odd values is read once.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};

mod scalar;

use scalar::{Integer, Scalar, ScalarVisitor};

/// For fields that are not an `Option`: `null` means what absence means. (`#[serde(default)]` alone covers absence only.)
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    <Option<T> as Deserialize>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// For ids and codes, which the vendor leaves empty where there is none.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
pub(crate) fn empty_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(d)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// For sizes and the like: the vendor's numbers have a sign, and one below zero says that there is none.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
pub(crate) fn negative_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let number: Option<i64> = Deserialize::deserialize(d)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

/// An answer, and whether it has anything in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading<T> {
    pub(crate) answer: T,
    /// The documented fields, when the body has none of them.
    pub(crate) missing: Option<&'static [&'static str]>,
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

/// The cursor of a page. Without it a list would look as if it ended here.
const CURSOR: &str = "nextToken";

/// Reads a body as its type means it.
///
/// With `is_strict`, the lists and objects on the outermost level and the cursor must be readable: an answer without them
/// would look like one that has nothing. Otherwise they are left out like any other value.
#[inline]
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], is_strict: bool) -> Result<Reading<T>, Unreadable> {
    // A name in another charset must not cost the whole answer.
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    // An empty body says what an empty object says.
    let text = if text.is_empty() { "{}" } else { text };
    let mut odd = OddValues::new(text, is_strict);
    loop {
        let pass = Pass::new(&odd.places);
        let mut json = serde_json::Deserializer::from_str(text);
        let root = Value { inner: &mut json, pass: &pass, is_root: true, mismatch: &Cell::default() };
        match T::deserialize(root).and_then(|answer| json.end().map(|()| answer)) {
            Ok(answer) => return Ok(Reading { answer, missing: pass.missing() }),
            Err(error) => odd.leave_out(pass.failed(), &error)?,
        }
    }
}

/// The values of a text that have to be passed over.
struct OddValues<'t> {
    text: &'t str,
    is_strict: bool,
    /// Ascending.
    places: Vec<usize>,
    bytes_left: usize,
}

impl<'t> OddValues<'t> {
    fn new(text: &'t str, is_strict: bool) -> Self {
        Self { text, is_strict, places: Vec::new(), bytes_left: MOST_BYTES }
    }

    fn leave_out(&mut self, failed: Option<Failed>, error: &serde_json::Error) -> Result<(), Unreadable> {
        let Some(failed) = failed else { return Err(unreadable(error)) };
        let field = || key(self.text, failed.root_entry).unwrap_or_default();
        let is_vital = failed.is_root_entry
            && !failed.mismatch.is_null
            && (failed.mismatch.wanted_container || field() == CURSOR);
        match self.bytes_left.checked_sub(self.text.len()) {
            Some(left) if !(self.is_strict && is_vital) => self.bytes_left = left,
            _ => {
                // Of a text that ends too early, no field is to blame.
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

/// One reading of a text. Values are numbered in the order of the text.
struct Pass<'p> {
    odd: &'p [usize],
    /// Values so far.
    count: Cell<usize>,
    /// Entries of the outermost object so far.
    root_entries: Cell<usize>,
    /// The value whose key was handed out, until it is asked for. To a key that comes twice serde objects before.
    unasked: Cell<Option<usize>>,
    failed: Cell<Option<Failed>>,
    /// Fields of the outermost type.
    fields: Cell<&'static [&'static str]>,
    has_found_one: Cell<bool>,
    has_null: Cell<bool>,
}

/// The innermost value that could not be read and can be left out.
#[derive(Clone, Copy)]
struct Failed {
    place: usize,
    root_entry: usize,
    /// It is that entry itself.
    is_root_entry: bool,
    mismatch: Mismatch,
}

/// The difference between a value and the type that wanted it.
#[derive(Clone, Copy, Default)]
struct Mismatch {
    is_null: bool,
    /// An object or a list was wanted.
    wanted_container: bool,
}

impl<'p> Pass<'p> {
    fn new(odd: &'p [usize]) -> Self {
        Self {
            odd,
            count: Cell::new(0),
            root_entries: Cell::new(0),
            unasked: Cell::new(None),
            failed: Cell::new(None),
            fields: Cell::new(&[]),
            has_found_one: Cell::new(false),
            has_null: Cell::new(false),
        }
    }

    fn missing(&self) -> Option<&'static [&'static str]> {
        let fields = self.fields.get();
        // A Java server may say `null` for an empty list.
        let is_empty_page = self.has_null.get() && fields.contains(&CURSOR);
        (!fields.is_empty() && !self.has_found_one.get() && !is_empty_page).then_some(fields)
    }

    /// The next value is to be passed over.
    fn is_odd(&self) -> bool {
        !self.odd.is_empty() && self.odd.binary_search(&self.count.get()).is_ok()
    }

    fn next_place(&self) -> usize {
        let place = self.count.get();
        self.count.set(place + 1);
        place
    }

    fn fail(&self, place: usize, is_root_entry: bool, mismatch: Mismatch) {
        let root_entry = self.root_entries.get().saturating_sub(1);
        self.failed.set(Some(Failed { place, root_entry, is_root_entry, mismatch }));
    }

    /// The value at this place could not be read.
    #[cold]
    #[inline(never)]
    fn unread(&self, place: usize, is_root_entry: bool, in_list: bool, mismatch: Mismatch) {
        if self.failed.get().is_some() {
            return;
        }
        match self.unasked.get() {
            Some(key) => self.fail(key, false, mismatch),
            // An item that is not an object: the whole list is something else, and no item gets lost unseen.
            None if in_list && mismatch.wanted_container && !mismatch.is_null => {}
            None => self.fail(place, is_root_entry, mismatch),
        }
    }

    fn failed(&self) -> Option<Failed> {
        if let (None, Some(place)) = (self.failed.get(), self.unasked.get()) {
            self.fail(place, true, Mismatch { is_null: true, ..Mismatch::default() });
        }
        self.failed.get()
    }
}

/// A value on its way from the text to its type.
struct Value<'p, D> {
    inner: D,
    pass: &'p Pass<'p>,
    is_root: bool,
    mismatch: &'p Cell<Mismatch>,
}

impl<'de, 'p, D: Deserializer<'de>> Value<'p, D> {
    /// Not inlined, nor what follows of that kind: it would be compiled for each field of each type.
    #[inline(never)]
    fn scalar<T>(self, convert: fn(Scalar<'de>) -> Option<T>) -> Result<T, D::Error> {
        let scalar = self.inner.deserialize_any(ScalarVisitor)?;
        self.mismatch.set(Mismatch { is_null: matches!(scalar, Scalar::Null), wanted_container: false });
        let converted = convert(scalar).ok_or_else(|| de::Error::custom("another type"))?;
        self.pass.has_found_one.set(true);
        Ok(converted)
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.scalar(Scalar::integer)? {
            Integer::Unsigned(number) => visitor.visit_u64(number),
            Integer::Signed(number) => visitor.visit_i64(number),
        }
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_f64(self.scalar(Scalar::float)?)
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.scalar(Scalar::text)? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    /// An object or a list is wanted.
    fn container<V>(&self, visitor: V, holds: Holds) -> Container<'p, V> {
        self.mismatch.set(Mismatch { is_null: false, wanted_container: true });
        Container { visitor, pass: self.pass, is_root: self.is_root, holds, mismatch: self.mismatch }
    }
}

macro_rules! forward {
    ($($method:ident)+ => $to:ident) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.$to(visitor)
        })+
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Value<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 => integer
    }
    forward! { deserialize_f32 deserialize_f64 => float }
    forward! { deserialize_char deserialize_str deserialize_string => text }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_bool(self.scalar(Scalar::flag)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self { inner, pass, is_root, mismatch } = self;
        inner.deserialize_option(Optional { visitor, pass, is_root, mismatch })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if self.is_root {
            self.pass.fields.set(fields);
        }
        let object = Object(self.container(visitor, Holds::WhatItsFieldsHold));
        self.inner.deserialize_any(object)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let object = Object(self.container(visitor, Holds::Something));
        self.inner.deserialize_any(object)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let list = List(self.container(visitor, Holds::Something));
        self.inner.deserialize_any(list)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let any = Any(self.container(visitor, Holds::Something));
        self.inner.deserialize_any(any)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

/// Hands the adaptor on to the value of an `Option`.
struct Optional<'p, V> {
    visitor: V,
    pass: &'p Pass<'p>,
    is_root: bool,
    mismatch: &'p Cell<Mismatch>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Optional<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.pass.has_null.set(true);
        self.visitor.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let Self { visitor, pass, is_root, mismatch } = self;
        visitor.visit_some(Value { inner, pass, is_root, mismatch })
    }
}

/// Whether an answer with this in it has something in it. An empty list is an answer, and an object without fields is none.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Something,
    WhatItsFieldsHold,
}

/// Hands the adaptor on to the entries of an object or a list.
struct Container<'p, V> {
    visitor: V,
    pass: &'p Pass<'p>,
    is_root: bool,
    holds: Holds,
    mismatch: &'p Cell<Mismatch>,
}

impl<'p, V> Container<'p, V> {
    fn entries<A>(self, inner: A) -> (V, Entries<'p, A>) {
        let Self { visitor, pass, is_root, holds, .. } = self;
        if holds == Holds::Something && !is_root {
            pass.has_found_one.set(true);
        }
        (visitor, Entries { inner, pass, of_root: is_root })
    }

    fn null<T, E: de::Error>(&self) -> Result<T, E> {
        self.mismatch.set(Mismatch { is_null: true, ..self.mismatch.get() });
        Err(E::custom("null"))
    }
}

struct Object<'p, V>(Container<'p, V>);

impl<'de, V: Visitor<'de>> Visitor<'de> for Object<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.visitor.expecting(f)
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.null()
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let (visitor, entries) = self.0.entries(map);
        visitor.visit_map(entries)
    }
}

struct List<'p, V>(Container<'p, V>);

impl<'de, V: Visitor<'de>> Visitor<'de> for List<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.visitor.expecting(f)
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.null()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let (visitor, entries) = self.0.entries(seq);
        visitor.visit_seq(entries)
    }
}

/// For a type that decides by what comes.
struct Any<'p, V>(Container<'p, V>);

impl<'de, V: Visitor<'de>> Visitor<'de> for Any<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.visitor.expecting(f)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<V::Value, E> {
        self.0.visitor.visit_bool(flag)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<V::Value, E> {
        self.0.visitor.visit_i64(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<V::Value, E> {
        self.0.visitor.visit_u64(number)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<V::Value, E> {
        self.0.visitor.visit_f64(number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<V::Value, E> {
        self.0.visitor.visit_str(text)
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visitor.visit_unit()
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let (visitor, entries) = self.0.entries(map);
        visitor.visit_map(entries)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let (visitor, entries) = self.0.entries(seq);
        visitor.visit_seq(entries)
    }
}

/// The entries of an object or a list, without those to pass over.
struct Entries<'p, A> {
    inner: A,
    pass: &'p Pass<'p>,
    of_root: bool,
}

impl<A> Entries<'_, A> {
    fn count(&self) {
        if self.of_root {
            self.pass.root_entries.set(self.pass.root_entries.get() + 1);
        }
    }
}

impl<'de, A: MapAccess<'de>> Entries<'_, A> {
    /// Whether more entries may follow.
    #[cold]
    #[inline(never)]
    fn pass_over_entries(&mut self) -> Result<bool, A::Error> {
        while self.pass.is_odd() {
            if self.inner.next_key::<IgnoredAny>()?.is_none() {
                return Ok(false);
            }
            self.count();
            self.inner.next_value::<IgnoredAny>()?;
            self.pass.next_place();
        }
        Ok(true)
    }
}

impl<'de, A: SeqAccess<'de>> Entries<'_, A> {
    /// Whether more items may follow.
    #[cold]
    #[inline(never)]
    fn pass_over_items(&mut self) -> Result<bool, A::Error> {
        while self.pass.is_odd() {
            if self.inner.next_element::<IgnoredAny>()?.is_none() {
                return Ok(false);
            }
            self.pass.next_place();
        }
        Ok(true)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if self.pass.is_odd() && !self.pass_over_entries()? {
            return Ok(None);
        }
        let key = self.inner.next_key_seed(seed)?;
        if key.is_some() {
            self.count();
            self.pass.unasked.set(Some(self.pass.count.get()));
        }
        Ok(key)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let entry = Entry { seed, pass: self.pass, of_root: self.of_root, in_list: false };
        self.inner.next_value_seed(entry)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if self.pass.is_odd() && !self.pass_over_items()? {
            return Ok(None);
        }
        let entry = Entry { seed, pass: self.pass, of_root: false, in_list: true };
        self.inner.next_element_seed(entry)
    }
}

/// The value of one entry.
struct Entry<'p, S> {
    seed: S,
    pass: &'p Pass<'p>,
    of_root: bool,
    in_list: bool,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Entry<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let Self { seed, pass, of_root, in_list } = self;
        let (place, mismatch) = (pass.next_place(), Cell::default());
        pass.unasked.set(None);
        let read = seed.deserialize(Value { inner, pass, is_root: false, mismatch: &mismatch });
        if read.is_err() {
            pass.unread(place, of_root, in_list, mismatch.get());
        }
        read
    }
}

#[cfg(test)]
mod tests;
