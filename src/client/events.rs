//! Delivery of events to the caller's observer and to the `log` facade.

use log::{Level, log_enabled};

use crate::base::event::{Event, EventKind};

/// The target of all records of this crate.
const TARGET: &str = "dingtalk_files";

/// A caller's observer.
pub(crate) type Observer = Box<dyn Fn(&Event<'_>) + Send + Sync>;

/// The receivers of a client's events.
#[derive(Default)]
pub(crate) struct Events {
    pub(crate) observer: Option<Observer>,
}

impl Events {
    /// Returns whether the events of ordinary steps have a receiver. If not, nothing is measured for them.
    #[inline]
    pub(crate) fn are_on(&self) -> bool {
        self.observer.is_some() || log_enabled!(target: TARGET, Level::Debug)
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        let is_retry = event.kind == EventKind::Wait && event.error.is_some();
        let level = if is_retry { Level::Warn } else { Level::Debug };
        log::log!(target: TARGET, level, "{event}");
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }
}
