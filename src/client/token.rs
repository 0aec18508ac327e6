//! Sources of access tokens.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::base::call::Call;
use crate::base::clock::{Clock, POLL_INTERVAL, renew_after};
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;

/// The caller's own source of access tokens: a secret manager, or a cache that a fleet of machines shares.
///
/// The client calls [`access_token`](Self::access_token) before every API call and keeps no result, so the source must
/// cache anything expensive. If DingTalk refuses a token, the client calls [`rejected`](Self::rejected) with it and
/// requests a token once more. If DingTalk refuses that token too, the call fails.
///
/// A closure that returns the token is a source too:
///
/// ```no_run
/// use dingtalk_files::Client;
///
/// let client = Client::builder()
///     .token_source(|| std::fs::read_to_string("/run/secrets/dingtalk-token").map(|t| t.trim().to_owned()))
///     .build()?;
/// # Ok::<(), dingtalk_files::Error>(())
/// ```
///
/// A source that keeps a token until DingTalk refuses it:
///
/// ```no_run
/// use std::error::Error;
/// use std::sync::Mutex;
/// use dingtalk_files::{Client, Secret, TokenSource};
///
/// #[derive(Default)]
/// struct Vault(Mutex<Option<Secret>>);
///
/// impl TokenSource for Vault {
///     fn access_token(&self) -> Result<Secret, Box<dyn Error + Send + Sync>> {
///         let mut kept = self.0.lock().map_err(|_| "the vault is broken")?;
///         if kept.is_none() {
///             *kept = Some(ask_the_vault()?);
///         }
///         kept.clone().ok_or_else(|| "no token".into())
///     }
///
///     fn rejected(&self, token: &Secret) {
///         if let Ok(mut kept) = self.0.lock() {
///             kept.take_if(|k| &*k == token);
///         }
///     }
/// }
///
/// # fn ask_the_vault() -> Result<Secret, std::io::Error> { Ok(Secret::new("token")) }
/// let client = Client::builder().token_source(Vault::default()).build()?;
/// # Ok::<(), dingtalk_files::Error>(())
/// ```
pub trait TokenSource: Send + Sync {
    /// Returns the token to use now.
    ///
    /// # Errors
    ///
    /// Any error that prevents the source from returning a token. The call that needs the token fails with
    /// [`Error::TokenSource`].
    fn access_token(&self) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>>;

    /// Reports that DingTalk refused this token. A source with a cache drops the token here.
    fn rejected(&self, token: &Secret) {
        let _ = token;
    }
}

impl<T: TokenSource + ?Sized> TokenSource for Arc<T> {
    fn access_token(&self) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>> {
        (**self).access_token()
    }

    fn rejected(&self, token: &Secret) {
        (**self).rejected(token);
    }
}

impl<T: TokenSource + ?Sized> TokenSource for Box<T> {
    fn access_token(&self) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>> {
        (**self).access_token()
    }

    fn rejected(&self, token: &Secret) {
        (**self).rejected(token);
    }
}

/// An argument of [`ClientBuilder::token_source`](crate::ClientBuilder::token_source): a [`TokenSource`], also in an
/// `Arc` or a `Box`, or a closure that returns the token.
///
/// The trait is implemented for all of these. `Kind` distinguishes them and is always inferred.
///
/// ```
/// use std::sync::Arc;
/// use dingtalk_files::{Client, Secret, TokenSource};
///
/// struct Fixed;
///
/// impl TokenSource for Fixed {
///     fn access_token(&self) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(Secret::new("token"))
///     }
/// }
///
/// let shared: Arc<dyn TokenSource> = Arc::new(Fixed);
/// Client::builder().token_source(Arc::clone(&shared)).build()?;
/// Client::builder().token_source(|| std::env::var("MY_TOKEN")).build()?;
/// # Ok::<(), dingtalk_files::Error>(())
/// ```
pub trait IntoTokenSource<Kind> {
    /// Returns the token source behind a pointer.
    fn into_token_source(self) -> Box<dyn TokenSource>;
}

impl<T: TokenSource + 'static> IntoTokenSource<()> for T {
    fn into_token_source(self) -> Box<dyn TokenSource> {
        Box::new(self)
    }
}

impl<F, S, E> IntoTokenSource<(S, E)> for F
where
    F: Fn() -> Result<S, E> + Send + Sync + 'static,
    S: Into<Secret>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn into_token_source(self) -> Box<dyn TokenSource> {
        Box::new(Closure(self))
    }
}

struct Closure<F>(F);

impl<F, S, E> TokenSource for Closure<F>
where
    F: Fn() -> Result<S, E> + Send + Sync,
    S: Into<Secret>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn access_token(&self) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>> {
        (self.0)().map(Into::into).map_err(Into::into)
    }
}

