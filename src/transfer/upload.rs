//! An upload with everything it can be told.

use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::context::{Callback, Progress, TransferContext};
use super::multipart::{Multipart, PartSigners, PartSize, PartUrls};
use super::plan::MIB;
use super::signer::{UploadSigner, check_upload_info};
use super::source::{BytesSource, FileSource, SeekSource, Source, StreamSource};
use crate::api::storage::dentries::check_app_properties;
use crate::api::storage::uploads::{CommitFile, GetFileUploadInfo, InitMultipartFileUpload, PreCheckParam};
use crate::api::storage_v2::files::CommitFileV2;
use crate::base::dentry::{AppProperty, ConflictStrategy, Dentry};
use crate::base::error::{CommitUnknown, Error, Problem, Result, UploadInterrupted};
use crate::base::ids::UnionId;
use crate::base::upload::{PendingUpload, Uploaded};
use crate::client::Client;
use crate::object::MAX_PARALLEL;
use crate::object::signed_urls::{SignedUrls, UPLOAD_INFO, refuse};

/// Up to here one PUT does it: two calls instead of three, and one object that is no multipart object.
const SINGLE_UP_TO: u64 = 64 * MIB;
/// The vendor's limit for a single PUT.
const SINGLE_AT_MOST: u64 = 5 * 1024 * MIB;

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
    pub(crate) client: Client,
    space_id: String,
    parent_id: String,
    operator: String,
    parent_uuid: Option<String>,
    name: Option<String>,
    conflict_strategy: Option<ConflictStrategy>,
    app_properties: Vec<AppProperty>,
    connections: usize,
    part_size: Option<u64>,
    multipart_above: Option<u64>,
    resume: Option<PendingUpload>,
    progress: Option<Callback<'a>>,
    cancel: Option<&'a AtomicBool>,
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
        Upload {
            client: self.clone(),
            space_id: space_id.into(),
            parent_id: parent_id.into(),
            operator: operator.0.to_owned(),
            parent_uuid: None,
            name: None,
            conflict_strategy: None,
            app_properties: Vec::new(),
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
                let what = format!("{} gives no name in UTF-8: set one with `name`", path.display());
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

    #[inline]
    fn run(mut self, source: &dyn Source) -> Result<Uploaded> {
        if !(1..=MAX_PARALLEL).contains(&self.connections) {
            let what = format!("{} connections; from 1 to {MAX_PARALLEL} are possible", self.connections);
            return Err(Error::InvalidArgument(what));
        }
        let name = check_name(self.name.as_deref())?;
        // The commit would say so too, when everything has been sent.
        check_app_properties("upload", Some(&self.app_properties))?;
        let mut pending = self.plan(source)?;
        let client = self.client.within_deadline();
        let progress = self.progress.take();
        let context =
            TransferContext::of(&client).shared_by(self.connections).cancel(self.cancel).progress(progress);
        context.begin(0, Some(source.size()));
        let sent = context.run(&client, self.connections, |client| {
            self.send(client, source, &mut pending, &context)?;
            source.check_end()?;
            context.check()
        });
        if let Err(cause) = sent {
            // A call that was ended by the flag, or its wait, shows as its last failure.
            let is_explained = matches!(cause, Error::Source(_) | Error::Cancelled { .. });
            let is_ended = context.is_cancelled() && !is_explained;
            let cause = if is_ended { Error::Cancelled { done: context.bytes() } } else { cause };
            // With nothing to go on from, or nothing that is worth it, it is only the error.
            return Err(match cause {
                Error::Source(cause) => source.explain(*cause),
                cause if pending.done.is_empty() => cause,
                cause => UploadInterrupted { pending, cause }.into(),
            });
        }
        let dentry = self.commit(&client, name, &pending)?;
        context.finish();
        let (crc64, verified) = pending.checksum();
        Ok(Uploaded { dentry, bytes: pending.size, crc64, verified })
    }

    /// In how many parts, and what of them is done.
    #[inline]
    fn plan(&mut self, source: &dyn Source) -> Result<PendingUpload> {
        let (size, stamp) = (source.size(), source.stamp());
        if let Some(pending) = self.resume.take() {
            if pending.size != size || pending.stamp != stamp {
                let what = "the upload to be resumed was begun with another source";
                return Err(Error::InvalidArgument(what.to_owned()));
            }
            return Ok(pending);
        }
        let part_size = PartSize { size, wished: self.part_size, is_buffered: source.is_stream() }.check()?;
        let single_up_to = if source.is_stream() { part_size } else { SINGLE_UP_TO };
        let single_up_to = self.multipart_above.unwrap_or(single_up_to).min(SINGLE_AT_MOST);
        let part_size = if size <= single_up_to { 0 } else { part_size };
        Ok(PendingUpload { upload_key: String::new(), size, part_size, done: Vec::new(), stamp })
    }

    /// Everything up to the commit.
    #[inline]
    fn send(
        &self,
        client: &Client,
        source: &dyn Source,
        pending: &mut PendingUpload,
        context: &TransferContext<'_>,
    ) -> Result<()> {
        let multipart = Multipart { client, source, connections: self.connections, context };
        if pending.part_size == 0 {
            let is_new = pending.upload_key.is_empty();
            let pre_check = self.pre_check(pending.size);
            let (space_id, operator) = (self.space_id.as_str(), self.operator());
            let ask = || ask_for_upload(client, space_id, operator, &pre_check);
            let signers = PartSigners::Single(UploadSigner::new(&ask));
            multipart.run(pending, &signers)?;
            if let (PartSigners::Single(signer), true) = (&signers, is_new) {
                pending.upload_key = signer.upload_key();
            }
            return Ok(());
        }
        if pending.upload_key.is_empty() {
            let options = InitMultipartFileUpload::new().pre_check_param(self.pre_check(pending.size));
            let begun =
                client.storage().init_multipart_file_upload(&self.space_id, self.operator(), &options)?;
            pending.upload_key = check_key(begun.upload_key)?;
        }
        let key = pending.upload_key.clone();
        let signers = PartSigners::Parts(PartUrls::new(client, self.operator(), &key, pending));
        multipart.run(pending, &signers)
    }

    /// The quota is checked before gigabytes are sent. The name is not: under most strategies one that is taken is no error.
    #[inline]
    fn pre_check(&self, size: u64) -> PreCheckParam {
        let check = PreCheckParam::new().size(size);
        match (&self.name, &self.conflict_strategy) {
            (Some(name), Some(ConflictStrategy::ReturnErrorIfExists)) => {
                check.name(name.as_str()).parent_id(self.parent_id.as_str())
            }
            _ => check,
        }
    }

    #[inline]
    fn commit(&self, client: &Client, name: String, pending: &PendingUpload) -> Result<Dentry> {
        let key = pending.upload_key.as_str();
        let committed = match &self.parent_uuid {
            None => {
                let mut options = CommitFile::new().size(pending.size);
                if let Some(strategy) = &self.conflict_strategy {
                    options = options.conflict_strategy(strategy.clone());
                }
                if !self.app_properties.is_empty() {
                    options = options.app_properties(self.app_properties.clone());
                }
                let (space, parent) = (&self.space_id, &self.parent_id);
                client.storage().commit_file(space, key, &name, parent, self.operator(), &options)
            }
            Some(uuid) => {
                let mut options = CommitFileV2::new().size(pending.size);
                if let Some(strategy) = &self.conflict_strategy {
                    options = options.conflict_strategy(strategy.clone());
                }
                if !self.app_properties.is_empty() {
                    options = options.app_properties(self.app_properties.clone());
                }
                client.storage_v2().commit_file(uuid, key, &name, self.operator(), &options)
            }
        };
        committed.map_err(|cause| {
            let pending = pending.clone();
            if cause.may_have_run() {
                CommitUnknown { upload_key: pending.upload_key, name, cause }.into()
            } else {
                UploadInterrupted { pending, cause }.into()
            }
        })
    }

    #[inline]
    fn operator(&self) -> UnionId<'_> {
        UnionId(&self.operator)
    }
}

