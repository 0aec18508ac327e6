//! `Expect: 100-continue`: lets a server refuse before the body is sent, at little cost if the server does not support
//! it.
//!
//! ureq 3.5 reads a `100 Continue` only without headers; it takes one with headers for the final answer and waits for
//! more. On a connection that has not served a request yet, ureq also waits for more after it has read a whole refusal,
//! until the server closes the connection or a limit runs out. This crate can prevent neither. So the first wait at a
//! host has its own limit; after that limit, requests to the host are sent without `Expect`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::Timeout;

use super::failure::is_before_sending;

/// Smallest body for which `Expect` is sent. A refusal in the middle of a body would only show as a broken connection.
const EXPECT_FROM: u64 = 1024 * 1024;

/// Longest wait for `100 Continue`; then the body is sent anyway.
pub(super) const AWAIT_100: Duration = Duration::from_secs(1);

/// Limit for the answer of an unknown host, from when the body was sent or turned out not to be needed. Longer than
/// nginx keeps a connection open after a refusal (5 s), so that the refusal itself arrives.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// Number of bytes that adds a second to [`FIRST_ANSWER`]: a proxy may receive the whole body before it forwards it.
const BYTES_A_SECOND: u64 = 1024 * 1024;

/// The hosts' reactions to `Expect`, shared by all connections of a client.
#[derive(Default)]
pub(super) struct ExpectMemory(Mutex<Vec<(String, HostExpects)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostExpects {
    /// The host answers with `100 Continue`.
    Well,
    /// The host does not support `Expect`, so requests are sent without it.
    Badly,
}

/// Most hosts to remember. Object hosts are few; beyond this number the oldest is forgotten.
const MOST_HOSTS: usize = 64;

/// Use of `Expect` in a PUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    None,
    /// Send `Expect`, with this limit for an answer.
    Continue {
        answer_limit: Option<Duration>,
    },
}

impl ExpectMemory {
    pub(super) fn expectation(&self, host: &str, length: u64, stall: Option<Duration>) -> Expectation {
        let known = self.hosts().iter().find(|(known, _)| known == host).map(|(_, expects)| *expects);
        match known {
            _ if length < EXPECT_FROM => Expectation::None,
            Some(HostExpects::Badly) => Expectation::None,
            Some(HostExpects::Well) => Expectation::Continue { answer_limit: None },
            None => {
                let first = FIRST_ANSWER + Duration::from_secs(length / BYTES_A_SECOND);
                let answer_limit = Some(stall.map_or(first, |stall| stall.min(first)));
                Expectation::Continue { answer_limit }
            }
        }
    }

    pub(super) fn remember(&self, host: &str, expects: HostExpects) {
        let mut hosts = self.hosts();
        let before = hosts.iter().find(|(known, _)| known == host).map(|(_, expects)| *expects);
        // Several machines behind one host may differ; then `Badly` remains.
        if before == Some(expects) || before == Some(HostExpects::Badly) {
            return;
        }
        hosts.retain(|(known, _)| known != host);
        if hosts.len() >= MOST_HOSTS {
            hosts.remove(0);
        }
        hosts.push((host.to_owned(), expects));
    }

    fn hosts(&self) -> MutexGuard<'_, Vec<(String, HostExpects)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Conclusions from a request with `Expect`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lesson {
    /// Repeat the request immediately without `Expect`: nothing of the body was used.
    pub(super) again: bool,
    pub(super) host: Option<HostExpects>,
}

