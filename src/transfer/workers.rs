//! The threads of a transfer: the first failure wins, and a panic ends all threads.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::context::TransferContext;
use crate::base::error::{Error, Result};
use crate::client::Client;

/// Runs `work` in this many threads, including this one, and returns the first failure. Uses fewer threads if the
/// system does not provide more.
///
/// A failure ends the other connections immediately. So does a panic, in the caller's callback for example, which
/// resumes in this thread after the others have ended. `leave` is called after each worker, whatever ended it.
#[inline]
pub(crate) fn run_workers(
    count: usize,
    client: &Client,
    context: &TransferContext<'_>,
    work: impl Fn(usize) -> Result<()> + Sync,
    leave: impl Fn(usize) + Sync,
) -> Result<()> {
    let outcome = Mutex::new(Outcome::default());
    let keep = |ended: thread::Result<Result<()>>| {
        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ok(Ok(())) => return,
            Ok(Err(error)) => drop(outcome.failure.get_or_insert(error)),
            Err(panic) => drop(outcome.panic.get_or_insert(panic)),
        }
        drop(outcome);
        context.stop();
        client.interrupt();
    };
    let run = |slot| {
        // The panic is passed on, so no broken state is used.
        keep(catch_unwind(AssertUnwindSafe(|| work(slot))));
        leave(slot);
    };
    thread::scope(|scope| {
        let run = &run;
        for slot in 1..count {
            // Fewer threads are enough.
            let named = thread::Builder::new().name(format!("dingtalk-part-{slot}"));
            let _ = named.spawn_scoped(scope, move || run(slot));
        }
        run(0);
    });
    let outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(panic) = outcome.panic {
        resume_unwind(panic);
    }
    outcome.failure.map_or(Ok(()), Err)
}

#[derive(Default)]
struct Outcome {
    failure: Option<Error>,
    panic: Option<Box<dyn Any + Send>>,
}
