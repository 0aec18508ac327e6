//! A job in Redis: a queue whose ranges survive the death of any worker. README.md lists the keys.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use redis::{Commands, Connection, Script};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Registers a worker and extends its lease. Does nothing after the end of the job, so that no key comes back.
const ALIVE: &str = "
    if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
    redis.call('SADD', KEYS[2], ARGV[1])
    redis.call('SET', KEYS[3], 1, 'PX', ARGV[2])
    return 1";

/// Returns the items of a worker to the queue, unless the lease holds.
const RECLAIM: &str = "
    if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
    local count = 0
    while redis.call('LMOVE', KEYS[3], KEYS[4], 'LEFT', 'LEFT') do count = count + 1 end
    return count";

/// Records a range as done. The last range adds the item `publish`, once, even if ranges are done twice.
const DONE: &str = "
    if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
    redis.call('LREM', KEYS[2], 0, ARGV[1])
    local is_new = redis.call('HSET', KEYS[3], ARGV[1], ARGV[2]) == 1
    if is_new and redis.call('HLEN', KEYS[3]) == tonumber(ARGV[3]) then redis.call('RPUSH', KEYS[4], 'publish') end
    return 1";

/// Replaces a job by its result. Returns 1 to the first caller only.
const END: &str = "
    if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
    for _, worker in ipairs(redis.call('SMEMBERS', KEYS[2])) do
        redis.call('DEL', ARGV[1] .. 'alive:' .. worker, ARGV[1] .. 'taken:' .. worker)
    end
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
    redis.call('SET', KEYS[5], ARGV[2], 'EX', ARGV[3])
    return 1";

const KEEP_RESULT_SECONDS: u64 = 7 * 24 * 3600;
/// The longest wait for an item. Also the time in which an idle worker notices dead workers and the end of the job.
const WAIT_SECONDS: f64 = 1.0;
const REDIS_TIMEOUT: Duration = Duration::from_secs(10);

/// All that a worker needs to know. The object is pinned by size, `ETag` and checksum.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    pub space_id: String,
    pub dentry_id: String,
    pub operator: String,
    pub version: Option<u64>,
    pub target: String,
    pub size: u64,
    pub etag: Option<String>,
    pub crc64: Option<u64>,
    pub ranges: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Published { target: String, bytes: u64, ranges: usize, verified: bool },
    Failed { why: String },
}

pub enum Item {
    Range(Range<u64>),
    /// All ranges are done: verify the file and publish it.
    Publish,
    Over(Outcome),
}

pub struct Progress {
    pub done: usize,
    pub ranges: usize,
    pub taken: usize,
    pub waiting: usize,
    pub workers: usize,
}

pub struct Queue {
    client: redis::Client,
    redis: Connection,
    job: String,
    worker: String,
    lease: Duration,
}

impl Queue {
    pub fn open(redis_url: &str, job: &str, lease: Duration) -> Result<Self, Failure> {
        let client = redis::Client::open(redis_url)?;
        let worker = format!("{}-{:016x}", std::process::id(), random());
        Ok(Self { redis: connect(&client)?, client, job: job.to_owned(), worker, lease })
    }

    /// Adds the job and its ranges in one step.
    pub fn create(&mut self, job: &Job) -> Result<(), Failure> {
        let mut items: Vec<String> = ranges(job).map(|range| item(&range)).collect();
        if items.is_empty() {
            items.push("publish".to_owned());
        }
        let (key, queue) = (self.key("job"), self.key("queue"));
        let text = serde_json::to_string(job)?;
        Ok(redis::pipe().atomic().set(key, text).rpush(queue, items).exec(&mut self.redis)?)
    }

    pub fn name(&self) -> &str {
        &self.job
    }

    pub fn job(&mut self) -> Result<Job, Failure> {
        let text: Option<String> = self.redis.get(self.key("job"))?;
        let text =
            text.ok_or_else(|| Failure::new(4, format!("job {} does not exist in this Redis", self.job)))?;
        Ok(serde_json::from_str(&text)?)
    }

