//! Planning, downloading and publishing a file.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crc64fast::Digest;
use dingtalk_files::{Client, Error, RemoteFile, UnionId, combine_crc64};

use crate::failure::Failure;
use crate::queue::{Item, Job, Outcome, Queue, item, ranges};

/// Length of a range by default. A worker keeps one range in memory.
const RANGE: u64 = 16 << 20;
const LONGEST_RANGE: u64 = 256 << 20;

/// The reason why a worker stops.
enum Stop {
    /// No worker can finish the job.
    Job(String),
    /// This worker cannot continue. Others may.
    Worker(Failure),
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Worker(failure.into())
    }
}

impl Job {
    /// Pins the object: all ranges must come from this one. `wished` is the number of ranges.
    pub fn pin(self, client: &Client, wished: Option<u64>) -> Result<Self, Failure> {
        let stat = self.file(client).stat()?;
        let size = stat.size.ok_or_else(|| Failure::new(1, "the object store does not report the size"))?;
        if stat.etag.is_none() && size > 0 {
            return Err(Failure::new(
                1,
                "the object store reports no ETag, so a changed file would go unnoticed",
            ));
        }
        let wished = wished.unwrap_or(size.div_ceil(RANGE));
        if size.div_ceil(wished.max(1)) > LONGEST_RANGE {
            let least = size.div_ceil(LONGEST_RANGE);
            return Err(Failure::usage(&format!(
                "--ranges: {wished} are too few for {size} bytes; use at least {least}"
            )));
        }
        let ranges = dingtalk_files::plan(size, wished as usize).len();
        Ok(Self { size, etag: stat.etag, crc64: stat.crc64, ranges, ..self })
    }

    fn file(&self, client: &Client) -> RemoteFile {
        let file = client.file(&self.space_id, &self.dentry_id, UnionId(&self.operator));
        match self.version {
            Some(version) => file.version(version),
            None => file,
        }
    }

    /// The file that all workers write into, beside the target. Each job has its own.
    pub fn part(&self, job_name: &str) -> String {
        format!("{}.fleet-{job_name}", self.target)
    }
}

/// Creates the part with its full length.
pub fn create_part(path: &str, size: u64) -> Result<(), Failure> {
    File::create_new(path).and_then(|file| file.set_len(size)).map_err(at(path))
}

/// Downloads ranges until the job ends. Also returns whether this worker ended it. `deadline` limits each range.
pub fn run(queue: &mut Queue, client: &Client, deadline: Duration) -> Result<(Outcome, bool), Failure> {
    if let Some(outcome) = queue.outcome()? {
        return Ok((outcome, false));
    }
    let job = queue.job()?;
    // One handle for all ranges: it keeps the download info, so a worker needs one call for about 15 minutes.
    let file = job.file(client);
    let heartbeat = queue.heartbeat();
    let stop = loop {
        let step = match queue.next()? {
            Item::Over(outcome) => return Ok((outcome, false)),
            Item::Range(range) => download(queue, &job, &file.with_deadline(deadline), range).map(|()| None),
            Item::Publish => publish(queue, &job).map(Some),
        };
        match step {
            Ok(None) => {}
            Ok(Some(outcome)) => return end(queue, &job, outcome),
            Err(stop) => break stop,
        }
    };
    drop(heartbeat);
    match stop {
        Stop::Job(why) => end(queue, &job, Outcome::Failed { why }),
        Stop::Worker(failure) => match queue.outcome()? {
            // The part was gone because the job has ended.
            Some(outcome) => Ok((outcome, false)),
            None => queue.leave().and(Err(failure)),
        },
    }
}

/// Ends the job. Returns the recorded outcome, which is another one if the job has already ended.
pub fn end(queue: &mut Queue, job: &Job, outcome: Outcome) -> Result<(Outcome, bool), Failure> {
    let is_first = queue.end(&outcome)?;
    if is_first && matches!(outcome, Outcome::Failed { .. }) {
        let _ = fs::remove_file(job.part(queue.name()));
    }
    Ok((queue.outcome()?.unwrap_or(outcome), is_first))
}

