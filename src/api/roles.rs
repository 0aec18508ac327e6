//! Roles and kinds of members: the same in both storages, whose ids of members are not.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::base::ids::string_enum;

string_enum! {
    /// What somebody may do: each role may do what those below it may.
    sent_and_received RoleId {
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
    }
}

string_enum! {
    /// What kind of member a permission is for.
    sent_and_received MemberType {
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
    /// What it is called.
    pub name: Option<String>,
}

/// The roles of each dentry, some of which have `null` for none.
pub(crate) fn without_nulls(roles: BTreeMap<String, Option<Vec<Role>>>) -> BTreeMap<String, Vec<Role>> {
    roles.into_iter().map(|(dentry, roles)| (dentry, roles.unwrap_or_default())).collect()
}

/// The vendor's limits. A duration of 0 is refused too, lest somebody whose time is over gets a permission without an end.
pub(crate) const MAX_MEMBERS: usize = 30;
pub(crate) const DURATIONS: RangeInclusive<u64> = 1..=3600;
