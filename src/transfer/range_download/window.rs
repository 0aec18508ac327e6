//! The part of a body that a request wants.

use std::io::Read;

use super::setback::Setback;
use crate::base::error::{Error, Problem, UnexpectedAnswer};
use crate::object::GET_OBJECT;
use crate::object::range::ResponseHead;

/// The requested part of a body.
pub(super) struct BodyWindow {
    /// Number of bytes before the window.
    pub(super) skip: u64,
    /// Length of the window. `None`: up to the end of the body.
    pub(super) take: Option<u64>,
    /// The body ends with the window.
    pub(super) is_rest_of_body: bool,
    /// ureq would have noticed a cut, by length or by chunks, so an early end is not a cut.
    pub(super) end_is_marked: bool,
}

impl BodyWindow {
    /// Reads to the end of the body. ureq keeps a connection only after that, and only the end shows that no decoder
    /// produced more bytes than were sent.
    pub(super) fn check_end(&self, head: &ResponseHead, body: &mut impl Read) -> Result<(), Setback> {
        match body.read(&mut [0]) {
            Ok(1..) => Err(self.rewritten(head)),
            // All bytes have arrived. A lost connection matters only to the next request.
            Ok(0) | Err(_) => Ok(()),
        }
    }

    /// Returns the error for bytes that are not those of the file, because another crate enabled ureq's `charset` or
    /// `gzip`.
    pub(super) fn rewritten(&self, head: &ResponseHead) -> Setback {
        let announced = self.skip + self.take.unwrap_or_default();
        Setback::Final(unusable(head, Problem::WrongLength { announced }))
    }
}

pub(super) fn unusable(head: &ResponseHead, problem: Problem) -> Error {
    let answer = UnexpectedAnswer::new(GET_OBJECT, head.status, problem).of_read();
    answer.with_request_id(head.request_id.clone()).into()
}
