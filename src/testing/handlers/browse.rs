//! Reads of the tree: files and folders by their ids, and the entries of a folder or a space.

use super::call::FakeCall;
use super::checks::{check_rights, check_space, checked, ok, union_id};
use super::dentry_json;
use super::fields::{JsonObject, PARAM_ERROR, legal_name, option, optional, query_bool, required, text};
use super::uploads::conflict;
use crate::testing::data::errors::api_error;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use crate::testing::state::tree::Child;
use serde_json::{Value, json};

/// The maximum number of entries that a call can request by their ids.
const MOST_DENTRIES: usize = 30;
/// The maximum number of owners of properties in one call.
const MOST_OWNERS: usize = 20;
/// The maximum number of entries on a page.
const MOST_RESULTS: usize = 50;
/// The beginning of a page token; the rest is the number of entries before the page.
const PAGE: &str = "fake-page-";

/// Returns a file or folder.
pub(crate) fn get_dentry(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    check_option(&body)?;
    let state = shared.state();
    check_space(&state.tree, call.param(0))?;
    let dentry = dentry_json::entry(&state.tree, (call.param(0), call.param(1)), false);
    let dentry =
        dentry.ok_or_else(|| api_error(404, "dentryNotExist", "The file or folder does not exist."))?;
    Ok(ok(&json!({"dentry": dentry})))
}

/// Returns several files or folders. An entry that does not exist gets its own error.
pub(crate) fn get_dentries(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    check_option(&body)?;
    let ids = required(&body, "dentryIds", PARAM_ERROR, dentry_ids)?;
    let (space_id, state) = (call.param(0), shared.state());
    check_space(&state.tree, space_id)?;
    let result = |id: &&str| {
        let id = *id;
        match dentry_json::entry(&state.tree, (space_id, id), false) {
            Some(dentry) => json!({"spaceId": space_id, "dentryId": id, "success": true, "dentry": dentry}),
            None => {
                json!({"spaceId": space_id, "dentryId": id, "success": false, "errorCode": "dentryNotExist"})
            }
        }
    };
    let results: Vec<_> = ids.iter().map(result).collect();
    Ok(ok(&json!({"resultItems": results})))
}

fn dentry_ids(value: &Value) -> Option<Vec<&str>> {
    let list = value.as_array().filter(|list| (1..=MOST_DENTRIES).contains(&list.len()))?;
    list.iter().map(text).collect()
}

/// Checks the options of calls for entries by their ids.
fn check_option(body: &JsonObject) -> Result<(), FakeResponse> {
    let empty = JsonObject::new();
    let option = option(body, &empty)?;
    optional(option, "withThumbnail", PARAM_ERROR, Value::as_bool)?;
    let is_right = |list: &&Vec<Value>| list.len() <= MOST_OWNERS && list.iter().all(Value::is_string);
    optional(option, "appIdsForAppProperties", PARAM_ERROR, |value| value.as_array().filter(is_right))?;
    Ok(())
}

/// Returns a page of a folder's entries.
pub(crate) fn list_dentries(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    union_id(call.request)?;
    let query = |name| call.request.query_value(name);
    let parent_id = query("parentId").unwrap_or_default();
    let limit = query("maxResults").map(|text| text.parse().unwrap_or_default());
    let place = Place::new(limit, query("nextToken"))?;
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
    let children = state.tree.children(space_id, Some(parent_id));
    let order_by = query("orderBy").unwrap_or("MODIFIED_TIME");
    let children = sorted(children, order_by, query("order").unwrap_or("DESC"))?;
    let json = |child: &Child| dentry_json::entry(&state.tree, (space_id, &child.id), true);
    Ok(place.page(&children, json))
}

