//! Status of asynchronous tasks.

use super::call::FakeCall;
use super::checks::{check_rights, ok, union_id};
use crate::testing::data::errors::api_error;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::Shared;
use serde_json::json;

/// Returns the next status that a test has set for a task.
pub(crate) fn get_task(shared: &Shared, call: &FakeCall<'_>) -> Result<FakeResponse, FakeResponse> {
    check_rights(shared, call.request)?;
    union_id(call.request)?;
    let id = call.param(0);
    let mut state = shared.state();
    let statuses = state.tasks.get_mut(id);
    let status = statuses.and_then(|statuses| match statuses.len() {
        0 | 1 => statuses.front().cloned(),
        _ => statuses.pop_front(),
    });
    let Some(status) = status else {
        return Err(api_error(404, "taskNotExist", "The task does not exist."));
    };
    let mut task = json!({
        "id": id,
        "status": status,
        "totalCount": 1,
        "successCount": u8::from(status == "SUCCESS"),
        "failCount": u8::from(status == "FAIL"),
        "beginTime": "2022-01-01T10:00:00Z",
    });
    if let Some(task) = task.as_object_mut().filter(|_| matches!(status.as_str(), "SUCCESS" | "FAIL")) {
        task.insert("endTime".to_owned(), "2022-01-01T10:00:05Z".into());
        if status == "FAIL" {
            task.insert("failMessage".to_owned(), "permissionDenied".into());
        }
    }
    Ok(ok(&json!({"task": task})))
}
