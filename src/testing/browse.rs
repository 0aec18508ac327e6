//! Looking at what is there: one file or folder, and what a folder holds.

use super::answer::Answer;
use super::dentry;
use super::dingtalk::{check_rights, checked, error, ok, union_id};
use super::fields::{Body, PARAM_ERROR, option, optional};
use super::files::Child;
use super::routes::Call;
use super::state::Shared;
use serde_json::{Value, json};

/// How many owners of properties one call can name, and how many entries a page can have.
const MOST_OWNERS: usize = 20;
const MOST_RESULTS: usize = 50;
/// How a token for a page begins; the rest is the number of entries before it.
const PAGE: &str = "fake-page-";

/// Says what a file or folder is.
pub(super) fn get_dentry(shared: &Shared, call: &Call<'_>) -> Answer {
    try_get_dentry(shared, call).unwrap_or_else(|answer| answer)
}

fn try_get_dentry(shared: &Shared, call: &Call<'_>) -> Result<Answer, Answer> {
    let (body, _) = checked(shared, call)?;
    let empty = Body::new();
    let option = option(&body, &empty)?;
    optional(option, "withThumbnail", PARAM_ERROR, Value::as_bool)?;
    let is_right = |list: &&Vec<Value>| list.len() <= MOST_OWNERS && list.iter().all(Value::is_string);
    optional(option, "appIdsForAppProperties", PARAM_ERROR, |value| value.as_array().filter(is_right))?;
    let state = shared.state();
    if !state.tree.has_space(call.param(0)) {
        return Err(no_space());
    }
    let dentry = dentry::looked_at(shared, &state.tree, (call.param(0), call.param(1)), false);
    let dentry = dentry.ok_or_else(|| error(404, "dentryNotExist", "There is no such file or folder."))?;
    Ok(ok(&json!({"dentry": dentry})))
}

/// Lists a page of what a folder holds.
pub(super) fn list_dentries(shared: &Shared, call: &Call<'_>) -> Answer {
    try_list_dentries(shared, call).unwrap_or_else(|answer| answer)
}

fn try_list_dentries(shared: &Shared, call: &Call<'_>) -> Result<Answer, Answer> {
    check_rights(shared, call.request)?;
    union_id(call.request)?;
    let wrong =
        |name: &str| error(400, PARAM_ERROR, &format!("The parameter {name} is missing or not right."));
    let query = |name| call.request.query_value(name);
    let parent_id = query("parentId").unwrap_or_default();
    let limit = query("maxResults").map_or(Some(MOST_RESULTS), |text| text.parse().ok());
    let limit =
        limit.filter(|limit| (1..=MOST_RESULTS).contains(limit)).ok_or_else(|| wrong("maxResults"))?;
    let start = query("nextToken").map_or(Some(0), |token| token.strip_prefix(PAGE)?.parse().ok());
    let start: usize = start.ok_or_else(|| wrong("nextToken"))?;
    if !matches!(query("withThumbnail"), None | Some("true" | "false")) {
        return Err(wrong("withThumbnail"));
    }

    let space_id = call.param(0);
    let state = shared.state();
    if !state.tree.has_space(space_id) {
        return Err(no_space());
    }
    if parent_id.is_empty() {
        return Err(wrong("parentId"));
    }
    if state.tree.folder(space_id, parent_id).is_none() {
        return Err(error(404, "dentryNotExist", "There is no such folder."));
    }
    let mut children = state.tree.children(space_id, parent_id);
    // Two with the same key come in the same order at every call, or pages would not fit together.
    children.sort_by(|a, b| a.id.cmp(&b.id));
    match query("orderBy").unwrap_or("MODIFIED_TIME") {
        "NAME" => children.sort_by(|a, b| a.name.cmp(&b.name)),
        "SIZE" => children.sort_by_key(|child| child.size),
        // All times are the same here: folders first, then the files as they came.
        "MODIFIED_TIME" | "CREATE_TIME" => children.sort_by_key(|child| (child.size.is_some(), child.number)),
        _ => return Err(wrong("orderBy")),
    }
    match query("order").unwrap_or("DESC") {
        "ASC" => {}
        "DESC" => children.reverse(),
        _ => return Err(wrong("order")),
    }
    let json = |child: &Child| dentry::looked_at(shared, &state.tree, (space_id, &child.id), true);
    let page: Vec<_> = children.iter().skip(start).take(limit).filter_map(json).collect();
    let mut answer = json!({"dentries": page});
    let end = start.saturating_add(limit);
    if let Some(answer) = answer.as_object_mut().filter(|_| end < children.len()) {
        answer.insert("nextToken".to_owned(), format!("{PAGE}{end}").into());
    }
    Ok(ok(&answer))
}

fn no_space() -> Answer {
    error(404, "spaceNotExist", "There is no such space.")
}
