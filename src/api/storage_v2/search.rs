//! Search for dentries, for published content of a knowledge base, and for knowledge bases.

use serde::Deserialize;

use super::StorageV2;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};

options! {
    /// A time range for [`SearchDentries`]. Without a range the time is not limited. The vendor does not document
    /// ranges with only a start or only an end.
    ///
    /// ```
    /// use dingtalk_files::{SearchDentries, SearchTimeRange};
    ///
    /// let since_2022 = SearchTimeRange::new().start_time(1_640_995_200_000);
    /// let options = SearchDentries::new().create_time_range(since_2022);
    /// # let _ = options;
    /// ```
    SearchTimeRange {
        /// Start of the range. The vendor documents a timestamp without a unit.
        start_time: i64 = 1_640_995_200_000,
        /// End of the range, in the same unit.
        end_time: i64 = 1_672_531_200_000,
    }
}

options! {
    /// Optional parameters of [`StorageV2::search_dentries`].
    ///
    /// ```
    /// use dingtalk_files::SearchDentries;
    ///
    /// let options = SearchDentries::new().creator_ids(["userid-1".to_owned()]).max_results(20);
    /// # let _ = options;
    /// ```
    SearchDentries {
        /// Numbers of the spaces to search. In the vendor's SDK, but not documented.
        space_ids: Vec<i64> as impl Into<Vec<i64>> = [854],
        /// Categories of files to find. The values are not documented.
        dentry_categories: Vec<String> as impl Into<Vec<String>> = ["category".to_owned()],
        /// Ids of the creators to filter by.
        creator_ids: Vec<String> as impl Into<Vec<String>> = ["userid-1".to_owned()],
        /// Ids of the editors to filter by.
        modifier_ids: Vec<String> as impl Into<Vec<String>> = ["userid-1".to_owned()],
        /// Range of the creation time.
        create_time_range: SearchTimeRange = dingtalk_files::SearchTimeRange::new().start_time(1_640_995_200_000),
        /// Range of the visit time.
        visit_time_range: SearchTimeRange = dingtalk_files::SearchTimeRange::new().start_time(1_640_995_200_000),
        /// Maximum number of items per page, 1 to 50. Default: 50.
        max_results: u32 = 20,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

options! {
    /// Optional parameters of [`StorageV2::search_publish_dentries`].
    ///
    /// ```
    /// use dingtalk_files::SearchPublishDentries;
    ///
    /// let options = SearchPublishDentries::new().max_results(20);
    /// # let _ = options;
    /// ```
    SearchPublishDentries {
        /// Maximum number of items per page. The vendor documents no limit.
        max_results: u32 = 20,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

options! {
    /// Optional parameters of [`StorageV2::search_workspaces`].
    ///
    /// ```
    /// use dingtalk_files::SearchWorkspaces;
    ///
    /// let options = SearchWorkspaces::new().max_results(5);
    /// # let _ = options;
    /// ```
    SearchWorkspaces {
        /// Maximum number of items per page, 1 to 20. Default: 20.
        max_results: u32 = 5,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

/// A dentry found by a search. It has only some of the fields of a [`Dentry`](crate::Dentry).
///
/// ```
/// let json = r#"{"dentryUuid": "uuid-1", "name": "report.xls", "creator": {"userId": "userid-1"}}"#;
/// let found: dingtalk_files::FoundDentry = serde_json::from_str(json)?;
/// assert_eq!(found.creator.unwrap().user_id.as_deref(), Some("userid-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct FoundDentry {
    /// dentryUuid of the dentry.
    pub dentry_uuid: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Creator.
    pub creator: Option<FoundPerson>,
    /// Last editor.
    pub modifier: Option<FoundPerson>,
    /// Time of the last change, in a unit that is not documented.
    pub last_modify_time: Option<i64>,
    /// Path of the dentry.
    pub path: Option<FoundPath>,
}

/// A person in a search result.
///
/// ```
/// let person: dingtalk_files::FoundPerson = serde_json::from_str(r#"{"userId": "userid-1", "name": "Li Si"}"#)?;
/// assert_eq!(person.name.as_deref(), Some("Li Si"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct FoundPerson {
    /// Userid of the person (not the unionId).
    pub user_id: Option<String>,
    /// Name of the person.
    pub name: Option<String>,
}

/// The path of a dentry found by a search. In the vendor's SDK, but not documented.
///
/// ```
/// let path: dingtalk_files::FoundPath = serde_json::from_str(r#"{"path": "a", "longPath": "b/a"}"#)?;
/// assert_eq!(path.long_path.as_deref(), Some("b/a"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct FoundPath {
    /// Path.
    pub path: Option<String>,
    /// Path in a longer form.
    pub long_path: Option<String>,
    /// URL of the path's web page.
    pub url: Option<String>,
}

/// Published content of a knowledge base, found by a search.
///
/// ```
/// let found: dingtalk_files::FoundPublishDentry = serde_json::from_str(r#"{"name": "a", "summary": "b"}"#)?;
/// assert_eq!(found.summary.as_deref(), Some("b"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FoundPublishDentry {
    /// Name.
    pub name: Option<String>,
    /// Path.
    pub path: Option<String>,
    /// Summary of the content.
    pub summary: Option<String>,
    /// URL of the content's web page.
    pub url: Option<String>,
}

/// A knowledge base found by a search.
///
/// ```
/// let json = r#"{"workspaceId": "workspace-1", "name": "Handbook"}"#;
/// let found: dingtalk_files::FoundWorkspace = serde_json::from_str(json)?;
/// assert_eq!(found.workspace_id.as_deref(), Some("workspace-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct FoundWorkspace {
    /// Id of the knowledge base.
    pub workspace_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// URL of the knowledge base's web page.
    pub url: Option<String>,
}

/// Vendor limits.
const MAX_DENTRIES: u32 = 50;
const MAX_WORKSPACES: u32 = 20;

impl StorageV2<'_> {
    /// Searches for files and folders that the acting person can see, one page per call.
    ///
    /// Calls `SearchDentries`, documented at
    /// [search-for-files](https://open.dingtalk.com/document/orgapp/search-for-files).
    /// Permission: `Storage.Dentry.Search`. Internal and ISV apps.
    ///
    /// People are returned as **user ids**, and dentries only with their dentryUuid:
    /// [`Doc::get_dentry_id_by_uuid`](crate::Doc::get_dentry_id_by_uuid) returns the ids that a download needs.
    /// [`found_dentries`](Self::found_dentries) iterates over all pages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, SearchDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let page = client.storage_v2().search_dentries("report", UnionId("operator-1"), &SearchDentries::new())?;
    /// println!("{:?}", page.items);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for `max_results` outside 1 to 50, before any request
    /// is sent. `spaceNotAccessible`, `workspaceNotAccessible`, `workspaceTeamNotAccessible`; `paramError-keyword`
    /// (with a hyphen), `paramError.maxResults`, `paramError.searchScopes`, `paramError.searchTargets`,
    /// `paramError.dentryTypes`, `paramError.dentryCategories`, `paramError.createTimeRange`,
    /// `paramError.modifiedTimeRange`, `paramError.visitTimeRange`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn search_dentries(
        &self,
        keyword: &str,
        operator: UnionId<'_>,
        options: &SearchDentries,
    ) -> Result<Page<FoundDentry>> {
        let call = Call::new("POST /v2.0/storage/dentries/search", &[])
            .query("operatorId", operator.0)
            .field("keyword", keyword)
            .limit_value("maxResults", options.max_results, 1..=MAX_DENTRIES)
            .option(options.if_set())
            .reads();
        self.client.page("items", &call)
    }

    /// Searches the published content of a knowledge base, one page per call.
    ///
    /// Calls `SearchPublishDentries`, which is in the vendor's SDK but not documented. Its limits, permission and
    /// errors are unknown. [`found_publish_dentries`](Self::found_publish_dentries) iterates over all pages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, SearchPublishDentries, UnionId};
    ///
    /// let (client, operator) = (Client::from_env()?, UnionId("operator-1"));
    /// let options = SearchPublishDentries::new();
    /// let page = client.storage_v2().search_publish_dentries("holidays", "workspace-1", operator, &options)?;
    /// println!("{:?}", page.items);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    #[inline]
    pub fn search_publish_dentries(
        &self,
        keyword: &str,
        workspace_id: &str,
        operator: UnionId<'_>,
        options: &SearchPublishDentries,
    ) -> Result<Page<FoundPublishDentry>> {
        let call = Call::new("POST /v2.0/storage/publishDentries/search", &[])
            .query("operatorId", operator.0)
            .field("keyword", keyword)
            .field("workspaceId", workspace_id)
            .option(options.if_set())
            .reads();
        self.client.page("items", &call)
    }

    /// Searches for knowledge bases by name, one page per call.
    ///
    /// Calls `SearchWorkspaces`, documented at
    /// [search-knowledge-base](https://open.dingtalk.com/document/orgapp/search-knowledge-base).
    /// Permission: `Wiki.Workspace.Search`. Internal and ISV apps.
    ///
    /// [`found_workspaces`](Self::found_workspaces) iterates over all pages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, SearchWorkspaces, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = SearchWorkspaces::new();
    /// let page = client.storage_v2().search_workspaces("handbook", UnionId("operator-1"), &options)?;
    /// println!("{:?}", page.items);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for `max_results` outside 1 to 20, before any request
    /// is sent. `paramError-keyword` (with a hyphen), `paramError.maxResults`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn search_workspaces(
        &self,
        keyword: &str,
        operator: UnionId<'_>,
        options: &SearchWorkspaces,
    ) -> Result<Page<FoundWorkspace>> {
        let call = Call::new("POST /v2.0/storage/workspaces/search", &[])
            .query("operatorId", operator.0)
            .field("keyword", keyword)
            .limit_value("maxResults", options.max_results, 1..=MAX_WORKSPACES)
            .option(options.if_set())
            .reads();
        self.client.page("items", &call)
    }
}