/// Downloads a range and writes it to its position in the part.
///
/// The part is open only for the write, and not during the download. A worker that is suspended in a download would
/// otherwise continue to write after another worker has published the file. Now it finds no part, because the part was
/// renamed. So a range is kept in memory until it is complete.
fn download(queue: &mut Queue, job: &Job, file: &RemoteFile, range: Range<u64>) -> Result<(), Stop> {
    let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
    // Only an empty file may have no `ETag`, and it has no ranges.
    let download = file.download().if_match(job.etag.as_deref().unwrap_or_default());
    let done = match download.to_writer(&mut bytes, range.clone()) {
        Ok(done) if done.range == range => done,
        Ok(_) | Err(Error::ObjectChanged { .. } | Error::RangeNotSatisfiable { .. }) => {
            return Err(Stop::Job(
                "the file was replaced at DingTalk during the job; plan a new job".to_owned(),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let path = job.part(queue.name());
    // Synced before the range counts as done: the machine may lose power, and another machine reads the file.
    let written = File::options().write(true).open(&path).and_then(|part| {
        part.write_all_at(&bytes, range.start)?;
        part.sync_data()
    });
    written.map_err(at(&path))?;
    Ok(queue.done(&range, done.crc64, job.ranges)?)
}

/// Verifies the part and renames it to the target. Only one worker can do that, because only one rename succeeds.
fn publish(queue: &mut Queue, job: &Job) -> Result<Outcome, Stop> {
    let (path, target) = (job.part(queue.name()), &job.target);
    let checksums = queue.checksums()?;
    check_whole(job, &checksums)?;
    match File::open(&path) {
        Ok(part) => {
            verify(&part, &path, job, &checksums)?;
            part.sync_all().and_then(|()| fs::rename(&path, target)).map_err(at(&path))?;
            // Makes the new name survive a power failure, on file systems that support this.
            let _ = Path::new(target).parent().map(|folder| File::open(folder)?.sync_all());
        }
        // A worker died after the rename, before it could record the result.
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let published = File::open(target).map_err(at(target))?;
            verify(&published, target, job, &checksums).map_err(|_| at(&path)(e))?;
        }
        Err(e) => return Err(at(&path)(e).into()),
    }
    let (verified, target) = (job.crc64.is_some(), target.clone());
    Ok(Outcome::Published { target, bytes: job.size, ranges: job.ranges, verified })
}

/// Compares the object store's CRC-64 with that of the received ranges, without reading the file.
fn check_whole(job: &Job, checksums: &HashMap<String, u64>) -> Result<(), Stop> {
    let Some(expected) = job.crc64 else { return Ok(()) };
    let received = ranges(job).try_fold(0, |crc64, range| {
        Some(combine_crc64(crc64, *checksums.get(&item(&range))?, range.end - range.start))
    });
    if received == Some(expected) {
        return Ok(());
    }
    let why = "the CRC-64 of the received bytes differs from the object store's; plan a new job";
    Err(Stop::Job(why.to_owned()))
}

/// Reads the whole file, and compares each range with the CRC-64 of the bytes that a worker received.
fn verify(mut file: &File, path: &str, job: &Job, checksums: &HashMap<String, u64>) -> Result<(), Stop> {
    let mut buffer = vec![0; 1 << 20];
    for range in ranges(job) {
        let (mut digest, mut left) = (Digest::new(), range.end - range.start);
        while left > 0 {
            let count = left.min(buffer.len() as u64) as usize;
            file.read_exact(&mut buffer[..count]).map_err(at(path))?;
            digest.write(&buffer[..count]);
            left -= count as u64;
        }
        if checksums.get(&item(&range)) != Some(&digest.sum64()) {
            let why =
                format!("bytes {}..{} in {path} are not those that a worker wrote", range.start, range.end);
            return Err(Stop::Job(why));
        }
    }
    Ok(())
}

fn at(path: &str) -> impl Fn(io::Error) -> Failure {
    move |e| {
        let hint =
            if e.kind() == io::ErrorKind::NotFound { "; is the shared storage mounted here?" } else { "" };
        Failure::new(1, format!("{path}: {e}{hint}"))
    }
}
