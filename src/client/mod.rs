//! The client: runs a call and returns a typed answer.

pub(crate) mod builder;
pub(crate) mod events;
pub(crate) mod retry;
pub(crate) mod token;

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::base::call::{Call, Effect, Host, encode};
use crate::base::clock::{Clock, Deadline, POLL_INTERVAL, TimeLeft, jitter};
use crate::base::error::{
    ApiAnswer, Error, NetworkError, NetworkStage, OverallTimeout, Problem, Result, classify,
};
use crate::base::event::{Event, EventKind};
use crate::base::json::fields::{Field, PageOf};
use crate::base::json::{self, Reading, Vital};
use crate::base::pages::Page;
use crate::base::secret::{Secret, host_of};
use crate::client::events::Events;
use crate::client::retry::{AttemptState, RetryDecision, RetryPolicy, after_failure};
use crate::client::token::{Auth, Fetched, Token};
use crate::http::{ApiRequest, Http, ObjectBody};
use crate::object::range::{RequestedRange, ResponseHead};
use crate::object::signed_urls::SignedUrls;

/// A client of DingTalk's file APIs.
///
/// Cloning is cheap. Clones share the connections and the token, and may be used from any number of threads.
///
/// ```no_run
/// use dingtalk_files::{Client, UnionId};
///
/// let client = Client::builder().app("app-key", "app-secret").build()?;
/// let mut bytes = Vec::new();
/// client.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut bytes, ..)?;
/// # Ok::<(), dingtalk_files::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// End of the current operation, if it has a limit. Fetching a token and renewing a signature count towards it.
    deadline: Option<Deadline>,
    /// Connections that no other transfer uses. Set inside a transfer that can be interrupted.
    private: Option<Arc<Http>>,
}

pub(crate) struct Inner {
    pub(crate) http: Http,
    pub(crate) auth: Auth,
    pub(crate) retry: RetryPolicy,
    pub(crate) clock: Arc<dyn Clock>,
    /// Scheme, host, and path if any, without a trailing slash.
    pub(crate) base_url: String,
    /// Base URL of the old host, in the same form.
    pub(crate) oapi_base_url: String,
    pub(crate) overall_timeout: Option<Duration>,
    pub(crate) allow_http_objects: bool,
    pub(crate) events: Events,
}

/// Limit of an early refresh of the token. The old token still works, so the refresh must not delay a call for all its
/// retries.
const EARLY_REFRESH_LIMIT: Duration = Duration::from_secs(5);

