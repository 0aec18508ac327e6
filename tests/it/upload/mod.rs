//! Uploads over real sockets, against the fake, which checks each request and injects the configured faults.

mod arrival;
mod cancel;
mod commit;
mod doc_resource;
mod expect;
mod faults;
mod panics;
mod requests;
mod resume;
mod send;
mod send_all;
mod sources;
mod special_files;
mod tasks;

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, ManualClock, Recorded, Target};
use dingtalk_files::{
    Client, ClientBuilder, Error, Result, RetryPolicy, SourceError, SourceProblem, UnionId, Upload,
    UploadInterrupted, Uploaded,
};
use serde_json::Value;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// The smallest part size that the vendor accepts.
const PART: u64 = 100 * KIB;
/// Upper bound for waits, generous enough for a slow machine.
const HANG_LIMIT: Duration = Duration::from_secs(60);

/// A fake with an empty space, and a client whose waits take no time.
struct Setup {
    fake: FakeDingTalk,
    clock: ManualClock,
    client: Client,
}

impl Setup {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let fake = FakeDingTalk::start().unwrap();
        fake.add_space("space-1");
        let clock = ManualClock::new();
        let client = configure(fake.client().clock(clock.clone())).build().unwrap();
        Self { fake, clock, client }
    }

    fn upload<'a>(&self) -> Upload<'a> {
        self.client.upload("space-1", "0", UnionId("operator-1")).name("file.bin")
    }

    /// Returns an upload in the smallest parts, whatever the file's size.
    fn in_parts<'a>(&self) -> Upload<'a> {
        self.upload().multipart_above(0).part_size(PART)
    }

    fn fault(&self, target: Target, fault: Fault) {
        self.fake.fault(target, fault);
    }

    /// Injects a fault into the PUT with this number, counted from 1.
    fn fault_nth_put(&self, number: usize, fault: Fault) {
        for _ in 1..number {
            self.fault(Target::Put, Fault::Several(Vec::new()));
        }
        self.fault(Target::Put, fault);
    }

    fn count(&self, target: Target) -> usize {
        self.fake.requests_to(target).len()
    }

    fn puts(&self) -> Vec<Recorded> {
        self.fake.requests_to(Target::Put)
    }

    /// Returns the part number of each PUT.
    fn put_numbers(&self) -> Vec<u64> {
        self.puts().iter().map(|put| put.query_value("partNumber").unwrap().parse().unwrap()).collect()
    }

    /// Returns the part numbers of each request for part URLs.
    fn requested_numbers(&self) -> Vec<Vec<u64>> {
        let numbers = |body: Value| serde_json::from_value(body["partNumbers"].clone()).unwrap();
        self.bodies(Target::PartInfos).into_iter().map(numbers).collect()
    }

    fn bodies(&self, target: Target) -> Vec<Value> {
        self.fake.requests_to(target).iter().map(|request| request.json().unwrap()).collect()
    }

    /// Returns the status of each PUT, or `None` for a PUT without an answer.
    fn put_statuses(&self) -> Vec<Option<u16>> {
        self.puts().iter().map(|put| put.answered_status).collect()
    }

    /// Asserts that the stored bytes equal `bytes`, that `done` describes them, and that a download returns them.
    #[track_caller]
    fn assert_stored(&self, done: &Uploaded, bytes: &[u8]) {
        let id = done.dentry.id.as_deref().unwrap();
        let stored = self.fake.files().into_iter().find(|file| file.dentry_id == id).unwrap();
        let size = bytes.len() as u64;
        assert_eq!((done.bytes, done.dentry.size, stored.size), (size, Some(size), size));
        assert_eq!((done.crc64, stored.crc64), (crc64(bytes), crc64(bytes)));
        assert_eq!((done.dentry.space_id.as_deref(), done.dentry.version), (Some("space-1"), Some(1)));
        assert_eq!(done.dentry.name.as_deref(), Some(stored.name.as_str()));
        assert!(
            self.fake.content("space-1", id).unwrap().bytes(0..u64::MAX) == bytes,
            "the stored bytes differ"
        );
        let mut again = Vec::new();
        let file = self.client.file("space-1", id, UnionId("operator-1"));
        assert!(file.download_to(&mut again, ..).unwrap().verified);
        assert!(again == bytes, "the downloaded bytes differ");
    }

    /// Like [`assert_stored`](Self::assert_stored), and also asserts that the upload was verified and committed once.
    #[track_caller]
    fn assert_done(&self, done: Result<Uploaded>, bytes: &[u8]) {
        let done = done.unwrap();
        assert!(done.verified);
        self.assert_stored(&done, bytes);
        assert_eq!((self.count(Target::Commit), self.fake.files().len()), (1, 1));
        assert_eq!(self.bodies(Target::Commit)[0]["option"]["size"], bytes.len());
    }

    #[track_caller]
    fn assert_uncommitted(&self) {
        assert_eq!((self.count(Target::Commit), self.fake.files().len()), (0, 0));
    }

    /// Asserts that no connection was opened.
    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!(self.fake.connections(), 0);
    }
}

