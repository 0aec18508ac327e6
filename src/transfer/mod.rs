//! Moving bytes. What a transfer promises:
//!
//! - The writer gets the wanted bytes, in order, each once, and nothing else; or an error says how many good ones it has.
//! - A byte is written only after the answer it came with was held against what was asked.
//! - A break is resumed from the next byte, of the same object, at the same or another of its URLs.
//! - What can be verified is verified, and the answer says whether it was.

pub(crate) mod pull;
pub(crate) mod range;
mod ring;
pub(crate) mod ticket;

use std::io::Write;
use std::ops::Range;

use crate::api::storage::files::{DownloadInfo, GetFileDownloadInfo};
use crate::client::Client;
use crate::error::Result;
use crate::ids::UnionId;
use crate::transport::ObjectBody;
use pull::{Limits, Origin, pull};
use range::{ByteRange, Head, Want};
use ticket::Ticket;

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
        let ticket = Ticket::from_info(info, self.plain_http())?;
        let mut origin = SignedUrls { client: self.within_deadline(), file: None };
        origin.pull(ticket, want, &mut &mut *writer)
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
        }
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
}

impl RemoteFile {
    /// A fixed version, from 1. Default: the latest. A long download of a file that others edit wants this.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
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
        let want = range.into().check()?;
        let file = Self { client: self.client.within_deadline(), ..self.clone() };
        let ticket = Ticket::from_info(&file.download_info()?, file.client.plain_http())?;
        let mut origin = SignedUrls { client: file.client.clone(), file: Some(file) };
        origin.pull(ticket, want, &mut &mut *writer)
    }
}

/// The real origin: OSS through the client's object door.
struct SignedUrls {
    client: Client,
    /// The file to ask again for; without it the signature cannot be renewed.
    file: Option<RemoteFile>,
}

impl SignedUrls {
    fn pull(&mut self, ticket: Ticket, want: Want, sink: &mut dyn Write) -> Result<Downloaded> {
        let client = self.client.clone();
        let limits =
            Limits { policy: client.retry_policy(), clock: client.clock(), deadline: client.deadline() };
        pull(self, ticket, want, sink, &limits)
    }
}

impl Origin for SignedUrls {
    type Body = ObjectBody;

    fn get(
        &mut self,
        ticket: &Ticket,
        url: &str,
        want: Want,
        if_match: Option<&str>,
    ) -> Result<(Head, Self::Body)> {
        self.client.get_object(ticket, url, want, if_match)
    }

    fn renew(&mut self) -> Option<Result<Ticket>> {
        let file = self.file.as_ref()?;
        Some(file.download_info().and_then(|info| Ticket::from_info(&info, self.client.plain_http())))
    }
}
