//! The adaptor between a type and the text, for one reading.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::scalar::{Integer, Scalar, ScalarVisitor};

/// One reading of a text. Values are numbered in the order of the text.
pub(super) struct Pass<'p> {
    odd: &'p [usize],
    /// Number of values so far.
    count: Cell<usize>,
    /// Number of entries of the outermost object so far.
    root_entries: Cell<usize>,
    /// The value whose key was returned, until the value is requested. serde rejects a repeated key before that.
    unasked: Cell<Option<usize>>,
    failed: Cell<Option<Failed>>,
    /// Fields of the outermost type.
    fields: Cell<&'static [&'static str]>,
    has_found_one: Cell<bool>,
}

/// The innermost value that could not be read and can be left out.
#[derive(Clone, Copy)]
pub(super) struct Failed {
    pub(super) place: usize,
    pub(super) root_entry: usize,
    /// The value is that entry itself.
    pub(super) is_root_entry: bool,
    pub(super) mismatch: Mismatch,
}

/// The difference between a value and the type that was expected.
#[derive(Clone, Copy, Default)]
pub(super) struct Mismatch {
    pub(super) is_null: bool,
    /// An object or a list was expected.
    pub(super) wanted_container: bool,
}

impl<'p> Pass<'p> {
    pub(super) fn new(odd: &'p [usize]) -> Self {
        Self {
            odd,
            count: Cell::new(0),
            root_entries: Cell::new(0),
            unasked: Cell::new(None),
            failed: Cell::new(None),
            fields: Cell::new(&[]),
            has_found_one: Cell::new(false),
        }
    }

    pub(super) fn fields(&self) -> &'static [&'static str] {
        self.fields.get()
    }

    pub(super) fn has_something(&self) -> bool {
        self.has_found_one.get()
    }

    /// Returns whether the next value must be skipped.
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

    /// Records that the value at this place could not be read.
    #[cold]
    #[inline(never)]
    fn unread(&self, place: usize, is_root_entry: bool, in_list: bool, mismatch: Mismatch) {
        if self.failed.get().is_some() {
            return;
        }
        match self.unasked.get() {
            Some(key) => self.fail(key, false, mismatch),
            // An item that is not an object fails the whole list, so that no item is lost unnoticed.
            None if in_list && mismatch.wanted_container && !mismatch.is_null => {}
            None => self.fail(place, is_root_entry, mismatch),
        }
    }

    pub(super) fn failed(&self) -> Option<Failed> {
        if let (None, Some(place)) = (self.failed.get(), self.unasked.get()) {
            self.fail(place, true, Mismatch { is_null: true, ..Mismatch::default() });
        }
        self.failed.get()
    }
}

/// A value on its way from the text to its type.
pub(super) struct Value<'p, D> {
    inner: D,
    pass: &'p Pass<'p>,
    is_root: bool,
    mismatch: &'p Cell<Mismatch>,
}

impl<'p, D> Value<'p, D> {
    pub(super) fn root(inner: D, pass: &'p Pass<'p>, mismatch: &'p Cell<Mismatch>) -> Self {
        Self { inner, pass, is_root: true, mismatch }
    }
}

impl<'de, 'p, D: Deserializer<'de>> Value<'p, D> {
    /// Reads a scalar value. Not inlined, like the similar functions below: it would be compiled for each field of each
    /// type.
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

    /// Prepares to read an object or a list.
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

/// Passes the adaptor on to the value of an `Option`.
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

/// Whether a container counts as content of an answer. An empty list does; an object without fields does not.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Something,
    WhatItsFieldsHold,
}

/// Passes the adaptor on to the entries of an object or a list.
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

/// For a type that accepts several kinds of values.
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

/// The entries of an object or a list, without those that must be skipped.
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
    /// Skips odd entries. Returns whether more entries may follow.
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
    /// Skips odd items. Returns whether more items may follow.
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
