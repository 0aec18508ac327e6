//! Origins of a file, and the calls that return a URL for each.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::checkpoint::Identity;
use crate::api::doc::ExportStatus;
use crate::api::storage::files::{DownloadInfo, GetFileDownloadInfo, HeaderSignatureInfo};
use crate::api::topapi::UserGet;
use crate::api::workflow::{ApprovalFileId, GetSpaceWithDownloadAuth, GrantProcessInstanceForDownloadFile};
use crate::base::call::encode;
use crate::base::error::{Error, Problem, Result, UnexpectedAnswer};
use crate::base::ids::{UnionId, UserId};
use crate::base::secret::{PresignedUrl, Secret};
use crate::base::task::{Task, TaskStatus};
use crate::client::Client;

/// Path by which an attachment of an approval was reached.
///
/// ```
/// use dingtalk_files::AttachmentWay;
///
/// assert_ne!(AttachmentWay::Approval, AttachmentWay::Storage);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachmentWay {
    /// Through the URL that the approval's own operation returned.
    Approval,
    /// Through a grant, and then as a file of the approval's space.
    Storage,
}

/// A kind of file. Files hold their kind behind a pointer, so that a kind costs nothing in a program that does not use
/// it.
pub(crate) trait Origin: Boxed + fmt::Debug + Send + Sync {
    /// Requests the URLs of the file.
    fn download_info(&self, client: &Client) -> Result<DownloadInfo>;

    /// Returns the identity of the file in a checkpoint. It contains no signature, code or token.
    fn identity(&self) -> Identity;

    /// Returns whether another URL can be requested when this one expires.
    #[inline]
    fn can_renew(&self) -> bool {
        true
    }

    /// Returns the options of a file in storage.
    #[inline]
    fn options_mut(&mut self) -> Option<&mut GetFileDownloadInfo> {
        None
    }

    /// Sets the person to whom an attachment is granted.
    #[inline]
    fn grant_to(&mut self, _user: UserId<'_>) {}

    /// Returns the way to an attachment.
    #[inline]
    fn way(&self) -> Option<AttachmentWay> {
        None
    }

    /// Returns the longest wait for an export.
    #[inline]
    fn longest_wait(&mut self) -> Option<&mut Duration> {
        None
    }

    /// Returns whether the file is made on demand, so that its URL may take a while.
    #[inline]
    fn is_made_on_demand(&self) -> bool {
        false
    }
}

/// A trait object that can be cloned.
pub(crate) trait Boxed {
    fn boxed(&self) -> Box<dyn Origin>;
}

impl<T: Origin + Clone + 'static> Boxed for T {
    #[inline]
    fn boxed(&self) -> Box<dyn Origin> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Origin> {
    #[inline]
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

/// A file of storage 1.0.
#[derive(Debug, Clone)]
pub(crate) struct StorageFile {
    pub(crate) space_id: String,
    pub(crate) dentry_id: String,
    pub(crate) operator: String,
    pub(crate) options: GetFileDownloadInfo,
}

/// A file of storage 2.0. Its space and dentry id are requested once.
#[derive(Debug, Clone)]
pub(crate) struct UuidFile {
    pub(crate) dentry_uuid: String,
    pub(crate) operator: String,
    pub(crate) options: GetFileDownloadInfo,
    pub(crate) file: Arc<OnceLock<StorageFile>>,
}

/// A file that was sent to a robot. The download code gives access to the file while the code is valid.
#[derive(Debug, Clone)]
pub(crate) struct RobotFile {
    pub(crate) download_code: Secret,
    pub(crate) robot_code: String,
}

/// A file at any URL.
#[derive(Debug, Clone)]
pub(crate) struct UrlFile(pub(crate) PresignedUrl);

/// An attachment of an approval.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub(crate) process_instance_id: String,
    pub(crate) file_id: String,
    /// The userid of the person to whom the download is granted if the approval's URL is not permitted.
    pub(crate) user_id: Option<String>,
    /// The file in the approval's space, once the download was granted.
    pub(crate) file: Arc<OnceLock<StorageFile>>,
    pub(crate) way: Arc<Mutex<Option<AttachmentWay>>>,
}

/// An online document that is exported to a file.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    pub(crate) dentry_uuid: String,
    pub(crate) format: String,
    pub(crate) operator: String,
    pub(crate) at_most: Duration,
    /// The task that made the file. Kept to request another URL of that file.
    pub(crate) task: Arc<Mutex<Option<String>>>,
}

