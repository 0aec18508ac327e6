//! Changing a single entry: create a folder, rename, copy, move, delete.

use serde::Deserialize;

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::{AppProperty, ConflictStrategy, Dentry, MAX_APP_PROPERTIES};
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::{empty_is_none, null_is_default};
use crate::base::options::options;

options! {
    /// Optional parameters of [`Storage::add_folder`].
    ///
    /// ```
    /// use dingtalk_files::{AddFolder, ConflictStrategy};
    ///
    /// let unless_there = AddFolder::new().conflict_strategy(ConflictStrategy::ReturnDentryIfExists);
    /// # let _ = unless_there;
    /// ```
    AddFolder {
        /// Conflict strategy if the name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::ReturnDentryIfExists,
        /// App properties of the folder, at most 3.
        app_properties: Vec<AppProperty> as impl Into<Vec<AppProperty>> = [],
    }
}

options! {
    /// Optional parameters of [`Storage::copy_dentry`].
    ///
    /// ```
    /// use dingtalk_files::{ConflictStrategy, CopyDentry};
    ///
    /// let options = CopyDentry::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    CopyDentry {
        /// Conflict strategy if the name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
    }
}

options! {
    /// Optional parameters of [`Storage::move_dentry`].
    ///
    /// ```
    /// use dingtalk_files::{ConflictStrategy, MoveDentry};
    ///
    /// let options = MoveDentry::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    MoveDentry {
        /// Conflict strategy if the name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
        /// Whether the entry keeps its permissions. Default: false. The vendor misspells the name on the wire.
        preserve_permissions ("presevePermissions"): bool = true,
    }
}

options! {
    /// Optional parameters of [`Storage::delete_dentry`].
    ///
    /// ```
    /// use dingtalk_files::DeleteDentry;
    ///
    /// let options = DeleteDentry::new().to_recycle_bin(true);
    /// # let _ = options;
    /// ```
    DeleteDentry {
        /// Whether to move the entry to the recycle bin, from which it can be restored. Default: false, which deletes
        /// it permanently. Not every space has a recycle bin.
        to_recycle_bin: bool = true,
    }
}

/// The result of a copy or a move, or its task.
///
/// ```
/// let placed: dingtalk_files::PlacedDentry = serde_json::from_str(r#"{"async": true, "taskId": "task-1"}"#)?;
/// assert!(placed.is_async);
/// assert_eq!(placed.task_id.as_deref(), Some("task-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PlacedDentry {
    /// The entry in its new place.
    pub dentry: Option<Dentry>,
    /// Whether the operation continues after the response, as the task [`task_id`](Self::task_id).
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// Id of the task, for [`Storage::wait_for_task`], if the operation is still running.
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
}

/// The result of a deletion, or its task.
///
/// ```
/// let deletion: dingtalk_files::DentryDeletion = serde_json::from_str(r#"{"async": false}"#)?;
/// assert!(!deletion.is_async);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DentryDeletion {
    /// Whether the deletion continues after the response, as the task [`task_id`](Self::task_id).
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// Id of the task, for [`Storage::wait_for_task`], if the deletion is still running.
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
}

