//! Restoring items from a recycle bin.

use serde::Deserialize;

use super::Storage;
use super::batches::BatchOutcome;
use crate::base::call::Call;
use crate::base::dentry::ConflictStrategy;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::{empty_is_none, null_is_default};
use crate::base::options::options;

/// The result of restoring an item.
///
/// ```
/// let restored: dingtalk_files::Restored = serde_json::from_str(r#"{"async": true, "taskId": "task-1"}"#)?;
/// assert_eq!((restored.is_async, restored.task_id.as_deref()), (true, Some("task-1")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Restored {
    /// Whether the restore continues after the response, as for a folder that is not empty.
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// Id of the task, for [`Storage::wait_for_task`].
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// Space that the entry is restored to.
    #[serde(deserialize_with = "empty_is_none")]
    pub space_id: Option<String>,
    /// Id of the entry in that space.
    #[serde(deserialize_with = "empty_is_none")]
    pub dentry_id: Option<String>,
}

/// The result for one of several restored items.
///
/// An item is restored (`success`), not restored (`error_code` reports the reason), or still being restored
/// (`is_async`, with a task and neither of the two other fields).
///
/// ```
/// use dingtalk_files::RestoredItem;
///
/// let json = r#"{"recycleItemId": "item-1", "async": false, "success": false, "errorCode": "permissionDenied"}"#;
/// let item: RestoredItem = serde_json::from_str(json)?;
/// assert_eq!((item.success, item.error_code.as_deref()), (Some(false), Some("permissionDenied")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RestoredItem {
    /// Recycle bin of the item.
    pub recycle_bin_id: Option<String>,
    /// Id of the item in the recycle bin, as passed in.
    pub recycle_item_id: Option<String>,
    /// Whether the restore continues after the response, as for a folder that is not empty.
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// Whether the item was restored. Absent while the restore is running.
    pub success: Option<bool>,
    /// Error code, such as `permissionDenied`. Absent while the restore is running.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// Id of the running task, for [`Storage::wait_for_task`].
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// Space that the entry is restored to. Absent after a failure.
    #[serde(deserialize_with = "empty_is_none")]
    pub space_id: Option<String>,
    /// Id of the entry in that space. Absent after a failure.
    #[serde(deserialize_with = "empty_is_none")]
    pub dentry_id: Option<String>,
}

impl RestoredItem {
    /// Combines the fields into one value: done, running or failed.
    ///
    /// ```
    /// use dingtalk_files::{BatchOutcome, RestoredItem};
    ///
    /// let json = r#"{"recycleItemId": "item-1", "success": false, "errorCode": "permissionDenied"}"#;
    /// let item: RestoredItem = serde_json::from_str(json)?;
    /// assert_eq!(item.outcome(), BatchOutcome::Failed { code: Some("permissionDenied") });
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn outcome(&self) -> BatchOutcome<'_> {
        BatchOutcome::of(self.success, self.is_async, self.task_id.as_deref(), self.error_code.as_deref())
    }
}

options! {
    /// Optional parameters of [`Storage::restore_recycle_item`].
    ///
    /// ```
    /// use dingtalk_files::{ConflictStrategy, RestoreRecycleItem};
    ///
    /// let options = RestoreRecycleItem::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    RestoreRecycleItem {
        /// Conflict strategy if the name has been taken since. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
    }
}

options! {
    /// Optional parameters of [`Storage::restore_recycle_items`].
    ///
    /// ```
    /// use dingtalk_files::{ConflictStrategy, RestoreRecycleItems};
    ///
    /// let options = RestoreRecycleItems::new().conflict_strategy(ConflictStrategy::ReturnErrorIfExists);
    /// # let _ = options;
    /// ```
    RestoreRecycleItems {
        /// Conflict strategy if a name has been taken since. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
    }
}

/// Vendor limit.
const MAX_RESTORED: usize = 30;

impl Storage<'_> {
    /// Restores an item to its original place.
    ///
    /// Calls `RestoreRecycleItem`, documented at
    /// [restore-recycle-items](https://open.dingtalk.com/document/orgapp/restore-recycle-items).
    /// Permission: `Storage.RecycleBin.Write`. Internal and ISV apps.
    ///
    /// An item with children is restored after the response ([`Restored::is_async`]): pass its task id to
    /// [`wait_for_task`](Self::wait_for_task). The space and the dentry id are returned in both cases.
    ///
    /// If the name has been taken since, the vendor's default is `AUTO_RENAME`. The call is never retried
    /// automatically: after a network failure, check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use dingtalk_files::{Client, RestoreRecycleItem, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let restored = storage.restore_recycle_item("bin-1", "item-1", operator, &RestoreRecycleItem::new())?;
    /// if let Some(task) = restored.task_id {
    ///     storage.wait_for_task(&task, operator, Duration::from_secs(300))?;
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `recycleBinNotExist`, `recycleItemNotExist`; `paramError.recycleBinId`,
    /// `paramError.recycleItemId`, `paramError.conflictStrategy`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn restore_recycle_item(
        &self,
        recycle_bin_id: &str,
        recycle_item_id: &str,
        operator: UnionId<'_>,
        options: &RestoreRecycleItem,
    ) -> Result<Restored> {
        let call = Call::new(
            "POST /v1.0/storage/recycleBins/{recycleBinId}/recycleItems/{recycleItemId}/restore",
            &[recycle_bin_id, recycle_item_id],
        )
        .acting(operator)
        .option(options.if_set());
        self.client.call(&call)
    }

    /// Restores several items to their original places.
    ///
    /// Calls `RestoreRecycleItems`, documented at
    /// [batch-restore-recycled-items](https://open.dingtalk.com/document/orgapp/batch-restore-recycled-items).
    /// Permission: `Storage.RecycleBin.Write`. Internal and ISV apps.
    ///
    /// Pass the ids of 1 to 30 items per call, not dentry ids. **`Ok` does not mean that all of them are restored**:
    /// check [`RestoredItem::success`] and [`error_code`](RestoredItem::error_code) of each item. An item with children
    /// is restored after the response ([`is_async`](RestoredItem::is_async)): pass its task id to
    /// [`wait_for_task`](Self::wait_for_task).
    ///
    /// If a name has been taken since, the vendor's default is `AUTO_RENAME`. The call is never retried automatically:
    /// after a network failure, check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{BatchOutcome, Client, RestoreRecycleItems, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (items, options) = (["item-1", "item-2"], RestoreRecycleItems::new());
    /// for item in client.storage().restore_recycle_items("bin-1", &items, UnionId("operator-1"), &options)? {
    ///     if let BatchOutcome::Failed { code } = item.outcome() {
    ///         println!("{:?} was not restored: {code:?}", item.recycle_item_id);
    ///     }
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 items, before any request is
    /// sent. `permissionDenied`; `recycleBinNotExist`, `recycleItemNotExist`; `paramError.recycleBinId`,
    /// `paramError.recycleItemIds`, `paramError.conflictStrategy`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn restore_recycle_items(
        &self,
        recycle_bin_id: &str,
        recycle_item_ids: &[&str],
        operator: UnionId<'_>,
        options: &RestoreRecycleItems,
    ) -> Result<Vec<RestoredItem>> {
        let call = Call::new(
            "POST /v1.0/storage/recycleBins/{recycleBinId}/recycleItems/batchRestore",
            &[recycle_bin_id],
        )
        .acting(operator)
        .field("recycleItemIds", recycle_item_ids)
        .limit("recycleItemIds", recycle_item_ids.len(), 1..=MAX_RESTORED)
        .option(options.if_set());
        self.client.field("resultItems", &call)
    }
}
