//! Agents: choose the connections and the limits of a request.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{Request, Response};
use ureq::{Agent, AsSendBody, Body, SendBody};

use super::expect::{AWAIT_100, ExpectMemory};
use super::failure::{NoThread, is_untrusted};
use super::request::{HttpRequest, RequestBody, Sent};
use crate::base::secret::host_of;

/// Agents by purpose, each with its own connections.
pub(crate) struct AgentSets {
    pub(super) api: AgentSet,
    /// Agents that read objects.
    pub(super) get: AgentSet,
    /// Agents that write objects.
    pub(super) put: AgentSet,
}

impl AgentSets {
    /// Returns a copy with its own connections. The copy has the same settings and shares the facts about hosts.
    pub(super) fn private(&self) -> Self {
        Self { api: self.api.private(), get: self.get.private(), put: self.put.private() }
    }

    /// Ends every request in progress and every later one. A caller's agent is left alone: it cannot be copied, and
    /// others use it.
    pub(super) fn interrupt(&self) {
        [&self.api, &self.get, &self.put].into_iter().for_each(AgentSet::interrupt);
    }
}

/// Sets that no transfer uses at the moment, kept with their connections for the next transfer that needs its own.
#[derive(Default)]
pub(super) struct IdleSets(Mutex<Vec<Arc<AgentSets>>>);

/// Most idle sets to keep. Each has connections, so a program that ran many transfers in parallel must not keep them
/// all.
const MOST_IDLE_SETS: usize = 16;

impl IdleSets {
    /// Takes the set that was given back last, whose connections are the freshest.
    pub(super) fn take(&self) -> Option<Arc<AgentSets>> {
        lock(&self.0).pop()
    }

    pub(super) fn give_back(&self, set: Arc<AgentSets>) {
        let mut idle = lock(&self.0);
        if idle.len() < MOST_IDLE_SETS {
            idle.push(set);
        }
    }
}

/// Limits from this value up count as no limit. Nobody waits for a year, and ureq adds limits to instants, which panics
/// for huge limits.
const LONGEST_LIMIT: Duration = Duration::from_secs(365 * 86_400);

/// Converts a limit for ureq: `None` from [`LONGEST_LIMIT`] up.
pub(super) fn finite(limit: Duration) -> Option<Duration> {
    (limit < LONGEST_LIMIT).then_some(limit)
}

/// Settings that differ between this crate's agents and a caller's agent.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) stall: Option<Duration>,
    /// Use the caller's agent without its proxy, if it has one.
    pub(super) no_proxy: bool,
    /// This crate made the agent, with all its settings. A caller's agent has its own connections, proxy and TLS; the
    /// rules on status, redirects and stalls are then set on each request.
    pub(super) is_own: bool,
}

/// One agent, or two if the caller adds roots to the built-in ones.
pub(crate) struct AgentSet {
    agents: Vec<Agent>,
    recipe: Recipe,
    known: Arc<Known>,
}

/// Facts about hosts and the machine, shared by all sets of a client.
#[derive(Default)]
pub(super) struct Known {
    /// Index of the agent that trusts a host, so that a private host does not cost a failed handshake each time.
    trusted_by: Mutex<Vec<(String, usize)>>,
    /// Time at which each host was last reached, by the machine's clock.
    reached: Mutex<Vec<(String, Instant)>>,
    /// The last attempt to start a thread succeeded.
    has_threads: AtomicBool,
    pub(super) expect: ExpectMemory,
}

/// Time after reaching a host during which its name is looked up without a limit. It is as long as ureq keeps a
/// connection.
///
/// ureq looks up a name before every request, even if it then reuses a connection, and a limit on the lookup costs a
/// thread.
const REACHED_LATELY: Duration = Duration::from_secs(15);

/// Most hosts to remember, more than a program uses at a time.
const MOST_REACHED: usize = 64;

impl Known {
    fn is_reached(&self, host: &str) -> bool {
        let reached = lock(&self.reached);
        reached.iter().any(|(known, at)| known == host && at.elapsed() < REACHED_LATELY)
    }

    fn reach(&self, host: &str) {
        let (mut reached, now) = (lock(&self.reached), Instant::now());
        if let Some((_, at)) = reached.iter_mut().find(|(known, _)| known == host) {
            *at = now;
            return;
        }
        reached.retain(|(_, at)| at.elapsed() < REACHED_LATELY);
        if reached.len() < MOST_REACHED {
            reached.push((host.to_owned(), now));
        }
    }
}

