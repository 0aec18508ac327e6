//! A download with everything it can be told: progress, cancel, resume, several connections, a file as its target.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::checkpoint::CompletedRange;
use super::lock::Lock;
use super::monitor::{Callback, Monitor, Phase, Progress, Reporter};
use super::origin::SharedSignature;
use super::part_file::{PartFile, Target};
use super::parts::{Identity, Outcome, Parts, as_file_error};
use super::patience::Limits;
use super::pull::{Order, Sink, pull};
use super::{Downloaded, RemoteFile};
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

impl<'a> Download<'a> {
    /// Goes on where an earlier try ended, and keeps what arrived when this one does not end well. For
    /// [`to_file`](Self::to_file). Default: no.
    ///
    /// What arrived lies beside the target as `NAME.dingtalk-part`, and what is known of it as
    /// `NAME.dingtalk-checkpoint`. Both outlive a kill at any moment, and are gone when the file is complete. They are used
    /// only if they belong to the same file, version, size and `ETag`, and if the bytes on disk still have the checksums
    /// written down; otherwise the download begins anew.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
    /// while let Err(error) = file.download().resume(true).to_file("large.iso") {
    ///     if !error.is_transient() {
    ///         return Err(error);
    ///     }
    ///     eprintln!("{error}");
    /// }
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
    /// With a flag the download has connections of its own, so that ending them disturbs nobody. An agent given to
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
        let want = range.into().check()?;
        if self.resume || self.no_clobber || self.connections != 1 {
            let what = "`resume`, `no_clobber` and `parallel` need a file: use `to_file`";
            return Err(Error::InvalidArgument(what.to_owned()));
        }
        let client = self.file.client.within_deadline();
        let reporter = self.progress.map(Reporter::new);
        let monitor = Monitor::new(client.clock(), self.cancel, reporter.as_ref().map(Reporter::as_report));
        let limits = Limits::new(&client, &monitor, self.max_bytes);
        interruptible(&client, &monitor, 1, |client| {
            let ticket = self.file.ticket_or_wait(client, &monitor)?;
            let tickets = SharedSignature::new(client.clone(), Some(self.file.clone()), ticket);
            into_writer(&tickets, want, &mut &mut *writer, &limits)
        })
    }

    /// Downloads the whole file to `path`: afterwards it is there complete, or `path` is as it was before.
    ///
    /// The bytes go into `NAME.dingtalk-part` in the same folder. When they are complete and checked, they are brought to
    /// disk (`fsync`), and the file is renamed. A file that was there is replaced and hands its permissions on; where `path`
    /// is a symbolic link, what it points to is replaced. One download to a target at a time: a second one, also in another
    /// process, is [`Error::TargetBusy`]. (On Linux this is seen within one network namespace: containers that share a folder
    /// and hosts that share a disk have to keep apart themselves.)
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
    /// Before anything is sent: [`InvalidArgument`](Error::InvalidArgument) for a target that is a folder or a device and for
    /// a number of connections outside 1 to 64, [`TargetExists`](Error::TargetExists), [`TargetBusy`](Error::TargetBusy), and
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
        let _lock = Lock::take(&target)?;
        if self.no_clobber && target.exists() {
            return Err(Error::TargetExists { path: Box::from(target.path()) });
        }
        let mut part = PartFile::open(&target, self.resume)?;
        let client = self.file.client.within_deadline();
        let reporter = self.progress.map(Reporter::new);
        let monitor = Monitor::new(client.clock(), self.cancel, reporter.as_ref().map(Reporter::as_report))
            .shared_by(self.connections);
        let limits = Limits::new(&client, &monitor, self.max_bytes);
        let job = FileJob { file: &self.file, resume: self.resume, connections: self.connections };
        let (done, reused) =
            interruptible(&client, &monitor, self.connections, |client| job.run(client, &mut part, &limits))?;
        part.publish(done.bytes, self.no_clobber)
            .map_err(|error| as_file_error(error, &part, done.bytes, part.is_resumable()))?;
        monitor.finish();
        let verified = done.result.is_ok_and(|verified| verified);
        let (bytes, size, etag) = (done.bytes, done.object.total, done.object.etag);
        Ok(Downloaded { bytes, range: 0..bytes, size, etag, verified, reused })
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

/// What `to_file` does between having the partial file and publishing it.
struct FileJob<'a> {
    file: &'a RemoteFile,
    resume: bool,
    connections: usize,
}

