//! Requests for `tests/sdk/compare.py`, which compares them with those of the official SDK.

use serde_json::{Map, Value, json};

use super::fake::RecordingServer;
use super::rows_with_facts;
use super::sample::Sample;

/// Prints a line `SDK {..}` for each operation with everything set.
#[test]
#[ignore = "run by tests/sdk/compare.py"]
fn print_requests() {
    let server = RecordingServer::new();
    for (row, fact) in rows_with_facts() {
        let (_, requests) = server.call(row.full, &Sample::of_facts(fact).answer);
        let request = &requests[0];
        let query: Map<String, Value> =
            request.query.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let body: Option<Value> = serde_json::from_slice(&request.body).ok();
        let line = json!({"group": fact.group, "action": fact.action, "route": fact.path, "host": fact.host,
            "method": request.method, "path": request.path, "query": query, "body": body});
        println!("SDK {line}");
    }
}