impl AgentSet {
    pub(super) fn new(agents: Vec<Agent>, recipe: Recipe, known: &Arc<Known>) -> Self {
        Self { agents, recipe, known: Arc::clone(known) }
    }

    fn private(&self) -> Self {
        let agents = self.agents.iter();
        let agents = if self.recipe.is_own {
            agents.map(|agent| Agent::new_with_config(agent.config().clone())).collect()
        } else {
            agents.cloned().collect()
        };
        Self { agents, recipe: self.recipe, known: Arc::clone(&self.known) }
    }

    fn interrupt(&self) {
        if self.recipe.is_own {
            self.agents.iter().cloned().for_each(Agent::shutdown);
        }
    }

    pub(super) fn expect(&self) -> &ExpectMemory {
        &self.known.expect
    }

    /// Returns the limit on silence, if there is one.
    pub(super) fn stall(&self) -> Option<Duration> {
        self.recipe.stall
    }

    /// Sends the request and waits for the head of an answer.
    pub(super) fn run(
        &self,
        request: &HttpRequest<'_>,
        body: &mut RequestBody<'_>,
    ) -> Result<Response<Body>, ureq::Error> {
        let first = self.trusting(request.url);
        let mut refused = ureq::Error::ConnectionFailed;
        for step in 0..self.agents.len() {
            let index = (first + step) % self.agents.len();
            let Some(agent) = self.agents.get(index) else { break };
            // A failed handshake has read nothing of the body.
            match self.run_with(agent, request, body) {
                Err(e) if is_untrusted(&e) => refused = e,
                Err(e) => return Err(e),
                Ok(response) => {
                    let host = host_of(request.url);
                    self.known.reach(host);
                    if step > 0 {
                        let mut trusted = lock(&self.known.trusted_by);
                        trusted.retain(|(known, _)| known != host);
                        trusted.push((host.to_owned(), index));
                    }
                    return Ok(response);
                }
            }
        }
        Err(refused)
    }

    /// Runs a request, even in a process that cannot start a thread.
    ///
    /// ureq looks up a name with a limit in a separate thread, and panics if the process cannot start one. So this
    /// function tests whether a thread can be started, before the very first request and after such a panic. If not, it
    /// looks up the name in the current thread, without a limit.
    fn run_with(
        &self,
        agent: &Agent,
        request: &HttpRequest<'_>,
        body: &mut RequestBody<'_>,
    ) -> Result<Response<Body>, ureq::Error> {
        let has_threads = &self.known.has_threads;
        loop {
            let is_limited = has_threads.load(Ordering::Relaxed) || can_start_a_thread();
            has_threads.store(is_limited, Ordering::Relaxed);
            if !is_limited && request.time_left.is_some() {
                // A deadline needs the thread.
                return Err(ureq::Error::Other(Box::new(NoThread)));
            }
            let run = AssertUnwindSafe(|| self.run_once(agent, request, &mut *body, is_limited));
            match catch_unwind(run) {
                Ok(result) => return result,
                Err(panic) if is_limited && is_about_a_thread(&*panic) && body.sent() != Sent::Yes => {
                    has_threads.store(false, Ordering::Relaxed);
                }
                // A caller's body may panic too.
                Err(panic) => resume_unwind(panic),
            }
        }
    }

    fn run_once(
        &self,
        agent: &Agent,
        request: &HttpRequest<'_>,
        body: &mut RequestBody<'_>,
        is_limited: bool,
    ) -> Result<Response<Body>, ureq::Error> {
        let mut head = Request::builder().method(request.method).uri(request.url);
        if let Some(headers) = head.headers_mut() {
            headers.clone_from(&request.headers);
        }
        if body.is_some() {
            let body = SendBody::from_reader(body);
            agent.run(self.configure(agent, head.body(body)?, request, is_limited))
        } else {
            agent.run(self.configure(agent, head.body(())?, request, is_limited))
        }
    }

