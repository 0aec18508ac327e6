//! Answers that arrived but cannot be used.

use std::fmt;
use std::time::Duration;

use super::text::{CHECK_FIRST, OneLine};

/// A server's answer that could not be used.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// fake.fault(Target::DownloadInfo, Fault::html(200, "<html>login</html>"));
/// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info().unwrap_err();
/// assert!(matches!(error, Error::Answer(answer) if answer.status == 200));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnexpectedAnswer {
    /// The documented method and path, or `GET object`.
    pub operation: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The reason why the answer could not be used.
    pub problem: Problem,
    /// The vendor's id of this request, if the answer has one.
    pub request_id: Option<String>,
    /// The operation changes nothing, whether it ran or not.
    pub(crate) reads: bool,
}

impl UnexpectedAnswer {
    /// Creates the error of an operation that may change something.
    pub(crate) fn new(operation: &'static str, status: u16, problem: Problem) -> Self {
        Self { operation, status, problem, request_id: None, reads: false }
    }

    pub(crate) fn with_request_id(self, request_id: Option<String>) -> Self {
        Self { request_id, ..self }
    }

    /// Marks the operation as one that changes nothing.
    pub(crate) fn of_read(self) -> Self {
        Self { reads: true, ..self }
    }

    /// Returns the length of a ban.
    pub(super) fn ban(&self) -> Option<Duration> {
        match self.problem {
            Problem::Banned { minutes } => Some(Duration::from_secs(minutes.saturating_mul(60))),
            _ => None,
        }
    }

    /// Returns whether the operation may have run. It has not run after a ban or at a wrong address.
    pub(crate) fn may_have_run(&self) -> bool {
        !self.reads && !self.is_banned() && self.problem != Problem::WrongAddress
    }

    /// Returns whether this is DingTalk's ban of this machine's address.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    /// use serde_json::json;
    ///
    /// fake.fault(Target::DownloadInfo, Fault::json(200, json!({"status": 1111, "wait": 5})));
    /// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info().unwrap_err();
    /// assert!(matches!(error, Error::Answer(answer) if answer.is_banned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_banned(&self) -> bool {
        self.ban().is_some()
    }
}

