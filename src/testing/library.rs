//! Setup and inspection of spaces, files, uploads and tasks.

use super::data::content::Content;
use super::data::records::{StoredFile, UploadOffer};
use super::fake::FakeDingTalk;
use super::state::tree::object_path;

impl FakeDingTalk {
    /// Stores a file, or a new version of the file with these ids. Versions are numbered from 1, and earlier versions
    /// can still be downloaded.
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

    /// Removes a file with all its versions, as if a user had deleted it. Returns `false` if the file does not exist.
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

    /// Returns the latest version of every file, in the order in which the files were first stored.
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

    /// Returns the bytes of a file's latest version, or `None` if the file does not exist or its upload was too large
    /// to keep.
    ///
    /// The fake keeps up to 16 MiB of a single PUT, and up to 64 MiB of a multipart upload. Of a larger upload it keeps
    /// only size and checksum, and a download returns 400 `FakeContentNotKept`.
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

    /// Returns the object URL of a file's latest version. The URL serves only requests with the signed headers of the
    /// download information.
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

    /// Adds an empty space unless it exists. `put_file` adds its space automatically.
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

    /// Adds a folder at the root of a space, and adds the space unless it exists.
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

    /// Moves a file or folder into a folder of the same space. Entries that a test adds start at the root.
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

    /// Sets the `modifiedTime` of a file's latest version or of a folder. Returns `false` if the entry does not exist.
    ///
    /// The API returns the text unchanged, so it may have any format or be invalid. The default is `2022-01-01T10:00Z`,
    /// which each new version of a file gets as well. If the text is a time (ISO 8601, an HTTP date, seconds or
    /// milliseconds since 1970), it also determines the object's `Last-Modified` and the order of listings.
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

    /// Sets the `createTime` of a file or folder. Returns `false` if the entry does not exist.
    ///
    /// The default is `2022-01-01T10:00:00Z`. All versions of a file share the value. The text may have any format, as
    /// in [`set_modified_time`](FakeDingTalk::set_modified_time).
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

    /// Sets the `size` that the API reports for a file's latest version. Returns `false` if the file does not exist.
    ///
    /// The object and [`StoredFile::size`] keep the true size. A new version of the file reports its true size again.
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

    /// Returns the uuid of a folder for the 2.0 operations; `"0"` is the root of the space. A folder that does not
    /// exist also has a uuid, but no operation accepts it.
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

    /// Archives a file: the next `calls` requests for its download information return 400 `fileArchived`. After that,
    /// the file is restored.
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

    /// Begins an upload as `GetFileUploadInfo` does, but without a request, and returns the URL and headers for the
    /// PUT. Adds the space unless it exists.
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

    /// Sets the minimum size in bytes of all parts except the last; commits check it. The default is 102400.
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

    /// Sets the statuses of a task. Each call for the task returns the next status, and the last status repeats. With
    /// no statuses, the task does not exist.
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

    /// Adds a file that was sent to a robot and is identified by its download code.
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

    /// Adds an attachment of an approval, in space 700.
    ///
    /// To make the direct URL fail, set `fault_always(Target::Attachment, Fault::api_error(400, "noPermission"))`. The
    /// attachment is then available by a grant only, to a user of [`put_user`](Self::put_user).
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

    /// Adds a user with a userid and a unionId.
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

    /// Adds an online document and its content in one format. Each export is ready at the second query of its task.
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

    /// Returns the dentryUuid of a file.
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

    /// Returns a URL of a file that is signed in its query. The signature has the same lifetime as other signatures.
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
