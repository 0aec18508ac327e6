//! What the fake knows: files, tokens, signatures, faults to come and requests so far.

use super::content::Content;
use super::{Fault, Recorded, Sent, Target};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// What a path segment may not hold as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The part of a fake that its threads share.
pub(super) struct Shared {
    /// Set when the fake is dropped.
    pub(super) stop: AtomicBool,
    pub(super) base_url: String,
    /// The secret of the signatures.
    pub(super) key: u64,
    state: Mutex<State>,
}

/// What changes while the fake runs.
#[derive(Default)]
pub(super) struct State {
    /// The versions of each file, oldest first, by space and dentry.
    files: HashMap<(String, String), Vec<Stored>>,
    pub(super) token: Option<Token>,
    pub(super) token_lifetime: Duration,
    pub(super) keep_token_string: bool,
    /// When the signature with this date lapses; the date of every signature is another.
    pub(super) signatures: HashMap<String, Lapse>,
    /// How many signatures were ever issued.
    pub(super) signature_count: u64,
    pub(super) signature_lifetime: Duration,
    pub(super) resource_urls: Option<Vec<String>>,
    pub(super) queued_faults: HashMap<Target, VecDeque<Fault>>,
    pub(super) standing_faults: HashMap<Target, Fault>,
    pub(super) requests: Vec<Recorded>,
    pub(super) sent: Vec<Sent>,
    streams: Vec<Weak<TcpStream>>,
    pub(super) connections: usize,
}

/// One version of a file.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) crc: u64,
    pub(super) etag: String,
}

/// The one token that the fake has issued last.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) lapse: Lapse,
    pub(super) is_revoked: bool,
}

/// A moment after which something is not valid any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lapse(Option<Instant>);

impl Lapse {
    /// A lifetime beyond what the clock can tell means never.
    pub(super) fn after(lifetime: Duration) -> Self {
        Self(Instant::now().checked_add(lifetime))
    }

    pub(super) fn is_over(self) -> bool {
        self.0.is_some_and(|moment| Instant::now() >= moment)
    }
}

impl Stored {
    fn new(name: &str, content: Content, version: usize, replaced: u32) -> Self {
        let crc = content.crc();
        // Looks like the MD5 that it is at the real store, and is another for every change.
        let etag = format!("\"{crc:016X}{version:08X}{replaced:08X}\"");
        Self { name: name.to_owned(), content, crc, etag }
    }
}

impl Shared {
    pub(super) fn new(base_url: String) -> Self {
        let state = State {
            token_lifetime: Duration::from_secs(7200),
            signature_lifetime: Duration::from_secs(900),
            ..State::default()
        };
        Self { stop: AtomicBool::new(false), base_url, key: random(), state: Mutex::new(state) }
    }

    /// A panic in one thread does not leave the state half changed, so that the others may go on.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Ends everything that waits for a client.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        for stream in self.state().streams.drain(..).filter_map(|stream| stream.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Counts a connection, and remembers it for [`Shared::stop`]; `None` when that has been called already.
    pub(super) fn register(&self, stream: &Arc<TcpStream>) -> Option<usize> {
        let mut state = self.state();
        // Under the lock, so that no connection can slip in between the flag and the shutting down.
        if self.is_stopped() {
            return None;
        }
        state.streams.retain(|old| old.strong_count() > 0);
        state.streams.push(Arc::downgrade(stream));
        state.connections += 1;
        Some(state.connections)
    }

    /// Keeps a request, and says where.
    pub(super) fn record(&self, request: Recorded) -> usize {
        let mut state = self.state();
        state.requests.push(request);
        state.requests.len() - 1
    }

    pub(super) fn record_status(&self, place: usize, status: u16) {
        if let Some(request) = self.state().requests.get_mut(place) {
            request.answered_status = Some(status);
        }
    }

    pub(super) fn take_fault(&self, target: Target) -> Option<Fault> {
        let mut state = self.state();
        let queued = state.queued_faults.get_mut(&target).and_then(VecDeque::pop_front);
        queued.or_else(|| state.standing_faults.get(&target).cloned())
    }

    pub(super) fn put_file(&self, space_id: &str, dentry_id: &str, name: &str, content: Content) {
        let version = self.state().version_count(space_id, dentry_id) + 1;
        // Without the lock, because the checksum of a large file takes its time.
        let stored = Stored::new(name, content, version, 0);
        let key = (space_id.to_owned(), dentry_id.to_owned());
        self.state().files.entry(key).or_default().push(stored);
    }

    /// Puts another content behind the URL of a version, if there is that version.
    pub(super) fn replace(&self, space_id: &str, dentry_id: &str, version: usize, content: &Content) {
        let Some(old) = self.state().version(space_id, dentry_id, version) else {
            return;
        };
        // The last eight hex digits of an ETag count the replacements.
        let digits = old.etag.trim_matches('"').get(24..).unwrap_or_default();
        let replaced = u32::from_str_radix(digits, 16).unwrap_or_default().wrapping_add(1);
        let stored = Stored::new(&old.name, content.clone(), version, replaced);
        let key = (space_id.to_owned(), dentry_id.to_owned());
        let mut state = self.state();
        let versions = state.files.get_mut(&key);
        if let Some(place) = versions.and_then(|versions| versions.get_mut(version.wrapping_sub(1))) {
            *place = stored;
        }
    }

    /// The URL path of a version, percent-encoded.
    pub(super) fn object_path(space_id: &str, dentry_id: &str, version: usize) -> String {
        let space_id = utf8_percent_encode(space_id, ENCODED);
        let dentry_id = utf8_percent_encode(dentry_id, ENCODED);
        format!("/oss/{space_id}/{dentry_id}/{version}")
    }
}

impl State {
    pub(super) fn has_space(&self, space_id: &str) -> bool {
        self.files.keys().any(|(space, _)| space == space_id)
    }

    pub(super) fn file_count(&self) -> usize {
        self.files.len()
    }

    pub(super) fn version_count(&self, space_id: &str, dentry_id: &str) -> usize {
        let key = (space_id.to_owned(), dentry_id.to_owned());
        self.files.get(&key).map_or(0, Vec::len)
    }

    /// A version by its number, which begins with 1.
    pub(super) fn version(&self, space_id: &str, dentry_id: &str, version: usize) -> Option<Stored> {
        let key = (space_id.to_owned(), dentry_id.to_owned());
        self.files.get(&key)?.get(version.checked_sub(1)?).cloned()
    }
}

/// A number that cannot be guessed. The standard library seeds its hash maps with such numbers.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// An id as in `x-oss-request-id` and `requestid`.
pub(super) fn request_id() -> String {
    format!("{:016X}{:08X}", random(), random() >> 32)
}