/// Each upload info names another upload.
#[inline]
fn ask_for_upload(
    client: &Client,
    space_id: &str,
    operator: UnionId<'_>,
    pre_check: &PreCheckParam,
) -> Result<(String, SignedUrls)> {
    let asked_at = client.clock().now();
    let options = GetFileUploadInfo::new().pre_check_param(pre_check.clone());
    let info = client.storage().get_file_upload_info(space_id, false, operator, &options)?;
    let upload_key = check_key(info.upload_key)?;
    let (protocol, info) = (info.protocol.as_ref(), info.header_signature_info.as_ref());
    Ok((upload_key, check_upload_info(client, protocol, info, asked_at)?))
}

#[inline]
fn check_key(key: String) -> Result<String> {
    if key.is_empty() { Err(refuse(UPLOAD_INFO, Problem::Missing("uploadKey"))) } else { Ok(key) }
}

/// The vendor's rules, before gigabytes are sent for a name that is refused in the end.
#[inline]
fn check_name(name: Option<&str>) -> Result<String> {
    let name = name.unwrap_or_default();
    let problem = if name.trim().is_empty() {
        "is empty: set it with `name`"
    } else if name.contains(['\t', '*', '"', '<', '>', '|']) {
        "has a tab or one of * \" < > |, which DingTalk refuses"
    } else if name.trim_end().ends_with('.') {
        "ends with a dot, which DingTalk refuses"
    } else {
        return Ok(name.to_owned());
    };
    Err(Error::InvalidArgument(format!("the name {name:?} {problem}")))
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
