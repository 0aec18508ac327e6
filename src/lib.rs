//! A blocking client for DingTalk files: downloads, uploads and sends with resume, safe retries, and checks of length and
//! CRC-64.
//!
//! ```
//! use dingtalk_files::{Client, UnionId};
//!
//! # let fake = dingtalk_files::testing::FakeDingTalk::start()?;
//! # fake.put_file("space-id", "dentry-id", "report.xls", "some bytes");
//! # let (app_key, app_secret) = ("fake-app-key", "fake-app-secret");
//! let client = Client::builder()
//!     .app(app_key, app_secret) // fetches the token, caches and renews it
//! #   .base_url(fake.base_url()).no_proxy()
//!     .build()?;
//! let file = client.file("space-id", "dentry-id", UnionId("operator-union-id"));
//!
//! let mut out = Vec::new(); // any writer: a file, a hasher, a socket
//! let done = file.download_to(&mut out, ..)?; // any range: `0..500`, `500..`
//! println!("{} bytes, checksum verified: {}", done.bytes, done.verified);
//!
//! # let report = std::env::temp_dir().join(format!("dingtalk-files-front-page-{}", std::process::id()));
//! # #[cfg(any())]
//! let report = "report.xls";
//! file.download().resume(true).to_file(&report)?; // complete and checked, or an error
//! client.conv_file().send_by_app("space-id", "dentry-id", UnionId("receiver-union-id"))?;
//! # std::fs::remove_file(&report)?;
//! # assert_eq!((&out[..], done.verified, fake.sent().len()), (&b"some bytes"[..], true, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! DingTalk's own SDKs return URLs and signed headers. This crate also transfers the bytes: it resumes broken connections,
//! switches to the next URL, renews signatures that expire or are refused, checks length and CRC-64, and returns an error rather than a wrong
//! file.
//!
//! # Tasks
//!
//! | task | function |
//! | --- | --- |
//! | [download into any writer, any range](RemoteFile) | [`RemoteFile::download_to`] |
//! | [download to a file](Download): resume, parallel, progress, cancel | [`RemoteFile::download`] |
//! | [download what a robot received](Client::robot_file) | [`Client::robot_file`] |
//! | [download an attachment of an approval](Client::attachment) | [`Client::attachment`] |
//! | [download an online document](Client::export) | [`Client::export`] |
//! | [download by dentryUuid](Client::file_by_uuid) or [by signed URL](Client::url) | [`Client::file_by_uuid`], [`Client::url`] |
//! | [upload a file, bytes or a reader](Upload) | [`Client::upload`], [`Client::upload_into`] |
//! | [upload an attachment into a document](DocResource) | [`Client::doc_resource`] |
//! | [upload and send, to one or to many](SendFile) | [`Client::send_file`], [`Client::send_bytes`], [`SendFrom::to_all`] |
//! | [send a stored file](conv_file) | [`ConvFile::send_by_app`], [`ConvFile::send`] |
//! | [send a file as a robot](robot) | [`Media::upload`], [`Robot::batch_send_oto`] |
//! | [list everything below a folder](storage::Walk) | [`Storage::walk`] |
//! | [find ids](wiki): from a link, a person, a knowledge base | [`Doc::get_uuid_by_id_or_url`], [`Topapi::user_get`], [`Drive::list_spaces`] |
//! | [limit all work of one request](Client::with_deadline) | [`Client::with_deadline`] |
//! | [count retries, log attempts](Event) | [`ClientBuilder::observer`] |
//! | [spread a file over several machines](plan()) | [`plan`](plan()), [`TokenSource`] |
//! | [test a program without DingTalk][testing] | [`testing::FakeDingTalk`][testing] (feature `testing`) |
//! | [copy a recipe](cookbook): build script, progress bar, secret manager, async code | [`cookbook`] |
//!
//! `cargo run --example quickstart` in a clone of the repository does this over HTTP without an account, against the fake.
//! Pages: [errors and their fixes][troubleshooting] ([中文]), [all operations][endpoints].
//!
//! [troubleshooting]: https://docs.rs/crate/dingtalk-files/latest/source/docs/troubleshooting.md
//! [中文]: https://docs.rs/crate/dingtalk-files/latest/source/docs/troubleshooting.zh-CN.md
//! [endpoints]: https://docs.rs/crate/dingtalk-files/latest/source/docs/endpoints.md
//! [testing]: https://docs.rs/dingtalk-files/latest/dingtalk_files/testing/
//!
//! # Types by topic
//!
//! | topic | types |
//! | --- | --- |
//! | [the client](Client) | [`Client`], [`ClientBuilder`], [`RetryPolicy`], [`TokenSource`], [`Secret`], [`Event`] |
//! | [downloads](RemoteFile) | [`RemoteFile`], [`Download`], [`Downloaded`], [`ByteRange`], [`FileStat`], [`Progress`] |
//! | [uploads](Upload) | [`Upload`], [`Uploaded`], [`PendingUpload`], [`DocResource`], [`StoredResource`] |
//! | [sends](SendFile) | [`SendFile`], [`SentFile`], [`Recipient`], [`Deliveries`], [`Delivery`] |
//! | [errors](error) | [`Error`], [`ErrorKind`], [`error::ApiError`], [`error::StorageError`], [`error::NetworkError`] |
//! | [ids of people](UnionId) | [`UnionId`], [`UserId`] |
//! | [lists page by page](Pages) | [`Pages`], [`Page`] |
//!
//! The operations of the API have a module for each group of the vendor. It holds the operations, their options and answers:
//!
//! | module | operations |
//! | --- | --- |
//! | [`conv_file`] | [`ConvFile`]: send stored files |
//! | [`doc`] | [`Doc`]: online documents, exports, ids of documents |
//! | [`drive`] | [`Drive`]: spaces that a person can open |
//! | [`media`] | [`Media`]: files in messages |
//! | [`oauth2`] | [`Oauth2`]: access tokens |
//! | [`robot`] | [`Robot`]: files that robots received, messages that they send |
//! | [`storage`] | [`Storage`]: spaces, files and folders, versions, recycle bin |
//! | [`storage_v2`] | [`StorageV2`]: uploads by dentryUuid, sharing, search, logs |
//! | [`topapi`] | [`Topapi`]: people and work notices |
//! | [`wiki`] | [`Wiki`]: knowledge bases |
//! | [`workflow`] | [`Workflow`]: approvals and their attachments |
//! | [`yida`] | [`Yida`]: files of Yida |
//!
//! Every type of these modules can also be imported from the root, such as `dingtalk_files::GetDentry`.
//!
//! # The two documented steps
//!
//! DingTalk documents a download as two steps: request the download info, then GET one of its URLs with its headers. Each
//! step is a function of its own. The info can be inspected or passed to another thread in between, and is valid for about
//! 15 minutes. [`Client::file`] takes both steps and renews the signature, which the second step alone cannot.
//!
//! ```no_run
//! # use dingtalk_files::{Client, GetFileDownloadInfo, UnionId};
//! # let client = Client::from_env()?;
//! # let mut out = Vec::new();
//! let (operator, options) = (UnionId("operator-union-id"), GetFileDownloadInfo::new());
//! let storage = client.storage();
//! let info = storage.get_file_download_info("space-id", "dentry-id", operator, &options)?;
//! let done = client.download_to(&info, &mut out, 0..500)?;
//! # Ok::<(), dingtalk_files::Error>(())
//! ```
//!
//! # Errors
//!
//! Every function that can fail returns [`Error`]. Its text is one line: what happened, where, and what to do. It never holds
//! a token, a secret or a signed header. Decide by its methods ([`is_rate_limited`](Error::is_rate_limited),
//! [`is_not_found`](Error::is_not_found), [`is_permission_denied`](Error::is_permission_denied),
//! [`is_transient`](Error::is_transient)) or by [`code`](Error::code), not by HTTP status. After a failed download,
//! [`bytes_written`](Error::bytes_written) returns the number of bytes that the writer has; after a failed send,
//! [`may_have_run`](Error::may_have_run) returns whether it may have arrived. For logs and metrics, [`kind`](Error::kind) is
//! one stable word.
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS by rustls, with Mozilla's root certificates compiled in |
//! | `platform-verifier` | | rustls with the certificates that the operating system trusts |
//! | `native-tls` | | TLS by the operating system's library; used if `rustls` is off |
//! | `socks-proxy` | | SOCKS4 and SOCKS5 proxies; HTTP proxies always work |
//! | `testing` | | [`testing::FakeDingTalk`][testing], a fake DingTalk and object store on loopback with faults on order; adds no dependency |
//!
//! Without a TLS feature only plain `http` works (a gateway on loopback, a fake), and `https` is an error that names the
//! feature to enable.
//!
//! # Blocking
//!
//! Every call blocks its thread until it is done. The dependency tree has no async runtime. In async code, call it in a
//! thread that may block ([recipe](cookbook#from-async-code)), with a clone of the [`Client`], which is cheap. Memory does not
//! grow with the size of a file, with one exception: see [`Upload::from_reader`].
//!
//! # Logging
//!
//! Events go to the [`log`](https://docs.rs/log) facade with the target `dingtalk_files`: retries as warnings, each attempt
//! at debug level. [`ClientBuilder::observer`] receives the same events as values.
//!
//! ureq-proto, a dependency of ureq, walks every body in 16-byte rows for a trace log even if no logger is set. In our
//! measurements that is a tenth of a download over plain HTTP. An application can compile it out with
//! `log = { version = "0.4", features = ["release_max_level_debug"] }` in its own `Cargo.toml`. A library must not: it would
//! remove trace logs from the whole build.
//!
//! # Features of ureq
//!
//! Cargo builds one ureq for all crates, so another crate may enable its `gzip` or `charset`. This crate requests
//! `Accept-Encoding: identity` anyway, refuses an encoded body, and compares lengths and checksum. A body that was transcoded
//! on the way is an error, never a silently different file.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod base;
mod client;
#[cfg(doc)]
pub mod cookbook;
mod http;
mod object;
#[cfg(feature = "testing")]
pub mod testing;
mod transfer;