impl<'c> StorageV2<'c> {
    /// Iterates over the files and folders found by a search, page by page of
    /// [`search_dentries`](Self::search_dentries), starting at the options' `next_token` if that is set.
    ///
    /// Each page is requested when the previous one is used up. An entry that is created, changed or deleted at the
    /// same time may be missed or returned twice.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, SearchDentries, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = SearchDentries::new();
    /// for found in client.storage_v2().found_dentries("report", UnionId("operator-1"), &options) {
    ///     println!("{:?}", found?.name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn found_dentries(
        &self,
        keyword: &str,
        operator: UnionId<'_>,
        options: &SearchDentries,
    ) -> Pages<'c, FoundDentry> {
        let storage = *self;
        let (keyword, operator) = (keyword.to_owned(), String::from(operator));
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.search_dentries(&keyword, UnionId(&operator), options),
        )
    }

    /// Iterates over the published content found by a search, page by page of
    /// [`search_publish_dentries`](Self::search_publish_dentries), starting at the options' `next_token` if that is
    /// set.
    ///
    /// Each page is requested when the previous one is used up. Content that is published or withdrawn at the same time
    /// may be missed or returned twice.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, SearchPublishDentries, UnionId};
    ///
    /// let (client, operator) = (Client::from_env()?, UnionId("operator-1"));
    /// let options = SearchPublishDentries::new();
    /// for found in client.storage_v2().found_publish_dentries("holidays", "workspace-1", operator, &options) {
    ///     println!("{:?}", found?.url);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn found_publish_dentries(
        &self,
        keyword: &str,
        workspace_id: &str,
        operator: UnionId<'_>,
        options: &SearchPublishDentries,
    ) -> Pages<'c, FoundPublishDentry> {
        let storage = *self;
        let (keyword, workspace_id) = (keyword.to_owned(), workspace_id.to_owned());
        let operator = String::from(operator);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| {
                storage.search_publish_dentries(&keyword, &workspace_id, UnionId(&operator), options)
            },
        )
    }

    /// Iterates over the knowledge bases found by a search, page by page of
    /// [`search_workspaces`](Self::search_workspaces), starting at the options' `next_token` if that is set.
    ///
    /// Each page is requested when the previous one is used up. A knowledge base that is created or deleted at the same
    /// time may be missed or returned twice.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, SearchWorkspaces, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = SearchWorkspaces::new();
    /// for found in client.storage_v2().found_workspaces("handbook", UnionId("operator-1"), &options) {
    ///     println!("{:?}", found?.name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn found_workspaces(
        &self,
        keyword: &str,
        operator: UnionId<'_>,
        options: &SearchWorkspaces,
    ) -> Pages<'c, FoundWorkspace> {
        let storage = *self;
        let (keyword, operator) = (keyword.to_owned(), String::from(operator));
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.search_workspaces(&keyword, UnionId(&operator), options),
        )
    }
}
