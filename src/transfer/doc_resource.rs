//! Upload of an attachment or picture into a document: upload info and PUT, without a commit.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use super::context::{Callback, Progress, TransferContext};
use super::multipart::{Multipart, PartSigners};
use super::signer::UploadSigner;
use super::source::{BytesSource, FileSource, Source};
use crate::api::doc::ResourceUploadInfo;
use crate::base::error::{Error, PathText, Problem, Result};
use crate::base::ids::UnionId;
use crate::base::upload::PendingUpload;
use crate::client::Client;
use crate::object::signed_urls::{SignedUrls, UPLOAD_INFO, UncheckedUrls, refuse};

/// An upload into a document. Returned by [`Client::doc_resource`].
///
/// ```no_run
/// use dingtalk_files::{Client, UnionId};
///
/// let client = Client::from_env()?;
/// let stored = client.doc_resource("doc-1", UnionId("operator-1")).from_file("logo.png")?;
/// println!("{:?} at {:?}", stored.resource_id, stored.resource_url);
/// # Ok::<(), dingtalk_files::Error>(())
/// ```
#[must_use = "nothing is sent before `from_file` or `from_bytes`"]
pub struct DocResource<'a> {
    client: Client,
    doc_id: String,
    operator: String,
    name: Option<String>,
    media_type: Option<String>,
    progress: Option<Callback<'a>>,
    cancel: Option<&'a AtomicBool>,
}

/// An uploaded attachment. Write its id and URL into the document with the operations of documents.
///
/// ```
/// fn id(stored: &dingtalk_files::StoredResource) -> Option<&str> {
///     stored.resource_id.as_deref()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredResource {
    /// Id of the attachment.
    pub resource_id: Option<String>,
    /// Path by which the document refers to the attachment.
    pub resource_url: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Whether the checksum of the stored bytes was compared with the checksum of the sent bytes.
    pub verified: bool,
}

impl Client {
    /// Prepares the upload of an attachment or picture into a document.
    ///
    /// `doc_id` is the document's dentryUuid, documentId, workbookId or baseId. Sends no request yet.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let upload = Client::from_env()?.doc_resource("doc-1", UnionId("operator-1"));
    /// let stored = upload.name("logo.png").media_type("image/png").from_bytes(b"bytes of a picture")?;
    /// # let _ = stored;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn doc_resource<'a>(&self, doc_id: impl Into<String>, operator: UnionId<'_>) -> DocResource<'a> {
        DocResource {
            client: self.clone(),
            doc_id: doc_id.into(),
            operator: operator.into(),
            name: None,
            media_type: None,
            progress: None,
            cancel: None,
        }
    }
}

impl<'a> DocResource<'a> {
    /// Sets the name. Default: the name of the file.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let upload = Client::from_env()?.doc_resource("doc-1", UnionId("operator-1")).name("logo.png");
    /// # let _ = upload;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the MIME type. Default: the type of the name's extension, or `application/octet-stream`.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let upload = Client::from_env()?.doc_resource("doc-1", UnionId("operator-1")).media_type("image/webp");
    /// # let _ = upload;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Sets a callback for the progress, as in [`Upload::progress`](crate::Upload::progress).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let upload = Client::from_env()?.doc_resource("doc-1", UnionId("operator-1")).progress(|p| println!("{}", p.bytes));
    /// # let _ = upload;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn progress(mut self, callback: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Sets a flag that ends the upload, as in [`Upload::cancel`](crate::Upload::cancel).
    ///
    /// ```no_run
    /// use std::sync::atomic::AtomicBool;
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let flag = AtomicBool::new(false);
    /// let upload = Client::from_env()?.doc_resource("doc-1", UnionId("operator-1")).cancel(&flag);
    /// # let _ = upload;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Uploads a local file.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// Client::from_env()?.doc_resource("doc-1", UnionId("operator-1")).from_file("logo.png")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Source`] for a file that cannot be read or that changes during the upload; those of
    /// [`get_resource_upload_info`](crate::Doc::get_resource_upload_info) and of the object store.
    #[inline]
    pub fn from_file(mut self, path: impl AsRef<Path>) -> Result<StoredResource> {
        let path = path.as_ref();
        let source = FileSource::open(path)?;
        if self.name.is_none() {
            let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            let unnamed = || format!("{} has no file name in UTF-8: set one with `name`", PathText(path));
            self.name = Some(name.ok_or_else(|| Error::InvalidArgument(unnamed()))?);
        }
        self.run(&source)
    }