impl FileJob<'_> {
    /// What is there in the end, complete and checked, and how much of it was there before.
    #[inline]
    fn run(&self, client: &Client, part: &mut PartFile<'_>, limits: &Limits<'_>) -> Result<(Outcome, u64)> {
        let fail = |error, part: &mut PartFile<'_>, bytes| {
            let is_good = !matches!(error, Error::ObjectChanged { .. } | Error::ChecksumMismatch { .. })
                && !matches!(&error, Error::Answer(e) if matches!(e.problem, Problem::WrongLength { .. }));
            // Without a checkpoint (the size never became known, the disk was full) nobody could use it.
            let kept = self.resume && is_good && bytes > 0 && part.saved().is_some();
            if !kept {
                part.discard();
            }
            as_file_error(error, part, bytes, kept)
        };
        let known = self.known(part, limits)?;
        let reused = known.as_ref().map_or(0, |(_, pieces)| pieces.iter().map(CompletedRange::len).sum());
        let ticket = match self.file.ticket_or_wait(client, limits.monitor) {
            Ok(ticket) => ticket,
            Err(error) => return Err(fail(error, part, reused)),
        };
        let tickets = SharedSignature::new(client.clone(), Some(self.file.clone()), ticket);
        let was_known = known.is_some();
        let outcome = self.parts(part, limits, known).run(&tickets);
        match outcome.result {
            Ok(_) => Ok((outcome, reused)),
            // What is on disk is of an older object: that is a fresh start, not an error.
            Err(Error::ObjectChanged { .. }) if was_known && outcome.fresh == 0 => {
                part.reset()?;
                limits.monitor.resume();
                let outcome = self.parts(part, limits, None).run(&tickets);
                match outcome.result {
                    Ok(_) => Ok((outcome, 0)),
                    Err(error) => Err(fail(error, part, outcome.bytes)),
                }
            }
            Err(error) => Err(fail(error, part, outcome.bytes)),
        }
    }

    /// What an earlier try has left, if it is of this file and intact. Everything else is thrown away.
    #[inline]
    fn known(
        &self,
        part: &PartFile<'_>,
        limits: &Limits<'_>,
    ) -> Result<Option<(ObjectMeta, Vec<CompletedRange>)>> {
        let saved = part.saved().filter(|saved| {
            let ours = &self.file;
            self.resume
                && saved.space_id == ours.space_id
                && saved.dentry_id == ours.dentry_id
                && saved.version == ours.options.asked_version()
        });
        if let Some(saved) = saved {
            limits.monitor.phase(Phase::Checking);
            let intact = part.intact(&saved.pieces, limits.monitor)?;
            if !intact.is_empty() {
                return Ok(Some((saved.object(), intact)));
            }
        }
        part.reset()?;
        Ok(None)
    }

    #[inline]
    fn parts<'p>(
        &'p self,
        part: &'p PartFile<'p>,
        limits: &'p Limits<'p>,
        known: Option<(ObjectMeta, Vec<CompletedRange>)>,
    ) -> Parts<'p> {
        let identity = self.resume.then(|| Identity {
            space_id: &self.file.space_id,
            dentry_id: &self.file.dentry_id,
            version: self.file.options.asked_version(),
        });
        Parts::new(part, limits, self.connections, identity, known)
    }
}

/// Runs a transfer so that the flag ends it also while it waits for a peer. `connections` of its own are needed for that,
/// and where there are many.
pub(crate) fn interruptible<T>(
    client: &Client,
    monitor: &Monitor<'_>,
    connections: usize,
    run: impl FnOnce(&Client) -> Result<T>,
) -> Result<T> {
    monitor.check()?;
    let Some(flag) = monitor.cancel_flag() else {
        return if connections > 1 { run(&client.with_private_connections()) } else { run(client) };
    };
    let client = client.with_private_connections();
    thread::scope(|scope| {
        let (ended, end) = channel::<()>();
        let own = &client;
        let watcher =
            thread::Builder::new().name("dingtalk-cancel".to_owned()).spawn_scoped(scope, move || {
                while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    if flag.load(std::sync::atomic::Ordering::Relaxed) {
                        own.interrupt();
                        return;
                    }
                }
            });
        // Without a watcher the flag takes effect with the next byte.
        drop(watcher);
        let result = run(&client);
        drop(ended);
        result
    })
}

/// How often the flag is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A download into a caller's writer.
pub(crate) fn into_writer(
    tickets: &SharedSignature,
    want: RequestedRange,
    writer: &mut dyn Write,
    limits: &Limits<'_>,
) -> Result<Downloaded> {
    let mut origin = tickets.origin();
    let ticket = origin.ticket();
    let order = Order { want, object: None, or_whole: false };
    let pulled = pull(&mut origin, ticket, order, &mut Plain { writer, limits }, limits)?;
    let verified = pulled.verify()?;
    limits.monitor.finish();
    let bytes = pulled.range.end - pulled.range.start;
    let (size, etag) = (pulled.object.total, pulled.object.etag);
    Ok(Downloaded { bytes, range: pulled.range, size, etag, verified, reused: 0 })
}

/// The caller's writer.
struct Plain<'a> {
    writer: &'a mut dyn Write,
    limits: &'a Limits<'a>,
}

impl Sink for Plain<'_> {
    fn open(&mut self, _: &ObjectMeta, start: u64, end: Option<u64>) -> Result<()> {
        self.limits.monitor.begin(0, end.map(|end| end - start));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
