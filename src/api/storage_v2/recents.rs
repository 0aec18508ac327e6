//! Recently used files and starred files of a person.

use serde::Deserialize;

use super::StorageV2;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};
use crate::base::timestamp::Timestamp;

options! {
    /// Optional parameters of [`StorageV2::list_recents`].
    ///
    /// ```
    /// use dingtalk_files::{ListRecents, UnionId};
    ///
    /// let options = ListRecents::new().operator_id(UnionId("operator-1")).max_results(20);
    /// # let _ = options;
    /// ```
    ListRecents {
        /// Person whose recent files are listed. Optional in the SDK, although the list is undefined without a person.
        operator_id: String as UnionId<'_> = dingtalk_files::UnionId("operator-1"),
        /// Kinds of files to list. The values are not documented.
        file_types: Vec<i64> as impl Into<Vec<i64>> = [1, 2],
        /// Kinds of use to list. The values are not documented.
        operate_types: Vec<i64> as impl Into<Vec<i64>> = [1, 2],
        /// Maximum number of items per page. The vendor documents no limit.
        max_results: u32 = 20,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

options! {
    /// Optional parameters of [`StorageV2::list_stars`].
    ///
    /// ```
    /// use dingtalk_files::{ListStars, UnionId};
    ///
    /// let options = ListStars::new().operator_id(UnionId("operator-1")).max_results(20);
    /// # let _ = options;
    /// ```
    ListStars {
        /// Person whose stars are listed. Optional in the SDK, although the list is undefined without a person.
        operator_id: String as UnionId<'_> = dingtalk_files::UnionId("operator-1"),
        /// Sort key. The values are not documented.
        order_by: String as impl Into<String> = "word",
        /// Sort direction. The values are not documented.
        sort_type: String as impl Into<String> = "word",
        /// Kinds of resources to list. The values are not documented.
        support_resource_types: Vec<String> as impl Into<Vec<String>> = ["word".to_owned()],
        /// Maximum number of items per page. The vendor documents no limit.
        max_results: u32 = 20,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

/// A recent use of a file by a person.
///
/// ```
/// let json = r#"{"accessTime": 1640995200000, "resource": {"name": "report.xls"}}"#;
/// let recent: dingtalk_files::RecentDentry = serde_json::from_str(json)?;
/// assert_eq!(recent.resource.unwrap().name.as_deref(), Some("report.xls"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RecentDentry {
    /// The file that was used.
    pub resource: Option<RecentResource>,
    /// Time of the use, in an undocumented unit.
    pub access_time: Option<i64>,
    /// Kind of use. The values are not documented.
    pub operate_type: Option<i64>,
    /// Whether the file has been deleted since.
    pub deleted: Option<bool>,
    /// Icon of the file.
    pub icon: Option<String>,
}

/// A recently used file.
///
/// ```
/// let json = r#"{"dentryUuid": "uuid-1", "driveSpaceId": "space-1", "driveDentryId": "dentry-1"}"#;
/// let resource: dingtalk_files::RecentResource = serde_json::from_str(json)?;
/// assert_eq!(resource.drive_dentry_id.as_deref(), Some("dentry-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RecentResource {
    /// dentryUuid of the file.
    pub dentry_uuid: Option<String>,
    /// Dentry id of storage 1.0, judging by the name.
    pub drive_dentry_id: Option<String>,
    /// Space id of storage 1.0, judging by the name.
    pub drive_space_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Extension.
    pub extension: Option<String>,
    /// Space that contains the file.
    pub space_info: Option<RecentSpace>,
    /// URL of the file's web page.
    pub url: Option<String>,
}

/// The space that contains a recently used file.
///
/// ```
/// let space: dingtalk_files::RecentSpace = serde_json::from_str(r#"{"sceneType": "word"}"#)?;
/// assert_eq!(space.scene_type.as_deref(), Some("word"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RecentSpace {
    /// Purpose of the space. The values are not documented.
    pub scene_type: Option<String>,
}

/// A star of a person.
///
/// ```
/// let json = r#"{"id": "star-1", "resource": {"dentryUuid": "uuid-1"}}"#;
/// let star: dingtalk_files::Star = serde_json::from_str(json)?;
/// assert_eq!(star.resource.unwrap().dentry_uuid.as_deref(), Some("uuid-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Star {
    /// Id of the star.
    pub id: Option<String>,
    /// The starred resource.
    pub resource: Option<StarResource>,
    /// Kind of the resource. The values are not documented.
    pub resource_type: Option<String>,
    /// Location of the resource.
    pub location: Option<String>,
    /// Creation time, as text.
    pub create_time: Option<Timestamp>,
    /// Kind of the star. The values are not documented.
    pub star_type: Option<i64>,
}

