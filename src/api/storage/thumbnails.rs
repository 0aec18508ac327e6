//! Thumbnails of files.

use serde::Deserialize;

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::Thumbnail;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::empty_is_none;

/// The result for one of the requested files: its thumbnail, or an error code.
///
/// ```
/// use dingtalk_files::ThumbnailResult;
///
/// let json = r#"{"dentryId": "dentry-1", "success": false, "errorCode": "thumbnailNotExist"}"#;
/// let result: ThumbnailResult = serde_json::from_str(json)?;
/// assert_eq!((result.thumbnail, result.error_code.as_deref()), (None, Some("thumbnailNotExist")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ThumbnailResult {
    /// Space that was queried.
    pub space_id: Option<String>,
    /// Id that was queried.
    pub dentry_id: Option<String>,
    /// Whether the file has a thumbnail.
    pub success: Option<bool>,
    /// Error code, such as `thumbnailNotExist` or `dentryFormatNotSupport`.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// The thumbnail: its URL and size.
    pub thumbnail: Option<Thumbnail>,
}

/// Vendor limit.
const MAX_DENTRIES: usize = 30;

impl Storage<'_> {
    /// Returns the thumbnails of up to 30 files of one space.
    ///
    /// Calls `GetDentryThumbnails`, documented at
    /// [get-file-thumbnails-in-bulk](https://open.dingtalk.com/document/orgapp/get-file-thumbnails-in-bulk).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// Thumbnails are created some time after an upload, so `thumbnailNotExist` may be temporary. Folders and many
    /// kinds of files have none. The call succeeds even if files have none: check [`success`](ThumbnailResult::success)
    /// and [`error_code`](ThumbnailResult::error_code) of each result. Protect the URL like the picture itself: anyone
    /// who has it may be able to see the picture.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let ids = ["dentry-1", "dentry-2"];
    /// for result in client.storage().get_dentry_thumbnails("space-1", &ids, UnionId("operator-1"))? {
    ///     match result.thumbnail {
    ///         Some(picture) => println!("{:?} x {:?}", picture.width, picture.height),
    ///         None => println!("{:?}: {:?}", result.dentry_id, result.error_code),
    ///     }
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 30 files, before any request is
    /// sent. `permissionDenied`, `dentryNotExist` (both with HTTP 400 here); `thumbnailNotExist` (with 403);
    /// `dentryFormatNotSupport`; `fileViral`, `fileMalicious`; `paramError.spaceId`, `paramError.dentryIds`,
    /// `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn get_dentry_thumbnails(
        &self,
        space_id: &str,
        dentry_ids: &[&str],
        operator: UnionId<'_>,
    ) -> Result<Vec<ThumbnailResult>> {
        let call = Call::new("POST /v1.0/storage/spaces/{spaceId}/thumbnails/query", &[space_id])
            .acting(operator)
            .field("dentryIds", dentry_ids)
            .limit("dentryIds", dentry_ids.len(), 1..=MAX_DENTRIES)
            .reads();
        self.client.field("resultItems", &call)
    }
}
