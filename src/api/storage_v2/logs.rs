//! Logs of people's operations on files.

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
        /// Actions to list. The values are not documented.
        actions: Vec<String> as impl Into<Vec<String>> = ["action".to_owned()],
        /// Scenes to list. The values are not documented.
        scenes: Vec<String> as impl Into<Vec<String>> = ["scene".to_owned()],
        /// Person whose operations are listed, judging by the name. The kind of id is not documented.
        operator_id: String as impl Into<String> = "operator-1",
        /// Subject to list: the target of the operations.
        subject_id: String as impl Into<String> = "subject-1",
        /// Maximum number of items per page. The vendor documents no limit.
        max_results: u32 = 20,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    } top_level {
        /// Start of the time range, in an undocumented unit.
        start_time: i64 = 1_640_995_200_000,
        /// End of the time range, in the same unit.
        end_time: i64 = 1_672_531_200_000,
    }
}

/// An entry of the operation log.
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
    /// Id of the log entry.
    pub id: Option<String>,
    /// Action.
    pub action: Option<String>,
    /// Details of the action.
    pub details: Option<String>,
    /// Time of the action, in an undocumented unit.
    pub operate_time: Option<i64>,
    /// Id of the person who performed the action.
    pub operator_id: Option<String>,
    /// Scene of the action.
    pub scene: Option<String>,
    /// Id of the subject.
    pub subject_id: Option<String>,
    /// Name of the subject.
    pub subject_name: Option<String>,
    /// Type of the subject. The vendor's SDK shows only `DENTRY`.
    pub subject_type: Option<String>,
    /// URL of the subject's web page.
    pub subject_url: Option<String>,
}

impl StorageV2<'_> {
    /// Lists people's operations on files, one page per call.
    ///
    /// Calls `ListOperationLogs`, which is in the vendor's SDK but not documented. Its values, limits, permission and
    /// errors are unknown.
    ///
    /// This operation has no acting person: the operator in the options is the person to search for. This is the only
    /// list that returns [`total_count`](Page::total_count). [`operation_logs`](Self::operation_logs) iterates over all
    /// pages.
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
    /// Iterates over the operation log, page by page of [`list_operation_logs`](Self::list_operation_logs), starting at
    /// the options' `next_token` if that is set.
    ///
    /// Each page is requested when the previous one is used up. Operations during the listing may be included or not.
    /// They may also shift later entries, so that an entry is returned twice or missed; an
    /// [`end_time`](ListOperationLogs::end_time) prevents that.
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
