//! The vendor's limits: values at the limit are sent, values beyond it are refused.

use dingtalk_files::{
    AddFolder, AddPermission, AppProperty, ApprovalFileId, Client, CommitFile, CommitFileV2, CopyDentries,
    DeleteDentries, Error, GetDentries, GetDentry, GetMultipartFileUploadInfos, GetOpenUrl,
    GetSpaceWithDownloadAuth, ListAllDentries, ListDentries, ListDentryVersions, ListNodes, ListPermissions,
    ListRecycleItems, ListWorkspaces, Member, MemberType, MemberV2, MessageCorpconversationAsyncsendV2,
    MoveDentries, RestoreRecycleItems, Result, RobotMessage, RoleId, SearchDentries, SearchWorkspaces,
    Secret, UnionId, UpdatePermission, UserId, Visibility, WorkMessage,
};

use crate::support::{MINIMAL_ANSWER, Wire};

const PERSON: UnionId<'static> = UnionId("union-1");
const READER: &RoleId = &RoleId::Reader;

/// Calls an operation with the given count or value.
type CallWith = fn(&Client, usize) -> Result<()>;

struct Limit {
    field: &'static str,
    least: usize,
    most: usize,
    call: CallWith,
}

const fn limit(field: &'static str, least: usize, most: usize, call: CallWith) -> Limit {
    Limit { field, least, most, call }
}

fn ids(count: usize) -> Vec<&'static str> {
    vec!["id-1"; count]
}

fn properties(count: usize) -> Vec<AppProperty> {
    vec![AppProperty::new("name-1", "value-1", Visibility::Private); count]
}

fn apps(count: usize) -> Vec<String> {
    vec!["app-1".to_owned(); count]
}

fn members(count: usize) -> Vec<Member> {
    vec![Member::user(PERSON); count]
}

fn members_v2(count: usize) -> Vec<MemberV2> {
    vec![MemberV2::new(MemberType::User, "userid-1"); count]
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap()
}

fn file() -> WorkMessage {
    WorkMessage::File { media_id: "@media-1".to_owned() }
}

