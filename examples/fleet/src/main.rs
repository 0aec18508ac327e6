//! Downloads one file of DingTalk by several machines: `fleet --help`.

mod demo;
mod failure;
mod private_redis;
mod queue;
#[cfg(test)]
mod tests;
mod token;
mod work;

use std::env;
use std::io::{self, Write};
use std::path::absolute;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use dingtalk_files::Client;
use failure::Failure;
use lexopt::prelude::*;
use queue::{Job, Outcome, Queue};
use token::RedisToken;

const HELP: &str = "\
Downloads one file of DingTalk by several machines, which share one access token.

Words:
  SPACE_ID   id of a space, a drive that holds files
  DENTRY_ID  id of a file in that space
  union id   id of a person, the same in all apps of an organisation; the file is read in this person's name
  TARGET     the path of the downloaded file, on storage that all machines mount at the same path
  range      a part of the file, which one worker downloads at a time
  lease      the time after which a silent worker counts as dead, and its ranges are given to others

Commands:
  fleet plan [OPTIONS] SPACE_ID DENTRY_ID TARGET   put a job into Redis, and print its name, JOB
  fleet work [OPTIONS] JOB    download ranges until the job ends; run it on as many machines as you like
  fleet status JOB            print the progress
  fleet cancel JOB            end the job, and publish nothing
  fleet demo                  all of this on this machine, without an account; needs `redis-server`

TARGET appears complete and verified, or not at all. Each command may be killed at any time, by Ctrl-C too.

Options of `plan`:
  --ranges N          number of ranges. Default: one for each 16 MiB. A worker keeps one range in memory
  --file-version N    download this version, not the latest
Options of `work`:
  --lease SECONDS     from 1 to 3600. Default: 30
  --deadline SECONDS  limit for the download of one range, from 1 to 86400; after it, the worker returns the range and
                      ends. Default: 600

Environment:
  REDIS_URL           redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
  DINGTALK_APP_KEY, DINGTALK_APP_SECRET   the app (plan, work)
  DINGTALK_UNION_ID   the person (plan)
  DINGTALK_BASE_URL   another API host (plan, work)

Exit codes:
  0  done; `work`: the file is published, by this worker or another
  1  failed; `work`, `status`: the job has failed, and nothing is published
  2  wrong use, or a setting is missing or wrong
  3  failed for now: the same command may succeed later; `work`: other workers continue
  4  the file or the job does not exist, or this app or person has no permission";

const COMMANDS: &str = "use plan, work, status, cancel or demo";

fn main() -> ExitCode {
    if env::args_os().any(|arg| arg == "--help" || arg == "-h") {
        let _ = writeln!(io::stdout(), "{HELP}");
        return ExitCode::SUCCESS;
    }
    let Err(failure) = run(lexopt::Parser::from_env()) else { return ExitCode::SUCCESS };
    say(&format!("error: {}", failure.text));
    ExitCode::from(failure.exit_code)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut ranges, mut version, mut words) = (None, None, Vec::new());
    let (mut lease, mut deadline) = (30.0, 600.0);
    while let Some(arg) = args.next()? {
        match arg {
            Long("ranges") => ranges = Some(number(&mut args, "--ranges", 1..=1_000_000)?),
            Long("file-version") => version = Some(number(&mut args, "--file-version", 1..=u64::MAX)?),
            Long("lease") => lease = number(&mut args, "--lease", 1.0..=3600.0)?,
            Long("deadline") => deadline = number(&mut args, "--deadline", 1.0..=86_400.0)?,
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let [lease, deadline] = [lease, deadline].map(Duration::from_secs_f64);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["plan", space, dentry, target] => plan(space, dentry, target, version, ranges),
        ["work", job] => work_on(job, lease, deadline),
        ["status", job] => status(&mut Queue::open(&setting("REDIS_URL")?, job, lease)?),
        ["cancel", job] => cancel(&mut Queue::open(&setting("REDIS_URL")?, job, lease)?),
        ["demo"] => demo::run(),
        ["plan", ..] => Err(Failure::usage("plan needs SPACE_ID, DENTRY_ID and TARGET")),
        ["work" | "status" | "cancel", ..] => {
            Err(Failure::usage("JOB is needed: the name that `plan` printed"))
        }
        [word, ..] => Err(Failure::usage(&format!("cannot read {word:?}: {COMMANDS}"))),
        [] => Err(Failure::usage(&format!("a command is missing: {COMMANDS}"))),
    }
}

