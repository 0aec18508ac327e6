//! Handle to a file in `DingTalk`, [`RemoteFile`], and the result of a download.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::context::{Phase, TransferContext};
use super::origin::{Attachment, AttachmentWay, Export, Origin, RobotFile, StorageFile, UrlFile, UuidFile};
use super::signer::{KeptSignature, KeptUrls, check_download_info, sign};
use crate::api::storage::files::{DownloadInfo, GetFileDownloadInfo};
use crate::base::error::{Error, Result};
use crate::base::ids::{UnionId, UserId};
use crate::base::secret::{PresignedUrl, Secret};
use crate::client::Client;
use crate::object::meta::ObjectMeta;
use crate::object::range::ByteRange;

/// The result of a download.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// let done = client.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut Vec::new(), 3..5000)?;
/// assert_eq!((done.bytes, done.range, done.size), (2, 3..5, Some(5)));
/// assert!(!done.verified); // A part has no checksum of its own.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Number of bytes written.
    pub bytes: u64,
    /// Range of the object that was written, half-open. Shorter than the requested range if the object ends earlier.
    pub range: Range<u64>,
    /// Size of the whole object in bytes, if the server reported it.
    pub size: Option<u64>,
    /// ETag of the object, including its quotes. A change marker, not a checksum.
    pub etag: Option<String>,
    /// Whether the whole object was written and its CRC-64 matches the one that OSS has on record. `false` for a part
    /// of an object, and if OSS sent no checksum.
    pub verified: bool,
    /// Number of bytes that were already on disk from an earlier attempt.
    pub reused: u64,
    /// CRC-64/XZ of the written bytes, also if the object store has no checksum. [`combine_crc64`](crate::combine_crc64)
    /// combines those of several ranges.
    pub crc64: u64,
}

/// Size, `ETag` and checksum of a file.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// let stat = client.file("space-1", "dentry-1", UnionId("operator-1")).stat()?;
/// assert_eq!(stat.size, Some(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileStat {
    /// Size in bytes. `None` if the server does not report it.
    pub size: Option<u64>,
    /// Marker that changes with the content.
    pub etag: Option<String>,
    /// CRC-64/XZ of the whole file, if the object store has one.
    pub crc64: Option<u64>,
}

impl FileStat {
    pub(super) fn of(object: ObjectMeta) -> Self {
        let ObjectMeta { total: size, etag, crc64, .. } = object;
        Self { size, etag, crc64 }
    }
}

impl Client {
    /// Returns a handle to a stored file. `operator` must be permitted to download the file.
    ///
    /// Sends no request yet.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let mut bytes = Vec::new();
    /// assert!(file.download_to(&mut bytes, ..)?.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file(
        &self,
        space_id: impl Into<String>,
        dentry_id: impl Into<String>,
        operator: UnionId<'_>,
    ) -> RemoteFile {
        let (space_id, dentry_id) = (space_id.into(), dentry_id.into());
        let options = GetFileDownloadInfo::new();
        let file = StorageFile { space_id, dentry_id, operator: operator.0.to_owned(), options };
        self.remote_file(file)
    }

    /// Returns a handle to a file that was sent to a robot, identified by the two codes in the robot's callback.
    ///
    /// The download code and its URL are valid only for a while. If the URL expires, the client requests another URL
    /// with the same code. If the code itself becomes invalid, the error reports that, and only another message
    /// provides another code. The callback also contains the real name of the file.
    ///
    /// ```no_run
    /// let client = dingtalk_files::Client::from_env()?;
    /// client.robot_file("download-code-1", "robot-1").download().to_file("received.pdf")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn robot_file(&self, download_code: impl Into<Secret>, robot_code: impl Into<String>) -> RemoteFile {
        let (download_code, robot_code) = (download_code.into(), robot_code.into());
        self.remote_file(RobotFile { download_code, robot_code })
    }

    /// Returns a handle to an attachment of an approval.
    ///
    /// The client first requests the approval's own URL. For many files that is not permitted. With
    /// [`granted_to`](RemoteFile::granted_to), the client then grants a person the download, and reads the file from
    /// the approval's space. [`attachment_way`](RemoteFile::attachment_way) returns the way that was taken. The real
    /// name of the file is in the approval's form.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let file = client.attachment("process-1", "file-1").granted_to(UserId("user-1"));
    /// file.download().resume(true).to_file("contract.pdf")?;
    /// println!("{:?}", file.attachment_way());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn attachment(
        &self,
        process_instance_id: impl Into<String>,
        file_id: impl Into<String>,
    ) -> RemoteFile {
        let (process_instance_id, file_id) = (process_instance_id.into(), file_id.into());
        let (file, way) = Default::default();
        self.remote_file(Attachment { process_instance_id, file_id, user_id: None, file, way })
    }

    /// Returns a handle to an online document, exported to a file format such as `docx`.
    ///
    /// The first use starts the export and waits for it, for up to 10 minutes.
    /// [`wait_for_export`](RemoteFile::wait_for_export) changes that limit.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.export("uuid-1", "docx", UnionId("operator-1")).download().to_file("handbook.docx")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn export(
        &self,
        dentry_uuid: impl Into<String>,
        format: impl Into<String>,
        operator: UnionId<'_>,
    ) -> RemoteFile {
        let (dentry_uuid, format, operator) = (dentry_uuid.into(), format.into(), operator.into());
        let (at_most, task) = (DEFAULT_EXPORT_WAIT, Arc::default());
        self.remote_file(Export { dentry_uuid, format, operator, at_most, task })
    }

    /// Returns a handle to a stored file by its dentryUuid: the `node_id` of a knowledge base, or the id behind a
    /// pasted link.
    ///
    /// The client requests the space and dentry id of the file once. Online documents have no bytes; use
    /// [`export`](Self::export) for them.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.file_by_uuid("uuid-1", UnionId("operator-1")).download().to_file("report.pdf")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn file_by_uuid(&self, dentry_uuid: impl Into<String>, operator: UnionId<'_>) -> RemoteFile {
        let (dentry_uuid, operator) = (dentry_uuid.into(), operator.into());
        let (options, file) = (GetFileDownloadInfo::new(), Arc::default());
        self.remote_file(UuidFile { dentry_uuid, operator, options, file })
    }

    /// Returns a handle to the file at a URL that needs no headers, such as a presigned URL.
    ///
    /// Calls no API and fetches no token. An expired URL cannot be renewed, and the error reports that. The query is
    /// treated as a secret and never appears in a text.
    ///
    /// ```no_run
    /// let client = dingtalk_files::Client::builder().access_token("unused").build()?;
    /// client.url("https://bucket.example/object?Expires=1&Signature=s").download().to_file("object.bin")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn url(&self, url: impl Into<String>) -> RemoteFile {
        self.remote_file(UrlFile(PresignedUrl::from(url.into())))
    }

    #[inline]
    fn remote_file(&self, origin: impl Origin + 'static) -> RemoteFile {
        RemoteFile { client: self.clone(), origin: Box::new(origin), restore: None, kept: Arc::default() }
    }
}