/// The reason why an answer could not be used.
///
/// ```
/// use dingtalk_files::{Error, Problem};
///
/// fn minutes_to_wait(error: &Error) -> u64 {
///     match error.root() {
///         Error::Answer(answer) => match answer.problem {
///             Problem::Banned { minutes } => minutes,
///             _ => 0,
///         },
///         _ => 0,
///     }
/// }
/// # assert_eq!(minutes_to_wait(&Error::Config(String::new())), 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// DingTalk bans this machine's address for some minutes, as it does after 10 000 calls in 20 seconds. DingTalk
    /// reports the ban with a page or with `{"status":1111}`, under any HTTP status.
    Banned {
        /// Time to wait, in minutes.
        minutes: u64,
    },
    /// A gateway or proxy answered in the server's place.
    Gateway,
    /// A page with status 404 or 405: the API is not at this address.
    WrongAddress,
    /// The server redirects to another address. Following the redirect would send credentials there.
    Redirect {
        /// The host of the redirect, with its port if the address names one; `None` if the address names no host.
        host: Option<String>,
    },
    /// The body is not JSON, or does not have the documented shape.
    Malformed {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, from 1.
        column: usize,
    },
    /// The body is longer than the limit; reading stopped there.
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// The body does not have the announced length, and no cut explains that. Something on the way rewrites the body,
    /// such as ureq's `charset` or `gzip`, switched on by another crate. The written bytes cannot be trusted.
    WrongLength {
        /// The announced length in bytes.
        announced: u64,
    },
    /// The answer is `"success": false`, without a code or a reason. The vendor documents an error for every failure it
    /// knows, and none looks like this. The operation may still have taken effect, in part or by an earlier attempt, so
    /// [`may_have_run`](crate::Error::may_have_run) is `true`.
    NotDone,
    /// A store reported success before the whole object was sent, as a proxy in between may do. Nothing is stored.
    NotTaken {
        /// Number of bytes that were read from the body.
        sent: u64,
        /// Length of the body in bytes.
        length: u64,
    },
    /// A required field is absent or empty.
    Missing(&'static str),
    /// The answer of a query has none of these documented fields.
    Empty(&'static [&'static str]),
    /// A required field does not hold what is documented, such as a text in place of a list.
    Unreadable(String),
    /// A field has more entries than any real answer has.
    TooMany {
        /// The field.
        field: &'static str,
        /// The largest number of entries that is accepted.
        limit: usize,
    },
    /// The download info names a protocol that this crate does not support.
    Protocol(String),
    /// The download info names a header that a server must not set on our requests.
    ForbiddenHeader(String),
    /// The download info names a URL that is not https (or not a URL).
    ForbiddenUrl(&'static str),
    /// The body is encoded, although no encoding was requested.
    Encoded(String),
    /// The answer is not the requested range.
    WrongRange(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Banned { minutes } => write!(
                f,
                "this looks like DingTalk's ban of an address that calls too often: wait {minutes} minutes and call less. If calls were few, a proxy or login page in between answered"
            ),
            Self::Gateway => {
                f.write_str("a gateway or proxy answered in the server's place; try again later")
            }
            Self::WrongAddress => f.write_str(
                "no API is at this address; check `ClientBuilder::base_url` (the default is DingTalk's own)",
            ),
            Self::Redirect { host: Some(host) } => {
                write!(
                    f,
                    "it redirects to {host}, which is not followed; check the base URL or the network's login page"
                )
            }
            Self::Redirect { host: None } => f.write_str("it redirects elsewhere, which is not followed"),
            Self::Malformed { line, column } => {
                write!(f, "the body is not the documented JSON (line {line}, column {column})")
            }
            Self::TooLong { limit } => write!(f, "the body is longer than {limit} bytes"),
            Self::WrongLength { announced } => write!(
                f,
                "the body does not have the {announced} bytes that were announced, so something rewrites it (did another crate switch on ureq's `charset` or `gzip`?). Discard what was written"
            ),
            Self::NotDone => f.write_str(
                "it reports that it did not succeed, without a reason; check whether it has taken effect before you try again",
            ),
            Self::NotTaken { sent, length } => write!(
                f,
                "it reports success, but took only {sent} of {length} bytes; does a proxy answer in the store's place?"
            ),
            Self::TooMany { field, limit } => write!(f, "`{field}` has more than {limit} entries"),
            Self::Missing(field) => write!(f, "`{field}` is missing"),
            Self::Empty(fields) => write!(f, "it has none of `{}`", fields.join("`, `")),
            Self::Unreadable(field) => write!(f, "`{}` is not as documented", OneLine(field)),
            Self::Protocol(name) => {
                write!(f, "the file is served by protocol {name:?}; only HEADER_SIGNATURE is supported")
            }
            Self::ForbiddenHeader(name) => {
                write!(f, "it asks to send the header {name:?}, which a server must not set")
            }
            Self::ForbiddenUrl(why) => write!(f, "it names a resource URL that is refused: {why}"),
            Self::Encoded(coding) => {
                write!(f, "the body is encoded ({coding}) although that was not requested")
            }
            Self::WrongRange(what) => write!(f, "not the requested range: {what}"),
        }
    }
}

impl fmt::Display for UnexpectedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}: ", self.operation, self.status)?;
        // A PUT of an object has a commit after it, and may be repeated.
        let may_have_run = self.may_have_run() && self.operation.contains(" /");
        match &self.problem {
            Problem::Gateway if may_have_run => {
                f.write_str("a gateway or proxy answered in the server's place")?;
            }
            problem => problem.fmt(f)?,
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        if may_have_run && self.problem != Problem::NotDone { f.write_str(CHECK_FIRST) } else { Ok(()) }
    }
}

impl std::error::Error for UnexpectedAnswer {}