/// Returns a page of the entries in all folders of a space.
pub(crate) fn list_all_dentries(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    let empty = JsonObject::new();
    let option = option(&body, &empty)?;
    optional(option, "withThumbnail", PARAM_ERROR, Value::as_bool)?;
    let limit = optional(option, "maxResults", PARAM_ERROR, Value::as_u64)?;
    let place = Place::new(limit, optional(option, "nextToken", PARAM_ERROR, Value::as_str)?)?;
    let order = optional(option, "order", PARAM_ERROR, Value::as_str)?.unwrap_or("ASC");

    let (space_id, state) = (call.param(0), shared.state());
    check_space(&state.tree, space_id)?;
    let children = sorted(state.tree.children(space_id, None), "MODIFIED_TIME", order)?;
    let json = |child: &Child| dentry_json::entry(&state.tree, (space_id, &child.id), false);
    Ok(place.page(&children, json))
}

fn wrong(name: &str) -> FakeResponse {
    api_error(400, PARAM_ERROR, &format!("The parameter {name} is missing or not right."))
}

fn sorted(mut children: Vec<Child>, order_by: &str, order: &str) -> Result<Vec<Child>, FakeResponse> {
    // Entries with equal keys need a stable order, or pages would overlap. In ascending order, folders come before
    // files, and files keep the order in which they were stored.
    children.sort_by(|a, b| a.id.cmp(&b.id));
    match order_by {
        "NAME" => children.sort_by(|a, b| a.name.cmp(&b.name)),
        "SIZE" => children.sort_by_key(|child| child.size),
        "MODIFIED_TIME" => children.sort_by_key(|child| (child.modified, child.size.is_some(), child.number)),
        "CREATE_TIME" => children.sort_by_key(|child| (child.created, child.size.is_some(), child.number)),
        _ => return Err(wrong("orderBy")),
    }
    match order {
        "ASC" => {}
        "DESC" => children.reverse(),
        _ => return Err(wrong("order")),
    }
    Ok(children)
}

/// The position of a page in a list.
struct Place {
    /// The number of entries before the page.
    start: usize,
    /// The maximum number of entries on the page.
    limit: usize,
}

impl Place {
    fn new(limit: Option<u64>, token: Option<&str>) -> Result<Self, FakeResponse> {
        let limit = limit.map_or(Some(MOST_RESULTS), |limit| usize::try_from(limit).ok());
        let limit = limit.filter(|limit| (1..=MOST_RESULTS).contains(limit));
        let start = token.map_or(Some(0), |token| token.strip_prefix(PAGE)?.parse().ok());
        let (limit, start) =
            (limit.ok_or_else(|| wrong("maxResults"))?, start.ok_or_else(|| wrong("nextToken"))?);
        Ok(Self { start, limit })
    }

    fn page(&self, children: &[Child], json: impl Fn(&Child) -> Option<Value>) -> FakeResponse {
        let page: Vec<_> = children.iter().skip(self.start).take(self.limit).filter_map(json).collect();
        let mut answer = json!({"dentries": page});
        let end = self.start.saturating_add(self.limit);
        if let Some(answer) = answer.as_object_mut().filter(|_| end < children.len()) {
            answer.insert("nextToken".to_owned(), format!("{PAGE}{end}").into());
        }
        ok(&answer)
    }
}

/// Makes a folder.
pub(crate) fn add_folder(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    let (body, _) = checked(shared, call)?;
    let (space_id, parent_id) = (call.param(0), call.param(1));
    let name = required(&body, "name", PARAM_ERROR, text)?;
    let name =
        legal_name(name).ok_or_else(|| api_error(400, "dentryNameIllegal", "The name is not legal."))?;
    let empty = JsonObject::new();
    let conflict = conflict(option(&body, &empty)?)?;
    let mut state = shared.state();
    check_space(&state.tree, space_id)?;
    if state.tree.folder(space_id, parent_id).is_none() {
        return Err(api_error(404, "dentryNotExist", "The folder does not exist."));
    }
    let Some(id) = state.tree.make_folder((space_id, parent_id), name, conflict) else {
        return Err(api_error(400, "dentryAlreadyExist", "The folder has an entry of this name already."));
    };
    Ok(ok(&json!({"dentry": dentry_json::entry(&state.tree, (space_id, &id), false)})))
}
