//! The faults that a test has set.

use crate::testing::data::fault::Fault;
use crate::testing::data::records::Recorded;
use crate::testing::data::target::Target;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// All pending faults.
#[derive(Default)]
pub(crate) struct Faults {
    queued: HashMap<Target, Queue>,
    conditional: Vec<ConditionalFault>,
    standing: HashMap<Target, Fault>,
}

/// The faults for single requests of one kind.
#[derive(Default)]
struct Queue {
    /// The number of requests so far.
    seen: u64,
    /// The faults by the number of preceding requests.
    faults: BTreeMap<u64, Fault>,
}

type Condition = dyn FnMut(&Recorded) -> bool + Send;

/// A fault for all requests that meet a condition.
#[derive(Clone)]
pub(crate) struct ConditionalFault {
    target: Target,
    condition: Arc<Mutex<Condition>>,
    fault: Fault,
}

impl ConditionalFault {
    pub(crate) fn new(
        target: Target,
        condition: impl FnMut(&Recorded) -> bool + Send + 'static,
        fault: Fault,
    ) -> Self {
        Self { target, condition: Arc::new(Mutex::new(condition)), fault }
    }

    /// Returns the fault if the request meets the condition.
    pub(crate) fn fault_for(&self, request: &Recorded) -> Option<Fault> {
        let mut condition = self.condition.lock().unwrap_or_else(PoisonError::into_inner);
        condition(request).then(|| self.fault.clone())
    }
}

impl Faults {
    /// Adds a fault for the next request that has no fault yet.
    pub(crate) fn queue(&mut self, target: Target, fault: Fault) {
        let queue = self.queued.entry(target).or_default();
        let free = (queue.seen..=u64::MAX).find(|place| !queue.faults.contains_key(place));
        queue.faults.insert(free.unwrap_or(queue.seen), fault);
    }

    /// Sets the fault for a request. Requests are numbered from 1, so the number 0 has no effect.
    pub(crate) fn set_for_call(&mut self, target: Target, number: usize, fault: Fault) {
        let queue = self.queued.entry(target).or_default();
        let earlier = number.checked_sub(1).and_then(|earlier| u64::try_from(earlier).ok());
        if let Some(place) = earlier.and_then(|earlier| queue.seen.checked_add(earlier)) {
            queue.faults.insert(place, fault);
        }
    }

    pub(crate) fn add_conditional(&mut self, conditional: ConditionalFault) {
        self.conditional.push(conditional);
    }

    pub(crate) fn set_standing(&mut self, target: Target, fault: Fault) {
        self.standing.insert(target, fault);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Counts a request and takes its fault.
    pub(crate) fn take_queued(&mut self, target: Target) -> Option<Fault> {
        let queue = self.queued.get_mut(&target)?;
        queue.seen += 1;
        queue.faults.remove(&(queue.seen - 1))
    }

    pub(crate) fn has_conditional(&self, target: Target) -> bool {
        self.conditional.iter().any(|conditional| conditional.target == target)
    }

    pub(crate) fn conditional(&self, target: Target) -> Vec<ConditionalFault> {
        self.conditional.iter().filter(|conditional| conditional.target == target).cloned().collect()
    }

    pub(crate) fn standing(&self, target: Target) -> Option<Fault> {
        self.standing.get(&target).cloned()
    }
}
