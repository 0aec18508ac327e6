//! Changing one entry: make a folder, rename, copy, move, delete.

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
        /// Whether it keeps the permissions that it has. Default: false. The vendor misspells the name on the wire.
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
        /// Whether it goes to the recycle bin, from where it can come back. Default: false, it is gone for good. Not
        /// every space has a recycle bin.
        to_recycle_bin: bool = true,
    }
}

/// What a copy or a move has led to, or begun.
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
    /// Whether it goes on after this answer, as [`task_id`](Self::task_id).
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// What to wait for with [`Storage::wait_for_task`] where it goes on.
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
}

/// Whether a deletion is done, or has begun.
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
    /// Whether it goes on after this answer, as [`task_id`](Self::task_id).
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// What to wait for with [`Storage::wait_for_task`] where it goes on.
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
}

impl Storage<'_> {
    /// Makes a folder.
    ///
    /// Calls `AddFolder`, documented at
    /// [add-folder](https://open.dingtalk.com/document/orgapp/add-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// `parent_id` is the folder that it goes into, `"0"` the root of the space; that one has to be there. Of the name,
    /// spaces at both ends are cut off; a tab, `*"<>|` or a dot at the end are not allowed.
    ///
    /// When the name is taken, the vendor's default is `AUTO_RENAME`, which makes a second folder under another name.
    /// To make it only if it is missing, and get it in either case, ask for
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

    /// Gives a file or folder another name.
    ///
    /// Calls `RenameDentry`, documented at
    /// [rename-a-file-or-folder](https://open.dingtalk.com/document/orgapp/rename-a-file-or-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// The name of a file includes its extension. Of the name, spaces at both ends are cut off; a tab, `*"<>|` or a dot
    /// at the end are not allowed. The root of a space cannot be renamed. There is no choice of what happens when the
    /// name is taken: that is an error.
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

    /// Copies a file, or a folder with all it holds, into a folder of the same or another space.
    ///
    /// Calls `CopyDentry`, documented at
    /// [copy-an-object](https://open.dingtalk.com/document/orgapp/copy-an-object).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// `target_folder_id` is `"0"` for the root of the target space. What takes long goes on after the answer: then
    /// [`is_async`](PlacedDentry::is_async) is set, and the copy is complete when
    /// [`wait_for_task`](Self::wait_for_task) says so, or has failed. It is never repeated: a second copy would lie
    /// beside the first. After a network failure or a 5xx look at
    /// [`Error::may_have_run`](crate::Error::may_have_run), and into the folder.
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

    /// Moves a file, or a folder with all it holds, into a folder of the same or another space.
    ///
    /// Calls `MoveDentry`, documented at
    /// [move-a-file-or-folder](https://open.dingtalk.com/document/orgapp/move-a-file-or-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// `target_folder_id` is `"0"` for the root of the target space. The permissions on it are left behind unless
    /// [`preserve_permissions`](MoveDentry::preserve_permissions) is set; when the name is taken there, the default
    /// gives it another. What takes long goes on after the answer: then [`is_async`](PlacedDentry::is_async) is set, and
    /// the move is complete when [`wait_for_task`](Self::wait_for_task) says so, or has failed. It is never repeated:
    /// after a network failure or a 5xx look at [`Error::may_have_run`](crate::Error::may_have_run).
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

    /// Deletes a file, or a folder with all it holds. **For good**, unless told otherwise.
    ///
    /// Calls `DeleteDentry`, documented at
    /// [delete-a-file-or-folder](https://open.dingtalk.com/document/orgapp/delete-a-file-or-folder).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// [`to_recycle_bin`](DeleteDentry::to_recycle_bin) keeps it, but only in a space that was made by the drive's
    /// operation for adding spaces; elsewhere that is the error `recycleBinNotSupportForSpace`. What takes long goes on
    /// after the answer: then [`is_async`](DentryDeletion::is_async) is set; wait with
    /// [`wait_for_task`](Self::wait_for_task).
    ///
    /// After a lost answer the client asks again, so `dentryNotExist` may mean that the first try has done it.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, DeleteDentry, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = DeleteDentry::new().to_recycle_bin(true);
    /// let deletion = client.storage().delete_dentry("space-1", "dentry-1", UnionId("operator-1"), &options)?;
    /// println!("still to be waited for: {:?}", deletion.task_id);
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
