//! Failures without an answer.

use std::error::Error as StdError;
use std::time::Duration;
use std::{fmt, io};

use crate::base::secret::host_of;

/// No answer, or not all of it.
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
    /// The host that was asked, with its port when the URL names one.
    pub host: String,
    /// How far it got.
    pub stage: NetworkStage,
    /// A limit ran out (connect, stall or overall), rather than a peer ending it.
    pub timed_out: bool,
    /// The certificate or the handshake was refused.
    pub tls: bool,
    /// Trying again would fail again.
    pub(crate) hopeless: bool,
    /// The operation changes nothing, whether it ran or not.
    pub(crate) reads: bool,
    /// What the lower layers said.
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl NetworkError {
    /// A failure that a later try may not have, of an operation that may change something.
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

    /// A limit ran out.
    pub(crate) fn timed_out(self) -> Self {
        Self { timed_out: true, ..self }
    }

    /// The operation changes nothing.
    pub(crate) fn of_read(self) -> Self {
        Self { reads: true, ..self }
    }

    /// The limit of the whole operation, when that is what ended it. From the midst of a body it comes as an I/O error.
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

/// The cause of a [`NetworkError`]: the whole operation had no more time.
#[derive(Debug)]
pub(crate) struct OverallTimeout {
    pub(crate) limit: Duration,
    /// `overall timeout` or `deadline`.
    pub(crate) name: &'static str,
}

impl fmt::Display for OverallTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} of {} s", self.name, self.limit.as_secs_f64())
    }
}

impl StdError for OverallTimeout {}

/// How far a request got before it failed.
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
    /// Nothing that could have run was sent: there was no connection, or it broke before the body of the request.
    Connect,
    /// Sent at least in part; no complete answer head came back.
    Answer,
    /// The answer's body broke off.
    Body,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, host, cause, .. } = self;
        if let Some(limit) = self.overall_timeout() {
            write!(f, "{limit} ended {operation}")?;
            return match self.stage {
                NetworkStage::Connect => write!(f, " before anything was sent to {host}"),
                NetworkStage::Answer => write!(f, " before {host} answered"),
                NetworkStage::Body => write!(f, " in the midst of the answer of {host}"),
            };
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
        Ok(())
    }
}

impl std::error::Error for NetworkError {}