fn plan(
    space: &str,
    dentry: &str,
    target: &str,
    version: Option<u64>,
    ranges: Option<u64>,
) -> Result<(), Failure> {
    let (redis_url, operator) = (setting("REDIS_URL")?, setting("DINGTALK_UNION_ID")?);
    let unusable = |why: &str| Failure::usage(&format!("TARGET: cannot use {target:?}: {why}"));
    let path = absolute(target).map_err(|e| unusable(&e.to_string()))?;
    if path.is_dir() || target.ends_with('/') {
        return Err(unusable("it is a folder; name a file in it"));
    }
    let target = path.to_str().ok_or_else(|| unusable("the path is not UTF-8"))?.to_owned();
    let (space_id, dentry_id) = (space.to_owned(), dentry.to_owned());
    let (size, etag, crc64) = Default::default();
    let job = Job { space_id, dentry_id, operator, version, target, size, etag, crc64, ranges: 0 };
    let job = job.pin(&client(&redis_url)?, ranges)?;
    let name = format!("{:016x}", queue::random());
    let part = job.part(&name);
    work::create_part(&part, job.size)?;
    let created = Queue::open(&redis_url, &name, Duration::ZERO).and_then(|mut queue| queue.create(&job));
    if let Err(failure) = created {
        let _ = std::fs::remove_file(&part);
        return Err(failure);
    }
    print(&name)
}

fn work_on(name: &str, lease: Duration, deadline: Duration) -> Result<(), Failure> {
    let url = setting("REDIS_URL")?;
    let mut queue = Queue::open(&url, name, lease)?;
    match work::run(&mut queue, &client(&url)?, deadline)? {
        (Outcome::Published { target, .. }, true) => print(&format!("published {target}")),
        (Outcome::Published { target, .. }, false) => print(&format!("another worker published {target}")),
        (Outcome::Failed { why }, _) => Err(Failure::new(1, format!("the job has failed: {why}"))),
    }
}

fn status(queue: &mut Queue) -> Result<(), Failure> {
    match queue.outcome()? {
        Some(Outcome::Published { target, bytes, ranges, verified }) => {
            let checksum = if verified { "checksum verified" } else { "the store has no checksum" };
            print(&format!("published {target}: {bytes} bytes in {ranges} ranges, {checksum}"))
        }
        Some(Outcome::Failed { why }) => Err(Failure::new(1, format!("the job has failed: {why}"))),
        None => {
            let now = queue.progress()?;
            let counts = format!("{} of {} ranges done, {} taken", now.done, now.ranges, now.taken);
            print(&format!("{counts}, {} waiting; {} workers", now.waiting, now.workers))
        }
    }
}

fn cancel(queue: &mut Queue) -> Result<(), Failure> {
    let job = queue.job()?;
    let outcome = Outcome::Failed { why: "cancelled".to_owned() };
    work::end(queue, &job, outcome).map(drop)
}

/// A client whose access token comes from Redis.
fn client(redis_url: &str) -> Result<Client, Failure> {
    let (key, secret) = (setting("DINGTALK_APP_KEY")?, setting("DINGTALK_APP_SECRET")?);
    let base_url = setting("DINGTALK_BASE_URL").unwrap_or("https://api.dingtalk.com".to_owned());
    // This client only fetches tokens.
    let app = Client::builder().app(&key, secret.as_str()).base_url(&base_url).build()?;
    let source = RedisToken::new(redis::Client::open(redis_url)?, app, key, secret);
    Ok(Client::builder().token_source(source).base_url(base_url).build()?)
}

fn setting(name: &str) -> Result<String, Failure> {
    let value = env::var(name).unwrap_or_default().trim().to_owned();
    if value.is_empty() { Err(Failure::usage(&format!("{name} is not set"))) } else { Ok(value) }
}

fn number<T>(
    args: &mut lexopt::Parser,
    option: &str,
    allowed: std::ops::RangeInclusive<T>,
) -> Result<T, Failure>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    let text = args.value()?.string()?;
    let wanted = format!("it is not a number from {} to {}", allowed.start(), allowed.end());
    let parsed = text.parse().ok().filter(|number| allowed.contains(number));
    parsed.ok_or_else(|| Failure::usage(&format!("{option}: cannot read {text:?}: {wanted}")))
}

fn print(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}").map_err(|e| Failure::new(1, format!("{line}; but stdout failed: {e}")))
}

/// Prints a line on stderr. Names and messages from a server cannot move the cursor.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", line.replace(char::is_control, "_"));
}