/// Handle to a file in `DingTalk`. Requests download info automatically, and again whenever the signature expires.
///
/// Returned by [`Client::file`] and the similar functions of [`Client`].
///
/// The signed URLs of the last download info are kept, shared by clones, and used until shortly before they expire
/// (about 15 minutes in practice). Several downloads of a file, or of parts of it, therefore cost one call. A kept
/// info names one version: if the file is replaced meanwhile, downloads still return the earlier version until the
/// info expires, which keeps the parts of a file consistent. For the current version, create a new `RemoteFile`, or
/// call [`download_info`](Self::download_info). The info is requested again when the kept URL no longer works, and
/// after a failed download, unless the failure was local: a cancellation, a deadline, a size limit, the writer or the
/// file.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// let file = client.file("space-1", "dentry-1", UnionId("operator-1")).version(1);
/// let (mut head, mut rest) = (Vec::new(), Vec::new());
/// file.download_to(&mut head, ..2)?;
/// file.download_to(&mut rest, 2..)?;
/// assert_eq!([head, rest].concat(), b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `download_to`"]
pub struct RemoteFile {
    pub(super) client: Client,
    pub(super) origin: Box<dyn Origin>,
    restore: Option<Restore>,
    /// Shared by clones, which refer to the same file.
    pub(super) kept: Arc<KeptSignature>,
}

const DEFAULT_EXPORT_WAIT: Duration = Duration::from_secs(600);

/// Interval and limit of the wait for an archived file.
#[derive(Debug, Clone, Copy)]
struct Restore {
    every: Duration,
    at_most: Duration,
}

