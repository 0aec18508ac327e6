//! Events: the steps of calls and transfers, for the caller's observer and for the `log` facade.

use std::fmt;
use std::time::Duration;

use crate::base::error::Error;

/// One step of a call or transfer, passed to [`ClientBuilder::observer`](crate::ClientBuilder::observer).
///
/// An event contains no token, secret, signed header or query. `Display` is the line that goes to the `log` facade.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// use std::sync::{Arc, Mutex};
/// use dingtalk_files::EventKind;
///
/// let requests = Arc::new(Mutex::new(Vec::new()));
/// let seen = Arc::clone(&requests);
/// let client = fake.client().observer(move |event| {
///     if event.kind == EventKind::Attempt {
///         seen.lock().unwrap().push((event.operation, event.status, event.bytes));
///     }
/// });
/// let client = client.build()?;
/// client.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut Vec::new(), ..)?;
/// assert_eq!(requests.lock().unwrap().last(), Some(&("GET object", Some(200), 5)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The step.
    pub kind: EventKind,
    /// The operation of the step: the route of an API call, `GET object` or `PUT object`.
    pub operation: &'static str,
    /// Host and port of the request. For a failover, a renewed signature, or a wait in a transfer, those of the next
    /// request.
    pub host: &'a str,
    /// HTTP status of the response, if one arrived.
    pub status: Option<u16>,
    /// Request id of the response, for the vendor's support.
    pub request_id: Option<&'a str>,
    /// Bytes of the body: received, or sent by a `PUT object`.
    pub bytes: u64,
    /// Duration of the step; for a wait, its planned duration.
    pub duration: Duration,
    /// The failure of an attempt, or the failure that causes a wait, a renewed signature or a failover.
    pub error: Option<&'a Error>,
}

/// The kind of an [`Event`].
///
/// ```
/// use dingtalk_files::EventKind;
///
/// assert_eq!(EventKind::Attempt.as_str(), "attempt");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A request ended, with or without a response. The first request and each retry are one event each.
    Attempt,
    /// A request failed, and the client waits before it sends the request again.
    Wait,
    /// A new access token was fetched for the app. Its call is an [`Attempt`](Self::Attempt) as well.
    TokenFetched,
    /// A transfer continues with newly signed URLs, because the old ones expire soon or were refused.
    SignatureRenewed,
    /// A transfer continues at another URL of the same object.
    Failover,
}

impl EventKind {
    /// Returns the kind as one word, for metrics.
    ///
    /// ```
    /// use dingtalk_files::EventKind;
    ///
    /// assert_eq!(EventKind::SignatureRenewed.as_str(), "signature_renewed");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Wait => "wait",
            Self::TokenFetched => "token_fetched",
            Self::SignatureRenewed => "signature_renewed",
            Self::Failover => "failover",
        }
    }
}

impl<'a> Event<'a> {
    pub(crate) fn new(kind: EventKind, operation: &'static str, host: &'a str) -> Self {
        let (status, request_id, error) = (None, None, None);
        Self { kind, operation, host, status, request_id, bytes: 0, duration: Duration::ZERO, error }
    }

    /// Adds the response of an attempt.
    pub(crate) fn answered(self, status: u16, request_id: Option<&'a str>) -> Self {
        Self { status: Some(status), request_id, ..self }
    }

    /// Adds the failure of a step, or the failure that causes the step.
    pub(crate) fn because_of(self, error: &'a Error) -> Self {
        Self { status: error.status(), request_id: error.request_id(), error: Some(error), ..self }
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, operation, host, bytes, duration, .. } = self;
        match kind {
            EventKind::Attempt => write!(f, "{operation} at {host}: ")?,
            EventKind::Wait => write!(f, "{operation} at {host}: retry in {duration:.1?}")?,
            EventKind::TokenFetched => write!(f, "access token fetched from {host} in {duration:.1?}")?,
            EventKind::SignatureRenewed => write!(f, "{operation} at {host}: signature renewed")?,
            EventKind::Failover => write!(f, "{operation}: continues at {host}")?,
        }
        if *kind == EventKind::Attempt {
            match self.status {
                Some(status) => write!(f, "status {status}, {bytes} bytes in {duration:.1?}")?,
                None => write!(f, "no response, {bytes} bytes in {duration:.1?}")?,
            }
        }
        if let Some(id) = self.request_id {
            write!(f, ", request {id}")?;
        }
        self.error.map_or(Ok(()), |error| write!(f, ": {error}"))
    }
}
