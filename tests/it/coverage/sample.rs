//! Answers generated from the facts, in which every value is unique and can be located.

use serde_json::{Map, Value, json};

use super::facts::{Fact, Field, Kind};

/// A value that occurs only once in an answer.
pub(super) struct Leaf {
    /// The dotted place: list levels are omitted, `*` stands for any key of a map, `#` for the key itself.
    pub(super) place: String,
    text: String,
}

impl Leaf {
    /// Returns the text before this value, if `text` contains the value as a whole word.
    pub(super) fn before<'t>(&self, text: &'t str) -> Option<&'t str> {
        let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        text.match_indices(&self.text).find_map(|(at, found)| {
            let (before, rest) = text.split_at(at);
            let next = rest.chars().nth(found.len());
            (!part(before.chars().next_back()) && !part(next)).then_some(before)
        })
    }
}

/// An answer and its values.
#[derive(Default)]
pub(super) struct Sample {
    pub(super) answer: Value,
    pub(super) leaves: Vec<Leaf>,
}

impl Sample {
    /// Creates an answer with every documented field.
    pub(super) fn of_facts(fact: &Fact) -> Self {
        let mut sample = Self::default();
        sample.answer = sample.object("", &fact.answer, fact);
        sample
    }

    /// Creates the documented example with unique values. Its shape is kept, even if it differs from the facts.
    pub(super) fn of_example(fact: &Fact) -> Option<Self> {
        let mut sample = Self::default();
        sample.answer = sample.like("", &fact.answer, fact.example.as_ref()?, fact);
        Some(sample)
    }

    fn number(&mut self, place: &str, text: impl Fn(usize) -> String) -> String {
        let text = text(self.leaves.len() + 1);
        self.leaves.push(Leaf { place: place.to_owned(), text: text.clone() });
        text
    }

    fn text(&mut self, place: &str) -> String {
        self.number(place, |n| format!("leaf-{n}"))
    }

    fn object(&mut self, place: &str, fields: &[Field], fact: &Fact) -> Value {
        let mut object = Map::new();
        for field in fields {
            let place = below(place, &field.name);
            let value = self.value(&place, &field.kind, field, fact);
            object.insert(field.name.clone(), value);
        }
        Value::Object(object)
    }

    fn value(&mut self, place: &str, kind: &Kind, field: &Field, fact: &Fact) -> Value {
        match kind {
            _ if is_errcode(fact, place) => json!(0),
            Kind::Text => Value::String(self.text(place)),
            Kind::Number => {
                serde_json::from_str(&self.number(place, |n| (7_000_000 + n).to_string())).unwrap()
            }
            Kind::Flag => Value::Bool(true),
            Kind::Object => self.object(place, &field.fields, fact),
            Kind::List(item) => (0..2).map(|_| self.value(place, item, field, fact)).collect(),
            Kind::Map(value) => {
                let mut map = Map::new();
                for _ in 0..2 {
                    let key = self.text(&below(place, "#"));
                    map.insert(key, self.value(&below(place, "*"), value, field, fact));
                }
                Value::Object(map)
            }
        }
    }

    fn like(&mut self, place: &str, fields: &[Field], example: &Value, fact: &Fact) -> Value {
        match example {
            _ if is_errcode(fact, place) => example.clone(),
            Value::String(_) => Value::String(self.text(place)),
            Value::Number(_) => {
                serde_json::from_str(&self.number(place, |n| (7_000_000 + n).to_string())).unwrap()
            }
            Value::Array(items) => items.iter().map(|item| self.like(place, fields, item, fact)).collect(),
            Value::Object(object) => {
                let mut like = Map::new();
                for (name, value) in object {
                    let field = fields.iter().find(|f| f.name == *name);
                    // A key that is not a field name is the key of a map.
                    let place = below(place, field.map_or("*", |f| &f.name));
                    let fields = field.map_or(fields, |f| &f.fields);
                    like.insert(name.clone(), self.like(&place, fields, value, fact));
                }
                Value::Object(like)
            }
            Value::Bool(_) | Value::Null => example.clone(),
        }
    }
}

/// Returns whether the field is an errcode, whose nonzero value makes the answer an error.
pub(super) fn is_errcode(fact: &Fact, place: &str) -> bool {
    fact.host == "oapi" && place == "errcode"
}

pub(super) fn below(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// Returns the place of the objects inside a field.
pub(super) fn inside(place: &str, kind: &Kind) -> String {
    match kind {
        Kind::List(item) => inside(place, item),
        Kind::Map(value) => inside(&below(place, "*"), value),
        _ => place.to_owned(),
    }
}

/// Returns all fields with their places; nested fields follow their object.
pub(super) fn places<'f>(prefix: &str, fields: &'f [Field]) -> Vec<(String, &'f Field)> {
    let mut all = Vec::new();
    for field in fields {
        let place = below(prefix, &field.name);
        let inside = inside(&place, &field.kind);
        all.push((place, field));
        all.extend(places(&inside, &field.fields));
    }
    all
}

/// Applies `change` to every object that contains the field at `place`.
pub(super) fn at(answer: &mut Value, place: &str, change: &mut dyn FnMut(&mut Map<String, Value>, &str)) {
    match answer {
        Value::Array(items) => items.iter_mut().for_each(|item| at(item, place, change)),
        Value::Object(object) => match place.split_once('.') {
            None => change(object, place),
            Some(("*", rest)) => object.values_mut().for_each(|value| at(value, rest, change)),
            Some((name, rest)) => {
                if let Some(value) = object.get_mut(name) {
                    at(value, rest, change);
                }
            }
        },
        _ => {}
    }
}

/// Returns the answer with this value at `place`.
pub(super) fn with(answer: &Value, place: &str, value: &Value) -> Value {
    let mut answer = answer.clone();
    at(&mut answer, place, &mut |object, name| {
        object.insert(name.to_owned(), value.clone());
    });
    answer
}

/// Returns the answer without the field at `place`.
pub(super) fn without(answer: &Value, place: &str) -> Value {
    let mut answer = answer.clone();
    at(&mut answer, place, &mut |object, name| {
        object.remove(name);
    });
    answer
}
