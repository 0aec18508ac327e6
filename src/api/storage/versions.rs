//! Versions of a file.

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::Dentry;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};

options! {
    /// Optional parameters of [`Storage::list_dentry_versions`] and [`Storage::dentry_versions`].
    ///
    /// ```
    /// use dingtalk_files::ListDentryVersions;
    ///
    /// let options = ListDentryVersions::new().max_results(10);
    /// # let _ = options;
    /// ```
    ListDentryVersions {
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
        /// Maximum number of items per page, 1 to 100. Default: 100. A page may have fewer items although more pages
        /// follow.
        max_results: u32 = 100,
    }
}

/// Vendor limit.
const MAX_PAGE: u32 = 100;

impl Storage<'_> {
    /// Lists the versions of a file, one page per call.
    ///
    /// Calls `ListDentryVersions`, documented at
    /// [obtains-a-list-of-file-versions](https://open.dingtalk.com/document/orgapp/obtains-a-list-of-file-versions).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// [`dentry_versions`](Self::dentry_versions) iterates over all pages. Each version is a [`Dentry`] with its own
    /// [`version`](Dentry::version), size and times. A commit with [`Overwrite`](crate::ConflictStrategy::Overwrite)
    /// creates a new version, and so does [`revert_dentry_version`](Self::revert_dentry_version). To download an older
    /// version, use [`RemoteFile::version`](crate::RemoteFile::version). Files only; folders have no versions.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListDentryVersions, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = ListDentryVersions::new().max_results(10);
    /// let page = client.storage().list_dentry_versions("space-1", "dentry-1", UnionId("operator-1"), &options)?;
    /// for version in page.items {
    ///     println!("{:?} of {:?}: {:?} bytes", version.version, version.modified_time, version.size);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a page size outside 1 to 100, before any request
    /// is sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `paramError.spaceId`, `paramError.parentId`, `paramError.maxResults`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn list_dentry_versions(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &ListDentryVersions,
    ) -> Result<Page<Dentry>> {
        let call = Call::new(
            "GET /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/versions",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .query_if_set("nextToken", options.next_token.as_ref())
        .query_if_set("maxResults", options.max_results)
        .limit_value("maxResults", options.max_results, 1..=MAX_PAGE)
        .reads();
        self.client.page("dentries", &call)
    }

    /// Restores an older version of a file as the latest: creates a **new** version with the old content.
    ///
    /// Calls `RevertDentryVersion`, documented at
    /// [restore-previous-versions-of-files](https://open.dingtalk.com/document/orgapp/restore-previous-versions-of-files).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// Nothing is lost: the previous latest version stays in the list. `version` is the number of a version in
    /// [`list_dentry_versions`](Self::list_dentry_versions). The call is never retried automatically, because each call
    /// creates a version: after a network failure or a 5xx, check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.storage().revert_dentry_version("space-1", "dentry-1", 1, UnionId("operator-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `paramError`; `systemError`, `unknownError`, `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone)
    /// if the vendor reports failure without an error code.
    #[inline]
    pub fn revert_dentry_version(
        &self,
        space_id: &str,
        dentry_id: &str,
        version: u64,
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/versions/{version}/revert",
            &[space_id, dentry_id, &version.to_string()],
        )
        .acting(operator);
        self.client.call_done(&call)
    }
}

impl<'c> Storage<'c> {
    /// Iterates over all versions of a file, page by page of [`list_dentry_versions`](Self::list_dentry_versions).
    ///
    /// The first page is requested when the first item is taken, and each further page when the previous one is used
    /// up. An invalid argument is therefore reported by the first item. The iterator starts at the options'
    /// `next_token` if that is set. A version that is created at the same time may be missed, or cause another version
    /// to be returned twice.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListDentryVersions, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, options) = (client.storage(), ListDentryVersions::new());
    /// for version in storage.dentry_versions("space-1", "dentry-1", UnionId("operator-1"), &options) {
    ///     println!("{:?}", version?.version);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn dentry_versions(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &ListDentryVersions,
    ) -> Pages<'c, Dentry> {
        let storage = *self;
        let [space, dentry, person] = [space_id, dentry_id, operator.0].map(str::to_owned);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.list_dentry_versions(&space, &dentry, UnionId(&person), options),
        )
    }
}
