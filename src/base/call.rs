//! An API request as data, without I/O.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::base::error::{Error, Result};
use crate::base::form::Form;
use crate::base::ids::UnionId;
use crate::base::secret::Secret;

/// Everything outside RFC 3986's unreserved characters: safe in a path segment and in a query, where the vendor's
/// servers read `+` as a space.
const ENCODE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One of the vendor's two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// `api.dingtalk.com`: token in a header, errors by HTTP status.
    Api,
    /// `oapi.dingtalk.com`, the old one: token in the query, errors as `errcode` under HTTP 200.
    Oapi,
}

impl Host {
    /// Returns the host of a route. Routes of the new host begin with a version (`/v1.0/`), those of the old host with
    /// an area (`/topapi/`).
    fn of(route: &str) -> Self {
        let version = route.strip_prefix("/v").unwrap_or_default();
        if version.starts_with(|c: char| c.is_ascii_digit()) { Self::Api } else { Self::Oapi }
    }
}

/// The effect of running an operation, and of running it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The operation changes nothing, so it does not matter whether it has run.
    Reads,
    /// Running the operation twice has the same effect as running it once.
    Repeatable,
    /// Each run counts.
    Once,
}

impl Effect {
    pub(crate) fn may_repeat(self) -> bool {
        self != Self::Once
    }
}

/// One request: the documented route, the values that fill it, and whether the client may repeat it.
///
/// The first wrong argument is kept and becomes the error of the whole call, so that a declaration needs no `?`.
pub(crate) struct Call<'a> {
    /// `METHOD /path/{with}/{placeholders}`, verbatim from the documentation. Also the name in errors.
    pub(crate) operation: &'static str,
    pub(crate) host: Host,
    /// Path and query, encoded.
    target: String,
    has_query: bool,
    /// JSON, or a form. Kept as bytes, so that a repeated request is identical.
    body: Option<Vec<u8>>,
    pub(crate) content_type: Cow<'static, str>,
    pub(crate) effect: Effect,
    /// The request carries the access token.
    pub(crate) with_token: bool,
    /// Values in query and body that an error must not repeat.
    pub(crate) secrets: Vec<&'a str>,
    /// The first wrong argument.
    wrong: Option<String>,
}

