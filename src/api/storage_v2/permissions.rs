//! Permissions of storage 2.0: members and their roles on a dentry.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::StorageV2;
use crate::api::permissions::{
    AddPermission, DURATIONS, ListPermissions, MAX_MEMBERS, MemberType, Role, RoleId, UpdatePermission,
    without_nulls,
};
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::null_is_default;
use crate::base::pages::{Page, Pages};

/// The member that holds a permission of storage 2.0.
///
/// It differs from the [`Member`](crate::Member) of storage 1.0: a person is identified by **user id** instead of union
/// id, a tag by its id instead of its name, and a member has a display name.
///
/// ```
/// use dingtalk_files::{MemberType, MemberV2};
///
/// let person = MemberV2::new(MemberType::User, "userid-1");
/// let department = MemberV2::new(MemberType::Dept, "dept-1").corp_id("corp-1");
/// assert_eq!((person.id.as_str(), department.corp_id.as_deref()), ("userid-1", Some("corp-1")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct MemberV2 {
    /// Kind of member.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<MemberType>,
    /// Id of the member: the id of an organisation, a department, a tag or a conversation, the userid (not the unionId)
    /// of a person, the code of a dynamic group.
    #[serde(deserialize_with = "null_is_default")]
    pub id: String,
    /// Organisation of the member. Departments need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corp_id: Option<String>,
    /// Display name of the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl MemberV2 {
    /// Creates a member of any kind.
    ///
    /// ```
    /// use dingtalk_files::{MemberType, MemberV2};
    ///
    /// let everybody = MemberV2::new(MemberType::Org, "corp-1");
    /// assert_eq!(everybody.kind, Some(MemberType::Org));
    /// ```
    pub fn new(kind: MemberType, id: impl Into<String>) -> Self {
        Self { kind: Some(kind), id: id.into(), corp_id: None, name: None }
    }

    /// Sets the organisation of the member.
    ///
    /// Departments need it. With an organisation, the vendor revokes the permission when the member leaves the
    /// organisation.
    ///
    /// ```
    /// use dingtalk_files::{MemberType, MemberV2};
    ///
    /// let until_leaving = MemberV2::new(MemberType::User, "userid-1").corp_id("corp-1");
    /// assert_eq!(until_leaving.corp_id.as_deref(), Some("corp-1"));
    /// ```
    #[must_use]
    pub fn corp_id(mut self, corp_id: impl Into<String>) -> Self {
        self.corp_id = Some(corp_id.into());
        self
    }

    /// Sets the display name of the member.
    ///
    /// Only [`add_permission`](StorageV2::add_permission) sends the name, and dynamic groups do not need one.
    ///
    /// ```
    /// use dingtalk_files::{MemberType, MemberV2};
    ///
    /// let tag = MemberV2::new(MemberType::Tag, "tag-1").name("Sales");
    /// assert_eq!(tag.name.as_deref(), Some("Sales"));
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// The role of a member on a dentry.
///
/// It differs from the [`Permission`](crate::Permission) of storage 1.0: the dentry is identified by its uuid, and the
/// space, the granting person and the times are not returned.
///
/// ```
/// use dingtalk_files::{PermissionV2, RoleId};
///
/// let json = r#"{"dentryUuid": "uuid-1", "member": {"type": "USER", "id": "userid-1"}, "role": {"id": "EDITOR"}}"#;
/// let permission: PermissionV2 = serde_json::from_str(json)?;
/// assert_eq!(permission.role.unwrap().id, Some(RoleId::Editor));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PermissionV2 {
    /// dentryUuid of the dentry.
    pub dentry_uuid: Option<String>,
    /// Member that holds the permission.
    pub member: Option<MemberV2>,
    /// Role of the member.
    pub role: Option<Role>,
    /// Duration in seconds. The permission does not expire if this is absent.
    pub duration: Option<i64>,
}

/// The members without their names, which only `add_permission` takes.
#[inline]
fn unnamed(members: &[MemberV2]) -> Vec<MemberV2> {
    members.iter().map(|member| MemberV2 { name: None, ..member.clone() }).collect()
}

