//! What a test can set up and look at around files: spaces, uploads, tasks.

use super::dingtalk::renew_token;
use super::fault::json_text;
use super::{Content, FakeDingTalk, StoredFile, UploadOffer};
use serde_json::Value;

impl FakeDingTalk {
    /// Makes an empty space, if there is none with this id. A file that is put makes its space by itself.
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

    /// Makes a folder at the root of a space, and the space where there is none.
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

    /// Moves a file or folder of a space into one of its folders. Everything that a test puts is at the root at first.
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

    /// What an operation is answered with, status 200, for those that the fake does not know by itself. The token is
    /// checked, and nothing else. The body is a [`serde_json::Value`] or a text.
    ///
    /// The route is method and path, such as the documented line, which `docs/endpoints.md` has of each: `{spaceId}` and
    /// anything else in braces stands for every value.
    ///
    /// It also takes the place of what the fake would do by itself. For the same route the last order counts.
    ///
    /// ```
    /// use dingtalk_files::{AddFolder, UnionId};
    /// use dingtalk_files::testing::{FakeDingTalk, Fault, Target};
    /// use serde_json::json;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// let route = "POST /v1.0/storage/spaces/{spaceId}/dentries/0/folders"; // in the root of any space
    /// fake.answer(route, json!({"dentry": {"id": "folder-1", "type": "FOLDER"}}));
    ///
    /// let client = fake.client().build()?;
    /// let add = || client.storage().add_folder("space-1", "0", "Reports", UnionId("anyone"), &AddFolder::new());
    /// assert_eq!(add()?.id.as_deref(), Some("folder-1"));
    /// assert_eq!(fake.requests_to(Target::Other)[0].json().unwrap()["name"], "Reports");
    ///
    /// fake.fault(Target::Other, Fault::api_error(403, "permissionDenied"));
    /// assert!(add().unwrap_err().is_permission_denied());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answer(&self, route: &str, body: impl Into<Value>) {
        self.shared.state().answers.push((route.to_owned(), json_text(body.into())));
    }

    /// The uuid that the 2.0 operations take for a folder; `"0"` is the root of the space. A folder that does not
    /// exist has one, too, but nothing accepts it.
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
        self.shared.uuid(space_id, folder_id)
    }

    /// Removes a file with all its versions, as if somebody had deleted it. `false` when it was not there.
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

    /// Forgets the requests so far, what was sent, and the uploads with their keys, so that a test which runs for long
    /// does not fill the memory. Files stay, tokens and signatures stay valid, and ordered faults are still to come.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// fake.forget();
    /// assert!(fake.requests().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget(&self) {
        self.shared.forget();
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

    /// The bytes of a file's latest version; `None` when there is no such file, or when it was uploaded and is too
    /// large to be kept.
    ///
    /// A PUT of up to 16 MiB is kept, and of an upload in parts up to 64 MiB. Of anything larger the fake knows only
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

    /// Begins an upload as `GetFileUploadInfo` does, without a request, and gives what to PUT with. The space is made
    /// where there is none.
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
        let upload_key = self.shared.state().uploads.begin(space_id, false);
        let offer = self.shared.offer(&upload_key, None);
        let url = format!("{}{}", self.shared.base_url, offer.path);
        UploadOffer { upload_key, url, authorization: offer.authorization, date: offer.date }
    }

    /// A valid token, without a request: for tests that send requests of their own.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.put_task("task-1", &["SUCCESS"]);
    /// let url = format!("{}/v1.0/storage/tasks/task-1?unionId=anyone", fake.base_url());
    /// let answer = ureq::get(&url).header("x-acs-dingtalk-access-token", fake.access_token()).call()?;
    /// assert_eq!(answer.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn access_token(&self) -> String {
        let mut state = self.shared.state();
        let lifetime = state.token_lifetime;
        renew_token(&mut state.token, lifetime);
        state.token.as_ref().map_or_else(String::new, |token| token.text.clone())
    }

    /// What the upload information shall list as `resourceUrls` from now on, for parts as well. In each of them,
    /// `{good}` stands for the right URL, also as a part. That of a part has a query already.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// fake.set_upload_urls(vec!["http://127.0.0.1:9/dead".into(), "{good}".into()]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_upload_urls(&self, urls: Vec<String>) {
        self.shared.state().upload_urls = Some(urls);
    }

    /// How many bytes each part but the last must have at least when it is committed; 102400 at first.
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

    /// What the calls about a task are told: one status after the other, and the last one for ever. Without any,
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

    /// Archives a file: the next `calls` calls for its download information are answered with 400 `fileArchived`.
    /// After them it is restored.
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
}
