//! An upload with all its options.

use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::context::{Callback, Progress};
use super::source::{BytesSource, FileSource, SeekSource, StreamSource};
use crate::api::storage::files::Region;
use crate::api::storage_v2::files::OnlineDocType;
use crate::base::dentry::{AppProperty, ConflictStrategy};
use crate::base::error::{Error, PathText, Result};
use crate::base::ids::UnionId;
use crate::base::upload::{PendingUpload, Uploaded};
use crate::client::Client;

/// Builder of an upload. Returned by [`Client::upload`].
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// let done = client.upload("space-1", "0", UnionId("operator-1")).name("hello.txt").from_bytes(b"hello")?;
/// assert_eq!((done.bytes, done.dentry.name.as_deref()), (5, Some("hello.txt")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is sent before `from_file` or one of its siblings"]
pub struct Upload<'a> {
    pub(super) client: Client,
    /// `None`: the space of the folder with the uuid.
    pub(super) space_id: Option<String>,
    pub(super) parent_id: String,
    pub(super) operator: String,
    pub(super) parent_uuid: Option<String>,
    pub(super) name: Option<String>,
    pub(super) conflict_strategy: Option<ConflictStrategy>,
    pub(super) app_properties: Vec<AppProperty>,
    pub(super) convert_to_online_doc: bool,
    pub(super) online_doc_type: Option<OnlineDocType>,
    pub(super) prefer_region: Option<Region>,
    pub(super) prefer_intranet: Option<bool>,
    pub(super) connections: usize,
    pub(super) part_size: Option<u64>,
    pub(super) multipart_above: Option<u64>,
    pub(super) resume: Option<PendingUpload>,
    pub(super) progress: Option<Callback<'a>>,
    pub(super) cancel: Option<&'a AtomicBool>,
}

impl Client {
    /// Prepares an upload into a folder of a space. The folder `"0"` is the root. Sends no request yet.
    ///
    /// Performs the three documented steps, upload info, PUT and commit, and recovers from failures between them. Files
    /// above 64 MiB are sent in parts. Memory use stays constant, except in [`from_reader`](Upload::from_reader).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let done = client.upload("space-1", "0", UnionId("operator-1")).from_file("report.xls")?;
    /// println!("dentry {:?}, checksum verified: {}", done.dentry.id, done.verified);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn upload<'a>(
        &self,
        space_id: impl Into<String>,
        parent_id: impl Into<String>,
        operator: UnionId<'_>,
    ) -> Upload<'a> {
        Upload { space_id: Some(space_id.into()), ..Upload::new(self, parent_id.into(), operator) }
    }

    /// Prepares an upload into a folder that is identified by its dentryUuid, with storage 2.0. Sends no request yet.
    ///
    /// The root of a knowledge base or of a space also has a uuid: see [`Wiki`](crate::Wiki). An upload in parts needs
    /// the id of the space, which the client then requests. Apps created after August 2023 can commit only this way.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_folder("space-1", "folder-1", "Reports");
    /// # let folder_uuid = fake.folder_uuid("space-1", "folder-1");
    /// # let client = fake.client().build()?;
    /// let stored = client.upload_into(folder_uuid, UnionId("operator-1")).name("a.txt").from_bytes("hello")?;
    /// assert!(stored.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn upload_into<'a>(&self, folder_uuid: impl Into<String>, operator: UnionId<'_>) -> Upload<'a> {
        Upload { parent_uuid: Some(folder_uuid.into()), ..Upload::new(self, String::new(), operator) }
    }
}

impl Upload<'_> {
    #[inline]
    fn new(client: &Client, parent_id: String, operator: UnionId<'_>) -> Self {
        Self {
            client: client.clone(),
            space_id: None,
            parent_id,
            operator: operator.0.to_owned(),
            parent_uuid: None,
            name: None,
            conflict_strategy: None,
            app_properties: Vec::new(),
            convert_to_online_doc: false,
            online_doc_type: None,
            prefer_region: None,
            prefer_intranet: None,
            connections: 1,
            part_size: None,
            multipart_above: None,
            resume: None,
            progress: None,
            cancel: None,
        }
    }
}