/// Source of the client's tokens.
pub(crate) enum Auth {
    Fixed(Secret),
    App(AppTokens),
    Custom(Box<dyn TokenSource>),
}

/// A token in use. The generation distinguishes it from a later token with the same text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) secret: Secret,
    generation: u64,
}

impl Auth {
    /// Returns the token to send now.
    ///
    /// `fetch` requests a token from DingTalk and runs in one thread at a time. Its flag is `true` for an early
    /// refresh, while the old token is still valid. `give_up` ends the wait for another thread's fetch.
    pub(crate) fn token(
        &self,
        clock: &dyn Clock,
        give_up: &dyn Fn() -> Option<Error>,
        fetch: impl FnOnce(&App, bool) -> Fetched,
    ) -> Result<Token> {
        match self {
            Self::Fixed(secret) => Ok(Token { secret: secret.clone(), generation: 0 }),
            Self::App(tokens) => tokens.get(clock, give_up, fetch),
            Self::Custom(source) => {
                let secret = source.access_token().map_err(Error::TokenSource)?;
                Ok(Token { secret, generation: 0 })
            }
        }
    }

    /// Reports that DingTalk refused `token`. Returns whether another token can be fetched.
    pub(crate) fn reject(&self, token: &Token) -> bool {
        match self {
            Self::Fixed(_) => return false,
            Self::App(tokens) => tokens.drop_generation(token.generation),
            Self::Custom(source) => source.rejected(&token.secret),
        }
        true
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed(..)",
            Self::App(_) => "App(..)",
            Self::Custom(_) => "Custom(..)",
        })
    }
}

/// Outcome of fetching a token.
pub(crate) enum Fetched {
    Answer(Result<AccessToken>),
    /// The operation that fetched it was interrupted, or ran out of time.
    Abandoned(Error),
}

/// Credentials of an app.
pub(crate) struct App {
    /// The organisation, if the app's token is valid for that organisation only.
    corp_id: Option<String>,
    key: String,
    secret: Secret,
}

impl App {
    /// Returns the call that fetches the app's token.
    pub(crate) fn call(&self) -> Call<'_> {
        match &self.corp_id {
            Some(corp_id) => get_token(corp_id, &self.key, self.secret.expose()),
            None => get_access_token(&self.key, self.secret.expose()),
        }
    }
}

/// Tokens of an app: cached, refreshed early, and fetched by one thread while the others wait without holding a lock.
pub(crate) struct AppTokens {
    app: App,
    state: Mutex<State>,
    fetch_ended: Condvar,
}

#[derive(Default)]
struct State {
    current: Option<Cached>,
    /// Number of the fetch in flight, or of the last one.
    generation: u64,
    fetching: bool,
    /// Generation and error of the last failed fetch, for the threads that waited for it.
    failure: Option<(u64, Arc<Error>)>,
}

struct Cached {
    token: Token,
    refresh_at: Duration,
    expires_at: Duration,
}

/// Time before its end at which a token is refreshed: 10 minutes, as in DingTalk's guide.
const REFRESH_EARLY: Duration = Duration::from_secs(600);
/// Pause after a failed refresh while the old token is still valid.
const REFRESH_AGAIN: Duration = Duration::from_secs(30);

impl AppTokens {
    pub(crate) fn new(key: String, secret: Secret) -> Self {
        Self::with(App { corp_id: None, key, secret })
    }

    /// Creates the tokens of an app in one organisation.
    pub(crate) fn of_corp(corp_id: String, key: String, secret: Secret) -> Self {
        Self::with(App { corp_id: Some(corp_id), key, secret })
    }

    fn with(app: App) -> Self {
        Self { app, state: Mutex::default(), fetch_ended: Condvar::new() }
    }

    pub(crate) fn is_incomplete(&self) -> bool {
        self.texts().any(str::is_empty)
    }

    /// Returns whether a credential contains white space. No valid one does: the space came from the file that was
    /// read.
    pub(crate) fn has_blanks(&self) -> bool {
        self.texts().any(|text| text.contains(char::is_whitespace))
    }

    /// Returns the names of the credentials, for errors.
    pub(crate) fn names(&self) -> &'static str {
        if self.app.corp_id.is_some() {
            "corp id, client id or client secret"
        } else {
            "app key or app secret"
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let App { corp_id, key, secret } = &self.app;
        [key.as_str(), secret.expose()].into_iter().chain(corp_id.as_deref())
    }

