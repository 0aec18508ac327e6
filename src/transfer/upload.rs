//! An upload with everything it can be told.

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

/// An upload that is being described. From [`Client::upload`].
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.add_space("space-1");
/// # let client = fake.client().build()?;
/// let upload = client.upload("space-1", "0", UnionId("operator-1")).name("hello.txt");
/// let done = upload.from_bytes(b"hello")?;
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
    /// Describes an upload into a folder of a space; `"0"` is the root. Nothing is sent yet.
    ///
    /// Upload info, PUT, commit: the three documented steps, with what can go wrong between them. Files above 64 MiB go in
    /// parts. Memory stays constant (see [`from_reader`](Upload::from_reader) for the one exception).
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

    /// An upload into a folder that is named by its dentryUuid, with storage 2.0.
    ///
    /// The root of a knowledge base or of a space has a uuid too: see [`Wiki`](crate::Wiki). Nothing is sent yet. A file in
    /// parts needs the id of the space, which is asked for then. Apps made after August 2023 can only commit this way.
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
    /// The name in the folder, with extension. Default: that of the file; needed for everything that is no file.
    ///
    /// `DingTalk` cuts blanks at both ends off, and takes no tab, none of `* " < > |`, and no dot at the end; such a name is an
    /// error before anything is sent.
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

    /// What happens when the name is taken. The vendor's default is
    /// [`AutoRename`](ConflictStrategy::AutoRename): the file becomes `name(1)`.
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

    /// Something the app notes on the file, at most 3 times.
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

    /// The region to store the file in. Default: the vendor's choice.
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

    /// Whether URLs of the intranet are preferred, which dedicated storage has. Default: true.
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

    /// Whether the file becomes an online document, of the kind that fits its extension or of
    /// [`online_doc_type`](Self::online_doc_type). Default: false. Only with [`Client::upload_into`] or
    /// [`commit_into`](Self::commit_into).
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

    /// The kind of online document that the file becomes. Default: the one that fits its extension.
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

    /// Commits with storage 2.0, into the folder of this dentryUuid, instead of with storage 1.0. It has to be the folder that
    /// the upload names by its ids.
    ///
    /// The vendor closed the commit of storage 1.0 to apps made after August 2023, and names this one as its successor.
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

    /// How many parts are on their way at once, from 1 to 64, where the upload is in parts. Default: 1.
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

    /// Size of a part in bytes: 100 KiB to 5 GiB, and so that 10 000 parts suffice. Default: 16 MiB, or for large files a
    /// 300th of the size, up to 512 MiB: URLs come 30 to a call, and calls are counted.
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

    /// Files of more bytes than this go in parts. Default: 64 MiB, or one part for [`from_reader`](Self::from_reader). Above
    /// 5 GiB they always do.
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

    /// Goes on with an upload that ended in [`Error::UploadInterrupted`], of the same bytes. Parts that have arrived are read
    /// again and compared, but not sent.
    ///
    /// The client has tried for some seconds by then: wait a little, and not without end.
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

    /// Is called with how far the upload is: at the beginning, at most ten times a second, when something fails and is tried
    /// again, and at the end. Bytes are counted when they are handed to the connection.
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

    /// A flag that ends the upload when it becomes `true`; see [`Download::cancel`](crate::Download::cancel). When parts have
    /// arrived, the error is [`UploadInterrupted`](Error::UploadInterrupted) with [`Cancelled`](Error::Cancelled) as its
    /// [`root`](Error::root), so that nothing is lost. A commit that has been sent is waited for: to end it would leave its
    /// outcome unknown. On Windows a connection that nobody reads ends with the
    /// [`stall_timeout`](crate::ClientBuilder::stall_timeout) only.
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

    /// Uploads a file.
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
    /// [`Source`](Error::Source) for a file that cannot be read, is no regular file, or changes meanwhile;
    /// [`InvalidArgument`](Error::InvalidArgument) for a name, a part size or a number of connections that cannot be;
    /// [`UploadInterrupted`](Error::UploadInterrupted) when parts have arrived that need not be sent again;
    /// [`CommitOutcomeUnknown`](Error::CommitOutcomeUnknown) when the commit was sent and no answer came; those of
    /// [`get_file_upload_info`](crate::Storage::get_file_upload_info) and of the commit;
    /// [`ChecksumMismatch`](Error::ChecksumMismatch) when the store keeps getting something else than was sent;
    /// [`Cancelled`](Error::Cancelled).
    #[inline]
    pub fn from_file(mut self, path: impl AsRef<Path>) -> Result<Uploaded> {
        let path = path.as_ref();
        let source = FileSource::open(path)?;
        if self.name.is_none() {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| {
                let what = format!("{} gives no name in UTF-8: set one with `name`", PathText(path));
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

    /// Uploads what a reader that can seek has from where it stands to its end. Needs a [`name`](Self::name).
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

    /// Uploads exactly `size` bytes of a reader. Needs a [`name`](Self::name).
    ///
    /// The reader is read to its end, because one that has more bytes than it should is an error. Cut one that stays open,
    /// such as a socket, with [`take`](Read::take).
    ///
    /// A reader gives each byte once, but a connection may break: so each part is kept in memory until it has arrived, times
    /// the number of parts on their way. That is 16 MiB for up to 160 GB, and [`part_size`](Self::part_size) makes it less.
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
    /// Those of [`from_file`](Self::from_file), and [`Source`](Error::Source) for a reader that has fewer or more bytes.
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
