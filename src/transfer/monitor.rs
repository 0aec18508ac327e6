//! Who looks on while a transfer runs: is told how far it is, and may call it off.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::clock::Clock;
use crate::base::error::{Error, Result};

/// How far a transfer is.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Progress;
///
/// let mut last: Option<Progress> = None;
/// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
/// file.download().progress(|now| last = Some(now)).to_writer(&mut std::io::sink(), ..)?;
/// assert_eq!(last.map(|p| (p.bytes, p.total)), Some((5, Some(5))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Good bytes so far, those of an earlier try included. Never goes back, except that an upload which has to send a
    /// part again counts it anew.
    pub bytes: u64,
    /// Bytes in all, when that is known.
    pub total: Option<u64>,
    /// What is going on.
    pub phase: Phase,
}

/// What a transfer is doing.
///
/// ```
/// use dingtalk_files::Phase;
///
/// fn word(phase: Phase) -> &'static str {
///     match phase {
///         Phase::Transferring => "",
///         Phase::Retrying => "the line broke; trying again",
///         _ => "one moment",
///     }
/// }
/// # assert_eq!(word(Phase::Transferring), "");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// What an earlier try has left on disk is read and compared with its checksums.
    Checking,
    /// Bytes move.
    Transferring,
    /// Something failed; a wait before the next try.
    Retrying,
    /// `DingTalk` restores an archived file.
    Restoring,
}

/// Reports in between come no faster than this, so that they cost nothing.
const PACE: Duration = Duration::from_millis(100);

/// A flag is looked at this often during a wait.
const NAP: Duration = Duration::from_millis(100);

pub(crate) type Callback<'a> = Box<dyn FnMut(Progress) + Send + 'a>;

/// Shared by all connections of one transfer.
pub(crate) struct Monitor<'a> {
    clock: &'a dyn Clock,
    cancel: Option<&'a AtomicBool>,
    /// Another part of the same transfer has failed for good.
    stopped: AtomicBool,
    /// Somebody may end a wait.
    naps: bool,
    bytes: AtomicU64,
    reporter: Option<&'a dyn Report>,
}

/// A caller's callback and what it was told last. A trait, so that the callback's own lifetime stays here.
pub(crate) trait Report: Sync {
    /// `change` gives what is to be told now, if anything.
    fn update(&self, change: &mut dyn FnMut(&mut Told) -> Option<Progress>);
}

pub(crate) struct Reporter<'c>(Mutex<(Told, Callback<'c>)>);

#[derive(Debug)]
pub(crate) struct Told {
    total: Option<u64>,
    phase: Phase,
    next: Duration,
}

impl<'c> Reporter<'c> {
    pub(crate) fn new(callback: Callback<'c>) -> Self {
        let told = Told { total: None, phase: Phase::Transferring, next: Duration::ZERO };
        Self(Mutex::new((told, callback)))
    }

    pub(crate) fn as_report(&self) -> &dyn Report {
        self
    }
}

impl Report for Reporter<'_> {
    fn update(&self, change: &mut dyn FnMut(&mut Told) -> Option<Progress>) {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, callback) = &mut *guard;
        if let Some(now) = change(told) {
            callback(now);
        }
    }
}

impl<'a> Monitor<'a> {
    pub(crate) fn new(
        clock: &'a dyn Clock,
        cancel: Option<&'a AtomicBool>,
        reporter: Option<&'a dyn Report>,
    ) -> Self {
        let (stopped, bytes) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { clock, cancel, stopped, naps: cancel.is_some(), bytes, reporter }
    }

    /// For several connections: the failure of one ends the waits of the others.
    pub(crate) fn shared_by(self, connections: usize) -> Self {
        Self { naps: self.naps || connections > 1, ..self }
    }

    pub(crate) fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    pub(crate) fn cancel_flag(&self) -> Option<&'a AtomicBool> {
        self.cancel
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Ends the other connections of this transfer.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// For a thread of the transfer: should it panic (in the caller's callback or reader), the others do not wait for it.
    pub(crate) fn leave_on_panic(&self) -> impl Drop + '_ {
        struct Leave<'m, 'a>(&'m Monitor<'a>);

