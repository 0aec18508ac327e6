//! Requests: all documented fields are sent with everything set, and only the required ones with nothing set.

use serde_json::{Map, Value};

use super::exceptions::Category;
use super::facts::{Fact, Field, Kind};
use super::fake::{RecordingServer, Request};
use super::sample::{Sample, below};
use super::{Finding, assert_only_exceptions, rows_with_facts};
use crate::support::TOKEN;

const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";
const CATEGORIES: &[Category] =
    &[Category::Request, Category::NotSent, Category::TooMuch, Category::WrongType];

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Full,
    Bare,
}

#[test]
fn full_sends_all_fields_and_bare_the_required_ones() {
    let server = RecordingServer::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let answer = Sample::of_facts(fact).answer;
        for (mode, call) in [(Mode::Full, row.full), (Mode::Bare, row.bare)] {
            let mut check = Check { fact, mode, findings: &mut findings };
            match server.call(call, &answer) {
                (_, requests) if requests.len() != 1 => {
                    check.wrong(Category::Request, "", &format!("{} requests", requests.len()));
                }
                (Err(error), _) => check.wrong(Category::Request, "", &format!("failed: {error}")),
                (Ok(_), requests) => check.request(&requests[0]),
            }
        }
    }
    assert_only_exceptions(CATEGORIES, &findings);
}

#[test]
fn only_idempotent_operations_are_repeated() {
    let server = RecordingServer::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let answer = Sample::of_facts(fact).answer;
        let (result, requests) = server.call_failing_first(row.full, &answer);
        let times = if fact.idempotent { 2 } else { 1 };
        if requests.len() != times || result.is_ok() != fact.idempotent {
            let text = format!("sent {} times and not {times}: {result:?}", requests.len());
            findings.push(Finding::new(fact, Category::Repeated, "", text));
        } else if requests.iter().any(|request| *request != requests[0]) {
            findings.push(Finding::new(fact, Category::Repeated, "", "the second request differs"));
        }
    }
    assert_only_exceptions(&[Category::Repeated], &findings);
}

/// The comparison of one request with its facts.
struct Check<'c> {
    fact: &'c Fact,
    mode: Mode,
    findings: &'c mut Vec<Finding>,
}

