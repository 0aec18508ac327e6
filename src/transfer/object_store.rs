//! The server of an object, as the download loop sees it: a client, or a script in a test.

use std::io::Read;

use crate::base::error::Result;
use crate::client::Client;
use crate::http::ObjectBody;
use crate::object::range::{RequestedRange, ResponseHead};
use crate::object::signed_urls::SignedUrls;

/// The server of an object.
pub(crate) trait ObjectStore {
    type Body: Read;

    /// Sends one GET request. A response that is neither 200 nor 206 is an error.
    fn get(
        &self,
        urls: &SignedUrls,
        url: &str,
        range: RequestedRange,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)>;
}

impl ObjectStore for Client {
    type Body = ObjectBody;

    fn get(
        &self,
        urls: &SignedUrls,
        url: &str,
        range: RequestedRange,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        self.get_object(urls, url, range, if_match)
    }
}
