//! Failures without a complete answer.

use std::error::Error as StdError;
use std::time::Duration;
use std::{fmt, io};

use super::text::CHECK_FIRST;
use crate::base::secret::host_of;

/// A request that got no answer, or not all of it.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::{NetworkStage, RetryPolicy};
///
/// let client = fake.client().retry(RetryPolicy::none()).build()?;
/// fake.fault(Target::DownloadInfo, Fault::CloseWithoutAnswer);
/// let error = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info().unwrap_err();
/// let dingtalk_files::Error::Network(network) = error else { panic!("another error") };
/// assert_eq!(network.stage, NetworkStage::Answer);
/// assert!(!network.timed_out && !network.tls);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and two of them are public")]
pub struct NetworkError {
    /// The documented method and path, or `GET object`.
    pub operation: &'static str,
    /// The host of the request, with its port if the URL names one.
    pub host: String,
    /// The stage that the request reached.
    pub stage: NetworkStage,
    /// A limit ran out (connect, stall or overall); the peer did not end the request.
    pub timed_out: bool,
    /// The certificate or the handshake was refused.
    pub tls: bool,
    /// A retry would fail again.
    pub(crate) hopeless: bool,
    /// The operation changes nothing, whether it ran or not.
    pub(crate) reads: bool,
    /// The error of the lower layers.
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl NetworkError {
    /// Creates the error of an operation that may change something. A retry may succeed.
    pub(crate) fn new(
        operation: &'static str,
        url: &str,
        stage: NetworkStage,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let host = host_of(url).to_owned();
        let (timed_out, tls, hopeless, reads) = (false, false, false, false);
        Self { operation, host, stage, timed_out, tls, hopeless, reads, cause: cause.into() }
    }

    /// Marks that a limit ran out.
    pub(crate) fn timed_out(self) -> Self {
        Self { timed_out: true, ..self }
    }

    /// Marks the operation as one that changes nothing.
    pub(crate) fn of_read(self) -> Self {
        Self { reads: true, ..self }
    }

    /// Returns the limit of the whole operation, if that limit ended the request. In the middle of a body, the cause is
    /// an I/O error.
    pub(crate) fn overall_timeout(&self) -> Option<&OverallTimeout> {
        self.cause.downcast_ref::<OverallTimeout>().or_else(|| {
            let inner: &(dyn StdError + 'static) = self.cause.downcast_ref::<io::Error>()?.get_ref()?;
            inner.downcast_ref()
        })
    }

    pub(crate) fn may_have_run(&self) -> bool {
        !self.reads && self.stage != NetworkStage::Connect
    }
}

/// The cause of a [`NetworkError`] if the whole operation ran out of time.
#[derive(Debug)]
pub(crate) struct OverallTimeout {
    pub(crate) limit: Duration,
    /// Name of the limit, such as `overall timeout` or `deadline`.
    pub(crate) name: &'static str,
}

impl fmt::Display for OverallTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} of {} s", self.name, self.limit.as_secs_f64())
    }
}

impl StdError for OverallTimeout {}

/// The stage that a request reached before it failed.
///
/// ```
/// use dingtalk_files::{Error, NetworkStage};
///
/// fn nothing_was_sent(error: &Error) -> bool {
///     matches!(error, Error::Network(e) if e.stage == NetworkStage::Connect)
/// }
/// # assert!(!nothing_was_sent(&Error::Config(String::new())));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkStage {
    /// Nothing that could have run was sent: no connection was made, or it broke before the body of the request.
    Connect,
    /// The request was sent at least in part, but no complete head of an answer arrived.
    Answer,
    /// The body of the answer broke off.
    Body,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, host, cause, .. } = self;
        if let Some(limit) = self.overall_timeout() {
            write!(f, "{limit} ended {operation}")?;
            match self.stage {
                NetworkStage::Connect => write!(f, " before anything was sent to {host}")?,
                NetworkStage::Answer => write!(f, " before {host} answered")?,
                NetworkStage::Body => write!(f, " in the middle of the answer of {host}")?,
            }
            return self.write_outcome(f);
        }
        match self.stage {
            NetworkStage::Connect => write!(f, "{operation}: no connection to {host}: {cause}")?,
            NetworkStage::Answer => write!(f, "{operation}: {host} gave no answer: {cause}")?,
            NetworkStage::Body => write!(f, "{operation}: the answer of {host} broke off: {cause}")?,
        }
        if self.tls {
            f.write_str(
                ". For a private root see ClientBuilder::root_certificates or the feature `platform-verifier`; a build without TLS needs the feature `rustls` or `native-tls`",
            )?;
        } else if self.stage == NetworkStage::Connect && !self.hopeless {
            f.write_str(". Check the network, the name and the proxy settings")?;
        }
        self.write_outcome(f)
    }
}

impl NetworkError {
    /// Warns of a second message or file. A PUT of an object has a commit after it, and may be repeated.
    fn write_outcome(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_call = self.operation.contains(" /");
        if is_call && self.may_have_run() {
            f.write_str(CHECK_FIRST)?;
        }
        Ok(())
    }
}

impl std::error::Error for NetworkError {}
