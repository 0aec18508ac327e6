//! A fake `DingTalk`, for tests: its API and its object store on one loopback port.
//!
//! [`FakeDingTalk`] speaks real HTTP/1.1. It checks what it gets as the real ones do (tokens, signatures,
//! required fields), and it can be told to misbehave, one [`Fault`] at a time. It talks to nobody else.
//!
//! # Testing your own program
//!
//! The feature is for tests alone, so it goes where only tests see it:
//!
//! ```toml
//! [dev-dependencies]
//! dingtalk-files = { version = "0.1", features = ["testing"] }
//! ```
//!
//! Code that takes a `&Client` does not know whom it talks to. A test starts a fake, puts in what it needs, runs the code,
//! and looks at what came of it:
//!
//! ```
//! use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
//! use dingtalk_files::{Client, Error, UnionId};
//!
//! /// The code under test: reads a report, and sends it on when there is something in it.
//! fn forward(client: &Client, report: &str, to: UnionId<'_>) -> Result<bool, Error> {
//!     let mut bytes = Vec::new();
//!     client.file("space-1", report, UnionId("robot")).download_to(&mut bytes, ..)?;
//!     if bytes.is_empty() {
//!         return Ok(false);
//!     }
//!     client.conv_file().send_by_app("space-1", report, to)?;
//!     Ok(true)
//! }
//!
//! fn a_report_is_sent_on() -> Result<(), Box<dyn std::error::Error>> {
//!     let fake = FakeDingTalk::start()?; // The one line of set-up; dropping it stops it.
//!     fake.put_file("space-1", "dentry-1", "July.csv", "sold,42");
//!
//!     assert!(forward(&fake.client().build()?, "dentry-1", UnionId("boss"))?);
//!
//!     let sent = fake.sent();
//!     assert_eq!((sent[0].dentry_id.as_str(), sent[0].union_id.as_str()), ("dentry-1", "boss"));
//!     assert_eq!(fake.requests_to(Target::DownloadInfo)[0].query_value("unionId"), Some("robot"));
//!     Ok(())
//! }
//!
//! fn a_report_that_may_have_been_sent_is_not_sent_again() -> Result<(), Box<dyn std::error::Error>> {
//!     let fake = FakeDingTalk::start()?;
//!     fake.put_file("space-1", "dentry-1", "July.csv", "sold,42");
//!     fake.fault(Target::Object, Fault::CutAfter(2)); // The download breaks off, and is resumed.
//!     fake.fault(Target::Send, Fault::CloseWithoutAnswer); // It is sent, but nobody says so.
//!
//!     let error = forward(&fake.client().build()?, "dentry-1", UnionId("boss")).unwrap_err();
//!
//!     assert!(error.may_have_run());
//!     assert!(fake.requests_to(Target::Object)[1].header("range").unwrap().starts_with("bytes=2-"));
//!     assert_eq!(fake.sent().len(), 1);
//!     Ok(())
//! }
//!
//! fn a_throttled_call_waits() -> Result<(), Box<dyn std::error::Error>> {
//!     let fake = FakeDingTalk::start()?;
//!     fake.put_file("space-1", "dentry-1", "July.csv", "sold,42");
//!     fake.fault(Target::Send, Fault::api_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"));
//!     let clock = ManualClock::new(); // Waiting takes no time, and is written down.
//!
//!     assert!(forward(&fake.client().clock(clock.clone()).build()?, "dentry-1", UnionId("boss"))?);
//!
//!     assert!(clock.sleeps()[0].as_secs() >= 1);
//!     Ok(())
//! }
//! # a_report_is_sent_on()?;
//! # a_report_that_may_have_been_sent_is_not_sent_again()?;
//! # a_throttled_call_waits()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/testing.rs` is a whole program with its tests.
//!
//! | to | see |
//! | --- | --- |
//! | put files and folders in | [`put_file`](FakeDingTalk::put_file), [`add_space`](FakeDingTalk::add_space), [`add_folder`](FakeDingTalk::add_folder), [`move_into_folder`](FakeDingTalk::move_into_folder) |
//! | have a file of gigabytes, without the memory | [`Content::pattern`] |
//! | see what came of it | [`sent`](FakeDingTalk::sent), [`files`](FakeDingTalk::files), [`content`](FakeDingTalk::content) |
//! | see what was asked | [`requests_to`](FakeDingTalk::requests_to), [`requests`](FakeDingTalk::requests) |
//! | have it fail | [`fault`](FakeDingTalk::fault) once, [`fault_always`](FakeDingTalk::fault_always) until taken back |
//! | have it answer an operation that it does not know | [`answer`](FakeDingTalk::answer) |
//! | have no test wait | [`ClientBuilder::clock`](crate::ClientBuilder::clock) with a [`ManualClock`] |
//! | test a program that calls [`Client::from_env`](crate::Client::from_env) | [`environment`](FakeDingTalk::environment) |
//!
//! By itself it knows what [`Target`] lists: tokens, looking at files and folders, downloads, uploads, sends, tasks.