/// Draws conclusions from a request with `Expect`. `outcome` is a status or a failure. `asked_after` is the time from
/// the start of the request to the first read of its body, if any.
pub(super) fn lesson(outcome: Result<u16, &ureq::Error>, asked_after: Option<Duration>) -> Lesson {
    let well = Some(HostExpects::Well);
    let badly = Some(HostExpects::Badly);
    match (asked_after, outcome) {
        // The host was silent for the whole wait. (Or the network is that slow, and then waiting is slow too.)
        (Some(after), _) if after >= AWAIT_100 => Lesson { again: false, host: badly },
        (Some(_), Ok(417)) => Lesson { again: false, host: badly },
        (Some(_), _) => Lesson { again: false, host: well },
        (None, Ok(417)) => Lesson { again: true, host: badly },
        // A refusal or another answer before the body, as intended. Or the deadline is over.
        (None, Ok(_) | Err(ureq::Error::Timeout(Timeout::Global))) => Lesson { again: false, host: None },
        // No connection.
        (None, Err(e)) if is_before_sending(e) => Lesson { again: false, host: None },
        // Closed: by a server that does not support `Expect`, or because the connection was kept for too long.
        (None, Err(ureq::Error::Io(_))) => Lesson { again: true, host: None },
        // ureq cannot read the answer, or none arrived.
        (None, Err(_)) => Lesson { again: true, host: badly },
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    const MIB: u64 = 1024 * 1024;
    const STALL: Option<Duration> = Some(Duration::from_secs(30));

    fn with_limit(seconds: u64) -> Expectation {
        Expectation::Continue { answer_limit: Some(Duration::from_secs(seconds)) }
    }

    #[test]
    fn the_first_wait_at_a_host_is_limited_and_a_bad_host_gets_no_expect() {
        let memory = ExpectMemory::default();
        let table = [(MIB - 1, Expectation::None), (MIB, with_limit(11)), (64 * MIB, with_limit(30))];
        for (length, expected) in table {
            assert_eq!(memory.expectation("h", length, STALL), expected, "{length}");
        }
        memory.remember("h", HostExpects::Well);
        assert_eq!(memory.expectation("h", MIB, STALL), Expectation::Continue { answer_limit: None });
        memory.remember("h", HostExpects::Badly);
        memory.remember("h", HostExpects::Well);
        assert_eq!(memory.expectation("h", MIB, STALL), Expectation::None);
        assert_eq!(memory.expectation("other", MIB, None), with_limit(11));
    }

    #[test]
    fn the_oldest_host_is_forgotten() {
        let memory = ExpectMemory::default();
        for n in 0..=MOST_HOSTS {
            memory.remember(&format!("h{n}"), HostExpects::Badly);
        }
        assert_eq!(memory.hosts().len(), MOST_HOSTS);
        assert_eq!(memory.expectation("h0", MIB, STALL), with_limit(11));
        assert_eq!(memory.expectation("h1", MIB, STALL), Expectation::None);
    }

    /// (outcome, milliseconds until the body was read, request repeated, conclusion about the host)
    #[test]
    fn each_outcome_decides_the_repetition_and_the_use_of_expect() {
        use ureq::Error as U;
        let (well, badly) = (Some(HostExpects::Well), Some(HostExpects::Badly));
        let io = |kind| Err(U::Io(io::Error::from(kind)));
        let table = [
            (Ok::<u16, U>(200), Some(20), false, well),
            (Ok(403), Some(20), false, well),
            (io(io::ErrorKind::BrokenPipe), Some(20), false, well),
            (Err(U::Timeout(Timeout::RecvResponse)), Some(20), false, well),
            (Ok(200), Some(1000), false, badly),
            (Ok(417), Some(20), false, badly),
            (Ok(417), None, true, badly),
            (Ok(403), None, false, None),
            (Err(U::Timeout(Timeout::RecvResponse)), None, true, badly),
            (Err(U::Timeout(Timeout::PerRead)), None, true, badly),
            (io(io::ErrorKind::UnexpectedEof), None, true, None),
            (io(io::ErrorKind::ConnectionRefused), None, false, None),
            (Err(U::Timeout(Timeout::Global)), None, false, None),
        ];
        for (outcome, asked, again, host) in table {
            let lesson = lesson(outcome.as_ref().copied(), asked.map(Duration::from_millis));
            assert_eq!(lesson, Lesson { again, host }, "{outcome:?} {asked:?}");
        }
    }
}
