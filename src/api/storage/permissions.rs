//! Permissions of storage 1.0: members and their roles on a dentry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Storage;
use crate::api::permissions::{
    AddPermission, DURATIONS, ListPermissions, MAX_MEMBERS, MemberType, Role, RoleId, UpdatePermission,
    without_nulls,
};
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::null_is_default;
use crate::base::pages::{Page, Pages};
use crate::base::timestamp::Timestamp;

/// The member that holds a permission of storage 1.0.
///
/// A person is identified by **union id**; the [`MemberV2`](crate::MemberV2) of storage 2.0 identifies a person by user
/// id.
///
/// ```
/// use dingtalk_files::{Member, MemberType, UnionId};
///
/// let person = Member::user(UnionId("union-1"));
/// let department = Member::new(MemberType::Dept, "dept-1").corp_id("corp-1");
/// assert_eq!((person.id.as_str(), department.corp_id.as_deref()), ("union-1", Some("corp-1")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Member {
    /// Kind of member.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<MemberType>,
    /// Id of the member: the corpId of an organisation, the deptId of a department, the name of a tag, the
    /// openConversationId of a conversation, the unionId of a person.
    #[serde(default, deserialize_with = "null_is_default")]
    pub id: String,
    /// Organisation of the member. Departments and tags need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corp_id: Option<String>,
}

impl Member {
    /// Creates a member of any kind.
    ///
    /// ```
    /// use dingtalk_files::{Member, MemberType};
    ///
    /// let everybody = Member::new(MemberType::Org, "corp-1");
    /// assert_eq!(everybody.kind, Some(MemberType::Org));
    /// ```
    pub fn new(kind: MemberType, id: impl Into<String>) -> Self {
        Self { kind: Some(kind), id: id.into(), corp_id: None }
    }

    /// Creates a member for a person.
    ///
    /// ```
    /// use dingtalk_files::{Member, MemberType, UnionId};
    ///
    /// assert_eq!(Member::user(UnionId("union-1")), Member::new(MemberType::User, "union-1"));
    /// ```
    pub fn user(user: UnionId<'_>) -> Self {
        Self::new(MemberType::User, user.0)
    }

    /// Sets the organisation of the member.
    ///
    /// Departments and tags need it. With an organisation, the vendor revokes a person's permission when that person
    /// leaves the organisation.
    ///
    /// ```
    /// use dingtalk_files::{Member, UnionId};
    ///
    /// let until_leaving = Member::user(UnionId("union-1")).corp_id("corp-1");
    /// assert_eq!(until_leaving.corp_id.as_deref(), Some("corp-1"));
    /// ```
    #[must_use]
    pub fn corp_id(mut self, corp_id: impl Into<String>) -> Self {
        self.corp_id = Some(corp_id.into());
        self
    }
}

/// The role of a member on a dentry.
///
/// ```
/// use dingtalk_files::{Permission, RoleId};
///
/// let json = r#"{"dentryId": "0", "member": {"type": "USER", "id": "union-1"}, "role": {"id": "EDITOR"}}"#;
/// let permission: Permission = serde_json::from_str(json)?;
/// assert_eq!(permission.role.unwrap().id, Some(RoleId::Editor));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Permission {
    /// Space of the dentry.
    pub space_id: Option<String>,
    /// Id of the dentry; `"0"` is the whole space.
    pub dentry_id: Option<String>,
    /// Member that holds the permission.
    pub member: Option<Member>,
    /// Role of the member.
    pub role: Option<Role>,
    /// Duration in seconds. The permission does not expire if this is absent or -1.
    pub duration: Option<i64>,
    /// unionId of the person who granted the permission.
    pub operator_id: Option<String>,
    /// Creation time.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modified_time: Option<Timestamp>,
}

/// Vendor limits.
const MAX_FILTER_ROLES: usize = 30;
const MAX_RESULTS: u32 = 500;