fn no_retries(builder: ClientBuilder) -> ClientBuilder {
    builder.retry(RetryPolicy::none())
}

fn pattern(size: u64) -> Vec<u8> {
    Content::pattern(size).bytes(0..size)
}

fn crc64(bytes: &[u8]) -> u64 {
    let mut digest = crc64fast::Digest::new();
    digest.write(bytes);
    digest.sum64()
}

#[track_caller]
fn interrupted(result: Result<Uploaded>) -> UploadInterrupted {
    match result {
        Err(Error::UploadInterrupted(e)) => *e,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn source_error(result: Result<Uploaded>) -> SourceError {
    match result {
        Err(Error::Source(e)) => *e,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_changed(result: Result<Uploaded>) -> SourceError {
    let error = source_error(result);
    assert!(matches!(error.problem, SourceProblem::Changed), "{error}");
    error
}

/// The kinds of sources that can supply the same bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum SourceKind {
    File,
    Bytes,
    Seekable,
    Reader,
}

impl SourceKind {
    const ALL: [Self; 4] = [Self::File, Self::Bytes, Self::Seekable, Self::Reader];

    fn run(self, upload: Upload<'_>, bytes: &[u8]) -> Result<Uploaded> {
        match self {
            Self::File => upload.from_file(&*TempFile::new(bytes)),
            Self::Bytes => upload.from_bytes(bytes),
            Self::Seekable => {
                let mut reader = Cursor::new([b"before", bytes].concat());
                reader.set_position(6);
                upload.from_seekable(reader)
            }
            Self::Reader => upload.from_reader(SmallReads(bytes), bytes.len() as u64),
        }
    }
}

/// A reader that returns few bytes at a time, as pipes do.
struct SmallReads<'a>(&'a [u8]);

impl Read for SmallReads<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.len() % 7 == 3 {
            let room = buf.len().min(11);
            return self.0.read(&mut buf[..room]);
        }
        let room = buf.len().min(3001);
        self.0.read(&mut buf[..room])
    }
}

/// A source that runs an action when the byte at `at` is first read.
struct Trap<F> {
    bytes: Cursor<Vec<u8>>,
    at: u64,
    action: Option<F>,
}

impl<F: FnOnce()> Trap<F> {
    fn new(bytes: &[u8], at: u64, action: F) -> Self {
        Self { bytes: Cursor::new(bytes.to_vec()), at, action: Some(action) }
    }
}

impl<F: FnOnce()> Read for Trap<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.bytes.read(buf)?;
        if self.bytes.position() > self.at
            && let Some(action) = self.action.take()
        {
            action();
        }
        Ok(n)
    }
}

impl<F> Seek for Trap<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

/// A temporary file that is removed on drop.
struct TempFile(PathBuf);

impl TempFile {
    fn new(bytes: &[u8]) -> Self {
        let file = Self(Self::path("bin"));
        fs::write(&*file, bytes).unwrap();
        file
    }

    /// Returns a path at which no file exists.
    fn path(extension: &str) -> PathBuf {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dingtalk-files-upload-{}-{number}.{extension}", std::process::id());
        std::env::temp_dir().join(name)
    }
}

impl std::ops::Deref for TempFile {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Runs `run` in a thread, and panics if `run` hangs.
fn bounded<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || sender.send(run()));
    match receiver.recv_timeout(HANG_LIMIT) {
        Ok(result) => result,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("the operation hangs"),
        Err(_) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}

/// Waits until the condition holds.
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < HANG_LIMIT, "timed out waiting for the condition");
        thread::sleep(Duration::from_millis(5));
    }
}
