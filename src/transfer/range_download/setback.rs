//! Reasons why an attempt does not finish a download.

use crate::base::error::Error;

/// Whether the server supports `If-Match`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMatch {
    Sent,
    /// The server returned 412. If a request without the header returns the pinned `ETag`, the object is the same after
    /// all.
    Doubted,
    Unsupported,
}

/// Reason why an attempt did not finish the download.
pub(super) enum Setback {
    /// A request failed. `Failover` decides what follows.
    Failed(Error),
    /// The object differs from the one at the beginning of the download.
    Changed,
    /// Not a failure: the size is known now, so request a range inside it.
    AskInside(u64),
    /// Not a failure either: no range works, so request the whole object.
    AskWhole,
    /// The server returned 412, perhaps without reason.
    WithoutIfMatch(IfMatch),
    /// The download cannot continue.
    Final(Error),
}

impl Setback {
    pub(super) fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) | Self::Final(error) => Some(error),
            Self::Changed | Self::AskInside(_) | Self::AskWhole | Self::WithoutIfMatch(_) => None,
        }
    }
}
