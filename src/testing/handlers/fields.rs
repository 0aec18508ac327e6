//! Fields of request bodies and queries, and the errors for invalid fields.

use crate::testing::data::errors::api_error;
use crate::testing::data::records::{Recorded, StoredProperty};
use crate::testing::data::response::FakeResponse;
use serde_json::{Map, Value};

/// A JSON object.
pub(crate) type JsonObject = Map<String, Value>;

/// The error code for a missing or ill-typed field that does not have its own code.
pub(crate) const PARAM_ERROR: &str = "paramError";
/// The regions that can store a file.
pub(crate) const REGIONS: &[&str] = &["ZHANGJIAKOU", "SHENZHEN", "SHANGHAI", "SINGAPORE", "UNKNOWN"];
/// The maximum number of properties in one commit.
const MOST_PROPERTIES: usize = 3;

/// Reads an optional field.
pub(crate) fn optional<'a, T>(
    body: &'a JsonObject,
    name: &str,
    code: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Option<T>, FakeResponse> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(api_error(400, code, &format!("The field {name} is not right."))),
        },
    }
}

/// Reads a required field.
pub(crate) fn required<'a, T>(
    body: &'a JsonObject,
    name: &str,
    code: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<T, FakeResponse> {
    optional(body, name, code, read)?
        .ok_or_else(|| api_error(400, code, &format!("The field {name} is missing.")))
}

/// Reads a boolean of the query. Case does not matter, as in the real service: Python writes `True`.
pub(crate) fn query_bool(request: &Recorded, name: &str) -> Result<Option<bool>, FakeResponse> {
    match request.query_value(name).map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(api_error(400, PARAM_ERROR, &format!("The parameter {name} is not right."))),
    }
}

/// Reads a string that is not empty.
pub(crate) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Reads a string that is one of `words`.
pub(crate) fn word<'a>(words: &'static [&'static str]) -> impl Fn(&'a Value) -> Option<&'a str> {
    move |value| value.as_str().filter(|text| words.contains(text))
}

/// Reads the `option` object, or returns `empty` if the object is missing.
pub(crate) fn option<'a>(
    body: &'a JsonObject,
    empty: &'a JsonObject,
) -> Result<&'a JsonObject, FakeResponse> {
    Ok(optional(body, "option", PARAM_ERROR, Value::as_object)?.unwrap_or(empty))
}

/// Returns a name without surrounding spaces, or `None` if the name is illegal.
pub(crate) fn legal_name(name: &str) -> Option<&str> {
    let name = name.trim_matches(' ');
    let is_illegal = name.is_empty() || name.ends_with('.') || name.contains(['\t', '*', '"', '<', '>', '|']);
    (!is_illegal).then_some(name)
}

/// Checks the options that all upload calls share. Returns the region.
pub(crate) fn upload_option<'a>(
    option: &'a JsonObject,
    drivers: &'static [&'static str],
) -> Result<&'a str, FakeResponse> {
    optional(option, "storageDriver", "paramError.storageDriver", word(drivers))?;
    optional(option, "preferIntranet", PARAM_ERROR, Value::as_bool)?;
    if let Some(check) = optional(option, "preCheckParam", PARAM_ERROR, Value::as_object)? {
        let is_hex = |text: &&str| {
            text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        optional(check, "md5", PARAM_ERROR, |value| value.as_str().filter(is_hex))?;
        optional(check, "name", PARAM_ERROR, |value| value.as_str().and_then(legal_name))?;
        optional(check, "parentId", PARAM_ERROR, Value::as_str)?;
        optional(check, "size", PARAM_ERROR, Value::as_u64)?;
    }
    Ok(optional(option, "preferRegion", PARAM_ERROR, word(REGIONS))?.unwrap_or("ZHANGJIAKOU"))
}

/// Reads at most three properties. Each property must be complete.
pub(crate) fn properties(option: &JsonObject) -> Result<Vec<StoredProperty>, FakeResponse> {
    let list = optional(option, "appProperties", PARAM_ERROR, Value::as_array)?;
    let list = list.map_or(&[][..], Vec::as_slice);
    if list.len() > MOST_PROPERTIES {
        return Err(api_error(400, PARAM_ERROR, "There are more than 3 appProperties."));
    }
    list.iter().map(property).collect()
}

fn property(value: &Value) -> Result<StoredProperty, FakeResponse> {
    let wrong = || api_error(400, PARAM_ERROR, "Each of the appProperties must be an object.");
    let fields = value.as_object().ok_or_else(wrong)?;
    let visibility = required(fields, "visibility", PARAM_ERROR, word(&["PUBLIC", "PRIVATE"]))?;
    Ok(StoredProperty {
        name: required(fields, "name", PARAM_ERROR, text)?.to_owned(),
        value: required(fields, "value", PARAM_ERROR, Value::as_str)?.to_owned(),
        visibility: visibility.to_owned(),
    })
}
