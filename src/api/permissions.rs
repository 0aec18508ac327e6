//! The part of permissions that both storages share: roles, kinds of members, options. The members differ in their ids.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::base::ids::string_enum;
use crate::base::options::options;

string_enum! {
    /// Role of a member. Each role includes the rights of those below it.
    RoleId: sent, received {
        /// All rights of a manager; transfer of the ownership.
        Owner = "OWNER",
        /// All rights of an editor; deleting, changing, copying and renaming; viewing and granting permissions.
        Manager = "MANAGER",
        /// All rights of a downloader; writing and adding.
        Editor = "EDITOR",
        /// All rights of a reader; downloading.
        Downloader = "DOWNLOADER",
        /// Reading.
        Reader = "READER",
        /// No rights. Used only as the permission role of a knowledge base and its nodes.
        NoRole = "NONE",
    }
}

string_enum! {
    /// Kind of the member that holds a permission.
    MemberType: sent, received {
        /// An organisation.
        Org = "ORG",
        /// A department.
        Dept = "DEPT",
        /// A tag that marks people.
        Tag = "TAG",
        /// A conversation.
        Conversation = "CONVERSATION",
        /// A person.
        User = "USER",
        /// A dynamic group. Supported by storage 2.0 only.
        DynamicGroup = "DYNAMIC_GROUP",
    }
}

/// A role, as the server returns it.
///
/// ```
/// use dingtalk_files::{Role, RoleId};
///
/// let role: Role = serde_json::from_str(r#"{"id": "MANAGER", "name": "MANAGER"}"#)?;
/// assert_eq!(role.id, Some(RoleId::Manager));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Role {
    /// Id of the role.
    pub id: Option<RoleId>,
    /// Name of the role.
    pub name: Option<String>,
}

options! {
    /// Optional parameters of `add_permission` of both storages.
    ///
    /// ```
    /// use dingtalk_files::AddPermission;
    ///
    /// let for_ten_minutes = AddPermission::new().duration(600);
    /// # let _ = for_ten_minutes;
    /// ```
    AddPermission {
        /// Duration in seconds, 1 to 3600. It applies only in spaces of apps; in spaces of users a permission does not
        /// expire.
        duration: u64 = 600,
    }
}

options! {
    /// Optional parameters of `update_permission` of both storages.
    ///
    /// ```
    /// use dingtalk_files::UpdatePermission;
    ///
    /// let for_ten_minutes = UpdatePermission::new().duration(600);
    /// # let _ = for_ten_minutes;
    /// ```
    UpdatePermission {
        /// Duration in seconds, 1 to 3600. Default: the permission does not expire. The duration applies only in spaces
        /// of apps; in spaces of users a permission never expires.
        duration: u64 = 600,
    }
}

options! {
    /// Optional parameters of `list_permissions` and `permissions` of both storages.
    ///
    /// ```
    /// use dingtalk_files::{ListPermissions, RoleId};
    ///
    /// let options = ListPermissions::new().filter_role_ids([RoleId::Owner, RoleId::Manager]).max_results(30);
    /// # let _ = options;
    /// ```
    ListPermissions {
        /// Roles to list, at most 30 in storage 1.0. The vendor does not name `READER` among them there. Default: all.
        filter_role_ids: Vec<RoleId> as impl Into<Vec<RoleId>> = [dingtalk_files::RoleId::Manager],
        /// Maximum number of items per page: 1 to 500 in storage 1.0, with 50 as the default; 1 to 30 in storage 2.0,
        /// with 30 as the default.
        max_results: u32 = 30,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

/// Replaces `null` by an empty list of roles.
#[inline]
pub(crate) fn without_nulls(roles: BTreeMap<String, Option<Vec<Role>>>) -> BTreeMap<String, Vec<Role>> {
    roles.into_iter().map(|(dentry, roles)| (dentry, roles.unwrap_or_default())).collect()
}

/// Vendor limits. A duration of 0 is refused too, so that an expired duration never grants a permission without end.
pub(crate) const MAX_MEMBERS: usize = 30;
pub(crate) const DURATIONS: RangeInclusive<u64> = 1..=3600;