impl<'a> Call<'a> {
    /// Creates a call. `operation` is the documented line; `path_values` fill its placeholders in order. Empty values,
    /// `.` and `..` are wrong: they would name another resource.
    pub(crate) fn new(operation: &'static str, path_values: &[&str]) -> Self {
        let (_, route) = operation.split_once(' ').unwrap_or(("", operation));
        let mut call = Self {
            operation,
            host: Host::of(route),
            target: String::with_capacity(route.len() + 64),
            has_query: false,
            body: None,
            content_type: Cow::Borrowed("application/json"),
            effect: Effect::Once,
            with_token: true,
            secrets: Vec::new(),
            wrong: None,
        };
        let mut values = path_values.iter();
        for segment in route.split('/').skip(1) {
            call.target.push('/');
            match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some(name) => call.push_path_value(name, values.next().copied().unwrap_or_default()),
                None => call.target.push_str(segment),
            }
        }
        call
    }

    fn push_path_value(&mut self, name: &str, value: &str) {
        match value {
            "" => self.refuse(format_args!("`{name}` is empty")),
            "." | ".." => self.refuse(format_args!("`{name}` would name another path")),
            _ => self.target.extend(utf8_percent_encode(value, ENCODE)),
        }
    }

    /// Adds the acting person, under the name that nearly all operations use.
    pub(crate) fn acting(self, operator: UnionId<'_>) -> Self {
        self.query("unionId", operator.0)
    }

    /// Adds a parameter to the query. An empty value is wrong: the vendor's servers treat it as missing.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            self.refuse(format_args!("`{name}` is empty"));
        }
        self.target.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.target.push_str(name);
        self.target.push('=');
        self.target.extend(utf8_percent_encode(value, ENCODE));
        self
    }

    /// Adds a parameter to the query, if it was set.
    pub(crate) fn query_if_set(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, &value.to_string()),
            None => self,
        }
    }

    /// Adds a list to the query as the vendor's SDKs send it: `name.1=..&name.2=..`.
    pub(crate) fn query_list(self, name: &str, values: Option<&Vec<impl ToString>>) -> Self {
        let numbered = values.into_iter().flatten().enumerate();
        numbered.fold(self, |call, (i, value)| call.query(&format!("{name}.{}", i + 1), &value.to_string()))
    }

    /// Adds a secret to the query.
    pub(crate) fn query_secret(mut self, name: &str, secret: &'a Secret) -> Self {
        self.secrets.push(secret.expose());
        self.query(name, secret.expose())
    }

    /// Adds a required field to the body. Fields are sent in the order in which they are declared. An empty text is wrong:
    /// the vendor's servers treat it as missing.
    pub(crate) fn field(self, name: &str, value: impl Serialize) -> Self {
        let mut call = self.field_if_set(name, Some(value));
        if call.body.as_ref().is_some_and(|body| body.ends_with(br#":""}"#)) {
            call.refuse(format_args!("`{name}` is empty"));
        }
        call
    }

    /// Adds a field to the body, if it was set. The body is `{}` if no field was set.
    pub(crate) fn field_if_set(mut self, name: &str, value: Option<impl Serialize>) -> Self {
        let Some(value) = value else {
            self.open_body();
            return self;
        };
        let written = serde_json::to_writer(self.open_field(name), &value);
        self.close_field(name, written);
        self
    }

    /// Adds a secret to the body.
    pub(crate) fn field_secret(mut self, name: &str, secret: &'a str) -> Self {
        self.secrets.push(secret);
        self.field(name, secret)
    }

    /// Adds the optional parameters that the vendor puts into `option`, if any was set.
    pub(crate) fn option(self, options: Option<&impl Serialize>) -> Self {
        self.field_if_set("option", options)
    }

    /// Sends a form instead of JSON.
    #[inline]
    pub(crate) fn form(mut self, form: Form) -> Self {
        let (content_type, bytes) = form.finish();
        self.content_type = content_type.into();
        self.body = Some(bytes);
        self
    }

    fn open_body(&mut self) -> &mut Vec<u8> {
        self.body.get_or_insert_with(|| b"{}".to_vec())
    }

    /// Opens the body for the value of a new field.
    fn open_field(&mut self, name: &str) -> &mut Vec<u8> {
        let body = self.open_body();
        body.pop();
        if body.len() > 1 {
            body.push(b',');
        }
        // Names come from the vendor and consist of letters and digits, so they need no escapes.
        body.push(b'"');
        body.extend(name.as_bytes());
        body.extend(b"\":");
        body
    }

    fn close_field(&mut self, name: &str, written: serde_json::Result<()>) {
        self.open_body().push(b'}');
        if let Err(e) = written {
            self.refuse(format_args!("`{name}` cannot be written as JSON: {e}"));
        }
    }

    /// Checks the vendor's limit on the length of a list.
    pub(crate) fn limit(mut self, name: &str, count: usize, allowed: RangeInclusive<usize>) -> Self {
        if !allowed.contains(&count) {
            let (least, most) = allowed.into_inner();
            let allowed = if least == 0 { format!("at most {most}") } else { format!("{least} to {most}") };
            self.refuse(format_args!("{count} `{name}`, and one call takes {allowed}"));
        }
        self
    }

    /// Checks the vendor's limit on the length of a list, if the list was set.
    pub(crate) fn limit_if_set<T>(self, name: &str, list: Option<&Vec<T>>, most: usize) -> Self {
        self.limit(name, list.map_or(0, Vec::len), 0..=most)
    }

    /// Checks the vendor's limit on a number, if the number was set.
    pub(crate) fn limit_value<N: PartialOrd + Display>(
        mut self,
        name: &str,
        value: Option<N>,
        allowed: RangeInclusive<N>,
    ) -> Self {
        if let Some(value) = value.filter(|value| !allowed.contains(value)) {
            let (least, most) = allowed.into_inner();
            self.refuse(format_args!("`{name}` is {value}, and {least} to {most} are allowed"));
        }
        self
    }

    fn refuse(&mut self, problem: impl Display) {
        let operation = self.operation;
        self.wrong.get_or_insert_with(|| format!("{operation}: {problem}"));
    }

    /// Marks an operation that changes nothing visible: it may be repeated, and its errors never report that it may
    /// have run.
    pub(crate) fn reads(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }

    /// Marks an operation that the catalog calls idempotent: it may be repeated even if it may have run.
    pub(crate) fn repeatable(mut self) -> Self {
        self.effect = Effect::Repeatable;
        self
    }

    /// Makes the request carry no token.
    pub(crate) fn without_token(mut self) -> Self {
        self.with_token = false;
        self
    }

    pub(crate) fn method(&self) -> &'static str {
        self.operation.split_once(' ').map_or("GET", |(method, _)| method)
    }

    /// Returns path and query, encoded, or the first wrong argument as an error.
    pub(crate) fn target(&self) -> Result<&str> {
        match &self.wrong {
            Some(problem) => Err(Error::InvalidArgument(problem.clone())),
            None => Ok(&self.target),
        }
    }

    pub(crate) fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }
}