pub use base::crc64::{combine as combine_crc64, crc64};
pub use base::error::{Error, ErrorKind, Result};
pub use base::event::{Event, EventKind};
pub use base::ids::{UnionId, UserId};
pub use base::pages::{Page, Pages};
pub use base::secret::{PresignedUrl, Secret};
pub use base::task::{Task, TaskStatus};
pub use base::timestamp::Timestamp;
pub use base::upload::{PendingUpload, Uploaded};
pub use client::Client;
pub use client::builder::ClientBuilder;
pub use client::retry::RetryPolicy;
pub use client::token::{AccessToken, IntoTokenSource, TokenSource};
pub use object::range::ByteRange;
pub use transfer::context::{Phase, Progress};
pub use transfer::doc_resource::{DocResource, StoredResource};
pub use transfer::download::Download;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use transfer::fuzzing;
pub use transfer::origin::AttachmentWay;
pub use transfer::plan::plan;
pub use transfer::remote_file::{Downloaded, FileStat, RemoteFile};
pub use transfer::send::{SendFile, SendFrom, SentFile};
pub use transfer::send_all::{Deliveries, Delivery, Recipient};
pub use transfer::upload::Upload;

// Everything can be imported from the root. Documented there, the types of the operations would hide the others.
#[doc(hidden)]
pub use self::{
    conv_file::*, doc::*, drive::*, error::*, media::*, oauth2::*, robot::*, storage::*, storage_v2::*,
    topapi::*, wiki::*, workflow::*, yida::*,
};

