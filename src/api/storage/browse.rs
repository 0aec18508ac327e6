//! Reading the entries of a space: a single entry, several, a folder, the whole space.

use serde::Deserialize;

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::Dentry;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::json::empty_is_none;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};

string_enum! {
    /// Sort direction of a list.
    SortOrder: sent {
        /// Ascending: smallest, oldest, or first by name first.
        Ascending = "ASC",
        /// Descending: largest, newest, or last by name first.
        Descending = "DESC",
    }
}

string_enum! {
    /// Sort key for the entries of a folder.
    DentryOrderBy: sent {
        /// Time of the last change. The vendor's default.
        ModifiedTime = "MODIFIED_TIME",
        /// Creation time.
        CreateTime = "CREATE_TIME",
        /// Name.
        Name = "NAME",
        /// Size.
        Size = "SIZE",
    }
}

options! {
    /// Optional parameters of [`Storage::get_dentry`].
    ///
    /// ```
    /// use dingtalk_files::GetDentry;
    ///
    /// let options = GetDentry::new().app_ids_for_app_properties(["app-1".to_owned()]).with_thumbnail(true);
    /// # let _ = options;
    /// ```
    GetDentry {
        /// Owners whose app properties are returned, at most 20: the app's id for a space of an app, the creator's
        /// unionId for a space of a user. Default: all owners.
        app_ids_for_app_properties: Vec<String> as impl Into<Vec<String>> = ["app-1".to_owned()],
        /// Whether to return a thumbnail. Default: false. Thumbnails make the call slower.
        with_thumbnail: bool = true,
    }
}

options! {
    /// Optional parameters of [`Storage::get_dentries`].
    ///
    /// ```
    /// use dingtalk_files::GetDentries;
    ///
    /// let options = GetDentries::new().with_thumbnail(true);
    /// # let _ = options;
    /// ```
    GetDentries {
        /// Owners whose app properties are returned, at most 20: the app's id for a space of an app, the creator's
        /// unionId for a space of a user. Default: all owners.
        app_ids_for_app_properties: Vec<String> as impl Into<Vec<String>> = ["app-1".to_owned()],
        /// Whether to return thumbnails. They make the call slower.
        with_thumbnail: bool = true,
    }
}

options! {
    /// Optional parameters of [`Storage::list_dentries`] and [`Storage::dentries`].
    ///
    /// ```
    /// use dingtalk_files::{DentryOrderBy, ListDentries, SortOrder};
    ///
    /// let by_name = ListDentries::new().order_by(DentryOrderBy::Name).order(SortOrder::Ascending);
    /// # let _ = by_name;
    /// ```
    ListDentries {
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
        /// Maximum number of items per page, 1 to 50. A page may have fewer items although more pages follow.
        max_results: u32 = 50,
        /// Sort key. Default: `MODIFIED_TIME`.
        order_by: DentryOrderBy = dingtalk_files::DentryOrderBy::Name,
        /// Sort direction. Default: `DESC`, unlike in [`ListAllDentries`].
        order: SortOrder = dingtalk_files::SortOrder::Ascending,
        /// Whether to return thumbnails. Default: false. Thumbnails make the call slower.
        with_thumbnail: bool = true,
    }
}

options! {
    /// Optional parameters of [`Storage::list_all_dentries`] and [`Storage::all_dentries`].
    ///
    /// ```
    /// use dingtalk_files::{ListAllDentries, SortOrder};
    ///
    /// let newest_first = ListAllDentries::new().order(SortOrder::Descending).max_results(50);
    /// # let _ = newest_first;
    /// ```
    ListAllDentries {
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
        /// Maximum number of items per page, 1 to 50. Default: 50. A page may have fewer items although more pages
        /// follow.
        max_results: u32 = 50,
        /// Sort direction by the time of the last change. Default: `ASC`, unlike in [`ListDentries`]. If files change
        /// between two pages, `ASC` may return an entry twice, and `DESC` may skip an entry.
        order: SortOrder = dingtalk_files::SortOrder::Descending,
        /// Whether to return thumbnails. Default: false. Thumbnails make the call slower.
        with_thumbnail: bool = true,
    }
}

