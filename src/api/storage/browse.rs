//! Looking at what is in a space: one entry, some, a folder, everything.

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
    /// Which way a list is sorted.
    SortOrder: sent {
        /// Smallest, oldest or first first.
        Ascending = "ASC",
        /// Largest, newest or last first.
        Descending = "DESC",
    }
}

string_enum! {
    /// By what the entries of a folder are sorted.
    DentryOrderBy: sent {
        /// When they were changed last. The vendor's default.
        ModifiedTime = "MODIFIED_TIME",
        /// When they were made.
        CreateTime = "CREATE_TIME",
        /// Their names.
        Name = "NAME",
        /// Their sizes.
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
        /// Whose properties are wanted, at most 20 owners: the app's id for a space of an app, its maker's unionId for
        /// a space of a user. Default: those of all.
        app_ids_for_app_properties: Vec<String> as impl Into<Vec<String>> = ["app-1".to_owned()],
        /// Whether a small picture is wanted. Default: false. It makes the call slower.
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
        /// Whose properties are wanted, at most 20 owners: the app's id for a space of an app, its maker's unionId for
        /// a space of a user. Default: those of all.
        app_ids_for_app_properties: Vec<String> as impl Into<Vec<String>> = ["app-1".to_owned()],
        /// Whether small pictures are wanted. It makes the call slower.
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
        /// By what they are sorted. Default: `MODIFIED_TIME`.
        order_by: DentryOrderBy = dingtalk_files::DentryOrderBy::Name,
        /// Which way. Default: `DESC`, unlike in [`ListAllDentries`].
        order: SortOrder = dingtalk_files::SortOrder::Ascending,
        /// Whether small pictures are wanted. Default: false. It makes the call slower.
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
        /// Which way they are sorted by the time of their last change. Default: `ASC`, unlike in [`ListDentries`]. When
        /// files change while one reads page after page, `ASC` may give an entry twice, and `DESC` may leave one out.
        order: SortOrder = dingtalk_files::SortOrder::Descending,
        /// Whether small pictures are wanted. Default: false. It makes the call slower.
        with_thumbnail: bool = true,
    }
}

/// One of the entries that [`Storage::get_dentries`] was asked for, or why there is none.
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
    /// The space that was asked.
    pub space_id: Option<String>,
    /// The id that was asked for.
    pub dentry_id: Option<String>,
    /// Whether it was found.
    pub success: Option<bool>,
    /// Why not, such as `dentryNotExist` or `permissionDenied`.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// What was found.
    pub dentry: Option<Dentry>,
}

/// Vendor limits.
const MAX_DENTRIES: usize = 30;
const MAX_APP_IDS: usize = 20;
pub(super) const MAX_PAGE: u32 = 50;

impl Storage<'_> {
    /// Asks what a file or folder is: name, size, version, times, what apps noted on it.
    ///
    /// Calls `GetDentry`, documented at
    /// [obtain-file-or-folder-information](https://open.dingtalk.com/document/orgapp/obtain-file-or-folder-information).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// Folders have no size and no extension. What a folder holds says [`list_dentries`](Self::list_dentries). Of the
    /// notes of other apps one sees those that are public.
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

    /// Asks what some files or folders of one space are, up to 30 of them.
    ///
    /// Calls `GetDentries`, documented at
    /// [get-file-or-folder-information-in-bulk](https://open.dingtalk.com/document/orgapp/get-file-or-folder-information-in-bulk).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// The call succeeds when entries are missing or may not be seen: each result says for itself, by
    /// [`success`](DentryResult::success) and [`error_code`](DentryResult::error_code), how it went. Match them with
    /// what was asked by [`dentry_id`](DentryResult::dentry_id); no order is promised.
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

    /// Asks for one page of what is in a folder, not in the folders below it.
    ///
    /// Calls `ListDentries`, documented at
    /// [get-a-list-of-files-or-folders](https://open.dingtalk.com/document/orgapp/get-a-list-of-files-or-folders).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// [`dentries`](Self::dentries) goes on from page to page by itself, and [`walk`](Self::walk) from folder to
    /// folder. `parent_id` is `"0"` for the root of the space. The latest change comes first, unless
    /// [`order_by`](ListDentries::order_by) and [`order`](ListDentries::order) say otherwise. A page may have fewer
    /// entries than were asked for, or none, although others follow: only a missing
    /// [`next_token`](Page::next_token) is the end.
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

    /// Asks for one page of everything in a space, whatever folder it is in.
    ///
    /// Calls `ListAllDentries`, documented at
    /// [get-a-list-of-all-files-or-folders-under-a](https://open.dingtalk.com/document/orgapp/get-a-list-of-all-files-or-folders-under-a).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// [`all_dentries`](Self::all_dentries) goes on from page to page by itself. It is a flat list, sorted by the time
    /// of the last change, the **oldest** first, unlike [`list_dentries`](Self::list_dentries); where an entry is say
    /// [`parent_id`](Dentry::parent_id) and [`path`](Dentry::path). For a tree [`walk`](Self::walk) asks folder by
    /// folder, which takes more calls.
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
    /// Everything in a folder, not in the folders below it: [`list_dentries`](Self::list_dentries), page after page.
    ///
    /// The first page is requested when the first item is taken, and each further page when the previous one is used
    /// up. An invalid argument is therefore reported by the first item. The iterator starts at the options'
    /// `next_token` if that is set.
    ///
    /// When others change the folder meanwhile, an entry may come twice or not at all. Sorted by the last change, as is
    /// the default, each change moves an entry to the front; by name, only making, deleting, moving and renaming
    /// disturb.
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

    /// Everything in a space, whatever folder it is in: [`list_all_dentries`](Self::list_all_dentries), page after page.
    ///
    /// The first page is requested when the first item is taken, and each further page when the previous one is used
    /// up. An invalid argument is therefore reported by the first item. The iterator starts at the options'
    /// `next_token` if that is set.
    ///
    /// When others change the space meanwhile, the vendor says of the default, the oldest first, that an entry may come
    /// twice, and of the newest first that one may be left out. Whoever may miss nothing stays with the default and
    /// keeps of each [`id`](Dentry::id) the last.
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
