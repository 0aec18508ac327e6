//! What a person has used lately, and what a person has put a star on.

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
        /// Whose. The SDK does not require it; without it there is nobody whose they could be.
        operator_id: String as UnionId<'_> = dingtalk_files::UnionId("operator-1"),
        /// Only these kinds of files. The numbers are not documented.
        file_types: Vec<i64> as impl Into<Vec<i64>> = [1, 2],
        /// Only what was used in these ways. The numbers are not documented.
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
        /// Whose. The SDK does not require it; without it there is nobody whose they could be.
        operator_id: String as UnionId<'_> = dingtalk_files::UnionId("operator-1"),
        /// By what they are sorted. The words are not documented.
        order_by: String as impl Into<String> = "word",
        /// How they are sorted. The words are not documented.
        sort_type: String as impl Into<String> = "word",
        /// Only these kinds of things. The words are not documented.
        support_resource_types: Vec<String> as impl Into<Vec<String>> = ["word".to_owned()],
        /// Maximum number of items per page. The vendor documents no limit.
        max_results: u32 = 20,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

/// Something that a person has used lately.
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
    /// What was used.
    pub resource: Option<RecentResource>,
    /// When, in a unit that is not documented.
    pub access_time: Option<i64>,
    /// How. The numbers are not documented.
    pub operate_type: Option<i64>,
    /// Whether it has been deleted since.
    pub deleted: Option<bool>,
    /// The icon it is shown with.
    pub icon: Option<String>,
}

/// What a person has used lately.
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
    /// Its id in storage 2.0.
    pub dentry_uuid: Option<String>,
    /// By its name, the dentry id of storage 1.0.
    pub drive_dentry_id: Option<String>,
    /// By its name, the space id of storage 1.0.
    pub drive_space_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Extension.
    pub extension: Option<String>,
    /// The space it is in.
    pub space_info: Option<RecentSpace>,
    /// A page that shows it.
    pub url: Option<String>,
}

/// The space that something is in that was used lately.
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
    /// What the space is for. The words are not documented.
    pub scene_type: Option<String>,
}

/// A star that a person has given.
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
    /// The id of the star.
    pub id: Option<String>,
    /// What it was given to.
    pub resource: Option<StarResource>,
    /// What kind of thing that is. The words are not documented.
    pub resource_type: Option<String>,
    /// Where that is.
    pub location: Option<String>,
    /// When it was given, as text.
    pub create_time: Option<Timestamp>,
    /// What kind of star it is. The numbers are not documented.
    pub star_type: Option<i64>,
}

/// What a person has given a star to.
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
    /// Its id in storage 2.0.
    pub dentry_uuid: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// File or folder, it seems. The words are not documented.
    pub dentry_type: Option<String>,
    /// What is in it. The words are not documented.
    pub content_type: Option<String>,
    /// A page that shows it.
    pub url: Option<String>,
}

impl StorageV2<'_> {
    /// Lists what a person has used lately, one page.
    ///
    /// `ListRecents`, which is in the vendor's SDK without a page: nothing is known of its numbers, its limits, its
    /// permission and its errors.
    ///
    /// Who acts is among the options, for the SDK does not require it. Where the vendor says that there is no more, the
    /// page has no token. [`recents`](Self::recents) goes through all pages.
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

    /// Lists what a person has put a star on, one page.
    ///
    /// `ListStars`, which is in the vendor's SDK without a page: nothing is known of its words, its limits, its permission
    /// and its errors.
    ///
    /// Who acts is among the options, for the SDK does not require it. Where the vendor says that there is no more, the
    /// page has no token. [`stars`](Self::stars) goes through all pages.
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
    /// All that [`list_recents`](Self::list_recents) lists, page after page, beginning with the page that the options
    /// name.
    ///
    /// Each page is requested when the previous one is used up. What the person uses meanwhile moves in the list, so
    /// that something may come twice or be missed.
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

    /// All that [`list_stars`](Self::list_stars) lists, page after page, beginning with the page that the options name.
    ///
    /// Each page is requested when the previous one is used up. A star that is given or taken away meanwhile may be
    /// missed, or move others so that they come twice or are missed.
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
