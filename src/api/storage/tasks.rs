//! Tasks: what the vendor does after its answer.

use std::time::Duration;

use serde::Deserialize;

use super::Storage;
use crate::api::common::null_is_default;
use crate::call::Call;
use crate::ids::words;
use crate::{Error, Result, Timestamp, UnionId};

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
    /// A task that failed is a good answer here: look at [`Task::status`] and [`Task::fail_count`]. Nothing waits;
    /// [`wait_for_task`](Self::wait_for_task) does.
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
    /// Asks again and again until a task has ended, for `at_most` so long: after 1 second, 2, 4 and so on, then every 30.
    ///
    /// Each question is a call that counts against the organisation's monthly number. A task that failed has ended too: look at
    /// [`Task::status`], [`Task::fail_count`] and [`Task::fail_message`]. To look on while it runs, ask
    /// [`get_task`](Self::get_task).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, ManualClock}};
    /// let fake = FakeDingTalk::start()?; // a stand-in for DingTalk
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// use std::time::Duration;
    /// use dingtalk_files::TaskStatus;
    ///
    /// fake.put_task("task-1", &["INIT", "IN_PROGRESS", "SUCCESS"]);
    /// let five_minutes = Duration::from_secs(300);
    /// let task = client.storage().wait_for_task("task-1", UnionId("operator-1"), five_minutes)?;
    /// assert_eq!(task.status, Some(TaskStatus::Success));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`get_task`](Self::get_task); [`StillRunning`](crate::Error::StillRunning) with the task as it is when the
    /// time is up.
    #[inline]
    pub fn wait_for_task(&self, task_id: &str, operator: UnionId<'_>, at_most: Duration) -> Result<Task> {
        let clock = self.client.clock();
        let ends = clock.now().saturating_add(at_most);
        let mut pause = FIRST_PAUSE;
        loop {
            let task = self.get_task(task_id, operator)?;
            if task.is_finished() {
                return Ok(task);
            }
            let left = ends.saturating_sub(clock.now());
            if left.is_zero() {
                return Err(Error::StillRunning(Box::new(Task { id: Some(task_id.to_owned()), ..task })));
            }
            // The last question is asked when the time is up, not before.
            clock.sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// A short task is done by then, and a call a second is what the vendor advises at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
