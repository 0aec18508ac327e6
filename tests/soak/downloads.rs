//! Downloads to a writer and to a file: whole, ranges, parallel, resumed.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use dingtalk_files::testing::{Content, Fault, Target};
use dingtalk_files::{Error, UnionId};

use crate::{Clients, Soak, faults};

const OPERATOR: UnionId<'_> = UnionId("operator-1");

impl Soak {
    pub(crate) fn download(&mut self, client: &Clients) {
        let (id, content) = self.files[self.random.index(self.files.len())].clone();
        match self.random.below(5) {
            0 => self.whole_to_writer(client, &id, &content),
            1 => self.range_to_writer(client, &id, &content),
            2 => self.resumed(client, &id, &content),
            3 => self.changed(client),
            _ => self.whole_to_file(client, &id, &content),
        }
        self.clear_faults();
        self.folder.assert_empty("a download");
    }

    /// Injects faults into a whole download, and returns whether they are fatal.
    fn inject_faults(&mut self, size: u64) -> bool {
        if !self.is_faulty() {
            return false;
        }
        // Several of the fatal faults need a body that is not empty.
        if size > 0 && self.random.below(3) == 0 {
            let faults = faults::fatal_for_download(&mut self.random, size);
            self.inject(faults);
            return true;
        }
        self.inject_survivable(size);
        false
    }

    fn inject_survivable(&mut self, size: u64) {
        if self.inject_silence(Target::Object) {
            return;
        }
        for _ in 0..=self.random.below(3) {
            let fault = faults::survived_by_download(&mut self.random, size);
            self.inject(vec![(Target::Object, fault)]);
        }
        if self.random.below(4) == 0 {
            let fault = faults::survived_by_call(&mut self.random);
            self.inject(vec![(Target::DownloadInfo, fault)]);
        }
    }

    fn whole_to_writer(&mut self, client: &Clients, id: &str, content: &Content) {
        let is_fatal = self.inject_faults(content.len());
        let mut got = Vec::new();
        let done = self.client(client).file("space-1", id, OPERATOR).download_to(&mut got, ..);
        match &done {
            Ok(_) => self.compare(&got, content, 0..content.len()),
            // The reported bytes were written. They are correct unless the checksum differs.
            Err(error) => {
                assert_eq!(error.bytes_written(), got.len() as u64, "{error}");
                if !matches!(error, Error::ChecksumMismatch { .. }) {
                    self.compare(&got, content, 0..got.len() as u64);
                }
            }
        }
        self.check_outcome(done.map(drop), is_fatal, ("to_writer", id));
    }

    /// A range has no checksum, so no bytes are corrupted here.
    fn range_to_writer(&mut self, client: &Clients, id: &str, content: &Content) {
        let size = content.len();
        if size == 0 {
            return self.whole_to_writer(client, id, content);
        }
        let start = self.random.below(size);
        // The range may extend beyond the end, by up to a tenth.
        let range = start..start + 1 + self.random.below(size - start + size / 10);
        if self.is_faulty() {
            self.inject_survivable(range.end - range.start);
        }
        let mut got = Vec::new();
        let done = self.client(client).file("space-1", id, OPERATOR).download_to(&mut got, range.clone());
        let expected = start..range.end.min(size);
        assert_eq!(done.as_ref().map(|done| done.range.clone()).unwrap_or_default(), expected, "{done:?}");
        self.compare(&got, content, expected);
        self.check_outcome(done.map(drop), false, ("range", id, range));
    }

    fn whole_to_file(&mut self, client: &Clients, id: &str, content: &Content) {
        let connections = 1 + self.random.index(4);
        let is_fatal = self.inject_faults(content.len());
        let file = self.client(client).file("space-1", id, OPERATOR);
        let done = file.download().parallel(connections).to_file(self.target());
        match &done {
            Ok(_) => self.compare_target(content),
            Err(error) => assert!(!self.target().exists(), "{error}"),
        }
        self.check_outcome(done.map(drop), is_fatal, ("to_file", id, connections));
    }

    /// Interrupts a download, and resumes it with another one.
    fn resumed(&mut self, client: &Clients, id: &str, content: &Content) {
        let connections = 1 + self.random.index(4);
        let cut = self.random.below(content.len());
        self.done.faulty += 1;
        // The fault may hit a later request, so that earlier parts are complete.
        for _ in 0..self.random.below(4) {
            self.fake.fault(Target::Object, Fault::Several(Vec::new()));
        }
        self.fake.fault(Target::Object, Fault::CutAfter(cut));
        let without_retries = client.without_retries.file("space-1", id, OPERATOR);
        let first = without_retries.download().resume(true).parallel(connections).to_file(self.target());
        self.clear_faults();
        let kept = match &first {
            // The faulty request was not needed.
            Ok(_) => {
                self.compare_target(content);
                return;
            }
            Err(Error::Interrupted { written, kept: true, .. }) => *written,
            Err(_) => 0,
        };
        if self.is_faulty() {
            self.inject_survivable(content.len());
        }
        let connections = 1 + self.random.index(4);
        let retrying = self.client(client).file("space-1", id, OPERATOR);
        let done = retrying.download().resume(true).parallel(connections).to_file(self.target());
        let reused = done.as_ref().map(|done| done.reused).unwrap_or_default();
        assert_eq!(reused, kept, "{first:?}, {done:?}");
        self.check_outcome(done.map(drop), false, ("resumed", id));
        self.compare_target(content);
    }

    /// Replaces a file during its download: the contents are never mixed.
    fn changed(&mut self, client: &Clients) {
        let size = 2 + self.random.below(200_000);
        let seed = self.random.below(u64::MAX);
        let [old, new] = [seed, !seed].map(|seed| Content::pattern_with_seed(size, seed));
        self.fake.put_file("space-1", "changing", "file.bin", old.clone());
        self.inject(faults::changes(new));
        self.done.faulty += 1;
        let mut got = Vec::new();
        let done = client.retrying.file("space-1", "changing", OPERATOR).download_to(&mut got, ..);
        assert!(matches!(done, Err(Error::ObjectChanged { written: 1 })), "{done:?}");
        self.compare(&got, &old, 0..1);
        self.check_outcome(done.map(drop), true, "changed");
        assert!(self.fake.remove_file("space-1", "changing"));
    }

    fn target(&self) -> PathBuf {
        self.folder.0.join("target.bin")
    }

    #[track_caller]
    fn compare_target(&mut self, content: &Content) {
        let got = fs::read(self.target()).unwrap();
        fs::remove_file(self.target()).unwrap();
        self.compare(&got, content, 0..content.len());
    }

    #[track_caller]
    pub(crate) fn compare(&mut self, got: &[u8], content: &Content, range: Range<u64>) {
        let expected = content.bytes(range.clone());
        let differing = got.iter().zip(&expected).position(|(a, b)| a != b);
        assert!(got == expected, "{} bytes for {range:?}, the first difference at {differing:?}", got.len());
        self.done.bytes += got.len() as u64;
    }
}
