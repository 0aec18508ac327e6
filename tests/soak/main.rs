//! Endurance test: one client, thousands of calls and transfers, a tenth of them with a fault.
//!
//! ```sh
//! cargo test --test soak                                            # 3 %: a few seconds
//! SOAK=100 cargo test --release --test soak -- --nocapture          # 20 000 calls, 2 000 transfers
//! ```
//!
//! Every byte is compared. Faults that a client can survive must be survived, and fatal faults must never look like a
//! success. At the end, memory, file descriptors and threads must not exceed those after the first fifth.
//! `SOAK_SEED` selects another sequence of faults; the same seed repeats the same run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests report failures by panicking; clippy.toml covers the test functions, not their helpers"
)]

mod calls;
mod downloads;
mod faults;
mod process;
mod random;
mod uploads;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use dingtalk_files::testing::{Clock, Content, FakeDingTalk, Fault, Target};
use dingtalk_files::{Client, RetryPolicy};

use process::{Usage, usage};
use random::Random;

/// Rounds of the whole soak, and the calls and transfers of each round.
const ROUNDS: usize = 100;
const CALLS: usize = 200;
const TRANSFERS: usize = 20;
/// One operation in this many has a fault.
const FAULTY: u64 = 10;
/// One fault in this many is a stall.
const SILENT: u64 = 100;

/// Sizes of the downloaded files. Some exceed one mebibyte, the length of a part in a parallel download.
const SIZES: [u64; 8] = [0, 1, 4_000, 70_000, 300_000, 1_048_576, 1_048_577, 3_300_000];

/// Settings for glibc, which otherwise keeps the memory that many threads have freed in several arenas. With a single
/// arena, and large blocks returned to the system, growing memory indicates a leak. Other allocators ignore these
/// variables.
const ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// The allocator reads its settings at process start, so the soak runs in a child process.
#[test]
fn soak() {
    if ALLOCATOR.iter().all(|(name, _)| std::env::var_os(name).is_some()) {
        return run();
    }
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new(this);
    child.args(["--exact", "soak", "--nocapture"]).envs(ALLOCATOR);
    let output = child.output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn run() {
    let percent = number("SOAK").unwrap_or(3).clamp(1, 100);
    let rounds = usize::try_from(percent).unwrap() * ROUNDS / 100;
    let seed = number("SOAK_SEED").unwrap_or(1);
    println!("SOAK={percent} SOAK_SEED={seed}");

    let begun = Instant::now();
    let mut soak = Soak::new(seed);
    let before = usage();
    let mut client = Clients::new(&soak.fake);
    let warm = (rounds / 5).max(1);
    let mut after_warm = usage();
    for round in 1..=rounds {
        soak.round(&client);
        if round == warm {
            after_warm = usage();
        }
        // A dropped client must release everything.
        if round % 10 == 0 {
            client = Clients::new(&soak.fake);
        }
    }
    let at_the_end = usage();
    drop(client);
    let left = process::settled(before);

    let done = &soak.done;
    println!(
        "{} calls and {} transfers in {:.1} s: {} requests, {} MiB moved and compared",
        done.calls,
        done.transfers,
        begun.elapsed().as_secs_f64(),
        done.requests,
        done.bytes >> 20
    );
    println!("{} had a fault, {} of which had to fail and did", done.faulty, done.failed);
    println!("after {warm} of {rounds} rounds: {after_warm}");
    println!("at the end:          {at_the_end}");
    println!("without the client:  {left} (before it: {before})");
    assert_eq!((done.calls, done.transfers), (rounds * CALLS, rounds * TRANSFERS));
    assert!(done.faulty > 0 && done.failed > 0);
    Usage::assert_flat(after_warm, at_the_end);
    Usage::assert_nothing_left(before, left);
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The client under test, a client without retries whose downloads are then resumed, and a client with a short stall
/// timeout for stalls.
struct Clients {
    retrying: Client,
    without_retries: Client,
    short_stall: Client,
}

impl Clients {
    fn new(fake: &FakeDingTalk) -> Self {
        let builder = || fake.client().clock(NoWait::default());
        Self {
            retrying: builder().build().unwrap(),
            without_retries: builder().retry(RetryPolicy::none()).build().unwrap(),
            short_stall: builder().stall_timeout(Duration::from_secs(1)).build().unwrap(),
        }
    }
}

/// A clock whose waits take no time. `ManualClock` records every wait, which would look like a leak here.
#[derive(Debug, Default)]
struct NoWait(Mutex<Duration>);

impl Clock for NoWait {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

struct Soak {
    fake: FakeDingTalk,
    random: Random,
    folder: Folder,
    files: Vec<(String, Content)>,
    /// Whether a stall was injected.
    is_silent: bool,
    done: Done,
}

#[derive(Default)]
struct Done {
    calls: usize,
    transfers: usize,
    requests: usize,
    bytes: u64,
    faulty: usize,
    failed: usize,
}

impl Soak {
    fn new(seed: u64) -> Self {
        let fake = FakeDingTalk::start().unwrap();
        fake.put_task("task-1", &["SUCCESS"]);
        let files = SIZES.iter().enumerate().map(|(number, size)| {
            let (id, content) = (format!("dentry-{number}"), Content::pattern_with_seed(*size, seed));
            fake.put_file("space-1", &id, "file.bin", content.clone());
            (id, content)
        });
        let files = files.collect();
        let (random, folder, done) = (Random::new(seed), Folder::new(), Done::default());
        Self { fake, random, folder, files, is_silent: false, done }
    }

    fn round(&mut self, client: &Clients) {
        for _ in 0..TRANSFERS {
            for _ in 0..CALLS / TRANSFERS {
                self.call(client);
                self.done.calls += 1;
            }
            if self.random.below(2) == 0 {
                self.download(client);
            } else {
                self.upload(client);
            }
            self.done.transfers += 1;
        }
        self.done.requests += self.fake.requests().len();
        self.fake.forget();
        self.fake.lapse_signatures();
    }

    /// Decides randomly whether the next operation has a fault.
    fn is_faulty(&mut self) -> bool {
        let is_faulty = self.random.below(FAULTY) == 0;
        // Not `+= usize::from(..)`, which rustc 1.95 (LLVM 22.1) miscompiles with optimisation.
        if is_faulty {
            self.done.faulty += 1;
        }
        is_faulty
    }

    fn inject(&mut self, faults: Vec<(Target, Fault)>) {
        for (target, fault) in faults {
            self.fake.fault(target, fault);
        }
    }

    /// Sometimes injects a stall, and returns whether it did. No other fault is then injected.
    fn inject_silence(&mut self, target: Target) -> bool {
        self.is_silent = self.random.below(SILENT) == 0;
        if self.is_silent {
            let silence = faults::silence(&mut self.random);
            self.inject(vec![(target, silence)]);
        }
        self.is_silent
    }

    /// Returns the client for the injected faults.
    fn client<'a>(&self, clients: &'a Clients) -> &'a Client {
        if self.is_silent { &clients.short_stall } else { &clients.retrying }
    }

    /// Removes unused faults, so that they do not hit the next operation.
    fn clear_faults(&mut self) {
        self.fake.clear_faults();
        self.is_silent = false;
    }
}

/// A temporary folder, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("dingtalk-files-soak-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Asserts that the folder is empty.
    #[track_caller]
    fn assert_empty(&self, operation: &str) {
        let left: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{operation} left {left:?}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
