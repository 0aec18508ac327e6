//! Tasks: what the vendor does after its answer.

use std::time::Duration;

use super::Storage;
use crate::base::call::Call;
use crate::base::error::{Error, Result};
use crate::base::ids::UnionId;
use crate::base::task::Task;

impl Storage<'_> {
    /// Asks how far a task is.
    ///
    /// Calls `GetTask`, documented at
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
        let call = Call::new("GET /v1.0/storage/tasks/{taskId}", &[task_id]).acting(operator).reads();
        self.client.field("task", &call)
    }
    /// Asks again and again until a task has ended, for `at_most` so long: after 1 second, 2, 4 and so on, then every 30.
    ///
    /// Each question is a call that counts against the organisation's monthly number. A task that failed has ended too: look at
    /// [`Task::status`], [`Task::fail_count`] and [`Task::fail_message`]. To look on while it runs, ask
    /// [`get_task`](Self::get_task).
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
