//! The threads of a transfer: the first failure wins, and a panic ends all.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::context::TransferContext;
use crate::base::error::{Error, Result};
use crate::client::Client;

/// Runs `work` in this many threads, this one included (fewer, where there are no more threads to be had), and returns the
/// first failure. It ends the other connections at once; so does a panic, in the caller's callback for example, which goes on
/// in this thread when the others have ended. `leave` is called after each worker, whatever ended it.
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
        // The panic is passed on, so nothing broken is looked at.
        keep(catch_unwind(AssertUnwindSafe(|| work(slot))));
        leave(slot);
    };
    thread::scope(|scope| {
        let run = &run;
        for slot in 1..count {
            // Fewer will do.
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