/// Documented lifetime of an approval's URL: 15 minutes, in seconds.
const APPROVAL_LIFE: u64 = 900;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const EXPORT: &str = "document export";

impl Origin for StorageFile {
    #[inline]
    fn download_info(&self, client: &Client) -> Result<DownloadInfo> {
        let operator = UnionId(&self.operator);
        client.storage().get_file_download_info(&self.space_id, &self.dentry_id, operator, &self.options)
    }

    #[inline]
    fn identity(&self) -> Identity {
        let (space_id, dentry_id) = (self.space_id.clone(), self.dentry_id.clone());
        Identity { space_id, dentry_id, version: self.options.version, origin: None }
    }

    #[inline]
    fn options_mut(&mut self) -> Option<&mut GetFileDownloadInfo> {
        Some(&mut self.options)
    }
}

impl Origin for RobotFile {
    #[inline]
    fn download_info(&self, client: &Client) -> Result<DownloadInfo> {
        let url =
            client.robot().robot_message_file_download(self.download_code.expose(), &self.robot_code)?;
        Ok(plain(&url, None))
    }

    #[inline]
    fn identity(&self) -> Identity {
        named("robot", &[&self.robot_code, &checksum(self.download_code.expose())])
    }
}

impl Origin for UrlFile {
    #[inline]
    fn download_info(&self, _: &Client) -> Result<DownloadInfo> {
        Ok(plain(&self.0, None))
    }

    /// Excludes the query, because the signature is in it and changes.
    #[inline]
    fn identity(&self) -> Identity {
        named("url", &[&checksum(self.0.as_str().split(['?', '#']).next().unwrap_or_default())])
    }

    #[inline]
    fn can_renew(&self) -> bool {
        false
    }
}

/// Returns the part of a secret that may be written to disk: enough to recognise the same one.
#[inline]
fn checksum(secret: &str) -> String {
    let mut digest = crc64fast::Digest::new();
    digest.write(secret.as_bytes());
    format!("{:016x}", digest.sum64())
}

#[inline]
fn named(kind: &str, parts: &[&str]) -> Identity {
    let parts: Vec<_> = parts.iter().map(|part| encode(part)).collect();
    let origin = Some(format!("{kind}:{}", parts.join("/")));
    Identity { space_id: String::new(), dentry_id: String::new(), version: None, origin }
}

/// Returns the download info of a URL that is signed in its query and needs no headers.
fn plain(url: &PresignedUrl, life: Option<u64>) -> DownloadInfo {
    let urls = vec![url.as_str().to_owned()];
    let info = HeaderSignatureInfo {
        resource_urls: urls,
        expiration_seconds: life,
        ..HeaderSignatureInfo::default()
    };
    DownloadInfo { protocol: None, header_signature_info: Some(info) }
}

impl Origin for UuidFile {
    #[inline]
    fn download_info(&self, client: &Client) -> Result<DownloadInfo> {
        if self.file.get().is_none() {
            let ids = client.doc().get_dentry_id_by_uuid(&self.dentry_uuid, UnionId(&self.operator))?;
            let missing = |field| missing(IDS, field);
            let space_id = ids.space_id.ok_or_else(|| missing("spaceId"))?;
            let dentry_id = ids.dentry_id.ok_or_else(|| missing("dentryId"))?;
            let (operator, options) = (self.operator.clone(), self.options.clone());
            let _ = self.file.set(StorageFile { space_id, dentry_id, operator, options });
        }
        let file = self.file.get().ok_or_else(|| missing(IDS, "spaceId"))?;
        StorageFile { options: self.options.clone(), ..file.clone() }.download_info(client)
    }

    #[inline]
    fn identity(&self) -> Identity {
        Identity { version: self.options.version, ..named("uuid", &[&self.dentry_uuid]) }
    }

    #[inline]
    fn options_mut(&mut self) -> Option<&mut GetFileDownloadInfo> {
        Some(&mut self.options)
    }
}

fn missing(operation: &'static str, field: &'static str) -> Error {
    UnexpectedAnswer::new(operation, 200, Problem::Missing(field)).of_read().into()
}

