//! Uploads from memory, a file and a reader, in a single PUT and in parts.

use std::fs;
use std::io::Cursor;

use dingtalk_files::testing::{Content, Fault, Target};
use dingtalk_files::{Dentry, Error, Result, UnionId, Upload};

use crate::{Clients, Soak, faults};

/// The smallest part size that the store accepts.
const PART: u64 = 100 * 1024;

impl Soak {
    pub(crate) fn upload(&mut self, client: &Clients) {
        let seed = self.random.below(u64::MAX);
        let most = self.random.pick(vec![1, 5_000, 150_000, 1_500_000]);
        let size = self.random.below(most);
        let content = Content::pattern_with_seed(size, seed);
        let is_in_parts = size > 0 && self.random.below(3) == 0;
        let name = format!("upload-{}.bin", self.done.transfers);
        let expected = match self.is_faulty() {
            true if self.inject_silence(Target::Put) => Expected::Stored,
            true => self.inject_for_upload(size, is_in_parts),
            false => Expected::Stored,
        };
        let mut upload = self.client(client).upload("space-1", "0", UnionId("operator-1")).name(&name);
        if is_in_parts {
            upload = upload.multipart_above(0).part_size(PART).parallel(1 + self.random.index(3));
        }
        let sent = self.upload_from_random_source(upload, &content);
        self.clear_faults();
        self.verify_stored(&name, &content, &expected, &sent);
        self.check_outcome(
            sent.map(drop),
            !matches!(expected, Expected::Stored),
            ("upload", size, is_in_parts),
        );
        self.folder.assert_empty("an upload");
    }

    fn inject_for_upload(&mut self, size: u64, is_in_parts: bool) -> Expected {
        let random = &mut self.random;
        match random.below(6) {
            // The commit runs, but its answer is lost.
            0 => {
                self.inject(vec![(Target::Commit, Fault::CloseWithoutAnswer)]);
                Expected::Unknown
            }
            1 if !is_in_parts => {
                let faults = faults::fatal_for_upload(random);
                self.inject(faults);
                Expected::Nothing
            }
            2 => {
                let commit = faults::survived_by_send(random);
                let info = faults::survived_by_call(random);
                let target = if is_in_parts { Target::PartInfos } else { Target::UploadInfo };
                self.inject(vec![(Target::Commit, commit), (target, info)]);
                Expected::Stored
            }
            _ => {
                let length = if is_in_parts { size.min(PART) } else { size };
                for _ in 0..=self.random.below(3) {
                    let fault = faults::survived_by_upload(&mut self.random, length);
                    self.inject(vec![(Target::Put, fault)]);
                }
                Expected::Stored
            }
        }
    }

    fn upload_from_random_source(&mut self, upload: Upload<'_>, content: &Content) -> Result<Dentry> {
        let bytes = content.bytes(0..content.len());
        let size = content.len();
        let done = match self.random.below(4) {
            0 => upload.from_bytes(&bytes),
            1 => upload.from_reader(Cursor::new(bytes), size),
            2 => upload.from_seekable(Cursor::new(bytes)),
            _ => {
                let path = self.folder.0.join("source.bin");
                fs::write(&path, &bytes).unwrap();
                let done = upload.from_file(&path);
                fs::remove_file(&path).unwrap();
                done
            }
        };
        done.map(|done| done.dentry)
    }

    /// Compares the stored file, if there should be one, and removes it.
    fn verify_stored(&mut self, name: &str, content: &Content, expected: &Expected, sent: &Result<Dentry>) {
        let is_upload = |file: &dingtalk_files::testing::StoredFile| file.name.starts_with("upload-");
        let found: Vec<_> = self.fake.files().into_iter().filter(is_upload).collect();
        let is_stored = !matches!(expected, Expected::Nothing);
        assert_eq!(found.len(), usize::from(is_stored), "{found:?}, {sent:?}");
        for file in &found {
            assert_eq!(file.name, name);
            let stored = self.fake.content("space-1", &file.dentry_id).unwrap();
            self.compare(&stored.bytes(0..stored.len()), content, 0..content.len());
            if let Ok(dentry) = sent {
                assert_eq!(dentry.id.as_deref(), Some(file.dentry_id.as_str()));
            }
            self.fake.remove_file("space-1", &file.dentry_id);
        }
        if matches!(expected, Expected::Unknown) {
            assert!(matches!(sent, Err(Error::CommitOutcomeUnknown(_))), "{sent:?}");
        }
    }
}

/// The expected outcome of an upload.
enum Expected {
    Stored,
    /// The file is stored, but the client cannot know.
    Unknown,
    Nothing,
}
