//! Waiting for asynchronous tasks of the vendor.

use dingtalk_files::TaskStatus;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn seconds(setup: &Setup) -> Vec<u64> {
    setup.clock.sleeps().iter().map(Duration::as_secs).collect()
}

#[test]
fn the_polling_interval_grows_up_to_thirty_seconds() {
    let setup = Setup::new();
    let mut statuses = vec!["INIT", "IN_PROGRESS", "PAUSED"];
    statuses.extend(["IN_PROGRESS"; 5]);
    statuses.push("SUCCESS");
    setup.fake.put_task("task-1", &statuses);
    let task = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), HOUR).unwrap();
    assert_eq!((task.status, task.success_count), (Some(TaskStatus::Success), Some(1)));
    assert_eq!(seconds(&setup), [1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(setup.count(Target::Task), 9);
}

#[test]
fn a_finished_task_is_returned_without_a_wait() {
    for status in ["SUCCESS", "FAIL"] {
        let setup = Setup::new();
        setup.fake.put_task("task-1", &[status]);
        let task = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), HOUR).unwrap();
        assert_eq!(task.status.unwrap().as_str(), status);
        assert_eq!((seconds(&setup), setup.count(Target::Task)), (vec![], 1));
    }
}

/// A failed task is returned with its failure count and message, not as an error.
#[test]
fn a_failed_task_is_returned_as_a_result() {
    let setup = Setup::new();
    setup.fake.put_task("task-1", &["IN_PROGRESS", "FAIL"]);
    let task = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), HOUR).unwrap();
    assert_eq!((task.status, task.fail_count), (Some(TaskStatus::Fail), Some(1)));
    assert_eq!(task.fail_message.as_deref(), Some("permissionDenied"));
}

#[test]
fn a_task_is_queried_once_more_when_the_time_is_up() {
    for (at_most, sleeps) in
        [(0, vec![]), (1, vec![1]), (10, vec![1, 2, 4, 3]), (62, vec![1, 2, 4, 8, 16, 30, 1])]
    {
        let setup = Setup::new();
        setup.fake.put_task("task-1", &["INIT", "IN_PROGRESS"]);
        let at_most = Duration::from_secs(at_most);
        let waited = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), at_most);
        let Err(Error::StillRunning(task)) = waited else { panic!("{waited:?}") };
        assert_eq!(task.id.as_deref(), Some("task-1"));
        assert_eq!(seconds(&setup), sleeps);
        assert_eq!(setup.count(Target::Task), sleeps.len() + 1);
        let text = Error::StillRunning(task).to_string();
        let status = if sleeps.is_empty() { "INIT" } else { "IN_PROGRESS" };
        assert_eq!(text, format!("task task-1 is still {status}; ask again later"));
    }
}

#[test]
fn a_failed_query_is_an_error() {
    let setup = Setup::new();
    let gone = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), HOUR).unwrap_err();
    assert_eq!(gone.code(), Some("taskNotExist"));
    assert_eq!(seconds(&setup), [0; 0]);
}
