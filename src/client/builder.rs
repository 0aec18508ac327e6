//! Configuration of a client.

mod addresses;
mod environment;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::HeaderValue;

use crate::base::clock::{Clock, MonotonicClock};
use crate::base::error::{Error, Result};
use crate::base::event::Event;
use crate::base::secret::Secret;
use crate::client::events::Events;
use crate::client::retry::RetryPolicy;
use crate::client::token::{AppTokens, Auth, IntoTokenSource};
use crate::client::{Client, Inner};
use crate::http::settings::{NetworkSettings, ProxyChoice, zero_timeout};
use crate::http::{Http, tls};
use addresses::{BASE_URL, INTERNATIONAL_BASE_URL, check_api_url, check_base_url, is_https, old_host_of};

const USER_AGENT: &str = concat!("dingtalk-files/", env!("CARGO_PKG_VERSION"));

/// Configures a [`Client`]; returned by [`Client::builder`].
///
/// Credentials are required. Every other setting has a safe default:
///
/// ```no_run
/// use std::time::Duration;
/// use dingtalk_files::{Client, RetryPolicy};
///
/// let client = Client::builder()
///     .app("app-key", "app-secret")
///     .stall_timeout(Duration::from_secs(10))
///     .retry(RetryPolicy::new().max_retries(3))
///     .build()?;
/// # Ok::<(), dingtalk_files::Error>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    auth: Option<Auth>,
    several_auths: bool,
    /// The credentials are those of the environment or of a fake, or are missing. Any others replace them.
    is_auth_replaceable: bool,
    base_url: String,
    oapi_base_url: Option<String>,
    retry: RetryPolicy,
    user_agent: Option<String>,
    network: NetworkSettings,
    overall_timeout: Option<Duration>,
    allow_http_objects: bool,
    events: Events,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// Returns a builder that configures a client.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            auth: None,
            several_auths: false,
            is_auth_replaceable: false,
            base_url: BASE_URL.to_owned(),
            oapi_base_url: None,
            retry: RetryPolicy::default(),
            user_agent: None,
            network: NetworkSettings::default(),
            overall_timeout: None,
            allow_http_objects: false,
            events: Events::default(),
            clock: Arc::new(MonotonicClock::start()),
        }
    }

    /// Sets the app key and app secret (also called client id and client secret).
    /// The client fetches a token with the first call, caches it, and refreshes it 10 minutes before it expires.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().app("app-key", "app-secret").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn app(self, app_key: impl Into<String>, app_secret: impl Into<Secret>) -> Self {
        self.auth(Auth::App(AppTokens::new(app_key.into(), app_secret.into())))
    }

    /// Sets an app's id and secret in one organisation, for an internal app or a third-party enterprise app.
    ///
    /// The client fetches the token with [`get_token`](crate::Oauth2::get_token), and caches and refreshes it as with
    /// [`app`](Self::app). A server that works for many organisations builds one client for each.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().corp_app("corp-id", "client-id", "client-secret").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn corp_app(
        self,
        corp_id: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Self {
        self.auth(Auth::App(AppTokens::of_corp(corp_id.into(), client_id.into(), client_secret.into())))
    }

    /// Sets a fixed access token, for a program that ends before the token expires (after two hours).
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn access_token(self, token: impl Into<Secret>) -> Self {
        self.auth(Auth::Fixed(token.into()))
    }

    /// Sets the caller's own source of tokens: a closure or a [`TokenSource`](crate::TokenSource).
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let source = || std::env::var("MY_TOKEN");
    /// let client = Client::builder().token_source(source).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn token_source<Kind>(self, source: impl IntoTokenSource<Kind>) -> Self {
        self.auth(Auth::Custom(source.into_token_source()))
    }

    fn auth(mut self, auth: Auth) -> Self {
        self.several_auths |= self.auth.is_some() && !self.is_auth_replaceable;
        self.is_auth_replaceable = false;
        self.auth = Some(auth);
        self
    }

    /// Uses the international hosts, `https://api.dingtalk.io` and `https://oapi.dingtalk.io`.
    /// Apps of one edition are unknown to the other.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").international().build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn international(self) -> Self {
        self.base_url(INTERNATIONAL_BASE_URL)
    }

    /// Sets whether files may be transferred over plain http. Default: `false`.
    ///
    /// DingTalk returns `http` URLs for files of robots and approvals. Its own object store (`*.aliyuncs.com`) is used
    /// over https anyway; a dedicated deployment may have no TLS. Anyone on the way can read and change http files.
    ///
    /// ```
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").allow_http_objects(true).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn allow_http_objects(mut self, allow: bool) -> Self {
        self.allow_http_objects = allow;
        self
    }

    /// Sets another API host: a gateway, or a fake in tests. Default: `https://api.dingtalk.com`.
    /// An `http` base URL makes the client accept `http` resource URLs too; otherwise everything is `https`.
    ///
    /// ```
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").base_url("http://127.0.0.1:8080/dingtalk").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets another old-style host, for [`Client::topapi`]. Default: `https://oapi.dingtalk.com`, or
    /// `https://oapi.dingtalk.io` with [`international`](Self::international). If [`base_url`](Self::base_url) is set,
    /// the default is that URL, because a gateway or a fake serves both.
    ///
    /// ```
    /// use dingtalk_files::Client;
    ///
    /// let gateway = Client::builder().access_token("token").base_url("http://127.0.0.1:8080/new");
    /// let client = gateway.oapi_base_url("http://127.0.0.1:8080/old").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn oapi_base_url(mut self, url: impl Into<String>) -> Self {
        self.oapi_base_url = Some(url.into());
        self
    }

    /// Sets how failures are retried. A throttled call waits at least one second, whatever the policy's first wait:
    /// DingTalk's limits are per second. That wait doubles up to the policy's longest; jitter adds up to one second.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, RetryPolicy};
    ///
    /// let client = Client::builder().access_token("token").retry(RetryPolicy::none()).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the `User-Agent` header. Default: `dingtalk-files/VERSION`, or the header of the caller's own agent.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").user_agent("report-job/1.0").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// Sets the limit for resolving a name, and for connecting including TLS.
    /// Default: 10 seconds each; `Duration::MAX` means unlimited. A host reached in the last 15 seconds is looked up
    /// without a limit, unless there is an [`overall_timeout`](Self::overall_timeout).
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").connect_timeout(Duration::from_secs(3)).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.network.connect_timeout = Some(limit);
        self
    }

    /// Sets the longest silence, without a single byte in either direction, before a connection counts as dead.
    /// Default: 30 seconds; `Duration::MAX` means unlimited.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").stall_timeout(Duration::from_secs(15)).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.network.stall_timeout = Some(limit);
        self
    }

    /// Sets the limit for a whole operation: one API call, or one download, with its retries, token and renewals.
    /// Default: none, because a slow transfer is fine. The limit is checked before each wait and during each request.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").overall_timeout(Duration::from_secs(3600)).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn overall_timeout(mut self, limit: Duration) -> Self {
        self.overall_timeout = Some(limit);
        self
    }

    /// Sets a proxy: `http://user:password@host:port`, or `socks5://…` with the feature `socks-proxy`. Default: the
    /// first of `ALL_PROXY`, `HTTPS_PROXY` and `HTTP_PROXY` in the environment that holds a URL, for all hosts except
    /// those in `NO_PROXY`. A proxy that this build cannot use is an error; it is never bypassed.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").proxy("http://proxy.example:3128").build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.network.proxy = Some(ProxyChoice::Url(url.into()));
        self
    }

    /// Uses no proxy, even if the environment names one.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::builder().access_token("token").no_proxy().build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn no_proxy(mut self) -> Self {
        self.network.proxy = Some(ProxyChoice::None);
        self
    }

    /// Adds root certificates (PEM, one or many) to the built-in ones: a company's own, for example.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let pem = std::fs::read("/etc/ssl/company-root.pem")?;
    /// let client = Client::builder().access_token("token").root_certificates(pem).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.network.roots_pem.push(pem.into());
        self
    }

    /// Sets a ready-made agent with its own connections, proxy, TLS and middleware, for settings missing here.
    /// This crate must be built with the agent's TLS provider. In a build with `native-tls` alone, set that provider on
    /// the agent, because ureq defaults to rustls. Redirects are still not followed, statuses still not ureq's errors,
    /// and a stall limit is still set if the agent has none. No other function of this crate exposes ureq.
    ///
    /// ```
    /// use dingtalk_files::Client;
    ///
    /// let agent = ureq::Agent::config_builder().ip_family(ureq::config::IpFamily::Ipv4Only).build().new_agent();
    /// let client = Client::builder().access_token("token").base_url("http://127.0.0.1:8080").agent(agent).build();
    /// # let _ = client;
    /// ```
    pub fn agent(mut self, agent: Agent) -> Self {
        self.network.agent = Some(agent);
        self
    }

    /// Calls `observer` for each [`Event`]: attempts, waits, token fetches, renewed signatures, failovers. For metrics
    /// and traces.
    ///
    /// The observer runs in the thread of the call or transfer, which continues when the observer returns; keep it
    /// short. The same events go to the [`log`](https://docs.rs/log) facade with the target `dingtalk_files`: a retry
    /// as a warning, the rest at debug level. Events contain no secret. If neither an observer nor a logger is set, they
    /// cost nothing measurable.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use dingtalk_files::{Client, EventKind};
    ///
    /// static RETRIES: AtomicU64 = AtomicU64::new(0);
    /// let client = Client::builder().access_token("token").observer(|event| {
    ///     if event.kind == EventKind::Wait {
    ///         RETRIES.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// });
    /// let client = client.build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn observer(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.events.observer = Some(Box::new(observer));
        self
    }

    #[cfg(feature = "testing")]
    pub(crate) fn replaceable_credentials(self) -> Self {
        Self { is_auth_replaceable: true, ..self }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the configuration and builds the client. Sends nothing.
    ///
    /// ```
    /// use dingtalk_files::{Client, Error};
    ///
    /// let nothing = Client::builder().base_url("http://127.0.0.1:8080").build();
    /// assert!(matches!(nothing, Err(Error::Config(what_to_do)) if what_to_do.contains("no credentials")));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`], which states the problem and how to fix it.
    pub fn build(self) -> Result<Client> {
        if self.several_auths {
            return Err(config(
                "give one of `app`, `corp_app`, `access_token` and `token_source`, not several",
            ));
        }
        let base_url = check_api_url(&self.base_url)?;
        let oapi_base_url = match &self.oapi_base_url {
            Some(url) => check_base_url(url)?,
            None => old_host_of(&base_url),
        };
        let needs_tls = is_https(&base_url) || is_https(&oapi_base_url);
        if needs_tls && !tls::AVAILABLE && self.network.agent.is_none() {
            return Err(config(
                "https needs TLS: enable the feature `rustls`, `platform-verifier` or `native-tls` of dingtalk-files",
            ));
        }
        let user_agent = match (&self.user_agent, &self.network.agent) {
            (Some(text), _) => Some(text.as_str()),
            (None, None) => Some(USER_AGENT),
            (None, Some(_)) => None,
        };
        let user_agent = user_agent
            .map(HeaderValue::from_str)
            .transpose()
            .map_err(|_| config("the user agent has characters that are not allowed in a header"))?;
        if self.overall_timeout.is_some_and(|limit| limit.is_zero()) {
            return Err(zero_timeout());
        }
        let agents = self.network.agents(is_https(&base_url))?;
        let auth = self.auth.ok_or_else(|| {
            config(if self.is_auth_replaceable {
                "no credentials: set DINGTALK_APP_KEY and DINGTALK_APP_SECRET, or DINGTALK_ACCESS_TOKEN"
            } else {
                "no credentials: call `app`, `corp_app`, `access_token` or `token_source`, or use `Client::from_env`"
            })
        })?;
        check_auth(&auth)?;
        Ok(Client::from_inner(Inner {
            http: Http::new(agents, user_agent),
            auth,
            retry: self.retry,
            clock: self.clock,
            base_url,
            oapi_base_url,
            overall_timeout: self.overall_timeout,
            allow_http_objects: self.allow_http_objects,
            events: self.events,
        }))
    }
}

fn config(what: impl Into<String>) -> Error {
    Error::Config(what.into())
}

fn check_auth(auth: &Auth) -> Result<()> {
    match auth {
        Auth::Fixed(token) if token.expose().is_empty() => Err(config("the access token is empty")),
        Auth::Fixed(token) if token.expose().chars().any(|c| c.is_control() || c == ' ') => Err(config(
            "the access token has a space or a line break in it; was it read from a file? Trim it",
        )),
        Auth::App(tokens) if tokens.is_incomplete() => Err(config(format!("{} is empty", tokens.names()))),
        Auth::App(tokens) if tokens.has_blanks() => Err(config(format!(
            "{} has a space or a line break in it; was it read from a file? Trim it",
            tokens.names()
        ))),
        _ => Ok(()),
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("auth", &self.auth)
            .field("base_url", &self.base_url)
            .field("oapi_base_url", &self.oapi_base_url)
            .field("retry", &self.retry)
            .field("has_proxy", &self.network.proxy.is_some())
            .field("has_agent", &self.network.agent.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
