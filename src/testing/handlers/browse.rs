//! Reading the tree: one file or folder, and the entries of a folder.

use super::call::FakeCall;
use super::checks::{check_rights, check_space, checked, ok, union_id};
use super::dentry_json;
use super::fields::{JsonObject, PARAM_ERROR, option, optional, query_bool};
use crate::testing::data::errors::api_error;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use crate::testing::state::tree::Child;
use serde_json::{Value, json};

/// The most owners of properties in one call.
const MOST_OWNERS: usize = 20;
/// The most entries on a page.
const MOST_RESULTS: usize = 50;
/// The beginning of a page token; the rest is the number of entries before the page.
const PAGE: &str = "fake-page-";

/// Returns a file or folder.
pub(crate) fn get_dentry(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    let empty = JsonObject::new();
    let option = option(&body, &empty)?;
    optional(option, "withThumbnail", PARAM_ERROR, Value::as_bool)?;
    let is_right = |list: &&Vec<Value>| list.len() <= MOST_OWNERS && list.iter().all(Value::is_string);
    optional(option, "appIdsForAppProperties", PARAM_ERROR, |value| value.as_array().filter(is_right))?;
    let state = shared.state();
    check_space(&state.tree, call.param(0))?;
    let dentry = dentry_json::entry(&state.tree, (call.param(0), call.param(1)), false);
    let dentry =
        dentry.ok_or_else(|| api_error(404, "dentryNotExist", "The file or folder does not exist."))?;
    Ok(ok(&json!({"dentry": dentry})))
}

/// Returns a page of a folder's entries.
pub(crate) fn list_dentries(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    union_id(call.request)?;
    let wrong =
        |name: &str| api_error(400, PARAM_ERROR, &format!("The parameter {name} is missing or not right."));
    let query = |name| call.request.query_value(name);
    let parent_id = query("parentId").unwrap_or_default();
    let limit = query("maxResults").map_or(Some(MOST_RESULTS), |text| text.parse().ok());
    let limit =
        limit.filter(|limit| (1..=MOST_RESULTS).contains(limit)).ok_or_else(|| wrong("maxResults"))?;
    let start = query("nextToken").map_or(Some(0), |token| token.strip_prefix(PAGE)?.parse().ok());
    let start: usize = start.ok_or_else(|| wrong("nextToken"))?;
    query_bool(call.request, "withThumbnail")?;

    let space_id = call.param(0);
    let state = shared.state();
    check_space(&state.tree, space_id)?;
    if parent_id.is_empty() {
        return Err(wrong("parentId"));
    }
    if state.tree.folder(space_id, parent_id).is_none() {
        return Err(api_error(404, "dentryNotExist", "The folder does not exist."));
    }
    let mut children = state.tree.children(space_id, parent_id);
    // Entries with equal keys need the same order at every call, or pages would not fit together.
    children.sort_by(|a, b| a.id.cmp(&b.id));
    match query("orderBy").unwrap_or("MODIFIED_TIME") {
        "NAME" => children.sort_by(|a, b| a.name.cmp(&b.name)),
        "SIZE" => children.sort_by_key(|child| child.size),
        // All times are equal here: folders first, then files in the order in which they were stored.
        "MODIFIED_TIME" | "CREATE_TIME" => children.sort_by_key(|child| (child.size.is_some(), child.number)),
        _ => return Err(wrong("orderBy")),
    }
    match query("order").unwrap_or("DESC") {
        "ASC" => {}
        "DESC" => children.reverse(),
        _ => return Err(wrong("order")),
    }
    let json = |child: &Child| dentry_json::entry(&state.tree, (space_id, &child.id), true);
    let page: Vec<_> = children.iter().skip(start).take(limit).filter_map(json).collect();
    let mut answer = json!({"dentries": page});
    let end = start.saturating_add(limit);
    if let Some(answer) = answer.as_object_mut().filter(|_| end < children.len()) {
        answer.insert("nextToken".to_owned(), format!("{PAGE}{end}").into());
    }
    Ok(ok(&answer))
}
