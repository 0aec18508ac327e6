//! A download with its options: progress, cancellation, resume, several connections, and a file as its target.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::context::{Callback, Progress, TransferContext};
use super::file_download::FileDownload;
use super::range_download::PartRequest;
use super::remote_file::{Downloaded, FileStat, RemoteFile};
use super::signer::{GivenUrls, OriginSigner, check_download_info};
use super::target::Target;
use super::writer_download::{OnObject, WriterSink, into_writer};
use crate::api::storage::files::DownloadInfo;
use crate::base::error::{Error, Result};
use crate::client::Client;
use crate::object::MAX_PARALLEL;
use crate::object::meta::ObjectMeta;
use crate::object::range::ByteRange;

/// Builder of a download. Returned by [`RemoteFile::download`].
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// # let path = std::env::temp_dir().join(format!("dingtalk-files-doc-{}", std::process::id()));
/// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
/// let done = file.download().resume(true).parallel(4).to_file(&path)?;
/// assert!(done.verified);
/// assert_eq!(std::fs::read(&path)?, b"hello");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is sent before `to_file` or `to_writer`"]
pub struct Download<'a> {
    file: RemoteFile,
    resume: bool,
    connections: usize,
    no_clobber: bool,
    max_bytes: Option<u64>,
    if_match: Option<String>,
    progress: Option<Callback<'a>>,
    on_object: Option<OnObject<'a>>,
    cancel: Option<&'a AtomicBool>,
}

impl RemoteFile {
    /// Prepares a download with more options than [`download_to`](Self::download_to).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let done = file
    ///     .download()
    ///     .resume(true)
    ///     .parallel(4)
    ///     .progress(|now| eprintln!("{} of {:?} bytes", now.bytes, now.total))
    ///     .to_file("report.xls")?;
    /// println!("{} bytes, checksum verified: {}", done.bytes, done.verified);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn download<'a>(&self) -> Download<'a> {
        Download {
            file: self.clone(),
            resume: false,
            connections: 1,
            no_clobber: false,
            max_bytes: None,
            if_match: None,
            progress: None,
            on_object: None,
            cancel: None,
        }
    }
}

impl Client {
    /// Downloads with an existing [`DownloadInfo`]: the second of the two documented steps.
    ///
    /// Accepts any Rust range: `..`, `0..500`, `0..=499`, `500..`, and [`ByteRange::last`]. Bytes count from 0. A range
    /// that extends past the end of the object is shortened.
    ///
    /// Recovers from broken connections, stalls and dead URLs as the client's [`RetryPolicy`](crate::RetryPolicy)
    /// allows, but not from an expired signature: only [`Client::file`] can request a new signature. Memory use stays
    /// constant, whatever the size. The writer receives blocks of up to 32 KiB, so it needs no `BufWriter`. The first
    /// bytes, and bytes that arrive slowly, are written at once. The writer is flushed at the end.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetFileDownloadInfo, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = GetFileDownloadInfo::new();
    /// let info = client.storage().get_file_download_info("space-1", "dentry-1", UnionId("operator-1"), &options)?;
    /// let mut head = Vec::new();
    /// let done = client.download_to(&info, &mut head, 0..500)?;
    /// assert_eq!(done.bytes, head.len() as u64);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Before anything is written: [`InvalidArgument`](crate::Error::InvalidArgument) for an empty range,
    /// [`RangeNotSatisfiable`](crate::Error::RangeNotSatisfiable) for a range past the end of the object, and every way
    /// a request can fail. Later: [`Interrupted`](crate::Error::Interrupted),
    /// [`ObjectChanged`](crate::Error::ObjectChanged), [`ChecksumMismatch`](crate::Error::ChecksumMismatch),
    /// [`Write`](crate::Error::Write). These report how many bytes were written, as does
    /// [`bytes_written`](crate::Error::bytes_written).
    pub fn download_to<W: Write + ?Sized>(
        &self,
        info: &DownloadInfo,
        writer: &mut W,
        range: impl Into<ByteRange>,
    ) -> Result<Downloaded> {
        let range = range.into().check()?;
        let client = self.within_deadline();
        let signer = GivenUrls::new(check_download_info(&client, info, client.clock().now())?);
        let context = TransferContext::of(&client);
        let request = PartRequest { range, object: None, or_whole: false };
        let mut sink = WriterSink {
            writer: &mut &mut *writer,
            context: &context,
            on_object: None,
            object: FileStat::default(),
        };
        into_writer(&client, &signer, request, &mut sink)
    }
}

