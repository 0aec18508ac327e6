//! The state of a fake: files, uploads, tokens, signatures, faults and recorded requests.

pub(super) mod faults;
pub(super) mod signatures;
pub(super) mod tokens;
pub(super) mod tree;
pub(super) mod uploads;

use super::data::content::{Content, ReceivedBody};
use super::data::fault::Fault;
use super::data::records::{Recorded, RobotMessageSent, Sent, UploadedMedia};
use super::data::target::Target;
use faults::Faults;
use signatures::{Signatures, SignedPath};
use std::collections::{HashMap, VecDeque};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokens::Tokens;
use tree::{StoredVersion, Tree};
use uploads::{AssembledUpload, Uploads};

/// The part of a fake that its threads share.
pub(crate) struct Shared {
    /// Set when the fake is dropped.
    pub(crate) stop: AtomicBool,
    pub(crate) base_url: String,
    state: Mutex<FakeState>,
}

/// The part of a fake that changes while it runs.
pub(crate) struct FakeState {
    pub(crate) tree: Tree,
    pub(crate) uploads: Uploads,
    /// The minimum number of bytes of a part that is not the last part.
    pub(crate) smallest_part: u64,
    /// The statuses of each task, in the order in which calls return them.
    pub(crate) tasks: HashMap<String, VecDeque<String>>,
    /// The number of calls that still report a file as archived, by space and dentry.
    pub(crate) archived: HashMap<(String, String), usize>,
    /// The space and id of files that have other names, such as `robot/{downloadCode}`.
    pub(crate) other_files: HashMap<String, (String, String)>,
    /// The file of each export, and whether its task was queried before.
    pub(crate) exports: HashMap<String, (String, bool)>,
    /// Attachments in documents, uploaded or not, by id. The id is also the name of the object.
    pub(crate) doc_resources: HashMap<String, DocResource>,
    /// The unionId of each userid.
    pub(crate) users: HashMap<String, String>,
    pub(crate) media: Vec<UploadedMedia>,
    pub(crate) robot_messages: Vec<RobotMessageSent>,
    /// Answers that a test has set, as route and body.
    pub(crate) answers: Vec<(String, String)>,
    pub(crate) tokens: Tokens,
    pub(crate) signatures: Signatures,
    pub(crate) resource_urls: Option<Vec<String>>,
    pub(crate) upload_urls: Option<Vec<String>>,
    pub(crate) faults: Faults,
    pub(crate) requests: Vec<Recorded>,
    /// The number of requests that were recorded and then discarded.
    forgotten: usize,
    pub(crate) sent: Vec<Sent>,
    streams: Vec<Weak<TcpStream>>,
    pub(crate) connections: usize,
}

impl FakeState {
    fn new() -> Self {
        Self {
            tree: Tree::new(),
            uploads: Uploads::default(),
            smallest_part: 100 * 1024,
            tasks: HashMap::new(),
            archived: HashMap::new(),
            other_files: HashMap::new(),
            exports: HashMap::new(),
            doc_resources: HashMap::new(),
            users: HashMap::new(),
            media: Vec::new(),
            robot_messages: Vec::new(),
            answers: Vec::new(),
            tokens: Tokens::new(),
            signatures: Signatures::new(),
            resource_urls: None,
            upload_urls: None,
            faults: Faults::default(),
            requests: Vec::new(),
            forgotten: 0,
            sent: Vec::new(),
            streams: Vec::new(),
            connections: 0,
        }
    }

    /// Signs a GET of an object.
    pub(crate) fn sign_get(&mut self, path: String) -> SignedPath {
        self.signatures.sign("GET", path, ordered_query(self.resource_urls.as_deref()))
    }

    /// Stores the body of a PUT, or returns `false` if the upload does not exist. An attachment in a document needs no
    /// commit.
    pub(crate) fn store(&mut self, object: &str, number: Option<u32>, body: &ReceivedBody) -> bool {
        let is_stored = self.uploads.store(object, number, body);
        if let (true, Some(resource)) = (is_stored, self.doc_resources.get(object)) {
            let whole = AssembledUpload::from_body(body);
            self.tree.push(RESOURCE_SPACE, object, StoredVersion::from_whole(&resource.name, whole));
        }
        is_stored
    }