    /// Uploads bytes under the [`name`](Self::name) that was set.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let upload = Client::from_env()?.doc_resource("doc-1", UnionId("operator-1"));
    /// upload.name("table.csv").from_bytes("a;b\n1;2\n")?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if no name is set; those of [`from_file`](Self::from_file).
    #[inline]
    pub fn from_bytes(self, bytes: impl AsRef<[u8]>) -> Result<StoredResource> {
        self.run(&BytesSource(bytes.as_ref()))
    }

    #[inline]
    fn run(mut self, source: &dyn Source) -> Result<StoredResource> {
        let name = self.name.take().filter(|name| !name.is_empty());
        let name =
            name.ok_or_else(|| Error::InvalidArgument("the name is empty: set it with `name`".to_owned()))?;
        let media_type = self.media_type.take().unwrap_or_else(|| guessed(&name).to_owned());
        let client = self.client.within_deadline();
        let context = TransferContext::of(&client).cancel(self.cancel).progress(self.progress.take());
        let size = source.size();
        context.begin(0, Some(size));
        let (doc_id, operator) = (self.doc_id.as_str(), self.operator.as_str());
        let mut pending = PendingUpload {
            upload_key: String::new(),
            size,
            part_size: 0,
            done: Vec::new(),
            stamp: source.stamp(),
        };
        let last = Mutex::new(ResourceUploadInfo::default());
        let sent = context.run(&client, 1, |client| {
            let ask = || {
                let asked_at = client.clock().now();
                let doc = client.doc();
                let info =
                    doc.get_resource_upload_info(doc_id, &media_type, &name, size, UnionId(operator))?;
                let url = info
                    .upload_url
                    .as_ref()
                    .ok_or_else(|| refuse(UPLOAD_INFO, Problem::Missing("uploadUrl")))?;
                // The URL is signed with the content type, unlike the URLs of storage.
                let headers = BTreeMap::from([("Content-Type".to_owned(), media_type.clone())]);
                let urls = [url.as_str().to_owned()];
                let unchecked =
                    UncheckedUrls { operation: UPLOAD_INFO, urls: &urls, headers: &headers, life: None };
                let urls = SignedUrls::check(&unchecked, client.plain_http(), asked_at)?;
                let key = info.resource_id.clone().unwrap_or_default();
                *last.lock().unwrap_or_else(PoisonError::into_inner) = info;
                Ok((key, urls))
            };
            let multipart = Multipart { client, source, connections: 1, context: &context };
            multipart.run(&mut pending, &PartSigners::Single(UploadSigner::new(&ask)))?;
            source.check_end()?;
            context.check()
        });
        sent.map_err(|cause| match cause {
            Error::Source(cause) => source.explain(*cause),
            cause => cause,
        })?;
        context.finish();
        let info = last.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ResourceUploadInfo { resource_id, resource_url, .. } = info;
        Ok(StoredResource { resource_id, resource_url, bytes: size, verified: pending.checksum().1 })
    }
}

/// Returns the MIME type of a name. Covers only the few types that documents show.
#[inline]
fn guessed(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "txt" => "text/plain",
        "csv" => "text/csv",
        _ => "application/octet-stream",
    }
}

impl fmt::Debug for DocResource<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocResource")
            .field("doc_id", &self.doc_id)
            .field("name", &self.name)
            .field("media_type", &self.media_type)
            .finish_non_exhaustive()
    }
}
