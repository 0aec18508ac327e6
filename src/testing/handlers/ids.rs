//! Sources of ids: spaces of the drive, knowledge bases and their nodes, links. Each space is also a knowledge base.

use super::call::FakeCall;
use super::checks::{check_operator, check_rights, json_body, ok, union_id};
use super::dentry_json;
use super::fields::{PARAM_ERROR, required, text};
use crate::testing::data::errors::api_error;
use crate::testing::data::records::Recorded;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use crate::testing::state::tree::{ROOT, Tree};
use serde_json::{Value, json};

const PAGE: &str = "page-";
const LINK: &str = "https://alidocs.dingtalk.com/i/nodes/";

/// Lists the spaces.
pub(crate) fn list_spaces(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    union_id(call.request)?;
    if call.request.query_value("spaceType") != Some("org") {
        return Err(api_error(400, "param.error", "The only type of space is `org`."));
    }
    if call.request.query_value("maxResults").is_none() {
        return Err(api_error(400, "param.error.maxresults", "The parameter maxResults is missing."));
    }
    let spaces = shared.state().tree.spaces();
    let spaces = spaces
        .iter()
        .map(|id| json!({"spaceId": id, "spaceName": id, "spaceType": "org", "quota": -1, "usedQuota": 0}));
    page(call.request, "spaces", spaces.collect(), usize::MAX)
}

/// Lists the knowledge bases.
pub(crate) fn list_workspaces(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    check_operator(call.request)?;
    let state = shared.state();
    let all = state.tree.spaces().iter().map(|id| workspace(&state.tree, id, "TEAM")).collect();
    page(call.request, "workspaces", all, 30)
}

/// Returns the first space as the user's personal knowledge base.
pub(crate) fn mine(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    check_operator(call.request)?;
    let state = shared.state();
    let spaces = state.tree.spaces();
    let first = spaces.first().ok_or_else(|| api_error(403, "permissionDenied", "The fake has no space."))?;
    Ok(ok(&json!({"workspace": workspace(&state.tree, first, "PERSONAL")})))
}

/// Lists the files and folders below a node.
pub(crate) fn list_nodes(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    check_operator(call.request)?;
    let parent = call.request.query_value("parentNodeId").unwrap_or_default();
    let state = shared.state();
    let Some((space, folder)) = state.tree.folder_by_uuid(parent) else {
        return Err(api_error(404, "parentNodeNotExist", "The parent does not exist."));
    };
    let mut children = state.tree.children(&space, Some(&folder));
    children.sort_by(|a, b| a.name.cmp(&b.name));
    let nodes = children.iter().filter_map(|child| node(&state.tree, &space, &child.id)).collect();
    page(call.request, "nodes", nodes, 50)
}

/// Returns the node that a link points to.
pub(crate) fn node_by_url(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    check_operator(call.request)?;
    let body = json_body(call.request)?;
    let url = required(&body, "url", PARAM_ERROR, text)?;
    let state = shared.state();
    let found = url.strip_prefix(LINK).and_then(|uuid| state.tree.by_uuid(uuid));
    let node = found.and_then(|(space, id)| node(&state.tree, &space, &id));
    let node = node.ok_or_else(|| api_error(404, "nodeNotExist", "The node does not exist."))?;
    Ok(ok(&json!({"node": node})))
}

/// Returns the uuid that a link or a uuid identifies.
pub(crate) fn uuid_by_url(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    check_operator(call.request)?;
    let asked = call.request.query_value("idOrUrl").unwrap_or_default();
    let uuid = asked.strip_prefix(LINK).unwrap_or(asked);
    match shared.state().tree.by_uuid(uuid) {
        Some(_) => Ok(ok(&json!({"dentryUuid": uuid}))),
        None => Err(api_error(404, "documentNotExist", "The document does not exist.")),
    }
}

/// Returns the space and id of the file or folder with a uuid.
pub(crate) fn dentry_ids(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    check_operator(call.request)?;
    let uuid = call.param(0);
    let found = shared.state().tree.by_uuid(uuid);
    let (space, id) =
        found.ok_or_else(|| api_error(404, "documentNotExist", "The document does not exist."))?;
    Ok(ok(&json!({"dentryUuid": uuid, "dentryId": id, "spaceId": space})))
}

fn workspace(tree: &Tree, space_id: &str, kind: &str) -> Value {
    json!({"workspaceId": space_id, "name": space_id, "type": kind, "rootNodeId": tree.uuid(space_id, ROOT),
        "createTime": "2022-01-01T10:00Z", "modifiedTime": "2022-01-01T10:00Z"})
}

fn node(tree: &Tree, space_id: &str, id: &str) -> Option<Value> {
    let mut entry = dentry_json::entry(tree, (space_id, id), true)?;
    let uuid = tree.uuid(space_id, id);
    let has_children = !tree.children(space_id, Some(id)).is_empty();
    let entry = entry.as_object_mut()?;
    let mut take = |name: &str| entry.remove(name).unwrap_or_default();
    Some(json!({"nodeId": uuid, "workspaceId": space_id, "name": take("name"), "type": take("type"),
        "size": take("size"), "extension": take("extension"), "category": take("category"),
        "url": format!("{LINK}{uuid}"), "hasChildren": has_children,
        "createTime": take("createTime"), "modifiedTime": take("modifiedTime")}))
}

/// Creates one page of a list.
fn page(request: &Recorded, name: &str, all: Vec<Value>, most: usize) -> Result<FakeResponse, FakeResponse> {
    let wrong = |name: &str| api_error(400, PARAM_ERROR, &format!("The parameter {name} is not right."));
    let limit = request.query_value("maxResults").map_or(Some(most.min(50)), |text| text.parse().ok());
    let limit = limit.filter(|limit| (1..=most).contains(limit)).ok_or_else(|| wrong("maxResults"))?;
    let start =
        request.query_value("nextToken").map_or(Some(0), |token| token.strip_prefix(PAGE)?.parse().ok());
    let start: usize = start.ok_or_else(|| wrong("nextToken"))?;
    let end = start.saturating_add(limit);
    let token = if end < all.len() { format!("{PAGE}{end}") } else { String::new() };
    let items: Vec<Value> = all.into_iter().skip(start).take(limit).collect();
    Ok(ok(&json!({name: items, "nextToken": token})))
}
