//! One PUT with everything that may go wrong on its way. It decides; requests, signatures and time are handed in.

use std::io::Read;
use std::ops::Range;

use super::patience::Limits;
use super::route::Route;
use super::source::{Exact, Part};
use crate::base::error::{Error, Problem, Result, UnexpectedAnswer};
use crate::base::upload::UploadedPart;
use crate::object::PUT_OBJECT;
use crate::object::range::ResponseHead;
use crate::object::signed_urls::SignedUrls;

/// Where the bytes go to.
pub(crate) trait Outlet {
    /// One PUT. Anything but success is an error.
    fn put(
        &mut self,
        ticket: &SignedUrls,
        url: &str,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<ResponseHead>;

    /// URLs and headers for this part; other ones than the last time, if there was one.
    fn ticket(&mut self) -> Result<SignedUrls>;

    /// The URL at this place took the bytes: others may begin with it.
    fn worked(&mut self, _url: usize) {}
}

/// Sends the bytes of `part`, which are those of `range` in a source of `size` bytes, until they have arrived whole.
pub(crate) fn push<O: Outlet>(
    outlet: &mut O,
    part: &mut dyn Part,
    range: &Range<u64>,
    size: u64,
    limits: &Limits<'_>,
) -> Result<UploadedPart> {
    let length = range.end - range.start;
    let mut route = Route::new(outlet.ticket()?);
    loop {
        limits.monitor.check()?;
        route.freshen(limits, || Some(outlet.ticket()))?;
        part.rewind().map_err(super::source::unreadable)?;
        let mut body = Exact::new(part, range.clone(), size, limits.monitor);
        let answer = outlet.put(route.ticket(), route.url(), &mut body, length);
        let (sent, crc64, failure) = (body.sent, body.digest.sum64(), body.failure);
        let error = match answer {
            // To the head alone: something in between answered, or a server that has not looked.
            Ok(head) if sent != length => {
                let (status, request_id) = (head.status, head.request_id);
                let problem = Problem::NotTaken { sent, length };
                UnexpectedAnswer::new(PUT_OBJECT, status, problem).with_request_id(request_id).into()
            }
            Ok(head) => match head.crc64 {
                Some(stored) if stored != crc64 => {
                    Error::ChecksumMismatch { written: sent, expected: stored, actual: crc64 }
                }
                stored => {
                    outlet.worked(route.place());
                    return Ok(UploadedPart { crc64, verified: stored.is_some() });
                }
            },
            Err(error) => error,
        };
        limits.monitor.take_back(sent);
        if let Some(failure) = failure {
            return Err(failure);
        }
        // A connection that was interrupted for it shows as a failure of the network.
        limits.monitor.check()?;
        match &error {
            Error::Storage(e) if e.wants_new_signature() => {
                route.unsigned(error, limits, || Some(outlet.ticket()))?;
            }
            // Damaged on the way: once more.
            Error::ChecksumMismatch { .. } => route.pause(error, limits)?,
            _ if error.is_transient() => route.elsewhere(error, limits)?,
            // The next one may take it.
            _ => route.dead(error)?,
        }
    }
}