/// A starred resource.
///
/// ```
/// let resource: dingtalk_files::StarResource = serde_json::from_str(r#"{"name": "report.xls"}"#)?;
/// assert_eq!(resource.name.as_deref(), Some("report.xls"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct StarResource {
    /// dentryUuid of the resource.
    pub dentry_uuid: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// File or folder, judging by the name. The values are not documented.
    pub dentry_type: Option<String>,
    /// Kind of the content. The values are not documented.
    pub content_type: Option<String>,
    /// URL of the resource's web page.
    pub url: Option<String>,
}

impl StorageV2<'_> {
    /// Lists a person's recently used files, one page per call.
    ///
    /// Calls `ListRecents`, which is in the vendor's SDK but not documented. Its values, limits, permission and errors
    /// are unknown.
    ///
    /// The acting person is among the options, because the SDK does not require it. If the vendor reports that no more
    /// items follow, the page has no token. [`recents`](Self::recents) iterates over all pages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListRecents, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let page = client.storage_v2().list_recents(&ListRecents::new().operator_id(UnionId("operator-1")))?;
    /// println!("{:?}", page.items);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    #[inline]
    pub fn list_recents(&self, options: &ListRecents) -> Result<Page<RecentDentry>> {
        let call = Call::new("GET /v2.0/storage/recents/listV2", &[])
            .query_list("fileTypes", options.file_types.as_ref())
            .query_if_set("maxResults", options.max_results)
            .query_if_set("nextToken", options.next_token.as_ref())
            .query_list("operateTypes", options.operate_types.as_ref())
            .query_if_set("operatorId", options.operator_id.as_ref())
            .reads();
        self.client.page("recentDentryList", &call)
    }

    /// Lists the resources that a person has starred, one page per call.
    ///
    /// Calls `ListStars`, which is in the vendor's SDK but not documented. Its values, limits, permission and errors
    /// are unknown.
    ///
    /// The acting person is among the options, because the SDK does not require it. If the vendor reports that no more
    /// items follow, the page has no token. [`stars`](Self::stars) iterates over all pages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListStars, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let page = client.storage_v2().list_stars(&ListStars::new().operator_id(UnionId("operator-1")))?;
    /// println!("{:?}", page.items);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    #[inline]
    pub fn list_stars(&self, options: &ListStars) -> Result<Page<Star>> {
        let call = Call::new("GET /v2.0/storage/stars/list", &[])
            .query_if_set("maxResults", options.max_results)
            .query_if_set("nextToken", options.next_token.as_ref())
            .query_if_set("operatorId", options.operator_id.as_ref())
            .query_if_set("orderBy", options.order_by.as_ref())
            .query_if_set("sortType", options.sort_type.as_ref())
            .query_list("supportResourceTypes", options.support_resource_types.as_ref())
            .reads();
        self.client.page("starList", &call)
    }
}

impl<'c> StorageV2<'c> {
    /// Iterates over a person's recently used files, page by page of [`list_recents`](Self::list_recents), starting at
    /// the options' `next_token` if that is set.
    ///
    /// Each page is requested when the previous one is used up. A file that the person uses at the same time moves in
    /// the list, so a file may be returned twice or missed.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListRecents, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = ListRecents::new().operator_id(UnionId("operator-1"));
    /// for recent in client.storage_v2().recents(&options).take(10) {
    ///     println!("{:?}", recent?.resource);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn recents(&self, options: &ListRecents) -> Pages<'c, RecentDentry> {
        let storage = *self;
        Pages::new(options, |options| &mut options.next_token, move |options| storage.list_recents(options))
    }

    /// Iterates over a person's stars, page by page of [`list_stars`](Self::list_stars), starting at the options'
    /// `next_token` if that is set.
    ///
    /// Each page is requested when the previous one is used up. A star that is added or removed at the same time may be
    /// missed, and may cause other stars to be missed or returned twice.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListStars, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for star in client.storage_v2().stars(&ListStars::new().operator_id(UnionId("operator-1"))) {
    ///     println!("{:?}", star?.resource);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn stars(&self, options: &ListStars) -> Pages<'c, Star> {
        let storage = *self;
        Pages::new(options, |options| &mut options.next_token, move |options| storage.list_stars(options))
    }
}