impl<'a> Upload<'a> {
    /// Sets the name in the folder, with extension. Default: the name of the file. Required if the source is not a
    /// file.
    ///
    /// `DingTalk` trims blanks at both ends, and refuses tabs, any of `* " < > |`, and a dot at the end. A refused
    /// name is an error before anything is sent.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// client.upload("space-1", "0", UnionId("operator-1")).name("July.xls").from_file("/tmp/x1")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the strategy for a name that is already taken. The vendor's default is
    /// [`AutoRename`](ConflictStrategy::AutoRename): the file becomes `name(1)`.
    /// [`Uploaded::stored`] reports the effect of `ReturnDentryIfExists`, which takes a second commit if a name is taken.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// use dingtalk_files::ConflictStrategy;
    ///
    /// let upload = client.upload("space-1", "0", UnionId("operator-1"));
    /// upload.conflict_strategy(ConflictStrategy::Overwrite).from_file("report.xls")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn conflict_strategy(mut self, strategy: ConflictStrategy) -> Self {
        self.conflict_strategy = Some(strategy);
        self
    }

    /// Adds a property that the app stores on the file. At most 3 are allowed.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// use dingtalk_files::{AppProperty, Visibility};
    ///
    /// let month = AppProperty::new("month", "7", Visibility::Private);
    /// client.upload("space-1", "0", UnionId("operator-1")).app_property(month).from_file("report.xls")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn app_property(mut self, property: AppProperty) -> Self {
        self.app_properties.push(property);
        self
    }

    /// Sets the region to store the file in. Default: the vendor's choice.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, Region, UnionId};
    ///
    /// let upload = Client::from_env()?.upload("space-1", "0", UnionId("operator-1")).prefer_region(Region::Shanghai);
    /// # let _ = upload;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn prefer_region(mut self, region: Region) -> Self {
        self.prefer_region = Some(region);
        self
    }

    /// Sets whether the intranet URLs of dedicated storage are preferred. Default: true.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let upload = Client::from_env()?.upload("space-1", "0", UnionId("operator-1")).prefer_intranet(false);
    /// # let _ = upload;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn prefer_intranet(mut self, prefer: bool) -> Self {
        self.prefer_intranet = Some(prefer);
        self
    }

    /// Sets whether the file is converted to an online document. Default: false.
    ///
    /// The kind of document fits the file's extension, or is set by [`online_doc_type`](Self::online_doc_type). Works
    /// only with [`Client::upload_into`] or [`commit_into`](Self::commit_into).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let upload = Client::from_env()?.upload_into("folder-uuid-1", UnionId("operator-1"));
    /// upload.convert_to_online_doc(true).from_file("table.xlsx")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn convert_to_online_doc(mut self, convert: bool) -> Self {
        self.convert_to_online_doc = convert;
        self
    }

    /// Sets the kind of online document that the file is converted to. Default: the kind that fits its extension.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, OnlineDocType, UnionId};
    ///
    /// let upload = Client::from_env()?.upload_into("folder-uuid-1", UnionId("operator-1"));
    /// let upload = upload.convert_to_online_doc(true).online_doc_type(OnlineDocType::Workbook);
    /// # let _ = upload;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn online_doc_type(mut self, kind: OnlineDocType) -> Self {
        self.online_doc_type = Some(kind);
        self
    }

    /// Commits with storage 2.0, into the folder with this dentryUuid, instead of with storage 1.0.
    ///
    /// The folder must be the one that the upload identifies by its ids.
    ///
    /// The vendor closed the commit of storage 1.0 to apps created after August 2023, and names this commit as its
    /// successor.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// let upload = client.upload("space-1", "0", UnionId("operator-1"));
    /// upload.commit_into("uuid-of-the-root").from_file("report.xls")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn commit_into(mut self, parent_dentry_uuid: impl Into<String>) -> Self {
        self.parent_uuid = Some(parent_dentry_uuid.into());
        self
    }

    /// Sets the number of parts that are sent in parallel, from 1 to 64, if the upload is in parts. Default: 1.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// client.upload("space-1", "0", UnionId("operator-1")).parallel(4).from_file("large.iso")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn parallel(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the size of a part in bytes, from 100 KiB to 5 GiB, and large enough that 10 000 parts suffice.
    ///
    /// Default: 16 MiB, or for large files a 300th of the size, up to 512 MiB. Larger parts save calls, which are
    /// counted: one call returns the URLs of 30 parts.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// client.upload("space-1", "0", UnionId("operator-1")).part_size(8 << 20).from_file("large.iso")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = Some(bytes);
        self
    }

    /// Sets the size in bytes above which files are sent in parts. Default: 64 MiB, or one part for
    /// [`from_reader`](Self::from_reader). Files above 5 GiB are always sent in parts.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// client.upload("space-1", "0", UnionId("operator-1")).multipart_above(1 << 30).from_file("large.iso")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn multipart_above(mut self, bytes: u64) -> Self {
        self.multipart_above = Some(bytes);
        self
    }

    /// Continues an upload of the same bytes that ended in [`Error::UploadInterrupted`]. Parts that have arrived are
    /// read again and compared, but not sent. The client has retried for some seconds already: wait before the next
    /// attempt, and limit the number.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// use std::{thread, time::Duration};
    /// use dingtalk_files::Error;
    ///
    /// let upload = || client.upload("space-1", "0", UnionId("operator-1"));
    /// let mut result = upload().from_file("large.iso");
    /// for _ in 0..5 {
    ///     match result {
    ///         Err(Error::UploadInterrupted(e)) if e.cause.is_transient() => {
    ///             thread::sleep(Duration::from_secs(60));
    ///             result = upload().resume(e.pending).from_file("large.iso");
    ///         }
    ///         _ => break,
    ///     }
    /// }
    /// let done = result?;
    /// # let _ = done;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn resume(mut self, pending: PendingUpload) -> Self {
        self.resume = Some(pending);
        self
    }

    /// Sets a callback for the progress of the upload.
    ///
    /// It is called at the beginning, at most ten times a second, when a request fails and is retried, and at the end.
    /// Bytes count when they are passed to the connection.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// let show = |now: dingtalk_files::Progress| eprintln!("{} of {:?} bytes", now.bytes, now.total);
    /// client.upload("space-1", "0", UnionId("operator-1")).progress(show).from_file("large.iso")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn progress(mut self, callback: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Sets a flag that ends the upload when it becomes `true`; see [`Download::cancel`](crate::Download::cancel).
    ///
    /// If parts have arrived, the error is [`UploadInterrupted`](Error::UploadInterrupted) with
    /// [`Cancelled`](Error::Cancelled) as its [`root`](Error::root), so that nothing is lost. A commit that has been
    /// sent is not interrupted, because its outcome would be unknown. On Windows, a connection that the server does not
    /// read from ends only with the [`stall_timeout`](crate::ClientBuilder::stall_timeout).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// use std::sync::atomic::AtomicBool;
    /// use dingtalk_files::Error;
    ///
    /// let flag = AtomicBool::new(true);
    /// let upload = client.upload("space-1", "0", UnionId("operator-1")).name("a.txt");
    /// assert!(matches!(upload.cancel(&flag).from_bytes(b"hello"), Err(Error::Cancelled { done: 0 })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Uploads a local file.
    ///
    /// ```no_run
    /// # use dingtalk_files::{Client, UnionId};
    /// # let client = Client::from_env()?;
    /// let done = client.upload("space-1", "0", UnionId("operator-1")).from_file("report.xls")?;
    /// # let _ = done;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Source`](Error::Source) for a file that cannot be read, is not a regular file, or changes during the upload;
    /// [`InvalidArgument`](Error::InvalidArgument) for an invalid name, part size or number of connections;
    /// [`UploadInterrupted`](Error::UploadInterrupted) if parts have arrived that need not be sent again;
    /// [`CommitOutcomeUnknown`](Error::CommitOutcomeUnknown) if the commit was sent and no response arrived; those of
    /// [`get_file_upload_info`](crate::Storage::get_file_upload_info) and of the commit;
    /// [`ChecksumMismatch`](Error::ChecksumMismatch) if the store repeatedly receives other bytes than were sent;
    /// [`Cancelled`](Error::Cancelled).
    #[inline]
    pub fn from_file(mut self, path: impl AsRef<Path>) -> Result<Uploaded> {
        let path = path.as_ref();
        let source = FileSource::open(path)?;
        if self.name.is_none() {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| {
                let what = format!("{} has no file name in UTF-8: set one with `name`", PathText(path));
                Error::InvalidArgument(what)
            })?;
            self.name = Some(name.to_owned());
        }
        self.run(&source)
    }

    /// Uploads bytes in memory. Needs a [`name`](Self::name).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let done = client.upload("space-1", "0", UnionId("operator-1")).name("hello.txt").from_bytes(b"hello")?;
    /// assert_eq!(done.bytes, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_file`](Self::from_file).
    #[inline]
    pub fn from_bytes(self, bytes: impl AsRef<[u8]>) -> Result<Uploaded> {
        self.run(&BytesSource(bytes.as_ref()))
    }

    /// Uploads the bytes of a seekable reader, from its current position to its end. Needs a [`name`](Self::name).
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let mut reader = std::io::Cursor::new(b"headhello");
    /// reader.set_position(4);
    /// let upload = client.upload("space-1", "0", UnionId("operator-1")).name("hello.txt");
    /// assert_eq!(upload.from_seekable(&mut reader)?.bytes, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_file`](Self::from_file).
    #[inline]
    pub fn from_seekable(self, reader: impl Read + Seek + Send) -> Result<Uploaded> {
        self.run(&SeekSource::new(reader)?)
    }

    /// Uploads exactly `size` bytes from a reader. Needs a [`name`](Self::name).
    ///
    /// The reader is read to its end, because a reader with more than `size` bytes is an error. Limit a reader that
    /// stays open, such as a socket, with [`take`](Read::take).
    ///
    /// A reader returns each byte once, but a connection may break. Each part is therefore kept in memory until it has
    /// arrived, and as many parts as are sent in parallel. A part has 16 MiB for up to 160 GB, and
    /// [`part_size`](Self::part_size) makes it smaller.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.add_space("space-1");
    /// # let client = fake.client().build()?;
    /// let pipe: &[u8] = b"hello"; // a process's output, a socket
    /// let upload = client.upload("space-1", "0", UnionId("operator-1")).name("hello.txt");
    /// assert!(upload.from_reader(pipe, 5)?.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_file`](Self::from_file), and [`Source`](Error::Source) for a reader that has fewer or more
    /// bytes.
    #[inline]
    pub fn from_reader(self, reader: impl Read + Send, size: u64) -> Result<Uploaded> {
        self.run(&StreamSource::new(reader, size))
    }
}

impl fmt::Debug for Upload<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("client", &self.client)
            .field("space_id", &self.space_id)
            .field("parent_id", &self.parent_id)
            .field("name", &self.name)
            .field("parallel", &self.connections)
            .finish_non_exhaustive()
    }
}
