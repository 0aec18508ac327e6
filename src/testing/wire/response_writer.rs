//! Sends responses, with the effects of faults.

use crate::testing::data::content::BLOCK;
use crate::testing::data::response::{BodyEnd, Delivery, FakeResponse, Framing};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The maximum sleep before the next check of whether the fake was dropped.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The action on a connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionAction {
    KeepOpen,
    Close,
    Reset,
}

/// Sends the response to one request.
#[derive(Debug)]
pub(crate) struct ResponseWriter<'a> {
    pub(crate) stream: &'a TcpStream,
    /// Set when the fake is dropped.
    pub(crate) stop: &'a AtomicBool,
    /// Whether the request is a HEAD request, whose response has no body.
    pub(crate) head_only: bool,
    /// Whether the connection is closed after the response.
    pub(crate) close: bool,
}

impl ResponseWriter<'_> {
    /// Sends a response, and returns the action on the connection.
    pub(crate) fn send(&self, response: &FakeResponse, delivery: &Delivery) -> io::Result<ConnectionAction> {
        let close = self.close || delivery.framing == Framing::UntilClose;
        let interim = delivery.interim.iter().flat_map(|interim| interim.head(Framing::UntilClose, false));
        let mut head: Vec<u8> = interim.collect();
        head.extend(response.head(delivery.framing, close));
        if self.head_only || response.is_bodiless() {
            (&mut &*self.stream).write_all(&head)?;
        } else {
            self.send_body(response, delivery, head)?;
        }
        match delivery.end {
            BodyEnd::Whole if close => Ok(ConnectionAction::Close),
            BodyEnd::Whole => Ok(ConnectionAction::KeepOpen),
            BodyEnd::Cut(_) => Ok(ConnectionAction::Close),
            BodyEnd::Reset(_) => Ok(ConnectionAction::Reset),
            BodyEnd::Stall(_) => {
                self.wait_until_client_leaves();
                Ok(ConnectionAction::Close)
            }
        }
    }

    /// Sends the body block by block. `out` is sent before the first block, in the same write.
    fn send_body(&self, response: &FakeResponse, delivery: &Delivery, mut out: Vec<u8>) -> io::Result<()> {
        let total = response.body_len();
        let limit = delivery.limit(total);
        let (block, pause) = delivery.slow.unwrap_or((BLOCK, Duration::ZERO));
        let chunked = delivery.framing == Framing::Chunked;
        let mut done = 0;
        // Reuses one buffer for all pieces, because growing a new vector for each piece is slow in debug builds.
        let mut piece = vec![0; at_most(limit, block)];
        loop {
            piece.truncate(at_most(limit - done, block));
            let count = piece.len();
            response.fill(done, &mut piece);
            if chunked && count > 0 {
                out.extend(format!("{count:x}\r\n").into_bytes());
            }
            out.extend_from_slice(&piece);
            if chunked && count > 0 {
                out.extend(b"\r\n");
            }
            done += count as u64;
            if chunked && done == total {
                out.extend(b"0\r\n\r\n");
            }
            (&mut &*self.stream).write_all(&out)?;
            out.clear();
            if done == limit {
                return Ok(());
            }
            self.pause(pause)?;
        }
    }

    /// Sleeps in short intervals, so that a dropped fake does not wait for the end of a long pause.
    pub(crate) fn pause(&self, pause: Duration) -> io::Result<()> {
        let mut left = pause;
        while !left.is_zero() {
            if self.stop.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let interval = left.min(POLL_INTERVAL);
            thread::sleep(interval);
            left = left.saturating_sub(interval);
        }
        Ok(())
    }

    /// Sends nothing until the client closes the connection or dropping the fake shuts it down.
    pub(crate) fn wait_until_client_leaves(&self) {
        let mut ignored = [0; 1024];
        while matches!((&mut &*self.stream).read(&mut ignored), Ok(1..)) {}
    }

    /// Does the same as [`ResponseWriter::wait_until_client_leaves`], but reads nothing, so that the client cannot send
    /// more.
    ///
    /// If the client leaves while sent bytes are unread, this goes unnoticed, because the end of the connection comes
    /// after those bytes.
    pub(crate) fn wait_without_reading(&self) {
        let is_there = || matches!(self.stream.peek(&mut [0]), Ok(1..));
        while is_there() && self.pause(POLL_INTERVAL).is_ok() {}
    }
}

/// Returns the smaller of the number of bytes and the size of a block.
pub(crate) fn at_most(bytes: u64, block: usize) -> usize {
    usize::try_from(bytes).map_or(block, |bytes| bytes.min(block))
}
