//! Conditional requests for objects.

use crate::testing::data::dates;
use crate::testing::data::effects::{HeaderText, ObjectEffects};
use crate::testing::data::errors::object_error;
use crate::testing::data::ids::request_id;
use crate::testing::data::records::Recorded;
use crate::testing::data::response::FakeResponse;
use crate::testing::state::tree::StoredVersion;

/// Checks the conditions of a request. The error is a 412 or 304 response for the first condition that does not hold.
///
/// A condition on the `ETag` takes precedence over a condition on the time, as in RFC 9110. If a fault changes the
/// `ETag`, conditions on it are ignored.
pub(super) fn check(
    request: &Recorded,
    stored: &StoredVersion,
    effects: &ObjectEffects,
) -> Result<(), FakeResponse> {
    let is_true_etag = matches!(effects.etag, HeaderText::True);
    if let Some(list) = header_list(request, "if-match") {
        if effects.refuse_if_match {
            return Err(effects.etag.add_to(precondition_failed("If-Match"), "ETag", &stored.etag));
        }
        if is_true_etag && !names(&list, &stored.etag) {
            return Err(precondition_failed("If-Match"));
        }
    } else if date(request, "if-unmodified-since").is_some_and(|date| date < stored.modified_seconds()) {
        return Err(precondition_failed("If-Unmodified-Since"));
    }
    let is_known = match header_list(request, "if-none-match") {
        Some(list) => is_true_etag && names(&list, &stored.etag),
        None => date(request, "if-modified-since").is_some_and(|date| date >= stored.modified_seconds()),
    };
    if is_known { Err(not_modified(stored, effects)) } else { Ok(()) }
}

/// Returns all values of a list header, or `None` if the request does not have the header.
fn header_list(request: &Recorded, name: &str) -> Option<String> {
    Some(request.header_values(name).join(",")).filter(|_| request.header(name).is_some())
}

/// Returns whether a list of `ETag`s contains `etag`. The quotes are optional, as in OSS.
fn names(list: &str, etag: &str) -> bool {
    let is_it = |text: &str| text == "*" || text.trim_matches('"') == etag.trim_matches('"');
    list.split(',').any(|text| is_it(text.trim()))
}

/// Returns the date of a header in seconds since 1970. An invalid date is ignored, as in OSS.
fn date(request: &Recorded, name: &str) -> Option<i64> {
    dates::from_http(request.header(name)?)
}

fn precondition_failed(condition: &str) -> FakeResponse {
    let message = "At least one of the pre-conditions you specified did not hold.";
    object_error(412, "PreconditionFailed", message, &[("Condition", condition.to_owned())])
}

fn not_modified(stored: &StoredVersion, effects: &ObjectEffects) -> FakeResponse {
    let response = FakeResponse::new(304, "")
        .header("Last-Modified", stored.last_modified())
        .header("x-oss-request-id", request_id());
    effects.etag.add_to(response, "ETag", &stored.etag)
}
