//! Progress reporting and cancellation; the clock, deadline and limits of one transfer as one value.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::base::clock::Clock;
use crate::base::error::{Error, Result};
use crate::base::event::Event;
use crate::client::Client;
use crate::client::events::Events;
use crate::client::retry::RetryPolicy;

/// State of a transfer that is under way.
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
    /// Number of good bytes so far, including those of an earlier attempt. Never decreases, except if an upload sends a
    /// part again and counts it again.
    pub bytes: u64,
    /// Total number of bytes, if known.
    pub total: Option<u64>,
    /// The current activity.
    pub phase: Phase,
}

/// The current activity of a transfer.
///
/// ```
/// use dingtalk_files::Phase;
///
/// fn word(phase: Phase) -> &'static str {
///     match phase {
///         Phase::Transferring => "",
///         Phase::Retrying => "connection lost, retrying",
///         _ => "please wait",
///     }
/// }
/// # assert_eq!(word(Phase::Transferring), "");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The bytes of an earlier attempt are read from disk and compared with their checksums.
    Checking,
    /// Bytes are being transferred.
    Transferring,
    /// A request failed; the client waits before the next attempt.
    Retrying,
    /// `DingTalk` is restoring an archived file.
    Restoring,
    /// `DingTalk` is exporting an online document to a file.
    Exporting,
}

/// Shortest interval between two reports of one phase, so that reports cost next to nothing.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Interval at which a wait checks the cancel flag, and so does the thread that watches it.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

pub(crate) type Callback<'a> = Box<dyn FnMut(Progress) + Send + 'a>;

/// The only owner of the decision whether a transfer continues. Shared by all its connections.
pub(crate) struct TransferContext<'a> {
    clock: &'a dyn Clock,
    policy: &'a RetryPolicy,
    events: Option<&'a Events>,
    /// Time of `clock` at which the transfer must have ended.
    deadline: Option<Duration>,
    cancel: Option<&'a AtomicBool>,
    /// Whether a wait may be ended early: by the cancel flag, or by another connection.
    polls: bool,
    /// Limit in bytes. Larger transfers are refused.
    max_bytes: Option<u64>,
    progress: Option<Mutex<ProgressState<'a>>>,
    bytes: AtomicU64,
    /// Whether another connection of this transfer has failed permanently.
    is_stopped: AtomicBool,
}

/// A caller's callback, and the contents of its next report.
struct ProgressState<'a> {
    callback: Callback<'a>,
    total: Option<u64>,
    phase: Phase,
    next_report: Duration,
}