impl Storage<'_> {
    /// Grants members a role on a file, a folder or a whole space.
    ///
    /// Calls `AddPermission`, documented at
    /// [add-storage-permissions](https://open.dingtalk.com/document/orgapp/add-storage-permissions).
    /// Permission: `Storage.Permission.Write`. Internal and ISV apps.
    ///
    /// The vendor closed this operation to new apps on 2023-07-06 and names `add_permission` of storage 2.0 as its
    /// successor, which takes other ids. Dentry id `"0"` is the whole space. People are identified by union id.
    ///
    /// The owner of the space determines the duration. In spaces of **apps** everybody needs a permission, and it lasts
    /// 3600 seconds at most: grant it again to extend it. In spaces of **users** a permission lasts until it is
    /// revoked, whatever the options are.
    ///
    /// The call is never retried automatically: after a network failure, check
    /// [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{AddPermission, Client, Member, RoleId, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (readers, operator) = ([Member::user(UnionId("union-2"))], UnionId("operator-1"));
    /// let hour = AddPermission::new().duration(3600);
    /// client.storage().add_permission("space-1", "dentry-1", &RoleId::Reader, &readers, operator, &hour)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 members, or a duration
    /// outside 1 to 3600, before any request is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist` (with HTTP
    /// 400 here); `paramError.spaceId`, `paramError.dentryId`, `paramError.roleId`, `paramError.permissionMemberType`,
    /// `paramError`; `systemError`, `unknownError`, `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone)
    /// if the vendor reports failure without an error code.
    #[inline]
    pub fn add_permission(
        &self,
        space_id: &str,
        dentry_id: &str,
        role: &RoleId,
        members: &[Member],
        operator: UnionId<'_>,
        options: &AddPermission,
    ) -> Result<()> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/permissions",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .field("roleId", role)
        .field("members", members)
        .limit("members", members.len(), 1..=MAX_MEMBERS)
        .limit_value("duration", options.duration, DURATIONS)
        .option(options.if_set());
        self.client.call_done(&call)
    }

    /// Revokes a role of members.
    ///
    /// Calls `DeletePermission`, documented at
    /// [delete-storage-permissions](https://open.dingtalk.com/document/orgapp/delete-storage-permissions).
    /// Permission: `Storage.Permission.Write`. Internal and ISV apps.
    ///
    /// The vendor closed this operation to new apps on 2023-07-06 and names `delete_permission` of storage 2.0 as its
    /// successor, which takes other ids. Pass the role and the members of the permission, as
    /// [`list_permissions`](Self::list_permissions) returns them. People are identified by union id.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, Member, RoleId, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (members, operator) = ([Member::user(UnionId("union-2"))], UnionId("operator-1"));
    /// client.storage().delete_permission("space-1", "dentry-1", &RoleId::Reader, &members, operator)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 members, before any request
    /// is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist` (with HTTP 400 here); `paramError.spaceId`,
    /// `paramError.dentryId`, `paramError.roleId`, `paramError.permissionMemberType`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure
    /// without an error code.
    #[inline]
    pub fn delete_permission(
        &self,
        space_id: &str,
        dentry_id: &str,
        role: &RoleId,
        members: &[Member],
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/permissions/remove",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .field("roleId", role)
        .field("members", members)
        .limit("members", members.len(), 1..=MAX_MEMBERS)
        .repeatable();
        self.client.call_done(&call)
    }

    /// Changes the role of members, or its duration.
    ///
    /// Calls `UpdatePermission`, documented at
    /// [modify-storage-permissions](https://open.dingtalk.com/document/orgapp/modify-storage-permissions).
    /// Permission: `Storage.Permission.Write`. Internal and ISV apps.
    ///
    /// The vendor closed this operation to new apps on 2023-07-06 and names `update_permission` of storage 2.0 as its
    /// successor, which takes other ids. The role is the new one. People are identified by union id. Without a duration
    /// the permission does not expire; a duration applies only in spaces of apps.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, Member, RoleId, UnionId, UpdatePermission};
    ///
    /// let client = Client::from_env()?;
    /// let (members, operator) = ([Member::user(UnionId("union-2"))], UnionId("operator-1"));
    /// let options = UpdatePermission::new();
    /// let storage = client.storage();
    /// storage.update_permission("space-1", "dentry-1", &RoleId::Editor, &members, operator, &options)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 members, or a duration
    /// outside 1 to 3600, before any request is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist` (with HTTP
    /// 400 here); `paramError.spaceId`, `paramError.dentryId`, `paramError.roleId`, `paramError.permissionMemberType`,
    /// `paramError`; `systemError`, `unknownError`, `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone)
    /// if the vendor reports failure without an error code.
    #[inline]
    pub fn update_permission(
        &self,
        space_id: &str,
        dentry_id: &str,
        role: &RoleId,
        members: &[Member],
        operator: UnionId<'_>,
        options: &UpdatePermission,
    ) -> Result<()> {
        let call = Call::new(
            "PUT /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/permissions",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .field("roleId", role)
        .field("members", members)
        .limit("members", members.len(), 1..=MAX_MEMBERS)
        .limit_value("duration", options.duration, DURATIONS)
        .option(options.if_set())
        .repeatable();
        self.client.call_done(&call)
    }

    /// Lists the permissions on a dentry, one page per call.
    ///
    /// [`permissions`](Self::permissions) iterates over all pages.
    ///
    /// Calls `ListPermissions`, documented at
    /// [get-the-storage-permission-list](https://open.dingtalk.com/document/orgapp/get-the-storage-permission-list).
    /// Permission: `Storage.Permission.Read`. Internal and ISV apps.
    ///
    /// The vendor closed this operation to new apps on 2023-07-06 and names `list_permissions` of storage 2.0 as its
    /// successor, which takes other ids. Dentry id `"0"` is the root of the space. In spaces of apps the acting person
    /// sees only their own permissions: an empty list does not prove that nobody else has any. A page may have fewer
    /// items than requested although more pages follow.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListPermissions, RoleId, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = ListPermissions::new().filter_role_ids([RoleId::Manager]).max_results(100);
    /// let page = client.storage().list_permissions("space-1", "dentry-1", UnionId("operator-1"), &options)?;
    /// println!("{} permissions, more: {}", page.items.len(), page.next_token.is_some());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than 30 roles, or a page size outside 1 to
    /// 500, before any request is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist` (with HTTP 400 here);
    /// `paramError.spaceId`, `paramError.dentryId`, `paramError.roleId`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn list_permissions(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &ListPermissions,
    ) -> Result<Page<Permission>> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/permissions/query",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .limit_if_set("filterRoleIds", options.filter_role_ids.as_ref(), MAX_FILTER_ROLES)
        .limit_value("maxResults", options.max_results, 1..=MAX_RESULTS)
        .option(options.if_set())
        .reads();
        self.client.page("permissions", &call)
    }

    /// Returns the roles on several dentries, by dentry id.
    ///
    /// Calls `BatchQueryRoles`, which is in the vendor's SDK but not documented. Its permission, limits and errors are
    /// unknown. The roles appear to be those of the acting person.
    ///
    /// The ids are sent in the URL, so pass only a few at a time.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let ids = ["dentry-1", "dentry-2"];
    /// for (dentry, roles) in client.storage().batch_query_roles("space-1", &ids, UnionId("operator-1"))? {
    ///     println!("{dentry}: {roles:?}");
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `spaceNotExist`, `paramError`,
    /// `systemError`.
    #[inline]
    pub fn batch_query_roles(
        &self,
        space_id: &str,
        dentry_ids: &[&str],
        operator: UnionId<'_>,
    ) -> Result<BTreeMap<String, Vec<Role>>> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/permissions/roles/batchQuery",
            &[space_id],
        )
        // The ids are one JSON text, as in the SDK.
        .query("dentryIdList", &serde_json::Value::from(dentry_ids).to_string())
        .acting(operator)
        .reads();
        self.client.field("roleMap", &call).map(without_nulls)
    }
}

impl<'c> Storage<'c> {
    /// Iterates over all permissions on a dentry, page by page of [`list_permissions`](Self::list_permissions).
    ///
    /// Each page is requested when the previous one is used up. The iterator starts at the options' `next_token` if
    /// that is set.
    ///
    /// The vendor keeps no snapshot: a permission that is granted or revoked at the same time may be missed or returned
    /// twice. Collect the list before you change its permissions.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListPermissions, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = ListPermissions::new();
    /// for permission in client.storage().permissions("space-1", "dentry-1", UnionId("operator-1"), &options) {
    ///     let permission = permission?;
    ///     println!("{:?} is {:?}", permission.member, permission.role);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// Errors of [`list_permissions`](Self::list_permissions) are returned as items; such an item is the last one.
    #[inline]
    pub fn permissions(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &ListPermissions,
    ) -> Pages<'c, Permission> {
        let storage = *self;
        let [space_id, dentry_id, operator] = [space_id, dentry_id, operator.0].map(str::to_owned);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.list_permissions(&space_id, &dentry_id, UnionId(&operator), options),
        )
    }
}
