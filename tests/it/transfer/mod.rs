//! Downloads over real sockets, against the fake, which checks each request and injects the configured faults.

mod cancel;
mod child;
mod concurrency;
#[cfg(unix)]
mod disk_full;
mod failover;
mod faults;
mod few_connections;
mod folder;
mod foreign_answers;
mod integrity;
mod kept;
mod kill;
mod leftovers;
mod lent;
mod limits;
mod lock;
mod object_server;
mod origins;
mod panics;
mod parallel;
#[cfg(target_os = "linux")]
mod part_file;
#[cfg(target_os = "linux")]
mod part_leftovers;
#[cfg(target_os = "linux")]
mod part_publish;
mod pinned;
#[cfg(target_os = "linux")]
mod process;
mod progress;
mod ranges;
mod resume;
mod signature;
mod to_file;

use std::io::{self, Write};
use std::ops::Range;

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, ManualClock, Recorded, Target};
use dingtalk_files::{ByteRange, Client, ClientBuilder, Downloaded, Error, RemoteFile, RetryPolicy, UnionId};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// A fake with one file, and a client whose waits take no time.
struct Setup {
    fake: FakeDingTalk,
    clock: ManualClock,
    client: Client,
    content: Content,
}

impl Setup {
    fn new(size: u64) -> Self {
        Self::with(size, |builder| builder)
    }

    fn with(size: u64, configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let fake = FakeDingTalk::start().unwrap();
        let content = Content::pattern(size);
        fake.put_file("space-1", "dentry-1", "file.bin", content.clone());
        let clock = ManualClock::new();
        let client = configure(fake.client().clock(clock.clone())).build().unwrap();
        Self { fake, clock, client, content }
    }

    fn file(&self) -> RemoteFile {
        self.client.file("space-1", "dentry-1", UnionId("operator-1"))
    }

    /// Downloads the range, and returns the bytes in the writer and the result.
    fn get(&self, range: impl Into<ByteRange>) -> (Vec<u8>, Result<Downloaded, Error>) {
        let mut bytes = Vec::new();
        let result = self.file().download_to(&mut bytes, range);
        (bytes, result)
    }

    /// Asserts that a download succeeds with exactly these bytes of the file.
    fn assert_gets(&self, range: impl Into<ByteRange>, expected: Range<u64>) -> Downloaded {
        let (bytes, result) = self.get(range);
        let done = result.unwrap();
        assert!(bytes == self.content.bytes(expected.clone()), "the bytes differ from {expected:?}");
        assert_eq!((done.bytes, &done.range), (expected.end - expected.start, &expected));
        done
    }

    /// Asserts that a download fails, and that the writer holds the reported number of bytes from `start` on.
    fn assert_fails(&self, range: impl Into<ByteRange>, start: u64) -> Error {
        let (bytes, result) = self.get(range);
        let error = result.unwrap_err();
        let written = bytes.len() as u64;
        assert_eq!(error.bytes_written(), written, "{error}");
        assert!(bytes == self.content.bytes(start..start + written), "wrong bytes before {error}");
        error
    }

    fn fault(&self, fault: Fault) {
        self.fake.fault(Target::Object, fault);
    }

    fn objects(&self) -> Vec<Recorded> {
        self.fake.requests_to(Target::Object)
    }

    fn infos(&self) -> usize {
        self.fake.requests_to(Target::DownloadInfo).len()
    }

    /// The `Range` header of each object request.
    fn ranges(&self) -> Vec<Option<String>> {
        self.objects().iter().map(|r| r.header("range").map(str::to_owned)).collect()
    }
}

/// Returns the text as the value of a `Range` header that is present.
#[expect(clippy::unnecessary_wraps, reason = "compared with requests that may lack the header")]
fn range(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A writer that runs an action before its first write.
struct AtFirstWrite<F: FnMut()>(Option<F>, Vec<u8>);

impl<F: FnMut()> Write for AtFirstWrite<F> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Some(mut action) = self.0.take() {
            action();
        }
        self.1.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer with room for a limited number of bytes.
struct LimitedWriter(usize);

impl Write for LimitedWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"));
        }
        let n = buf.len().min(self.0);
        self.0 -= n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn no_retries(builder: ClientBuilder) -> ClientBuilder {
    builder.retry(RetryPolicy::none())
}
