//! A download with its options: progress, cancel, resume, several connections, a file as its target.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::context::{Callback, Progress, TransferContext};
use super::file_download::FileDownload;
use super::range_download::{PartRequest, Sink, Stopped, download_range};
use super::remote_file::{Downloaded, RemoteFile};
use super::signer::{GivenUrls, OriginSigner, Signer, check_download_info};
use super::target::Target;
use crate::api::storage::files::DownloadInfo;
use crate::base::error::{Error, Problem, Result};
use crate::client::Client;
use crate::object::MAX_PARALLEL;
use crate::object::meta::ObjectMeta;
use crate::object::range::{ByteRange, RequestedRange};

/// A download that is being described. From [`RemoteFile::download`].
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
    progress: Option<Callback<'a>>,
    cancel: Option<&'a AtomicBool>,
}

impl RemoteFile {
    /// Describes a download with more to say than [`download_to`](Self::download_to).
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
            progress: None,
            cancel: None,
        }
    }
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
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileStat {
    /// Bytes; `None` where the server does not say.
    pub size: Option<u64>,
    /// The mark that changes with the content.
    pub etag: Option<String>,
    /// The CRC-64/XZ of the whole file, where the object store keeps one.
    pub crc64: Option<u64>,
}

impl RemoteFile {
    /// Returns size, `ETag` and checksum, at the price of one download info and a request for one byte.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let stat = client.file("space-1", "dentry-1", UnionId("operator-1")).stat()?;
    /// println!("{:?} bytes, ETag {:?}", stat.size, stat.etag);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`download_to`](Self::download_to).
    #[inline]
    pub fn stat(&self) -> Result<FileStat> {
        let client = self.client.within_deadline();
        let context = TransferContext::of(&client);
        let signer =
            OriginSigner::new(&client, &*self.origin, &self.kept, self.sign_or_wait(&client, &context)?);
        let request = PartRequest { range: ByteRange::from(..1).check()?, object: None, or_whole: false };
        let mut sink = WriterSink { writer: &mut io::sink(), context: &context };
        match download_range(&client, &signer, request, &mut sink, &context).map_err(explain) {
            Ok(done) => {
                let ObjectMeta { total, etag, crc64, .. } = done.object;
                Ok(FileStat { size: total, etag, crc64 })
            }
            // An empty file has no first byte.
            Err(Error::RangeNotSatisfiable { size: Some(0) }) => {
                Ok(FileStat { size: Some(0), etag: None, crc64: None })
            }
            Err(error) => {
                self.kept.forget_after(&error);
                Err(error)
            }
        }
    }
}

impl Client {
    /// Downloads with a [`DownloadInfo`] at hand: the second of the two documented steps.
    ///
    /// Any range of Rust does: `..`, `0..500`, `0..=499`, `500..`, and [`ByteRange::last`]. Bytes count from 0. An end
    /// behind the end of the object is cut.
    ///
    /// Breaks, stalls and dead URLs are survived as the client's [`RetryPolicy`](crate::RetryPolicy) allows, but not
    /// the end of the signature: only [`Client::file`] can ask for a new one. Memory stays constant whatever the size.
    /// The writer is flushed at the end, and receives large blocks: no `BufWriter` is needed.
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
    /// [`RangeNotSatisfiable`](crate::Error::RangeNotSatisfiable) for one behind the end, and every way a request can
    /// fail. Later: [`Interrupted`](crate::Error::Interrupted), [`ObjectChanged`](crate::Error::ObjectChanged),
    /// [`ChecksumMismatch`](crate::Error::ChecksumMismatch), [`Write`](crate::Error::Write); all say how much was
    /// written, as does [`bytes_written`](crate::Error::bytes_written).
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
        into_writer(&client, &signer, range, &mut &mut *writer, &context)
    }
}

impl<'a> Download<'a> {
    /// Goes on where an earlier try ended, and keeps what arrived when this one does not end well. For
    /// [`to_file`](Self::to_file). Default: no.
    ///
    /// What arrived lies beside the target as `NAME.dingtalk-part`, and what is known of it as
    /// `NAME.dingtalk-checkpoint`. Both outlive a kill at any moment, and are gone when the file is complete. They are used
    /// only if they belong to the same file, version, size and `ETag`, and if the bytes on disk still have the checksums
    /// written down; otherwise the download begins anew.
    ///
    /// The client has tried for some seconds when a download ends with an error. Wait before the next attempt, and limit
    /// the number of attempts: each one is a call that counts against the organisation's monthly number.
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

    /// How many connections fetch parts of the file at once, from 1 to 64. For [`to_file`](Self::to_file). Default: 1.
    ///
    /// It pays where a server limits each connection, and on lossy lines; on a good line it pays nothing. A server that
    /// does not do ranges is asked with one connection. One that allows fewer connections than this gets fewer.
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

    /// Whether an existing target is an error ([`Error::TargetExists`]). For [`to_file`](Self::to_file). Default: no, it is
    /// replaced.
    ///
    /// Looked at before anything is sent, and once more at the end: in one step with the renaming, where the file system has
    /// hard links.
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

    /// More bytes than this are an error ([`Error::TooLarge`]), before the first one is written when the size is known by
    /// then. Default: no limit.
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

    /// Is called with how far the download is: at the beginning, at most ten times a second, when something fails and is
    /// tried again, and at the end. With several connections it is called from their threads, one at a time.
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

