//! Moving bytes. What a transfer promises:
//!
//! - The writer gets the wanted bytes, in order, each once, and nothing else; or an error says how many good ones it has.
//! - A byte is written only after the answer it came with was held against what was asked.
//! - A break is resumed from the next byte, of the same object, at the same or another of its URLs.
//! - What can be verified is verified, and the answer says whether it was.
//!
//! `#[inline]` stands on what only some programs call, such as uploads and downloads to a file: it is compiled where it is
//! called, and a program that does not call it pays nothing for it. Measured, it took a third off this crate's release build.

mod checkpoint;
pub(crate) mod download;
#[cfg(fuzzing)]
pub mod fuzzing;
mod lock;
pub(crate) mod monitor;
mod multipart;
mod origin;
mod part_file;
pub(crate) mod parts;
pub(crate) mod patience;
pub(crate) mod pull;
pub(crate) mod push;
mod ring;
mod route;
pub(crate) mod send;
mod signer;
mod source;
pub(crate) mod upload;

use std::io::Write;
use std::ops::Range;
use std::time::Duration;

use self::signer::Signed;
use crate::api::storage::files::{DownloadInfo, GetFileDownloadInfo};
use crate::base::error::{Error, Result};
use crate::base::ids::UnionId;
use crate::client::Client;
use crate::object::range::ByteRange;
use crate::object::signed_urls::{DOWNLOAD_INFO, SignedUrls};
use download::into_writer;
use monitor::{Monitor, Phase};
use origin::SharedSignature;
use patience::Limits;

/// What a download wrote.
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
    /// How many of the bytes were on disk already, from an earlier try that was resumed.
    pub reused: u64,
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
        let want = range.into().check()?;
        let client = self.within_deadline();
        let ticket = client.download_ticket(info, client.clock().now())?;
        let monitor = Monitor::new(client.clock(), None, None);
        let limits = Limits::new(&client, &monitor, None);
        into_writer(&SharedSignature::new(client.clone(), None, ticket), want, &mut &mut *writer, &limits)
    }

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
        RemoteFile {
            client: self.clone(),
            space_id: space_id.into(),
            dentry_id: dentry_id.into(),
            operator: operator.0.to_owned(),
            options: GetFileDownloadInfo::new(),
            restore: None,
        }
    }

    /// `asked_at` is when the info was asked for, by the clock.
    fn download_ticket(&self, info: &DownloadInfo, asked_at: Duration) -> Result<SignedUrls> {
        let (protocol, info) = (info.protocol.as_ref(), info.header_signature_info.as_ref());
        Signed { operation: DOWNLOAD_INFO, protocol, info }.check(self.plain_http(), asked_at)
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
    client: Client,
    space_id: String,
    dentry_id: String,
    operator: String,
    options: GetFileDownloadInfo,
    restore: Option<Restore>,
}

/// How to wait for an archived file.
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
        self.options = self.options.version(version);
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
        self.options = self.options.prefer_intranet(prefer);
        self
    }

    /// Waits for an archived file instead of failing: asks again `every` so often (a second
    /// at least), for `at_most` so long.
    ///
    /// Who asks for the download info of an archived file is answered `fileArchived`, and has started the restoring, which
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
        let operator = UnionId(&self.operator);
        self.client.storage().get_file_download_info(&self.space_id, &self.dentry_id, operator, &self.options)
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

    /// Fresh URLs and headers.
    fn ticket(&self, client: &Client) -> Result<SignedUrls> {
        let asked_at = client.clock().now();
        let operator = UnionId(&self.operator);
        let info = client.storage().get_file_download_info(
            &self.space_id,
            &self.dentry_id,
            operator,
            &self.options,
        )?;
        client.download_ticket(&info, asked_at)
    }

    /// The first ticket of a download, which an archived file may not have yet.
    fn ticket_or_wait(&self, client: &Client, monitor: &Monitor<'_>) -> Result<SignedUrls> {
        let begun = client.clock().now();
        loop {
            let asked = self.ticket(client);
            // A connection that was interrupted for it shows as a failure of the network.
            monitor.check()?;
            let Some(restore) = self.restore.filter(|_| is_archived(&asked)) else { return asked };
            let ends = begun.saturating_add(restore.at_most);
            let ends = client.deadline().map_or(ends, |deadline| deadline.min(ends));
            if client.clock().now().saturating_add(restore.every) > ends {
                return asked;
            }
            monitor.phase(Phase::Restoring);
            monitor.sleep(restore.every)?;
        }
    }
}

fn is_archived(asked: &Result<SignedUrls>) -> bool {
    matches!(asked, Err(error @ Error::Api(_)) if error.code() == Some("fileArchived"))
}
