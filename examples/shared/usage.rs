//! Options and arguments: values are read here, and every error names its option and the bad value.

use std::fmt::Display;
use std::str::FromStr;

use super::Failure;

/// The end of each `--help`. Continues the list of options.
pub(crate) const COMMON: &str = "
  --demo               use a fake of DingTalk on this machine, which needs no account and no arguments
  --help               print this text

Environment:
  DINGTALK_APP_KEY, DINGTALK_APP_SECRET   credentials of the app, from DingTalk's developer console
  DINGTALK_ACCESS_TOKEN                   an access token, instead of key and secret
  DINGTALK_UNION_ID                       union id of the person in whose name the program acts
  DINGTALK_BASE_URL                       host of the API. Default: https://api.dingtalk.com
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY      proxy for all requests; NO_PROXY lists hosts without a proxy

Exit codes:
  0  done
  1  failed, at least in part; the error says what was done
  2  wrong usage, or a setting is missing or invalid
  3  failed for now: the same command may succeed later, and is safe to repeat
  4  not found, or not permitted for this app or person
  5  no response, and the operation may have run: check before you repeat it (put, send, report)";

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        use lexopt::Error::{MissingValue, NonUnicodeValue, UnexpectedOption, UnexpectedValue};
        Self::usage(&match error {
            UnexpectedOption(option) => format!("{option}: unknown option"),
            MissingValue { option: Some(option) } => format!("{option}: the value is missing"),
            UnexpectedValue { option, value } => {
                format!("{option}: takes no value, not \"{}\"", value.display())
            }
            NonUnicodeValue(value) => format!("cannot read \"{}\": it is not UTF-8", value.display()),
            other => other.to_string(),
        })
    }
}

/// Reads the value of an option.
pub(crate) fn value<T, E: Display>(
    args: &mut lexopt::Parser,
    option: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let value = args.value()?;
    let parsed = match value.to_str() {
        Some(text) => parse(text).map_err(|why| why.to_string()),
        None => Err("it is not UTF-8".to_owned()),
    };
    parsed.map_err(|why| Failure::usage(&format!("{option}: cannot read \"{}\": {why}", value.display())))
}

/// Parses a text that must not be empty, such as an id.
pub(crate) fn text(value: &str) -> Result<String, &'static str> {
    if value.is_empty() { Err("it is empty") } else { Ok(value.to_owned()) }
}

/// Parses a whole number from 1.
pub(crate) fn count<T: FromStr + PartialOrd + From<u8>>(value: &str) -> Result<T, &'static str> {
    let number = value.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or("it is not a whole number from 1")
}

/// Parses a number of connections.
pub(crate) fn connections(value: &str) -> Result<usize, &'static str> {
    let number = value.parse().ok().filter(|number| (1..=64).contains(number));
    number.ok_or("it is not a whole number from 1 to 64")
}

/// Refuses more arguments than `limit`.
pub(crate) fn at_most(limit: usize, arguments: &[String]) -> Result<(), Failure> {
    let extra = arguments.get(limit..).unwrap_or_default();
    if extra.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(&format!("too many arguments: {}", extra.join(" "))))
}
