//! Error responses of both sides: JSON from the API, XML from the object store.

use super::ids::request_id;
use super::response::FakeResponse;
use serde_json::{Value, json};
use std::fmt::Write;

/// The content type of errors from the object store.
pub(crate) const XML: &str = "application/xml";

/// Creates an error response of the API.
pub(crate) fn api_error(status: u16, code: &str, message: &str) -> FakeResponse {
    let id = request_id();
    let body = json!({"code": code, "requestid": id, "message": message});
    FakeResponse::json(status, body.to_string(), &id)
}

/// Creates the body of an API error.
pub(crate) fn api_error_body(code: &str, message: &str) -> Value {
    json!({"code": code, "requestid": request_id(), "message": message})
}

/// Creates the body of the API error for a missing scope.
pub(crate) fn missing_scope_body(scope: &str) -> Value {
    json!({
        "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
        "requestid": request_id(),
        "message": "The app lacks a scope.",
        "accessdenieddetail": {"requiredScopes": [scope]},
    })
}

/// Creates an error response of the object store. Each of `details` becomes an element.
pub(crate) fn object_error(
    status: u16,
    code: &str,
    message: &str,
    details: &[(&str, String)],
) -> FakeResponse {
    let body = object_error_body(code, message, details);
    FakeResponse::new(status, body).header("Content-Type", XML).header("x-oss-request-id", request_id())
}

/// Creates the XML of an error from the object store.
pub(crate) fn object_error_body(code: &str, message: &str, details: &[(&str, String)]) -> String {
    let mut lines = String::new();
    for (name, value) in details {
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(lines, "  <{name}>{value}</{name}>");
    }
    let id = request_id();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>{code}</Code>\n  \
         <Message>{message}</Message>\n  <RequestId>{id}</RequestId>\n  <HostId>127.0.0.1</HostId>\n\
         {lines}  <EC>0000-00000000</EC>\n</Error>\n"
    )
}
