//! Copying, moving and deleting several entries in one call.

use serde::Deserialize;

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::ConflictStrategy;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::{empty_is_none, null_is_default};
use crate::base::options::options;

options! {
    /// Optional parameters of [`Storage::copy_dentries`].
    ///
    /// ```
    /// use dingtalk_files::{ConflictStrategy, CopyDentries};
    ///
    /// let options = CopyDentries::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    CopyDentries {
        /// Conflict strategy if a name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
    }
}

options! {
    /// Optional parameters of [`Storage::move_dentries`].
    ///
    /// ```
    /// use dingtalk_files::{ConflictStrategy, MoveDentries};
    ///
    /// let options = MoveDentries::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    MoveDentries {
        /// Conflict strategy if a name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
        /// Whether the entries keep their permissions. Default: false.
        preserve_permissions: bool = true,
    }
}

options! {
    /// Optional parameters of [`Storage::delete_dentries`].
    ///
    /// ```
    /// use dingtalk_files::DeleteDentries;
    ///
    /// let options = DeleteDentries::new().to_recycle_bin(true);
    /// # let _ = options;
    /// ```
    DeleteDentries {
        /// Whether to move the entries to the recycle bin, from which they can be restored. Default: false, which
        /// deletes them permanently. Not every space has a recycle bin.
        to_recycle_bin: bool = true,
    }
}

/// The outcome for one entry of a batch.
///
/// ```
/// use dingtalk_files::{BatchOutcome, DentryBatchItem};
///
/// fn tasks(items: &[DentryBatchItem]) -> Vec<&str> {
///     let task = |item| match DentryBatchItem::outcome(item) {
///         BatchOutcome::Running { task_id } => task_id,
///         _ => None,
///     };
///     items.iter().filter_map(task).collect()
/// }
/// # let _ = tasks;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchOutcome<'a> {
    /// Finished.
    Done,
    /// Started, and still running after the response. It can still fail.
    Running {
        /// Id of the task, for [`Storage::wait_for_task`].
        task_id: Option<&'a str>,
    },
    /// Failed, or not reported as successful.
    Failed {
        /// Error code, such as `permissionDenied` or `dentryNotExist`.
        code: Option<&'a str>,
    },
}

/// The result of a copy, move or deletion for one entry of a batch.
///
/// ```
/// use dingtalk_files::{BatchOutcome, DentryBatchItem};
///
/// let json = r#"{"dentryId": "dentry-1", "async": false, "success": false, "errorCode": "dentryNotExist"}"#;
/// let item: DentryBatchItem = serde_json::from_str(json)?;
/// assert_eq!(item.outcome(), BatchOutcome::Failed { code: Some("dentryNotExist") });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DentryBatchItem {
    /// Space of the entry before the operation.
    pub space_id: Option<String>,
    /// Id of the entry, as passed in.
    pub dentry_id: Option<String>,
    /// Whether the operation continues after the response, as the task [`task_id`](Self::task_id). It does for folders
    /// that are not empty.
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// Whether the operation succeeded. Absent while it is running.
    pub success: Option<bool>,
    /// Error code of the failure.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// Id of the task, for [`Storage::wait_for_task`], if the operation is still running.
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// Space of the copy or of the moved entry, unless the operation failed. Absent after a deletion.
    #[serde(deserialize_with = "empty_is_none")]
    pub target_space_id: Option<String>,
    /// Id of the copy or of the moved entry, unless the operation failed. Absent after a deletion.
    #[serde(deserialize_with = "empty_is_none")]
    pub target_dentry_id: Option<String>,
}

impl<'a> BatchOutcome<'a> {
    pub(super) fn of(
        success: Option<bool>,
        is_async: bool,
        task_id: Option<&'a str>,
        code: Option<&'a str>,
    ) -> Self {
        match (success, is_async) {
            (None | Some(true), true) => Self::Running { task_id },
            (Some(true), false) => Self::Done,
            (Some(false), _) | (None, false) => Self::Failed { code },
        }
    }
}

impl DentryBatchItem {
    /// Combines the fields into one value: done, running or failed.
    ///
    /// An entry that is reported neither as successful nor as running counts as failed.
    ///
    /// ```
    /// use dingtalk_files::{BatchOutcome, DentryBatchItem};
    ///
    /// let item: DentryBatchItem = serde_json::from_str(r#"{"async": true, "taskId": "task-1"}"#)?;
    /// assert_eq!(item.outcome(), BatchOutcome::Running { task_id: Some("task-1") });
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn outcome(&self) -> BatchOutcome<'_> {
        BatchOutcome::of(self.success, self.is_async, self.task_id.as_deref(), self.error_code.as_deref())
    }
}

/// Vendor limits.
const MAX_COPIED: usize = 3;
const MAX_MOVED: usize = 30;
const MAX_DELETED: usize = 50;

