//! Which request is which operation. A new operation is one more row of [`OPERATIONS`].

use super::answer::Answer;
use super::fault::Plan;
use super::intake::Arrived;
use super::state::Shared;
use super::{Recorded, Target, browse, dingtalk, oss, storage};
use percent_encoding::percent_decode_str;

/// A request that fits an operation.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) request: &'a Recorded,
    pub(super) plan: &'a Plan,
    /// The body, where the request is an upload.
    pub(super) arrived: Option<&'a Arrived>,
    /// The decoded path segments that stand where the pattern has `{}`, in order.
    pub(super) params: Vec<String>,
}

impl Call<'_> {
    /// A path parameter by its place, counted from 0.
    pub(super) fn param(&self, place: usize) -> &str {
        self.params.get(place).map_or("", String::as_str)
    }
}

struct Operation {
    target: Target,
    method: &'static str,
    pattern: &'static str,
    handler: fn(&Shared, &Call<'_>) -> Answer,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        target: Target::Token,
        method: "POST",
        pattern: "/v1.0/oauth2/accessToken",
        handler: dingtalk::access_token,
    },
    Operation {
        target: Target::DownloadInfo,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/dentries/{}/downloadInfos/query",
        handler: dingtalk::download_info,
    },
    Operation {
        target: Target::Send,
        method: "POST",
        pattern: "/v1.0/convFile/apps/conversations/files/send",
        handler: dingtalk::send,
    },
    Operation {
        target: Target::UploadInfo,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/files/uploadInfos/query",
        handler: storage::upload_info,
    },
    Operation {
        target: Target::UploadInfo,
        method: "POST",
        pattern: "/v2.0/storage/spaces/files/{}/uploadInfos/query",
        handler: storage::upload_info,
    },
    Operation {
        target: Target::InitMultipart,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/files/multiPartUploadInfos/init",
        handler: storage::init_multipart,
    },
    Operation {
        target: Target::PartInfos,
        method: "POST",
        pattern: "/v1.0/storage/spaces/files/multiPartUploadInfos/query",
        handler: storage::part_infos,
    },
    Operation {
        target: Target::Commit,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/files/commit",
        handler: storage::commit,
    },
    Operation {
        target: Target::Commit,
        method: "POST",
        pattern: "/v2.0/storage/spaces/files/{}/commit",
        handler: storage::commit,
    },
    Operation {
        target: Target::Task,
        method: "GET",
        pattern: "/v1.0/storage/tasks/{}",
        handler: storage::task,
    },
    Operation {
        target: Target::SendToConversation,
        method: "POST",
        pattern: "/v1.0/convFile/conversations/files/send",
        handler: dingtalk::send_to_conversation,
    },
    Operation {
        target: Target::GetDentry,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/dentries/{}/query",
        handler: browse::get_dentry,
    },
    Operation {
        target: Target::ListDentries,
        method: "GET",
        pattern: "/v1.0/storage/spaces/{}/dentries",
        handler: browse::list_dentries,
    },
    Operation { target: Target::Object, method: "GET", pattern: "/oss/{}/{}/{}", handler: oss::get_object },
    Operation { target: Target::Object, method: "HEAD", pattern: "/oss/{}/{}/{}", handler: oss::get_object },
    Operation { target: Target::Put, method: "PUT", pattern: "/oss-upload/{}", handler: oss::put_object },
];

/// The kind of operation that a request is for, if any.
pub(super) fn target(shared: &Shared, request: &Recorded) -> Option<Target> {
    let known = find(request).map(|(operation, _)| operation.target);
    known.or_else(|| ordered(shared, request).map(|_| Target::Other))
}

/// Carries a request out.
pub(super) fn answer(shared: &Shared, request: &Recorded, plan: &Plan, arrived: Option<&Arrived>) -> Answer {
    if let Some(body) = ordered(shared, request) {
        return dingtalk::check_token_wherever(shared, request)
            .err()
            .unwrap_or_else(|| dingtalk::ok_text(body));
    }
    match find(request) {
        Some((operation, params)) => (operation.handler)(shared, &Call { request, plan, arrived, params }),
        None if request.path.starts_with("/oss/") || request.path.starts_with("/oss-upload/") => {
            oss::no_such_operation(request)
        }
        None => dingtalk::no_such_operation(),
    }
}

fn find(request: &Recorded) -> Option<(&'static Operation, Vec<String>)> {
    let mut candidates = OPERATIONS.iter().filter(|operation| operation.method == request.method);
    candidates.find_map(|operation| Some((operation, match_path(operation.pattern, &request.path)?)))
}

/// What a test has ordered for this request.
fn ordered(shared: &Shared, request: &Recorded) -> Option<String> {
    let state = shared.state();
    // The last order counts.
    let mut orders = state.answers.iter().rev();
    let found = orders.find(|(route, _)| {
        let (method, pattern) = route.split_once(' ').unwrap_or_default();
        method == request.method && match_path(pattern, &request.path).is_some()
    });
    found.map(|(_, body)| body.clone())
}

/// The parameters of a path that fits the pattern. A path with a character that must be percent-encoded, a
/// broken encoding, or an empty, `.` or `..` segment fits none: on its way such a path could become another.
fn match_path(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = decode_segment(segments.next()?)?;
        // `{}`, or a name in it as in the documentation.
        let is_param = expected.starts_with('{') && expected.ends_with('}');
        match expected {
            _ if is_param && matches!(segment.as_str(), "" | "." | "..") => return None,
            _ if is_param => params.push(segment),
            literal if literal == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(params)
}

fn decode_segment(raw: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
    if !raw.bytes().all(allowed) || !percent_signs_are_right(raw) {
        return None;
    }
    let decoded = percent_decode_str(raw).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

fn percent_signs_are_right(raw: &str) -> bool {
    raw.split('%').skip(1).all(|after| {
        let mut digits = after.bytes().take(2);
        let both = digits.by_ref().filter(u8::is_ascii_hexdigit).count();
        both == 2
    })
}
