//! The facts: the catalog of the vendor's operations, without its prose.
//!
//! `facts.json` has one operation per line. It is generated from the catalog, which is not in this repository, by
//! `DINGTALK_CATALOG=catalog.json UPDATE_FACTS=1 cargo test --test it coverage::facts`, and is not edited by hand.
//! If only `DINGTALK_CATALOG` is set, the same test compares the two.
//!
//! | key | meaning |
//! | --- | --- |
//! | `g`, `a`, `n` | group, the vendor's action, name of the function |
//! | `m`, `p`, `v` | method, path, path parameters that are not strings |
//! | `host`, `auth` | host and place of the token, if they are not `api` and `header` |
//! | `q`, `b`, `r` | fields of the query, of the body, of the answer; without `b` there is no body |
//! | `once` | the operation is not idempotent |
//! | `page` | places of the cursor in request and answer, place of the page size, largest page size |
//! | `doc`, `ex` | the vendor's page, its example of an answer |
//!
//! A field is written as its type, `!` if it is required, and `=` with its words separated by `|`. A field with nested
//! fields is an object of them, with the field itself under the empty name.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::Row;

/// A documented operation.
pub(super) struct Fact {
    pub(super) group: String,
    pub(super) action: String,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    /// Types of the path parameters that are not strings.
    pub(super) path_types: Map<String, Value>,
    pub(super) host: String,
    /// Place of the token: `header`, `query` or `none`.
    pub(super) auth: String,
    pub(super) query: Vec<Field>,
    /// `None` if no body is sent, not even `{}`.
    pub(super) body: Option<Vec<Field>>,
    pub(super) answer: Vec<Field>,
    pub(super) idempotent: bool,
    /// Place of the next page's token in the answer.
    pub(super) next_token: Option<String>,
    pub(super) doc: Option<String>,
    pub(super) example: Option<Value>,
}

impl Fact {
    /// Returns the name in messages and lists, with the group, because some groups share names.
    pub(super) fn operation(&self) -> String {
        format!("{}.{}", self.group, self.name)
    }

    pub(super) fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(super) fn is(&self, row: &Row) -> bool {
        (self.group.as_str(), self.name.as_str()) == (row.group, row.name)
    }
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// The documented words, if the field has a closed set.
    pub(super) words: Vec<String>,
    /// Fields of the object, or of the objects in the list or map.
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Object,
    List(Box<Kind>),
    Map(Box<Kind>),
}

impl Kind {
    fn read(text: &str) -> Self {
        let inside = |start| text.strip_prefix(start).and_then(|rest| rest.strip_suffix('>'));
        match text {
            "string" => Self::Text,
            "int32" | "int64" => Self::Number,
            "bool" => Self::Flag,
            "object" => Self::Object,
            _ => match (inside("array<"), inside("map<string,")) {
                (Some(item), _) => Self::List(Box::new(Self::read(item))),
                (None, Some(value)) => Self::Map(Box::new(Self::read(value))),
                (None, None) => panic!("facts.json: unknown type: {text}"),
            },
        }
    }
}

/// Returns all facts, in the order of the catalog.
pub(super) fn facts() -> &'static [Fact] {
    static FACTS: OnceLock<Vec<Fact>> = OnceLock::new();
    FACTS.get_or_init(|| {
        let all: Vec<Value> = serde_json::from_str(include_str!("facts.json")).unwrap();
        all.iter().map(read_fact).collect()
    })
}

fn read_fact(fact: &Value) -> Fact {
    let text = |key: &str| fact[key].as_str().map(str::to_owned);
    let must = |key: &str| text(key).unwrap_or_else(|| panic!("facts.json: no {key} in {fact}"));
    Fact {
        group: must("g"),
        action: must("a"),
        name: must("n"),
        method: must("m"),
        path: must("p"),
        path_types: fact["v"].as_object().cloned().unwrap_or_default(),
        host: text("host").unwrap_or_else(|| "api".to_owned()),
        auth: text("auth").unwrap_or_else(|| "header".to_owned()),
        query: read_fields(&fact["q"]),
        body: fact.get("b").map(read_fields),
        answer: read_fields(&fact["r"]),
        idempotent: fact.get("once").is_none(),
        next_token: fact["page"][1].as_str().map(str::to_owned),
        doc: text("doc"),
        example: fact.get("ex").cloned(),
    }
}