impl Storage<'_> {
    /// Copies up to 3 files or folders of one space into a folder of the same or another space.
    ///
    /// Calls `CopyDentries`, documented at
    /// [copy-files-or-folders-in-bulk](https://open.dingtalk.com/document/orgapp/copy-files-or-folders-in-bulk).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// The limit is 3, unlike the limit of 30 for moves. `target_folder_id` is `"0"` for the root of the target space.
    /// The call succeeds even if entries fail: check the [`outcome`](DentryBatchItem::outcome) of each result. Folders
    /// that are not empty are copied after the response, each as its own task, for
    /// [`wait_for_task`](Self::wait_for_task). The call is never retried automatically, because a retry could create
    /// second copies. After a network failure or a 5xx, check [`Error::may_have_run`](crate::Error::may_have_run) and
    /// the target folder.
    ///
    /// ```no_run
    /// use dingtalk_files::{BatchOutcome, Client, CopyDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator, options) = (client.storage(), UnionId("operator-1"), CopyDentries::new());
    /// for item in storage.copy_dentries("space-1", "space-2", "0", &["dentry-1", "dentry-2"], operator, &options)? {
    ///     match item.outcome() {
    ///         BatchOutcome::Done => println!("copied as {:?}", item.target_dentry_id),
    ///         BatchOutcome::Running { task_id } => println!("wait for {task_id:?}"),
    ///         failed => println!("{:?}: {failed:?}", item.dentry_id),
    ///     }
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 3 entries, before any request is
    /// sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`, `dentryNotExist`; `dentryAlreadyExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`,
    /// `appQuotaInsufficient`, `orgQuotaInsufficient`; `paramError.spaceId`, `paramError.dentryIds`,
    /// `paramError.targetSpaceId`, `paramError.targetFolderId`, `paramError.conflictStrategy`, `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn copy_dentries(
        &self,
        space_id: &str,
        target_space_id: &str,
        target_folder_id: &str,
        dentry_ids: &[&str],
        operator: UnionId<'_>,
        options: &CopyDentries,
    ) -> Result<Vec<DentryBatchItem>> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/dentries/batchCopy", &[space_id])
            .acting(operator)
            .field("targetSpaceId", target_space_id)
            .field("targetFolderId", target_folder_id)
            .field("dentryIds", dentry_ids)
            .limit("dentryIds", dentry_ids.len(), 1..=MAX_COPIED)
            .option(options.if_set());
        self.client.field("resultItems", &call)
    }

    /// Moves up to 30 files or folders of one space into a folder of the same or another space.
    ///
    /// Calls `MoveDentries`, documented at
    /// [bulk-move-files-or-folders](https://open.dingtalk.com/document/orgapp/bulk-move-files-or-folders).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// `target_folder_id` is `"0"` for the root of the target space. The call succeeds even if entries fail: check the
    /// [`outcome`](DentryBatchItem::outcome) of each result. Folders that are not empty are moved after the response,
    /// each as its own task, for [`wait_for_task`](Self::wait_for_task). Permissions are lost unless
    /// [`preserve_permissions`](MoveDentries::preserve_permissions) is set. The call is never retried automatically:
    /// after a network failure or a 5xx, check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{BatchOutcome, Client, MoveDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let options = MoveDentries::new().preserve_permissions(true);
    /// let ids = ["dentry-1", "dentry-2"];
    /// for item in storage.move_dentries("space-1", "space-1", "folder-2", &ids, operator, &options)? {
    ///     if let BatchOutcome::Failed { code } = item.outcome() {
    ///         println!("{:?} was not moved: {code:?}", item.dentry_id);
    ///     }
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 entries, before any request
    /// is sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`, `dentryNotExist`; `dentryAlreadyExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`,
    /// `appQuotaInsufficient`, `orgQuotaInsufficient`; `paramError.spaceId`, `paramError.dentryIds`,
    /// `paramError.targetSpaceId`, `paramError.targetFolderId`, `paramError.conflictStrategy`, `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn move_dentries(
        &self,
        space_id: &str,
        target_space_id: &str,
        target_folder_id: &str,
        dentry_ids: &[&str],
        operator: UnionId<'_>,
        options: &MoveDentries,
    ) -> Result<Vec<DentryBatchItem>> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/dentries/batchMove", &[space_id])
            .acting(operator)
            .field("targetSpaceId", target_space_id)
            .field("targetFolderId", target_folder_id)
            .field("dentryIds", dentry_ids)
            .limit("dentryIds", dentry_ids.len(), 1..=MAX_MOVED)
            .option(options.if_set());
        self.client.field("resultItems", &call)
    }

    /// Deletes up to 50 files or folders of one space, with everything in them: **permanently**, by default.
    ///
    /// Calls `DeleteDentries`, documented at
    /// [delete-files-or-folders-in-bulk](https://open.dingtalk.com/document/orgapp/delete-files-or-folders-in-bulk).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// [`to_recycle_bin`](DeleteDentries::to_recycle_bin) moves them to the recycle bin of the space. In a space
    /// without a recycle bin, that is the error `recycleBinNotSupportForSpace`. The call succeeds even if entries fail:
    /// check the [`outcome`](DentryBatchItem::outcome) of each result. Folders that are not empty are deleted after the
    /// response, each as its own task, for [`wait_for_task`](Self::wait_for_task).
    ///
    /// If a response is lost, the client retries the call, so `dentryNotExist` may mean that the first attempt
    /// succeeded.
    ///
    /// ```no_run
    /// use dingtalk_files::{BatchOutcome, Client, DeleteDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let options = DeleteDentries::new().to_recycle_bin(true);
    /// for item in storage.delete_dentries("space-1", &["dentry-1", "dentry-2"], operator, &options)? {
    ///     if let BatchOutcome::Failed { code } = item.outcome() {
    ///         println!("{:?} was not deleted: {code:?}", item.dentry_id);
    ///     }
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 50 entries, before any request
    /// is sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`,
    /// `operationNotSupported`; `spaceNotExist`, `dentryNotExist`; `recycleBinNotSupportForSpace`;
    /// `paramError.spaceId`, `paramError.dentryIds`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn delete_dentries(
        &self,
        space_id: &str,
        dentry_ids: &[&str],
        operator: UnionId<'_>,
        options: &DeleteDentries,
    ) -> Result<Vec<DentryBatchItem>> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/dentries/batchRemove", &[space_id])
            .acting(operator)
            .field("dentryIds", dentry_ids)
            .limit("dentryIds", dentry_ids.len(), 1..=MAX_DELETED)
            .option(options.if_set())
            .repeatable();
        self.client.field("resultItems", &call)
    }
}