impl<'a> Download<'a> {
    /// Sets whether the download continues where an earlier attempt ended, and keeps its bytes if it fails. For
    /// [`to_file`](Self::to_file). Default: no.
    ///
    /// The bytes are kept beside the target as `NAME.dingtalk-part`, and their description as
    /// `NAME.dingtalk-checkpoint`. Both survive a kill at any moment, and are removed when the file is complete. They
    /// are used only if they belong to the same file, version, size and `ETag`, and if the bytes on disk still match
    /// the recorded checksums. Otherwise the download starts again.
    ///
    /// The client has retried for some seconds when a download ends with an error. Wait before the next attempt, and
    /// limit the number of attempts: each attempt is a call that counts against the organisation's monthly quota.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// use std::{thread, time::Duration};
    ///
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let mut result = file.download().resume(true).to_file("large.iso");
    /// for _ in 0..5 {
    ///     match &result {
    ///         Err(error) if error.is_transient() => eprintln!("{error}"),
    ///         _ => break,
    ///     }
    ///     thread::sleep(Duration::from_secs(60));
    ///     result = file.download().resume(true).to_file("large.iso");
    /// }
    /// let done = result?;
    /// # let _ = done;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Sets the number of connections that fetch parts of the file in parallel, from 1 to 64. For
    /// [`to_file`](Self::to_file). Default: 1.
    ///
    /// Several connections help if a server limits the speed of each connection, and on lossy lines. On a good line
    /// they gain nothing. If the server does not support ranges, one connection is used. If the server allows fewer
    /// connections than this, fewer are used.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// file.download().parallel(8).to_file("large.iso")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn parallel(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets whether an existing target is an error ([`Error::TargetExists`]). For [`to_file`](Self::to_file). Default:
    /// no, an existing target is replaced.
    ///
    /// The target is checked before anything is sent, and again at the end. If the file system has hard links, the last
    /// check and the rename are one step.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    ///
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let error = file.download().no_clobber(true).to_file("Cargo.toml").unwrap_err();
    /// assert!(matches!(error, Error::TargetExists { .. }));
    /// assert!(fake.requests().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn no_clobber(mut self, no_clobber: bool) -> Self {
        self.no_clobber = no_clobber;
        self
    }

    /// Sets a limit in bytes. A larger download is an error ([`Error::TooLarge`]), before the first byte is written if
    /// the size is known by then. Default: no limit.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    ///
    /// let mut bytes = Vec::new();
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let error = file.download().max_bytes(4).to_writer(&mut bytes, ..).unwrap_err();
    /// assert!(matches!(error, Error::TooLarge { size: 5, limit: 4 }) && bytes.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.max_bytes = Some(limit);
        self
    }

    /// Downloads only the object with this `ETag`, as of [`RemoteFile::stat`] or an earlier [`Downloaded`]. For
    /// [`to_writer`](Self::to_writer).
    ///
    /// With another object the result is [`Error::ObjectChanged`], and nothing is written. The `ETag` includes its
    /// quotes; a text without a closing quote is [`Error::InvalidArgument`], before anything is sent. Several
    /// machines that download ranges of one file pass the `ETag` that all of them expect.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    ///
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let etag = file.stat()?.etag.ok_or("no ETag")?;
    /// let mut bytes = Vec::new();
    /// file.download().if_match(&etag).to_writer(&mut bytes, ..2)?;
    ///
    /// let other = file.download().if_match("\"another\"").to_writer(&mut bytes, 2..);
    /// assert!(matches!(other, Err(Error::ObjectChanged { .. })) && bytes == b"he");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }

    /// Sets a callback for the progress of the download.
    ///
    /// It is called at the beginning, at most ten times a second, when a request fails and is retried, and at the end.
    /// If there are several connections, it is called from their threads, but never at the same time.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let show = |now: dingtalk_files::Progress| eprintln!("{}/{}", now.bytes, now.total.unwrap_or_default());
    /// file.download().progress(show).to_writer(&mut std::io::sink(), ..)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn progress(mut self, callback: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Calls `callback` with size, `ETag` and checksum of the object, before the first byte is written. For
    /// [`to_writer`](Self::to_writer).
    ///
    /// An HTTP server sends the head of its response here, without a [`stat`](RemoteFile::stat) before the download. The
    /// callback is called once, immediately before the first write; of an empty object, at the end.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let (mut size, mut bytes) = (None, Vec::new());
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// file.download().on_object(|object| size = object.size).to_writer(&mut bytes, 1..3)?;
    /// assert_eq!((size, bytes.as_slice()), (Some(5), &b"el"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_object(mut self, callback: impl FnOnce(&FileStat) + Send + 'a) -> Self {
        self.on_object = Some(Box::new(callback));
        self
    }

    /// Sets a flag that ends the download with [`Error::Cancelled`] when it becomes `true`, from another thread or from
    /// a signal handler.
    ///
    /// The flag takes effect immediately, even while a server is silent. While a name is resolved, a connection is made, or
    /// another thread fetches the shared token, it takes effect when that step ends (see
    /// [`connect_timeout`](crate::ClientBuilder::connect_timeout)).
    ///
    /// A download with a flag uses connections of its own, so that closing them disturbs no other transfer. The client
    /// keeps them for its next download. An agent passed to [`ClientBuilder::agent`](crate::ClientBuilder::agent)
    /// cannot be copied. In that case the flag takes effect with the next byte, or when the stall timeout ends the
    /// silence.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use std::sync::atomic::AtomicBool;
    /// use dingtalk_files::Error;
    ///
    /// let flag = AtomicBool::new(true); // cancelled before the start
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let error = file.download().cancel(&flag).to_writer(&mut std::io::sink(), ..).unwrap_err();
    /// assert!(matches!(error, Error::Cancelled { done: 0 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Downloads the file, or a range of it, into any writer, in order, over one connection.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let mut bytes = Vec::new();
    /// client.file("space-1", "dentry-1", UnionId("operator-1")).download().to_writer(&mut bytes, 1..3)?;
    /// assert_eq!(bytes, b"el");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`RemoteFile::download_to`]; [`InvalidArgument`](Error::InvalidArgument) with [`resume`](Self::resume),
    /// [`parallel`](Self::parallel) or [`no_clobber`](Self::no_clobber), which a writer does not support;
    /// [`TooLarge`](Error::TooLarge), [`Cancelled`](Error::Cancelled).
    pub fn to_writer<W: Write + ?Sized>(
        self,
        writer: &mut W,
        range: impl Into<ByteRange>,
    ) -> Result<Downloaded> {
        let range = range.into().check()?;
        if self.resume || self.no_clobber || self.connections != 1 {
            let what = "`resume`, `no_clobber` and `parallel` need a file: use `to_file`";
            return Err(Error::InvalidArgument(what.to_owned()));
        }
        if let Some(etag) = self.if_match.as_deref().filter(|etag| !etag.ends_with('"')) {
            let what = format!("`{etag}` is not an ETag: it ends with a quote, as in `FileStat::etag`");
            return Err(Error::InvalidArgument(what));
        }
        let object = self.if_match.map(|etag| ObjectMeta { etag: Some(etag), ..ObjectMeta::default() });
        let client = self.file.client.within_deadline();
        let context = TransferContext::of(&client)
            .cancel(self.cancel)
            .max_bytes(self.max_bytes)
            .progress(self.progress);
        context.run(&client, 1, |client| {
            let first = self.file.sign_or_wait(client, &context)?;
            let signer = OriginSigner::new(client, &*self.file.origin, &self.file.kept, &context, first);
            let request = PartRequest { range, object, or_whole: false };
            let mut sink = WriterSink {
                writer: &mut &mut *writer,
                context: &context,
                on_object: self.on_object,
                object: FileStat::default(),
            };
            let result = into_writer(client, &signer, request, &mut sink);
            result.inspect_err(|error| self.file.kept.forget_after(error, context.now()))
        })
    }

    /// Downloads the whole file to `path`. Afterwards, `path` is the complete, checked file, or unchanged.
    ///
    /// The folder must exist. The file is downloaded also if the target is the same version already.
    ///
    /// The bytes are written to `NAME.dingtalk-part` in the same folder. When they are complete and checked, they are
    /// synced to disk (`fsync`), and the part is renamed. A relative `path` is resolved in the current folder at the
    /// time of the call. If `path` is a symbolic link, the file it points to is replaced. Devices, pipes, folders and
    /// open streams (`/dev/stdout`, even if it is redirected) are refused: open them and use
    /// [`to_writer`](Self::to_writer).
    ///
    /// The new file belongs to the user of this process. It gets the read, write and execute bits of the file that it
    /// replaces, but never set-uid, set-gid or sticky. If the owner changes, group and others get no access. Access
    /// control lists are ignored.
    ///
    /// Only one download to a target can run at a time. A second download, in another thread, process or container,
    /// returns [`Error::TargetBusy`]. A file system without locks cannot prevent this; there, the download that ends
    /// first wins, and the other returns an error. If a target cannot be renamed over, such as a single file mounted
    /// into a container, the finished content is written into it, which is not one step. On Windows, publishing waits up to
    /// 5 seconds for a target that another program has open.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let done = file.download().resume(true).to_file("report.xls")?;
    /// println!("{} bytes, {} of them from an earlier attempt", done.bytes, done.reused);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Before anything is sent: [`InvalidArgument`](Error::InvalidArgument) for a target that is not a file, for a
    /// number of connections outside 1 to 64, and with [`if_match`](Self::if_match) or
    /// [`on_object`](Self::on_object), which need a writer; [`TargetExists`](Error::TargetExists),
    /// [`TargetBusy`](Error::TargetBusy), and [`File`](Error::File) if the folder is not writable. Later: those of
    /// [`RemoteFile::download_to`], [`File`](Error::File) with the path, for a full disk and similar failures,
    /// [`TooLarge`](Error::TooLarge), [`Cancelled`](Error::Cancelled). After an error the partial file is removed,
    /// unless [`resume`](Self::resume) is set and the content is good.
    pub fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded> {
        if !(1..=MAX_PARALLEL).contains(&self.connections) {
            let what = format!("`parallel` takes 1 to {MAX_PARALLEL} connections, not {}", self.connections);
            return Err(Error::InvalidArgument(what));
        }
        if self.if_match.is_some() || self.on_object.is_some() {
            let what =
                "`if_match` and `on_object` need a writer: use `to_writer`, or pin a file with `version`";
            return Err(Error::InvalidArgument(what.to_owned()));
        }
        let target = Target::resolve(path.as_ref())?;
        if self.no_clobber && target.exists() {
            return Err(Error::TargetExists { path: Box::from(target.path()) });
        }
        let client = self.file.client.within_deadline();
        let context = TransferContext::of(&client)
            .shared_by(self.connections)
            .cancel(self.cancel)
            .max_bytes(self.max_bytes)
            .progress(self.progress);
        let download = FileDownload {
            file: &self.file,
            client: &client,
            context: &context,
            resume: self.resume,
            no_clobber: self.no_clobber,
            connections: self.connections,
        };
        download.run(&target).inspect_err(|error| self.file.kept.forget_after(error, context.now()))
    }
}

impl fmt::Debug for Download<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("file", &self.file)
            .field("resume", &self.resume)
            .field("parallel", &self.connections)
            .field("no_clobber", &self.no_clobber)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
