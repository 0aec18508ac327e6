//! The recycle bin: deleted entries that can be restored.

use serde::Deserialize;

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::DentryType;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::json::negative_is_none;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};
use crate::base::timestamp::Timestamp;

string_enum! {
    /// Scope of a recycle bin.
    RecycleBinScope: sent, received {
        /// An organisation; the scope id is its corpId. The only documented scope.
        Org = "ORG",
    }
}

/// A recycle bin.
///
/// ```
/// use dingtalk_files::{RecycleBin, RecycleBinScope};
///
/// let bin: RecycleBin = serde_json::from_str(r#"{"id": "bin-1", "scope": "ORG", "scopeId": "corp-1"}"#)?;
/// assert_eq!((bin.id.as_deref(), bin.scope), (Some("bin-1"), Some(RecycleBinScope::Org)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RecycleBin {
    /// Id of the recycle bin, for the other operations.
    pub id: Option<String>,
    /// Scope of the recycle bin.
    pub scope: Option<RecycleBinScope>,
    /// Id of the scope.
    pub scope_id: Option<String>,
}

/// A deleted file or folder in a recycle bin, as it was when deleted.
///
/// ```
/// use dingtalk_files::{DentryType, RecycleItem};
///
/// let json = r#"{"id": "item-1", "dentryId": "dentry-1", "type": "FILE", "originalName": "report.xls"}"#;
/// let item: RecycleItem = serde_json::from_str(json)?;
/// assert_eq!((item.kind, item.original_name.as_deref()), (Some(DentryType::File), Some("report.xls")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RecycleItem {
    /// Id of the item in the recycle bin, which differs from the dentry id.
    pub id: Option<String>,
    /// Space that contained the entry.
    pub space_id: Option<String>,
    /// Id of the entry in that space.
    pub dentry_id: Option<String>,
    /// Size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub size: Option<u64>,
    /// File or folder.
    #[serde(rename = "type")]
    pub kind: Option<DentryType>,
    /// Name before the deletion.
    pub original_name: Option<String>,
    /// Path within the space before the deletion.
    pub original_path: Option<String>,
    /// unionId of the person who deleted the entry.
    pub operator_id: Option<String>,
    /// Time of the deletion.
    pub operator_time: Option<Timestamp>,
}

