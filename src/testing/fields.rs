//! The fields of request bodies, and what is wrong with them.

use super::answer::Answer;
use super::dingtalk::error;
use super::records::StoredProperty;
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Body = Map<String, Value>;

/// What an unknown or ill-typed field is answered with, unless there is a code of its own for it.
pub(super) const PARAM_ERROR: &str = "paramError";
/// The regions that a file can be stored in.
pub(super) const REGIONS: &[&str] = &["ZHANGJIAKOU", "SHENZHEN", "SHANGHAI", "SINGAPORE", "UNKNOWN"];
/// The most properties that one commit can give a file.
const MOST_PROPERTIES: usize = 3;

/// A field that may be missing, if it has the right type.
pub(super) fn optional<'a, T>(
    body: &'a Body,
    name: &str,
    code: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Option<T>, Answer> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(error(400, code, &format!("The field {name} is not right."))),
        },
    }
}

/// A field that must be there.
pub(super) fn required<'a, T>(
    body: &'a Body,
    name: &str,
    code: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<T, Answer> {
    optional(body, name, code, read)?
        .ok_or_else(|| error(400, code, &format!("The field {name} is missing.")))
}

/// Reads a text that is not empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Reads one of these words.
pub(super) fn word<'a>(words: &'static [&'static str]) -> impl Fn(&'a Value) -> Option<&'a str> {
    move |value| value.as_str().filter(|text| words.contains(text))
}

/// The `option` object, empty when it is missing.
pub(super) fn option<'a>(body: &'a Body, empty: &'a Body) -> Result<&'a Body, Answer> {
    Ok(optional(body, "option", PARAM_ERROR, Value::as_object)?.unwrap_or(empty))
}

/// A name without the spaces around it, if it is a legal one.
pub(super) fn legal_name(name: &str) -> Option<&str> {
    let name = name.trim_matches(' ');
    let is_illegal = name.is_empty() || name.ends_with('.') || name.contains(['\t', '*', '"', '<', '>', '|']);
    (!is_illegal).then_some(name)
}

/// What the upload calls have in common in their options; gives the region.
pub(super) fn upload_option<'a>(
    option: &'a Body,
    drivers: &'static [&'static str],
) -> Result<&'a str, Answer> {
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

/// At most three properties, each whole.
pub(super) fn properties(option: &Body) -> Result<Vec<StoredProperty>, Answer> {
    let list = optional(option, "appProperties", PARAM_ERROR, Value::as_array)?;
    let list = list.map_or(&[][..], Vec::as_slice);
    if list.len() > MOST_PROPERTIES {
        return Err(error(400, PARAM_ERROR, "There are more than 3 appProperties."));
    }
    list.iter().map(property).collect()
}

fn property(value: &Value) -> Result<StoredProperty, Answer> {
    let wrong = || error(400, PARAM_ERROR, "Each of the appProperties must be an object.");
    let fields = value.as_object().ok_or_else(wrong)?;
    let visibility = required(fields, "visibility", PARAM_ERROR, word(&["PUBLIC", "PRIVATE"]))?;
    Ok(StoredProperty {
        name: required(fields, "name", PARAM_ERROR, text)?.to_owned(),
        value: required(fields, "value", PARAM_ERROR, Value::as_str)?.to_owned(),
        visibility: visibility.to_owned(),
    })
}
