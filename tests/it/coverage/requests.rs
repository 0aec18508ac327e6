//! What is sent: exactly what is documented with everything set, exactly what is required with nothing set.

use serde_json::{Map, Value};

use super::exceptions::Sort;
use super::facts::{Fact, Field, Kind};
use super::fake::{Request, Stand};
use super::sample::{Sample, below};
use super::{Finding, rows_with_facts, settle};
use crate::support::TOKEN;

const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";
const SORTS: &[Sort] = &[Sort::Request, Sort::NotSent, Sort::TooMuch, Sort::WrongType];

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Full,
    Bare,
}

#[test]
fn full_sends_everything_and_bare_what_is_required() {
    let stand = Stand::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let answer = Sample::of_facts(fact).answer;
        for (mode, call) in [(Mode::Full, row.full), (Mode::Bare, row.bare)] {
            let mut check = Check { fact, mode, findings: &mut findings };
            match stand.call(call, &answer) {
                (_, requests) if requests.len() != 1 => {
                    check.wrong(Sort::Request, "", &format!("{} requests", requests.len()));
                }
                (Err(error), _) => check.wrong(Sort::Request, "", &format!("failed: {error}")),
                (Ok(_), requests) => check.request(&requests[0]),
            }
        }
    }
    settle(SORTS, &findings);
}

#[test]
fn what_is_idempotent_is_sent_again_and_nothing_else() {
    let stand = Stand::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let answer = Sample::of_facts(fact).answer;
        let (result, requests) = stand.call_failing_first(row.full, &answer);
        let times = if fact.idempotent { 2 } else { 1 };
        if requests.len() != times || result.is_ok() != fact.idempotent {
            let text = format!("sent {} times and not {times}: {result:?}", requests.len());
            findings.push(Finding::new(fact, Sort::Repeated, "", text));
        } else if requests.iter().any(|request| *request != requests[0]) {
            findings.push(Finding::new(fact, Sort::Repeated, "", "the second request is another one"));
        }
    }
    settle(&[Sort::Repeated], &findings);
}

/// One request against its facts.
struct Check<'c> {
    fact: &'c Fact,
    mode: Mode,
    findings: &'c mut Vec<Finding>,
}