    pub fn outcome(&mut self) -> Result<Option<Outcome>, Failure> {
        let text: Option<String> = self.redis.get(self.key("result"))?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Waits for an item, and moves it to the list of this worker in the same step: a worker that dies now has it there.
    pub fn next(&mut self) -> Result<Item, Failure> {
        loop {
            if !beat(&mut self.redis, &self.job, &self.worker, self.lease)? {
                let no_job = Failure::new(4, format!("job {} does not exist in this Redis", self.job));
                return self.outcome()?.map(Item::Over).ok_or(no_job);
            }
            let (queue, taken) = (self.key("queue"), self.own("taken"));
            let move_item = redis::cmd("BLMOVE")
                .arg(&queue)
                .arg(&taken)
                .arg("LEFT")
                .arg("RIGHT")
                .arg(WAIT_SECONDS)
                .take();
            match move_item.query::<Option<String>>(&mut self.redis)? {
                None => self.reclaim_from_the_dead()?,
                Some(item) if item == "publish" => return Ok(Item::Publish),
                // A worker that was slow, not dead, has finished it meanwhile.
                Some(item) if self.redis.hexists(self.key("done"), &item)? => {
                    self.redis.lrem(taken, 0, item)?
                }
                Some(item) => return parse(&item).map(Item::Range),
            }
        }
    }

    /// Idempotent. The record is kept if the lease has ended meanwhile, because the bytes are right all the same.
    pub fn done(&mut self, range: &Range<u64>, crc64: u64, ranges: usize) -> Result<(), Failure> {
        let script = Script::new(DONE);
        let mut call = script.key(self.key("job"));
        call.key(self.own("taken")).key(self.key("done")).key(self.key("queue"));
        Ok(call.arg(item(range)).arg(crc64).arg(ranges).invoke(&mut self.redis)?)
    }

    /// The CRC-64 of each finished range.
    pub fn checksums(&mut self) -> Result<HashMap<String, u64>, Failure> {
        Ok(self.redis.hgetall(self.key("done"))?)
    }

    /// Replaces the job by its outcome. Returns `false` if another worker was first.
    pub fn end(&mut self, outcome: &Outcome) -> Result<bool, Failure> {
        let script = Script::new(END);
        let mut call = script.key(self.key("job"));
        call.key(self.key("workers")).key(self.key("queue")).key(self.key("done")).key(self.key("result"));
        let text = serde_json::to_string(outcome)?;
        Ok(call.arg(self.key("")).arg(text).arg(KEEP_RESULT_SECONDS).invoke(&mut self.redis)?)
    }

    /// Returns this worker's items to the queue at once, without waiting for the end of the lease.
    pub fn leave(&mut self) -> Result<(), Failure> {
        self.redis.del::<_, ()>(self.own("alive"))?;
        let worker = self.worker.clone();
        self.reclaim(&worker).map(drop)
    }

    fn reclaim_from_the_dead(&mut self) -> Result<(), Failure> {
        for worker in self.redis.smembers::<_, Vec<String>>(self.key("workers"))? {
            let count = self.reclaim(&worker)?;
            if count > 0 {
                crate::say(&format!("worker {worker} is dead: {count} of its items are back in the queue"));
            }
        }
        Ok(())
    }

    fn reclaim(&mut self, worker: &str) -> Result<usize, Failure> {
        let script = Script::new(RECLAIM);
        let mut call = script.key(self.key("job"));
        call.key(self.key(&format!("alive:{worker}")))
            .key(self.key(&format!("taken:{worker}")))
            .key(self.key("queue"));
        Ok(call.invoke(&mut self.redis)?)
    }

    pub fn progress(&mut self) -> Result<Progress, Failure> {
        let ranges = self.job()?.ranges;
        let (done, waiting) = (self.redis.hlen(self.key("done"))?, self.redis.llen(self.key("queue"))?);
        let (mut taken, mut workers) = (0, 0);
        for worker in self.redis.smembers::<_, Vec<String>>(self.key("workers"))? {
            taken += self.redis.llen::<_, usize>(self.key(&format!("taken:{worker}")))?;
            workers += usize::from(self.redis.exists::<_, bool>(self.key(&format!("alive:{worker}")))?);
        }
        Ok(Progress { done, ranges, taken, waiting, workers })
    }

    /// Extends the lease in a thread until the returned value is dropped.
    ///
    /// Each beat uses a connection of its own, so a broken connection costs one beat. If Redis is away for longer, the
    /// lease ends, and another worker may download the same range, which is harmless.
    pub fn heartbeat(&self) -> Heartbeat {
        let (client, job, worker, lease) =
            (self.client.clone(), self.job.clone(), self.worker.clone(), self.lease);
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(lease / 3) == Err(RecvTimeoutError::Timeout) {
                let _ = connect(&client).and_then(|mut redis| Ok(beat(&mut redis, &job, &worker, lease)?));
            }
        });
        Heartbeat { stop: Some(stop), thread: Some(thread) }
    }

    fn key(&self, name: &str) -> String {
        format!("fleet:{}:{name}", self.job)
    }

    fn own(&self, name: &str) -> String {
        self.key(&format!("{name}:{}", self.worker))
    }
}

pub struct Heartbeat {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Heartbeat {
    /// Afterwards, no beat is under way.
    fn drop(&mut self) {
        self.stop.take();
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

fn beat(redis: &mut Connection, job: &str, worker: &str, lease: Duration) -> redis::RedisResult<bool> {
    let script = Script::new(ALIVE);
    let mut call = script.key(format!("fleet:{job}:job"));
    call.key(format!("fleet:{job}:workers")).key(format!("fleet:{job}:alive:{worker}"));
    call.arg(worker).arg(lease.as_millis() as u64).invoke(redis)
}

pub fn connect(client: &redis::Client) -> Result<Connection, Failure> {
    let redis = client.get_connection_with_timeout(REDIS_TIMEOUT)?;
    redis.set_read_timeout(Some(REDIS_TIMEOUT))?;
    redis.set_write_timeout(Some(REDIS_TIMEOUT))?;
    Ok(redis)
}

pub fn ranges(job: &Job) -> impl Iterator<Item = Range<u64>> {
    dingtalk_files::plan(job.size, job.ranges).into_iter()
}

/// A range as Redis stores it: `START-END`, half-open.
pub fn item(range: &Range<u64>) -> String {
    format!("{}-{}", range.start, range.end)
}

fn parse(item: &str) -> Result<Range<u64>, Failure> {
    let numbers = item.split_once('-').and_then(|(start, end)| Some(start.parse().ok()?..end.parse().ok()?));
    numbers.ok_or_else(|| Failure::new(1, format!("Redis: {item:?} is not a range")))
}

/// A random number: names must be unique, not secret.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
