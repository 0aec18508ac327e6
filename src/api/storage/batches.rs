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
        /// Whether they keep the permissions that they have. Default: false.
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
        /// Whether they go to the recycle bin, from where they can come back. Default: false, they are gone for good.
        /// Not every space has a recycle bin.
        to_recycle_bin: bool = true,
    }
}

/// How it went with one part of a batch.
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
    /// It is done.
    Done,
    /// It has begun, and goes on after the answer. It can still fail.
    Running {
        /// What to wait for with [`Storage::wait_for_task`].
        task_id: Option<&'a str>,
    },
    /// It failed, or was not said to be done.
    Failed {
        /// Why, such as `permissionDenied` or `dentryNotExist`.
        code: Option<&'a str>,
    },
}

/// What became of one of the entries that were to be copied, moved or deleted.
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
    /// The space it is or was in.
    pub space_id: Option<String>,
    /// The id that was given.
    pub dentry_id: Option<String>,
    /// Whether it goes on after the answer, as [`task_id`](Self::task_id). So it is for folders that hold something.
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// Whether it is done. Nothing is said of what goes on.
    pub success: Option<bool>,
    /// Why it failed.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// What to wait for with [`Storage::wait_for_task`] where it goes on.
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// The space of the copy, or where it was moved to, unless it failed. Not after a deletion.
    #[serde(deserialize_with = "empty_is_none")]
    pub target_space_id: Option<String>,
    /// The id of the copy, or what it has after the move, unless it failed. Not after a deletion.
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
    /// The fields in one: done, going on, or failed. What is neither said to be done nor to go on counts as failed.
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
    /// The limit is 3, and not 30 as for moving. `target_folder_id` is `"0"` for the root of the target space. The call
    /// succeeds when entries fail: ask each result for its [`outcome`](DentryBatchItem::outcome). Folders that hold
    /// something are copied after the answer, each as a task of its own, for
    /// [`wait_for_task`](Self::wait_for_task). It is never repeated: second copies would lie beside the first. After a
    /// network failure or a 5xx look at [`Error::may_have_run`](crate::Error::may_have_run), and into the folder.
    ///
    /// ```no_run
    /// use dingtalk_files::{BatchOutcome, Client, CopyDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator, options) = (client.storage(), UnionId("operator-1"), CopyDentries::new());
    /// for item in storage.copy_dentries("space-1", "space-2", "0", &["dentry-1", "dentry-2"], operator, &options)? {
    ///     match item.outcome() {
    ///         BatchOutcome::Done => println!("its copy is {:?}", item.target_dentry_id),
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
    /// `target_folder_id` is `"0"` for the root of the target space. The call succeeds when entries fail: ask each
    /// result for its [`outcome`](DentryBatchItem::outcome). Folders that hold something are moved after the answer,
    /// each as a task of its own, for [`wait_for_task`](Self::wait_for_task). Permissions are left behind unless
    /// [`preserve_permissions`](MoveDentries::preserve_permissions) is set. It is never repeated: after a network
    /// failure or a 5xx look at [`Error::may_have_run`](crate::Error::may_have_run).
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
    ///         println!("{:?} stays where it is: {code:?}", item.dentry_id);
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

    /// Deletes up to 50 files or folders of one space, with all they hold. **For good**, unless told otherwise.
    ///
    /// Calls `DeleteDentries`, documented at
    /// [delete-files-or-folders-in-bulk](https://open.dingtalk.com/document/orgapp/delete-files-or-folders-in-bulk).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// [`to_recycle_bin`](DeleteDentries::to_recycle_bin) keeps them, where the space has a recycle bin; elsewhere that
    /// is the error `recycleBinNotSupportForSpace`. The call succeeds when entries fail: ask each result for its
    /// [`outcome`](DentryBatchItem::outcome). Folders that hold something are deleted after the answer, each as a task
    /// of its own, for [`wait_for_task`](Self::wait_for_task).
    ///
    /// After a lost answer the client asks again, so `dentryNotExist` may mean that the first try has done it.
    ///
    /// ```no_run
    /// use dingtalk_files::{BatchOutcome, Client, DeleteDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let options = DeleteDentries::new().to_recycle_bin(true);
    /// for item in storage.delete_dentries("space-1", &["dentry-1", "dentry-2"], operator, &options)? {
    ///     if let BatchOutcome::Failed { code } = item.outcome() {
    ///         println!("{:?} is still there: {code:?}", item.dentry_id);
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
