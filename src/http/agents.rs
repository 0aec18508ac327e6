//! The agents: whose connections a request takes, and with which limits.

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

/// Each with connections of its own.
pub(crate) struct AgentSets {
    pub(super) api: AgentSet,
    /// Objects, to be read.
    pub(super) get: AgentSet,
    /// Objects, to be written.
    pub(super) put: AgentSet,
}

impl AgentSets {
    /// The same ways out, and what is known of the hosts, with connections of its own.
    pub(super) fn private(&self) -> Self {
        Self { api: self.api.private(), get: self.get.private(), put: self.put.private() }
    }

    /// Ends every request that is under way, and each to come. An agent that the caller made is left alone: it cannot be
    /// copied, and others use it.
    pub(super) fn interrupt(&self) {
        [&self.api, &self.get, &self.put].into_iter().for_each(AgentSet::interrupt);
    }
}

/// Sets that no transfer uses now, with their connections, for the next that needs some of its own.
#[derive(Default)]
pub(super) struct IdleSets(Mutex<Vec<Arc<AgentSets>>>);

/// Each has connections, so a program that had many transfers at once does not keep them all.
const MOST_IDLE_SETS: usize = 16;

impl IdleSets {
    /// The one that was given back last, whose connections are the freshest.
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

/// A limit beyond this is none: nobody waits for a year, and ureq adds limits to moments, which panics near the largest.
const LONGEST_LIMIT: Duration = Duration::from_secs(365 * 86_400);

/// A limit as ureq takes it.
pub(super) fn finite(limit: Duration) -> Option<Duration> {
    (limit < LONGEST_LIMIT).then_some(limit)
}

/// Differences between our agents and the caller's.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) stall: Option<Duration>,
    /// The caller's agent has a proxy, perhaps, and is used without it.
    pub(super) no_proxy: bool,
    /// We made it, with all our settings. The caller's has its connections, proxy and TLS; our rules on status, redirects
    /// and stalls come with each request.
    pub(super) is_own: bool,
}

/// A way out: one agent, or two when the caller has roots of their own beside the built-in ones.
pub(crate) struct AgentSet {
    agents: Vec<Agent>,
    recipe: Recipe,
    known: Arc<Known>,
}

/// Facts about hosts and the machine, shared by all sets of a client.
#[derive(Default)]
pub(super) struct Known {
    /// Which agent trusts a host, so that a private host does not cost a failed handshake each time.
    trusted_by: Mutex<Vec<(String, usize)>>,
    /// When a host was reached last, by the machine's clock.
    reached: Mutex<Vec<(String, Instant)>>,
    /// The process could start a thread when that was tried last.
    has_threads: AtomicBool,
    pub(super) expect: ExpectMemory,
}

/// ureq looks a name up before every request, also where it then takes a connection that it has kept, and with a limit on
/// that in a thread of its own. To a host that was reached this lately it goes without: as long as ureq keeps a connection.
const REACHED_LATELY: Duration = Duration::from_secs(15);

/// More hosts than a program has at a time.
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

    /// The limit on silence, if there is one.
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
            // A handshake that failed has read nothing of the body.
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

    /// With a limit, ureq looks a name up in a thread of its own, and panics where the process can start none. So after such
    /// a panic, and before the very first request, it is tried whether a thread can be had, and without one the name is
    /// looked up in this thread, for as long as the system likes.
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
                // A body of the caller's may panic too.
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

    /// Settings of this one request, where the agent's do not do. Otherwise there are none, because they cost a copy of the
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
            // Such a connection is not kept: with other buffers it is another kind.
            settings = settings.output_buffer_size(longest_line);
        }
        settings.build()
    }

    /// The agent to begin with.
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
    // Joined, so that its place is free for ureq's.
    started.is_ok_and(|thread| thread.join().is_ok())
}

/// The standard library's words when `thread::spawn` fails.
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
    fn the_set_given_back_last_is_lent_first_and_few_are_kept() {
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
    fn an_endless_limit_is_none() {
        for endless in [Duration::MAX, Duration::from_secs(u64::MAX), LONGEST_LIMIT] {
            assert_eq!(finite(endless), None, "{endless:?}");
        }
        let month = Duration::from_secs(30 * 86_400);
        assert_eq!(finite(month), Some(month));
    }

    #[test]
    fn only_a_lack_of_threads_is_swallowed() {
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
