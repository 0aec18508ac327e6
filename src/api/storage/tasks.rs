//! Tasks: operations that continue after the vendor's response.

use std::time::Duration;

use super::Storage;
use crate::base::call::Call;
use crate::base::error::{Error, Result};
use crate::base::ids::UnionId;
use crate::base::task::Task;

impl Storage<'_> {
    /// Returns a task and its progress.
    ///
    /// Calls `GetTask`, documented at
    /// [get-the-asynchronous-task-information-in-storage](https://open.dingtalk.com/document/orgapp/get-the-asynchronous-task-information-in-storage).
    /// Permission: `Storage.Task.Read`. Internal and ISV apps.
    ///
    /// A failed task is a successful response here: check [`Task::status`] and [`Task::fail_count`]. This function does
    /// not wait; [`wait_for_task`](Self::wait_for_task) does.
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
        let call = Call::new("GET /v1.0/storage/tasks/{taskId}", &[task_id]).acting(operator).reads();
        self.client.field("task", &call)
    }
    /// Polls a task until it finishes or `at_most` has passed, with pauses of 1, 2, 4 seconds and so on, up to 30.
    ///
    /// Each poll is a call that counts against the organisation's monthly quota. A failed task has finished too: check
    /// [`Task::status`], [`Task::fail_count`] and [`Task::fail_message`]. To show progress while the task runs, poll
    /// [`get_task`](Self::get_task) instead.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, ManualClock}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
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
    /// The errors of [`get_task`](Self::get_task); [`StillRunning`](crate::Error::StillRunning), with the last state of
    /// the task, if the time is up.
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
            // Shortens the last pause, so that the last poll happens when the time is up.
            clock.sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// A short task has finished by then, and the vendor recommends at most one call per second.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
