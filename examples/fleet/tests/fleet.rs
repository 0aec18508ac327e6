//! The program, run as several processes against a fake of DingTalk and a private `redis-server`.
//!
//! Without `redis-server` the tests print a notice and pass, unless `REDIS_SERVER` names one.

#[path = "../src/private_redis.rs"]
mod private_redis;

use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Recorded, Target};
use private_redis::PrivateRedis;
use redis::{Commands, Connection};

const SIZE: u64 = 8_000_000;
const RANGES: u64 = 32;
const LENGTH: u64 = SIZE / RANGES;
const LIMIT: Duration = Duration::from_secs(60);

/// The object store takes about 0.3 seconds for a range.
fn slow() -> Fault {
    Fault::Slow { bytes: 25_000, pause: Duration::from_millis(30) }
}

struct Stage {
    redis: Option<PrivateRedis>,
    redis_url: String,
    fake: FakeDingTalk,
    folder: PathBuf,
}

impl Stage {
    fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let is_required = env::var_os("REDIS_SERVER").is_some_and(|path| !path.is_empty());
        let redis = match PrivateRedis::start() {
            Err(e) if e.kind() == ErrorKind::NotFound && !is_required => {
                println!("SKIPPED: redis-server is not installed; on Debian: apt-get install redis-server");
                return None;
            }
            redis => redis.unwrap(),
        };
        let fake = FakeDingTalk::start().unwrap();
        fake.put_file("space-1", "dentry-1", "large.iso", Content::pattern(SIZE));
        fake.fault_always(Target::Object, slow());
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("fleet-test-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Some(Self { redis_url: redis.url(), redis: Some(redis), fake, folder })
    }

    fn start(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
        command
            .envs(self.fake.environment())
            .env("DINGTALK_UNION_ID", "person-1")
            .env("REDIS_URL", &self.redis_url);
        command.args(args).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.start(args).wait()
    }

    fn plan(&self, options: &[&str]) -> String {
        let args = [&["plan", "--ranges", "32"], options, &["space-1", "dentry-1", "large.iso"]].concat();
        self.run(&args).printed().to_owned()
    }

    fn worker(&self, job: &str) -> Running {
        self.start(&["work", "--lease", "3", job])
    }

    fn redis(&self) -> Connection {
        redis::Client::open(self.redis_url.as_str()).unwrap().get_connection().unwrap()
    }

    fn done(&self, job: &str) -> Vec<String> {
        self.redis().hkeys(format!("fleet:{job}:done")).unwrap()
    }

    /// The process id of the worker that has taken this item.
    fn owner(&self, job: &str, item: &str) -> Option<u32> {
        let mut redis = self.redis();
        let workers: Vec<String> = redis.smembers(format!("fleet:{job}:workers")).unwrap();
        let mut has_item = |worker: &String| {
            let taken: Vec<String> = redis.lrange(format!("fleet:{job}:taken:{worker}"), 0, -1).unwrap();
            taken.iter().any(|own| own == item)
        };
        let owner = workers.into_iter().find(|worker| has_item(worker))?;
        Some(owner.split_once('-').unwrap().0.parse().unwrap())
    }

    /// The first worker that downloads this range hangs in the middle of it.
    fn hang_once_in(&self, index: u64) {
        let (header, mut hung) = (header(index), false);
        let is_first = move |request: &Recorded| {
            let hangs = !hung && request.header("range") == Some(&header);
            hung |= hangs;
            hangs
        };
        self.fake.fault_when(Target::Object, is_first, Fault::StallAfter(LENGTH / 2));
    }

    fn times_requested(&self, index: u64) -> usize {
        let requests = self.fake.requests_to(Target::Object);
        requests.iter().filter(|request| request.header("range") == Some(&header(index))).count()
    }

    fn tokens_and_infos(&self) -> (usize, usize) {
        (self.fake.requests_to(Target::Token).len(), self.fake.requests_to(Target::DownloadInfo).len())
    }