impl<'a> TransferContext<'a> {
    pub(crate) fn new(clock: &'a dyn Clock, policy: &'a RetryPolicy) -> Self {
        Self {
            clock,
            policy,
            events: None,
            deadline: None,
            cancel: None,
            polls: false,
            max_bytes: None,
            progress: None,
            bytes: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Creates the context of a transfer by `client`, which must be inside an operation.
    pub(crate) fn of(client: &'a Client) -> Self {
        let (deadline, events) = (client.deadline(), Some(client.events()));
        Self { events, deadline, ..Self::new(client.clock(), client.retry_policy()) }
    }

    pub(crate) fn cancel(self, cancel: Option<&'a AtomicBool>) -> Self {
        Self { cancel, polls: self.polls || cancel.is_some(), ..self }
    }

    /// Prepares the context for several connections: if one fails, the waits of the others end.
    pub(crate) fn shared_by(self, connections: usize) -> Self {
        Self { polls: self.polls || connections > 1, ..self }
    }

    pub(crate) fn max_bytes(self, max_bytes: Option<u64>) -> Self {
        Self { max_bytes, ..self }
    }

    pub(crate) fn progress(self, callback: Option<Callback<'a>>) -> Self {
        let state = |callback| {
            let (total, phase, next_report) = (None, Phase::Transferring, Duration::ZERO);
            Mutex::new(ProgressState { callback, total, phase, next_report })
        };
        Self { progress: callback.map(state), ..self }
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(crate) fn policy(&self) -> &RetryPolicy {
        self.policy
    }

    /// Whether somebody receives the events of ordinary steps.
    pub(crate) fn is_observed(&self) -> bool {
        self.events.is_some_and(Events::are_on)
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        if let Some(events) = self.events {
            events.emit(event);
        }
    }

    /// Returns whether the deadline passes within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.deadline.is_some_and(|deadline| self.now().saturating_add(time) >= deadline)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Ends the other connections of this transfer.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Resets the context after a [`stop`](Self::stop), for a fresh start.
    pub(crate) fn restart(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        self.is_stopped.store(false, Ordering::Relaxed);
    }

    pub(crate) fn should_end(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed) || self.is_cancelled()
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.should_end() { Err(Error::Cancelled { done: self.bytes() }) } else { Ok(()) }
    }

    pub(crate) fn check_size(&self, size: u64) -> Result<()> {
        match self.max_bytes {
            Some(limit) if size > limit => Err(Error::TooLarge { size, limit }),
            _ => Ok(()),
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Reports the total size, now that it is known. `present` is the number of bytes left by an earlier attempt.
    pub(crate) fn begin(&self, present: u64, total: Option<u64>) {
        self.bytes.fetch_add(present, Ordering::Relaxed);
        self.report(|state| {
            state.total = total;
            state.phase = Phase::Transferring;
            true
        });
    }

    pub(crate) fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.report(|state| {
            let is_due = state.phase != Phase::Transferring || self.now() >= state.next_report;
            state.phase = Phase::Transferring;
            is_due
        });
    }

    /// Subtracts bytes that were counted but have to be transferred again.
    pub(crate) fn take_back(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.report(|state| std::mem::replace(&mut state.phase, phase) != phase);
    }

    /// Makes the last report, after all bytes have arrived.
    pub(crate) fn finish(&self) {
        let bytes = self.bytes();
        self.report(|state| {
            state.total = Some(bytes);
            state.phase = Phase::Transferring;
            true
        });
    }

    /// Calls the callback if a report is due. `is_due` updates the state and returns whether to report it now.
    fn report(&self, is_due: impl Fn(&mut ProgressState<'_>) -> bool) {
        let Some(progress) = &self.progress else { return };
        // A callback that panicked is not called again.
        let Ok(mut state) = progress.lock() else { return };
        if is_due(&mut state) {
            state.next_report = self.now().saturating_add(REPORT_INTERVAL);
            // Read under the lock, so that the later report of two connections has the larger number.
            let now = Progress { bytes: self.bytes(), total: state.total, phase: state.phase };
            (state.callback)(now);
        }
    }

    /// Waits for `time`, or until the transfer ends.
    pub(crate) fn sleep(&self, time: Duration) -> Result<()> {
        self.check()?;
        let mut left = time;
        while self.polls && left > POLL_INTERVAL {
            self.clock.sleep(POLL_INTERVAL);
            self.check()?;
            left -= POLL_INTERVAL;
        }
        self.clock.sleep(left);
        self.check()
    }

    /// Runs a transfer over connections that can be closed in the middle of a request: by the cancel flag or, if there
    /// are several connections, by the failure of one.
    pub(crate) fn run<T>(
        &self,
        client: &Client,
        connections: usize,
        transfer: impl FnOnce(&Client) -> Result<T>,
    ) -> Result<T> {
        self.run_then(client, connections, transfer, |result| result)
    }

    /// Like [`run`](Self::run), and then calls `then`, which uses no connections. The thread that watches the flag ends
    /// in the meantime.
    pub(crate) fn run_then<T, R>(
        &self,
        client: &Client,
        connections: usize,
        transfer: impl FnOnce(&Client) -> Result<T>,
        then: impl FnOnce(Result<T>) -> R,
    ) -> R {
        let Some(flag) = self.cancel else {
            let own = (connections > 1).then(|| client.with_private_connections());
            return then(transfer(own.as_ref().unwrap_or(client)));
        };
        if let Err(cancelled) = self.check() {
            return then(Err(cancelled));
        }
        let client = &client.with_private_connections();
        thread::scope(|scope| {
            let (ended, end) = channel::<()>();
            let watch = move || {
                while end.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    if flag.load(Ordering::Relaxed) {
                        client.interrupt();
                        return;
                    }
                }
            };
            // If no watcher starts, the flag takes effect with the next byte.
            let _ = thread::Builder::new().spawn_scoped(scope, watch);
            let result = transfer(client);
            drop(ended);
            then(result)
        })
    }
}

impl fmt::Debug for TransferContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferContext").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::MonotonicClock;

    /// A clock that the test advances.
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
    fn reports_come_ten_times_a_second_and_at_every_phase_change() {
        let (clock, policy, mut reports) = (Hands::default(), RetryPolicy::none(), Vec::new());
        let context = TransferContext::new(&clock, &policy)
            .progress(Some(Box::new(|p| reports.push((p.bytes, p.total, p.phase)))));
        context.begin(10, Some(100));
        context.moved(10); // Too early for a report.
        clock.sleep(REPORT_INTERVAL);
        context.moved(10);
        context.moved(10);
        context.phase(Phase::Retrying);
        context.phase(Phase::Retrying);
        context.moved(10);
        context.moved(50);
        context.finish();
        drop(context);
        let (all, going, retrying) = (Some(100), Phase::Transferring, Phase::Retrying);
        assert_eq!(
            reports,
            [(10, all, going), (30, all, going), (40, all, retrying), (50, all, going), (100, all, going)]
        );
    }

    #[test]
    fn a_wait_ends_if_the_cancel_flag_is_set() {
        let (clock, policy, flag) = (MonotonicClock::start(), RetryPolicy::none(), AtomicBool::new(true));
        let context = TransferContext::new(&clock, &policy).cancel(Some(&flag));
        assert!(matches!(context.sleep(Duration::from_secs(3600)), Err(Error::Cancelled { done: 0 })));
        let clock = Hands::default();
        let context = TransferContext::new(&clock, &policy);
        context.sleep(Duration::from_secs(5)).unwrap();
        assert_eq!(clock.now(), Duration::from_secs(5));
    }
}