    /// Signs a PUT of the object behind an upload key, or of a part of it.
    pub(crate) fn sign_put(&mut self, key: &str, part: Option<u32>) -> SignedPath {
        self.signatures.sign("PUT", uploads::put_path(key, part), ordered_query(self.upload_urls.as_deref()))
    }
}

/// An attachment in a document.
pub(crate) struct DocResource {
    pub(crate) doc_id: String,
    pub(crate) name: String,
}

/// The space that stores attachments in documents.
pub(crate) const RESOURCE_SPACE: &str = "doc-resource";

/// Returns the query that a test adds to the first correct URL. All URLs share one signature, so only one query can be
/// signed.
fn ordered_query(urls: Option<&[String]>) -> &str {
    let mut after = urls.unwrap_or_default().iter().filter_map(|url| url.split_once("{good}"));
    after.next().map_or("", |(_, query)| query.trim_start_matches(['?', '&']))
}

impl Shared {
    pub(crate) fn new(base_url: String) -> Self {
        Self { stop: AtomicBool::new(false), base_url, state: Mutex::new(FakeState::new()) }
    }

    /// Locks the state. A panic in one thread does not leave the state half changed, so other threads continue.
    pub(crate) fn state(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Ends everything that waits for a client.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        for stream in self.state().streams.drain(..).filter_map(|stream| stream.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Counts a connection and keeps it for [`Shared::stop`]. Returns `None` after `stop` was called.
    pub(crate) fn register(&self, stream: &Arc<TcpStream>) -> Option<usize> {
        let mut state = self.state();
        // The lock prevents a connection from being registered between the flag and the shutdown.
        if self.is_stopped() {
            return None;
        }
        state.streams.retain(|old| old.strong_count() > 0);
        state.streams.push(Arc::downgrade(stream));
        state.connections += 1;
        Some(state.connections)
    }

    /// Records a request, and returns its index for [`Shared::record_status`].
    pub(crate) fn record(&self, request: Recorded) -> usize {
        let mut state = self.state();
        state.requests.push(request);
        state.forgotten + state.requests.len() - 1
    }

    pub(crate) fn record_status(&self, place: usize, status: u16) {
        let mut state = self.state();
        let place = place.checked_sub(state.forgotten);
        if let Some(request) = place.and_then(|place| state.requests.get_mut(place)) {
            request.answered_status = Some(status);
        }
    }

    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.forgotten += state.requests.len();
        state.requests.clear();
        state.sent.clear();
        state.media.clear();
        state.robot_messages.clear();
        state.uploads.forget();
    }

    /// Returns the fault for a request without a queued fault: a conditional fault, or the standing fault.
    pub(crate) fn other_fault(&self, target: Target, request: &Recorded) -> Option<Fault> {
        let conditional = self.state().faults.conditional(target);
        // The lock is not held here, because a condition may use the fake.
        let fault = conditional.iter().find_map(|conditional| conditional.fault_for(request));
        fault.or_else(|| self.state().faults.standing(target))
    }

    pub(crate) fn put_file(&self, space_id: &str, dentry_id: &str, name: &str, content: Content) {
        let version = self.state().tree.version_count(space_id, dentry_id) + 1;
        // The lock is not held here, because the checksum of a large file takes time.
        let stored = StoredVersion::from_content(name, content, version, 0);
        self.state().tree.push(space_id, dentry_id, stored);
    }

    /// Replaces the content of a version, if that version exists.
    pub(crate) fn replace(&self, space_id: &str, dentry_id: &str, version: usize, content: &Content) {
        let Some(old) = self.state().tree.version(space_id, dentry_id, version) else {
            return;
        };
        let stored = old.replaced_by(content.clone(), version);
        self.state().tree.replace(space_id, dentry_id, version, stored);
    }
}
