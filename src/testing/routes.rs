//! The table of operations. To add an operation, add a row to [`OPERATIONS`] and a function to `handlers/`.

use super::data::content::ReceivedBody;
use super::data::effects::FaultEffects;
use super::data::records::Recorded;
use super::data::response::FakeResponse;
use super::data::target::Target;
use super::handlers::call::FakeCall;
use super::handlers::{
    around, browse, checks, conv_file, doc_resources, downloads, ids, oauth2, objects, tasks, uploads,
};
use super::state::Shared;
use percent_encoding::percent_decode_str;

struct Operation {
    target: Target,
    method: &'static str,
    pattern: &'static str,
    /// A handler's `Err` is also a response: a refusal.
    handler: fn(&Shared, &FakeCall<'_>) -> Result<FakeResponse, FakeResponse>,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        target: Target::Token,
        method: "POST",
        pattern: "/v1.0/oauth2/accessToken",
        handler: oauth2::access_token,
    },
    Operation {
        target: Target::Token,
        method: "POST",
        pattern: "/v1.0/oauth2/{}/token",
        handler: oauth2::corp_token,
    },
    Operation {
        target: Target::DownloadInfo,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/dentries/{}/downloadInfos/query",
        handler: downloads::download_info,
    },
    Operation {
        target: Target::Send,
        method: "POST",
        pattern: "/v1.0/convFile/apps/conversations/files/send",
        handler: conv_file::send_by_app,
    },
    Operation {
        target: Target::UploadInfo,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/files/uploadInfos/query",
        handler: uploads::upload_info,
    },
    Operation {
        target: Target::UploadInfo,
        method: "POST",
        pattern: "/v2.0/storage/spaces/files/{}/uploadInfos/query",
        handler: uploads::upload_info,
    },
    Operation {
        target: Target::InitMultipart,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/files/multiPartUploadInfos/init",
        handler: uploads::init_multipart,
    },
    Operation {
        target: Target::PartInfos,
        method: "POST",
        pattern: "/v1.0/storage/spaces/files/multiPartUploadInfos/query",
        handler: uploads::part_infos,
    },
    Operation {
        target: Target::Commit,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/files/commit",
        handler: uploads::commit,
    },
    Operation {
        target: Target::Commit,
        method: "POST",
        pattern: "/v2.0/storage/spaces/files/{}/commit",
        handler: uploads::commit,
    },
    Operation {
        target: Target::Task,
        method: "GET",
        pattern: "/v1.0/storage/tasks/{}",
        handler: tasks::get_task,
    },
    Operation {
        target: Target::SendToConversation,
        method: "POST",
        pattern: "/v1.0/convFile/conversations/files/send",
        handler: conv_file::send,
    },
    Operation {
        target: Target::AddFolder,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/dentries/{}/folders",
        handler: browse::add_folder,
    },
    Operation {
        target: Target::GetDentry,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/dentries/{}/query",
        handler: browse::get_dentry,
    },
    Operation {
        target: Target::GetDentries,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/dentries/query",
        handler: browse::get_dentries,
    },
    Operation {
        target: Target::ListAllDentries,
        method: "POST",
        pattern: "/v1.0/storage/spaces/{}/dentries/listAll",
        handler: browse::list_all_dentries,
    },
    Operation {
        target: Target::ListDentries,
        method: "GET",
        pattern: "/v1.0/storage/spaces/{}/dentries",
        handler: browse::list_dentries,
    },
    Operation {
        target: Target::RobotFile,
        method: "POST",
        pattern: "/v1.0/robot/messageFiles/download",
        handler: around::robot_file,
    },
    Operation {
        target: Target::RobotMessage,
        method: "POST",
        pattern: "/v1.0/robot/oToMessages/batchSend",
        handler: around::send_to_people,
    },
    Operation {
        target: Target::RobotMessage,
        method: "POST",
        pattern: "/v1.0/robot/groupMessages/send",
        handler: around::send_to_group,
    },
    Operation {
        target: Target::Media,
        method: "POST",
        pattern: "/media/upload",
        handler: around::upload_media,
    },
    Operation {
        target: Target::Attachment,
        method: "POST",
        pattern: "/v1.0/workflow/processInstances/spaces/files/urls/download",
        handler: around::attachment_url,
    },
    Operation {
        target: Target::Export,
        method: "POST",
        pattern: "/v2.0/doc/me/export/submit",
        handler: around::export,
    },
    Operation {
        target: Target::Export,
        method: "GET",
        pattern: "/v2.0/doc/me/export/task/query",
        handler: around::export_task,
    },
    Operation {
        target: Target::DentryIds,
        method: "GET",
        pattern: "/v2.0/doc/dentries/{}/queryDentryId",
        handler: ids::dentry_ids,
    },
    Operation {
        target: Target::Attachment,
        method: "POST",
        pattern: "/v1.0/workflow/processInstances/spaces/infos/query",
        handler: around::attachment_space,
    },
    Operation {
        target: Target::AttachmentGrant,
        method: "POST",
        pattern: "/v1.0/workflow/processInstances/spaces/authPreview",
        handler: around::grant_preview,
    },
    Operation {
        target: Target::AttachmentGrant,
        method: "POST",
        pattern: "/v1.0/workflow/processInstances/spaces/files/authDownload",
        handler: around::grant_download,
    },
    Operation { target: Target::User, method: "POST", pattern: "/topapi/v2/user/get", handler: around::user },
    Operation {
        target: Target::Ids,
        method: "GET",
        pattern: "/v1.0/drive/spaces",
        handler: ids::list_spaces,
    },
    Operation {
        target: Target::Ids,
        method: "GET",
        pattern: "/v2.0/wiki/workspaces",
        handler: ids::list_workspaces,
    },
    Operation {
        target: Target::Ids,
        method: "GET",
        pattern: "/v2.0/wiki/mineWorkspaces",
        handler: ids::mine,
    },
    Operation { target: Target::Ids, method: "GET", pattern: "/v2.0/wiki/nodes", handler: ids::list_nodes },
    Operation {
        target: Target::Ids,
        method: "POST",
        pattern: "/v2.0/wiki/nodes/queryByUrl",
        handler: ids::node_by_url,
    },
    Operation {
        target: Target::Ids,
        method: "GET",
        pattern: "/v2.0/doc/documents/queryDentryUuid",
        handler: ids::uuid_by_url,
    },
    Operation {
        target: Target::DocResource,
        method: "POST",
        pattern: "/v1.0/doc/docs/resources/{}/uploadInfos/query",
        handler: doc_resources::upload_info,
    },
    Operation {
        target: Target::DocResource,
        method: "GET",
        pattern: "/v1.0/doc/docs/resources/{}/{}/downloadInfo",
        handler: doc_resources::download_info,
    },
    Operation {
        target: Target::OpenUrl,
        method: "GET",
        pattern: "/v1.0/yida/apps/temporaryUrls/{}",
        handler: around::open_url,
    },
    Operation {
        target: Target::WorkMessage,
        method: "POST",
        pattern: "/topapi/message/corpconversation/asyncsend_v2",
        handler: around::work_message,
    },
    Operation {
        target: Target::Object,
        method: "GET",
        pattern: "/oss/{}/{}/{}",
        handler: objects::get_object,
    },
    Operation {
        target: Target::Object,
        method: "HEAD",
        pattern: "/oss/{}/{}/{}",
        handler: objects::get_object,
    },
    Operation { target: Target::Put, method: "PUT", pattern: "/oss-upload/{}", handler: objects::put_object },
];