fn read_fields(fields: &Value) -> Vec<Field> {
    let Some(fields) = fields.as_object() else { return Vec::new() };
    fields.iter().filter(|(name, _)| !name.is_empty()).map(|(name, field)| read_field(name, field)).collect()
}

fn read_field(name: &str, field: &Value) -> Field {
    let text = field.as_str().or_else(|| field[""].as_str());
    let text = text.unwrap_or_else(|| panic!("facts.json: {name} is {field}"));
    let (text, words) = text.split_once('=').unwrap_or((text, ""));
    let words = words.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    Field {
        name: name.to_owned(),
        kind: Kind::read(text.trim_end_matches('!')),
        required: text.ends_with('!'),
        words,
        fields: read_fields(field),
    }
}

/// Returns the expected content of `facts.json` for a catalog.
fn from_catalog(catalog: &Value) -> Vec<Value> {
    catalog["endpoints"].as_array().unwrap().iter().map(fact_from_catalog).collect()
}

fn fact_from_catalog(entry: &Value) -> Value {
    let mut fact = Map::new();
    let mut put = |key: &str, value: Value| fact.insert(key.to_owned(), value);
    for (key, name) in [("g", "group"), ("a", "action"), ("n", "rust_name"), ("m", "method"), ("p", "path")] {
        put(key, entry[name].clone());
    }
    for (key, usual) in [("host", "api"), ("auth", "header")] {
        if entry[key] != usual {
            put(key, entry[key].clone());
        }
    }
    let parameters = entry["path_params"].as_array().unwrap();
    let typed: Map<String, Value> = parameters
        .iter()
        .filter(|p| p["type"] != "string")
        .map(|p| (p["name"].as_str().unwrap().to_owned(), p["type"].clone()))
        .collect();
    if !typed.is_empty() {
        put("v", Value::Object(typed));
    }
    put("q", fields_from_catalog(&entry["query"]));
    if !entry["body"].is_null() {
        put("b", fields_from_catalog(&entry["body"]));
    }
    put("r", fields_from_catalog(&entry["response"]));
    if entry["idempotent"] == false {
        put("once", json!(true));
    }
    if let page @ Value::Object(_) = &entry["paginated"] {
        let places = ["request_cursor", "response_cursor", "page_size", "max_page_size"];
        put("page", places.iter().map(|place| page[*place].clone()).collect());
    }
    for (key, name) in [("doc", "doc"), ("ex", "example_response")] {
        if !entry[name].is_null() {
            put(key, entry[name].clone());
        }
    }
    Value::Object(fact)
}

fn fields_from_catalog(fields: &Value) -> Value {
    let fields = fields.as_array().map_or(&[][..], Vec::as_slice);
    let named = fields.iter().map(|field| {
        let mut text = field["type"].as_str().unwrap().to_owned();
        if field["required"] == true {
            text.push('!');
        }
        if let Some(words) = field["enum"].as_array() {
            let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap()).collect();
            text = format!("{text}={}", words.join("|"));
        }
        let own = match fields_from_catalog(&field["fields"]) {
            Value::Object(mut own) if !own.is_empty() => {
                own.insert(String::new(), json!(text));
                Value::Object(own)
            }
            _ => json!(text),
        };
        (field["name"].as_str().unwrap().to_owned(), own)
    });
    Value::Object(named.collect())
}

#[test]
fn facts_match_the_catalog() {
    // The catalog is not in the repository, so its path is passed in the environment.
    let Some(catalog) = std::env::var_os("DINGTALK_CATALOG") else {
        return assert_eq!(facts().len(), 95);
    };
    let catalog = serde_json::from_slice(&fs::read(catalog).unwrap()).unwrap();
    let new = from_catalog(&catalog);
    if std::env::var_os("UPDATE_FACTS").is_some() {
        let lines: Vec<String> = new.iter().map(Value::to_string).collect();
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/coverage/facts.json");
        fs::write(file, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
        return;
    }
    let old: Vec<Value> = serde_json::from_str(include_str!("facts.json")).unwrap();
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(old, new, "{}.{}", new["g"], new["n"]);
    }
    assert_eq!(old.len(), new.len());
}