options! {
    /// Optional parameters of [`Storage::list_recycle_items`].
    ///
    /// ```
    /// use dingtalk_files::ListRecycleItems;
    ///
    /// let options = ListRecycleItems::new().max_results(10).next_token("next-token-1");
    /// # let _ = options;
    /// ```
    ListRecycleItems {
        /// Maximum number of items per page, 1 to 50. Default: 50.
        max_results: u32 = 10,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

/// Vendor limits.
const MAX_DELETED: usize = 50;
const MAX_RESULTS: u32 = 50;

impl Storage<'_> {
    /// Returns a recycle bin, whose id the other operations need.
    ///
    /// Calls `GetRecycleBin`, documented at
    /// [obtain-information-about-the-recycle-bin](https://open.dingtalk.com/document/orgapp/obtain-information-about-the-recycle-bin).
    /// Permission: `Storage.RecycleBin.Read`. Internal and ISV apps.
    ///
    /// An organisation has one recycle bin for all its spaces; the scope id is its corpId. No other scope is
    /// documented.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, RecycleBinScope, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let bin = client.storage().get_recycle_bin(&RecycleBinScope::Org, "corp-1", UnionId("operator-1"))?;
    /// println!("id: {}", bin.id.unwrap_or_default());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `recycleBinNotExist`; `paramError.recycleBinScope`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn get_recycle_bin(
        &self,
        scope: &RecycleBinScope,
        scope_id: &str,
        operator: UnionId<'_>,
    ) -> Result<RecycleBin> {
        let call = Call::new("GET /v1.0/storage/recycleBins", &[])
            .query("recycleBinScope", scope.as_str())
            .query("scopeId", scope_id)
            .acting(operator)
            .reads();
        self.client.field("recycleBin", &call)
    }

    /// Returns an item of a recycle bin.
    ///
    /// Calls `GetRecycleItem`, documented at
    /// [obtain-recycling-item-information](https://open.dingtalk.com/document/orgapp/obtain-recycling-item-information).
    /// Permission: `Storage.RecycleBin.Read`. Internal and ISV apps.
    ///
    /// Pass the id of the item from [`list_recycle_items`](Self::list_recycle_items), not the dentry id.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let item = client.storage().get_recycle_item("bin-1", "item-1", UnionId("operator-1"))?;
    /// println!("{:?} was deleted by {:?}", item.original_path, item.operator_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `recycleBinNotExist`, `recycleItemNotExist`; `paramError.recycleBinId`, `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_recycle_item(
        &self,
        recycle_bin_id: &str,
        recycle_item_id: &str,
        operator: UnionId<'_>,
    ) -> Result<RecycleItem> {
        let call = Call::new(
            "GET /v1.0/storage/recycleBins/{recycleBinId}/recycleItems/{recycleItemId}",
            &[recycle_bin_id, recycle_item_id],
        )
        .acting(operator)
        .reads();
        self.client.field("item", &call)
    }

    /// Lists the items of a recycle bin, one page per call.
    ///
    /// [`recycle_items`](Self::recycle_items) iterates over all pages.
    ///
    /// Calls `ListRecycleItems`, documented at
    /// [gets-the-list-of-recycle-items](https://open.dingtalk.com/document/orgapp/gets-the-list-of-recycle-items).
    /// Permission: `Storage.RecycleBin.Read`. Internal and ISV apps.
    ///
    /// A page may have fewer items than requested although more pages follow.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListRecycleItems, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = ListRecycleItems::new().max_results(10);
    /// let page = client.storage().list_recycle_items("bin-1", UnionId("operator-1"), &options)?;
    /// println!("{} items, more: {}", page.items.len(), page.next_token.is_some());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a page size outside 1 to 50, before any request is
    /// sent. `recycleBinNotExist`; `paramError.recycleBinId`, `paramError.maxResults`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn list_recycle_items(
        &self,
        recycle_bin_id: &str,
        operator: UnionId<'_>,
        options: &ListRecycleItems,
    ) -> Result<Page<RecycleItem>> {
        let call = Call::new("GET /v1.0/storage/recycleBins/{recycleBinId}/recycleItems", &[recycle_bin_id])
            .acting(operator)
            .query_if_set("maxResults", options.max_results)
            .query_if_set("nextToken", options.next_token.as_ref())
            .limit_value("maxResults", options.max_results, 1..=MAX_RESULTS)
            .reads();
        self.client.page("recycleItems", &call)
    }

    /// Deletes an item permanently. **This cannot be undone.**
    ///
    /// Calls `DeleteRecycleItem`, documented at
    /// [delete-recycle-item](https://open.dingtalk.com/document/orgapp/delete-recycle-item).
    /// Permission: `Storage.RecycleBin.Write`. Internal and ISV apps.
    ///
    /// Pass the id of the item, not the dentry id. If a response is lost, the client retries the call, so
    /// `recycleItemNotExist` may mean that the first attempt succeeded.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.storage().delete_recycle_item("bin-1", "item-1", UnionId("operator-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `recycleBinNotExist`, `recycleItemNotExist`; `paramError.recycleBinId`, `paramError`;
    /// `systemError`, `unknownError`, `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor
    /// reports failure without an error code.
    #[inline]
    pub fn delete_recycle_item(
        &self,
        recycle_bin_id: &str,
        recycle_item_id: &str,
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "DELETE /v1.0/storage/recycleBins/{recycleBinId}/recycleItems/{recycleItemId}",
            &[recycle_bin_id, recycle_item_id],
        )
        .acting(operator)
        .repeatable();
        self.client.call_done(&call)
    }

    /// Deletes several items permanently. **This cannot be undone.**
    ///
    /// Calls `DeleteRecycleItems`, documented at
    /// [batch-delete-recycle-items](https://open.dingtalk.com/document/orgapp/batch-delete-recycle-items).
    /// Permission: `Storage.RecycleBin.Write`. Internal and ISV apps.
    ///
    /// Pass the ids of 1 to 50 items per call, not dentry ids. The server returns a single response for all of them:
    /// after [`Problem::NotDone`](crate::Problem::NotDone) some items may be deleted. If a response is lost, the client
    /// retries the call, so `recycleItemNotExist` may mean that the first attempt succeeded.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.storage().delete_recycle_items("bin-1", &["item-1", "item-2"], UnionId("operator-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 50 items, before any request is
    /// sent. `permissionDenied`; `recycleBinNotExist`, `recycleItemNotExist`; `paramError.recycleBinId`,
    /// `paramError.recycleItemIds`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn delete_recycle_items(
        &self,
        recycle_bin_id: &str,
        recycle_item_ids: &[&str],
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "POST /v1.0/storage/recycleBins/{recycleBinId}/recycleItems/batchRemove",
            &[recycle_bin_id],
        )
        .acting(operator)
        .field("recycleItemIds", recycle_item_ids)
        .limit("recycleItemIds", recycle_item_ids.len(), 1..=MAX_DELETED)
        .repeatable();
        self.client.call_done(&call)
    }

    /// Deletes all items of a recycle bin permanently. **This cannot be undone.**
    ///
    /// Calls `ClearRecycleBin`, documented at
    /// [empty-the-recycle-bin](https://open.dingtalk.com/document/orgapp/empty-the-recycle-bin).
    /// Permission: `Storage.RecycleBin.Write`. Internal and ISV apps.
    ///
    /// The recycle bin of an organisation holds everything that anyone there has deleted. The call is never retried
    /// automatically, because other items may have been added since.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.storage().clear_recycle_bin("bin-1", UnionId("operator-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `paramError.recycleBinId`, `paramError`; `systemError`, `unknownError`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn clear_recycle_bin(&self, recycle_bin_id: &str, operator: UnionId<'_>) -> Result<()> {
        let call = Call::new("POST /v1.0/storage/recycleBins/{recycleBinId}/clear", &[recycle_bin_id])
            .acting(operator);
        self.client.call_done(&call)
    }
}

impl<'c> Storage<'c> {
    /// Iterates over all items of a recycle bin, page by page of [`list_recycle_items`](Self::list_recycle_items).
    ///
    /// Each page is requested when the previous one is used up. The iterator starts at the options' `next_token` if
    /// that is set.
    ///
    /// The vendor keeps no snapshot: an item that is deleted or restored at the same time may be missed or returned
    /// twice. Collect the list before you restore or delete its items.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListRecycleItems, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for item in client.storage().recycle_items("bin-1", UnionId("operator-1"), &ListRecycleItems::new()) {
    ///     println!("{:?}", item?.original_path);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// Errors of [`list_recycle_items`](Self::list_recycle_items) are returned as items; such an item is the last one.
    #[inline]
    pub fn recycle_items(
        &self,
        recycle_bin_id: &str,
        operator: UnionId<'_>,
        options: &ListRecycleItems,
    ) -> Pages<'c, RecycleItem> {
        let storage = *self;
        let [recycle_bin_id, operator] = [recycle_bin_id, operator.0].map(str::to_owned);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.list_recycle_items(&recycle_bin_id, UnionId(&operator), options),
        )
    }
}
