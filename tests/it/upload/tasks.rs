//! Waiting for what the vendor does after its answer.

use dingtalk_files::TaskStatus;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn seconds(setup: &Setup) -> Vec<u64> {
    setup.clock.sleeps().iter().map(Duration::as_secs).collect()
}

#[test]
fn questions_come_ever_more_rarely() {
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
fn what_is_over_is_not_waited_for() {
    for status in ["SUCCESS", "FAIL"] {
        let setup = Setup::new();
        setup.fake.put_task("task-1", &[status]);
        let task = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), HOUR).unwrap();
        assert_eq!(task.status.unwrap().as_str(), status);
        assert_eq!((seconds(&setup), setup.count(Target::Task)), (vec![], 1));
    }
}

/// A task that failed is an answer: what failed, and why, is in it.
#[test]
fn a_task_that_failed_is_an_answer() {
    let setup = Setup::new();
    setup.fake.put_task("task-1", &["IN_PROGRESS", "FAIL"]);
    let task = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), HOUR).unwrap();
    assert_eq!((task.status, task.fail_count), (Some(TaskStatus::Fail), Some(1)));
    assert_eq!(task.fail_message.as_deref(), Some("permissionDenied"));
}

#[test]
fn when_the_time_is_up_it_is_asked_once_more() {
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
fn a_question_that_fails_is_an_error() {
    let setup = Setup::new();
    let gone = setup.client.storage().wait_for_task("task-1", UnionId("operator-1"), HOUR).unwrap_err();
    assert_eq!(gone.code(), Some("taskNotExist"));
    assert_eq!(seconds(&setup), [0; 0]);
}
