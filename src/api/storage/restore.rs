//! Bringing back what lies in a recycle bin.

use serde::Deserialize;

use super::Storage;
use super::batches::BatchOutcome;
use crate::base::call::Call;
use crate::base::dentry::ConflictStrategy;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::{empty_is_none, null_is_default};
use crate::base::options::options;

/// What came of restoring one item.
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
    /// Whether it goes on after the answer, as with a folder that has something in it.
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// The task that goes on: see [`Storage::wait_for_task`].
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// The space it comes back to.
    #[serde(deserialize_with = "empty_is_none")]
    pub space_id: Option<String>,
    /// Its id there.
    #[serde(deserialize_with = "empty_is_none")]
    pub dentry_id: Option<String>,
}

/// What came of one of several items that were to be restored.
///
/// Three ways it may have gone: done (`success`), not done (`error_code` tells why), or going on (`is_async`, with a
/// task, and neither of the two others).
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
    /// The recycle bin it was in.
    pub recycle_bin_id: Option<String>,
    /// Its id there, as it was asked for.
    pub recycle_item_id: Option<String>,
    /// Whether it goes on after the answer, as with a folder that has something in it.
    #[serde(rename = "async", deserialize_with = "null_is_default")]
    pub is_async: bool,
    /// Whether it was restored. Absent while it goes on.
    pub success: Option<bool>,
    /// Why it was not, such as `permissionDenied`. Absent while it goes on.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// The task that goes on: see [`Storage::wait_for_task`].
    #[serde(deserialize_with = "empty_is_none")]
    pub task_id: Option<String>,
    /// The space it comes back to. Absent when it failed.
    #[serde(deserialize_with = "empty_is_none")]
    pub space_id: Option<String>,
    /// Its id there. Absent when it failed.
    #[serde(deserialize_with = "empty_is_none")]
    pub dentry_id: Option<String>,
}

impl RestoredItem {
    /// What became of it, in one word.
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
        /// Conflict strategy if the name is taken. Default: `AUTO_RENAME`.
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
        /// Conflict strategy if a name is taken. Default: `AUTO_RENAME`.
        conflict_strategy: ConflictStrategy = dingtalk_files::ConflictStrategy::Overwrite,
    }
}

/// Vendor limit.
const MAX_RESTORED: usize = 30;

impl Storage<'_> {
    /// Puts an item back where it was.
    ///
    /// Calls `RestoreRecycleItem`, documented at
    /// [restore-recycle-items](https://open.dingtalk.com/document/orgapp/restore-recycle-items).
    /// Permission: `Storage.RecycleBin.Write`. Internal and ISV apps.
    ///
    /// What has children comes back after the answer ([`Restored::is_async`]):
    /// [`wait_for_task`](Self::wait_for_task) with its task id. Space and dentry id are told in both cases.
    ///
    /// When the name is taken meanwhile, the vendor's default is `AUTO_RENAME`. The call is never retried
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

    /// Puts several items back where they were.
    ///
    /// Calls `RestoreRecycleItems`, documented at
    /// [batch-restore-recycled-items](https://open.dingtalk.com/document/orgapp/batch-restore-recycled-items).
    /// Permission: `Storage.RecycleBin.Write`. Internal and ISV apps.
    ///
    /// 1 to 30 items per call, by their own ids. **`Ok` does not mean that all of them came back**: look at each
    /// [`RestoredItem::success`] and [`error_code`](RestoredItem::error_code). What has children comes back after the
    /// answer ([`is_async`](RestoredItem::is_async)): [`wait_for_task`](Self::wait_for_task) with its task id.
    ///
    /// When a name is taken meanwhile, the vendor's default is `AUTO_RENAME`. The call is never retried automatically:
    /// after a network failure, check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{BatchOutcome, Client, RestoreRecycleItems, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (items, options) = (["item-1", "item-2"], RestoreRecycleItems::new());
    /// for item in client.storage().restore_recycle_items("bin-1", &items, UnionId("operator-1"), &options)? {
    ///     if let BatchOutcome::Failed { code } = item.outcome() {
    ///         println!("{:?} is still there: {code:?}", item.recycle_item_id);
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
