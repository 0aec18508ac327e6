//! Tasks that continue on the vendor's side after its answer. Pure data, below the errors, because an error can carry a
//! task.

use serde::Deserialize;

use crate::base::ids::string_enum;
use crate::base::timestamp::Timestamp;

string_enum! {
    /// The state of a task.
    TaskStatus: received {
        /// Not yet begun.
        Init = "INIT",
        /// Running.
        InProgress = "IN_PROGRESS",
        /// Succeeded.
        Success = "SUCCESS",
        /// Failed, at least in part; see [`Task::fail_count`].
        Fail = "FAIL",
    }
}

/// A copy, move, deletion or restoration that continues after the call that began it.
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
    /// Id of the task.
    pub id: Option<String>,
    /// State of the task.
    pub status: Option<TaskStatus>,
    /// Number of entries in the task.
    pub total_count: Option<u64>,
    /// Number of entries that succeeded.
    pub success_count: Option<u64>,
    /// Number of entries that failed.
    pub fail_count: Option<u64>,
    /// Reason why entries failed.
    pub fail_message: Option<String>,
    /// Time at which the task began.
    pub begin_time: Option<Timestamp>,
    /// Time at which the task ended.
    pub end_time: Option<Timestamp>,
}

impl Task {
    /// Returns whether the task has ended, in success (`SUCCESS`) or failure (`FAIL`).
    ///
    /// A status that this version does not know does not count as an end.
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
