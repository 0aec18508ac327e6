//! Storage 1.0: entries of a space.

use dingtalk_files::{
    AddFolder, AppProperty, ConflictStrategy, CopyDentries, CopyDentry, DeleteDentries, DeleteDentry,
    DentryOrderBy, GetDentries, GetDentry, ListAllDentries, ListDentries, ListDentryVersions, MoveDentries,
    MoveDentry, SortOrder, UnionId, Visibility,
};

use super::Row;

const PERSON: UnionId<'static> = UnionId("union-1");

/// Builds a call of a storage operation that returns its answer as text.
macro_rules! call {
    ($name:ident($($argument:expr),*)) => {
        |client| client.storage().$name($($argument),*).map(|answer| format!("{answer:?}"))
    };
}

/// Builds the row of an operation. Without options there is only one way to call it.
macro_rules! row {
    ($name:ident($($argument:expr),*)) => {
        row!($name($($argument),*) or ($($argument),*))
    };
    ($name:ident($($full:expr),*) or ($($bare:expr),*) $(withheld $withheld:expr)?) => {
        Row {
            group: "storage",
            name: stringify!($name),
            full: call!($name($($full),*)),
            bare: call!($name($($bare),*)),
            withheld: &[$($withheld)?],
        }
    };
}

fn property() -> AppProperty {
    AppProperty::new("property-1", "value-1", Visibility::Public)
}

pub(super) const ROWS: &[Row] = &[
    row!(get_dentry(
        "space-1", "dentry-1", PERSON,
        &GetDentry::new().app_ids_for_app_properties(["app-1".to_owned()]).with_thumbnail(true)
    ) or ("space-1", "dentry-1", PERSON, &GetDentry::new()) withheld "dentry.thumbnail.url"),
    row!(get_dentries(
        "space-1", &["dentry-1", "dentry-2"], PERSON,
        &GetDentries::new().app_ids_for_app_properties(["app-1".to_owned()]).with_thumbnail(true)
    ) or ("space-1", &["dentry-1"], PERSON, &GetDentries::new()) withheld "resultItems.dentry.thumbnail.url"),
    row!(list_dentries(
        "space-1", "0", PERSON,
        &ListDentries::new()
            .next_token("next-token-1")
            .max_results(30)
            .order_by(DentryOrderBy::Size)
            .order(SortOrder::Ascending)
            .with_thumbnail(true)
    ) or ("space-1", "0", PERSON, &ListDentries::new()) withheld "dentries.thumbnail.url"),
    row!(list_all_dentries(
        "space-1", PERSON,
        &ListAllDentries::new()
            .next_token("next-token-1")
            .max_results(30)
            .order(SortOrder::Descending)
            .with_thumbnail(true)
    ) or ("space-1", PERSON, &ListAllDentries::new()) withheld "dentries.thumbnail.url"),
    row!(add_folder(
        "space-1", "folder-1", "name-1", PERSON,
        &AddFolder::new().conflict_strategy(ConflictStrategy::Overwrite).app_properties([property()])
    ) or ("space-1", "folder-1", "name-1", PERSON, &AddFolder::new())),
    row!(rename_dentry("space-1", "dentry-1", "name-1", PERSON)),
    row!(copy_dentry(
        "space-1", "dentry-1", "space-2", "folder-2", PERSON,
        &CopyDentry::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists)
    ) or ("space-1", "dentry-1", "space-2", "folder-2", PERSON, &CopyDentry::new())),
    row!(copy_dentries(
        "space-1", "space-2", "folder-2", &["dentry-1", "dentry-2"], PERSON,
        &CopyDentries::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists)
    ) or ("space-1", "space-2", "folder-2", &["dentry-1"], PERSON, &CopyDentries::new())),
    row!(move_dentry(
        "space-1", "dentry-1", "space-2", "folder-2", PERSON,
        &MoveDentry::new().conflict_strategy(ConflictStrategy::Overwrite).preserve_permissions(true)
    ) or ("space-1", "dentry-1", "space-2", "folder-2", PERSON, &MoveDentry::new())),
    row!(move_dentries(
        "space-1", "space-2", "folder-2", &["dentry-1", "dentry-2"], PERSON,
        &MoveDentries::new().conflict_strategy(ConflictStrategy::Overwrite).preserve_permissions(true)
    ) or ("space-1", "space-2", "folder-2", &["dentry-1"], PERSON, &MoveDentries::new())),
    row!(delete_dentry(
        "space-1", "dentry-1", PERSON, &DeleteDentry::new().to_recycle_bin(true)
    ) or ("space-1", "dentry-1", PERSON, &DeleteDentry::new())),
    row!(delete_dentries(
        "space-1", &["dentry-1", "dentry-2"], PERSON, &DeleteDentries::new().to_recycle_bin(true)
    ) or ("space-1", &["dentry-1"], PERSON, &DeleteDentries::new())),
    row!(update_dentry_app_properties("space-1", "dentry-1", &[property()], PERSON)),
    row!(delete_dentry_app_properties("space-1", "dentry-1", &["property-1"], PERSON)),
    Row {
        withheld: &["resultItems.thumbnail.url"],
        ..row!(get_dentry_thumbnails("space-1", &["dentry-1", "dentry-2"], PERSON))
    },
    row!(list_dentry_versions(
        "space-1", "dentry-1", PERSON, &ListDentryVersions::new().next_token("next-token-1").max_results(30)
    ) or ("space-1", "dentry-1", PERSON, &ListDentryVersions::new())),
    row!(revert_dentry_version("space-1", "dentry-1", 3, PERSON)),
];
