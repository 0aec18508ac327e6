//! The fake itself: start and stop, tokens, URLs and signatures.

use super::server;
use super::state::Shared;
use super::state::tokens::{APP_KEY, APP_SECRET};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A small `DingTalk` with files, on a loopback port. Dropping the value stops the server.
///
/// The fake has one app: [`FakeDingTalk::APP_KEY`] with [`FakeDingTalk::APP_SECRET`]. Any union id is a user with all
/// permissions. A space exists once it has a file, or after [`FakeDingTalk::add_space`].
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
    pub(super) shared: Arc<Shared>,
    pub(super) address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

impl FakeDingTalk {
    /// The key of the fake's only app.
    pub const APP_KEY: &str = APP_KEY;
    /// The secret of that app.
    pub const APP_SECRET: &str = APP_SECRET;

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
    /// Fails if the system has no free port or cannot start a thread.
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

    /// Returns the URL of the API, with which all object URLs begin: `http://127.0.0.1:PORT`.
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

    /// Returns a valid token without a request, for tests that send their own requests.
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
        self.shared.state().tokens.renew()
    }

    /// Sets the lifetime of tokens in seconds, from the next token call on. The default is 7200.
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
        self.shared.state().tokens.lifetime = Duration::from_secs(seconds);
    }

    /// Revokes the current token.
    ///
    /// Calls with the revoked token return 400 `InvalidAuthentication`. The next token call issues another token.
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
        self.shared.state().tokens.revoke();
    }

    /// Sets whether a token call after [`FakeDingTalk::revoke_tokens`] issues the same string again.
    ///
    /// If it does, the fake still refuses that string.
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
        self.shared.state().tokens.keep_string = keep;
    }

    /// Sets the `resourceUrls` of all further download information.
    ///
    /// In each URL, `{good}` stands for the correct URL, and other text may surround it. A condition of
    /// [`fault_when`](FakeDingTalk::fault_when) recognizes `{good}?mirror=2` by its query.
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
    ///
    /// Parameters that OSS signs, such as `response-content-type`, are part of the signature. All URLs share one
    /// signature, which covers the parameters of the first URL with `{good}`. A client that adds, changes or drops a
    /// signed parameter gets 403 `SignatureDoesNotMatch`. The `response-*` parameters replace headers of the answer.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.set_resource_urls(vec!["{good}?response-content-type=text%2Fplain".into()]);
    /// let info = client.file("space-1", "dentry-1", UnionId("anyone")).download_info()?;
    /// let signed = info.header_signature_info.unwrap();
    /// let mut get = ureq::get(&signed.resource_urls[0]);
    /// for (name, value) in &signed.headers {
    ///     get = get.header(name, value);
    /// }
    /// assert_eq!(get.call()?.headers()["content-type"], "text/plain");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_resource_urls(&self, urls: Vec<String>) {
        self.shared.state().resource_urls = Some(urls);
    }

    /// Sets the `resourceUrls` of all further upload information, including that of parts.
    ///
    /// In each URL, `{good}` stands for the correct URL, and other text may surround it. The correct URL of a part
    /// already has a query.
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

    /// Sets the lifetime of further signatures in seconds. The default is 900; a signature with lifetime 0 has already
    /// lapsed.
    ///
    /// The lifetime is measured in real time. To make a signature lapse without waiting, call
    /// [`lapse_signatures`](FakeDingTalk::lapse_signatures).
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
        self.shared.state().signatures.lifetime = Duration::from_secs(seconds);
    }

    /// Makes all signatures lapse that have been issued so far.
    ///
    /// A request with a lapsed signature gets 403 `RequestTimeTooSkewed`, as OSS returns for a request whose signed
    /// date is more than 15 minutes old. A presigned URL with `Expires=` gets 403 `AccessDenied`, as OSS returns for an
    /// expired URL.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let info = client.file("space-1", "dentry-1", UnionId("anyone")).download_info()?;
    /// fake.lapse_signatures();
    /// let error = client.download_to(&info, &mut Vec::new(), ..).unwrap_err();
    /// assert_eq!(error.code(), Some("RequestTimeTooSkewed"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// To return another error for a lapsed signature, set a fault for requests with that signature:
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let mut first = None;
    /// let has_first_signature = move |request: &dingtalk_files::testing::Recorded| {
    ///     let signature = request.header("authorization").map(str::to_owned);
    ///     *first.get_or_insert(signature.clone()) == signature
    /// };
    /// fake.fault_when(Target::Object, has_first_signature, Fault::object_error(403, "SecurityTokenExpired"));
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lapse_signatures(&self) {
        self.shared.state().signatures.lapse_all();
    }
}

impl Drop for FakeDingTalk {
    fn drop(&mut self) {
        self.shared.stop();
        // The accepting thread checks the flag at the next connection.
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