impl Check<'_> {
    fn wrong(&mut self, category: Category, place: &str, text: &str) {
        let mode = if self.mode == Mode::Full { "full" } else { "bare" };
        self.findings.push(Finding::new(self.fact, category, place, format!("{mode}: {text}")));
    }

    fn request(&mut self, request: &Request) {
        let fact = self.fact;
        if request.method != fact.method {
            self.wrong(Category::Request, "", &format!("the method is {}", request.method));
        }
        self.path(&request.path);
        self.query(&request.query);
        let token = (fact.auth == "header").then_some(TOKEN);
        if request.header(TOKEN_HEADER) != token {
            self.wrong(
                Category::Request,
                "",
                &format!("the token header is {:?}", request.header(TOKEN_HEADER)),
            );
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
                        self.wrong(Category::WrongType, name, &format!("`{sent}` is not a number"));
                    }
                    self.check_id(name, sent);
                }
            }
        }
        if !fits {
            self.wrong(Category::Request, "", &format!("the path is /{}", sent.join("/")));
        }
    }

    /// Detects swapped arguments: the rows name a space `space-1` and so on, so an id's prefix must fit its place.
    fn check_id(&mut self, place: &str, value: &str) {
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
            self.wrong(Category::WrongType, place, &format!("`{value}` belongs to another place"));
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
                    // The only list that is sent as one JSON text in the query.
                    let list = take(&field.name).map(|text| serde_json::from_str(&text));
                    match list {
                        Some(Ok(list)) => list,
                        Some(Err(_)) => {
                            self.wrong(Category::WrongType, &place, "not a JSON list of strings");
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
                self.wrong(Category::Request, &place, "not the token");
            }
        }
        for (name, _) in left {
            self.wrong(Category::TooMuch, &below("query", &name), "undocumented, or sent twice");
        }
    }

    fn body(&mut self, request: &Request) {
        let length = request.header("content-length");
        let kind = request.header("content-type");
        if request.header("transfer-encoding").is_some() {
            self.wrong(Category::Request, "", "the body is chunked");
        }
        let Some(fields) = &self.fact.body else {
            // A POST or PUT without a body has length 0; a GET has no length.
            let lengths: &[Option<&str>] = match self.fact.method.as_str() {
                "POST" | "PUT" => &[Some("0")],
                "DELETE" => &[None, Some("0")],
                _ => &[None],
            };
            if !lengths.contains(&length) || kind.is_some() {
                self.wrong(
                    Category::Request,
                    "",
                    &format!("no body, but length {length:?} and type {kind:?}"),
                );
            }
            return;
        };
        if let Some(form) = kind.and_then(|kind| form(kind, &request.body)) {
            return self.objects("body", fields, &[&form]);
        }
        if kind != Some("application/json") {
            self.wrong(Category::Request, "", &format!("the type of the body is {kind:?}"));
        }
        match serde_json::from_slice(&request.body) {
            Ok(Value::Object(body)) => self.objects("body", fields, &[&body]),
            _ => self.wrong(
                Category::Request,
                "",
                &format!("the body is not a JSON object, its length is {length:?}"),
            ),
        }
    }

    /// Checks a field that `present` of the `all` possible objects have.
    fn presence(&mut self, place: &str, field: &Field, present: usize, all: usize) {
        if field.required && present < all {
            self.wrong(Category::NotSent, place, "required, but not sent");
        } else if self.mode == Mode::Full && present == 0 {
            self.wrong(Category::NotSent, place, "cannot be sent");
        } else if self.mode == Mode::Bare && !field.required && present > 0 {
            self.wrong(Category::TooMuch, place, "sent, but not set");
        }
    }

    /// Checks all objects at one place together, because not every item of a list has every field.
    fn objects(&mut self, place: &str, fields: &[Field], objects: &[&Map<String, Value>]) {
        for name in objects.iter().flat_map(|object| object.keys()) {
            if !fields.iter().any(|field| field.name == *name) {
                self.wrong(Category::TooMuch, &below(place, name), "not documented");
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
            self.wrong(Category::WrongType, place, &format!("{value} is not a {kind:?}, or is empty"));
        }
        for text in values.iter().filter_map(|value| value.as_str()) {
            self.check_id(place, text);
            if text.is_empty() {
                self.wrong(Category::WrongType, place, "an empty text proves nothing");
            } else if !field.words.is_empty() && !field.words.iter().any(|word| word == text) {
                self.wrong(Category::WrongType, place, &format!("`{text}` is none of {:?}", field.words));
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

/// Returns the fields of a multipart/form-data body, each as text.
fn form(content_type: &str, body: &[u8]) -> Option<Map<String, Value>> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=")?;
    let text = String::from_utf8_lossy(body);
    let (parts, rest) = text.rsplit_once(&format!("--{boundary}--\r\n"))?;
    assert!(rest.is_empty(), "the form is followed by other bytes");
    let mut fields = Map::new();
    for part in parts.split(&format!("--{boundary}\r\n")).skip(1) {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("; name=\"")?;
        let (name, _) = name.split_once('"')?;
        fields.insert(name.to_owned(), Value::from(content.strip_suffix("\r\n")?));
    }
    Some(fields)
}

/// Parses a query value as the documented type. An unparsable value stays text, which fails the type check.
fn typed(text: String, kind: &Kind) -> Value {
    match kind {
        Kind::Number => text.parse::<i64>().map_or(Value::String(text), Value::from),
        Kind::Flag => text.parse::<bool>().map_or(Value::String(text), Value::from),
        _ => Value::String(text),
    }
}
