//! The JSON of files and folders.

use crate::testing::state::tokens::APP_KEY;
use crate::testing::state::tree::{FakeDentry, ROOT, Tree};
use serde_json::{Value, json};

/// Returns a file as in the answer of a commit.
pub(crate) fn committed(tree: &Tree, ids: (&str, &str), with_category: bool) -> Option<Value> {
    let dentry = tree.dentry(ids.0, ids.1)?;
    let mut value = common(tree, ids, dentry)?;
    let properties = dentry.properties.iter().map(|property| {
        let (name, value, visibility) = (&property.name, &property.value, &property.visibility);
        json!({"name": name, "value": value, "visibility": visibility})
    });
    let properties: Vec<_> = properties.collect();
    let fields = value.as_object_mut()?;
    fields.insert("properties".to_owned(), json!({"readOnly": false}));
    // The properties are grouped by the id of their owner, which is the app's key.
    let owners = if properties.is_empty() { json!({}) } else { json!({APP_KEY: properties}) };
    fields.insert("appProperties".to_owned(), owners);
    fields.insert("partitionType".to_owned(), "PUBLIC_OSS_PARTITION".into());
    fields.insert("storageDriver".to_owned(), "DINGTALK".into());
    if with_category {
        fields.insert("category".to_owned(), category(dentry.name()).into());
    }
    Some(value)
}

/// Returns a file or folder as in the answers of calls that read the tree.
pub(crate) fn entry(tree: &Tree, ids: (&str, &str), with_category: bool) -> Option<Value> {
    committed(tree, ids, with_category).or_else(|| folder(tree, ids))
}

fn folder(tree: &Tree, (space_id, id): (&str, &str)) -> Option<Value> {
    let folder = tree.folder(space_id, id).filter(|_| id != ROOT)?;
    Some(json!({
        "id": id,
        "spaceId": space_id,
        "parentId": folder.parent_id,
        "type": "FOLDER",
        "name": folder.name,
        "path": tree.path(space_id, &folder.parent_id, &folder.name),
        "version": 1,
        "status": "NORMAL",
        "creatorId": "fake-creator",
        "modifierId": "fake-modifier",
        "createTime": folder.create_time,
        "modifiedTime": folder.modified_time,
        "properties": {"readOnly": false},
        "appProperties": {},
        "uuid": tree.uuid(space_id, id),
    }))
}

/// Returns a file as in the answer of a send.
pub(crate) fn sent(tree: &Tree, ids: (&str, &str), conversation: &str) -> Option<Value> {
    let mut value = common(tree, ids, tree.dentry(ids.0, ids.1)?)?;
    value.as_object_mut()?.insert("conversationId".to_owned(), conversation.into());
    Some(value)
}

fn common(tree: &Tree, (space_id, id): (&str, &str), dentry: &FakeDentry) -> Option<Value> {
    let latest = dentry.latest()?;
    let name = dentry.name();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    Some(json!({
        "id": id,
        "spaceId": space_id,
        "parentId": dentry.parent_id,
        "type": "FILE",
        "name": name,
        "size": latest.listed_size,
        "path": tree.path(space_id, &dentry.parent_id, name),
        "version": dentry.version_count(),
        "status": "NORMAL",
        "extension": extension,
        "creatorId": dentry.creator,
        "modifierId": dentry.modifier,
        "createTime": dentry.create_time,
        "modifiedTime": latest.modified_time,
        "uuid": tree.uuid(space_id, id),
    }))
}

fn category(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "png" | "jpg" | "jpeg" | "gif" | "bmp" | "webp" => "IMAGE",
        "mp4" | "mov" | "avi" | "mkv" => "VIDEO",
        "mp3" | "wav" | "flac" | "m4a" => "AUDIO",
        "zip" | "rar" | "7z" | "gz" | "tar" => "ARCHIVE",
        "txt" | "md" | "pdf" | "doc" | "docx" | "xls" | "xlsx" | "ppt" | "pptx" => "DOCUMENT",
        _ => "OTHER",
    }
}
