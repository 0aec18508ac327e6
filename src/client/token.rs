//! Where an access token comes from.

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
/// It is asked before every API call and nothing it answers is kept, so cache in it whatever is expensive. When
/// DingTalk refuses a token, [`rejected`](Self::rejected) is called with it and the source is asked once more; if that
/// token is refused too, the call fails.
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
/// One that keeps what it got until DingTalk refuses it:
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
    /// The token to use now.
    ///
    /// # Errors
    ///
    /// Whatever kept the token away; the call that needed it fails with [`Error::TokenSource`].
    fn access_token(&self) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>>;

    /// DingTalk refused this token. A source with a cache drops it here.
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

/// An argument of [`ClientBuilder::token_source`](crate::ClientBuilder::token_source): a [`TokenSource`], also in an `Arc`
/// or a `Box`, or a closure that returns the token.
///
/// It is implemented for all of these. `Kind` tells them apart and is always inferred.
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
    /// The token source behind a pointer.
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

/// The three ways to a token.
pub(crate) enum Auth {
    Fixed(Secret),
    App(AppTokens),
    Custom(Box<dyn TokenSource>),
}

/// A token in use. The number tells it from a later one with the same text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) secret: Secret,
    generation: u64,
}

impl Auth {
    /// The token to send now. `fetch` asks DingTalk; it runs in one thread at a time. Its flag says that this is an
    /// early refresh, with the old token still good. `give_up` ends the wait for another thread's fetch.
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

    /// DingTalk refused `token`. Whether another one can be had.
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

/// How the fetching of a token ended.
pub(crate) enum Fetched {
    Answer(Result<AccessToken>),
    /// Whoever asked was interrupted, or out of time.
    Abandoned(Error),
}

/// What an app shows to get a token.
pub(crate) struct App {
    /// The organisation, where the app's token is one for it alone.
    corp_id: Option<String>,
    key: String,
    secret: Secret,
}

impl App {
    /// The call that fetches its token.
    pub(crate) fn call(&self) -> Call<'_> {
        match &self.corp_id {
            Some(corp_id) => get_token(corp_id, &self.key, self.secret.expose()),
            None => get_access_token(&self.key, self.secret.expose()),
        }
    }
}

/// An app's tokens: cached, refreshed early, fetched by one thread while the others wait without holding a lock.
pub(crate) struct AppTokens {
    app: App,
    state: Mutex<State>,
    fetch_ended: Condvar,
}

#[derive(Default)]
struct State {
    current: Option<Cached>,
    /// Counts fetches. The one in flight, or the last one.
    generation: u64,
    fetching: bool,
    /// How the last fetch failed, for those who waited for it.
    failure: Option<(u64, Arc<Error>)>,
}

struct Cached {
    token: Token,
    refresh_at: Duration,
    expires_at: Duration,
}

/// DingTalk's guide: refresh 10 minutes before the end.
const REFRESH_EARLY: Duration = Duration::from_secs(600);
/// After a refresh failed while the old token still lives.
const REFRESH_AGAIN: Duration = Duration::from_secs(30);

impl AppTokens {
    pub(crate) fn new(key: String, secret: Secret) -> Self {
        Self::with(App { corp_id: None, key, secret })
    }

    /// Those of an app in one organisation.
    pub(crate) fn of_corp(corp_id: String, key: String, secret: Secret) -> Self {
        Self::with(App { corp_id: Some(corp_id), key, secret })
    }

    fn with(app: App) -> Self {
        Self { app, state: Mutex::default(), fetch_ended: Condvar::new() }
    }

    pub(crate) fn is_incomplete(&self) -> bool {
        self.texts().any(str::is_empty)
    }

    /// None of them has a blank in it, so one came with the file that it was read from.
    pub(crate) fn has_blanks(&self) -> bool {
        self.texts().any(|text| text.contains(char::is_whitespace))
    }

    /// The credentials by their names.
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
            // In real time, whatever the client's clock is: that one may stand still.
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
        // The token's life is counted from before it was asked for: rather too short than too long.
        let asked_at = clock.now();
        let answer = match fetch(&self.app, early) {
            Fetched::Answer(answer) => answer,
            // Nobody else's failure: who waited for it asks anew.
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
        // While another thread refreshes early, the old token still serves.
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

/// Ends a fetch however it ends, a panic included, so that nobody waits for ever.
struct FetchGuard<'a>(&'a AppTokens);

impl Drop for FetchGuard<'_> {
    fn drop(&mut self) {
        self.0.lock().fetching = false;
        self.0.fetch_ended.notify_all();
    }
}

/// An access token and how long it lives.
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
    /// The token. Good for every API call of the app until it expires.
    #[serde(alias = "access_token")]
    pub access_token: Secret,
    /// Life in seconds, usually 7200. Asking again before the end returns the same token and renews it.
    #[serde(alias = "expires_in", default = "documented_life", deserialize_with = "null_is_documented_life")]
    pub expire_in: u64,
}

fn documented_life() -> u64 {
    7200
}

fn null_is_documented_life<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Option::deserialize(deserializer).map(|life| life.unwrap_or_else(documented_life))
}

/// The call for the token of an internal app.
#[inline]
pub(crate) fn get_access_token<'a>(app_key: &str, app_secret: &'a str) -> Call<'a> {
    Call::new("POST /v1.0/oauth2/accessToken", &[])
        .without_token()
        .field("appKey", app_key)
        .field_secret("appSecret", app_secret)
        .reads()
}

/// The call for the token of an app in one organisation.
#[inline]
pub(crate) fn get_token<'a>(corp_id: &str, client_id: &str, client_secret: &'a str) -> Call<'a> {
    Call::new("POST /v1.0/oauth2/{corpId}/token", &[corp_id])
        .without_token()
        .field("client_id", client_id)
        .field_secret("client_secret", client_secret)
        // The one kind of grant there is for an app.
        .field("grant_type", "client_credentials")
        .reads()
}
