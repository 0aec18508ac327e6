//! `Expect: 100-continue`: so that a refusal comes before the body, and costs little where a server cannot do it.
//!
//! ureq 3.5 reads a `100 Continue` only without headers; with some, it takes it for the final answer and waits for more.
//! On a connection that has served no request yet, it also waits for more when it has the whole of a refusal: until the
//! server closes the connection, or a limit runs out. Neither can be helped from here, so the first wait at a host has a
//! limit of its own, and after it the host is asked without `Expect`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::Timeout;

use super::failure::is_before_sending;

/// From here up a refusal shall come before the body is sent; in its midst it would only show as a broken connection.
const EXPECT_FROM: u64 = 1024 * 1024;

/// For so long a server may keep silent; then the body is sent all the same.
pub(super) const AWAIT_100: Duration = Duration::from_secs(1);

/// A host that is not known yet has so long for its answer, once the body was sent or will not be. Longer than nginx keeps
/// a connection open after a refusal (5 s), so that the refusal itself arrives.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// A proxy that takes the whole body first, to send it on then, has a second more for each of these.
const BYTES_A_SECOND: u64 = 1024 * 1024;

/// The hosts' responses to `Expect`, shared by all connections of a client.
#[derive(Default)]
pub(super) struct ExpectMemory(Mutex<Vec<(String, HostExpects)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostExpects {
    /// It answers with `100 Continue`.
    Well,
    /// It is asked without.
    Badly,
}

/// Object hosts are few; a program that meets more forgets the oldest.
const MOST_HOSTS: usize = 64;

/// The way to send a PUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    None,
    /// With `Expect`, and this limit for an answer.
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
        // A host behind several machines may do both.
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

/// The lesson of a request with `Expect`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lesson {
    /// To be asked once more at once, without: of the body nothing was used.
    pub(super) again: bool,
    pub(super) host: Option<HostExpects>,
}

/// `asked_after` is how long after its beginning the request asked for the body, if it did; `outcome` is a status or a
/// failure.
pub(super) fn lesson(outcome: Result<u16, &ureq::Error>, asked_after: Option<Duration>) -> Lesson {
    let well = Some(HostExpects::Well);
    let badly = Some(HostExpects::Badly);
    match (asked_after, outcome) {
        // It kept silent for the whole wait. (Or the way to it is that slow, and then the wait is too.)
        (Some(after), _) if after >= AWAIT_100 => Lesson { again: false, host: badly },
        (Some(_), Ok(417)) => Lesson { again: false, host: badly },
        (Some(_), _) => Lesson { again: false, host: well },
        (None, Ok(417)) => Lesson { again: true, host: badly },
        // Refused, or what else it says, before the body: as it should be. Or the deadline is over.
        (None, Ok(_) | Err(ureq::Error::Timeout(Timeout::Global))) => Lesson { again: false, host: None },
        // No connection.
        (None, Err(e)) if is_before_sending(e) => Lesson { again: false, host: None },
        // Closed: by a server that cannot do it, or because the connection had been kept for too long.
        (None, Err(ureq::Error::Io(_))) => Lesson { again: true, host: None },
        // An answer that ureq cannot read, or none.
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
    fn the_first_wait_at_a_host_is_short_and_a_bad_host_has_none() {
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

    /// (outcome, the body was asked for after milliseconds, asked again, what is remembered)
    #[test]
    fn the_table_of_lessons() {
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
