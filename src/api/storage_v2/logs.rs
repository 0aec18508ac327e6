//! What people have done with files.

use serde::Deserialize;

use super::StorageV2;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};

options! {
    /// Optional parameters of [`StorageV2::list_operation_logs`].
    ///
    /// ```
    /// use dingtalk_files::ListOperationLogs;
    ///
    /// let options = ListOperationLogs::new().start_time(1_640_995_200_000).max_results(20);
    /// # let _ = options;
    /// ```
    ListOperationLogs {
        /// Only what was done in these ways. The words are not documented.
        actions: Vec<String> as impl Into<Vec<String>> = ["action".to_owned()],
        /// Only what was done in these places. The words are not documented.
        scenes: Vec<String> as impl Into<Vec<String>> = ["scene".to_owned()],
        /// Only what this person did, it seems. Which kind of id it is, is not documented.
        operator_id: String as impl Into<String> = "operator-1",
        /// Only what was done to this thing.
        subject_id: String as impl Into<String> = "subject-1",
        /// Maximum number of items per page. The vendor documents no limit.
        max_results: u32 = 20,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    } top_level {
        /// From when on, in a unit that is not documented.
        start_time: i64 = 1_640_995_200_000,
        /// Until when, in the same unit.
        end_time: i64 = 1_672_531_200_000,
    }
}

/// One thing that was done.
///
/// ```
/// let json = r#"{"id": "log-1", "operateTime": 1640995200000, "subjectType": "DENTRY"}"#;
/// let log: dingtalk_files::OperationLog = serde_json::from_str(json)?;
/// assert_eq!(log.operate_time, Some(1_640_995_200_000));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct OperationLog {
    /// The id of this entry.
    pub id: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// More about it.
    pub details: Option<String>,
    /// When, in a unit that is not documented.
    pub operate_time: Option<i64>,
    /// Who did it.
    pub operator_id: Option<String>,
    /// Where it was done.
    pub scene: Option<String>,
    /// To what it was done.
    pub subject_id: Option<String>,
    /// What that is called.
    pub subject_name: Option<String>,
    /// What kind of thing that is; `DENTRY` is the one that the vendor's SDK shows.
    pub subject_type: Option<String>,
    /// A page that shows it.
    pub subject_url: Option<String>,
}

impl StorageV2<'_> {
    /// Lists what people have done with files, one page.
    ///
    /// `ListOperationLogs`, which is in the vendor's SDK without a page: nothing is known of its words, its limits, its
    /// permission and its errors.
    ///
    /// Nobody acts here: the operator among the options is a person to look for. It is the one list whose
    /// [`total_count`](Page::total_count) is told. [`operation_logs`](Self::operation_logs) goes through all pages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListOperationLogs};
    ///
    /// let client = Client::from_env()?;
    /// let page = client.storage_v2().list_operation_logs(&ListOperationLogs::new())?;
    /// println!("{} of {:?}", page.items.len(), page.total_count);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `paramError`, `systemError`.
    #[inline]
    pub fn list_operation_logs(&self, options: &ListOperationLogs) -> Result<Page<OperationLog>> {
        let call = Call::new("POST /v2.0/storage/managements/operationLogs/list", &[])
            .field_if_set("startTime", options.start_time)
            .field_if_set("endTime", options.end_time)
            .option(options.if_set())
            .reads();
        self.client.counted_page("items", &call)
    }
}

impl<'c> StorageV2<'c> {
    /// All that [`list_operation_logs`](Self::list_operation_logs) lists, page after page, beginning with the page that
    /// the options name.
    ///
    /// Each page is requested when the previous one is used up. What is done meanwhile may come or not, and shift what
    /// follows, so that an entry comes twice or is missed; an [`end_time`](ListOperationLogs::end_time) keeps that
    /// away.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListOperationLogs};
    ///
    /// let client = Client::from_env()?;
    /// for log in client.storage_v2().operation_logs(&ListOperationLogs::new()) {
    ///     let log = log?;
    ///     println!("{:?} {:?} {:?}", log.operator_id, log.action, log.subject_name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn operation_logs(&self, options: &ListOperationLogs) -> Pages<'c, OperationLog> {
        let storage = *self;
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| storage.list_operation_logs(options),
        )
    }
}