        impl Drop for Leave<'_, '_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.stop();
                }
            }
        }

        Leave(self)
    }

    /// After a [`stop`](Self::stop), for another try.
    pub(crate) fn resume(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        self.stopped.store(false, Ordering::Relaxed);
    }

    /// Time to end, whoever wants it.
    pub(crate) fn should_end(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.is_cancelled()
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.should_end() { Err(Error::Cancelled { done: self.bytes() }) } else { Ok(()) }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The size is known now, and the bytes that are there already.
    pub(crate) fn begin(&self, present: u64, total: Option<u64>) {
        self.bytes.fetch_add(present, Ordering::Relaxed);
        self.report(|reporter| {
            reporter.total = total;
            reporter.phase = Phase::Transferring;
            true
        });
    }

    pub(crate) fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let now = || self.clock.now();
        self.report(|reporter| {
            let due = reporter.phase != Phase::Transferring || now() >= reporter.next;
            reporter.phase = Phase::Transferring;
            due
        });
    }

    /// Bytes that were counted and have to be moved once more.
    pub(crate) fn take_back(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.report(|reporter| std::mem::replace(&mut reporter.phase, phase) != phase);
    }

    /// The last report: everything is there.
    pub(crate) fn finish(&self) {
        let bytes = self.bytes();
        self.report(|reporter| {
            reporter.total = Some(bytes);
            reporter.phase = Phase::Transferring;
            true
        });
    }

    /// `is_due` changes what is to be told, and says whether it is time to.
    fn report(&self, is_due: impl Fn(&mut Told) -> bool) {
        let Some(reporter) = self.reporter else { return };
        reporter.update(&mut |told| {
            let is_due = is_due(told);
            is_due.then(|| {
                told.next = self.clock.now().saturating_add(PACE);
                // Read under the lock, so that of two connections the later report has the larger number.
                Progress { bytes: self.bytes(), total: told.total, phase: told.phase }
            })
        });
    }

    /// Waits; a transfer that is called off waits no longer.
    pub(crate) fn sleep(&self, time: Duration) -> Result<()> {
        self.check()?;
        let mut left = time;
        while self.naps && left > NAP {
            self.clock.sleep(NAP);
            self.check()?;
            left -= NAP;
        }
        self.clock.sleep(left);
        self.check()
    }
}

impl fmt::Debug for Monitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::MonotonicClock;

    /// A clock that a test moves.
    #[derive(Debug, Default)]
    struct Hands(AtomicU64);

    impl Clock for Hands {
        fn now(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }

        fn sleep(&self, time: Duration) {
            let millis = u64::try_from(time.as_millis()).unwrap();
            self.0.fetch_add(millis, Ordering::Relaxed);
        }
    }

    #[test]
    fn reports_come_ten_times_a_second_and_at_every_turn() {
        let (clock, mut told) = (Hands::default(), Vec::new());
        let reporter = Reporter::new(Box::new(|p| told.push((p.bytes, p.total, p.phase))));
        let monitor = Monitor::new(&clock, None, Some(reporter.as_report()));
        monitor.begin(10, Some(100));
        monitor.moved(10); // Too early.
        clock.sleep(PACE);
        monitor.moved(10);
        monitor.moved(10);
        monitor.phase(Phase::Retrying);
        monitor.phase(Phase::Retrying);
        monitor.moved(10);
        monitor.moved(50);
        monitor.finish();
        drop(reporter);
        let (all, going, retrying) = (Some(100), Phase::Transferring, Phase::Retrying);
        assert_eq!(
            told,
            [(10, all, going), (30, all, going), (40, all, retrying), (50, all, going), (100, all, going)]
        );
    }

    #[test]
    fn a_wait_ends_when_the_flag_goes_up() {
        let (clock, flag) = (MonotonicClock::start(), AtomicBool::new(true));
        let monitor = Monitor::new(&clock, Some(&flag), None);
        assert!(matches!(monitor.sleep(Duration::from_secs(3600)), Err(Error::Cancelled { done: 0 })));
        let clock = Hands::default();
        let monitor = Monitor::new(&clock, None, None);
        monitor.sleep(Duration::from_secs(5)).unwrap();
        assert_eq!(clock.now(), Duration::from_secs(5));
    }
}
