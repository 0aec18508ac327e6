//! Tasks: what the vendor does after its answer. Pure data; below the errors, because an error can carry one.

use serde::Deserialize;

use crate::base::ids::string_enum;
use crate::base::timestamp::Timestamp;

string_enum! {
    /// The state of a task.
    TaskStatus: received {
        /// Not begun.
        Init = "INIT",
        /// Running.
        InProgress = "IN_PROGRESS",
        /// Ended well.
        Success = "SUCCESS",
        /// Ended badly, at least in part; see [`Task::fail_count`].
        Fail = "FAIL",
    }
}

/// A copy, move, deletion or restoring that goes on after the call that began it.
///
/// ```
/// use dingtalk_files::Task;
///
/// let task: Task = serde_json::from_str(r#"{"status": "IN_PROGRESS", "totalCount": 6, "successCount": 3}"#)?;
/// assert_eq!((task.success_count, task.is_finished()), (Some(3), false));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Task {
    /// The id that was asked for.
    pub id: Option<String>,
    /// Its state.
    pub status: Option<TaskStatus>,
    /// The number of its entries.
    pub total_count: Option<u64>,
    /// The number of entries that are done.
    pub success_count: Option<u64>,
    /// The number of entries that failed.
    pub fail_count: Option<u64>,
    /// Why they failed.
    pub fail_message: Option<String>,
    /// When it began.
    pub begin_time: Option<Timestamp>,
    /// When it ended.
    pub end_time: Option<Timestamp>,
}

impl Task {
    /// Whether it has ended, well (`SUCCESS`) or badly (`FAIL`). A status that this version does not know is not an end.
    ///
    /// ```
    /// let task: dingtalk_files::Task = serde_json::from_str(r#"{"status": "FAIL"}"#)?;
    /// assert!(task.is_finished());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn is_finished(&self) -> bool {
        matches!(self.status, Some(TaskStatus::Success | TaskStatus::Fail))
    }
}