/// Encodes a text as a value of a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A route like the real ones, but none of them, because each real route occurs in `src/` only once.
    const ROUTE: &str = "POST /v1.0/spaces/{spaceId}/dentries/{dentryId}/query";

    fn target(space: &str, dentry: &str, union_id: &str) -> Result<String> {
        let call = Call::new(ROUTE, &[space, dentry]).acting(UnionId(union_id));
        call.target().map(str::to_owned)
    }

    fn body(call: &Call<'_>) -> Option<String> {
        call.body().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn problem(call: &Call<'_>) -> String {
        call.target().unwrap_err().to_string()
    }

    #[test]
    fn values_are_encoded_in_path_and_query() {
        let table = [
            ("854", "854"),
            ("a/b", "a%2Fb"),
            ("a?b#c", "a%3Fb%23c"),
            ("50% +", "50%25%20%2B"),
            ("文件", "%E6%96%87%E4%BB%B6"),
            ("a&b=c;d", "a%26b%3Dc%3Bd"),
            ("-._~", "-._~"),
            ("...", "..."),
            ("%2e%2e", "%252e%252e"),
        ];
        for (value, encoded) in table {
            assert_eq!(
                target(value, value, value).unwrap(),
                format!("/v1.0/spaces/{encoded}/dentries/{encoded}/query?unionId={encoded}")
            );
        }
    }

    #[test]
    fn values_that_name_another_path_are_refused() {
        for bad in ["", ".", ".."] {
            let text = target("854", bad, "u").unwrap_err().to_string();
            assert!(text.contains("dentryId") && text.contains(ROUTE), "{text}");
        }
        assert!(target("854", "798", "").unwrap_err().to_string().contains("unionId"));
    }

    #[test]
    fn a_list_in_the_query_is_numbered() {
        let call =
            Call::new("GET /x", &[]).query_list("types", Some(&vec!["a b", "c"])).query_if_set("n", Some(7));
        let call = call.query_list("none", None::<&Vec<i64>>).query_if_set("nothing", None::<&str>);
        assert_eq!(call.target().unwrap(), "/x?types.1=a%20b&types.2=c&n=7");
    }

    #[test]
    fn a_target_without_a_query_has_no_question_mark() {
        let call = Call::new("POST /v1.0/token", &[]);
        assert_eq!((call.method(), call.target().unwrap()), ("POST", "/v1.0/token"));
    }

    #[test]
    fn the_route_decides_the_host() {
        let table = [
            ("GET /v1.0/x", Host::Api),
            ("GET /v2.0/x", Host::Api),
            ("POST /topapi/v2/x", Host::Oapi),
            ("POST /media/x", Host::Oapi),
            ("GET /vendor/x", Host::Oapi),
        ];
        for (operation, host) in table {
            assert_eq!(Call::new(operation, &[]).host, host, "{operation}");
        }
    }

    #[test]
    fn fields_form_a_body_in_their_order() {
        let call = || Call::new("POST /v1.0/x", &[]);
        let table = [
            (call(), None),
            (call().option(None::<&i32>), Some("{}")),
            (call().field_if_set("a", None::<i32>), Some("{}")),
            (call().field("b", "\"文").field("a", 1), Some(r#"{"b":"\"文","a":1}"#)),
            (call().field_if_set("b", None::<i32>).field("a", ["x"]), Some(r#"{"a":["x"]}"#)),
            (call().field("a", true).option(Some(&7)), Some(r#"{"a":true,"option":7}"#)),
        ];
        for (call, expected) in table {
            assert_eq!(body(&call).as_deref(), expected);
        }
    }

    #[test]
    fn the_first_wrong_argument_is_the_error() {
        let call = || Call::new("POST /v1.0/{x}", &["1"]);
        let table = [
            (call().limit("ids", 0, 1..=3), "0 `ids`, and one call takes 1 to 3"),
            (call().limit("ids", 4, 0..=3), "4 `ids`, and one call takes at most 3"),
            (call().limit("ids", 4, 1..=3).query("name", ""), "4 `ids`, and one call takes 1 to 3"),
            (call().query("name", "").limit("ids", 4, 1..=3), "`name` is empty"),
            (call().field("id", "").field("name", "n"), "`id` is empty"),
            (call().limit_value("n", Some(51u32), 1..=50), "`n` is 51, and 1 to 50 are allowed"),
            (call().limit_value("n", Some(0u64), 1..=50), "`n` is 0, and 1 to 50 are allowed"),
            (
                call().field("map", std::collections::BTreeMap::from([((), 1)])),
                "`map` cannot be written as JSON: key must be a string",
            ),
            (Call::new("POST /v1.0/{x}", &[]).query("name", ""), "`x` is empty"),
        ];
        for (call, expected) in table {
            let text = problem(&call);
            assert!(text.ends_with(&format!("{}: {expected}", call.operation)), "{text}");
        }
        let (none, some) = (None::<&Vec<u32>>, vec![1, 2]);
        assert!(problem(&call().limit_if_set("ids", Some(&some), 1)).contains("2 `ids`"));
        let fine = call().limit("ids", 3, 1..=3).limit_value("n", None::<u32>, 1..=50);
        let fine = fine.limit_if_set("ids", none, 1).limit_if_set("ids", Some(&some), 2);
        assert!(fine.limit_value("n", Some(50u32), 1..=50).target().is_ok());
    }

    #[test]
    fn secrets_are_remembered() {
        let secret = Secret::new("s e");
        let call = Call::new("POST /v1.0/x", &[]).query_secret("token", &secret).field_secret("key", "k");
        assert_eq!(call.secrets, ["s e", "k"]);
        assert_eq!(call.target().unwrap(), "/v1.0/x?token=s%20e");
        assert_eq!(body(&call).as_deref(), Some(r#"{"key":"k"}"#));
    }
}