    /// A flag that ends the download with [`Error::Cancelled`] when it becomes `true`, from another thread or from a signal
    /// handler. It takes effect at once, also while a server is silent; while a name is being resolved, a connection made, or
    /// another thread fetches the token for both, when that has ended (see [`connect_timeout`](crate::ClientBuilder::connect_timeout)).
    ///
    /// With a flag the download has connections to itself, so that ending them disturbs nobody; the client keeps them for its
    /// next download. An agent given to
    /// [`ClientBuilder::agent`](crate::ClientBuilder::agent) cannot be copied: there the flag takes effect with the next
    /// byte, or when the stall timeout ends the silence.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use std::sync::atomic::AtomicBool;
    /// use dingtalk_files::Error;
    ///
    /// let flag = AtomicBool::new(true); // somebody was quick
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
    /// [`parallel`](Self::parallel) or [`no_clobber`](Self::no_clobber), which a writer cannot have;
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
        let client = self.file.client.within_deadline();
        let context = TransferContext::of(&client)
            .cancel(self.cancel)
            .max_bytes(self.max_bytes)
            .progress(self.progress);
        context.run(&client, 1, |client| {
            let first = self.file.sign_or_wait(client, &context)?;
            let signer = OriginSigner::new(client, &*self.file.origin, &self.file.kept, first);
            let result = into_writer(client, &signer, range, &mut &mut *writer, &context);
            result.inspect_err(|error| self.file.kept.forget_after(error))
        })
    }

    /// Downloads the whole file to `path`: afterwards the complete, checked file is there, or `path` is as it was before.
    ///
    /// The bytes go into `NAME.dingtalk-part` in the same folder. When they are complete and checked, they are written to
    /// disk (`fsync`), and the part is renamed. A relative `path` means the folder at the time of the call. Where `path` is a
    /// symbolic link, the file it points to is replaced. Devices, pipes, folders and open streams (`/dev/stdout`, also where
    /// it is redirected) are refused: open them and use [`to_writer`](Self::to_writer).
    ///
    /// The new file belongs to the user of this process. It takes over the read, write and execute bits of the file it
    /// replaces, never set-uid, set-gid or sticky; if the owner changes, group and others get nothing. Access control lists
    /// are not looked at.
    ///
    /// One download to a target at a time: a second one, in another thread, process or container, is
    /// [`Error::TargetBusy`]. A file system without locks does not tell them apart; there the one that ends first wins, and
    /// the other one is an error. A target that cannot be renamed over, such as a single file mounted into a container, gets
    /// the finished content written into it, which is not one step.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// let done = file.download().resume(true).to_file("report.xls")?;
    /// println!("{} bytes, {} of them from an earlier try", done.bytes, done.reused);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Before anything is sent: [`InvalidArgument`](Error::InvalidArgument) for a target that is not a file and for a number
    /// of connections outside 1 to 64, [`TargetExists`](Error::TargetExists), [`TargetBusy`](Error::TargetBusy), and
    /// [`File`](Error::File) where the folder cannot be written. Later: those of [`RemoteFile::download_to`],
    /// [`File`](Error::File) for a full disk and the like, with the path, [`TooLarge`](Error::TooLarge),
    /// [`Cancelled`](Error::Cancelled). After an error the partial file is gone, unless [`resume`](Self::resume) is set and
    /// what is there is good.
    pub fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded> {
        if !(1..=MAX_PARALLEL).contains(&self.connections) {
            let what = format!("{} connections; from 1 to {MAX_PARALLEL} are possible", self.connections);
            return Err(Error::InvalidArgument(what));
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
        download.run(&target).inspect_err(|error| self.file.kept.forget_after(error))
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

/// A download into a caller's writer.
fn into_writer(
    client: &Client,
    signer: &dyn Signer,
    range: RequestedRange,
    writer: &mut dyn Write,
    context: &TransferContext<'_>,
) -> Result<Downloaded> {
    let request = PartRequest { range, object: None, or_whole: false };
    let mut sink = WriterSink { writer, context };
    let downloaded = download_range(client, signer, request, &mut sink, context).map_err(explain)?;
    let verified = downloaded.verify()?;
    context.finish();
    let bytes = downloaded.range.end - downloaded.range.start;
    let (size, etag) = (downloaded.object.total, downloaded.object.etag);
    Ok(Downloaded { bytes, range: downloaded.range, size, etag, verified, reused: 0 })
}

/// The error for the owner of the writer: the cause, and what the writer has.
pub(super) fn explain(stopped: Stopped) -> Error {
    let Stopped { cause, written } = stopped;
    match cause {
        Error::Write { cause, .. } => Error::Write { written, cause },
        Error::ObjectChanged { .. } => Error::ObjectChanged { written },
        Error::TooLarge { .. } | Error::Cancelled { .. } => cause,
        // Nothing that was written is to be trusted.
        Error::Answer(ref e) if matches!(e.problem, Problem::WrongLength { .. }) => cause,
        _ if written == 0 => cause,
        cause => Error::Interrupted { written, kept: true, cause: Box::new(cause) },
    }
}

/// The caller's writer.
struct WriterSink<'a, 'c> {
    writer: &'a mut dyn Write,
    context: &'a TransferContext<'c>,
}

impl Sink for WriterSink<'_, '_> {
    fn open(&mut self, _: &ObjectMeta, start: u64, end: Option<u64>) -> Result<()> {
        self.context.begin(0, end.map(|end| end - start));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
