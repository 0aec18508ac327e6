//! Small pictures of files.

use serde::Deserialize;

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::Thumbnail;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::json::empty_is_none;

/// The small picture of one of the files that were asked for, or why there is none.
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
    /// The space that was asked.
    pub space_id: Option<String>,
    /// The id that was asked for.
    pub dentry_id: Option<String>,
    /// Whether there is a picture.
    pub success: Option<bool>,
    /// Why not, such as `thumbnailNotExist` or `dentryFormatNotSupport`.
    #[serde(deserialize_with = "empty_is_none")]
    pub error_code: Option<String>,
    /// Where the picture is, and its size.
    pub thumbnail: Option<Thumbnail>,
}

/// Vendor limit.
const MAX_DENTRIES: usize = 30;

impl Storage<'_> {
    /// Asks for the small pictures of up to 30 files of one space.
    ///
    /// Calls `GetDentryThumbnails`, documented at
    /// [get-file-thumbnails-in-bulk](https://open.dingtalk.com/document/orgapp/get-file-thumbnails-in-bulk).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// Pictures are made some time after an upload: `thumbnailNotExist` may mean not yet. Folders and many sorts of
    /// files have none. The call succeeds when files have none: each result says for itself, by
    /// [`success`](ThumbnailResult::success) and [`error_code`](ThumbnailResult::error_code), how it went. Treat
    /// the URL as you treat the picture: who has it may be able to see it.
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