    fn get(
        &self,
        clock: &dyn Clock,
        give_up: &dyn Fn() -> Option<Error>,
        fetch: impl FnOnce(&App, bool) -> Fetched,
    ) -> Result<Token> {
        let mut state = self.lock();
        loop {
            if let Some(token) = state.usable(clock.now()) {
                return Ok(token);
            }
            if !state.fetching {
                break;
            }
            let waited_for = state.generation;
            // Waits in real time, because the client's clock may stand still.
            let (after, wait) = self
                .fetch_ended
                .wait_timeout_while(state, POLL_INTERVAL, |s| s.fetching && s.generation == waited_for)
                .unwrap_or_else(PoisonError::into_inner);
            state = after;
            if wait.timed_out() {
                drop(state);
                if let Some(error) = give_up() {
                    return Err(Error::Token(Arc::new(error)));
                }
                state = self.lock();
            }
            if let Some((_, error)) = state.failure.as_ref().filter(|(failed, _)| *failed == waited_for) {
                return Err(Error::Token(Arc::clone(error)));
            }
        }
        let early = state.current.as_ref().is_some_and(|c| clock.now() < c.expires_at);
        state.fetching = true;
        state.generation += 1;
        let generation = state.generation;
        drop(state);

        let _turn = FetchGuard(self);
        // The token's life counts from before the request: too short is safer than too long.
        let asked_at = clock.now();
        let answer = match fetch(&self.app, early) {
            Fetched::Answer(answer) => answer,
            // This failure concerns this operation only: the waiting threads fetch a token themselves.
            Fetched::Abandoned(error) => return Err(Error::Token(Arc::new(error))),
        };
        self.lock().settle(generation, asked_at, clock.now(), answer)
    }

    fn drop_generation(&self, generation: u64) {
        let mut state = self.lock();
        if state.current.as_ref().is_some_and(|c| c.token.generation == generation) {
            state.current = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usable(&self, now: Duration) -> Option<Token> {
        let cached = self.current.as_ref()?;
        let fresh = now < cached.refresh_at;
        // While another thread refreshes early, the old token is still used.
        let still_good = now < cached.expires_at && self.fetching;
        (fresh || still_good).then(|| cached.token.clone())
    }

    fn settle(
        &mut self,
        generation: u64,
        asked_at: Duration,
        now: Duration,
        answer: Result<AccessToken>,
    ) -> Result<Token> {
        match answer {
            Ok(fresh) => {
                let life = Duration::from_secs(fresh.expire_in);
                let token = Token { secret: fresh.access_token, generation };
                self.current = Some(Cached {
                    token: token.clone(),
                    refresh_at: asked_at.saturating_add(renew_after(life, REFRESH_EARLY)),
                    expires_at: asked_at.saturating_add(life),
                });
                self.failure = None;
                Ok(token)
            }
            Err(error) => {
                if let Some(old) = self.current.as_mut().filter(|c| now < c.expires_at) {
                    old.refresh_at = now.saturating_add(REFRESH_AGAIN).min(old.expires_at);
                    return Ok(old.token.clone());
                }
                let error = Arc::new(error);
                self.failure = Some((generation, Arc::clone(&error)));
                Err(Error::Token(error))
            }
        }
    }
}

/// Marks a fetch as ended, even if it panicked, so that no thread waits forever.
struct FetchGuard<'a>(&'a AppTokens);

impl Drop for FetchGuard<'_> {
    fn drop(&mut self) {
        self.0.lock().fetching = false;
        self.0.fetch_ended.notify_all();
    }
}

/// An access token and its lifetime.
///
/// ```
/// use dingtalk_files::AccessToken;
///
/// let token: AccessToken = serde_json::from_str(r#"{"accessToken": "t-1", "expireIn": 7200}"#)?;
/// assert_eq!(token.access_token.expose(), "t-1");
/// assert!(!format!("{token:?}").contains("t-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessToken {
    /// The token. Valid for every API call of the app until it expires.
    #[serde(alias = "access_token")]
    pub access_token: Secret,
    /// Lifetime in seconds, usually 7200. Requesting a token again before the end returns the same token and renews it.
    #[serde(alias = "expires_in", default = "documented_life", deserialize_with = "null_is_documented_life")]
    pub expire_in: u64,
}

fn documented_life() -> u64 {
    7200
}

fn null_is_documented_life<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Option::deserialize(deserializer).map(|life| life.unwrap_or_else(documented_life))
}

/// Returns the call that fetches the token of an internal app.
#[inline]
pub(crate) fn get_access_token<'a>(app_key: &str, app_secret: &'a str) -> Call<'a> {
    Call::new("POST /v1.0/oauth2/accessToken", &[])
        .without_token()
        .field("appKey", app_key)
        .field_secret("appSecret", app_secret)
        .reads()
}

/// Returns the call that fetches the token of an app in one organisation.
#[inline]
pub(crate) fn get_token<'a>(corp_id: &str, client_id: &str, client_secret: &'a str) -> Call<'a> {
    Call::new("POST /v1.0/oauth2/{corpId}/token", &[corp_id])
        .without_token()
        .field("client_id", client_id)
        .field_secret("client_secret", client_secret)
        // The only grant type that an app can use.
        .field("grant_type", "client_credentials")
        .reads()
}