/// Returns the kind of operation of a request, if the operation is known.
pub(super) fn target(shared: &Shared, request: &Recorded) -> Option<Target> {
    let known = find(request).map(|(operation, _)| operation.target);
    known.or_else(|| ordered_answer(shared, request).map(|_| Target::Other))
}

/// Carries out a request.
pub(super) fn respond(
    shared: &Shared,
    request: &Recorded,
    effects: &FaultEffects,
    upload: Option<&ReceivedBody>,
) -> FakeResponse {
    if let Some(body) = ordered_answer(shared, request) {
        return match checks::check_ordered(shared, request) {
            Ok(()) => checks::ok_text(body),
            Err(refusal) => refusal,
        };
    }
    match find(request) {
        Some((operation, params)) => {
            let call = FakeCall { request, effects, upload, params };
            (operation.handler)(shared, &call).unwrap_or_else(|refusal| refusal)
        }
        None if request.path.starts_with("/oss/") || request.path.starts_with("/oss-upload/") => {
            objects::no_such_operation(request)
        }
        None => checks::no_such_operation(),
    }
}

/// Checks the head of a request for errors that must be reported before the body is read.
pub(super) fn check_head(shared: &Shared, request: &Recorded) -> Result<(), FakeResponse> {
    match request.target {
        Some(Target::Put) => objects::check_put(shared, request),
        _ => Ok(()),
    }
}

fn find(request: &Recorded) -> Option<(&'static Operation, Vec<String>)> {
    let mut candidates = OPERATIONS.iter().filter(|operation| operation.method == request.method);
    candidates.find_map(|operation| Some((operation, match_path(operation.pattern, &request.path)?)))
}

/// Returns the answer that a test has set for this request.
fn ordered_answer(shared: &Shared, request: &Recorded) -> Option<String> {
    let state = shared.state();
    // The last answer of a route applies.
    let mut orders = state.answers.iter().rev();
    let found = orders.find(|(route, _)| {
        let (method, pattern) = route.split_once(' ').unwrap_or_default();
        method == request.method && match_path(pattern, &request.path).is_some()
    });
    found.map(|(_, body)| body.clone())
}

/// Returns the parameters of a path that matches the pattern.
///
/// A path does not match if it has a character that must be percent-encoded, a broken encoding, or an empty, `.` or
/// `..` segment: a proxy could turn it into another path.
fn match_path(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = decode_segment(segments.next()?)?;
        // `{}`, or `{name}` as in the documentation.
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