/// Details of an [`Error`].
pub mod error {
    pub use crate::base::error::{
        ApiError, CommitUnknown, FileError, NetworkError, NetworkStage, NotSent, Problem, SourceError,
        SourceProblem, StorageError, UnexpectedAnswer, UploadInterrupted,
    };
}

/// Sending stored files: operations of `convFile`.
pub mod conv_file {
    pub use crate::api::conv_file::{ConvFile, ConversationFile, ConversationSpace};
}

/// Online documents: ids, exports, attachments.
pub mod doc {
    pub use crate::api::doc::{
        DentryIds, Doc, ExportJob, ExportStatus, ExportTask, ResourceDownloadInfo, ResourceUploadInfo,
    };
}

/// Spaces of the drive that a person can open.
pub mod drive {
    pub use crate::api::drive::{Drive, DrivePermissionMode, DriveSpace, DriveSpaceType, ListSpaces};
}

/// Files in messages.
pub mod media {
    pub use crate::api::media::{Media, MediaFile, MediaType};
}

/// Access tokens.
pub mod oauth2 {
    pub use crate::api::oauth2::Oauth2;
}

/// Robots: files that they received, and messages that they send.
///
/// The callback of a robot has the arguments of these functions:
///
/// | field of the callback | argument |
/// | --- | --- |
/// | `content.downloadCode`, `robotCode` | [`Client::robot_file`] |
/// | `senderStaffId` | [`UserId`] for [`batch_send_oto`](Robot::batch_send_oto) |
/// | `conversationId` | `open_conversation_id` of [`org_group_send`](Robot::org_group_send), in a group |
///
/// An answer with a file is [`Media::upload_file`](crate::media::Media::upload_file), then a [`RobotMessage::file`].
pub mod robot {
    pub use crate::api::robot::{OrgGroupSend, Robot, RobotBatchSend, RobotMessage};
}