const MAX_RESULTS: u32 = 30;

impl StorageV2<'_> {
    /// Grants members a role on a file, a folder or a whole space.
    ///
    /// Calls `AddPermission` of storage 2.0, documented at
    /// [add-permissions-file](https://open.dingtalk.com/document/orgapp/add-permissions-file).
    /// Permission: `Storage.Permission.Write`. Internal apps only.
    ///
    /// A whole space is identified by the dentryUuid of its root. The acting person is identified by union id, but
    /// people among the members by **user id**: [`Topapi::user_get`](crate::Topapi::user_get) returns the union id for
    /// a user id.
    ///
    /// The owner of the space determines the duration. In spaces of **apps** everybody needs a permission, and it lasts
    /// 3600 seconds at most: grant it again to extend it. In spaces of **users** a permission lasts until it is
    /// revoked, whatever the options are. To change an existing permission, use
    /// [`update_permission`](Self::update_permission).
    ///
    /// The call is never retried automatically: after a network failure, check
    /// [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{AddPermission, Client, MemberType, MemberV2, RoleId, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (readers, operator) = ([MemberV2::new(MemberType::User, "userid-2")], UnionId("operator-1"));
    /// let hour = AddPermission::new().duration(3600);
    /// client.storage_v2().add_permission("uuid-1", &RoleId::Reader, &readers, operator, &hour)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 members, or a duration
    /// outside 1 to 3600, before any request is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist`;
    /// `paramError.dentryUuid`, `paramError.roleId`, `paramError.permissionMemberType`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure
    /// without an error code.
    #[inline]
    pub fn add_permission(
        &self,
        dentry_uuid: &str,
        role: &RoleId,
        members: &[MemberV2],
        operator: UnionId<'_>,
        options: &AddPermission,
    ) -> Result<()> {
        let call = Call::new("POST /v2.0/storage/spaces/dentries/{dentryUuid}/permissions", &[dentry_uuid])
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
    /// Calls `DeletePermission` of storage 2.0, documented at
    /// [delete-permissions-file](https://open.dingtalk.com/document/orgapp/delete-permissions-file).
    /// Permission: `Storage.Permission.Write`. Internal apps only.
    ///
    /// Pass the current role and the members as [`list_permissions`](Self::list_permissions) returns them. People are
    /// identified by **user id**.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MemberType, MemberV2, RoleId, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (members, operator) = ([MemberV2::new(MemberType::User, "userid-2")], UnionId("operator-1"));
    /// client.storage_v2().delete_permission("uuid-1", &RoleId::Reader, &members, operator)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 members, before any request
    /// is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist`; `paramError.dentryUuid`, `paramError.roleId`,
    /// `paramError.permissionMemberType`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn delete_permission(
        &self,
        dentry_uuid: &str,
        role: &RoleId,
        members: &[MemberV2],
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call =
            Call::new("POST /v2.0/storage/spaces/dentries/{dentryUuid}/permissions/remove", &[dentry_uuid])
                .acting(operator)
                .field("roleId", role)
                .field("members", unnamed(members))
                .limit("members", members.len(), 1..=MAX_MEMBERS)
                .repeatable();
        self.client.call_done(&call)
    }

    /// Changes the role of members, or its duration.
    ///
    /// Calls `UpdatePermission` of storage 2.0, documented at
    /// [modify-permissions-file](https://open.dingtalk.com/document/orgapp/modify-permissions-file).
    /// Permission: `Storage.Permission.Write`. Internal apps only.
    ///
    /// The role is the new one. People among the members are identified by **user id**. A duration applies only in
    /// spaces of apps.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MemberType, MemberV2, RoleId, UnionId, UpdatePermission};
    ///
    /// let client = Client::from_env()?;
    /// let (members, operator) = ([MemberV2::new(MemberType::User, "userid-2")], UnionId("operator-1"));
    /// let options = UpdatePermission::new();
    /// client.storage_v2().update_permission("uuid-1", &RoleId::Editor, &members, operator, &options)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 members, or a duration
    /// outside 1 to 3600, before any request is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist`;
    /// `paramError.dentryUuid`, `paramError.roleId`, `paramError.permissionMemberType`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure
    /// without an error code.
    #[inline]
    pub fn update_permission(
        &self,
        dentry_uuid: &str,
        role: &RoleId,
        members: &[MemberV2],
        operator: UnionId<'_>,
        options: &UpdatePermission,
    ) -> Result<()> {
        let call = Call::new("PUT /v2.0/storage/spaces/dentries/{dentryUuid}/permissions", &[dentry_uuid])
            .acting(operator)
            .field("roleId", role)
            .field("members", unnamed(members))
            .limit("members", members.len(), 1..=MAX_MEMBERS)
            .limit_value("duration", options.duration, DURATIONS)
            .option(options.if_set())
            .repeatable();
        self.client.call_done(&call)
    }

    /// Lists the permissions on a dentry, one page per call.
    ///
    /// Calls `ListPermissions` of storage 2.0, documented at
    /// [get-permission-list](https://open.dingtalk.com/document/orgapp/get-permission-list).
    /// Permission: `Storage.Permission.Read`. Internal apps only.
    ///
    /// People among the members are identified by **user id**, not by union id as in storage 1.0. A page may have fewer
    /// items than requested although more pages follow; [`permissions`](Self::permissions) iterates over all pages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListPermissions, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let page = client.storage_v2().list_permissions("uuid-1", UnionId("operator-1"), &ListPermissions::new())?;
    /// println!("{:?}", page.items);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for `max_results` outside 1 to 30, before any request
    /// is sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist`; `paramError.dentryUuid`, `paramError.roleId`,
    /// `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn list_permissions(
        &self,
        dentry_uuid: &str,
        operator: UnionId<'_>,
        options: &ListPermissions,
    ) -> Result<Page<PermissionV2>> {
        let call =
            Call::new("POST /v2.0/storage/spaces/dentries/{dentryUuid}/permissions/query", &[dentry_uuid])
                .acting(operator)
                .limit_value("maxResults", options.max_results, 1..=MAX_RESULTS)
                .option(options.if_set())
                .reads();
        self.client.page("permissions", &call)
    }

    /// Returns the roles on several dentries, by dentryUuid.
    ///
    /// Calls `BatchQueryRoles` of storage 2.0, which is in the vendor's SDK but not documented. Its permission, limits
    /// and errors are unknown. The roles appear to be those of the acting person.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for (dentry, roles) in client.storage_v2().batch_query_roles(&["uuid-1", "uuid-2"], UnionId("operator-1"))? {
    ///     println!("{dentry}: {roles:?}");
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    #[inline]
    pub fn batch_query_roles(
        &self,
        dentry_uuids: &[&str],
        operator: UnionId<'_>,
    ) -> Result<BTreeMap<String, Vec<Role>>> {
        let call = Call::new("POST /v2.0/storage/spaces/dentries/permissions/roles/batchQuery", &[])
            .acting(operator)
            .field("dentryUuidList", dentry_uuids)
            .reads();
        self.client.field("roleMap", &call).map(without_nulls)
    }
}

impl<'c> StorageV2<'c> {
    /// Iterates over all permissions on a dentry, page by page of [`list_permissions`](Self::list_permissions),
    /// starting at the options' `next_token` if that is set.
    ///
    /// Each page is requested when the previous one is used up. A permission that is granted or revoked at the same
    /// time may be missed or returned twice.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListPermissions, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = ListPermissions::new();
    /// for permission in client.storage_v2().permissions("uuid-1", UnionId("operator-1"), &options) {
    ///     println!("{:?}", permission?.member);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn permissions(
        &self,
        dentry_uuid: &str,
        operator: UnionId<'_>,
        options: &ListPermissions,
    ) -> Pages<'c, PermissionV2> {
        let storage = *self;
        let (dentry_uuid, operator) = (dentry_uuid.to_owned(), String::from(operator));
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.list_permissions(&dentry_uuid, UnionId(&operator), options),
        )
    }
}