    /// Adds settings to this request if the agent's do not fit. Otherwise adds none, because they cost a copy of the
    /// agent's.
    fn configure<S: AsSendBody>(
        &self,
        agent: &Agent,
        head: Request<S>,
        request: &HttpRequest<'_>,
        is_limited: bool,
    ) -> Request<S> {
        let Recipe { stall, no_proxy, is_own } = self.recipe;
        let &HttpRequest { time_left, answer_limit, is_fresh, .. } = request;
        let agents = agent.config();
        let longest_line = request.longest_line();
        let is_long = longest_line > agents.output_buffer_size();
        // A deadline needs the thread.
        let is_reached = is_own && time_left.is_none() && self.known.is_reached(host_of(request.url));
        let is_plain = time_left.is_none() && answer_limit.is_none() && !is_long && !is_fresh;
        if is_own && is_plain && is_limited && !is_reached {
            return head;
        }
        let limits = agents.timeouts();
        let shorter = |own: Option<Duration>, other: Option<Duration>| {
            [own, other].into_iter().flatten().min().and_then(finite)
        };
        let mut settings = agent
            .configure_request(head)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_per_read(agents.timeout_per_read().or(stall).and_then(finite))
            .timeout_per_write(agents.timeout_per_write().or(stall).and_then(finite))
            .timeout_await_100(Some(AWAIT_100))
            .timeout_recv_response(shorter(limits.recv_response, answer_limit))
            .timeout_global(shorter(limits.global, time_left.map(|time| time.left)))
            .timeout_per_call(limits.per_call.and_then(finite))
            .timeout_resolve(limits.resolve.and_then(finite))
            .timeout_connect(limits.connect.and_then(finite));
        if is_reached {
            settings = settings.timeout_resolve(None);
        }
        if !is_limited {
            settings = settings.timeout_global(None).timeout_per_call(None).timeout_resolve(None);
        }
        if is_fresh {
            settings = settings.max_idle_age(Duration::ZERO);
        }
        if no_proxy {
            settings = settings.proxy(None);
        }
        if is_long {
            // ureq does not keep this connection: other buffer sizes make it a different kind.
            settings = settings.output_buffer_size(longest_line);
        }
        settings.build()
    }

    /// Returns the index of the agent to try first.
    fn trusting(&self, url: &str) -> usize {
        if self.agents.len() < 2 {
            return 0;
        }
        let host = host_of(url);
        lock(&self.known.trusted_by).iter().find(|(known, _)| known == host).map_or(0, |(_, index)| *index)
    }
}

fn can_start_a_thread() -> bool {
    let started = thread::Builder::new().name("dingtalk-probe".to_owned()).spawn(|| {});
    // Join the thread, so that its slot is free for ureq's thread.
    started.is_ok_and(|thread| thread.join().is_ok())
}

/// Returns whether a panic has the standard library's text for a failed `thread::spawn`.
fn is_about_a_thread(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.is_some_and(|text| text.starts_with("failed to spawn thread"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> AgentSets {
        let recipe = Recipe { stall: None, no_proxy: false, is_own: true };
        let known = Arc::default();
        let set = || AgentSet::new(vec![Agent::new_with_defaults()], recipe, &known);
        AgentSets { api: set(), get: set(), put: set() }
    }

    #[test]
    fn the_set_given_back_last_is_taken_first_and_surplus_sets_are_dropped() {
        let (shared, idle) = (sets(), IdleSets::default());
        let lent: Vec<_> = (0..=MOST_IDLE_SETS).map(|_| Arc::new(shared.private())).collect();
        for set in &lent {
            idle.give_back(Arc::clone(set));
        }
        for set in lent.iter().take(MOST_IDLE_SETS).rev() {
            assert!(idle.take().is_some_and(|taken| Arc::ptr_eq(&taken, set)));
        }
        assert!(idle.take().is_none(), "the last one was not kept");
    }

    #[test]
    fn an_endless_limit_becomes_none() {
        for endless in [Duration::MAX, Duration::from_secs(u64::MAX), LONGEST_LIMIT] {
            assert_eq!(finite(endless), None, "{endless:?}");
        }
        let month = Duration::from_secs(30 * 86_400);
        assert_eq!(finite(month), Some(month));
    }

    #[test]
    fn only_a_failed_thread_spawn_is_recognised() {
        let panics: [(Box<dyn Any + Send>, bool); 4] = [
            (Box::new("failed to spawn thread: Os { code: 11 }".to_owned()), true),
            (Box::new("failed to spawn thread"), true),
            (Box::new("the caller's reader"), false),
            (Box::new(7), false),
        ];
        for (panic, expected) in panics {
            assert_eq!(is_about_a_thread(&*panic), expected);
        }
    }
}
