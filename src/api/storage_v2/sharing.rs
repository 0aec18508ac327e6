//! Inheritance of permissions, and sharing of a dentry beyond its members.

use serde::Deserialize;

use super::StorageV2;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::options::options;

string_enum! {
    /// Whether a dentry inherits the permissions of its folder.
    PermissionInheritance: sent, received {
        /// Permissions are inherited. A member with an inherited role and a role on the dentry has the greater of the
        /// two.
        PassOn = "PASS_ON",
        /// Permissions are not inherited, except those of owners and managers, which are always inherited. The vendor's
        /// default.
        Break = "BREAK",
    }
}

/// The sharing scope of a dentry beyond its members.
///
/// ```
/// let scope: dingtalk_files::ShareScope = serde_json::from_str(r#"{"scope": "ORG_READ"}"#)?;
/// assert_eq!(scope.scope.as_deref(), Some("ORG_READ"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ShareScope {
    /// Scope. The values are not documented; `ORG_READ` is the only one that the vendor's SDK shows.
    pub scope: Option<String>,
    /// Scope with a role. Not documented.
    pub scope_with_role: Option<String>,
}

options! {
    /// Optional parameters of [`StorageV2::set_permission_share_scope`].
    ///
    /// ```
    /// use dingtalk_files::SetPermissionShareScope;
    ///
    /// let hidden = SetPermissionShareScope::new().can_search(false);
    /// # let _ = hidden;
    /// ```
    SetPermissionShareScope {
        /// Whether a search finds the dentry, judging by the name. Not documented.
        can_search: bool = true,
    }
}

impl StorageV2<'_> {
    /// Returns whether a dentry inherits the permissions of its folder.
    ///
    /// Calls `GetPermissionInheritance`, documented at
    /// [get-permission-inheritance-mode](https://open.dingtalk.com/document/orgapp/get-permission-inheritance-mode).
    /// Permission: `Storage.Permission.Read`. Internal apps only.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, PermissionInheritance, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let inheritance = client.storage_v2().get_permission_inheritance("uuid-1", UnionId("operator-1"))?;
    /// println!("inherited: {}", inheritance == Some(PermissionInheritance::PassOn));
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `spaceNotExist`, `dentryNotExist`; `paramError.dentryUuid`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn get_permission_inheritance(
        &self,
        dentry_uuid: &str,
        operator: UnionId<'_>,
    ) -> Result<Option<PermissionInheritance>> {
        let call = Call::new(
            "GET /v2.0/storage/spaces/dentries/{dentryUuid}/permissions/inheritances",
            &[dentry_uuid],
        )
        .acting(operator)
        .reads();
        self.client.field("inheritance", &call)
    }

    /// Sets whether a dentry inherits the permissions of its folder.
    ///
    /// Calls `SetPermissionInheritance`, documented at
    /// [set-permission-inheritance-mode](https://open.dingtalk.com/document/orgapp/set-permission-inheritance-mode).
    /// Permission: `Storage.Permission.Write`. Internal apps only.
    ///
    /// `BREAK` does not remove owners and managers of the folder. The root of a space has no parent, and the call fails
    /// for it.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, PermissionInheritance, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (alone, operator) = (PermissionInheritance::Break, UnionId("operator-1"));
    /// client.storage_v2().set_permission_inheritance("uuid-1", &alone, operator)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionInheritanceUnsupportedForRootDentry`; `spaceNotExist`, `dentryNotExist`; `paramError.dentryUuid`,
    /// `paramError.permissionInheritance`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn set_permission_inheritance(
        &self,
        dentry_uuid: &str,
        inheritance: &PermissionInheritance,
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "PUT /v2.0/storage/spaces/dentries/{dentryUuid}/permissions/inheritances",
            &[dentry_uuid],
        )
        .acting(operator)
        .field("inheritance", inheritance)
        .repeatable();
        self.client.call_done(&call)
    }

    /// Returns the sharing scope of a dentry beyond its members.
    ///
    /// Calls `GetPermissionShareScope`, which is in the vendor's SDK but not documented. Its values, permission and
    /// errors are unknown.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let scope = client.storage_v2().get_permission_share_scope("uuid-1", UnionId("operator-1"))?;
    /// println!("{:?}", scope.scope);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `dentryNotExist`, `paramError`,
    /// `systemError`.
    #[inline]
    pub fn get_permission_share_scope(&self, dentry_uuid: &str, operator: UnionId<'_>) -> Result<ShareScope> {
        let call =
            Call::new("GET /v2.0/storage/spaces/dentries/{dentryUuid}/permissions/scopes", &[dentry_uuid])
                .acting(operator)
                .reads();
        self.client.call(&call)
    }

    /// Sets the sharing scope of a dentry beyond its members.
    ///
    /// Calls `SetPermissionShareScope`, which is in the vendor's SDK but not documented. Its values, permission and
    /// errors are unknown. A value that [`get_permission_share_scope`](Self::get_permission_share_scope) returns should
    /// be valid here.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, SetPermissionShareScope, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (options, operator) = (SetPermissionShareScope::new().can_search(false), UnionId("operator-1"));
    /// client.storage_v2().set_permission_share_scope("uuid-1", "ORG_READ", operator, &options)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `dentryNotExist`, `paramError`,
    /// `systemError`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error
    /// code.
    #[inline]
    pub fn set_permission_share_scope(
        &self,
        dentry_uuid: &str,
        scope: &str,
        operator: UnionId<'_>,
        options: &SetPermissionShareScope,
    ) -> Result<()> {
        let call =
            Call::new("PUT /v2.0/storage/spaces/dentries/{dentryUuid}/permissions/scopes", &[dentry_uuid])
                .acting(operator)
                .field("scope", scope)
                .option(options.if_set())
                .repeatable();
        self.client.call_done(&call)
    }
}
