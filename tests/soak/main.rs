//! Endurance: one client, thousands of calls and transfers, a tenth of them with something going wrong.
//!
//! ```sh
//! cargo test --test soak                                            # 3 %: a few seconds
//! SOAK=100 cargo test --release --test soak -- --nocapture          # 20 000 calls, 2 000 transfers
//! ```
//!
//! Every byte is compared. What a client survives, this one must survive; what it must not take for a success, it must
//! not. In the end neither memory nor file descriptors nor threads are more than after the first fifth.
//! `SOAK_SEED` is another run; the same number is the same run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "in a test a panic is the message; clippy.toml covers the test functions, not their helpers"
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

/// Rounds of the whole soak, and what each has.
const ROUNDS: usize = 100;
const CALLS: usize = 200;
const TRANSFERS: usize = 20;
/// One in so many has a fault.
const FAULTY: u64 = 10;
/// Of the faults one in so many is silence.
const SILENT: u64 = 100;

/// The files that are downloaded, by size. A part of a parallel download is a mebibyte, so some are larger.
const SIZES: [u64; 8] = [0, 1, 4_000, 70_000, 300_000, 1_048_576, 1_048_577, 3_300_000];

/// glibc keeps what many threads have freed in many places. So that the memory tells of leaks and of nothing else, it gets
/// one place, and large blocks go back to the system; elsewhere the variables mean nothing.
const ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// Those are read when a process begins, so the soak is one of its own.
#[test]
fn soak() {
    if ALLOCATOR.iter().all(|(name, _)| std::env::var_os(name).is_some()) {
        return run();
    }
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new(this);
    child.args(["--exact", "soak", "--nocapture"]).envs(ALLOCATOR);
    let told = child.output().unwrap();
    println!("{}", String::from_utf8_lossy(&told.stdout));
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
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
        // Nothing of a client that is gone may stay behind.
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
    println!("{} had a fault, of which {} had to end in an error, and did", done.faulty, done.failed);
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

/// The client under test, one that gives up at the first failure, whose work is then resumed, and one for faults that are
/// silence.
struct Clients {
    patient: Client,
    hasty: Client,
    impatient: Client,
}

impl Clients {
    fn new(fake: &FakeDingTalk) -> Self {
        let builder = || fake.client().clock(NoWait::default());
        Self {
            patient: builder().build().unwrap(),
            hasty: builder().retry(RetryPolicy::none()).build().unwrap(),
            impatient: builder().stall_timeout(Duration::from_secs(1)).build().unwrap(),
        }
    }
}

/// `ManualClock` writes down every wait, which here would be a leak of its own.
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
    /// Silence was ordered.
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

    /// Whether this time something shall go wrong.
    fn is_faulty(&mut self) -> bool {
        let is_faulty = self.random.below(FAULTY) == 0;
        // Not `+= usize::from(..)`, which rustc 1.95 loses when it optimises: LLVM 22.1.
        if is_faulty {
            self.done.faulty += 1;
        }
        is_faulty
    }

    fn order(&mut self, faults: Vec<(Target, Fault)>) {
        for (target, fault) in faults {
            self.fake.fault(target, fault);
        }
    }

    /// Orders silence, sometimes; something else is then not ordered.
    fn order_silence(&mut self, target: Target) -> bool {
        self.is_silent = self.random.below(SILENT) == 0;
        if self.is_silent {
            let silence = faults::silence(&mut self.random);
            self.order(vec![(target, silence)]);
        }
        self.is_silent
    }

    /// The one that is right for what was ordered.
    fn client<'a>(&self, clients: &'a Clients) -> &'a Client {
        if self.is_silent { &clients.impatient } else { &clients.patient }
    }

    /// What was ordered and did not come to pass must not hit the next one.
    fn take_orders_back(&mut self) {
        self.fake.clear_faults();
        self.is_silent = false;
    }
}

/// A folder of its own, gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("dingtalk-files-soak-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Nothing else is left in it.
    #[track_caller]
    fn assert_empty(&self, what: &str) {
        let left: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{what} left {left:?}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
