//! DingTalk's files from blocking Rust: download a stored file, upload a local one, send it to a person.
//!
//! DingTalk's own SDKs end at URLs and signed headers. This crate also moves the bytes. It resumes what breaks off, renews
//! a signature that lapses, checks length and CRC-64, and ends in an error rather than in a wrong file.
//!
//! ```
//! use dingtalk_files::{Client, UnionId};
//!
//! # let fake = dingtalk_files::testing::FakeDingTalk::start()?;
//! # fake.put_file("space-id", "dentry-id", "report.xls", "some bytes");
//! # let (app_key, app_secret) = ("fake-app-key", "fake-app-secret");
//! let client = Client::builder()
//!     .app(app_key, app_secret) // the token is fetched, kept and renewed
//! #   .base_url(fake.base_url()).no_proxy()
//!     .build()?;
//! let file = client.file("space-id", "dentry-id", UnionId("who-reads-it"));
//!
//! let mut out = Vec::new(); // any writer: a file, a hasher, a socket
//! let done = file.download_to(&mut out, ..)?; // any range: `0..500`, `500..`, `ByteRange::last(500)`
//! println!("{} bytes, checksum verified: {}", done.bytes, done.verified);
//!
//! client.conv_file().send_by_app("space-id", "dentry-id", UnionId("who-gets-it"))?;
//! # assert_eq!((&out[..], done.verified, fake.sent().len()), (&b"some bytes"[..], true, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | see |
//! | --- | --- |
//! | download into any writer, any range | [`RemoteFile::download_to`] |
//! | download to a file: resumed after a crash, in parallel, with progress, cancelled | [`RemoteFile::download`] |
//! | download what a robot received, an approval's attachment, an online document, any URL | [`Client::robot_file`], [`Client::attachment`], [`Client::export`], [`Client::url`] |
//! | upload a file, bytes or a reader | [`Client::upload`], [`Client::upload_into`] |
//! | upload and send in one call | [`Client::send_file`] |
//! | send what is stored, to a person or a conversation | [`ConvFile::send_by_app`], [`ConvFile::send`] |
//! | send a file by a robot | [`Media::upload`], [`Robot::batch_send_oto`] |
//! | spread a file over several machines | [`plan`] |
//! | test a program without DingTalk | `testing::FakeDingTalk` (feature `testing`) |
//! | copy a recipe: build script, progress bar, secret manager, async code, whole folders | [`cookbook`] |
//! | find out what an error means and what to do | [troubleshooting] ([中文]) |
//! | look up an operation of DingTalk's | [endpoints] |
//!
//! `cargo run --example quickstart` does this over HTTP without an account, against the fake of the feature
//! `testing`.
//!
//! [troubleshooting]: https://docs.rs/crate/dingtalk-files/latest/source/docs/troubleshooting.md
//! [中文]: https://docs.rs/crate/dingtalk-files/latest/source/docs/troubleshooting.zh-CN.md
//! [endpoints]: https://docs.rs/crate/dingtalk-files/latest/source/docs/endpoints.md
//!
//! # The two documented steps
//!
//! DingTalk documents a download as two steps: ask for the download info, then GET one of its URLs with its headers.
//! Each is a function of its own. Between them the info may be looked at or handed to another thread; it is good for
//! about 15 minutes. [`Client::file`] takes both steps and can also renew the signature, which the second step alone
//! cannot.
//!
//! ```no_run
//! # use dingtalk_files::{Client, GetFileDownloadInfo, UnionId};
//! # let client = Client::from_env()?;
//! # let mut out = Vec::new();
//! let options = GetFileDownloadInfo::new().version(1);
//! let info = client.storage().get_file_download_info("space-id", "dentry-id", UnionId("who-reads-it"), &options)?;
//! let done = client.download_to(&info, &mut out, 0..500)?;
//! # Ok::<(), dingtalk_files::Error>(())
//! ```
//!
//! # Errors
//!
//! Everything that can fail returns [`Error`], whose text is one line that says what happened, where, and what to do
//! about it, and never holds a token, a secret or a signed header. Decide by its helpers
//! ([`is_rate_limited`](Error::is_rate_limited), [`is_not_found`](Error::is_not_found),
//! [`is_permission_denied`](Error::is_permission_denied), [`is_transient`](Error::is_transient)) or by
//! [`code`](Error::code), not by HTTP status; after a failed download [`bytes_written`](Error::bytes_written) says how
//! much the writer has, and after a failed send [`may_have_run`](Error::may_have_run) whether it may have arrived. For
//! logs and metrics [`kind`](Error::kind) is one word that stays.
//!
//! # Features
//!
//! | feature | default | what it does |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS by rustls, with Mozilla's roots compiled in |
//! | `platform-verifier` | | rustls, trusting what the operating system trusts |
//! | `native-tls` | | TLS by the operating system's library; used where `rustls` is off |
//! | `socks-proxy` | | SOCKS4 and SOCKS5 proxies; HTTP proxies always work |
//! | `testing` | | `testing::FakeDingTalk`, a DingTalk and object store on loopback that can be told to misbehave; adds no dependency |
//!
//! Without any TLS feature only plain `http` works (a gateway on loopback, a fake), and `https` is an error that
//! says so.
//!
//! # Blocking
//!
//! Every call blocks its thread until it is done, and there is no async runtime in the dependency tree. From async
//! code, call it in a thread where blocking is allowed ([a recipe](cookbook#from-async-code)), with a clone of the
//! [`Client`], which is cheap. No memory grows with the size of a file, but for one case: see [`Upload::from_reader`].
//!
//! # Two notes on dependencies
//!
//! **Logging.** This crate logs nothing itself. ureq-proto, under ureq, walks every body in 16-byte rows for a trace
//! log, even when no logger is set; measured, that is a tenth of a download over plain http. An application can compile it
//! out with `log = { version = "0.4", features = ["release_max_level_debug"] }` in its own `Cargo.toml`. A library must
//! not: it would take trace logs away from everybody in the build.
//!
//! **Features of ureq.** Cargo gives all crates in a build the same ureq, so another crate may switch on its `gzip` or
//! `charset`. This crate asks for `Accept-Encoding: identity` all the same, refuses an encoded body, and compares
//! lengths and checksum. A body that was transcoded on the way is an error, never a silently different file.

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

