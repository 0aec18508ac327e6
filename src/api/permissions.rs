//! The part of permissions that is the same in both storages: roles, kinds of members, options. The members themselves
//! are not the same: their ids differ.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::base::ids::string_enum;
use crate::base::options::options;

string_enum! {
    /// Role of a member. Each role includes the rights of those below it.
    RoleId: sent, received {
        /// Whatever a manager may, and handing the ownership over.
        Owner = "OWNER",
        /// Whatever an editor may; deleting, changing, copying and renaming; seeing and giving permissions.
        Manager = "MANAGER",
        /// Whatever a downloader may; writing and adding.
        Editor = "EDITOR",
        /// Whatever a reader may; downloading.
        Downloader = "DOWNLOADER",
        /// Reading.
        Reader = "READER",
        /// Nothing. Only as the permission role of a knowledge base and its nodes.
        NoRole = "NONE",
    }
}

string_enum! {
    /// Kind of member that a permission is for.
    MemberType: sent, received {
        /// An organisation.
        Org = "ORG",
        /// A department.
        Dept = "DEPT",
        /// A tag: people with a mark.
        Tag = "TAG",
        /// A conversation.
        Conversation = "CONVERSATION",
        /// A person.
        User = "USER",
        /// A dynamic group. Known to storage 2.0 only.
        DynamicGroup = "DYNAMIC_GROUP",
    }
}

/// A role, as it is answered.
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
    /// Which role.
    pub id: Option<RoleId>,
    /// The name of the role.
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
        /// For how many seconds, 1 to 3600. It counts in spaces of apps only; in spaces of users a permission does not
        /// end.
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
        /// For how many seconds, 1 to 3600. Default: it does not end. It counts in spaces of apps only; in spaces of
        /// users a permission never ends.
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
        /// Only these roles, at most 30 in storage 1.0. `READER` is not among those that the vendor names there. Default:
        /// all.
        filter_role_ids: Vec<RoleId> as impl Into<Vec<RoleId>> = [dingtalk_files::RoleId::Manager],
        /// The most on one page: 1 to 500 in storage 1.0, by default 50; 1 to 30 in storage 2.0, by default 30.
        max_results: u32 = 30,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

/// The roles of each dentry, some of which have `null` for none.
#[inline]
pub(crate) fn without_nulls(roles: BTreeMap<String, Option<Vec<Role>>>) -> BTreeMap<String, Vec<Role>> {
    roles.into_iter().map(|(dentry, roles)| (dentry, roles.unwrap_or_default())).collect()
}

/// Vendor limits. A duration of 0 is refused too, lest somebody whose time is over gets a permission without an end.
pub(crate) const MAX_MEMBERS: usize = 30;
pub(crate) const DURATIONS: RangeInclusive<u64> = 1..=3600;