/// Storage 1.0: spaces, files and folders, permissions, versions, recycle bin.
pub mod storage {
    pub use crate::api::permissions::{
        AddPermission, ListPermissions, MemberType, Role, RoleId, UpdatePermission,
    };
    pub use crate::api::storage::Storage;
    pub use crate::api::storage::batches::{
        BatchOutcome, CopyDentries, DeleteDentries, DentryBatchItem, MoveDentries,
    };
    pub use crate::api::storage::browse::{
        DentryOrderBy, DentryResult, GetDentries, GetDentry, ListAllDentries, ListDentries, SortOrder,
    };
    pub use crate::api::storage::changes::{
        AddFolder, CopyDentry, DeleteDentry, DentryDeletion, MoveDentry, PlacedDentry,
    };
    pub use crate::api::storage::events::EventScope;
    pub use crate::api::storage::files::{
        DownloadInfo, GetFileDownloadInfo, HeaderSignatureInfo, Region, TransferProtocol,
    };
    pub use crate::api::storage::open_info::{
        DentryOpenInfo, GetDentryOpenInfo, OpenInfo, OpenType, WebOfficeTokens, WebOfficeUrl,
    };
    pub use crate::api::storage::permissions::{Member, Permission};
    pub use crate::api::storage::recycle_bin::{ListRecycleItems, RecycleBin, RecycleBinScope, RecycleItem};
    pub use crate::api::storage::restore::{RestoreRecycleItem, RestoreRecycleItems, Restored, RestoredItem};
    pub use crate::api::storage::safe_name::safe_name;
    pub use crate::api::storage::spaces::{
        AddSpace, CurrentApp, Org, Partition, PartitionQuota, QuotaType, Space, SpaceCapabilities,
        SpaceOwnerType, SpaceStatus,
    };
    pub use crate::api::storage::thumbnails::ThumbnailResult;
    pub use crate::api::storage::uploads::{
        CommitFile, GetFileUploadInfo, GetMultipartFileUploadInfos, InitMultipartFileUpload, MultipartUpload,
        PartUploadInfo, PreCheckParam, UploadInfo,
    };
    pub use crate::api::storage::versions::ListDentryVersions;
    pub use crate::api::storage::walk::{Walk, WalkEntry, WalkError};
    pub use crate::base::dentry::{
        AppProperty, ConflictStrategy, Dentry, DentryCategory, DentryProperties, DentryStatus, DentryType,
        PartitionType, StorageDriver, Thumbnail, Visibility,
    };
}

/// Storage 2.0: uploads by dentryUuid, permissions, sharing, search, recent files, logs.
pub mod storage_v2 {
    pub use crate::api::storage_v2::StorageV2;
    pub use crate::api::storage_v2::files::{
        CommitFileV2, GetFileUploadInfoV2, OnlineDocType, PreCheckParamV2,
    };
    pub use crate::api::storage_v2::logs::{ListOperationLogs, OperationLog};
    pub use crate::api::storage_v2::permissions::{MemberV2, PermissionV2};
    pub use crate::api::storage_v2::recents::{
        ListRecents, ListStars, RecentDentry, RecentResource, RecentSpace, Star, StarResource,
    };
    pub use crate::api::storage_v2::search::{
        FoundDentry, FoundPath, FoundPerson, FoundPublishDentry, FoundWorkspace, SearchDentries,
        SearchPublishDentries, SearchTimeRange, SearchWorkspaces,
    };
    pub use crate::api::storage_v2::settings::{CleanFile, CleanedFiles, ManagerSetDefaultHandOverUser};
    pub use crate::api::storage_v2::sharing::{PermissionInheritance, SetPermissionShareScope, ShareScope};
}

/// The old host: people and work notices.
pub mod topapi {
    pub use crate::api::topapi::{
        Language, MessageCorpconversationAsyncsendV2, Topapi, User, UserGet, WorkMessage,
    };
}

/// Knowledge bases and their nodes.
pub mod wiki {
    pub use crate::api::wiki::{
        GetNodeByUrl, ListNodes, ListWorkspaces, Node, NodeCategory, NodeStatistics, NodeType, Wiki,
        Workspace, WorkspaceIcon, WorkspaceIconType, WorkspaceOrderBy, WorkspaceType,
    };
}

/// Approvals and their attachments.
pub mod workflow {
    pub use crate::api::workflow::{
        ApprovalFile, ApprovalFileId, AttachmentSpace, GetAttachmentSpace, GetSpaceWithDownloadAuth,
        GrantProcessInstanceForDownloadFile, Workflow,
    };
}

/// Files of Yida.
pub mod yida {
    pub use crate::api::yida::{GetOpenUrl, Yida};
}

/// Code blocks of the pages, compiled by `cargo test`.
#[cfg(doctest)]
mod pages_for_reading {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../README.zh-CN.md")]
    struct ReadmeInChinese;
    #[doc = include_str!("../docs/troubleshooting.md")]
    struct Troubleshooting;
    #[doc = include_str!("../docs/troubleshooting.zh-CN.md")]
    struct TroubleshootingInChinese;
}
