//! Settings made by the administrators of an organisation.

use serde::Deserialize;

use super::StorageV2;
use crate::base::call::Call;
use crate::base::error::{Error, Problem, Result};
use crate::base::ids::UnionId;
use crate::base::json::null_is_default;
use crate::base::options::options;

options! {
    /// Optional parameters of [`StorageV2::manager_set_default_hand_over_user`].
    ///
    /// ```
    /// use dingtalk_files::ManagerSetDefaultHandOverUser;
    ///
    /// let options = ManagerSetDefaultHandOverUser::new().default_handover_user_id("user-2");
    /// # let _ = options;
    /// ```
    ManagerSetDefaultHandOverUser {
        /// Person who receives the files. The kind of id is not documented; the name suggests a user id.
        default_handover_user_id: String as impl Into<String> = "user-2",
    }
}

options! {
    /// Optional parameters of [`StorageV2::clean_file`]. The ids are numbers.
    ///
    /// ```
    /// use dingtalk_files::CleanFile;
    ///
    /// let options = CleanFile::new().space_id(854).dentry_id(798);
    /// # let _ = options;
    /// ```
    CleanFile {
        /// Reason for the cleaning.
        clean_reason: String as impl Into<String> = "reason",
        /// Dentry id of the file. The behaviour without it is not documented.
        dentry_id: i64 = 798,
        /// Id of the operator. The kind of id is not documented.
        operator_id: String as impl Into<String> = "operator-1",
        /// Space id of the file.
        space_id: i64 = 854,
    }
}

/// The result of [`StorageV2::clean_file`].
///
/// ```
/// let cleaned: dingtalk_files::CleanedFiles = serde_json::from_str(r#"{"successIds": [798]}"#)?;
/// assert_eq!((cleaned.success_ids, cleaned.failure_ids), (vec![798], vec![]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct CleanedFiles {
    /// Ids of the files that were cleaned.
    #[serde(deserialize_with = "null_is_default")]
    pub success_ids: Vec<i64>,
    /// Ids of the files that were not cleaned.
    #[serde(deserialize_with = "null_is_default")]
    pub failure_ids: Vec<i64>,
}

impl StorageV2<'_> {
    /// Returns the default recipient of the files of people who leave.
    ///
    /// Calls `ManagerGetDefaultHandOverUser`, which is in the vendor's SDK but not documented. Its description here is
    /// derived from its name. Its permission and errors are unknown.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let user = client.storage_v2().manager_get_default_hand_over_user(UnionId("operator-1"))?;
    /// println!("{user:?}");
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    #[inline]
    pub fn manager_get_default_hand_over_user(&self, operator: UnionId<'_>) -> Result<Option<String>> {
        let call = Call::new("GET /v2.0/storage/managementSettings/defaultHandOverUsers", &[])
            .query("operatorId", operator.0)
            .reads();
        match self.client.field("defaultHandoverUserId", &call) {
            // No default recipient is set.
            Err(Error::Answer(e)) if matches!(e.problem, Problem::Missing(_)) => Ok(None),
            named => named,
        }
    }

    /// Sets the default recipient of the files of people who leave.
    ///
    /// Calls `ManagerSetDefaultHandOverUser`, which is in the vendor's SDK but not documented. Its description here is
    /// derived from its name. Its permission and errors, and the effect of a call without a person, are unknown.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ManagerSetDefaultHandOverUser, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = ManagerSetDefaultHandOverUser::new().default_handover_user_id("user-2");
    /// client.storage_v2().manager_set_default_hand_over_user(UnionId("operator-1"), &options)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn manager_set_default_hand_over_user(
        &self,
        operator: UnionId<'_>,
        options: &ManagerSetDefaultHandOverUser,
    ) -> Result<()> {
        let call = Call::new("POST /v2.0/storage/managementSettings/defaultHandOverUsers/set", &[])
            .query("operatorId", operator.0)
            .field_if_set("defaultHandoverUserId", options.default_handover_user_id.as_ref())
            .repeatable();
        self.client.call_done(&call)
    }

    /// Cleans up files.
    ///
    /// Calls `CleanFile`, which is in the vendor's SDK but not documented. Its description here is derived from its
    /// name. Its permission and errors, and the state of a cleaned file, are unknown. Test it on a file that nobody
    /// needs.
    ///
    /// The SDK sends this operation **without a token**, as no other operation here, and so does this function; your
    /// own program is unlikely to get access. Ids are numbers, in the options and in the response. The call is never
    /// retried automatically.
    ///
    /// ```no_run
    /// use dingtalk_files::{CleanFile, Client};
    ///
    /// let client = Client::from_env()?;
    /// let cleaned = client.storage_v2().clean_file(&CleanFile::new().space_id(854).dentry_id(798))?;
    /// println!("not cleaned: {:?}", cleaned.failure_ids);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    #[inline]
    pub fn clean_file(&self, options: &CleanFile) -> Result<CleanedFiles> {
        let call = Call::new("POST /v2.0/storage/filemanager/clean", &[])
            .field_if_set("cleanReason", options.clean_reason.as_ref())
            .field_if_set("dentryId", options.dentry_id)
            .field_if_set("operatorId", options.operator_id.as_ref())
            .field_if_set("spaceId", options.space_id)
            .without_token();
        self.client.call(&call)
    }
}
