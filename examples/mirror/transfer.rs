//! Downloads over several threads. The main thread puts the files in place, and saves the state.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::{Client, Downloaded, Error, UnionId};

use crate::apply::Mirror;
use crate::plan::{Patience, Remote};
use crate::screen::Screen;
use crate::shared::Failure;
use crate::target::Target;

/// The state is saved after so many files or so much time, so that a killed run loses no more.
const FILES_UNSAVED: u32 = 100;
const TIME_UNSAVED: Duration = Duration::from_secs(10);
/// The state of a large mirror takes a while to write, and small files come fast.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

type Fetched = (Remote, Result<Downloaded, Error>);

pub(crate) struct Downloads<'a> {
    pub(crate) client: &'a Client,
    pub(crate) person: UnionId<'a>,
    pub(crate) space: &'a str,
    pub(crate) threads: usize,
}

impl Downloads<'_> {
    /// Downloads all files. One bad file does not stop the others; an error that concerns every call does.
    pub(crate) fn run(&self, files: Vec<Remote>, mirror: &mut Mirror) -> Result<(), Failure> {
        mirror.screen.show_downloads(files.iter().filter_map(|file| file.content.size).sum());
        let threads = self.threads.min(files.len());
        let (queue, stop) = (Mutex::new(VecDeque::from(files)), AtomicBool::new(false));
        let (sender, results) = mpsc::channel();
        let (target, screen) = (mirror.target.clone(), mirror.screen.clone());
        thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, queue, stop) = (sender.clone(), &queue, &stop);
                let (target, screen) = (&target, &screen);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed)
                        && let Some(file) = next(queue)
                    {
                        let result = self.fetch(&file, target, screen, stop);
                        if sender.send((file, result)).is_err() {
                            break;
                        }
                    }
                });
            }
            // The results end when the last thread has dropped its sender.
            drop(sender);
            collect(&results, mirror, &stop)
        })
    }

    fn fetch(
        &self,
        file: &Remote,
        target: &Target,
        screen: &Screen,
        stop: &AtomicBool,
    ) -> Result<Downloaded, Error> {
        let mut shown = 0;
        let show = |now: dingtalk_files::Progress| {
            screen.add(now.bytes.saturating_sub(shown));
            shown = now.bytes;
        };
        let remote = self.client.file(self.space, &file.id, self.person);
        remote.download().resume(true).cancel(stop).progress(show).to_file(target.part(&file.id))
    }
}

fn next(queue: &Mutex<VecDeque<Remote>>) -> Option<Remote> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Takes the results until all threads have ended. After a fatal error, too: a finished download must not be lost.
fn collect(results: &Receiver<Fetched>, mirror: &mut Mirror, stop: &AtomicBool) -> Result<(), Failure> {
    let (mut fatal, mut patience) = (None, Patience::default());
    let (mut unsaved, mut saved_at) = (0, Instant::now());
    loop {
        match results.recv_timeout(SHORTEST_INTERVAL) {
            Ok((file, result)) => {
                match result {
                    Ok(done) => {
                        patience = Patience::default();
                        if let Err(error) = mirror.put_downloaded(&file, &done) {
                            mirror.fail(&file.path, "put the file here", &error);
                        }
                    }
                    // The threads are stopping.
                    Err(_) if fatal.is_some() => {}
                    Err(error) => {
                        mirror.note_failure(&file, &error);
                        fatal = patience.ends_with(&error).then(|| error.into());
                    }
                }
                unsaved += 1;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return fatal.map_or(Ok(()), Err),
        }
        let passed = saved_at.elapsed();
        let is_due = unsaved >= FILES_UNSAVED && passed >= SHORTEST_INTERVAL || passed >= TIME_UNSAVED;
        if unsaved > 0 && is_due {
            (unsaved, saved_at) = (0, Instant::now());
            if let Err(error) = mirror.save() {
                fatal = fatal.or(Some(error.into()));
            }
        }
        stop.store(fatal.is_some(), Ordering::Relaxed);
    }
}