impl Origin for Attachment {
    /// Requests the approval's own URL. If that is not permitted, grants the download and requests the file in the
    /// approval's space.
    #[inline]
    fn download_info(&self, client: &Client) -> Result<DownloadInfo> {
        if let Some(file) = self.file.get() {
            return file.download_info(client);
        }
        let (file_id, process) = (&self.file_id, &self.process_instance_id);
        let options = GrantProcessInstanceForDownloadFile::new().with_comment_attachment(true);
        let workflow = client.workflow();
        let refused = match workflow.grant_process_instance_for_download_file(file_id, process, &options) {
            Ok(file) => {
                let url = file.download_uri.ok_or_else(|| missing(ATTACHMENT, "result.downloadUri"))?;
                self.went(AttachmentWay::Approval);
                return Ok(plain(&url, Some(APPROVAL_LIFE)));
            }
            Err(error) => error,
        };
        let (true, Some(user_id)) = (refused.code() == Some("noPermission"), &self.user_id) else {
            return Err(refused);
        };
        let user = UserId(user_id);
        let space = workflow.get_space_with_download_auth(
            file_id,
            process,
            user,
            &GetSpaceWithDownloadAuth::new(),
        )?;
        let space_id = space.space_id.ok_or_else(|| missing(ATTACHMENT, "result.spaceId"))?;
        workflow.add_approve_dentry_auth(&[ApprovalFileId::new(space_id, file_id)], user)?;
        let operator = client.topapi().user_get(user, &UserGet::new())?.unionid;
        let operator = operator.ok_or_else(|| missing(ATTACHMENT, "result.unionid"))?;
        let options = GetFileDownloadInfo::new();
        let (space_id, dentry_id) = (space_id.to_string(), file_id.clone());
        let file = StorageFile { space_id, dentry_id, operator, options };
        let info = file.download_info(client)?;
        let _ = self.file.set(file);
        self.went(AttachmentWay::Storage);
        Ok(info)
    }

    #[inline]
    fn identity(&self) -> Identity {
        named("attachment", &[&self.process_instance_id, &self.file_id])
    }

    #[inline]
    fn grant_to(&mut self, user: UserId<'_>) {
        self.user_id = Some(user.0.to_owned());
    }

    #[inline]
    fn way(&self) -> Option<AttachmentWay> {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attachment {
    #[inline]
    fn went(&self, way: AttachmentWay) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
    }
}

const ATTACHMENT: &str = "approval attachment";
const IDS: &str = "document ids";

impl Origin for Export {
    /// Starts the export, unless it was started before, and waits for its URL.
    #[inline]
    fn download_info(&self, client: &Client) -> Result<DownloadInfo> {
        let (doc, operator) = (client.doc(), UnionId(&self.operator));
        let begun = client.clock().now();
        let mut known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        let task_id = if let Some(task_id) = &*known {
            task_id.clone()
        } else {
            let job = doc.submit_export_job(&self.dentry_uuid, &self.format, operator)?;
            if let Some(task_id) = &job.task_id {
                *known = Some(task_id.clone());
            }
            if let Some(url) = job.download_url.filter(|url| !url.as_str().is_empty()) {
                return Ok(plain(&url, None));
            }
            job.task_id.ok_or_else(|| missing(EXPORT, "taskId"))?
        };
        drop(known);
        let mut pause = FIRST_PAUSE;
        loop {
            let task = doc.query_export_task(&task_id, operator)?;
            if let Some(url) = task.download_url.filter(|url| !url.as_str().is_empty()) {
                return Ok(plain(&url, None));
            }
            // The next attempt starts a new export.
            if task.status == Some(ExportStatus::Failed) {
                *self.task.lock().unwrap_or_else(PoisonError::into_inner) = None;
                return Err(UnexpectedAnswer::new(EXPORT, 200, Problem::NotDone).into());
            }
            let waited = client.clock().now().saturating_sub(begun);
            if waited >= self.at_most || !client.pause(pause.min(self.at_most.saturating_sub(waited))) {
                let status = task.status.map(|status| TaskStatus::from(status.as_str().to_owned()));
                return Err(Error::StillRunning(Box::new(Task {
                    id: Some(task_id),
                    status,
                    ..Task::default()
                })));
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    #[inline]
    fn identity(&self) -> Identity {
        named("export", &[&self.dentry_uuid, &self.format])
    }

    #[inline]
    fn longest_wait(&mut self) -> Option<&mut Duration> {
        Some(&mut self.at_most)
    }

    #[inline]
    fn is_made_on_demand(&self) -> bool {
        true
    }
}
