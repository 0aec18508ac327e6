//! One API request as data. Nothing here does I/O.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::base::error::{Error, Result};

/// Everything outside RFC 3986's unreserved characters: safe in a path segment and in a query, where the vendor's
/// servers read `+` as a space.
const ENCODE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Which of the vendor's two hosts an operation lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// `api.dingtalk.com`: token in a header, errors by HTTP status.
    Api,
    /// `oapi.dingtalk.com`, the old one: token in the query, errors as `errcode` under HTTP 200.
    Oapi,
}

/// Which difference it makes that an operation runs, and runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changes nothing, so nobody needs to know whether it has run.
    Reads,
    /// Running it twice does what running it once does.
    Repeatable,
    /// Each run counts.
    Once,
}

impl Effect {
    pub(crate) fn may_repeat(self) -> bool {
        self != Self::Once
    }
}

/// One request: the documented route, what fills it, and what the client may do with it.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    /// `METHOD /path/{with}/{placeholders}`, verbatim from the documentation. Also the name in errors.
    pub(crate) operation: &'static str,
    pub(crate) host: Host,
    path_values: &'a [&'a str],
    query: Vec<(Cow<'static, str>, String)>,
    /// The JSON body. Kept as bytes so that a repeated request carries the very same.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) effect: Effect,
    /// Carries the access token.
    pub(crate) with_token: bool,
    /// Values in the body that an error must not repeat.
    pub(crate) secrets: Vec<&'a str>,
}

impl<'a> Call<'a> {
    /// `operation` is the documented line; `path_values` fill its placeholders in order.
    pub(crate) fn new(operation: &'static str, path_values: &'a [&'a str]) -> Self {
        Self {
            operation,
            host: Host::Api,
            path_values,
            query: Vec::new(),
            body: None,
            effect: Effect::Once,
            with_token: true,
            secrets: Vec::new(),
        }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Nothing, when it was not set.
    pub(crate) fn query_if_set(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value.to_string()),
            None => self,
        }
    }

    /// A list as the vendor's SDKs send it: `name.1=..&name.2=..`.
    pub(crate) fn query_list(mut self, name: &str, values: Option<&Vec<impl ToString>>) -> Self {
        let numbered = values.into_iter().flatten().enumerate();
        self.query.extend(numbered.map(|(i, v)| (format!("{name}.{}", i + 1).into(), v.to_string())));
        self
    }

    /// It lives on the old host.
    pub(crate) fn oapi(mut self) -> Self {
        self.host = Host::Oapi;
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(body).map_err(|e| {
            Error::InvalidArgument(format!("{}: the body cannot be written as JSON: {e}", self.operation))
        })?;
        self.body = Some(bytes);
        Ok(self)
    }

    /// It changes nothing that anybody sees: it may be repeated, and its errors never say that it may have run.
    pub(crate) fn reads(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }

    /// The catalog calls it idempotent: it may be repeated although it may have run.
    pub(crate) fn repeatable(mut self) -> Self {
        self.effect = Effect::Repeatable;
        self
    }

    /// The call that fetches a token needs none. `secrets` are in its body.
    pub(crate) fn without_token(mut self, secrets: &[&'a str]) -> Self {
        self.with_token = false;
        self.secrets = secrets.to_vec();
        self
    }

    pub(crate) fn method(&self) -> &'static str {
        self.operation.split_once(' ').map_or("GET", |(method, _)| method)
    }

    /// Path and query, encoded. Empty values, `.` and `..` are refused: they would name another resource.
    pub(crate) fn target(&self) -> Result<String> {
        let (_, route) = self.operation.split_once(' ').unwrap_or(("", self.operation));
        let mut target = String::with_capacity(route.len() + 64);
        let mut values = self.path_values.iter();
        for segment in route.split('/').skip(1) {
            target.push('/');
            match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some(name) => {
                    let value = values.next().copied().unwrap_or_default();
                    check_segment(self.operation, name, value)?;
                    target.extend(utf8_percent_encode(value, ENCODE));
                }
                None => target.push_str(segment),
            }
        }
        for (i, (name, value)) in self.query.iter().enumerate() {
            if value.is_empty() {
                return Err(Error::InvalidArgument(format!("{}: `{name}` is empty", self.operation)));
            }
            target.push(if i == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.extend(utf8_percent_encode(value, ENCODE));
        }
        Ok(target)
    }
}

/// A text as a value of a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODE).to_string()
}

fn check_segment(operation: &str, name: &str, value: &str) -> Result<()> {
    let problem = match value {
        "" => "is empty",
        "." | ".." => "would name another path",
        _ => return Ok(()),
    };
    Err(Error::InvalidArgument(format!("{operation}: `{name}` {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Like the real ones, and none of them: those are in `src/` once.
    const ROUTE: &str = "POST /v1.0/spaces/{spaceId}/dentries/{dentryId}/query";

    fn target(space: &str, dentry: &str, union_id: &str) -> Result<String> {
        Call::new(ROUTE, &[space, dentry]).query("unionId", union_id).target()
    }

    #[test]
    fn values_are_encoded_so_that_they_stay_values() {
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
    fn no_query_no_question_mark() {
        let call = Call::new("POST /v1.0/token", &[]);
        assert_eq!((call.method(), call.target().unwrap().as_str()), ("POST", "/v1.0/token"));
    }
}
