//! What the fake knows: files, tokens, signatures, faults to come and requests so far.

use super::files::Tree;
use super::uploads::Uploads;
use super::{Fault, Recorded, Sent, Target};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

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
    pub(super) tree: Tree,
    pub(super) uploads: Uploads,
    /// The fewest bytes of a part that is not the last one.
    pub(super) smallest_part: u64,
    /// What the calls about a task are told, one after the other.
    pub(super) tasks: HashMap<String, VecDeque<String>>,
    /// How often a file is still said to be archived, by space and dentry.
    pub(super) archived: HashMap<(String, String), usize>,
    /// What a test has ordered for operations of its choice: the route, and the answer.
    pub(super) answers: Vec<(String, String)>,
    pub(super) token: Option<Token>,
    pub(super) token_lifetime: Duration,
    pub(super) keep_token_string: bool,
    /// When the signature with this date lapses; the date of every signature is another.
    pub(super) signatures: HashMap<String, Lapse>,
    /// How many signatures were ever issued.
    pub(super) signature_count: u64,
    pub(super) signature_lifetime: Duration,
    pub(super) resource_urls: Option<Vec<String>>,
    pub(super) upload_urls: Option<Vec<String>>,
    pub(super) queued_faults: HashMap<Target, VecDeque<Fault>>,
    pub(super) standing_faults: HashMap<Target, Fault>,
    pub(super) requests: Vec<Recorded>,
    /// How many requests there were before those, which were forgotten.
    pub(super) forgotten: usize,
    pub(super) sent: Vec<Sent>,
    streams: Vec<Weak<TcpStream>>,
    pub(super) connections: usize,
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

impl Shared {
    pub(super) fn new(base_url: String) -> Self {
        let state = State {
            token_lifetime: Duration::from_secs(7200),
            signature_lifetime: Duration::from_secs(900),
            smallest_part: 100 * 1024,
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
        state.forgotten + state.requests.len() - 1
    }

    pub(super) fn record_status(&self, place: usize, status: u16) {
        let mut state = self.state();
        let place = place.checked_sub(state.forgotten);
        if let Some(request) = place.and_then(|place| state.requests.get_mut(place)) {
            request.answered_status = Some(status);
        }
    }

    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.forgotten += state.requests.len();
        state.requests.clear();
        state.sent.clear();
        state.uploads.forget();
    }

    pub(super) fn take_fault(&self, target: Target) -> Option<Fault> {
        let mut state = self.state();
        let queued = state.queued_faults.get_mut(&target).and_then(VecDeque::pop_front);
        queued.or_else(|| state.standing_faults.get(&target).cloned())
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
