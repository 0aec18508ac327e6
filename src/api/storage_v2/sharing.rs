//! What a dentry takes over from above, and how far it is shared beyond its members.

use serde::Deserialize;

use super::StorageV2;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::options::options;

string_enum! {
    /// Whether a dentry takes over what members may do with the folder it is in.
    PermissionInheritance: sent, received {
        /// It does. Where a member has a role from above and one here, the greater one counts.
        PassOn = "PASS_ON",
        /// It does not, except of owners and managers, who cannot be cut off. The vendor's default.
        Break = "BREAK",
    }
}

/// How far a dentry is shared beyond its members.
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
    /// The vendor's word for it. Its words are not documented; `ORG_READ` is the one that its SDK shows.
    pub scope: Option<String>,
    /// The same with a role. Not documented.
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
        /// By its name, whether a search finds it. Not documented.
        can_search: bool = true,
    }
}

impl StorageV2<'_> {
    /// Asks whether a dentry takes over the permissions of the folder it is in.
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
    /// println!("passed on: {}", inheritance == Some(PermissionInheritance::PassOn));
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

    /// Decides whether a dentry takes over the permissions of the folder it is in.
    ///
    /// Calls `SetPermissionInheritance`, documented at
    /// [set-permission-inheritance-mode](https://open.dingtalk.com/document/orgapp/set-permission-inheritance-mode).
    /// Permission: `Storage.Permission.Write`. Internal apps only.
    ///
    /// `BREAK` keeps owners and managers of the folder in. The root of a space has nothing above it, and is refused.
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

    /// Asks how far a dentry is shared beyond its members.
    ///
    /// `GetPermissionShareScope`, which is in the vendor's SDK without a page: nothing is known of its words, its
    /// permission and its errors.
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

    /// Decides how far a dentry is shared beyond its members.
    ///
    /// `SetPermissionShareScope`, which is in the vendor's SDK without a page: nothing is known of its words, its
    /// permission and its errors. What [`get_permission_share_scope`](Self::get_permission_share_scope) answers is a
    /// word that it should take.
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
