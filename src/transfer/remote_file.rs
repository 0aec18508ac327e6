//! A file in `DingTalk` as a value: [`RemoteFile`], and the result of a download.

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
    /// Bytes written.
    pub bytes: u64,
    /// Which bytes of the object they are, half-open. Shorter than asked when the object ends earlier.
    pub range: Range<u64>,
    /// Size of the whole object in bytes, when the server told it.
    pub size: Option<u64>,
    /// The object's ETag, with its quotes. A change marker, not a checksum.
    pub etag: Option<String>,
    /// The whole object was written and its CRC-64 is the one OSS has on record. `false` for a part of an object, and
    /// when OSS sent no checksum.
    pub verified: bool,
    /// The number of bytes that were already on disk, from an earlier attempt that was resumed.
    pub reused: u64,
}

impl Client {
    /// A stored file, to be downloaded by somebody: the acting person must be allowed to.
    ///
    /// Nothing is sent yet.
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

    /// A file that was sent to a robot, by the two codes of the robot's callback.
    ///
    /// A download code lives for a while only, and its URL too. Where the URL lapses the code is asked for another; when the
    /// code is used up, the error says so, and only another message brings another code. The real name of the file comes with the
    /// callback.
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

    /// An attachment of an approval.
    ///
    /// The approval's own URL is asked for first. For many files that is not permitted; with
    /// [`granted_to`](RemoteFile::granted_to) a person is granted the download then, and the file comes from the approval's space.
    /// [`attachment_way`](RemoteFile::attachment_way) says which way was taken. The real name of the file is in the form.
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

    /// An online document as a file of a format, such as `docx`.
    ///
    /// The export is begun with the first use, and waited for up to 10 minutes: [`wait_for_export`](RemoteFile::wait_for_export).
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

    /// A stored file by its dentryUuid: the `node_id` of a knowledge base, or the id behind a pasted link.
    ///
    /// Its space and dentry id are asked for once. Online documents have no bytes: [`export`](Self::export) them.
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

    /// Whatever a URL names that needs no headers, such as a presigned one.
    ///
    /// It calls no API and fetches no token. A URL that has lapsed cannot be renewed: the error says so. The query counts as
    /// a secret and appears in no text.
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

/// A stored file as a thing. It asks for download info by itself, and again whenever the signature lapses.
///
/// From [`Client::file`].
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
    /// Shared by clones, which name the same file.
    pub(super) kept: Arc<KeptSignature>,
}

const DEFAULT_EXPORT_WAIT: Duration = Duration::from_secs(600);

/// The wait for an archived file.
#[derive(Debug, Clone, Copy)]
struct Restore {
    every: Duration,
    at_most: Duration,
}

impl RemoteFile {
    /// A fixed version. Default: the latest. A long download of a file that others edit wants this.
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

    /// See [`GetFileDownloadInfo::prefer_intranet`].
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

    /// Waits for an archived file instead of failing: asks again `every` so often (a second
    /// at least), for `at_most` so long.
    ///
    /// A request for the download info of an archived file returns `fileArchived` and starts the restoring, which
    /// takes minutes. Holds for downloads, not for [`download_info`](Self::download_info). Each question is a call that
    /// counts against the organisation's monthly number. When the time is up, the error is `fileArchived` as without this.
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
        // Calls are counted, and who asks without a pause is banned.
        let every = every.max(Duration::from_secs(1));
        self.restore = Some(Restore { every, at_most });
        self
    }

    /// The person that the download of an attachment is granted to, by **user id**, where the approval's own URL is not
    /// permitted. Their unionId is asked for. Of other files it changes nothing.
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

    /// The way on which an attachment was reached last; `None` before that, and of other files.
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

    /// The longest wait for an export. Default: 10 minutes. After it, [`Error::StillRunning`] has the task. Of other files it
    /// changes nothing.
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

    /// Asks where the file is now.
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
    /// As [`Client::download_to`], and a lapsed or refused signature is replaced, a bounded number of times without
    /// progress. The ETag of the first answer pins the object: if the file gets a new version meanwhile, the download
    /// ends in [`ObjectChanged`](crate::Error::ObjectChanged) rather than in a mixture.
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
    /// Those of [`Client::download_to`], and those of asking for the download info.
    pub fn download_to<W: Write + ?Sized>(
        &self,
        writer: &mut W,
        range: impl Into<ByteRange>,
    ) -> Result<Downloaded> {
        self.download().to_writer(writer, range)
    }

    /// The first signature of a download, which an archived file may not have yet.
    pub(super) fn sign_or_wait(&self, client: &Client, context: &TransferContext<'_>) -> Result<KeptUrls> {
        let begun = context.now();
        if let Some(kept) = self.kept.get(begun) {
            return Ok(kept);
        }
        if self.origin.is_made_on_demand() {
            context.phase(Phase::Exporting);
        }
        loop {
            let signed = sign(client, &*self.origin).map(|urls| self.kept.keep(urls));
            // A connection that was ended on purpose shows as a failure of the network.
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