impl Check<'_> {
    fn wrong(&mut self, sort: Sort, place: &str, text: &str) {
        let mode = if self.mode == Mode::Full { "full" } else { "bare" };
        self.findings.push(Finding::new(self.fact, sort, place, format!("{mode}: {text}")));
    }

    fn request(&mut self, request: &Request) {
        let fact = self.fact;
        if request.method != fact.method {
            self.wrong(Sort::Request, "", &format!("the method is {}", request.method));
        }
        self.path(&request.path);
        self.query(&request.query);
        let token = (fact.auth == "header").then_some(TOKEN);
        if request.header(TOKEN_HEADER) != token {
            self.wrong(Sort::Request, "", &format!("the token header is {:?}", request.header(TOKEN_HEADER)));
        }
        self.body(request);
    }

    fn path(&mut self, sent: &[String]) {
        let route: Vec<&str> = self.fact.path.split('/').skip(1).collect();
        let mut fits = route.len() == sent.len();
        for (documented, sent) in route.iter().zip(sent) {
            match documented.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => fits &= *documented == sent.as_str(),
                Some(name) => {
                    let number = self.fact.path_types.contains_key(name);
                    if number && sent.parse::<u64>().is_err() {
                        self.wrong(Sort::WrongType, name, &format!("`{sent}` is no number"));
                    }
                    self.name_of(name, sent);
                }
            }
        }
        if !fits {
            self.wrong(Sort::Request, "", &format!("the path is /{}", sent.join("/")));
        }
    }

    /// The tests call a space `space-1`, and so on: where one stands in the place of another, arguments were mixed up.
    fn name_of(&mut self, place: &str, value: &str) {
        let name = place.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let belongs_to: &[&str] = match value.split('-').next().unwrap_or_default() {
            "space" => &["space", "scope"],
            "union" => &["union", "operator", "id", "user"],
            "dentry" => &["dentry", "parent", "folder", "ids"],
            _ => return,
        };
        let others = ["space", "union", "operator", "dentry"];
        let for_another = others.iter().any(|other| name.contains(other) && !belongs_to.contains(other));
        if for_another && !belongs_to.iter().any(|own| *own != "id" && name.contains(own)) {
            self.wrong(Sort::WrongType, place, &format!("`{value}` belongs to another place"));
        }
    }

    fn query(&mut self, sent: &[(String, String)]) {
        let mut left = sent.to_vec();
        for field in &self.fact.query {
            let place = below("query", &field.name);
            let mut take = |name: &str| {
                let at = left.iter().position(|(n, _)| n == name)?;
                Some(left.remove(at).1)
            };
            let values: Vec<Value> = if let Kind::List(item) = &field.kind {
                let texts = if self.fact.operation() == "storage.batch_query_roles" {
                    // The only list in a query that is one JSON text.
                    let list = take(&field.name).map(|text| serde_json::from_str(&text));
                    match list {
                        Some(Ok(list)) => list,
                        Some(Err(_)) => {
                            self.wrong(Sort::WrongType, &place, "no JSON list of strings");
                            continue;
                        }
                        None => Vec::new(),
                    }
                } else {
                    (1..).map_while(|n| take(&format!("{}.{n}", field.name))).collect()
                };
                texts.into_iter().map(|text| typed(text, item)).collect()
            } else {
                take(&field.name).into_iter().map(|text| typed(text, &field.kind)).collect()
            };
            let present = usize::from(!values.is_empty());
            self.presence(&place, field, present, 1);
            let kind = if let Kind::List(item) = &field.kind { item } else { &field.kind };
            self.values(&place, kind, field, &values.iter().collect::<Vec<_>>());
            if self.fact.auth == "query" && field.name == "access_token" && values != [TOKEN] {
                self.wrong(Sort::Request, &place, "it is not the token");
            }
        }
        for (name, _) in left {
            self.wrong(Sort::TooMuch, &below("query", &name), "not documented, or there twice");
        }
    }

    fn body(&mut self, request: &Request) {
        let length = request.header("content-length");
        let kind = request.header("content-type");
        if request.header("transfer-encoding").is_some() {
            self.wrong(Sort::Request, "", "the body is chunked");
        }
        let Some(fields) = &self.fact.body else {
            // A POST and a PUT tell that there is nothing; a GET has no length at all.
            let lengths: &[Option<&str>] = match self.fact.method.as_str() {
                "POST" | "PUT" => &[Some("0")],
                "DELETE" => &[None, Some("0")],
                _ => &[None],
            };
            if !lengths.contains(&length) || kind.is_some() {
                self.wrong(Sort::Request, "", &format!("no body, but length {length:?} and type {kind:?}"));
            }
            return;
        };
        if let Some(form) = kind.and_then(|kind| form(kind, &request.body)) {
            return self.objects("body", fields, &[&form]);
        }
        if kind != Some("application/json") {
            self.wrong(Sort::Request, "", &format!("the type of the body is {kind:?}"));
        }
        match serde_json::from_slice(&request.body) {
            Ok(Value::Object(body)) => self.objects("body", fields, &[&body]),
            _ => self.wrong(Sort::Request, "", &format!("the body is no JSON object, its length {length:?}")),
        }
    }

    /// `present` of the `all` objects that can have the field have it.
    fn presence(&mut self, place: &str, field: &Field, present: usize, all: usize) {
        if field.required && present < all {
            self.wrong(Sort::NotSent, place, "required, and not sent");
        } else if self.mode == Mode::Full && present == 0 {
            self.wrong(Sort::NotSent, place, "cannot be sent");
        } else if self.mode == Mode::Bare && !field.required && present > 0 {
            self.wrong(Sort::TooMuch, place, "sent, and was not set");
        }
    }

    /// All the objects at one place, because of a list not each has to have every field.
    fn objects(&mut self, place: &str, fields: &[Field], objects: &[&Map<String, Value>]) {
        for name in objects.iter().flat_map(|object| object.keys()) {
            if !fields.iter().any(|field| field.name == *name) {
                self.wrong(Sort::TooMuch, &below(place, name), "not documented");
            }
        }
        for field in fields {
            let place = below(place, &field.name);
            let values: Vec<&Value> = objects.iter().filter_map(|object| object.get(&field.name)).collect();
            self.presence(&place, field, values.len(), objects.len());
            self.values(&place, &field.kind, field, &values);
        }
    }

    fn values(&mut self, place: &str, kind: &Kind, field: &Field, values: &[&Value]) {
        let fits = |value: &&Value| match kind {
            Kind::Text => value.is_string(),
            Kind::Number => value.is_i64() || value.is_u64(),
            Kind::Flag => value.is_boolean(),
            Kind::Object | Kind::Map(_) => value.is_object(),
            Kind::List(_) => value.as_array().is_some_and(|list| !list.is_empty()),
        };
        for value in values.iter().filter(|value| !fits(value)) {
            self.wrong(Sort::WrongType, place, &format!("{value} is no {kind:?}, or empty"));
        }
        for text in values.iter().filter_map(|value| value.as_str()) {
            self.name_of(place, text);
            if text.is_empty() {
                self.wrong(Sort::WrongType, place, "an empty text proves nothing");
            } else if !field.words.is_empty() && !field.words.iter().any(|word| word == text) {
                self.wrong(Sort::WrongType, place, &format!("`{text}` is none of {:?}", field.words));
            }
        }
        match kind {
            Kind::Object => {
                let objects: Vec<_> = values.iter().filter_map(|value| value.as_object()).collect();
                if !objects.is_empty() {
                    self.objects(place, &field.fields, &objects);
                }
            }
            Kind::List(item) => {
                let items: Vec<_> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
                self.values(place, item, field, &items);
            }
            Kind::Map(item) => {
                let items: Vec<_> =
                    values.iter().filter_map(|value| value.as_object()).flat_map(Map::values).collect();
                self.values(place, item, field, &items);
            }
            Kind::Text | Kind::Number | Kind::Flag => {}
        }
    }
}

/// The fields of multipart/form-data, each as text.
fn form(content_type: &str, body: &[u8]) -> Option<Map<String, Value>> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=")?;
    let text = String::from_utf8_lossy(body);
    let (parts, rest) = text.rsplit_once(&format!("--{boundary}--\r\n"))?;
    assert!(rest.is_empty(), "something follows the form");
    let mut fields = Map::new();
    for part in parts.split(&format!("--{boundary}\r\n")).skip(1) {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("; name=\"")?;
        let (name, _) = name.split_once('"')?;
        fields.insert(name.to_owned(), Value::from(content.strip_suffix("\r\n")?));
    }
    Some(fields)
}

/// What a text of the query stands for, if it is of the type; else it stays text, which is found to be none.
fn typed(text: String, kind: &Kind) -> Value {
    match kind {
        Kind::Number => text.parse::<i64>().map_or(Value::String(text), Value::from),
        Kind::Flag => text.parse::<bool>().map_or(Value::String(text), Value::from),
        _ => Value::String(text),
    }
}
