//! The DingTalk half of `serve`: the files that are open, and their downloads.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::{
    ByteRange, Client, Dentry, DentryType, Downloaded, Error, GetDentry, ListDentries, RemoteFile, UnionId,
};

use super::http::{Refusal, strong_etag};

/// Number of files that stay open.
const MOST_FILES: usize = 64;

/// Number of entries on the page of the folder. DingTalk sends 50 with each call.
pub(crate) const MOST_ENTRIES: usize = 1000;

/// A file, pinned to one version: all requests for its parts get parts of the same bytes.
#[derive(Clone)]
pub(crate) struct OpenFile {
    pub(crate) name: String,
    pub(crate) size: u64,
    etag: Option<String>,
    version: Option<u64>,
    /// Keeps the signed URLs, so that many requests cost one call.
    remote: RemoteFile,
    checked: Instant,
}

/// The lock is held while the file is opened: a player sends several requests at once, and one of them opens the file.
type Slot = Arc<Mutex<Option<OpenFile>>>;

/// A space, and the files of it that were read last.
pub(crate) struct Files {
    pub(crate) client: Client,
    pub(crate) space: String,
    pub(crate) folder: String,
    pub(crate) person: String,
    /// Time after which a file is looked up again.
    pub(crate) fresh: Duration,
    /// The last one is the newest.
    recent: Mutex<Vec<(String, Slot)>>,
}

impl Files {
    pub(crate) fn new(client: Client, [space, folder, person]: [String; 3], fresh: Duration) -> Self {
        Self { client, space, folder, person, fresh, recent: Mutex::default() }
    }

    /// Entries of the folder, and whether there are more.
    pub(crate) fn list(&self, deadline: Instant) -> Result<(Vec<Dentry>, bool), Error> {
        let client = self.client.with_deadline(left(deadline));
        let options = ListDentries::new().max_results(50);
        let person = UnionId(&self.person);
        let mut dentries = client.storage().dentries(&self.space, &self.folder, person, &options);
        let shown = dentries.by_ref().take(MOST_ENTRIES).collect::<Result<Vec<_>, _>>()?;
        let is_cut = shown.len() == MOST_ENTRIES && dentries.next().is_some();
        Ok((shown, is_cut))
    }

    /// Opens a file, or takes it from the open ones.
    pub(crate) fn open(&self, id: &str, deadline: Instant) -> Result<OpenFile, Refusal> {
        let slot = self.slot(id);
        let mut known = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = known.as_ref().filter(|file| file.checked.elapsed() < self.fresh) {
            return Ok(file.clone());
        }
        let before = known.take();
        let client = self.client.with_deadline(left(deadline));
        let person = UnionId(&self.person);
        let dentry = client.storage().get_dentry(&self.space, id, person, &GetDentry::new())?;
        if dentry.kind == Some(DentryType::Folder) {
            return Err(Refusal::new(404, "this dentry is a folder"));
        }
        let (name, version, checked) = (dentry.name.unwrap_or_default(), dentry.version, Instant::now());
        let unchanged = before.filter(|file| version.is_some() && file.version == version);
        let file = if let Some(file) = unchanged {
            OpenFile { name, checked, ..file }
        } else {
            // Not from the client with the deadline: the file would be unusable after it.
            let remote = self.client.file(&self.space, id, person);
            let remote = if let Some(version) = version { remote.version(version) } else { remote };
            let stat = remote.with_deadline(left(deadline)).stat()?;
            let size =
                stat.size.ok_or_else(|| Refusal::new(502, "the object store does not report the size"))?;
            let etag = stat.etag;
            OpenFile { name, size, etag, version, remote, checked }
        };
        Ok(known.insert(file).clone())
    }

    /// Closes a file that is not what it was.
    pub(crate) fn forget(&self, id: &str) {
        *self.slot(id).lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn slot(&self, id: &str) -> Slot {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let place = recent.iter().position(|(known, _)| known == id);
        let entry = place.map_or_else(|| (id.to_owned(), Slot::default()), |place| recent.remove(place));
        if recent.len() >= MOST_FILES {
            recent.remove(0);
        }
        let slot = Arc::clone(&entry.1);
        recent.push(entry);
        slot
    }
}

impl OpenFile {
    /// The `ETag` to send, if the object store sends one that can be relied on.
    pub(crate) fn etag(&self) -> Option<String> {
        strong_etag(self.etag.clone())
    }

    /// Whether a download has read the same bytes that `open` has measured.
    pub(crate) fn is_same(&self, done: &Downloaded) -> bool {
        (&done.etag, done.size) == (&self.etag, Some(self.size))
    }

    /// Downloads a part. `RemoteFile::with_deadline` would end the stream as well, so a thread cancels the download if the
    /// deadline passes before the first byte. After that, the stall timeout and the retry policy limit each silence.
    pub(crate) fn download(
        &self,
        writer: &mut dyn Write,
        range: ByteRange,
        deadline: Instant,
    ) -> Result<Downloaded, Error> {
        let is_late = AtomicBool::new(false);
        let (begun, beginning) = channel::<()>();
        thread::scope(|scope| {
            let is_late = &is_late;
            let watch = move || {
                if beginning.recv_timeout(left(deadline)) == Err(RecvTimeoutError::Timeout) {
                    is_late.store(true, Ordering::Relaxed);
                }
            };
            // Without a thread to spare, the download runs without the deadline.
            let _ = thread::Builder::new().spawn_scoped(scope, watch);
            let mut writer = Beginning { writer, begun: Some(begun) };
            self.remote.download().cancel(is_late).to_writer(&mut writer, range)
        })
    }
}

/// A writer that ends the watch with the first byte, or when it is dropped.
struct Beginning<'a> {
    writer: &'a mut dyn Write,
    begun: Option<Sender<()>>,
}

impl Write for Beginning<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun = None;
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