impl Client {
    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), deadline: None, private: None }
    }

    /// Runs a call and reads its answer. Kept thin, so that each endpoint adds only its own types to a program.
    pub(crate) fn call<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T> {
        let answer = self.run(call)?;
        let reading = json::read(&answer.body, vital(&answer)).map_err(|why| answer.unreadable(why))?;
        let fields = reading.fields;
        let has_nothing = !reading.has_something && !fields.is_empty();
        held(&answer, reading, has_nothing.then_some(Problem::Empty(fields)))
    }

    /// Runs a call and reads one field of its answer. If the call changes something and its answer lacks the field,
    /// returns the default.
    pub(crate) fn field<T: DeserializeOwned + Default>(
        &self,
        name: &'static str,
        call: &Call<'_>,
    ) -> Result<T> {
        let answer = self.run(call)?;
        let reading = json::read_seed(&answer.body, vital(&answer), Field::new(name));
        let reading = reading.map_err(|why| answer.unreadable(why))?;
        let has_nothing = !reading.has_something;
        held(&answer, reading, has_nothing.then_some(Problem::Missing(name)))
    }

    /// Runs a call and reads a page of its answer: the list called `name`, and the cursor.
    pub(crate) fn page<T: DeserializeOwned>(&self, name: &'static str, call: &Call<'_>) -> Result<Page<T>> {
        self.counted_page(name, call).map(|page| Page { total_count: None, ..page })
    }

    /// Like [`page`](Self::page), for a list that documents the number of items on all pages.
    pub(crate) fn counted_page<T: DeserializeOwned>(
        &self,
        name: &'static str,
        call: &Call<'_>,
    ) -> Result<Page<T>> {
        let answer = self.run(call)?;
        let reading = json::read_seed(&answer.body, vital(&answer), PageOf::new(name));
        let reading = reading.map_err(|why| answer.unreadable(why))?;
        // A Java server may return `null` for an empty list.
        let has_nothing = !reading.has_something && !reading.answer.has_list;
        let read = held(&answer, reading, has_nothing.then_some(Problem::Missing(name)))?;
        Ok(Page { total_count: read.total_count, ..Page::new(read.items, read.next_token) })
    }

    /// Runs a call whose answer only reports whether it succeeded.
    #[inline]
    pub(crate) fn call_done(&self, call: &Call<'_>) -> Result<()> {
        // Failures arrive as errors. So an answer without the field `success`, even an empty one, is a success.
        let answer = self.run(call)?;
        json::read::<Done>(&answer.body, Vital::Nothing).map_err(|why| answer.unreadable(why))?;
        Ok(())
    }

    /// Runs a call whose answer has one field that reports whether it succeeded.
    #[inline]
    pub(crate) fn call_granted(&self, name: &'static str, call: &Call<'_>) -> Result<()> {
        let answer = self.run(call)?;
        let reading = json::read_seed(&answer.body, Vital::Nothing, Field::<Option<bool>>::new(name));
        match reading.map_err(|why| answer.unreadable(why))?.answer {
            Some(false) => Err(answer.unexpected(Problem::NotDone)),
            _ => Ok(()),
        }
    }

    /// Runs a call until it succeeds or its error is final.
    fn run(&self, call: &Call<'_>) -> Result<ApiAnswer> {
        let base_url = match call.host {
            Host::Api => &self.inner.base_url,
            Host::Oapi => &self.inner.oapi_base_url,
        };
        let url = format!("{base_url}{}", call.target()?);
        let this = self.within_deadline();
        let mut tries = AttemptState {
            retries: 0,
            token_replaced: false,
            repeatable: call.effect.may_repeat(),
            retry_after: None,
        };
        loop {
            let token = if call.with_token { Some(this.token(call.operation)?) } else { None };
            let error = match this.observe_once(call, &url, token.as_ref(), &mut tries) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match after_failure(&self.inner.retry, &error, &tries, jitter()) {
                RetryDecision::Fail => return Err(error),
                RetryDecision::WithNewToken => {
                    if !token.is_some_and(|t| self.inner.auth.reject(&t)) {
                        return Err(error);
                    }
                    tries.token_replaced = true;
                }
                RetryDecision::After(wait) => {
                    let ends = self.clock().now().saturating_add(wait);
                    if this.deadline.is_some_and(|deadline| ends >= deadline.at) {
                        return Err(error);
                    }
                    let event = Event::new(EventKind::Wait, call.operation, host_of(&url));
                    self.events().emit(&Event { duration: wait, ..event.because_of(&error) });
                    if !this.pause(wait) {
                        return Err(error);
                    }
                    tries.retries += 1;
                }
            }
        }
    }

    /// Sends a call once, and emits the event of the attempt.
    fn observe_once(
        &self,
        call: &Call<'_>,
        url: &str,
        token: Option<&Token>,
        tries: &mut AttemptState,
    ) -> Result<ApiAnswer> {
        if !self.events().are_on() {
            return self.run_once(call, url, token, tries);
        }
        let begun = self.clock().now();
        let result = self.run_once(call, url, token, tries);
        let event = Event::new(EventKind::Attempt, call.operation, host_of(url));
        let event = match &result {
            Ok(answer) => Event {
                bytes: answer.body.len() as u64,
                ..event.answered(answer.status, answer.request_id.as_deref())
            },
            Err(error) => event.because_of(error),
        };
        self.events().emit(&Event { duration: self.clock().now().saturating_sub(begun), ..event });
        result
    }

    fn run_once(
        &self,
        call: &Call<'_>,
        url: &str,
        token: Option<&Token>,
        tries: &mut AttemptState,
    ) -> Result<ApiAnswer> {
        tries.retry_after = None;
        let mut token = token.map(|t| &t.secret);
        // Secrets in a query are URL-encoded, and a server repeats them in that form.
        let in_url: Vec<String> = call.secrets.iter().map(|secret| encode(secret)).collect();
        let mut secrets = call.secrets.clone();
        secrets.extend(in_url.iter().map(String::as_str));
        secrets.extend(token.map(Secret::expose));
        // The old host takes the token in the query, and repeats the encoded form.
        let in_query = token.filter(|_| call.host == Host::Oapi).map(|t| encode(t.expose()));
        let mut url = Cow::Borrowed(url);
        if let Some(encoded) = &in_query {
            let joint = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{joint}access_token={encoded}").into();
            secrets.push(encoded);
            token = None;
        }
        // A request with a limit of zero would fail as if something might have been sent.
        if let Some(error) = self.has_ended(call.operation) {
            return Err(error);
        }
        let answer = self.http().api(&ApiRequest {
            operation: call.operation,
            reads: call.effect == Effect::Reads,
            method: call.method(),
            url: &url,
            token,
            secrets: &secrets,
            body: call.body().map(|bytes| (&*call.content_type, bytes)),
            time_left: self.time_left(),
        })?;
        tries.retry_after = answer.retry_after;
        classify(&answer, &secrets)?;
        Ok(answer)
    }

    fn token(&self, operation: &'static str) -> Result<Token> {
        self.inner.auth.token(self.clock(), &|| self.has_ended(operation), |app, early| {
            let client = if early {
                self.within(EARLY_REFRESH_LIMIT, "limit of an early token refresh")
            } else {
                self.clone()
            };
            let call = app.call();
            let begun = self.events().are_on().then(|| self.clock().now());
            let answer = client.call(&call);
            if let (Ok(_), Some(begun)) = (&answer, begun) {
                let event =
                    Event::new(EventKind::TokenFetched, call.operation, host_of(&self.inner.base_url));
                let duration = self.clock().now().saturating_sub(begun);
                self.events().emit(&Event { duration, ..event });
            }
            // An early refresh has its own limit. Only the end of this operation abandons the fetch.
            match answer {
                Err(error) if self.has_ended(operation).is_some() => Fetched::Abandoned(error),
                answer => Fetched::Answer(answer),
            }
        })
    }

    pub(crate) fn get_object(
        &self,
        signed: &SignedUrls,
        url: &str,
        range: RequestedRange,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, ObjectBody)> {
        self.http().object(signed, url, range, if_match, self.time_left())
    }

    #[inline]
    pub(crate) fn put_object(
        &self,
        signed: &SignedUrls,
        url: &str,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<ResponseHead> {
        self.http().put_object(signed, url, body, length, self.time_left())
    }

    /// Returns a client whose calls and transfers together end within this time, counted from now.
    ///
    /// The returned client shares connections and token with this client, and is as cheap as any clone. The deadline
    /// covers each call, retry, wait, token fetch and transfer that is made with it and with the files created from it.
    /// An operation that exceeds the deadline fails with a timeout that names the limit. An
    /// [`overall_timeout`](crate::ClientBuilder::overall_timeout) still limits each operation, and the earlier deadline
    /// holds. A server creates one such client for each request that it serves. The deadline also ends a transfer that is
    /// still running, so allow for all of it. It cannot interrupt the caller's reader or writer.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use std::time::Duration;
    ///
    /// let soon = client.with_deadline(Duration::from_secs(20));
    /// soon.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut Vec::new(), ..)?;
    /// soon.conv_file().send_by_app("space-1", "dentry-1", UnionId("receiver-1"))?;
    ///
    /// let over = client.with_deadline(Duration::ZERO);
    /// let error = over.conv_file().send_by_app("space-1", "dentry-1", UnionId("receiver-1")).unwrap_err();
    /// assert!(!error.may_have_run(), "nothing was sent");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the deadline holds for the returned client"]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        self.within(limit, "deadline")
    }

    /// Returns this client for one operation, limited by the overall timeout.
    pub(crate) fn within_deadline(&self) -> Self {
        match self.inner.overall_timeout {
            Some(limit) => self.within(limit, "overall timeout"),
            None => self.clone(),
        }
    }

    /// Returns this client with a limit for all its calls together. An earlier deadline that is already set remains.
    fn within(&self, limit: Duration, name: &'static str) -> Self {
        let deadline = Deadline { at: self.clock().now().saturating_add(limit), limit, name };
        let earlier = self.deadline.filter(|earlier| earlier.at <= deadline.at);
        Self { deadline: Some(earlier.unwrap_or(deadline)), ..self.clone() }
    }

    /// Returns this client with its own connections, which [`interrupt`](Self::interrupt) can end.
    pub(crate) fn with_private_connections(&self) -> Self {
        Self { private: Some(Arc::new(self.http().private())), ..self.clone() }
    }

    /// Ends the requests on the connections of [`with_private_connections`](Self::with_private_connections).
    pub(crate) fn interrupt(&self) {
        if let Some(http) = &self.private {
            http.interrupt();
        }
    }

    /// Waits. Returns `false` if the client was interrupted, so that trying again is pointless.
    pub(crate) fn pause(&self, wait: Duration) -> bool {
        let Some(http) = &self.private else {
            self.clock().sleep(wait);
            return true;
        };
        let mut left = wait;
        while !left.is_zero() && !http.is_interrupted() {
            let nap = left.min(POLL_INTERVAL);
            self.clock().sleep(nap);
            left -= nap;
        }
        !http.is_interrupted()
    }

    fn http(&self) -> &Http {
        self.private.as_deref().unwrap_or(&self.inner.http)
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.at)
    }

    /// Returns an error if the operation ran out of time or was interrupted. The error reports that nothing was sent.
    fn has_ended(&self, operation: &'static str) -> Option<Error> {
        let (url, stage) = (&self.inner.base_url, NetworkStage::Connect);
        if let Some(TimeLeft { left: Duration::ZERO, limit, name }) = self.time_left() {
            let error = NetworkError::new(operation, url, stage, OverallTimeout { limit, name });
            return Some(error.timed_out().into());
        }
        let is_interrupted = self.private.as_ref().is_some_and(|own| own.is_interrupted());
        is_interrupted
            .then(|| NetworkError::new(operation, url, stage, "the transfer was interrupted").into())
    }

    fn time_left(&self) -> Option<TimeLeft> {
        self.deadline.map(|deadline| deadline.time_left(self.clock().now()))
    }

    pub(crate) fn events(&self) -> &Events {
        &self.inner.events
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.inner.retry
    }

    /// Returns whether resource URLs may be plain http: the caller allows it, or the base URL is http too (a fake, a
    /// gateway on loopback).
    pub(crate) fn plain_http(&self) -> bool {
        self.inner.allow_http_objects || self.inner.base_url.starts_with("http:")
    }
}

/// A JSON object with any content.
#[derive(Deserialize)]
struct Done {}

fn vital(answer: &ApiAnswer) -> Vital {
    if answer.reads { Vital::ListsAndCursor } else { Vital::Nothing }
}

/// Returns the answer, or an error for a query whose answer has nothing that was requested. An operation that changes
/// something has run, even if its answer has nothing.
fn held<T>(answer: &ApiAnswer, reading: Reading<T>, nothing: Option<Problem>) -> Result<T> {
    match nothing {
        Some(problem) if answer.reads => Err(answer.unexpected(problem)),
        _ => Ok(reading.answer),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.inner.base_url)
            .field("oapi_base_url", &self.inner.oapi_base_url)
            .field("auth", &self.inner.auth)
            .field("retry", &self.inner.retry)
            .finish_non_exhaustive()
    }
}