pub use api::conv_file::{ConvFile, ConversationFile, ConversationSpace};
pub use api::doc::{
    DentryIds, Doc, ExportJob, ExportStatus, ExportTask, ResourceDownloadInfo, ResourceUploadInfo,
};
pub use api::drive::{Drive, DrivePermissionMode, DriveSpace, DriveSpaceType, ListSpaces};
pub use api::media::{Media, MediaFile, MediaType};
pub use api::oauth2::Oauth2;
pub use api::permissions::{AddPermission, ListPermissions, MemberType, Role, RoleId, UpdatePermission};
pub use api::robot::{OrgGroupSend, Robot, RobotBatchSend, RobotMessage};
pub use api::storage::Storage;
pub use api::storage::batches::{BatchOutcome, CopyDentries, DeleteDentries, DentryBatchItem, MoveDentries};
pub use api::storage::browse::{
    DentryOrderBy, DentryResult, GetDentries, GetDentry, ListAllDentries, ListDentries, SortOrder,
};
pub use api::storage::changes::{
    AddFolder, CopyDentry, DeleteDentry, DentryDeletion, MoveDentry, PlacedDentry,
};
pub use api::storage::events::EventScope;
pub use api::storage::files::{
    DownloadInfo, GetFileDownloadInfo, HeaderSignatureInfo, Region, TransferProtocol,
};
pub use api::storage::open_info::{
    DentryOpenInfo, GetDentryOpenInfo, OpenInfo, OpenType, WebOfficeTokens, WebOfficeUrl,
};
pub use api::storage::permissions::{Member, Permission};
pub use api::storage::recycle_bin::{ListRecycleItems, RecycleBin, RecycleBinScope, RecycleItem};
pub use api::storage::restore::{RestoreRecycleItem, RestoreRecycleItems, Restored, RestoredItem};
pub use api::storage::spaces::{
    AddSpace, CurrentApp, Org, Partition, PartitionQuota, QuotaType, Space, SpaceCapabilities,
    SpaceOwnerType, SpaceStatus,
};
pub use api::storage::thumbnails::ThumbnailResult;
pub use api::storage::uploads::{
    CommitFile, GetFileUploadInfo, GetMultipartFileUploadInfos, InitMultipartFileUpload, MultipartUpload,
    PartUploadInfo, PreCheckParam, UploadInfo,
};
pub use api::storage::versions::ListDentryVersions;
pub use api::storage::walk::{Walk, WalkEntry, WalkError};
pub use api::storage_v2::StorageV2;
pub use api::storage_v2::files::{CommitFileV2, GetFileUploadInfoV2, OnlineDocType, PreCheckParamV2};
pub use api::storage_v2::logs::{ListOperationLogs, OperationLog};
pub use api::storage_v2::permissions::{MemberV2, PermissionV2};
pub use api::storage_v2::recents::{
    ListRecents, ListStars, RecentDentry, RecentResource, RecentSpace, Star, StarResource,
};
pub use api::storage_v2::search::{
    FoundDentry, FoundPath, FoundPerson, FoundPublishDentry, FoundWorkspace, SearchDentries,
    SearchPublishDentries, SearchTimeRange, SearchWorkspaces,
};
pub use api::storage_v2::settings::{CleanFile, CleanedFiles, ManagerSetDefaultHandOverUser};
pub use api::storage_v2::sharing::{PermissionInheritance, SetPermissionShareScope, ShareScope};
pub use api::topapi::{Language, MessageCorpconversationAsyncsendV2, Topapi, User, UserGet, WorkMessage};
pub use api::wiki::{
    GetNodeByUrl, ListNodes, ListWorkspaces, Node, NodeCategory, NodeStatistics, NodeType, Wiki, Workspace,
    WorkspaceIcon, WorkspaceIconType, WorkspaceOrderBy, WorkspaceType,
};
pub use api::workflow::{
    ApprovalFile, ApprovalFileId, AttachmentSpace, GetAttachmentSpace, GetSpaceWithDownloadAuth,
    GrantProcessInstanceForDownloadFile, Workflow,
};
pub use api::yida::{GetOpenUrl, Yida};
pub use base::dentry::{
    AppProperty, ConflictStrategy, Dentry, DentryCategory, DentryProperties, DentryStatus, DentryType,
    PartitionType, StorageDriver, Thumbnail, Visibility,
};
pub use base::error::{
    ApiError, CommitUnknown, Error, ErrorKind, FileError, NetworkError, NetworkStage, NotSent, Problem,
    Result, SourceError, SourceProblem, StorageError, UnexpectedAnswer, UploadInterrupted,
};
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
pub use transfer::download::{Download, FileStat};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use transfer::fuzzing;
pub use transfer::origin::AttachmentWay;
pub use transfer::plan::plan;
pub use transfer::remote_file::{Downloaded, RemoteFile};
pub use transfer::send::{SendFile, SendFrom, SentFile};
pub use transfer::send_all::{Deliveries, Delivery, Recipient};
pub use transfer::upload::Upload;

/// The listings of the pages, compiled by `cargo test`.
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