impl Storage<'_> {
    /// Creates a folder.
    ///
    /// Calls `AddFolder`, documented at
    /// [add-folder](https://open.dingtalk.com/document/orgapp/add-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// `parent_id` is the parent folder, which must exist; `"0"` is the root of the space. Spaces at both ends of the
    /// name are removed. A tab, any of `*"<>|`, and a dot at the end are not allowed.
    ///
    /// If the name is taken, the vendor's default is `AUTO_RENAME`, which creates a second folder under another name.
    /// To create the folder only if it is missing, and to get it in either case, pass
    /// [`ReturnDentryIfExists`](ConflictStrategy::ReturnDentryIfExists). The call is never retried automatically: after
    /// a network failure or a 5xx, check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{AddFolder, Client, ConflictStrategy, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let unless_there = AddFolder::new().conflict_strategy(ConflictStrategy::ReturnDentryIfExists);
    /// let folder = client.storage().add_folder("space-1", "0", "2024", UnionId("operator-1"), &unless_there)?;
    /// println!("{:?} has the id {:?}", folder.path, folder.id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than 3 app properties, before any request is
    /// sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `dentryNotExist`; `dentryNameIllegal`, `dentryAlreadyExist`; `paramError.conflictStrategy`, `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn add_folder(
        &self,
        space_id: &str,
        parent_id: &str,
        name: &str,
        operator: UnionId<'_>,
        options: &AddFolder,
    ) -> Result<Dentry> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{parentId}/folders",
            &[space_id, parent_id],
        )
        .acting(operator)
        .field("name", name)
        .limit_if_set("appProperties", options.app_properties.as_ref(), MAX_APP_PROPERTIES)
        .option(options.if_set());
        self.client.field("dentry", &call)
    }

    /// Renames a file or folder.
    ///
    /// Calls `RenameDentry`, documented at
    /// [rename-a-file-or-folder](https://open.dingtalk.com/document/orgapp/rename-a-file-or-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// The name of a file includes its extension. Spaces at both ends of the name are removed. A tab, any of `*"<>|`,
    /// and a dot at the end are not allowed. The root of a space cannot be renamed. This operation has no conflict
    /// strategy: a name that is taken is an error.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let file = client.storage().rename_dentry("space-1", "dentry-1", "report.xls", UnionId("operator-1"))?;
    /// println!("now {:?}", file.path);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`, `dentryNotExist`; `dentryAlreadyExist`; `paramError.spaceId`, `paramError.dentryId`,
    /// `paramError.name`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn rename_dentry(
        &self,
        space_id: &str,
        dentry_id: &str,
        new_name: &str,
        operator: UnionId<'_>,
    ) -> Result<Dentry> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/rename",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .field("newName", new_name)
        .repeatable();
        self.client.field("dentry", &call)
    }

    /// Copies a file, or a folder with everything in it, into a folder of the same or another space.
    ///
    /// Calls `CopyDentry`, documented at
    /// [copy-an-object](https://open.dingtalk.com/document/orgapp/copy-an-object).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// `target_folder_id` is `"0"` for the root of the target space. A long copy continues after the response:
    /// [`is_async`](PlacedDentry::is_async) is then set, and [`wait_for_task`](Self::wait_for_task) waits until the
    /// copy is complete or has failed. The call is never retried automatically, because a retry could create a second
    /// copy. After a network failure or a 5xx, check [`Error::may_have_run`](crate::Error::may_have_run) and the target
    /// folder.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use dingtalk_files::{Client, CopyDentry, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let copy = storage.copy_dentry("space-1", "dentry-1", "space-2", "0", operator, &CopyDentry::new())?;
    /// if let Some(task) = copy.task_id {
    ///     let task = storage.wait_for_task(&task, operator, Duration::from_secs(300))?;
    ///     println!("{:?} of {:?} copied: {:?}", task.success_count, task.total_count, task.status);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`, `dentryNotExist`; `dentryAlreadyExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`,
    /// `appQuotaInsufficient`, `orgQuotaInsufficient`; `paramError.spaceId`, `paramError.dentryId`,
    /// `paramError.targetSpaceId`, `paramError.targetFolderId`, `paramError.conflictStrategy`, `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn copy_dentry(
        &self,
        space_id: &str,
        dentry_id: &str,
        target_space_id: &str,
        target_folder_id: &str,
        operator: UnionId<'_>,
        options: &CopyDentry,
    ) -> Result<PlacedDentry> {
        let call =
            Call::new("POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/copy", &[space_id, dentry_id])
                .acting(operator)
                .field("targetSpaceId", target_space_id)
                .field("targetFolderId", target_folder_id)
                .option(options.if_set());
        self.client.call(&call)
    }

    /// Moves a file, or a folder with everything in it, into a folder of the same or another space.
    ///
    /// Calls `MoveDentry`, documented at
    /// [move-a-file-or-folder](https://open.dingtalk.com/document/orgapp/move-a-file-or-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// `target_folder_id` is `"0"` for the root of the target space. The permissions on the entry are lost unless
    /// [`preserve_permissions`](MoveDentry::preserve_permissions) is set. If the name is taken there, the default
    /// renames the entry. A long move continues after the response: [`is_async`](PlacedDentry::is_async) is then set,
    /// and [`wait_for_task`](Self::wait_for_task) waits until the move is complete or has failed. The call is never
    /// retried automatically: after a network failure or a 5xx, check
    /// [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MoveDentry, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let options = MoveDentry::new().preserve_permissions(true);
    /// let moved = storage.move_dentry("space-1", "dentry-1", "space-1", "folder-2", operator, &options)?;
    /// match moved.task_id {
    ///     Some(task) => println!("wait for {task}"),
    ///     None => println!("now {:?}", moved.dentry.and_then(|dentry| dentry.path)),
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`, `dentryNotExist`; `dentryAlreadyExist`; `spaceQuotaInsufficient`, `sceneQuotaInsufficient`,
    /// `appQuotaInsufficient`, `orgQuotaInsufficient`; `paramError.spaceId`, `paramError.dentryId`,
    /// `paramError.targetSpaceId`, `paramError.targetFolderId`, `paramError.conflictStrategy`, `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn move_dentry(
        &self,
        space_id: &str,
        dentry_id: &str,
        target_space_id: &str,
        target_folder_id: &str,
        operator: UnionId<'_>,
        options: &MoveDentry,
    ) -> Result<PlacedDentry> {
        let call =
            Call::new("POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/move", &[space_id, dentry_id])
                .acting(operator)
                .field("targetSpaceId", target_space_id)
                .field("targetFolderId", target_folder_id)
                .option(options.if_set());
        self.client.call(&call)
    }

    /// Deletes a file, or a folder with everything in it: **permanently**, by default.
    ///
    /// Calls `DeleteDentry`, documented at
    /// [delete-a-file-or-folder](https://open.dingtalk.com/document/orgapp/delete-a-file-or-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// [`to_recycle_bin`](DeleteDentry::to_recycle_bin) moves the entry to the recycle bin, but only in a space that
    /// was created by the drive's operation for adding spaces. In any other space, that is the error
    /// `recycleBinNotSupportForSpace`. A long deletion continues after the response:
    /// [`is_async`](DentryDeletion::is_async) is then set, and [`wait_for_task`](Self::wait_for_task) waits for it.
    ///
    /// If a response is lost, the client retries the call, so `dentryNotExist` may mean that the first attempt
    /// succeeded.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, DeleteDentry, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = DeleteDentry::new().to_recycle_bin(true);
    /// let deletion = client.storage().delete_dentry("space-1", "dentry-1", UnionId("operator-1"), &options)?;
    /// println!("running task: {:?}", deletion.task_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`,
    /// `operationNotSupported`; `spaceNotExist`, `dentryNotExist`; `recycleBinNotSupportForSpace`; `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn delete_dentry(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &DeleteDentry,
    ) -> Result<DentryDeletion> {
        let call =
            Call::new("DELETE /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}", &[space_id, dentry_id])
                .acting(operator)
                .query_if_set("toRecycleBin", options.to_recycle_bin)
                .repeatable();
        self.client.call(&call)
    }
}
