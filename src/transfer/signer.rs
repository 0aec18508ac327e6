//! From an answer of the API to URLs that can be used.

use std::time::Duration;

use crate::api::storage::files::{HeaderSignatureInfo, TransferProtocol};
use crate::base::error::{Problem, Result};
use crate::object::signed_urls::{SignedUrls, UncheckedUrls, refuse};

/// What came in answer to a request for a signature.
pub(crate) struct Signed<'a> {
    /// The name of the request in errors.
    pub(crate) operation: &'static str,
    pub(crate) protocol: Option<&'a TransferProtocol>,
    pub(crate) info: Option<&'a HeaderSignatureInfo>,
}

impl Signed<'_> {
    pub(crate) fn check(&self, plain_http: bool, signed_at: Duration) -> Result<SignedUrls> {
        match self.protocol {
            None | Some(TransferProtocol::HeaderSignature) => {}
            Some(other) => {
                return Err(refuse(self.operation, Problem::Protocol(other.as_str().to_owned())));
            }
        }
        let Some(info) = self.info else {
            return Err(refuse(self.operation, Problem::Missing("headerSignatureInfo")));
        };
        let (urls, headers, life) = (&info.resource_urls, &info.headers, info.expiration_seconds);
        let unchecked = UncheckedUrls { operation: self.operation, urls, headers, life };
        SignedUrls::check(&unchecked, plain_http, signed_at)
    }
}
