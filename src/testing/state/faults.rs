//! The faults that a test has ordered.

use crate::testing::data::fault::Fault;
use crate::testing::data::records::Recorded;
use crate::testing::data::target::Target;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// All faults that are still to come.
#[derive(Default)]
pub(crate) struct Faults {
    queued: HashMap<Target, VecDeque<Fault>>,
    conditional: Vec<ConditionalFault>,
    standing: HashMap<Target, Fault>,
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
    pub(crate) fn queue(&mut self, target: Target, fault: Fault) {
        self.queued.entry(target).or_default().push_back(fault);
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

    pub(crate) fn take_queued(&mut self, target: Target) -> Option<Fault> {
        self.queued.get_mut(&target)?.pop_front()
    }

    pub(crate) fn conditional(&self, target: Target) -> Vec<ConditionalFault> {
        self.conditional.iter().filter(|conditional| conditional.target == target).cloned().collect()
    }

    pub(crate) fn standing(&self, target: Target) -> Option<Fault> {
        self.standing.get(&target).cloned()
    }
}