const LIMITS: &[Limit] = &[
    limit("dentryIds", 1, 30, |c, n| {
        c.storage().get_dentries("s", &ids(n), PERSON, &GetDentries::new()).map(drop)
    }),
    limit("dentryIds", 1, 30, |c, n| c.storage().get_dentry_thumbnails("s", &ids(n), PERSON).map(drop)),
    limit("dentryIds", 1, 3, |c, n| {
        c.storage().copy_dentries("s", "t", "0", &ids(n), PERSON, &CopyDentries::new()).map(drop)
    }),
    limit("dentryIds", 1, 30, |c, n| {
        c.storage().move_dentries("s", "t", "0", &ids(n), PERSON, &MoveDentries::new()).map(drop)
    }),
    limit("dentryIds", 1, 50, |c, n| {
        c.storage().delete_dentries("s", &ids(n), PERSON, &DeleteDentries::new()).map(drop)
    }),
    limit("appIdsForAppProperties", 0, 20, |c, n| {
        let options = GetDentry::new().app_ids_for_app_properties(apps(n));
        c.storage().get_dentry("s", "d", PERSON, &options).map(drop)
    }),
    limit("appIdsForAppProperties", 0, 20, |c, n| {
        let options = GetDentries::new().app_ids_for_app_properties(apps(n));
        c.storage().get_dentries("s", &["d"], PERSON, &options).map(drop)
    }),
    limit("appProperties", 1, 3, |c, n| {
        c.storage().update_dentry_app_properties("s", "d", &properties(n), PERSON)
    }),
    limit("propertyNames", 1, 3, |c, n| c.storage().delete_dentry_app_properties("s", "d", &ids(n), PERSON)),
    limit("appProperties", 0, 3, |c, n| {
        let options = AddFolder::new().app_properties(properties(n));
        c.storage().add_folder("s", "0", "n", PERSON, &options).map(drop)
    }),
    limit("appProperties", 0, 3, |c, n| {
        let options = CommitFile::new().app_properties(properties(n));
        c.storage().commit_file("s", "k", "n", "0", PERSON, &options).map(drop)
    }),
    limit("appProperties", 0, 3, |c, n| {
        let options = CommitFileV2::new().app_properties(properties(n));
        c.storage_v2().commit_file("u", "k", "n", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 50, |c, n| {
        let options = ListDentries::new().max_results(number(n));
        c.storage().list_dentries("s", "0", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 50, |c, n| {
        let options = ListAllDentries::new().max_results(number(n));
        c.storage().list_all_dentries("s", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 100, |c, n| {
        let options = ListDentryVersions::new().max_results(number(n));
        c.storage().list_dentry_versions("s", "d", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 50, |c, n| {
        let options = ListRecycleItems::new().max_results(number(n));
        c.storage().list_recycle_items("b", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 500, |c, n| {
        let options = ListPermissions::new().max_results(number(n));
        c.storage().list_permissions("s", "0", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 30, |c, n| {
        let options = ListPermissions::new().max_results(number(n));
        c.storage_v2().list_permissions("u", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 50, |c, n| {
        let options = SearchDentries::new().max_results(number(n));
        c.storage_v2().search_dentries("word", PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 20, |c, n| {
        let options = SearchWorkspaces::new().max_results(number(n));
        c.storage_v2().search_workspaces("word", PERSON, &options).map(drop)
    }),
    limit("filterRoleIds", 0, 30, |c, n| {
        let options = ListPermissions::new().filter_role_ids(vec![RoleId::Reader; n]);
        c.storage().list_permissions("s", "0", PERSON, &options).map(drop)
    }),
    limit("members", 1, 30, |c, n| {
        c.storage().add_permission("s", "0", READER, &members(n), PERSON, &AddPermission::new())
    }),
    limit("members", 1, 30, |c, n| {
        c.storage().update_permission("s", "0", READER, &members(n), PERSON, &UpdatePermission::new())
    }),
    limit("members", 1, 30, |c, n| c.storage().delete_permission("s", "0", READER, &members(n), PERSON)),
    limit("members", 1, 30, |c, n| {
        c.storage_v2().add_permission("u", READER, &members_v2(n), PERSON, &AddPermission::new())
    }),
    limit("members", 1, 30, |c, n| {
        c.storage_v2().update_permission("u", READER, &members_v2(n), PERSON, &UpdatePermission::new())
    }),
    limit("members", 1, 30, |c, n| c.storage_v2().delete_permission("u", READER, &members_v2(n), PERSON)),
    // Seconds. A duration of 0 is refused too, so that a permission never becomes unlimited by accident.
    limit("duration", 1, 3600, |c, n| {
        let options = AddPermission::new().duration(n as u64);
        c.storage().add_permission("s", "0", READER, &members(1), PERSON, &options)
    }),
    limit("duration", 1, 3600, |c, n| {
        let options = UpdatePermission::new().duration(n as u64);
        c.storage().update_permission("s", "0", READER, &members(1), PERSON, &options)
    }),
    limit("duration", 1, 3600, |c, n| {
        let options = AddPermission::new().duration(n as u64);
        c.storage_v2().add_permission("u", READER, &members_v2(1), PERSON, &options)
    }),
    limit("duration", 1, 3600, |c, n| {
        let options = UpdatePermission::new().duration(n as u64);
        c.storage_v2().update_permission("u", READER, &members_v2(1), PERSON, &options)
    }),
    limit("userIds", 1, 20, |c, n| {
        let message = RobotMessage::image("@media-1");
        c.robot().batch_send_oto(&message, "r", &vec![UserId("u"); n]).map(drop)
    }),
    limit("userid_list", 0, 100, |c, n| {
        let (message, options) = (file(), MessageCorpconversationAsyncsendV2::new().userid_list(apps(n)));
        c.topapi().message_corpconversation_asyncsend_v2(1, &message, &options).map(drop)
    }),
    limit("dept_id_list", 0, 20, |c, n| {
        let (message, options) = (file(), MessageCorpconversationAsyncsendV2::new().dept_id_list(vec![1; n]));
        c.topapi().message_corpconversation_asyncsend_v2(1, &message, &options).map(drop)
    }),
    limit("duration", 1, 59, |c, n| {
        let message = WorkMessage::Voice { media_id: "@media-1".to_owned(), duration: number(n) };
        let options = MessageCorpconversationAsyncsendV2::new();
        c.topapi().message_corpconversation_asyncsend_v2(1, &message, &options).map(drop)
    }),
    limit("fileInfos", 1, 10, |c, n| {
        c.workflow().add_approve_dentry_auth(&vec![ApprovalFileId::new(1, "f"); n], UserId("u"))
    }),
    limit("fileIdList", 0, 20, |c, n| {
        let options = GetSpaceWithDownloadAuth::new().file_id_list(apps(n));
        c.workflow().get_space_with_download_auth("f", "p", UserId("u"), &options).map(drop)
    }),
    limit("maxResults", 1, 30, |c, n| {
        let options = ListWorkspaces::new().max_results(number(n));
        c.wiki().list_workspaces(PERSON, &options).map(drop)
    }),
    limit("maxResults", 1, 50, |c, n| {
        let options = ListNodes::new().max_results(number(n));
        c.wiki().list_nodes("n", PERSON, &options).map(drop)
    }),
    limit("timeout", 1, 86_400_000, |c, n| {
        let options = GetOpenUrl::new().timeout(n as u64);
        c.yida().get_open_url("a", "https://h/f", &Secret::new("s"), UserId("u"), &options).map(drop)
    }),
    limit("recycleItemIds", 1, 50, |c, n| c.storage().delete_recycle_items("b", &ids(n), PERSON)),
    limit("recycleItemIds", 1, 30, |c, n| {
        c.storage().restore_recycle_items("b", &ids(n), PERSON, &RestoreRecycleItems::new()).map(drop)
    }),
    limit("partNumbers", 1, 30, |c, n| {
        let options = GetMultipartFileUploadInfos::new();
        c.storage().get_multipart_file_upload_infos("k", &vec![1; n], PERSON, &options).map(drop)
    }),
    limit("partNumbers[..]", 1, 10_000, |c, n| {
        let options = GetMultipartFileUploadInfos::new();
        c.storage().get_multipart_file_upload_infos("k", &[1, number(n)], PERSON, &options).map(drop)
    }),
];

#[test]
fn values_at_a_limit_are_sent_and_values_beyond_are_refused() {
    let wire = Wire::json(MINIMAL_ANSWER);
    let client = wire.client();
    for &Limit { field, least, most, call } in LIMITS {
        let beyond = [least.checked_sub(1), Some(most + 1)];
        for count in beyond.into_iter().flatten() {
            let error = call(&client, count).unwrap_err();
            assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
            let text = error.to_string();
            let list = format!("{count} `{field}`, and one call takes ");
            let number = format!("`{field}` is {count}, and {least} to {most} are allowed");
            assert!(text.contains(&list) || text.ends_with(&number), "{text}");
            assert!(text.contains(&most.to_string()) && text.contains('/'), "{text}");
            assert!(!error.may_have_run() && !error.is_transient());
        }
        assert_eq!(wire.requests(), [], "{field}");
        for count in [least, most] {
            // Some queries fail on the minimal answer, which shows that they were sent.
            let answer = call(&client, count);
            assert!(!matches!(answer, Err(Error::InvalidArgument(_))), "{field}: {answer:?}");
            wire.only_request();
        }
    }
}