/// The result for one id passed to [`Storage::get_dentries`]: the entry, or an error code.
///
/// ```
/// use dingtalk_files::DentryResult;
///
/// let json = r#"{"dentryId": "dentry-1", "success": false, "errorCode": "dentryNotExist"}"#;
/// let result: DentryResult = serde_json::from_str(json)?;
/// assert_eq!((result.dentry, result.error_code.as_deref()), (None, Some("dentryNotExist")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DentryResult {
    /// Space that was queried.
    pub space_id: Option<String>,
    /// Id that was queried.
    pub dentry_id: Option<String>,
    /// Whether the entry was found.
    pub success: Option<bool>,
    /// Error code, such as `dentryNotExist` or `permissionDenied`.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// The entry, if it was found.
    pub dentry: Option<Dentry>,
}

/// Vendor limits.
const MAX_DENTRIES: usize = 30;
const MAX_APP_IDS: usize = 20;
pub(super) const MAX_PAGE: u32 = 50;

impl Storage<'_> {
    /// Returns a file or folder: name, size, version, times and app properties.
    ///
    /// Calls `GetDentry`, documented at
    /// [obtain-file-or-folder-information](https://open.dingtalk.com/document/orgapp/obtain-file-or-folder-information).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// Folders have neither a size nor an extension. For the entries of a folder, use
    /// [`list_dentries`](Self::list_dentries). The properties of other apps are returned only if they are public.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetDentry, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let file = client.storage().get_dentry("space-1", "dentry-1", UnionId("operator-1"), &GetDentry::new())?;
    /// println!("{:?} has {:?} bytes", file.name, file.size);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than 20 owners, before any request is sent.
    /// `permissionDenied`; `spaceNotExist`, `dentryNotExist`; `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn get_dentry(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &GetDentry,
    ) -> Result<Dentry> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/query",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .limit_if_set("appIdsForAppProperties", options.app_ids_for_app_properties.as_ref(), MAX_APP_IDS)
        .option(options.if_set())
        .reads();
        self.client.field("dentry", &call)
    }

    /// Returns up to 30 files or folders of one space.
    ///
    /// Calls `GetDentries`, documented at
    /// [get-file-or-folder-information-in-bulk](https://open.dingtalk.com/document/orgapp/get-file-or-folder-information-in-bulk).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// The call succeeds even if entries are missing or not accessible: check [`success`](DentryResult::success) and
    /// [`error_code`](DentryResult::error_code) of each result. Match the results to the query by
    /// [`dentry_id`](DentryResult::dentry_id); the order is not guaranteed.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// for result in storage.get_dentries("space-1", &["dentry-1", "dentry-2"], operator, &GetDentries::new())? {
    ///     match result.dentry {
    ///         Some(dentry) => println!("{:?} has {:?} bytes", dentry.name, dentry.size),
    ///         None => println!("{:?}: {:?}", result.dentry_id, result.error_code),
    ///     }
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 entries, and for more than 20
    /// owners, before any request is sent. `permissionDenied`; `spaceNotExist`; `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_dentries(
        &self,
        space_id: &str,
        dentry_ids: &[&str],
        operator: UnionId<'_>,
        options: &GetDentries,
    ) -> Result<Vec<DentryResult>> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/dentries/query", &[space_id])
            .acting(operator)
            .field("dentryIds", dentry_ids)
            .limit("dentryIds", dentry_ids.len(), 1..=MAX_DENTRIES)
            .limit_if_set("appIdsForAppProperties", options.app_ids_for_app_properties.as_ref(), MAX_APP_IDS)
            .option(options.if_set())
            .reads();
        self.client.field("resultItems", &call)
    }

    /// Lists the entries of a folder, without those of its subfolders, one page per call.
    ///
    /// Calls `ListDentries`, documented at
    /// [get-a-list-of-files-or-folders](https://open.dingtalk.com/document/orgapp/get-a-list-of-files-or-folders).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// [`dentries`](Self::dentries) iterates over all pages, and [`walk`](Self::walk) also descends into folders.
    /// `parent_id` is `"0"` for the root of the space. The latest change comes first, unless
    /// [`order_by`](ListDentries::order_by) and [`order`](ListDentries::order) are set. A page may have fewer entries
    /// than requested, or none, although more pages follow: the list ends only where [`next_token`](Page::next_token)
    /// is missing.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let options = ListDentries::new().max_results(20);
    /// let first = storage.list_dentries("space-1", "0", operator, &options)?;
    /// if let Some(token) = first.next_token {
    ///     let second = storage.list_dentries("space-1", "0", operator, &options.next_token(token))?;
    ///     println!("{} and {}", first.items.len(), second.items.len());
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a page size outside 1 to 50, before any request is
    /// sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist`; `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn list_dentries(
        &self,
        space_id: &str,
        parent_id: &str,
        operator: UnionId<'_>,
        options: &ListDentries,
    ) -> Result<Page<Dentry>> {
        let call = Call::new("GET /v1.0/storage/spaces/{spaceId}/dentries", &[space_id])
            .query("parentId", parent_id)
            .acting(operator)
            .query_if_set("nextToken", options.next_token.as_ref())
            .query_if_set("maxResults", options.max_results)
            .query_if_set("orderBy", options.order_by.as_ref())
            .query_if_set("order", options.order.as_ref())
            .query_if_set("withThumbnail", options.with_thumbnail)
            .limit_value("maxResults", options.max_results, 1..=MAX_PAGE)
            .reads();
        self.client.page("dentries", &call)
    }

    /// Lists all entries of a space, in all folders, one page per call.
    ///
    /// Calls `ListAllDentries`, documented at
    /// [get-a-list-of-all-files-or-folders-under-a](https://open.dingtalk.com/document/orgapp/get-a-list-of-all-files-or-folders-under-a).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// [`all_dentries`](Self::all_dentries) iterates over all pages. The list is flat. It is sorted by the time of the
    /// last change, the **oldest** first, unlike [`list_dentries`](Self::list_dentries).
    /// [`parent_id`](Dentry::parent_id) and [`path`](Dentry::path) locate each entry. For a tree, use
    /// [`walk`](Self::walk), which lists folder by folder and takes more calls.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListAllDentries, SortOrder, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let newest = ListAllDentries::new().order(SortOrder::Descending).max_results(10);
    /// for dentry in client.storage().list_all_dentries("space-1", UnionId("operator-1"), &newest)?.items {
    ///     println!("{:?} of {:?}", dentry.path, dentry.modified_time);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a page size outside 1 to 50, before any request is
    /// sent. `permissionDenied`; `spaceNotExist`, `dentryNotExist`; `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn list_all_dentries(
        &self,
        space_id: &str,
        operator: UnionId<'_>,
        options: &ListAllDentries,
    ) -> Result<Page<Dentry>> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/dentries/listAll", &[space_id])
            .acting(operator)
            .limit_value("maxResults", options.max_results, 1..=MAX_PAGE)
            .option(options.if_set())
            .reads();
        self.client.page("dentries", &call)
    }
}

