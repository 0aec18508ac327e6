//! Spaces, files, uploads and tasks: set-up and inspection.

use super::data::content::Content;
use super::data::records::{StoredFile, UploadOffer};
use super::fake::FakeDingTalk;
use super::state::tree::object_path;

impl FakeDingTalk {
    /// Stores a file, or the next version of a file with these ids. Versions are counted from 1, and earlier ones can
    /// still be downloaded.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "first version");
    /// fake.put_file("space-1", "dentry-1", "report.txt", "second version");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn put_file(&self, space_id: &str, dentry_id: &str, name: &str, content: impl Into<Content>) {
        self.shared.put_file(space_id, dentry_id, name, content.into());
    }

    /// Removes a file with all its versions, as if somebody had deleted it. `false` if there is no such file.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// assert!(fake.remove_file("space-1", "dentry-1"));
    /// let error = client.file("space-1", "dentry-1", UnionId("anyone")).download_info().unwrap_err();
    /// assert!(error.is_not_found());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_file(&self, space_id: &str, dentry_id: &str) -> bool {
        self.shared.state().tree.remove(space_id, dentry_id)
    }

    /// All files in their latest versions, in the order in which they were first stored.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// assert_eq!(fake.files()[0].parent_id, "0");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn files(&self) -> Vec<StoredFile> {
        self.shared.state().tree.list()
    }

    /// The bytes of a file's latest version; `None` if there is no such file, or if it was uploaded and is too large to
    /// keep.
    ///
    /// The fake keeps up to 16 MiB of a PUT, and up to 64 MiB of an upload in parts. For a larger upload it knows only
    /// size and checksum, and answers a download with 400 `FakeContentNotKept`.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// assert_eq!(fake.content("space-1", "dentry-1").unwrap().bytes(0..5), b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn content(&self, space_id: &str, dentry_id: &str) -> Option<Content> {
        let state = self.shared.state();
        state.tree.dentry(space_id, dentry_id)?.latest()?.content.clone()
    }

    /// The object URL of a file's latest version. It serves only requests with the signed headers of the download
    /// information.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// assert!(fake.resource_url("space-1", "dentry-1").starts_with(&fake.base_url()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn resource_url(&self, space_id: &str, dentry_id: &str) -> String {
        let version = self.shared.state().tree.version_count(space_id, dentry_id).max(1);
        let path = object_path(space_id, dentry_id, version);
        format!("{}{path}", self.shared.base_url)
    }

    /// Adds an empty space, if there is none with this id. `put_file` adds its space by itself.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.add_space("space-1");
    /// assert!(fake.files().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn add_space(&self, space_id: &str) {
        self.shared.state().tree.add_space(space_id);
    }

    /// Adds a folder at the root of a space, and the space if there is none.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.add_folder("space-1", "folder-1", "Reports");
    /// assert_ne!(fake.folder_uuid("space-1", "folder-1"), fake.folder_uuid("space-1", "0"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn add_folder(&self, space_id: &str, folder_id: &str, name: &str) {
        self.shared.state().tree.add_folder(space_id, folder_id, name);
    }

    /// Moves a file or folder into a folder of the same space. Everything that a test adds is at the root at first.
    ///
    /// ```
    /// use dingtalk_files::UnionId;
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.add_folder("space-1", "folder-1", "Reports");
    /// fake.put_file("space-1", "dentry-1", "July.xls", "some bytes");
    /// fake.move_into_folder("space-1", "dentry-1", "folder-1");
    ///
    /// let client = fake.client().build()?;
    /// let paths = client.storage().walk("space-1", "0", UnionId("anyone")).map(|entry| Ok(entry?.path));
    /// let paths: Vec<_> = paths.collect::<Result<_, dingtalk_files::Error>>()?;
    /// assert_eq!(paths, ["Reports", "Reports/July.xls"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn move_into_folder(&self, space_id: &str, dentry_id: &str, folder_id: &str) {
        self.shared.state().tree.move_into_folder(space_id, dentry_id, folder_id);
    }

    /// Sets the `modifiedTime` of a file's latest version, or of a folder, and returns `false` if it does not exist. The
    /// API returns this very text, so it can have any spelling, or be broken.
    ///
    /// Without this call it is `2022-01-01T10:00Z`, and a new version of a file has that time again. If the text is a time
    /// (ISO 8601, an HTTP date, seconds or milliseconds since 1970), then the `Last-Modified` of the object and the order
    /// of listings follow it.
    ///
    /// ```
    /// # use dingtalk_files::{GetDentry, UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// fake.set_modified_time("space-1", "dentry-1", "2024-01-01T18:00+0800");
    /// # let client = fake.client().build()?;
    /// let file = client.storage().get_dentry("space-1", "dentry-1", UnionId("anyone"), &GetDentry::new())?;
    /// assert_eq!(file.modified_time.unwrap().as_str(), "2024-01-01T18:00+0800");
    ///
    /// assert!(!fake.set_modified_time("space-1", "dentry-2", "2024-01-01T10:00Z"), "no such file");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_modified_time(&self, space_id: &str, dentry_id: &str, time: &str) -> bool {
        let mut state = self.shared.state();
        state.tree.modified_time_mut(space_id, dentry_id).map(|own| time.clone_into(own)).is_some()
    }

    /// Sets the `createTime` of a file or folder, and returns `false` if it does not exist. Without this call it is
    /// `2022-01-01T10:00:00Z`. All versions of a file have the same. The text is free, as in
    /// [`set_modified_time`](FakeDingTalk::set_modified_time).
    ///
    /// ```
    /// # use dingtalk_files::{GetDentry, UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// fake.set_create_time("space-1", "dentry-1", "2023-12-31T10:00:00Z");
    /// # let client = fake.client().build()?;
    /// let file = client.storage().get_dentry("space-1", "dentry-1", UnionId("anyone"), &GetDentry::new())?;
    /// assert_eq!(file.create_time.unwrap().as_str(), "2023-12-31T10:00:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_create_time(&self, space_id: &str, dentry_id: &str, time: &str) -> bool {
        let mut state = self.shared.state();
        state.tree.create_time_mut(space_id, dentry_id).map(|own| time.clone_into(own)).is_some()
    }

    /// Sets the `size` that the API states for a file's latest version, and returns `false` if the file does not exist. The
    /// object and [`StoredFile::size`] keep their true size. A new version of the file states its true size again.
    ///
    /// ```
    /// # use dingtalk_files::{ListDentries, UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// fake.set_listed_size("space-1", "dentry-1", 7_000_000_000);
    /// # let client = fake.client().build()?;
    /// let page = client.storage().list_dentries("space-1", "0", UnionId("anyone"), &ListDentries::new())?;
    /// assert_eq!((page.items[0].size, fake.files()[0].size), (Some(7_000_000_000), 5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_listed_size(&self, space_id: &str, dentry_id: &str, bytes: u64) -> bool {
        let mut state = self.shared.state();
        state.tree.listed_size_mut(space_id, dentry_id).map(|own| *own = bytes).is_some()
    }

    /// The uuid of a folder for the 2.0 operations; `"0"` is the root of the space. A folder that does not exist has a
    /// uuid, too, but no operation accepts it.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.add_space("space-1");
    /// let path = format!("/v2.0/storage/spaces/files/{}/commit", fake.folder_uuid("space-1", "0"));
    /// # let _ = path;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn folder_uuid(&self, space_id: &str, folder_id: &str) -> String {
        self.shared.state().tree.uuid(space_id, folder_id)
    }

    /// Archives a file: the next `calls` calls for its download information return 400 `fileArchived`. After them the
    /// file is restored.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.archive_file("space-1", "dentry-1", 1);
    /// let file = client.file("space-1", "dentry-1", UnionId("anyone"));
    /// assert_eq!(file.download_info().unwrap_err().code(), Some("fileArchived"));
    /// assert!(file.download_info().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn archive_file(&self, space_id: &str, dentry_id: &str, calls: usize) {
        let key = (space_id.to_owned(), dentry_id.to_owned());
        self.shared.state().archived.insert(key, calls);
    }

    /// Begins an upload as `GetFileUploadInfo` does, without a request, and returns URL and headers for the PUT. Adds the
    /// space if there is none.
    ///
    /// ```
    /// use dingtalk_files::testing::{FakeDingTalk, Target};
    ///
    /// let fake = FakeDingTalk::start()?;
    /// let offer = fake.offer_upload("space-1");
    /// let put = ureq::put(&offer.url).header("Authorization", &offer.authorization);
    /// let answer = put.header("x-oss-date", &offer.date).send(&b"hello"[..])?;
    /// assert!(answer.headers().contains_key("x-oss-hash-crc64ecma"));
    /// assert_eq!(fake.requests_to(Target::Put)[0].body_length, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offer_upload(&self, space_id: &str) -> UploadOffer {
        self.add_space(space_id);
        let mut state = self.shared.state();
        let upload_key = state.uploads.begin(space_id, false);
        let signed = state.sign_put(&upload_key, None);
        let url = format!("{}{}", self.shared.base_url, signed.path);
        UploadOffer { upload_key, url, authorization: signed.authorization, date: signed.date }
    }

    /// Sets the fewest bytes of each part but the last, which a commit checks; 102400 at first.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.set_smallest_part(1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_smallest_part(&self, bytes: u64) {
        self.shared.state().smallest_part = bytes;
    }

    /// Sets the statuses that calls about a task report: one after the other, and then always the last. Without a status,
    /// there is no such task.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_task("task-1", &["INIT", "IN_PROGRESS", "SUCCESS"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn put_task(&self, task_id: &str, statuses: &[&str]) {
        let statuses = statuses.iter().map(|&status| status.to_owned()).collect();
        self.shared.state().tasks.insert(task_id.to_owned(), statuses);
    }

    /// Adds a file that was sent to a robot, known by its download code.
    ///
    /// ```
    /// # use dingtalk_files::testing::FakeDingTalk;
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_robot_file("download-code-1", "report.txt", "hello");
    ///
    /// let mut bytes = Vec::new();
    /// let client = fake.client().build()?;
    /// assert!(client.robot_file("download-code-1", "robot-1").download_to(&mut bytes, ..)?.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_robot_file(&self, download_code: &str, name: &str, content: impl Into<Content>) {
        self.put_other_file(format!("robot/{download_code}"), ("robot", download_code), name, content.into());
    }

    /// Adds an attachment of an approval, in the space with the number 700.
    ///
    /// To have its URL refused, order `fault_always(Target::Attachment, Fault::api_error(400, "noPermission"))`; it comes
    /// by a grant then, to a person of [`put_user`](Self::put_user).
    ///
    /// ```
    /// # use dingtalk_files::testing::FakeDingTalk;
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_attachment("process-1", "file-1", "contract.txt", "hello");
    ///
    /// let mut bytes = Vec::new();
    /// let client = fake.client().build()?;
    /// assert!(client.attachment("process-1", "file-1").download_to(&mut bytes, ..)?.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_attachment(
        &self,
        process_instance_id: &str,
        file_id: &str,
        name: &str,
        content: impl Into<Content>,
    ) {
        let key = format!("attachment/{process_instance_id}/{file_id}");
        self.put_other_file(key, ("700", file_id), name, content.into());
    }

    /// Adds a person with both ids.
    ///
    /// ```
    /// # use dingtalk_files::{UserGet, UserId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_user("user-1", "union-1");
    ///
    /// let user = fake.client().build()?.topapi().user_get(UserId("user-1"), &UserGet::new())?;
    /// assert_eq!(user.unionid.as_deref(), Some("union-1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_user(&self, userid: &str, union_id: &str) {
        self.shared.state().users.insert(userid.to_owned(), union_id.to_owned());
    }

    /// Adds an online document and its content in one format. Each export of it is ready at the second question.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, ManualClock}};
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_document("uuid-1", "docx", "hello");
    ///
    /// let mut bytes = Vec::new();
    /// let client = fake.client().clock(ManualClock::new()).build()?;
    /// client.export("uuid-1", "docx", UnionId("anyone")).download_to(&mut bytes, ..)?;
    /// assert_eq!(bytes, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_document(&self, dentry_uuid: &str, format: &str, content: impl Into<Content>) {
        let id = format!("{dentry_uuid}.{format}");
        self.put_other_file(format!("export/{dentry_uuid}/{format}"), ("export", &id), &id, content.into());
    }

    /// The dentryUuid of a file.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    ///
    /// let mut bytes = Vec::new();
    /// let file = fake.client().build()?.file_by_uuid(fake.file_uuid("space-1", "dentry-1"), UnionId("anyone"));
    /// assert!(file.download_to(&mut bytes, ..)?.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn file_uuid(&self, space_id: &str, dentry_id: &str) -> String {
        self.shared.state().tree.uuid(space_id, dentry_id)
    }

    /// A URL of a file that is signed in its query and lives as long as other signatures.
    ///
    /// ```
    /// # use dingtalk_files::testing::FakeDingTalk;
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    ///
    /// let mut bytes = Vec::new();
    /// let url = fake.presigned_url("space-1", "dentry-1");
    /// assert!(fake.client().build()?.url(url).download_to(&mut bytes, ..)?.verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn presigned_url(&self, space_id: &str, dentry_id: &str) -> String {
        let mut state = self.shared.state();
        let version = state.tree.version_count(space_id, dentry_id).max(1);
        let path = state.signatures.presign("GET", "", &object_path(space_id, dentry_id, version));
        format!("{}{path}", self.shared.base_url)
    }

    fn put_other_file(&self, key: String, (space_id, dentry_id): (&str, &str), name: &str, content: Content) {
        self.shared.put_file(space_id, dentry_id, name, content);
        self.shared.state().other_files.insert(key, (space_id.to_owned(), dentry_id.to_owned()));
    }
}