mod answer;
mod browse;
mod content;
mod crc;
mod dentry;
mod dingtalk;
mod fault;
mod fields;
mod files;
mod glue;
mod http;
mod intake;
mod library;
mod oss;
mod records;
mod routes;
mod server;
mod sign;
mod state;
mod storage;
mod target;
#[cfg(test)]
mod tests;
mod uploads;

pub use content::Content;
pub use fault::Fault;
pub use glue::{Clock, ManualClock};
pub use records::{Recorded, Sent, StoredFile, StoredProperty, UploadOffer};
pub use target::Target;

use state::Shared;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A small `DingTalk` with files in it, on a port of this machine. Dropping it stops it.
///
/// Its app is [`FakeDingTalk::APP_KEY`] with [`FakeDingTalk::APP_SECRET`]; any union id is a user
/// who may do everything. A space exists when it has a file, or by [`FakeDingTalk::add_space`].
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
/// assert_eq!(fake.requests().len(), 3); // token, download info, object
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FakeDingTalk {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

impl FakeDingTalk {
    /// The key of the one app that the fake knows.
    pub const APP_KEY: &str = "fake-app-key";
    /// The secret of that app.
    pub const APP_SECRET: &str = "fake-app-secret";

    /// Starts a fake on a free port of `127.0.0.1`.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// assert!(fake.base_url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the system has no port or no thread for it.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(format!("http://{address}")));
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("fake-dingtalk".to_owned());
        let acceptor = thread.spawn(move || server::accept(&for_thread, &listener))?;
        let acceptor = Some(acceptor);
        Ok(Self { shared, address, acceptor })
    }

    /// The URL of the API and the beginning of all object URLs: `http://127.0.0.1:PORT`.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// let client = dingtalk_files::Client::builder().access_token("t").base_url(fake.base_url()).build();
    /// # assert!(client.is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn base_url(&self) -> String {
        self.shared.base_url.clone()
    }

    /// Stores a file. If there is one with these ids already, this becomes its next version; versions are counted
    /// from 1, and earlier ones can still be downloaded.
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

    /// The object URL of a file's latest version. It serves only requests that are signed, which
    /// the headers in the download information are for.
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
        let path = Shared::object_path(space_id, dentry_id, version);
        format!("{}{path}", self.shared.base_url)
    }

    /// What the download information shall list as `resourceUrls` from now on. In each of them,
    /// `{good}` stands for the right URL, also as a part: `{good}?mirror=2`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.set_resource_urls(vec!["http://127.0.0.1:9/dead".into(), "{good}".into()]);
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_resource_urls(&self, urls: Vec<String>) {
        self.shared.state().resource_urls = Some(urls);
    }

    /// How many seconds the signatures issued from now on are valid; 900 at first.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.set_expiration_seconds(60);
    /// let info = client.file("space-1", "dentry-1", UnionId("anyone")).download_info()?;
    /// assert_eq!(info.header_signature_info.unwrap().expiration_seconds, Some(60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_expiration_seconds(&self, seconds: u64) {
        self.shared.state().signature_lifetime = Duration::from_secs(seconds);
    }

    /// How many seconds a token is valid from the next token call on; 7200 at first.
    ///
    /// ```
    /// # use dingtalk_files::testing::FakeDingTalk;
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.set_token_lifetime(60);
    /// let token = client.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET)?;
    /// assert_eq!(token.expire_in, 60);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_token_lifetime(&self, seconds: u64) {
        self.shared.state().token_lifetime = Duration::from_secs(seconds);
    }

    /// Makes all signatures issued so far lapse: 403 `AccessDenied`.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let info = client.file("space-1", "dentry-1", UnionId("anyone")).download_info()?;
    /// fake.lapse_signatures();
    /// assert!(client.download_to(&info, &mut Vec::new(), ..).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lapse_signatures(&self) {
        self.shared.state().signatures.clear();
    }

    /// Makes the token issued last invalid: 400 `InvalidAuthentication`. The next token call gives another one.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// fake.revoke_tokens();
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.requests_to(Target::Token).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revoke_tokens(&self) {
        if let Some(token) = &mut self.shared.state().token {
            token.is_revoked = true;
        }
    }

    /// Whether a token call after [`FakeDingTalk::revoke_tokens`] gives the same string again, which stays refused.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// fake.keep_token_string(true);
    /// fake.revoke_tokens();
    /// let error = client.file("space-1", "dentry-1", UnionId("anyone")).download_info().unwrap_err();
    /// assert!(error.is_authentication());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_token_string(&self, keep: bool) {
        self.shared.state().keep_token_string = keep;
    }

    /// Orders a fault for the next request of this kind. Faults ordered later are for later requests.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Object, Fault::CutAfter(2));
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.requests_to(Target::Object).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault(&self, target: Target, fault: Fault) {
        self.shared.state().queued_faults.entry(target).or_default().push_back(fault);
    }

    /// Orders a fault for every request of this kind for which none is in the queue; it replaces the one
    /// ordered in this way before.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    /// let file = client.file("space-1", "dentry-1", UnionId("anyone"));
    /// assert!(file.download_to(&mut Vec::new(), ..).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault_always(&self, target: Target, fault: Fault) {
        self.shared.state().standing_faults.insert(target, fault);
    }

    /// Takes all orders back.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    /// fake.clear_faults();
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear_faults(&self) {
        let mut state = self.shared.state();
        state.queued_faults.clear();
        state.standing_faults.clear();
    }

    /// All requests so far, in the order in which they had arrived whole.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// assert!(fake.requests().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.state().requests.clone()
    }

    /// The requests of one kind so far.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.requests_to(Target::Object).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn requests_to(&self, target: Target) -> Vec<Recorded> {
        let state = self.shared.state();
        let requests = state.requests.iter();
        requests.filter(|request| request.target == Some(target)).cloned().collect()
    }

    /// The files that have been sent, in order, whether or not the client got to know.
    ///
    /// ```
    /// use dingtalk_files::testing::FakeDingTalk;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// assert!(fake.sent().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.state().sent.clone()
    }

    /// How many connections were accepted so far.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.connections(), 2); // one to the API, one to the object store
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }
}

impl Drop for FakeDingTalk {
    fn drop(&mut self) {
        self.shared.stop();
        // The thread that accepts looks at the flag when a connection comes.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let (true, Some(acceptor)) = (woken, self.acceptor.take()) {
            let _ = acceptor.join();
        }
    }
}

impl fmt::Debug for FakeDingTalk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        f.debug_struct("FakeDingTalk")
            .field("base_url", &self.shared.base_url)
            .field("files", &state.tree.file_count())
            .field("requests", &state.requests.len())
            .field("connections", &state.connections)
            .finish_non_exhaustive()
    }
}
