//! Spaces, permissions, the recycle bin, events, and opening files.

use dingtalk_files::{
    AddPermission, AddSpace, Client, ConflictStrategy, EventScope, GetDentryOpenInfo, ListPermissions,
    ListRecycleItems, Member, MemberType, OpenInfo, OpenType, RecycleBinScope, RestoreRecycleItem,
    RestoreRecycleItems, Result, RoleId, Secret, SpaceCapabilities, SpaceOwnerType, UnionId,
    UpdatePermission,
};

use super::Row;

const OPERATOR: UnionId<'_> = UnionId("union-1");

fn text<T: std::fmt::Debug>(answer: Result<T>) -> Result<String> {
    answer.map(|answer| format!("{answer:?}"))
}

/// Returns a member with all fields, of a kind that needs them.
fn department() -> [Member; 1] {
    [Member::new(MemberType::Dept, "dept-1").corp_id("corp-1")]
}

fn person() -> [Member; 1] {
    [Member::user(UnionId("union-2"))]
}

/// Builds the row of an operation without options, whose two calls are the same.
const fn row(name: &'static str, call: fn(&Client) -> Result<String>) -> Row {
    Row { group: "storage", name, full: call, bare: call, withheld: &[] }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        full: |client| {
            let capabilities =
                SpaceCapabilities::new().can_search(true).can_rename(true).can_record_recent_file(true);
            let options = AddSpace::new()
                .name("test-space")
                .quota(1024)
                .capabilities(capabilities)
                .scene("scene")
                .scene_id("123")
                .owner_type(SpaceOwnerType::App);
            text(client.storage().add_space(OPERATOR, &options))
        },
        ..row("add_space", |client| text(client.storage().add_space(OPERATOR, &AddSpace::new())))
    },
    row("get_space", |client| text(client.storage().get_space("space-1", OPERATOR))),
    row("get_org", |client| text(client.storage().get_org("corp-1", OPERATOR))),
    row("get_current_app", |client| text(client.storage().get_current_app(OPERATOR))),
    Row {
        full: |client| {
            let (members, options) = (department(), AddPermission::new().duration(3600));
            let role = RoleId::Manager;
            text(client.storage().add_permission("space-1", "0", &role, &members, OPERATOR, &options))
        },
        ..row("add_permission", |client| {
            let (members, options) = (person(), AddPermission::new());
            let role = RoleId::Reader;
            text(client.storage().add_permission("space-1", "0", &role, &members, OPERATOR, &options))
        })
    },
    Row {
        full: |client| {
            let (members, role) = (department(), RoleId::Manager);
            text(client.storage().delete_permission("space-1", "dentry-1", &role, &members, OPERATOR))
        },
        ..row("delete_permission", |client| {
            let (members, role) = (person(), RoleId::Reader);
            text(client.storage().delete_permission("space-1", "dentry-1", &role, &members, OPERATOR))
        })
    },
    Row {
        full: |client| {
            let (members, options) = (department(), UpdatePermission::new().duration(3600));
            let (storage, role) = (client.storage(), RoleId::Manager);
            text(storage.update_permission("space-1", "dentry-1", &role, &members, OPERATOR, &options))
        },
        ..row("update_permission", |client| {
            let (members, options) = (person(), UpdatePermission::new());
            let (storage, role) = (client.storage(), RoleId::Reader);
            text(storage.update_permission("space-1", "dentry-1", &role, &members, OPERATOR, &options))
        })
    },
    Row {
        full: |client| {
            let options = ListPermissions::new()
                .filter_role_ids([RoleId::Editor])
                .max_results(30)
                .next_token("next-token-1");
            text(client.storage().list_permissions("space-1", "0", OPERATOR, &options))
        },
        ..row("list_permissions", |client| {
            text(client.storage().list_permissions("space-1", "0", OPERATOR, &ListPermissions::new()))
        })
    },
    row("batch_query_roles", |client| {
        text(client.storage().batch_query_roles("space-1", &["dentry-1", "dentry-2"], OPERATOR))
    }),
    row("get_recycle_bin", |client| {
        text(client.storage().get_recycle_bin(&RecycleBinScope::Org, "scope-1", OPERATOR))
    }),
    row("get_recycle_item", |client| text(client.storage().get_recycle_item("bin-1", "item-1", OPERATOR))),
    Row {
        full: |client| {
            let options = ListRecycleItems::new().max_results(30).next_token("next-token-1");
            text(client.storage().list_recycle_items("bin-1", OPERATOR, &options))
        },
        ..row("list_recycle_items", |client| {
            text(client.storage().list_recycle_items("bin-1", OPERATOR, &ListRecycleItems::new()))
        })
    },
    row("delete_recycle_item", |client| {
        text(client.storage().delete_recycle_item("bin-1", "item-1", OPERATOR))
    }),
    row("delete_recycle_items", |client| {
        text(client.storage().delete_recycle_items("bin-1", &["item-1"], OPERATOR))
    }),
    Row {
        full: |client| {
            let options = RestoreRecycleItem::new().conflict_strategy(ConflictStrategy::Overwrite);
            text(client.storage().restore_recycle_item("bin-1", "item-1", OPERATOR, &options))
        },
        ..row("restore_recycle_item", |client| {
            let options = RestoreRecycleItem::new();
            text(client.storage().restore_recycle_item("bin-1", "item-1", OPERATOR, &options))
        })
    },
    Row {
        full: |client| {
            let options = RestoreRecycleItems::new().conflict_strategy(ConflictStrategy::Overwrite);
            text(client.storage().restore_recycle_items("bin-1", &["item-1"], OPERATOR, &options))
        },
        ..row("restore_recycle_items", |client| {
            let options = RestoreRecycleItems::new();
            text(client.storage().restore_recycle_items("bin-1", &["item-1"], OPERATOR, &options))
        })
    },
    row("clear_recycle_bin", |client| text(client.storage().clear_recycle_bin("bin-1", OPERATOR))),
    row("subscribe_event", |client| {
        text(client.storage().subscribe_event(&EventScope::Space, "scope-1", OPERATOR))
    }),
    row("unsubscribe_event", |client| {
        text(client.storage().unsubscribe_event(&EventScope::Org, "scope-1", OPERATOR))
    }),
    Row {
        full: |client| {
            let options = GetDentryOpenInfo::new()
                .version(1)
                .open_type(OpenType::Edit)
                .water_mark(true)
                .check_login(true);
            text(client.storage().get_dentry_open_info("space-1", "dentry-1", OPERATOR, &options))
        },
        withheld: &["url"],
        ..row("get_dentry_open_info", |client| {
            let options = GetDentryOpenInfo::new();
            text(client.storage().get_dentry_open_info("space-1", "dentry-1", OPERATOR, &options))
        })
    },
    row("register_open_info", |client| {
        let infos = [OpenInfo::new(OpenType::Preview, "https://viewer.example/1")];
        let storage = client.storage();
        text(storage.register_open_info("space-1", "dentry-1", &infos, "DINGTALK", OPERATOR))
    }),
    Row {
        withheld: &["webOfficeAccessToken", "webOfficeRefreshToken", "webOfficeUrl"],
        ..row("get_web_office_url", |client| {
            text(client.storage().get_web_office_url("space-1", "dentry-1", OPERATOR))
        })
    },
    Row {
        withheld: &["webOfficeAccessToken", "webOfficeRefreshToken"],
        ..row("refresh_web_office_token", |client| {
            let (access, refresh) = (Secret::new("access-1"), Secret::new("refresh-1"));
            let storage = client.storage();
            text(storage.refresh_web_office_token("space-1", "dentry-1", &access, &refresh, OPERATOR))
        })
    },
];
