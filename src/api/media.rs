//! Media: uploads that return a media id for use in messages.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::base::call::Call;
use crate::base::error::{Error, Result, SourceError, SourceProblem};
use crate::base::form::Form;
use crate::base::ids::string_enum;
use crate::base::json::null_is_default;
use crate::client::Client;

super::group! {
    /// Operations of `media`: files for messages. Returned by [`Client::media`](crate::Client::media).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MediaType, RobotMessage, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let media = client.media().upload_file(&MediaType::File, "report.xlsx")?;
    /// let message = RobotMessage::file(&media.media_id, "report.xlsx", "xlsx");
    /// client.robot().batch_send_oto(&message, "robot-1", &[UserId("user-1")])?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Media
}

impl Client {
    /// Returns the operations of `media`: files for messages.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MediaType};
    ///
    /// let client = Client::from_env()?;
    /// let media = client.media().upload(&MediaType::Image, "logo.png", b"bytes of a picture")?;
    /// println!("{}", media.media_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn media(&self) -> Media<'_> {
        Media::new(self)
    }
}

string_enum! {
    /// Kind of a media file. Each kind has a size limit: see [`Media::upload`].
    MediaType: sent, received {
        /// Picture: jpg, gif, png, bmp.
        Image = "image",
        /// Voice message: amr, mp3, wav.
        Voice = "voice",
        /// Video: mp4.
        Video = "video",
        /// Document: doc, docx, xls, xlsx, ppt, pptx, zip, pdf, rar. Other extensions were observed to be accepted.
        File = "file",
    }
}

/// A file that was uploaded for messages.
///
/// ```
/// let json = r#"{"media_id": "@media-1", "type": "file", "created_at": 1605863153573}"#;
/// let media: dingtalk_files::MediaFile = serde_json::from_str(json)?;
/// assert_eq!(media.media_id, "@media-1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MediaFile {
    /// Id for use in messages; empty if the server returned none, which has not been observed. It can be used more than
    /// once; no expiry is documented. The bytes cannot be downloaded with it.
    #[serde(deserialize_with = "null_is_default")]
    pub media_id: String,
    /// Kind of the file.
    #[serde(rename = "type")]
    pub kind: Option<MediaType>,
    /// Time of the upload, in milliseconds since 1970.
    pub created_at: Option<i64>,
}

const MIB: u64 = 1024 * 1024;
const MAX_BYTES: u64 = 20 * MIB;
const MAX_VOICE: u64 = 2 * MIB;

/// Vendor limit in bytes.
#[inline]
fn limit(kind: &MediaType) -> u64 {
    if *kind == MediaType::Voice { MAX_VOICE } else { MAX_BYTES }
}

#[inline]
fn too_long(kind: &MediaType, at_least: u64) -> Error {
    let most = limit(kind);
    Error::InvalidArgument(format!(
        "media/upload: `{kind}` has at least {at_least} bytes, over the limit of {most}"
    ))
}

impl Media<'_> {
    /// Uploads bytes for messages and returns their media id.
    ///
    /// Calls `media/upload`, documented at
    /// [upload-media-files](https://open.dingtalk.com/document/orgapp/upload-media-files).
    /// Permission: `qyapi_base`. Internal and ISV apps.
    ///
    /// The limit is 20 MiB, and 2 MiB for voice. People see `file_name`, and messages need its extension. Each upload
    /// creates a new id, so the call is never retried automatically. Uploads do not count against the organisation's
    /// storage quota.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MediaType};
    ///
    /// let client = Client::from_env()?;
    /// let media = client.media().upload(&MediaType::File, "report.csv", b"a;b\n1;2\n")?;
    /// println!("{}", media.media_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for no bytes, too many bytes, or an empty name, before
    /// any request is sent. `40004` (kind), `40005` (extension), `40006` (size), `41005`, `44001` (no bytes), `45001`
    /// (size); `-1` when the server is busy.
    #[inline]
    pub fn upload(&self, kind: &MediaType, file_name: &str, bytes: &[u8]) -> Result<MediaFile> {
        let size = bytes.len() as u64;
        if size > limit(kind) {
            return Err(too_long(kind, size));
        }
        if bytes.is_empty() || file_name.is_empty() {
            let problem =
                if file_name.is_empty() { "the file name is empty" } else { "the file has no bytes" };
            return Err(Error::InvalidArgument(format!("media/upload: {problem}")));
        }
        let form = Form::new().text("type", kind.as_str()).file("media", file_name, bytes);
        // The vendor's page has `type` in the form; a note on that page and nearly all programs have it in the query.
        let call = Call::new("POST /media/upload", &[]).query("type", kind.as_str()).form(form);
        self.client.call(&call)
    }

    /// Uploads a file for messages, under the file's own name: see [`upload`](Self::upload).
    ///
    /// The size is checked before the file is read.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MediaType};
    ///
    /// let client = Client::from_env()?;
    /// let media = client.media().upload_file(&MediaType::Image, "logo.png")?;
    /// println!("{}", media.media_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Source`](crate::Error::Source) if the file cannot be read; the errors of [`upload`](Self::upload).
    #[inline]
    pub fn upload_file(&self, kind: &MediaType, path: impl AsRef<Path>) -> Result<MediaFile> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.upload_file_as(kind, &name, path)
    }

    /// Uploads a file under another name.
    #[inline]
    pub(crate) fn upload_file_as(self, kind: &MediaType, name: &str, path: &Path) -> Result<MediaFile> {
        let fail = |problem| Error::from(SourceError { path: Some(path.to_owned()), problem });
        // Checked before the file is opened: opening a pipe blocks until it has a writer.
        let found = fs::metadata(path).map_err(|e| fail(SourceProblem::Unreadable(e)))?;
        if !found.is_file() {
            return Err(fail(SourceProblem::NoFile));
        }
        if found.len() > limit(kind) {
            return Err(too_long(kind, found.len()));
        }
        let file = File::open(path).map_err(|e| fail(SourceProblem::Unreadable(e)))?;
        let bytes = read(kind, file).map_err(|e| match e {
            Error::Source(mut e) => {
                e.path = Some(path.to_owned());
                Error::Source(e)
            }
            other => other,
        })?;
        self.upload(kind, name, &bytes)
    }

    /// Uploads everything from a reader, for messages: see [`upload`](Self::upload).
    ///
    /// The bytes are first read into memory, and reading stops one byte beyond the limit.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MediaType};
    ///
    /// let client = Client::from_env()?;
    /// let media = client.media().upload_reader(&MediaType::File, "input.txt", std::io::stdin())?;
    /// println!("{}", media.media_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Source`](crate::Error::Source) if the reader fails; the errors of [`upload`](Self::upload).
    #[inline]
    pub fn upload_reader(&self, kind: &MediaType, file_name: &str, reader: impl Read) -> Result<MediaFile> {
        let bytes = read(kind, reader)?;
        self.upload(kind, file_name, &bytes)
    }
}

/// Reads to the end, or one byte beyond the limit.
#[inline]
fn read(kind: &MediaType, reader: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = reader.take(limit(kind) + 1).read_to_end(&mut bytes);
    read.map_err(|e| SourceError { path: None, problem: SourceProblem::Unreadable(e) })?;
    Ok(bytes)
}
