//! Typed success answers of the API. For any body, the operation returns its type or an error, and an answer that looks
//! like an error or a ban never counts as a success.
//!
//! The first byte of the input selects the operation, and the rest is the body.
#![no_main]

use std::fmt::Debug;
use std::sync::LazyLock;

use dingtalk_files::{
    AddSpace, Client, CopyDentry, DeleteDentry, Dentry, Error, GetDentries, GetDentry, GetFileDownloadInfo,
    GetFileUploadInfo, GetMultipartFileUploadInfos, InitMultipartFileUpload, ListDentries, ListOperationLogs,
    ListPermissions, ListRecents, ListRecycleItems, ListStars, RecycleBinScope, RestoreRecycleItems, Result,
    SearchDentries, SearchWorkspaces, UnionId, UserGet, UserId,
};
use dingtalk_files_fuzz::{Servers, TOKEN, answer, check_text, is_plain_answer};
use libfuzzer_sys::fuzz_target;

const ME: UnionId<'_> = UnionId("union-1");

/// One operation for each type of answer. Append new operations at the end: seeds and corpus refer to operations by
/// index.
const OPERATIONS: [fn(&Client) -> Result<String>; 32] = [
    |c| shown(c.storage().get_dentry("s", "d", ME, &GetDentry::new()).inspect(read_times)),
    |c| shown(c.storage().get_dentries("s", &["d", "e"], ME, &GetDentries::new())),
    |c| shown(c.storage().list_dentries("s", "0", ME, &ListDentries::new())),
    |c| shown(c.storage().get_file_download_info("s", "d", ME, &GetFileDownloadInfo::new())),
    |c| shown(c.storage().get_file_upload_info("s", false, ME, &GetFileUploadInfo::new())),
    |c| shown(c.storage().init_multipart_file_upload("s", ME, &InitMultipartFileUpload::new())),
    |c| {
        shown(c.storage().get_multipart_file_upload_infos(
            "k",
            &[1, 2],
            ME,
            &GetMultipartFileUploadInfos::new(),
        ))
    },
    |c| shown(c.oauth2().get_access_token("key", "secret")),
    |c| shown(c.topapi().user_get(UserId("u"), &UserGet::new())),
    |c| shown(c.conv_file().send_by_app("s", "d", ME)),
    |c| shown(c.conv_file().get_space("c", ME)),
    |c| shown(c.storage().get_space("s", ME)),
    |c| shown(c.storage().add_space(ME, &AddSpace::new())),
    |c| shown(c.storage().get_org("c", ME)),
    |c| shown(c.storage().get_current_app(ME)),
    |c| shown(c.storage().get_task("t", ME)),
    |c| shown(c.storage().copy_dentry("s", "d", "t", "0", ME, &CopyDentry::new())),
    |c| shown(c.storage().delete_dentry("s", "d", ME, &DeleteDentry::new())),
    |c| shown(c.storage().restore_recycle_items("b", &["r"], ME, &RestoreRecycleItems::new())),
    |c| shown(c.storage().list_permissions("s", "d", ME, &ListPermissions::new())),
    |c| shown(c.storage().batch_query_roles("s", &["d"], ME)),
    |c| shown(c.storage().get_recycle_bin(&RecycleBinScope::Org, "s", ME)),
    |c| shown(c.storage().list_recycle_items("b", ME, &ListRecycleItems::new())),
    |c| shown(c.storage().get_dentry_thumbnails("s", &["d"], ME)),
    |c| shown(c.storage().get_web_office_url("s", "d", ME)),
    |c| shown(c.storage_v2().list_permissions("u", ME, &ListPermissions::new())),
    |c| shown(c.storage_v2().list_recents(&ListRecents::new())),
    |c| shown(c.storage_v2().list_stars(&ListStars::new())),
    |c| shown(c.storage_v2().search_dentries("word", ME, &SearchDentries::new())),
    |c| shown(c.storage_v2().search_workspaces("word", ME, &SearchWorkspaces::new())),
    |c| shown(c.storage_v2().list_operation_logs(&ListOperationLogs::new())),
    |c| shown(c.doc().get_dentry_id_by_uuid("u", ME)),
];

static SERVERS: LazyLock<(Servers, Client)> = LazyLock::new(|| {
    let servers = Servers::default();
    let client = servers.client();
    (servers, client)
});

fuzz_target!(|input: &[u8]| {
    let Some((which, body)) = input.split_first() else { return };
    let call = OPERATIONS[usize::from(*which) % OPERATIONS.len()];
    let (servers, client) = &*SERVERS;
    servers.answer([answer(200, "application/json", body)]);
    match call(client) {
        Ok(_) => assert!(is_plain_answer(body), "an error was accepted as a success"),
        Err(error) => {
            check_text(&error, &[TOKEN]);
            assert!(matches!(&error, Error::Api(_) | Error::Answer(_)), "unexpected kind of error: {error}");
        }
    }
    let sent = servers.requests();
    assert_eq!(sent.len(), 1, "one call must send one request");
});

fn shown<T: Debug>(answer: Result<T>) -> Result<String> {
    answer.map(|answer| format!("{answer:?}"))
}

/// Times stay text until a caller converts them.
fn read_times(dentry: &Dentry) {
    for time in [&dentry.create_time, &dentry.modified_time].into_iter().flatten() {
        assert_eq!(time.unix_seconds().is_none(), time.system_time().is_none());
    }
}