impl<'c> Storage<'c> {
    /// Iterates over the entries of a folder, without those of its subfolders, page by page of
    /// [`list_dentries`](Self::list_dentries).
    ///
    /// The first page is requested when the first item is taken, and each further page when the previous one is used
    /// up. An invalid argument is therefore reported by the first item. The iterator starts at the options'
    /// `next_token` if that is set.
    ///
    /// If others change the folder at the same time, an entry may be returned twice or not at all. In the default
    /// order, by the last change, every change moves an entry to the front. In the order by name, only creating,
    /// deleting, moving and renaming entries can disturb the list.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for dentry in client.storage().dentries("space-1", "0", UnionId("operator-1"), &ListDentries::new()) {
    ///     println!("{:?}", dentry?.name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn dentries(
        &self,
        space_id: &str,
        parent_id: &str,
        operator: UnionId<'_>,
        options: &ListDentries,
    ) -> Pages<'c, Dentry> {
        let storage = *self;
        let [space, parent, person] = [space_id, parent_id, operator.0].map(str::to_owned);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.list_dentries(&space, &parent, UnionId(&person), options),
        )
    }

    /// Iterates over all entries of a space, in all folders, page by page of
    /// [`list_all_dentries`](Self::list_all_dentries).
    ///
    /// The first page is requested when the first item is taken, and each further page when the previous one is used
    /// up. An invalid argument is therefore reported by the first item. The iterator starts at the options'
    /// `next_token` if that is set.
    ///
    /// If others change the space at the same time, the default order (oldest first) may return an entry twice, and the
    /// order with the newest first may skip an entry, according to the vendor. To miss nothing, keep the default order
    /// and, for each [`id`](Dentry::id), use the last entry returned.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListAllDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let mut bytes = 0;
    /// for dentry in client.storage().all_dentries("space-1", UnionId("operator-1"), &ListAllDentries::new()) {
    ///     bytes += dentry?.size.unwrap_or(0);
    /// }
    /// println!("{bytes} bytes in all");
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn all_dentries(
        &self,
        space_id: &str,
        operator: UnionId<'_>,
        options: &ListAllDentries,
    ) -> Pages<'c, Dentry> {
        let storage = *self;
        let [space, person] = [space_id, operator.0].map(str::to_owned);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.list_all_dentries(&space, UnionId(&person), options),
        )
    }
}
