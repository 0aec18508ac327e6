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
}