impl RemoteFile {
    /// Selects a fixed version. Default: the latest.
    ///
    /// Recommended for a long download of a file that others edit.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "goodbye");
    /// let mut bytes = Vec::new();
    /// client.file("space-1", "dentry-1", UnionId("operator-1")).version(1).download_to(&mut bytes, ..)?;
    /// assert_eq!(bytes, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn version(mut self, version: u64) -> Self {
        if let Some(options) = self.origin.options_mut() {
            options.version = Some(version);
        }
        self.kept = Arc::default();
        self
    }

    /// Sets whether intranet URLs are preferred; see [`GetFileDownloadInfo::prefer_intranet`].
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1")).prefer_intranet(false);
    /// file.download_to(&mut std::io::sink(), ..)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prefer_intranet(mut self, prefer: bool) -> Self {
        if let Some(options) = self.origin.options_mut() {
            options.prefer_intranet = Some(prefer);
        }
        self.kept = Arc::default();
        self
    }

    /// Waits until an archived file is restored, instead of failing.
    ///
    /// The first request for the download info of an archived file returns `fileArchived` and starts the restore, which
    /// takes minutes. The client repeats the request at the interval `every` (at least one second), for up to `at_most`.
    /// Each request counts against the organisation's monthly quota. If the file is still archived after that time, the
    /// error is `fileArchived`, the same as without this setting.
    ///
    /// Applies to downloads, not to [`download_info`](Self::download_info).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, ManualClock, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().clock(ManualClock::new()).build()?;
    /// use std::time::Duration;
    ///
    /// fake.fault(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    /// let file = client
    ///     .file("space-1", "dentry-1", UnionId("operator-1"))
    ///     .wait_for_restore(Duration::from_secs(30), Duration::from_secs(3600));
    /// assert!(file.download_to(&mut std::io::sink(), ..)?.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for_restore(mut self, every: Duration, at_most: Duration) -> Self {
        // Calls are counted, and clients that poll without a pause are banned.
        let every = every.max(Duration::from_secs(1));
        self.restore = Some(Restore { every, at_most });
        self
    }

    /// Sets the person, by **user id**, who is granted the download of an attachment if the approval's own URL is not
    /// permitted.
    ///
    /// The client requests the person's unionId. Has no effect on other kinds of files.
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").build()?;
    /// use dingtalk_files::UserId;
    ///
    /// let file = client.attachment("process-1", "file-1").granted_to(UserId("user-1"));
    /// # let _ = file;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn granted_to(mut self, user: UserId<'_>) -> Self {
        self.origin.grant_to(user);
        self
    }

    /// Returns the way on which an attachment was last reached. `None` before the first use, and for other kinds of
    /// files.
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").build()?;
    /// assert_eq!(client.attachment("process-1", "file-1").attachment_way(), None);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn attachment_way(&self) -> Option<AttachmentWay> {
        self.origin.way()
    }

    /// Sets the longest wait for an export. Default: 10 minutes.
    ///
    /// When that time is up, the error is [`Error::StillRunning`], which contains the task. Has no effect on other
    /// kinds of files.
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").build()?;
    /// use std::time::Duration;
    /// use dingtalk_files::UnionId;
    ///
    /// let file = client.export("uuid-1", "docx", UnionId("operator-1")).wait_for_export(Duration::from_secs(60));
    /// # let _ = file;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn wait_for_export(mut self, at_most: Duration) -> Self {
        if let Some(own) = self.origin.longest_wait() {
            *own = at_most;
        }
        self
    }

    /// Returns the same file for a client with a deadline, as [`Client::with_deadline`] returns.
    ///
    /// It shares the kept download info. A server that keeps a `RemoteFile` uses a new one of these for each request. The
    /// deadline also ends a download that is still running, so allow for the whole transfer. It cannot interrupt the
    /// writer: limit a socket by its own write timeout.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use std::time::Duration;
    ///
    /// let kept = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let mut response = Vec::new();
    /// kept.with_deadline(Duration::from_secs(20)).download_to(&mut response, ..)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        Self { client: self.client.with_deadline(limit), ..self.clone() }
    }

    /// Requests the current download info of the file. Later downloads with this `RemoteFile` and its clones use it.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let info = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info()?;
    /// assert!(info.header_signature_info.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`get_file_download_info`](crate::Storage::get_file_download_info).
    pub fn download_info(&self) -> Result<DownloadInfo> {
        let asked_at = self.client.clock().now();
        let info = self.origin.download_info(&self.client)?;
        // A caller may want to see an info that this crate cannot use.
        if let Ok(urls) = check_download_info(&self.client, &info, asked_at) {
            self.kept.keep(urls);
        }
        Ok(info)
    }

    /// Downloads the file, or a range of it, into any writer.
    ///
    /// Like [`Client::download_to`], but replaces an expired or refused signature, a bounded number of times without
    /// progress. The ETag of the first response pins the object: if the file gets a new version in the meantime, the
    /// download fails with [`ObjectChanged`](crate::Error::ObjectChanged) instead of mixing two versions.
    ///
    /// ```no_run
    /// use dingtalk_files::{ByteRange, Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let mut out = std::fs::File::create("report.xls").map_err(|e| e.to_string())?;
    /// let done = file.download_to(&mut out, ..)?;
    /// println!("{} bytes, checksum verified: {}", done.bytes, done.verified);
    ///
    /// let mut tail = Vec::new();
    /// file.download_to(&mut tail, ByteRange::last(500))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Client::download_to`], and those of requesting the download info.
    pub fn download_to<W: Write + ?Sized>(
        &self,
        writer: &mut W,
        range: impl Into<ByteRange>,
    ) -> Result<Downloaded> {
        self.download().to_writer(writer, range)
    }

    /// Returns the first signature of a download. Waits for an archived file if the caller set that up.
    pub(super) fn sign_or_wait(&self, client: &Client, context: &TransferContext<'_>) -> Result<KeptUrls> {
        let begun = context.now();
        if self.origin.is_made_on_demand() {
            context.phase(Phase::Exporting);
        }
        loop {
            let signed = self.kept.get_or_request(None, context, || sign(client, &*self.origin));
            // A deliberately closed connection looks like a network failure.
            context.check()?;
            let is_archived =
                matches!(&signed, Err(error @ Error::Api(_)) if error.code() == Some("fileArchived"));
            let Some(restore) = self.restore.filter(|_| is_archived) else { return signed };
            let waited = context.now().saturating_sub(begun).saturating_add(restore.every);
            if waited > restore.at_most || context.ends_within(restore.every) {
                return signed;
            }
            context.phase(Phase::Restoring);
            context.sleep(restore.every)?;
        }
    }
}
