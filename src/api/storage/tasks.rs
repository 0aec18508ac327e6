//! Tasks: what the vendor does after its answer.

use serde::Deserialize;

use super::Storage;
use crate::api::null_is_default;
use crate::call::Call;
use crate::ids::words;
use crate::{Result, Timestamp, UnionId};

words! {
    /// How far a task is.
    TaskStatus {
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
    /// How far it is.
    pub status: Option<TaskStatus>,
    /// How many entries it has to do with.
    pub total_count: Option<u64>,
    /// How many of them are done.
    pub success_count: Option<u64>,
    /// How many of them failed.
    pub fail_count: Option<u64>,
    /// Why they failed.
    pub fail_message: Option<String>,
    /// When it began.
    pub begin_time: Option<Timestamp>,
    /// When it ended.
    pub end_time: Option<Timestamp>,
}

impl Task {
    /// Whether it has ended, well (`SUCCESS`) or badly (`FAIL`). A status that this version does not know is no end.
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

#[derive(Deserialize)]
struct TaskAnswer {
    #[serde(default, deserialize_with = "null_is_default")]
    task: Task,
}

impl Storage<'_> {
    /// Asks how far a task is.
    ///
    /// `GetTask`, documented under
    /// [get-the-asynchronous-task-information-in-storage](https://open.dingtalk.com/document/orgapp/get-the-asynchronous-task-information-in-storage).
    /// Permission: `Storage.Task.Read`. Internal and ISV apps.
    ///
    /// A task that failed is a good answer here: look at [`Task::status`] and [`Task::fail_count`]. Nothing waits; ask
    /// again, with a pause, until [`Task::is_finished`].
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let task = client.storage().get_task("task-1", UnionId("operator-1"))?;
    /// println!("{:?} of {:?} done", task.success_count, task.total_count);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `taskNotExist`; `paramError.taskId`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_task(&self, task_id: &str, operator: UnionId<'_>) -> Result<Task> {
        let path = [task_id];
        let call = Call::new("GET /v1.0/storage/tasks/{taskId}", &path).query("unionId", operator.0);
        self.client.call(&call.repeatable()).map(|answer: TaskAnswer| answer.task)
    }
}