    /// The published file has these bytes, and nothing else is left: no part, and in Redis only the result and the token.
    #[track_caller]
    fn assert_published(&self, job: &str, content: &Content) {
        assert!(fs::read(self.folder.join("large.iso")).unwrap() == content.bytes(0..SIZE), "other bytes");
        assert_eq!(fs::read_dir(&self.folder).unwrap().count(), 1);
        self.assert_only_result_left(job);
        let status = self.run(&["status", job]);
        let text = status.printed();
        assert!(text.contains("8000000 bytes in 32 ranges, checksum verified"), "{text}");
    }

    #[track_caller]
    fn assert_failed(&self, job: &str, why: &str) {
        assert_eq!(fs::read_dir(&self.folder).unwrap().count(), 0);
        self.assert_only_result_left(job);
        self.run(&["status", job]).assert_failed(1, why);
    }

    #[track_caller]
    fn assert_only_result_left(&self, job: &str) {
        let mut keys: Vec<String> = self.redis().keys("*").unwrap();
        keys.sort();
        let token = "fleet:token:fake-app-key".to_owned();
        let mut expected = [format!("fleet:{job}:result"), token];
        expected.sort();
        assert_eq!(keys, expected);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Running {
    #[track_caller]
    fn wait(mut self) -> Ended {
        wait_until("the end of a process", || self.0.try_wait().unwrap().is_some());
        let (code, mut out, mut err) = (self.0.wait().unwrap().code().unwrap(), String::new(), String::new());
        self.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        for secret in [FakeDingTalk::APP_SECRET, "fake-token-", "hunter2"] {
            assert!(!out.contains(secret) && !err.contains(secret), "a secret was printed: {out}{err}");
        }
        Ended { code, out, err }
    }

    /// With the signal `STOP` or `CONT`.
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Running {
    /// On Unix, this is SIGKILL.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn printed(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        self.out.trim()
    }

    #[track_caller]
    fn assert_failed(&self, code: i32, words: &str) {
        assert!(self.code == code && self.out.is_empty() && self.err.contains(words), "{self:?}");
    }
}

#[track_caller]
fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_true() {
        assert!(begun.elapsed() < LIMIT, "timeout: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn item(index: u64) -> String {
    format!("{}-{}", index * LENGTH, (index + 1) * LENGTH)
}

fn header(index: u64) -> String {
    format!("bytes={}-{}", index * LENGTH, (index + 1) * LENGTH - 1)
}

#[test]
fn two_of_four_workers_are_killed_and_the_file_is_complete() {
    let Some(stage) = Stage::new() else { return };
    stage.hang_once_in(5);
    stage.hang_once_in(10);
    let job = stage.plan(&[]);
    let mut workers: Vec<_> = (0..4).map(|_| stage.worker(&job)).collect();
    for index in [5, 10] {
        let mut owner = None;
        wait_until("a worker in mid-range", || {
            owner = stage.owner(&job, &item(index));
            owner.is_some() && stage.times_requested(index) == 1
        });
        workers.retain(|worker| Some(worker.0.id()) != owner);
    }
    assert_eq!(workers.len(), 2);
    assert!(!stage.folder.join("large.iso").exists());
    let ended: Vec<_> = workers.into_iter().map(Running::wait).collect();
    let publishers = ended.iter().filter(|worker| worker.printed().starts_with("published ")).count();
    assert_eq!(publishers, 1);
    assert!(ended.iter().any(|worker| worker.err.contains("is dead: 1 of its items")), "{ended:?}");

    stage.assert_published(&job, &Content::pattern(SIZE));
    assert_eq!(
        stage.tokens_and_infos(),
        (1, 5),
        "one token; one download info for the plan and for each worker"
    );
    let times: Vec<_> = (0..RANGES).map(|index| stage.times_requested(index)).collect();
    assert!(
        times.iter().all(|times| (1..=3).contains(times)) && times[5] >= 2 && times[10] >= 2,
        "{times:?}"
    );
    assert!(times.iter().sum::<usize>() <= 36, "{times:?}");
}

#[test]
fn a_job_survives_the_death_of_all_workers() {
    let Some(stage) = Stage::new() else { return };
    let job = stage.plan(&[]);
    let workers = [stage.worker(&job), stage.worker(&job), stage.worker(&job)];
    wait_until("the first ranges", || stage.done(&job).len() >= 8);
    drop(workers);
    let done = stage.done(&job);
    let progress = stage.run(&["status", &job]);
    assert!(progress.printed().starts_with(&format!("{} of 32 ranges done", done.len())), "{progress:?}");
    stage.fake.forget();

    for worker in [stage.worker(&job), stage.worker(&job)] {
        worker.wait().printed();
    }
    stage.assert_published(&job, &Content::pattern(SIZE));
    for index in 0..RANGES {
        assert_eq!(stage.times_requested(index) == 0, done.contains(&item(index)), "{index}");
    }
    assert_eq!(stage.tokens_and_infos(), (0, 2));
}

/// A worker that is suspended for longer than its lease counts as dead, and then continues.
#[test]
fn a_worker_that_wakes_up_too_late_does_no_harm() {
    let Some(stage) = Stage::new() else { return };
    let job = stage.plan(&[]);
    let sleeper = stage.worker(&job);
    wait_until("the first range", || !stage.done(&job).is_empty());
    sleeper.signal("STOP");
    let other = stage.worker(&job).wait();
    assert!(other.printed().starts_with("published "), "{other:?}");
    sleeper.signal("CONT");
    assert!(sleeper.wait().printed().starts_with("another worker published "));
    stage.assert_published(&job, &Content::pattern(SIZE));
}

#[test]
fn a_replaced_object_ends_the_job() {
    let Some(stage) = Stage::new() else { return };
    let replace = Fault::ReplaceObject(Content::pattern_with_seed(SIZE, 2));
    stage.fake.fault_on_call(Target::Object, 10, Fault::Several(vec![replace, slow()]));
    let job = stage.plan(&[]);
    for worker in [stage.worker(&job), stage.worker(&job)] {
        worker.wait().assert_failed(1, "replaced");
    }
    stage.assert_failed(&job, "replaced");
    stage.worker(&job).wait().assert_failed(1, "replaced");
}

#[test]
fn a_fixed_version_is_not_affected_by_a_later_one() {
    let Some(stage) = Stage::new() else { return };
    let (latest, fixed) = (stage.plan(&[]), stage.plan(&["--file-version", "1"]));
    stage.fake.put_file("space-1", "dentry-1", "large.iso", Content::pattern_with_seed(SIZE, 2));
    stage.worker(&latest).wait().assert_failed(1, "replaced");
    let workers = [stage.worker(&fixed), stage.worker(&fixed), stage.worker(&fixed)];
    for worker in workers {
        worker.wait().printed();
    }
    let _: () = stage.redis().del(format!("fleet:{latest}:result")).unwrap();
    stage.assert_published(&fixed, &Content::pattern(SIZE));
}

#[test]
fn a_rejected_token_is_fetched_once_for_all() {
    let Some(stage) = Stage::new() else { return };
    let job = stage.plan(&[]);
    stage.fake.revoke_tokens();
    // A fetch takes a second, so all workers need the token at the same time.
    stage.fake.fault_always(Target::Token, Fault::Slow { bytes: 20, pause: Duration::from_millis(300) });
    for worker in [stage.worker(&job), stage.worker(&job), stage.worker(&job), stage.worker(&job)] {
        worker.wait().printed();
    }
    assert_eq!(stage.fake.requests_to(Target::Token).len(), 2);
    stage.assert_published(&job, &Content::pattern(SIZE));
}

#[test]
fn the_lock_of_a_dead_machine_expires() {
    let Some(stage) = Stage::new() else { return };
    let job = stage.plan(&[]);
    let (token, lock) = ("fleet:token:fake-app-key", "fleet:token-lock:fake-app-key");
    let _: () = stage.redis().del(token).unwrap(); // as at the end of its life
    stage.fake.fault(Target::Token, Fault::StallBeforeAnswer);
    let holder = stage.worker(&job);
    wait_until("a token call", || stage.fake.requests_to(Target::Token).len() == 2);
    drop(holder);
    let left: i64 = stage.redis().pttl(lock).unwrap();
    assert!((1..=10_000).contains(&left), "{left}");
    for worker in [stage.worker(&job), stage.worker(&job)] {
        worker.wait().printed();
    }
    assert_eq!(stage.fake.requests_to(Target::Token).len(), 3);
    stage.assert_published(&job, &Content::pattern(SIZE));
}

/// The states that a publisher leaves behind when it dies, and a storage that loses bytes.
#[test]
fn only_a_verified_file_is_published() {
    let Some(stage) = Stage::new() else { return };
    let content = Content::pattern(SIZE);
    // All ranges are done, and the part has these bytes.
    let finished = |bytes: &[u8]| {
        let job = stage.plan(&[]);
        let mut redis = stage.redis();
        let _: () = redis.del(format!("fleet:{job}:queue")).unwrap();
        let _: () = redis.rpush(format!("fleet:{job}:queue"), "publish").unwrap();
        for index in 0..RANGES {
            let mut digest = crc64fast::Digest::new();
            digest.write(&content.bytes(index * LENGTH..(index + 1) * LENGTH));
            let _: () = redis.hset(format!("fleet:{job}:done"), item(index), digest.sum64()).unwrap();
        }
        let part = stage.folder.join(format!("large.iso.fleet-{job}"));
        fs::write(&part, bytes).unwrap();
        (job, part)
    };
    let good = content.bytes(0..SIZE);
    let mut bad = good.clone();
    bad[LENGTH as usize] ^= 1;
    let (job, _) = finished(&bad);
    stage.worker(&job).wait().assert_failed(1, "bytes 250000..500000");
    stage.assert_failed(&job, "bytes 250000..500000");
    let _: () = redis::cmd("FLUSHALL").query(&mut stage.redis()).unwrap();

    // A worker received other bytes than the object store has on record, for example by a defect of its memory.
    let (job, _) = finished(&good);
    let _: () = stage.redis().hset(format!("fleet:{job}:done"), item(1), 1).unwrap();
    stage.worker(&job).wait().assert_failed(1, "differs from the object store's");
    stage.assert_failed(&job, "differs from the object store's");
    let _: () = redis::cmd("FLUSHALL").query(&mut stage.redis()).unwrap();

    // The publisher died before the rename, and another one after it.
    for is_renamed in [false, true] {
        let (job, part) = finished(&good);
        if is_renamed {
            fs::rename(part, stage.folder.join("large.iso")).unwrap();
        }
        assert!(stage.worker(&job).wait().printed().starts_with("published "));
        stage.assert_published(&job, &content);
        let _: () = redis::cmd("FLUSHALL").query(&mut stage.redis()).unwrap();
    }

    // Neither a part nor the right file: perhaps this machine has not mounted the storage. Others may continue.
    let (job, part) = finished(&good);
    fs::rename(part, stage.folder.join("elsewhere")).unwrap();
    fs::write(stage.folder.join("large.iso"), &bad).unwrap();
    stage.worker(&job).wait().assert_failed(1, "mounted");
    assert_eq!(stage.run(&["status", &job]).printed(), "32 of 32 ranges done, 0 taken, 1 waiting; 0 workers");
    stage.run(&["cancel", &job]).printed();
    stage.run(&["status", &job]).assert_failed(1, "cancelled");
}

#[test]
fn an_empty_file_needs_no_range() {
    let Some(stage) = Stage::new() else { return };
    stage.fake.put_file("space-1", "dentry-2", "empty", "");
    let plan = stage.run(&["plan", "space-1", "dentry-2", "empty"]);
    assert!(stage.worker(plan.printed()).wait().printed().starts_with("published "));
    assert_eq!(fs::read(stage.folder.join("empty")).unwrap(), b"");
}

#[test]
fn workers_end_when_redis_does() {
    let Some(mut stage) = Stage::new() else { return };
    let job = stage.plan(&[]);
    let workers = [stage.worker(&job), stage.worker(&job)];
    wait_until("the first range", || !stage.done(&job).is_empty());
    stage.redis = None;
    for worker in workers {
        worker.wait().assert_failed(3, "Redis");
    }
    assert!(!stage.folder.join("large.iso").exists());
}

#[test]
fn a_transient_failure_returns_the_range() {
    let Some(stage) = Stage::new() else { return };
    let job = stage.plan(&[]);
    stage.fake.fault_always(Target::DownloadInfo, Fault::status(503));
    stage.worker(&job).wait().assert_failed(3, "503");
    assert_eq!(stage.run(&["status", &job]).printed(), "0 of 32 ranges done, 0 taken, 32 waiting; 0 workers");
    stage.fake.fault_always(Target::DownloadInfo, Fault::api_error(403, "permissionDenied"));
    stage.worker(&job).wait().assert_failed(4, "permissionDenied");
    stage.fake.clear_faults();
    stage.worker(&job).wait().printed();
    stage.assert_published(&job, &Content::pattern(SIZE));
}

#[test]
fn a_range_that_exceeds_its_deadline_returns() {
    let Some(stage) = Stage::new() else { return };
    stage.hang_once_in(0);
    let job = stage.plan(&[]);
    stage.start(&["work", "--deadline", "1", &job]).wait().assert_failed(3, "deadline");
    assert_eq!(stage.run(&["status", &job]).printed(), "0 of 32 ranges done, 0 taken, 32 waiting; 0 workers");
    stage.worker(&job).wait().printed();
    stage.assert_published(&job, &Content::pattern(SIZE));
}

#[test]
fn wrong_use_names_the_option() {
    let Some(mut stage) = Stage::new() else { return };
    for (args, words) in [
        (&["plan", "space-1", "dentry-1"][..], "TARGET"),
        (&["plan", "space-1", "dentry-1", "/"], "TARGET: cannot use \"/\": it is a folder"),
        (&["plan", "--ranges", "0", "space-1", "dentry-1", "a"], "--ranges: cannot read \"0\""),
        (&["work"], "JOB is needed"),
        (
            &["work", "--lease", "soon", "job-1"],
            "--lease: cannot read \"soon\": it is not a number from 1 to 3600",
        ),
        (
            &["work", "--deadline", "0", "job-1"],
            "--deadline: cannot read \"0\": it is not a number from 1 to 86400",
        ),
        (&["dance"], "cannot read \"dance\": use plan"),
        (&[], "a command is missing"),
        (&["status", "--quickly", "job-1"], "--quickly"),
    ] {
        stage.run(args).assert_failed(2, words);
    }
    stage.run(&["plan", "space-1", "gone", "a"]).assert_failed(4, "dentryNotExist");
    stage.run(&["plan", "space-1", "dentry-1", "gone/a"]).assert_failed(1, "gone/a.fleet-");
    for command in ["work", "status", "cancel"] {
        stage.run(&[command, "job-1"]).assert_failed(4, "job job-1 does not exist");
    }
    let help = stage.run(&["--help"]);
    assert!((0..=4).all(|code| help.printed().contains(&format!("\n  {code}  "))), "{help:?}");
    assert_eq!(fs::read_dir(&stage.folder).unwrap().count(), 0);

    stage.redis_url = "redis://:hunter2@127.0.0.1:1/".to_owned();
    stage.run(&["status", "job-1"]).assert_failed(3, "Redis");
    stage.redis_url = "hunter2@127.0.0.1".to_owned();
    stage.run(&["status", "job-1"]).assert_failed(2, "Redis");
    stage.redis_url.clear();
    stage.run(&["status", "job-1"]).assert_failed(2, "REDIS_URL is not set");
}

#[test]
fn the_demo_publishes_a_file() {
    let Some(stage) = Stage::new() else { return };
    let demo = stage.run(&["demo"]);
    assert!(demo.printed().contains("1 token call, "), "{demo:?}");
}
