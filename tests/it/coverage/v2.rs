use dingtalk_files::{
    AddPermission, CleanFile, Language, ListOperationLogs, ListPermissions, ListRecents, ListStars,
    ManagerSetDefaultHandOverUser, MemberType, MemberV2, PermissionInheritance, Result, RoleId,
    SearchDentries, SearchPublishDentries, SearchTimeRange, SearchWorkspaces, SetPermissionShareScope,
    UnionId, UpdatePermission, UserGet, UserId,
};

use super::Row;

const PERSON: UnionId<'static> = UnionId("union-1");

fn shown<T: std::fmt::Debug>(answer: Result<T>) -> Result<String> {
    answer.map(|answer| format!("{answer:?}"))
}

fn full_members() -> [MemberV2; 1] {
    [MemberV2::new(MemberType::Dept, "dept-1").corp_id("corp-1").name("name-1")]
}

fn bare_members() -> [MemberV2; 1] {
    [MemberV2::new(MemberType::User, "userid-1")]
}

fn texts() -> [String; 2] {
    ["word-1".to_owned(), "word-2".to_owned()]
}

fn span() -> SearchTimeRange {
    SearchTimeRange::new().start_time(1).end_time(2)
}

pub(super) const ROWS: &[Row] = &[
    Row {
        group: "storage_v2",
        name: "add_permission",
        full: |client| {
            shown(client.storage_v2().add_permission(
                "uuid-1",
                &RoleId::Manager,
                &full_members(),
                PERSON,
                &AddPermission::new().duration(600),
            ))
        },
        bare: |client| {
            shown(client.storage_v2().add_permission(
                "uuid-1",
                &RoleId::Manager,
                &bare_members(),
                PERSON,
                &AddPermission::new(),
            ))
        },
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "batch_query_roles",
        full: |client| shown(client.storage_v2().batch_query_roles(&["uuid-1", "uuid-2"], PERSON)),
        bare: |client| shown(client.storage_v2().batch_query_roles(&["uuid-1", "uuid-2"], PERSON)),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "clean_file",
        full: |client| {
            shown(
                client.storage_v2().clean_file(
                    &CleanFile::new()
                        .clean_reason("reason")
                        .dentry_id(798)
                        .operator_id("operator-1")
                        .space_id(854),
                ),
            )
        },
        bare: |client| shown(client.storage_v2().clean_file(&CleanFile::new())),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "delete_permission",
        full: |client| {
            shown(client.storage_v2().delete_permission("uuid-1", &RoleId::Manager, &full_members(), PERSON))
        },
        bare: |client| {
            shown(client.storage_v2().delete_permission("uuid-1", &RoleId::Manager, &bare_members(), PERSON))
        },
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "get_permission_inheritance",
        full: |client| shown(client.storage_v2().get_permission_inheritance("uuid-1", PERSON)),
        bare: |client| shown(client.storage_v2().get_permission_inheritance("uuid-1", PERSON)),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "get_permission_share_scope",
        full: |client| shown(client.storage_v2().get_permission_share_scope("uuid-1", PERSON)),
        bare: |client| shown(client.storage_v2().get_permission_share_scope("uuid-1", PERSON)),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "list_operation_logs",
        full: |client| {
            shown(
                client.storage_v2().list_operation_logs(
                    &ListOperationLogs::new()
                        .start_time(1)
                        .end_time(2)
                        .actions(texts())
                        .scenes(texts())
                        .operator_id("operator-1")
                        .subject_id("subject-1")
                        .max_results(20)
                        .next_token("token-1"),
                ),
            )
        },
        bare: |client| shown(client.storage_v2().list_operation_logs(&ListOperationLogs::new())),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "list_permissions",
        full: |client| {
            shown(
                client.storage_v2().list_permissions(
                    "uuid-1",
                    PERSON,
                    &ListPermissions::new()
                        .filter_role_ids([RoleId::Owner])
                        .max_results(20)
                        .next_token("token-1"),
                ),
            )
        },
        bare: |client| shown(client.storage_v2().list_permissions("uuid-1", PERSON, &ListPermissions::new())),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "list_recents",
        full: |client| {
            shown(
                client.storage_v2().list_recents(
                    &ListRecents::new()
                        .operator_id(PERSON)
                        .file_types([1, 2])
                        .operate_types([3, 4])
                        .max_results(20)
                        .next_token("token-1"),
                ),
            )
        },
        bare: |client| shown(client.storage_v2().list_recents(&ListRecents::new())),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "list_stars",
        full: |client| {
            shown(
                client.storage_v2().list_stars(
                    &ListStars::new()
                        .operator_id(PERSON)
                        .order_by("word-1")
                        .sort_type("word-2")
                        .support_resource_types(texts())
                        .max_results(20)
                        .next_token("token-1"),
                ),
            )
        },
        bare: |client| shown(client.storage_v2().list_stars(&ListStars::new())),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "manager_get_default_hand_over_user",
        full: |client| shown(client.storage_v2().manager_get_default_hand_over_user(PERSON)),
        bare: |client| shown(client.storage_v2().manager_get_default_hand_over_user(PERSON)),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "manager_set_default_hand_over_user",
        full: |client| {
            shown(client.storage_v2().manager_set_default_hand_over_user(
                PERSON,
                &ManagerSetDefaultHandOverUser::new().default_handover_user_id("user-2"),
            ))
        },
        bare: |client| {
            shown(
                client
                    .storage_v2()
                    .manager_set_default_hand_over_user(PERSON, &ManagerSetDefaultHandOverUser::new()),
            )
        },
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "search_dentries",
        full: |client| {
            shown(
                client.storage_v2().search_dentries(
                    "keyword",
                    PERSON,
                    &SearchDentries::new()
                        .space_ids([854])
                        .dentry_categories(texts())
                        .creator_ids(texts())
                        .modifier_ids(texts())
                        .create_time_range(span())
                        .visit_time_range(span())
                        .max_results(20)
                        .next_token("token-1"),
                ),
            )
        },
        bare: |client| shown(client.storage_v2().search_dentries("keyword", PERSON, &SearchDentries::new())),
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "search_publish_dentries",
        full: |client| {
            shown(client.storage_v2().search_publish_dentries(
                "keyword",
                "workspace-1",
                PERSON,
                &SearchPublishDentries::new().max_results(20).next_token("token-1"),
            ))
        },
        bare: |client| {
            shown(client.storage_v2().search_publish_dentries(
                "keyword",
                "workspace-1",
                PERSON,
                &SearchPublishDentries::new(),
            ))
        },
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "search_workspaces",
        full: |client| {
            shown(client.storage_v2().search_workspaces(
                "keyword",
                PERSON,
                &SearchWorkspaces::new().max_results(10).next_token("token-1"),
            ))
        },
        bare: |client| {
            shown(client.storage_v2().search_workspaces("keyword", PERSON, &SearchWorkspaces::new()))
        },
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "set_permission_inheritance",
        full: |client| {
            shown(client.storage_v2().set_permission_inheritance(
                "uuid-1",
                &PermissionInheritance::PassOn,
                PERSON,
            ))
        },
        bare: |client| {
            shown(client.storage_v2().set_permission_inheritance(
                "uuid-1",
                &PermissionInheritance::PassOn,
                PERSON,
            ))
        },
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "set_permission_share_scope",
        full: |client| {
            shown(client.storage_v2().set_permission_share_scope(
                "uuid-1",
                "ORG_READ",
                PERSON,
                &SetPermissionShareScope::new().can_search(true),
            ))
        },
        bare: |client| {
            shown(client.storage_v2().set_permission_share_scope(
                "uuid-1",
                "ORG_READ",
                PERSON,
                &SetPermissionShareScope::new(),
            ))
        },
        withheld: &[],
    },
    Row {
        group: "storage_v2",
        name: "update_permission",
        full: |client| {
            shown(client.storage_v2().update_permission(
                "uuid-1",
                &RoleId::Manager,
                &full_members(),
                PERSON,
                &UpdatePermission::new().duration(600),
            ))
        },
        bare: |client| {
            shown(client.storage_v2().update_permission(
                "uuid-1",
                &RoleId::Manager,
                &bare_members(),
                PERSON,
                &UpdatePermission::new(),
            ))
        },
        withheld: &[],
    },
    Row {
        group: "doc",
        name: "get_dentry_id_by_uuid",
        full: |client| shown(client.doc().get_dentry_id_by_uuid("uuid-1", PERSON)),
        bare: |client| shown(client.doc().get_dentry_id_by_uuid("uuid-1", PERSON)),
        withheld: &[],
    },
    Row {
        group: "doc",
        name: "get_uuid_by_dentry_id",
        full: |client| shown(client.doc().get_uuid_by_dentry_id("dentry-1", "space-1", PERSON)),
        bare: |client| shown(client.doc().get_uuid_by_dentry_id("dentry-1", "space-1", PERSON)),
        withheld: &[],
    },
    Row {
        group: "oauth2",
        name: "get_token",
        full: |client| shown(client.oauth2().get_token("corp-1", "client-1", "client-secret-1")),
        bare: |client| shown(client.oauth2().get_token("corp-1", "client-1", "client-secret-1")),
        withheld: &["access_token"],
    },
    Row {
        group: "convFile",
        name: "get_space",
        full: |client| shown(client.conv_file().get_space("open-1", PERSON)),
        bare: |client| shown(client.conv_file().get_space("open-1", PERSON)),
        withheld: &[],
    },
    Row {
        group: "convFile",
        name: "send_link",
        full: |client| shown(client.conv_file().send_link("space-1", "dentry-1", "open-1", PERSON)),
        bare: |client| shown(client.conv_file().send_link("space-1", "dentry-1", "open-1", PERSON)),
        withheld: &[],
    },
    Row {
        group: "topapi",
        name: "user_get",
        full: |client| {
            shown(client.topapi().user_get(UserId("userid-1"), &UserGet::new().language(Language::English)))
        },
        bare: |client| shown(client.topapi().user_get(UserId("userid-1"), &UserGet::new())),
        withheld: &[],
    },
];
